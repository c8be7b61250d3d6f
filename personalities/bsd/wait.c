/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wait6: which children, what is told, and what they used. Linux tells a child's own use and that of the child's
 * children as one sum; it is given as the child's own.
 */
#include <sys/wait.h>
#include "host.h"
#include "ext.h"
#include "wait.h"

sysfn bsd_wait6;

long bsd_wait6(struct call *c)
{
	static const char zero[256];     /* nobody yet: not even a code, of which 0 has a meaning on the host */
	siginfo_t si;
	struct rusage ru[2];
	long e = 0, r, flags = c->arg[3];

	if (!(flags & (WEXITED | WSTOPPED | WCONTINUED | (long)X_WTRAPPED)))
		return -EINVAL;
	if (!(flags & (WEXITED | WSTOPPED | WCONTINUED)))
		flags |= WSTOPPED;               /* tracees alone; the host wants to be asked for something */
	memset(ru, 0, sizeof ru);
	r = wait_for((int)c->arg[0], c->arg[1], flags, &si, c->arg[4] ? &ru[0] : NULL);
	if (r < 0)
		return r;
	int status = wait_status(&si);
	if (r && c->arg[2])
		e = arg_put(c, 2, &status);
	if (r && !e && c->arg[4])
		e = arg_put(c, 4, ru);
	if (!e && c->arg[5])
		e = r ? arg_put(c, 5, &si) : copy_out((uaddr)c->arg[5], zero, c->t->p->pers->rec[REC_SIGINFO].gsize);
	return e < 0 ? e : r;
}
