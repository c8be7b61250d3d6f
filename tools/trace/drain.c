/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The drainer: reads all rings in the order of time, again and again, until nobody of the run is left. Where several
 * threads record at once, records of the last moment wait for the next round, so that one that was begun earlier but
 * finished later can still take its place.
 *
 * It sleeps on the session's bell: while things happen it is only called when a ring is half full, after a while of
 * silence at the next record. A second thread waits for what a futex cannot tell: processes that end, and the end of
 * the pipe.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "tools/trace/trace.h"

#define HOLD_NS 200000                   /* how long a record may wait for an earlier one of another thread */

static struct session *s;
static struct raw *raw;
static struct clock now;
static int watch_fd;
static volatile bool over, stopping;
bool supervisor_lost;
static const int *asked;              /* -p: who is to join */
static unsigned n_asked;
static int own_end = -1;
static struct { int pid; volatile bool gone; int fd; } watched[RINGS];
static volatile unsigned n_watched;

static void futex_wake(volatile uint32_t *w) { syscall(SYS_futex, w, FUTEX_WAKE, 1 << 30, NULL, NULL, 0); }
static void ring_bell(void)
{
	__atomic_add_fetch(&s->bell, 1, __ATOMIC_SEQ_CST);
	futex_wake(&s->bell);
}

/* --- who ends ----------------------------------------------------------------------------------------------------- */
static void *watcher(void *unused)
{
	struct epoll_event e;
	for (;;) {
		int n = epoll_wait(watch_fd, &e, 1, -1);
		if (n < 1)
			continue;
		/* before it is told: its place may be another's at once */
		epoll_ctl(watch_fd, EPOLL_CTL_DEL, e.data.u32 == ~0u ? (int)(e.data.u64 >> 32) : watched[e.data.u32].fd, NULL);
		if (e.data.u32 == ~0u)
			over = true;
		else
			watched[e.data.u32].gone = true;
		ring_bell();
		if (over)
			return NULL;
	}
}
/* Before the first process goes on: it may be gone, and waited for, before anything of it is read. */
static int first_pid, first_fd = -1;
void drain_first(int pid)
{
	first_pid = pid;
	first_fd = (int)syscall(SYS_pidfd_open, pid, 0);
}
static void watch_process(int pid)
{
	unsigned i = 0;
	struct epoll_event e = { .events = EPOLLIN };

	for (i = 0; i < n_watched; i++)
		if (watched[i].pid == pid)
			return;
	for (i = 0; i < n_watched && watched[i].pid; i++)
		;
	if (i == RINGS)
		return;
	watched[i].pid = pid;
	watched[i].gone = false;
	watched[i].fd = pid == first_pid ? first_fd : (int)syscall(SYS_pidfd_open, pid, 0);
	first_pid = pid == first_pid ? 0 : first_pid;
	if (i == n_watched)
		n_watched = i + 1;
	e.data.u32 = i;
	if (watched[i].fd < 0)
		watched[i].gone = true;
	else if (epoll_ctl(watch_fd, EPOLL_CTL_ADD, watched[i].fd, &e) < 0)
		watched[i].pid = 0;
}
/* How it ended, as en_end tells it: from the zombie, or (Linux 6.15) from the pidfd of one that was waited for. */
struct pidfd_info { uint64_t mask, cgroupid; uint32_t ids[11]; int32_t exit_code; uint32_t more[16]; };
#define PIDFD_GET_INFO_ _IOWR(0xff, 11, char[64])
#define PIDFD_INFO_EXIT_ 8

static int status_of(int wstatus) { return wstatus & 0x7f ? 0x100 | (wstatus & 0x7f) : wstatus >> 8 & 0xff; }
static int exit_status_now(unsigned i)
{
	struct pidfd_info info = { .mask = PIDFD_INFO_EXIT_ };
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", watched[i].pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	close(fd);
	if (n > 0) {
		text[n] = 0;
		char *state = strrchr(text, ')'), *last = strrchr(text, ' ');
		if (state && last && (state[2] == 'Z' || state[2] == 'X'))
			return status_of(atoi(last + 1));
	}
	if (watched[i].fd >= 0 && !ioctl(watched[i].fd, PIDFD_GET_INFO_, &info) && info.mask & PIDFD_INFO_EXIT_)
		return status_of(info.exit_code);
	return -1;
}
/* It ends at this moment: where neither knows yet, a little later one does. */
static int exit_status(unsigned i)
{
	int status = exit_status_now(i);
	for (int again = 0; status < 0 && watched[i].fd >= 0 && again < 200; again++) {
		usleep(1000);
		status = exit_status_now(i);
	}
	return status;
}
static void reap(unsigned i)
{
	int pid = watched[i].pid;
	struct process *p = process_find(pid);
	if (p || raw) {
		int status = p ? exit_status(i) : -1;
		struct { struct en_end e; } end = { { .r = { sizeof end, EN_END, 0, now.t1 }, .status = status, .whole = 1 } };
		for (unsigned k = 0; p && raw && k < s->top; k++)
			if (ring_at(s, k)->pid == pid && ring_at(s, k)->state == RING_USED) {
				raw_entry(raw, k, &end.e.r, &now);
				break;
			}
		events_gone(pid, status, now.ns1);
	}
	for (unsigned k = 0; k < s->top; k++) {
		struct ring *r = ring_at(s, k);
		if (r->pid == pid && r->state == RING_USED && r->head == r->tail)
			r->state = RING_FREE;
	}
	if (watched[i].fd >= 0)
		close(watched[i].fd);
	watched[i].pid = 0;
}

/* The pipe ends a moment before its last holders do. */
static void wait_for_ends(void)
{
	for (unsigned i = 0; i < n_watched; i++) {
		if (!watched[i].pid)
			continue;
		if (watched[i].fd >= 0)
			poll(&(struct pollfd){ .fd = watched[i].fd, .events = POLLIN }, 1, 1000);
		reap(i);
	}
}

/* --- one round ---------------------------------------------------------------------------------------------------- */
static struct source { unsigned ring; uint64_t pos, end; } from[RINGS];

static const struct entry *at(const struct source *f)
{
	return (const void *)(ring_data(s, f->ring) + (f->pos & (RING_BYTES - 1)));
}
static void took(struct source *f)
{
	struct ring *r = ring_at(s, f->ring);
	__atomic_store_n(&r->tail, f->pos, __ATOMIC_SEQ_CST);
	if (r->waiting) {
		r->waiting = 0;
		futex_wake(&r->waiting);
	}
}
static void give(struct source *f)
{
	const struct entry *e = at(f);
	uint32_t size = e->size;
	if (e->type == EN_HELLO)
		watch_process(((const struct en_hello *)e)->pid);
	if (raw)
		raw_entry(raw, f->ring, e, &now);
	if (events_heard(e->type))
		events_feed(f->ring, e, clock_ns(&now, e->time));
	f->pos += size;
}
/* Calls that a full ring had no room for (WANT_LOSSY). */
static void tell_dropped(unsigned i)
{
	struct ring *r = ring_at(s, i);
	uint64_t n = r->dropped - r->told;
	if (!n)
		return;
	struct en_dropped d = { .r = { sizeof d, EN_DROPPED, 0, now.t1 }, .n = n };
	r->told += n;
	if (raw)
		raw_entry(raw, i, &d.r, &now);
	events_feed(i, &d.r, now.ns1);
}
static unsigned sources(void)
{
	unsigned n = 0, top = s->top;
	for (unsigned i = 0; i < top; i++) {
		struct ring *r = ring_at(s, i);
		if (r->state == RING_FREE)
			continue;
		uint64_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
		if (head != r->tail)
			from[n++] = (struct source){ i, r->tail, head };
	}
	return n;
}
static void damaged(struct source *f)
{
	static bool told;
	if (!told)
		dprintf(2, "guise: trace: process %d wrote over what was recorded of it: something is missing\n", ring_at(s,
			f->ring)->pid);
	told = true;
	f->pos = f->end;
}
/* Pads have no time: they are stepped over first. What comes is a record. */
static bool step_over(struct source *f)
{
	while (f->pos != f->end) {
		const struct entry *e = at(f);
		size_t room = MIN(f->end - f->pos, RING_BYTES - (f->pos & (RING_BYTES - 1)));
		if (f->end - f->pos > RING_BYTES || (e->type == EN_PAD ? e->size != room && (e->size < 16 || e->size > room) :
			!entry_fits(e, room))) {
			damaged(f);
			break;
		}
		if (e->type != EN_PAD)
			return true;
		f->pos += e->size;
	}
	return false;
}
static uint64_t round_to(uint64_t until)
{
	unsigned n = sources();
	uint64_t done = 0;

	for (unsigned i = 0; i < n; i++)
		step_over(&from[i]);
	for (;;) {
		struct source *first = NULL;
		uint64_t best = until, second = until;
		for (unsigned i = 0; i < n; i++) {
			uint64_t t = from[i].pos != from[i].end ? at(&from[i])->time : ~0ull;
			if (t < best || (t == best && !first && t != ~0ull))
				second = best, best = t, first = &from[i];
			else if (t < second)
				second = t;
		}
		if (!first)
			break;
		unsigned run = 0;
		do {
			give(first);
			done++;
			if (++run % 64 == 0)
				took(first);
		} while (step_over(first) && at(first)->time <= second);
		took(first);
	}
	for (unsigned i = 0; i < n; i++)
		took(&from[i]);
	return done;
}
static void leave_rings(void)
{
	for (unsigned i = 0; i < s->top; i++) {
		struct ring *r = ring_at(s, i);
		tell_dropped(i);
		if (r->state == RING_LEFT && __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) == r->tail)
			__atomic_store_n(&r->state, RING_FREE, __ATOMIC_RELEASE);
	}
}
static unsigned writers(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->top; i++)
		n += ring_at(s, i)->state == RING_USED;
	return n;
}

/* --- forever ------------------------------------------------------------------------------------------------------ */
static void rest(uint32_t bell, unsigned idle)
{
	struct timespec ms = { 0, idle < 3 ? 1000000 : 10000000 };
	bool deep = idle > 10;
	__atomic_store_n(&s->asleep, deep ? 1 : 2, __ATOMIC_SEQ_CST);
	bool seen = deep && !syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	if (!deep || !sources())
		syscall(SYS_futex, &s->bell, FUTEX_WAIT, bell, seen ? NULL : &ms, NULL, 0);
	__atomic_store_n(&s->asleep, 0, __ATOMIC_SEQ_CST);
}
static void first_readings(void)
{
	struct timespec ts;
	clock_read(&now, s->tsc);
	clock_gettime(CLOCK_REALTIME, &ts);
	wall_offset = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec - (int64_t)now.ns1;
	usleep(2000);
	clock_read(&now, s->tsc);
}
void drain_attached(const int *pid, unsigned n, int end)
{
	asked = pid;
	n_asked = n;
	own_end = end;
}
void drain_stop(int sig)
{
	stopping = true;
	if (s)
		ring_bell();
}
void drain_fail(void)
{
	if (s)
		s->drainer |= FUTEX_OWNER_DIED;
}
bool drain_asked(unsigned ring, uint32_t asked) { return ring_at(s, ring)->asked == asked; }
void drain_answer(unsigned ring, uint32_t asked, bool yes)
{
	struct ring *r = ring_at(s, ring);
	__atomic_store_n(&r->answer, asked << 1 | yes, __ATOMIC_SEQ_CST);
	futex_wake(&r->answer);
}
static bool is_gone(int pid)
{
	for (unsigned i = 0; i < n_watched; i++)
		if (watched[i].pid == pid)
			return watched[i].gone;
	return true;
}
/* Our own end of the pipe is there for those who have not joined yet. */
static void let_go(void)
{
	for (unsigned i = 0; i < n_asked; i++)
		if (!process_find(asked[i]) && !is_gone(asked[i]))
			return;
	if (own_end >= 0)
		close(own_end);
	own_end = -1;
}
/* Everything is told; once more only what a straggler adds. */
static void finish(const struct clock *now)
{
	struct en_sites e = { { sizeof e, EN_SITES, 0, now->t1 }, s->rewritten, s->left, 0 };

	if (s->supervisor & FUTEX_OWNER_DIED && !supervisor_lost) {
		supervisor_lost = true;
		dprintf(2, "guise: the supervisor was killed, and all that it watched with it\n");
	}
	events_feed(0, &e.r, now->ns1);
	events_finish(now->ns1);
	if (raw) {
		raw_entry(raw, 0, &e.r, now);
		raw_finish(raw, now);
	}
}
static bool begin(int end_fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)(unsigned)end_fd << 32 | ~0u };
	pthread_t other;

	events_begin();
	watch_fd = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(watch_fd, EPOLL_CTL_ADD, end_fd, &e);
	if (pthread_create(&other, NULL, watcher, NULL))
		return false;
	first_readings();
	for (unsigned i = 0; i < n_asked; i++)
		watch_process(asked[i]);
	if (first_pid)
		watch_process(first_pid);
	return true;
}
/* What is recorded so far, but for the last moment, unless all of it is wanted or somebody has ended: who had ended before
 * is told to have after what he did. How many records there were. */
static uint64_t read_rings(bool all)
{
	bool ended[RINGS];
	unsigned n_ended = n_watched;

	for (unsigned i = 0; i < n_ended; i++) {
		ended[i] = watched[i].pid && watched[i].gone;
		all |= ended[i];
	}
	clock_read(&now, s->tsc);
	uint64_t hold = now.tsc ?
		(uint64_t)((unsigned __int128)HOLD_NS * (now.t1 - now.t0 + 1) / (now.ns1 - now.ns0 + 1)) : HOLD_NS;
	uint64_t n = round_to(all ? ~0ull : now.t1 - hold);
	for (unsigned i = 0; i < n_ended; i++)
		if (ended[i])
			reap(i);
	leave_rings();
	return n;
}
/* Somebody waits until all that was recorded before is written. */
static void flushed(uint32_t asked_for)
{
	if (asked_for == s->flushed)
		return;
	if (!processes_alive())
		finish(&now);
	s->flushed = asked_for;
	futex_wake(&s->flushed);
}
static void drain_all(void)
{
	for (unsigned idle = 0;;) {
		uint32_t bell = s->bell, flush = s->flush;
		if (stopping)            /* -p, and enough was seen: those who record stop now */
			s->drainer |= FUTEX_OWNER_DIED;
		bool last = over || stopping;
		uint64_t n = read_rings(last || flush != s->flushed || writers() < 2);
		if (n_asked)
			let_go();
		if (raw)
			raw_flush(raw, &now);
		events_flush();
		flushed(flush);
		if (last && !n)
			return;
		idle = n ? 0 : idle + 1;
		if (!last)
			rest(bell, idle);
	}
}
int drain(struct session *session_, int end_fd, struct raw *raw_)
{
	s = session_;
	raw = raw_;
	if (!begin(end_fd))
		return 1;
	drain_all();
	if (!stopping)
		wait_for_ends();
	finish(&now);
	if (s->unheard)
		dprintf(2, "guise: trace: %u threads are not in the trace: more than %u at once\n", s->unheard, RINGS);
	return 0;
}
