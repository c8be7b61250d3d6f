/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The raw file (--raw): records as the rings held them, in the order of time, for `guise trace --read`. Everything is
 * in the byte order and layouts of the machine that wrote it; rows are not in it, so a reader must have the same ones,
 * which the head's fingerprint of all tables tells.
 *
 *   file:   struct raw_head, then chunks
 *   chunk:  struct raw_chunk, then `bytes` of items; its checksum covers both: it is against accidents, and taken at each call's expense,
 *           so it is a multiplication for 8 bytes, not a CRC
 *   item:   u32 ring, u32 0, then the record (ring.h)
 * The last chunk has no items and says so (RAW_END): a file without it was cut off, or its writer was killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

#define RAW_MAGIC "guise raw trace\n"
#define CHUNK_MAGIC 0x4b4e5543u
#define CHUNK_ROOM (256 * 1024u)
enum { RAW_END = 1 };

struct raw_head { char magic[16]; uint32_t version, tables; int64_t wall_offset; uint64_t tsc; };
struct raw_chunk { uint32_t magic, bytes, flags, sum; uint64_t serial; struct clock clock; };
_Static_assert(sizeof(struct raw_head) == 40 && sizeof(struct raw_chunk) == 64, "part of the format");

struct raw {
	struct out *out;
	uint64_t serial;
	bool begun, ended;
	uint32_t len;
	struct { struct raw_chunk head; char items[CHUNK_ROOM]; } chunk;
};

/* Every row of every system: name, argument kinds, result. */
static uint32_t fingerprint(void)
{
	uint32_t crc = RING_VERSION;
	for (EACH_SYSTEM(p))
		for (unsigned t = 0; t < (*p)->n_tab; t++)
			for (unsigned i = 0; i < (*p)->tab[t].n; i++) {
				const struct row *r = &(*p)->tab[t].row[i];
				if (!r->name)
					continue;
				crc = (uint32_t)crc32(crc, (const void *)r->name, (unsigned)strlen(r->name));
				for (int k = 0; k < 8 && r->arg[k].kind; k++)
					crc = (uint32_t)crc32(crc, (const void *)&r->arg[k].kind, 2);
			}
	return crc;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */
struct raw *raw_new(int fd, const char *name)
{
	struct raw *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	r->out = out_new(fd, name);
	return r;
}
static uint64_t mixed(uint64_t sum, const char *p, size_t n)
{
	for (; n; p += MIN(n, 8u), n -= MIN(n, 8u)) {
		uint64_t word = 0;
		memcpy(&word, p, n < 8 ? n : 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
		sum ^= sum >> 29;
	}
	return sum;
}
static uint32_t checksum(const struct raw_chunk *c, const char *items)
{
	struct raw_chunk plain = *c;
	plain.sum = 0;
	uint64_t sum = mixed(mixed(1, (const void *)&plain, sizeof plain), items, c->bytes);
	return (uint32_t)(sum ^ sum >> 32);
}
static void put_chunk(struct raw *r, const struct clock *now, uint32_t flags)
{
	struct raw_chunk *c = &r->chunk.head;
	if (!r->begun) {
		struct raw_head h = { RAW_MAGIC, RING_VERSION, fingerprint(), wall_offset, now->tsc };
		out_bytes(r->out, &h, sizeof h);
		r->begun = true;
	}
	memset(c, 0, sizeof *c);
	c->magic = CHUNK_MAGIC, c->bytes = r->len, c->flags = flags, c->serial = r->serial++;
	c->clock.t0 = now->t0, c->clock.ns0 = now->ns0, c->clock.t1 = now->t1, c->clock.ns1 = now->ns1, c->clock.tsc = now->tsc;
	c->sum = checksum(c, r->chunk.items);
	out_bytes(r->out, c, sizeof *c + r->len);
	r->len = 0;
}
void raw_entry(struct raw *r, unsigned ring, const struct entry *e, const struct clock *now)
{
	if (r->ended)
		return;
	if (r->len + 8 + e->size > CHUNK_ROOM)
		put_chunk(r, now, 0);
	memcpy(r->chunk.items + r->len, &(uint32_t[2]){ ring, 0 }, 8);
	memcpy(r->chunk.items + r->len + 8, e, e->size);
	r->len += 8 + e->size;
}
void raw_flush(struct raw *r, const struct clock *now)
{
	if (r->len)
		put_chunk(r, now, 0);
	out_flush(r->out);
}
void raw_finish(struct raw *r, const struct clock *now)
{
	if (r->ended)
		return;
	raw_flush(r, now);
	put_chunk(r, now, RAW_END);
	r->ended = true;
	out_flush(r->out);
}

/* --- reading: nothing in the file is believed before it was checked ----------------------------------------------- */
static const char *feed_chunk(const struct raw_chunk *c, const char *items)
{
	for (uint32_t at = 0; at < c->bytes;) {
		uint32_t ring;
		if (c->bytes - at < 8)
			return "holds a piece of a record";
		memcpy(&ring, items + at, 4);
		const struct entry *e = (const void *)(items + at + 8);
		if (ring >= RINGS || !entry_fits(e, c->bytes - at - 8))
			return "holds a record that is none";
		events_feed(ring, e, clock_ns(&c->clock, e->time));
		at += 8 + e->size;
	}
	return NULL;
}
static int complain(const char *name, const char *what)
{
	fprintf(stderr, "guise: %s: %s\n", name, what);
	return EXIT_OURS;
}
int raw_read(const char *name)
{
	struct stat st;
	int fd = open(name, O_RDONLY | O_CLOEXEC), status = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		refuse("%s: %s; --read wants a file that --raw wrote", name, strerror(errno));
	const char *f = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : "";
	if (f == MAP_FAILED)
		refuse("%s: %s; --read wants a file that --raw wrote", name, strerror(errno));
	size_t size = (size_t)st.st_size, at = sizeof(struct raw_head);
	const struct raw_head *h = (const void *)f;

	if (size < sizeof *h || memcmp(h->magic, RAW_MAGIC, sizeof h->magic))
		return complain(name, "this is no file that guise trace --raw wrote");
	if (h->version != RING_VERSION || h->tables != fingerprint())
		return complain(name, "another version of guise wrote this; read it with that one");
	wall_offset = h->wall_offset;
	events_begin();
	uint64_t serial = 0, last = 0;
	for (bool end = false; !end;) {
		const struct raw_chunk *c = (const void *)(f + at);
		const char *wrong = NULL;
		if (size - at < sizeof *c || c->bytes > size - at - sizeof *c)
			wrong = "ends too early: it was cut off, or its writer was killed; what is whole was read";
		else if (c->magic != CHUNK_MAGIC || c->sum != checksum(c, (const char *)(c + 1)) || c->serial != serial++)
			wrong = "is damaged: a checksum is wrong; what stands before was read";
		else if (c->clock.tsc && c->clock.t1 == c->clock.t0)
			wrong = "is damaged: its clock stands still";
		else
			wrong = feed_chunk(c, (const char *)(c + 1));
		if (wrong) {
			status = complain(name, wrong);
			break;
		}
		last = c->clock.ns1;
		end = c->flags & RAW_END;
		at += sizeof *c + c->bytes;
		if (end && at != size)
			status = complain(name, "has something behind its end, which was not read");
	}
	events_finish(last);
	return status;
}
