/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Small calls that only FreeBSD has: the kernel's files and modules, its environment, UUIDs, event descriptors by a
 * common call, and questions that have one answer here.
 */
#include <string.h>
#include <time.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include "host.h"
#include "freebsd/sysctl.h"

sysfn fbsd_getpagesize, fbsd_setfib, fbsd_utrace, fbsd_exterrctl, fbsd_abort2, fbsd_kenv, fbsd_kldfind,
      fbsd_kldnext, fbsd_kldstat, fbsd_kldfirstmod, fbsd_modnext, fbsd_modfnext, fbsd_modstat, fbsd_modfind,
      fbsd_specialfd, fbsd_uuidgen;

long fbsd_getpagesize(struct call *c) { return PAGE; }
long fbsd_setfib(struct call *c) { return c->arg[0] ? -EINVAL : 0; }
/* Nobody listens: the kernel takes the record and drops it. */
long fbsd_utrace(struct call *c) { return 0; }
/* The record that a later error would fill stays as it is: empty. */
long fbsd_exterrctl(struct call *c) { return c->arg[0] > 2 ? -EINVAL : 0; }
/* Its text goes to the system's log there, to our standard error here. */
long fbsd_abort2(struct call *c)
{
	char why[128];
	if (copy_str(why, (uaddr)c->arg[0], sizeof why) > 0)
		warn("abort2: %s", why);
	signal_die(c->t, c->arg[1] < 0 || c->arg[1] > 16 ? SIGKILL : SIGABRT);
}

/* --- kenv: an environment without entries ------------------------------------------------------------------------ */
enum { KENV_GET, KENV_SET, KENV_UNSET, KENV_DUMP, KENV_DUMP_LOADER, KENV_DUMP_STATIC };
long fbsd_kenv(struct call *c)
{
	switch (c->arg[0]) {
	case KENV_GET: return -ENOENT;
	case KENV_SET: case KENV_UNSET: return -EPERM;
	case KENV_DUMP: case KENV_DUMP_LOADER: case KENV_DUMP_STATIC: return 0;
	}
	return -EINVAL;
}

/* --- the kernel is the only file, and holds no module by name ---------------------------------------------------- */
#define KERNEL_ID 1
struct kld_file_stat {
	int32_t version;
	char name[1024];
	int32_t refs, id;
	uint64_t address, size;
	char pathname[1024];
};
#define KLD_STAT_1 (offsetof(struct kld_file_stat, pathname))        /* the form before there was a path */

long fbsd_kldfind(struct call *c)
{
	char name[1024];
	long n = copy_str(name, (uaddr)c->arg[0], sizeof name);
	if (n < 0)
		return n;
	const char *base = str_rchr(name, '/');
	return str_cmp(base ? base + 1 : name, "kernel") ? -ENOENT : KERNEL_ID;
}
long fbsd_kldnext(struct call *c)
{
	return c->arg[0] == 0 ? KERNEL_ID : c->arg[0] == KERNEL_ID ? 0 : -ENOENT;
}
long fbsd_kldstat(struct call *c)
{
	struct kld_file_stat s = {
		.name = "kernel", .refs = 1, .id = KERNEL_ID, .address = 0xffffffff80200000, .size = 32 << 20,
		.pathname = "/boot/kernel/kernel",
	};
	long e = copy_in(&s.version, (uaddr)c->arg[1], sizeof s.version);
	if (e)
		return e;
	if (s.version != KLD_STAT_1 && s.version != sizeof s)
		return -EINVAL;
	return c->arg[0] == KERNEL_ID ? copy_out((uaddr)c->arg[1], &s, (size_t)s.version) : -ENOENT;
}
long fbsd_kldfirstmod(struct call *c) { return c->arg[0] == KERNEL_ID ? 0 : -ENOENT; }
long fbsd_modnext(struct call *c) { return c->arg[0] ? -ENOENT : 0; }
long fbsd_modfnext(struct call *c) { return -ENOENT; }
long fbsd_modstat(struct call *c) { return -ENOENT; }
long fbsd_modfind(struct call *c) { return -ENOENT; }

/* --- __specialfd: descriptors without a file --------------------------------------------------------------------- */
enum { SPECIALFD_EVENTFD = 1, SPECIALFD_INOTIFY };
enum { G_EFD_SEMAPHORE = 1, G_EFD_NONBLOCK = 4, G_EFD_CLOEXEC = 0x100000 };
static long event_flags(uint32_t guest, uint32_t *host_flags)
{
	*host_flags = (guest & G_EFD_SEMAPHORE ? EFD_SEMAPHORE : 0) | (guest & G_EFD_NONBLOCK ? EFD_NONBLOCK : 0) |
		      (guest & G_EFD_CLOEXEC ? EFD_CLOEXEC : 0);
	return guest & ~(G_EFD_SEMAPHORE | G_EFD_NONBLOCK | G_EFD_CLOEXEC) ? -EINVAL : 0;
}
long fbsd_specialfd(struct call *c)
{
	uint32_t req[2] = { 0 }, flags;
	size_t want = c->arg[0] == SPECIALFD_EVENTFD ? 8 : 4;
	long e;

	if ((c->arg[0] != SPECIALFD_EVENTFD && c->arg[0] != SPECIALFD_INOTIFY) || (size_t)c->arg[2] != want)
		return -EINVAL;
	if ((e = copy_in(req, (uaddr)c->arg[1], want)) || (e = event_flags(req[want == 8], &flags)))
		return e;
	if (c->arg[0] == SPECIALFD_EVENTFD)
		return host(SYS_eventfd2, req[0], flags);
	return flags & EFD_SEMAPHORE ? -EINVAL : host(SYS_inotify_init1, flags);
}

/* --- uuidgen: version 1, of a node that was drawn by lot --------------------------------------------------------- */
struct uuid { uint32_t time_low; uint16_t time_mid, time_hi; uint8_t seq_hi, seq_low, node[6]; };
#define UUID_EPOCH 0x01b21dd213814000ull     /* 1582-10-15 to 1970-01-01 in 100 ns */
static struct { uint64_t last; uint8_t draw[8]; } uuids;     /* under uuid_lock */
static volatile uint32_t uuid_lock FORKED;
AT_FORK_FREE(uuid_lock);

static uint64_t uuid_times(unsigned n)       /* the first of n that were never given before */
{
	struct timespec ts;
	host(SYS_clock_gettime, CLOCK_REALTIME, &ts);
	uint64_t now = UUID_EPOCH + (uint64_t)ts.tv_sec * 10000000 + (uint64_t)ts.tv_nsec / 100;
	lock(&uuid_lock);
	if (!uuids.last)
		host(SYS_getrandom, uuids.draw, sizeof uuids.draw, 0);
	if (now <= uuids.last)
		now = uuids.last + 1;
	uuids.last = now + n - 1;
	unlock(&uuid_lock);
	return now;
}
long fbsd_uuidgen(struct call *c)
{
	unsigned n = (unsigned)c->arg[1];
	if (c->arg[1] < 1 || c->arg[1] > 2048)
		return -EINVAL;
	uint64_t t = uuid_times(n);
	for (unsigned i = 0; i < n; i++, t++) {
		struct uuid u = { (uint32_t)t, (uint16_t)(t >> 32), (uint16_t)(0x1000 | (t >> 48 & 0xfff)),
				  (uint8_t)(0x80 | (uuids.draw[6] & 0x3f)), uuids.draw[7], { 0 } };
		memcpy(u.node, uuids.draw, 6);
		u.node[0] |= 1;              /* no network card's address is a group's */
		long e = copy_out((uaddr)c->arg[0] + i * sizeof u, &u, sizeof u);
		if (e)
			return e;
	}
	return 0;
}
