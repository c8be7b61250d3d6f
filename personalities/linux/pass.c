/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The calls that mean here what they mean there: made again with the same registers, from our own text. Whether a guest
 * may sleep in one is not asked: all go through host_wait, which costs one comparison and makes every one of them turn
 * back when a signal is due.
 */
#include <linux/sockios.h>
#include "box.h"
#include "linux.h"

sysfn lnx_refuse, lnx_forbid, lnx_unboxed;

#define KVM_IOCTLS 0xae

/* Where the guest is kept from our memory: what points to pointers is copied first. A command that has no row, or one
 * that does not say what it points to, is none here. What else hides addresses has a handler of its own (boxed.c). */
static long make_boxed(const struct call *c, const long a[6])
{
	if (c->nr == SYS_ioctl && (uint32_t)a[1] == SIOCETHTOOL)        /* its record holds an address */
		return -ENOTTY;
	for (int i = 0; i < 6 && c->row->arg[i].kind; i++) {
		const struct arg *k = &c->row->arg[i];
		if (k->kind == A_IOVIN || k->kind == A_IOVOUT)
			return box_vectored(c->nr, a, i);
		if (k->what == REC_MSGHDR && (k->kind == A_IN || k->kind == A_INOUT))
			return box_msg(c->nr, (int)a[0], (uaddr)a[i], a[2]);
		if (k->what == REC_IFCONF && k->kind >= A_IN && k->kind <= A_INOUT)
			return -EFAULT;
		if (k->kind == A_SUB && !sub_find(c->t->p->pers, k->what, (unsigned)a[i]))
			return k->what == SUB_IOCTL ? -ENOTTY : k->what == SUB_SOCKOPT || k->what == SUB_GETSOCKOPT ? -ENOPROTOOPT : -EINVAL;
		if (c->nr == SYS_ioctl && (k->kind == A_PTR || ((uint32_t)a[1] >> 8 & 0xff) == KVM_IOCTLS))
			return -ENOTTY;
		if (k->kind == A_ADDR && i < 5 && k[1].kind == A_SIZE && box_hides((uaddr)a[i], (uint64_t)a[i + 1]))
			return -ENOMEM;
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
