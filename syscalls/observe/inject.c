/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Failures on purpose (-e inject): a call gets an error or a result instead of being made, a signal, a delay. Which
 * calls, and which of their invocations in a process, the session says; counts are the process's own, a child goes on
 * from its parent's. Runs on the thread itself, before the record of the call is written and after it ended.
 */
#include "observe.h"
#include "entry.h"

static volatile uint32_t made[MOST_INJECTIONS];

static bool is_due(const struct injection *j, uint32_t n)
{
	if (n < j->first || (j->last && n > j->last))
		return false;
	return n == j->first || (j->step && (n - j->first) % j->step == 0);
}
static void pause_us(uint64_t us)
{
	struct timespec ts = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };
	if (us)
		block(SYS_nanosleep, &ts, NULL);         /* a signal ends it */
}
bool inject_before(struct call *c)
{
	unsigned pers = pers_index(c->t->p->pers);
	bool again = c->t->inject_done;
	c->t->injected = 0;
	c->t->inject_done = false;
	if (again)
		return false;            /* its signal came before it was made: this is the same invocation */
	for (unsigned i = 0; i < session->n_injections; i++) {
		const struct injection *j = &session->injection[i];
		if (!nr_in(&j->nrs, pers, c->tab, c->nr) || !is_due(j, __atomic_add_fetch(&made[i], 1, __ATOMIC_RELAXED)))
			continue;
		c->t->injected = (uint8_t)(i + 1);
		pause_us(j->before_us);
		if (j->sig)
			host(SYS_tgkill, c->t->p->pid, c->t->tid, j->sig);
		if (j->answers)
			c->rv = j->rv;
		return j->answers;
	}
	return false;
}
void inject_after(struct call *c)
{
	pause_us(session->injection[c->t->injected - 1].after_us);
	c->t->injected = 0;
	c->t->inject_done = c->rv == SYS_RESTART;
}
