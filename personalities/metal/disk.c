/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The disk: a file that is only read, and an overlay that takes what is written: a file of the same size with holes, and
 * a bit for each sector that it has. Without --overlay the overlay has no name and is gone with the machine. One that is
 * kept has behind the sectors the bits, and then a mark with the disk's size, so that it is used with no other disk.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "options.h"
#include "metal.h"

#define MARK 0x31796c7265767667ull       /* ends an overlay: this, the disk's bytes */

static uint64_t bits_bytes(void) { return (box.disk.bytes / SECTOR + 7) / 8; }
static bool changed(uint64_t sector) { return box.disk.changed[sector / 8] >> sector % 8 & 1; }

long file_all(long nr, int fd, void *p, uint64_t n, uint64_t at)
{
	for (uint64_t done = 0; done < n;) {
		long r = host(nr, fd, (char *)p + done, n - done, at + done);
		if (r == -EINTR)
			continue;
		if (r <= 0)
			return r ? r : -EIO;
		done += (uint64_t)r;
	}
	return 0;
}
static long overlay_read(struct disk *d, const char *name, char *why, size_t n)
{
	uint64_t tail[2] = { 0 };
	struct stat st;

	if (host(SYS_fstat, d->over, &st) < 0 || !st.st_size)
		return 0;
	if ((uint64_t)st.st_size != d->bytes + bits_bytes() + sizeof tail ||
	    file_all(SYS_pread64, d->over, tail, sizeof tail, d->bytes + bits_bytes()) || tail[0] != MARK || tail[1] != d->bytes ||
	    file_all(SYS_pread64, d->over, d->changed, bits_bytes(), d->bytes)) {
		fmt(why, n, "the overlay %s was not made over a disk of %lu bytes, or was not ended well: remove it, or give its own --disk", name, d->bytes);
		return -EINVAL;
	}
	return 0;
}
/* It is one machine's as long as that runs: the host lets the lock go with the descriptor. */
static long overlay_take(struct disk *d, const struct stat *disk, const char *name, char *why, size_t n)
{
	struct stat st;

	if (host(SYS_fstat, d->over, &st) >= 0 && st.st_dev == disk->st_dev && st.st_ino == disk->st_ino) {
		fmt(why, n, "the overlay %s is the disk itself: give it a file of its own", name);
		return -EINVAL;
	}
	if (host(SYS_flock, d->over, LOCK_EX | LOCK_NB) == -EWOULDBLOCK) {
		fmt(why, n, "the overlay %s is in use by another machine: give this one its own", name);
		return -EBUSY;
	}
	return overlay_read(d, name, why, n);
}
long disk_open(const struct options *o, char *why, size_t n)
{
	struct disk *d = &box.disk;
	struct stat st;
	long e;

	if (!o->disk)
		return 0;
	if ((e = host(SYS_open, o->disk, O_RDONLY | O_CLOEXEC)) < 0) {
		fmt(why, n, "the disk %s cannot be opened: %s", o->disk, error_text(e));
		return e;
	}
	d->fd = (int)e;
	if (host(SYS_fstat, d->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < (long)SECTOR || st.st_size % (long)SECTOR) {
		fmt(why, n, "the disk %s is no regular file of whole sectors of %lu bytes, at least one (truncate -s %%%lu makes it that)", o->disk, SECTOR, SECTOR);
		return -EINVAL;
	}
	d->bytes = (uint64_t)st.st_size;
	if (!(d->changed = mem_alloc(bits_bytes()))) {
		fmt(why, n, "no memory for a disk of %lu MiB", d->bytes >> 20);
		return -ENOMEM;
	}
	e = o->overlay ? host(SYS_open, o->overlay, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : host(SYS_memfd_create, "overlay", 1);
	if (e < 0) {
		fmt(why, n, "the overlay %s cannot be opened: %s", o->overlay ? o->overlay : "in memory", error_text(e));
		return e;
	}
	d->over = (int)e;
	return o->overlay ? overlay_take(d, &st, o->overlay, why, n) : 0;
}
long disk_read(uint64_t sector, uint64_t n, uaddr to)
{
	uint8_t buf[SECTOR];
	for (uint64_t i = 0; i < n; i++) {
		long e = file_all(SYS_pread64, changed(sector + i) ? box.disk.over : box.disk.fd, buf, SECTOR, (sector + i) * SECTOR);
		if (e || (e = copy_out(to + i * SECTOR, buf, SECTOR)))
			return e;
	}
	return (long)(n * SECTOR);
}
long disk_write(uint64_t sector, uint64_t n, uaddr from)
{
	uint8_t buf[SECTOR];
	for (uint64_t i = 0; i < n; i++) {
		long e = copy_in(buf, from + i * SECTOR, SECTOR);
		if (e || (e = file_all(SYS_pwrite64, box.disk.over, buf, SECTOR, (sector + i) * SECTOR)))
			return e;
		box.disk.changed[(sector + i) / 8] |= (uint8_t)(1u << (sector + i) % 8);
	}
	return (long)(n * SECTOR);
}
/* The bits and the mark make it whole: also what an ended machine leaves. */
long disk_flush(void)
{
	struct disk *d = &box.disk;
	uint64_t tail[2] = { MARK, d->bytes };
	long e;
	if (d->fd < 0)
		return 0;
	if ((e = file_all(SYS_pwrite64, d->over, d->changed, bits_bytes(), d->bytes)) ||
	    (e = file_all(SYS_pwrite64, d->over, tail, sizeof tail, d->bytes + bits_bytes())))
		return e;
	return host(SYS_fdatasync, d->over);
}
