/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Linux as a personality: the host's own programs, run by us. The smallest example of one, and what the engines are
 * measured by: a program must not be able to tell this run from a native one but by the clock.
 */
#include "../../syscalls/observe/layout.h"
#include "../../syscalls/sock.h"
#include "linux.h"
#include "loader/image.h"

extern const struct layout lnx_layout[N_REC];         /* layouts.c */
extern const struct cmsgrow lnx_cmsg[];

enum { OSABI_NONE = 0, OSABI_GNU = 3, NT_GNU_ABI_TAG = 1, ABI_LINUX = 0 };

static const char *const interps[] = { "/lib64/ld-linux", "/lib/ld-linux", "/lib/ld-musl-", "/system/bin/linker64" };

static bool known_interp(const char *s)
{
	for (unsigned i = 0; i < ARRAY_LEN(interps); i++)
		if (!str_ncmp(s, interps[i], str_len(interps[i])))
			return true;
	return false;
}
static bool gnu_note(const struct image *im)
{
	for (unsigned i = 0; i < im->n_note; i++) {
		const struct note *n = &im->note[i];
		if (!str_cmp(n->name, "GNU") && n->type == NT_GNU_ABI_TAG && n->desc_len >= 4 && n->desc[0] == ABI_LINUX)
			return true;
	}
	return false;
}
/* A static program without any mark is most likely ours, but whoever knows it better may have it. */
static int claims(const struct image *im)
{
	if (im->osabi == OSABI_GNU || known_interp(im->interp))
		return 95;
	if (im->goos[0])
		return str_cmp(im->goos, "linux") ? 0 : 80;
	if (gnu_note(im))
		return 90;
	return im->osabi == OSABI_NONE ? 5 : 0;
}
static void fetch(struct thread *t, struct call *c)
{
	const struct regs *r = &t->regs;
	c->tab = 0;
	c->nr = (unsigned)r->rax;
	c->raw[0] = (long)r->rdi, c->raw[1] = (long)r->rsi, c->raw[2] = (long)r->rdx;
	c->raw[3] = (long)r->r10, c->raw[4] = (long)r->r8, c->raw[5] = (long)r->r9;
	c->raw[6] = c->raw[7] = 0;
}
static void store(struct thread *t, struct call *c)
{
	t->regs.rax = (uint64_t)c->rv;
	t->regs.rcx = t->regs.rip;
	t->regs.r11 = t->regs.rflags;
}
static long sockaddr_get(const void *guest, size_t n, struct sockaddr_storage *to)
{
	if (n > sizeof *to)
		return -EINVAL;
	memcpy(to, guest, n);
	return (long)n;
}
static long sockaddr_put(const struct sockaddr_storage *from, size_t n, void *guest, size_t max)
{
	memcpy(guest, from, MIN(n, max));
	return (long)n;
}

/* GNU's ABI tag: the oldest kernel whose interface it counts on */
static size_t made_for(const struct image *im, char *buf, size_t n)
{
	for (unsigned i = 0; i < im->n_note; i++) {
		const struct note *o = &im->note[i];
		if (!str_cmp(o->name, "GNU") && o->type == 1 && o->desc_len >= 16 && !o->desc[0])
			return fmt(buf, n, "%u.%u.%u", o->desc[1], o->desc[2], o->desc[3]);
	}
	return 0;
}
static const char *const lib_dirs[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib", NULL };

static const struct personality lnx = {
	.name = "linux", .release = "6.18", .about = "Linux, the host's own programs",
	.claims = claims, .stack = lnx_stack, .fetch = fetch, .store = store, .frame = lnx_frame,
	.thread_exit = lnx_thread_exit, .proc_forked = lnx_proc_forked,
	.tab = lnx_tab, .n_tab = 2, .io_keeps = IO_PORTS_BORN | IO_LEVEL_EXEC, .sub = lnx_sub, .bits = lnx_bits, .rec = lnx_rec,
	.layout = lnx_layout, .cmsg = lnx_cmsg, .cmsg_head = 16, .cmsg_align = 8, .cmsg_sol = SOL_SOCKET,
	.errno_name = lnx_errno_name, .n_errno_name = LNX_ERRNOS, .sig_in = lnx_sig_in, .n_sig = LNX_NSIG, .sig_out = lnx_sig_out,
	.sig_name = lnx_sig_name, .sockaddr_get = sockaddr_get, .sockaddr_put = sockaddr_put,
	.identity = true, .scripts = 5, .lib_dirs = lib_dirs, .lib_list = "/etc/ld.so.conf", .made_for = made_for,
};
PERSONALITY(lnx);
