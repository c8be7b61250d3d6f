/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest that is to be saved, as another process sees it. Its executable must be ours: then what lies where in its process
 * is what lies there in ours (guise is linked at a fixed place), its structs are ours, and process_vm_readv reads them.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "tools/snapshot/snapshot.h"

void cannot(const struct target *t, const char *f, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, f);
	vsnprintf(text, sizeof text, f, ap);
	va_end(ap);
	refuse("process %d cannot be saved: %s; it goes on", t->pid, text);
}
long far_move(int pid, bool out, uint64_t there, void *here, size_t n)
{
	struct iovec l = { here, n }, r = { (void *)there, n };
	return out ? process_vm_writev(pid, &l, 1, &r, 1, 0) : process_vm_readv(pid, &l, 1, &r, 1, 0);
}
void target_read(const struct target *t, uint64_t at, void *to, size_t n)
{
	for (size_t done = 0; done < n;) {
		long r = far_move(t->pid, false, at + done, (char *)to + done, n - done);
		if (r <= 0 && errno == EPERM)
			refuse("process %d: you may not look into it (it is another user's, or kernel.yama.ptrace_scope forbids it)", t->pid);
		if (r <= 0)
			refuse("process %d: its memory cannot be read: %s", t->pid, errno == ESRCH ? "it has ended" : strerror(errno));
		done += (size_t)r;
	}
}
char *target_text(const struct target *t, const char *at)
{
	char buf[PATH_MAX + 1];
	size_t n = 0;
	if (!at)
		return NULL;
	for (; n < PATH_MAX; n++) {
		target_read(t, (uint64_t)at + n, buf + n, 1);
		if (!buf[n])
			break;
	}
	buf[n] = 0;
	return strdup(buf);
}
bool runs_us(int pid)
{
	char path[64];
	struct stat its, ours;
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	return !stat(path, &its) && !stat("/proc/self/exe", &ours) && its.st_ino == ours.st_ino && its.st_dev == ours.st_dev;
}
void status_of(int id, char *buf, size_t n)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/status", id);
	FILE *f = fopen(path, "re");
	size_t got = f ? fread(buf, 1, n - 1, f) : 0;
	buf[got] = 0;
	if (f)
		fclose(f);
}
long status_field(const char *status, const char *name, int base)
{
	const char *s = strstr(status, name);
	return s ? (long)strtoull(s + strlen(name), NULL, base) : 0;
}
