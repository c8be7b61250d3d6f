/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The telling of verdicts: one JSON object a line (docs/audit.schema.json), when the call has ended or never will. What
 * was said of a call came before its end and waits with its task. Questions are asked here, on the terminal that the run
 * was started from, while the thread that made the call waits.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/audit/audit.h"

#define VERSION 1
static struct log *log_;
static bool started, ended;
static uint64_t n_denied, n_killed, n_logged, n_asked, n_dropped;
static char text[640 * 1024];

static const char *const words[] = { "allow", "log", "deny", "kill", "ask" };

/* --- a record ----------------------------------------------------------------------------------------------------- */
static void begin(struct line *l, const char *event, uint64_t ns)
{
	uint64_t wall = ns + (uint64_t)wall_offset;
	*l = (struct line){ .at = text, .n = sizeof text - 256, .json = true };
	PUT(l, "{\"v\":%d,\"seq\":%lu,\"event\":\"%s\"", VERSION, ++log_->chain.seq, event);
	if (strcmp(event, "call")) {
		char prev[2 * HASH + 1];
		hash_text(log_->chain.last, prev);
		PUT(l, ",\"prev\":\"%s\"", prev);
	}
	PUT(l, ",\"time\":%lu.%09lu", wall / 1000000000, wall % 1000000000);
}
static void end(struct line *l, int priority, const char *program, int pid)
{
	char hash[2 * HASH + 1];
	chain_next(&log_->chain, l->at, l->len);
	hash_text(log_->chain.last, hash);
	l->n += 250;
	PUT(l, ",\"hash\":\"%s\"}\n", hash);
	if (!deliver(&log_->to, l->at, l->len, priority, program, pid) && log_->policy->flags & POLICY_STOP)
		drain_fail();
}
static void rotate(uint64_t ns)
{
	struct line l;
	if (!delivery_full(&log_->to) || !delivery_rotate(&log_->to))
		return;
	begin(&l, "continue", ns);
	end(&l, 6, "", 0);
}
static void member(struct line *l, const char *name) { put_s(l, ",\""), put_s(l, name), put_s(l, "\":"); }

static void start(const struct process *p, const struct personality *pers, uint64_t ns)
{
	struct line l;
	char hash[2 * HASH + 1];

	rotate(ns);
	begin(&l, "start", ns);
	hash_text(log_->policy_hash, hash);
	PUT(&l, ",\"guise\":\"%s\",\"policy\":", GUISE_VERSION), put_text(&l, log_->policy_file, strlen(log_->policy_file), false);
	PUT(&l, ",\"policy_sha256\":\"%s\"", hash);
	if (log_->supervised)
		put_s(&l, ",\"supervised\":true");
	if (p) {
		member(&l, "pid"), put_int(&l, p->pid);
		member(&l, "os"), put_word(&l, pers->name);
		member(&l, "program"), put_text(&l, p->program, strlen(p->program), false);
		member(&l, "args"), put_open(&l, '[');
		for (unsigned i = 0; i < p->n_args; i++)
			put_item(&l), put_text(&l, p->args[i], strlen(p->args[i]), false);
		put_close(&l, ']');
	}
	end(&l, 6, p ? p->program : "", p ? p->pid : 0);
	started = true;
}

/* --- what was said of a call -------------------------------------------------------------------------------------- */
/* {"path":...} or {"address":...}, or "" */
static char *subject_of(const struct event *e)
{
	static char buf[40 * 1024];
	const struct piece *path = piece_first(e->mem, PIECE_MEM, 0), *ss = piece_first(e->mem, PIECE_SOCK, 0);
	struct line l = { .at = buf, .n = sizeof buf, .json = true, .pers = e->task->pers };

	buf[0] = 0;
	if (path) {
		put_s(&l, "{\"path\":");
		put_text(&l, path->bytes, strnlen(path->bytes, path->len), false);
		put_s(&l, "}");
	} else if (ss && ss->len == sizeof(struct sockaddr_storage)) {
		struct sockaddr_storage a;
		memcpy(&a, ss->bytes, sizeof a);
		put_s(&l, "{\"address\":");
		put_host_sockaddr(&l, &a, a.ss_family == AF_INET ? 16 : a.ss_family == AF_INET6 ? 28 : 110);
		put_s(&l, "}");
	}
	return strdup(buf);
}
static bool same(const struct said *a, const struct said *b)
{
	return a->rule == b->rule && a->verdict == b->verdict && a->answer == b->answer && !strcmp(a->subject, b->subject);
}
static void keep(struct task *t, struct said s)
{
	for (unsigned i = 0; i < t->n_said; i++)
		if (same(&t->said[i], &s)) {
			free(s.subject);
			return;
		}
	struct said *more = realloc(t->said, (t->n_said + 1) * sizeof *more);
	if (!more)
		abort();
	t->said = more;
	t->said[t->n_said++] = s;
}
static void forget(struct task *t)
{
	for (unsigned i = 0; i < t->n_said; i++)
		free(t->said[i].subject);
	t->n_said = 0;
}
/* The strictest is the call's. */
static const struct said *strictest(const struct task *t)
{
	static const uint8_t weight[] = { [V_ALLOW] = 0, [V_LOG] = 1, [V_ASK] = 2, [V_DENY] = 3, [V_KILL] = 4 };
	const struct said *best = &t->said[0];
	for (unsigned i = 1; i < t->n_said; i++)
		if (weight[t->said[i].verdict] > weight[best->verdict])
			best = &t->said[i];
	return best;
}
static void put_said(struct line *l, const struct task *t, const struct said *s)
{
	const struct prule *r = policy_at(log_->policy, log_->policy->rules);
	const char *name = policy_rule_name(log_->policy, s->rule);

	member(l, "verdict"), put_json(l, words[s->verdict]);
	if (s->verdict == V_ASK)
		member(l, "answer"), put_json(l, s->answer == 1 ? "yes" : s->answer == 0 ? "no" : "nobody");
	if (s->verdict == V_DENY || (s->verdict == V_ASK && s->answer != 1)) {
		const char *e = errno_name(t->pers, (int)s->err);
		member(l, "denied"), put_json(l, e ? e : "?");
	}
	member(l, "rule"), put_text(l, name, strlen(name), false);
	if (s->rule >= 0 && (unsigned)s->rule < log_->policy->n_rules && r[s->rule].line)
		member(l, "line"), put_uint(l, r[s->rule].line);
	member(l, "subjects"), put_open(l, '[');
	for (unsigned i = 0; i < t->n_said; i++)
		if (*t->said[i].subject)
			put_item(l), put_s(l, t->said[i].subject);
	put_close(l, ']');
}
static void tell_call(const struct event *e, bool over)
{
	struct task *t = e->task;
	const struct said *s = t->n_said ? strictest(t) : NULL;
	struct line l;

	if (!s)
		return;
	if (t->call.rv == SYS_RESTART && (s->verdict == V_LOG || s->verdict == V_ASK)) {  /* it will be made again, and told then */
		forget(t);
		return;
	}
	rotate(e->ns);
	begin(&l, "call", t->began);
	l.pers = t->pers;
	l.mem = e->mem ? e->mem : &t->in;
	l.text = view.text;
	member(&l, "pid"), put_int(&l, t->process->pid);
	member(&l, "tid"), put_int(&l, t->tid);
	member(&l, "uid"), put_uint(&l, s->uid);
	member(&l, "program"), put_text(&l, t->process->program, strlen(t->process->program), false);
	member(&l, "os"), put_word(&l, t->pers->name);
	put_said(&l, t, s);
	json_call(&l, e, over);
	n_logged += s->verdict == V_LOG, n_denied += s->verdict == V_DENY, n_killed += s->verdict == V_KILL;
	n_asked += s->verdict == V_ASK;
	end(&l, s->verdict >= V_DENY ? 4 : 6, t->process->program, t->process->pid);
	forget(t);
}

/* A call of Linux that the guest made past us: its supervisor saw it, and ended the process if the policy is there to
 * keep anything from it. */
static void tell_past(const struct event *e)
{
	struct task *t = e->task;
	struct line l;
	bool kills = policy_bites(log_->policy);
	char name[24];

	rotate(e->ns);
	begin(&l, "call", e->ns);
	l.pers = host_personality();
	l.mem = e->mem;
	l.text = view.text;
	member(&l, "pid"), put_int(&l, t->process->pid);
	member(&l, "tid"), put_int(&l, t->tid);
	member(&l, "program"), put_text(&l, t->process->program, strlen(t->process->program), false);
	member(&l, "os"), put_word(&l, l.pers->name);
	member(&l, "verdict"), put_json(&l, words[kills ? V_KILL : V_LOG]);
	member(&l, "rule"), put_json(&l, policy_rule_name(log_->policy, RULE_PAST));
	put_s(&l, ",\"subjects\":[]");
	member(&l, "call"), put_json(&l, call_name(e->past, name));
	member(&l, "nr"), put_uint(&l, e->past->nr);
	json_past_args(&l, e);
	put_s(&l, ",\"unfinished\":true");
	n_killed += kills, n_logged += !kills;
	end(&l, kills ? 4 : 6, t->process->program, t->process->pid);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */
static struct answer { struct answer *next; int rule; char *what; bool yes; } *answers;

static char *question(const struct event *e)
{
	static char buf[8192];
	struct call *c = &e->task->call;
	char name[24];
	struct line l = { .at = buf, .n = sizeof buf, .pers = e->task->pers, .mem = &e->task->in, .text = TEXT_LIMIT };

	put_s(&l, call_name(c, name)), put_open(&l, '(');
	for (int i = 0; c->row && c->row->fn && i < 8 && c->row->arg[i].kind; i++)
		if (!arg_is_unused(c, i)) {
			put_item(&l);
			if (arg_is_out(&c->row->arg[i]))
				put_addr(&l, (uaddr)c->raw[i]);
			else
				show_arg(&l, c, i);
		}
	put_close(&l, ')');
	return buf;
}
/* One line of the terminal; 0 when the thread does not wait any more. */
static char read_answer(const struct event *e)
{
	char line[256] = "";
	struct pollfd p = { .fd = log_->tty, .events = POLLIN };
	while (drain_asked(e->ring, e->said->asked)) {
		if (poll(&p, 1, 200) <= 0)
			continue;
		ssize_t n = read(log_->tty, line, sizeof line - 1);
		return n <= 0 ? 'n' : line[0];
	}
	dprintf(log_->tty, "(not asked any more)\n");
	return 0;
}
static int ask(const struct event *e, const char *subject)
{
	char *call = question(e), *what;
	const char *rule = policy_rule_name(log_->policy, e->said->rule);

	if (asprintf(&what, "%s %s", call, subject) < 0)
		return -1;
	for (struct answer *a = answers; a; a = a->next)
		if (a->rule == e->said->rule && !strcmp(a->what, what)) {
			free(what);
			return a->yes;
		}
	if (log_->tty < 0) {
		free(what);
		return -1;
	}
	char c = '?';
	while (c && !strchr("ynavYNAV", c)) {
		struct line l = { .at = text, .n = 12000 };
		put_s(&l, "guise: audit: "), put_text(&l, e->task->process->program, strlen(e->task->process->program), false);
		PUT(&l, " (%d, rule ", e->task->process->pid), put_text(&l, rule, strlen(rule), false);
		PUT(&l, ") wants\n  %s%s%s\n  may it? [y]es, [n]o, [a]lways, ne[v]er: ", call, *subject ? "\n  " : "", subject);
		if (write(log_->tty, l.at, l.len) < 0)
			c = 'n';
		else
			c = read_answer(e);
	}
	bool yes = c && strchr("yYaA", c);
	struct answer *a = c && strchr("aAvV", c) ? malloc(sizeof *a) : NULL;
	if (a) {
		*a = (struct answer){ answers, e->said->rule, what, yes };
		answers = a;
	} else {
		free(what);
	}
	return c ? yes : 0;
}
static void on_verdict(const struct event *e)
{
	struct said s = { e->said->rule, e->said->verdict, e->said->err, e->said->uid, -1, subject_of(e) };
	if (s.verdict > V_ASK || !s.subject)
		return;
	if (s.verdict == V_ASK) {
		s.answer = ask(e, s.subject);
		drain_answer(e->ring, e->said->asked, s.answer == 1);
	}
	keep(e->task, s);
}

/* --- events ------------------------------------------------------------------------------------------------------- */
static void event(struct sink *s, const struct event *e)
{
	bool never = e->task->call.row && e->task->call.row->ret == R_NOTHING;
	if (!started)
		start(e->task->process, e->task->pers, e->ns);
	switch (e->type) {
	case EV_VERDICT: on_verdict(e); break;
	case EV_EXIT: tell_call(e, true); break;
	case EV_UNFINISHED: tell_call(e, false); break;
	case EV_END:
		if (never)
			tell_call(e, false);
		break;
	case EV_PAST: tell_past(e); break;
	case EV_DROPPED: n_dropped += e->count; break;
	default: break;
	}
}
static void flush(struct sink *s) { }

static void finish(struct sink *s)
{
	struct timespec ts;
	struct line l;

	if (ended)
		return;
	ended = true;
	clock_gettime(CLOCK_REALTIME, &ts);
	uint64_t ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec - (uint64_t)wall_offset;
	if (!started)
		start(NULL, NULL, ns);
	begin(&l, "end", ns);
	PUT(&l, ",\"denied\":%lu,\"killed\":%lu,\"asked\":%lu,\"logged\":%lu,\"dropped\":%lu", n_denied, n_killed, n_asked, n_logged,
	    n_dropped);
	if (supervisor_lost)
		put_s(&l, ",\"supervisor\":\"killed\"");
	end(&l, 6, "", 0);
	delivery_end(&log_->to);
}
struct sink *audit_sink(struct log *l)
{
	static struct sink s = { "audit", event, flush, finish, NULL };
	log_ = l;
	return &s;
}
