/* SPDX-License-Identifier: BSD-2-Clause
 * fexecve runs what a descriptor holds; abort2 ends by SIGABRT. */
#include "fbsd.h"

static long child(long fd, char **av)
{
	long p = fork();

	if (p == 0) {
		say("fexecve: %e\n", fexecve(fd, av, env));
		quit(50);
	}
	return wait_for(p);
}

int main(int argc, char **argv)
{
	char *av[] = { "again", "x y", 0 }, *echo[] = { "echo", "native", 0 };
	long path, p;

	if (!strcmp(argv[0], "again")) {
		say("again %d %s\n", argc, argv[1]);
		return 7;
	}
	auxv(15, &path);
	say("%x\n", child(open((char *)path, O_RDONLY | O_CLOEXEC, 0), av));
	say("%x\n", child(open("/bin/echo", O_RDONLY, 0), echo));
	say("%x\n", child(open("/", O_RDONLY, 0), av));
	say("%x\n", child(99, av));
	if ((p = fork()) == 0) {
		close(2);	/* the reason goes to the system's log, which for us is standard error */
		sys(SYS_abort2, "why", 0, 0);
		quit(1);
	}
	say("abort2: signal %d\n", WTERMSIG(wait_for(p)));
	return 0;
}
