/* SPDX-License-Identifier: BSD-2-Clause
 * More of escape.c: names. A program that may arrange its own file system (its root, its mounts) puts what it likes where
 * guise itself looks something up: its own program, what is mapped, what is open. Natively there is nothing to reach, and
 * every line says the same.
 * TEST proves: nothing
 * TEST without: rewrite trap seccomp ptrace, which are no wall
 * TEST timeout: 60
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "touch.h"

#define EVIL 77                          /* this program, run as none that the engine knows of */
static char self[4096];

static int ranges(int *all);
static int wait_for(pid_t pid)
{
	int st;
	waitpid(pid, &st, 0);
	return st;
}
static void copy(const char *from, const char *to)
{
	char buf[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	for (ssize_t n; (n = read(in, buf, sizeof buf)) > 0;)
		if (write(out, buf, (size_t)n) != n)
			break;
	close(in), close(out);
}
/* A child whose mounts are its own. A process with a virtual machine has threads of the host's kernel, so it may not
 * change its user namespace itself. */
static pid_t child(void)
{
	pid_t pid = geteuid() ? (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0) : fork();
	if (!pid && ((!geteuid() && unshare(CLONE_NEWNS)) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)))
		_exit(0);
	return pid;
}
/* --- a root without /proc: threads, children and programs go on --------------------------------------------------------- */
static int empty_root(void)
{
	if (chroot("empty"))
		return 0;
	pid_t pid = fork();
	if (!pid) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(p, 1, 1 << 20);
		_exit(p[4096]);
	}
	return wait_for(pid) != 0x100;
}
/* --- what is executed under the name that stands for ourselves --------------------------------------------------------------- */
static int false_exe(void)
{
	if (mount("none", "/proc", "tmpfs", 0, NULL) || mkdir("/proc/self", 0755) || chdir("/proc/self"))
		return 0;
	copy(self, "exe");
	execl("/bin/true", "true", NULL);
	return 0;
}
/* --- a false list of what is mapped, where the next image of guise's reads it ----------------------------------------------- */
static int false_maps(void)
{
	static const char line[] = "00010000-7ffffffff000 rwxp 00000000 00:00 0 \n";
	char name[64], hidden[16];
	int all, n = ranges(&all), go[2], fd = open("maps", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	snprintf(hidden, sizeof hidden, "%d", all - n);
	(void)!write(fd, line, sizeof line - 1);
	close(fd);
	if (pipe(go))
		return 0;
	pid_t pid = fork();
	if (!pid) {
		char c;
		(void)!read(go[0], &c, 1);
		execl(self, "escape_names", hidden, NULL);
		_exit(0);
	}
	static const char *const file[] = { "maps", "task/%d/maps" };
	for (unsigned i = 0; i < 2; i++) {
		char last[32];
		snprintf(last, sizeof last, file[i], pid);
		snprintf(name, sizeof name, "/proc/%d/%s", pid, last);
		mount("maps", name, NULL, MS_BIND, NULL);
	}
	(void)!write(go[1], "x", 1);
	return wait_for(pid) == EVIL << 8;
}
/* How many of the ranges that the host's kernel tells of can be read: those of guise's are not among them. */
static int ranges(int *all)
{
	char line[600];
	int n = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	for (*all = 0; f && fgets(line, sizeof line, f);) {
		unsigned long lo, hi;
		char p[8] = "";
		if (sscanf(line, "%lx-%lx %7s", &lo, &hi, p) < 3 || lo >= 0x7ffffffff000 || p[0] != 'r' || strstr(line, "[vvar"))
			continue;
		++*all;
		n += can_read(lo);
	}
	if (f)
		fclose(f);
	return n;
}
static int look(const char *before)
{
	char name[64];
	int all, n;
	snprintf(name, sizeof name, "/proc/%d/task/%d/maps", getpid(), getpid());
	umount2(name, MNT_DETACH);
	snprintf(name, sizeof name, "/proc/%d/maps", getpid());
	umount2(name, MNT_DETACH);
	n = ranges(&all);
	return all - n < atoi(before) ? EVIL : 0;
}
static void try(const char *what, int (*fn)(void))
{
	fflush(stdout);
	pid_t pid = child();
	if (!pid)
		_exit(fn());
	printf("%s: %x\n", what, wait_for(pid));
}
int main(int argc, char **argv)
{
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	if (!strstr(argv[0], "escape_names"))
		return EVIL;
	if (argc > 1 && strcmp(argv[1], "again"))
		return look(argv[1]);
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 1;
	if (argc < 2) {          /* what an exec makes has less of guise's than what a command line makes: like is held against like */
		execl(self, "escape_names", "again", NULL);
		return 1;
	}
	mkdir("empty", 0755);
	try("an empty root", empty_root);
	try("another program in our place", false_exe);
	try("a false map", false_maps);
	return 0;
}
