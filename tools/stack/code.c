/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ELF files whose code somebody was in: segments, function symbols, rules of unwinding, source lines. Each is copied once
 * (a file that is cut off while it is mapped would end us) and kept: the next who asks will be in the same libraries.
 */
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "guise.h"
#include "loader/sorted.h"
#include "tools/stack/stack.h"

#define LARGEST (512l << 20)

struct symbol { uint64_t at, size; const char *name; };
struct segment { uint64_t offset, size, at; };
struct code {
	char *path;
	Elf *elf;                /* NULL: it cannot be read, or is no ELF */
	bool fixed, looked;      /* looked: for the four below */
	Dwarf *dwarf;
	Dwarf_CFI *eh, *debug;   /* .eh_frame, .debug_frame */
	struct symbol *symbol;   /* by address */
	size_t n_symbols;
	struct segment segment[16];
	unsigned n_segments;
	struct code *next;
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}
static void read_symbols(struct code *c, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	size_t n = d && sh->sh_entsize ? d->d_size / sh->sh_entsize : 0;
	struct symbol *more = n ? realloc(c->symbol, (c->n_symbols + n) * sizeof *more) : NULL;
	if (!more)
		return;
	c->symbol = more;
	for (size_t i = 0; i < n; i++) {
		GElf_Sym sym;
		const char *name;
		if (gelf_getsym(d, (int)i, &sym) && GELF_ST_TYPE(sym.st_info) == STT_FUNC && sym.st_value &&
		    (name = elf_strptr(c->elf, sh->sh_link, sym.st_name)) && *name)
			c->symbol[c->n_symbols++] = (struct symbol){ sym.st_value, sym.st_size, name };
	}
}
static void read_elf(struct code *c)
{
	GElf_Ehdr eh;
	size_t n = 0;
	if (!gelf_getehdr(c->elf, &eh) || elf_getphdrnum(c->elf, &n))
		return;
	c->fixed = eh.e_type == ET_EXEC;
	for (size_t i = 0; i < n && c->n_segments < ARRAY_LEN(c->segment); i++) {
		GElf_Phdr ph;
		if (gelf_getphdr(c->elf, (int)i, &ph) && ph.p_type == PT_LOAD)
			c->segment[c->n_segments++] = (struct segment){ ph.p_offset, ph.p_filesz, ph.p_vaddr };
	}
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(c->elf, scn));) {
		GElf_Shdr sh;
		if (gelf_getshdr(scn, &sh) && (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM))
			read_symbols(c, scn, &sh);
	}
	if (c->n_symbols)
		qsort(c->symbol, c->n_symbols, sizeof *c->symbol, by_address);
}
static Elf *open_elf(const char *path)
{
	struct stat st;
	Elf *e = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 64 && st.st_size < LARGEST) {
		char *copy = malloc((size_t)st.st_size);
		if (copy && pread(fd, copy, (size_t)st.st_size, 0) == st.st_size)
			e = elf_memory(copy, (size_t)st.st_size);
		if (!e || elf_kind(e) != ELF_K_ELF) {
			elf_end(e);
			free(copy);
			e = NULL;
		}
	}
	if (fd >= 0)
		close(fd);
	return e;
}
struct code *code_of(const char *path)
{
	static struct code *all;
	for (struct code *c = all; c; c = c->next)
		if (!strcmp(c->path, path))
			return c;
	struct code *c = calloc(1, sizeof *c);
	if (!c || !(c->path = strdup(path)))
		abort();
	c->next = all;
	all = c;
	elf_version(EV_CURRENT);
	if ((c->elf = open_elf(path)))
		read_elf(c);
	return c;
}
bool code_is_fixed(const struct code *c) { return c->fixed; }
const char *code_path(const struct code *c) { return c->path; }

bool code_linked(const struct code *c, uint64_t offset, uint64_t *linked)
{
	for (unsigned i = 0; i < c->n_segments; i++) {
		const struct segment *s = &c->segment[i];
		if (offset >= (s->offset & ~(PAGE - 1ull)) && offset < s->offset + s->size) {
			*linked = offset - s->offset + s->at;
			return true;
		}
	}
	return false;
}
bool code_holds(const struct code *c, uint64_t linked)
{
	for (unsigned i = 0; i < c->n_segments; i++)
		if (linked - c->segment[i].at < c->segment[i].size)
			return true;
	return false;
}
const char *code_symbol(const struct code *c, uint64_t a, uint64_t *start)
{
	size_t n = COUNT_BEFORE(c->n_symbols, i, c->symbol[i].at <= a);
	const struct symbol *best = n ? &c->symbol[n - 1] : NULL;
	if (!best || a - best->at >= (best->size ? best->size : 4096))
		return NULL;
	*start = best->at;
	return best->name;
}
static void look(struct code *c)
{
	if (c->looked || !c->elf)
		return;
	c->looked = true;
	c->eh = dwarf_getcfi_elf(c->elf);
	if ((c->dwarf = dwarf_begin_elf(c->elf, DWARF_C_READ, NULL)))
		c->debug = dwarf_getcfi(c->dwarf);
}
int code_frame(struct code *c, uint64_t linked, Dwarf_Frame **frame)
{
	look(c);
	if (c->eh && !dwarf_cfi_addrframe(c->eh, linked, frame))
		return 0;
	return c->debug ? dwarf_cfi_addrframe(c->debug, linked, frame) : -1;
}
bool code_source(struct code *c, uint64_t at, const char **file, int *line)
{
	Dwarf_Off off = 0, next, abbrev;
	size_t header;
	uint8_t address, offset;

	look(c);
	for (; c->dwarf && !dwarf_next_unit(c->dwarf, off, &next, &header, NULL, &abbrev, &address, &offset, NULL, NULL); off = next) {
		Dwarf_Die cu;
		Dwarf_Line *l;
		if (dwarf_offdie(c->dwarf, off + header, &cu) && dwarf_haspc(&cu, at) == 1 && (l = dwarf_getsrc_die(&cu, at)) &&
		    !dwarf_lineno(l, line))
			return (*file = dwarf_linesrc(l, NULL, NULL)) != NULL;
	}
	return false;
}
