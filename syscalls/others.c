/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking into another process of guise (others.h). One that has just been executed has no guest for a moment: that is
 * waited for, since its system's kernel shows the new program from the first instant on.
 */
#include <sys/stat.h>
#include "host.h"
#include "others.h"
#include "snapshot.h"

#define BIRTH_MS 200                     /* how long a guest may take to be there */

int other_kind(int pid)
{
	char path[32];
	struct stat its, ours;
	fmt(path, sizeof path, "/proc/%d/exe", pid);
	if (host(SYS_stat, path, &its) < 0 || host(SYS_stat, "/proc/self/exe", &ours) < 0)
		return OTHER_HIDDEN;
	return its.st_ino == ours.st_ino && its.st_dev == ours.st_dev ? OTHER_GUEST : OTHER_NONE;
}
long other_read(int pid, void *dst, uaddr src, size_t n)
{
	struct iovec here = { dst, n }, there = { (void *)src, n };
	return host(SYS_process_vm_readv, pid, &here, 1, &there, 1, 0);
}
static long whole(int pid, void *dst, uaddr src, size_t n)
{
	long got = other_read(pid, dst, src, n);
	return got < 0 ? got : got == (long)n ? 0 : -EFAULT;
}
static bool known(const struct personality *pers)
{
	for (EACH_SYSTEM(p))
		if (*p == pers)
			return true;
	return false;
}
/* Words that the host would not mind, either: lengths that fit, texts that end. */
static bool sound(struct other *o)
{
	o->proc.exe[sizeof o->proc.exe - 1] = 0;
	o->proc.comm[sizeof o->proc.comm - 1] = 0;
	return known(o->proc.pers) && o->space.n_ours <= ARRAY_LEN(o->space.ours) && o->proc.exe[0] == '/';
}
static long look(int pid, struct other *o)
{
	struct snapshot_point at;
	long e = whole(pid, &at, (uaddr)&snapshot_point, sizeof at);
	if (e || at.magic != SNAPSHOT_MAGIC || !at.proc)
		return e ? e : at.magic == SNAPSHOT_MAGIC ? -EAGAIN : 0;
	if ((e = whole(pid, &o->proc, (uaddr)at.proc, sizeof o->proc)) ||
	    (e = whole(pid, &o->space, (uaddr)o->proc.space, sizeof o->space)))
		return e;
	return sound(o);
}
long other_look(int pid, struct other *o)
{
	struct timespec nap = { 0, 1000000 };
	long e = -EAGAIN;
	for (int ms = 0; e == -EAGAIN && ms < BIRTH_MS; ms++) {
		int kind = other_kind(pid);
		if (kind != OTHER_GUEST)
			return kind == OTHER_HIDDEN ? -EPERM : 0;
		if ((e = look(pid, o)) == -EAGAIN)
			host(SYS_nanosleep, &nap, NULL);
	}
	return e == -EAGAIN ? 0 : e;
}
const struct personality *other_system(int pid)
{
	struct snapshot_point at;
	const struct personality *pers;
	if (whole(pid, &at, (uaddr)&snapshot_point, sizeof at) || at.magic != SNAPSHOT_MAGIC || !at.proc ||
	    whole(pid, &pers, (uaddr)&at.proc->pers, sizeof pers))
		return NULL;
	return known(pers) ? pers : NULL;
}
