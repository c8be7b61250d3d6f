/* SPDX-License-Identifier: BSD-2-Clause
 * Capability mode: what may still be called, paths that begin at a descriptor, what names somebody else, and SIGTRAP for
 * those who ask for it. By the tables: every call without the word INCAP is refused before anything else is looked at. */
#include "caps.h"

static const struct { int nr; const char *name, *args; } rows[] = {
#define SYS_ROW(nr_, name_, ...) { nr_, #name_, #__VA_ARGS__ },
#undef SYS
#define SYS(nr_, name_, ...) SYS_ROW(nr_, name_, __VA_ARGS__)
#define NOSYS(nr_, name_, ...) SYS_ROW(nr_, name_, __VA_ARGS__)
#define GONE(nr_, name_, ...) SYS_ROW(nr_, name_, "")
#include "syscalls.def"
};
static int dir, kid;

static int holds(const char *s, const char *word)
{
	for (; *s; s++)
		if (!strncmp(s, word, strlen(word)))
			return 1;
	return 0;
}
static void tables(void)
{
	int refused = 0, allowed = 0;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		if (holds(rows[i].args, "INCAP")) {
			allowed++;
			continue;
		}
		if (!rows[i].nr || rows[i].nr == 198)    /* indirect: what they call counts */
			continue;
		long e = sys(rows[i].nr, -1, -1, -1, -1, -1, -1);
		refused += e == -ECAPMODE;
		if (e != -ECAPMODE)
			say("%s: %e\n", rows[i].name, e);
	}
	show(refused + allowed == COUNT(rows) - 2);
	say("%d may be called\n", allowed);
	show(sys(9999));
	show(sys(0, SYS_open, "caps.m", 0));
	show(sys(0, SYS_getpid) == getpid());
}
static void paths(void)
{
	struct stat st;
	say("paths\n");
	show(open("caps.m/file", O_RDONLY));
	show(openat(AT_FDCWD, "caps.m/file", O_RDONLY));
	show(openat(dir, "/etc/passwd", O_RDONLY));
	show(openat(dir, "..", O_RDONLY));
	show(openat(dir, "sub/..", O_RDONLY) > 0);
	show(openat(dir, "file", O_RDWR) > 0);
	show(openat(dir, "none", O_RDWR));
	show(fstatat(AT_FDCWD, "caps.m", &st, 0));
	show(fstatat(dir, "file", &st, 0));
	show(fstatat(dir, "../caps.m/file", &st, 0));
	show(mkdirat(dir, "made", 0755));
	show(renameat(dir, "made", dir, "sub/made"));
	show(unlinkat(dir, "sub/made", 0x800));
	show(unlinkat(dir, "../caps.m/file", 0));
	show(symlinkat("anything", dir, "link"));
	show(unlinkat(dir, "link", 0));
	show(linkat(dir, "file", dir, "two", 0));
	show(unlinkat(dir, "two", 0));
	show(chdir("/"));
	show(shm_open2("/caps", O_RDWR | O_CREAT, 0600, 0, 0));
	show(shm_open2(1, O_RDWR, 0, 0, 0) > 0);
}
static void others(void)
{
	struct sockaddr_in in = { sizeof in, AF_INET, be16(9), LOOPBACK, { 0 } };
	struct sockaddr_un un = { sizeof un, AF_UNIX, "sock" };
	int s = (int)socket(AF_INET, SOCK_DGRAM, 0), u = (int)socket(AF_UNIX, SOCK_STREAM, 0), sv[2], fd = -1, oid[2] = { 1, 1 };
	char text[64];
	u64 n = sizeof text;
	u8 mask[128];
	say("others\n");
	show(s > 0 && u > 0);
	show(socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	show(socket(AF_INET, SOCK_RAW, 1));
	show(connect(s, &in, sizeof in));
	show(bind(s, &in, sizeof in));
	show(sendto(s, "x", 1, 0, &in, sizeof in));
	show(bindat(AT_FDCWD, u, &un, sizeof un));
	show(bindat(dir, u, &un, sizeof un));
	show(listen(u, 1));
	u = (int)socket(AF_UNIX, SOCK_STREAM, 0);
	show(connectat(AT_FDCWD, u, &un, sizeof un));
	show(connectat(dir, u, &un, sizeof un));
	show(write(sv[0], "x", 1));
	show(unlinkat(dir, "sock", 0));
	show(kill(getpid(), 0));
	show(kill(kid, 0));
	show(kill(-1, 0));
	show(__sysctl(oid, 2, text, &n, 0, 0));
	oid[1] = 14;
	int proc[4] = { 1, 14, 1, (int)getpid() };
	show(__sysctl(proc, 4, text, &n, 0, 0));
	show(sys(SYS_cpuset_getaffinity, 3, 2, -1L, sizeof mask, mask));
	show(sys(SYS_cpuset_getaffinity, 3, 2, (long)kid, sizeof mask, mask));
	show(sys(SYS_cpuset_getaffinity, 1, 2, -1L, sizeof mask, mask));
	show(fcntl(0, F_KINFO, text));
	long pid = pdfork(&fd, 0);
	if (!pid)
		quit(3);
	show(pid > 0 && fd > 0);
	show(pdkill(fd, 0));
	show(execve("/bin/sh", 0, 0));
	close(fd);
}
static volatile int traps, codes, errs, calls;
static void on_trap(int sig, siginfo_t *si, ucontext_t *uc)
{
	traps++;
	codes = si->code, errs = si->err, calls = si->trapno;
}
static void told(void)
{
	int on = 1, pid = (int)getpid();
	handle(SIGTRAP, on_trap, 0);
	show(open("x", 0));
	say("%d traps\n", traps);
	sys(SYS_procctl, 0, (long)pid, 9, &on);          /* refused: not in capability mode */
	say("%d traps\n", traps);
}
int main(int argc, char **argv)
{
	u32 mode = 7;
	int status, on = 1;
	mkdir("caps.m", 0755);
	mkdir("caps.m/sub", 0755);
	put_file("caps.m/file", "text");
	dir = (int)open("caps.m", O_RDONLY | O_DIRECTORY);
	show(cap_getmode(&mode));
	show(mode);
	show(cap_getmode(8));
	kid = (int)fork();
	if (!kid) {
		sleep_ms(20000);
		quit(0);
	}
	long pid = fork();
	if (!pid) {
		show(cap_enter());
		show(cap_enter());
		show(cap_getmode(&mode));
		show(mode);
		tables();
		paths();
		others();
		told();
		long again = fork();
		if (!again) {
			show(cap_getmode(&mode));
			show(mode);
			quit(0);
		}
		wait4(again, &status, 0, 0);
		quit(0);
	}
	wait4(pid, &status, 0, 0);
	show(status);
	say("told by SIGTRAP\n");
	pid = fork();
	if (!pid) {
		handle(SIGTRAP, on_trap, 0);
		show(sys(SYS_procctl, 0, 0L, 9, &on));
		show(open("none", 0));
		cap_enter();
		show(open("none", 0));
		show(traps == 1 && codes == 4 && errs == ECAPMODE && calls == SYS_open);
		show(openat(dir, "/", 0));
		show(traps == 2 && errs == ENOTCAPABLE && calls == SYS_openat);
		struct sigaction dfl = { 0 };
		sigaction(SIGTRAP, &dfl, 0);
		open("none", 0);
		quit(0);
	}
	wait4(pid, &status, 0, 0);
	show(WTERMSIG(status) == SIGTRAP);
	show(cap_getmode(&mode));
	show(mode);
	kill(kid, SIGKILL);
	unlink("caps.m/file");
	rmdir("caps.m/sub");
	rmdir("caps.m");
	return 0;
}
