/* SPDX-License-Identifier: BSD-2-Clause
 * Signal frames: what a handler is given, what it may change, and what comes back unharmed. Native is the oracle.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <errno.h>
#include <setjmp.h>

static volatile int seen;
static char *hole;
static sigjmp_buf env;
static char alt[65536] __attribute__((aligned(4096)));

static void on_info(int sig, siginfo_t *si, void *p)
{
	ucontext_t *uc = p;
	unsigned char *fp = (void *)uc->uc_mcontext.fpregs;
	printf("sig %d code %d flags %lx link %p align %d\n", sig, si->si_code, uc->uc_flags & ~1ul, (void *)uc->uc_link,
	       (int)((unsigned long)__builtin_frame_address(0) & 15));
	printf("cs %llx oldmask %llx\n", uc->uc_mcontext.gregs[REG_CSGSFS] & 0xffff,
	       uc->uc_mcontext.gregs[REG_OLDMASK]);
	printf("fp at 64: %d magic %x magic2 %x\n", (int)((unsigned long)fp & 63), *(unsigned *)(fp + 464),
	       *(unsigned *)(fp + *(unsigned *)(fp + 464 + 16)));
	seen++;
}
static void on_segv(int sig, siginfo_t *si, void *p)
{
	ucontext_t *uc = p;
	printf("segv code %d addr ok %d trapno %lld err %lld cr2 ok %d\n", si->si_code, si->si_addr == hole,
	       uc->uc_mcontext.gregs[REG_TRAPNO], uc->uc_mcontext.gregs[REG_ERR],
	       uc->uc_mcontext.gregs[REG_CR2] == (long long)hole);
	mprotect(hole, 4096, PROT_READ | PROT_WRITE);
}
static void on_jump(int sig) { siglongjmp(env, 7); }
static void on_change(int sig, siginfo_t *si, void *p)
{
	ucontext_t *uc = p;
	uc->uc_mcontext.gregs[REG_RAX] = 0x1234;
	uc->uc_mcontext.gregs[REG_RIP] += 2;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
}
static void on_alt(int sig, siginfo_t *si, void *p)
{
	char here;
	stack_t ss;
	sigaltstack(NULL, &ss);
	printf("on alt %d flags %d\n", &here > alt && &here < alt + sizeof alt, ss.ss_flags);
	ss.ss_flags = 0;
	printf("change on it: %d errno %d\n", sigaltstack(&ss, NULL), errno);
	if (!seen++)
		raise(sig);
}
static void on_mask(int sig)
{
	sigset_t m;
	sigprocmask(SIG_BLOCK, NULL, &m);
	printf("in %d: usr1 %d usr2 %d term %d\n", sig, sigismember(&m, SIGUSR1), sigismember(&m, SIGUSR2),
	       sigismember(&m, SIGTERM));
}
static void act(int sig, void *h, int flags, int mask)
{
	struct sigaction sa = { 0 };
	sa.sa_sigaction = h;
	sa.sa_flags = flags;
	if (mask)
		sigaddset(&sa.sa_mask, mask);
	if (sigaction(sig, &sa, NULL))
		perror("sigaction");
}
int main(void)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof alt };
	struct sigaction old;
	sigset_t m;
	double d = 1.5;
	long rax;

	setbuf(stdout, NULL);
	act(SIGUSR1, on_info, SA_SIGINFO, 0);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 5 });

	hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	act(SIGSEGV, on_segv, SA_SIGINFO, 0);
	*hole = 3;
	printf("after fault %d\n", *hole);
	mprotect(hole, 4096, PROT_NONE);
	printf("syscall fault %ld %d\n", (long)read(0, hole, 0) , (int)write(1, hole, 1) == -1 ? errno : 0);

	act(SIGFPE, on_jump, 0, 0);
	int r = sigsetjmp(env, 1);
	if (!r) {
		volatile int zero = 0;
		printf("%d\n", 1 / zero);
	}
	printf("jumped %d\n", r);

	act(SIGILL, on_change, SA_SIGINFO, 0);
	__asm__ volatile("ud2" : "=a"(rax) : "a"(1L) : "cc", "memory");
	sigprocmask(SIG_BLOCK, NULL, &m);
	printf("rax %lx usr2 blocked %d\n", rax, sigismember(&m, SIGUSR2));
	sigdelset(&m, SIGUSR2);
	sigprocmask(SIG_SETMASK, &m, NULL);

	sigaltstack(&ss, NULL);
	seen = 0;
	act(SIGUSR2, on_alt, SA_SIGINFO | SA_ONSTACK | SA_NODEFER, 0);
	raise(SIGUSR2);
	ss.ss_flags = 1u << 31;
	printf("autodisarm %d\n", sigaltstack(&ss, NULL));
	seen = 1;
	raise(SIGUSR2);
	sigaltstack(NULL, &ss);
	printf("after: %x %d\n", ss.ss_flags, ss.ss_sp == alt);
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
	ss.ss_size = 100, ss.ss_flags = 0;
	printf("small %d %d\n", sigaltstack(&ss, NULL), errno);
	ss.ss_flags = 64;
	printf("bad %d %d\n", sigaltstack(&ss, NULL), errno);

	act(SIGUSR1, on_mask, 0, SIGTERM);
	raise(SIGUSR1);
	act(SIGUSR1, on_mask, SA_NODEFER | SA_RESETHAND, 0);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	printf("reset %d flags %x\n", old.sa_handler == SIG_DFL, old.sa_flags & ~0x04000000);
	printf("kill act %d %d\n", sigaction(SIGKILL, &old, NULL), errno);
	printf("bad size %ld %d\n", syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 4), errno);
	printf("bad how %ld %d\n", syscall(SYS_rt_sigprocmask, 9, &m, NULL, 8), errno);

	/* vector state must survive a handler that uses it */
	act(SIGUSR1, on_info, SA_SIGINFO, 0);
	__asm__ volatile("movsd %0, %%xmm5" : : "m"(d) : "xmm5");
	syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
	__asm__ volatile("movsd %%xmm5, %0" : "=m"(d));
	printf("xmm5 %f\n", d);
	return 0;
}
