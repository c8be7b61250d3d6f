/* SPDX-License-Identifier: BSD-2-Clause
 * I/O privilege: iopl and ioperm, privileged instructions with and without it (../io.h), and where it goes: forks, threads,
 * an exec. Natively it would reach the hardware, so real/io.test runs it.
 * TEST fixture: io.test */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/prctl.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#undef inb
#undef outb
#define inb my_inb
#define outb my_outb

#define say(...) (printf(__VA_ARGS__), fflush(stdout))
#define CTX(u, reg) (((ucontext_t *)(u))->uc_mcontext.gregs[reg])
#define CTX_RIP(u) CTX(u, REG_RIP)
#define CTX_FLAGS(u) CTX(u, REG_EFL)
#define ctx(u, r) CTX_##r(u)
#define si_code_of(si) (si)->si_code
#define si_addr_of(si) (si)->si_addr
static volatile int nap_seen;
static void nap_caught(int sig) { nap_seen++; }
static void nap_signal(void)
{
	signal(SIGALRM, nap_caught);
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 20000 } }, NULL);
}
static char *edge_page(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(p + 4096, 4096);
	return p;
}
static void read_only(char *page) { mprotect(page, 4096, PROT_READ); }
static unsigned long fs_base(void)
{
	unsigned long v = 0;
	syscall(SYS_arch_prctl, ARCH_GET_FS, &v);
	return v;
}
#include "../io.h"

static void catch(int sig)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	sa.sa_sigaction = caught;
	sigaction(sig, &sa, NULL);
}
static void told(const char *what, long r) { say("%s: %ld %s\n", what, r, r < 0 ? strerrorname_np(errno) : ""); }
#define TOLD(expr) told(#expr, expr)
static long perm(unsigned long from, unsigned long n, int on) { return syscall(SYS_ioperm, from, n, on); }
static void can(const char *who)
{
	RUN(who, "\xee", .rax = 1, .rdx = 0x80);
	RUN("  cli", "\xfa", 0);
}
static void *in_thread(void *arg)
{
	can("thread, port 80");
	TOLD(iopl(0));
	return NULL;
}
static void apart(void)
{
	pthread_t t;

	if (!fork()) {
		can("child, port 80");
		_exit(0);
	}
	wait(NULL);
	if (!vfork()) {
		can("vfork child, port 80");
		_exit(0);
	}
	wait(NULL);
	pthread_create(&t, NULL, in_thread, NULL);
	pthread_join(t, NULL);
}
/* A thread halts; this one makes the interrupt. */
static void *halts(void *arg)
{
	RUN("hlt in a thread", "\xf4", 0);
	return NULL;
}
static void wakes(void)
{
	pthread_t t;

	outb(0x21, 0xef);                                /* the serial line's */
	outb(0x3fc, 8);
	pthread_create(&t, NULL, halts, NULL);
	usleep(50000);
	outb(0x3f9, 2);
	pthread_join(t, NULL);
	outb(0x20, 0x0c);
	say("polled %x\n", inb(0x20));
	outb(0x3f9, 0);
}
/* Standard input is the serial line's: its interrupt, then its bytes. */
static void input(void)
{
	outb(0x3fc, 8);
	outb(0x3fa, 0x87);
	outb(0x3f9, 1);
	outb(0x21, 0xef);
	RUN("hlt until input", "\xf4", 0);
	say("cause %x: ", inb(0x3fa));
	while (inb(0x3fd) & 1)
		say("%c", inb(0x3f8));
	outb(0x3f9, 0);
}
int main(int argc, char **argv)
{
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	code_len = 0;
	catch(SIGSEGV);
	catch(SIGBUS);
	catch(SIGILL);
	if (argc > 1 && !strcmp(argv[1], "input")) {
		TOLD(iopl(3));
		input();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "not")) {
		TOLD(iopl(3));
		TOLD(iopl(4));
		TOLD(iopl(0));
		TOLD(perm(0x80, 1, 1));
		TOLD(perm(0x80, 1, 0));
		TOLD(perm(0x80, 0, 0));
		refused();
		return 0;
	}
	if (argc > 1) {
		say("after exec\n");
		can("port 80");
		TOLD(iopl(0));
		can("port 80, without level");
		RUN("port 81", "\xe4\x81", 0);
		TOLD(iopl(3));
		say("the devices are the same: %x\n", inb(0x3ff));
		outb(0xf4, 3);
		say("not here\n");
		return 8;
	}
	refused();
	TOLD(iopl(4));
	TOLD(perm(0x10000, 1, 1));
	TOLD(perm(0xffff, 2, 1));
	TOLD(perm(-1ul, 2, 1));
	TOLD(perm(0, 0, 1));
	TOLD(perm(0x80, 1, 0));
	TOLD(perm(0x80, 1, 1));
	RUN("port 80, two bytes", "\x66\xef", .rdx = 0x80);
	apart();
	TOLD(iopl(2));
	can("level 2, port 80");
	RUN("level 2, port 81", "\xe4\x81", 0);
	TOLD(iopl(3));
	apart();
	TOLD(perm(0x80, 1, 0));
	all();
	wakes();
	TOLD(perm(0x80, 1, 1));
	outb(0x3ff, 0x99);
	execl(argv[0], argv[0], "again", NULL);
	say("no exec\n");
	return 1;
}
