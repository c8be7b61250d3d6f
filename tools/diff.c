/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise diff: run two builds of one program in equal conditions and say where their behaviour parts. Here are the
 * options and the order of things; tools/diff/ is the rest.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/diff/diff.h"
#include "loader/loader.h"

static struct setup setup = { .timeout = 60, .facets = FACET_ALL };
static struct { const char *json, *html, *suite, *junit; bool rules; unsigned context; } want = { .context = 5 };

/* --- options ------------------------------------------------------------------------------------------------------ */
static const struct { const char *name; unsigned bit; } facets[] = {
	{ "stdout", FACET_STDOUT }, { "stderr", FACET_STDERR }, { "exit", FACET_EXIT }, { "files", FACET_FILES },
	{ "network", FACET_NETWORK }, { "calls", FACET_CALLS }, { "processes", FACET_PROCESSES },
	{ "output", FACET_STDOUT | FACET_STDERR }, { "all", FACET_ALL },
};
const char *facet_name(unsigned bit)
{
	for (unsigned i = 0; i < ARRAY_LEN(facets); i++)
		if (facets[i].bit == bit)
			return facets[i].name;
	return "?";
}
unsigned facets_of(const char *list)
{
	unsigned bits = 0;
	for (size_t n; *list; list += n) {
		unsigned i = 0;
		list += strspn(list, " ,");
		n = strcspn(list, " ,");
		while (n && i < ARRAY_LEN(facets) && (strlen(facets[i].name) != n || strncmp(facets[i].name, list, n)))
			i++;
		if (n && i == ARRAY_LEN(facets))
			refuse("\"%.*s\" cannot be compared: stdout, stderr, output, exit, files, network, processes, calls, all", (int)n, list);
		bits |= n ? facets[i].bit : 0;
	}
	if (!bits)
		refuse("what is to be compared? stdout, stderr, output, exit, files, network, processes, calls, all");
	return bits;
}
static double seconds(const char *option, const char *v)
{
	char *end;
	double s = strtod(v, &end);
	if (*end || end == v || !isfinite(s) || s < 0)
		refuse("%s wants seconds, not \"%s\"; 0 waits for ever", option, v);
	return s;
}
static const char *real(const char *option, const char *v)
{
	char *path = realpath(v, NULL);
	if (!path)
		refuse("%s: %s; %s wants the directory of a base tree", shown(v), strerror(errno), option);
	return path;
}
static void set_env(struct request *r, const char *v)
{
	if (!strcspn(v, "="))
		refuse("-E wants VAR=VALUE, or VAR to take it away; \"%s\" names no variable", v);
	if (setup.n_env == ARRAY_LEN(setup.env))
		refuse("-E can be given %zu times at most", ARRAY_LEN(setup.env));
	setup.env[setup.n_env++] = v;
}
static void set_root_a(struct request *r, const char *v) { setup.root[0] = real("--root-a", v); }
static void set_root_b(struct request *r, const char *v) { setup.root[1] = real("--root-b", v); }
static void set_chdir(struct request *r, const char *v) { setup.chdir = v; }
static void set_empty(struct request *r, const char *v) { setup.empty = true; }
static void set_stdin(struct request *r, const char *v)
{
	if (access(v, R_OK))
		refuse("%s: %s; --stdin wants a file that can be read", shown(v), strerror(errno));
	setup.stdin_file = v;
}
static void set_timeout(struct request *r, const char *v) { setup.timeout = seconds("--timeout", v); }
static void set_keep(struct request *r, const char *v) { setup.keep = true; }
static void set_engine(struct request *r, const char *v) { setup.engine = v; }
static void set_compare(struct request *r, const char *v) { setup.facets = facets_of(v); }
static void set_ignore(struct request *r, const char *v) { rules_start(), rule_ignore(v); }
static void set_heed(struct request *r, const char *v) { rules_start(), rule_heed(v); }
static void set_rules(struct request *r, const char *v) { want.rules = true; }
static void set_json(struct request *r, const char *v) { want.json = v; }
static void set_html(struct request *r, const char *v) { want.html = v; }
static void set_suite(struct request *r, const char *v) { want.suite = v; }
static void set_junit(struct request *r, const char *v) { want.junit = v; }
static void set_context(struct request *r, const char *v)
{
	char *end;
	unsigned long n = strtoul(v, &end, 10);
	if (*end || end == v || n > 10000)
		refuse("--context wants a number of calls, not \"%s\"", v);
	want.context = (unsigned)n;
}
static const struct option_row rows[] = {
	{ 0, "root-a", "DIR", V_DIR, "a base tree for A's system", set_root_a },
	{ 0, "root-b", "DIR", V_DIR, "a base tree for B's system", set_root_b },
	{ 'E', NULL, "VAR[=VALUE]", V_TEXT, "set a variable of both environments, or take it away", set_env },
	{ 0, "chdir", "DIR", V_DIR, "both begin in a copy of DIR instead of the current directory", set_chdir },
	{ 0, "empty", NULL, V_NONE, "both begin in an empty directory", set_empty },
	{ 0, "stdin", "FILE", V_FILE, "what both read from standard input; without it, nothing", set_stdin },
	{ 0, "timeout", "SECONDS", V_TEXT, "kill a side that runs longer (60)", set_timeout },
	{ 0, "engine", "NAME", V_ENGINE, "how calls are caught; auto takes the best that works here", set_engine },
	{ 0, "compare", "LIST", V_TEXT, "only stdout, stderr, output, exit, files, network, processes, calls", set_compare },
	{ 0, "ignore", "RULE", V_TEXT, "one more rule of what is noise: a name that --rules lists, or KIND:PATTERN", set_ignore },
	{ 0, "heed", "NAME", V_TEXT, "put a rule out of force", set_heed },
	{ 0, "rules", NULL, V_NONE, "list the rules of what is noise; no program is run", set_rules },
	{ 0, "context", "CALLS", V_TEXT, "so many calls before and behind the first that differs (5)", set_context },
	{ 0, "json", "FILE", V_FILE, "write the comparison as JSON to FILE; - is standard output", set_json },
	{ 0, "html", "FILE", V_FILE, "write a page that shows it to FILE", set_html },
	{ 0, "suite", "FILE", V_FILE, "compare the pairs that FILE lists", set_suite },
	{ 0, "junit", "FILE", V_FILE, "write what became of the suite as JUnit XML to FILE", set_junit },
	{ 0, "keep", NULL, V_NONE, "leave what the runs wrote, and say where", set_keep },
};
static const struct option_table diff_options = { rows, ARRAY_LEN(rows) };

/* --- comparing ---------------------------------------------------------------------------------------------------- */
void find(struct result *r, unsigned facet, const char *f, ...)
{
	struct finding x = { .facet = facet };
	va_list ap;
	if (!(r->setup->facets & facet))
		return;
	va_start(ap, f);
	if (vasprintf(&x.text, f, ap) < 0)
		abort();
	va_end(ap);
	r->finding = realloc(r->finding, (r->n + 1) * sizeof *r->finding);
	if (!r->finding)
		abort();
	r->finding[r->n++] = x;
	r->facets |= facet;
}
static void end_text(char text[60], const struct side *s)
{
	if (s->timed_out)
		snprintf(text, 60, "did not end in its time");
	else if (WIFSIGNALED(s->status))
		snprintf(text, 60, "was ended by signal %d (%s)", WTERMSIG(s->status), strsignal(WTERMSIG(s->status)));
	else
		snprintf(text, 60, "exited with %d", WEXITSTATUS(s->status));
}
static void compare_ends(struct result *r)
{
	const struct side *a = &r->side[0], *b = &r->side[1];
	char x[60], y[60];
	if (a->timed_out != b->timed_out || a->status != b->status) {
		end_text(x, a), end_text(y, b);
		find(r, FACET_EXIT, "A %s, B %s", x, y);
	}
	if (!a->left != !b->left)
		find(r, FACET_PROCESSES, "%c left processes running", a->left ? 'A' : 'B');
}
static bool trouble(struct result *r, const char *f, const char *what, double limit)
{
	r->trouble = true;
	snprintf(r->why, sizeof r->why, f, what, limit);
	return false;
}
static bool run_both(struct result *r, const struct setup *u)
{
	for (unsigned i = 0; i < 2; i++)
		if (!side_find(u, &r->side[i], i))
			return trouble(r, i ? "B is missing: %s" : "A is missing: %s", r->side[i].why, 0);
	struct base *x = base_new(u);
	for (unsigned i = 0; i < 2 && !diff_stopped; i++)
		side_run(x, u, &r->side[i], i);
	bool ran = !diff_stopped;
	for (unsigned i = 0; i < 2 && ran; i++)
		if (r->side[i].not_run)
			ran = trouble(r, i ? "B did not run: %s" : "A did not run: %s", r->side[i].why, 0);
	if (ran && r->side[0].timed_out && r->side[1].timed_out)
		ran = trouble(r, "neither%s ended within %g s; --timeout gives more", "", u->timeout);
	if (ran) {
		compare_ends(r);
		compare_output(r, 0, FACET_STDOUT);
		compare_output(r, 1, FACET_STDERR);
		compare_tree(r, r->side[0].dir, r->side[1].dir);
		compare_calls(r);
	}
	if (diff_stopped)
		trouble(r, "it was interrupted%s", "", 0);
	base_drop(x, u->keep);
	return ran;
}
void compare(struct result *r, const struct setup *u, const char *a, const char *b)
{
	r->setup = u;
	const char *slash = strrchr(a, '/'), *name = slash && slash[1] ? slash + 1 : a;
	r->side[0] = (struct side){ .letter = 'A', .given = a, .name = name };
	r->side[1] = (struct side){ .letter = 'B', .given = b, .name = name };
	run_both(r, u);
}
static int result_status(const struct result *r) { return r->trouble ? EXIT_OURS : r->n > 0; }

void result_drop(struct result *r)
{
	for (unsigned i = 0; i < r->n; i++)
		free(r->finding[i].text);
	for (unsigned i = 0; i < r->n_streams; i++)
		free(r->stream[i].pair);
	for (unsigned i = 0; i < r->n_files; i++)
		free(r->file[i].path), free(r->file[i].what), free(r->file[i].a), free(r->file[i].b);
	free(r->finding), free(r->stream), free(r->file), free(r->hunks[0]), free(r->hunks[1]);
	side_drop(&r->side[0]);
	side_drop(&r->side[1]);
}
static void write_to(const char *name, const char *option, void (*tell)(FILE *, const struct result *), const struct result *r)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "we") : stdout;
	if (!f)
		refuse("%s: %s; %s wants a file that can be written", shown(name), strerror(errno), option);
	tell(f, r);
	if (f != stdout && (ferror(f) | fclose(f)))
		refuse("%s: %s; %s could not be written", shown(name), strerror(errno), option);
}
static void on_signal(int sig) { diff_stopped = sig; }

static int run(struct request *r, int argc, char **argv)
{
	struct result x = { 0 };
	int status;

	rules_start();
	if (want.rules) {
		rules_print(stdout);
		return output_end(0);
	}
	if (want.junit && !want.suite)
		refuse("--junit tells of a suite: --suite FILE names it");
	if (want.suite && argc)
		refuse("--suite names the programs; %s cannot be compared besides", shown(argv[0]));
	if (want.suite && want.html)
		refuse("--html shows one comparison, not a suite");
	if (!want.suite && argc < 2)
		refuse("which two programs? guise diff [OPTION...] A B [-- ARG...]; guise help diff says more");
	if (!want.suite && argc > 2 && strcmp(argv[2], "--"))
		refuse("the arguments of both stand behind --: guise diff A B -- %s", shown(argv[2]));
	for (int sig = 0; sig < 3; sig++)
		sigaction((const int[]){ SIGINT, SIGTERM, SIGHUP }[sig], &(struct sigaction){ .sa_handler = on_signal }, NULL);
	if (want.suite) {
		status = suite_run(want.suite, want.junit, &setup, want.json, want.context);
		return output_end(status);
	}
	setup.args = argv + 3;
	setup.n_args = argc > 3 ? (unsigned)argc - 3 : 0;
	compare(&x, &setup, argv[0], argv[1]);
	if (want.html)
		write_to(want.html, "--html", diff_html, &x);
	if (want.json)
		write_to(want.json, "--json", diff_json, &x);
	if (!want.json || strcmp(want.json, "-"))
		diff_text(stdout, &x, want.context);
	status = result_status(&x);
	result_drop(&x);
	return output_end(status);
}
static const struct subcommand diff_command = {
	.name = "diff", .args = "[OPTION...] A B [-- ARG...]",
	.about = "run two builds of a program and say where their behaviour parts",
	.text = "A and B run one after the other in equal conditions: the same arguments and environment, the same working\n"
		"directory (a copy of the current one, made anew for each), clean directories for HOME and TMPDIR. What they\n"
		"print, how they end, the files they leave, their connections, processes and calls are compared; what is noise\n"
		"is left out by rules that --rules lists. The exit status is 0 where they are the same, 1 where they differ,\n"
		"125 where nothing can be said, as when one of them cannot be run.",
	.options = { &diff_options, &common_options },
	.run = run,
};
SUBCOMMAND(diff_command);
