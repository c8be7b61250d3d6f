/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ELF images made in memory, right or wrong on purpose; used by the unit test and the fuzzer of the loader.
 */
#pragma once
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ELF_PHDRS = 16, ELF_SIZE = 0x4000 };
struct elf_image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[ELF_PHDRS];
	char interp[64];
	struct { Elf64_Nhdr h; char name[8]; uint32_t desc; } note;
	char rest[ELF_SIZE - sizeof(Elf64_Ehdr) - ELF_PHDRS * sizeof(Elf64_Phdr) - 64 - 24];
};
_Static_assert(sizeof(struct elf_image) == ELF_SIZE, "elf_image");

/* A program of three segments, for FreeBSD by its OSABI byte: text with the headers, data with bss, a note. */
static inline void elf_good(struct elf_image *e)
{
	memset(e, 0, sizeof *e);
	memcpy(e->eh.e_ident, ELFMAG, SELFMAG);
	e->eh.e_ident[EI_CLASS] = ELFCLASS64;
	e->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	e->eh.e_ident[EI_VERSION] = EV_CURRENT;
	e->eh.e_ident[EI_OSABI] = 9;
	e->eh.e_type = ET_EXEC;
	e->eh.e_machine = EM_X86_64;
	e->eh.e_version = EV_CURRENT;
	e->eh.e_entry = 0x401800;
	e->eh.e_phoff = sizeof(Elf64_Ehdr);
	e->eh.e_ehsize = sizeof(Elf64_Ehdr);
	e->eh.e_phentsize = sizeof(Elf64_Phdr);
	e->eh.e_phnum = 4;
	e->eh.e_shentsize = sizeof(Elf64_Shdr);
	e->ph[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, 0, 0x400000, 0x400000, 0x2000, 0x2000, 0x1000 };
	e->ph[1] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, 0x2000, 0x403000, 0x403000, 0x1000, 0x5000, 0x1000 };
	e->ph[2] = (Elf64_Phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 };
	e->ph[3] = (Elf64_Phdr){ PT_NOTE, PF_R, offsetof(struct elf_image, note), 0, 0, sizeof e->note, sizeof e->note, 4 };
	e->note.h = (Elf64_Nhdr){ 8, 4, 1 };
	memcpy(e->note.name, "FreeBSD", 8);
	e->note.desc = 1302001;
	strcpy(e->interp, "/libexec/ld-elf.so.1");
}
static inline int elf_fd(const void *data, size_t n)
{
	int fd = memfd_create("image", 0);

	if (fd >= 0 && write(fd, data, n) != (ssize_t)n) {
		close(fd);
		return -1;
	}
	return fd;
}
