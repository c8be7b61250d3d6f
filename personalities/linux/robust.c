/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a thread. The kernel first gives up the robust mutexes that the thread still holds, then clears the word at
 * clear_tid and wakes who waits there, who may free the memory of the list. The host would do the first after we did the
 * second, so both are done here, in the kernel's order (kernel/futex/core.c, exit_robust_list and handle_futex_death).
 */
#include <linux/futex.h>
#include "linux.h"

#define FORGET 1                          /* RSEQ_FLAG_UNREGISTER */
#define MOST 2048                        /* a list may be a ring: the kernel stops here too */

struct head { uint64_t next; int64_t offset; uint64_t pending; };

static void wake(uaddr word, int n) { host(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0); }

static long owner_died(struct thread *t, uaddr word, bool pi, bool pending)
{
	uint32_t v, seen;
	long e;

	if (word & 3)
		return -EINVAL;
	if ((e = mem_load32(word, &v)))
		return e;
	for (;; v = seen) {
		if (pending && !pi && !v)
			wake(word, 1);
		if ((v & FUTEX_TID_MASK) != (uint32_t)t->tid)
			return 0;
		if ((e = mem_cas32(word, v, (v & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen)))
			return e;
		if (seen == v)
			break;
	}
	if (!pi && v & FUTEX_WAITERS)
		wake(word, 1);
	return 0;
}
static void robust_exit(struct thread *t)
{
	struct head h;
	uint64_t at, next;

	if (!t->robust || copy_in(&h, t->robust, sizeof h))
		return;
	at = h.next;
	for (unsigned n = 0; (at & ~1ull) != t->robust && n < MOST; n++, at = next) {
		if (mem_load64(at & ~1ull, &next))
			break;
		if ((at & ~1ull) != (h.pending & ~1ull) &&
		    owner_died(t, (at & ~1ull) + (uint64_t)h.offset, at & 1, false))
			break;
	}
	if (h.pending && owner_died(t, (h.pending & ~1ull) + (uint64_t)h.offset, h.pending & 1, true))
		return;
	host(SYS_set_robust_list, NULL, sizeof h);
}
/* The host writes to a thread's rseq area whenever the thread was interrupted. The thread's memory may be gone as soon as
 * clear_tid is cleared, which natively is the host's own last deed and here is ours. */
sysfn lnx_rseq;

long lnx_rseq(struct call *c)
{
	/* A sequence is begun again when its thread was interrupted; of one that the host does not see it cannot say that. */
	if (c->t->p->engine->apart)
		return -ENOSYS;
	long e = lnx_make(c, c->raw);
	if (!e) {
		c->t->rseq = c->arg[2] & FORGET ? 0 : (uaddr)c->arg[0];
		c->t->rseq_len = (uint32_t)c->arg[1];
		c->t->rseq_sig = (uint32_t)c->raw[3];
	}
	return e;
}
void lnx_thread_exit(struct thread *t)
{
	robust_exit(t);
	if (t->rseq)
		host(SYS_rseq, t->rseq, t->rseq_len, FORGET, t->rseq_sig);
	if (t->clear_tid && !mem_store32(t->clear_tid, 0))
		wake(t->clear_tid, 1);
}
