/* SPDX-License-Identifier: BSD-2-Clause
 * TEST needs: root
 * A process that is debugged: one thread changes what all threads have (its group) while another stops by signals again and
 * again. Who stands still takes part in it: neither waits for the other for ever. */
#include "pt.h"

#define TIMES 300
static volatile long over;

static void changes(void *none)
{
	long gid = getgid();
	for (int i = 0; i < TIMES; i++)
		if (sys(SYS_setegid, gid + i % 2))
			fail("setgid");
	over = 1;
	thr_exit(0);
}
static void tracee(void)
{
	long self;
	thr_self(&self);
	if (ptrace(PT_TRACE_ME, 0, 0, 0))
		fail("PT_TRACE_ME");
	if (thread(changes, 0) <= 0)
		fail("thread");
	while (!over)
		thr_kill(self, SIGUSR1);
	quit(5);
}
int main(int argc, char **argv)
{
	int status, stops = 0;
	long pid = fork();
	if (!pid)
		tracee();
	while (wait4(pid, &status, 0, 0) == pid && (status & 0xff) == 0x7f && ++stops)
		ptrace(PT_CONTINUE, pid, 1, 0);
	yes(stops > 0);
	show(status == 5 << 8);
	return 0;
}
