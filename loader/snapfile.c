/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See snapfile.h. Nothing is mapped (a file that is cut while it is read would be a SIGBUS); buffers are mappings of
 * their own, so that libc's heap, which becomes ours beside a guest, stays small.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include "loader/snapfile.h"

#define CHUNK (1ul << 20)

/* --- the checksum: XXH64 (Yann Collet's), which is quick and finds accidents; a forger it does not keep out --------- */
#define P1 0x9e3779b185ebca87ull
#define P2 0xc2b2ae3d27d4eb4full
#define P3 0x165667b19e3779f9ull
#define P4 0x85ebca77c2b2ae63ull
#define P5 0x27d4eb2f165667c5ull

static uint64_t rotl(uint64_t x, int r) { return x << r | x >> (64 - r); }
static uint64_t mix(uint64_t acc, uint64_t in) { return rotl(acc + in * P2, 31) * P1; }
static uint64_t merge(uint64_t acc, uint64_t v) { return (acc ^ mix(0, v)) * P1 + P4; }
static uint64_t word64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}
uint64_t snapfile_sum(const void *data, size_t n, uint64_t seed)
{
	const uint8_t *p = data, *end = p + n;
	uint64_t h = seed + P5;
	uint32_t w;

	if (n >= 32) {
		uint64_t v[4] = { seed + P1 + P2, seed + P2, seed, seed - P1 };
		for (; end - p >= 32; p += 32)
			for (int i = 0; i < 4; i++)
				v[i] = mix(v[i], word64(p + 8 * i));
		h = rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18);
		for (int i = 0; i < 4; i++)
			h = merge(h, v[i]);
	}
	h += n;
	for (; end - p >= 8; p += 8)
		h = rotl(h ^ mix(0, word64(p)), 27) * P1 + P4;
	for (; end - p >= 4; p += 4) {
		memcpy(&w, p, 4);
		h = rotl(h ^ w * P1, 23) * P2 + P3;
	}
	for (; p < end; p++)
		h = rotl(h ^ *p * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}
/* --- reading ---------------------------------------------------------------------------------------------------------- */
static bool __attribute__((format(printf, 2, 3))) bad(struct snapfile *f, const char *text, ...)
{
	va_list ap;
	va_start(ap, text);
	vsnprintf(f->why, sizeof f->why, text, ap);
	va_end(ap);
	return false;
}
static bool read_at(struct snapfile *f, void *to, size_t n, uint64_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pread(f->fd, (char *)to + done, n - done, (off_t)(at + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return bad(f, "it cannot be read: %s", strerror(errno));
		if (!r)
			return bad(f, "it ends too early, at byte %llu: it was cut", (unsigned long long)(at + done));
		done += (size_t)r;
	}
	return true;
}
static void *buffer(size_t n)
{
	void *p = mmap(NULL, n ? n : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}
static size_t table_size(const struct snapfile *f) { return f->head.n_sections * sizeof *f->section; }

static bool head_is_right(struct snapfile *f, uint64_t size)
{
	const struct snapfile_head *h = &f->head;

	if (memcmp(h->magic, SNAPFILE_MAGIC, sizeof h->magic))
		return bad(f, "it is no snapshot of guise: it does not begin with \"%s\"", SNAPFILE_MAGIC);
	if (h->version != SNAPFILE_VERSION)
		return bad(f, "its format has version %u; this guise reads version %d: take the guise that wrote it", h->version,
			   SNAPFILE_VERSION);
	if (h->head_sum != snapfile_sum(h, offsetof(struct snapfile_head, head_sum), 0))
		return bad(f, "the checksum of its head is wrong: it was edited or damaged");
	if (h->head_size != sizeof *h || h->zero || h->n_sections > SNAPFILE_SECTIONS || h->table_at > h->size ||
	    h->size - h->table_at != table_size(f))
		return bad(f, "its head is no head that guise writes");
	if (h->size != size)
		return bad(f, "it has %llu bytes and says that it had %llu: it was cut or added to", (unsigned long long)size,
			   (unsigned long long)h->size);
	return true;
}
static bool table_is_right(struct snapfile *f)
{
	uint64_t at = sizeof f->head, records = 0;

	if (f->head.table_sum != snapfile_sum(f->section, table_size(f), 0))
		return bad(f, "the checksum of its table of sections is wrong: it was edited or damaged");
	for (unsigned i = 0; i < f->head.n_sections; i++) {
		const struct snapfile_section *s = &f->section[i];
		if (s->at != at || s->stored > f->head.table_at - at || s->plain > SNAPFILE_PLAIN || (s->flags & ((1u << SECTION_MEMBER) - 1)) > SECTION_ZSTD ||
		    (!(s->flags & SECTION_ZSTD) && s->plain != s->stored) || s->stored > 2 * SNAPFILE_PLAIN)
			return bad(f, "section %u is not where, or not as long as, guise writes it", i);
		if (s->kind == SECTION_RECORDS && (records += s->plain) > SNAPFILE_RECORDS)
			return bad(f, "its records take more than %lu MiB", SNAPFILE_RECORDS >> 20);
		at += s->stored;
	}
	return at == f->head.table_at || bad(f, "there are bytes in it that belong to no section");
}
bool snapfile_open(struct snapfile *f, int fd)
{
	struct stat st;

	*f = (struct snapfile){ .fd = fd };
	if (fstat(fd, &st) < 0)
		return bad(f, "it cannot be read: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return bad(f, "it is no regular file");
	if (!read_at(f, &f->head, (size_t)st.st_size < sizeof f->head ? (size_t)st.st_size : sizeof f->head, 0))
		return false;
	if ((size_t)st.st_size < sizeof f->head)
		return bad(f, memcmp(f->head.magic, SNAPFILE_MAGIC, 8) ? "it is no snapshot of guise: it does not begin with \"%s\"" :
			   "it ends within its head%s: it was cut", memcmp(f->head.magic, SNAPFILE_MAGIC, 8) ? SNAPFILE_MAGIC : "");
	if (!head_is_right(f, (uint64_t)st.st_size))
		return false;
	if (!(f->section = buffer(table_size(f))))
		return bad(f, "no memory for its table of sections");
	return read_at(f, f->section, table_size(f), f->head.table_at) && table_is_right(f);
}
static uint8_t *stored, *plain;                  /* of the section last read; 2 and 1 times the most */

void snapfile_close(struct snapfile *f)
{
	if (stored)
		munmap(stored, 2 * SNAPFILE_PLAIN);
	if (plain)
		munmap(plain, SNAPFILE_PLAIN);
	stored = plain = NULL;
	if (f->section)
		munmap(f->section, table_size(f) ? table_size(f) : 1);
	f->section = NULL;
}
static bool stored_read(struct snapfile *f, unsigned i)
{
	const struct snapfile_section *s = &f->section[i];
	if (!stored && (!(stored = buffer(2 * SNAPFILE_PLAIN)) || !(plain = buffer(SNAPFILE_PLAIN))))
		return bad(f, "no memory to read it with");
	if (!read_at(f, stored, s->stored, s->at))
		return false;
	return s->sum == snapfile_sum(stored, s->stored, 0) ||
	       bad(f, "the checksum of section %u is wrong (bytes %llu to %llu): it was edited or damaged", i,
		   (unsigned long long)s->at, (unsigned long long)(s->at + s->stored));
}
bool snapfile_verify(struct snapfile *f)
{
	for (unsigned i = 0; i < f->head.n_sections; i++)
		if (!stored_read(f, i))
			return false;
	return true;
}
const uint8_t *snapfile_section(struct snapfile *f, unsigned i)
{
	const struct snapfile_section *s = &f->section[i];
	if (i >= f->head.n_sections) {
		bad(f, "it has no section %u", i);
		return NULL;
	}
	if (!stored_read(f, i))
		return NULL;
	if (!(s->flags & SECTION_ZSTD))
		return stored;
	size_t n = ZSTD_decompress(plain, s->plain, stored, s->stored);
	if (!ZSTD_isError(n) && n == s->plain)
		return plain;
	bad(f, "section %u cannot be unpacked: %s", i, ZSTD_isError(n) ? ZSTD_getErrorName(n) : "it is shorter than it says");
	return NULL;
}
