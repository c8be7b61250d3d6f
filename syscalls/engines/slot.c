/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A slot is a few instructions that do what is left to do of a call site and jump to entry_jump. Its code never
 * changes: a chunk of slots is filled once, before it becomes executable, and what differs from site to site lies beside
 * the code as data. So no page of ours is ever writable and executable. The first chunk is part of our image (slots.S).
 *
 *    0 mov nr(%rip),%eax   6 mov %rcx,%r10   9 mov ret(%rip),%rcx   16 jmp *%gs:entry   24 mov nr(%rip),%eax   30 jmp 9
 */
#include <sys/mman.h>
#include "host.h"
#include "engines/slot.h"

#define SLOT 32ul
#define SLOTS 256u                       /* of a chunk */
#define CODE (SLOT * SLOTS)              /* of a chunk; then comes its data */
#define CHUNK (CODE + PAGE)
#define REACH 0x7f000000l                /* of a jump, with some to spare */
#define NOBODY 0xffffu

struct slot_data { uint64_t ret; uint32_t nr, pad; };
struct chunk {
	uaddr code, data;
	unsigned used;           /* every slot below was, once */
	uint16_t owner[SLOTS];
};
extern char __start_guise_slots[], __stop_guise_slots[];
extern struct slot_data slots_data[SLOTS];

_Static_assert(sizeof(struct slot_data) * SLOTS == PAGE, "a chunk's data is one page");
_Static_assert(offsetof(struct thread, entry) < 256, "one byte below");

static struct chunk chunks[24] SPARSE;
static unsigned n_chunks;

static void put32(uint8_t *at, uint64_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}
static struct slot_data *data_of(const struct chunk *c, unsigned i) { return (struct slot_data *)c->data + i; }

static void fill(const struct chunk *c, unsigned i)
{
	static const uint8_t code[SLOT] = {
		0x8b, 0x05, 0, 0, 0, 0, 0x49, 0x89, 0xca, 0x48, 0x8b, 0x0d, 0, 0, 0, 0,
		0x65, 0xff, 0x24, 0x25, offsetof(struct thread, entry), 0, 0, 0, 0x8b, 0x05, 0, 0, 0, 0, 0xeb, 0xe9,
	};
	uint8_t *slot = (uint8_t *)(c->code + i * SLOT);
	uint64_t nr = (uint64_t)&data_of(c, i)->nr - (uint64_t)slot;
	uint64_t ret = (uint64_t)&data_of(c, i)->ret - (uint64_t)slot;

	memcpy(slot, code, SLOT);
	put32(slot + 2, nr - 6);
	put32(slot + 12, ret - 16);
	put32(slot + 26, nr - 30);
}
static bool in_reach(const struct chunk *c, uaddr a)
{
	int64_t d = (int64_t)(c->code - a);
	return d < REACH && d > -REACH;
}
static uaddr map_at(uaddr want)
{
	long a = want < 0x10000 ? 0 : host(SYS_mmap, want, CHUNK, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (a > 0 && (uaddr)a != want)
		host(SYS_munmap, a, CHUNK);
	return (uaddr)a == want ? want : 0;
}
/* Below the code first, and above it far away: what lies above a program is its break's to grow into. */
static uaddr place(uaddr lo, uaddr hi)
{
	uaddr a = 0;
	for (uaddr d = 1ul << 20; !a && d < REACH / 2; d += 16ul << 20) {
		a = lo > d + CHUNK ? map_at(PAGE_DOWN(lo) - d - CHUNK) : 0;
		if (!a)
			a = map_at(PAGE_UP(hi) + d + (1ul << 30));
	}
	return a;
}
static struct chunk *chunk_begun(uaddr code, uaddr data)
{
	struct chunk *c = &chunks[n_chunks];
	c->code = code;
	c->data = data;
	c->used = 0;
	memset(c->owner, 0xff, sizeof c->owner);
	return c;
}
static struct chunk *chunk_new(struct thread *t, uaddr lo, uaddr hi)
{
	uaddr code = n_chunks < ARRAY_LEN(chunks) ? place(lo, hi) : 0;
	if (!code)
		return NULL;
	struct chunk *c = chunk_begun(code, code + CODE);
	for (unsigned i = 0; i < SLOTS; i++)
		fill(c, i);
	if (!mem_claim_try(t->p->space, c->code, c->code + CHUNK) ||
	    host(SYS_mprotect, c->code, CODE, PROT_READ | PROT_EXEC) < 0) {
		host(SYS_munmap, c->code, CHUNK);
		return NULL;
	}
	__atomic_store_n(&n_chunks, n_chunks + 1, __ATOMIC_RELEASE);
	return c;
}
static unsigned first_free(const struct chunk *c)
{
	unsigned i = 0;
	while (i < c->used && c->owner[i] != NOBODY)
		i++;
	return i;
}
int slot_take(struct thread *t, uaddr at, uaddr lo, uaddr hi, unsigned owner)
{
	struct chunk *c = NULL;
	if (!n_chunks) {
		chunk_begun((uaddr)__start_guise_slots, (uaddr)slots_data);
		__atomic_store_n(&n_chunks, 1, __ATOMIC_RELEASE);
	}
	for (unsigned i = 0; i < n_chunks && !c; i++)
		if (first_free(&chunks[i]) < SLOTS && in_reach(&chunks[i], at))
			c = &chunks[i];
	if (!c)
		c = chunk_new(t, lo, hi);
	if (!c || !in_reach(c, at))
		return -1;
	unsigned i = first_free(c);
	c->owner[i] = (uint16_t)owner;
	c->used = MAX(c->used, i + 1);
	return (int)((unsigned)(c - chunks) * SLOTS + i);
}
void slot_set(int slot, uaddr ret, uint32_t nr)
{
	struct slot_data *d = data_of(&chunks[(unsigned)slot / SLOTS], (unsigned)slot % SLOTS);
	d->ret = ret;
	d->nr = nr;
}
void slot_drop(int slot) { chunks[(unsigned)slot / SLOTS].owner[(unsigned)slot % SLOTS] = NOBODY; }

uaddr slot_addr(int slot) { return chunks[(unsigned)slot / SLOTS].code + (unsigned)slot % SLOTS * SLOT; }

bool slot_of(uaddr rip, unsigned *owner, unsigned *step)
{
	for (unsigned i = 0, n = __atomic_load_n(&n_chunks, __ATOMIC_ACQUIRE); i < n; i++) {
		uaddr off = rip - chunks[i].code;
		if (off < CODE && chunks[i].owner[off / SLOT] != NOBODY) {
			*owner = chunks[i].owner[off / SLOT];
			*step = off % SLOT;
			return true;
		}
	}
	return false;
}
