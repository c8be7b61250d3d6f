/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From the tables of a policy file to the policy that judges (syscalls/observe/policy.h). Calls become bits by the rows
 * of every system; what stands behind the other keys is values.c's and places.c's. A rule that could never match (a path for a call that
 * has none, a flag that no such argument has) is an error, not a silence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tools/audit/audit.h"
#include "tools/command.h"

sysfn lnx_sendmmsg;

#define MOST_RULES 4096

/* --- the policy under construction: offsets only, since it moves --------------------------------------------------- */
static char *blob;
static size_t used, room;

uint32_t policy_add(const void *what, size_t n)
{
	size_t at = (used + 15) & ~15ul;
	while (at + n > room) {
		blob = realloc(blob, room = room ? room * 2 : 1 << 20);
		if (!blob)
			refuse("no memory for a policy");
		memset(blob + used, 0, room - used);
	}
	memcpy(blob + at, what, n);
	used = at + n;
	return (uint32_t)at;
}
uint32_t policy_add_text(const char *s) { return policy_add(s, strlen(s) + 1); }

/* --- which rows can have what ------------------------------------------------------------------------------------- */
bool row_has_path(const struct row *r)
{
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (r->arg[i].kind == A_PATH)
			return true;
	return false;
}
bool row_has_addr(const struct row *r)
{
	if (r->fn == lnx_sendmmsg)
		return true;
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (r->arg[i].kind == A_SOCKIN || (r->arg[i].kind == A_IN && r->arg[i].what == REC_MSGHDR))
			return true;
	return false;
}
static bool has_either(const struct row *r) { return row_has_path(r) || row_has_addr(r); }
static bool any_row(const struct row *r) { return true; }
static bool may_end(const struct row *r) { return r->ret != R_NOTHING; }

const struct row *policy_row(unsigned p, unsigned t, unsigned nr)
{
	const struct systab *y = t < PERS(p)->n_tab ? &PERS(p)->tab[t] : NULL;
	return y && nr < y->n && y->row[nr].name ? &y->row[nr] : NULL;
}
/* Only such rows stay in the set: how many. */
static unsigned keep_rows(nrset *s, uint32_t pers, bool (*good)(const struct row *))
{
	unsigned n = 0;
	for (EACH_PERS(p))
		for (unsigned t = 0; t < MOST_TABS; t++)
			for (unsigned nr = 0; nr < MOST_NRS; nr++) {
				const struct row *r = policy_row(p, t, nr);
				if (!nr_in(s, p, t, nr))
					continue;
				if ((pers && !(pers >> p & 1)) || (good != any_row && (!r || !good(r))))
					(*s)[p][t][nr / 64] &= ~(1ull << nr % 64);
				else
					n++;
			}
	return n;
}

static bool result(struct maker *m, const struct pair *k, struct prule *r)
{
	const char *s = k->n == 1 ? policy_is_text(m, k, k->item) : NULL;
	r->result = !s ? RESULT_NONE : !strcmp(s, "success") ? RESULT_SUCCESS : !strcmp(s, "error") ? RESULT_ERROR : RESULT_ERRNO;
	if (r->result == RESULT_ERRNO && !(r->result_err = (uint16_t)filter_errno(s)))
		r->result = RESULT_NONE;
	if (!r->result)
		problem(m->p, k->line, "result is \"success\", \"error\", or the name of an error");
	return r->result != RESULT_NONE;
}

/* --- rules -------------------------------------------------------------------------------------------------------- */
static const struct pair *find(const struct table *t, const char *key)
{
	for (unsigned i = 0; i < t->n; i++)
		if (!strcmp(t->pair[i].key, key))
			return &t->pair[i];
	return NULL;
}
static bool keys_known(struct maker *m, const struct table *t, const char *const *keys, const char *all)
{
	bool good = true;
	for (unsigned i = 0; i < t->n; i++) {
		const char *const *k = keys;
		while (*k && strcmp(*k, t->pair[i].key))
			k++;
		if (*k || (t->name && !strncmp(t->pair[i].key, "arg.", 4) && t->pair[i].key[4]))
			continue;
		problem(m->p, t->pair[i].line, "%s is no key here; there are %s", t->pair[i].key, all);
		good = false;
	}
	return good;
}
static bool nothing_left(struct maker *m, const struct table *t, const struct prule *r)
{
	const struct pair *c = find(t, "call");
	int line = c ? c->line : t->line;
	if (r->result)
		problem(m->p, line, "no call of this rule has a result");
	else if (r->net.n || r->port.n)
		problem(m->p, line, "no call of this rule has an address; connect, bind, sendto, sendmsg, sendmmsg have");
	else if (r->path.n)
		problem(m->p, line, "no call of this rule has a path; %%file are those that have (what a descriptor leads to was judged when it was opened)");
	else
		problem(m->p, line, "this rule names no call of any system");
	return false;
}
static bool make_rule(struct maker *m, const struct table *t, struct prule *r, unsigned nr)
{
	static const char *const keys[] = { "name", "call", "os", "program", "uid", "path", "address", "port", "result", "action", NULL };
	static const char all[] = "name, call, os, program, uid, path, address, port, arg.NAME, result, action";
	const struct pair *k, *action = find(t, "action");
	char name[32];
	bool good = keys_known(m, t, keys, all) && policy_calls(m, find(t, "call"), &r->nrs);

	snprintf(name, sizeof name, "rule %u", nr);
	r->line = (uint32_t)t->line;
	k = find(t, "name");
	const char *given = k && k->n == 1 ? policy_is_text(m, k, k->item) : NULL;
	good &= !k || given;
	r->name = policy_add_text(given ? given : name);
	if (!action)
		problem(m->p, t->line, "this rule has no action; add action = \"allow\", \"log\", \"deny EPERM\", \"kill\" or \"ask\"");
	good &= action && policy_verdict_of(m, action, &r->verdict, &r->err);
	for (unsigned i = 0; i < t->n; i++)
		if (!t->pair[i].n && t->pair[i].list) {
			problem(m->p, t->pair[i].line, "%s is an empty list; leave the key away, or name something", t->pair[i].key);
			good = false;
		}
	if ((k = find(t, "os")))
		good &= policy_systems(m, k, &r->pers);
	if ((k = find(t, "program")))
		good &= policy_texts(m, k, &r->program, policy_path_pattern);
	if ((k = find(t, "uid")))
		good &= policy_ranges(m, k, &r->uid, 0xffffffffl);
	if ((k = find(t, "path")))
		good &= policy_texts(m, k, &r->path, policy_path_pattern);
	if ((k = find(t, "address")))
		good &= policy_nets(m, k, &r->net);
	if ((k = find(t, "port")))
		good &= policy_ranges(m, k, &r->port, 65535);
	if ((k = find(t, "result")))
		good &= result(m, k, r);
	if (r->path.n && (r->net.n || r->port.n)) {
		problem(m->p, t->line, "a rule has a path or an address, not both; make two rules of it");
		good = false;
	}
	if (r->result && (r->path.n || r->net.n || r->port.n || verdict_bites(r->verdict))) {
		problem(m->p, t->line, "what a call gave is known when it is over: a rule with result takes log or allow, and no path or address");
		good = false;
	}
	if (good && !keep_rows(&r->nrs, r->pers, r->result ? may_end : r->net.n || r->port.n ? row_has_addr : r->path.n ? has_either :
		any_row))
		return nothing_left(m, t, r);
	return good && policy_arg_tests(m, t, &r->nrs, &r->arg);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */
static bool one_word(struct maker *m, const struct table *t, const char *key, const char *const words[2], bool *second)
{
	const struct pair *k = find(t, key);
	const char *s = k && k->n == 1 ? policy_is_text(m, k, k->item) : NULL;
	if (!k)
		return true;
	*second = s && !strcmp(s, words[1]);
	if (s && (*second || !strcmp(s, words[0])))
		return true;
	problem(m->p, k->line, "%s is \"%s\" or \"%s\"", key, words[0], words[1]);
	return false;
}
static bool make_head(struct maker *m, const struct table *t, struct policy *h, bool *judge_unseen)
{
	static const char *const keys[] = { "version", "default", "native", "unseen", "when-log-fails", "denied-status", NULL };
	static const char *const native[] = { "refuse", "filter" }, *const unseen[] = { "refuse", "judge" },
		*const fails[] = { "stop", "go-on" };
	const struct pair *k;
	bool filter = false, on = false;
	bool good = keys_known(m, t, keys, "version, default, native, unseen, when-log-fails, denied-status; those of rules stand behind [[rule]]");

	h->denied_status = 123;
	if ((k = find(t, "version")) && (k->n != 1 || k->item->type != I_NUMBER || k->item->number != 1)) {
		problem(m->p, k->line, "this guise reads version = 1");
		good = false;
	}
	if ((k = find(t, "default")))
		good &= policy_verdict_of(m, k, &h->verdict, &h->err);
	if ((k = find(t, "denied-status"))) {
		if (k->n == 1 && k->item->type == I_NUMBER && k->item->number >= 0 && k->item->number < 256) {
			h->denied_status = (uint32_t)k->item->number;
		} else {
			problem(m->p, k->line, "denied-status is a number up to 255; 0 leaves the program's own");
			good = false;
		}
	}
	good &= one_word(m, t, "native", native, &filter);
	good &= one_word(m, t, "unseen", unseen, judge_unseen);
	good &= one_word(m, t, "when-log-fails", fails, &on);
	h->flags = (filter ? POLICY_NATIVE : 0) | (on ? 0 : POLICY_STOP);
	return good;
}
static void join(nrset *to, const nrset *from)
{
	for (size_t i = 0; i < sizeof *to / 8; i++)
		((uint64_t *)to)[i] |= ((const uint64_t *)from)[i];
}
/* Something is kept from the program by its name: what could give that another name unseen is refused first. */
static bool keeps_names(const struct policy *h, const struct prule *r, unsigned n)
{
	bool any = false, bites = verdict_bites(h->verdict);
	for (unsigned i = 0; i < n; i++) {
		any |= r[i].path.n != 0;
		bites |= r[i].path.n && verdict_bites(r[i].verdict);
	}
	return any && bites;
}
struct policy *policy_compile(char *text, const char *root, struct problems *p)
{
	static struct policy head;
	struct maker m = { p, root };
	struct toml t;
	bool judge_unseen = false;
	unsigned before = p->n, n = 1;

	toml_read(&t, text, p);
	head = (struct policy){ .magic = POLICY_MAGIC, .version = POLICY_VERSION };
	used = 0;
	policy_add(&head, sizeof head);
	make_head(&m, &t.table[0], &head, &judge_unseen);
	if (t.n - 1 > MOST_RULES)
		problem(p, t.table[MOST_RULES + 1].line, "a policy has %d rules at most", MOST_RULES);
	struct prule *r = calloc(t.n + 1, sizeof *r);
	if (!r)
		refuse("no memory for a policy");
	for (unsigned i = 1; i < t.n && i <= MOST_RULES; i++, n++)
		if (!strcmp(t.table[i].name, "rule"))
			make_rule(&m, &t.table[i], &r[n], i);
	if (p->n != before)
		return NULL;
	bool unseen = !judge_unseen && keeps_names(&head, r + 1, n - 1);
	r[0] = (struct prule){ .name = policy_add_text("(unseen)"), .verdict = V_DENY, .err = EPERM };
	filter_word(&r[0].nrs, "%unseen", true);
	struct prule *first = unseen ? r : r + 1;
	head.n_rules = unseen ? n : n - 1;
	head.flags |= unseen ? POLICY_UNSEEN : 0;
	for (unsigned i = 0; i < head.n_rules; i++) {
		join(first[i].result ? &head.result : &head.touch, &first[i].nrs);
		if (first[i].path.n || first[i].net.n || first[i].port.n)
			join(&head.subject, &first[i].nrs);
	}
	if (head.verdict != V_ALLOW)
		filter_word(&head.touch, "all", true);
	head.rules = policy_add(first, head.n_rules * sizeof *r);
	memcpy(blob, &head, sizeof head);
	struct sock_filter code[4096];
	head.n_filter = policy_filter((struct policy *)blob, code, ARRAY_LEN(code));
	head.filter = policy_add(code, head.n_filter * sizeof *code);
	head.size = (uint32_t)used;
	memcpy(blob, &head, sizeof head);
	free(r);
	return (struct policy *)blob;
}
const char *policy_rule_name(const struct policy *p, int rule)
{
	if (rule == RULE_DEFAULT)
		return "(default)";
	if (rule == RULE_UNJUDGED)
		return "(unjudged)";
	if (rule == RULE_PAST || rule == RULE_TAMPERED)
		return rule == RULE_PAST ? "(past)" : "(tampered)";
	if (rule < 0 || (unsigned)rule >= p->n_rules)
		return "(unseen)";
	return policy_at(p, ((const struct prule *)policy_at(p, p->rules))[rule].name);
}
int policy_seal(const struct policy *p)
{
	int fd = memfd_create("guise policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write(fd, p, p->size) != (ssize_t)p->size ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		refuse("the policy cannot be put into sealed memory: %s", strerror(errno));
	return fd;
}
