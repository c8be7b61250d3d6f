/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the loader makes of images: good ones with all they say, whose they are, and every way to lie in a header, which
 * must end in -ENOEXEC and a sentence.
 */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include "elf_image.h"
#include "loader/image.h"

static struct elf_image e;
static struct image *im;
static char why[512];

static long open_bytes(const void *data, size_t n)
{
	int fd = elf_fd(data, n);
	long r;

	assert_true(fd >= 0);
	why[0] = 0;
	memset(im, 0, sizeof *im);
	r = image_open(im, fd, "/test/image", why, sizeof why);
	close(fd);
	return r;
}
static long open_e(void) { return open_bytes(&e, sizeof e); }

/* it is refused, and the sentence is one */
#define refused() do { long r_ = open_e(); if (r_ != -ENOEXEC) fail_msg("line %d: %ld %s", __LINE__, r_, why); \
	assert_true(strlen(why) > 10); elf_good(&e); } while (0)

static const struct personality *whose(void)
{
	const struct personality *best = NULL;
	int sure = 0;

	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		if ((*p)->claims(im) > sure) {
			sure = (*p)->claims(im);
			best = *p;
		}
	return best;
}

static void good(void **state)
{
	elf_good(&e);
	assert_int_equal(open_e(), 0);
	assert_int_equal(im->osabi, 9);
	assert_false(im->pie);
	assert_int_equal(im->entry, 0x401800);
	assert_int_equal(im->phnum, 4);
	assert_int_equal(im->phent, 56);
	assert_int_equal(im->phdr_vaddr, 0x400040);
	assert_int_equal(im->n_seg, 2);
	assert_int_equal(im->seg[1].memsz, 0x5000);
	assert_int_equal(im->seg[0].prot, PROT_READ | PROT_EXEC);
	assert_int_equal(im->seg[1].prot, PROT_READ | PROT_WRITE);
	assert_int_equal(im->n_note, 1);
	assert_string_equal(im->note[0].name, "FreeBSD");
	assert_int_equal(im->note[0].type, 1);
	assert_int_equal(im->note[0].desc[0], 1302001);
	assert_string_equal(im->interp, "");
	assert_false(im->exec_stack);
}
static void more_good(void **state)
{
	elf_good(&e);
	e.eh.e_type = ET_DYN;
	e.eh.e_phnum = 7;
	e.ph[2].p_flags |= PF_X;
	e.ph[4] = (Elf64_Phdr){ PT_INTERP, PF_R, offsetof(struct elf_image, interp), 0, 0, 21, 21, 1 };
	e.ph[5] = (Elf64_Phdr){ PT_TLS, PF_R, 0x2000, 0x403000, 0x403000, 16, 64, 16 };
	e.ph[6] = (Elf64_Phdr){ PT_DYNAMIC, PF_R, 0x2000, 0x403000, 0x403000, 16, 16, 8 };
	assert_int_equal(open_e(), 0);
	assert_true(im->pie);
	assert_true(im->exec_stack);
	assert_true(im->has_tls);
	assert_true(im->has_dynamic);
	assert_string_equal(im->interp, "/libexec/ld-elf.so.1");
	/* a segment of only bss, and one that begins in the middle of a page */
	elf_good(&e);
	e.ph[1] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, 0x2345, 0x403345, 0x403345, 0x100, 0x100, 0x1000 };
	e.ph[2] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, 0x3000, 0x500000, 0x500000, 0, 0x10000, 0x1000 };
	assert_int_equal(open_e(), 0);
	assert_int_equal(im->n_seg, 3);
	/* aligned to 2 MiB, as linkers do */
	elf_good(&e);
	e.ph[0].p_align = e.ph[1].p_align = 0x200000;
	e.ph[1].p_vaddr = e.ph[1].p_paddr = 0x602000;
	assert_int_equal(open_e(), 0);
}
static void brands(void **state)
{
	elf_good(&e);
	assert_int_equal(open_e(), 0);
	assert_string_equal(whose()->name, "freebsd");
	e.eh.e_ident[EI_OSABI] = 0;                          /* the note alone */
	assert_int_equal(open_e(), 0);
	assert_string_equal(whose()->name, "freebsd");
	e.eh.e_phnum = 3;                                    /* no mark at all: ours */
	assert_int_equal(open_e(), 0);
	assert_string_equal(whose()->name, "linux");
	e.ph[2] = (Elf64_Phdr){ PT_INTERP, PF_R, offsetof(struct elf_image, interp), 0, 0, 21, 21, 1 };
	assert_int_equal(open_e(), 0);                       /* the interpreter alone */
	assert_string_equal(whose()->name, "freebsd");
	strcpy(e.interp, "/lib64/ld-linux-x86-64.so.2");
	e.ph[2].p_filesz = e.ph[2].p_memsz = 28;
	assert_int_equal(open_e(), 0);
	assert_string_equal(whose()->name, "linux");
	elf_good(&e);
	e.eh.e_ident[EI_OSABI] = 3;
	e.eh.e_phnum = 3;
	assert_int_equal(open_e(), 0);
	assert_string_equal(whose()->name, "linux");
}
static void headers(void **state)
{
	elf_good(&e);
	e.eh.e_ident[EI_CLASS] = ELFCLASS32; refused();
	e.eh.e_ident[EI_CLASS] = 0; refused();
	e.eh.e_ident[EI_DATA] = ELFDATA2MSB; refused();
	e.eh.e_machine = EM_AARCH64; refused();
	e.eh.e_machine = EM_386; refused();
	e.eh.e_type = ET_REL; refused();
	e.eh.e_type = ET_CORE; refused();
	e.eh.e_type = 0; refused();
	e.eh.e_phentsize = 32; refused();
	e.eh.e_phentsize = 0; refused();
	e.eh.e_phnum = 0; refused();
	e.eh.e_phnum = 65534; refused();
	e.eh.e_phnum = PN_XNUM; refused();
	e.eh.e_phoff = ELF_SIZE; refused();
	e.eh.e_phoff = ~0ull; refused();
	e.eh.e_phoff = ~0ull - 100; refused();
	e.eh.e_phoff = ELF_SIZE - 56; refused();
}
static void segments(void **state)
{
	elf_good(&e);
	e.ph[0].p_type = e.ph[1].p_type = PT_NULL; refused();
	e.ph[1].p_filesz = 0x6000; refused();                /* more than memsz */
	e.ph[1].p_filesz = e.ph[1].p_memsz = 0x3000; refused();      /* more than the file */
	e.ph[1].p_offset = ELF_SIZE + 0x1000; refused();
	e.ph[1].p_offset = ~0xfffull; refused();
	e.ph[1].p_memsz = ~0ull; refused();
	e.ph[1].p_memsz = 0x800000000000; refused();
	e.ph[1].p_vaddr = 0xffffffff80003000; refused();
	e.ph[1].p_vaddr = 0x7ffffffff000; refused();
	e.ph[1].p_vaddr = 0x401000; refused();               /* overlaps the first */
	e.ph[0].p_vaddr = 0x500000; refused();               /* not ascending */
	e.ph[1].p_vaddr = 0x403001; refused();               /* not the offset's place in a page */
	e.ph[1].p_align = 3; refused();
	e.ph[1].p_align = 1ull << 40; refused();
}
static void many_segments(void **state)
{
	static struct { Elf64_Ehdr eh; Elf64_Phdr ph[200]; char rest[4096]; } big;

	elf_good(&e);
	big.eh = e.eh;
	big.eh.e_phnum = 200;
	for (int i = 0; i < 200; i++)
		big.ph[i] = (Elf64_Phdr){ PT_LOAD, PF_R, 0, 0x400000 + i * 0x10000ull, 0, 0x1000, 0x1000, 0x1000 };
	assert_int_equal(open_bytes(&big, sizeof big), -ENOEXEC);
	assert_true(strlen(why) > 10);
	for (int i = 2; i < 200; i++)
		big.ph[i].p_type = 0x6abcdef0 + i;           /* unknown types are none of our business */
	assert_int_equal(open_bytes(&big, sizeof big), 0);
}
static void others(void **state)
{
	elf_good(&e);
	e.eh.e_phnum = 5;
	e.ph[4] = (Elf64_Phdr){ PT_INTERP, PF_R, ELF_SIZE, 0, 0, 20, 20, 1 }; refused();
	e.eh.e_phnum = 5;
	e.ph[4] = (Elf64_Phdr){ PT_INTERP, PF_R, 0x100, 0, 0, ~0ull, 20, 1 }; refused();
	e.eh.e_phnum = 5;
	e.ph[4] = (Elf64_Phdr){ PT_INTERP, PF_R, 0x1000, 0, 0, 0x1000, 20, 1 }; refused();           /* longer than a path */
	e.eh.e_phnum = 5;
	e.ph[4] = (Elf64_Phdr){ PT_INTERP, PF_R, offsetof(struct elf_image, interp), 0, 0, 10, 20, 1 }; refused();    /* no NUL */
	/* notes that lie about their sizes are read as far as they are there */
	e.note.h.n_namesz = ~0u;
	assert_int_equal(open_e(), 0);
	elf_good(&e);
	e.note.h.n_descsz = ~0u - 3;
	assert_int_equal(open_e(), 0);
	elf_good(&e);
	e.note.h.n_namesz = 0x7fffffff;
	e.note.h.n_descsz = 0x80000001;
	assert_int_equal(open_e(), 0);
	elf_good(&e);
	e.ph[3].p_filesz = 5;
	assert_int_equal(open_e(), 0);
	assert_int_equal(im->n_note, 0);
}
static void no_elf(void **state)
{
	static const struct { const char *bytes; size_t n; const char *word; } what[] = {
		{ "", 0, "" }, { "\x7f""ELF", 4, "" }, { "#!/bin/sh\n", 10, "" }, { "MZ\x90\0", 4, "" }, { "\xcf\xfa\xed\xfe\7\0\0\1", 8, "" },
		{ "\xca\xfe\xba\xbe\0\0\0\2", 8, "" }, { "\0\0\x8a\x97", 4, "" }, { "hello, world\n", 13, "" },
	};
	static char pad[4096];

	for (unsigned i = 0; i < ARRAY_LEN(what); i++) {
		assert_int_equal(open_bytes(what[i].bytes, what[i].n), -ENOEXEC);
		assert_true(strlen(why) > 5);
		memset(pad, 0, sizeof pad);
		memcpy(pad, what[i].bytes, what[i].n);
		assert_int_equal(open_bytes(pad, sizeof pad), -ENOEXEC);
		assert_true(strlen(why) > 5);
	}
	/* cut short at every length */
	elf_good(&e);
	for (size_t n = 0; n < sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr); n++)
		assert_int_equal(open_bytes(&e, n), -ENOEXEC);
	for (size_t n = sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr); n < ELF_SIZE - 0x1000; n += 97)
		assert_int_equal(open_bytes(&e, n), -ENOEXEC);
	int fd = open("/", O_RDONLY);
	assert_true(image_open(im, fd, "/", why, sizeof why) < 0);
	close(fd);
	/* a short buffer for the sentence is kept to */
	memset(why, 'x', sizeof why);
	fd = elf_fd("no", 2);
	assert_true(image_open(im, fd, "/a/path/that/is/longer/than/the/buffer", why, 8) < 0);
	assert_int_equal(why[8], 'x');
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good), cmocka_unit_test(more_good), cmocka_unit_test(brands), cmocka_unit_test(headers),
		cmocka_unit_test(segments), cmocka_unit_test(many_segments), cmocka_unit_test(others), cmocka_unit_test(no_elf),
	};
	unit_start("freebsd");
	im = calloc(1, sizeof *im);
	return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
