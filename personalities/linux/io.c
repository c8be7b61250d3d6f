/* SPDX-License-Identifier: BSD-2-Clause
 *
 * I/O privilege: iopl and ioperm, as kernels since 5.5 have them: a thread's own, inherited by whatever it makes, kept
 * over exec. --grant io stands for CAP_SYS_RAWIO; what is given is virtual (syscalls/machine/privilege.h), and the host's
 * own calls of these names are never made.
 */
#include "linux.h"
#include "machine/privilege.h"

sysfn lnx_iopl, lnx_ioperm;

long lnx_iopl(struct call *c)
{
	unsigned level = (unsigned)c->raw[0];

	if (level > 3)
		return -EINVAL;
	if (level > c->t->iopl && !privilege_granted(c->t->p))
		return -EPERM;
	return privilege_level(c->t, level);
}
long lnx_ioperm(struct call *c)
{
	uint64_t from = (uint64_t)c->raw[0], n = (uint64_t)c->raw[1];
	bool on = (int)c->raw[2];

	if (from + n <= from || from + n > IO_PORTS)
		return -EINVAL;
	if (on && !privilege_granted(c->t->p))
		return -EPERM;
	return on || privilege_has_ports(c->t) ? privilege_ports(c->t, (unsigned)from, (unsigned)n, on) : 0;
}
