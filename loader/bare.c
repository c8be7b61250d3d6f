/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Recognition of programs that expect no system but a machine: by a multiboot header (versions 1 and 2), the note that
 * PVH boots by, the header of Linux's boot protocol, or because the user says so (a plain ELF). 32 and 64 bits, placed by
 * physical addresses; the headers are read by hand, since libelf's view of an image is not what a boot loader has. All
 * offsets are checked here against the file, none later. Maps nothing.
 *
 * Facts: Multiboot Specification 0.6.96, Multiboot2 Specification 2.0, Xen's docs/misc/pvh.pandoc and
 * xen/include/public/elfnote.h, Linux Documentation/arch/x86/boot.rst (protocol 2.12).
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "loader/image.h"

#define HEAD_SIZE 32768                  /* multiboot2's header lies within it; multiboot's within the first quarter */
#define MB1_SEARCH 8192
#define WINDOW 4096ul                    /* most are done with the first */
#define MB1_MAGIC 0x1badb002u
#define MB2_MAGIC 0xe85250d6u
#define MB1_UNKNOWN 0xfff8u              /* of the flags that must be known: all but alignment, memory, video */
#define MB1_ADDRESSES (1u << 16)
#define PVH_NOTE 18
#define PHYS_TOP (1ull << 46)

struct file {
	struct image *im;
	int fd;
	uint64_t size;
	unsigned char head[64];
	unsigned char window[WINDOW];    /* what was looked at last */
	size_t n_head, window_at;        /* how much of the file counts as its head */
	uint64_t entry;          /* what a header says, or 0 */
	bool physical;           /* ... and it is no address of the program's own mapping */
	bool placed;             /* the header says where the file goes; no ELF needed */
	uint64_t header, load, load_end, bss_end;
	char *why;
	size_t n;
};

static int __attribute__((format(printf, 2, 3))) bad(struct file *f, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(f->why, f->n, format, ap);
	va_end(ap);
	return -ENOEXEC;
}
static uint32_t u32(struct file *f, size_t at)
{
	uint32_t v = 0;
	if (at + 4 > f->n_head)
		return 0;
	if (at < f->window_at || at + 4 > f->window_at + WINDOW) {
		memset(f->window, 0, WINDOW);
		if (pread(f->fd, f->window, WINDOW, (off_t)at) < 0)
			return 0;
		f->window_at = at;
	}
	memcpy(&v, f->window + (at - f->window_at), 4);
	return v;
}
static uint16_t u16(struct file *f, size_t at) { return (uint16_t)u32(f, at); }
static uint8_t u8(struct file *f, size_t at) { return (uint8_t)u32(f, at); }
static bool read_at(struct file *f, uint64_t off, void *to, size_t n)
{
	if (off + n <= f->n_head && n <= WINDOW && off + n > off) {
		u32(f, off);
		if (off >= f->window_at && off + n <= f->window_at + WINDOW) {
			memcpy(to, f->window + (off - f->window_at), n);
			return true;
		}
	}
	return off <= f->size && n <= f->size - off && pread(f->fd, to, n, (off_t)off) == (ssize_t)n;
}
const char *bare_name(unsigned bare)
{
	static const char *const names[] = {
		[BARE_MULTIBOOT] = "multiboot", [BARE_MULTIBOOT2] = "multiboot2", [BARE_PVH] = "PVH", [BARE_LINUX] = "Linux's boot protocol",
		[BARE_ELF] = "plain ELF",
	};
	return bare < sizeof names / sizeof *names && names[bare] ? names[bare] : "none";
}

/* --- multiboot 1 and 2 ------------------------------------------------------------------------------------------------- */
static size_t find_multiboot(struct file *f)
{
	for (size_t at = 0; at + 12 <= f->n_head && at + 12 <= MB1_SEARCH; at += 4)
		if (u32(f, at) == MB1_MAGIC && u32(f, at) + u32(f, at + 4) + u32(f, at + 8) == 0)
			return at;
	return SIZE_MAX;
}
static int take_multiboot(struct file *f, size_t at)
{
	uint32_t flags = u32(f, at + 4);

	f->im->bare = BARE_MULTIBOOT;
	f->im->bare_wants = (flags & 1 ? BARE_ALIGNED : 0) | (flags & 2 ? BARE_MAP : 0);
	if (flags & MB1_UNKNOWN)
		return bad(f, "its multiboot header demands features (flags %#x) that no version of the specification has", flags & MB1_UNKNOWN);
	if (!(flags & MB1_ADDRESSES))
		return 0;
	if (at + 32 > f->n_head)
		return bad(f, "its multiboot header is cut off");
	f->placed = f->physical = true;
	f->header = u32(f, at + 12), f->load = u32(f, at + 16), f->load_end = u32(f, at + 20);
	f->bss_end = u32(f, at + 24), f->entry = u32(f, at + 28);
	f->header -= at;                 /* the address that the file's first byte would have */
	return 0;
}
static size_t find_multiboot2(struct file *f)
{
	for (size_t at = 0; at + 16 <= f->n_head; at += 8)
		if (u32(f, at) == MB2_MAGIC && !(u32(f, at) + u32(f, at + 4) + u32(f, at + 8) + u32(f, at + 12)))
			return at;
	return SIZE_MAX;
}
enum { TAG_END, TAG_INFO, TAG_ADDRESS, TAG_ENTRY, TAG_CONSOLE, TAG_FRAMEBUFFER, TAG_ALIGN, TAG_EFI_BS, TAG_EFI32, TAG_EFI64, TAG_RELOCATE };

/* What it asks to be told: that we tell 1 to 6, and a symbol table (9) and loads' base (21) where there is something to say. */
static int take_info_request(struct file *f, size_t at, uint32_t size, bool optional)
{
	for (size_t i = at + 8; i + 4 <= at + size; i += 4)
		if (!optional && (u32(f, i) < 1 || u32(f, i) > 6 || u32(f, i) == 5))
			return bad(f, "its multiboot2 header demands information of type %u, which this machine has not", u32(f, i));
	return 0;
}
static int take_tag(struct file *f, size_t at, uint32_t size, size_t header)
{
	uint16_t type = u16(f, at);
	bool optional = u16(f, at + 2) & 1;

	switch (type) {
	case TAG_INFO:
		return take_info_request(f, at, size, optional);
	case TAG_ADDRESS:
		if (size < 24)
			return bad(f, "the address tag of its multiboot2 header is cut off");
		f->placed = true;
		f->header = u32(f, at + 8) - (uint64_t)header, f->load = u32(f, at + 12), f->load_end = u32(f, at + 16), f->bss_end = u32(f, at + 20);
		return 0;
	case TAG_ENTRY:
		f->entry = u32(f, at + 8);
		f->physical = true;
		return 0;
	case TAG_ALIGN:
		f->im->bare_wants |= BARE_ALIGNED;
		return 0;
	case TAG_CONSOLE: case TAG_FRAMEBUFFER: case TAG_EFI_BS: case TAG_EFI32: case TAG_EFI64: case TAG_RELOCATE:
		return 0;                /* a text screen is there; what is for EFI does not concern a machine without */
	default:
		return optional ? 0 : bad(f, "its multiboot2 header demands feature %u, which is unknown", type);
	}
}
static int take_multiboot2(struct file *f, size_t at)
{
	uint32_t len = u32(f, at + 8), size;

	f->im->bare = BARE_MULTIBOOT2;
	f->im->bare_wants = BARE_MAP;
	if (u32(f, at + 4) != 0)
		return bad(f, "its multiboot2 header is for another processor (architecture %u)", u32(f, at + 4));
	if (len < 16 || len > f->n_head - at)
		return bad(f, "its multiboot2 header is cut off");
	for (size_t t = at + 16; t + 8 <= at + len; t += (size + 7) & ~7u) {
		int e;
		size = u32(f, t + 4);
		if (u16(f, t) == TAG_END)
			return 0;
		if (size < 8 || size > at + len - t)
			return bad(f, "a tag of its multiboot2 header has a wrong size (%u)", size);
		if ((e = take_tag(f, t, size, at)))
			return e;
	}
	return bad(f, "its multiboot2 header has no end");
}
/* Addresses in a header instead of ELF's: one stretch of the file, and zeros behind it. */
static int place_by_header(struct file *f)
{
	struct image *im = f->im;
	uint64_t off = f->load - f->header, end = f->load_end ? f->load_end : f->load + (f->size - off);

	if (f->load < f->header || off > f->size || end < f->load || end - f->load > f->size - off)
		return bad(f, "the addresses in its %s header lie outside of the file: it is cut off or damaged", bare_name(im->bare));
	uint64_t bss = f->bss_end > end ? f->bss_end : end;
	im->seg[im->n_seg++] = (struct segment){ off, f->load, end - f->load, bss - f->load, 1, 7, f->load };
	im->entry = f->entry;
	return 0;
}

/* --- Linux's boot protocol --------------------------------------------------------------------------------------------- */
static bool is_linux(struct file *f) { return u16(f, 0x1fe) == 0xaa55 && u32(f, 0x202) == 0x53726448; }

static int take_linux(struct file *f)
{
	struct image *im = f->im;
	unsigned setup = u8(f, 0x1f1) ? u8(f, 0x1f1) : 4u;
	uint64_t off = (setup + 1) * 512ull, at = u32(f, 0x214), need;

	im->bare = BARE_LINUX;
	if (u16(f, 0x206) < 0x200 || !(u8(f, 0x211) & 1))
		return bad(f, "it is a kernel of Linux's boot protocol %u.%02u that loads low; 2.00 and loading at 1 MiB is needed",
			   u8(f, 0x207), u8(f, 0x206));
	if (at < 0x100000)
		return bad(f, "it has Linux's boot protocol, but no entry of 32 bits (at %#lx): it begins by its 16-bit code, which needs a "
			   "BIOS, and this machine has none", (unsigned long)at);
	/* its size in paragraphs, the last of which may be begun only */
	if (off < f->size && u16(f, 0x206) >= 0x204 && u32(f, 0x1f4) * 16ull > f->size - off + 15)
		return bad(f, "the kernel is cut off: its header says %llu bytes behind %llu, and the file has %llu", u32(f, 0x1f4) * 16ull,
			   (unsigned long long)off, (unsigned long long)f->size);
	if (off >= f->size)
		return bad(f, "the kernel behind its %u setup sectors is cut off", setup);
	need = f->size - off;
	if (u16(f, 0x206) >= 0x20a) {    /* where it unpacks itself to, and what it needs there: nothing may lie in between */
		uint64_t to = u32(f, 0x258) | (uint64_t)u32(f, 0x25c) << 32, init = u32(f, 0x260);
		if (to >= PHYS_TOP)
			return bad(f, "the address that its header prefers (%#llx) is none", (unsigned long long)to);
		init += to > at ? to - at : 0;
		need = init > need ? init : need;
	}
	im->seg[im->n_seg++] = (struct segment){ off, at, f->size - off, need, 1, 7, at };
	im->entry = at;
	return 0;
}

/* --- ELF ------------------------------------------------------------------------------------------------------------------ */
struct phdr { uint32_t type; uint64_t off, vaddr, paddr, filesz, memsz, align; };

static bool phdr_read(struct file *f, unsigned i, struct phdr *p)
{
	Elf32_Phdr p32;
	Elf64_Phdr p64;
	if (f->im->elf32) {
		if (!read_at(f, f->im->phoff + (uint64_t)i * f->im->phent, &p32, sizeof p32))
			return false;
		*p = (struct phdr){ p32.p_type, p32.p_offset, p32.p_vaddr, p32.p_paddr, p32.p_filesz, p32.p_memsz, p32.p_align };
		return true;
	}
	if (!read_at(f, f->im->phoff + (uint64_t)i * f->im->phent, &p64, sizeof p64))
		return false;
	*p = (struct phdr){ p64.p_type, p64.p_offset, p64.p_vaddr, p64.p_paddr, p64.p_filesz, p64.p_memsz, p64.p_align };
	return true;
}
/* PVH: the entry is a physical address in 4 or 8 bytes. Damaged notes are no notes. */
static void take_notes(struct file *f, const struct phdr *p)
{
	unsigned char buf[4096];
	size_t n = p->filesz < sizeof buf ? p->filesz : sizeof buf, at = 0;

	if (!read_at(f, p->off, buf, n))
		return;
	while (at + 12 <= n) {
		Elf32_Nhdr h;
		memcpy(&h, buf + at, sizeof h);
		uint64_t name = at + 12, desc = name + ((h.n_namesz + 3ull) & ~3ull), next = desc + ((h.n_descsz + 3ull) & ~3ull);
		if (next > n)
			return;
		if (h.n_namesz == 4 && !memcmp(buf + name, "Xen", 4) && h.n_type == PVH_NOTE && (h.n_descsz == 4 || h.n_descsz == 8)) {
			f->im->bare = BARE_PVH;
			f->entry = 0;
			memcpy(&f->entry, buf + desc, h.n_descsz);
			f->physical = true;
		}
		at = next;
	}
}
static int add_segment(struct file *f, const struct phdr *p, unsigned nr)
{
	struct image *im = f->im;

	if (!p->memsz)
		return 0;
	if (im->n_seg == IMAGE_SEGS)
		return bad(f, "it has more than %d segments", IMAGE_SEGS);
	if (p->filesz > p->memsz)
		return bad(f, "segment %u is larger in the file than in memory", nr);
	if (p->off > f->size || p->filesz > f->size - p->off)
		return bad(f, "segment %u ends behind the end of the file: the file is cut off", nr);
	if (p->paddr >= PHYS_TOP || p->memsz > PHYS_TOP - p->paddr)
		return bad(f, "segment %u has the physical address %#llx, which no machine has", nr, (unsigned long long)p->paddr);
	for (unsigned i = 0; i < im->n_seg; i++)
		if (p->paddr < im->seg[i].paddr + im->seg[i].memsz && im->seg[i].paddr < p->paddr + p->memsz)
			return bad(f, "segments %u and %u overlap in physical memory", i, nr);
	im->seg[im->n_seg++] = (struct segment){ p->off, p->vaddr, p->filesz, p->memsz, p->align ? p->align : 1, 7, p->paddr };
	return 0;
}
static int elf_header(struct file *f)
{
	struct image *im = f->im;
	Elf64_Ehdr h;
	Elf32_Ehdr h32;
	unsigned machine, type;

	im->elf32 = f->head[EI_CLASS] == ELFCLASS32;
	memset(&h, 0, sizeof h);
	if (f->size < (im->elf32 ? sizeof h32 : sizeof h) || f->head[EI_DATA] != ELFDATA2LSB)
		return bad(f, "the ELF header is damaged or cut off");
	memcpy(&h, f->head, sizeof h);
	memcpy(&h32, f->head, sizeof h32);
	machine = h.e_machine, type = h.e_type;          /* at the same place in both */
	if (machine != (im->elf32 ? EM_386 : EM_X86_64))
		return bad(f, "this is a bare-metal program for another processor (ELF machine %u); only x86 can run", machine);
	if (type != ET_EXEC && type != ET_DYN)
		return bad(f, "this is no linked program (ELF type %u)", type);
	im->osabi = f->head[EI_OSABI];
	im->pie = type == ET_DYN;
	im->entry = im->elf32 ? h32.e_entry : h.e_entry;
	im->phoff = im->elf32 ? h32.e_phoff : h.e_phoff;
	im->phnum = im->elf32 ? h32.e_phnum : h.e_phnum;
	im->phent = im->elf32 ? h32.e_phentsize : h.e_phentsize;
	if (!im->phnum || im->phnum > 512 || im->phent != (im->elf32 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr)) || im->phoff > f->size ||
	    (uint64_t)im->phnum * im->phent > f->size - im->phoff)
		return bad(f, "the table of program headers is damaged or cut off");
	return 0;
}
/* Its notes and whether a run-time linker is to run it, which no bare program wants. */
static bool elf_marks(struct file *f)
{
	struct phdr p;
	bool interp = false;
	for (unsigned i = 0; i < f->im->phnum && phdr_read(f, i, &p); i++) {
		interp |= p.type == PT_INTERP;
		if (p.type == PT_NOTE)
			take_notes(f, &p);
	}
	return interp;
}
static int elf_segments(struct file *f)
{
	struct image *im = f->im;
	struct phdr p;
	int e = 0;
	for (unsigned i = 0; !e && i < im->phnum; i++)
		if (phdr_read(f, i, &p) && p.type == PT_LOAD)
			e = add_segment(f, &p, i);
	return e || im->n_seg ? e : bad(f, "it has nothing to load");
}
/* An entry is an address as the program is linked; where that is not where it is loaded, the segment tells. */
static int entry_of(struct file *f)
{
	struct image *im = f->im;
	const struct segment *s = im->seg;

	im->entry = f->entry ? f->entry : im->entry;
	for (unsigned i = 0; i < im->n_seg; i++, s++)
		if (im->entry - s->paddr < s->memsz)
			return 0;
	for (s = im->seg; s < im->seg + im->n_seg; s++)
		if (!f->physical && im->entry - s->vaddr < s->memsz) {
			if (im->bare != BARE_ELF || im->elf32)
				im->entry = im->entry - s->vaddr + s->paddr;
			return 0;
		}
	return bad(f, "its entry %#llx lies in none of its segments", (unsigned long long)im->entry);
}
static int open_elf(struct file *f, bool asked)
{
	struct image *im = f->im;
	size_t at1, at2;
	int e = elf_header(f), damaged = e;

	if (!damaged && elf_marks(f))    /* most programs: nothing is searched */
		return asked ? bad(f, "it wants a run-time linker, and so a system: it is no bare-metal program") : 0;
	at1 = find_multiboot(f), at2 = find_multiboot2(f);
	if (damaged)                     /* else whoever reads programs says what is wrong */
		return asked || at1 != SIZE_MAX || at2 != SIZE_MAX ? e : 0;
	if (at2 != SIZE_MAX)
		e = take_multiboot2(f, at2);
	else if (at1 != SIZE_MAX)
		e = take_multiboot(f, at1);
	else if (im->bare != BARE_PVH && !asked)
		return 0;
	if (e)
		return e;
	if (im->bare == BARE_NONE)
		im->bare = BARE_ELF;
	if ((e = f->placed ? place_by_header(f) : elf_segments(f)) || (e = entry_of(f)))
		return e;
	return 1;
}
int bare_open(struct image *im, int fd, const char *path, bool asked, char *why, size_t n)
{
	struct file f;
	struct stat st;
	ssize_t got;
	int e;

	memset(im, 0, sizeof *im);
	f = (struct file){ .im = im, .fd = fd, .why = why, .n = n, .window_at = SIZE_MAX };
	im->fd = fd;
	stpncpy(im->path, path, sizeof im->path - 1);
	if (fstat(fd, &st) < 0 || (got = pread(fd, f.head, sizeof f.head, 0)) < 0)
		return 0;                /* image_open says so */
	f.size = (uint64_t)st.st_size;
	f.n_head = f.size < HEAD_SIZE ? f.size : HEAD_SIZE;
	if (got >= 16 && !memcmp(f.head, ELFMAG, SELFMAG))
		e = open_elf(&f, asked);
	else if (is_linux(&f))
		e = (e = take_linux(&f)) ? e : 1;
	else if (find_multiboot(&f) != SIZE_MAX || find_multiboot2(&f) != SIZE_MAX) {
		e = find_multiboot(&f) != SIZE_MAX ? take_multiboot(&f, find_multiboot(&f)) : take_multiboot2(&f, find_multiboot2(&f));
		if (!e && !f.placed)
			return asked ? bad(&f, "its %s header does not say where it goes, and it is no ELF", bare_name(im->bare)) : 0;
		e = e ? e : (e = place_by_header(&f)) ? e : (e = entry_of(&f)) ? e : 1;
	} else
		e = asked ? bad(&f, "this is no bare-metal program: neither an ELF nor anything with a multiboot or Linux boot header") : 0;
	if (e == 0)
		memset(im, 0, sizeof *im);
	return e;
}
