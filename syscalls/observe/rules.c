/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Does a rule of the policy fit a call? Pure matching, by the row and what is known of the call: the program's own thread
 * asks (audit.c), and where a supervisor judges, it does, of a call in another process (tools/supervise/judge.c): then
 * copy_str reads that one's memory (mem_far), and rule_uid says whose call it is. The first rule that fits is the verdict.
 */
#include <netinet/in.h>
#include <sys/un.h>
#include "../host.h"
#include "observe.h"
#include "entry.h"
#include "rules.h"

const struct policy *policy;

static uint32_t own_uid(const struct thread *t) { return (uint32_t)host(SYS_geteuid); }
uint32_t (*rule_uid)(const struct thread *) = own_uid;

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
	if (r->uid.n && !any_range(&r->uid, rule_uid(c->t)))
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
struct found rules_judge(struct call *c, const struct subject *s)
{
	for (unsigned i = 0; i < policy->n_rules; i++) {
		const struct prule *r = rule_at(i);
		if (!r->result && call_fits(r, c) && subject_fits(r, c, s))
			return (struct found){ (int)i, r->verdict, r->err };
	}
	return (struct found){ RULE_DEFAULT, policy->verdict, policy->err };
}
/* Does the verdict hang on a path or an address? True where a rule before the one that is sure to match asks for one. */
bool rules_hang(struct call *c)
{
	if (!nr_in(&policy->subject, own_index, c->tab, c->nr))
		return false;
	for (unsigned i = 0; i < policy->n_rules; i++) {
		const struct prule *r = rule_at(i);
		if (!r->result && call_fits(r, c))
			return wants_subject(r);
	}
	return false;
}
bool rules_keep(const char *path)
{
	const struct subject s = { .path = path };
	bool keep = verdict_bites(policy->verdict);
	for (unsigned i = 0; i < policy->n_rules && !keep; i++) {
		const struct prule *r = rule_at(i);
		keep = verdict_bites(r->verdict) && r->path.n && any_path(&r->path, &s, path, 0, false);
	}
	return keep;
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
struct found rules_result(struct call *c)
{
	for (unsigned i = 0; i < policy->n_rules; i++) {
		const struct prule *r = rule_at(i);
		if (r->result && call_fits(r, c) && result_fits(r, c))
			return (struct found){ (int)i, r->verdict, 0 };
	}
	return (struct found){ RULE_DEFAULT, V_ALLOW, 0 };
}
