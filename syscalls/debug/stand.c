/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a traced process stands still. The thread that something happened to (the one who tells) has all others stand, sends
 * a packet to the tracer and then serves its requests until it may go on (serve.c).
 *
 * A thread stands in thread_attend, or, if it slept in a call, within the host handler that woke it: then the sleep goes on
 * afterwards and the guest never learns of it. Its registers are in t->regs either way, its vector state where t->tr.fpu
 * says. Nobody stands where a lock of ours could be held. All signals are held back here, the carrier's, too: whoever waits here
 * looks by itself whether all threads are to do something (broadcast_take).
 */
#include <linux/futex.h>
#include "host.h"
#include "thread.h"
#include "pending.h"
#include "debug/traced.h"

static long sleep_on(volatile uint32_t *word, uint32_t was, const struct timespec *ts)
{
	return host(SYS_futex, word, FUTEX_WAIT_PRIVATE, was, ts);
}
static void wake_all(volatile uint32_t *word)
{
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	host(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX);
}
static uint64_t block_all(void)
{
	uint64_t all = ~FAULTS, old = 0;         /* our own accesses to its memory may fault */
	host(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	return old;
}
static void unblock(uint64_t old) { host(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8); }

/* --- standing still ---------------------------------------------------------------------------------------------- */
bool traced_must_stand(struct thread *t, const struct traced *d)
{
	return t->p->traced == d && ((d->stopped && d->who != t) || t->tr.suspended);
}
void traced_stand(struct thread *t, struct traced *d)
{
	do {
		__atomic_store_n(&t->tr.parked, 1, __ATOMIC_SEQ_CST);
		wake_all(&d->came);
		for (uint32_t turn = d->turn; traced_must_stand(t, d); turn = d->turn) {
			broadcast_take(t);
			sleep_on(&d->turn, turn, NULL);
		}
		__atomic_store_n(&t->tr.parked, 0, __ATOMIC_SEQ_CST);
	} while (traced_must_stand(t, d));
}
void tracee_remind(struct proc *p)
{
	struct traced *d = p->traced;
	if (d)
		wake_all(&d->turn);
}
void tracee_absent(struct thread *t) { __atomic_store_n(&t->tr.parked, 1, __ATOMIC_SEQ_CST); }
void tracee_back(struct thread *t)
{
	struct traced *d = t->p->traced;
	__atomic_store_n(&t->tr.parked, 0, __ATOMIC_SEQ_CST);
	if (d && traced_must_stand(t, d)) {
		uint64_t old = block_all();
		traced_stand(t, d);
		unblock(old);
	}
}
static bool stands(const struct thread *o) { return __atomic_load_n(&o->tr.parked, __ATOMIC_SEQ_CST); }
static bool is_gone(const struct thread *o) { return o->tr.gone; }
static bool others_are(struct thread *t, bool (*so)(const struct thread *), bool ask)
{
	struct thread *o;
	bool all = true;
	for (unsigned i = 0; (o = thread_next(t->p, &i));)
		if (o != t && !o->helper && !so(o)) {
			all = false;
			if (ask)
				carrier_tell(t, t->p->pid, o->tid, TRACE_OP_HALT, 0);
		}
	return all;
}
void traced_summon(struct thread *t) { others_are(t, stands, true); }

/* One that is being born or is ending takes no signal: it is looked at again. */
static void wait_until(struct thread *t, struct traced *d, bool (*so)(const struct thread *))
{
	static const struct timespec again = { 0, 2000000 };
	for (unsigned i = 0; t->p->traced == d; i++) {
		uint32_t came = d->came;
		if (others_are(t, so, i % 8 == 0))
			return;
		broadcast_take(t);       /* one that makes all threads do something waits for us before it can stand */
		sleep_on(&d->came, came, &again);
	}
}

/* --- one tells ---------------------------------------------------------------------------------------------------- */
static bool claim(struct thread *t, struct traced *d)
{
	for (;;) {
		bool mine;
		lock(&d->lock);
		mine = t->p->traced == d && !d->stopped && !t->tr.suspended;
		if (mine) {
			d->stopped = 1;
			d->who = t;
		}
		unlock(&d->lock);
		if (mine || t->p->traced != d)
			return mine;
		traced_stand(t, d);
	}
}
static void release(struct thread *t, struct traced *d)
{
	lock(&d->lock);
	d->stopped = 0;
	d->who = NULL;
	unlock(&d->lock);
	wake_all(&d->turn);
}
int traced_stop(struct thread *t, const struct happened *h)
{
	struct traced *d = t->p->traced;
	struct trace_stop st = { .who = t, .flags = t->tr.flags | h->flags | STOP_SIGNAL, .child = h->child };
	int sig = h->sig;

	if (!d || !claim(t, d))
		return h->info ? sig : 0;
	traced_set_up(t, d);
	wait_until(t, d, stands);
	t->tr.parked = 1;
	traced_link(t, d);
	traced_notify(d, false);
	if (h->info) {
		st.info = *h->info;
		st.has_info = true;
		st.flags |= STOP_INFO;
	}
	traced_tell(d, TELL_STOP, t->tid, (uint64_t)sig, st.flags, (uint64_t)h->child);
	enum serve_end end = trace_serve(t, d->sock, &st, &d->events, &d->packet, &sig);
	if (end == SERVE_GONE)
		traced_die(t);
	if (end == SERVE_DETACH)
		traced_let_go(t, d);
	else
		traced_notify(d, true);
	t->tr.parked = 0;
	release(t, d);
	if (end == SERVE_CONTINUE)
		tracee_heard(t);
	return sig;
}

/* --- in view ------------------------------------------------------------------------------------------------------- */
static int shown(struct thread *t, void *fpu, at_rest *do_this, const struct happened *h)
{
	t->tr.fpu = fpu;
	t->tr.fs = segment_fs(t);
	t->tr.changed = 0;
	int r = do_this(t, h);
	if (t->tr.changed & TR_FS)
		segment_fs_set(t, t->tr.fs);
	t->tr.fpu = NULL;
	return r;
}
static __attribute__((noinline)) int shown_live(struct thread *t, at_rest *do_this, const struct happened *h)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	fpu_save(x);
	int r = shown(t, x, do_this, h);
	if (t->tr.changed & TR_FPU && fpu_load(x) < 0)
		fpu_init();
	return r;
}
int traced_in_view(struct thread *t, void *fpu, at_rest *do_this, const struct happened *h)
{
	uint64_t old = block_all();
	int r = fpu ? shown(t, fpu, do_this, h) : shown_live(t, do_this, h);
	unblock(old);
	return r;
}

/* --- the others end before the process does ---------------------------------------------------------------------------- */
void traced_ended(struct thread *t, struct traced *d)
{
	block_all();
	t->tr.gone = true;
	__atomic_store_n(&t->tr.parked, 1, __ATOMIC_SEQ_CST);
	wake_all(&d->came);
	for (uint32_t turn = d->turn; d->single; turn = d->turn) {
		broadcast_take(t);
		sleep_on(&d->turn, turn, NULL);
	}
	t->tr.gone = false;
}
void tracee_single(struct thread *t)
{
	struct traced *d = t->p->traced;
	struct thread *none = NULL;

	if (!d || !(d->events & TRACE_LWP) || !__atomic_compare_exchange_n(&d->single, &none, t, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	tracee_absent(t);
	wait_until(t, d, is_gone);
	tracee_back(t);
}
