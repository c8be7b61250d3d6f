/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls that a guest may make and never carry out: it is a user of its machine, never its root, and some of what its
 * system has the host does not. The row of each says which.
 */
#include "host.h"

sysfn bsd_eperm, bsd_eopnotsupp;

long bsd_eperm(struct call *c) { return -EPERM; }
long bsd_eopnotsupp(struct call *c) { return -EOPNOTSUPP; }
