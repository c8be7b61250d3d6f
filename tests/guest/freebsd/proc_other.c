/* SPDX-License-Identifier: BSD-2-Clause
 * kern.proc of another process: what a guest hears of itself is what its parent hears of it, title, threads and caught signals,
 * too; a program of the host's is told as one of another ABI; nobody is nobody.
 */
#include "fbsd.h"

enum { PID = 1, ARGS = 7, PROC, SV_NAME, PATHNAME = 12, PID_TD = 17, VMMAP = 32, FILEDESC, GROUPS, ENV, AUXV, RLIMIT, PS_STRINGS,
       UMASK, OSREL, SIGTRAMP, CWD };
#define SIZE 1088
#define EMUL 467
static const struct { const char *name; int what; } rows[] = {
	{ "args", ARGS }, { "sv_name", SV_NAME }, { "pathname", PATHNAME }, { "groups", GROUPS }, { "env", ENV }, { "auxv", AUXV },
	{ "ps_strings", PS_STRINGS }, { "umask", UMASK }, { "osrel", OSREL }, { "sigtramp", SIGTRAMP }, { "cwd", CWD },
};
struct kproc { int size, layout; void *p[8]; int pid, ppid, pgid, tpgid, sid, tsid; short jobc, spare; u32 tdev; u32 sigs[4][4]; };

static union { u8 b[1 << 20]; struct kproc k; u32 w[64]; u64 l[64]; char c[4096]; } u, its;
static u64 len;

static long ask5(int what, int who, int more, int n)
{
	len = sizeof(u);
	memset(&u, 0, 8192);
	return sysctl(((int[]){ 1, 14, what, who, more }), n, &u, &len, 0, 0);
}
static long ask(int what, int who) { return ask5(what, who, 0, 4); }

/* --- the child: says of itself all that it hears, then waits ------------------------------------------------------------ */
static void on_signal(int sig) { }
static void waits(void *arg)
{
	for (;;)
		sleep_ms(1000);
}
static void tell(long e)
{
	long head[2] = { e, (long)len };
	write(1, head, sizeof(head));
	if (!e)
		write(1, &u, len);
}
static int child(void)
{
	struct rlimit r = { 1000, 2000 };
	struct { void *handler; int flags; u32 mask[4]; } act = { on_signal, 0, { 0 } };
	static const char title[] = "renamed\0now";
	char c;

	umask(031);
	setrlimit(RLIMIT_SBSIZE, &r);
	sys(SYS_sigaction, SIGUSR1, &act, 0);
	act.handler = (void *)1;
	sys(SYS_sigaction, SIGUSR2, &act, 0);
	thread(waits, 0);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		tell(ask(rows[i].what, -1));
	tell(ask5(RLIMIT, -1, RLIMIT_NOFILE, 5));
	tell(ask5(RLIMIT, -1, RLIMIT_SBSIZE, 5));
	read(0, &c, 1);
	long e = sysctl(((int[]){ 1, 14, ARGS, getpid() }), 4, 0, 0, (void *)title, sizeof(title));
	write(1, &e, sizeof(e));
	read(0, &c, 1);
	return 0;
}

/* --- the parent ---------------------------------------------------------------------------------------------------------- */
static void all(int fd, void *to, long n)
{
	for (long done = 0, r; done < n; done += r)
		if ((r = read(fd, (char *)to + done, n - done)) <= 0)
			fail("the child is gone");
}
static void same(const char *name, int fd, long e)
{
	long head[2];
	all(fd, head, sizeof(head));
	if (!head[0])
		all(fd, &its, head[1]);
	say("%s: %e, %s\n", name, e, head[0] == e && (e || ((u64)head[1] == len && !memcmp(&u, &its, len))) ? "the same" : "ANOTHER");
}
static long started(char **av, int in[2], int out[2])
{
	pipe2(in, 0);
	pipe2(out, 0);
	long p = fork();
	if (p)
		return p;
	dup2(in[0], 0);
	dup2(out[1], 1);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	execve(av[0], av, env);
	quit(127);
}
static void guest(char *self)
{
	char *av[] = { self, "child", "and more", 0 };
	int in[2], out[2];
	long e, p = started(av, in, out);
	struct { int fd; short events, revents; } first = { out[0], 1, 0 };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		while (!i && sys(SYS_poll, &first, 1, 1000) != 1)
			;                            /* its first word says that it is there */
		e = ask(rows[i].what, (int)p);
		same(rows[i].name, out[0], e);
	}
	e = ask5(RLIMIT, (int)p, RLIMIT_NOFILE, 5);
	same("nofile", out[0], e);
	e = ask5(RLIMIT, (int)p, RLIMIT_SBSIZE, 5);
	same("sbsize", out[0], e);
	say("%lu\n", u.l[0]);
	e = ask(PID_TD, (int)p);
	say("threads: %e, %lu records, two numbers %d\n", e, len / SIZE, *(u32 *)(u.b + 600) != *(u32 *)(u.b + SIZE + 600));
	e = ask(PID, (int)p);
	/* SIGPIPE and SIGXFSZ are as whoever started us has them */
	say("one: %e, %lu record, %s, ignores %x, catches %x\n", e, len / SIZE, (char *)u.b + EMUL, u.k.sigs[2][0] & ~(1u << 12 | 1u << 24), u.k.sigs[3][0]);
	write(in[1], "x", 1);
	all(out[0], &e, sizeof(e));
	show(e);
	show(ask(ARGS, (int)p));
	say("%lu %s %s\n", len, u.c, u.c + strlen(u.c) + 1);
	write(in[1], "x", 1);
	say("ended %x\n", wait_for(p));
}
/* One that the host runs, or that stays with us: it is Linux's either way */
static void native(void)
{
	char *av[] = { "/bin/sleep", "100", 0 };
	int in[2], out[2];
	long p = started(av, in, out);
	for (int i = 0; i < 500 && (ask(PATHNAME, (int)p) || strcmp(u.c + strlen(u.c) - 6, "/sleep")); i++)
		sleep_ms(10);
	yes(!strcmp(u.c + strlen(u.c) - 6, "/sleep") || !strcmp(u.c + strlen(u.c) - 8, "/busybox"));
	show(ask(SV_NAME, (int)p));
	say("%s\n", u.c);
	show(ask(OSREL, (int)p));
	say("%lu bytes: %u\n", len, u.w[0]);
	show(ask(ARGS, (int)p));
	say("%s %s\n", u.c, u.c + strlen(u.c) + 1);
	works(ask(ENV, (int)p));
	show(ask(AUXV, (int)p));
	yes(len % 16 == 0 && len > 64);
	show(ask(PID, (int)p));
	say("%s\n", u.b + EMUL);
	kill(p, SIGKILL);
	say("ended %x\n", wait_for(p));
}
int main(int argc, char **argv)
{
	if (argc > 1)
		return child();
	guest(argv[0]);
	native();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		say("nobody's %s: %e\n", rows[i].name, ask(rows[i].what, 99999999));
	return 0;
}
