/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Limits enforced: by the row, before the handler; and where a handler finds descriptors or names in the guest's memory.
 * The order of errors is that of the systems which have this: a call that is not allowed at all, a descriptor that is not
 * open, one that may not be used so, and then all else.
 *
 * What native code of the guest does without us (a raw system call that no engine sees) is not confined: see README.
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include "host.h"
#include "ext.h"
#include "confine.h"

#define SEALED (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define PACK_NAME "guise:rights"
#define MAGIC 0x31736d72u
#define IOCTLS_MOST 256

bool rights_cover(const struct rights *have, const struct rights *need)
{
	return !(need->w[0] & ~have->w[0]) && !(need->w[1] & ~have->w[1]);
}
long confine_fd(struct thread *t, int fd, unsigned right)
{
	const struct fdcaps *caps = fdcaps_of(t->p, fd);
	return caps && !rights_cover(&caps->may, &t->p->pers->rights[right]) ? -X_ENOTCAPABLE : 0;
}

/* --- by the row ------------------------------------------------------------------------------------------------------- */
static unsigned end_of(const struct row *r)
{
	for (int i = 0; i < 8; i++)
		if (!r->arg[i].kind)
			return r->arg[i].what;
	return END_PLAIN;
}
static long of_fd(struct call *c, int i, unsigned right)
{
	const struct personality *p = c->t->p->pers;
	const struct fdcaps *caps = fdcaps_of(c->t->p, (int)c->arg[i]);
	struct rights need = p->rights[right];
	long e;

	if (c->row->arg[i].kind == A_ATFD) {
		need.w[0] |= p->rights[RIGHT_LOOKUP].w[0];
		need.w[1] |= p->rights[RIGHT_LOOKUP].w[1];
	}
	if (right >= RIGHT_BY_CALL && (e = p->rights_more(c, i, &need)))
		return e;
	return caps && !rights_cover(&caps->may, &need) ? -X_ENOTCAPABLE : 0;
}
static long of_arg(struct call *c, int i)
{
	const struct arg *a = &c->row->arg[i];

	switch (a->kind) {
	case A_FD:
		return of_fd(c, i, a->what);
	case A_ATFD:
		if (c->arg[i] != AT_FDCWD)
			return of_fd(c, i, a->what);
		return c->t->p->confined ? -X_ECAPMODE : 0;
	case A_INT:
		return a->what == INT_MAPFD ? of_fd(c, i, RIGHT_MAP) : 0;
	case A_PID:
		return a->what == PID_SELF && c->t->p->confined && c->arg[i] != c->t->p->pid ? -X_ECAPMODE : 0;
	}
	return 0;
}
long confine_call(struct call *c, const struct row *top, long e)
{
	const struct row *r = c->row;
	if (!c->t->p->pers->rights)
		return e;
	if (c->t->p->confined && (end_of(top) != END_INCAP || (r != top && end_of(r) == END_NOTINCAP)))
		return -X_ECAPMODE;
	for (int i = 0; !e && i < 8 && r->arg[i].kind; i++)
		e = of_arg(c, i);
	return e || !c->t->p->pers->refuses ? e : c->t->p->pers->refuses(c);
}
void confine_answered(struct call *c)
{
	if ((c->rv == -X_ECAPMODE || c->rv == -X_ENOTCAPABLE) && c->t->p->pers->refused)
		c->t->p->pers->refused(c, (int)-c->rv);
}

/* --- paths ------------------------------------------------------------------------------------------------------------ */
bool confine_strict(struct proc *p, int dirfd)
{
	return p->confined || (dirfd != AT_FDCWD && fdcaps_of(p, dirfd));
}
long confine_path(struct thread *t, int dirfd, unsigned *how)
{
	if (t->p->confined && dirfd == AT_FDCWD)
		return -X_ECAPMODE;
	if (confine_strict(t->p, dirfd))
		*how |= PATH_BENEATH;
	return 0;
}

/* --- to the next image, and to other processes -------------------------------------------------------------------------- */
struct head { uint32_t magic, n; uint8_t confined, spare[7]; };
struct item { int32_t fd, n_ioctls; uint32_t fcntls, spare; struct rights may; };        /* ... and its ioctls */

static long put(int to, const void *p, size_t n) { return host(SYS_write, to, p, n) == (long)n ? 0 : -ENOSPC; }

static long put_item(struct proc *p, int to, int fd, int as)
{
	const struct fdcaps *caps = fdcaps_of(p, fd);
	struct item it = { .fd = as };
	long e;
	if (!caps)
		return 0;
	fdcaps_lock(p);
	it.n_ioctls = caps->n_ioctls, it.fcntls = caps->fcntls, it.may = caps->may;
	e = put(to, &it, sizeof it);
	if (!e && it.n_ioctls > 0)
		e = put(to, caps->ioctls, (size_t)it.n_ioctls * 8);
	fdcaps_unlock(p);
	return e ? e : 1;
}
static int file_new(struct proc *p)
{
	long fd = host(SYS_memfd_create, PACK_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? (int)fd : fd_ours(p, (int)fd);
}
static int file_done(int fd, struct head *h, long e)
{
	if (!e && (host(SYS_pwrite64, fd, h, sizeof *h, 0) != sizeof *h || host(SYS_fcntl, fd, F_ADD_SEALS, SEALED) < 0))
		e = -ENOSPC;
	if (!e)
		return fd;
	host(SYS_close, fd);
	return (int)e;
}
int confine_save(struct proc *p)
{
	struct head h = { .magic = MAGIC, .confined = p->confined };
	int to = p->limited ? file_new(p) : -1;
	long e;
	if (to < 0)
		return to;
	e = put(to, &h, sizeof h);
	for (int fd = 0; e >= 0 && fd < p->fd_base; fd++)
		if ((e = put_item(p, to, fd, fd)) > 0)
			h.n++;
	return file_done(to, &h, MIN(e, 0l));
}
static bool get(int from, void *p, size_t n) { return host(SYS_read, from, p, n) == (long)n; }

static bool get_item(struct proc *p, int from, const int *fd, unsigned n)
{
	uint64_t ioctls[IOCTLS_MOST];
	struct item it;
	if (!get(from, &it, sizeof it) || it.n_ioctls > IOCTLS_MOST || it.fd < 0 || (fd && (unsigned)it.fd >= n))
		return false;
	if (it.n_ioctls > 0 && !get(from, ioctls, (size_t)it.n_ioctls * 8))
		return false;
	struct fdcaps caps = { it.may, it.fcntls, it.n_ioctls, ioctls };
	int at = fd ? fd[it.fd] : it.fd;
	return host(SYS_fcntl, at, F_GETFD) < 0 || !fdcaps_set(p, at, &caps);
}
void confine_load(struct proc *p, int fd)
{
	struct head h;
	if (fd < 0)
		return;
	bool ok = !host(SYS_lseek, fd, 0, SEEK_SET) && get(fd, &h, sizeof h) && h.magic == MAGIC;
	for (unsigned i = 0; ok && i < h.n; i++)
		ok = get_item(p, fd, NULL, 0);
	if (!ok)
		die("the limits of this program's descriptors cannot be read");
	host(SYS_close, fd);
	p->confined = h.confined;
	p->limited = true;
}
int confine_pack(struct proc *p, const int *fd, unsigned n, bool always)
{
	struct head h = { .magic = MAGIC };
	long e = 0;
	int to = -1;
	for (unsigned i = 0; e >= 0 && i < n; i++) {
		if (!always && !fdcaps_of(p, fd[i]))
			continue;
		if (to < 0 && ((to = file_new(p)) < 0 || (e = put(to, &h, sizeof h)) < 0))
			break;
		if ((e = put_item(p, to, fd[i], (int)i)) > 0)
			h.n++;
	}
	return to < 0 ? to : file_done(to, &h, MIN(e, 0l));
}
/* Only we make sealed files of this name; one of a guest's own could do no more than take rights away. */
bool confine_unpack(struct proc *p, const int *fd, unsigned n, int packed)
{
	struct head h;
	char name[40];
	if (host(SYS_fcntl, packed, F_GET_SEALS) != SEALED)
		return false;
	if (path_of_fd(packed, name, sizeof name) < 0 || str_ncmp(name, "/memfd:" PACK_NAME, sizeof PACK_NAME + 6))
		return false;
	if (host(SYS_lseek, packed, 0, SEEK_SET) || !get(packed, &h, sizeof h) || h.magic != MAGIC)
		return false;
	for (unsigned i = 0; i < h.n; i++)
		if (!get_item(p, packed, fd, n))
			return false;
	return true;
}
