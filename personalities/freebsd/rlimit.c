/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How much of a limit is in use. Linux counts some of them, by process; the others are ENXIO, FreeBSD's answer for a
 * limit that nobody counts.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include "host.h"

sysfn fbsd_getrlimitusage, fbsd_mlock, sys_mlock;

/* The limit on locked memory is the super-user's, too, where the host lets him pass. */
static uint64_t locked_now(void)
{
	char s[4096];
	uint64_t kib = 0;
	const char *at = file_read("/proc/self/status", s, sizeof s) > 0 ? s : NULL;
	while (at && str_ncmp(at, "VmLck:", 6))
		at = (at = str_chr(at, '\n')) ? at + 1 : NULL;
	for (at = at ? at + 6 : NULL; at && (*at == ' ' || *at == '\t'); at++)
		;
	if (at)
		str_num(at, &kib);
	return kib * 1024;
}
long fbsd_mlock(struct call *c)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t lo = PAGE_DOWN((uint64_t)c->arg[0]), hi = PAGE_UP((uint64_t)c->arg[0] + (uint64_t)c->arg[1]);
	host(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &r);
	if (r.rlim_cur != RLIM_INFINITY && hi > lo && !host(SYS_geteuid) && hi - lo + locked_now() > r.rlim_cur)
		return -ENOMEM;
	return sys_mlock(c);
}

/* Descriptors the guest has open: the named ones of /proc/self/fd below ours. */
static uint64_t open_fds(struct proc *p)
{
	struct { uint64_t ino; int64_t off; uint16_t len; uint8_t type; char name[]; } *d;
	char buf[2048];
	uint64_t count = 0, fd;
	long dir = host(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), n;
	dir = dir < 0 ? dir : fd_ours(p, (int)dir);
	while (dir >= 0 && (n = host(SYS_getdents64, dir, buf, sizeof buf)) > 0)
		for (long i = 0; i < n; i += d->len) {
			d = (void *)(buf + i);
			count += str_num(d->name, &fd) && !fd_is_ours(p, (long)fd);
		}
	if (dir >= 0)
		host(SYS_close, dir);
	return count;
}
static uint64_t statm(int field)
{
	char s[128];
	const char *at = s;
	uint64_t v = 0;
	if (file_read("/proc/self/statm", s, sizeof s) <= 0)
		return 0;
	for (int i = 0; i <= field && at; i++, at = at ? str_chr(at, ' ') : NULL)
		at = str_num(*at == ' ' ? at + 1 : at, &v);
	return v * PAGE;
}
long fbsd_getrlimitusage(struct call *c)
{
	struct rusage u;
	uint64_t v;
	switch (c->arg[0]) {
	case RLIMIT_NOFILE: v = open_fds(c->t->p); break;
	case RLIMIT_AS: v = statm(0); break;
	case RLIMIT_RSS: v = statm(1); break;
	case RLIMIT_CPU:
		host(SYS_getrusage, RUSAGE_SELF, &u);
		v = (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec);
		break;
	default:
		return -ENXIO;
	}
	return arg_put(c, 2, &v);
}
