/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Semaphores that FreeBSD's kernel keeps, which is what sem_open and sem_init of programs of FreeBSD 8 and before make.
 * One is a descriptor; with a name it also stays until it is unlinked. Here it is a page in a file (of /dev/shm, if it
 * has a name: a file of ours there, whose name begins with "guise.ksem."), and its value a futex in it. Meanings:
 * sys/kern/uipc_sem.c (15.0). Names are up to 240 bytes long; slashes in them become '!'.
 *
 * Pages are mapped in one range of ours, a slot each. A slot belongs to the object behind the descriptor and goes with the
 * last of these; a forked child has the same mapping. A descriptor that came over a socket gets its object when it is first used.
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include "host.h"
#include "ext.h"
#include "confine.h"
#include "observe/audit.h"
#include "freebsd/umtx.h"

sysfn fbsd_ksem_init, fbsd_ksem_open, fbsd_ksem_unlink, fbsd_ksem_close, fbsd_ksem_destroy, fbsd_ksem_post,
      fbsd_ksem_wait, fbsd_ksem_timedwait, fbsd_ksem_trywait, fbsd_ksem_getvalue;

#define NAMED "/dev/shm/guise.ksem."
#define UNNAMED "guise.ksem"
#define MAGIC 0x6d65736bu
#define VALUE_MAX 0x7fffffffu
#define SLOTS 256
enum { KSEM_NAMED = 1, KSEM_DEAD = 2 };
struct page { uint32_t magic, flags, value; };
struct ksem { struct fdobj obj; volatile struct page *page; };

/* rights of a descriptor: the second word of sys/capsicum.h */
enum { MAY_GETVALUE = 4, MAY_POST = 8, MAY_WAIT = 16, MAY_ANY = 0 };

/* --- slots ------------------------------------------------------------------------------------------------------------ */
static volatile uint32_t ksem_lock FORKED;
AT_FORK_FREE(ksem_lock);
static uaddr slots;                  /* under ksem_lock, as all of these */
static uint64_t taken[SLOTS / 64];

static long slot_map(struct space *s, int fd)
{
	long at = -ENFILE;
	lock(&ksem_lock);
	if (!slots) {
		long r = mem_map(s, SLOTS * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		slots = r < 0 ? 0 : (uaddr)r;
	}
	for (unsigned i = 0; slots && i < SLOTS && at < 0; i++) {
		if (taken[i / 64] >> i % 64 & 1)
			continue;
		at = host(SYS_mmap, slots + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
		if (at < 0)
			break;
		taken[i / 64] |= 1ull << i % 64;
	}
	unlock(&ksem_lock);
	return at;
}
static void slot_unmap(uaddr at)
{
	unsigned i = (unsigned)((at - slots) / PAGE);
	lock(&ksem_lock);
	host(SYS_mmap, at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	taken[i / 64] &= ~(1ull << i % 64);
	unlock(&ksem_lock);
}

/* --- objects ---------------------------------------------------------------------------------------------------------- */
static void closed(struct fdobj *o)
{
	slot_unmap((uaddr)((struct ksem *)o)->page);
	mem_free(o, sizeof(struct ksem));
}
static const struct fdops ksem_ops = { .name = "ksem", .close = closed, .no_file = EOPNOTSUPP };

static struct ksem *attach(struct proc *p, int fd, int file)
{
	struct stat st;                  /* what ends before its page does cannot be looked at */
	if (host(SYS_fstat, file, &st) < 0 || (st.st_mode & S_IFMT) != S_IFREG || st.st_size < (long)PAGE)
		return NULL;
	struct ksem *k = mem_alloc(sizeof *k);
	long at = k ? slot_map(p->space, file) : -ENOMEM;
	if (at < 0) {
		if (k)
			mem_free(k, sizeof *k);
		return NULL;
	}
	*k = (struct ksem){ .obj = { .ops = &ksem_ops, .refs = 1 }, .page = (struct page *)at };
	if (k->page->magic == MAGIC && fd_put(p, fd, &k->obj) >= 0)
		return k;
	closed(&k->obj);
	return NULL;
}
static long again(long fd, int flags)
{
	char path[40];
	fmt(path, sizeof path, "/proc/self/fd/%d", (int)fd);
	return host(SYS_open, path, flags | O_CLOEXEC);
}
/* One that another process made: what it is, its file's name says. */
static struct ksem *received(struct proc *p, int fd)
{
	char name[300];
	struct stat st;
	if (path_of_fd(fd, name, sizeof name) < 0 || host(SYS_fstat, fd, &st) < 0 || st.st_size != PAGE)
		return NULL;
	if (str_ncmp(name, NAMED, sizeof NAMED - 1) && str_ncmp(name, "/memfd:" UNNAMED, sizeof UNNAMED + 6))
		return NULL;
	long file = again(fd, O_RDWR);
	struct ksem *k = file < 0 ? NULL : attach(p, fd, (int)file);
	if (file >= 0)
		host(SYS_close, file);
	return k;
}
/* NULL: not a semaphore, destroyed, or not to be used so; all of which is EINVAL */
static volatile struct page *find(struct call *c, uint64_t may)
{
	struct proc *p = c->t->p;
	long fd = c->arg[0];
	if (fd < 0 || fd_is_ours(p, fd))
		return NULL;
	struct ksem *k = (struct ksem *)fd_get(p, (int)fd, &ksem_ops);
	const struct fdcaps *caps = fdcaps_of(p, (int)fd);
	if (!k && !(k = received(p, (int)fd)))
		return NULL;
	return k->page->flags & KSEM_DEAD || (caps && may & ~caps->may.w[1]) ? NULL : k->page;
}

/* --- making ----------------------------------------------------------------------------------------------------------- */
static long name_get(struct call *c, uaddr from, char path[300])
{
	char name[256];
	long n = copy_str(name, from, sizeof name);
	if (n < 0)
		return n;
	if (*name != '/')
		return -EINVAL;
	if (n > 240)
		return -ENAMETOOLONG;
	for (char *s = name + 1; *s; s++)
		if (*s == '/')
			*s = '!';
	fmt(path, 300, NAMED "%s", name + 1);
	return audit_judges(c->t) ? audit_true_path(c->t, path, true, false) : 0;
}
static long fill(long fd, uint32_t flags, uint32_t value)
{
	struct page first = { MAGIC, flags, value };
	if (fd >= 0 && (host(SYS_pwrite64, fd, &first, sizeof first, 0) != sizeof first || host(SYS_ftruncate, fd, PAGE) < 0)) {
		host(SYS_close, fd);
		return -ENOSPC;
	}
	return fd;
}
/* Whole before it has its name: nobody sees one without a value. */
static long create(const char *path, unsigned mode, uint32_t value)
{
	char from[40];
	long e, fd = fill(host(SYS_openat, AT_FDCWD, "/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, mode & 0777), KSEM_NAMED, value);
	if (fd < 0)
		return fd;
	fmt(from, sizeof from, "/proc/self/fd/%d", (int)fd);
	if ((e = host(SYS_linkat, AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW)) < 0) {
		host(SYS_close, fd);
		return e;
	}
	return fd;
}
static long open_named(const char *path, long flags, unsigned mode, uint32_t value)
{
	for (;;) {
		long fd = host(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
		if (fd >= 0 && flags & O_EXCL && flags & O_CREAT) {
			host(SYS_close, fd);
			return -EEXIST;
		}
		if (fd != -ENOENT || !(flags & O_CREAT))
			return fd == -EACCES ? (flags & O_EXCL && flags & O_CREAT ? -EEXIST : -EPERM) : fd;
		fd = create(path, mode, value);
		if (fd != -EEXIST || flags & O_EXCL)
			return fd;
	}
}
/* The guest's descriptor is one of a path: nothing to read, write or map. It is told where it asked for it. */
static long give(struct call *c, long file, long full)
{
	int64_t id = file;
	long e;
	if (file < 0)
		return file == -EMFILE ? full : file;
	if ((file = fd_ours(c->t->p, (int)file)) < 0 || (id = again(file, O_PATH)) < 0) {
		e = full;
	} else {
		e = !fd_allowed(c->t->p, id) ? full : copy_out((uaddr)c->arg[0], &id, sizeof id);
		if (!e && !attach(c->t->p, (int)id, (int)file))
			e = full == -ENOSPC ? -ENOSPC : -ENFILE;
		if (e)
			host(SYS_close, id);
	}
	if (file >= 0)
		host(SYS_close, file);
	return e;
}
long fbsd_ksem_init(struct call *c)
{
	if ((uint32_t)c->arg[1] > VALUE_MAX)
		return -EINVAL;
	return give(c, fill(host(SYS_memfd_create, UNNAMED, MFD_CLOEXEC), 0, (uint32_t)c->arg[1]), -ENOSPC);
}
long fbsd_ksem_open(struct call *c)
{
	char path[300];
	uint64_t none = 0;
	long e;
	if (c->arg[2] & ~(long)(O_CREAT | O_EXCL) || (uint32_t)c->arg[4] > VALUE_MAX)
		return -EINVAL;
	if (!fd_room(c->t->p))
		return -EMFILE;
	if ((e = copy_out((uaddr)c->arg[0], &none, sizeof none)) || (e = name_get(c, (uaddr)c->arg[1], path)))
		return e;
	return give(c, open_named(path, c->arg[2], (unsigned)c->arg[3], (uint32_t)c->arg[4]), -EMFILE);
}
long fbsd_ksem_unlink(struct call *c)
{
	char path[300];
	long e = name_get(c, (uaddr)c->arg[0], path), fd;
	if (e < 0)
		return e == -EINVAL ? -ENOENT : e;       /* none has such a name */
	if ((fd = open_named(path, 0, 0, 0)) < 0)
		return fd;
	host(SYS_close, fd);
	return host(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* --- using ------------------------------------------------------------------------------------------------------------ */
static struct queue queue_of(volatile struct page *k) { return (struct queue){ (uaddr)&k->value, Q_SEM, true }; }

static long close_it(struct call *c)
{
	fd_closed(c->t->p, (int)c->arg[0]);
	return host(SYS_close, c->arg[0]);
}
long fbsd_ksem_close(struct call *c)
{
	volatile struct page *k = find(c, MAY_ANY);
	return k && k->flags & KSEM_NAMED ? close_it(c) : -EINVAL;
}
long fbsd_ksem_destroy(struct call *c)
{
	volatile struct page *k = find(c, MAY_ANY);
	if (!k || k->flags & KSEM_NAMED)
		return -EINVAL;
	struct queue q = queue_of(k);
	if (umtx_sleepers(&q))
		return -EBUSY;
	k->flags |= KSEM_DEAD;
	return close_it(c);
}
long fbsd_ksem_post(struct call *c)
{
	volatile struct page *k = find(c, MAY_POST);
	uint32_t v;
	if (!k)
		return -EINVAL;
	v = k->value;
	do
		if (v == VALUE_MAX)
			return -EOVERFLOW;
	while (!__atomic_compare_exchange_n(&k->value, &v, v + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	struct queue q = queue_of(k);
	umtx_wake(&q, 1);
	return 0;
}
static bool take(volatile struct page *k)
{
	uint32_t v = k->value;
	while (v)
		if (__atomic_compare_exchange_n(&k->value, &v, v - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}
static long wait(struct call *c, const struct until *u)
{
	volatile struct page *k = find(c, MAY_WAIT);
	if (!k)
		return -EINVAL;
	struct queue q = queue_of(k);
	while (!take(k)) {
		long e = umtx_sleep(&q, 0, u);
		if (e)
			return e;
	}
	return 0;
}
long fbsd_ksem_wait(struct call *c) { return wait(c, &(struct until){ .timed = false }); }

/* A time before 1970 is over; one that is none is told before the semaphore is looked for. */
long fbsd_ksem_timedwait(struct call *c)
{
	struct until u = { .timed = false };
	struct timespec ts;
	long e;
	if (c->arg[1] && (e = copy_in(&ts, (uaddr)c->arg[1], sizeof ts)))
		return e;
	if (c->arg[1] && (ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000))
		return -EINVAL;
	if (c->arg[1])
		u = (struct until){ true, true, CLOCK_REALTIME, CLOCK_REALTIME, ts.tv_sec < 0 ? (struct timespec){ 0, 0 } : ts };
	return wait(c, &u);
}
long fbsd_ksem_trywait(struct call *c)
{
	volatile struct page *k = find(c, MAY_WAIT);
	return !k ? -EINVAL : take(k) ? 0 : -EAGAIN;
}
long fbsd_ksem_getvalue(struct call *c)
{
	volatile struct page *k = find(c, MAY_GETVALUE);
	uint32_t v = k ? k->value : 0;
	return k ? copy_out((uaddr)c->arg[1], &v, sizeof v) : -EINVAL;
}
