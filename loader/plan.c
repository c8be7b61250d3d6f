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
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guise.h"
#include "options.h"
#include "observe/audit.h"
#include "loader/loader.h"
#include "loader/plan.h"

#define SURE 50                          /* a claim that rests on a mark */

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];

static long fail(struct plan *pl, long e, const char *f, const char *arg)
{
	if (!pl->why[0])
		snprintf(pl->why, sizeof pl->why, f, arg);
	return e;
}
static const struct personality *named(const char *name)
{
	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		if (!strcmp((*p)->name, name))
			return *p;
	return NULL;
}
/* Who names the system of machines may have files that lie in /boot, which nobody marks as programs. */
static bool asked_for_machine(const struct thread *t)
{
	const struct personality *as = !t->p->pers && t->p->opt->as ? named(t->p->opt->as) : NULL;
	return as && as->load;
}
/* By the descriptor itself since Linux 5.8: a look-up in /proc costs a new process much. */
static bool executable(int fd)
{
	char link[32];
	if (!syscall(SYS_faccessat2, fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH))
		return true;
	if (errno != ENOSYS && errno != EINVAL)
		return false;
	fmt(link, sizeof link, "/proc/self/fd/%d", fd);
	return !faccessat(AT_FDCWD, link, X_OK, AT_EACCESS);
}
/* The host's exec reads a file for a user who may not; we cannot. */
static long unreadable(struct plan *pl, const struct where *w)
{
	int fd = openat(w->dirfd, w->path, O_PATH | O_CLOEXEC);
	struct stat st;
	bool only_read = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && executable(fd);
	if (fd >= 0)
		close(fd);
	return only_read ? fail(pl, -EACCES, "%s may be executed but not read; guise has to read it (chmod +r gives permission)",
				pl->guest_path) : -EACCES;
}
/* Where other threads of the guest run they must not meet it, close it or put another in its place. */
static long hidden(struct thread *t, long fd) { return fd < 0 || !t->p->pers || proc_alone(t) ? fd : fd_ours(t->p, (int)fd); }

static long open_found(struct thread *t, int dirfd, const char *name, struct plan *pl)
{
	struct where w;
	uint8_t judging = t->judging;
	t->judging &= pl != NULL;        /* its run-time linker comes with the program, not with the call */
	long fd = path_resolve(t, dirfd, name, PATH_FOLLOW, &w);
	t->judging = judging;
	if (fd)
		return fd;
	fd = openat(w.dirfd, w.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	fd = fd < 0 ? -errno : fd;
	if (fd == -EACCES && pl)
		fd = unreadable(pl, &w);
	where_done(&w);
	return hidden(t, fd);
}
/* A descriptor that only names the program (O_PATH, the BSDs' O_EXEC) cannot be read: what it names is opened. */
static long open_fd(struct thread *t, int fd)
{
	char link[32];
	int flags = fcntl(fd, F_GETFL), copy;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (flags >= 0 && flags & O_PATH)
		return hidden(t, (copy = open(link, O_RDONLY | O_CLOEXEC)) < 0 ? -errno : copy);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, proc_alone(t) ? 3 : t->p->fd_base);
	return copy < 0 ? -errno : copy;
}
static long open_guest(struct plan *pl, struct thread *t)
{
	char link[32];
	long fd, len, given = pl->given;

	if (pl->given >= 0) {
		fd = pl->given;
		pl->given = -1;
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	} else if (!pl->guest_path[0])
		fd = open_fd(t, pl->dirfd);
	else
		fd = open_found(t, pl->dirfd, pl->guest_path, pl);
	if (fd < 0)
		return fd;
	if (fd == given && pl->path[0])
		return fd;
	fmt(link, sizeof link, "/proc/self/fd/%ld", fd);
	len = readlink(link, pl->path, sizeof pl->path - 1);
	pl->path[len < 0 ? 0 : len] = 0;
	return fd;
}
static long may_run(struct plan *pl, struct thread *t, int fd)
{
	struct stat st;
	struct statvfs vfs;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return fail(pl, -EACCES, "%s is a directory", pl->guest_path);
	if (!S_ISREG(st.st_mode))
		return fail(pl, -EACCES, "%s is not a regular file", pl->guest_path);
	if (executable(fd) || asked_for_machine(t))
		return 0;
	if (!fstatvfs(fd, &vfs) && vfs.f_flag & ST_NOEXEC)
		return fail(pl, -EACCES, "%s lies on a file system that is mounted noexec; copy it to another", pl->guest_path);
	return fail(pl, -EACCES, "%s may not be executed (chmod +x gives permission)", pl->guest_path);
}
static const char *cure(long e)
{
	return e == -EMFILE ? "; raise the limit of open files (ulimit -n)" : "";
}
static long not_opened(struct plan *pl, long e)
{
	size_t n = strlen(pl->guest_path);
	bool crlf = n && pl->guest_path[n - 1] == '\r';

	if (pl->why[0])
		return e;
	if (pl->n_pre)
		snprintf(pl->why, sizeof pl->why, "the script's interpreter %s%s%s cannot be opened: %s%s%s",
			 crlf ? "\"" : "", pl->guest_path, crlf ? "\"" : "", strerror((int)-e), cure(e),
			 crlf ? "; the script's first line ends in CR LF, and the CR counts" : "");
	else
		snprintf(pl->why, sizeof pl->why, "%s%s", strerror((int)-e), cure(e));
	return e;
}

/* --- scripts ---------------------------------------------------------------------------------------------------- */
/* One more string in front of those that replace argv[0]. */
static bool pre_push(struct plan *pl, const char *s)
{
	size_t n = strlen(s) + 1;
	if (n > sizeof pl->words - pl->n_words || pl->n_pre == ARRAY_LEN(pl->pre))
		return false;
	memmove(pl->pre + 1, pl->pre, pl->n_pre++ * sizeof *pl->pre);
	pl->pre[0] = memcpy(pl->words + pl->n_words, s, n);
	pl->n_words += n;
	return true;
}
static void pre_pop(struct plan *pl)
{
	if (pl->n_pre)
		memmove(pl->pre, pl->pre + 1, --pl->n_pre * sizeof *pl->pre);
}
/* A script whose interpreter is a script: Linux goes on for five, FreeBSD refuses the second. Before the binary is known
 * nobody knows whose rule it is (see chained). */
static long next_script(struct plan *pl, const struct personality *pers)
{
	unsigned most = !pers ? PLAN_SCRIPTS : pers->scripts ? pers->scripts : 1;
	if (++pl->scripts <= most)
		return 0;
	if (most > 1)
		return fail(pl, -ELOOP, "%s: too many scripts are each other's interpreter", pl->guest_path);
	return fail(pl, -ENOEXEC, "the interpreter %s is itself a script", pl->guest_path);
}
static long chained(struct plan *pl)
{
	if (pl->scripts <= 1 || pl->pers->scripts)
		return 0;
	return fail(pl, -ENOEXEC, "the script's interpreter is itself a script, which %s refuses", pl->pers->name);
}
/* "#!interpreter argument": 1 if it is one, 0 if not. All behind the first blank is one argument, on every system we know. */
static long script(struct plan *pl, int fd, const struct personality *pers)
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
	for (char *end = arg + strlen(arg); end > arg && (end[-1] == ' ' || end[-1] == '\t'); )
		*--end = 0;
	if (!*name)
		return fail(pl, -ENOEXEC, "the script %s names no interpreter behind #!", pl->guest_path);
	long e = next_script(pl, pers);
	if (e)
		return e;
	pre_pop(pl);             /* the interpreter's own name: this script */
	if (!pre_push(pl, pl->guest_path) || (*arg && !pre_push(pl, arg)) || !pre_push(pl, name))
		return fail(pl, -E2BIG, "the first lines of %s and its interpreters are too long", pl->guest_path);
	fmt(pl->guest_path, sizeof pl->guest_path, "%s", name);
	return 1;
}
static long whose(struct plan *pl, struct thread *t)
{
	const char *as = t->p->pers ? NULL : t->p->opt->as;      /* for the program named on the command line only */
	const struct personality *marked = NULL;
	int best = 0;

	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++) {
		int sure = (*p)->claims(&pl->image);
		if (sure > best) {
			best = sure;
			marked = *p;
		}
		if (as && !strcmp((*p)->name, as))
			pl->pers = *p;
	}
	if (as && pl->pers && marked != pl->pers && best >= SURE)
		say("warning: %s is marked as a program of %s; --as %s makes it another", pl->guest_path, marked->name, as);
	if (!as)
		pl->pers = marked;
	if (pl->pers)
		return 0;
	return as ? fail(pl, -ENOEXEC, "there is no system named %s (guise --help lists them)", as) :
		    fail(pl, -ENOEXEC, "%s carries no mark of a system that guise knows; name it with --as OS", pl->guest_path);
}
/* A machine's program is only run from the command line: no guest's kernel would exec one. */
static int recognise(struct plan *pl, struct thread *t)
{
	const struct personality *as = t->p->opt->as ? named(t->p->opt->as) : NULL;
	int e = 0;

	if (!t->p->pers && !t->p->opt->again && (!as || as->load))
		e = bare_open(&pl->image, pl->fd, pl->path, as, pl->why, sizeof pl->why);
	return e ? MIN(e, 0) : image_open(&pl->image, pl->fd, pl->path, pl->why, sizeof pl->why);
}
static long no_rtld(struct plan *pl, const char *root, long e)
{
	const char *os = pl->pers->name, *name = pl->image.interp;

	if (e != -ENOENT && e != -ENOTDIR)
		snprintf(pl->why, sizeof pl->why, "its run-time linker %s cannot be opened: %s%s", name, strerror((int)-e), cure(e));
	else if (root)
		snprintf(pl->why, sizeof pl->why, "%s has no %s, its run-time linker: --root wants a base tree of %s", root, name, os);
	else
		snprintf(pl->why, sizeof pl->why, "its run-time linker %s was not found: a dynamic %s program needs a base tree "
			 "of its system, given with --root DIR", name, os);
	return e;
}
static long find_rtld(struct plan *pl, struct thread *t)
{
	const char *name = pl->image.interp, *base = strrchr(name, '/');
	long fd, e;
	if (!*name)
		return 0;
	e = fd = open_found(t, AT_FDCWD, name, NULL);
	for (const char *const *d = pl->pers->interp_dirs; fd < 0 && d && *d; d++) {
		char other[4096];
		fmt(other, sizeof other, "%s%s", *d, base ? base : name);
		fd = open_found(t, AT_FDCWD, other, NULL);
	}
	if (fd < 0)
		return no_rtld(pl, t->p->opt->root, e);
	close((int)fd);
	return 0;
}
/* Linux programs started by another system's program are the kernel's own; under a Linux guest, or when somebody
 * watches or it was asked for, they stay with us, and so they do where the guest has a root that it may not leave, or
 * the engine one. */
static bool hand_over(struct plan *pl, struct thread *t)
{
	struct proc *p = t->p;
	bool native = audit_native();
	return p->pers && pl->pers->identity && !p->pers->identity && (!p->watched || native) && !p->engine->keeps &&
	       !p->opt->stay && !path_confined(p);
}
/* The mark that tells one guise from other programs. */
static const struct { uint32_t name_len, desc_len, type; char name[8]; uint32_t version; }
guise_note __attribute__((used, section(".note.guise"), aligned(4))) = { 6, 4, 1, "guise", 1 };

static bool image_is_guise(const struct image *im)
{
	for (unsigned i = 0; i < im->n_note; i++)
		if (!strcmp(im->note[i].name, "guise") && im->note[i].type == guise_note.type)
			return true;
	return false;
}
/* guise is no guest of guise: the kernel runs it, where nothing is lost by that. At the start that is where no option
 * speaks of the guest; afterwards where the guest may run what is the kernel's own. */
static long itself(struct plan *pl, struct thread *t)
{
	const struct proc *p = t->p;
	const struct options *o = p->opt;
	bool asked = o->root || o->n_bind || o->strict || o->trace_fd >= 0 || o->report_fd >= 0;

	if (!image_is_guise(&pl->image))
		return 0;
	bool audited = audit_on();
	pl->native = p->pers ? !path_confined(p) && !p->engine->keeps && !audited : !asked;
	if (p->pers && audited)          /* the host's filter lets our text do everything, and it would be there */
		return fail(pl, -EACCES, "%s is guise itself, which no policy would hold", pl->guest_path);
	if (pl->native)
		return 0;
	fail(pl, -EACCES, "%s is guise itself, which cannot be its own guest: give all options to one guise and start PROGRAM directly",
	     pl->guest_path);
	if (p->pers)                     /* a guest's exec only has an error, which does not say why; and the kernel would have run it */
		warn("%s%s", pl->why, p->engine->keeps ? " (the engine holds what a guest executes; trap and rewrite let go of it)" : "");
	return -EACCES;
}
long plan_make(struct plan *pl, struct thread *t)
{
	long e, fd = -1, again = 1;

	pl->fd = -1;
	while (again > 0) {
		fd = open_guest(pl, t);
		if (fd < 0)
			return not_opened(pl, fd);
		e = may_run(pl, t, (int)fd);
		again = e ? e : script(pl, (int)fd, t->p->pers);
		if (again)
			close((int)fd);
		if (again > 0)
			pl->dirfd = AT_FDCWD;
	}
	if (again < 0)
		return again;
	pl->fd = (int)fd;
	fmt(pl->fd_text, sizeof pl->fd_text, "%ld", fd);
	if (!(e = recognise(pl, t)) && !(e = whose(pl, t)) && !(e = chained(pl)) && !(e = itself(pl, t)) && !pl->native
	    && !(e = find_rtld(pl, t)))
		pl->native = hand_over(pl, t);
	if (e) {
		close(pl->fd);
		pl->fd = -1;
	}
	return e;
}
