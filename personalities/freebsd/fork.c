/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rfork: fork with a choice of what is shared. Flags: sys/sys/unistd.h (15.0), meanings sys/kern/kern_fork.c. What the
 * host's clone can say is said; a combination it cannot is refused. RFSPAWN is the vfork of posix_spawn: the child
 * begins with its handlers reset, so that none of the parent's runs in the memory they share.
 */
#include <sched.h>
#include "host.h"
#include "freebsd.h"

#define RFFDG (1u << 2)                  /* copy the descriptors (else share them) */
#define RFPROC (1u << 4)                 /* a new process (else change this one) */
#define RFMEM (1u << 5)                  /* share memory */
#define RFNOWAIT (1u << 6)               /* the child is nobody's to wait for */
#define RFCFDG (1u << 12)                /* begin with no descriptors */
#define RFTHREAD (1u << 13)              /* share the leader */
#define RFLINUXTHPN (1u << 16)           /* SIGUSR1 instead of SIGCHLD at the end */
#define RFTSIGZMB (1u << 19)             /* the signal given in the top byte at the end */
#define RFTSIG_SHIFT 20
#define RFPPWAIT (1u << 31)              /* with nothing else: RFSPAWN */
#define KNOWN (RFFDG | RFPROC | RFMEM | RFCFDG | RFTHREAD | RFLINUXTHPN | RFTSIGZMB | 0xffu << RFTSIG_SHIFT)

static long spawn(struct call *c)
{
	c->has_rv2 = true;
	return proc_fork(c->t, FORK_VM | FORK_VFORK | FORK_DROPSIG, 0, SIGCHLD);
}
static int end_signal(struct call *c, unsigned f)
{
	if (f & RFTSIGZMB)
		return sig_to_host(c->t->p->pers, f >> RFTSIG_SHIFT & 0xff);
	return f & RFLINUXTHPN ? SIGUSR1 : SIGCHLD;
}
sysfn fbsd_rfork;
long fbsd_rfork(struct call *c)
{
	unsigned f = (unsigned)c->raw[0];
	long pid;

	if (f == RFPPWAIT)
		return spawn(c);
	if (f & ~KNOWN || (f & (RFFDG | RFCFDG)) == (RFFDG | RFCFDG)) {
		report_unknown(c->t, UNK_BITS, "flags", f);
		return -EINVAL;
	}
	if (!(f & RFPROC)) {
		/* The host parts a thread's table from the others', not a process's: with one thread it is the same. */
		if (f & (RFFDG | RFCFDG) && c->t->p->nthreads == 1) {
			host(SYS_unshare, CLONE_FILES);
			c->t->p->shares_files = false;
		}
		if (f & RFCFDG)
			return fd_close_range(c->t->p, 0, ~0ull, 0);
		return 0;
	}
	c->has_rv2 = true;
	pid = proc_fork(c->t, (f & RFMEM ? FORK_VM : 0) | (f & (RFFDG | RFCFDG) ? 0 : FORK_FILES), 0, end_signal(c, f));
	c->rv2 = pid == 0;
	if (!pid && f & RFCFDG)
		fd_close_range(c->t->p, 0, ~0ull, 0);
	return pid;
}
