/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Call chains of a dead process by libdw: each frame by what .eh_frame or .debug_frame of its file says. Where they say
 * nothing, by the frame pointer; and a jump to nowhere is taken for a call, whose return address lies on the stack.
 * The guest's stack may hold anything: a chain ends after n frames, or where the stack does not grow.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/supervise/mortem.h"

struct file {                        /* kept until the supervisor ends: the next dead will have the same libraries */
	char *path;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *eh, *debug;
	struct file *next;
};
enum { REGS = 17, RBP = 6, RSP = 7, RIP = 16 };      /* as DWARF numbers them */
struct frame { uint64_t reg[REGS]; bool known[REGS]; };

/* --- files -------------------------------------------------------------------------------------------------------- */
static struct file *file_of(const char *path)
{
	static struct file *files;
	for (struct file *f = files; f; f = f->next)
		if (!strcmp(f->path, path))
			return f;
	struct file *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->path = strdup(path);
	f->next = files;
	files = f;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	elf_version(EV_CURRENT);
	if (fd >= 0 && (f->elf = elf_begin(fd, ELF_C_READ, NULL)) && elf_kind(f->elf) == ELF_K_ELF) {
		f->eh = dwarf_getcfi_elf(f->elf);
		if ((f->dwarf = dwarf_begin_elf(f->elf, DWARF_C_READ, NULL)))
			f->debug = dwarf_getcfi(f->dwarf);
	}
	return f;
}
/* The address as the file has it: by the segment that was mapped there. */
static bool linked_at(const struct file *f, const struct vma *m, uint64_t at, uint64_t *linked)
{
	size_t n = 0;
	uint64_t offset = at - m->lo + m->offset;
	if (!f->elf || elf_getphdrnum(f->elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;
		if (gelf_getphdr(f->elf, (int)i, &ph) && ph.p_type == PT_LOAD && offset >= (ph.p_offset & ~4095ull) &&
		    offset < ph.p_offset + ph.p_filesz) {
			*linked = offset - ph.p_offset + ph.p_vaddr;
			return true;
		}
	}
	return false;
}
static struct file *find(const struct dead *d, uint64_t at, uint64_t *linked)
{
	const struct vma *m = vma_at(d, at);
	struct file *f = m && m->path[0] == '/' ? file_of(m->path) : NULL;
	return f && linked_at(f, m, at, linked) ? f : NULL;
}

/* --- one frame ---------------------------------------------------------------------------------------------------- */
static bool word_at(const struct dead *d, uint64_t at, uint64_t *v) { return far_read(d->thread[0].tid, at, v, 8); }

/* The expressions that compilers make of rules: a register and an offset, a word of memory, a little arithmetic. */
static bool evaluate(const struct dead *d, const struct frame *f, uint64_t cfa, const Dwarf_Op *op, size_t n, uint64_t *v, bool *value)
{
	uint64_t s[16];
	unsigned top = 0;

	*value = false;
	for (size_t i = 0; i < n; i++) {
		unsigned a = op[i].atom;
		uint64_t push = 0;
		bool pushes = true;
		if (a == DW_OP_call_frame_cfa) {
			push = cfa;
		} else if (a >= DW_OP_breg0 && a <= DW_OP_breg31 && a - DW_OP_breg0 < REGS && f->known[a - DW_OP_breg0]) {
			push = f->reg[a - DW_OP_breg0] + op[i].number;
		} else if (a == DW_OP_bregx && op[i].number < REGS && f->known[op[i].number]) {
			push = f->reg[op[i].number] + op[i].number2;
		} else if (a >= DW_OP_lit0 && a <= DW_OP_lit31) {
			push = a - DW_OP_lit0;
		} else if (a >= DW_OP_const1u && a <= DW_OP_consts) {
			push = op[i].number;
		} else {
			pushes = false;
		}
		if (pushes) {
			if (top == ARRAY_LEN(s))
				return false;
			s[top++] = push;
			continue;
		}
		if (a == DW_OP_stack_value) {
			*value = true;
		} else if (!top) {
			return false;
		} else if (a == DW_OP_plus_uconst) {
			s[top - 1] += op[i].number;
		} else if (a == DW_OP_deref) {
			if (!word_at(d, s[top - 1], &s[top - 1]))
				return false;
		} else if (top < 2) {
			return false;
		} else {
			uint64_t y = s[--top], *x = &s[top - 1];
			switch (a) {
			case DW_OP_plus: *x += y; break;
			case DW_OP_minus: *x -= y; break;
			case DW_OP_and: *x &= y; break;
			case DW_OP_shl: *x <<= y & 63; break;
			case DW_OP_ge: *x = (int64_t)*x >= (int64_t)y; break;
			default: return false;
			}
		}
	}
	*v = top ? s[top - 1] : 0;
	return top > 0;
}
static bool rule(const struct dead *d, Dwarf_Frame *fr, const struct frame *in, uint64_t cfa, int reg, uint64_t *v)
{
	Dwarf_Op memory[3], *ops;
	size_t n;
	bool value;

	if (dwarf_frame_register(fr, reg, memory, &ops, &n) || (!n && ops))
		return false;            /* nobody knows */
	if (!n) {
		*v = in->reg[reg];
		return in->known[reg];
	}
	if (n == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom < DW_OP_reg0 + REGS) {
		*v = in->reg[ops[0].atom - DW_OP_reg0];
		return in->known[ops[0].atom - DW_OP_reg0];
	}
	return evaluate(d, in, cfa, ops, n, v, &value) && (value || word_at(d, *v, v));
}
static bool by_rules(const struct dead *d, struct frame *f, bool returns)
{
	uint64_t linked, cfa = 0, pc = f->reg[RIP] - returns;        /* a return address may be the next function's first */
	struct file *file = find(d, pc, &linked);
	Dwarf_Frame *fr = NULL;
	Dwarf_Op *ops;
	size_t n;
	bool value;

	if (!file || ((!file->eh || dwarf_cfi_addrframe(file->eh, linked, &fr)) &&
		      (!file->debug || dwarf_cfi_addrframe(file->debug, linked, &fr))))
		return false;
	struct frame up = { .known = { false } };
	bool good = !dwarf_frame_cfa(fr, &ops, &n) && n && evaluate(d, f, 0, ops, n, &cfa, &value);
	for (int i = 0; good && i < REGS; i++)
		up.known[i] = rule(d, fr, f, cfa, i, &up.reg[i]);
	free(fr);
	if (!good || !up.known[RIP])
		return false;
	up.reg[RSP] = cfa;
	up.known[RSP] = true;
	*f = up;
	return true;
}
static bool by_frame_pointer(const struct dead *d, struct frame *f)
{
	uint64_t w[2], bp = f->reg[RBP];
	if (!f->known[RBP] || bp < f->reg[RSP] || bp & 7 || !word_at(d, bp, &w[0]) || !word_at(d, bp + 8, &w[1]))
		return false;
	f->reg[RBP] = w[0];
	f->reg[RSP] = bp + 16;
	f->reg[RIP] = w[1];
	return true;
}
static bool by_call(const struct dead *d, struct frame *f)
{
	if (!word_at(d, f->reg[RSP], &f->reg[RIP]))
		return false;
	f->reg[RSP] += 8;
	return true;
}
static bool in_code(const struct dead *d, uint64_t at)
{
	const struct vma *m = vma_at(d, at);
	return m && m->x;
}
unsigned unwind_dead(const struct dead *d, const struct user_regs_struct *r, uint64_t *at, unsigned n)
{
	struct frame f = { .reg = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8, r->r9, r->r10, r->r11,
				    r->r12, r->r13, r->r14, r->r15, r->rip } };
	unsigned k = 0;

	memset(f.known, true, sizeof f.known);
	at[k++] = f.reg[RIP];
	while (k < n) {
		uint64_t sp = f.reg[RSP];
		bool up = k == 1 && !in_code(d, f.reg[RIP]) ? by_call(d, &f) : by_rules(d, &f, k > 1) || by_frame_pointer(d, &f);
		if (!up || !in_code(d, f.reg[RIP]) || f.reg[RSP] <= sp)
			break;
		at[k++] = f.reg[RIP];
	}
	return k;
}

/* --- names -------------------------------------------------------------------------------------------------------- */
static const char *function_at(const struct file *f, uint64_t at, uint64_t *start)
{
	static char name[256];
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	*start = 0;
	while ((scn = elf_nextscn(f->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || (sh.sh_type != SHT_SYMTAB && sh.sh_type != SHT_DYNSYM) || !sh.sh_entsize)
			continue;
		Elf_Data *data = elf_getdata(scn, NULL);
		for (size_t i = 0; data && i < sh.sh_size / sh.sh_entsize; i++) {
			GElf_Sym s;
			const char *text;
			if (gelf_getsym(data, (int)i, &s) && GELF_ST_TYPE(s.st_info) == STT_FUNC && s.st_value <= at &&
			    s.st_value > *start && at - s.st_value < (s.st_size ? s.st_size : 4096) &&
			    (text = elf_strptr(f->elf, sh.sh_link, s.st_name)) && *text) {
				*start = s.st_value;
				snprintf(name, sizeof name, "%s", text);
			}
		}
	}
	return *start ? name : NULL;
}
static void put_source(const struct file *f, uint64_t at, FILE *out)
{
	Dwarf_Off off = 0, next;
	size_t header;
	uint8_t address, offset;
	Dwarf_Off abbrev;

	while (f->dwarf && !dwarf_next_unit(f->dwarf, off, &next, &header, NULL, &abbrev, &address, &offset, NULL, NULL)) {
		Dwarf_Die cu;
		Dwarf_Line *line;
		int no = 0;
		if (dwarf_offdie(f->dwarf, off + header, &cu) && dwarf_haspc(&cu, at) == 1 && (line = dwarf_getsrc_die(&cu, at)) &&
		    !dwarf_lineno(line, &no)) {
			const char *name = dwarf_linesrc(line, NULL, NULL);
			if (name)
				fprintf(out, " at %s:%d", name, no);
			return;
		}
		off = next;
	}
}
void where_is(const struct dead *d, uint64_t at, bool returns, FILE *out)
{
	const struct vma *m = vma_at(d, at);
	uint64_t linked = 0, start = 0;
	struct file *f = find(d, at - returns, &linked);
	const char *name = f ? function_at(f, linked, &start) : NULL;

	fprintf(out, "%#018lx ", at);
	if (name)
		fprintf(out, "%s+%#lx (%s)", name, linked + returns - start, m ? m->path : f->path);
	else if (m)
		fprintf(out, "in %s+%#lx", m->path[0] ? m->path : "memory without a file", at - m->lo + m->offset);
	else
		fprintf(out, "where nothing is mapped");
	if (f)
		put_source(f, linked, out);
	fputc('\n', out);
}
