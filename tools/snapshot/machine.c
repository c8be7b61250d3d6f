/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A bare-metal guest is a machine and not a process: its memory, by its own physical addresses, and its disk. The disk's
 * file is named with its identity and not saved; the sectors that the machine has written lie in its overlay and are saved,
 * so that each restored machine has an overlay of its own. What else it is (processor, devices) it writes down itself.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/snapshot/snapshot.h"

#define BATCH 2048u                      /* sectors in a section of the file */
#define SECTOR SNAPFILE_SECTOR
#define HEADS (sizeof(struct snap_runs) + BATCH * sizeof(struct snap_run))

static struct { unsigned n_runs, n; struct snap_run run[BATCH]; uint8_t *bytes; } batch;

static void batch_out(struct writer *w)
{
	size_t heads = sizeof(struct snap_runs) + batch.n_runs * sizeof *batch.run;
	uint8_t *at = batch.bytes + HEADS - heads;
	if (!batch.n)
		return;
	*(struct snap_runs *)at = (struct snap_runs){ .n = batch.n_runs };
	memcpy(at + sizeof(struct snap_runs), batch.run, heads - sizeof(struct snap_runs));
	writer_section(w, SECTION_SECTORS, at, heads + batch.n * SECTOR, true);
	batch.n = batch.n_runs = 0;
}
static void sector_out(const struct target *t, struct writer *w, int over, uint64_t sector)
{
	struct snap_run *last = batch.n_runs ? &batch.run[batch.n_runs - 1] : NULL;
	if (pread(over, batch.bytes + HEADS + batch.n * SECTOR, SECTOR, (off_t)(sector * SECTOR)) != (ssize_t)SECTOR)
		cannot(t, "sector %llu of its disk's overlay cannot be read: %s", (unsigned long long)sector, strerror(errno));
	if (last && last->at + last->pages == sector)
		last->pages++;
	else
		batch.run[batch.n_runs++] = (struct snap_run){ sector, 1 };
	if (++batch.n == BATCH)
		batch_out(w);
}
static void overlay_out(const struct target *t, struct writer *w)
{
	const struct snapshot_machine *m = &t->point.machine;
	uint64_t sectors = m->disk_bytes / SECTOR, n = (sectors + 7) / 8;
	uint8_t *changed = malloc(n);
	int over = (int)syscall(SYS_pidfd_getfd, t->pidfd, m->over, 0);

	batch.bytes = malloc(HEADS + BATCH * SECTOR);
	if (!changed || !batch.bytes)
		refuse("no memory for what was written to the disk of process %d", t->pid);
	if (over < 0)
		cannot(t, "the overlay of its disk cannot be looked at: %s", strerror(errno));
	target_read(t, (uint64_t)m->changed, changed, n);
	for (uint64_t i = 0; i < sectors; i++)
		if (changed[i / 8] >> i % 8 & 1)
			sector_out(t, w, over, i);
	batch_out(w);
	free(changed);
	free(batch.bytes);
	close(over);
}
static void disk_is(const struct target *t, struct snap_machine *r, char *path, size_t size)
{
	char link[64];
	struct stat st, named;
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%d/fd/%d", t->pid, t->point.machine.disk);
	if ((n = readlink(link, path, size - 1)) < 0 || stat(link, &st) < 0)
		cannot(t, "its disk cannot be looked at: %s", strerror(errno));
	path[n] = 0;
	if (stat(path, &named) < 0 || named.st_ino != st.st_ino || named.st_dev != st.st_dev)
		cannot(t, "its disk is the file %s, which %s", path, strstr(path, " (deleted)") ? "has no name any more" :
		       "has another name by now, or is out of reach");
	r->disk_bytes = t->point.machine.disk_bytes;
	ident_of(&r->id, &st);
}
void save_machine(const struct target *t, struct writer *w)
{
	const struct snapshot_machine *m = &t->point.machine;
	struct snap_machine r = { .memory = m->memory, .layout = m->layout };
	char path[PATH_MAX + 64] = "";

	if (m->disk_bytes)
		disk_is(t, &r, path, sizeof path);
	writer_record(w, SNAP_MACHINE, &r, offsetof(struct snap_machine, path), path);
	save_range(t, w, (uint64_t)m->ram, m->memory);
	if (m->disk_bytes)
		overlay_out(t, w);
}
