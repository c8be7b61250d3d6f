/* SPDX-License-Identifier: BSD-2-Clause
 *
 * -p: asking a process that runs under guise already to join (syscalls/observe/attach.c). Its executable must be ours,
 * so what lies where is known; everything is checked before a byte is written.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

extern char __executable_start[];

static uint64_t base_of(int pid, const struct stat *exe)
{
	char path[64], line[5000];
	uint64_t found = 0;
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		refuse("-p %d: %s", pid, strerror(errno));
	while (!found && fgets(line, sizeof line, f)) {
		unsigned long from, offset, inode;
		if (sscanf(line, "%lx-%*x %*s %lx %*s %lu", &from, &offset, &inode) == 3 && !offset && inode == exe->st_ino)
			found = from;
	}
	fclose(f);
	return found;
}
static long move(int pid, bool out, uint64_t there, void *here, size_t n)
{
	struct iovec l = { here, n }, r = { (void *)there, n };
	return out ? process_vm_writev(pid, &l, 1, &r, 1, 0) : process_vm_readv(pid, &l, 1, &r, 1, 0);
}
static void must(int pid, long done, size_t n)
{
	if (done < 0 && errno == EPERM)
		refuse("-p %d: you may not trace this process (it is another user's, or kernel.yama.ptrace_scope forbids it)", pid);
	if (done != (long)n)
		refuse("-p %d: its memory cannot be reached: %s", pid, done < 0 ? strerror(errno) : "not all of it is there");
}
void attach_to(int pid, int fd, int end)
{
	char path[64];
	struct stat theirs, ours;
	struct attach_point a;
	bool yes = true;

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	if (stat(path, &theirs) < 0)
		refuse("-p %d: %s", pid, errno == ENOENT ? "there is no such process" : strerror(errno));
	if (stat("/proc/self/exe", &ours) < 0 || ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
		refuse("-p %d: this process does not run under this guise; only such can be joined", pid);
	uint64_t base = base_of(pid, &theirs);
	uint64_t there = base + (uint64_t)((char *)&attach_point - __executable_start);
	must(pid, base ? move(pid, false, there, &a, sizeof a) : 0, sizeof a);
	if (a.magic != ATTACH_MAGIC || !a.observed || !a.told_all)
		refuse("-p %d: its program has not begun yet, or is no guest", pid);
	a.fd = fd;
	a.end = end;
	must(pid, move(pid, true, there + offsetof(struct attach_point, fd), (void *)&a.fd, 8), 8);
	a.pid = getpid();
	must(pid, move(pid, true, there + offsetof(struct attach_point, pid), (void *)&a.pid, 4), 4);
	must(pid, move(pid, true, (uint64_t)a.told_all, &yes, 1), 1);
	must(pid, move(pid, true, (uint64_t)a.observed, &yes, 1), 1);
}
