/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What each boot protocol hands over: a structure in memory, and the registers at the first instruction. All lies in one
 * area that the program may overwrite when it has read it. Facts as in loader/bare.c.
 *
 * For a plain ELF no specification says anything. A 32-bit one starts as PVH says. A 64-bit one starts in long mode, all
 * physical addresses below 4 GiB being mapped to themselves, with PVH's structure in rdi and a small stack.
 */
#include "loader/image.h"
#include "metal.h"

#define STACK_SIZE 4096ull
#define APIC_ENABLED 0x800ull
enum { SEL_CODE = 0x08, SEL_DATA = 0x10, SEL_CODE64 = 0x18, SEL_LINUX_CODE = 0x10, SEL_LINUX_DATA = 0x18 };
#define GDT_CODE32 0x00cf9b000000ffffull
#define GDT_DATA32 0x00cf93000000ffffull
#define GDT_CODE64 0x00af9b000000ffffull

/* --- the area ------------------------------------------------------------------------------------------------------- */
static uint64_t take(struct boot *b, uint64_t n, uint64_t align)
{
	uint64_t at = (b->lo + align - 1) & ~(align - 1);
	if (at > b->hi || n > b->hi - at)
		return 0;
	b->lo = at + n;
	return at;
}
static uint64_t put(struct boot *b, const void *what, uint64_t n, uint64_t align)
{
	uint64_t at = take(b, n, align);
	if (at)
		memcpy(phys(at, n), what, n);
	return at;
}
static uint64_t put_text(struct boot *b, const char *s) { return put(b, s, str_len(s) + 1, 1); }
static void set32(uint8_t *p, unsigned at, uint64_t v) { memcpy(p + at, &(uint32_t){ (uint32_t)v }, 4); }
static uint64_t low_kib(void) { return LOW_END >> 10; }
static uint64_t high_kib(void) { return (MIN(box.memory, HOLE) - HIGH_START) >> 10; }

/* --- multiboot 1 -------------------------------------------------------------------------------------------------------- */
static uint64_t multiboot(struct boot *b)
{
	uint8_t info[116] = { 0 };
	struct { uint32_t size; uint64_t at, len; uint32_t type; } __attribute__((packed)) map[6];
	struct { uint32_t start, end, words, pad; } mod[8] = { 0 };
	struct region r[6];
	unsigned n = memory_map(r);

	for (unsigned i = 0; i < n; i++) {
		map[i].size = 20;
		map[i].at = r[i].at, map[i].len = r[i].len, map[i].type = r[i].type;
	}
	for (unsigned i = 0; i < b->n_module; i++) {
		mod[i].start = (uint32_t)b->module[i].at, mod[i].end = (uint32_t)(b->module[i].at + b->module[i].len);
		mod[i].words = (uint32_t)put_text(b, b->module[i].words);
	}
	set32(info, 0, 1 | 4 | 64 | 512 | (b->n_module ? 8 : 0));
	set32(info, 4, low_kib());
	set32(info, 8, high_kib());
	set32(info, 16, put_text(b, b->command));
	set32(info, 20, b->n_module);
	set32(info, 24, b->n_module ? put(b, mod, b->n_module * sizeof *mod, 4) : 0);
	set32(info, 44, n * sizeof *map);
	set32(info, 48, put(b, map, n * sizeof *map, 4));
	set32(info, 64, put_text(b, "guise"));
	return put(b, info, sizeof info, 8);
}

/* --- multiboot 2: tags, each begins at a multiple of eight ------------------------------------------------------------------ */
static uint8_t *tag(struct boot *b, uint32_t type, uint64_t n)
{
	uint64_t at = take(b, n + 8, 8);
	uint8_t *p = at ? phys(at, n + 8) : NULL;
	if (!p)
		return NULL;
	set32(p, 0, type);
	set32(p, 4, n + 8);
	return p + 8;
}
static bool tag_text(struct boot *b, uint32_t type, const char *s, const struct module *m)
{
	size_t head = m ? 8 : 0, n = str_len(s) + 1;
	uint8_t *p = tag(b, type, head + n);
	if (p && m)
		set32(p, 0, m->at), set32(p, 4, m->at + m->len);
	if (p)
		memcpy(p + head, s, n);
	return p;
}
static bool tag_map(struct boot *b)
{
	struct { uint64_t at, len; uint32_t type, zero; } e;
	struct region r[6];
	unsigned n = memory_map(r);
	uint8_t *p = tag(b, 6, 8 + n * sizeof e);

	for (unsigned i = 0; p && i < n; i++) {
		e.at = r[i].at, e.len = r[i].len, e.type = r[i].type, e.zero = 0;
		memcpy(p + 8 + i * sizeof e, &e, sizeof e);
	}
	if (p)
		set32(p, 0, sizeof e), set32(p, 4, 0);
	return p;
}
static uint64_t multiboot2(struct boot *b)
{
	uint64_t start = take(b, 8, 8);
	bool all = tag_text(b, 1, b->command, NULL) && tag_text(b, 2, "guise", NULL);
	uint8_t *p;

	for (unsigned i = 0; all && i < b->n_module; i++)
		all = tag_text(b, 3, b->module[i].words, &b->module[i]);
	if (!all || !(p = tag(b, 4, 8)))
		return 0;
	set32(p, 0, low_kib());
	set32(p, 4, high_kib());
	if (!tag_map(b) || !tag(b, 0, 0))
		return 0;
	set32(phys(start, 8), 0, b->lo - start);
	return start;
}

/* --- PVH ------------------------------------------------------------------------------------------------------------------------ */
static uint64_t pvh(struct boot *b)
{
	struct { uint32_t magic, version, flags, n_mod; uint64_t mods, command, rsdp, map; uint32_t n_map, zero; } info = { 0x336ec578, 1 };
	struct { uint64_t at, len, words, zero; } mod[8] = { 0 };
	struct { uint64_t at, len; uint32_t type, zero; } map[6] = { 0 };
	struct region r[6];

	info.n_map = memory_map(r);
	for (unsigned i = 0; i < info.n_map; i++)
		map[i].at = r[i].at, map[i].len = r[i].len, map[i].type = r[i].type;
	for (unsigned i = 0; i < b->n_module; i++)
		mod[i].at = b->module[i].at, mod[i].len = b->module[i].len, mod[i].words = put_text(b, b->module[i].words);
	info.n_mod = b->n_module;
	info.mods = b->n_module ? put(b, mod, b->n_module * sizeof *mod, 8) : 0;
	info.command = put_text(b, b->command);
	info.map = put(b, map, info.n_map * sizeof *map, 8);
	return put(b, &info, sizeof info, 8);
}

/* --- Linux's: the "zero page"; the setup header in it is the file's own ------------------------------------------------------------ */
static uint64_t linux_page(struct boot *b)
{
	struct { uint64_t at, len; uint32_t type; } __attribute__((packed)) e;
	uint64_t at = take(b, PAGE, PAGE), words = put_text(b, b->command);
	uint8_t *p = at && words ? phys(at, PAGE) : NULL, head[0x290] = { 0 };
	struct region r[6];
	unsigned n = memory_map(r);

	if (!p || host(SYS_pread64, b->im->fd, head, sizeof head, 0) < 0x230)
		return 0;
	memset(p, 0, PAGE);
	memcpy(p + 0x1f1, head + 0x1f1, MIN(0x202u + head[0x201], sizeof head) - 0x1f1);
	p[0x06] = 3, p[0x07] = 80, p[0x0e] = 25, p[0x0f] = 1, p[0x10] = 16;      /* the screen: text, 80 by 25, a VGA */
	p[0x210] = 0xff;
	set32(p, 0x228, words);
	if (b->n_module)
		set32(p, 0x218, b->module[0].at), set32(p, 0x21c, b->module[0].len);
	p[0x1e8] = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		e.at = r[i].at, e.len = r[i].len, e.type = r[i].type;
		memcpy(p + 0x2d0 + i * sizeof e, &e, sizeof e);
	}
	set32(p, 0x1e0, high_kib());
	return at;
}

/* --- registers ----------------------------------------------------------------------------------------------------------------------- */
static struct kvm_segment flat(unsigned selector, unsigned type, bool code64)
{
	return (struct kvm_segment){ .limit = ~0u, .selector = (uint16_t)selector, .type = (uint8_t)type, .present = 1, .db = !code64, .s = 1,
				     .l = code64, .g = 1 };
}
static bool protected_mode(struct boot *b, struct kvm_sregs *s, bool linux_way)
{
	const uint64_t gdt[] = { 0, GDT_CODE32, GDT_DATA32, GDT_CODE64 }, gdt_linux[] = { 0, 0, GDT_CODE32, GDT_DATA32 };
	unsigned code = linux_way ? SEL_LINUX_CODE : SEL_CODE, data = linux_way ? SEL_LINUX_DATA : SEL_DATA;

	s->gdt.base = put(b, linux_way ? gdt_linux : gdt, sizeof gdt, 8);
	s->gdt.limit = sizeof gdt - 1;
	s->idt.base = 0;
	s->idt.limit = 0;
	s->cs = flat(code, 11, false);
	s->ds = s->es = s->fs = s->gs = s->ss = flat(data, 3, false);
	s->tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	s->ldt = (struct kvm_segment){ .type = 2, .unusable = 1 };
	s->apic_base &= ~APIC_ENABLED;   /* by which KVM decides what cpuid says, whatever it was told to say */
	s->cr0 = 0x11;
	s->cr3 = s->cr4 = s->efer = 0;
	return s->gdt.base;
}
/* Everything below 4 GiB to itself, in pages of 2 MiB. */
static uint64_t identity(struct boot *b)
{
	uint64_t top = take(b, 6 * PAGE, PAGE);
	uint64_t *p = top ? phys(top, 6 * PAGE) : NULL;

	if (!p)
		return 0;
	memset(p, 0, 6 * PAGE);
	p[0] = (top + PAGE) | 3;
	for (unsigned i = 0; i < 4; i++)
		p[512 + i] = (top + (2 + i) * PAGE) | 3;
	for (uint64_t i = 0; i < 2048; i++)
		p[1024 + i] = i << 21 | 0x83;
	return top;
}
static bool long_mode(struct boot *b, struct kvm_regs *r, struct kvm_sregs *s)
{
	uint64_t stack = take(b, STACK_SIZE, 16);
	s->cr3 = identity(b);
	s->cr0 = 0x80000011;
	s->cr4 = 0x20;
	s->efer = 0x500;
	s->cs = flat(SEL_CODE64, 11, true);
	r->rdi = r->rbx;
	r->rsp = stack + STACK_SIZE;
	return stack && s->cr3;
}
bool boot_lay(struct boot *b, struct kvm_regs *r, struct kvm_sregs *s)
{
	unsigned kind = b->im->bare;
	uint64_t info = kind == BARE_MULTIBOOT ? multiboot(b) : kind == BARE_MULTIBOOT2 ? multiboot2(b) : kind == BARE_LINUX ? linux_page(b) : pvh(b);

	*r = (struct kvm_regs){ .rip = b->im->entry, .rflags = 2, .rbx = info };
	if (kind == BARE_MULTIBOOT)
		r->rax = 0x2badb002;
	if (kind == BARE_MULTIBOOT2)
		r->rax = 0x36d76289;
	if (kind == BARE_LINUX)
		r->rsi = info, r->rbx = 0;
	if (!info || !protected_mode(b, s, kind == BARE_LINUX))
		return false;
	return kind != BARE_ELF || b->im->elf32 || long_mode(b, r, s);
}
