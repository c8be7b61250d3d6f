/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The calls that mean here what they mean there: made again with the same registers, from our own text. Whether a guest
 * may sleep in one is not asked: all go through host_wait, which costs one comparison and makes every one of them turn
 * back when a signal is due.
 */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include "box.h"
#include "linux.h"

sysfn lnx_refuse, lnx_forbid, lnx_unboxed;

/* Whose record or option holds an address that no layout shows: where the host is to write, or to read a program from. */
static bool carries_address(const struct call *c, const long a[6])
{
	if (c->nr == SYS_ioctl)
		return (uint32_t)a[1] == SIOCETHTOOL;
	if (c->nr == SYS_setsockopt && a[1] == SOL_SOCKET)
		return a[2] == SO_ATTACH_FILTER || a[2] == SO_ATTACH_REUSEPORT_CBPF;
	return c->nr == SYS_getsockopt && a[1] == IPPROTO_TCP && a[2] == TCP_ZEROCOPY_RECEIVE;
}
/* Where the guest is kept from our memory: what points to pointers is copied first. A command that has no row, or one
 * that does not say what it points to, is none here, and nor are several headers at once. */
static long make_boxed(const struct call *c, const long a[6])
{
	if (carries_address(c, a))
		return c->nr == SYS_ioctl ? -ENOTTY : -ENOPROTOOPT;
	for (int i = 0; i < 6 && c->row->arg[i].kind; i++) {
		const struct arg *k = &c->row->arg[i];
		if (k->kind == A_IOVIN || k->kind == A_IOVOUT)
			return box_vectored(c->nr, a, i);
		if (k->what == REC_MSGHDR && (k->kind == A_IN || k->kind == A_INOUT))
			return box_msg(c->nr, (int)a[0], (uaddr)a[i], a[2]);
		if (k->what == REC_MMSGHDR && k->kind == A_INOUTV)
			return -ENOSYS;
		if (k->what == REC_IFCONF && k->kind >= A_IN && k->kind <= A_INOUT)
			return -EFAULT;
		if (k->kind == A_SUB && !sub_find(c->t->p->pers, k->what, (unsigned)a[i]))
			return k->what == SUB_IOCTL ? -ENOTTY : -EINVAL;
		if (k->kind == A_PTR && c->nr == SYS_ioctl)
			return -ENOTTY;
	}
	return host_wait6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
long lnx_make(const struct call *c, const long a[6])
{
	if (box_closed)
		return make_boxed(c, a);
	return host_wait6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
long lnx_pass(struct call *c) { return lnx_make(c, c->raw); }

/* Calls that carry addresses in what the row does not show, or reach into processes. */
long lnx_unboxed(struct call *c)
{
	if (!box_closed)
		return lnx_pass(c);
	report_unknown(c->t, UNK_CALL, c->row->name, c->nr);
	return -ENOSYS;
}

/* What a kernel that was built without the feature answers, and one that asks for a capability. */
long lnx_refuse(struct call *c) { return -EINVAL; }
long lnx_forbid(struct call *c) { return -EPERM; }
