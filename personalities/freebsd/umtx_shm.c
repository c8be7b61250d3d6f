/* SPDX-License-Identifier: BSD-2-Clause
 *
 * UMTX_OP_SHM: a page shared by all processes that name the same byte of shared memory. The thread library keeps a
 * process-shared mutex there when the object the program declared is only a name for it. FreeBSD ties the page to the
 * memory object; the host has no such tie, so the page is a file in /dev/shm, named after the mapped file's device and
 * number and the byte's offset. Everybody who has it open holds a shared lock on it; one who can lock it alone has
 * found a page whose users are gone, and begins a new one. The last to leave by its own will removes the file.
 */
#include <fcntl.h>
#include "host.h"
#include "procfs.h"
#include "freebsd/thr.h"

sysfn fbsd_umtx_shm;

enum { SHM_CREAT = 1, SHM_LOOKUP = 2, SHM_DESTROY = 4, SHM_ALIVE = 8 };
#define MAX_HELD 64
struct held { char name[80]; int fd; };
static volatile uint32_t held_lock FORKED;
static unsigned n_held FORKED;           /* both under held_lock */
static struct held held[MAX_HELD] SPARSE;       /* ours: the locks we hold */

/* --- which page -------------------------------------------------------------------------------------------------- */
struct wanted { uaddr at; struct procfs_map map; };
static long is_it(void *arg, const struct procfs_map *m)
{
	struct wanted *w = arg;
	if (w->at < m->lo || w->at >= m->hi)
		return 0;
	w->map = *m;
	return 1;
}
/* Private memory is nobody else's: its key holds the process. */
static long name_of(struct call *c, char *name, size_t size)
{
	struct wanted w = { .at = (uaddr)c->arg[3] };
	const struct procfs_map *m = &w.map;
	long e = procfs_maps(c->t->p->pid, is_it, &w);
	if (e <= 0)
		return e ? e : -EFAULT;
	if (m->shared)
		fmt(name, size, "/dev/shm/guise.umtx.%lx.%lx.%lx", (long)m->dev, (long)m->ino,
		    (long)(m->offset + (w.at - m->lo)));
	else
		fmt(name, size, "/dev/shm/guise.umtx.%d.%lx", c->t->p->pid, (long)w.at);
	return 0;
}

/* --- its file ---------------------------------------------------------------------------------------------------- */
bool fbsd_umtx_shm_held(void) { return n_held != 0; }

static int *held_fd(const char *name)
{
	for (unsigned i = 0; i < n_held; i++)
		if (!str_cmp(held[i].name, name))
			return &held[i].fd;
	return NULL;
}
static bool linked(long fd)
{
	struct stat st;
	return !host(SYS_fstat, fd, &st) && st.st_nlink;
}
/* An open page that somebody uses; 0 where it was stale and is gone, so that the caller looks again. */
static long claim(long fd, const char *name, bool create)
{
	if (host(SYS_flock, fd, LOCK_EX | LOCK_NB) == 0) {
		struct stat st;
		host(SYS_fstat, fd, &st);
		if (st.st_size && linked(fd))
			host(SYS_unlink, name);          /* its users are gone */
		if (st.st_size || !create)
			return 0;
		if (host(SYS_ftruncate, fd, PAGE) < 0)
			return -ENOMEM;
	}
	host(SYS_flock, fd, LOCK_SH);
	return linked(fd);
}
static long open_page(struct proc *p, const char *name, bool create)
{
	for (int tries = 0; tries < 100; tries++) {
		long r, fd = host(SYS_open, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
		if (fd < 0)
			return fd == -ENOENT ? -ESRCH : fd;
		if ((fd = fd_ours(p, (int)fd)) < 0)
			return fd;
		if ((r = claim(fd, name, create)) > 0)
			return fd;
		host(SYS_close, fd);
		if (r < 0)
			return r;
	}
	return -EAGAIN;
}
static long hold(struct proc *p, const char *name, bool create)
{
	int *have = held_fd(name);
	long fd;

	if (have && linked(*have))
		return *have;
	if (!have && n_held == MAX_HELD)
		return -ENOMEM;
	if ((fd = open_page(p, name, create)) < 0)
		return fd;
	if (have) {
		host(SYS_close, *have);
		*have = (int)fd;
	} else {
		str_copy(held[n_held].name, name, sizeof held[0].name);
		held[n_held++].fd = (int)fd;
	}
	return fd;
}
/* The guest's descriptor is a new opening: closing it must not drop our lock, nor its fork hold on to it. */
static long reopen(long fd)
{
	char path[40];
	fmt(path, sizeof path, "/proc/self/fd/%d", (int)fd);
	return host(SYS_open, path, O_RDWR | O_CLOEXEC);
}
/* A lock belongs to the opening, which parent and child of a fork have in common: the child takes its own. */
static void fork_held(struct proc *p)
{
	for (unsigned i = 0; i < n_held; i++) {
		long fd = reopen(held[i].fd);
		host(SYS_close, held[i].fd);
		if (fd >= 0 && (fd = fd_ours(p, (int)fd)) >= 0)
			host(SYS_flock, fd, LOCK_SH);
		held[i].fd = (int)fd;
	}
}
AT_FORK_IF(fork_held, n_held);
AT_FORK_FREE(held_lock);

void fbsd_umtx_shm_exit(void)
{
	for (unsigned i = 0; i < n_held; i++)
		if (host(SYS_flock, held[i].fd, LOCK_EX | LOCK_NB) == 0 && linked(held[i].fd))
			host(SYS_unlink, held[i].name);
}
long fbsd_umtx_shm(struct call *c)
{
	char name[80];
	long r, what = c->arg[2] & 0xffffffff;
	long e = name_of(c, name, sizeof name);

	if (what != SHM_CREAT && what != SHM_LOOKUP && what != SHM_DESTROY && what != SHM_ALIVE)
		return -EINVAL;
	if (e)
		return e;
	if (what == SHM_ALIVE)
		return 0;
	lock(&held_lock);
	r = hold(c->t->p, name, what == SHM_CREAT);
	if (r >= 0 && what == SHM_DESTROY)
		r = host(SYS_unlink, name);
	else if (r >= 0)
		r = reopen(r);
	unlock(&held_lock);
	return r;
}
