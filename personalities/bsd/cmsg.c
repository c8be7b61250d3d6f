/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The BSDs' control messages: a head of 12 bytes (length, level, type), data and next head aligned to 8. Linux's head
 * is 16 bytes with a long length, so the data lies at the same offset but its sizes differ by kind. Which kinds there
 * are is the personality's cmsg table; here are the walks both ways and the data of the kinds that BSDs share.
 *
 * Several SCM_RIGHTS in one sendmsg Linux joins: where there are several, each has one descriptor more at its end, which
 * tells where it ends (and what its descriptors are limited to); the receiving guest's side takes these away.
 *
 * Credentials: BSD has a sender attach them (SCM_CREDS) and any receiver see them: cmsg_creds.c. Those that a receiver asks
 * for (LOCAL_CREDS) are the host's SO_PASSCRED.
 */
#include <fcntl.h>
#include <string.h>
#include <netinet/in.h>
#include <time.h>
#include "host.h"
#include "bsd/sock.h"
#include "confine.h"
#include "observe/cover.h"

struct head { uint32_t len; int32_t level, type; };
#define HEAD 16ul
#define ALIGN(n) (((n) + 7ul) & ~7ul)
_Static_assert(sizeof(struct head) == 12 && sizeof(struct cmsghdr) == HEAD, "heads");

/* --- to the host ------------------------------------------------------------------------------------------------ */
static const struct cmsgrow *row_of_guest(const struct personality *p, const struct head *h)
{
	for (const struct cmsgrow *r = p->cmsg; r && r->name; r++)
		if (r->get && r->level == (uint32_t)h->level && r->type == (uint32_t)h->type)
			return r;
	return NULL;
}
/* What they are limited to travels with them as one descriptor more, behind the last. A native receiver sees it. */
static long end_get(struct thread *t, const int *fd, size_t n, int *to, size_t room, bool always)
{
	int packed = t->p->limited || always ? confine_pack(t->p, fd, (unsigned)n, always) : -1;
	if (packed >= 0 && room >= sizeof *to) {
		*to = packed;
		return sizeof *to;
	}
	if (packed >= 0)
		host(SYS_close, packed);
	return 0;
}

/* Behind what the host knows of credentials: what carries them to other guests. */
static long creds_end(struct thread *t, struct cmsghdr *out, size_t max)
{
	int fd = max < CMSG_SPACE(sizeof fd) ? -EINVAL : cmsg_creds_pack(t);
	if (fd < 0)
		return fd == -1 ? 0 : fd;
	*out = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(out), &fd, sizeof fd);
	return CMSG_SPACE(sizeof fd);
}
static long one_get(struct thread *t, const struct head *h, struct cmsghdr *out, size_t max, bool several)
{
	const struct cmsgrow *r = row_of_guest(t->p->pers, h);
	long n;

	if (!r) {
		report_unknown(t, UNK_OPTION, "cmsg", (uint64_t)(uint32_t)h->level << 32 | (uint32_t)h->type);
		return h->level ? -EINVAL : -ENOPROTOOPT;        /* 0: IP, which tells its own unknown ones so */
	}
	if (max < HEAD)
		return -EINVAL;
	n = r->get(t, (const char *)h + HEAD, h->len > HEAD ? h->len - HEAD : 0, (char *)out + HEAD, max - HEAD);
	if (t->p->observed)
		cover_row(t, COVER_CMSG_SENT, (uint64_t)(r - t->p->pers->cmsg), n);
	if (n > 0 && r->get == cmsg_rights_get)
		n += end_get(t, (const int *)((char *)out + HEAD), (size_t)n / sizeof(int), (int *)((char *)out + HEAD + n),
			     max - HEAD - (size_t)n, several);
	if (n <= 0)
		return n;
	out->cmsg_len = HEAD + (size_t)n;
	out->cmsg_level = r->hlevel;
	out->cmsg_type = r->htype;
	size_t len = MIN(ALIGN(out->cmsg_len), max);
	if (r->get != cmsg_creds_get)
		return (long)len;
	long more = creds_end(t, (struct cmsghdr *)((char *)out + len), max - len);
	return more < 0 ? more : (long)len + more;
}
long bsd_cmsg_get(struct thread *t, const void *guest, size_t n, void *out, size_t max)
{
	const char *g = guest;
	size_t at = 0, to = 0;

	unsigned rights = 0;

	if (n < sizeof(struct head))
		return -EINVAL;
	for (size_t i = 0; i + sizeof(struct head) <= n && ((const struct head *)(g + i))->len >= sizeof(struct head);
	     i += ALIGN(((const struct head *)(g + i))->len)) {
		const struct cmsgrow *r = row_of_guest(t->p->pers, (const struct head *)(g + i));
		rights += r && r->get == cmsg_rights_get;
	}
	while (at + sizeof(struct head) <= n) {
		const struct head *h = (const struct head *)(g + at);
		if (h->len < sizeof *h || h->len > n - at)
			return -EINVAL;
		long e = one_get(t, h, (struct cmsghdr *)((char *)out + to), max - to, rights > 1);
		if (e < 0)
			return e;
		to += (size_t)e;
		at += ALIGN(h->len);
	}
	return (long)to;
}

/* --- to the guest ----------------------------------------------------------------------------------------------- */
struct out { char *g; size_t at, room; bool full, asked; };     /* asked: for credentials in another form (LOCAL_CREDS) */

/* A message that does not fit is left out with all that follow, and its descriptors are closed. Linux would give the
 * first few descriptors of it. One host message may be several of the guest's (packet info is address and interface). */
static void data_put(struct thread *t, int fd, const struct cmsghdr *h, const void *from, size_t n, struct out *o)
{
	char data[4096];

	for (const struct cmsgrow *r = t->p->pers->cmsg; r && r->name; r++) {
		if (!r->put || r->hlevel != h->cmsg_level || r->htype != h->cmsg_type)
			continue;
		size_t left = o->full || o->room - o->at < HEAD ? 0 : o->room - o->at - HEAD;
		if (r->put == cmsg_rights_put && n > MIN(left, sizeof data))
			left = 0, o->full = true;
		long made = r->put(t, fd, from, n, data, left ? sizeof data : 0);
		if (made <= 0)
			continue;
		if ((size_t)made > left) {
			o->full = true;
			continue;
		}
		if (t->p->observed)
			cover_row(t, COVER_CMSG_GOT, (uint64_t)(r - t->p->pers->cmsg), 0);
		struct head head = { (uint32_t)(HEAD + (size_t)made), (int)r->level, (int)r->type };
		memcpy(o->g + o->at, &head, sizeof head);
		memcpy(o->g + o->at + HEAD, data, (size_t)made);
		o->at += MIN(ALIGN(HEAD + (size_t)made), o->room - o->at);
	}
}
/* A number below it was taken away: the guest is to get the lowest that are free. */
static int lower(int fd)
{
	long fl = host(SYS_fcntl, fd, F_GETFD);
	long n = host(SYS_fcntl, fd, fl & FD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	if (n < 0)
		return fd;
	host(SYS_close, MAX(n, (long)fd));
	return (int)MIN(n, (long)fd);
}
static bool creds_put(struct thread *t, int s, int fd, struct out *o, bool tell)
{
	const struct cmsghdr h = { 0, SOL_SOCKET, X_SCM_CMSGCRED };
	char cred[CMSGCRED_MOST];
	long n = cmsg_creds_unpack(fd, cred);
	if (n > 0 && tell && !o->asked)
		data_put(t, s, &h, cred, (size_t)n, o);
	return n > 0;
}
/* Descriptors, with what tells of them between: so many messages. */
static void fds_put(struct thread *t, int s, const struct cmsghdr *h, int *fd, size_t n, struct out *o)
{
	size_t to = 0, from = 0;         /* from: the first of its message */
	for (size_t i = 0; i < n; i++) {
		bool creds = creds_put(t, s, fd[i], o, false);
		if (!creds && !confine_unpack(t->p, fd + from, (unsigned)(to - from), fd[i])) {
			fd[to] = i > to ? lower(fd[i]) : fd[i];
			to++;
			continue;
		}
		if (to > from)
			data_put(t, s, h, fd + from, (to - from) * sizeof *fd, o);
		if (creds)
			creds_put(t, s, fd[i], o, true);
		host(SYS_close, fd[i]);
		from = to;
	}
	if (to > from)
		data_put(t, s, h, fd + from, (to - from) * sizeof *fd, o);
	while (to < n)
		fd[to++] = -1;           /* nobody's to close any more */
}
static void one_put(struct thread *t, int fd, struct cmsghdr *h, struct out *o)
{
	size_t n = h->cmsg_len - HEAD;
	if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		fds_put(t, fd, h, (int *)((char *)h + HEAD), n / sizeof(int), o);
	else
		data_put(t, fd, h, (char *)h + HEAD, n, o);
}
long bsd_cmsg_put(struct thread *t, int fd, void *in, size_t n, void *guest, size_t max, int *flags)
{
	char *at = in, *end = at + n;
	struct out o = { guest, 0, max, false, (sock_state(t, fd) & SOCK_CREDS) != 0 };

	while (at + HEAD <= end) {
		struct cmsghdr *h = (struct cmsghdr *)at;
		size_t len = h->cmsg_len;
		if (len < HEAD)
			break;
		one_put(t, fd, h, &o);
		at += ALIGN(len);
	}
	if (o.full)
		*flags |= MSG_CTRUNC;
	return (long)o.at;
}

/* --- data: the same on both sides ------------------------------------------------------------------------------- */
long cmsg_same_get(struct thread *t, const void *guest, size_t n, void *out, size_t max)
{
	if (n > max)
		return -EINVAL;
	memcpy(out, guest, n);
	return (long)n;
}
/* one byte, and no more */
long cmsg_byte_get(struct thread *t, const void *guest, size_t n, void *out, size_t max)
{
	return n != 1 ? -EINVAL : cmsg_same_get(t, guest, n, out, max);
}
long cmsg_same_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	memcpy(guest, in, MIN(n, max));
	return (long)n;
}

/* --- descriptors ------------------------------------------------------------------------------------------------ */
long cmsg_rights_get(struct thread *t, const void *guest, size_t n, void *out, size_t max)
{
	const int *fd = guest;
	if (n > max)
		return -EINVAL;
	for (size_t i = 0; i < n / sizeof *fd; i++) {
		struct fdobj *o = fd_get(t->p, fd[i], NULL);
		if (fd[i] < 0 || fd_is_ours(t->p, fd[i]))
			return -EBADF;
		if (o && !str_cmp(o->ops->name, "kqueue"))
			return -EOPNOTSUPP;
	}
	memcpy(out, guest, n & ~3ul);
	return (long)(n & ~3ul);
}
/* Descriptors that the guest cannot have, or has no room to be told of, are closed. */
long cmsg_rights_put(struct thread *t, int s, const void *in, size_t n, void *guest, size_t max)
{
	const int *fd = in;
	int *to = guest;
	size_t k = 0;
	for (size_t i = 0; i < n / sizeof *fd; i++) {
		if ((k + 1) * sizeof *to <= max && fd_allowed(t->p, fd[i]))
			to[k++] = fd[i];
		else
			fd_closed(t->p, fd[i]), host(SYS_close, fd[i]);
	}
	return (long)(k * sizeof *to);
}

/* --- credentials ------------------------------------------------------------------------------------------------ */
struct sockcred { uint32_t uid, euid, gid, egid; int32_t ngroups; uint32_t groups[1]; };
struct sockcred2 { int32_t version, pid; struct sockcred c; };

/* The sender's bytes do not matter: the kernel fills them. */
long cmsg_creds_get(struct thread *t, const void *guest, size_t n, void *out, size_t max)
{
	struct ucred *u = out;
	if (max < sizeof *u)
		return -EINVAL;
	*u = (struct ucred){ t->p->pid, (uid_t)host(SYS_geteuid), (gid_t)host(SYS_getegid) };
	return sizeof *u;
}
static struct sockcred cred_of(const struct ucred *u)
{
	return (struct sockcred){ u->uid, u->uid, u->gid, u->gid, 1, { u->gid } };
}
/* LOCAL_CREDS on a stream is for the first message only. */
static void once_on_stream(struct thread *t, int fd)
{
	int type = 0, on = (sock_state(t, fd) & SOCK_CREDS2) != 0;
	uint32_t n = sizeof type;
	host(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &n);
	if (type != SOCK_DGRAM && sock_state_set(t, fd, SOCK_CREDS, false) == 0)
		host(SYS_setsockopt, fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}
long cmsg_sockcred_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	if (n < sizeof(struct ucred) || !(sock_state(t, fd) & SOCK_CREDS))
		return 0;
	*(struct sockcred *)guest = cred_of(in);
	once_on_stream(t, fd);
	return sizeof(struct sockcred);
}
long cmsg_sockcred2_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	const struct ucred *u = in;
	if (n < sizeof *u || !(sock_state(t, fd) & SOCK_CREDS2))
		return 0;
	*(struct sockcred2 *)guest = (struct sockcred2){ 0, u->pid, cred_of(u) };
	return sizeof(struct sockcred2);
}

/* --- times ------------------------------------------------------------------------------------------------------ */
/* The host stamps in nanoseconds of real time. SO_TIMESTAMP tells it in the form that SO_TS_CLOCK chose, and
 * SO_BINTIME tells it apart from that. A socket from before an exec has no state here any more: microseconds. */
enum { TS_MICRO, TS_BINTIME, TS_REALTIME, TS_MONOTONIC };

static bool stamped(struct thread *t, int fd, unsigned clock)
{
	unsigned st = sock_state(t, fd);
	return st & SOCK_TIMESTAMP ? st / SOCK_CLOCK % 4 == clock : !st && clock == TS_MICRO;
}
long cmsg_timeval_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	const struct timespec *ts = in;
	int64_t *tv = guest;
	if (n < sizeof *ts || !stamped(t, fd, TS_MICRO))
		return 0;
	tv[0] = ts->tv_sec;
	tv[1] = ts->tv_nsec / 1000;
	return 16;
}
long cmsg_bintime_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	const struct timespec *ts = in;
	uint64_t *bt = guest;                    /* seconds, and 2^-64ths of one */
	if (n < sizeof *ts || !(sock_state(t, fd) & SOCK_BINTIME || stamped(t, fd, TS_BINTIME)))
		return 0;
	bt[0] = (uint64_t)ts->tv_sec;
	bt[1] = (uint64_t)ts->tv_nsec * 18446744073ull;
	return 16;
}
long cmsg_realtime_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	return stamped(t, fd, TS_REALTIME) ? cmsg_same_put(t, fd, in, n, guest, max) : 0;
}
long cmsg_monotonic_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	const struct timespec *ts = in;
	struct timespec real, mono;
	int64_t *to = guest, ns;
	if (n < sizeof *ts || !stamped(t, fd, TS_MONOTONIC) || time_now(CLOCK_REALTIME, &real) < 0 ||
	    time_now(CLOCK_MONOTONIC, &mono) < 0)
		return 0;
	ns = (mono.tv_sec - real.tv_sec + ts->tv_sec) * 1000000000 + mono.tv_nsec - real.tv_nsec + ts->tv_nsec;
	to[0] = ns / 1000000000;
	to[1] = ns % 1000000000;
	return 16;
}

/* --- where a datagram came in, or leaves from ------------------------------------------------------------------- */
long cmsg_dstaddr_get(struct thread *t, const void *guest, size_t n, void *out, size_t max)
{
	struct in_pktinfo *p = out;
	if (n != sizeof p->ipi_spec_dst || max < sizeof *p)
		return -EINVAL;
	memset(p, 0, sizeof *p);
	memcpy(&p->ipi_spec_dst, guest, n);
	return sizeof *p;
}
long cmsg_dstaddr_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	const struct in_pktinfo *p = in;
	if (n < sizeof *p || !(sock_state(t, fd) & SOCK_RECVDST))
		return 0;
	memcpy(guest, &p->ipi_addr, sizeof p->ipi_addr);
	return sizeof p->ipi_addr;
}
/* A link-level address of which only the interface's number is filled. */
long cmsg_recvif_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	const struct in_pktinfo *p = in;
	uint8_t *g = guest;
	if (n < sizeof *p || !(sock_state(t, fd) & SOCK_RECVIF))
		return 0;
	memset(g, 0, 54);
	g[0] = 54;
	g[1] = 18;                               /* AF_LINK */
	g[2] = (uint8_t)p->ipi_ifindex;
	g[3] = (uint8_t)(p->ipi_ifindex >> 8);
	return 54;
}
long cmsg_sockaddr_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	struct addr a = { .own = { -1, -1 }, .len = (long)MIN(n, sizeof a.ss) };
	memcpy(&a.ss, in, (size_t)a.len);
	return addr_bytes(t, &a, guest, max);
}
/* An int on Linux, one byte here. */
long cmsg_byte_put(struct thread *t, int fd, const void *in, size_t n, void *guest, size_t max)
{
	if (!n)
		return 0;
	*(uint8_t *)guest = *(const uint8_t *)in;
	return 1;
}
