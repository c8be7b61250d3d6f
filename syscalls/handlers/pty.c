/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A new pseudo terminal. The host makes its slave unusable until it is unlocked; elsewhere unlockpt does nothing, so it is
 * unlocked from the start.
 */
#include <fcntl.h>
#include <asm/ioctls.h>
#include "host.h"
#include "ext.h"

sysfn sys_posix_openpt;

long sys_posix_openpt(struct call *c)
{
	uint64_t flags = (uint64_t)c->arg[0];
	int unlocked = 0;
	long fd;

	if (flags & ~(uint64_t)(O_ACCMODE | O_NOCTTY | O_CLOEXEC | X_IGNORED))
		return -EINVAL;
	fd = host(SYS_openat, AT_FDCWD, "/dev/ptmx", (flags & HOST_BITS) | O_RDWR);
	if (fd >= 0)
		host(SYS_ioctl, fd, TIOCSPTLCK, &unlocked);
	return fd;
}
