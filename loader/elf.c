/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Recognition: what a file holds, checked so that nobody behind has to check again. Hostile headers end here with a
 * sentence. Maps nothing, changes nothing. Read without libelf: an exec comes through here twice, in the old image and in
 * the new one, which has no libc that such a library could use (own.c).
 */
#include <errno.h>
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "loader/image.h"

#define ADDRESS_TOP 0x7ffffffff000ull
#define ALIGN_MOST (2ull << 20)
#define HEAD 4096                        /* of most programs it has all that is asked for */

struct reading { struct image *im; uint64_t size; char *why; size_t n; ssize_t n_head; unsigned char head[HEAD]; };

static int __attribute__((format(printf, 3, 4))) bad(struct reading *r, int e, const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vsnprintf(r->why, r->n, f, ap);
	va_end(ap);
	return -e;
}

/* A piece of the file: from what was read at first, where it lies there. */
static bool take(const struct reading *r, uint64_t off, void *to, size_t n)
{
	if (off > r->size || n > r->size - off)
		return false;
	if (off + n > (uint64_t)r->n_head)
		return pread(r->im->fd, to, n, (off_t)off) == (ssize_t)n;
	memcpy(to, r->head + off, n);
	return true;
}

/* What is not ours to run, by its first bytes. */
static const struct { unsigned char magic[4]; unsigned n; const char *what; } others[] = {
	{ { 'M', 'Z' }, 2, "a Windows program (PE): use WINE for it" },
	{ { 0xcf, 0xfa, 0xed, 0xfe }, 4, "a macOS program (Mach-O), which guise does not run yet" },
	{ { 0xce, 0xfa, 0xed, 0xfe }, 4, "a 32-bit macOS program (Mach-O); only 64-bit x86 programs can run" },
	{ { 0xfe, 0xed, 0xfa }, 3, "a big-endian macOS program (Mach-O) for another processor" },
	{ { 0xca, 0xfe, 0xba, 0xbe }, 4, "a universal macOS program (fat Mach-O) or Java class, which guise does not run" },
	{ { 0x00, 0x00, 0x8a, 0x97 }, 4, "a Plan 9 program (a.out), which guise does not run yet" },
	{ { 0x00, 0x00, 0x01, 0xeb }, 4, "a 32-bit Plan 9 program (a.out); only 64-bit x86 programs can run" },
	{ { 0x07, 0x01 }, 2, "an old a.out program; only ELF programs can run" },
	{ { 0x08, 0x01 }, 2, "an old a.out program; only ELF programs can run" },
	{ { 0x0b, 0x01 }, 2, "an old a.out program; only ELF programs can run" },
	{ { 0xcc, 0x00 }, 2, "an old a.out program; only ELF programs can run" },
	{ { '!', '<', 'a', 'r' }, 4, "an archive (ar), not a program" },
	{ { 'P', 'K', 3, 4 }, 4, "a zip archive, not a program" },
	{ { 0x1f, 0x8b }, 2, "a gzip file, not a program" },
};
static int foreign_format(struct reading *r, const unsigned char *head, ssize_t n)
{
	if (n <= 0)
		return bad(r, ENOEXEC, "the file is empty");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (n >= (ssize_t)others[i].n && !memcmp(head, others[i].magic, others[i].n))
			return bad(r, ENOEXEC, "this is %s", others[i].what);
	return bad(r, ENOEXEC, "this is no program: neither ELF nor a script with #!");
}
static int check_ehdr(struct reading *r)
{
	static const char *const types[] = { "has no type", "an object file, not linked", NULL, NULL,
					     "a core file: a debugger reads it" };
	const unsigned char *head = r->head;
	Elf64_Ehdr eh;

	if (r->n_head < EI_NIDENT)
		return bad(r, ENOEXEC, "the ELF header is cut off after %zd bytes", r->n_head);
	if (head[EI_CLASS] == ELFCLASS32)
		return bad(r, ENOEXEC, "this is a 32-bit program; only 64-bit x86 programs can run, or one for a bare machine (--as metal)");
	if (head[EI_CLASS] != ELFCLASS64 || head[EI_DATA] != ELFDATA2LSB)
		return bad(r, ENOEXEC, "the ELF header is damaged or for a big-endian machine (class %u, data %u)",
			   head[EI_CLASS], head[EI_DATA]);
	if (head[EI_VERSION] != EV_CURRENT || !take(r, 0, &eh, sizeof eh))
		return bad(r, ENOEXEC, "the ELF header is cut off");
	if (eh.e_machine != EM_X86_64)
		return bad(r, ENOEXEC, "this is a program for another processor (ELF machine %u); only x86-64 can run",
			   eh.e_machine);
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return bad(r, ENOEXEC, "this is %s", eh.e_type < 5 ? types[eh.e_type] : "an ELF file of unknown type");
	if (eh.e_phentsize != sizeof(Elf64_Phdr) || !eh.e_phnum || eh.e_phnum > 512 ||
	    eh.e_phoff > r->size || eh.e_phnum * sizeof(Elf64_Phdr) > r->size - eh.e_phoff)
		return bad(r, ENOEXEC, "the table of program headers is damaged or cut off");
	r->im->osabi = eh.e_ident[EI_OSABI];
	r->im->pie = eh.e_type == ET_DYN;
	r->im->entry = eh.e_entry;
	r->im->phoff = eh.e_phoff;
	r->im->phnum = eh.e_phnum;
	r->im->phent = eh.e_phentsize;
	r->im->eflags = eh.e_flags;
	return 0;
}
static int add_segment(struct reading *r, const Elf64_Phdr *ph)
{
	struct image *im = r->im;
	struct segment *last = im->n_seg ? &im->seg[im->n_seg - 1] : NULL;
	unsigned nr = im->n_seg;

	if (!ph->p_memsz)
		return 0;
	if (im->n_seg == IMAGE_SEGS)
		return bad(r, ENOEXEC, "it has more than %d segments", IMAGE_SEGS);
	if (ph->p_filesz > ph->p_memsz)
		return bad(r, ENOEXEC, "segment %u is larger in the file than in memory", nr);
	if (ph->p_offset > r->size || ph->p_filesz > r->size - ph->p_offset)
		return bad(r, ENOEXEC, "segment %u ends behind the end of the file: the file is cut off", nr);
	if (ph->p_vaddr >= ADDRESS_TOP || ph->p_memsz > ADDRESS_TOP - ph->p_vaddr)
		return bad(r, ENOEXEC, "segment %u lies outside of the address space", nr);
	if ((ph->p_vaddr ^ ph->p_offset) & 4095)
		return bad(r, ENOEXEC, "segment %u cannot be mapped: address and file offset differ within a page", nr);
	if (ph->p_align & (ph->p_align - 1) || ph->p_align > ALIGN_MOST)
		return bad(r, ENOEXEC, "segment %u wants an alignment of %#llx; a power of two up to 2 MiB is possible", nr,
			   (unsigned long long)ph->p_align);
	if (last && ph->p_vaddr < last->vaddr + last->memsz)
		return bad(r, ENOEXEC, "segments %u and %u overlap or are out of order", nr - 1, nr);
	im->seg[im->n_seg++] = (struct segment){
		ph->p_offset, ph->p_vaddr, ph->p_filesz, ph->p_memsz, ph->p_align ? ph->p_align : 1,
		(ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
		(ph->p_flags & PF_X ? PROT_EXEC : 0),
	};
	if (im->phoff >= ph->p_offset && im->phoff < ph->p_offset + ph->p_filesz)
		im->phdr_vaddr = ph->p_vaddr + (im->phoff - ph->p_offset);
	return 0;
}
static int read_interp(struct reading *r, const Elf64_Phdr *ph)
{
	struct image *im = r->im;
	if (ph->p_filesz < 2 || ph->p_filesz > sizeof im->interp || ph->p_offset > r->size)
		return bad(r, ENOEXEC, "the name of its run-time linker is damaged");
	if (!take(r, ph->p_offset, im->interp, ph->p_filesz) || im->interp[ph->p_filesz - 1])
		return bad(r, ENOEXEC, "the name of its run-time linker is damaged");
	return 0;
}
/* Damaged notes are no notes, nor is what comes behind them. */
static void read_notes(struct reading *r, const Elf64_Phdr *ph)
{
	struct image *im = r->im;
	uint64_t at = 0, align = ph->p_align == 8 ? 8 : 4, size = ph->p_filesz;
	Elf64_Nhdr nh;

	if (ph->p_offset > r->size || size > r->size - ph->p_offset)
		return;
	while (im->n_note < IMAGE_NOTES && at <= size && size - at >= sizeof nh && take(r, ph->p_offset + at, &nh, sizeof nh)) {
		struct note *n = &im->note[im->n_note], fresh = { .type = nh.n_type, .desc_len = nh.n_descsz };
		uint64_t name = at + sizeof nh, desc = (name + nh.n_namesz + align - 1) & ~(align - 1);
		size_t name_len = nh.n_namesz < sizeof n->name ? nh.n_namesz : sizeof n->name - 1;
		size_t desc_len = nh.n_descsz < sizeof n->desc ? nh.n_descsz : sizeof n->desc;
		if (desc > size || nh.n_descsz > size - desc || !take(r, ph->p_offset + name, fresh.name, name_len) ||
		    !take(r, ph->p_offset + desc, fresh.desc, desc_len))
			return;
		*n = fresh;
		im->n_note++;
		at = (desc + nh.n_descsz + align - 1) & ~(align - 1);
	}
}
static int read_phdrs(struct reading *r)
{
	Elf64_Phdr ph;
	int e = 0;
	for (unsigned i = 0; !e && i < r->im->phnum; i++) {
		if (!take(r, r->im->phoff + i * sizeof ph, &ph, sizeof ph))
			return bad(r, ENOEXEC, "program header %u cannot be read", i);
		switch (ph.p_type) {
		case PT_LOAD: e = add_segment(r, &ph); break;
		case PT_INTERP: e = read_interp(r, &ph); break;
		case PT_NOTE: read_notes(r, &ph); break;
		case PT_DYNAMIC: r->im->has_dynamic = true; break;
		case PT_TLS: r->im->has_tls = true; break;
		case PT_GNU_STACK:
			r->im->exec_stack = ph.p_flags & PF_X;
			r->im->stack_size = ph.p_memsz;
			break;
		}
	}
	if (!e && !r->im->n_seg)
		e = bad(r, ENOEXEC, "it has nothing to load");
	return e;
}
/* On every system that writes such notes the first type names the system. */
static bool has_abi_note(const struct image *im)
{
	for (unsigned i = 0; i < im->n_note; i++)
		if (im->note[i].type == 1)
			return true;
	return false;
}
/* Go writes what it was built for into a block that starts with this magic; needed where nothing else marks the system. */
static void read_goos(struct image *im)
{
	static const char magic[] = "\xff Go buildinf:", key[] = "GOOS=";
	char buf[8192];
	for (unsigned i = 0; i < im->n_seg; i++) {
		ssize_t n = im->seg[i].prot & PROT_WRITE ? pread(im->fd, buf, sizeof buf, (off_t)im->seg[i].off) : 0;
		char *at = n > 0 ? memmem(buf, (size_t)n, magic, sizeof magic - 1) : NULL;
		char *os = at ? memmem(at, (size_t)(buf + n - at), key, sizeof key - 1) : NULL;
		for (size_t k = 0; os && k + 1 < sizeof im->goos && os + 5 + k < buf + n && os[5 + k] > ' '; k++)
			im->goos[k] = os[5 + k];
	}
}
int image_open(struct image *im, int fd, const char *path, char *why, size_t n)
{
	struct reading r;
	struct stat st;
	int e;

	r.im = im, r.why = why, r.n = n;
	memset(im, 0, sizeof *im);
	im->fd = fd;
	stpncpy(im->path, path, sizeof im->path - 1);
	if (fstat(fd, &st) < 0)
		return bad(&r, errno, "it cannot be examined: %s", strerror(errno));
	r.size = (uint64_t)st.st_size;
	r.n_head = pread(fd, r.head, sizeof r.head, 0);
	if (r.n_head < 0)
		return bad(&r, errno, "it cannot be read: %s", strerror(errno));
	if (r.n_head < SELFMAG || memcmp(r.head, ELFMAG, SELFMAG))
		return foreign_format(&r, r.head, r.n_head);
	e = check_ehdr(&r);
	if (!e)
		e = read_phdrs(&r);
	if (!e && !im->interp[0] && !has_abi_note(im))
		read_goos(im);
	return e;
}
