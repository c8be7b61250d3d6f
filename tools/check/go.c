/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Go programs carry a table of all their functions for their own runtime (pclntab), stripped or not: names and where
 * each begins. Facts: Go's src/runtime/symtab.go, src/internal/abi and src/debug/gosym/pclntab.go, from 1.2 on. From 1.26
 * on the table no longer says where the text begins.
 */
#include <stdlib.h>
#include <string.h>
#include "guise.h"
#include "tools/check/check.h"

#define MOST_FUNCTIONS (1u << 22)

static const struct { uint32_t magic; unsigned n_off, names_off, table_off; bool narrow; } forms[] = {
	{ 0xfffffff1, 8, 32, 64, true },         /* 1.20 */
	{ 0xfffffff0, 8, 32, 64, true },         /* 1.18 */
	{ 0xfffffffa, 8, 24, 56, false },        /* 1.16 */
	{ 0xfffffffb, 8, 0, 0, false },          /* 1.2: the table follows, names are relative to the head */
};
struct pcln { uint64_t at, text, names, table, n; bool narrow; };

static bool pcln_head(const struct module *m, uint64_t at, struct pcln *p)
{
	const uint8_t *h = module_at(m, at, 8);
	uint32_t magic;

	if (!h)
		return false;
	memcpy(&magic, h, 4);
	if (h[4] || h[5] || h[6] != 1 || h[7] != 8)
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(forms); i++) {
		if (forms[i].magic != magic)
			continue;
		*p = (struct pcln){ .at = at, .n = module_word(m, at + forms[i].n_off), .narrow = forms[i].narrow };
		p->names = forms[i].names_off ? at + module_word(m, at + forms[i].names_off) : at;
		p->table = forms[i].table_off ? at + module_word(m, at + forms[i].table_off) : at + 16;
		p->text = p->narrow ? module_word(m, at + 24) : 0;
		if (p->narrow && !module_is_code(m, p->text))
			p->text = m->n_text ? m->text[0].at : 0;
		return p->n && p->n < MOST_FUNCTIONS && module_at(m, p->table, p->n * (p->narrow ? 8 : 16));
	}
	return false;
}
static uint64_t number(const struct module *m, uint64_t at, unsigned size)
{
	const void *p = module_at(m, at, size);
	uint64_t v = 0;
	if (p)
		memcpy(&v, p, size);
	return v;
}
static void read_function(struct module *m, const struct pcln *p, uint64_t i)
{
	unsigned w = p->narrow ? 4 : 8;
	uint64_t at = number(m, p->table + i * 2 * w, w), info = number(m, p->table + i * 2 * w + w, w);
	uint64_t base = p->names == p->at ? p->at : p->table;

	at += p->text;
	if (!module_is_code(m, at))
		return;
	const char *name = module_text(m, p->names + number(m, base + info + w, 4));
	module_start(m, at);
	m->local = room_for(m->local, m->n_local, &m->room_local, sizeof *m->local);
	m->local[m->n_local++] = (struct symbol){ .name = strndup(name ? name : "?", MOST_NAME), .at = at, .function = true };
}
/* Is it the table? Its first functions must lie in the text, in order. */
static bool looks_right(const struct module *m, const struct pcln *p)
{
	unsigned w = p->narrow ? 4 : 8;
	uint64_t last = 0;
	for (uint64_t i = 0; i < MIN(p->n, 16ul); i++) {
		uint64_t at = number(m, p->table + i * 2 * w, w) + p->text;
		if (!module_is_code(m, at) || at < last)
			return false;
		last = at;
	}
	return true;
}
/* "\xff Go buildinf:", pointer size, flags; with flag 2 the version stands at 32, its length before it. */
static void read_version(struct module *m, uint64_t at)
{
	const uint8_t *h = module_at(m, at, 34);
	if (!h || memcmp(h, "\xff Go buildinf:", 14) || !(h[15] & 2))
		return;
	const char *v = module_at(m, at + 33, h[32]);
	if (v && h[32] < sizeof m->go_version)
		memcpy(m->go_version, v, h[32]);
	for (char *c = m->go_version; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = 0;
}
void go_read(struct module *m)
{
	struct pcln p = { 0 };

	for (unsigned i = 0; i < m->image.n_seg && !m->go; i++) {
		const struct segment *s = &m->image.seg[i];
		for (uint64_t off = 0; !m->go && off + 64 <= s->filesz; off += 8) {
			uint32_t magic;
			memcpy(&magic, m->file + s->off + off, 4);
			if (magic >= 0xfffffff0 && pcln_head(m, s->vaddr + off, &p) && looks_right(m, &p))
				m->go = true;
		}
	}
	if (!m->go)
		return;
	for (uint64_t i = 0; i < p.n; i++)
		read_function(m, &p, i);
	for (unsigned i = 0; i < m->image.n_seg; i++)
		for (uint64_t off = 0; off + 64 <= m->image.seg[i].filesz && !*m->go_version; off += 16)
			read_version(m, m->image.seg[i].vaddr + off);
}
