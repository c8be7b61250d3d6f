/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One file as the checker holds it: opened and judged by the loader's own reader, then mapped and read by address.
 * What the section headers add is taken where it is there: a stripped file has it less.
 */
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "guise.h"
#include "tools/check/check.h"

#define LARGEST (2ull << 30)

void *room_for(void *list, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return list;
	*room = *room ? *room * 2 : 256;
	list = realloc(list, *room * size);
	if (!list) {
		fputs("guise: no memory to read the program in\n", stderr);
		_exit(125);
	}
	return list;
}
const void *module_run(const struct module *m, uint64_t a, uint64_t *left)
{
	for (unsigned i = 0; i < m->image.n_seg; i++) {
		const struct segment *s = &m->image.seg[i];
		if (a - s->vaddr < s->filesz) {
			*left = s->filesz - (a - s->vaddr);
			return m->file + s->off + (a - s->vaddr);
		}
	}
	return NULL;
}
const void *module_at(const struct module *m, uint64_t a, uint64_t n)
{
	uint64_t left;
	const void *p = module_run(m, a, &left);
	return p && n <= left ? p : NULL;
}
const char *module_text(const struct module *m, uint64_t a)
{
	uint64_t left;
	const char *t = module_run(m, a, &left);
	return t && memchr(t, 0, MIN(left, 4096ul)) ? t : NULL;
}
uint64_t module_word(const struct module *m, uint64_t a)
{
	const void *p = module_at(m, a, 8);
	uint64_t w = 0;
	if (p)
		memcpy(&w, p, 8);
	return w;
}
bool module_is_code(const struct module *m, uint64_t a)
{
	for (unsigned i = 0; i < m->n_text; i++)
		if (a - m->text[i].at < m->text[i].size)
			return true;
	return false;
}
void module_start(struct module *m, uint64_t a)
{
	if (!module_is_code(m, a))
		return;
	m->start = room_for(m->start, m->n_start, &m->room_start, sizeof *m->start);
	m->start[m->n_start++] = a;
}
void module_border(struct module *m, uint64_t a)
{
	if (module_is_code(m, a) || !module_at(m, a, 1))
		return;
	m->border = room_for(m->border, m->n_border, &m->room_border, sizeof *m->border);
	m->border[m->n_border++] = a;
}

/* --- what section headers tell ------------------------------------------------------------------------------------ */
static void add_text(struct module *m, uint64_t at, uint64_t size)
{
	if (m->n_text < MOST_RANGES && size && module_at(m, at, size))
		m->text[m->n_text++] = (struct range){ at, size };
}
static void read_names(struct module *m, Elf *e, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	size_t n = d && sh->sh_entsize ? d->d_size / sizeof(Elf64_Sym) : 0;

	for (size_t i = 1; i < n; i++) {
		GElf_Sym s;
		const char *name;
		if (!gelf_getsym(d, (int)i, &s) || s.st_shndx == SHN_UNDEF || GELF_ST_TYPE(s.st_info) > STT_FUNC ||
		    !s.st_value || !(name = elf_strptr(e, sh->sh_link, s.st_name)) || !*name)
			continue;
		m->local = room_for(m->local, m->n_local, &m->room_local, sizeof *m->local);
		m->local[m->n_local++] = (struct symbol){ .name = strndup(name, MOST_NAME), .at = s.st_value, .size = s.st_size,
			.function = GELF_ST_TYPE(s.st_info) == STT_FUNC };
		if (GELF_ST_TYPE(s.st_info) == STT_FUNC)
			module_start(m, s.st_value);
	}
}
static void read_own(struct module *, Elf *);
static void read_sections(struct module *m, int fd)
{
	Elf *e = elf_version(EV_CURRENT) ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while (e && (scn = elf_nextscn(e, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_PROGBITS && sh.sh_flags & SHF_EXECINSTR)
			add_text(m, sh.sh_addr, sh.sh_size);
	for (unsigned i = 0; !m->n_text && i < m->image.n_seg; i++)
		if (m->image.seg[i].prot & PROT_EXEC)
			add_text(m, m->image.seg[i].vaddr, m->image.seg[i].filesz);
	while (e && (scn = elf_nextscn(e, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_SYMTAB)
			read_names(m, e, scn, &sh);
		else if (sh.sh_flags & SHF_ALLOC)
			module_border(m, sh.sh_addr);
	}
	read_own(m, e);
	elf_end(e);
}
/* A program without a run-time linker has words to fill, too: it does that itself. */
static void read_own(struct module *m, Elf *e)
{
	GElf_Shdr sh;
	for (Elf_Scn *scn = NULL; e && !m->image.has_dynamic && (scn = elf_nextscn(e, scn));)
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA && sh.sh_flags & SHF_ALLOC)
			dynamic_rela(m, sh.sh_addr, sh.sh_size);
}
static void read_headers(struct module *m)
{
	for (unsigned i = 0; i < m->image.phnum; i++) {
		Elf64_Phdr ph;
		memcpy(&ph, m->file + m->image.phoff + i * sizeof ph, sizeof ph);
		if (ph.p_type == PT_GNU_EH_FRAME)
			m->eh_frame_hdr = ph.p_vaddr, m->eh_size = ph.p_filesz;
	}
}
struct module *module_open(int fd, const char *name, const char *path, const char *host, char why[WHY])
{
	struct module *m = calloc(1, sizeof *m);
	struct stat st;

	if (!m || image_open(&m->image, fd, host, why, WHY)) {
		free(m);
		return NULL;
	}
	m->size = fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
	void *p = m->size && m->size < LARGEST ? mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	if (p == MAP_FAILED) {
		snprintf(why, WHY, "it cannot be mapped to be read");
		free(m);
		return NULL;
	}
	m->file = p;
	m->image.fd = -1;
	m->name = strdup(name);
	m->path = strdup(path);
	m->host = strdup(host);
	read_headers(m);
	read_sections(m, fd);
	module_start(m, m->image.entry);
	dynamic_read(m);
	frames_read(m);
	go_read(m);
	code_read(m);
	return m;
}
void module_free(struct module *m)
{
	for (size_t i = 0; i < m->n_local; i++)
		free((char *)m->local[i].name);
	if (m->file)
		munmap((void *)m->file, m->size);
	free(m->name), free(m->path), free(m->host);
	free(m->symbol), free(m->by_name), free(m->slot), free(m->function), free(m->edge), free(m->start);
	free(m->border), free(m->local), free(m->seen), free(m->gone_through), free(m->object);
	decoded_free(m);
	free(m);
}
void module_again(struct module *m)
{
	for (uint32_t i = 0; i < m->n_function; i++)
		m->function[i].reached = false, m->function[i].by = NULL;
	free(m->seen), free(m->gone_through);
	m->seen = m->gone_through = NULL;
	m->late = m->interpreter = false;
}
