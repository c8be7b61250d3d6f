/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known of a program before it runs: filled by image_open (recognition; nothing is mapped), then by image_map
 * (addresses). A personality reads it in claims() and stack() and changes nothing. All sizes and offsets were checked
 * against the file: a reader need not check again.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_SEGS = 64, IMAGE_NOTES = 16 };

struct segment { uint64_t off, vaddr, filesz, memsz, align; int prot; uint64_t paddr; };     /* paddr: of a bare image only */
struct note { char name[16]; uint32_t type, desc_len; uint32_t desc[4]; };     /* desc: its first 16 bytes */

enum bare { BARE_NONE, BARE_MULTIBOOT, BARE_MULTIBOOT2, BARE_PVH, BARE_LINUX, BARE_ELF };
enum { BARE_ALIGNED = 1, BARE_MAP = 2 };         /* bare_wants: modules begin at pages; no start without a memory map */

struct image {
	int fd;                          /* the open file, ours, or -1 */
	char path[4096];                 /* host path */
	uint8_t osabi;
	bool pie;                        /* may be placed anywhere */
	bool exec_stack;
	uint64_t stack_size;             /* PT_GNU_STACK's wish, or 0 */
	uint64_t entry;                  /* as the file has it; + bias in memory */
	uint64_t phoff, phdr_vaddr;      /* phdr_vaddr: where the segments put the program headers, 0 if nowhere */
	unsigned phnum, phent;
	uint64_t eflags;
	char interp[1024];               /* PT_INTERP, "" if static */
	bool has_dynamic, has_tls;
	unsigned n_seg;
	struct segment seg[IMAGE_SEGS];  /* PT_LOAD, ascending, never overlapping */
	unsigned n_note;
	struct note note[IMAGE_NOTES];
	/* A program that expects no system but a machine (loader/bare.c): how it wants to be started, and where; else BARE_NONE */
	uint8_t bare;                    /* enum bare */
	bool elf32;
	uint32_t bare_wants;             /* flags of its header that ask for something */
	char goos[16];                   /* what Go's build information says, "" if not a Go program without other mark */
	/* image_map */
	uint64_t bias;                   /* added to every vaddr */
	uint64_t lo, hi;                 /* span in memory */
	uint64_t brk;                    /* first page after the last segment */
	struct image *rtld;              /* the interpreter's image, mapped too, or NULL */
	/* what to run it with, host memory */
	char **argv, **envp;
	const char *execpath;            /* as the guest names it */
	uint64_t stack_top;              /* the first stack may grow down from here */
};

/* Recognise what fd holds. 0, or -errno with a sentence in why: ENOEXEC for what is no ELF64 x86-64 program. */
int image_open(struct image *, int fd, const char *path, char *why, size_t n);
/* The same for a bare-metal program: 1 if it carries such a header (or, if asked, is an ELF that could be loaded as one),
 * 0 if it is something else, -errno with a sentence. */
int bare_open(struct image *, int fd, const char *path, bool asked, char *why, size_t n);
const char *bare_name(unsigned bare);    /* "multiboot", ... */
/* Map it; the interpreter (image->rtld) too, if one is given. 0, or -errno with a sentence. */
int image_map(struct image *, char *why, size_t n);
/* Which of it can be executed. */
void image_code(const struct image *, void (*each)(uint64_t lo, uint64_t hi, int prot));
static inline uint64_t image_start(const struct image *i)      /* where the first instruction is */
{
	return i->rtld ? i->rtld->entry + i->rtld->bias : i->entry + i->bias;
}
