/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of addresses in traced programs (-k), from the symbol tables of the files that are mapped there. What is
 * mapped is asked of /proc while the process lives; of one that is gone, or that --read tells of, only a program that
 * is linked at fixed addresses can be named. An address without a name is printed as it is.
 */
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/trace/symbols.h"

struct symbol { uint64_t at, size; const char *name; };
struct segment { uint64_t offset, size, at; };
static struct table {                /* one file */
	char *path;
	bool fixed;              /* linked where it lies */
	struct symbol *s;
	size_t n;
	struct segment seg[16];
	unsigned n_seg;
	struct table *next;
} *tables;
static struct mapping { uint64_t from, to, offset; char *path; } *maps;      /* of one process, the last asked for */
static unsigned n_maps, maps_serial;

/* --- files -------------------------------------------------------------------------------------------------------- */
static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}
static void read_section(struct table *t, Elf *e, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;
	struct symbol *more = d ? realloc(t->s, (t->n + n + 1) * sizeof *more) : NULL;
	if (!more)
		return;
	t->s = more;
	for (size_t i = 0; i < n; i++) {
		GElf_Sym sym;
		const char *name;
		if (gelf_getsym(d, (int)i, &sym) && GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_value &&
		    (name = elf_strptr(e, sh->sh_link, sym.st_name)) && *name)
			t->s[t->n++] = (struct symbol){ sym.st_value, sym.st_size, strdup(name) };
	}
}
static void read_file(struct table *t, Elf *e)
{
	GElf_Ehdr eh;
	size_t n = 0;
	if (!gelf_getehdr(e, &eh) || elf_getphdrnum(e, &n))
		return;
	t->fixed = eh.e_type == ET_EXEC;
	for (size_t i = 0; i < n && t->n_seg < ARRAY_LEN(t->seg); i++) {
		GElf_Phdr ph;
		if (gelf_getphdr(e, (int)i, &ph) && ph.p_type == PT_LOAD)
			t->seg[t->n_seg++] = (struct segment){ ph.p_offset, ph.p_filesz, ph.p_vaddr };
	}
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(e, scn));) {
		GElf_Shdr sh;
		if (gelf_getshdr(scn, &sh) && (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM))
			read_section(t, e, scn, &sh);
	}
	if (t->n)
		qsort(t->s, t->n, sizeof *t->s, by_address);
}
static struct table *table_of(const char *path)
{
	for (struct table *t = tables; t; t = t->next)
		if (!strcmp(t->path, path))
			return t;
	struct table *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->path = strdup(path);
	t->next = tables;
	tables = t;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	elf_version(EV_CURRENT);
	Elf *e = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	if (e)
		read_file(t, e);
	elf_end(e);
	if (fd >= 0)
		close(fd);
	return t;
}
static const struct symbol *symbol_at(const struct table *t, uint64_t a)
{
	const struct symbol *best = NULL;
	for (size_t lo = 0, hi = t->n; lo < hi;) {
		size_t mid = (lo + hi) / 2;
		if (t->s[mid].at <= a)
			best = &t->s[mid], lo = mid + 1;
		else
			hi = mid;
	}
	return best && a - best->at < (best->size ? best->size : 4096) ? best : NULL;
}

/* --- what is mapped ----------------------------------------------------------------------------------------------- */
static void read_maps(const struct process *p)
{
	char path[64], line[5000];
	snprintf(path, sizeof path, "/proc/%d/maps", p->pid);
	FILE *f = p->ended ? NULL : fopen(path, "re");
	if (!f)
		return;
	for (unsigned i = 0; i < n_maps; i++)
		free(maps[i].path);
	n_maps = 0;
	maps_serial = p->serial;
	while (fgets(line, sizeof line, f)) {
		struct mapping m;
		int at = 0;
		struct mapping *more;
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &m.from, &m.to, &m.offset, &at) < 3 || line[at] != '/')
			continue;
		if (!(more = realloc(maps, (n_maps + 1) * sizeof *maps)))
			break;
		maps = more;
		line[strcspn(line, "\n")] = 0;
		m.path = strdup(line + at);
		maps[n_maps++] = m;
	}
	fclose(f);
}
static const struct mapping *mapping_of(const struct process *p, uint64_t a)
{
	for (int again = 0; again < 2; again++) {
		for (unsigned i = 0; maps_serial == p->serial && i < n_maps; i++)
			if (a >= maps[i].from && a < maps[i].to)
				return &maps[i];
		if (!again)
			read_maps(p);            /* something new was mapped since */
	}
	return NULL;
}
const char *symbol_file(const struct process *p, uint64_t a, uint64_t *linked)
{
	const struct mapping *m = mapping_of(p, a);
	const struct table *t = table_of(m ? m->path : p->program);

	*linked = a;
	for (unsigned i = 0; !m && t->fixed && i < t->n_seg; i++)
		if (a - t->seg[i].at < t->seg[i].size)
			return t->path;
	if (!m)
		return NULL;
	for (unsigned i = 0; i < t->n_seg; i++) {
		uint64_t offset = a - m->from + m->offset;
		if (offset >= t->seg[i].offset && offset - t->seg[i].offset < t->seg[i].size)
			*linked = offset - t->seg[i].offset + t->seg[i].at;
	}
	return t->path;
}
void symbol_line(struct line *l, const struct process *p, uint64_t a)
{
	const struct mapping *m = mapping_of(p, a);
	const struct table *t = table_of(m ? m->path : p->program);
	const struct symbol *s = !m && t->fixed ? symbol_at(t, a) : NULL;
	uint64_t linked = a;

	for (unsigned i = 0; m && i < t->n_seg; i++) {
		uint64_t offset = a - m->from + m->offset;
		if (offset >= t->seg[i].offset && offset - t->seg[i].offset < t->seg[i].size)
			s = symbol_at(t, linked = offset - t->seg[i].offset + t->seg[i].at);
	}
	put_s(l, " > ");
	if (s)
		PUT(l, "%s(%s+%#lx) ", t->path, s->name, linked - s->at);
	else if (m)
		PUT(l, "%s() ", t->path);
	PUT(l, "[%#lx]\n", a);
}
