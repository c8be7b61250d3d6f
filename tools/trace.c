/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise trace: run a program and print every call it makes. The printing is in syscalls/observe/.
 */
#include <unistd.h>
#include "command.h"

static void set_output(struct request *r, const char *v) { r->trace_file = v; }
static void set_follow(struct request *r, const char *v) { }

static const struct option_row rows[] = {
	{ 'o', "output", "FILE", V_FILE, "write the trace to FILE instead of standard error", set_output },
	{ 'f', "follow", NULL, V_NONE, "follow threads and children; always done, accepted from habit", set_follow },
};
static const struct option_table trace_options = { rows, ARRAY_LEN(rows) };

static int run(const struct subcommand *c, int argc, char **argv)
{
	struct request r;
	int i;

	request_start(&r, c, environ);
	r.opt.trace = true;
	i = options_parse(&r, argc, argv);
	return request_run(&r, argc - i, argv + i);
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
