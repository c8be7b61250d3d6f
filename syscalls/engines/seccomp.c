/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Engine seccomp: a filter raises SIGSYS for every syscall instruction that does not lie in our own text; then all is
 * as in the engine rewrite. For hosts without Syscall User Dispatch, and for those whose policy forbids it.
 *
 * What differs: a filter cannot be taken off. A fork has it, a new thread has it, and so has the program of an exec:
 * that is ourselves again, at the same address (Makefile: BASE_AT), whose calls the old filter lets through. A program
 * that the kernel ran by itself would be killed at its first call, so none is (engine->keeps).
 *
 * And filters do not see every call: since Linux 6.14 uretprobe (335) passes them, and since 6.18 uprobe (336). The
 * first ends in SIGILL behind its syscall instruction, which we take for the call that it was. The second answers ENXIO: a
 * guest whose 336 is something else gets that until its site is rewritten.
 *
 * The filter is by hand: libseccomp builds rules on numbers and arguments, and has none on the instruction pointer.
 */
#include <sys/prctl.h>
#include "host.h"
#include "options.h"
#include "thread.h"
#include "engines/passed.h"
#include "engines/own.h"
#include "engines/rewrite.h"
#include "engines/trap.h"

static long filter_set(unsigned flags)
{
	struct sock_filter code[] = { FILTER_OWN_PASSES, BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP) };
	struct sock_fprog prog = { .len = ARRAY_LEN(code), .filter = code };
	return host(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}
static bool seccomp_probe(char *why, size_t n)
{
	uint32_t action = SECCOMP_RET_TRAP;
	long e = host(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
	if (e < 0)
		fmt(why, n, "this kernel has no seccomp filters that trap (seccomp answers error %ld)", -e);
	return e >= 0;
}
/* A filter of ours is there already if we were started by an exec of ourselves. */
static bool have_filter(struct proc *p)
{
	return p->opt->resume_fd >= 0 && host(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}
static long seccomp_start(struct proc *p)
{
	if (have_filter(p))
		return 0;
	long e = filter_set(0);
	if (e == -EACCES) {              /* without privilege: promise to gain none */
		host(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		e = filter_set(0);
	}
	return e;
}
static bool seccomp_found(struct thread *t, int sig, const siginfo_t *si, long long *g)
{
	return passed_filter(sig, si, g, entry_trapped) || rewrite_found(t, sig, si, g);
}
static long seccomp_arm(struct thread *t) { return 0; }

static const struct engine seccomp = {
	.name = "seccomp", .about = "a seccomp filter on the instruction pointer, once for each call site",
	.rank = 40, .keeps = true, .probe = seccomp_probe, .start = seccomp_start, .arm = seccomp_arm, .run = trap_run,
	.found = seccomp_found, .changes = rewrite_changes, .count = rewrite_count,
};
ENGINE(seccomp);
