/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writing a snapshot: into a file without a name (O_TMPFILE), which gets one only when it is whole and on the disk. Whatever
 * ends us earlier leaves the old file, if there was one, and nothing else. Where the file system has no such files it is one
 * beside the wanted one, and only SIGKILL leaves it there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include "tools/snapshot/snapshot.h"

#define RECORDS_FULL (4ul << 20)
#define LEVEL 1                          /* of zstd: three quarters of what level 3 saves, in a third of the time */

struct writer {
	int fd;
	const char *name;
	char *made;                      /* the file's name meanwhile */
	bool nameless;                   /* it has none */
	uint64_t at;
	unsigned member;
	struct snapfile_section *section;
	unsigned n, room;
	char *records;
	size_t n_records, room_records;
	ZSTD_CCtx *zstd;
	void *packed;
	size_t room_packed;
};
static char *half;                               /* to be removed at our end */

static void remove_half(void)
{
	if (half)
		unlink(half);
	half = NULL;
}
static void *must(void *p)
{
	if (!p)
		refuse("no memory to write the snapshot with");
	return p;
}
static int open_nameless(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *dir = slash ? strndup(name, (size_t)(slash - name) + 1) : strdup(".");
	int fd = open(must(dir), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	free(dir);
	return fd;
}
struct writer *writer_new(const char *name)
{
	static struct writer w;
	struct stat st;

	if (!stat(name, &st) && !S_ISREG(st.st_mode))
		refuse("%s is no regular file; -o wants the name of a file to make", name);
	w.name = name;
	if (asprintf(&w.made, "%s.XXXXXX", name) < 0)
		must(NULL);
	w.nameless = (w.fd = open_nameless(name)) >= 0;
	if (!w.nameless && (w.fd = mkostemp(w.made, O_CLOEXEC)) < 0)
		refuse("%s: %s; -o wants a file in a directory that can be written to", name, strerror(errno));
	half = w.nameless ? NULL : w.made;
	atexit(remove_half);
	w.zstd = must(ZSTD_createCCtx());
	w.at = sizeof(struct snapfile_head);
	return &w;
}
static void put(struct writer *w, const void *p, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pwrite(w->fd, (const char *)p + done, n - done, (off_t)(at + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			refuse("%s: %s; nothing is left of it", w->name, strerror(errno));
		done += (size_t)r;
	}
}
unsigned writer_section(struct writer *w, unsigned kind, const void *p, size_t n, bool pack)
{
	struct snapfile_section s = { .kind = kind, .at = w->at, .stored = n, .plain = n };
	size_t most = ZSTD_compressBound(n);

	if (n > SNAPFILE_PLAIN || w->n == SNAPFILE_SECTIONS)
		refuse("%s: there is more to save than its format holds", w->name);
	if (pack && most > w->room_packed) {
		w->packed = must(realloc(w->packed, most));
		w->room_packed = most;
	}
	size_t small = pack ? ZSTD_compressCCtx(w->zstd, w->packed, w->room_packed, p, n, LEVEL) : n;
	if (!ZSTD_isError(small) && small < n) {
		s.flags = SECTION_ZSTD;
		s.stored = small;
		p = w->packed;
	}
	s.flags |= w->member << SECTION_MEMBER;
	s.sum = snapfile_sum(p, s.stored, 0);
	put(w, p, s.stored, s.at);
	if (w->n == w->room) {
		w->room = w->room ? 2 * w->room : 64;
		w->section = must(realloc(w->section, w->room * sizeof *w->section));
	}
	w->section[w->n] = s;
	w->at += s.stored;
	return w->n++;
}
static void flush_records(struct writer *w)
{
	if (w->n_records)
		writer_section(w, SECTION_RECORDS, w->records, w->n_records, true);
	w->n_records = 0;
}
void writer_member(struct writer *w, unsigned member)
{
	flush_records(w);
	w->member = member;
}
static char *room_for(struct writer *w, size_t n)
{
	if (w->n_records && w->n_records + n > RECORDS_FULL)
		flush_records(w);
	if (w->n_records + n > w->room_records) {
		w->room_records = MAX(2 * w->room_records, w->n_records + n);
		w->records = must(realloc(w->records, w->room_records));
	}
	memset(w->records + w->n_records, 0, n);
	w->n_records += n;
	return w->records + w->n_records - n;
}
void writer_record(struct writer *w, unsigned kind, const void *p, size_t n, const char *text)
{
	size_t more = text ? strlen(text) + 1 : 0;
	struct snap_head h = { kind, (uint32_t)(n + more) };
	char *to = room_for(w, sizeof h + ((n + more + 7) & ~7ul));
	memcpy(to, &h, sizeof h);
	memcpy(to + sizeof h, p, n);
	memcpy(to + sizeof h + n, text ? text : "", more);
}
void writer_records(struct writer *w, const void *p, size_t n)
{
	for (size_t at = 0, size; at < n; at += size) {
		const struct snap_head *h = (const void *)((const char *)p + at);
		size = sizeof *h + ((h->size + 7ul) & ~7ul);
		memcpy(room_for(w, size), h, size);
	}
}
/* A file without a name cannot replace one: it takes one beside it first. */
static bool give_name(struct writer *w)
{
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", w->fd);
	for (int i = 0; w->nameless && i < 100; i++) {
		snprintf(w->made + strlen(w->name), 8, ".%06d", (getpid() + i) % 1000000);
		if (!linkat(AT_FDCWD, link, AT_FDCWD, w->made, AT_SYMLINK_FOLLOW)) {
			w->nameless = false;
			half = w->made;
		} else if (errno != EEXIST) {
			return false;
		}
	}
	return !w->nameless && rename(w->made, w->name) == 0;
}
uint64_t writer_done(struct writer *w)
{
	size_t size = w->n * sizeof *w->section;
	flush_records(w);
	size = w->n * sizeof *w->section;
	struct snapfile_head h = {
		.magic = SNAPFILE_MAGIC, .version = SNAPFILE_VERSION, .head_size = sizeof h, .size = w->at + size, .table_at = w->at,
		.n_sections = w->n, .table_sum = snapfile_sum(w->section, size, 0),
	};
	h.head_sum = snapfile_sum(&h, offsetof(struct snapfile_head, head_sum), 0);
	put(w, w->section, size, w->at);
	put(w, &h, sizeof h, 0);
	if (fsync(w->fd) < 0 || !give_name(w))
		refuse("%s: %s; nothing is left of it", w->name, strerror(errno));
	half = NULL;
	close(w->fd);
	return h.size;
}
