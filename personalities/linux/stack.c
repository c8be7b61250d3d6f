/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first stack, as fs/binfmt_elf.c (6.18) lays it: from the top down an empty word, the program's name, environment
 * and arguments, the platform's name, sixteen random bytes, then auxv, envp, argv, argc. The auxiliary vector is the one
 * the host's kernel gave us, entry by entry in its order, with what describes the program put in its place: so a guest
 * learns of this processor and this kernel what it would without us, the vDSO included.
 */
#include "linux.h"
#include "loader/image.h"
#include "loader/stack.h"

enum {
	AT_EXECFD = 2, AT_PHDR, AT_PHENT, AT_PHNUM, AT_BASE = 7, AT_FLAGS, AT_ENTRY, AT_PLATFORM = 15, AT_BASE_PLATFORM = 24,
	AT_RANDOM, AT_EXECFN = 31, AT_SYSINFO_EHDR = 33,
};
enum { AUX_MOST = 40, RANDOM_BYTES = 16 };

static unsigned host_auxv(struct auxent aux[AUX_MOST], bool vdso)
{
	char buf[AUX_MOST * sizeof *aux + 1];
	long n = file_read("/proc/self/auxv", buf, sizeof buf);
	unsigned have = 0;

	if (n < (long)sizeof *aux)
		die("cannot read /proc/self/auxv: %s", error_text(n));
	memcpy(aux, buf, (size_t)n);
	for (unsigned i = 0; i < (unsigned)n / sizeof *aux && aux[i].id; i++)
		if (aux[i].id != AT_EXECFD && aux[i].id != AT_BASE_PLATFORM && (vdso || aux[i].id != AT_SYSINFO_EHDR))
			aux[have++] = aux[i];
	aux[have++] = (struct auxent){ 0, 0 };
	return have;
}
static void describe(struct auxent *a, const struct image *im, uint64_t name, uint64_t platform, uint64_t random)
{
	for (; a->id; a++)
		switch (a->id) {
		case AT_PHDR: a->val = im->phdr_vaddr ? im->phdr_vaddr + im->bias : 0; break;
		case AT_PHENT: a->val = im->phent; break;
		case AT_PHNUM: a->val = im->phnum; break;
		case AT_BASE: a->val = im->rtld ? im->rtld->bias : 0; break;
		case AT_FLAGS: a->val = 0; break;
		case AT_ENTRY: a->val = im->entry + im->bias; break;
		case AT_PLATFORM: a->val = platform; break;
		case AT_RANDOM: a->val = random; break;
		case AT_EXECFN: a->val = name; break;
		}
}
long lnx_stack(struct proc *p, const struct image *im, struct thread *t)
{
	struct first_stack s = { .sp = PAGE_DOWN(im->stack_top) };
	struct space *sp = p->space;
	struct auxent aux[AUX_MOST];
	static const uint64_t zero;
	uint64_t top = s.sp, name, platform, random;
	unsigned n = host_auxv(aux, !p->engine->apart);

	stack_bytes(&s, &zero, sizeof zero, 8);
	name = stack_text(&s, im->execpath);
	stack_strings(&s, im);
	platform = stack_text(&s, "x86_64");
	random = stack_random(&s, RANDOM_BYTES);
	describe(aux, im, name, platform, random);
	t->regs = (struct regs){ .rip = image_start(im), .rsp = stack_vectors(&s, aux, n), .rflags = 0x202 };

	sp->stack_hi = top;
	sp->args = s.args, sp->args_end = s.args_end, sp->env = s.env, sp->env_end = s.env_end;
	sp->auxv = s.auxv, sp->auxv_len = n * (unsigned)sizeof *aux, sp->argc = s.argc, sp->envc = s.envc;
	return 0;
}
