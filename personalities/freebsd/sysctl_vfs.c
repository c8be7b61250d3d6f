/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kinds of file system there are, which libc's getvfsbyname asks for by the name that statfs told (tar does, for
 * every directory). So these are the host's, by the host's names. struct xvfsconf: sys/sys/mount.h.
 */
#include "host.h"
#include "freebsd/sysctl.h"

enum { NETWORK = 0x20000, SYNTHETIC = 0x80000, LOOPBACK = 0x100000 };
struct xvfsconf {
	uint64_t vfsops;
	char name[16];
	int32_t typenum, refcount, flags, pad;
	uint64_t next;
};
_Static_assert(sizeof(struct xvfsconf) == 48, "sys/mount.h");

static const struct { const char *name; int flags; } known[] = {
	{ "nfs", NETWORK }, { "nfs4", NETWORK }, { "cifs", NETWORK }, { "9p", NETWORK }, { "ceph", NETWORK },
	{ "tmpfs", 0 }, { "overlay", LOOPBACK }, { "fuse", 0 }, { "zfs", 0 }, { "btrfs", 0 }, { "virtiofs", 0 },
};
static int flags_of(const char *name, bool nodev)
{
	for (unsigned i = 0; i < ARRAY_LEN(known); i++)
		if (!str_cmp(name, known[i].name))
			return known[i].flags;
	return nodev ? SYNTHETIC : 0;
}
/* Lines are "[nodev]<TAB>name". */
long vfs_conflist(struct sysctl_req *r)
{
	char all[4096], *s = all;
	long e = 0;
	int n = 0;
	if (file_read("/proc/filesystems", all, sizeof all) < 0)
		return -ENOENT;
	while (*s && (!e || e == -ENOMEM)) {
		char *tab = str_chr(s, '\t'), *end = str_chr(s, '\n');
		if (!tab || !end)
			break;
		*end = 0;
		struct xvfsconf v = { .typenum = ++n, .refcount = 1, .flags = flags_of(tab + 1, tab != s) };
		str_copy(v.name, tab + 1, sizeof v.name);
		e = sysctl_out(r, &v, sizeof v);
		s = end + 1;
	}
	return e;
}
