/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's memory, where it was. Its places are reserved before anything of ours is laid out, each with a margin behind it
 * (the box wants a hole below every range of ours, box.c); only the host's own choices (its stack, the vDSO, our break)
 * can be in the way, and are elsewhere in another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "guise.h"
#include "loader/restore.h"

#define MARGIN (128 * 1024ul)            /* more than the hole, box.c */
#define NO_ROOM (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE)

bool restore_bad(struct restore *r, const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vsnprintf(r->why, sizeof r->why, f, ap);
	va_end(ap);
	return false;
}
bool restore_runs(struct restore *r, struct snap_image *g, unsigned kind, restore_run *each, void *arg)
{
	static const struct { const struct snap_runs *(*of)(struct snap_image *, unsigned section); uint64_t unit; } kinds[] = {
		[SECTION_PAGES] = { image_pages, PAGE }, [SECTION_SHARED] = { image_shared, PAGE },
		[SECTION_SECTORS] = { image_sectors, SNAPFILE_SECTOR },
	};
	for (unsigned i = 0; i < g->file.head.n_sections; i++) {
		if (g->file.section[i].kind != kind || g->file.section[i].flags >> SECTION_MEMBER != g->member)
			continue;
		const struct snap_runs *u = kinds[kind].of(g, i);
		if (!u)
			return restore_bad(r, "%s", g->file.why);
		const uint8_t *bytes = (const uint8_t *)&u->run[u->n];
		for (unsigned k = 0; k < u->n; k++) {
			uint64_t n = u->run[k].pages * kinds[kind].unit;
			if (!each(r, arg, &u->run[k], u->object, bytes, n))
				return false;
			bytes += n;
		}
	}
	return true;
}
static bool take(uint64_t lo, uint64_t len)
{
	void *p = mmap((void *)lo, len, PROT_NONE, NO_ROOM, -1, 0);
	if (p == (void *)lo)
		return true;
	if (p != MAP_FAILED)
		munmap(p, len);
	return false;
}
/* Where the next mapping begins: a margin ends there. */
static uint64_t margin_end(const struct snap_image *g, unsigned i)
{
	const struct snap_map *m = g->of[SNAP_MAP].at[i], *next = i + 1 < g->of[SNAP_MAP].n ? g->of[SNAP_MAP].at[i + 1] : NULL;
	uint64_t end = MIN(m->hi + MARGIN, 0x7ffffffff000ull);
	return next && next->lo < end ? next->lo : end;
}
long restore_reserve(struct restore *r)
{
	struct snap_image *g = r->image;
	EACH(g, SNAP_MAP, struct snap_map, m) {
		if (!take(m->lo, m->hi - m->lo)) {
			restore_bad(r, "its memory was at %#llx, where this process has something of its own",
				    (unsigned long long)m->lo);
			return errno == ENOMEM ? -ENOMEM : -EEXIST;
		}
		r->n_reserved = i_m + 1;
		if (!r->tree)            /* only a look */
			continue;
		for (uint64_t a = m->hi; a < margin_end(g, i_m); a += PAGE)
			take(a, PAGE);           /* what lies there already stays, page by page */
	}
	return 0;
}
long restore_unreserve(struct restore *r)
{
	struct snap_image *g = r->image;
	for (unsigned i = 0; i < r->n_reserved; i++) {
		const struct snap_map *m = g->of[SNAP_MAP].at[i];
		munmap((void *)m->lo, m->hi - m->lo);
	}
	r->n_reserved = 0;
	return 0;
}
void restore_margins(struct restore *r)
{
	struct snap_image *g = r->image;
	EACH(g, SNAP_MAP, struct snap_map, m)
		if (margin_end(g, i_m) > m->hi)
			munmap((void *)m->hi, margin_end(g, i_m) - m->hi);
}
static bool map_one(struct restore *r, const struct snap_map *m)
{
	bool object = m->flags & MAPPED_OBJECT, file = m->flags & MAPPED_FILE, shared = m->flags & MAPPED_SHARED;
	int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (file || object ? 0 : MAP_ANONYMOUS) |
		    (m->flags & MAPPED_DOWN ? MAP_GROWSDOWN : 0) | (m->flags & MAPPED_NORESERVE ? MAP_NORESERVE : 0);
	int prot = (file && shared) || object ? (int)m->prot : (int)m->prot | PROT_READ | PROT_WRITE;
	int fd = file ? restore_mapped(r, m, shared && m->prot & PROT_WRITE) : object ? r->tree->shm[m->id.ino] : -1;

	if (file && fd < 0)
		return false;
	void *p = mmap((void *)m->lo, m->hi - m->lo, prot, flags, fd, file || object ? (off_t)m->offset : 0);
	int e = errno;
	if (fd >= 0 && file)
		close(fd);
	return p == (void *)m->lo || restore_bad(r, "%llu KiB at %#llx cannot be mapped: %s", (unsigned long long)(m->hi - m->lo) / 1024,
						 (unsigned long long)m->lo, strerror(e));
}
/* A file may be shorter than it was (--changed), or than a hostile snapshot says: beyond its end there is no page. */
static bool page_in(struct restore *r, void *arg, const struct snap_run *run, unsigned object, const uint8_t *from, uint64_t n)
{
	const struct snap_map *m = image_map_at(r->image, run->at);
	struct iovec here = { (void *)from, n }, there = { (void *)run->at, n };
	if (!(m->flags & MAPPED_FILE))
		memcpy((void *)run->at, from, n);
	else if (process_vm_writev(getpid(), &here, 1, &there, 1, 0) != (ssize_t)n)
		return restore_bad(r, "%s ends before what was changed in its copy at %#llx", m->path, (unsigned long long)run->at);
	return true;
}
/* What mmap's own flags do not say. That memory cannot be locked here is no reason not to run. */
static bool finish_one(struct restore *r, const struct snap_map *m)
{
	static const struct { uint32_t flag; int advice; } as[] = {
		{ MAPPED_NODUMP, MADV_DONTDUMP }, { MAPPED_NOFORK, MADV_DONTFORK }, { MAPPED_WIPE, MADV_WIPEONFORK },
		{ MAPPED_HUGE, MADV_HUGEPAGE }, { MAPPED_NOHUGE, MADV_NOHUGEPAGE },
	};
	uint64_t n = m->hi - m->lo;
	for (unsigned i = 0; i < ARRAY_LEN(as); i++)
		if (m->flags & as[i].flag)
			madvise((void *)m->lo, n, as[i].advice);
	if (mprotect((void *)m->lo, n, (int)m->prot | (m->flags & MAPPED_DOWN ? PROT_GROWSDOWN : 0)) < 0 &&
	    mprotect((void *)m->lo, n, (int)m->prot) < 0)
		return restore_bad(r, "the memory at %#llx cannot be protected as it was: %s", (unsigned long long)m->lo, strerror(errno));
	if (m->flags & MAPPED_LOCKED)
		mlock((void *)m->lo, n);
	return true;
}
bool restore_memory(struct restore *r)
{
	EACH(r->image, SNAP_MAP, struct snap_map, m)
		if (!map_one(r, m))
			return false;
	if (!restore_runs(r, r->image, SECTION_PAGES, page_in, NULL))
		return false;
	EACH(r->image, SNAP_MAP, struct snap_map, m)
		if (!finish_one(r, m))
			return false;
	return true;
}
