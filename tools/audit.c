/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise audit: run a program under a policy, check a policy, verify a log, or learn a policy from a run. The parts are in
 * tools/audit/, verdicts are given by syscalls/observe/audit.c; docs/AUDIT.md is the manual of policies.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command.h"
#include "loader/loader.h"
#include "tools/audit/audit.h"

static struct {
	const char *policy, *check, *learn, *output, *key, *head;
	const char *to[4];
	unsigned n_to;
	bool verify;
	uint64_t rotate;
	unsigned keep;
} want = { .keep = 5 };
static struct log the_log;

/* --- options ------------------------------------------------------------------------------------------------------ */
static void set_policy(struct request *r, const char *v) { want.policy = v; }
static void set_check(struct request *r, const char *v) { want.check = v; }
static void set_learn(struct request *r, const char *v) { want.learn = v; }
static void set_verify(struct request *r, const char *v) { want.verify = true; }
static void set_output(struct request *r, const char *v) { want.output = v; }
static void set_key(struct request *r, const char *v) { want.key = v; }
static void set_head(struct request *r, const char *v) { want.head = v; }
static void set_to(struct request *r, const char *v)
{
	if (want.n_to == ARRAY_LEN(want.to))
		refuse("--to can be given %zu times at most", ARRAY_LEN(want.to));
	want.to[want.n_to++] = v;
}
/* SIZE[K|M|G][,KEEP] */
static void set_rotate(struct request *r, const char *v)
{
	char *end;
	static const char units[] = "kKmMgG";
	want.rotate = strtoull(v, &end, 10);
	const char *u = *end && *end != ',' ? strchr(units, *end) : NULL;
	if (u) {
		want.rotate <<= 10 * ((u - units) / 2 + 1);
		end++;
	}
	if (*end == ',')
		want.keep = (unsigned)strtoul(end + 1, &end, 10);
	if (*end || !want.rotate || !want.keep || want.keep > 10000)
		refuse("--rotate wants a size and how many old files to keep, as 10M,5; not \"%s\"", v);
}
static void set_supervised(struct request *r, const char *v) { r->opt.supervised = true; }
static void set_text(struct request *r, const char *v) { view_text(v); }
static const struct option_row rows[] = {
	{ 0, "policy", "FILE", V_FILE, "judge calls by the rules in FILE", set_policy },
	{ 0, "check-policy", "FILE", V_FILE, "only say what is wrong with the policy in FILE", set_check },
	{ 0, "learn", "FILE", V_FILE, "write to FILE the least policy that the run needs; add to what is there", set_learn },
	{ 0, "verify", NULL, V_NONE, "check the logs named instead of a program, the oldest first", set_verify },
	{ 'o', "output", "FILE", V_FILE, "append the log to FILE instead of standard error", set_output },
	{ 0, "to", "WHERE", V_TEXT, "send it to syslog or journal (or syslog:SOCKET), too", set_to },
	{ 0, "rotate", "SIZE,N", V_TEXT, "begin a new file at this size (10M), keep N old ones (5)", set_rotate },
	{ 0, "key", "FILE", V_FILE, "what makes the hashes nobody else can make", set_key },
	{ 0, "head", "HASH", V_TEXT, "with --verify: the last hash there has to be", set_head },
	{ 0, "supervised", NULL, V_NONE, "judge and record from outside, where the program cannot reach (engine ptrace)", set_supervised },
	{ 's', NULL, "BYTES", V_TEXT, "show so much of a text that is no path (32)", set_text },
};
static const struct option_table audit_options = { rows, ARRAY_LEN(rows) };

/* --- the policy --------------------------------------------------------------------------------------------------- */
static char *read_whole(const char *name, const char *option)
{
	struct stat st;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		refuse("%s: %s; %s wants a policy file", shown(name), strerror(errno), option);
	if (S_ISDIR(st.st_mode))
		refuse("%s is a directory; %s wants a policy file", shown(name), option);
	if (st.st_size > 16 << 20)
		refuse("%s is larger than 16 MiB; that is no policy", shown(name));
	size_t n = 0, room = (size_t)st.st_size + 65536;
	char *text = malloc(room);
	for (ssize_t got; text && (got = read(fd, text + n, room - 1 - n)) > 0; n += (size_t)got)
		;
	if (!text)
		refuse("no memory for a policy");
	text[n] = 0;
	close(fd);
	if (strlen(text) != n)
		refuse("%s holds a NUL byte; that is no text", shown(name));
	return text;
}
static struct policy *compile(const char *name, const char *option, const struct request *r)
{
	struct problems p = { .file = name };
	struct sha s;
	char *text = read_whole(name, option), *root = r->root_name ? realpath(r->root_name, NULL) : NULL;

	if (!root && getenv("GUISE_ROOT"))
		root = realpath(getenv("GUISE_ROOT"), NULL);
	sha_start(&s);
	sha_add(&s, text, strlen(text));
	sha_end(&s, the_log.policy_hash);
	struct policy *policy = policy_compile(text, root, &p);
	if (!policy)
		problems_tell(&p);
	if (!policy)
		refuse("%s: %u %s; docs/AUDIT.md tells how a policy is written", shown(name), p.n, p.n == 1 ? "mistake" : "mistakes");
	return policy;
}
static int check(const struct request *r)
{
	policy_tells = true;
	const struct policy *p = compile(want.check, "--check-policy", r);
	bool unseen = p->flags & POLICY_UNSEEN;
	printf("%s: %u %s, good; what no rule matches is %s\n", want.check, p->n_rules - unseen, p->n_rules - unseen == 1 ? "rule" :
		"rules", p->verdict == V_ALLOW ? "allowed" : p->verdict == V_LOG ? "allowed and logged" : p->verdict == V_DENY ?
		"denied" : p->verdict == V_KILL ? "the end of the process" : "asked about");
	return output_end(0);
}

/* --- a run -------------------------------------------------------------------------------------------------------- */
static const char learning[] =
	"default = \"log\"\n"
	"[[rule]]\npath = \"**\"\naction = \"log\"\n"
	"[[rule]]\naddress = \"any\"\naction = \"log\"\n";

static struct sink *open_sink(const struct request *r, const char *command)
{
	if (want.learn) {
		int fd = open(want.learn, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
		if (fd < 0)
			refuse("%s: %s; --learn wants a file that can be written", shown(want.learn), strerror(errno));
		trace_keep(fd);
		return learn_sink(want.learn, fd, command);
	}
	the_log.policy_file = want.policy;
	the_log.supervised = r->opt.supervised;
	the_log.to = (struct delivery){ .file = want.output ? want.output : want.n_to ? NULL : "-", .most = want.rotate, .keep = want.keep };
	if (want.rotate && (!want.output || !strcmp(want.output, "-")))
		refuse("--rotate wants -o FILE: only a file can be begun anew");
	if (want.key)
		chain_key(&the_log.chain, want.key);
	delivery_open(&the_log.to, &the_log.chain, want.to, want.n_to);
	the_log.tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (the_log.tty >= 0)
		trace_keep(the_log.tty);
	return audit_sink(&the_log);
}
static void prepare(struct request *r, const char *command)
{
	static struct sink *sinks[1];
	struct problems p = { .file = "(learning)" };
	struct policy *policy = want.learn ? policy_compile(strdup(learning), NULL, &p) : compile(want.policy, "--policy", r);

	if (!policy)
		refuse("no policy to learn by");
	if (want.learn)
		policy->flags |= POLICY_LEARN;
	the_log.policy = policy;
	sinks[0] = open_sink(r, command);
	struct session *s = session_new(&r->opt.trace_fd);
	events_start(sinks, 1);
	s->want = WANT_ARGS;
	s->text = view.text == NO_TEXT ? 1 : view.text;
	r->opt.policy_fd = policy_seal(policy);
	session_spawn(s, r->opt.trace_fd, &r->opt.trace_end, NULL);
	int fd[8];
	for (unsigned i = 0, n = trace_fds(fd); i < n; i++)
		close(fd[i]);
}
static void check_choice(const struct request *r, int left)
{
	int chosen = !!want.policy + !!want.check + !!want.learn + want.verify;
	if (chosen > 1)
		refuse("--policy, --learn, --check-policy and --verify are four things; one at a time");
	if (!chosen)
		refuse("what for? guise audit --policy FILE PROGRAM judges, --learn FILE PROGRAM writes a policy; guise help audit says more");
	if (want.head && !want.verify)
		refuse("--head goes with --verify");
	if (want.verify && !left)
		refuse("which log? guise audit --verify FILE...");
	if (want.check && left)
		refuse("--check-policy runs no program");
	if (want.learn && (want.output || want.n_to || want.rotate || want.key))
		refuse("--learn writes no log; -o, --to, --rotate and --key go with --policy");
	if (r->opt.supervised && (want.verify || want.check))
		refuse("--supervised is about a run; it goes with --policy and --learn");
	if (!want.verify && !want.check && !left)
		refuse("which program? guise audit %s FILE PROGRAM [ARG...]; guise help audit says more", want.learn ? "--learn" : "--policy");
}
static int run(struct request *r, int argc, char **argv)
{
	check_choice(r, argc);
	if (want.check)
		return check(r);
	if (want.verify)
		return chain_verify(argv, argc, want.key, want.head);
	prepare(r, argv[0]);
	return request_run(r, argc, argv);
}
static const struct subcommand audit_command = {
	.name = "audit", .args = "--policy FILE [-o LOG] [OPTION...] PROGRAM [ARG...]",
	.about = "run a program under a policy: allow, deny and log its system calls",
	.text = "The policy has rules by call, class, path, address, program, user and arguments; the first that matches\n"
		"allows, logs, denies, kills or asks. Denials and what is logged become one JSON object a line, each with a\n"
		"hash over the one before. --check-policy FILE, --verify LOG... and --learn FILE PROGRAM are its other uses.\n"
		"The exit status is the program's; where that is 0 and something was denied, it is 123.\n"
		"A program that means harm can go around it: docs/AUDIT.md says what is held and what is not.",
	.options = { &audit_options, &run_options, &common_options, &hidden_options },
	.run = run,
};
SUBCOMMAND(audit_command);
