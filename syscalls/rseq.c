/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread's area of restartable sequences (thread.rseq) is the guest's, but the host's kernel reads and writes it on the
 * way back to whatever of this thread was running: it may be our code. What it cannot make sense of is a SIGSEGV there,
 * which looks as if we had caused it. The area tells whose mistake it is: the kernel's rules (kernel/rseq.c) over again.
 */
#include <linux/rseq.h>
#include "host.h"
#include "thread.h"

static bool sequence_bad(const struct thread *t, uaddr at)
{
	struct rseq_cs s;
	uint32_t before;

	if (at >= USER_TOP || copy_in(&s, at, sizeof s))
		return true;
	return s.start_ip >= USER_TOP || s.start_ip + s.post_commit_offset >= USER_TOP || s.abort_ip >= USER_TOP ||
	       s.start_ip + s.post_commit_offset < s.start_ip || s.version ||
	       s.abort_ip - s.start_ip < s.post_commit_offset || mem_load32(s.abort_ip - 4, &before) || before != t->rseq_sig;
}
bool rseq_spoiled(struct thread *t)
{
	int sig = t->fault_sig, code = t->fault_code;
	uint32_t cpu = 0, seen;
	uint64_t at = 0;
	bool bad;

	if (!t->rseq)
		return false;
	bad = mem_load32(t->rseq, &cpu) || mem_cas32(t->rseq, cpu, cpu, &seen) ||
	      mem_load64(t->rseq + offsetof(struct rseq, rseq_cs), &at) || (at && sequence_bad(t, at));
	t->fault_sig = sig;              /* whoever was interrupted may not have looked at them yet */
	t->fault_code = code;
	return bad;
}
