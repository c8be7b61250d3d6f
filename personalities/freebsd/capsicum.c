/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capsicum: rights of descriptors, which may only ever be made fewer, and capability mode. What a call asks for is in
 * its row; here is what rests on a call's arguments as well, and the calls themselves. Meanings: sys/kern/sys_capability.c
 * and where the kernel says IN_CAPABILITY_MODE (15.0). Enforcing and inheriting: syscalls/confine.c, fd.c.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "host.h"
#include "ext.h"
#include "confine.h"
#include "freebsd/freebsd.h"

sysfn fbsd_cap_rights_get, fbsd_cap_enter, fbsd_cap_getmode, fbsd_cap_rights_limit, fbsd_cap_ioctls_limit, fbsd_cap_ioctls_get;
sysfn fbsd_cap_fcntls_limit, fbsd_cap_fcntls_get, fbsd_socket, fbsd_socketpair, sys_socket, sys_socketpair;

const struct rights fbsd_rights[N_RIGHT] = {
#define RIGHT0(name_, bits_) [RIGHT_##name_] = { { bits_, 0 } },
#define RIGHT1(name_, bits_) [RIGHT_##name_] = { { 0, bits_ } },
#include "rights.def"
#undef RIGHT0
#undef RIGHT1
};
#define IDX(n_) (1ull << (57 + (n_)))        /* which word this is */
static const struct rights all = { { IDX(0) | 0xfffffffffff, IDX(1) | 0x7fffff } };
#define VERSION(w_) ((w_) >> 62)
#define FCNTLS_ALL (1u << 3 | 1u << 4 | 1u << 5 | 1u << 6)       /* F_GETFL .. F_SETOWN */
#define IOCTLS_MOST 256
#define IOCTLS_ALL 0x7fffffffffffffff

/* --- what rests on a call's other arguments --------------------------------------------------------------------------- */
static const struct { uint64_t flag, flags; unsigned right; } open_needs[] = {   /* among these flags, this one */
	{ O_CREAT, O_CREAT, RIGHT_CREATE }, { O_TRUNC, O_TRUNC, RIGHT_FTRUNCATE }, { O_SYNC & ~O_DSYNC, O_SYNC & ~O_DSYNC, RIGHT_FSYNC },
	{ X_O_EXLOCK, X_O_EXLOCK, RIGHT_FLOCK }, { X_O_SHLOCK, X_O_SHLOCK, RIGHT_FLOCK },
	{ O_RDWR, O_ACCMODE, RIGHT_READ }, { O_RDWR, O_ACCMODE, RIGHT_WRITE }, { O_WRONLY, O_ACCMODE, RIGHT_WRITE },
	{ O_RDWR, O_ACCMODE | O_APPEND | O_TRUNC, RIGHT_SEEK }, { O_WRONLY, O_ACCMODE | O_APPEND | O_TRUNC, RIGHT_SEEK },
};
static void add(struct rights *need, unsigned right)
{
	need->w[0] |= fbsd_rights[right].w[0];
	need->w[1] |= fbsd_rights[right].w[1];
}
static void need_open(uint64_t fl, struct rights *need)
{
	if (fl & X_O_EXEC)
		add(need, RIGHT_FEXECVE);
	else if ((fl & O_ACCMODE) == O_RDONLY)
		add(need, RIGHT_READ);
	if (fl & X_O_EXEC && fl & O_PATH)
		return;
	for (unsigned i = 0; i < ARRAY_LEN(open_needs); i++)
		if ((fl & open_needs[i].flags) == open_needs[i].flag && !(fl & X_O_EXEC && open_needs[i].flags & O_ACCMODE))
			add(need, open_needs[i].right);
}
static void need_map(struct call *c, struct rights *need)
{
	add(need, RIGHT_MMAP);
	if (c->arg[2] & PROT_READ)
		add(need, RIGHT_MMAP_R);
	if (c->arg[2] & PROT_WRITE && c->arg[3] & MAP_SHARED)
		add(need, RIGHT_MMAP_W);
	if (c->arg[2] & PROT_EXEC)
		add(need, RIGHT_MMAP_X);
}
/* An address names somebody: its right is to connect, and in capability mode nobody may be named. */
static long need_send(struct call *c, struct rights *need)
{
	struct msghdr m = { .msg_name = (void *)c->arg[4] };
	if (c->row->arg[1].kind == A_IN && arg_get(c, 1, &m))
		return 0;                /* the handler says EFAULT */
	if (!m.msg_name)
		return 0;
	add(need, RIGHT_CONNECT);
	return c->t->p->confined ? -X_ECAPMODE : 0;
}
/* What stood there under the new name is removed: that is a right of its own. */
static void need_rename(struct call *c, struct rights *need)
{
	struct where w;
	struct stat st;
	if (arg_path(c, 3, (int)c->arg[2], 0, &w))
		return;
	if (!host(SYS_newfstatat, w.dirfd, w.path, &st, AT_SYMLINK_NOFOLLOW))
		add(need, RIGHT_UNLINKAT);
	where_done(&w);
}
static long ioctl_listed(struct call *c)
{
	const struct fdcaps *caps = fdcaps_of(c->t->p, (int)c->arg[0]);
	bool found = !caps || caps->n_ioctls == -1;
	fdcaps_lock(c->t->p);
	for (int32_t i = 0; !found && i < caps->n_ioctls; i++)
		found = caps->ioctls[i] == (uint64_t)c->raw[1];
	fdcaps_unlock(c->t->p);
	return found ? 0 : -X_ENOTCAPABLE;
}
static long fcntl_listed(struct call *c)
{
	const struct fdcaps *caps = fdcaps_of(c->t->p, (int)c->arg[0]);
	return !caps || caps->fcntls >> c->raw[1] & 1 ? 0 : -X_ENOTCAPABLE;
}
long fbsd_rights_more(struct call *c, int i, struct rights *need)
{
	switch (c->row->arg[i].kind == A_INT ? RIGHT_MAP : c->row->arg[i].what) {
	case RIGHT_MAP:
		if (c->arg[3] & (MAP_ANONYMOUS | (long)X_MAP_GUARD))
			return 0;
		need_map(c, need);
		return 0;
	case RIGHT_OPEN:
		need_open((uint64_t)c->arg[2], need);
		return 0;
	case RIGHT_SEND:
		return need_send(c, need);
	case RIGHT_KQUEUE:
		if ((int)c->arg[2] > 0)
			add(need, RIGHT_KQUEUE_CHANGE);
		if ((int)c->arg[4] > 0)
			add(need, RIGHT_KQUEUE_EVENT);
		return 0;
	case RIGHT_COPY_FROM: case RIGHT_COPY_TO:
		if (c->arg[i + 1])
			add(need, RIGHT_SEEK);
		return 0;
	case RIGHT_RENAMEAT_TARGET:
		need_rename(c, need);
		return 0;
	case RIGHT_IOCTL:
		return ioctl_listed(c);
	case RIGHT_FCNTL_CMD:
		return fcntl_listed(c);
	}
	return 0;
}

/* --- the calls -------------------------------------------------------------------------------------------------------- */
long fbsd_cap_enter(struct call *c)
{
	c->t->p->confined = true;
	c->t->p->limited = true;
	return 0;
}
long fbsd_cap_getmode(struct call *c) { return arg_put(c, 0, &(uint32_t){ c->t->p->confined }); }

static long is_open(struct call *c, int i) { return host(SYS_fcntl, c->arg[i], F_GETFD) < 0 ? -EBADF : 0; }
static struct fdcaps caps_now(struct call *c, int fd)
{
	const struct fdcaps *k = fdcaps_of(c->t->p, fd);
	return k ? *k : (struct fdcaps){ all, FCNTLS_ALL, -1, NULL };
}
static bool lawful(const struct rights *r)
{
	return !VERSION(r->w[0]) && rights_cover(&all, r) && r->w[0] & IDX(0) && r->w[1] & IDX(1);
}
/* All that is kept are limits: who has everything is not limited. */
static long keep(struct call *c, const struct fdcaps *k)
{
	bool whole = rights_cover(&k->may, &all) && k->fcntls == FCNTLS_ALL && k->n_ioctls == -1;
	return fdcaps_set(c->t->p, (int)c->arg[0], whole ? NULL : k);
}
long fbsd_cap_rights_limit(struct call *c)
{
	struct rights want;
	struct fdcaps k;
	long e = copy_in(&want.w[0], (uaddr)c->arg[1], 8);
	if (!e && VERSION(want.w[0]))
		return -EINVAL;
	if (!e)
		e = arg_get(c, 1, &want);
	if (e || (e = lawful(&want) ? is_open(c, 0) : -EINVAL))
		return e;
	k = caps_now(c, (int)c->arg[0]);
	if (!rights_cover(&k.may, &want))
		return -X_ENOTCAPABLE;
	k.may = want;
	if (!(want.w[1] & fbsd_rights[RIGHT_IOCTL].w[1]))
		k.n_ioctls = 0, k.ioctls = NULL;
	if (!(want.w[0] & fbsd_rights[RIGHT_FCNTL].w[0]))
		k.fcntls = 0;
	return keep(c, &k);
}
long fbsd_cap_rights_get(struct call *c)
{
	long e = c->arg[0] ? -EINVAL : is_open(c, 1);
	struct fdcaps k = caps_now(c, (int)c->arg[1]);
	return e ? e : arg_put(c, 2, &k.may);
}
long fbsd_cap_fcntls_limit(struct call *c)
{
	uint32_t want = (uint32_t)c->arg[1];
	long e = want & ~FCNTLS_ALL ? -EINVAL : is_open(c, 0);
	if (e)
		return e;
	struct fdcaps k = caps_now(c, (int)c->arg[0]);
	if (want & ~k.fcntls)
		return -X_ENOTCAPABLE;
	k.fcntls = want;
	return keep(c, &k);
}
long fbsd_cap_fcntls_get(struct call *c)
{
	long e = is_open(c, 0);
	struct fdcaps k = caps_now(c, (int)c->arg[0]);
	return e ? e : arg_put(c, 1, &k.fcntls);
}
static bool ioctls_cover(const struct fdcaps *k, const uint64_t *want, size_t n)
{
	if (k->n_ioctls == -1)
		return true;
	if ((size_t)k->n_ioctls < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int32_t j = 0;
		while (j < k->n_ioctls && k->ioctls[j] != want[i])
			j++;
		if (j == k->n_ioctls)
			return false;
	}
	return true;
}
long fbsd_cap_ioctls_limit(struct call *c)
{
	uint64_t want[IOCTLS_MOST], n = (uint64_t)c->arg[2];
	long e = n > IOCTLS_MOST ? -EINVAL : n ? copy_in(want, (uaddr)c->arg[1], n * 8) : 0;
	if (e || (e = is_open(c, 0)))
		return e;
	fdcaps_lock(c->t->p);
	struct fdcaps k = caps_now(c, (int)c->arg[0]);
	bool fewer = ioctls_cover(&k, want, n);
	fdcaps_unlock(c->t->p);
	if (!fewer)
		return -X_ENOTCAPABLE;
	k.n_ioctls = (int32_t)n;
	k.ioctls = want;
	return keep(c, &k);
}
long fbsd_cap_ioctls_get(struct call *c)
{
	long e = is_open(c, 0);
	if (e)
		return e;
	fdcaps_lock(c->t->p);
	struct fdcaps k = caps_now(c, (int)c->arg[0]);
	if (k.n_ioctls > 0 && c->arg[1])
		e = copy_out((uaddr)c->arg[1], k.ioctls, MIN((uint64_t)k.n_ioctls, (uint64_t)c->arg[2]) * 8);
	fdcaps_unlock(c->t->p);
	return e ? e : k.n_ioctls == -1 ? IOCTLS_ALL : k.n_ioctls;
}

/* --- being told of refusals by SIGTRAP ---------------------------------------------------------------------------------- */
#define TRAPCAP_ENABLE 1
void fbsd_refused(struct call *c, int err)
{
	struct thread *t = c->t;
	if (t->pend.sig || !t->p->confined || fbsd_settings.trapcap != TRAPCAP_ENABLE)
		return;
	signal_force(t, SIGTRAP, FBSD_TRAP_CAP, t->regs.rip, 0);
	t->pend.info.si_errno = errno_to_guest(t->p->pers, err);
	t->pend.info.si_syscall = (int)c->nr;
}

/* --- sockets of kinds that name nothing but others of their own ---------------------------------------------------------- */
static long may_make(struct call *c)
{
	long af = c->arg[0], type = c->arg[1] & 0xf;
	bool free = af == AF_UNIX || ((af == AF_INET || af == AF_INET6) && (type == SOCK_STREAM || type == SOCK_DGRAM));
	return c->t->p->confined && !free ? -X_ECAPMODE : 0;
}
long fbsd_socket(struct call *c)
{
	long e = may_make(c);
	return e ? e : sys_socket(c);
}
long fbsd_socketpair(struct call *c)
{
	long e = may_make(c);
	return e ? e : sys_socketpair(c);
}
