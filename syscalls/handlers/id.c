/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who a process is: numbers of process, group, session, users and groups.
 *
 * Linux keeps user and group numbers by thread, everybody else by process. So all threads make a change together
 * (thread_broadcast), before the call returns: never may one thread drop privileges and another keep them.
 */
#include "host.h"
#include "ids.h"

sysfn sys_getpid, sys_getppid, sys_getpgrp, sys_getpgid, sys_setpgid, sys_setsid, sys_getsid, sys_getuid, sys_geteuid,
	sys_getgid, sys_getegid, sys_getgroups, sys_setgroups, sys_seteuid, sys_setegid,
	sys_setreuid, sys_setregid, sys_setresuid, sys_setresgid, sys_getresuid, sys_getresgid, sys_issetugid;

/* --- processes -------------------------------------------------------------------------------------------------- */
long sys_getpid(struct call *c) { return c->t->p->pid; }
long sys_getppid(struct call *c) { return host_last(SYS_getppid); }
DIRECT(sys_getppid, SYS_getppid);
long sys_getpgrp(struct call *c) { return host_last(SYS_getpgid, 0); }
long sys_getpgid(struct call *c) { return host_last(SYS_getpgid, c->arg[0]); }
long sys_setpgid(struct call *c) { return host(SYS_setpgid, c->arg[0], c->arg[1]); }
long sys_setsid(struct call *c) { return host(SYS_setsid); }
long sys_getsid(struct call *c) { return host(SYS_getsid, c->arg[0]); }
long sys_issetugid(struct call *c) { return c->t->p->setugid; }

/* --- asking ----------------------------------------------------------------------------------------------------- */
long sys_getuid(struct call *c) { return host_last(SYS_getuid); }
long sys_geteuid(struct call *c) { return host_last(SYS_geteuid); }
long sys_getgid(struct call *c) { return host_last(SYS_getgid); }
long sys_getegid(struct call *c) { return host_last(SYS_getegid); }
DIRECT(sys_getuid, SYS_getuid);
DIRECT(sys_geteuid, SYS_geteuid);
DIRECT(sys_getgid, SYS_getgid);
DIRECT(sys_getegid, SYS_getegid);
long sys_getgroups(struct call *c) { return host(SYS_getgroups, (int)c->arg[0], c->arg[1]); }

static long three(struct call *c, long nr)
{
	uint32_t id[3];
	long e = host(nr, &id[0], &id[1], &id[2]);
	for (int i = 0; i < 3 && !e; i++)
		if (c->arg[i])
			e = arg_put(c, i, &id[i]);
	return e;
}
long sys_getresuid(struct call *c) { return three(c, SYS_getresuid); }
long sys_getresgid(struct call *c) { return three(c, SYS_getresgid); }

/* --- changing --------------------------------------------------------------------------------------------------- */
static bool nothing_new(long nr, const uint32_t want[3])
{
	uint32_t id[3];
	host(nr == SYS_setresuid ? SYS_getresuid : SYS_getresgid, &id[0], &id[1], &id[2]);
	for (int i = 0; i < 3; i++)
		if (want[i] != (uint32_t)-1 && want[i] != id[i])
			return false;
	return true;
}
/* One host call on all threads. This one makes it first: what it may not do, none may. The others are what it was, so
 * they may too; one that cannot would be left with what the process has given up. */
struct each { long nr, a, b, c; };
static long each_sets(void *arg)
{
	const struct each *e = arg;
	return host(e->nr, e->a, e->b, e->c);
}
static long set_all(struct thread *t, struct each x)
{
	bool several = t->p->nthreads + t->p->helpers > 1;
	if (several && !t->p->pers->sig_carrier)
		return -EAGAIN;
	long rv = each_sets(&x), e = several && !rv ? thread_broadcast(t, each_sets, &x) : 0;
	if (e)
		die("a thread could not change its user or group as the others did (error %ld)", -e);
	return rv;
}
long ids_set(struct thread *t, long nr, uint32_t r, uint32_t e, uint32_t s)
{
	uint32_t want[3] = { r, e, s };
	if (nothing_new(nr, want))
		return host(nr, r, e, s);
	long rv = set_all(t, (struct each){ nr, r, e, s });
	if (!rv)
		t->p->setugid = true;    /* what issetugid tells until the next exec */
	return rv;
}
long groups_set(struct thread *t, int n, const uint32_t *list)
{
	enum { MOST = 65536 };
	uint32_t *copy = n > 0 && n <= MOST ? mem_alloc((size_t)n * 4) : NULL;
	if (n < 0 || n > MOST)
		return -EINVAL;
	if (n && !copy)
		return -ENOMEM;
	long rv = copy_in_any(copy, (uaddr)list, (size_t)n * 4);
	if (!rv)
		rv = set_all(t, (struct each){ SYS_setgroups, n, (long)copy });
	mem_free(copy, (size_t)n * 4);
	if (!rv)
		t->p->setugid = true;
	return rv;
}
/* The saved number follows the effective one where the real one is set or left behind, on both systems. */
static long set_two(struct call *c, long nr)
{
	uint32_t r = (uint32_t)c->arg[0], e = (uint32_t)c->arg[1], id[3];
	host(nr == SYS_setresuid ? SYS_getresuid : SYS_getresgid, &id[0], &id[1], &id[2]);
	bool save = r != (uint32_t)-1 || (e != (uint32_t)-1 && e != id[0]);
	return ids_set(c->t, nr, r, e, save ? (e != (uint32_t)-1 ? e : id[1]) : (uint32_t)-1);
}
long sys_setreuid(struct call *c) { return set_two(c, SYS_setresuid); }
long sys_setregid(struct call *c) { return set_two(c, SYS_setresgid); }
long sys_seteuid(struct call *c) { return ids_set(c->t, SYS_setresuid, -1u, (uint32_t)c->arg[0], -1u); }
long sys_setegid(struct call *c) { return ids_set(c->t, SYS_setresgid, -1u, (uint32_t)c->arg[0], -1u); }
long sys_setresuid(struct call *c)
{
	return ids_set(c->t, SYS_setresuid, (uint32_t)c->arg[0], (uint32_t)c->arg[1], (uint32_t)c->arg[2]);
}
long sys_setresgid(struct call *c)
{
	return ids_set(c->t, SYS_setresgid, (uint32_t)c->arg[0], (uint32_t)c->arg[1], (uint32_t)c->arg[2]);
}
long sys_setgroups(struct call *c)
{
	return groups_set(c->t, (int)c->arg[0], (const uint32_t *)c->arg[1]);
}
