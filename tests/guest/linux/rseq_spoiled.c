/* SPDX-License-Identifier: BSD-2-Clause
 * A thread's area of restartable sequences, filled with what the kernel cannot use: a SIGSEGV, wherever the thread was when
 * the kernel looked, and whether it waits for one, ignores it, holds it back or handles it.
 * TEST without: kvm, where the host's kernel does nothing for a program by itself: no restartable sequences
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct rseq_cs cs __attribute__((aligned(32)));

static void caught(int sig)
{
	if (sig == SIGSEGV)
		_exit(9);
}
static void spoil(unsigned how)
{
	struct rseq *r = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	cs = (struct rseq_cs){ .start_ip = 0x1000, .post_commit_offset = 16, .abort_ip = 0x5000 };
	switch (how) {
	case 0: r->rseq_cs = 0xdeadbeef0; break;
	case 1: r->rseq_cs = ~0ull; break;
	case 2: cs.version = 7; r->rseq_cs = (unsigned long)&cs; break;
	case 3: r->rseq_cs = (unsigned long)&cs; break;                 /* no signature before the address to go to */
	default: memset(r, 0xff, 32);
	}
}
static void interrupted(unsigned kind)
{
	struct itimerval fast = { { 0, 2000 }, { 0, 2000 } };
	setitimer(ITIMER_REAL, &fast, NULL);
	switch (kind) {
	case 0: kill(getpid(), SIGALRM); break;
	case 1: for (int i = 0; i < 100; i++) nanosleep(&(struct timespec){ 0, 5000000 }, NULL); break;
	case 2: for (;;) syscall(SYS_getppid);
	}
	for (;;)
		;
}
static int ended(unsigned how, unsigned kind, unsigned action)
{
	int st;
	pid_t pid = fork();
	if (!pid) {
		sigset_t segv;
		signal(SIGALRM, caught);
		if (action == 1)
			signal(SIGSEGV, SIG_IGN);
		if (action == 2)
			signal(SIGSEGV, caught);
		sigemptyset(&segv);
		sigaddset(&segv, SIGSEGV);
		if (action == 3)
			sigprocmask(SIG_BLOCK, &segv, NULL);
		spoil(how);
		interrupted(kind);
	}
	waitpid(pid, &st, 0);
	if (action == 2 && WIFEXITED(st) && WEXITSTATUS(st) == 9)       /* or none: the kernel may look once more on its way there */
		return SIGSEGV;
	return WIFSIGNALED(st) ? WTERMSIG(st) : -st;
}
int main(void)
{
	for (unsigned how = 0; how < 5; how++)
		for (unsigned kind = 0; kind < 3; kind++)
			printf("%u %u: %d %d %d %d\n", how, kind, ended(how, kind, 0), ended(how, kind, 1), ended(how, kind, 2), ended(how, kind, 3));
	return 0;
}
