/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise trace: run a program and tell of every call it makes. Here are the options; tools/trace/ is the telling,
 * syscalls/observe/ the recording and decoding.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "tools/trace/trace.h"

static struct {
	const char *output, *json, *chrome, *html, *raw, *read;
	const char *expr[64];
	unsigned n_expr;
	bool json_out, count, count_too, lossy;
	int follow;
} want;
static struct sink *sinks[8];
static unsigned n_sinks;
static int pids[64];
static unsigned n_pids;
static int fds[8];
static unsigned n_fds;

/* --- options ------------------------------------------------------------------------------------------------------ */
static void set_output(struct request *r, const char *v) { want.output = v; }
static void set_follow(struct request *r, const char *v) { view.files = ++want.follow > 1; }
static void set_expr(struct request *r, const char *v)
{
	if (want.n_expr == ARRAY_LEN(want.expr))
		refuse("-e can be given %zu times at most", ARRAY_LEN(want.expr));
	want.expr[want.n_expr++] = v;
}
static void set_status(struct request *r, const char *v) { filter_status(v); }
static void set_path(struct request *r, const char *v)
{
	char *real = realpath(v, NULL);          /* what its descriptors are called */
	view.paths = realloc(view.paths, (view.n_paths + 2) * sizeof *view.paths);
	if (!view.paths)
		refuse("no memory for a list of paths");
	view.paths[view.n_paths++] = (char *)v;
	if (real && strcmp(real, v))
		view.paths[view.n_paths++] = real;
}
static void set_fds(struct request *r, const char *v)
{
	for (char *end; *v; v = *end == ',' ? end + 1 : end) {
		unsigned long fd = strtoul(v, &end, 10);
		if (end == v || (*end && *end != ',') || fd > 1023)
			refuse("--trace-fds wants numbers of descriptors with commas between them, not \"%s\"", v);
		view.fd_set[fd / 64] |= 1ull << fd % 64;
		view.by_fd = true;
	}
}
static void set_pid(struct request *r, const char *v)
{
	for (char *end; *v; v = *end == ',' ? end + 1 : end) {
		unsigned long pid = strtoul(v, &end, 10);
		if (end == v || (*end && *end != ',') || !pid || pid > 1 << 30)
			refuse("-p wants the number of a process, not \"%s\"", v);
		if (n_pids == ARRAY_LEN(pids))
			refuse("-p takes %zu processes at most", ARRAY_LEN(pids));
		pids[n_pids++] = (int)pid;
	}
}
void view_text(const char *v)
{
	char *end;
	unsigned long n = strtoul(v, &end, 10);
	if (*end || end == v || n > 32768)
		refuse("-s wants a number of bytes up to 32768, not \"%s\"", v);
	view.text = n ? (uint32_t)n : NO_TEXT;
}
static void set_text(struct request *r, const char *v) { view_text(v); }
static void set_hex(struct request *r, const char *v) { view.hex = MIN(view.hex + 1, 2); }
static void set_names(struct request *r, const char *v) { view.fds = MIN(view.fds + 1, 2); }
static void set_stamp(struct request *r, const char *v) { view.stamp = MIN(view.stamp + 1, 3); }
static void set_relative(struct request *r, const char *v) { view.stamp = 4; }
static void set_took(struct request *r, const char *v) { view.took = true; }
static void set_rip(struct request *r, const char *v) { view.rip = true; }
static void set_nr(struct request *r, const char *v) { view.nr = true; }
static void set_successful(struct request *r, const char *v) { filter_status("successful"); }
static void set_failed(struct request *r, const char *v) { filter_status("failed"); }
static void set_habit(struct request *r, const char *v) { }
static void set_stack(struct request *r, const char *v) { view.stack = MIN(view.stack + 1, 2); }
static void set_quiet(struct request *r, const char *v) { view.quiet |= QUIET_EXIT | QUIET_ATTACH; }
static void set_quiet_of(struct request *r, const char *v) { filter_quiet(v); }
static void set_decode_fds(struct request *r, const char *v) { filter_decode_fds(v); }
static void set_append(struct request *r, const char *v) { view.append = true; }
static void set_shown(struct request *r, const char *v) { view.shown = v; }
static void set_column(struct request *r, const char *v)
{
	char *end;
	unsigned long n = strtoul(v, &end, 10);
	if (*end || end == v || n > 500)
		refuse("-a wants a column up to 500, not \"%s\"", v);
	view.column = (unsigned)n;
}
static void set_sets(struct request *r, const char *v)
{
	static const char *const word[] = { "abbrev", "raw", "verbose" };
	for (int i = 0; i < 3; i++)
		if (!strcmp(v, word[i])) {
			view.sets = i;
			return;
		}
	refuse("-X wants abbrev, raw or verbose, not \"%s\"", v);
}
static void set_all(struct request *r, const char *v) { view.all = true; }
static void set_arg_names(struct request *r, const char *v) { view.names = true; }
static void set_whole(struct request *r, const char *v) { view.whole = true; }
static void set_lossy(struct request *r, const char *v) { want.lossy = true; }
static void set_supervised(struct request *r, const char *v) { r->opt.supervised = true; }
static void set_count(struct request *r, const char *v) { want.count = true; }
static void set_count_too(struct request *r, const char *v) { want.count_too = true; }
static void set_wall(struct request *r, const char *v) { view.wall = true; }
static void set_sort(struct request *r, const char *v) { view.sort = v; }
static void set_json(struct request *r, const char *v) { want.json_out = true; }
static void set_chrome(struct request *r, const char *v) { want.chrome = v; }
static void set_html(struct request *r, const char *v) { want.html = v; }
static void set_raw(struct request *r, const char *v) { want.raw = v; }
static void set_read(struct request *r, const char *v) { want.read = v; }

static const struct option_row rows[] = {
	{ 'o', "output", "FILE", V_FILE, "write the trace to FILE instead of standard error", set_output },
	{ 'A', "output-append-mode", NULL, V_NONE, "what FILE of -o holds already stays; the trace goes behind it", set_append },
	{ 'f', "follow", NULL, V_NONE, "follow threads and children: always done; -ff: a file for each thread", set_follow },
	{ 'e', NULL, "EXPR", V_TEXT, "which calls: names, /regex/, %class, !not; or inject=, status=, signal=SIG,.., raw=, verbose=, abbrev=CALL,..,"
		" read=, write=FD,.., quiet=, decode-fds=", set_expr },
	{ 'p', "attach", "PID,..", V_TEXT, "tell of processes that run under guise already, from now on", set_pid },
	{ 'P', "trace-path", "PATH", V_FILE, "only calls that name PATH or a descriptor of it", set_path },
	{ 0, "trace-fds", "FD,..", V_TEXT, "only calls that use one of these descriptors", set_fds },
	{ 0, "status", "HOW,..", V_TEXT, "only calls that were successful, failed, unfinished; all, none", set_status },
	{ 'z', "successful-only", NULL, V_NONE, "the same as --status successful", set_successful },
	{ 'Z', "failed-only", NULL, V_NONE, "the same as --status failed", set_failed },
	{ 0, "seccomp-bpf", NULL, V_NONE, "accepted from habit: calls that nobody asked for cost next to nothing", set_habit },
	{ 's', NULL, "BYTES", V_TEXT, "show so much of a text that is no path (32)", set_text },
	{ 'x', NULL, NULL, V_NONE, "text that is not ASCII in hexadecimal; -xx: all text", set_hex },
	{ 'y', NULL, NULL, V_NONE, "say what a descriptor is; -yy: both ends of a socket", set_names },
	{ 't', NULL, NULL, V_NONE, "the time in front; -tt: with microseconds; -ttt: in seconds since 1970", set_stamp },
	{ 'r', NULL, NULL, V_NONE, "the time since the line before", set_relative },
	{ 'T', NULL, NULL, V_NONE, "how long each call took", set_took },
	{ 'i', NULL, NULL, V_NONE, "where the call was made", set_rip },
	{ 'n', NULL, NULL, V_NONE, "the number of the call", set_nr },
	{ 'k', NULL, NULL, V_NONE, "from where it was called: a line for each frame; -kk: with source lines, where the file has them", set_stack },
	{ 'q', NULL, NULL, V_NONE, "nothing of ends of threads and processes, and of being attached", set_quiet },
	{ 0, "quiet", "WHAT,..", V_TEXT, "of these lines alone nothing: exit, attach, all, none; as -e quiet=", set_quiet_of },
	{ 0, "decode-fds", "HOW,..", V_TEXT, "what descriptors are: path (-y), socket (-yy), all, none; as -e decode-fds=", set_decode_fds },
	{ 'X', NULL, "HOW", V_TEXT, "flags and signals by name (abbrev), by number (raw), or both (verbose)", set_sets },
	{ 'a', "columns", "COLUMN", V_TEXT, "results stand at this column, where the call is shorter", set_column },
	{ 'v', NULL, NULL, V_NONE, "lists and environments whole, as -e abbrev=none", set_all },
	{ 0, "arg-names", NULL, V_NONE, "the name of each argument", set_arg_names },
	{ 0, "whole", NULL, V_NONE, "a line waits for the end of its call; never <unfinished ...>", set_whole },
	{ 'c', NULL, NULL, V_NONE, "no lines: count calls, errors and times, and tell at the end", set_count },
	{ 'C', NULL, NULL, V_NONE, "the same besides the lines", set_count_too },
	{ 'w', NULL, NULL, V_NONE, "-c counts time of the clock, not what the thread had of the processor", set_wall },
	{ 'U', "summary-columns", "COLUMN,..", V_TEXT, "which columns the table of -c has, in this order", set_shown },
	{ 'S', NULL, "COLUMN", V_TEXT, "sort the table of -c by time, calls, errors, sites, in-proc, name, avg, max, p99, ...", set_sort },
	{ 0, "json", NULL, V_NONE, "one JSON object a line instead of text", set_json },
	{ 0, "perfetto", "FILE", V_FILE, "write events for Perfetto or chrome://tracing to FILE", set_chrome },
	{ 0, "html", "FILE", V_FILE, "write a page that shows the run to FILE", set_html },
	{ 0, "raw", "FILE", V_FILE, "keep what was recorded, for --read", set_raw },
	{ 0, "read", "FILE", V_FILE, "tell of a run that --raw kept; no program is run", set_read },
	{ 0, "supervised", NULL, V_NONE, "record from outside, where the program cannot reach (engine ptrace)", set_supervised },
	{ 0, "lossy", NULL, V_NONE, "never let the program wait for the trace: drop calls that succeed, and say so",
		set_lossy },
};
static const struct option_table trace_options = { rows, ARRAY_LEN(rows) };

/* --- outputs ------------------------------------------------------------------------------------------------------ */
unsigned trace_fds(int *fd)
{
	memcpy(fd, fds, n_fds * sizeof *fds);
	return n_fds;
}
bool trace_uses(int fd)
{
	for (unsigned i = 0; i < n_fds; i++)
		if (fds[i] == fd)
			return true;
	return false;
}
void trace_keep(int fd)
{
	if (n_fds < ARRAY_LEN(fds))
		fds[n_fds++] = fd;
}
static int open_for(const char *name, const char *option)
{
	int fd = log_open(name, option, view.append && !strcmp(option, "-o") ? 0 : O_TRUNC);
	fds[n_fds++] = fd;
	return fd;
}
static struct out *lines_out(void)
{
	static struct out *o;
	int fd;
	if (o)
		return o;
	if (want.output && view.files)
		return NULL;
	if (want.output) {
		fd = open_for(want.output, "-o");
	} else if ((fd = fcntl(2, F_DUPFD_CLOEXEC, 3)) < 0) {
		refuse("standard error is closed; give the trace a place with -o FILE");
	} else {
		fds[n_fds++] = fd;
	}
	return o = out_new(fd, want.output ? want.output : "standard error");
}
/* What a file holds are times of the clock, and from outside of a thread its own cannot be asked. */
static bool by_processor(const struct request *r) { return !view.wall && !want.read && !r->opt.supervised; }
static struct raw *open_outputs(const struct request *r)
{
	bool files = want.chrome || want.html || want.raw;
	struct raw *raw = NULL;

	if (view.append && !want.output)
		refuse("-A wants -o FILE: there is nothing else to go behind");
	if (view.files && !want.output)
		refuse("-ff wants -o FILE: each thread has a file FILE.NUMBER");
	if (view.files && (want.json_out || want.count || want.count_too))
		refuse("-ff writes text, a file for each thread; not with --json, -c or -C");
	view.output = want.output;
	if (want.json_out)
		sinks[n_sinks++] = json_sink(lines_out());
	else if (!want.count && (want.output || want.count_too || !files))
		sinks[n_sinks++] = text_sink(lines_out());
	if (want.count || want.count_too)
		sinks[n_sinks++] = summary_sink(lines_out(), by_processor(r), !want.read);
	if (want.chrome)
		sinks[n_sinks++] = chrome_sink(out_new(open_for(want.chrome, "--perfetto"), want.chrome));
	if (want.html)
		sinks[n_sinks++] = html_sink(out_new(open_for(want.html, "--html"), want.html));
	if (want.raw)
		raw = raw_new(open_for(want.raw, "--raw"), want.raw);
	events_start(sinks, n_sinks);
	return raw;
}
static void ask(const struct request *r, struct session *s)
{
	s->want = WANT_SIGNALS | (want.lossy ? WANT_LOSSY : 0);
	if (!want.count || want.count_too || n_sinks > 1 || want.raw || view.n_paths)
		s->want |= WANT_ARGS;
	if (view.fds || view.n_paths || want.html)
		s->want |= WANT_FDS;
	if (view.fds > 1)
		s->want |= WANT_SOCKS;
	if (view.stack)
		s->want |= WANT_STACK;
	if ((want.count || want.count_too) && by_processor(r))
		s->want |= WANT_CPU;
	s->text = view.text == NO_TEXT ? 1 : view.text;
	view.watch = &s->watch;
	for (unsigned i = 0; i < want.n_expr; i++)
		filter_add(s, want.expr[i]);
	filter_done(s);
	if (view.all || view.abbrev)
		s->want |= WANT_ALL;
}
/* What only the program's own process can do. */
static void check_supervised(const struct session *s)
{
	if (want.lossy)
		refuse("--lossy is for a trace that the program writes itself; --supervised never drops a call");
	if (view.fds > 1)
		refuse("-yy asks the program's own sockets, which --supervised cannot; -y names descriptors");
	if (s->n_injections)
		refuse("-e inject changes what calls do, which is done in the program; --supervised only looks");
}
/* What was recorded is all there: -e says what of it is told. */
static void read_filters(void)
{
	static struct session s;
	for (unsigned i = 0; i < want.n_expr; i++)
		filter_add(&s, want.expr[i]);
	if (s.n_injections)
		refuse("--read tells of a run that is over: nothing can be injected into it");
	filter_done(&s);
	view.only = &s.watch;
}
static int run(struct request *r, int argc, char **argv)
{
	if (r->opt.supervised && (n_pids || want.read))
		refuse("--supervised begins with the program; it goes neither with -p nor with --read");
	if (want.read) {
		if (argc)
			refuse("--read tells of a run that is over; %s cannot be run besides", argv[0]);
		open_outputs(r);
		read_filters();
		return raw_read(want.read);
	}
	if (n_pids) {
		if (argc)
			refuse("-p tells of processes that run already; %s cannot be started besides", argv[0]);
		int fd;
		struct session *s = session_new(&fd);
		struct raw *raw = open_outputs(r);
		ask(r, s);
		return session_attach(s, fd, raw, pids, n_pids);
	}
	if (!argc)
		refuse("which program? guise trace [OPTION...] PROGRAM [ARG...]; guise help trace says more");
	view.command = argv[0];
	struct session *s = session_new(&r->opt.trace_fd);
	struct raw *raw = open_outputs(r);
	ask(r, s);
	if (r->opt.supervised)
		check_supervised(s);
	session_spawn(s, r->opt.trace_fd, &r->opt.trace_end, raw);
	for (unsigned k = 0; k < n_fds; k++)
		close(fds[k]);
	return request_run(r, argc, argv);
}
static const struct subcommand trace_command = {
	.name = "trace", .args = "[-o FILE] [OPTION...] PROGRAM [ARG...]",
	.about = "run a program and print every system call it makes",
	.text = "One line a call, as strace has it: names, flags and errors are those of the program's own system.\n"
		"Threads and child processes are followed; \"[pid N] \" stands before every line once there is more\n"
		"than one of them. Linux programs can be traced too.",
	.options = { &trace_options, &run_options, &common_options, &hidden_options },
	.run = run,
};
SUBCOMMAND(trace_command);
