/* SPDX-License-Identifier: BSD-2-Clause
 * Side A of twins.h.
 * TEST fixture: diff.test */
#include "fbsd.h"

#define B 0
static void loopback(struct sockaddr_in *sa)
{
	*sa = (struct sockaddr_in){ .len = sizeof *sa, .family = AF_INET, .addr = 0x0100007f };
}
static void nap(void) { sleep_ms(1); }
static void memory(void) { pages(4096); }
static int pipe_end(void)
{
	static int p[2] = { -1, -1 };
	if (p[0] < 0)
		pipe2(p, 0);
	return p[0];
}
#include "../twins.h"

/* twins shell COMMAND: for what a foreign program's host shell can start (command.test) */
int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "shell"))
		return execve("/bin/sh", ((char *[]){ "sh", "-c", argv[2], 0 }), env) != 0;
	return argc > 1 ? run(argv[1]) : 9;
}
