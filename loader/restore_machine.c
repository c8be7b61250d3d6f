/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A bare-metal guest from a snapshot: memory for its machine, filled; its disk's file, the same as then; an overlay of its own
 * that begins with what had been written; all of that goes to its personality, which makes the machine around it. Every
 * restored machine has another overlay, so that clones do not see each other's writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "guise.h"
#include "loader/restore.h"

static bool page_in(struct restore *r, void *machine, const struct snap_run *run, unsigned object, const uint8_t *bytes, uint64_t n)
{
	const struct snapshot_machine *m = machine;
	memcpy((uint8_t *)m->ram + run->at, bytes, n);
	return true;
}
static bool memory(struct restore *r, struct snapshot_machine *m)
{
	m->memory = r->image->machine->memory;
	m->ram = mmap(NULL, m->memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->ram == MAP_FAILED)
		return restore_bad(r, "its machine's memory of %llu MiB cannot be had: %s", (unsigned long long)m->memory >> 20, strerror(errno));
	return restore_runs(r, r->image, SECTION_PAGES, page_in, m);
}
static bool sectors_in(struct restore *r, void *machine, const struct snap_run *run, unsigned object, const uint8_t *bytes, uint64_t n)
{
	struct snapshot_machine *m = machine;

	for (uint64_t done = 0; done < n;) {
		ssize_t w = pwrite(m->over, bytes + done, n - done, (off_t)(run->at * SNAPFILE_SECTOR + done));
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return restore_bad(r, "its disk's overlay cannot be written: %s", strerror(errno));
		done += (uint64_t)w;
	}
	for (uint64_t s = run->at; s < run->at + run->pages; s++)
		m->changed[s / 8] |= (uint8_t)(1u << s % 8);
	return true;
}
static bool disk(struct restore *r, struct snapshot_machine *m)
{
	struct snap_image *g = r->image;

	m->disk = m->over = -1;
	m->disk_bytes = g->machine->disk_bytes;
	if (!m->disk_bytes)
		return !r->overlay || restore_bad(r, "it has no disk that --overlay could keep anything of");
	if ((m->disk = restore_file(r, g->machine->path, O_RDONLY, &g->machine->id)) < 0)
		return false;
	if (lseek(m->disk, 0, SEEK_END) < (off_t)m->disk_bytes)
		return restore_bad(r, "its disk %s is shorter than it was", g->machine->path);
	if (!(m->changed = mem_alloc((m->disk_bytes / SNAPFILE_SECTOR + 7) / 8)))
		return restore_bad(r, "no memory for a disk of %llu MiB", (unsigned long long)m->disk_bytes >> 20);
	m->over = r->overlay ? open(r->overlay, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : memfd_create("overlay", MFD_CLOEXEC);
	if (m->over < 0)
		return restore_bad(r, "the overlay %s cannot be made: %s%s", r->overlay ? r->overlay : "in memory", strerror(errno),
				   errno == EEXIST ? "; give a name that is free, since each restored machine wants its own" : "");
	return restore_runs(r, g, SECTION_SECTORS, sectors_in, m);
}
bool restore_machine(struct restore *r, struct thread *t)
{
	struct snap_image *g = r->image;
	struct snap_machine_parts parts = { .n = g->of[SNAP_PART].n };
	const struct snap_part **part = calloc(parts.n + 1, sizeof *part);
	uint32_t *size = calloc(parts.n + 1, sizeof *size);
	char why[600] = "";
	bool good;

	if (!part || !size)
		return restore_bad(r, "no memory for its records");
	EACH(g, SNAP_PART, struct snap_part, p) {
		part[i_p] = p;
		size[i_p] = ((const struct snap_head *)p)[-1].size - (uint32_t)sizeof *p;
	}
	parts.part = part;
	parts.size = size;
	parts.m.layout = g->machine->layout;
	good = memory(r, &parts.m) && disk(r, &parts.m);
	if (good && t->p->pers->machine_restored(t->p, t, &parts, why, sizeof why) < 0)
		good = restore_bad(r, "%s", why);
	if (!good && r->overlay && parts.m.over >= 0)
		unlink(r->overlay);
	free(part);
	free(size);
	return good;
}
