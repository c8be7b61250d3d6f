/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD as a personality: whose binary it is, how a program starts, how a call passes its arguments and results.
 * Tables are tables.c's, the machine context sigframe.c's, threads thr.c's.
 */
#include <fcntl.h>
#include "host.h"
#include "freebsd.h"
#include "bsd/kqueue.h"
#include "sock.h"
#include "sysctl.h"
#include "jail.h"
#include "loader/image.h"
#include "loader/stack.h"
#include "observe/layout.h"

extern const struct layout fbsd_layout[N_REC];         /* layouts.c */

#define CF 1ull
#define TF 0x100ull
#define NR_syscall 0
#define NR___syscall 198
#define NR_semsys 169
#define NR_msgsys 170

/* --- whose ------------------------------------------------------------------------------------------------------------- */
static const struct note *abi_note(const struct image *im)
{
	for (unsigned i = 0; i < im->n_note; i++)
		if (!str_cmp(im->note[i].name, "FreeBSD") && im->note[i].type == 1 && im->note[i].desc_len >= 4)
			return &im->note[i];
	return NULL;
}
static bool any_note(const struct image *im)
{
	for (unsigned i = 0; i < im->n_note; i++)
		if (!str_cmp(im->note[i].name, "FreeBSD"))
			return true;
	return false;
}
static int claims(const struct image *im)
{
	if (abi_note(im))
		return 100;
	if (im->osabi == 9)
		return 95;
	if (any_note(im))
		return 90;
	if (!str_cmp(im->interp, "/libexec/ld-elf.so.1") || !str_cmp(im->interp, "/usr/libexec/ld-elf.so.1"))
		return 85;
	return str_cmp(im->goos, "freebsd") ? 0 : 80;
}

/* --- the first stack: sys/kern/kern_exec.c exec_copyout_strings, imgact_elf.c, amd64 exec_setregs ------------------------------ */
enum {
	AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_EXECPATH = 15, AT_CANARY, AT_CANARYLEN,
	AT_OSRELDATE, AT_NCPUS, AT_PAGESIZES, AT_PAGESIZESLEN, AT_STACKPROT = 23, AT_EHDRFLAGS, AT_BSDFLAGS = 27, AT_ARGC,
	AT_ARGV, AT_ENVC, AT_ENVV, AT_PS_STRINGS, AT_USRSTACKBASE = 35, AT_USRSTACKLIM,
};
#define CANARY 64
struct ps_strings { uint64_t argv; uint32_t argc, pad; uint64_t envp; uint32_t envc, pad2; };

static unsigned cpus(void)
{
	uint64_t set[128] = { 0 };
	unsigned n = 0;
	host(SYS_sched_getaffinity, 0, sizeof set, set);
	for (unsigned i = 0; i < ARRAY_LEN(set); i++)
		for (uint64_t w = set[i]; w; w &= w - 1)
			n++;
	return n ? n : 1;
}
static uint64_t stack_limit(void)
{
	uint64_t r[2] = { 8 << 20, 8 << 20 };
	host(SYS_prlimit64, 0, 3, NULL, r);
	return MIN(r[0], 512ull << 20);
}
static long stack(struct proc *p, const struct image *im, struct thread *t)
{
	static const uint64_t pagesizes[3] = { 4096, 2 << 20, 0 };
	struct first_stack s = { .sp = PAGE_DOWN(im->stack_top) };
	struct space *sp = p->space;
	uint64_t top = s.sp;
	uint64_t ps = stack_bytes(&s, NULL, sizeof(struct ps_strings), 16);
	uint64_t path = stack_text(&s, im->execpath);
	uint64_t canary = stack_random(&s, CANARY);
	uint64_t sizes = stack_bytes(&s, pagesizes, sizeof pagesizes, 8);

	stack_strings(&s, im);
	struct auxent aux[] = {
		{ AT_PHDR, im->phdr_vaddr + im->bias }, { AT_PHENT, im->phent }, { AT_PHNUM, im->phnum },
		{ AT_PAGESZ, PAGE }, { AT_FLAGS, 0 }, { AT_ENTRY, im->entry + im->bias },
		{ AT_BASE, im->rtld ? im->rtld->bias : im->bias }, { AT_EHDRFLAGS, im->eflags }, { AT_EXECPATH, path },
		{ AT_OSRELDATE, fbsd_osreldate(p) }, { AT_CANARY, canary }, { AT_CANARYLEN, CANARY }, { AT_NCPUS, cpus() },
		{ AT_PAGESIZES, sizes }, { AT_PAGESIZESLEN, sizeof pagesizes }, { AT_STACKPROT, im->exec_stack ? 7 : 3 },
		{ AT_BSDFLAGS, 0 }, { AT_ARGC, s.argc }, { AT_ARGV, 0 }, { AT_ENVC, s.envc }, { AT_ENVV, 0 },
		{ AT_PS_STRINGS, ps }, { AT_USRSTACKBASE, top }, { AT_USRSTACKLIM, stack_limit() }, { 0, 0 },
	};
	uint64_t words = stack_vectors(&s, aux, ARRAY_LEN(aux));
	for (struct auxent *a = (struct auxent *)s.auxv; a->id; a++)
		a->val = a->id == AT_ARGV ? s.argv : a->id == AT_ENVV ? s.envp : a->val;
	*(struct ps_strings *)ps = (struct ps_strings){ s.argv, s.argc, 0, s.envp, s.envc, 0 };

	t->regs = (struct regs){
		.rip = image_start(im), .rdi = words, .rsp = ((words - 8) & ~15ull) + 8, .rflags = 0x202,
	};
	sp->stack_hi = top;
	sp->ps = ps;
	sp->args = s.args, sp->args_end = s.args_end, sp->env = s.env, sp->env_end = s.env_end;
	sp->auxv = s.auxv, sp->auxv_len = sizeof aux, sp->argc = s.argc, sp->envc = s.envc;
	return 0;
}
static void proc_start(struct proc *p)
{
	size_t len;
	fbsd_trampoline(&len);
	fbsd_thread_start(thread_self());
	fbsd_reaper_start(p);
	fbsd_id_start(p);
}
/* Where handlers return to is in the guest's memory, and on its stacks. */
static const char *proc_saved(struct proc *p, uint64_t own[4])
{
	size_t len;
	own[0] = fbsd_trampoline(&len);
	own[1] = fbsd_procctl_saved();
	if (!fbsd_protmax_saved())
		return "has more bounds of mprotect (PROT_MAX) than there is memory to tell of";
	if (jail_mine())
		return "is in a jail";
	return fbsd_umtx_shm_held() ? "holds shared memory of locks (UMTX_OP_SHM)" : NULL;
}
static void proc_restored(struct proc *p, const uint64_t own[4])
{
	fbsd_trampoline_is(own[0]);
	fbsd_procctl_restored(own[1]);
}

static void proc_execs(struct proc *p)
{
	bsd_proc_execs(p);
	jail_execs();
}
static void identify(struct proc *p, const struct image *im)
{
	const struct note *n = abi_note(im);
	p->osrel = n ? n->desc[0] : 0;
}

static size_t made_for(const struct image *im, char *buf, size_t n)
{
	const struct note *note = abi_note(im);
	return note ? fmt(buf, n, "%u.%u", note->desc[0] / 100000, note->desc[0] / 1000 % 100) : 0;
}

/* --- the way of a call: amd64 cpu_fetch_syscall_args, cpu_set_syscall_retval ------------------------------------------------- */
static void stack_args(struct thread *t, struct call *c, int from)
{
	const struct row *r = c->nr < fbsd_tab[0].n ? &fbsd_tab[0].row[c->nr] : NULL;
	if (r && r->arg[from].kind && copy_in(&c->raw[from], t->regs.rsp + 8, (size_t)(8 - from) * 8))
		memset(&c->raw[from], 0, (size_t)(8 - from) * 8);
}
/* The first argument of these picks a call: sys/kern/sysv_sem.c semcalls, sysv_msg.c msgcalls. */
static void __attribute__((noinline)) one_of(struct call *c)
{
	static const uint16_t sems[] = { 220, 221, 222 }, msgs[] = { 224, 225, 226, 227 };
	const uint16_t *of = c->nr == NR_semsys ? sems : msgs;
	if ((uint32_t)c->raw[0] >= (of == sems ? ARRAY_LEN(sems) : ARRAY_LEN(msgs)))
		return;
	c->nr = of[(uint32_t)c->raw[0]];
	for (int i = 0; i < 7; i++)
		c->raw[i] = c->raw[i + 1];
}
static void fetch(struct thread *t, struct call *c)
{
	const struct regs *r = &t->regs;
	c->tab = 0;
	c->nr = (unsigned)r->rax;
	c->raw[6] = c->raw[7] = 0;
	if (c->nr == NR_syscall || c->nr == NR___syscall) {
		c->nr = (unsigned)r->rdi;
		c->raw[0] = (long)r->rsi, c->raw[1] = (long)r->rdx, c->raw[2] = (long)r->r10;
		c->raw[3] = (long)r->r8, c->raw[4] = (long)r->r9, c->raw[5] = 0;
		stack_args(t, c, 5);
	} else {
		c->raw[0] = (long)r->rdi, c->raw[1] = (long)r->rsi, c->raw[2] = (long)r->rdx;
		c->raw[3] = (long)r->r10, c->raw[4] = (long)r->r8, c->raw[5] = (long)r->r9;
		stack_args(t, c, 6);
	}
	if (c->nr - NR_semsys <= NR_msgsys - NR_semsys)
		one_of(c);
}
static void store(struct thread *t, struct call *c)
{
	struct regs *r = &t->regs;
	if (c->rv < 0 && c->rv > -4096) {
		r->rax = (uint64_t)errno_to_guest(t->p->pers, (int)-c->rv);
		r->rflags |= CF;
	} else {
		r->rax = (uint64_t)c->rv;
		if (c->has_rv2)
			r->rdx = (uint64_t)c->rv2;
		r->rflags &= ~CF;
	}
	if (r->rflags & TF) {            /* stepping ends at a call, with a last trap behind it: amd64_syscall */
		r->rflags &= ~TF;
		signal_force(t, SIGTRAP, TRAP_TRACE, r->rip, 1);
	}
	r->r11 = r->rflags;
}
static const char *const interp_dirs[] = { "/libexec", "/usr/libexec", NULL };
static const char *const lib_dirs[] = { "/lib", "/usr/lib", NULL };      /* libexec/rtld-elf/rtld.h */

static const struct personality freebsd = {
	.name = "freebsd", .release = "15.0", .about = "FreeBSD, programs of 10 to 15",
	.claims = claims, .stack = stack, .identify = identify, .release_of = fbsd_release_of, .fetch = fetch, .store = store, .frame = fbsd_frame,
	.signal_hold = fbsd_signal_hold, .fault = fbsd_fault, .thread_exit = fbsd_thread_exit,
	.proc_saved = proc_saved, .proc_restored = proc_restored, .bound_restored = fbsd_protmax_restored, .thread_saved = fbsd_thread_saved, .knote_restored = bsd_knote_restored,
	.thread_restored = fbsd_thread_restored, .proc_start = proc_start, .proc_forked = bsd_proc_forked, .proc_forks = bsd_proc_forks, .listened = bsd_listened,
	.proc_execs = proc_execs, .kept = fbsd_kept, .proc_exit = fbsd_proc_exit, .interp_dirs = interp_dirs, .lib_dirs = lib_dirs,
	.lib_list = "/var/run/ld-elf.so.hints", .made_for = made_for, .sigcode = fbsd_trampoline, .sysctl = &fbsd_sysctl,
	.tab = fbsd_tab, .n_tab = 2, .device = fbsd_device, .sub = fbsd_sub, .rec = fbsd_rec,
	.layout = fbsd_layout, .cmsg_head = 12, .cmsg_align = 8, .cmsg_sol = 0xffff, .oid_name = bsd_oid_name,
	.bits = fbsd_bits, .errno_of = fbsd_errno_of, .errno_name = fbsd_errno_name, .n_errno_name = FBSD_ELAST + 1,
	.sig_in = fbsd_sig_in, .n_sig = FBSD_NSIG, .sig_out = fbsd_sig_out, .sig_name = fbsd_sig_name,
	.value = fbsd_value, .sig_carrier = 64, .fd_nodes = true, .old_chown = true,
	.sig_ignored = (sigbits)1 << (SIGPWR - 1) | (sigbits)1 << (SIGIO - 1),         /* the first is the guest's SIGINFO */
	.sockaddr_get = bsd_sockaddr_get, .sockaddr_put = bsd_sockaddr_put,
	.cmsg_get = bsd_cmsg_get, .cmsg_put = bsd_cmsg_put, .cmsg = fbsd_cmsg, .sockopt = fbsd_sockopt, .classic_sockets = true,
	.opens_first = true, .carry = true,
	.dirent = fbsd_dirent, .nofollow_err = EMLINK, .itimer_least_us = 62, .timer_least_ns = 1000000, .sigsys_unknown = true,
	.open_adds = O_NOCTTY,               /* a terminal is made one's own by TIOCSCTTY alone */
	.rights = fbsd_rights, .rights_more = fbsd_rights_more, .refused = fbsd_refused,
	.refuses = fbsd_refuses, .hidden = fbsd_hidden,
};
PERSONALITY(freebsd);
