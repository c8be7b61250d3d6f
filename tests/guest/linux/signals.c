/* SPDX-License-Identifier: BSD-2-Clause
 * Signals as glibc uses them: handlers, masks, nesting, siginfo, faults mended, restarts, queues, the alternate stack,
 * jumps out of handlers. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t hits;
static sigjmp_buf back;
static char *page, *alt;

static void count(int s) { hits++; }
static void info(int s, siginfo_t *si, void *uc)
{
	sigset_t m;
	sigprocmask(SIG_BLOCK, NULL, &m);
	printf("%d code %d pid %d value %d, masked %d %d\n", s, si->si_code, si->si_pid == getpid(), si->si_value.sival_int,
	       sigismember(&m, s), sigismember(&m, SIGTERM));
}
static void fault(int s, siginfo_t *si, void *uc)
{
	printf("fault %d code %d %s err %llx\n", s, si->si_code, (char *)si->si_addr == page + 3 ? "there" : "elsewhere",
	       ((ucontext_t *)uc)->uc_mcontext.gregs[REG_ERR] & 7);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}
static void onalt(int s) { char c; printf("on alternate %d\n", &c >= alt && &c < alt + 65536); }
static void jump(int s) { siglongjmp(back, s); }

static void act(int s, void *fn, int flags)
{
	struct sigaction sa = { .sa_flags = flags };
	sa.sa_sigaction = fn;
	sigaddset(&sa.sa_mask, SIGTERM);
	sigaction(s, &sa, NULL);
}

int main(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 30000 } };
	union sigval v = { .sival_int = 77 };
	sigset_t set;
	siginfo_t si;
	int p[2], st;
	char c;

	setbuf(stdout, NULL);
	act(SIGUSR1, info, SA_SIGINFO);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	act(SIGRTMIN + 3, info, SA_SIGINFO);
	sigqueue(getpid(), SIGRTMIN + 3, v);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (v.sival_int = 1; v.sival_int < 4; v.sival_int++)
		sigqueue(getpid(), SIGRTMIN + 3, v);
	int waited = sigwaitinfo(&set, &si);
	printf("waited %d value %d\n", waited == SIGRTMIN + 3, si.si_value.sival_int);
	sigprocmask(SIG_UNBLOCK, &set, NULL);

	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	act(SIGSEGV, fault, SA_SIGINFO);
	page[3] = 9;
	printf("page[3] %d\n", page[3]);

	pipe(p);
	act(SIGALRM, count, 0);
	setitimer(ITIMER_REAL, &it, NULL);
	printf("read %zd %s\n", read(p[0], &c, 1), strerror(errno));
	act(SIGALRM, count, SA_RESTART);
	if (fork() == 0) {
		usleep(80000);
		write(p[1], "x", 1);
		_exit(0);
	}
	setitimer(ITIMER_REAL, &it, NULL);
	printf("read %zd, hits %d\n", read(p[0], &c, 1), hits);
	wait(&st);

	stack_t ss = { .ss_sp = alt = malloc(65536), .ss_size = 65536 };
	sigaltstack(&ss, NULL);
	act(SIGUSR2, onalt, SA_ONSTACK);
	raise(SIGUSR2);
	act(SIGFPE, jump, 0);
	if ((st = sigsetjmp(back, 1)) == 0) {
		volatile int zero = 0;
		printf("%d\n", 1 / zero);
	}
	printf("jumped %d\n", st);
	act(SIGILL, jump, 0);
	if ((st = sigsetjmp(back, 1)) == 0)
		__asm__ volatile("ud2");
	printf("jumped %d\n", st);
	if (fork() == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile int *)4 = 1;
	}
	wait(&st);
	printf("child %d by %d\n", WIFSIGNALED(st), WTERMSIG(st));
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	sigpending(&set);
	printf("pending %d %d\n", sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2));
	sigemptyset(&set);
	printf("suspend %d %s\n", sigsuspend(&set), strerror(errno));
	abort();
}
