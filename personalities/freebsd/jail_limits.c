/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a process in a jail may not: see or touch processes that are not in its jail (or in one within it), and what only a
 * machine's own super-user may. Looked at by dispatch before each call of such a process (confine.h), by the row's
 * handler: the meaning, not the spelling. Whose is not known (a program of the host's) is nobody's here but its parent's.
 * Meaning: sys/kern/kern_jail.c prison_check, prison_priv_check, prison_check_af (15.0).
 */
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "host.h"
#include "procfs.h"
#include "sock.h"
#include "freebsd/freebsd.h"
#include "freebsd/jail.h"

sysfn sys_settimeofday, sys_clock_settime, sys_adjtime, fbsd_socket, fbsd_socketpair, fbsd_mlock, sys_mlockall, sys_munlock,
      sys_munlockall, sys_shmget, sys_shmat, sys_semget, sys_semop, sys_msgget, sys_msgsnd, sys_msgrcv, fbsd_mknod, fbsd_mknodat;

/* --- whom it sees --------------------------------------------------------------------------------------------------- */
static bool mine(struct thread *t, long pid)
{
	struct procfs_stat st;
	int fd, in = jail_of((int)pid);
	if (in == jail_mine())
		return true;
	if (!in)
		return procfs_stat((int)pid, &st) && st.f[4] == t->p->pid;
	struct jails *all = jails_open(t->p, false, &fd);
	const struct jail *j = all ? jail_find(all, in) : NULL;
	bool within = j && jail_within(all, j, jail_mine());
	if (all)
		jails_close(all, fd, false);
	return within;
}
bool fbsd_hidden(struct thread *t, long pid) { return jail_mine() && (!pid || (pid > 0 && pid != t->p->pid && !mine(t, pid))); }

/* --- what it may not ------------------------------------------------------------------------------------------------ */
static const struct rule { sysfn *fn; uint32_t allow; int err; } rules[] = {
	{ sys_settimeofday, 0, EPERM }, { sys_clock_settime, 0, EPERM }, { sys_adjtime, 0, EPERM },
	{ fbsd_mlock, ALLOW_MLOCK, EPERM }, { sys_mlockall, ALLOW_MLOCK, EPERM }, { sys_munlock, ALLOW_MLOCK, EPERM },
	{ sys_munlockall, ALLOW_MLOCK, EPERM },
	{ sys_shmget, ALLOW_SYSVIPC, ENOSYS }, { sys_shmat, ALLOW_SYSVIPC, ENOSYS }, { sys_semget, ALLOW_SYSVIPC, ENOSYS },
	{ sys_semop, ALLOW_SYSVIPC, ENOSYS }, { sys_msgget, ALLOW_SYSVIPC, ENOSYS }, { sys_msgsnd, ALLOW_SYSVIPC, ENOSYS },
	{ sys_msgrcv, ALLOW_SYSVIPC, ENOSYS },
};
static bool sysv_given(const struct jail *j, sysfn *fn)
{
	int mode = fn == sys_shmget || fn == sys_shmat ? j->sysvshm : fn == sys_semget || fn == sys_semop ? j->sysvsem : j->sysvmsg;
	return mode == JAIL_SYS_INHERIT;
}
static long socket_refused(struct call *c, const struct jail *j)
{
	int af = (int)c->arg[0];
	if ((af == AF_INET && j->ip4 != JAIL_SYS_INHERIT && !j->n4) || (af == AF_INET6 && j->ip6 != JAIL_SYS_INHERIT && !j->n6))
		return -EPROTONOSUPPORT;
	if (af != AF_INET && af != AF_INET6 && af != AF_UNIX && !(j->allow & ALLOW_SOCKET_AF))
		return -EPROTONOSUPPORT;
	return (c->arg[1] & 15) == SOCK_RAW && !(j->allow & ALLOW_RAW_SOCKETS) ? -EPERM : 0;
}
static bool is_device(struct call *c)
{
	unsigned kind = (unsigned)c->arg[c->row->fn == fbsd_mknodat ? 2 : 1] & 0170000;
	return kind == 0020000 || kind == 0060000;
}
static long by_rule(struct call *c)
{
	sysfn *fn = c->row->fn;
	struct jail j;
	const struct rule *r = NULL;
	for (unsigned i = 0; i < ARRAY_LEN(rules) && !r; i++)
		r = rules[i].fn == fn ? &rules[i] : NULL;
	if (r || fn == fbsd_socket || fn == fbsd_socketpair || ((fn == fbsd_mknod || fn == fbsd_mknodat) && is_device(c))) {
		if (!jail_copy(c->t->p, &j))
			return -EPERM;   /* it has been removed: what it allowed is gone */
		if (fn == fbsd_socket || fn == fbsd_socketpair)
			return socket_refused(c, &j);
		if (!r)
			return -EPERM;
		return j.allow & r->allow || (r->err == ENOSYS && sysv_given(&j, fn)) ? 0 : -r->err;
	}
	return 0;
}
long fbsd_refuses(struct call *c)
{
	const struct row *r = c->row;
	if (!jail_mine())
		return 0;
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (r->arg[i].kind == A_PID && c->arg[i] && fbsd_hidden(c->t, c->arg[i]))
			return -ESRCH;
	return by_rule(c);
}

/* --- its addresses -------------------------------------------------------------------------------------------------- */
/* One family's part of an address: the bytes, and what any, the machine itself and the jail's own are. */
struct part { uint8_t *a; size_t n; const uint8_t *own; int n_own; const uint8_t *loop; };
static const uint8_t zero[16], loop4[4] = { 127, 0, 0, 1 }, loop6[16] = { [15] = 1 };

static bool part_of(struct sockaddr_storage *ss, const struct jail *j, struct part *p)
{
	if (ss->ss_family == AF_INET && j->ip4 != JAIL_SYS_INHERIT)
		*p = (struct part){ (uint8_t *)&((struct sockaddr_in *)ss)->sin_addr, 4, j->addr4[0], j->n4, loop4 };
	else if (ss->ss_family == AF_INET6 && j->ip6 != JAIL_SYS_INHERIT)
		*p = (struct part){ (uint8_t *)&((struct sockaddr_in6 *)ss)->sin6_addr, 16, j->addr6[0], j->n6, loop6 };
	else
		return false;
	return true;
}
static bool owns(const struct part *p)
{
	for (int i = 0; i < p->n_own; i++)
		if (!memcmp(p->a, p->own + (size_t)i * p->n, p->n))
			return true;
	return false;
}
/* What is not bound yet leaves from the jail's first address: sys/netinet/in_jail.c, prison_get_ip4. */
static void bind_first(int fd, const struct sockaddr_storage *to, const struct part *p)
{
	struct sockaddr_storage now = { 0 };
	uint32_t n = sizeof now;
	struct part own = *p;
	int later = 1;
	if (host(SYS_getsockname, fd, &now, &n) || now.ss_family != to->ss_family)
		return;
	own.a = now.ss_family == AF_INET ? (uint8_t *)&((struct sockaddr_in *)&now)->sin_addr : (uint8_t *)&((struct sockaddr_in6 *)&now)->sin6_addr;
	if (memcmp(own.a, zero, own.n) || ((struct sockaddr_in *)&now)->sin_port)
		return;
	memcpy(own.a, p->own, p->n);
	host(SYS_setsockopt, fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
	host(SYS_bind, fd, &now, n);
}
static long limit_addr(struct thread *t, int fd, struct sockaddr_storage *ss, bool local)
{
	struct jail j;
	struct part p;
	if (ss->ss_family != AF_INET && ss->ss_family != AF_INET6)
		return 0;
	if (!jail_copy(t->p, &j))
		return -EADDRNOTAVAIL;
	if (!part_of(ss, &j, &p))
		return 0;
	if (!p.n_own)
		return -EADDRNOTAVAIL;
	bool any = !memcmp(p.a, zero, p.n);
	if ((any && (!local || p.n_own == 1)) || (!memcmp(p.a, p.loop, p.n) && !owns(&p)))
		memcpy(p.a, p.own, p.n);
	if (!local)
		bind_first(fd, ss, &p);
	return local && memcmp(p.a, zero, p.n) && !owns(&p) ? -EADDRNOTAVAIL : 0;
}
void jail_limits_start(void) { addr_limits = limit_addr; }
