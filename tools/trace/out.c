/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where sinks write: a buffer that leaves in large writes. What cannot be written is said once, on standard error, and
 * the run goes on.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/trace/trace.h"

#define ROOM (256 * 1024ul)

struct out *out_new(int fd, const char *name)
{
	struct out *o = calloc(1, sizeof *o);
	if (!o)
		abort();
	o->fd = fd;
	o->name = name;
	o->room = ROOM;
	return o;
}
static void write_all(struct out *o, const char *p, size_t n)
{
	while (n && !o->error) {
		ssize_t done = write(o->fd, p, n);
		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {    /* the program's standard error, which it made non-blocking */
			poll(&(struct pollfd){ .fd = o->fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			o->error = errno;
			if (errno != EPIPE)
				dprintf(2, "guise: trace: cannot write %s: %s; what follows is lost\n", o->name, strerror(errno));
		}
	}
}
void out_flush(struct out *o)
{
	write_all(o, o->buf, o->len);
	o->len = 0;
}
void out_close(struct out *o)
{
	out_flush(o);
	close(o->fd);
	free(o->buf);
	free(o);
}
void out_bytes(struct out *o, const void *p, size_t n)
{
	if (!o->buf && !(o->buf = malloc(ROOM)))         /* not before: who opens it may become the guest */
		abort();
	if (n > o->room - o->len)
		out_flush(o);
	if (n > o->room / 4) {           /* as it lies there */
		out_flush(o);
		write_all(o, p, n);
		return;
	}
	memcpy(o->buf + o->len, p, n);
	o->len += n;
}
void out_text(struct out *o, const char *s) { out_bytes(o, s, strlen(s)); }
void out_fmt(struct out *o, const char *f, ...)
{
	char buf[4096];
	va_list ap;
	va_start(ap, f);
	int n = vsnprintf(buf, sizeof buf, f, ap);
	va_end(ap);
	out_bytes(o, buf, (size_t)n < sizeof buf ? (size_t)n : sizeof buf - 1);
}
