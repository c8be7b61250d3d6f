/* SPDX-License-Identifier: BSD-2-Clause
 *
 * poll, ppoll, select, pselect. Differences that are met here: the guest's timeout is never written to (Linux counts
 * it down), POLLHUP and POLLOUT are never told together (POSIX; Linux does), a bad time is EINVAL everywhere,
 * descriptors of ours are closed ones, and none of these calls is begun again after a signal. Bits by the record.
 */
#include <poll.h>
#include "host.h"
#include "confine.h"
#include "snapshot.h"

sysfn sys_poll, sys_ppoll, sys_select, sys_pselect;

#define FEW 32                           /* descriptors for which the stack is enough */
#define HIDDEN 0x40000000                /* added to a descriptor of ours, so that the host finds none */

/* --- time and mask ---------------------------------------------------------------------------------------------- */
struct sleep {
	struct call *c;
	struct timespec ts;
	bool timed, masked;
	sigbits mask;
};
static long sleep_time(struct sleep *s, long sec, long nsec)
{
	if (sec < 0 || nsec < 0 || nsec >= 1000000000)
		return -EINVAL;
	s->timed = true;
	s->ts = (struct timespec){ sec, nsec };
	return 0;
}
static long sleep_timespec(struct sleep *s, int i)
{
	struct timespec ts;
	if (!s->c->arg[i])
		return 0;
	long e = arg_get(s->c, i, &ts);
	return e ? e : sleep_time(s, ts.tv_sec, ts.tv_nsec);
}
static long sleep_mask(struct sleep *s, int i)
{
	s->masked = s->c->arg[i] != 0;
	return s->masked ? sigset_get(s->c->t, (uaddr)s->c->arg[i], &s->mask) : 0;
}
/* The host's call changes the mask and sleeps in one step, and counts ts down: it can be made again where a signal came
 * that the guest does not see. A signal that only the given mask lets in is EINTR, never a call made again. */
static long sleep_in(struct sleep *s, long (*call)(void *, struct timespec *, const uint64_t *), void *arg)
{
	struct thread *t = s->c->t;
	uint64_t mask;
	bool again = false;
	long r;

	if (s->masked)
		signal_mask_swap(t, s->mask);
	mask = sigset_host(s->mask);
	if (s->timed)
		sleep_resumed(t, &s->ts);
	sleep_counts(t, s->timed ? &s->ts : NULL);
	while ((r = call(arg, s->timed ? &s->ts : NULL, s->masked ? &mask : NULL)) == -EINTR && !t->attn && !t->poked)
		again = true;
	sleep_counts(t, NULL);
	if (r == SYS_RESTART && (s->masked || again))
		r = -EINTR;
	if (s->masked)
		signal_mask_back(t);
	return r;
}

/* --- poll ------------------------------------------------------------------------------------------------------- */
struct pollcall { struct pollfd *fd; unsigned n; };

static long call_ppoll(void *arg, struct timespec *ts, const uint64_t *mask)
{
	struct pollcall *p = arg;
	return block(SYS_ppoll, p->fd, p->n, ts, mask, 8);
}
static long fds_in(struct call *c, struct pollcall *p)
{
	const size_t size = sizeof(struct pollfd);           /* everywhere */
	long e = 0;
	for (unsigned i = 0; i < p->n && !e; i++) {
		e = rec_get(c->t, REC_POLLFD, (uaddr)c->arg[0] + i * size, &p->fd[i]);
		if (e)
			break;
		if ((fd_is_ours(c->t->p, p->fd[i].fd) || fd_may(c->t, p->fd[i].fd, RIGHT_EVENT)) && p->fd[i].fd < HIDDEN)
			p->fd[i].fd += HIDDEN;
	}
	return e;
}
/* Nothing but revents is the guest's to get back. */
static long fds_out(struct call *c, struct pollcall *p)
{
	const struct record *rec = &c->t->p->pers->rec[REC_POLLFD];
	struct pollfd g;
	long e = 0;
	for (unsigned i = 0; i < p->n && !e; i++) {
		struct pollfd *f = &p->fd[i];
		if (f->revents & POLLHUP)
			f->revents &= ~POLLOUT;
		g = *f;
		if (rec->put)
			rec->put(f, &g);
		e = copy_out((uaddr)c->arg[0] + i * sizeof g + offsetof(struct pollfd, revents), &g.revents, sizeof g.revents);
	}
	return e;
}
static long poll_for(struct sleep *s)
{
	struct call *c = s->c;
	struct pollfd few[FEW];
	struct pollcall p = { few, (unsigned)c->arg[1] };
	long e, r;

	if (p.n > (unsigned)c->t->p->fd_base && p.n > 1024)
		return -EINVAL;
	if (p.n > FEW && !(p.fd = mem_alloc(p.n * sizeof *p.fd)))
		return -ENOMEM;
	if (!(e = fds_in(c, &p)) && (e = r = sleep_in(s, call_ppoll, &p)) >= 0 && !(e = fds_out(c, &p)))
		e = r;
	if (p.fd != few)
		mem_free(p.fd, p.n * sizeof *p.fd);
	return e;
}
long sys_poll(struct call *c)
{
	struct sleep s = { .c = c };
	long ms = c->arg[2];
	if (ms < -1)
		return -EINVAL;
	if (ms >= 0)
		sleep_time(&s, ms / 1000, ms % 1000 * 1000000);
	return poll_for(&s);
}
long sys_ppoll(struct call *c)
{
	struct sleep s = { .c = c };
	long e = sleep_timespec(&s, 2);
	if (!e)
		e = sleep_mask(&s, 3);
	return e ? e : poll_for(&s);
}

/* --- select ----------------------------------------------------------------------------------------------------- */
struct selectcall { unsigned n; uint64_t *set[3]; };

static long call_pselect(void *arg, struct timespec *ts, const uint64_t *mask)
{
	struct selectcall *s = arg;
	struct { const uint64_t *mask; uint64_t size; } sixth = { mask, 8 };
	return block(SYS_pselect6, s->n, s->set[0], s->set[1], s->set[2], ts, &sixth);
}
/* Words from n up to nd may hold no bit: what lies there cannot be open. */
static long beyond(uaddr set, unsigned n, unsigned nd)
{
	uint64_t w = 0;
	for (unsigned i = n; i < nd && !w; i = (i | 63) + 1) {
		long e = copy_in(&w, set + i / 64 * 8, 8);
		if (e)
			return e;
		w &= ~0ull << i % 64;
		if ((i | 63) >= nd)
			w &= (1ull << nd % 64) - 1;
	}
	return w ? -EBADF : 0;
}
static long sets_in(struct call *c, struct selectcall *s, uint64_t *room)
{
	size_t words = (s->n + 63) / 64;
	long e = 0;
	for (int i = 0; i < 3 && !e; i++) {
		uaddr set = (uaddr)c->arg[1 + i];
		if (!set)
			continue;
		s->set[i] = room + i * words;
		e = copy_in(s->set[i], set, words * 8);
		if (!e)
			e = beyond(set, s->n, (unsigned)c->arg[0]);
		for (unsigned fd = 0; c->t->p->limited && !e && fd < s->n; fd++)
			if (s->set[i][fd / 64] >> fd % 64 & 1)
				e = fd_may(c->t, (int)fd, RIGHT_EVENT);
	}
	return e;
}
static long sets_out(struct call *c, struct selectcall *s)
{
	long e = 0;
	for (int i = 0; i < 3 && !e; i++)
		if (s->set[i])
			e = copy_out((uaddr)c->arg[1 + i], s->set[i], (s->n + 63) / 64 * 8);
	return e;
}
static long select_for(struct sleep *s)
{
	struct call *c = s->c;
	struct selectcall sel = { .n = MIN((unsigned)c->arg[0], (unsigned)c->t->p->fd_base) };
	uint64_t few[3 * 1024 / 64], *room = few;
	size_t size = (sel.n + 63) / 64 * 8 * 3;
	long e, r;

	if ((int)c->arg[0] < 0)
		return -EINVAL;
	if (size > sizeof few && !(room = mem_alloc(size)))
		return -ENOMEM;
	if (!(e = sets_in(c, &sel, room)) && (e = r = sleep_in(s, call_pselect, &sel)) >= 0 && !(e = sets_out(c, &sel)))
		e = r;
	if (room != few)
		mem_free(room, size);
	return e;
}
long sys_select(struct call *c)
{
	struct sleep s = { .c = c };
	struct { int64_t sec, usec; } tv;
	long e = 0;
	if (c->arg[4] && !(e = arg_get(c, 4, &tv)))
		e = tv.usec >= 0 && tv.usec < 1000000 ? sleep_time(&s, tv.sec, tv.usec * 1000) : -EINVAL;
	return e ? e : select_for(&s);
}
long sys_pselect(struct call *c)
{
	struct sleep s = { .c = c };
	long e = sleep_timespec(&s, 4);
	if (!e)
		e = sleep_mask(&s, 5);
	return e ? e : select_for(&s);
}
