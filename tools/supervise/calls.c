/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a stop at a call means. The filter says whose text made it; we know whether the thread runs the guest's code
 * (`out`) or the translator's, for the guest:
 *
 *   the guest's text, out          a call of the guest: recorded, and sent to entry_syscall
 *   our text, not out              a call of Linux that the translator makes: recorded
 *   our text, out                  somebody has jumped to a syscall instruction of ours: past the translator
 *   other text, not out            the vDSO for us; or the guest came out without our knowing, which is recorded
 *
 * A thread goes out by WITNESS_LEAVE, and comes in by a call, by a signal that it catches (each goes to a handler of ours)
 * or as a new thread or image. The end of a handler is rt_sigreturn: where to, stands in its frame.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "engines/own.h"
#include "engines/witness.h"
#include "thread.h"
#include "tools/supervise/supervise.h"
#include "tools/supervise/trace.h"
#include "observe/ring.h"
#include "observe/entry.h"

#define FRAME_RIP (40 + 16 * 8)          /* in a ucontext: gregs, and rip among them */


/* --- what was seen ------------------------------------------------------------------------------------------------ */
struct seen *seen_at(struct guest *g, uint64_t serial1)
{
	struct seen *s = &g->last[(serial1 - 1) & (LAST - 1)];
	return serial1 && s->serial == serial1 ? s : NULL;
}
bool watch_all;

static uint64_t now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
static struct seen *see(struct task *t, enum seen_kind kind, const struct user_regs_struct *r)
{
	struct guest *g = t->guest;
	struct seen *s = &g->last[g->n_seen++ & (LAST - 1)];

	*s = (struct seen){
		.ns = now(), .serial = g->n_seen, .ip = r->rip, .tid = t->tid, .nr = (uint32_t)r->orig_rax, .kind = (uint8_t)kind,
		.arg = { (int64_t)r->rdi, (int64_t)r->rsi, (int64_t)r->rdx, (int64_t)r->r10, (int64_t)r->r8, (int64_t)r->r9 },
		.pers = kind == SEEN_GUEST ? guest_personality(t) : NULL,
	};
	if (kind == SEEN_PAST)
		g->past++;
	return s;
}

/* --- the guest's own ---------------------------------------------------------------------------------------------- */
/* As the instruction itself would leave it; the call is number -1, which is none and leaves rax alone. */
static void guest_call(struct task *t, struct user_regs_struct *r)
{
	if (watch_all) {
		t->call = see(t, SEEN_GUEST, r)->serial;
		t->out = false;
		trace_call(t, r);
		if (judge_call(t, r))
			return;
	}
	guest_enter(t, r);
}
void guest_enter(struct task *t, struct user_regs_struct *r)
{
	r->rcx = r->rip;
	r->r11 = r->eflags;
	r->rip = (uint64_t)entry_syscall;
	r->rax = r->orig_rax;
	r->orig_rax = ~0ull;
	r->eflags = 0x202;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
	resume(t, 0);
}
/* The guest goes on: with what? */
static void leaves(struct task *t, const struct user_regs_struct *r)
{
	struct seen *s = seen_at(t->guest, t->call);
	struct regs g;

	bool wrong = false;

	t->block = r->gs_base;
	t->out = true;
	t->call = 0;
	t->begins = false;
	if (far_read(t->tid, t->block + offsetof(struct thread, regs), &g, sizeof g)) {
		struct call *c = trace_back(t, &g);
		wrong = c && judge_result(t, c);
		trace_close(t);
		if (s) {
			const struct personality *p = guest_personality(t);
			s->rv = (int64_t)g.rax;
			s->ended = true;
			s->failed = p && !p->identity ? g.rflags & 1 : g.rax > -4096ull;
			witness_seen(t, s);
		}
	}
	if (wrong)
		kill(t->guest->pid, SIGKILL);
	else
		resume(t, 0);
}

/* --- those of our text -------------------------------------------------------------------------------------------- */
static bool returns_to_guest(struct task *t, const struct user_regs_struct *r)
{
	uint64_t rip = 0;
	return far_read(t->tid, r->rsp + FRAME_RIP, &rip, 8) && !own_text(rip);
}
static bool never_returns(long nr) { return nr == SYS_rt_sigreturn || nr == SYS_exit || nr == SYS_exit_group; }

void answer(struct task *t, struct user_regs_struct *r, long result)
{
	r->rax = (unsigned long long)result;
	r->orig_rax = ~0ull;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
}
/* Calls by which a guest that makes them past us would get a process that nobody traces, or at us: they are seen, but
 * not made. The translator makes none of these for itself (a clone3 of the guest's is a clone of ours). */
static void keep_in_sight(struct task *t, struct user_regs_struct *r)
{
	int self = getpid(), writer = session ? (int)(session->drainer & FUTEX_TID_MASK) : self;
	switch (r->orig_rax) {
	case SYS_clone:
		if (r->rdi & CLONE_UNTRACED) {
			r->rdi &= ~(unsigned long long)CLONE_UNTRACED;
			ptrace(PTRACE_SETREGS, t->tid, 0L, r);
		}
		return;
	case SYS_clone3:
		answer(t, r, -ENOSYS);
		return;
	case SYS_ptrace:
		if ((int)r->rsi == self || (int)r->rsi == writer)
			answer(t, r, -EPERM);
		return;
	case SYS_process_vm_readv: case SYS_process_vm_writev: case SYS_pidfd_open: case SYS_kill: case SYS_tkill: case SYS_tgkill:
	case SYS_rt_sigqueueinfo: case SYS_rt_tgsigqueueinfo: case SYS_prlimit64: case SYS_move_pages: case SYS_migrate_pages:
		if ((int)r->rdi == self || (int)r->rdi == writer)
			answer(t, r, -EPERM);
	}
}
static unsigned born_past;           /* clones past us whose children have not been seen yet */

/* The kernel tells of parent and child in any order. Those whose child has not come yet; it may never, so few are kept. */
static struct { int tid; struct guest *of; } expected[64];
static unsigned n_expected;

void on_fork(struct task *t, int child)
{
	struct task *c = task_find(child);
	if (c)
		trace_born(c->guest, t->guest);
	else
		expected[n_expected++ % ARRAY_LEN(expected)].tid = child, expected[(n_expected - 1) % ARRAY_LEN(expected)].of = t->guest;
}
void guest_forget(const struct guest *g)
{
	for (unsigned i = 0; i < ARRAY_LEN(expected); i++)
		if (expected[i].of == g)
			expected[i].tid = 0, expected[i].of = NULL;
}
static void inherit(struct task *t)
{
	struct task *parent = task_find((int)status_number(t->tid, "PPid:"));
	if (parent)                      /* until it is known: most are their parent's */
		trace_born(t->guest, parent->guest);
	for (unsigned i = 0; i < ARRAY_LEN(expected); i++)
		if (expected[i].tid == t->tid && expected[i].of) {
			trace_born(t->guest, expected[i].of);
			expected[i].tid = 0, expected[i].of = NULL;
		}
}
/* A new thread is ours until it goes out; but one that was made past us was never in. */
void on_birth(struct task *t)
{
	if (t->guest->tasks == 1)
		inherit(t);
	if (born_past && watch_all) {
		born_past--;
		t->out = true;
	}
}
static bool makes_task(unsigned long long nr) { return nr == SYS_clone || nr == SYS_fork || nr == SYS_vfork; }

static void linux_call(struct task *t, struct user_regs_struct *r, bool past)
{
	struct seen *s = see(t, past ? SEEN_PAST : SEEN_OURS, r);
	born_past += past && makes_task(r->orig_rax);
	keep_in_sight(t, r);
	t->pending = (past || witness_wants()) && !never_returns((long)r->orig_rax) && r->orig_rax != ~0ull;
	t->host = t->pending ? s->serial : 0;
	if (!t->pending && (past || witness_wants()))
		witness_seen(t, s);
	if (past)
		trace_host(t, s);
	if (!past || !judge_past(t))
		resume(t, 0);
}
static void our_call(struct task *t, struct user_regs_struct *r)
{
	if (r->orig_rax == WITNESS_LEAVE) {
		leaves(t, r);
		return;
	}
	if (r->orig_rax == WITNESS_HELLO) {
		answer(t, r, watch_all ? WITNESS_ALL : WITNESS_HERE);
		resume(t, 0);
		return;
	}
	bool was_out = t->out;
	if (r->orig_rax == WITNESS_VERDICT && !was_out) {
		if (!judge_told(t, r))
			resume(t, 0);
		return;
	}
	if (r->orig_rax == SYS_exit_group)
		trace_ending(t);
	if (r->orig_rax == SYS_exit_group || r->orig_rax == SYS_exit)
		judge_exit(t, r);
	if (r->orig_rax == SYS_rt_sigreturn && !was_out && returns_to_guest(t, r))
		t->out = true;
	linux_call(t, r, was_out || judge_host(t, r));
}
/* The vDSO that we call, and that makes the call itself. */
static bool is_vdso(struct task *t, const struct user_regs_struct *r)
{
	uint32_t inside = 0;
	guest_look(t);
	if (r->rip < t->guest->vdso || r->rip >= t->guest->vdso_end)
		return false;
	return watch_all ? !t->out : far_read(t->tid, r->gs_base + offsetof(struct thread, inside), &inside, 4) && inside;
}
void on_call(struct task *t)
{
	struct user_regs_struct r;
	if (!far_regs(t, &r)) {
		resume(t, 0);
		return;
	}
	if (own_call(r.rip))
		our_call(t, &r);
	else if (is_vdso(t, &r))
		linux_call(t, &r, false);
	else if (t->guest->strange)
		linux_call(t, &r, true);
	else
		guest_call(t, &r);
}
void on_result(struct task *t)
{
	struct ptrace_syscall_info i;
	struct seen *s = seen_at(t->guest, t->host);

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof i, &i) > 0 && i.op == PTRACE_SYSCALL_INFO_EXIT) {
		t->pending = false;
		t->host = 0;
		if (s) {
			s->rv = i.exit.rval;
			s->ended = true;
			s->failed = i.exit.is_error;
			witness_seen(t, s);
		}
	}
	resume(t, 0);
}

/* --- what is not a call ------------------------------------------------------------------------------------------- */
bool by_instruction(const siginfo_t *si)
{
	int sig = si->si_signo;
	return si->si_code > 0 && (sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGTRAP);
}
void on_signal(struct task *t, int sig)
{
	siginfo_t si = { 0 };
	if (!watch_all) {
		resume(t, sig);
		return;
	}
	bool caught = signal_is_caught(t->tid, sig);

	ptrace(PTRACE_GETSIGINFO, t->tid, 0L, &si);
	if (by_instruction(&si))
		t->fault = si;
	if (!caught && mortem_signal(sig))
		t->fatal = sig;
	trace_signal(t, &si, caught);
	if (caught)
		t->out = false;
	resume(t, sig);
}
void on_exec(struct task *t)
{
	struct guest *g = t->guest;
	judge_gone(t);                           /* what it was asked about went with the image before */
	t->out = false;
	t->begins = true;
	t->block = t->call = 0;
	t->fatal = t->fault.si_signo = 0;
	g->looked = false;
	g->pers = NULL;
	g->vdso = g->vdso_end = 0;
	if (watch_all)
		guest_look(t);
	witness_event(t, g->strange ? "strange" : "exec", "%s", "");
	trace_exec(t);
}
