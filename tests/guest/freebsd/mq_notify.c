/* SPDX-License-Identifier: BSD-2-Clause
 * Who asks a message queue to tell is told of what comes into an empty queue, and at once of what waits already; once,
 * by one process at a time; by signals that the host has a number for and by others.
 */
#include "fbsd.h"

struct mq_attr { long flags, maxmsg, msgsize, curmsgs, reserved[4]; };
static char name[] = "/guise-test-notify-0000000";

static void told(int sig, int ms)
{
	sigset_t s = SIGSET(sig);
	siginfo_t si = { 0 };
	long got = sigtimedwait(&s, &si, TS(ms / 1000, ms % 1000 * 1000000));
	if (got < 0)
		show(got);
	else
		say("signal %d value %d code %x\n", (int)got, si.value.ival, si.code);
}
static long ask(long q, int sig, int value)
{
	struct sigevent ev = { .notify = SIGEV_SIGNAL, .signo = sig, .value = { .ival = value } };
	return sys(SYS_kmq_notify, q, &ev);
}
static void with(int sig)
{
	struct mq_attr a = { 0, 4, 16, 0 };
	char b[16];
	sigset_t s = SIGSET(sig);
	sigprocmask(SIG_BLOCK, &s, 0);

	say("signal %d\n", sig);
	sys(SYS_kmq_unlink, name);
	long q = sys(SYS_kmq_open, name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &a);
	show(ask(q, sig, 1));
	show(ask(q, sig, 2));
	told(sig, 0);
	show(sys(SYS_kmq_timedsend, q, "a", 1, 1, 0));
	told(sig, 3000);
	show(sys(SYS_kmq_timedsend, q, "b", 1, 1, 0));
	told(sig, 0);                    /* once, and then no more */
	show(ask(q, sig, 3));            /* two wait already */
	told(sig, 3000);
	show(ask(q, sig, 4));            /* and may be asked for again at once */
	told(sig, 3000);
	show(sys(SYS_kmq_timedreceive, q, b, 16, 0, 0));
	show(sys(SYS_kmq_timedreceive, q, b, 16, 0, 0));
	show(ask(q, sig, 5));
	show(sys(SYS_kmq_notify, q, 0)); /* no longer wanted */
	show(sys(SYS_kmq_timedsend, q, "c", 1, 1, 0));
	told(sig, 0);
	show(sys(SYS_kmq_notify, 99, 0));
	close(q);
	sys(SYS_kmq_unlink, name);
}
int main(int argc, char **argv)
{
	own_name(name);
	with(30);
	with(70);
	with(100);
	return 0;
}
