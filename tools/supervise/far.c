/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the supervisor asks of a guest's memory, its registers and /proc. All of it is the guest's to forge, save the
 * registers of a thread that is stopped and what the kernel says: nothing read here decides whether a call is seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tools/supervise/supervise.h"

/* Word by word where the kernel minds that the process is not ours to read though it is ours to trace. */
static bool peek_words(int tid, uint64_t at, char *to, size_t n)
{
	while (n) {
		uint64_t word_at = at & ~7ull, skip = at - word_at, len = MIN(8 - skip, n);
		errno = 0;
		long w = ptrace(PTRACE_PEEKDATA, tid, word_at, 0L);
		if (errno)
			return false;
		memcpy(to, (char *)&w + skip, len);
		at += len, to += len, n -= len;
	}
	return true;
}
bool far_read(int tid, uint64_t at, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)at, n };
	ssize_t got = process_vm_readv(tid, &here, 1, &there, 1, 0);
	return got == (ssize_t)n || (got < 0 && errno == EPERM && peek_words(tid, at, to, n));
}
bool far_regs(const struct task *t, struct user_regs_struct *r) { return ptrace(PTRACE_GETREGS, t->tid, 0L, r) == 0; }

static ssize_t read_proc(int tid, const char *name, char *text, size_t n)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t got, len = 0;
	while ((size_t)len < n - 1 && (got = read(fd, text + len, n - 1 - (size_t)len)) > 0)
		len += got;
	close(fd);
	text[len] = 0;
	return len;
}
static const char *status_line(int tid, const char *key)
{
	static char text[8192];
	if (read_proc(tid, "status", text, sizeof text) <= 0)
		return NULL;
	for (char *s = text; s; s = (s = strchr(s, '\n')) ? s + 1 : NULL)
		if (!strncmp(s, key, strlen(key)))
			return s + strlen(key);
	return NULL;
}
long status_number(int tid, const char *key)
{
	const char *s = status_line(tid, key);
	return s ? strtol(s, NULL, 10) : -1;
}
long status_uid(int tid)
{
	const char *s = status_line(tid, "Uid:");
	char *end = NULL;
	if (s)
		strtol(s, &end, 10);
	return end ? strtol(end, NULL, 10) : -1;
}
static uint64_t signals(int tid, const char *key)
{
	const char *s = status_line(tid, key);
	return s ? strtoull(s, NULL, 16) : 0;
}
bool signal_waits(int tid)
{
	return (signals(tid, "SigPnd:") | signals(tid, "ShdPnd:")) & ~signals(tid, "SigBlk:");
}
bool signal_is_caught(int tid, int sig)
{
	const char *s = status_line(tid, "SigCgt:");
	return s && strtoull(s, NULL, 16) >> (sig - 1) & 1;
}
/* Where the kernel does not say, yes: a program that is not us then ends at its first call, which leads to nowhere. */
static bool is_us(int tid)
{
	struct stat own, other;
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/exe", tid);
	return stat("/proc/self/exe", &own) || stat(path, &other) || (own.st_dev == other.st_dev && own.st_ino == other.st_ino);
}
static void find_vdso(struct guest *g, int tid)
{
	static char text[1 << 20];
	char *line = read_proc(tid, "maps", text, sizeof text) > 0 ? strstr(text, "[vdso]") : NULL;
	while (line && line > text && line[-1] != '\n')
		line--;
	if (line)
		sscanf(line, "%lx-%lx", &g->vdso, &g->vdso_end);
}
void guest_look(struct task *t)
{
	struct guest *g = t->guest;
	if (g->looked)
		return;
	g->looked = true;
	g->strange = !is_us(t->tid);
	find_vdso(g, t->tid);
}
/* A pointer to one of ours, which lie where ours do: whatever else stands there is not believed. */
const struct personality *guest_personality(struct task *t)
{
	struct guest *g = t->guest;
	uint64_t pers = 0;

	if (g->pers || g->strange)
		return g->pers;
	if (!t->block || !far_read(t->tid, t->block + offsetof(struct thread, p), &g->proc, 8) ||
	    !far_read(t->tid, g->proc + offsetof(struct proc, pers), &pers, 8))
		return NULL;
	for (EACH_SYSTEM(p))
		if ((uint64_t)*p == pers)
			g->pers = *p;
	return g->pers;
}
