/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Timers that are faster than a delivery. A signal costs the guest more here than its own kernel would ask: an engine's two
 * transitions at least. A timer whose period is shorter has its next signal pending when the handler of the last one is over, and
 * the code that was interrupted would never go on. The guest's kernel lets it go on, and counts what it could not deliver as
 * overruns (a timer's signal never queues).
 *
 * So where the interrupted code has several times had next to nothing between two deliveries (its registers are as they were, or
 * its time was less than half of what the delivery took), the signals of that timer stay with the host (blocked, pending, their
 * overruns counted) for as long again as a delivery takes. The guest's mask is what it was. A timer of ours ends that time,
 * wherever the thread is then; calls are made meanwhile, and one that sleeps is interrupted a moment late. What a process sends
 * to itself ends it; what others send under that number comes as late as the timer's.
 *
 * Everything here is the thread's own. Our timer's signal is SIGBUS: never blocked, and where the host has a real one to
 * tell and drops it since this one is pending, the instruction faults again.
 */
#include <time.h>
#include "host.h"
#include "pending.h"

#define POOR 4                           /* so many times in a row */
#define SECOND 1000000000ll
#define NEAR_NS 20000ll                  /* what coming and going costs that we do not see ourselves: so long at least, */
#define FAR_NS 200000ll                  /* ... or where a machine or a supervisor is between, */
#define MOST_NS 1000000ll                /* and no longer */

static int64_t now_ns(void)
{
	struct timespec ts = { 0 };
	time_now(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}
static bool of_a_timer(const struct sigpend *pd)
{
	static const uint64_t interval = 1ull << (SIGALRM - 1) | 1ull << (SIGVTALRM - 1) | 1ull << (SIGPROF - 1);
	int code = pd->info.si_code;
	return code == SI_TIMER || (code == SI_KERNEL && pd->sig <= 64 && interval >> (pd->sig - 1) & 1);
}
static uint64_t fingerprint(const struct regs *r)
{
	const uint64_t *w = (const uint64_t *)r;
	uint64_t h = 0;
	for (unsigned i = 0; i < sizeof *r / sizeof *w; i++)
		h = (h ^ w[i]) * 0x9e3779b97f4a7c15;
	return h;
}
/* What a delivery takes with all that is before and behind what we see of it; no less than what any takes. */
static int64_t unit(const struct thread *t)
{
	int64_t least = t->p->engine->apart || t->p->engine->outside ? FAR_NS : NEAR_NS;
	return MIN(MAX(t->pace.took + t->pace.idle, least), MOST_NS);
}
/* Before its frame is made. */
void pace_delivered(struct thread *t, const struct sigpend *pd)
{
	struct pace *p = &t->pace;
	if (!of_a_timer(pd))
		return;
	int64_t now = now_ns(), run = now - p->since, got = run - p->idle;
	if (run > MOST_NS) {
		p->poor = 0;
	} else if (fingerprint(&t->regs) == p->regs) {
		p->idle = (3 * p->idle + run) / 4;       /* it had nothing of it */
		p->poor = (uint8_t)MIN(p->poor + 1, POOR);
	} else if (got > 2 * unit(t)) {
		p->poor = 0;
	} else if (2 * got < unit(t)) {
		p->poor = (uint8_t)MIN(p->poor + 1, POOR);
	}
	p->since = now;
	p->open = true;
	p->sig = BIT_OF(pd->sig);
}
/* While its timer cannot be made nothing is held. */
static void hold(struct thread *t, int64_t ns)
{
	struct pace *p = &t->pace;
	struct itimerspec every = { { 0, ns }, { 0, ns } };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = PACE_SIGNAL, .sigev_value.sival_ptr = (void *)pace_over };
	int id;

	if (!p->timer) {
		ev._sigev_un._tid = t->tid;
		if (host(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id) < 0)
			return;
		p->timer = id + 1;
	}
	if (host(SYS_timer_settime, p->timer - 1, 0, &every, NULL) < 0)
		pace_end(t);
	else
		p->held |= p->sig;
}
/* A handler is over when its signal is unblocked again: at once where it never was. */
sigbits pace_mask(struct thread *t, sigbits mask)
{
	struct pace *p = &t->pace;
	if (p->open && !(mask & p->sig)) {
		int64_t now = now_ns();
		p->took = MIN(now - p->since, MOST_NS);
		p->regs = fingerprint(&t->regs);
		p->since = now;
		p->open = false;
		if (p->poor == POOR)
			hold(t, unit(t));
	}
	return mask | p->held;
}
void pace_end(struct thread *t)
{
	struct pace *p = &t->pace;
	if (p->timer)
		host(SYS_timer_delete, p->timer - 1);
	p->timer = 0;
	p->held = 0;
}
/* In the host handler: was this our timer? In the midst of something that has blocked more for itself it is left to tick. */
bool pace_over(struct thread *t, const siginfo_t *si, void *host_mask)
{
	struct pace *p = &t->pace;
	sigbits mask = t->has_savedmask ? t->savedmask : t->sigmask;
	uint64_t now;

	if (si->si_signo != PACE_SIGNAL || si->si_code != SI_TIMER || si->si_value.sival_ptr != (void *)pace_over)
		return false;
	memcpy(&now, host_mask, sizeof now);
	if (!p->timer || (now & ~t->p->sig_watch) != sigset_host(mask | p->held))
		return true;
	pace_end(t);
	now = sigset_host(mask);
	memcpy(host_mask, &now, sizeof now);
	if (pending_for(t) & ~t->sigmask)
		t->attn = 1;
	return true;
}
