/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the run-time linker would read: needed libraries, symbols with their versions, and the words it would fill. By
 * the dynamic table alone, since that is what counts; section headers may be missing or wrong.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include "guise.h"
#include "tools/check/check.h"

#define MOST_SYMBOLS (1u << 22)
#define MOST_SLOTS (1ul << 24)
#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif
#define FILTER 0x7fffffff
#define AUXILIARY 0x7ffffffd

struct dynamic {
	uint64_t d[64];          /* by tag, those below 64 */
	bool has[64];
	uint64_t versym, verneed, n_verneed, verdef, n_verdef, gnu_hash;
};

static const char *text_of(const struct module *m, const struct dynamic *y, uint64_t off)
{
	return off < y->d[DT_STRSZ] ? module_text(m, y->d[DT_STRTAB] + off) : NULL;
}
static void take_entry(struct dynamic *y, const Elf64_Dyn *e)
{
	uint64_t tag = (uint64_t)e->d_tag;
	if (tag < ARRAY_LEN(y->d))
		y->d[tag] = e->d_un.d_val, y->has[tag] = true;
	switch (tag) {
	case DT_VERSYM: y->versym = e->d_un.d_val; break;
	case DT_VERNEED: y->verneed = e->d_un.d_val; break;
	case DT_VERNEEDNUM: y->n_verneed = e->d_un.d_val; break;
	case DT_VERDEF: y->verdef = e->d_un.d_val; break;
	case DT_VERDEFNUM: y->n_verdef = e->d_un.d_val; break;
	case DT_GNU_HASH: y->gnu_hash = e->d_un.d_val; break;
	}
}
static bool each_entry(const struct module *m, unsigned *i, Elf64_Dyn *e)
{
	for (unsigned p = 0; p < m->image.phnum; p++) {
		Elf64_Phdr ph;
		memcpy(&ph, m->file + m->image.phoff + p * sizeof ph, sizeof ph);
		if (ph.p_type != PT_DYNAMIC)
			continue;
		const void *at = module_at(m, ph.p_vaddr + *i * sizeof *e, sizeof *e);
		if (!at || *i >= ph.p_filesz / sizeof *e)
			return false;
		memcpy(e, at, sizeof *e);
		++*i;
		return e->d_tag != DT_NULL;
	}
	return false;
}
static void read_needed(struct module *m, const struct dynamic *y)
{
	Elf64_Dyn e;
	for (unsigned i = 0; each_entry(m, &i, &e); ) {
		uint64_t tag = (uint64_t)e.d_tag;
		const char *t = NULL;
		if (tag == DT_NEEDED || tag == FILTER || tag == AUXILIARY || tag == DT_SONAME || tag == DT_RPATH || tag == DT_RUNPATH)
			t = text_of(m, y, e.d_un.d_val);
		if (!t)
			continue;
		if (tag == DT_SONAME)
			m->soname = t;
		else if (tag == DT_RPATH)
			m->rpath = t;
		else if (tag == DT_RUNPATH)
			m->runpath = t;
		else if (m->n_needed < ARRAY_LEN(m->needed))
			m->needed[m->n_needed++] = t;
	}
}

/* --- symbols ------------------------------------------------------------------------------------------------------ */
static uint32_t count_gnu(const struct module *m, uint64_t at)
{
	uint32_t h[4], top = 0, v;
	const void *p = module_at(m, at, sizeof h);
	if (!p)
		return 0;
	memcpy(h, p, sizeof h);
	uint64_t buckets = at + 16 + (uint64_t)h[2] * 8, chain = buckets + (uint64_t)h[0] * 4;
	if (!h[0] || !module_at(m, buckets, (uint64_t)h[0] * 4))
		return 0;
	for (uint32_t i = 0; i < h[0]; i++) {
		memcpy(&v, module_at(m, buckets + i * 4ull, 4), 4);
		top = MAX(top, v);
	}
	if (top < h[1])
		return h[1];
	for (; top < MOST_SYMBOLS && (p = module_at(m, chain + (top - h[1]) * 4ull, 4)); top++) {
		memcpy(&v, p, 4);
		if (v & 1)
			break;
	}
	return top + 1;
}
static uint32_t count_symbols(const struct module *m, const struct dynamic *y)
{
	uint32_t h[2] = { 0 };
	const void *p = y->has[DT_HASH] ? module_at(m, y->d[DT_HASH], sizeof h) : NULL;
	if (p)
		memcpy(h, p, sizeof h);
	uint32_t n = h[1] ? h[1] : y->gnu_hash ? count_gnu(m, y->gnu_hash) : 0;
	while (n && !module_at(m, y->d[DT_SYMTAB], (uint64_t)n * sizeof(Elf64_Sym)))
		n /= 2;
	return MIN(n, MOST_SYMBOLS);
}
/* The name of version nr, of those that are needed or defined here. */
static const char *version_name(const struct module *m, const struct dynamic *y, unsigned nr)
{
	uint64_t at = y->verneed;
	Elf64_Verneed vn;
	Elf64_Vernaux va;
	Elf64_Verdef vd;
	Elf64_Verdaux da;
	const void *p;

	for (uint64_t i = 0; at && i < MIN(y->n_verneed, 256ul) && (p = module_at(m, at, sizeof vn)); i++) {
		memcpy(&vn, p, sizeof vn);
		uint64_t aux = at + vn.vn_aux;
		for (unsigned k = 0; k < vn.vn_cnt && k < 256 && (p = module_at(m, aux, sizeof va)); k++) {
			memcpy(&va, p, sizeof va);
			if ((va.vna_other & 0x7fff) == nr)
				return text_of(m, y, va.vna_name);
			aux += va.vna_next;
		}
		at = vn.vn_next ? at + vn.vn_next : 0;
	}
	at = y->verdef;
	for (uint64_t i = 0; at && i < MIN(y->n_verdef, 1024ul) && (p = module_at(m, at, sizeof vd)); i++) {
		memcpy(&vd, p, sizeof vd);
		if ((vd.vd_ndx & 0x7fff) == nr && (p = module_at(m, at + vd.vd_aux, sizeof da))) {
			memcpy(&da, p, sizeof da);
			return text_of(m, y, da.vda_name);
		}
		at = vd.vd_next ? at + vd.vd_next : 0;
	}
	return NULL;
}
static void read_symbol(struct module *m, const struct dynamic *y, uint32_t i, const char **versions)
{
	Elf64_Sym s;
	struct symbol *to = &m->symbol[i];
	uint16_t v = 0;
	const void *p = y->versym ? module_at(m, y->versym + i * 2ull, 2) : NULL;

	memcpy(&s, module_at(m, y->d[DT_SYMTAB] + i * sizeof s, sizeof s), sizeof s);
	if (p)
		memcpy(&v, p, 2);
	unsigned nr = v & 0x7fff;
	if (nr > 1 && nr < 1024 && !versions[nr] && !(versions[nr] = version_name(m, y, nr)))
		versions[nr] = "";
	unsigned type = ELF64_ST_TYPE(s.st_info);
	*to = (struct symbol){
		.name = text_of(m, y, s.st_name), .version = nr > 1 && nr < 1024 && *versions[nr] ? versions[nr] : NULL,
		.at = s.st_value, .size = s.st_size, .defined = s.st_shndx != SHN_UNDEF,
		.function = type == STT_FUNC || type == STT_GNU_IFUNC,
		.weak = ELF64_ST_BIND(s.st_info) == STB_WEAK, .hidden = v & 0x8000,
	};
	if (!to->name)
		to->name = "";
	if (to->defined && (to->function || type == STT_NOTYPE))
		module_start(m, to->at);
}
static int by_name(const void *a, const void *b)
{
	const struct symbol *x = *(struct symbol *const *)a, *y = *(struct symbol *const *)b;
	int c = strcmp(x->name, y->name);
	return c ? c : (x->hidden > y->hidden) - (x->hidden < y->hidden);
}
static void read_symbols(struct module *m, const struct dynamic *y)
{
	const char *versions[1024] = { NULL };
	m->n_symbol = count_symbols(m, y);
	m->symbol = calloc(m->n_symbol + 1, sizeof *m->symbol);
	m->by_name = calloc(m->n_symbol + 1, sizeof *m->by_name);
	if (!m->symbol || !m->by_name) {
		m->n_symbol = 0;
		return;
	}
	for (uint32_t i = 1; i < m->n_symbol; i++) {
		read_symbol(m, y, i, versions);
		if (m->symbol[i].defined && *m->symbol[i].name)
			m->by_name[m->n_by_name++] = &m->symbol[i];
	}
	if (m->n_symbol)
		m->symbol[0].name = "";
	qsort(m->by_name, m->n_by_name, sizeof *m->by_name, by_name);
}

/* --- words that are filled ---------------------------------------------------------------------------------------- */
static void add_slot(struct module *m, struct slot s)
{
	if (m->n_slot == MOST_SLOTS)
		return;
	m->slot = room_for(m->slot, m->n_slot, &m->room_slot, sizeof *m->slot);
	m->slot[m->n_slot++] = s;
}
static void read_rela(struct module *m, uint64_t at, uint64_t size, bool lazy)
{
	for (uint64_t i = 0; i < size / sizeof(Elf64_Rela); i++) {
		Elf64_Rela r;
		const void *p = module_at(m, at + i * sizeof r, sizeof r);
		if (!p)
			return;
		memcpy(&r, p, sizeof r);
		uint32_t sym = ELF64_R_SYM(r.r_info);
		switch (ELF64_R_TYPE(r.r_info)) {
		case R_X86_64_RELATIVE: case R_X86_64_IRELATIVE:
			add_slot(m, (struct slot){ r.r_offset, (uint64_t)r.r_addend, -1, false, false });
			break;
		case R_X86_64_JUMP_SLOT: case R_X86_64_GLOB_DAT: case R_X86_64_64: case R_X86_64_COPY:
			if (sym && sym < m->n_symbol)
				add_slot(m, (struct slot){ r.r_offset, 0, (int32_t)sym, lazy,
					ELF64_R_TYPE(r.r_info) == R_X86_64_JUMP_SLOT || ELF64_R_TYPE(r.r_info) == R_X86_64_GLOB_DAT });
			break;
		}
	}
}
void dynamic_rela(struct module *m, uint64_t at, uint64_t size) { read_rela(m, at, size, false); }
static void read_relr(struct module *m, uint64_t at, uint64_t size)
{
	uint64_t base = 0;
	for (uint64_t i = 0; i < size / 8 && module_at(m, at + i * 8, 8); i++) {
		uint64_t w = module_word(m, at + i * 8);
		if (!(w & 1)) {
			add_slot(m, (struct slot){ w, module_word(m, w), -1, false, false });
			base = w + 8;
			continue;
		}
		for (unsigned k = 0; k < 63; k++)
			if (w >> (k + 1) & 1)
				add_slot(m, (struct slot){ base + k * 8, module_word(m, base + k * 8), -1, false, false });
		base += 63 * 8;
	}
}
static int by_address(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}
static void add_root(struct module *m, uint64_t a)
{
	if (!module_is_code(m, a) || m->n_root == ARRAY_LEN(m->root))
		return;
	module_start(m, a);
	m->root[m->n_root++] = a;
}
/* An array of functions: what is filled into its words, or what stands there already. */
static void add_roots(struct module *m, uint64_t at, uint64_t size)
{
	for (uint64_t i = 0; i < MIN(size / 8, ARRAY_LEN(m->root)); i++) {
		add_root(m, module_word(m, at + i * 8));
		for (size_t k = 0; k < m->n_slot; k++)
			if (m->slot[k].at == at + i * 8)
				add_root(m, m->slot[k].symbol < 0 ? m->slot[k].to : m->symbol[m->slot[k].symbol].at);
	}
}
void dynamic_read(struct module *m)
{
	struct dynamic y = { 0 };
	Elf64_Dyn e;

	for (unsigned i = 0; each_entry(m, &i, &e); )
		take_entry(&y, &e);
	read_needed(m, &y);
	read_symbols(m, &y);
	read_rela(m, y.d[DT_RELA], y.d[DT_RELASZ], false);
	read_rela(m, y.d[DT_JMPREL], y.d[DT_PLTRELSZ], true);
	read_relr(m, y.d[DT_RELR], y.d[DT_RELRSZ]);
	if (m->n_slot)
		qsort(m->slot, m->n_slot, sizeof *m->slot, by_address);
	for (size_t i = 0; i < m->n_slot; i++)
		if (m->slot[i].symbol < 0)
			module_start(m, m->slot[i].to);
	add_root(m, y.d[DT_INIT]);
	add_root(m, y.d[DT_FINI]);
	add_roots(m, y.d[DT_PREINIT_ARRAY], y.d[DT_PREINIT_ARRAYSZ]);
	add_roots(m, y.d[DT_INIT_ARRAY], y.d[DT_INIT_ARRAYSZ]);
	add_roots(m, y.d[DT_FINI_ARRAY], y.d[DT_FINI_ARRAYSZ]);
}
