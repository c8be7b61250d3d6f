/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise [run]: run a program. Returns only if it cannot.
 */
#include "command.h"

static const struct subcommand run_command = {
	.name = "run", .args = "[OPTION...] PROGRAM [ARG...]",
	.about = "run a program of another system (the word run may be left out)",
	.text = "PROGRAM without a slash is looked up in PATH, in the root first if one is given. The exit status is\n"
		"the program's; a program that a signal ends ends guise by that signal. 125 says that guise failed,\n"
		"126 that the program cannot be run, 127 that it was not found.",
	.options = { &run_options, &common_options, &hidden_options },
	.run = request_run,
};
SUBCOMMAND(run_command);
