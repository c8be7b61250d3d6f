/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The calls that mean here what they mean there: made again with the same registers, from our own text. Whether a guest
 * may sleep in one is not asked: all go through host_wait, which costs one comparison and makes every one of them turn
 * back when a signal is due.
 */
#include "linux.h"

sysfn lnx_refuse, lnx_forbid;

long lnx_make(const struct call *c, const long a[6])
{
	return host_wait6(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
long lnx_pass(struct call *c) { return lnx_make(c, c->raw); }

/* What a kernel that was built without the feature answers, and one that asks for a capability. */
long lnx_refuse(struct call *c) { return -EINVAL; }
long lnx_forbid(struct call *c) { return -EPERM; }
