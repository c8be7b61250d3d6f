/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From where a call was made (-k), without the program's help: the rules that its compiler left for exceptions
 * (.eh_frame, found by .eh_frame_hdr) are run on registers and a piece of the stack, both recorded with the call. Code
 * that has no rules is left by its frame pointer, or as a leaf if it is the first. Facts: DWARF 5, section 6.4, and the
 * Linux Standard Base, "DWARF extensions". A file and a stack may be hostile: every read is checked, every loop bounded.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/trace/symbols.h"
#include "tools/trace/unwind.h"

enum { D_RBX = 3, D_RBP = 6, D_RSP = 7, D_RIP = 16, STATES = 8 };
#define MOST_STEPS 100000                /* of the rules of one function */
#define LARGEST (512l << 20)

/* --- files -------------------------------------------------------------------------------------------------------- */
struct file { char *path; const uint8_t *bytes; uint64_t size; struct file *next; };

static const struct file *file_of(const char *path)
{
	static struct file *files;
	struct stat st;

	for (struct file *f = files; f; f = f->next)
		if (!strcmp(f->path, path))
			return f;
	struct file *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->path = strdup(path);
	f->next = files;
	files = f;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 64) {
		/* a copy: a file that is cut off while it is mapped would end us */
		uint8_t *p = st.st_size < LARGEST ? malloc((size_t)st.st_size) : NULL;
		if (p && pread(fd, p, (size_t)st.st_size, 0) == st.st_size)
			f->bytes = p, f->size = (uint64_t)st.st_size;
		else
			free(p);
	}
	if (fd >= 0)
		close(fd);
	return f;
}
static bool header(const struct file *f, unsigned i, Elf64_Phdr *ph)
{
	Elf64_Ehdr eh;
	if (f->size < sizeof eh)
		return false;
	memcpy(&eh, f->bytes, sizeof eh);
	uint64_t at = eh.e_phoff + (uint64_t)i * sizeof *ph;
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) || i >= eh.e_phnum || at > f->size || sizeof *ph > f->size - at)
		return false;
	memcpy(ph, f->bytes + at, sizeof *ph);
	return true;
}
/* The bytes that are linked at this address, and how many follow. */
static const uint8_t *linked(const struct file *f, uint64_t a, uint64_t *left)
{
	Elf64_Phdr ph;
	for (unsigned i = 0; header(f, i, &ph); i++)
		if (ph.p_type == PT_LOAD && a - ph.p_vaddr < ph.p_filesz && ph.p_offset <= f->size && ph.p_filesz <= f->size - ph.p_offset) {
			*left = ph.p_filesz - (a - ph.p_vaddr);
			return f->bytes + ph.p_offset + (a - ph.p_vaddr);
		}
	return NULL;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */
struct cursor { const uint8_t *p, *end; uint64_t at; bool bad; };        /* at: where p is linked */

static uint64_t fixed(struct cursor *c, unsigned n)
{
	uint64_t v = 0;
	if ((uint64_t)(c->end - c->p) < n) {
		c->bad = true;
		c->p = c->end;
		return 0;
	}
	memcpy(&v, c->p, n);
	c->p += n, c->at += n;
	return v;
}
static uint64_t leb(struct cursor *c, bool is_signed)
{
	uint64_t v = 0, b = 0x80;
	unsigned shift = 0;
	for (; b & 0x80 && !c->bad; shift += 7) {
		b = fixed(c, 1);
		if (shift < 64)
			v |= (b & 0x7f) << shift;
	}
	if (is_signed && shift < 64 && b & 0x40)
		v |= ~0ull << shift;
	return v;
}
/* A pointer by its encoding: DW_EH_PE_*; only those that compilers for x86-64 write */
static uint64_t pointer(struct cursor *c, unsigned how, uint64_t data)
{
	uint64_t here = c->at, v;
	switch (how & 15) {
	case 0: case 4: case 12: v = fixed(c, 8); break;
	case 2: v = fixed(c, 2); break;
	case 3: v = fixed(c, 4); break;
	case 10: v = (uint64_t)(int16_t)fixed(c, 2); break;
	case 11: v = (uint64_t)(int32_t)fixed(c, 4); break;
	default: c->bad = true; return 0;
	}
	return (how & 0x70) == 0x10 ? v + here : (how & 0x70) == 0x30 ? v + data : v;
}
static bool cursor_at(const struct file *f, uint64_t a, struct cursor *c)
{
	uint64_t left;
	const uint8_t *p = linked(f, a, &left);
	*c = (struct cursor){ p, p ? p + left : p, a, !p };
	return p != NULL;
}
/* The bytes of a CIE or FDE behind its length; id: what follows that. */
static bool entry(const struct file *f, uint64_t a, struct cursor *c, uint32_t *id, uint64_t *id_at)
{
	if (!cursor_at(f, a, c))
		return false;
	uint64_t len = fixed(c, 4);
	if (c->bad || !len || len == 0xffffffff || len > (uint64_t)(c->end - c->p))
		return false;
	c->end = c->p + len;
	*id_at = c->at;
	*id = (uint32_t)fixed(c, 4);
	return !c->bad;
}

/* --- the rules of a function -------------------------------------------------------------------------------------- */
enum { SAME, AT_CFA, IN_REGISTER, LOST };
struct rule { uint8_t how; uint8_t reg; int64_t off; };
struct rows { struct rule r[17]; unsigned cfa_reg; int64_t cfa_off; bool cfa_bad; };
struct fde {
	uint64_t from, size, code_align;
	int64_t data_align;
	unsigned ra, encoding;
	struct cursor first, then;       /* rules of the CIE, of the FDE */
};

static bool read_cie(const struct file *f, uint64_t a, struct fde *d)
{
	struct cursor c;
	uint32_t id;
	uint64_t id_at;
	char aug[8] = "";

	if (!entry(f, a, &c, &id, &id_at) || id)
		return false;
	unsigned version = (unsigned)fixed(&c, 1), n = 0;
	while (n < sizeof aug && (aug[n] = (char)fixed(&c, 1)))
		n++;
	if ((version != 1 && version != 3) || n == sizeof aug || (n && aug[0] != 'z'))
		return false;
	d->code_align = leb(&c, false);
	d->data_align = (int64_t)leb(&c, true);
	d->ra = (unsigned)(version == 1 ? fixed(&c, 1) : leb(&c, false));
	d->encoding = 0;
	uint64_t len = n ? leb(&c, false) : 0;
	struct cursor y = c;
	if (len > (uint64_t)(c.end - c.p))
		return false;
	for (unsigned i = 1; i < n; i++) {
		if (aug[i] == 'R')
			d->encoding = (unsigned)fixed(&y, 1);
		else if (aug[i] == 'P')
			pointer(&y, (unsigned)fixed(&y, 1), 0);
		else if (aug[i] == 'L')
			fixed(&y, 1);
	}
	c.p += len, c.at += len;
	d->first = c;
	return !c.bad && !y.bad && d->ra == D_RIP;
}
static bool read_fde(const struct file *f, uint64_t a, uint64_t pc, struct fde *d)
{
	struct cursor c;
	uint32_t id;
	uint64_t id_at;

	if (!entry(f, a, &c, &id, &id_at) || !id || !read_cie(f, id_at - id, d))
		return false;
	d->from = pointer(&c, d->encoding, 0);
	d->size = pointer(&c, d->encoding & 15, 0);
	uint64_t len = leb(&c, false);
	if (c.bad || len > (uint64_t)(c.end - c.p) || pc - d->from >= d->size)
		return false;
	c.p += len, c.at += len;
	d->then = c;
	return true;
}
/* The table of .eh_frame_hdr: pairs of four bytes each, sorted by address. */
static bool find_fde(const struct file *f, uint64_t pc, struct fde *d)
{
	Elf64_Phdr ph;
	struct cursor c;
	unsigned i = 0;

	while (header(f, i, &ph) && ph.p_type != PT_GNU_EH_FRAME)
		i++;
	if (!header(f, i, &ph) || !cursor_at(f, ph.p_vaddr, &c) || fixed(&c, 1) != 1)
		return false;
	unsigned frame = (unsigned)fixed(&c, 1), count = (unsigned)fixed(&c, 1), table = (unsigned)fixed(&c, 1);
	pointer(&c, frame, ph.p_vaddr);
	uint64_t n = pointer(&c, count, ph.p_vaddr), lo = 0;
	if (c.bad || table != 0x3b || n > (uint64_t)(c.end - c.p) / 8)
		return false;
	for (uint64_t hi = n; lo < hi;) {
		uint64_t mid = (lo + hi) / 2;
		int32_t at;
		memcpy(&at, c.p + mid * 8, 4);
		if (ph.p_vaddr + (uint64_t)(int64_t)at <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	int32_t at;
	if (!lo)
		return false;
	memcpy(&at, c.p + (lo - 1) * 8 + 4, 4);
	return read_fde(f, ph.p_vaddr + (uint64_t)(int64_t)at, pc, d);
}
static void set(struct rows *r, uint64_t reg, unsigned how, int64_t off)
{
	if (reg < ARRAY_LEN(r->r))
		r->r[reg] = (struct rule){ (uint8_t)how, 0, off };
}
/* Runs rules up to where pc is. start: what restore brings back. */
static bool run_rules(const struct fde *d, struct cursor c, uint64_t pc, struct rows *r, const struct rows *start)
{
	struct rows kept[STATES];
	unsigned n_kept = 0;
	uint64_t at = d->from, reg;

	for (unsigned step = 0; c.p < c.end && !c.bad; step++) {
		unsigned op = (unsigned)fixed(&c, 1), low = op & 63;
		if (step > MOST_STEPS)
			return false;
		switch (op >> 6) {
		case 1: at += low * d->code_align; goto moved;
		case 2: set(r, low, AT_CFA, (int64_t)(leb(&c, false) * (uint64_t)d->data_align)); continue;
		case 3: if (low < ARRAY_LEN(r->r)) r->r[low] = start->r[low]; continue;
		}
		switch (op) {
		case 0x00: continue;
		case 0x01: at = pointer(&c, d->encoding, 0); goto moved;
		case 0x02: at += fixed(&c, 1) * d->code_align; goto moved;
		case 0x03: at += fixed(&c, 2) * d->code_align; goto moved;
		case 0x04: at += fixed(&c, 4) * d->code_align; goto moved;
		case 0x05: reg = leb(&c, false); set(r, reg, AT_CFA, (int64_t)(leb(&c, false) * (uint64_t)d->data_align)); continue;
		case 0x11: reg = leb(&c, false); set(r, reg, AT_CFA, (int64_t)(leb(&c, true) * (uint64_t)d->data_align)); continue;
		case 0x06: reg = leb(&c, false); if (reg < ARRAY_LEN(r->r)) r->r[reg] = start->r[reg]; continue;
		case 0x07: set(r, leb(&c, false), LOST, 0); continue;
		case 0x08: set(r, leb(&c, false), SAME, 0); continue;
		case 0x09: reg = leb(&c, false); set(r, reg, IN_REGISTER, (int64_t)leb(&c, false)); continue;
		case 0x0a: if (n_kept == STATES) return false; kept[n_kept++] = *r; continue;
		case 0x0b: if (!n_kept) return false; *r = kept[--n_kept]; continue;
		case 0x0c: r->cfa_reg = (unsigned)leb(&c, false); r->cfa_off = (int64_t)leb(&c, false); r->cfa_bad = false; continue;
		case 0x12: r->cfa_reg = (unsigned)leb(&c, false); r->cfa_off = (int64_t)leb(&c, true) * d->data_align; r->cfa_bad = false; continue;
		case 0x0d: r->cfa_reg = (unsigned)leb(&c, false); continue;
		case 0x0e: r->cfa_off = (int64_t)leb(&c, false); continue;
		case 0x13: r->cfa_off = (int64_t)(leb(&c, true) * (uint64_t)d->data_align); continue;
		case 0x2e: leb(&c, false); continue;
		case 0x0f: r->cfa_bad = true; reg = leb(&c, false); goto skip;   /* an expression: only stubs and signal frames */
		case 0x10: case 0x16: set(r, leb(&c, false), LOST, 0); reg = leb(&c, false); goto skip;
		default: return false;
		}
skip:
		if (reg > (uint64_t)(c.end - c.p))
			return false;
		c.p += reg, c.at += reg;
		continue;
moved:
		if (at > pc)
			return true;
	}
	return !c.bad;
}

/* --- frames ------------------------------------------------------------------------------------------------------- */
struct frame { uint64_t reg[17]; const struct stack_piece *stack; uint64_t size; };

static bool word(const struct frame *f, uint64_t a, uint64_t *v)
{
	uint64_t off = a - f->stack->reg[D_RSP];
	if (off > f->size || f->size - off < 8)
		return false;
	memcpy(v, f->stack->bytes + off, 8);
	return true;
}
static bool by_rules(const struct file *file, uint64_t pc, struct frame *f)
{
	struct fde d;
	struct rows r = { .cfa_bad = false }, start;
	uint64_t reg[17];

	if (!file->bytes || !find_fde(file, pc, &d))
		return false;
	start = r;
	if (!run_rules(&d, d.first, ~0ull, &r, &start))
		return false;
	start = r;
	if (!run_rules(&d, d.then, pc, &r, &start) || r.cfa_bad || r.cfa_reg > D_RIP)
		return false;
	uint64_t cfa = f->reg[r.cfa_reg] + (uint64_t)r.cfa_off;
	memcpy(reg, f->reg, sizeof reg);
	for (unsigned i = 0; i < 17; i++) {
		if (r.r[i].how == AT_CFA && !word(f, cfa + (uint64_t)r.r[i].off, &reg[i]))
			return false;
		if (r.r[i].how == IN_REGISTER && r.r[i].off < 17)
			reg[i] = f->reg[r.r[i].off];
	}
	if (r.r[D_RIP].how == LOST)
		return false;                    /* here it all began */
	reg[D_RSP] = cfa;
	memcpy(f->reg, reg, sizeof reg);
	return true;
}
static bool by_pointer(struct frame *f)
{
	uint64_t fp = f->reg[D_RBP], up, ra;
	if (fp < f->reg[D_RSP] || !word(f, fp, &up) || !word(f, fp + 8, &ra))
		return false;
	f->reg[D_RSP] = fp + 16, f->reg[D_RBP] = up, f->reg[D_RIP] = ra;
	return true;
}
unsigned unwind(const struct process *p, const struct piece *piece, uint64_t *pc, unsigned most)
{
	struct frame f = { .stack = (const struct stack_piece *)piece->bytes };
	unsigned n = 0;

	if (piece->len < sizeof *f.stack)
		return 0;
	f.size = piece->len - sizeof *f.stack;
	memcpy(f.reg, f.stack->reg, sizeof f.reg);
	while (n < most) {
		uint64_t linked_at, before = f.reg[D_RSP], ra;
		/* a return address stands behind its call, which may be the last of its function */
		const char *path = symbol_file(p, f.reg[D_RIP] - (n != 0), &linked_at);
		bool ok = path && by_rules(file_of(path), linked_at, &f);
		if (!ok && path && !n && word(&f, before, &ra) && symbol_file(p, ra, &linked_at))
			f.reg[D_RIP] = ra, f.reg[D_RSP] = before + 8, ok = true;
		if (!ok && !(path && by_pointer(&f)))
			return n;
		if (f.reg[D_RSP] <= before || !symbol_file(p, f.reg[D_RIP], &linked_at))
			return n;
		pc[n++] = f.reg[D_RIP];
	}
	return n;
}
