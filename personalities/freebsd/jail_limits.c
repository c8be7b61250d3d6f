/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a process in a jail may not: see or touch processes that are not in its jail (or in one within it), and what only a
 * machine's own super-user may. Looked at by dispatch before each call of such a process (confine.h), by the row's
 * handler: the meaning, not the spelling. Whose is not known (a program of the host's) is nobody's here but its parent's.
 * Meaning: sys/kern/kern_jail.c prison_check, prison_priv_check, prison_check_af (15.0).
 */
#include <sys/socket.h>
#include "host.h"
#include "procfs.h"
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
	if ((af == AF_INET && j->ip4 != JAIL_SYS_INHERIT) || (af == AF_INET6 && j->ip6 != JAIL_SYS_INHERIT))
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
