/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's side of `guise trace`: what happens becomes records in the thread's ring (ring.h). Whether a call is
 * recorded is one bit; all that is said about it later is said by tools/trace/, in another process, from the rows.
 *
 * A call is two records, so that one that never returns is seen, and where others went on meanwhile. A thread's first
 * record says who it is; the first of a process, how it came to be. Called by dispatch, thread.c, proc.c and signal.c
 * on the thread itself; waits only for room in the ring and, when the run's first process ends, for the trace to be
 * written.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include "observe.h"
#include "cover.h"
#include "entry.h"
#include "policy.h"

enum telling { TELL_NOTHING, TELL_EXIT, TELL_LATE };     /* LATE: there was no room when it began (WANT_LOSSY) */

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
unsigned own_index;                  /* of our personality; it is one for all threads of a process */

unsigned pers_index(const struct personality *p)
{
	const struct personality *const *q = __start_guise_personalities;
	while (q < __stop_guise_personalities && *q != p)
		q++;
	return (unsigned)(q - __start_guise_personalities);      /* MOST_PERS at most: test_tables */
}

/* --- starting --------------------------------------------------------------------------------------------------- */
static void ask(struct proc *p);

static void move_fd(struct proc *p, int *fd, char *text, size_t n)
{
	int high = *fd < 0 ? -1 : fd_ours(p, *fd);
	if (*fd >= 0 && high < 0)
		die("cannot keep the trace or report file away from the guest (error %d): raise ulimit -n", -high);
	*fd = high;
	fmt(text, n, "%d", high);
}
static void join(struct proc *p)
{
	long a = mem_map(p->space, SESSION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, p->opt->trace_fd, 0);
	if (a < 0 && a > -4096)
		die("cannot map %lu MiB to record the trace in (error %ld): raise ulimit -v", SESSION_BYTES >> 20, -a);
	session = (struct session *)a;
	own_index = pers_index(p->pers);
	if (session->magic != RING_MAGIC || session->version != RING_VERSION)
		die("the descriptor given with --trace-fd is no trace of this version of guise");
	p->observed = p->watched = true;
}
static void hello(struct thread *t, unsigned how)
{
	struct proc *p = t->p;
	struct writer w;
	if (!entry_begin(&w, t, EN_HELLO, sizeof(struct en_hello)))
		return;
	struct en_hello *h = entry_head(&w);
	h->pid = p->pid, h->tid = t->tid, h->ppid = p->ppid;
	h->pers = (uint16_t)own_index, h->how = (uint16_t)how;
	h->argc = p->space->argc, h->envc = p->space->envc;
	h->args = p->space->args;
	if (how != HELLO_THREAD)
		capture_hello(&w, p);
	entry_end(&w);
}
/* This thread has a ring of its own in which it said who it is. */
static bool __attribute__((noinline)) introduce(struct thread *t)
{
	unsigned how = t->p->told_pid == t->p->pid ? HELLO_THREAD : t->vforked ? HELLO_VFORK : HELLO_FORK;
	t->p->told_pid = t->p->pid;
	hello(t, how);
	return t->ring != NULL;
}
bool trace_introduced(struct thread *t)
{
	return ring_alive() && ((t->ring && t->ring->tid == t->tid) || introduce(t));
}
void observe_start(struct proc *p)
{
	struct options *o = p->opt;
	struct thread *t = thread_self();

	move_fd(p, &o->trace_fd, o->fd_text[0], sizeof o->fd_text[0]);
	move_fd(p, &o->report_fd, o->fd_text[1], sizeof o->fd_text[1]);
	move_fd(p, &o->trace_end, o->fd_text[2], sizeof o->fd_text[2]);
	move_fd(p, &o->policy_fd, o->fd_text[3], sizeof o->fd_text[3]);
	cover_start(p);
	attach_point.told_all = &p->told_all;
	attach_point.observed = &p->observed;
	if (o->trace_fd < 0 || o->supervised) {  /* or the supervisor writes it (engine ptrace) */
		audit_start(p);
		ask(p);
		return;
	}
	join(p);
	if (!o->again)
		session->main_pid = p->pid;
	p->told_pid = p->pid;
	if (ring_alive())
		hello(t, o->again ? HELLO_EXEC : HELLO_START);
	audit_start(p);
	ask(p);
}
static void in_child(struct proc *p)
{
	struct thread *t = thread_self();
	t->ring = NULL;                  /* the parent's */
	t->telling = TELL_NOTHING;       /* the fork itself is the parent's to tell */
	trace_introduced(t);
}
AT_FORK_IF(in_child, session);

/* Of all others dispatch makes no more than it does without us, and direct calls stay direct. Whoever attaches writes its pid and then
 * told_all: it is seen here, or bars what this lets go. */
static void ask(struct proc *p)
{
	static uint64_t asked[MOST_TABS][MOST_NRS / 64];
	_Static_assert(sizeof asked[0] == sizeof *p->asked, "as dispatch reads it");
	bool told = ring_alive();

	p->asked = asked;
	if (!told && !policy && !p->observed)
		return;
	for (unsigned t = 0; t < MOST_TABS; t++)
		for (unsigned i = 0; i < MOST_NRS / 64; i++)
			asked[t][i] = (told ? session->watch[own_index][t][i] : 0) |
				      (policy ? policy->touch[own_index][t][i] | policy->result[own_index][t][i] : 0);
	direct_close(asked[0]);
	p->told_all = p->opt->cover != NULL;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (attach_point.pid)                    /* not or'ed: the tracer may write it now */
		p->told_all = true;
}

/* --- one call --------------------------------------------------------------------------------------------------- */
static uint64_t cpu_time(void)
{
	struct timespec ts;
	return host(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &ts) < 0 ? 0 : (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
static void take_cpu(struct writer *w, uint64_t ns)
{
	struct piece *p = entry_piece(w, PIECE_CPU, 0, sizeof ns);
	if (p)
		memcpy(p->bytes, &ns, sizeof ns);
}
/* Most calls need nothing of the memory, find their ring ready and room in it: their records are a few stores. false: not this one. */
EACH_CALL char *quick_begin(struct thread *t, size_t size, uint64_t type)
{
	struct ring *r = t->ring;
	if (session->drainer & FUTEX_OWNER_DIED || !ring_is_own(t))
		return NULL;
	uint64_t pos = r->head, from = pos & (RING_BYTES - 1);
	if (from + size > RING_BYTES || pos + size - r->seen > RING_BYTES)
		return NULL;
	struct entry *e = (void *)(ring_bytes(r) + from);
	*(uint64_t *)e = type << 32 | size;
	e->time = ring_time();
	return (char *)e;
}
_Static_assert(offsetof(struct entry, type) == 4 && offsetof(struct entry, pieces) == 6, "written at once");
_Static_assert(offsetof(struct en_enter, tab) == offsetof(struct en_enter, nr) + 4 && offsetof(struct en_enter, n) == offsetof(struct en_enter, nr) + 6, "as these");
EACH_CALL bool quick_enter(struct call *c)
{
	struct thread *t = c->t;
	plan p = capture_plan(c);
	size_t n = plan_registers(p), size = sizeof(struct en_enter) + n * 8;
	struct en_enter *e;

	if (p & PLAN_IN || session->want & (WANT_CPU | WANT_STACK) || !(e = (void *)quick_begin(t, size, EN_ENTER)))
		return false;
	*(uint64_t *)&e->nr = c->nr | (uint64_t)(c->tab & 0xff) << 32 | n << 48;
	e->rip = t->regs.rip;
	for (size_t i = 0; i < n; i += 2)
		e->raw[i] = c->raw[i], e->raw[i + 1] = c->raw[i + 1];
	ring_publish(t->ring, ring_bytes(t->ring), t->ring->head + size);
	t->telling = TELL_EXIT;
	return true;
}
EACH_CALL bool quick_exit(struct call *c, plan p)
{
	struct thread *t = c->t;
	struct en_exit *e;

	if ((c->rv >= 0 && p & PLAN_OUT) || session->want & WANT_CPU || !(e = (void *)quick_begin(t, sizeof *e, EN_EXIT)))
		return false;
	e->rv = c->rv;
	e->rv2 = c->row && c->row->ret == R_PAIR ? c->rv2 : 0;
	ring_publish(t->ring, ring_bytes(t->ring), t->ring->head + sizeof *e);
	t->telling = TELL_NOTHING;
	return true;
}
bool trace_enter(struct call *c, bool late)
{
	struct thread *t = c->t;
	struct writer w;
	plan p = capture_plan(c);
	unsigned n = plan_registers(p);
	uint64_t cpu = session->want & WANT_CPU ? cpu_time() : 0;        /* before the call's time begins */
	if (!record_begin(&w, t, EN_ENTER, sizeof(struct en_enter) + n * 8))
		return false;
	struct en_enter *e = entry_head(&w);
	e->nr = c->nr, e->tab = (uint8_t)c->tab, e->late = late, e->n = (uint16_t)n;
	e->rip = t->regs.rip;
	for (unsigned i = 0; i < n; i += 2)
		e->raw[i] = c->raw[i], e->raw[i + 1] = c->raw[i + 1];
	if (cpu)
		take_cpu(&w, cpu);
	if (p & PLAN_IN)
		capture_in(&w, c, p);
	if (session->want & WANT_STACK)
		capture_stack(&w, c);
	record_end(&w);
	return true;
}
static void enter(struct call *c, bool late)
{
	if (trace_enter(c, late))
		c->t->telling = TELL_EXIT;
}
void observe_sites(unsigned rewritten, unsigned left)
{
	if (!session)
		return;
	__atomic_add_fetch(&session->rewritten, rewritten, __ATOMIC_RELAXED);
	__atomic_add_fetch(&session->left, left, __ATOMIC_RELAXED);
}
void trace_begin(struct call *c, bool late)
{
	if (c->t->telling == TELL_NOTHING && trace_introduced(c->t))
		enter(c, late);
}
static void attach(struct thread *t)
{
	unsigned rewritten = 0, left = 0;

	own_index = pers_index(t->p->pers);      /* before there is a session, which others ask by it */
	if (attach_take(t)) {
		if (t->p->engine->count)
			t->p->engine->count(&rewritten, &left);
		observe_sites(rewritten, left);
		capture_forget();
		t->p->watched = true;
		t->p->told_pid = t->p->pid;
		ask(t->p);
		t->ring = NULL;
		hello(t, HELLO_ATTACH);
	} else {
		ask(t->p);
		if (!session && !policy && !t->p->opt->cover)
			t->p->observed = false;
	}
}
bool observe_enter(struct call *c)
{
	struct thread *t = c->t;

	if (__builtin_expect(t->p->told_all, 0)) {
		cover_enter(c);
		if (attach_point.pid)
			attach(t);
	}
	if (policy && nr_in(&policy->touch, own_index, c->tab, c->nr) && audit_enter(c))
		return true;
	if (!session || !nr_in(&session->watch, own_index, c->tab, c->nr))
		return false;
	if (!(session->n_injections | (session->want & WANT_LOSSY)) && quick_enter(c))
		return false;
	if (!trace_introduced(t)) {
		if (!ring_alive())       /* who asked is gone */
			ask(t->p);
		return false;
	}
	bool answered = session->n_injections && nr_in(&session->touch, own_index, c->tab, c->nr) && inject_before(c);
	if (session->want & WANT_LOSSY && ring_tight(t) && c->row && c->row->ret != R_NOTHING)
		t->telling = TELL_LATE;
	else
		enter(c, false);
	return answered;
}
static bool is_rare(const struct call *c)
{
	return c->rv < 0 || c->row->ret == R_PID || c->row->ret == R_NOTHING;
}
void observe_exit(struct call *c)
{
	struct thread *t = c->t;
	struct writer w;

	if (__builtin_expect(t->p->told_all, 0))
		cover_exit(c);
	if (policy && (t->judging || nr_in(&policy->result, own_index, c->tab, c->nr)))
		audit_exit(c);
	if (!(t->telling | t->injected))
		return;
	uint32_t injected = t->injected;
	plan p = capture_plan(c);
	if (t->telling == TELL_EXIT && !injected && quick_exit(c, p))
		return;
	if (injected)
		inject_after(c);
	if (t->telling == TELL_LATE && is_rare(c))
		enter(c, true);
	else if (t->telling == TELL_LATE)
		t->ring->dropped++;
	if (t->telling == TELL_EXIT && record_begin(&w, t, injected ? EN_INJECTED : EN_EXIT, sizeof(struct en_exit))) {
		struct en_exit *e = entry_head(&w);
		e->rv = c->rv;
		e->rv2 = c->row && c->row->ret == R_PAIR ? c->rv2 : 0;
		if (session->want & WANT_CPU)    /* its time has ended already */
			take_cpu(&w, cpu_time());
		if (c->rv >= 0 && p & PLAN_OUT)
			capture_out(&w, c, p);
		record_end(&w);
	}
	t->telling = TELL_NOTHING;
}
/* What observes goes on in the next image only if that is ours; a failed exec leaves it so, the next decides anew. */
static void keep(int fd, bool foreign)
{
	if (fd >= 0)
		host(SYS_fcntl, fd, F_SETFD, foreign ? 0 : FD_CLOEXEC);
}
void observe_exec(struct thread *t, bool foreign)
{
	keep(t->p->opt->trace_fd, foreign);
	keep(t->p->opt->report_fd, foreign);
	keep(t->p->opt->trace_end, foreign);
	keep(t->p->opt->policy_fd, foreign);
	report_end(t);
	cover_exec(t);
}

/* --- what is not a call ----------------------------------------------------------------------------------------- */
void observe_signal(struct thread *t, const struct sigpend *pd)
{
	struct writer w;
	if (!session || !(session->want & WANT_SIGNALS) || !trace_introduced(t) || !entry_begin(&w, t, EN_SIGNAL,
		sizeof(struct en_signal)))
		return;
	struct en_signal *s = entry_head(&w);
	s->sig = pd->sig;
	s->info = pd->info;
	entry_end(&w);
}
void observe_end(struct thread *t, int status, bool whole)
{
	struct writer w;

	if (!session)
		return;
	whole |= t->p->nthreads == 1;    /* its last thread */
	if (trace_introduced(t) && entry_begin(&w, t, EN_END, sizeof(struct en_end))) {
		struct en_end *e = entry_head(&w);
		e->status = status;
		e->whole = whole;
		entry_end(&w);
	}
	if (whole && t->p->pid == session->main_pid && !t->vforked)
		ring_flush();
	ring_leave(t);
	t->telling = TELL_NOTHING;
}
