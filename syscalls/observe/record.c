/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records whose host form is small and says everything: read through the personality's own record, shown by the host's
 * field names. A record that the personality can write but not read, or that has no row here, is shown as its address by
 * the caller. A row here is all it takes to decode one more, in every system that has it.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <netinet/in.h>
#include "../records.h"
#include "observe.h"

static void put_timespec(struct line *l, const void *host)
{
	const struct timespec *ts = host;
	PUT(l, "{tv_sec=%ld, tv_nsec=%ld}", ts->tv_sec, ts->tv_nsec);
}
static void put_timeval(struct line *l, const void *host)
{
	const struct timeval *tv = host;
	PUT(l, "{tv_sec=%ld, tv_usec=%ld}", tv->tv_sec, tv->tv_usec);
}
static void put_timespec2(struct line *l, const void *host)
{
	PUT(l, "["), put_timespec(l, host);
	PUT(l, ", "), put_timespec(l, (const struct timespec *)host + 1);
	PUT(l, "]");
}
static void put_timeval2(struct line *l, const void *host)
{
	PUT(l, "["), put_timeval(l, host);
	PUT(l, ", "), put_timeval(l, (const struct timeval *)host + 1);
	PUT(l, "]");
}
static void put_itimerval(struct line *l, const void *host)
{
	const struct itimerval *it = host;
	PUT(l, "{it_interval="), put_timeval(l, &it->it_interval);
	PUT(l, ", it_value="), put_timeval(l, &it->it_value);
	PUT(l, "}");
}
static void put_itimerspec(struct line *l, const void *host)
{
	const struct itimerspec *it = host;
	PUT(l, "{it_interval="), put_timespec(l, &it->it_interval);
	PUT(l, ", it_value="), put_timespec(l, &it->it_value);
	PUT(l, "}");
}
static void put_int(struct line *l, const void *host) { PUT(l, "%d", *(const int *)host); }
static void put_uint(struct line *l, const void *host) { PUT(l, "%u", *(const unsigned *)host); }
static void put_long(struct line *l, const void *host) { PUT(l, "%ld", *(const long *)host); }
static void put_ulong(struct line *l, const void *host) { PUT(l, "%lu", *(const unsigned long *)host); }
static void put_ptr(struct line *l, const void *host) { put_addr(l, *(const uaddr *)host); }
static void put_int2(struct line *l, const void *host)
{
	PUT(l, "[%d, %d]", ((const int *)host)[0], ((const int *)host)[1]);
}
/* Linux and the BSDs keep a wait status in the same bits; the signal in it is the guest's. */
static void put_wstatus(struct line *l, const void *host)
{
	int s = *(const int *)host;
	if (s == 0xffff) {
		PUT(l, "WIFCONTINUED(s)");
	} else if ((s & 0x7f) == 0) {
		PUT(l, "WIFEXITED(s) && WEXITSTATUS(s) == %d", s >> 8 & 0xff);
	} else if ((s & 0xff) == 0x7f) {
		PUT(l, "WIFSTOPPED(s) && WSTOPSIG(s) == "), put_sig(l, sig_to_guest(l->pers, s >> 8 & 0xff));
	} else {
		PUT(l, "WIFSIGNALED(s) && WTERMSIG(s) == "), put_sig(l, sig_to_guest(l->pers, s & 0x7f));
		PUT(l, s & 0x80 ? " && WCOREDUMP(s)" : "");
	}
}
static void put_winsize(struct line *l, const void *host)
{
	const struct winsize *w = host;
	PUT(l, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}", w->ws_row, w->ws_col, w->ws_xpixel, w->ws_ypixel);
}
static void put_flock(struct line *l, const void *host)
{
	const struct flock *f = host;
	PUT(l, "{l_type="), put_set_host(l, SET_LOCKTYPE, (unsigned short)f->l_type);
	PUT(l, ", l_whence="), put_set_host(l, SET_SEEK, (unsigned short)f->l_whence);
	PUT(l, ", l_start=%ld, l_len=%ld}", f->l_start, f->l_len);
}
static void put_sched(struct line *l, const void *host)
{
	PUT(l, "{sched_priority=%d}", ((const struct sched_param *)host)->sched_priority);
}
static void put_limit(struct line *l, rlim_t v)
{
	if (v == RLIM_INFINITY)
		PUT(l, "RLIM_INFINITY");
	else
		PUT(l, "%lu", v);
}
static void put_rlimit(struct line *l, const void *host)
{
	const struct rlimit *r = host;
	PUT(l, "{rlim_cur="), put_limit(l, r->rlim_cur);
	PUT(l, ", rlim_max="), put_limit(l, r->rlim_max);
	PUT(l, "}");
}
static void put_pollfd(struct line *l, const void *host)
{
	const struct pollfd *p = host;
	PUT(l, "{fd=%d, events=", p->fd), put_set_host(l, SET_POLL, (unsigned short)p->events);
	if (p->revents)
		PUT(l, ", revents="), put_set_host(l, SET_POLL, (unsigned short)p->revents);
	PUT(l, "}");
}
static void put_sigaction(struct line *l, const void *host)
{
	const struct sigact *a = host;
	PUT(l, "{sa_handler=");
	if (a->handler <= 1)
		PUT(l, a->handler ? "SIG_IGN" : "SIG_DFL");
	else
		put_addr(l, a->handler);
	PUT(l, ", sa_mask="), put_sigbits(l, a->mask);
	PUT(l, ", sa_flags="), put_set_host(l, SET_SA, a->flags);
	PUT(l, "}");
}
static void put_sigalt(struct line *l, const void *host)
{
	const struct sigalt *a = host;
	PUT(l, "{ss_sp="), put_addr(l, a->base);
	PUT(l, ", ss_flags="), put_set_host(l, SET_SS, a->flags);
	PUT(l, ", ss_size=%lu}", a->size);
}

typedef void putfn(struct line *, const void *host);
static putfn *const show[N_REC] = {
	[REC_TIMESPEC] = put_timespec, [REC_TIMEVAL] = put_timeval, [REC_TIMESPEC2] = put_timespec2,
	[REC_TIMEVAL2] = put_timeval2, [REC_ITIMERVAL] = put_itimerval, [REC_ITIMERSPEC] = put_itimerspec,
	[REC_INT2] = put_int2, [REC_RLIMIT] = put_rlimit, [REC_POLLFD] = put_pollfd, [REC_SIGACTION] = put_sigaction,
	[REC_SIGACTION_OLD] = put_sigaction, [REC_SIGALTSTACK] = put_sigalt, [REC_WINSIZE] = put_winsize,
	[REC_FLOCK] = put_flock, [REC_FLOCK_OLD] = put_flock, [REC_SCHEDPARAM] = put_sched,
};
/* Records of one number: in brackets when a pointer to one is an argument, bare in a row of them. */
static putfn *const show_scalar[N_REC] = {
	[REC_INT] = put_int, [REC_UINT] = put_uint, [REC_LONG] = put_long, [REC_ULONG] = put_ulong,
	[REC_SIZE] = put_ulong, [REC_OFF] = put_long, [REC_U64] = put_ulong, [REC_PTR] = put_ptr, [REC_SOCKLEN] = put_uint,
	[REC_WSTATUS] = put_wstatus,
};

bool put_record(struct line *l, struct thread *t, unsigned rec, uaddr a, bool element)
{
	const struct record *r = l->pers->rec ? &l->pers->rec[rec] : NULL;
	union { char bytes[1024]; struct itimerspec align; } host = { 0 };
	putfn *scalar = show_scalar[rec], *put = scalar ? scalar : show[rec];

	if (!a || !r || !put || !r->gsize || (r->put && !r->get) || MAX(r->gsize, r->hsize) > sizeof host)
		return false;
	if (rec_get(t, rec, a, &host) < 0)
		return false;
	PUT(l, scalar && !element ? "[" : "");
	put(l, &host);
	PUT(l, scalar && !element ? "]" : "");
	return true;
}

/* --- socket addresses ------------------------------------------------------------------------------------------- */
static void put_inet(struct line *l, const struct sockaddr_in *in)
{
	const uint8_t *b = (const void *)&in->sin_addr;
	PUT(l, ", sin_port=htons(%u), sin_addr=%u.%u.%u.%u", __builtin_bswap16(in->sin_port), b[0], b[1], b[2], b[3]);
}
static void put_inet6(struct line *l, const struct sockaddr_in6 *in)
{
	PUT(l, ", sin6_port=htons(%u), sin6_addr=", __builtin_bswap16(in->sin6_port));
	for (int i = 0; i < 16; i += 2)
		PUT(l, "%s%x", i ? ":" : "", in->sin6_addr.s6_addr[i] << 8 | in->sin6_addr.s6_addr[i + 1]);
}
static void put_unix(struct line *l, const struct sockaddr_un *un, size_t n)
{
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	size_t most = n > head ? n - head : 0, len = 0;
	while (len < most && (un->sun_path[len] || !len))
		len++;
	if (most == 0)
		return;
	PUT(l, ", sun_path="), put_text(l, un->sun_path, un->sun_path[0] ? len : 0, false);
}
void put_sockaddr(struct line *l, uaddr a, size_t n)
{
	struct sockaddr_storage ss = { 0 };
	char guest[256];
	long len;

	if (!a || !n || n > sizeof guest || !l->pers->sockaddr_get || copy_in(guest, a, n) < 0 ||
	    (len = l->pers->sockaddr_get(guest, n, &ss)) < 0) {
		put_addr(l, a);
		return;
	}
	PUT(l, "{sa_family="), put_set_host(l, SET_AF, ss.ss_family);
	if (ss.ss_family == AF_INET)
		put_inet(l, (void *)&ss);
	else if (ss.ss_family == AF_INET6)
		put_inet6(l, (void *)&ss);
	else if (ss.ss_family == AF_UNIX)
		put_unix(l, (void *)&ss, (size_t)len);
	PUT(l, "}");
}
