/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an exec would do. A script's interpreter is looked up as the guest would (in its root); the personality with the
 * strongest claim gets the binary. Everything that can fail is tried here, so that an exec can still answer an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "guise.h"
#include "options.h"
#include "loader/plan.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];

static long fail(struct plan *pl, long e, const char *f, const char *arg)
{
	if (!pl->why[0])
		snprintf(pl->why, sizeof pl->why, f, arg);
	return e;
}
static long open_guest(struct plan *pl, struct thread *t, const char *name, char *host, size_t n)
{
	struct where w;
	char link[32];
	long fd, len;

	if (pl->given >= 0) {
		fd = pl->given;
		pl->given = -1;
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	} else if (!*name)
		fd = (fd = fcntl(pl->dirfd, F_DUPFD_CLOEXEC, 3)) < 0 ? -errno : fd;
	else if ((fd = path_resolve(t, pl->dirfd, name, PATH_FOLLOW, &w)) == 0) {
		fd = openat(w.dirfd, w.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		fd = fd < 0 ? -errno : fd;
		where_done(&w);
	}
	if (fd < 0)
		return fd;
	snprintf(link, sizeof link, "/proc/self/fd/%ld", fd);
	len = readlink(link, host, n - 1);
	host[len < 0 ? 0 : len] = 0;
	return fd;
}
static long may_run(struct plan *pl, int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return fail(pl, -EACCES, "%s is a directory", pl->guest_path);
	if (!S_ISREG(st.st_mode))
		return fail(pl, -EACCES, "%s is not a regular file", pl->guest_path);
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (faccessat(AT_FDCWD, link, X_OK, AT_EACCESS) < 0)
		return fail(pl, -EACCES, "%s may not be executed (chmod +x gives permission)", pl->guest_path);
	return 0;
}
static long not_opened(struct plan *pl, long e)
{
	if (pl->n_pre)
		snprintf(pl->why, sizeof pl->why, "the script's interpreter %s cannot be opened: %s", pl->guest_path,
			 strerror((int)-e));
	else
		snprintf(pl->why, sizeof pl->why, "%s", strerror((int)-e));
	return e;
}
/* "#!interpreter argument": 1 if it is one, 0 if not. All behind the first blank is one argument, on every system we know. */
static int script(struct plan *pl, int fd)
{
	char line[4096];
	ssize_t n = pread(fd, line, sizeof line - 1, 0);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	char *name = line + 2 + strspn(line + 2, " \t");
	char *arg = name + strcspn(name, " \t");
	if (*arg)
		*arg++ = 0;
	arg += strspn(arg, " \t");
	for (char *end = arg + strlen(arg); end > arg && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'); )
		*--end = 0;
	if (pl->given >= 0) {
		fd = pl->given;
		pl->given = -1;
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	} else if (!*name)
		return fail(pl, -ENOEXEC, "the script %s names no interpreter behind #!", pl->guest_path);
	if (pl->n_pre)           /* a script's interpreter that is a script: its own words go in front */
		return fail(pl, -ENOEXEC, "the interpreter %s is itself a script", pl->guest_path);
	snprintf(pl->pre[pl->n_pre++], sizeof pl->pre[0], "%s", name);
	if (*arg)
		snprintf(pl->pre[pl->n_pre++], sizeof pl->pre[0], "%s", arg);
	snprintf(pl->pre[pl->n_pre++], sizeof pl->pre[0], "%s", pl->guest_path);
	snprintf(pl->guest_path, sizeof pl->guest_path, "%s", name);
	return 1;
}
static long whose(struct plan *pl, struct thread *t)
{
	const char *as = t->p->pers ? NULL : t->p->opt->as;      /* for the program named on the command line only */
	int best = 0;

	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++) {
		int sure = as ? 100 * !strcmp((*p)->name, as) : (*p)->claims(&pl->image);
		if (sure > best) {
			best = sure;
			pl->pers = *p;
		}
	}
	if (best)
		return 0;
	return as ? fail(pl, -ENOEXEC, "there is no system named %s (guise --help lists them)", as) :
		    fail(pl, -ENOEXEC, "%s carries no mark of a system that guise knows; name it with --as OS", pl->guest_path);
}
static long find_rtld(struct plan *pl, struct thread *t)
{
	char host[4096];
	long fd;
	if (!pl->image.interp[0])
		return 0;
	struct plan rt = { .dirfd = AT_FDCWD, .given = -1 };
	fd = open_guest(&rt, t, pl->image.interp, host, sizeof host);
	for (const char *const *d = pl->pers->interp_dirs; fd < 0 && d && *d; d++) {
		char other[4096];
		const char *base = strrchr(pl->image.interp, '/');
		snprintf(other, sizeof other, "%s%s", *d, base ? base : pl->image.interp);
		fd = open_guest(&rt, t, other, host, sizeof host);
	}
	if (fd < 0) {
		snprintf(pl->why, sizeof pl->why, "its run-time linker %s was not found: a dynamic %s program needs a base tree "
			 "of its system, given with --root DIR", pl->image.interp, pl->pers->name);
		return -ENOENT;
	}
	close((int)fd);
	return 0;
}
/* Linux programs started by another system's program are the kernel's own; under a Linux guest, or when somebody
 * watches, they stay with us, and so they do where the guest has a root that it may not leave, or the engine one. */
static bool hand_over(struct plan *pl, struct thread *t)
{
	struct proc *p = t->p;
	return p->pers && pl->pers->identity && !p->pers->identity && !p->watched && !p->engine->keeps &&
	       !path_confined(p);
}
long plan_make(struct plan *pl, struct thread *t)
{
	long e, fd = -1;
	int again = 1;

	pl->fd = -1;
	while (again > 0) {
		fd = open_guest(pl, t, pl->guest_path, pl->path, sizeof pl->path);
		if (fd < 0)
			return not_opened(pl, fd);
		e = may_run(pl, (int)fd);
		again = e ? (int)e : script(pl, (int)fd);
		if (again)
			close((int)fd);
		if (again > 0)
			pl->dirfd = AT_FDCWD;
	}
	if (again < 0)
		return again;
	pl->fd = (int)fd;
	snprintf(pl->fd_text, sizeof pl->fd_text, "%ld", fd);
	e = image_open(&pl->image, pl->fd, pl->path, pl->why, sizeof pl->why);
	if (!e)
		e = whose(pl, t);
	if (!e)
		e = find_rtld(pl, t);
	if (!e)
		pl->native = hand_over(pl, t);
	if (e) {
		close(pl->fd);
		pl->fd = -1;
	}
	return e;
}
