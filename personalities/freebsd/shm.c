/* SPDX-License-Identifier: BSD-2-Clause
 *
 * POSIX shared memory, which on FreeBSD is a system call and a name space of its own. Names become files of the host's
 * /dev/shm, where host programs look for them too; slashes inside a name, legal here, become '!'. SHM_ANON is a memfd.
 * A FreeBSD object grows by ftruncate alone unless SHM_GROW_ON_WRITE is given; a file of Linux always grows by writing.
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include "host.h"
#include "observe/audit.h"
#include "ext.h"

sysfn fbsd_shm_open, fbsd_shm_open2, fbsd_shm_unlink, fbsd_shm_rename;

#define SHM_ANON 1
#define DIR "/dev/shm/"
#define ALLOWED (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC)

static long name_read(uaddr from, char path[300])
{
	char name[280];
	long n = copy_str(name, from, sizeof name);
	if (n < 0)
		return n;
	if (*name != '/' || n < 2)
		return -EINVAL;
	if (n > 255)
		return -ENAMETOOLONG;
	for (char *s = name + 1; *s; s++)
		if (*s == '/')
			*s = '!';
	fmt(path, 300, DIR "%s", name + 1);
	return 0;
}
static long name_get(struct call *c, uaddr from, char *path)
{
	long e = name_read(from, path);
	return e || !audit_judges(c->t) ? e : audit_true_path(c->t, path, true, false);
}
static long anon_open(struct call *c, long flags, long shmflags, const char *name)
{
	unsigned f = (flags & O_CLOEXEC ? MFD_CLOEXEC : 0) | (unsigned)(shmflags & MFD_ALLOW_SEALING);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	return host(SYS_memfd_create, name, f);
}
static long shm_open(struct call *c, long flags, long mode, long shmflags, const char *name)
{
	char path[300];
	long e;
	if (flags & ~(long)ALLOWED || (flags & O_ACCMODE) == O_WRONLY)
		return -EINVAL;
	if (c->arg[0] == SHM_ANON && audit_judges(c->t) && (e = audit_addr(c->t, NULL)))
		return e;
	if (c->arg[0] == SHM_ANON)
		return anon_open(c, flags, shmflags, name);
	if (c->t->p->confined)
		return -X_ECAPMODE;
	e = name_get(c, (uaddr)c->arg[0], path);
	if (e < 0)
		return e;
	if ((flags & O_ACCMODE) == O_RDONLY)
		flags &= ~(long)O_TRUNC;         /* which truncates only what was opened for writing */
	return host(SYS_openat, AT_FDCWD, path, flags | O_NOFOLLOW | O_NONBLOCK, mode & 0777);
}
long fbsd_shm_open(struct call *c) { return shm_open(c, c->arg[1] | O_CLOEXEC, c->arg[2], 0, "shm"); }

long fbsd_shm_open2(struct call *c)
{
	char name[240] = "shm";
	long e = c->arg[4] ? copy_str(name, (uaddr)c->arg[4], sizeof name) : 0;
	return e < 0 ? e : shm_open(c, c->arg[1], c->arg[2], c->arg[3], name);
}
long fbsd_shm_unlink(struct call *c)
{
	char path[300];
	long e = name_get(c, (uaddr)c->arg[0], path);
	return e < 0 ? e : host(SYS_unlinkat, AT_FDCWD, path, 0);
}
long fbsd_shm_rename(struct call *c)
{
	char from[300], to[300];
	long e = name_get(c, (uaddr)c->arg[0], from);
	if (!e)
		e = name_get(c, (uaddr)c->arg[1], to);
	return e < 0 ? e : host(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, (unsigned)c->arg[2]);
}
