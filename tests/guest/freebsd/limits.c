/* SPDX-License-Identifier: BSD-2-Clause
 * Limits and priorities: the descriptor limit holds, others are told, unlimited is FreeBSD's number. */
#include "fbsd.h"

static void noted(int sig, siginfo_t *si, ucontext_t *uc) { }

int main(int argc, char **argv)
{
	struct rlimit r = { 0 }, old;
	struct rusage ru;
	int fd[64], n = 0;
	long e;

	show(getrlimit(RLIMIT_NOFILE, &old));
	yes(old.cur > 16 && old.cur <= old.max);
	r = (struct rlimit){ 12, old.max };
	show(setrlimit(RLIMIT_NOFILE, &r));
	show(getdtablesize());
	while (n < 64 && (e = dup(0)) >= 0)
		fd[n++] = (int)e;
	say("dup: %e, the last was %d\n", e, fd[n - 1]);
	show(socket(AF_UNIX, SOCK_STREAM, 0));
	show(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	show(open("/", O_RDONLY));
	show(fcntl(0, F_DUPFD, 12));
	show(dup2(0, 12));
	r.cur = 20, r.max = 18;
	show(setrlimit(RLIMIT_NOFILE, &r));
	show(getrlimit(RLIMIT_NOFILE, &r));
	say("cur %ld max %ld\n", r.cur, r.max);
	for (int i = RLIMIT_CPU; i <= RLIMIT_UMTXP; i++)
		if ((e = getrlimit(i, &r)) < 0 || r.cur > r.max)
			say("limit %d: %e cur %ld max %ld\n", i, e, r.cur, r.max);
	show(getrlimit(RLIMIT_SBSIZE, &r));
	yes(r.cur == RLIM_INFINITY && r.max == RLIM_INFINITY);
	show(getrlimit(99, &r));
	show(getrlimit(RLIMIT_CPU, 8));
	r = (struct rlimit){ 0, 0 };
	show(setrlimit(RLIMIT_CORE, &r));
	show(getrlimit(RLIMIT_CORE, &r));
	say("cur %ld max %ld\n", r.cur, r.max);
	handle(SIGUSR1, noted, 0);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	show(getrusage(0, &ru));
	yes(ru.maxrss > 0 && ru.nsignals == 2);
	show(getrusage(1, &ru));
	show(getrusage(-1, &ru));
	show(getrusage(5, &ru));
	int nice = (int)getpriority(0, 0);       /* the tests may be run by nice(1) */
	show(setpriority(0, 0, nice + 1));
	yes(getpriority(0, 0) == (nice < 19 ? nice + 1 : 19));
	show(getpriority(7, 0));
	return 0;
}
