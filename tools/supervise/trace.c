/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise trace --supervised: the same records that a guest's thread writes of itself (syscalls/observe/trace.c), written
 * here, by the same code (ring.c, capture.c), into memory that no guest has. A thread stands here as a shadow of it: its
 * registers at the call, and a process that knows its system; its memory is read from outside (mem_far).
 *
 * What differs from a trace that the guest's own thread writes: the call's arguments are read when it is made, before we
 * have changed anything; of one that ends in a handler of the guest's the result is not known; numbers of signals are the
 * host's (those without one are not told); a call past the translator is told as what it is.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "engines/witness.h"
#include "host.h"
#include "observe/entry.h"
#include "observe/observe.h"
#include "observe/rules.h"
#include "tools/supervise/trace.h"

struct shadow_proc { struct proc proc; struct space space; bool told, ending, ended, execed, inherited; };
struct shadow {
	struct thread thread;
	struct call call;
	uint64_t next;           /* where the call returns to */
	bool open, introduced;
};
static bool begun;

bool trace_start(void)
{
	void *m = fcntl(FD_TRACE, F_GETFD) < 0 ? MAP_FAILED :
		  mmap(NULL, SESSION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, FD_TRACE, 0);

	close(FD_TRACE);
	if (m == MAP_FAILED)
		return false;
	session = m;
	session_hold(&session->supervisor);
	return true;
}
void trace_over(void)
{
	if (!session)
		return;
	ring_flush();
	session->supervisor = 0;
}

/* --- shadows ------------------------------------------------------------------------------------------------------ */
static struct shadow_proc *proc_of(struct guest *g)
{
	if (!g->trace && !(g->trace = calloc(1, sizeof(struct shadow_proc))))
		abort();
	return g->trace;
}
static struct shadow *shadow_of(struct task *t)
{
	struct shadow *s = t->trace;
	if (!s && !(s = t->trace = calloc(1, sizeof *s)))
		abort();
	s->thread.self = &s->thread;
	s->thread.p = &proc_of(t->guest)->proc;
	s->thread.tid = t->tid;
	s->call.t = &s->thread;
	return s;
}
/* Its program and arguments, which its memory tells: they are for show. */
static void take_image(struct task *t, struct shadow_proc *p)
{
	uint64_t at = 0, proc = t->guest->proc;
	p->proc.space = &p->space;
	if (!proc || !far_read(t->tid, proc + offsetof(struct proc, exe), p->proc.exe, sizeof p->proc.exe))
		strcpy(p->proc.exe, "?");
	p->proc.exe[sizeof p->proc.exe - 1] = 0;
	if (!proc || !far_read(t->tid, proc + offsetof(struct proc, space), &at, 8) ||
	    !far_read(t->tid, at, &p->space, sizeof p->space))
		memset(&p->space, 0, sizeof p->space);
	if (!proc || !far_read(t->tid, proc + offsetof(struct proc, fd_base), &p->proc.fd_base, 4))
		p->proc.fd_base = 1 << 30;
}
static void hello(struct task *t, struct shadow *s, unsigned how)
{
	struct shadow_proc *p = proc_of(t->guest);
	struct writer w;

	p->told = true;
	s->introduced = true;
	p->proc.pers = t->guest->strange ? host_personality() : t->guest->pers;
	p->proc.pid = t->guest->pid;
	p->proc.ppid = (int)status_number(t->tid, "PPid:");
	if (how != HELLO_THREAD && (how != HELLO_FORK || !p->inherited))
		take_image(t, p);
	if (!entry_begin(&w, &s->thread, EN_HELLO, sizeof(struct en_hello)))
		return;
	struct en_hello *h = entry_head(&w);
	h->pid = p->proc.pid, h->tid = t->tid, h->ppid = p->proc.ppid;
	h->pers = (uint16_t)pers_index(p->proc.pers), h->how = (uint16_t)how;
	h->argc = p->space.argc, h->envc = p->space.envc;
	h->args = p->space.args;
	if (how != HELLO_THREAD)
		capture_hello(&w, &p->proc);
	entry_end(&w);
}
/* A child has its parent's program: it is not asked, it could lie. */
void trace_born(struct guest *child, const struct guest *parent)
{
	const struct shadow_proc *from = parent->trace;
	if (!session || !from || !from->told || child == parent)
		return;
	struct shadow_proc *p = proc_of(child);
	memcpy(p->proc.exe, from->proc.exe, sizeof p->proc.exe);
	p->proc.fd_base = from->proc.fd_base;
	p->space = from->space;
	p->proc.space = &p->space;
	p->inherited = true;
	child->pers = parent->pers;
}
/* It has told who it is; false: nobody knows yet whose program it runs. */
static bool introduced(struct task *t)
{
	struct shadow *s = shadow_of(t);
	struct shadow_proc *p = proc_of(t->guest);

	decode_from(t->tid, NULL);
	if (!ring_alive() || (!guest_personality(t) && !t->guest->strange))
		return false;
	if (!s->introduced) {
		if (!begun)
			session->main_pid = t->guest->pid;
		hello(t, s, !begun ? HELLO_START : p->execed ? HELLO_EXEC : p->told ? HELLO_THREAD : HELLO_FORK);
		begun = true;
		p->execed = false;
	}
	decode_from(t->tid, &p->proc);
	return s->thread.ring != NULL;
}
void trace_exec(struct task *t)
{
	if (!session)
		return;
	shadow_of(t)->thread.ring = NULL;        /* the new image has another: the call that made it is told from this one */
	shadow_of(t)->introduced = false;
	shadow_of(t)->open = false;
	proc_of(t->guest)->execed = true;
	proc_of(t->guest)->ended = proc_of(t->guest)->ending = false;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */
void trace_call(struct task *t, const struct user_regs_struct *r)
{
	if (!session || !introduced(t))
		return;
	struct shadow *s = shadow_of(t);
	struct call *c = &s->call;
	s->thread.regs = (struct regs){
		.rax = r->orig_rax, .rbx = r->rbx, .rcx = r->rip, .rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi, .rbp = r->rbp,
		.rsp = r->rsp, .r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->eflags, .r12 = r->r12, .r13 = r->r13,
		.r14 = r->r14, .r15 = r->r15, .rip = r->rip, .rflags = r->eflags,
	};
	s->next = r->rip;
	s->thread.p->pers->fetch(&s->thread, c);
	row_find(c);
	own_index = pers_index(s->thread.p->pers);
	bool judged = policy && (nr_in(&policy->touch, own_index, c->tab, c->nr) || nr_in(&policy->result, own_index, c->tab, c->nr));
	s->open = (judged || nr_in(&session->watch, own_index, c->tab, c->nr)) && trace_enter(c, false);
}
struct call *trace_current(struct task *t)
{
	struct shadow *s = t->trace;
	if (!session || !s || !s->thread.p->pers)
		return NULL;
	decode_from(t->tid, s->thread.p);
	own_index = pers_index(s->thread.p->pers);
	return &s->call;
}
struct call *trace_open(struct task *t)
{
	struct shadow *s = t->trace;
	return s && s->open ? trace_current(t) : NULL;
}
static void result_of(struct call *c, const struct regs *g)
{
	const struct personality *p = c->t->p->pers;
	c->rv = result_in_host_terms(p, (int64_t)g->rax, !p->identity && g->rflags & 1);
	c->rv2 = (long)g->rdx;
}
struct call *trace_back(struct task *t, const struct regs *g)
{
	if (!session || !introduced(t))
		return NULL;
	struct shadow *s = shadow_of(t);
	struct call *c = trace_open(t);
	if (c && g->rip == s->next)
		result_of(c, g);
	else if (c)
		c->rv = g->rip == s->next - 2 ? SYS_RESTART : SYS_NORETURN;
	return c;
}
struct call *trace_begin_now(struct task *t)
{
	struct call *c = t->call ? trace_current(t) : NULL;
	if (c && !trace_open(t))
		shadow_of(t)->open = trace_enter(c, false);
	return trace_open(t);
}
void trace_close(struct task *t)
{
	struct call *c = trace_open(t);
	struct shadow *s = t->trace;
	struct writer w;

	if (!c)
		return;
	s->open = false;
	if (!entry_begin(&w, &s->thread, EN_EXIT, sizeof(struct en_exit)))
		return;
	struct en_exit *e = entry_head(&w);
	e->rv = c->rv;
	e->rv2 = c->row && c->row->ret == R_PAIR ? c->rv2 : 0;
	plan p = capture_plan(c);
	if (c->rv >= 0 && p & PLAN_OUT)
		capture_out(&w, c, p);
	entry_end(&w);
}
long trace_verdict(struct task *t, const struct found *f, const char *path, const struct sockaddr_storage *ss)
{
	struct shadow *s = shadow_of(t);
	struct writer w;
	uint32_t asked = 0;

	if (!entry_begin(&w, &s->thread, EN_VERDICT, sizeof(struct en_verdict)))
		return -1;
	if (f->verdict == V_ASK)
		asked = s->thread.ring->asked = ((s->thread.ring->answer >> 1) + 1) & 0x3fffffff;
	struct en_verdict *v = entry_head(&w);
	v->rule = f->rule, v->verdict = (uint16_t)f->verdict, v->err = (uint16_t)f->err, v->asked = asked;
	v->uid = rule_uid(&s->thread);
	size_t n = path ? strlen(path) + 1 : 0;
	struct piece *x = n ? entry_piece(&w, PIECE_MEM, 0, n) : NULL;
	if (x)
		memcpy(x->bytes, path, n);
	if (ss && (x = entry_piece(&w, PIECE_SOCK, 0, sizeof *ss)))
		memcpy(x->bytes, ss, sizeof *ss);
	entry_end(&w);
	return asked;
}
long trace_answer(struct task *t, uint32_t asked)
{
	struct ring *r = shadow_of(t)->thread.ring;
	if (!r || !ring_alive())
		return 0;
	if (r->answer >> 1 != asked)
		return -1;
	r->asked = 0;
	return r->answer & 1;
}
void trace_unasked(struct task *t)
{
	struct shadow *s = t->trace;
	if (s && s->thread.ring)
		s->thread.ring->asked = 0;
}
void trace_host(struct task *t, const struct seen *seen)
{
	struct writer w;
	if (!session || !introduced(t))
		return;
	struct shadow *s = shadow_of(t);
	struct proc linux_proc = { .pers = host_personality(), .fd_base = 1 << 30 };
	struct thread thread = s->thread;
	struct call c = { .t = &thread, .nr = seen->nr };
	thread.p = &linux_proc;
	decode_from(t->tid, &linux_proc);
	memcpy(c.raw, seen->arg, sizeof seen->arg);
	row_find(&c);
	if (entry_begin(&w, &s->thread, EN_PAST, sizeof(struct en_past))) {
		struct en_past *e = entry_head(&w);
		e->nr = seen->nr;
		e->pad = 0;
		e->ip = seen->ip;
		memcpy(e->raw, seen->arg, sizeof e->raw);
		plan p = capture_plan(&c);
		if (p & PLAN_IN)
			capture_in(&w, &c, p);
		if (session->want & WANT_STACK)
			capture_stack(&w, &c);
		entry_end(&w);
	}
	decode_from(t->tid, NULL);
}

/* --- what is not a call ------------------------------------------------------------------------------------------- */
/* told: it reaches the guest, or ends it. What a thread of ours sends to itself to die by was told when it came. */
void trace_signal(struct task *t, const siginfo_t *si, bool caught)
{
	struct writer w;
	if (!session || !(session->want & WANT_SIGNALS) || !introduced(t))
		return;
	const struct personality *p = proc_of(t->guest)->proc.pers;
	bool fixed = caught && !t->out && by_instruction(si);        /* a fault of ours, which the guest hears of as EFAULT */
	bool own = si->si_code == SI_TKILL && si->si_pid == t->guest->pid && !t->out && !caught;
	if (own || fixed || si->si_signo == p->sig_carrier || (!caught && !t->fatal && si->si_signo != SIGKILL && si->si_signo != SIGTERM &&
						      si->si_signo != SIGINT && si->si_signo != SIGHUP))
		return;
	if (!entry_begin(&w, &shadow_of(t)->thread, EN_SIGNAL, sizeof(struct en_signal)))
		return;
	struct en_signal *e = entry_head(&w);
	e->sig = si->si_signo;
	e->info = *si;
	entry_end(&w);
}
void trace_ending(struct task *t)
{
	if (session)
		proc_of(t->guest)->ending = true;
}
void trace_end(struct task *t, int status)
{
	struct writer w;
	if (!session || !introduced(t))
		return;
	struct shadow_proc *p = proc_of(t->guest);
	struct shadow *s = shadow_of(t);
	bool whole = p->ending || WIFSIGNALED(status) || t->guest->tasks == 1;
	if (!p->ended && entry_begin(&w, &s->thread, EN_END, sizeof(struct en_end))) {
		struct en_end *e = entry_head(&w);
		e->status = WIFSIGNALED(status) ? 0x100 | WTERMSIG(status) : WEXITSTATUS(status);
		e->whole = whole;
		entry_end(&w);
		p->ended = whole;
		if (whole && t->guest->pid == session->main_pid)
			ring_flush();
	}
	ring_leave(&s->thread);
}
void trace_task_gone(struct task *t)
{
	if (!session)
		return;
	if (t->trace)
		ring_leave(&((struct shadow *)t->trace)->thread);
	free(t->trace);
	if (t->guest->tasks == 1)
		free(t->guest->trace);
}
