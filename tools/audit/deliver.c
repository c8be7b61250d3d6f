/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where records go: a file that is rotated by size, syslog, the journal; any of them, and the same text to each. A record
 * that cannot be written is said once, on standard error, and delivery has failed: what follows from that the policy says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "tools/audit/audit.h"
#include "tools/command.h"
#include "loader/loader.h"

#define SYSLOG_MOST 8000                 /* what common daemons take in one message */

static const char *socket_name[2];       /* syslog, journal: to connect again */

static int dial(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (strlen(name) >= sizeof un.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(un.sun_path, name);
	if (fd >= 0 && connect(fd, (void *)&un, sizeof un) < 0) {
		int e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}
static int dial_or_refuse(const char *name, const char *what)
{
	int fd = dial(name);
	if (fd < 0)
		refuse("%s: %s; --to %s wants a daemon that listens there: --to %s:SOCKET names another place", shown(name),
			strerror(errno), what, what);
	return fd;
}
/* "--to syslog", "--to journal:/run/x" */
static bool is_target(const char *to, const char *what, const char **place)
{
	size_t n = strlen(what);
	if (strncmp(to, what, n) || (to[n] && to[n] != ':'))
		return false;
	if (to[n])
		*place = to + n + 1;
	return true;
}
/* The writer of a run that was killed may need a moment yet. */
static bool file_lock(int fd)
{
	for (int tries = 0; tries < 60; tries++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return true;
		usleep(50000);
	}
	return false;
}
static void open_file(struct delivery *d, struct chain *c)
{
	struct stat st;
	if (!strcmp(d->file, "-")) {
		if ((d->fd = fcntl(2, F_DUPFD_CLOEXEC, 3)) < 0)
			refuse("standard error is closed; give the log a place with -o FILE");
		return;
	}
	d->fd = open(d->file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (d->fd < 0 && errno == EACCES)
		d->fd = open(d->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (d->fd < 0 || fstat(d->fd, &st))
		refuse("%s: %s; -o wants a file that can be written", shown(d->file), strerror(errno));
	if (S_ISREG(st.st_mode) && !file_lock(d->fd))
		refuse("%s: another guise audit writes there; give each run a log of its own with -o FILE", shown(d->file));
	if (!chain_resume(c, d->fd))
		refuse("%s does not end with a whole record, so that nothing can go on behind it: move it away, or name another with "
		       "-o FILE (guise audit --verify tells what is wrong with it)", shown(d->file));
	d->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	if (!S_ISREG(st.st_mode))
		d->most = 0;
}
void delivery_open(struct delivery *d, struct chain *c, const char *const *to, unsigned n)
{
	d->fd = d->syslog = d->journal = -1;
	for (unsigned i = 0; i < n; i++) {
		const char *syslog = "/dev/log", *journal = "/run/systemd/journal/socket";
		if (is_target(to[i], "syslog", &syslog))
			d->syslog = dial_or_refuse(socket_name[0] = syslog, "syslog");
		else if (is_target(to[i], "journal", &journal))
			d->journal = dial_or_refuse(socket_name[1] = journal, "journal");
		else
			refuse("--to %s: it is syslog, journal, syslog:SOCKET or journal:SOCKET", to[i]);
	}
	if (d->file)
		open_file(d, c);
	for (int fds[] = { d->fd, d->syslog, d->journal }, i = 0; i < 3; i++)
		if (fds[i] >= 0)
			trace_keep(fds[i]);
}

/* --- rotation ----------------------------------------------------------------------------------------------------- */
bool delivery_full(const struct delivery *d) { return d->most && d->size >= d->most; }

bool delivery_rotate(struct delivery *d)
{
	size_t n = strlen(d->file) + 16;
	char *from = malloc(n), *to = malloc(n);
	int fd;

	for (unsigned i = d->keep; from && to && i > 0; i--) {
		snprintf(from, n, i > 1 ? "%s.%u" : "%s", d->file, i - 1);
		snprintf(to, n, "%s.%u", d->file, i);
		if (rename(from, to) < 0 && i == 1)
			break;
	}
	free(from);
	free(to);
	fd = open(d->file, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0) {
		dprintf(2, "guise: audit: %s cannot be rotated: %s; it grows on\n", d->file, strerror(errno));
		d->most = 0;
		return false;
	}
	flock(fd, LOCK_EX | LOCK_NB);
	close(d->fd);
	d->fd = fd;
	d->size = 0;
	return true;
}

/* Nothing comes any more: the next run may have the file, though this process is still there for a moment. */
void delivery_end(struct delivery *d)
{
	if (d->fd >= 0)
		flock(d->fd, LOCK_UN);
}

/* --- one record --------------------------------------------------------------------------------------------------- */
static bool fail(struct delivery *d, const char *where)
{
	if (!d->failed)
		dprintf(2, "guise: audit: cannot write %s: %s\n", where, strerror(errno));
	d->failed = true;
	return false;
}
static bool to_file(struct delivery *d, const char *line, size_t n)
{
	d->size += n;
	while (n) {
		ssize_t done = write(d->fd, line, n);
		if (done < 0 && errno != EINTR && errno != EAGAIN)
			return fail(d, d->file);
		if (done < 0 && errno == EAGAIN)
			usleep(1000);
		line += MAX(done, 0), n -= (size_t)MAX(done, 0);
	}
	return true;
}
static bool post(int *fd, const char *name, const char *text, size_t n)
{
	for (int tries = 0; tries < 3; tries++) {
		if (send(*fd, text, n, MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EMSGSIZE)
			return false;
		if (errno != ECONNREFUSED && errno != ENOTCONN && errno != ECONNRESET)
			continue;
		int again = dial(name);          /* the daemon was started anew */
		if (again < 0)
			return false;
		dup3(again, *fd, O_CLOEXEC);
		close(again);
	}
	return false;
}
/* What is too long for a message is cut there; its number finds the whole in the file. */
static bool to_syslog(struct delivery *d, const char *line, size_t n, int priority)
{
	char *text = malloc(SYSLOG_MOST + 128), stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	if (!text)
		return fail(d, socket_name[0]);
	strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", localtime_r(&now, &tm));
	bool cut = n > SYSLOG_MOST;
	int len = snprintf(text, SYSLOG_MOST + 128, "<%d>%s guise-audit[%d]: %.*s%s", 10 << 3 | priority, stamp, getpid(),
		(int)(cut ? SYSLOG_MOST : n), line, cut ? "... (cut)" : "");
	bool good = post(&d->syslog, socket_name[0], text, (size_t)len);
	free(text);
	return good || fail(d, socket_name[0]);
}
static bool to_journal(struct delivery *d, const char *line, size_t n, int priority, const char *program, int pid)
{
	char *text = NULL, safe[256];
	size_t k = 0;
	for (; program[k] && k + 1 < sizeof safe; k++)
		safe[k] = program[k] == '\n' ? '?' : program[k];
	safe[k] = 0;
	for (size_t most = n; ; most /= 2) {
		int len = asprintf(&text, "PRIORITY=%d\nSYSLOG_IDENTIFIER=guise-audit\nGUISE_PROGRAM=%s\nGUISE_PID=%d\nMESSAGE=%.*s%s\n",
			priority, safe, pid, (int)most, line, most < n ? "... (cut)" : "");
		bool good = len > 0 && post(&d->journal, socket_name[1], text, (size_t)len);
		free(text);
		if (good)
			return true;
		if (errno != EMSGSIZE || most < 1000)
			return fail(d, socket_name[1]);
	}
}
bool deliver(struct delivery *d, const char *line, size_t n, int priority, const char *program, int pid)
{
	bool good = true;
	if (d->fd >= 0)
		good &= to_file(d, line, n);
	if (d->syslog >= 0)
		good &= to_syslog(d, line, n - 1, priority);
	if (d->journal >= 0)
		good &= to_journal(d, line, n - 1, priority, program, pid);
	return good;
}
