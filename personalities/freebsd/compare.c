/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kcmp and membarrier, which FreeBSD took over from Linux with other numbers and a few other rules: KCMP_FILEOBJ asks
 * for the thing behind two descriptors, however they were opened, and a barrier must be registered before it is used.
 * sys/kern/{sys_generic,kern_membarrier}.c of 15.0.
 */
#include <linux/kcmp.h>
#include <linux/membarrier.h>
#include <fcntl.h>
#include "host.h"
#include "ext.h"

sysfn fbsd_kcmp, fbsd_membarrier;

enum { SAME, LESS, MORE, OTHER_KIND };
struct object { unsigned kind, rights; uint64_t dev, ino; };

static long order(uint64_t a, uint64_t b) { return a == b ? SAME : a < b ? LESS : MORE; }

/* Whether it may be read and written is in the permissions of its link: the two ends of a pipe have one inode here. */
static long look(long pid, long fd, struct object *o)
{
	struct stat st;
	char path[64];
	long e;

	fmt(path, sizeof path, "/proc/%d/fd/%d", (int)pid, (int)fd);
	e = host(SYS_newfstatat, AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	o->rights = st.st_mode & 0700;
	if (!e)
		e = host(SYS_newfstatat, AT_FDCWD, path, &st, 0);
	o->kind = st.st_mode & S_IFMT;
	o->dev = st.st_dev;
	o->ino = st.st_ino;
	return e;
}
static bool is_vnode(unsigned kind) { return kind != S_IFSOCK && kind != S_IFIFO; }

/* files is how the openings compare: those of things without an inode of their own are the things. */
static long compare_objects(struct call *c, long files)
{
	struct object a, b;
	long e = look(c->arg[0], c->arg[3], &a);

	if (!e)
		e = look(c->arg[1], c->arg[4], &b);
	if (e)
		return e;
	if (!a.kind || !b.kind)
		return a.kind == b.kind ? files : OTHER_KIND;
	if (a.kind != b.kind && !(is_vnode(a.kind) && is_vnode(b.kind)))
		return OTHER_KIND;
	e = order(a.dev, b.dev);
	if (!e)
		e = order(a.ino, b.ino);
	return e || a.kind != S_IFIFO ? e : order(a.rights, b.rights);
}
long fbsd_kcmp(struct call *c)
{
	bool object = c->arg[2] == (long)X_KCMP_OBJ, file = object || c->arg[2] == KCMP_FILE;
	struct proc *p = c->t->p;
	long e;

	e = host(SYS_kcmp, c->arg[0], c->arg[1], file ? KCMP_FILE : c->arg[2], c->arg[3], c->arg[4]);
	if (file && e >= 0 && (c->arg[3] >= p->fd_base || c->arg[4] >= p->fd_base))
		return -EBADF;
	return object && e > 0 ? compare_objects(c, e) : e;
}

#define COMMANDS 0x7fl                   /* those of the first seven bits; the host has more */
#define REGISTERS (MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
		   MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)
static uint32_t registered FORKED;              /* by the guest: the host may have been asked by us as well */

static void in_child(struct proc *p) { registered = 0; }
AT_FORK_IF(in_child, registered);

/* Each kind but the first is registered for by the command of the next bit. */
static bool may_use(long cmd)
{
	return cmd <= MEMBARRIER_CMD_GLOBAL || cmd & REGISTERS || registered & (uint32_t)cmd << 1;
}
long fbsd_membarrier(struct call *c)
{
	long e;

	if (c->arg[1])
		return -EINVAL;
	if (!may_use(c->arg[0]))
		return -EPERM;
	e = host(SYS_membarrier, c->arg[0], 0, 0);
	if (!e)
		registered |= (uint32_t)c->arg[0] & REGISTERS;
	return c->arg[0] == MEMBARRIER_CMD_QUERY && e > 0 ? e & COMMANDS : e;
}
