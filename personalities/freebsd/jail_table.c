/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The jails of this machine: a file of /dev/shm that belongs to the super-user, who alone makes and enters them, read and
 * written whole under a lock (flock). A process that is in a jail holds a read lock on that jail's byte of the file by an
 * open file of its own, which children and the next image inherit: so the host's kernel counts who is in it, and a
 * jail that is not persistent is gone when nobody holds its byte, nor has a jail in it.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "host.h"
#include "others.h"
#include "freebsd/freebsd.h"
#include "freebsd/jail.h"

#define FILE "/dev/shm/guise.jails"
#define MAGIC 0x6c69616a
#define BYTE(slot_) (1l << 32 | (slot_))

static struct { int32_t jid; int slot, fd; } mine = { 0, 0, -1 };        /* others read it: jail_of */

int jail_mine(void) { return mine.jid; }
int jail_of(int pid)
{
	int32_t jid = 0;
	if (pid == thread_self()->p->pid)
		return mine.jid;
	return other_system(pid) == thread_self()->p->pers && other_read(pid, &jid, (uaddr)&mine.jid, sizeof jid) == sizeof jid ? jid : 0;
}

/* --- the file ------------------------------------------------------------------------------------------------------- */
static long file_get(struct proc *p, int how)
{
	struct stat st;
	long fd = host(SYS_openat, AT_FDCWD, FILE, how | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fd;
	if (host(SYS_fstat, fd, &st) || st.st_uid != 0 || !S_ISREG(st.st_mode) || st.st_mode & 022) {
		host(SYS_close, fd);
		return -EPERM;
	}
	return fd_ours(p, (int)fd);
}
static bool held(int fd, unsigned slot)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = BYTE(slot), .l_len = 1 };
	return host(SYS_fcntl, fd, F_OFD_GETLK, &l) || l.l_type != F_UNLCK;
}
struct jail *jail_find(struct jails *t, int jid)
{
	for (struct jail *j = t->j; jid && j < t->j + JAILS; j++)
		if (j->jid == jid)
			return j;
	return NULL;
}
bool jail_within(struct jails *t, const struct jail *j, int outer)
{
	for (int up = j->parent;; ) {
		if (up == outer)
			return true;
		const struct jail *next = jail_find(t, up);
		if (!next)
			return false;
		up = next->parent;
	}
}
static bool has_jails(const struct jails *t, int jid)
{
	for (const struct jail *j = t->j; j < t->j + JAILS; j++)
		if (j->jid && j->parent == jid)
			return true;
	return false;
}
static bool has_any(const struct jails *t)
{
	for (const struct jail *j = t->j; j < t->j + JAILS; j++)
		if (j->jid)
			return true;
	return false;
}
static void bury(struct jails *t, int fd)
{
	for (bool again = true; again; ) {
		again = false;
		for (unsigned i = 0; i < JAILS; i++)
			if (t->j[i].jid && !t->j[i].persist && !held(fd, i) && !has_jails(t, t->j[i].jid)) {
				t->j[i] = (struct jail){ .jid = 0 };
				again = true;
			}
	}
}
/* One that was removed while we waited for it is nobody's. */
static long file_locked(struct proc *p, bool make)
{
	struct stat st;
	for (;;) {
		long fd = file_get(p, O_RDWR | (make ? O_CREAT : 0));
		if (fd < 0 || (!host(SYS_flock, fd, LOCK_EX) && !host(SYS_fstat, fd, &st) && st.st_nlink))
			return fd;
		host(SYS_close, fd);
	}
}
static void table_read(struct jails *t, int fd)
{
	long n = host(SYS_pread64, fd, t, sizeof *t, 0);
	if (n == sizeof *t && t->magic == MAGIC && t->size == sizeof *t)
		return;
	memset(t, 0, sizeof *t);         /* new, or another build's */
	t->magic = MAGIC;
	t->size = sizeof *t;
}
/* Who is in a jail and no super-user (any more) reads it by what the super-user opened when the jail was entered. */
struct jails *jails_open(struct proc *p, bool make, int *fd)
{
	struct jails *t = mem_alloc(sizeof *t);
	*fd = t ? (int)file_locked(p, make) : -1;
	if (*fd >= 0) {
		table_read(t, *fd);
		bury(t, *fd);
	} else if (t && mine.fd >= 0 && !make) {
		host(SYS_flock, mine.fd, LOCK_SH);
		table_read(t, mine.fd);
		host(SYS_flock, mine.fd, LOCK_UN);
	} else {
		jails_close(t, *fd, false);
		t = NULL;
	}
	return t;
}
void jails_close(struct jails *t, int fd, bool changed)
{
	if (fd >= 0 && changed)
		host(SYS_pwrite64, fd, t, sizeof *t, 0);
	if (fd >= 0 && !has_any(t))
		host(SYS_unlink, FILE);  /* without jails there is nothing to keep */
	if (fd >= 0) {
		host(SYS_flock, fd, LOCK_UN);    /* a child forked meanwhile has the open file, too */
		host(SYS_close, fd);
	}
	if (t)
		mem_free(t, sizeof *t);
}

/* --- ours ----------------------------------------------------------------------------------------------------------- */
static long hold(struct proc *p, unsigned slot)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = BYTE(slot), .l_len = 1 };
	long fd = file_get(p, O_RDONLY), e;      /* it goes along over an exec, to programs of the host, too */
	if (fd >= 0 && (e = host(SYS_fcntl, fd, F_OFD_SETLK, &l))) {
		host(SYS_close, fd);
		return e;
	}
	return fd;
}
long jail_enter(struct proc *p, const struct jail *j, unsigned slot)
{
	long fd = hold(p, slot);
	if (fd < 0)
		return fd;
	if (mine.fd >= 0)
		host(SYS_close, mine.fd);
	mine.fd = (int)fd;
	mine.slot = (int)slot;
	mine.jid = j->jid;
	p->limited = true;               /* every call is looked at: fbsd_refuses */
	jail_limits_start();
	return 0;
}
bool jail_copy(struct proc *p, struct jail *to)
{
	int fd;
	struct jails *t = mine.jid ? jails_open(p, false, &fd) : NULL;
	struct jail *j = t ? jail_find(t, mine.jid) : NULL;
	if (j)
		*to = *j;
	if (t)
		jails_close(t, fd, false);
	return j != NULL;
}
size_t jail_kept(char *to, size_t n) { return mine.jid ? fmt(to, n, "%d %d %d", mine.jid, mine.slot, mine.fd) : 0; }
void jail_execs(void)
{
	if (mine.jid)
		host(SYS_fcntl, mine.fd, F_SETFD, 0);
}
/* The lock has come with us. Without it nobody can say whose jail it is by now. */
void jail_start(struct proc *p, const char *s)
{
	uint64_t jid, slot, fd;
	if (!(s = str_num(s, &jid)) || !(s = str_num(s + 1, &slot)) || !str_num(s + 1, &fd))
		return;
	long up = fd_ours(p, (int)fd);
	if (up < 0)
		die("the jail of this program cannot be held");
	mine.jid = (int32_t)jid;
	mine.slot = (int)slot;
	mine.fd = (int)up;
	p->limited = true;
	jail_limits_start();
}
