/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Jails are made, asked for, entered and removed here: a vector of names and values, of which params[] says where each lies.
 * What a jail gives here is a root directory, names of the machine, its processes out of the others' reach, and of the
 * network nothing, some of the host's addresses or all (jail_limits.c); a network of its own and new System V name spaces it
 * does not: these parameters are refused, with the sentence that libjail shows. Only the super-user has jails. Order of checks, errors and
 * messages: sys/kern/kern_jail.c (15.0). Descriptors of jails (15) there are none.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "host.h"
#include "procfs.h"
#include "freebsd/freebsd.h"
#include "freebsd/jail.h"
#include "freebsd/sysctl.h"

sysfn fbsd_jail_set, fbsd_jail_get, fbsd_jail_attach, fbsd_jail_remove, fbsd_jail, sys_fchdir;

enum { JAIL_CREATE = 1, JAIL_UPDATE = 2, JAIL_ATTACH = 4, JAIL_DYING = 8 };
#define OPTS_MOST 128

/* --- parameters ----------------------------------------------------------------------------------------------------- */
enum kind { P_INT, P_LONG, P_TEXT, P_FLAG, P_ALLOW, P_SYS, P_ADDRS };
enum { TOLD = 1, ONCE = 2, ANY_SYS = 4 };    /* cannot be set; only where it is made */
struct param { const char *name; uint8_t kind, how; uint16_t at, size; uint32_t bit; };
#define F_(name_, kind_, how_, field_) { name_, kind_, how_, offsetof(struct jail, field_), sizeof(((struct jail *)0)->field_), 1 }
#define ALLOWS(name_, bit_) { "allow." name_, P_ALLOW, 0, offsetof(struct jail, allow), 4, bit_ }
static const struct param params[] = {
	F_("jid", P_INT, TOLD, jid), F_("name", P_TEXT, TOLD, name), F_("parent", P_INT, TOLD, parent),
	F_("path", P_TEXT, ONCE | TOLD, path), F_("securelevel", P_INT, 0, securelevel), F_("osreldate", P_INT, ONCE, osreldate),
	F_("osrelease", P_TEXT, ONCE, osrelease), F_("enforce_statfs", P_INT, 0, enforce_statfs),
	F_("devfs_ruleset", P_INT, 0, devfs_ruleset), F_("children.max", P_INT, 0, children_max), F_("persist", P_FLAG, 0, persist),
	F_("host.hostname", P_TEXT, 0, hostname), F_("host.domainname", P_TEXT, 0, domainname),
	F_("host.hostuuid", P_TEXT, 0, hostuuid), F_("host.hostid", P_LONG, 0, hostid), F_("host", P_SYS, 0, host),
	F_("vnet", P_SYS, ONCE, vnet), F_("ip4", P_SYS, ONCE | ANY_SYS, ip4), F_("ip6", P_SYS, ONCE | ANY_SYS, ip6),
	F_("ip4.saddrsel", P_FLAG, 0, saddrsel4), F_("ip6.saddrsel", P_FLAG, 0, saddrsel6),
	{ "ip4.addr", P_ADDRS, 0, offsetof(struct jail, addr4), 4, 0 }, { "ip6.addr", P_ADDRS, 0, offsetof(struct jail, addr6), 16, 0 },
	F_("sysvmsg", P_SYS, ANY_SYS, sysvmsg), F_("sysvsem", P_SYS, ANY_SYS, sysvsem), F_("sysvshm", P_SYS, ANY_SYS, sysvshm),
	ALLOWS("set_hostname", ALLOW_SET_HOSTNAME), ALLOWS("sysvipc", ALLOW_SYSVIPC), ALLOWS("raw_sockets", ALLOW_RAW_SOCKETS),
	ALLOWS("chflags", ALLOW_CHFLAGS), ALLOWS("mount", ALLOW_MOUNT), ALLOWS("mount.devfs", ALLOW_MOUNT_DEVFS),
	ALLOWS("mount.procfs", ALLOW_MOUNT_PROCFS), ALLOWS("mount.tmpfs", ALLOW_MOUNT_TMPFS), ALLOWS("quotas", ALLOW_QUOTAS),
	ALLOWS("socket_af", ALLOW_SOCKET_AF), ALLOWS("mlock", ALLOW_MLOCK), ALLOWS("reserved_ports", ALLOW_RESERVED_PORTS),
	ALLOWS("read_msgbuf", ALLOW_READ_MSGBUF), ALLOWS("unprivileged_proc_debug", ALLOW_UNPRIV_DEBUG), ALLOWS("suser", ALLOW_SUSER),
};

/* --- the vector ----------------------------------------------------------------------------------------------------- */
struct opt { char name[64]; struct iovec v; bool seen; };
struct opts { unsigned n; uaddr iov; struct opt o[OPTS_MOST]; };

static long opts_get(struct call *c, struct opts *os)
{
	struct iovec iov[2];
	uint64_t n = (uint32_t)c->arg[1];
	if (n & 1 || n > 2 * OPTS_MOST)
		return -EINVAL;
	os->iov = (uaddr)c->arg[0];
	for (os->n = 0; os->n < n / 2; os->n++) {
		struct opt *o = &os->o[os->n];
		long e = copy_in(iov, os->iov + os->n * sizeof iov, sizeof iov);
		if (e)
			return e;
		if (!iov[0].iov_len || iov[0].iov_len > sizeof o->name || iov[1].iov_len > 65536)
			return -EINVAL;
		if ((e = copy_in(o->name, (uaddr)iov[0].iov_base, iov[0].iov_len)))
			return e;
		if (o->name[iov[0].iov_len - 1])
			return -EINVAL;
		o->v = iov[1];
		o->seen = !str_cmp(o->name, "errmsg");
	}
	return 0;
}
static struct opt *opt_of(struct opts *os, const char *name)
{
	struct opt *found = NULL;
	for (unsigned i = 0; i < os->n; i++)
		if (!str_cmp(os->o[i].name, name)) {
			found = &os->o[i];
			found->seen = true;
		}
	return found;
}
static long __attribute__((format(printf, 3, 4))) say(struct opts *os, long e, const char *f, ...)
{
	char text[256];
	struct opt *o = opt_of(os, "errmsg");
	__builtin_va_list ap;
	__builtin_va_start(ap, f);
	size_t n = vfmt(text, sizeof text, f, ap) + 1;
	__builtin_va_end(ap);
	if (o && o->v.iov_len && copy_out((uaddr)o->v.iov_base, text, MIN(n, o->v.iov_len)))
		return -EFAULT;
	return e;
}
/* "allow.mount" and "allow.nomount": the word is in the last part */
static bool is_no(const char *name, const char *of)
{
	const char *dot = str_rchr(of, '.');
	size_t n = dot ? (size_t)(dot - of) + 1 : 0;
	return !str_ncmp(name, of, n) && !str_ncmp(name + n, "no", 2) && !str_cmp(name + n + 2, of + n);
}
static struct opt *no_of(struct opts *os, const char *of)
{
	for (unsigned i = 0; i < os->n; i++)
		if (is_no(os->o[i].name, of)) {
			os->o[i].seen = true;
			return &os->o[i];
		}
	return NULL;
}
static long int_of(struct opts *os, const char *name, int32_t *v)
{
	struct opt *o = opt_of(os, name);
	if (!o)
		return -ENOENT;
	return o->v.iov_len != 4 ? -EINVAL : copy_in(v, (uaddr)o->v.iov_base, 4);
}
static long text_of(struct opts *os, const char *name, char *to, size_t room)
{
	struct opt *o = opt_of(os, name);
	if (!o)
		return -ENOENT;
	if (!o->v.iov_len)
		return -EINVAL;
	if (o->v.iov_len > room)
		return -ENAMETOOLONG;
	long e = copy_in(to, (uaddr)o->v.iov_base, o->v.iov_len);
	return e ? e : to[o->v.iov_len - 1] ? -EINVAL : 0;
}

static long take_addrs(struct opts *os, const struct param *p, const struct opt *o, struct jail *j, bool made)
{
	bool four = p->size == 4;
	int32_t *n = four ? &j->n4 : &j->n6, *mode = four ? &j->ip4 : &j->ip6;
	if (o->v.iov_len % p->size)
		return -EINVAL;
	if (o->v.iov_len / p->size > JAIL_ADDRS)
		return say(os, -EINVAL, "too many IPv%d addresses", four ? 4 : 6);
	if (!made && *mode == JAIL_SYS_INHERIT)
		return say(os, -EINVAL, "ip%d cannot be changed after creation", four ? 4 : 6);
	*n = (int32_t)(o->v.iov_len / p->size);
	*mode = JAIL_SYS_DISABLE;
	return copy_in((char *)j + p->at, (uaddr)o->v.iov_base, o->v.iov_len);
}
/* --- one parameter into a jail -------------------------------------------------------------------------------------- */
static long take(struct opts *os, const struct param *p, struct jail *j, bool made)
{
	struct opt *o = opt_of(os, p->name), *no = p->kind == P_FLAG || p->kind == P_ALLOW ? no_of(os, p->name) : NULL;
	char *at = (char *)j + p->at;
	int32_t v;
	long e;

	if ((!o && !no) || p->how & TOLD)
		return 0;
	if (p->how & ONCE && !made)
		return say(os, -EINVAL, "%s cannot be changed after creation", p->name);
	switch (p->kind) {
	case P_FLAG: case P_ALLOW:
		*(uint32_t *)at = o ? *(uint32_t *)at | p->bit : *(uint32_t *)at & ~p->bit;
		return 0;
	case P_INT:
		return int_of(os, p->name, (int32_t *)at);
	case P_LONG:
		return o->v.iov_len != 8 ? -EINVAL : copy_in(at, (uaddr)o->v.iov_base, 8);
	case P_TEXT:
		if (!str_ncmp(p->name, "host.", 5))
			j->host = JAIL_SYS_NEW;
		return text_of(os, p->name, at, p->size);
	case P_SYS:
		if ((e = int_of(os, p->name, &v)))
			return e;
		if (v < JAIL_SYS_DISABLE || v > JAIL_SYS_INHERIT || (v == JAIL_SYS_DISABLE && !(p->how & ANY_SYS)))
			return -EINVAL;
		if (v == JAIL_SYS_NEW && (!str_cmp(p->name, "vnet") || !str_ncmp(p->name, "sysv", 4)))
			return say(os, -EINVAL, "%s: the host gives no new one", p->name);
		*(int32_t *)at = v == JAIL_SYS_NEW && p->how & ANY_SYS ? JAIL_SYS_DISABLE : v;   /* without an address that is the same */
		return 0;
	case P_ADDRS:
		return take_addrs(os, p, o, j, made);
	}
	return 0;
}
static const struct jail *up_of(struct jails *t, const struct jail *j) { return jail_find(t, j->parent); }

static bool all_in(const uint8_t *a, int n, const uint8_t *of, int n_of, size_t size)
{
	for (int i = 0; i < n; i++) {
		bool found = false;
		for (int k = 0; k < n_of && !found; k++)
			found = !memcmp(a + (size_t)i * size, of + (size_t)k * size, size);
		if (!found)
			return false;
	}
	return true;
}
/* No more than the jail around it has; inherited is what that has. */
static long addrs_checked(const struct jail *up, struct jail *j)
{
	if (up && up->ip4 != JAIL_SYS_INHERIT && j->ip4 == JAIL_SYS_INHERIT) {
		j->ip4 = up->ip4;
		j->n4 = up->n4;
		memcpy(j->addr4, up->addr4, sizeof j->addr4);
	}
	if (up && up->ip6 != JAIL_SYS_INHERIT && j->ip6 == JAIL_SYS_INHERIT) {
		j->ip6 = up->ip6;
		j->n6 = up->n6;
		memcpy(j->addr6, up->addr6, sizeof j->addr6);
	}
	if (up && up->ip4 != JAIL_SYS_INHERIT && !all_in(j->addr4[0], j->n4, up->addr4[0], up->n4, 4))
		return -EPERM;
	return up && up->ip6 != JAIL_SYS_INHERIT && !all_in(j->addr6[0], j->n6, up->addr6[0], up->n6, 16) ? -EPERM : 0;
}
static long checked(struct opts *os, struct jails *t, struct jail *j, bool made)
{
	const struct jail *up = up_of(t, j);
	uint32_t more = ALLOW_ALL & ~(up ? up->allow : ALLOW_ALL) & ~(uint32_t)ALLOW_UNPRIV_DEBUG;
	if (j->enforce_statfs < 0 || j->enforce_statfs > 2 || j->devfs_ruleset < 0 || j->devfs_ruleset > 65535 || j->children_max < 0)
		return -EINVAL;
	if (made && !j->osreldate)
		return say(os, -EINVAL, "osreldate cannot be 0");
	if (j->securelevel < (up ? up->securelevel : -1) || j->children_max >= (up ? up->children_max : 999999) ||
	    j->enforce_statfs < (up ? up->enforce_statfs : 0) || j->allow & more)
		return -EPERM;
	long e = addrs_checked(up, j);
	for (unsigned i = 0; i < os->n && !e; i++)
		if (!os->o[i].seen)
			e = say(os, -EINVAL, "unknown parameter: %s", os->o[i].name);
	return e;
}
static long take_all(struct opts *os, struct jails *t, struct jail *j, bool made)
{
	for (unsigned i = 0; i < ARRAY_LEN(params); i++) {
		long e = take(os, &params[i], j, made);
		if (e)
			return e;
	}
	return checked(os, t, j, made);
}

/* --- which one ------------------------------------------------------------------------------------------------------ */
static bool seen(struct jails *t, const struct jail *j) { return j && jail_within(t, j, jail_mine()); }

static const char *mine_prefix(struct jails *t)
{
	const struct jail *me = jail_find(t, jail_mine());
	return me ? me->name : "";
}
/* As the caller names it: without its own jail's name before it. */
static const char *name_told(struct jails *t, const struct jail *j)
{
	size_t n = str_len(mine_prefix(t));
	return n ? j->name + n + 1 : j->name;
}
static struct jail *by_name(struct jails *t, const char *name)
{
	uint64_t jid;
	const char *end = str_num(name, &jid);
	for (struct jail *j = t->j; j < t->j + JAILS; j++)
		if (j->jid && seen(t, j) && !str_cmp(name_told(t, j), name))
			return j;
	struct jail *j = end && !*end ? jail_find(t, (int)jid) : NULL;
	return seen(t, j) ? j : NULL;
}
static unsigned children(struct jails *t, int of)
{
	unsigned n = 0;
	for (const struct jail *j = t->j; j < t->j + JAILS; j++)
		n += j->jid && jail_within(t, j, of);
	return n;
}

/* --- making --------------------------------------------------------------------------------------------------------- */
static long path_get(struct call *c, struct opts *os, struct jail *j)
{
	char path[1024] = "/";
	struct where w;
	struct stat st;
	long fd, e = text_of(os, "path", path, sizeof path);
	if (e && e != -ENOENT)
		return e;
	if ((e = path_resolve(c->t, AT_FDCWD, path, PATH_FOLLOW, &w)))
		return e;
	fd = host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC);
	where_done(&w);
	if (fd < 0)
		return fd;
	e = host(SYS_fstat, fd, &st);
	if (!e && !S_ISDIR(st.st_mode))
		e = -ENOTDIR;
	if (!e && (e = path_of_fd((int)fd, j->dir, sizeof j->dir)) > 0)
		e = path_to_guest(c->t->p, j->dir, j->path, sizeof j->path);
	host(SYS_close, fd);
	return MIN(e, 0l);
}
static int next_jid(struct jails *t)
{
	do
		t->last_jid = t->last_jid < 0 || t->last_jid >= 999999 ? 1 : t->last_jid + 1;
	while (jail_find(t, t->last_jid));
	return t->last_jid;
}
static void first_values(struct call *c, struct jails *t, struct jail *j)
{
	const struct jail *up = up_of(t, j);
	uint32_t rel = fbsd_osreldate(c->t->p);
	j->allow = ALLOW_FIRST & (up ? up->allow : ALLOW_ALL);
	j->securelevel = up ? up->securelevel : -1;
	j->enforce_statfs = 2;
	j->devfs_ruleset = up ? up->devfs_ruleset : 0;
	j->osreldate = up ? up->osreldate : (int32_t)rel;
	fmt(j->osrelease, sizeof j->osrelease, "%u.%u-RELEASE", rel / 100000, rel / 1000 % 100);
	if (up)
		str_copy(j->osrelease, up->osrelease, sizeof j->osrelease);
	j->host = JAIL_SYS_NEW;
	j->vnet = JAIL_SYS_INHERIT;
	j->ip4 = j->ip6 = JAIL_SYS_DISABLE;
	j->saddrsel4 = j->saddrsel6 = 1;
	str_copy(j->hostuuid, "00000000-0000-0000-0000-000000000000", sizeof j->hostuuid);
}
/* name: the last part is the jail's own; what stands before it is its parent's. */
static long name_jail(struct opts *os, struct jails *t, struct jail *j, char *name)
{
	struct jail *up = jail_find(t, j->parent);
	char *last = str_rchr(name, '.');
	char whole[600], own[16];
	uint64_t n;

	last = last ? last + 1 : name;
	if (!*last) {
		fmt(own, sizeof own, "%d", j->jid);
		last = own;
	}
	const char *end = str_num(last, &n);
	if (end && !*end && (n != (uint64_t)j->jid || *last == '0'))
		return say(os, -EINVAL, "name cannot be numeric (unless it is the jid)");
	fmt(whole, sizeof whole, "%s%s%s", up ? up->name : "", up ? "." : "", last);
	if (str_len(whole) >= sizeof j->name)
		return -ENAMETOOLONG;
	for (const struct jail *o = t->j; o < t->j + JAILS; o++)
		if (o->jid && o->jid != j->jid && !str_cmp(o->name, whole))
			return say(os, -EEXIST, "jail \"%s\" already exists", name);
	str_copy(j->name, whole, sizeof j->name);
	return 0;
}
static struct jail *free_slot(struct jails *t)
{
	for (struct jail *j = t->j; j < t->j + JAILS; j++)
		if (!j->jid)
			return j;
	return NULL;
}
static long parent_of(struct opts *os, struct jails *t, char *name, int *parent)
{
	char *dot = name ? str_rchr(name, '.') : NULL;
	*parent = jail_mine();
	if (!dot)
		return 0;
	*dot = 0;
	const struct jail *up = by_name(t, name);
	long e = up ? 0 : say(os, -ENOENT, "jail \"%s\" not found", name);
	*dot = '.';
	*parent = up ? up->jid : 0;
	return e;
}
static long make(struct call *c, struct opts *os, struct jails *t, int jid, char *name, struct jail **made)
{
	struct jail *j = free_slot(t), new = { .jid = jid };
	const struct jail *me = jail_find(t, jail_mine());
	long e = parent_of(os, t, name, &new.parent);

	if (e)
		return e;
	for (const struct jail *up = me; up; up = up_of(t, up))
		if ((int)children(t, up->jid) >= up->children_max)
			return say(os, -EPERM, "prison limit exceeded");
	if (!j)
		return say(os, -EAGAIN, "no available jail IDs");
	new.jid = jid ? jid : next_jid(t);
	first_values(c, t, &new);
	if ((e = path_get(c, os, &new)) || (e = take_all(os, t, &new, true)) ||
	    (e = name_jail(os, t, &new, name ? name : (char[1]){ 0 })))
		return e;
	*j = new;
	*made = j;
	return 0;
}
static long update(struct opts *os, struct jails *t, struct jail *j, char *name)
{
	struct jail new = *j;
	struct opt *path = opt_of(os, "path");
	long e = path ? say(os, -EINVAL, "path cannot be changed after creation") : take_all(os, t, &new, false);
	if (!e && name)
		e = name_jail(os, t, &new, name);
	if (!e)
		*j = new;
	return e;
}
static long enter(struct call *c, struct jails *t, const struct jail *j)
{
	long fd, e;
	if (c->t->vforked)
		return -EAGAIN;          /* it would be its parent's, too */
	if ((fd = host(SYS_open, j->dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fd;
	if (!(e = path_chroot(c->t, (int)fd)) && !(e = host(SYS_fchdir, fd)))
		e = jail_enter(c->t->p, j, (unsigned)(j - t->j));
	host(SYS_close, fd);
	return e;
}

/* --- the calls ------------------------------------------------------------------------------------------------------ */
static long find(struct opts *os, struct jails *t, unsigned flags, int *jid, char *name, struct jail **found)
{
	struct jail *j = NULL;
	uint64_t n;
	if (*jid < 0)
		return say(os, -EINVAL, "negative jid");
	if (!*jid && name && !(flags & JAIL_UPDATE)) {           /* a numeric name asks for that number */
		const char *last = str_rchr(name, '.'), *end = str_num(last ? last + 1 : name, &n);
		*jid = end && !*end ? (int)n : 0;
	}
	if (*jid) {
		j = jail_find(t, *jid);
		if (j && !(flags & JAIL_UPDATE))
			return say(os, -EEXIST, "jail %d already exists", *jid);
		if (j ? !seen(t, j) : !(flags & JAIL_CREATE))
			return say(os, -ENOENT, "jail %d not found", *jid);
	} else if (name) {
		j = by_name(t, name);
		if (j && !(flags & JAIL_UPDATE))
			return say(os, -EEXIST, "jail \"%s\" already exists", name);
		if (!j && !(flags & JAIL_CREATE))
			return say(os, -ENOENT, "jail \"%s\" not found", name);
	} else if (!(flags & JAIL_CREATE)) {
		return say(os, -ENOENT, "update specified no jail");
	}
	*found = j;
	return 0;
}
static long set(struct call *c, struct opts *os, struct jails *t, bool *changed)
{
	unsigned flags = (unsigned)c->arg[2];
	char name[256];
	struct jail *j = NULL;
	int32_t jid = 0;
	long e, named;

	if (!(flags & (JAIL_CREATE | JAIL_UPDATE)))
		return say(os, -EINVAL, "no valid operation (create or update)");
	if ((e = int_of(os, "jid", &jid)) && e != -ENOENT)
		return e;
	if ((flags & (JAIL_CREATE | JAIL_ATTACH)) == JAIL_CREATE && !opt_of(os, "persist"))
		return say(os, -EINVAL, "new jail must persist or attach");
	if ((named = text_of(os, "name", name, sizeof name)) && named != -ENOENT)
		return named;
	if ((e = find(os, t, flags, &jid, named ? NULL : name, &j)))
		return e;
	bool made = !j;
	e = j ? update(os, t, j, named ? NULL : name) : make(c, os, t, jid, named ? NULL : name, &j);
	if (!e && flags & JAIL_ATTACH && (e = enter(c, t, j)) && made)
		j->jid = 0;
	*changed = !e;
	return e ? e : j->jid;
}
static long with_opts(struct call *c, bool make_it, long (*fn)(struct call *, struct opts *, struct jails *, bool *))
{
	struct opts *os = mem_alloc(sizeof *os);
	bool changed = false;
	int fd = -1;
	long e = os ? opts_get(c, os) : -ENOMEM;
	struct jails *t = e ? NULL : jails_open(c->t->p, make_it, &fd);
	if (!e && !t && !(t = make_it ? NULL : mem_alloc(sizeof *t)))
		e = make_it ? -EPERM : -ENOMEM;
	if (!e)
		e = fn(c, os, t, &changed);
	if (t)
		jails_close(t, fd, changed);
	if (os)
		mem_free(os, sizeof *os);
	return e;
}
long fbsd_jail_set(struct call *c)
{
	struct jail me;
	if ((c->arg[2] & JAIL_CREATE) && jail_copy(c->t->p, &me) && !me.children_max)
		return -EPERM;
	if (c->arg[2] & ~0xffl)
		return -EINVAL;
	if (c->arg[2] & 0xf0) {
		report_unknown(c->t, UNK_BITS, "flags", (uint64_t)c->arg[2]);
		return -EINVAL;
	}
	return host(SYS_geteuid) ? -EPERM : with_opts(c, true, set);
}

/* --- asking --------------------------------------------------------------------------------------------------------- */
enum { EXACT, STRING, PART };        /* vfs_setopt, vfs_setopts, vfs_setopt_part */
static long give(struct opts *os, const char *name, const void *v, size_t n, int how)
{
	for (unsigned i = 0; i < os->n; i++) {
		struct opt *o = &os->o[i];
		if (str_cmp(o->name, name))
			continue;
		o->seen = true;
		uint64_t len = o->v.iov_base && how == STRING ? o->v.iov_len : n;
		if (o->v.iov_base && (how == EXACT ? o->v.iov_len != n : o->v.iov_len < n))
			return -EINVAL;
		long e = o->v.iov_base ? copy_out((uaddr)o->v.iov_base, v, n) : 0;
		if (e || (e = copy_out(os->iov + (2 * i + 1) * sizeof(struct iovec) + offsetof(struct iovec, iov_len), &len, 8)))
			return e;
	}
	return 0;
}
static long give_no(struct opts *os, const char *of, int v)
{
	char name[64];
	const char *dot = str_rchr(of, '.');
	size_t n = dot ? (size_t)(dot - of) + 1 : 0;
	memcpy(name, of, n);
	fmt(name + n, sizeof name - n, "no%s", of + n);
	return give(os, name, &v, sizeof v, EXACT);
}
/* Below the caller's own root. */
static const char *path_told(struct jails *t, const struct jail *j)
{
	const struct jail *me = jail_find(t, jail_mine());
	size_t n = me && str_cmp(me->path, "/") ? str_len(me->path) : 0;
	return n && !str_ncmp(j->path, me->path, n) ? (j->path[n] ? j->path + n : "/") : j->path;
}
static long give_all(struct opts *os, struct jails *t, const struct jail *j)
{
	int dying = 0, alive = 1, cur = (int)children(t, j->jid), cpuset = 0, parent = j->parent == jail_mine() ? 0 : j->parent;
	long e = 0;
	for (unsigned i = 0; i < ARRAY_LEN(params) && !e; i++) {
		const struct param *p = &params[i];
		const char *at = (const char *)j + p->at;
		int v = (*(const uint32_t *)at & p->bit) != 0;
		if (!str_cmp(p->name, "name"))
			at = name_told(t, j);
		else if (!str_cmp(p->name, "path"))
			at = path_told(t, j);
		else if (!str_cmp(p->name, "parent"))
			at = (const char *)&parent;
		if (p->kind == P_FLAG || p->kind == P_ALLOW)
			e = give(os, p->name, &v, sizeof v, EXACT) ?: give_no(os, p->name, !v);
		else if (p->kind == P_ADDRS)
			e = give(os, p->name, at, (size_t)(p->size == 4 ? j->n4 : j->n6) * p->size, PART);
		else
			e = give(os, p->name, at, p->kind == P_TEXT ? str_len(at) + 1 : p->size, p->kind == P_TEXT ? STRING : EXACT);
	}
	return e ?: give(os, "dying", &dying, 4, EXACT) ?: give(os, "nodying", &alive, 4, EXACT) ?:
	       give(os, "children.cur", &cur, 4, EXACT) ?: give(os, "cpuset.id", &cpuset, 4, EXACT);
}
static long look(struct opts *os, struct jails *t, const struct jail **found)
{
	char name[256];
	int32_t jid;
	long e = int_of(os, "lastjid", &jid);
	if (!e) {
		for (const struct jail *j = t->j; j < t->j + JAILS; j++)
			if (j->jid > jid && seen(t, j) && (!*found || j->jid < (*found)->jid))
				*found = j;
		return *found ? 0 : say(os, -ENOENT, "no jail after %d", jid);
	}
	if (e == -ENOENT && !(e = int_of(os, "jid", &jid)) && jid) {
		*found = jail_find(t, jid);
		return seen(t, *found) ? 0 : say(os, -ENOENT, "jail %d not found", jid);
	}
	if ((!e || e == -ENOENT) && !(e = text_of(os, "name", name, sizeof name))) {
		*found = by_name(t, name);
		return *found ? 0 : say(os, -ENOENT, "jail \"%s\" not found", name);
	}
	return e != -ENOENT ? e : say(os, -ENOENT, "no jail specified");
}
static long get(struct call *c, struct opts *os, struct jails *t, bool *changed)
{
	const struct jail *j = NULL;
	long e = look(os, t, &j);
	if (e)
		return e;
	opt_of(os, "lastjid");
	if ((e = give_all(os, t, j)))
		return e;
	for (unsigned i = 0; i < os->n; i++)
		if (!os->o[i].seen)
			return say(os, -EINVAL, "unknown parameter: %s", os->o[i].name);
	return j->jid;
}
long fbsd_jail_get(struct call *c)
{
	if (c->arg[2] & ~0xf8l)
		return -EINVAL;
	if (c->arg[2] & 0xf0) {
		report_unknown(c->t, UNK_BITS, "flags", (uint64_t)c->arg[2]);
		return -EINVAL;
	}
	return with_opts(c, false, get);
}

/* --- entering and ending -------------------------------------------------------------------------------------------- */
long fbsd_jail_attach(struct call *c)
{
	int fd;
	if (host(SYS_geteuid))
		return -EPERM;
	struct jails *t = jails_open(c->t->p, false, &fd);
	struct jail *j = t ? jail_find(t, (int)c->arg[0]) : NULL;
	long e = t && seen(t, j) ? enter(c, t, j) : -EINVAL;
	if (t)
		jails_close(t, fd, false);
	return e;
}
struct ending { struct jails *t; int jid; };
static long end_one(void *arg, unsigned pid)
{
	const struct ending *x = arg;
	int in = jail_of((int)pid);
	const struct jail *j = in ? jail_find(x->t, in) : NULL;
	if (j && (in == x->jid || jail_within(x->t, j, x->jid)))
		host(SYS_kill, pid, SIGKILL);
	return 0;
}
long fbsd_jail_remove(struct call *c)
{
	int fd;
	if (host(SYS_geteuid))
		return -EPERM;
	struct jails *t = jails_open(c->t->p, false, &fd);
	struct jail *j = t ? jail_find(t, (int)c->arg[0]) : NULL;
	long e = t && seen(t, j) ? 0 : -EINVAL;
	if (!e) {
		struct ending x = { t, j->jid };
		procfs_each("/proc", end_one, &x);
		for (struct jail *in = t->j; in < t->j + JAILS; in++)
			if (in->jid && in != j && jail_within(t, in, x.jid))
				in->jid = 0;
		j->jid = 0;
	}
	if (t)
		jails_close(t, fd, !e);
	return e;
}

/* --- the call of before there were parameters: sys_jail, version 2 --------------------------------------------------- */
struct jail_v2 { uint32_t version, pad; uaddr path, hostname, jailname; uint32_t ip4s, ip6s; uaddr ip4, ip6; };
static long old_text(uaddr from, char *to, size_t n) { return from ? MIN(copy_str(to, from, n), 0l) : (*to = 0, 0l); }
static long old_make(struct call *c, struct jails *t, const struct jail_v2 *g)
{
	struct opts none = { 0 };
	struct jail *j = free_slot(t), new = { .parent = jail_mine() };
	char path[1024], name[256];
	struct where w;
	long e, fd;

	if (!j)
		return -EAGAIN;
	new.jid = next_jid(t);
	first_values(c, t, &new);
	if ((e = old_text(g->path, path, sizeof path)) || (e = old_text(g->hostname, new.hostname, sizeof new.hostname)) ||
	    (e = old_text(g->jailname, name, sizeof name)) || (e = path_resolve(c->t, AT_FDCWD, path, PATH_FOLLOW | PATH_DIR, &w)))
		return e;
	fd = host(SYS_openat, w.dirfd, w.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	where_done(&w);
	if (fd < 0)
		return fd;
	e = path_of_fd((int)fd, new.dir, sizeof new.dir);
	host(SYS_close, fd);
	if (e < 0 || (e = path_to_guest(c->t->p, new.dir, new.path, sizeof new.path)) < 0 || (e = name_jail(&none, t, &new, name)))
		return e;
	*j = new;
	if ((e = enter(c, t, j)))
		j->jid = 0;
	return e ? e : j->jid;
}
long fbsd_jail(struct call *c)
{
	struct jail_v2 g;
	struct jail me;
	int fd;
	long e = copy_in(&g, (uaddr)c->arg[0], sizeof g.version);
	if (e || host(SYS_geteuid))
		return e ? e : -EPERM;
	if (g.version != 2 || (e = copy_in(&g, (uaddr)c->arg[0], sizeof g)) || g.ip4s || g.ip6s)
		return e ? e : -EINVAL;
	if (jail_copy(c->t->p, &me) && !me.children_max)
		return -EPERM;
	struct jails *t = jails_open(c->t->p, true, &fd);
	if (!t)
		return -EPERM;
	e = old_make(c, t, &g);
	jails_close(t, fd, e > 0);
	return e;
}

/* --- sysctl --------------------------------------------------------------------------------------------------------- */
long jail_list(struct sysctl_req *r) { return 0; }
long jail_size(struct sysctl_req *r) { return sysctl_out(r, &r->row->value, sizeof r->row->value); }
long jail_jailed(struct sysctl_req *r) { return sysctl_int(r, jail_mine() != 0); }
long jail_children(struct sysctl_req *r)
{
	int fd, n = 0;
	struct jails *t = jails_open(r->p, false, &fd);
	const struct jail *me = t ? jail_find(t, jail_mine()) : NULL;
	if (t)
		n = r->row->value ? (me ? me->children_max : 999999) : (int)children(t, jail_mine());
	else
		n = r->row->value ? 999999 : 0;
	if (t)
		jails_close(t, fd, false);
	return sysctl_int(r, n);
}
