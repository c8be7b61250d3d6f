/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A tracer that comes later (guise trace -p). It finds attach_point in our memory by the place it has in its own,
 * being the same program, writes there who it is and then sets proc.told_all and proc.observed: the next call of any thread,
 * one that would be direct, too, comes here before it is recorded. Nobody is stopped or interrupted for it; a thread that sleeps in a call is told of from its
 * next one on. The descriptors are taken from the tracer's own, by /proc, so only who may look into it can be led
 * here.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include "observe.h"
#include "entry.h"

struct attach_point attach_point = { .magic = ATTACH_MAGIC };
static volatile uint32_t attach_lock FORKED;
AT_FORK_FREE(attach_lock);

static int open_theirs(struct proc *p, int fd, int flags)
{
	char path[64];
	fmt(path, sizeof path, "/proc/%d/fd/%d", attach_point.pid, fd);
	long r = host(SYS_open, path, flags | O_CLOEXEC, 0);
	return r < 0 ? -1 : fd_ours(p, (int)r);
}
/* In the place of an older one that is over, if there was any: other threads may still look there. */
static bool map(struct proc *p, int fd)
{
	int prot = PROT_READ | PROT_WRITE, how = MAP_SHARED | MAP_NORESERVE;
	bool fixed = session;
	long a = fixed ? host(SYS_mmap, session, SESSION_BYTES, prot, how | MAP_FIXED, fd, 0) :
			 mem_map(p->space, SESSION_BYTES, prot, how, fd, 0);
	if (a < 0 && a > -4096)
		return false;
	struct session *s = (struct session *)a;
	bool good = s->magic == RING_MAGIC && s->version == RING_VERSION;
	if (good)
		session = s;
	return good || fixed;            /* a stranger's memory in its place is never read as a session: ring_alive fails */
}
static void keep(struct options *o, int fd, int end)
{
	if (o->trace_fd >= 0)
		host(SYS_close, o->trace_fd);
	if (o->trace_end >= 0)
		host(SYS_close, o->trace_end);
	o->trace_fd = fd;
	o->trace_end = end;
	fmt(o->fd_text[0], sizeof o->fd_text[0], "%d", fd);
	fmt(o->fd_text[2], sizeof o->fd_text[2], "%d", end);
}
bool attach_take(struct thread *t)
{
	struct proc *p = t->p;
	bool joined = false;

	lock(&attach_lock);
	if (attach_point.pid && !ring_alive()) {
		int fd = open_theirs(p, attach_point.fd, O_RDWR);
		int end = open_theirs(p, attach_point.end, O_WRONLY);
		joined = fd >= 0 && end >= 0 && map(p, fd);
		if (joined) {
			keep(p->opt, fd, end);
		} else {
			host(SYS_close, fd);
			host(SYS_close, end);
		}
	}
	attach_point.pid = 0;
	unlock(&attach_lock);
	return joined;
}
