/* SPDX-License-Identifier: BSD-2-Clause
 * Threads at the corners: a signal to one of them alone, a fault in one, exec and exit from one that is not the first,
 * masks of their own, a process signal that finds the one that does not block it.
 */
#include "threads.h"

static volatile long handled_by;
static char *page;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	handled_by = self();
	if (sig == SIGSEGV)
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
}
static void sleeper(void *arg)
{
	sigset_t usr1 = SIGSET(SIGUSR1);

	if (arg)
		sigprocmask(SIG_UNBLOCK, &usr1, 0);
	for (long t = now_ms(); !handled_by && now_ms() - t < 3000;)
		sleep_ms(20);
	finish();
}
static void faulter(void *arg)
{
	((volatile char *)page)[7] = 'f';
	finish();
}
static void exiter(void *arg) { quit(21); }
static void execer(void *arg)
{
	char *av[] = { "echo", "from a thread", 0 };

	execve("/bin/echo", av, env);
	quit(99);
}
static long in_child(void (*fn)(void *))
{
	long p = fork();

	if (p == 0) {
		thread(sleeper, 0);
		thread(fn, 0);
		sleep_ms(3000);
		quit(98);
	}
	return wait_for(p);
}

int main(int argc, char **argv)
{
	sigset_t usr1 = SIGSET(SIGUSR1);
	long t;

	handle(SIGUSR1, on, 0);
	handle(SIGSEGV, on, 0);
	t = thread(sleeper, 0);
	show(thr_kill(t, SIGUSR1));
	await();
	yes(handled_by == t && t != self());
	sigprocmask(SIG_BLOCK, &usr1, 0);
	handled_by = 0;
	t = thread(sleeper, (void *)1);
	sleep_ms(20);
	show(kill(getpid(), SIGUSR1));
	await();
	yes(handled_by == t);
	page = (char *)mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
	handled_by = 0;
	t = thread(faulter, 0);
	await();
	yes(handled_by == t && page[7] == 'f');
	say("exit from a thread: %x\n", in_child(exiter));
	say("exec from a thread: %x\n", in_child(execer));
	show(sys(SYS_thr_kill2, getpid(), self(), 0));
	show(sys(SYS_thr_kill2, getpid(), 1, SIGUSR2));
	show(thr_kill(-1, SIGUSR2));
	return 0;
}
