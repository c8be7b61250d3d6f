/* SPDX-License-Identifier: BSD-2-Clause
 * I/O privilege: /dev/io and sysarch, privileged instructions with and without it (../io.h), and where it goes: forks,
 * threads, an exec. What goes to the virtual serial line is what is printed.
 * TEST options: --grant io
 * TEST timeout: 60 */
#include "fbsd.h"

#define ctx(u, r) CTX_##r(u)
#define CTX_RIP(u) (((ucontext_t *)(u))->mc.rip)
#define CTX_FLAGS(u) (((ucontext_t *)(u))->mc.rflags)
#define si_code_of(si) (si)->code
#define si_addr_of(si) (si)->addr
static volatile int nap_seen;
static void nap_caught(int sig, siginfo_t *si, ucontext_t *u) { nap_seen++; }
static void nap_signal(void)
{
	handle(SIGALRM, nap_caught, 0);
	setitimer(ITIMER_REAL, (&(struct itimerval){ .value = { 0, 20000 } }), 0);
}
static char *edge_page(void)
{
	char *p = pages(8192);
	munmap(p + 4096, 4096);
	return p;
}
static void read_only(char *page) { mprotect(page, 4096, PROT_READ); }
static unsigned long fs_base(void)
{
	unsigned long v = 0;
	sysarch(AMD64_GET_FSBASE, &v);
	return v;
}
#include "../io.h"

enum { I386_GET_IOPERM = 3, I386_SET_IOPERM };
struct ioperm { u32 start, length; int enable; };
struct pio { u32 access, port, width, val; };
#define IODEV_PIO 0xc0104900ul

static void set(u32 start, u32 n, int on)
{
	struct ioperm a = { start, n, on };
	say("set %x+%x %d: %e\n", start, n, on, sysarch(I386_SET_IOPERM, &a));
}
static void get(u32 start)
{
	struct ioperm a = { start, 7, 7 };
	long e = sysarch(I386_GET_IOPERM, &a);
	say("get %x: %e, %d ports, %d\n", start, e, a.length, a.enable);
}
static void can(const char *who)
{
	RUN(who, "\xee", .rax = 1, .rdx = 0x80);
}
static void in_thread(void *done)
{
	can("thread, port 80");
	RUN("thread, cli", "\xfa", 0);
	*(volatile int *)done = 1;
	thr_exit(0);
}
static void apart(void)
{
	static volatile int done;
	long pid = fork();

	done = 0;
	if (!pid) {
		can("child, port 80");
		RUN("child, cli", "\xfa", 0);
		quit(0);
	}
	wait_for(pid);
	thread(in_thread, (void *)&done);
	while (!done)
		sleep_ms(1);
}
/* What was given before stays; nothing more can be asked for. */
static void in_capability_mode(void)
{
	long pid = fork();

	if (pid) {
		wait_for(pid);
		return;
	}
	show(cap_enter());
	can("port 80, in capability mode");
	RUN("  cli", "\xfa", 0);
	set(0x80, 1, 1);
	get(0x80);
	say("open: %e\n", open("/dev/io", O_RDWR, 0));
	quit(0);
}
static void requests(long fd)
{
	struct pio r = { 1, 0x3ff, 1, 0x3c };
	show(ioctl(fd, IODEV_PIO, &r));
	r = (struct pio){ 0, 0x3ff, 1, 0 };
	show(ioctl(fd, IODEV_PIO, &r));
	say("val %x\n", r.val);
	r.width = 3;
	show(ioctl(fd, IODEV_PIO, &r));
	r = (struct pio){ 2, 0x3ff, 1, 0 };
	show(ioctl(fd, IODEV_PIO, &r));
	show(ioctl(fd, IODEV_PIO, 8));
	show(ioctl(1, IODEV_PIO, &r));
	show(ioctl(99, IODEV_PIO, &r));
	show(read(fd, into, 1));
	show(write(fd, into, 1));
}
int main(int argc, char **argv)
{
	code = (unsigned char *)mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANON, -1, 0);
	handle(SIGBUS, (void *)caught, 0);
	handle(SIGSEGV, (void *)caught, 0);
	handle(SIGILL, (void *)caught, 0);
	if (argc > 1) {
		say("after exec\n");
		can("port 80");
		RUN("cli", "\xfa", 0);
		get(0x80);
		say("the devices are the same: %x\n", inb(0x80));
		set(0xf4, 4, 1);
		outb(0xf4, 3);
		say("not here\n");
		return 8;
	}
	refused();
	say("single ports\n");
	get(0);
	set(0x80, 1, 1);
	get(0x80);
	get(0);
	get(0xffff);
	get(0x10000);
	set(0xffff, 1, 1);
	set(0xffff, 2, 1);
	set(0xffffffff, 2, 1);
	set(0, 0, 1);
	show(sysarch(I386_SET_IOPERM, 8));
	show(sysarch(I386_GET_IOPERM, 8));
	can("port 80");
	RUN("port 80, two bytes", "\x66\xef", .rdx = 0x80);
	RUN("port 81", "\xe4\x81", 0);
	RUN("cli", "\xfa", 0);
	apart();
	set(0x80, 1, 0);
	can("port 80, taken away");
	say("/dev/io\n");
	long fd = open("/dev/io", O_RDWR, 0);
	say("open: %e\n", fd < 0 ? fd : 0);
	apart();
	in_capability_mode();
	requests(fd);
	all();
	show(close(fd));
	can("port 80, closed");
	set(0x80, 1, 1);
	outb(0x80, 0x99);
	char *again[] = { argv[0], "again", 0 };
	execve(argv[0], again, env);
	say("no exec\n");
	return 1;
}
