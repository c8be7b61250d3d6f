/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Verdicts. A call that no rule names costs one bit. One that is named is judged before its handler runs, by the first
 * rule that matches; if some rule that could match asks for a path or an address, it is judged when that is known: by
 * what pin.c and addr_get have really found, which is what the handler then uses. What is refused, logged or asked about
 * becomes a record in the thread's ring; a refusal is never carried out before its record is there.
 *
 * The policy is sealed, and mapped for reading alone. It lies in the guest's own memory all the same: a guest that means
 * harm can go around it (docs/AUDIT.md says what is held and what is not).
 */
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include "../sock.h"
#include "audit.h"
#include "observe.h"
#include "entry.h"
#include "rules.h"
#include "../engines/witness.h"

static bool outside;                 /* a supervisor judges what it can, and writes down all */

/* --- starting ------------------------------------------------------------------------------------------------------- */
/* For what is not our text: what a program that the kernel runs may not do, whoever started it. Inherited by exec. */
static void filter_set(struct proc *p)
{
	struct sock_fprog prog = { .len = (unsigned short)policy->n_filter,
				   .filter = (struct sock_filter *)policy_at(policy, policy->filter) };
	if (!prog.len || p->opt->again || p->engine->keeps)      /* nothing is the kernel's own there; and it would answer
								    before an engine that is a filter itself */
		return;
	long e = host(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
	if (e == -EACCES) {
		host(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		e = host(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
	}
	if (e < 0)
		die("the host's kernel takes no filter for the policy: %s", error_text(e));
}
void audit_start(struct proc *p)
{
	int fd = p->opt->policy_fd;
	struct policy head;

	if (fd < 0)
		return;
	if (host(SYS_pread64, fd, &head, sizeof head, 0) != sizeof head || head.magic != POLICY_MAGIC ||
	    head.version != POLICY_VERSION)
		die("the descriptor given with --policy-fd is no policy of this version of guise");
	long a = mem_map(p->space, PAGE_UP(head.size), PROT_READ, MAP_SHARED, fd, 0);
	if (a < 0 && a > -4096)
		die("the policy cannot be mapped: %s", error_text(a));
	policy = (const struct policy *)a;
	own_index = pers_index(p->pers);
	outside = p->opt->trace_fd < 0 || p->opt->supervised;
	p->observed = true;
	filter_set(p);
}

/* --- records -------------------------------------------------------------------------------------------------------- */
static void lost(struct thread *t)
{
	if (!(policy->flags & POLICY_STOP))
		return;
	warn("audit: nobody writes the log any more: the process ends here, as its policy says; "
	     "when-log-fails = \"go-on\" there lets it go on");
	for (;;)
		host(SYS_exit_group, 125);
}
/* The answer of whoever sits at the terminal: 1, 0, or SYS_RESTART where a signal comes first and the call is made anew. */
static long wait_for_answer(struct thread *t, uint32_t asked)
{
	struct ring *r = t->ring;
	struct timespec ms = { 0, 20000000 };
	while (r->answer >> 1 != asked && ring_alive() && !t->attn) {
		uint32_t now = r->answer;
		if (now >> 1 != asked)
			host(SYS_futex, &r->answer, FUTEX_WAIT, now, &ms, NULL, 0);
	}
	uint32_t answer = r->answer;
	r->asked = 0;
	if (answer >> 1 == asked)
		return answer & 1;
	return t->attn ? SYS_RESTART : 0;
}
/* The supervisor writes it down, asks who is to be asked, and answers as record does. */
static long tell_outside(struct thread *t, const struct found *f, const struct subject *s)
{
	struct witness_verdict v = { .rule = f->rule, .verdict = (uint16_t)f->verdict, .err = (uint16_t)f->err };
	if (s->path)
		v.path = (uint64_t)s->path, v.path_len = (uint32_t)str_len(s->path) + 1;
	if (s->ss)
		v.ss = (uint64_t)s->ss;
	long e = host(WITNESS_VERDICT, &v);
	if (e < 0 && e != SYS_RESTART)
		lost(t);
	return e;
}
static long record(struct call *c, const struct found *f, const struct subject *s)
{
	struct thread *t = c->t;
	struct writer w;

	if (outside)
		return tell_outside(t, f, s);

	trace_begin(c, false);
	if (!trace_introduced(t) || !entry_begin(&w, t, EN_VERDICT, sizeof(struct en_verdict))) {
		lost(t);
		return 0;
	}
	uint32_t asked = 0;
	if (f->verdict == V_ASK)
		asked = t->ring->asked = ((t->ring->answer >> 1) + 1) & 0x3fffffff;
	struct en_verdict *v = entry_head(&w);
	v->rule = f->rule, v->verdict = (uint16_t)f->verdict, v->err = (uint16_t)f->err, v->asked = asked;
	v->uid = (uint32_t)host(SYS_geteuid);
	size_t n = s->path ? str_len(s->path) + 1 : 0;
	struct piece *x = n ? entry_piece(&w, PIECE_MEM, 0, n) : NULL;
	if (x)
		memcpy(x->bytes, s->path, n);
	if (s->ss && (x = entry_piece(&w, PIECE_SOCK, 0, sizeof *s->ss)))
		memcpy(x->bytes, s->ss, sizeof *s->ss);
	entry_end(&w);
	return f->verdict == V_ASK ? wait_for_answer(t, asked) : 1;
}
static void killed(struct thread *t)
{
	if (session)
		ring_flush();
	host(SYS_kill, t->p->pid, SIGKILL);
	for (;;)
		host(SYS_exit_group, 137);
}
static long carry_out(struct call *c, struct found f, const struct subject *s)
{
	struct thread *t = c->t;
	t->judged = true;
	if (c->row && c->row->ret == R_NOTHING && verdict_bites(f.verdict))
		f.verdict = V_LOG;       /* who ends, or comes back from a signal handler, cannot be kept from it */
	if (f.verdict == V_ALLOW)
		return 0;
	if (f.verdict >= V_DENY && f.verdict != V_ASK && session)
		__atomic_add_fetch(&session->denied, 1, __ATOMIC_RELAXED);
	long answer = record(c, &f, s);
	if (f.verdict == V_LOG || (f.verdict == V_ASK && answer == 1))
		return 0;
	if (answer == SYS_RESTART)
		return SYS_RESTART;
	if (f.verdict == V_KILL)
		killed(t);
	if (f.verdict == V_ASK && session)
		__atomic_add_fetch(&session->denied, 1, __ATOMIC_RELAXED);
	t->denied = f.err ? f.err : EPERM;
	return -(long)t->denied;
}

/* --- the doors ------------------------------------------------------------------------------------------------------ */
/* Judged once for each thing that it acts on; after a no there is nothing more to ask. */
static long judge_subject(struct thread *t, const struct subject *s)
{
	struct call *c = t->call;
	if (t->denied)
		return -(long)t->denied;
	return carry_out(c, rules_judge(c, s), s);
}
/* A directory that is renamed takes along what lies below: the call has two paths, and the first is one to be made. */
static bool moves(const struct call *c)
{
	unsigned n = 0;
	for (int i = 0; c->row && i < 8 && c->row->arg[i].kind; i++)
		n += c->row->arg[i].kind == A_PATH;
	return n > 1;
}
long audit_true_path(struct thread *t, const char *path, bool told, bool by_fd)
{
	static const struct sockaddr_storage local = { .ss_family = AF_UNIX };
	struct subject s = { .path = path, .untold = !told, .by_fd = by_fd, .moves = moves(t->call) };
	if (t->judging == 2)
		s.ss = &local, s.len = 2;
	return judge_subject(t, &s);
}
long audit_addr(struct thread *t, const struct addr *a)
{
	struct subject s = { 0 };
	if (a)
		s.ss = &a->ss, s.len = (size_t)a->len;
	return judge_subject(t, &s);
}
long audit_names(struct thread *t)
{
	struct found f = { RULE_UNSEEN, V_DENY, EPERM };
	return policy && policy->flags & POLICY_UNSEEN ? carry_out(t->call, f, &(struct subject){ 0 }) : 0;
}
bool audit_on(void) { return policy; }
bool audit_native(void) { return policy && policy->flags & POLICY_NATIVE; }
int audit_status(struct thread *t, int status)
{
	bool told = policy && session && session->denied && t->p->pid == session->main_pid && !t->vforked;
	return told && !status ? (int)policy->denied_status : status;
}

/* --- one call ------------------------------------------------------------------------------------------------------- */
bool audit_enter(struct call *c)
{
	struct thread *t = c->t;

	t->judging = t->judged = false;
	t->denied = 0;
	if (rules_hang(c)) {
		t->judging = true;
		return false;
	}
	if (outside)                     /* it was judged there before it came here */
		return false;
	struct subject nothing = { 0 };
	struct found f = rules_judge(c, &nothing);
	c->rv = f.verdict == V_ALLOW ? 0 : carry_out(c, f, &nothing);
	return c->rv != 0;
}
static void judge_result(struct call *c)
{
	struct found f = rules_result(c);
	if (f.verdict == V_LOG)
		record(c, &f, &(struct subject){ 0 });
}
/* A path or an address that went by unjudged is our mistake, and is not let pass in silence. */
static void unjudged(struct call *c)
{
	struct subject nothing = { 0 };
	struct found f = rules_judge(c, &nothing);
	if (f.verdict == V_ALLOW || (c->rv < 0 && c->rv > -4096))
		return;
	f.rule = RULE_UNJUDGED;
	if (verdict_bites(f.verdict))
		f.verdict = V_KILL;
	carry_out(c, f, &nothing);
}
void audit_exit(struct call *c)
{
	struct thread *t = c->t;
	bool special = c->rv == SYS_RESTART || c->rv == SYS_NORETURN;

	if (t->judging && !t->judged && !special)
		unjudged(c);
	if (t->denied && t->judging && !special && c->row && c->row->ret != R_ERRNO)
		c->rv = -(long)t->denied;        /* however the handler came to terms with it */
	t->judging = false;
	if (!special && !outside && nr_in(&policy->result, own_index, c->tab, c->nr))
		judge_result(c);
}
