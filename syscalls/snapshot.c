/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's side of a snapshot. The tool (tools/snapshot/) is the same program in another process: it writes a request
 * into snapshot_point, signals, and reads our memory when all is still; see docs/ARCHITECTURE.md. Here threads stop, where a
 * copy of them can begin again:
 *   - between two entries of the machine: nothing of a call is under way (engines/kvm/run.c, loop);
 *   - in a call that only sleeps and has done nothing yet: there, in the host handler. For this process the sleep goes on
 *     with what is left; a copy makes the call anew, and a sleep that counts a time down (thread.left) with what was left.
 * Any other call that sleeps is turned back (SYS_RESTART), which is nothing to a guest, and its thread stops at the first
 * kind of place. One that does not sleep comes there by itself. The signal is sent again and again until all have come.
 *
 * The thread that finds everybody stopped writes the records. Nobody is waited for for ever: a tool that is gone (by) is
 * noticed, and the guest goes on.
 */
#include <linux/prctl.h>
#include <string.h>
#include <time.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>
#include "host.h"
#include "options.h"
#include "thread.h"
#include "pending.h"
#include "snapshot.h"
#include "machine/privilege.h"

struct snapshot_point snapshot_point = { .magic = SNAPSHOT_MAGIC };

#define SECOND 1000000000l
#ifndef MEMBARRIER_CMD_GET_REGISTRATIONS
#define MEMBARRIER_CMD_GET_REGISTRATIONS 512     /* Linux 6.3 */
#endif
#define TIMERS_MOST 1000                 /* numbers that are looked at; the host gives them in order */

void snapshot_start(struct proc *p)
{
	snapshot_point.name = p->opt->name;
	snapshot_point.proc = p;
}
/* --- the records ------------------------------------------------------------------------------------------------------ */
void *snapshot_room(uint32_t kind, size_t size)
{
	struct snapshot_point *s = &snapshot_point;
	size_t whole = sizeof(struct snap_head) + ((size + 7) & ~7ul);
	if (s->state_size + whole > s->state_room) {
		size_t more = MAX(2 * s->state_room, s->state_size + whole + 65536);
		char *bigger = mem_alloc(more);
		if (!bigger)
			return NULL;
		memcpy(bigger, s->state, s->state_size);
		mem_free(s->state, s->state_room);
		s->state = bigger;
		s->state_room = more;
	}
	struct snap_head *h = (struct snap_head *)((char *)s->state + s->state_size);
	memset(h, 0, whole);
	*h = (struct snap_head){ kind, (uint32_t)size };
	s->state_size += whole;
	return h + 1;
}
long snapshot_part(const char *name, const void *from, size_t n)
{
	struct snap_part *p = snapshot_room(SNAP_PART, sizeof *p + n);
	if (!p)
		return -ENOMEM;
	str_copy(p->name, name, sizeof p->name);
	memcpy(p->bytes, from, n);
	return 0;
}
static long refused(const char *why)
{
	str_copy(snapshot_point.why, why, sizeof snapshot_point.why);
	return -ENOTSUP;
}
static void mask_out(uint64_t to[2], sigbits m)
{
	to[0] = (uint64_t)m;
	to[1] = (uint64_t)(m >> 64);
}
static int64_t clock_ns(long clock)
{
	struct timespec ts = { 0 };
	time_now(clock, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}
static long put_kept(struct proc *p)
{
	char text[sizeof ((struct snap_kept *)0)->text];
	if (!p->pers->kept || !p->pers->kept(p, text, sizeof text))
		return 0;
	struct snap_kept *r = snapshot_room(SNAP_KEPT, sizeof *r);
	if (!r)
		return -ENOMEM;
	str_copy(r->text, text, sizeof r->text);
	return 0;
}
static long put_proc(struct proc *p)
{
	const struct space *s = p->space;
	struct snap_proc *r = snapshot_room(SNAP_PROC, sizeof *r);
	struct itimerval it;
	const char *why;

	if (!r)
		return -ENOMEM;
	str_copy(r->pers, p->pers->name, sizeof r->pers);
	str_copy(r->comm, p->comm, sizeof r->comm);
	str_copy(r->exe, p->exe, sizeof r->exe);
	r->pid = alias_told(p->pid);
	r->ppid = alias_told((int)host(SYS_getppid));
	r->monotonic = clock_ns(CLOCK_MONOTONIC);
	r->realtime = clock_ns(CLOCK_REALTIME);
	if (p->pers->machine_saved)      /* what follows is a process's */
		return 0;
	r->osrel = p->osrel, r->setugid = p->setugid, r->argc = s->argc, r->envc = s->envc, r->auxv_len = s->auxv_len;
	r->threads = p->nthreads;
	r->fd_soft = p->fd_soft, r->fd_hard = p->fd_hard;
	r->brk_start = s->brk_start, r->brk_now = s->brk_now, r->brk_max = s->brk_max;
	r->stack_lo = s->stack_lo, r->stack_hi = s->stack_hi, r->args = s->args, r->args_end = s->args_end;
	r->env = s->env, r->env_end = s->env_end, r->auxv = s->auxv, r->ps = s->ps;
	for (int i = 0; i < 3; i++)
		if (!host(SYS_getitimer, i, &it)) {
			const int64_t w[4] = { it.it_interval.tv_sec, it.it_interval.tv_usec, it.it_value.tv_sec, it.it_value.tv_usec };
			memcpy(r->itimer[i], w, sizeof w);
		}
	int on = 0;
	r->dumpable = (int32_t)host(SYS_prctl, PR_GET_DUMPABLE);
	if (!host(SYS_prctl, PR_GET_CHILD_SUBREAPER, &on))
		r->subreaper = on;
	r->no_thp = (int32_t)host(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
	long barriers = host(SYS_membarrier, MEMBARRIER_CMD_GET_REGISTRATIONS, 0, 0);
	r->membarrier = barriers > 0 ? (uint32_t)barriers : 0;
	uint64_t own[ARRAY_LEN(r->own)] = { 0 };
	size_t at = snapshot_point.state_size - sizeof *r;
	_Static_assert(sizeof *r % 8 == 0, "the record ends where the state does");
	why = p->pers->proc_saved ? p->pers->proc_saved(p, own) : NULL;
	r = (struct snap_proc *)((char *)snapshot_point.state + at);     /* the block may have moved */
	memcpy(r->own, own, sizeof own);
	return why ? refused(why) : put_kept(p);
}
static long put_acts(struct proc *p)
{
	for (unsigned sig = 1; sig < ARRAY_LEN(p->act); sig++) {
		const struct sigact *a = &p->act[sig];
		struct snap_act *r;
		if (!a->handler && !a->flags && !a->mask && !a->tramp)
			continue;
		if (!(r = snapshot_room(SNAP_ACT, sizeof *r)))
			return -ENOMEM;
		*r = (struct snap_act){ .sig = sig, .handler = a->handler, .flags = a->flags, .tramp = a->tramp };
		mask_out(r->mask, a->mask);
	}
	return 0;
}
static long put_limits(void)
{
	for (unsigned i = 0; i < RLIMIT_NLIMITS; i++) {
		struct rlimit l;
		struct snap_limit *r;
		if (i == RLIMIT_NOFILE || host(SYS_prlimit64, 0, i, NULL, &l) < 0)
			continue;
		if (!(r = snapshot_room(SNAP_LIMIT, sizeof *r)))
			return -ENOMEM;
		*r = (struct snap_limit){ .which = i, .soft = l.rlim_cur, .hard = l.rlim_max };
	}
	return 0;
}
static void comm_of(struct thread *t, char comm[16])
{
	char path[64];
	fmt(path, sizeof path, "/proc/self/task/%d/comm", t->tid);
	long n = file_read(path, comm, 16);
	if (n > 0 && comm[n - 1] == '\n')
		comm[n - 1] = 0;
}
static long put_task(struct thread *t)
{
	struct snap_task *r = snapshot_room(SNAP_TASK, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->tid = alias_told(t->tid);
	if (host(SYS_sched_getattr, t->tid, &r->sched, sizeof r->sched, 0) < 0 || host(SYS_sched_getaffinity, t->tid, sizeof r->cpus, r->cpus) < 0)
		return refused("has a thread whose scheduling the host does not tell");
	r->ioprio = (int32_t)host(SYS_ioprio_get, 1 /* a thread */, t->tid);
	r->pdeathsig = t->prctls.pdeathsig, r->nnp = t->prctls.nnp, r->keepcaps = t->prctls.keepcaps, r->secure = t->prctls.secure;
	r->slack = t->prctls.slack, r->persona = t->prctls.persona;
	return 0;
}
static long put_thread(struct thread *t)
{
	bool asleep = t->parked == 2;
	struct snap_thread *r = snapshot_room(SNAP_THREAD, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->tid = alias_told(t->tid);
	r->host = t->tid;
	r->poked = t->poked, r->flags = t->flags;
	r->alt_base = t->altstack.base, r->alt_size = t->altstack.size, r->alt_flags = t->altstack.flags;
	r->clear_tid = t->clear_tid, r->robust = t->robust;
	r->regs = t->regs;
	mask_out(r->mask, t->has_savedmask ? t->savedmask : t->sigmask);
	if (asleep) {
		r->regs.rip -= 2;        /* as dispatch does for SYS_RESTART */
		r->regs.rax = t->entry_nr;
		if (t->left) {
			r->left_at = t->regs.rip;
			r->left = t->left->tv_sec * SECOND + t->left->tv_nsec;
			if (t->left_end && t->left->tv_sec < SLEEP_FOREVER)
				r->left = MAX(r->left - clock_ns(CLOCK_MONOTONIC), 0l);
		}
	}
	comm_of(t, r->comm);
	if (t->p->pers->thread_saved)
		t->p->pers->thread_saved(t, r->own);
	return t->p->engine->save ? t->p->engine->save(t, &r->engine) : refused("runs under an engine that cannot be saved");
}
static long put_pending(void *p, int tid, const siginfo_t *si)
{
	struct snap_pending *r = snapshot_room(SNAP_PENDING, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->tid = tid ? alias_told(tid) : 0;
	r->sig = (uint32_t)si->si_signo;
	memcpy(r->info, si, sizeof r->info);
	return 0;
}
/* --- timers: what /proc tells of them, and what is left ---------------------------------------------------------------- */
static const char *word_after(const char *text, const char *name)
{
	size_t n = str_len(name);
	for (; *text; text++)
		if (!str_ncmp(text, name, n))
			return text + n;
	return NULL;
}
static uint64_t hex_of(const char **s)
{
	uint64_t v = 0;
	for (; (**s >= '0' && **s <= '9') || (**s >= 'a' && **s <= 'f'); (*s)++)
		v = v << 4 | (uint64_t)(**s <= '9' ? **s - '0' : **s - 'a' + 10);
	return v;
}
/* "signal: 14/00000000deadbeef", "notify: signal/pid.123" or "none/..." with "/tid." instead, "ClockID: 1" */
static long put_timer(struct proc *p, int id, const char *text)
{
	const char *sig = word_after(text, "signal: "), *how = word_after(text, "notify: "), *clock = word_after(text, "ClockID: ");
	struct snap_timer *r = snapshot_room(SNAP_TIMER, sizeof *r);
	struct itimerspec it;
	uint64_t v;

	if (!r)
		return -ENOMEM;
	if (!sig || !how || !clock || !(sig = str_num(sig, &v)) || host(SYS_timer_gettime, id, &it))
		return refused("has a timer that /proc does not describe");
	r->id = id;
	r->sig = (int)v;
	sig++;
	r->value = hex_of(&sig);
	r->notify = !str_ncmp(how, "none", 4) ? SIGEV_NONE : !str_ncmp(how, "signal", 6) ? SIGEV_SIGNAL : SIGEV_THREAD;
	const char *to = word_after(how, "/tid.");
	if (to && (!str_chr(how, '\n') || to < str_chr(how, '\n'))) {
		r->notify = SIGEV_THREAD_ID;
		r->tid = str_num(to, &v) ? alias_told((int)v) : 0;
	}
	if (!str_num(clock + (*clock == '-'), &v) || *clock == '-')
		return refused("has a timer on a process's or a thread's own clock");
	r->clock = (int)v;
	if (r->sig == p->pers->sig_carrier && r->notify != SIGEV_NONE)
		return refused("has a timer whose signal the host has no number for");
	r->interval[0] = it.it_interval.tv_sec, r->interval[1] = it.it_interval.tv_nsec;
	r->left[0] = it.it_value.tv_sec, r->left[1] = it.it_value.tv_nsec;
	return 0;
}
/* A copy goes on without those that end a while of pace.c's. */
static bool timer_is_ours(struct proc *p, int id)
{
	struct thread *t;
	for (unsigned i = 0; (t = thread_next(p, &i));)
		if (t->pace.timer == id + 1)
			return true;
	return false;
}
static long put_timers(struct proc *p)
{
	char *text = mem_alloc(65536);
	const char *s = text;
	struct itimerspec it;
	long e = 0, n;

	if (!text)
		return -ENOMEM;
	n = file_read("/proc/self/timers", text, 65536);
	if (n >= 65535)
		e = refused("has more timers than are looked at");
	for (int id = 0; n < 0 && !e && id < TIMERS_MOST; id++)  /* a kernel without that file */
		if (!host(SYS_timer_gettime, id, &it))
			e = refused("has a timer, and this host's kernel has no /proc/PID/timers to describe it");
	while (n > 0 && !e && (s = word_after(s, "ID: "))) {
		uint64_t id = 0;
		if (s - 4 == text || s[-5] == '\n')      /* "ClockID: " ends so as well */
			e = str_num(s, &id) && !timer_is_ours(p, (int)id) ? put_timer(p, (int)id, s) : 0;
	}
	mem_free(text, 65536);
	return e;
}
static long put_object(struct proc *p, int fd, struct fdobj *o)
{
	struct snap_object *r = snapshot_room(SNAP_OBJECT, sizeof *r);
	const char *why;
	uint64_t word = 0;
	size_t at = snapshot_point.state_size - sizeof *r;

	if (!r)
		return -ENOMEM;
	r->fd = fd;
	str_copy(r->kind, o->ops->name, sizeof r->kind);
	if (!o->ops->saved)
		return 0;
	if ((why = o->ops->saved(p, fd, o, &word))) {
		fmt(snapshot_point.why, sizeof snapshot_point.why, "has descriptor %d, which %s", fd, why);
		return -ENOTSUP;
	}
	r = (struct snap_object *)((char *)snapshot_point.state + at);   /* the block may have moved */
	r->saved = 1;
	r->word = word;
	return 0;
}
static long put_objects(struct proc *p)
{
	long e = 0;
	for (int fd = 0; fd < p->fd_base && !e; fd++) {
		struct fdobj *o = fd_get(p, fd, NULL);
		e = o ? put_object(p, fd, o) : 0;
	}
	return e;
}
static long refuse_whole(struct proc *p)
{
	if (p->helpers)
		return refused("has asynchronous input or output under way");
	if (p->confined || p->limited)
		return refused("has given up rights (capability mode, limited descriptors), which a copy would have again");
	if (p->opt->policy_fd >= 0)
		return refused("is held to a policy (guise audit), to which a copy would not be held");
	if (virtual_machine)
		return refused("has I/O privilege over virtual devices (--grant io), which are not saved");
	if (!proc_alone(thread_self()) && p->nthreads == 1)
		return refused("shares its memory or its descriptors with another process");
	return 0;
}
static void finish(long e)
{
	struct snapshot_point *s = &snapshot_point;
	if (e && !s->why[0])
		fmt(s->why, sizeof s->why, "cannot be described: %s", error_text(e));
	__atomic_store_n(&s->told, e ? SNAP_REFUSED : SNAP_READY, __ATOMIC_RELEASE);
}
static void write_state(struct proc *p)
{
	struct snapshot_point *s = &snapshot_point;
	struct thread *t;
	long e;

	s->state_size = 0;
	s->why[0] = 0;
	if (p->pers->machine_saved) {
		e = refuse_whole(p);
		if (!e && !(e = put_proc(p)))
			e = p->pers->machine_saved(p);
		finish(e);
		return;
	}
	if (!(e = refuse_whole(p)) && !(e = put_proc(p)) && !(e = put_acts(p)) && !(e = put_limits()) && !(e = pending_each(p, put_pending, p)) &&
	    !(e = put_timers(p)))
		e = put_objects(p);
	for (unsigned i = 0; !e && (t = thread_next(p, &i));)
		if (!t->helper && !(e = put_thread(t)))
			e = put_task(t);
	finish(e);
}
static void ask_itself(struct thread *t)
{
	int sig = 0;
	host(SYS_prctl, PR_GET_PDEATHSIG, &sig);
	t->prctls.pdeathsig = sig;
	t->prctls.nnp = (int32_t)host(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	t->prctls.keepcaps = (int32_t)host(SYS_prctl, PR_GET_KEEPCAPS);
	t->prctls.secure = (int32_t)host(SYS_prctl, PR_GET_SECUREBITS);
	t->prctls.slack = (uint64_t)host(SYS_prctl, PR_GET_TIMERSLACK);
	t->prctls.persona = (uint64_t)host(SYS_personality, 0xffffffff);
}
/* --- stopping ----------------------------------------------------------------------------------------------------------- */
void snapshot_park(struct thread *t, bool asleep)
{
	static const struct timespec nap = { 0, 500000 };
	struct snapshot_point *s = &snapshot_point;
	uint32_t asked;

	ask_itself(t);
	t->parked = asleep ? 2 : 1;
	__atomic_add_fetch(&s->parked, 1, __ATOMIC_SEQ_CST);
	for (unsigned n = 1; snapshot_due(t); n++) {
		asked = SNAP_ASKED;
		if (s->parked == t->p->nthreads && __atomic_compare_exchange_n(&s->told, &asked, SNAP_BUSY, false, __ATOMIC_SEQ_CST,
									       __ATOMIC_RELAXED))
			write_state(t->p);
		else
			host(SYS_nanosleep, &nap, NULL);
		if (n % 512 == 0 && host(SYS_kill, s->by, 0) == -ESRCH)
			s->want = 0;
	}
	__atomic_sub_fetch(&s->parked, 1, __ATOMIC_SEQ_CST);
	t->parked = 0;
}
void snapshot_arrived(struct thread *t, bool outside)
{
	struct thread *other;
	if (!outside || !snapshot_due(t))
		return;
	for (unsigned i = 0; (other = thread_next(t->p, &i));)
		if (other != t && !other->parked)
			carrier_stop(t, other);
}
/* Calls that do nothing but sleep until something is so: made again they mean the same. */
static bool only_sleeps(unsigned nr)
{
	switch (nr) {
	case SYS_nanosleep: case SYS_clock_nanosleep: case SYS_poll: case SYS_ppoll: case SYS_select: case SYS_pselect6:
	case SYS_epoll_wait: case SYS_epoll_pwait: case SYS_epoll_pwait2: case SYS_rt_sigtimedwait: case SYS_rt_sigsuspend:
	case SYS_pause:
		return true;
	}
	return false;
}
/* Whose handler makes the call again itself when no signal is due: it knows what is left of the time. */
static bool handler_goes_on(const struct proc *p, unsigned nr)
{
	return nr == SYS_clock_nanosleep || nr == SYS_rt_sigtimedwait ||
	       (!p->pers->identity && nr != SYS_rt_sigsuspend && nr != SYS_pause);
}
bool snapshot_stop(struct thread *t, long long *g)
{
	char *rip = (char *)g[REG_RIP];
	bool over = rip == wait_after && g[REG_RAX] == -EINTR;

	if (!over && (rip < wait_begin || rip > wait_call))
		return false;
	if (!only_sleeps(t->wait_nr)) {
		g[REG_RIP] = (long long)wait_interrupted;
		return true;
	}
	snapshot_park(t, true);
	if (over && !handler_goes_on(t->p, t->wait_nr)) {
		g[REG_RIP] = (long long)wait_call;
		g[REG_RAX] = t->wait_nr;
		g[REG_RCX] = (long long)wait_after + 1;
	}
	return true;
}
bool sleep_resumed(struct thread *t, struct timespec *left)
{
	bool mine = t->left_at && t->left_at == t->regs.rip;
	t->left_at = 0;
	if (mine)
		*left = (struct timespec){ t->left_ns / SECOND, t->left_ns % SECOND };
	return mine;
}
