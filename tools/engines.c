/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise engines: what works on this machine, and why the others do not. Each probe runs in a child of its own, so that
 * one that crashes or hangs says only that about itself.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "command.h"
#include "loader/loader.h"

#define PATIENCE_MS 5000

static void probe_child(const struct engine *e, int out)
{
	char why[256] = "";
	bool works = e->probe(why, sizeof why);
	ssize_t n = write(out, why, strlen(why));
	_exit(n < 0 ? 2 : works ? 0 : 1);
}
/* True if it works; else why holds a sentence. */
static bool probe(const struct engine *e, char *why, size_t n)
{
	int end[2], status = 0;
	pid_t pid;
	ssize_t got;

	fflush(stdout);
	if (pipe(end) < 0 || (pid = fork()) < 0)
		refuse("cannot start a child to probe the engine %s in", e->name);
	if (!pid)
		probe_child(e, end[1]);
	close(end[1]);
	struct pollfd p = { .fd = end[0], .events = POLLIN };
	if (poll(&p, 1, PATIENCE_MS) == 0) {
		kill(pid, SIGKILL);
		snprintf(why, n, "its probe did not end within %d seconds", PATIENCE_MS / 1000);
	} else {
		got = read(end[0], why, n - 1);
		why[got < 0 ? 0 : got] = 0;
	}
	close(end[0]);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) && !*why)
		snprintf(why, n, "its probe was ended by %s", strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
/* Systems whose programs none of these could run have an engine of their own, which is nobody's to choose. */
static void tell_own(void)
{
	char why[256];
	for (EACH_SYSTEM(p)) {
		if (!(*p)->engine)
			continue;
		bool can = probe((*p)->engine, why, sizeof why);
		printf("%s: %s%s%s\n", (*p)->about, can ? "they can be run" : "not here", *why ? "; " : "", why);
	}
}
static int run(struct request *r, int argc, char **argv)
{
	const struct engine *best = NULL;
	char why[256];

	if (argc)
		refuse("guise engines takes no arguments");
	for (const struct engine *e = NULL; (e = engine_below(e));) {
		bool works = probe(e, why, sizeof why);
		if (works && !best)
			best = e;
		printf("%-10s%-11s%s\n", e->name, works ? "works" : "not here:", works ? e->about : why);
		if (works && *why)
			printf("%-21s%s\n", "", why);
	}
	tell_own();
	const char *lacks = host_lacks();
	if (lacks)
		printf("%s\n", lacks);
	if (best && !lacks)
		printf("auto is %s\n", best->name);
	else
		printf("none works here: guise cannot run programs on this machine\n");
	return output_end(best && !lacks ? 0 : 1);
}
static const struct subcommand engines_command = {
	.name = "engines", .args = "",
	.about = "what can catch calls on this machine, and why the rest cannot",
	.text = "The exit status is 1 if none works.",
	.options = { &common_options },
	.run = run,
};
SUBCOMMAND(engines_command);
