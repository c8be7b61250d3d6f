/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's memory. What is mapped the kernel tells (/proc/PID/smaps), less what is guise's own; which pages differ from
 * what a fresh mapping would hold it tells as well (pagemap): of anonymous memory those that are there, of a private
 * mapping of a file those that were written to, and no page that is all zeroes. The rest of a file is not saved: it is named
 * with its identity, and restored only from the same one. A private mapping of a file that has no name any more (deleted,
 * replaced) is saved whole, as memory without a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "tools/snapshot/snapshot.h"

#define BATCH 1024u                      /* pages in a section */
#define STEP 64u                         /* ... read at once */
#define ENTRIES 8192u                    /* of pagemap, read at once */
#define PM_PRESENT (1ull << 63)
#define PM_SWAPPED (1ull << 62)
#define PM_FILE (1ull << 61)

struct vma {
	char path[4200];
	uint64_t rss, swap, dev, ino;
	char flags[256];                 /* as smaps has them: two letters each */
	struct snap_map m;
};
/* --- pages out ---------------------------------------------------------------------------------------------------------- */
#define HEADS (sizeof(struct snap_runs) + BATCH * sizeof(struct snap_run))
static struct batch {
	unsigned n_runs, n;
	bool apart;                      /* the next page begins a run: a run lies in one mapping */
	uint64_t base;                   /* addresses in the file are less by so much */
	bool shared;                     /* they are offsets in shared memory: */
	uint32_t object;
	struct snap_run run[BATCH];
	uint8_t *bytes;                  /* room for the heads, then the pages */
} batch;

static void batch_room(void)
{
	if (!batch.bytes && !(batch.bytes = malloc(HEADS + BATCH * PAGE)))
		refuse("no memory to read with");
}
static void batch_out(struct writer *w)
{
	struct batch *b = &batch;
	size_t heads = sizeof(struct snap_runs) + b->n_runs * sizeof *b->run;
	uint8_t *at = b->bytes + HEADS - heads;
	if (!b->n)
		return;
	*(struct snap_runs *)at = (struct snap_runs){ .n = b->n_runs, .object = b->object };
	memcpy(at + sizeof(struct snap_runs), b->run, b->n_runs * sizeof *b->run);
	writer_section(w, b->shared ? SECTION_SHARED : SECTION_PAGES, at, heads + b->n * PAGE, true);
	b->n = b->n_runs = 0;
}
static bool all_zero(const uint8_t *p)
{
	const uint64_t *w = (const uint64_t *)p;
	for (unsigned i = 0; i < PAGE / 8; i += 8)
		if (w[i] | w[i + 1] | w[i + 2] | w[i + 3] | w[i + 4] | w[i + 5] | w[i + 6] | w[i + 7])
			return false;
	return true;
}
static void page_out(struct writer *w, uint64_t at, const uint8_t *p)
{
	struct batch *b = &batch;
	at -= b->base;
	struct snap_run *last = b->n_runs ? &b->run[b->n_runs - 1] : NULL;
	if (last && !b->apart && last->at + last->pages * PAGE == at)
		last->pages++;
	else
		b->run[b->n_runs++] = (struct snap_run){ at, 1 };
	b->apart = false;
	memcpy(b->bytes + HEADS + b->n * PAGE, p, PAGE);
	if (++b->n == BATCH)
		batch_out(w);
}
/* n pages from `at`. A page that cannot be read is none: a mapping beyond its file's end. */
static void read_out(const struct target *t, struct writer *w, uint64_t at, uint64_t n)
{
	static uint8_t buf[STEP * PAGE];
	while (n) {
		uint64_t some = MIN(n, STEP);
		ssize_t got = pread(t->mem, buf, some * PAGE, (off_t)at);
		uint64_t whole = got < 0 ? 0 : (uint64_t)got / PAGE;
		if (got < 0 && errno != EIO && errno != EFAULT)
			cannot(t, "its memory at %#llx cannot be read: %s", (unsigned long long)at, strerror(errno));
		for (uint64_t i = 0; i < whole; i++)
			if (!all_zero(buf + i * PAGE))
				page_out(w, at + i * PAGE, buf + i * PAGE);
		whole = whole ? whole : 1;
		at += whole * PAGE;
		n -= whole;
	}
}
static void pages_by_map(const struct target *t, struct writer *w, const struct vma *v, int pagemap)
{
	static uint64_t entry[ENTRIES];
	bool file = v->m.flags & MAPPED_FILE;

	for (uint64_t at = v->m.lo; at < v->m.hi;) {
		uint64_t n = MIN((v->m.hi - at) / PAGE, ENTRIES), run = 0;
		if (pread(pagemap, entry, n * 8, (off_t)(at / PAGE * 8)) != (ssize_t)(n * 8))
			cannot(t, "its memory at %#llx is not described by /proc/PID/pagemap: %s", (unsigned long long)at, strerror(errno));
		for (uint64_t i = 0; i <= n; i++) {
			bool wanted = i < n && entry[i] & (PM_PRESENT | PM_SWAPPED) && !(file && entry[i] & PM_FILE);
			if (wanted) {
				run++;
				continue;
			}
			if (run)
				read_out(t, w, at + (i - run) * PAGE, run);
			run = 0;
		}
		at += n * PAGE;
	}
}
/* --- shared memory: one of each, whoever has it mapped or open, in the file of the first --------------------------------- */
static struct shm {
	dev_t dev;
	ino_t ino;
	struct snap_shm r;
	struct { uint64_t lo, hi; } *done;
	unsigned n_done;
	uint64_t exact;                  /* of a file: how long it is */
	bool is_file;
} *shms;
static unsigned n_shms;

static bool shared_known(dev_t dev, ino_t ino)
{
	for (unsigned i = 0; i < n_shms; i++)
		if (shms[i].dev == dev && shms[i].ino == ino)
			return true;
	return false;
}
unsigned shared_of(const struct stat *st, const char *name)
{
	for (unsigned i = 0; i < n_shms; i++)
		if (shms[i].dev == st->st_dev && shms[i].ino == st->st_ino)
			return i;
	if (!(shms = realloc(shms, (n_shms + 1) * sizeof *shms)))
		refuse("no memory for the list of shared memory");
	shms[n_shms] = (struct shm){ .dev = st->st_dev, .ino = st->st_ino, .r = { .index = n_shms } };
	snprintf(shms[n_shms].r.name, sizeof shms->r.name, "%.*s", (int)strcspn(name, " "), name);
	return n_shms++;
}
/* Is that part of it in the file already? From now on it is. */
static bool shared_done(struct shm *s, uint64_t lo, uint64_t hi)
{
	s->r.size = MAX(s->r.size, hi);
	for (unsigned i = 0; i < s->n_done; i++)
		if (s->done[i].lo <= lo && hi <= s->done[i].hi)
			return true;
	if (!(s->done = realloc(s->done, (s->n_done + 1) * sizeof *s->done)))
		refuse("no memory for the list of shared memory");
	s->done[s->n_done].lo = lo;
	s->done[s->n_done++].hi = hi;
	return false;
}
static void shared_begin(struct writer *w, unsigned object, uint64_t base)
{
	batch_room();
	batch_out(w);
	writer_member(w, 0);
	batch.shared = true;
	batch.object = object;
	batch.base = base;
	batch.apart = true;
}
static void shared_end(struct writer *w, const struct target *t)
{
	batch_out(w);
	writer_member(w, t->place);
	batch.shared = false;
	batch.object = 0;
	batch.base = 0;
	batch.apart = true;
}
static void shared_out(const struct target *t, struct writer *w, const struct vma *v)
{
	uint64_t len = v->m.hi - v->m.lo;
	if (shared_done(&shms[v->m.id.ino], v->m.offset, v->m.offset + len))
		return;
	shared_begin(w, (unsigned)v->m.id.ino, v->m.lo - v->m.offset);
	read_out(t, w, v->m.lo, len / PAGE);
	shared_end(w, t);
}
void shared_file(const struct target *t, struct writer *w, unsigned object, int fd)
{
	uint8_t page[PAGE];
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (fstat(fd, &st) < 0)
		cannot(t, "its shared memory cannot be looked at: %s", strerror(errno));
	shms[object].r.seals = seals > 0 ? (uint32_t)seals : 0;
	shms[object].exact = (uint64_t)st.st_size;
	shms[object].is_file = true;
	if (shared_done(&shms[object], 0, (uint64_t)st.st_size))
		return;
	shared_begin(w, object, 0);
	for (off_t at = 0; at < st.st_size && (at = lseek(fd, at, SEEK_DATA)) >= 0; at += PAGE) {
		at &= ~(off_t)(PAGE - 1);
		memset(page, 0, sizeof page);
		if (pread(fd, page, PAGE, at) > 0 && !all_zero(page))
			page_out(w, (uint64_t)at, page);
	}
	shared_end(w, t);
}
void save_shared(struct writer *w)
{
	for (unsigned i = 0; i < n_shms; i++) {
		/* a mapping is of whole pages; how long the file is only the file says */
		if (shms[i].is_file && PAGE_UP(shms[i].exact) >= shms[i].r.size)
			shms[i].r.size = shms[i].exact;
		writer_record(w, SNAP_SHM, &shms[i].r, sizeof shms[i].r, NULL);
	}
}
/* --- mappings ------------------------------------------------------------------------------------------------------------- */
void ident_of(struct snap_ident *id, const struct stat *st)
{
	*id = (struct snap_ident){
		.dev = st->st_dev, .ino = st->st_ino, .size = (uint64_t)st->st_size, .mtime = st->st_mtim.tv_sec,
		.mtime_ns = st->st_mtim.tv_nsec, .mode = st->st_mode,
	};
}
static bool has(const struct vma *v, const char *flag) { return strstr(v->flags, flag) != NULL; }

static void refuse_kinds(const struct target *t, const struct vma *v)
{
	static const struct { const char *flag, *what; } no[] = {
		{ " ht", "huge pages of their own (MAP_HUGETLB)" }, { " io", "memory of a device" }, { " pf", "memory of a device" },
		{ " uw", "memory under userfaultfd" }, { " um", "memory under userfaultfd" },
	};
	for (unsigned i = 0; i < ARRAY_LEN(no); i++)
		if (has(v, no[i].flag))
			cannot(t, "it has %s mapped at %#llx (%s)", no[i].what, (unsigned long long)v->m.lo, *v->path ? v->path : "no file");
}
/* Mapped, and saved with its content as long as some descriptor of the tree has it (files.c) */
static bool is_nameless(const struct vma *v)
{
	return strstr(v->path, " (deleted)") && shared_known(v->dev, v->ino);
}
/* Whose file is it? Sets the mapping's flags; true: all of it is to be read. */
static bool judge_file(const struct target *t, struct vma *v)
{
	bool shared = v->m.flags & MAPPED_SHARED, zero = !strncmp(v->path, "/dev/zero", 9);
	struct stat st;

	bool nameless = shared && is_nameless(v);
	if (*v->path != '/' || zero || nameless || (shared && !strncmp(v->path, "/memfd:", 7))) {
		if (strncmp(v->path, "anon_inode:", 11) == 0)
			cannot(t, "it has a %s mapped at %#llx", v->path, (unsigned long long)v->m.lo);
		if (shared) {
			v->m.flags |= MAPPED_OBJECT;
			v->m.id = (struct snap_ident){ .ino = shared_of(&(struct stat){ .st_dev = v->dev, .st_ino = v->ino }, "shared") };
		}
		*v->path = 0;
		return false;
	}
	if (!stat(v->path, &st) && st.st_ino == v->ino && S_ISREG(st.st_mode)) {
		v->m.flags |= MAPPED_FILE;
		ident_of(&v->m.id, &st);
		return false;
	}
	if (shared)
		cannot(t, "it shares memory through %s, mapped at %#llx, which %s", v->path, (unsigned long long)v->m.lo,
		       strstr(v->path, " (deleted)") ? "has no name any more" : "is no regular file or has been replaced");
	*v->path = 0;
	return true;
}
static uint32_t flags_of(const struct vma *v)
{
	static const struct { const char *flag; uint32_t is; } of[] = {
		{ " gd", MAPPED_DOWN }, { " nr", MAPPED_NORESERVE }, { " lo", MAPPED_LOCKED }, { " dd", MAPPED_NODUMP },
		{ " dc", MAPPED_NOFORK }, { " wf", MAPPED_WIPE }, { " hg", MAPPED_HUGE }, { " nh", MAPPED_NOHUGE },
	};
	uint32_t f = 0;
	for (unsigned i = 0; i < ARRAY_LEN(of); i++)
		f |= has(v, of[i].flag) ? of[i].is : 0;
	return f;
}
static void piece_out(const struct target *t, struct writer *w, struct vma *v, int pagemap)
{
	bool whole;
	batch.apart = true;
	refuse_kinds(t, v);
	v->m.flags |= flags_of(v);
	whole = judge_file(t, v);
	writer_record(w, SNAP_MAP, &v->m, offsetof(struct snap_map, path), v->path);
	if (v->m.flags & MAPPED_FILE && v->m.flags & MAPPED_SHARED)
		return;
	if (v->m.flags & MAPPED_OBJECT) {
		shared_out(t, w, v);
		return;
	}
	if (whole)
		read_out(t, w, v->m.lo, (v->m.hi - v->m.lo) / PAGE);
	else if (v->rss || v->swap)
		pages_by_map(t, w, v, pagemap);
}
/* What of it is not guise's, piece by piece. */
static void vma_out(const struct target *t, struct writer *w, const struct vma *v, int pagemap)
{
	uint64_t at = v->m.lo;
	if (!strcmp(v->path, "[vdso]") || !strncmp(v->path, "[vvar", 5) || !strcmp(v->path, "[vsyscall]"))
		return;
	while (at < v->m.hi) {
		uint64_t lo = v->m.hi, hi = v->m.hi;
		for (unsigned i = 0; i < t->space.n_ours; i++)
			if (t->space.ours[i].hi > at && t->space.ours[i].lo < lo) {
				lo = t->space.ours[i].lo;
				hi = t->space.ours[i].hi;
			}
		if (lo > at) {
			struct vma piece = *v;
			piece.m.lo = at;
			piece.m.hi = lo;
			piece.m.offset += at - v->m.lo;
			piece_out(t, w, &piece, pagemap);
		}
		at = MAX(hi, at + 1);
	}
}
static bool take_line(struct vma *v, const char *line)
{
	unsigned long long lo, hi, off, ino, kb;
	unsigned major, minor;
	char prot[5];
	int at = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &lo, &hi, prot, &off, &major, &minor, &ino, &at) >= 7 && at) {
		size_t n = strcspn(line + at, "\n");
		*v = (struct vma){ .m = { .lo = lo, .hi = hi, .offset = off }, .dev = makedev(major, minor), .ino = ino };
		v->m.prot = (prot[0] == 'r' ? PROT_READ : 0) | (prot[1] == 'w' ? PROT_WRITE : 0) | (prot[2] == 'x' ? PROT_EXEC : 0);
		v->m.flags = prot[3] == 's' ? MAPPED_SHARED : 0;
		snprintf(v->path, sizeof v->path, "%.*s", (int)n, line + at);
	} else if (sscanf(line, "Rss: %llu", &kb) == 1) {
		v->rss = kb;
	} else if (sscanf(line, "Swap: %llu", &kb) == 1) {
		v->swap = kb;
	} else if (!strncmp(line, "VmFlags:", 8)) {
		snprintf(v->flags, sizeof v->flags, "%s", line + 8);
		return true;             /* the last of each */
	}
	return false;
}
static int pagemap_open(const struct target *t)
{
	char path[64];
	int fd;
	snprintf(path, sizeof path, "/proc/%d/pagemap", t->pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		cannot(t, "%s: %s", path, strerror(errno));
	batch_room();
	return fd;
}
void save_memory(const struct target *t, struct writer *w)
{
	static struct vma v;
	char path[64], *line = NULL;
	size_t room = 0;
	int pagemap = pagemap_open(t);
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/smaps", t->pid);
	if (!(f = fopen(path, "re")))
		cannot(t, "%s: %s", path, strerror(errno));
	while (getline(&line, &room, f) > 0)
		if (take_line(&v, line))
			vma_out(t, w, &v, pagemap);
	batch_out(w);
	free(line);
	fclose(f);
	close(pagemap);
}
/* Anonymous memory of the process's that is a machine's: by the machine's addresses. */
void save_range(const struct target *t, struct writer *w, uint64_t at, uint64_t len)
{
	static struct vma v;
	int pagemap = pagemap_open(t);
	v.m.lo = batch.base = at;
	v.m.hi = at + len;
	pages_by_map(t, w, &v, pagemap);
	batch_out(w);
	close(pagemap);
}
