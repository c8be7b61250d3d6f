/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Directory entries are the host's bytes, with one exception: a list of a process's descriptors in /proc does not tell
 * of ours. They are taken out of the guest's buffer after the host has filled it.
 */
#include "linux.h"
#include "procfs.h"

sysfn lnx_getdents;

enum { LEN_AT = 16, NAME_AT = 18, NAME64_AT = 19, MOST = 64 * 1024 };

/* Entries move down over those that go; each says its own length, so nothing else in them changes. */
static long taken_out(struct proc *p, char *buf, long n, unsigned name_at)
{
	long kept = 0;
	for (long at = 0; at < n; ) {
		uint16_t len;
		memcpy(&len, buf + at + LEN_AT, sizeof len);
		if (!procfs_fd_is_ours(p, buf + at + name_at)) {
			memmove(buf + kept, buf + at, len);
			kept += len;
		}
		at += len;
	}
	return kept;
}
long lnx_getdents(struct call *c)
{
	long room = MIN((unsigned)c->arg[2], MOST), n, kept = 0;
	char *buf;

	if (!procfs_lists_fds((int)c->arg[0]))
		return lnx_make(c, c->raw);
	if (!(buf = mem_alloc((size_t)room)))
		return -ENOMEM;
	while (!kept && (n = host(c->nr, c->arg[0], buf, room)) > 0)
		kept = taken_out(c->t->p, buf, n, c->nr == SYS_getdents ? NAME_AT : NAME64_AT);
	if (kept)
		n = copy_out((uaddr)c->arg[1], buf, (size_t)kept) ? -EFAULT : kept;
	mem_free(buf, (size_t)room);
	return n;
}
