/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of addresses in traced programs (-k), from the symbol tables of the program itself. Position-independent code
 * has its addresses resolved only where the program is linked at fixed ones: others are printed as they are.
 */
#include <elf.h>
#include <fcntl.h>
#include <libelf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/trace/symbols.h"

struct symbol { uint64_t at, size; const char *name; };
static struct table {
	char *program;
	struct symbol *s;
	size_t n;
	struct table *next;
} *tables;

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}
static void read_section(struct table *t, Elf *e, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;
	struct symbol *more = realloc(t->s, (t->n + n) * sizeof *more);
	if (!d || !more)
		return;
	t->s = more;
	for (size_t i = 0; i < n; i++) {
		GElf_Sym sym;
		const char *name;
		if (!gelf_getsym(d, (int)i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_FUNC || !sym.st_value ||
		    !(name = elf_strptr(e, sh->sh_link, sym.st_name)) || !*name)
			continue;
		t->s[t->n++] = (struct symbol){ sym.st_value, sym.st_size, strdup(name) };
	}
}
static struct table *table_of(const char *program)
{
	for (struct table *t = tables; t; t = t->next)
		if (!strcmp(t->program, program))
			return t;
	struct table *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->program = strdup(program);
	t->next = tables;
	tables = t;
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	elf_version(EV_CURRENT);
	Elf *e = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	GElf_Ehdr eh;
	if (e && gelf_getehdr(e, &eh) && eh.e_type == ET_EXEC)
		for (Elf_Scn *scn = NULL; (scn = elf_nextscn(e, scn));) {
			GElf_Shdr sh;
			if (gelf_getshdr(scn, &sh) && (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM))
				read_section(t, e, scn, &sh);
		}
	if (e)
		elf_end(e);
	if (fd >= 0)
		close(fd);
	qsort(t->s, t->n, sizeof *t->s, by_address);
	return t;
}
void symbol_line(struct line *l, const struct process *p, uint64_t a)
{
	const struct table *t = table_of(p->program);
	const struct symbol *best = NULL;
	for (size_t lo = 0, hi = t->n; lo < hi;) {
		size_t mid = (lo + hi) / 2;
		if (t->s[mid].at <= a)
			best = &t->s[mid], lo = mid + 1;
		else
			hi = mid;
	}
	put_s(l, " > ");
	if (best && a - best->at < (best->size ? best->size : 65536))
		PUT(l, "%s(%s+%#lx) ", p->program, best->name, a - best->at);
	PUT(l, "[%#lx]\n", a);
}
