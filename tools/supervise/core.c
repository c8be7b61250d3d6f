/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A core file of the guest, as Linux writes its own: gdb and others open it. It holds the guest's registers, not those of
 * the translator that it was in, and the guest's memory without ours. Pages that hold nothing are holes.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tools/supervise/mortem.h"

#define XSTATE_MOST 16384u

struct notes { char *at; size_t n, room; };
struct core {
	const struct dead *d;
	int fd, mem, pagemap;
	int error;               /* the first errno of a write */
	uint64_t pos;
};

/* --- notes -------------------------------------------------------------------------------------------------------- */
static void note(struct notes *to, const char *name, uint32_t type, const void *data, size_t n)
{
	Elf64_Nhdr h = { .n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = (uint32_t)n, .n_type = type };
	size_t size = sizeof h + (h.n_namesz + 3) / 4 * 4 + (n + 3) / 4 * 4;
	if (to->n + size > to->room) {
		to->room = (to->room + size) * 2;
		if (!(to->at = realloc(to->at, to->room)))
			abort();
	}
	memset(to->at + to->n, 0, size);
	memcpy(to->at + to->n, &h, sizeof h);
	memcpy(to->at + to->n + sizeof h, name, h.n_namesz);
	memcpy(to->at + to->n + sizeof h + (h.n_namesz + 3) / 4 * 4, data, n);
	to->n += size;
}
static void note_thread(struct notes *to, const struct dead *d, const struct dead_thread *t, bool first)
{
	static char state[XSTATE_MOST];
	struct elf_prstatus s = { .pr_pid = t->tid, .pr_cursig = first ? (short)d->sig : 0, .pr_fpvalid = 1 };
	struct iovec v = { state, 512 };

	s.pr_info.si_signo = s.pr_cursig;
	memcpy(&s.pr_reg, &t->regs, sizeof s.pr_reg);
	note(to, "CORE", NT_PRSTATUS, &s, sizeof s);
	if (!ptrace(PTRACE_GETREGSET, t->tid, (long)NT_PRFPREG, &v))
		note(to, "CORE", NT_PRFPREG, state, v.iov_len);
	v.iov_len = sizeof state;
	if (!ptrace(PTRACE_GETREGSET, t->tid, (long)NT_X86_XSTATE, &v))
		note(to, "LINUX", NT_X86_XSTATE, state, v.iov_len);
	if (first && d->fault.si_signo) {
		siginfo_t si = d->fault;
		si.si_signo = d->sig;
		note(to, "CORE", NT_SIGINFO, &si, sizeof si);
	}
}
static void note_process(struct notes *to, const struct dead *d)
{
	struct elf_prpsinfo p = { .pr_sname = 'R', .pr_pid = d->guest->pid };
	size_t n = d->space.args_end > d->space.args ? d->space.args_end - d->space.args : 0;

	snprintf(p.pr_fname, sizeof p.pr_fname, "%.15s", d->name);
	n = MIN(n, sizeof p.pr_psargs - 1);
	if (!n || !far_read(d->thread[0].tid, d->space.args, p.pr_psargs, n))
		snprintf(p.pr_psargs, sizeof p.pr_psargs, "%s", d->name);
	for (size_t i = 0; i + 1 < n; i++)
		if (!p.pr_psargs[i])
			p.pr_psargs[i] = ' ';
	note(to, "CORE", NT_PRPSINFO, &p, sizeof p);
}
static void note_auxv(struct notes *to, const struct dead *d)
{
	char v[1024];
	size_t n = MIN(d->space.auxv_len, sizeof v);
	if (d->space.auxv && n && far_read(d->thread[0].tid, d->space.auxv, v, n))
		note(to, "CORE", NT_AUXV, v, n);
}
static void note_files(struct notes *to, const struct dead *d)
{
	uint64_t head[2] = { 0, 1 };     /* how many; offsets are counted in bytes */
	size_t names = 0;
	for (unsigned i = 0; i < d->n_vma; i++)
		if (d->vma[i].path[0] == '/' && !d->vma[i].ours)
			head[0]++, names += strlen(d->vma[i].path) + 1;
	size_t size = 16 + head[0] * 24 + names;
	char *text = malloc(size), *name = text + 16 + head[0] * 24, *row = text + 16;
	if (!text)
		abort();
	memcpy(text, head, 16);
	for (unsigned i = 0; i < d->n_vma; i++) {
		const struct vma *m = &d->vma[i];
		if (m->path[0] != '/' || m->ours)
			continue;
		memcpy(row, (uint64_t[]){ m->lo, m->hi, m->offset }, 24);
		row += 24;
		name = stpcpy(name, m->path) + 1;
	}
	note(to, "CORE", NT_FILE, text, size);
	free(text);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */
static void put(struct core *c, const void *data, size_t n, uint64_t at)
{
	while (n && !c->error) {
		ssize_t k = pwrite(c->fd, data, n, (off_t)at);
		if (k < 0)
			c->error = errno;
		else
			data = (const char *)data + k, n -= (size_t)k, at += (uint64_t)k;
	}
}
static bool is_zero(const char *p, size_t n) { return !*p && !memcmp(p, p + 1, n - 1); }

/* Pages of no file that were never touched need not be read. */
static bool untouched(struct core *c, const struct vma *m, uint64_t at)
{
	uint64_t e = 0;
	return !m->inode && pread(c->pagemap, &e, 8, (off_t)(at / PAGE * 8)) == 8 && !(e >> 62);
}
static void put_vma(struct core *c, const struct vma *m, uint64_t at)
{
	static char page[PAGE];
	for (uint64_t a = m->lo; a < m->hi && !c->error; a += PAGE, at += PAGE)
		if (!untouched(c, m, a) && pread(c->mem, page, PAGE, (off_t)a) == (ssize_t)PAGE && !is_zero(page, PAGE))
			put(c, page, PAGE, at);
}
static bool in_core(const struct vma *m)
{
	return !m->ours && strcmp(m->path, "[vvar]") && strcmp(m->path, "[vsyscall]") && strcmp(m->path, "[vvar_vclock]");
}
static int put_all(struct core *c, const struct notes *n)
{
	const struct dead *d = c->d;
	unsigned k = 0;
	for (unsigned i = 0; i < d->n_vma; i++)
		k += in_core(&d->vma[i]);
	Elf64_Ehdr eh = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_CORE,
		.e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_phoff = sizeof eh, .e_ehsize = sizeof eh,
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = (uint16_t)MIN(k + 1, PN_XNUM - 1u),
	};
	uint64_t heads = sizeof eh + eh.e_phnum * sizeof(Elf64_Phdr), at = PAGE_UP(heads + n->n), row = sizeof eh + sizeof(Elf64_Phdr);
	put(c, &eh, sizeof eh, 0);
	put(c, &(Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = heads, .p_filesz = n->n, .p_align = 4 }, sizeof(Elf64_Phdr), sizeof eh);
	put(c, n->at, n->n, heads);
	for (unsigned i = 0; i < d->n_vma && row < heads; i++) {
		const struct vma *m = &d->vma[i];
		if (!in_core(m))
			continue;
		uint64_t size = m->r ? m->hi - m->lo : 0;
		Elf64_Phdr ph = { .p_type = PT_LOAD, .p_flags = (m->r ? PF_R : 0u) | (m->w ? PF_W : 0u) | (m->x ? PF_X : 0u),
				  .p_offset = at, .p_vaddr = m->lo, .p_filesz = size, .p_memsz = m->hi - m->lo, .p_align = PAGE };
		put(c, &ph, sizeof ph, row);
		if (size)
			put_vma(c, m, at);
		at += size;
		row += sizeof ph;
	}
	if (!c->error && ftruncate(c->fd, (off_t)at) < 0)
		c->error = errno;
	return c->error;
}
static int open_of(int tid, const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}
int core_write(const struct dead *d, const char *path)
{
	struct core c = { .d = d, .fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) };
	struct notes n = { 0 };

	if (c.fd < 0)
		return errno;
	c.mem = open_of(d->thread[0].tid, "mem");
	c.pagemap = open_of(d->thread[0].tid, "pagemap");
	note_thread(&n, d, &d->thread[0], true);
	note_process(&n, d);
	note_auxv(&n, d);
	note_files(&n, d);
	for (unsigned i = 1; i < d->n_threads; i++)
		note_thread(&n, d, &d->thread[i], false);
	int e = c.mem < 0 ? EPERM : put_all(&c, &n);
	if (close(c.fd) < 0 && !e)
		e = errno;
	close(c.mem);
	close(c.pagemap);
	free(n.at);
	return e;
}
