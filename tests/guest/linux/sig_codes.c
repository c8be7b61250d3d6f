/* SPDX-License-Identifier: BSD-2-Clause
 * Signals under a fault's number that no instruction caused: sent with a fault's own words to oneself and to a thread,
 * blocked and waited for; the end of a child, a descriptor that is ready. Each is delivered once, with its words, and one
 * that is blocked waits for the thread that takes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int hits, code, by_main;
static void *volatile addr;
static siginfo_t last;
static sigjmp_buf out;
static pthread_t main_thread;

static void on(int sig, siginfo_t *si, void *context)
{
	hits++;
	code = si->si_code;
	addr = si->si_addr;
	by_main = pthread_equal(pthread_self(), main_thread);
	last = *si;
}
static void on_fault(int sig, siginfo_t *si, void *context)
{
	on(sig, si, context);
	siglongjmp(out, 1);
}
static void set(int sig, void (*fn)(int, siginfo_t *, void *))
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO };
	sigaction(sig, &sa, NULL);
}
static void mask(int how, int sig)
{
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, sig);
	pthread_sigmask(how, &s, NULL);
}
static void tell(const char *what)
{
	printf("%s: hits %d code %d main %d\n", what, hits, code, by_main);
	hits = code = 0;
}
static volatile int ready, stop;
static void *open_thread(void *arg)
{
	mask(SIG_UNBLOCK, SIGSEGV);
	ready = 1;
	while (!stop && !hits)
		usleep(2000);
	return NULL;
}
static volatile int got[2];
static void *wait_thread(void *arg)
{
	sigset_t s;
	siginfo_t si;
	struct timespec ts = { 3, 0 };
	sigemptyset(&s);
	sigaddset(&s, SIGSEGV);
	ready = 1;
	int sig = sigtimedwait(&s, &si, &ts);
	got[0] = sig;
	got[1] = sig > 0 ? si.si_code : 0;
	return NULL;
}
static void with_thread(void *(*fn)(void *), const char *what, long (*send)(void))
{
	pthread_t t;
	ready = stop = 0;
	mask(SIG_BLOCK, SIGSEGV);
	pthread_create(&t, NULL, fn, NULL);
	while (!ready)
		usleep(1000);
	usleep(20000);
	printf("%s: %ld\n", what, send());
	usleep(50000);
	stop = 1;
	pthread_join(t, NULL);
	if (fn == wait_thread)
		printf("waited for: %d %d\n", got[0], got[1]);
	mask(SIG_UNBLOCK, SIGSEGV);
	tell(what);
}
static long by_kill(void) { return kill(getpid(), SIGSEGV); }
static long by_queue(void)
{
	siginfo_t si = { .si_signo = SIGSEGV, .si_code = 1 };
	return syscall(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &si);
}
static int child(void *arg) { _exit(3); }

int main(void)
{
	static char stack[65536];
	siginfo_t si = { .si_signo = SIGSEGV };
	int pp[2], st;
	char *volatile page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	main_thread = pthread_self();
	set(SIGSEGV, on_fault);
	if (!sigsetjmp(out, 1))
		*page = 1;
	printf("fault: %d\n", addr == page);
	tell("a real one");
	/* the very words of that fault again, as a crash handler does */
	set(SIGSEGV, on);
	si = last;
	printf("%ld\n", syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &si));
	printf("same address %d\n", addr == page);
	tell("to the thread");
	printf("%ld\n", syscall(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &si));
	tell("to the process");
	mask(SIG_BLOCK, SIGSEGV);
	printf("%ld\n", syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &si));
	tell("blocked");
	mask(SIG_UNBLOCK, SIGSEGV);
	tell("no longer");
	signal(SIGSEGV, SIG_IGN);
	printf("ignored: %ld\n", syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &si));
	set(SIGSEGV, on);
	with_thread(open_thread, "another takes it", by_kill);
	with_thread(open_thread, "another takes it, queued", by_queue);
	with_thread(wait_thread, "another waits", by_kill);
	with_thread(wait_thread, "another waits, queued", by_queue);
	for (int sig = SIGILL; sig <= SIGSYS; sig++) {
		if (sig != SIGILL && sig != SIGTRAP && sig != SIGBUS && sig != SIGFPE && sig != SIGSEGV && sig != SIGSYS)
			continue;
		set(sig, on);
		int p = clone(child, stack + sizeof stack, CLONE_VM | sig, NULL);
		for (int i = 0; i < 200 && !hits; i++)
			usleep(5000);
		st = 0;
		int same = waitpid(p, &st, __WALL) == p;
		printf("child: %d %d %d ", same, WEXITSTATUS(st), code == CLD_EXITED);
		tell(strsignal(sig));
	}
	if (pipe(pp))
		return 1;
	fcntl(pp[0], F_SETOWN, getpid());
	fcntl(pp[0], F_SETSIG, SIGBUS);
	fcntl(pp[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	if (write(pp[1], "x", 1) != 1)
		return 1;
	printf("readable %d ", last.si_signo == SIGBUS);
	tell("ready");
	printf("not mine: %ld %d\n", syscall(SYS_rt_sigqueueinfo, 1, SIGSEGV, &si), errno);
	return 0;
}
