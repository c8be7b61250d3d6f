/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The box: under an engine whose guest cannot touch our memory itself (engine->apart), it must not have the host's kernel
 * do it either. Handlers run in the guest's own process, so an address that the guest passes may be one of ours.
 *   - What we read or write for the guest goes through mem.c, which asks box_hides.
 *   - What goes to the host as the guest's own pointer must not begin in a range of ours (box_args looks at every argument
 *     that may be an address), and every range of ours has a hole below it (box_start), which no access that begins
 *     outside comes across.
 *   - Vectors of pointers are copied before they are looked at, and the copy is used (box_iov, box_msg): another
 *     thread of the guest may write to its own at any moment.
 *   - A file that is a process's memory is not opened (box_file.c).
 * What carries addresses that no row describes is refused: box_refuses.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "host.h"
#include "box.h"
#include "paths.h"
#include "procfs.h"

#define TOP 0x7ffffffff000ull
#define IOV_MOST 1024ul
#define CONTROL_MOST 65536ul

bool box_closed;

static struct space *inside;

bool box_hides(uaddr a, uint64_t n) { return mem_is_ours(inside, a, n ? n : 1); }

/* Where a's own stretch of our ranges begins: a itself if nothing of ours ends there. */
static uaddr ours_from(const struct space *s, uaddr a)
{
	for (unsigned i = 0; i < s->n_ours; i++)
		if (a && s->ours[i].lo < a && s->ours[i].hi >= a)
			return s->ours[i].lo;
	return a;
}
/* Below each range of ours that has none yet: nothing of the guest's may lie there. */
static void hole_below(struct space *s, uaddr at)
{
	uaddr lo = at - MEM_HOLE;
	long a;

	if (ours_from(s, at) < at)
		return;
	for (unsigned i = 0; i < s->n_ours; i++)
		if (s->ours[i].hi < at)
			lo = MAX(lo, s->ours[i].hi);
	a = host(SYS_mmap, lo, at - lo, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (a < 0 || (uaddr)a != lo)
		die("the program lies too close below memory of guise's own (%#lx), which the engine %s keeps from it", at,
		    thread_self()->p->engine->name);
	mem_claim(s, lo, at);
	s->closed |= 1ull << (s->n_ours - 1);
}
static void holes(struct space *s, uaddr but)
{
	for (unsigned i = 0; i < s->n_ours; i++)
		if (!(s->closed >> i & 1) && s->ours[i].lo != but && s->ours[i].lo >= MEM_HOLE) {
			s->closed |= 1ull << i;
			hole_below(s, s->ours[i].lo);
		}
}
struct taking { struct space *s; uaddr stack, lo, hi; };

static void take(struct taking *k)
{
	uaddr at = k->hi;
	while (at > k->lo && ours_from(k->s, at) < at)
		at = ours_from(k->s, at);
	if (at > k->lo)
		mem_claim(k->s, k->lo, k->hi);
}
static long take_map(void *arg, const struct procfs_map *m)
{
	struct taking *k = arg;
	if (m->lo >= TOP || (m->lo <= k->stack && k->stack < m->hi))
		return 0;
	if (m->lo != k->hi) {
		take(k);
		k->lo = m->lo;
	}
	k->hi = m->hi;
	return 0;
}
void box_take(struct space *s, uaddr stack)
{
	struct taking k = { s, stack, 0, 0 };
	box_files(thread_self()->p);
	long e = procfs_maps(0, take_map, &k);
	if (e < 0)
		die("what is mapped cannot be read from /proc: %s", error_text(e));
	take(&k);
	holes(s, 0);
}
void box_start(struct space *s)
{
	holes(s, PAGE_DOWN(s->stack_hi));        /* but the stack, which is closed off by what lies above it (loader/start.c) */
	for (unsigned i = 0; i < s->n_ours; i++)         /* a guest may let a child of its own die, and read what is left of it */
		host(SYS_madvise, s->ours[i].lo, s->ours[i].hi - s->ours[i].lo, MADV_DONTDUMP);
	box_files(thread_self()->p);
	inside = s;
	box_closed = true;
}
/* --- arguments -------------------------------------------------------------------------------------------------------- */
/* What is wrong with an address is found out where it is used, behind what is wrong with a descriptor or a number: so in the
 * place of one of ours comes one that is no address. */
#define NOWHERE (1ull << 63)

static bool may_point(const struct arg *a)
{
	switch (a->kind) {
	case A_NONE: case A_PAD: case A_INT: case A_UINT: case A_OCT: case A_SIZE: case A_OFF: case A_PID: case A_UID: case A_DEV:
	case A_FD: case A_ATFD: case A_SIG: case A_SET: case A_ENUM: case A_SUB: case A_LONG: case A_ULONG: case A_HEX:
		return false;
	}
	return true;
}
/* Ranges (an ADDR with a length) are their handlers' to judge, which answer as for a hole in the map. */
void box_args(struct call *c)
{
	const struct arg *a = c->row->arg;
	for (int i = 0; i < 8 && a[i].kind; i++)
		if (may_point(&a[i]) && !(a[i].kind == A_ADDR && i < 7 && a[i + 1].kind == A_SIZE) && box_hides((uaddr)c->raw[i], 1))
			c->raw[i] = c->arg[i] = (long)NOWHERE;
}
/* --- vectors ---------------------------------------------------------------------------------------------------------- */
long box_iov(const struct iovec **iov, uint64_t n)
{
	struct iovec *v;
	long e;

	if (!box_closed || !n || n > IOV_MOST)           /* the host refuses more */
		return 0;
	if (!(v = mem_alloc(IOV_MOST * sizeof *v)))
		return -ENOMEM;
	e = copy_in(v, (uaddr)*iov, n * sizeof *v);
	for (uint64_t i = 0; !e && i < n; i++)
		e = v[i].iov_len && box_hides((uaddr)v[i].iov_base, 1) ? -EFAULT : 0;
	if (e)
		mem_free(v, IOV_MOST * sizeof *v);
	*iov = e ? (const void *)NOWHERE : v;
	return 0;
}
void box_iov_done(const struct iovec *iov, uint64_t n)
{
	if (box_closed && n && n <= IOV_MOST && (uaddr)iov != NOWHERE)
		mem_free((void *)iov, IOV_MOST * sizeof *iov);
}
long box_vectored(long nr, const long a[6], int at)
{
	const struct iovec *v = (const struct iovec *)a[at];
	uint64_t n = (uint64_t)a[at + 1];
	long e = box_iov(&v, n);
	if (e)
		return e;
	e = host_wait6(nr, a[0], at == 1 ? (long)v : a[1], a[2], a[3], a[4], a[5]);
	box_iov_done(v, n);
	return e;
}
/* The descriptors that a message hands on: none of ours may be among them. */
static long own_rights(struct msghdr *m)
{
	struct proc *p = thread_self()->p;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		int *fd = (int *)CMSG_DATA(h);
		size_t n = h->cmsg_len < CMSG_LEN(0) ? 0 : (h->cmsg_len - CMSG_LEN(0)) / sizeof *fd;
		for (size_t i = 0; h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS && i < n; i++)
			if ((char *)(fd + i + 1) > (char *)m->msg_control + m->msg_controllen)
				break;
			else if (fd_is_ours(p, fd[i]))
				return -EBADF;
	}
	return 0;
}
/* Control messages that are sent, in a copy of ours: made, and to be freed. */
static bool control_in(struct msghdr *m, long *e)
{
	void *at = m->msg_control;

	*e = 0;
	if (!m->msg_controllen)
		return false;
	if (m->msg_controllen > CONTROL_MOST)    /* some hosts take more: what is not looked at is not sent */
		*e = -ENOBUFS;
	else if (!(m->msg_control = mem_alloc(CONTROL_MOST)))
		*e = -ENOMEM;
	else if (copy_in(m->msg_control, (uaddr)at, m->msg_controllen) || (*e = own_rights(m)))
		mem_free(m->msg_control, CONTROL_MOST);
	else
		return true;
	m->msg_control = (void *)NOWHERE;
	return false;
}
/* sendmsg or recvmsg of a header that is the host's own. Its parts stay where they are; the header does not. */
long box_msg(long nr, int fd, uaddr at, long flags)
{
	struct msghdr m;
	long e = 0, r;
	bool made = false;

	if (copy_in(&m, at, sizeof m))
		return host_wait(nr, fd, (long)NOWHERE, flags, 0, 0);
	struct msghdr guest = m;
	if (m.msg_iovlen > IOV_MOST)             /* the host refuses it before it looks there */
		m.msg_iov = (void *)NOWHERE;
	if (m.msg_name && box_hides((uaddr)m.msg_name, 1))
		m.msg_name = (void *)NOWHERE;
	if (m.msg_control && box_hides((uaddr)m.msg_control, 1))
		m.msg_control = (void *)NOWHERE;
	const struct iovec *v = m.msg_iov;      /* left alone if there are too many */
	if ((e = box_iov(&v, m.msg_iovlen)))
		return e;
	m.msg_iov = (struct iovec *)v;
	if (nr == SYS_sendmsg)
		made = control_in(&m, &e);
	r = e ? e : host_wait(nr, fd, (long)&m, flags, 0, 0);
	if (made)
		mem_free(m.msg_control, CONTROL_MOST);
	box_iov_done(v, m.msg_iovlen);
	m.msg_iov = guest.msg_iov, m.msg_name = guest.msg_name, m.msg_control = guest.msg_control;
	if (nr == SYS_recvmsg && r >= 0 && copy_out(at, &m, sizeof m))
		return -EFAULT;
	return r;
}
