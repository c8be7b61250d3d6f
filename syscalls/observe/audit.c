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
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <time.h>
#include "../sock.h"
#include "audit.h"
#include "observe.h"
#include "entry.h"
#include "policy.h"

const struct policy *policy;

struct subject {                     /* what a call is about to act on; both NULL: nothing with a name */
	const char *path;
	const struct sockaddr_storage *ss;
	size_t len;
	bool untold;             /* there is a path, but nobody can say which */
	bool by_fd;              /* it was named by its descriptor alone */
	bool moves;              /* everything below it gets another name */
};

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
	filter_set(p);
}

/* --- lists ---------------------------------------------------------------------------------------------------------- */
struct tally { bool yes, no, some; };
static void count(struct tally *y, bool is_not, bool fits)
{
	y->some |= !is_not;
	if (fits)
		*(is_not ? &y->no : &y->yes) = true;
}
static bool says_yes(const struct tally *y) { return !y->no && (y->yes || !y->some); }

/* "fd:GLOB" is for what was named by its descriptor alone. */
static bool any_path(const struct plist *l, const struct subject *s, const char *path, int self, bool below)
{
	const struct ptext *x = policy_at(policy, l->at);
	struct tally y = { 0 };
	for (unsigned i = 0; i < l->n; i++) {
		const char *g = policy_at(policy, x[i].at);
		bool fd = !str_ncmp(g, "fd:", 3);
		count(&y, x[i].is_not, (!fd || s->by_fd) && glob_match(g + 3 * fd, path, str_len(path), self, below && !x[i].is_not));
	}
	return says_yes(&y);
}
static bool any_text(const struct plist *l, const char *s, int self)
{
	const struct ptext *x = policy_at(policy, l->at);
	struct tally y = { 0 };
	for (unsigned i = 0; i < l->n; i++)
		count(&y, x[i].is_not, glob_match(policy_at(policy, x[i].at), s, str_len(s), self, false));
	return says_yes(&y);
}
static bool any_range(const struct plist *l, uint64_t v)
{
	const struct prange *x = policy_at(policy, l->at);
	struct tally y = { 0 };
	for (unsigned i = 0; i < l->n; i++)
		count(&y, x[i].is_not, v >= x[i].lo && v <= x[i].hi);
	return says_yes(&y);
}

/* --- addresses ------------------------------------------------------------------------------------------------------ */
struct net { uint8_t type; const uint8_t *addr; int port; const char *text; char buf[116]; };

static void net_of(struct net *n, const struct sockaddr_storage *ss, size_t len)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	*n = (struct net){ .type = NET_FAMILY, .port = -1 };
	if (ss->ss_family == AF_INET && len >= sizeof *in) {
		n->type = NET_INET, n->addr = (const void *)&in->sin_addr, n->port = __builtin_bswap16(in->sin_port);
	} else if (ss->ss_family == AF_INET6 && len >= 24) {
		bool v4 = !memcmp(&in6->sin6_addr, mapped, sizeof mapped);
		n->type = v4 ? NET_INET : NET_INET6;
		n->addr = (const uint8_t *)&in6->sin6_addr + (v4 ? 12 : 0);
		n->port = __builtin_bswap16(in6->sin6_port);
	} else if (ss->ss_family == AF_UNIX && len > 3 && !((const struct sockaddr_un *)ss)->sun_path[0]) {
		size_t k = MIN(len - 3, sizeof n->buf - 1);
		memcpy(n->buf, ((const struct sockaddr_un *)ss)->sun_path + 1, k);
		for (size_t i = 0; i < k; i++)
			n->buf[i] = n->buf[i] ? n->buf[i] : '@';         /* a name may hold NULs; shown and matched as "@" */
		n->type = NET_ABSTRACT;
		n->text = n->buf;
	}
}
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	return !memcmp(a, b, whole) && (!rest || !((a[whole] ^ b[whole]) >> (8 - rest)));
}
static bool any_net(const struct plist *l, const struct subject *s, const struct net *n)
{
	const struct pnet *x = policy_at(policy, l->at);
	struct tally y = { 0 };
	for (unsigned i = 0; i < l->n; i++) {
		bool fits = x[i].type == (s->ss ? NET_ANY : NET_NONE);
		if (!s->ss)
			;                /* a message on a socket that knows where to */
		else if (x[i].type == NET_FAMILY)
			fits = s->ss->ss_family == x[i].at;
		else if (x[i].type == n->type && n->addr)
			fits = same_bits(n->addr, x[i].addr, x[i].bits);
		else if (x[i].type == NET_ABSTRACT && n->text)
			fits = glob_match(policy_at(policy, x[i].at), n->text, str_len(n->text), 0, false);
		count(&y, x[i].is_not, fits);
	}
	return says_yes(&y);
}
static bool net_fits(const struct prule *r, const struct subject *s)
{
	struct net n = { .port = -1 };
	if (s->ss)
		net_of(&n, s->ss, s->len);
	else if (!r->net.n || s->path || s->untold)
		return false;
	if (r->port.n && (n.port < 0 || !any_range(&r->port, (uint64_t)n.port)))
		return false;
	return !r->net.n || any_net(&r->net, s, &n);
}

/* --- arguments ------------------------------------------------------------------------------------------------------ */
/* A name of a flag or value, of a command, of a signal or of a descriptor's directory. */
static bool has_name(struct call *c, int i, const char *name)
{
	const struct personality *p = c->t->p->pers;
	const struct arg *a = &c->row->arg[i];
	uint64_t v = (unsigned)c->raw[i];

	if (row_top(c)->arg[i].kind == A_SUB)
		return c->row != row_top(c) && !str_cmp(c->row->name, name);
	if (a->kind == A_SIG) {
		const char *is = v < p->n_sig && p->sig_name ? p->sig_name[v] : NULL;
		return is && !str_cmp(str_ncmp(is, "SIG", 3) ? is : is + 3, str_ncmp(name, "SIG", 3) ? name : name + 3);
	}
	for (const struct bit *b = p->bits; b && b->name; b++)
		if (b->set == (a->kind == A_ATFD ? SET_AT : a->what) && !str_cmp(b->name, name) && (v & b->gmask) == b->gval &&
		    (b->gval || b->gmask != 0 || !v))
			return true;
	return false;
}
static int64_t value_of(const struct call *c, int i)
{
	switch (c->row->arg[i].kind) {
	case A_INT: case A_PID: case A_UID: case A_FD: case A_ATFD: case A_SIG: return (int)c->raw[i];
	case A_UINT: case A_OCT: case A_SET: case A_ENUM: case A_SUB: return (unsigned)c->raw[i];
	}
	return c->raw[i];
}
static bool text_fits(const struct call *c, int i, const char *glob)
{
	char text[1024];
	long n = copy_str(text, (uaddr)c->raw[i], sizeof text);
	return n >= 0 && glob_match(glob, text, (size_t)n, c->t->p->pid, false);
}
static bool arg_fits(struct call *c, int i, const struct parg *a)
{
	switch ((enum argtest)a->test) {
	case T_NAME: return has_name(c, i, policy_at(policy, a->at));
	case T_RANGE: return value_of(c, i) >= a->lo && value_of(c, i) <= a->hi;
	case T_MASK: return (value_of(c, i) & a->lo) != 0;
	case T_TEXT: return text_fits(c, i, policy_at(policy, a->at));
	}
	return false;
}
static bool args_fit(const struct plist *l, struct call *c)
{
	const struct parg *x = policy_at(policy, l->at);
	for (unsigned i = 0; i < l->n; ) {
		struct tally y = { 0 };
		uint32_t name = x[i].name;
		int k = c->row ? arg_index(c->row, policy_at(policy, name)) : -1;
		if (k < 0)
			return false;
		for (; i < l->n && x[i].name == name; i++)
			count(&y, x[i].is_not, arg_fits(c, k, &x[i]));
		if (!says_yes(&y))
			return false;
	}
	return true;
}

/* --- rules ---------------------------------------------------------------------------------------------------------- */
static const struct prule *rule_at(unsigned i) { return (const struct prule *)policy_at(policy, policy->rules) + i; }
static bool wants_subject(const struct prule *r) { return r->path.n || r->net.n || r->port.n; }

/* All that is known of the call without its path or address. */
static bool call_fits(const struct prule *r, struct call *c)
{
	struct proc *p = c->t->p;
	if (!nr_in(&r->nrs, own_index, c->tab, c->nr) || (r->pers && !(r->pers >> own_index & 1)))
		return false;
	if (r->program.n && !any_text(&r->program, p->exe, p->pid))
		return false;
	if (r->uid.n && !any_range(&r->uid, (uint32_t)host(SYS_geteuid)))
		return false;
	return !r->arg.n || args_fit(&r->arg, c);
}
/* A path that nobody can tell is what a rule that bites asks for, and what any other does not. */
static bool subject_fits(const struct prule *r, const struct call *c, const struct subject *s)
{
	if (r->path.n && s->untold)
		return verdict_bites(r->verdict);
	if (r->path.n && !s->path)
		return false;
	if (r->path.n && !any_path(&r->path, s, s->path, c->t->p->pid, false)) {
		char dir[4400];
		if (!s->moves || !verdict_bites(r->verdict))
			return false;
		fmt(dir, sizeof dir, "%s/", s->path);
		if (!any_path(&r->path, s, dir, c->t->p->pid, true))
			return false;
	}
	return !(r->net.n || r->port.n) || net_fits(r, s);
}
struct found { int rule; unsigned verdict, err; };

static struct found judge(struct call *c, const struct subject *s)
{
	for (unsigned i = 0; i < policy->n_rules; i++) {
		const struct prule *r = rule_at(i);
		if (!r->result && call_fits(r, c) && subject_fits(r, c, s))
			return (struct found){ (int)i, r->verdict, r->err };
	}
	return (struct found){ RULE_DEFAULT, policy->verdict, policy->err };
}
/* Does the verdict hang on a path or an address? True where a rule before the one that is sure to match asks for one. */
static bool hangs(struct call *c)
{
	for (unsigned i = 0; i < policy->n_rules; i++) {
		const struct prule *r = rule_at(i);
		if (!r->result && call_fits(r, c))
			return wants_subject(r);
	}
	return false;
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
static long record(struct call *c, const struct found *f, const struct subject *s)
{
	struct thread *t = c->t;
	struct writer w;

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
	return carry_out(c, judge(c, s), s);
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
	if (nr_in(&policy->subject, own_index, c->tab, c->nr) && hangs(c)) {
		t->judging = true;
		return false;
	}
	struct subject nothing = { 0 };
	struct found f = judge(c, &nothing);
	c->rv = f.verdict == V_ALLOW ? 0 : carry_out(c, f, &nothing);
	return c->rv != 0;
}
static bool result_fits(const struct prule *r, const struct call *c)
{
	bool failed = c->rv < 0 && c->rv > -4096 && c->rv != SYS_RESTART && c->rv != SYS_NORETURN;
	switch ((enum resulttest)r->result) {
	case RESULT_SUCCESS: return !failed && c->rv != SYS_RESTART;
	case RESULT_ERROR: return failed;
	case RESULT_ERRNO: return failed && -c->rv == r->result_err;
	default: return false;
	}
}
static void judge_result(struct call *c)
{
	for (unsigned i = 0; i < policy->n_rules; i++) {
		const struct prule *r = rule_at(i);
		if (!r->result || !call_fits(r, c) || !result_fits(r, c))
			continue;
		if (r->verdict == V_LOG)
			record(c, &(struct found){ (int)i, V_LOG, 0 }, &(struct subject){ 0 });
		return;
	}
}
/* A path or an address that went by unjudged is our mistake, and is not let pass in silence. */
static void unjudged(struct call *c)
{
	struct subject nothing = { 0 };
	struct found f = judge(c, &nothing);
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
	if (!special && nr_in(&policy->result, own_index, c->tab, c->nr))
		judge_result(c);
}
