/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise audit --supervised: the policy's judge outside of the guest. What can be said of a call by its number, arguments,
 * program and user is said here, before the guest's own process hears of it, and a refusal is carried out here, by the
 * registers. What hangs on a path or an address is found and judged in the guest's process, where it cannot change any
 * more (observe/audit.c); it is told to us (WITNESS_VERDICT), we write it down, and what can be seen from here is looked
 * at again:
 *
 *   a descriptor that the guest gets        where it really leads, the kernel says
 *   a name that our text changes for it     is judged once more
 *   a path or address in a call without     no handler does that: past the translator
 *   any call past the translator            ends the process, if the policy could deny anything
 *
 * Calls of Linux are looked at in judge_host.c.
 *
 * Nobody is waited for: a thread whose call is a question is held at its stop until the answer is there (judge_poll).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include "engines/witness.h"
#include "host.h"
#include "observe/entry.h"
#include "observe/rules.h"
#include "tools/supervise/judge.h"
#include "tools/supervise/supervise.h"
#include "tools/supervise/trace.h"

#define STEP_FLAG 0x100ull               /* TF: a personality would raise the trap by itself, which is the guest's process's to do */

bool judge_bites;
static unsigned n_asking;

static uint32_t uid_of(const struct thread *t) { return (uint32_t)status_uid(t->tid); }

bool judge_start(void)
{
	struct policy head;
	void *m = MAP_FAILED;

	if (pread(FD_POLICY, &head, sizeof head, 0) == sizeof head && head.magic == POLICY_MAGIC && head.version == POLICY_VERSION)
		m = mmap(NULL, PAGE_UP(head.size), PROT_READ, MAP_SHARED, FD_POLICY, 0);
	close(FD_POLICY);
	if (m == MAP_FAILED)
		return false;
	policy = m;
	judge_bites = policy_bites(policy);
	rule_uid = uid_of;
	return true;
}

/* --- what follows from a verdict ---------------------------------------------------------------------------------- */
static void end(struct task *t, struct user_regs_struct *r)
{
	if (r) {
		r->orig_rax = ~0ull;
		ptrace(PTRACE_SETREGS, t->tid, 0L, r);
	}
	kill(t->guest->pid, SIGKILL);
}
/* Nobody writes the log any more: by the policy the process ends here. */
static bool lost(struct task *t, struct user_regs_struct *r)
{
	if (!(policy->flags & POLICY_STOP))
		return false;
	r->orig_rax = SYS_exit_group;
	r->rdi = 125;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
	resume(t, 0);
	return true;
}
static void count_denied(void) { __atomic_add_fetch(&session->denied, 1, __ATOMIC_RELAXED); }

static void deny(struct task *t, struct call *c, unsigned err, struct user_regs_struct *r)
{
	const struct personality *p = c->t->p->pers;
	struct regs *g = &c->t->regs;
	uint64_t step = g->rflags & STEP_FLAG;
	struct seen *s = seen_at(t->guest, t->call);
	bool value = c->row && c->row->ret == R_ERRNO;

	count_denied();
	g->rflags &= ~STEP_FLAG;
	c->rv = value ? errno_to_guest(p, (int)err) : -(long)err;
	c->has_rv2 = false;
	p->store(c->t, c);
	r->rax = g->rax;
	r->rdx = g->rdx;
	r->eflags = g->rflags | step;
	r->rcx = r->rip;
	r->r11 = r->eflags;
	r->orig_rax = ~0ull;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
	trace_close(t);
	if (s) {
		s->rv = (int64_t)r->rax;
		s->ended = s->failed = true;
		witness_seen(t, s);
	}
	t->out = true;
	t->call = 0;
	resume(t, 0);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */
static void tick(int sig) { }
static void timer(bool on)
{
	const struct timeval step = { 0, on ? 20000 : 0 };
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = tick }, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ step, step }, NULL);
}
static void hold(struct task *t, long asked, unsigned err, bool told)
{
	t->asked = (uint32_t)asked;
	t->ask_err = (uint16_t)err;
	t->ask_told = told;
	if (!n_asking++)
		timer(true);
}
static void release(struct task *t)
{
	t->asked = 0;
	if (!--n_asking)
		timer(false);
}
void judge_gone(struct task *t)
{
	if (t->asked) {
		trace_unasked(t);
		release(t);
	}
}
/* A signal comes first: the call is made anew behind it, and asked about again. */
static void put_off(struct task *t, struct user_regs_struct *r)
{
	struct call *c = trace_open(t);
	trace_unasked(t);
	if (t->ask_told) {
		answer(t, r, SYS_RESTART);
	} else {
		if (c)
			c->rv = SYS_RESTART;
		trace_close(t);
		r->rip -= 2;
		r->rax = r->orig_rax;
		r->orig_rax = ~0ull;
		ptrace(PTRACE_SETREGS, t->tid, 0L, r);
		t->out = true;
		t->call = 0;
	}
	resume(t, 0);
}
static void answered(struct task *t, bool yes)
{
	struct user_regs_struct r;
	struct call *c = trace_open(t);
	if (!far_regs(t, &r) || !c)
		return;                  /* it is gone */
	if (t->ask_told) {
		if (!yes)
			count_denied();
		answer(t, &r, yes);
		resume(t, 0);
	} else if (yes) {
		guest_enter(t, &r);
	} else {
		deny(t, c, t->ask_err, &r);
	}
}
static void look(struct task *t, void *unused)
{
	struct user_regs_struct r;
	long yes = t->asked ? trace_answer(t, t->asked) : -1;

	if (yes >= 0) {
		release(t);
		answered(t, yes);
	} else if (t->asked && signal_waits(t->tid) && far_regs(t, &r)) {
		release(t);
		put_off(t, &r);
	}
}
void judge_poll(void)
{
	if (n_asking)
		task_each(NULL, look, NULL);
}

/* --- the guest's calls -------------------------------------------------------------------------------------------- */
static bool carry_out(struct task *t, struct call *c, struct found f, struct user_regs_struct *r)
{
	if (c->row && c->row->ret == R_NOTHING && verdict_bites(f.verdict))
		f.verdict = V_LOG;       /* who ends, or comes back from a signal handler, cannot be kept from it */
	if (f.verdict == V_ALLOW)
		return false;
	f.err = f.err ? f.err : EPERM;
	long asked = trace_verdict(t, &f, NULL, NULL);
	if (asked < 0 && lost(t, r))
		return true;
	if (f.verdict == V_ASK && asked > 0) {
		hold(t, asked, f.err, false);
	} else if (f.verdict == V_KILL) {
		count_denied();
		end(t, r);
	} else if (f.verdict != V_LOG) {
		deny(t, c, f.err, r);
	}
	return f.verdict != V_LOG;
}
bool judge_call(struct task *t, struct user_regs_struct *r)
{
	struct call *c = policy ? trace_open(t) : NULL;

	if (policy && !ring_alive())
		return lost(t, r);
	if (!c || !nr_in(&policy->touch, own_index, c->tab, c->nr) || rules_hang(c))
		return false;
	return carry_out(t, c, rules_judge(c, &(struct subject){ 0 }), r);
}
bool judge_told(struct task *t, struct user_regs_struct *r)
{
	struct witness_verdict v;
	struct sockaddr_storage ss;
	char path[MOST_TRUE_PATH] = "";
	struct call *c = policy ? trace_begin_now(t) : NULL;

	if (!c || !far_read(t->tid, r->rdi, &v, sizeof v) || v.verdict > V_ASK || (v.ss && !far_read(t->tid, v.ss, &ss, sizeof ss)) ||
	    (v.path && (v.path_len > sizeof path || !far_read(t->tid, v.path, path, v.path_len)))) {
		answer(t, r, -EINVAL);
		return false;
	}
	path[sizeof path - 1] = 0;
	struct found f = { v.rule, v.verdict, v.err ? v.err : EPERM };
	long asked = trace_verdict(t, &f, v.path ? path : NULL, v.ss ? &ss : NULL);
	if (asked < 0) {
		answer(t, r, -EPIPE);
	} else if (f.verdict == V_ASK) {
		hold(t, asked, f.err, true);
		return true;
	} else if (f.verdict == V_KILL) {
		count_denied();
		end(t, r);
		return true;
	} else {
		if (f.verdict == V_DENY)
			count_denied();
		answer(t, r, 1);
	}
	return false;
}
void judge_exit(struct task *t, struct user_regs_struct *r)
{
	bool last = r->orig_rax == SYS_exit_group || t->guest->tasks == 1;
	if (!policy || !session->denied || t->guest->pid != session->main_pid || !last || r->rdi & 0xff)
		return;
	r->rdi = policy->denied_status;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */
bool judge_result(struct task *t, struct call *c)
{
	char path[MOST_TRUE_PATH];
	struct found f;

	if (!policy)
		return false;
	if (judge_bites && c->row && c->row->ret == R_FD && c->rv >= 0 && row_has_path(c->row) && rules_hang(c) &&
	    judge_path_of(t->tid, c->rv, path, sizeof path) && judge_forbids(c, &(struct subject){ .path = path })) {
		f = (struct found){ RULE_TAMPERED, V_KILL, EPERM };
		trace_verdict(t, &f, path, NULL);
		count_denied();
		return true;
	}
	if (c->rv == SYS_RESTART || c->rv == SYS_NORETURN || !nr_in(&policy->result, own_index, c->tab, c->nr))
		return false;
	f = rules_result(c);
	if (f.verdict == V_LOG)
		trace_verdict(t, &f, NULL, NULL);
	return false;
}

bool judge_past(struct task *t)
{
	if (!policy || !judge_bites)
		return false;
	count_denied();
	end(t, NULL);
	return true;
}
