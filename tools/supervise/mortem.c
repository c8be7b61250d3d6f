/* SPDX-License-Identifier: BSD-2-Clause
 *
 * --post-mortem DIR: what is left of a process that dies by a fault, DIR/NAME.PID.txt for people and NAME.PID.core for
 * debuggers. All its threads are held at their end while this is written. Nothing of the guest's is believed beyond what
 * is shown: a report may show nonsense that the guest wrote, but cannot fail by it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/stack/stack.h"
#include "tools/supervise/mortem.h"

#define FRAMES 128u

const char *mortem_dir;

bool mortem_signal(int sig)
{
	static const uint64_t core = 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGILL - 1) | 1ull << (SIGFPE - 1) |
				     1ull << (SIGTRAP - 1) | 1ull << (SIGSYS - 1) | 1ull << (SIGABRT - 1) | 1ull << (SIGQUIT - 1) |
				     1ull << (SIGXCPU - 1) | 1ull << (SIGXFSZ - 1);
	return sig > 0 && core >> (sig - 1) & 1;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */
static void look_space(struct dead *d, struct task *t)
{
	uint64_t at = 0;
	guest_personality(t);
	if (!d->guest->proc || !far_read(t->tid, d->guest->proc + offsetof(struct proc, space), &at, 8) ||
	    !far_read(t->tid, at, &d->space, sizeof d->space) || d->space.n_ours > ARRAY_LEN(d->space.ours))
		memset(&d->space, 0, sizeof d->space);
	if (!d->guest->proc || !far_read(t->tid, d->guest->proc + offsetof(struct proc, exe), d->program, sizeof d->program - 1) ||
	    d->program[0] != '/')
		strcpy(d->program, "?");
	const char *base = strrchr(d->program, '/');
	snprintf(d->name, sizeof d->name, "%s", base ? base + 1 : "program");
	for (char *s = d->name; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+", *s) || (s == d->name && *s == '.'))
			*s = '_';
}
static bool is_ours(const struct dead *d, const struct vma *m)
{
	for (unsigned i = 0; i < d->space.n_ours; i++)
		if (m->lo >= d->space.ours[i].lo && m->hi <= d->space.ours[i].hi)
			return true;
	return false;
}
static void look_maps(struct dead *d, int tid)
{
	char path[64], line[5000];
	snprintf(path, sizeof path, "/proc/%d/maps", tid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		struct vma m = { 0 };
		char p[5];
		int at = 0;
		if (sscanf(line, "%lx-%lx %4s %lx %*s %lu %n", &m.lo, &m.hi, p, &m.offset, &m.inode, &at) < 5)
			continue;
		line[strcspn(line, "\n")] = 0;
		m.r = p[0] == 'r', m.w = p[1] == 'w', m.x = p[2] == 'x', m.shared = p[3] == 's';
		map_name(line + at);
		m.path = strdup(line + at);
		m.ours = is_ours(d, &m);
		if (!(d->n_vma & (d->n_vma + 1)) && !(d->vma = realloc(d->vma, 2 * (d->n_vma + 1) * sizeof m)))
			abort();
		d->vma[d->n_vma++] = m;
	}
	if (f)
		fclose(f);
}
const struct vma *vma_at(const struct dead *d, uint64_t a)
{
	for (unsigned i = 0; i < d->n_vma; i++)
		if (a >= d->vma[i].lo && a < d->vma[i].hi)
			return &d->vma[i];
	return NULL;
}
/* In a call or on its way to die in one: the guest's registers are in our block. */
static void guest_regs(struct dead_thread *x)
{
	const struct task *t = x->task;
	struct regs g;
	if (t->out || !t->block || !far_read(t->tid, t->block + offsetof(struct thread, regs), &g, sizeof g))
		return;
	x->in_call = true;
	x->regs.rax = g.rax, x->regs.rbx = g.rbx, x->regs.rcx = g.rcx, x->regs.rdx = g.rdx;
	x->regs.rsi = g.rsi, x->regs.rdi = g.rdi, x->regs.rbp = g.rbp, x->regs.rsp = g.rsp;
	x->regs.r8 = g.r8, x->regs.r9 = g.r9, x->regs.r10 = g.r10, x->regs.r11 = g.r11;
	x->regs.r12 = g.r12, x->regs.r13 = g.r13, x->regs.r14 = g.r14, x->regs.r15 = g.r15;
	x->regs.rip = g.rip, x->regs.eflags = g.rflags;
	x->regs.orig_rax = ~0ull;
	x->regs.gs_base = 0;             /* ours */
}
static void look_thread(struct task *t, void *arg)
{
	struct dead *d = arg;
	struct dead_thread x = { .tid = t->tid, .task = t };

	if (!far_regs(t, &x.regs))
		return;
	guest_regs(&x);
	if (!(d->thread = realloc(d->thread, (d->n_threads + 1) * sizeof x)))
		abort();
	d->thread[d->n_threads++] = x;
	if (t->fatal) {                  /* it stands first */
		d->thread[d->n_threads - 1] = d->thread[0];
		d->thread[0] = x;
		d->sig = t->fatal;
		d->fault = t->fault;
	}
}

/* --- telling ------------------------------------------------------------------------------------------------------ */
static void tell_head(const struct dead *d, FILE *f)
{
	const struct personality *p = d->guest->pers;
	char when[64];
	time_t now = time(NULL);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S %z", localtime(&now));
	fprintf(f, "guise %s, post-mortem of %s\n", GUISE_VERSION, when);
	fprintf(f, "program   %s%s%s\n", line_name(d->program), p ? ", of " : "", p ? p->name : "");
	fprintf(f, "process   %d, %u thread%s\n", d->guest->pid, d->n_threads, d->n_threads == 1 ? "" : "s");
	fprintf(f, "died by   SIG%s (the host's %d)", sigabbrev_np(d->sig) ? sigabbrev_np(d->sig) : "?", d->sig);
	if (d->fault.si_signo) {
		fprintf(f, ": thread %d, the host's SIG%s, code %d", d->thread[0].tid, sigabbrev_np(d->fault.si_signo), d->fault.si_code);
		fprintf(f, ", at address %p", d->fault.si_addr);
	}
	fprintf(f, "\n");
	if (d->guest->past)
		fprintf(f, "warning   %lu calls of Linux were made past the translator\n", d->guest->past);
}
static void tell_regs(const struct user_regs_struct *r, FILE *f)
{
	fprintf(f, "  rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx\n", r->rax, r->rbx, r->rcx, r->rdx);
	fprintf(f, "  rsi %016llx  rdi %016llx  rbp %016llx  rsp %016llx\n", r->rsi, r->rdi, r->rbp, r->rsp);
	fprintf(f, "  r8  %016llx  r9  %016llx  r10 %016llx  r11 %016llx\n", r->r8, r->r9, r->r10, r->r11);
	fprintf(f, "  r12 %016llx  r13 %016llx  r14 %016llx  r15 %016llx\n", r->r12, r->r13, r->r14, r->r15);
	fprintf(f, "  rip %016llx  flags %08llx  fs %016llx\n", r->rip, r->eflags, r->fs_base);
}
static void tell_code(const struct dead *d, uint64_t rip, FILE *f)
{
	unsigned char code[16];
	if (!far_read(d->thread[0].tid, rip, code, sizeof code))
		return;
	fprintf(f, "  code");
	for (unsigned i = 0; i < sizeof code; i++)
		fprintf(f, " %02x", code[i]);
	fprintf(f, "\n");
}
static void tell_thread(const struct dead *d, unsigned i, FILE *f)
{
	const struct dead_thread *t = &d->thread[i];
	uint64_t at[FRAMES];
	unsigned n = unwind_dead(d, &t->regs, at, FRAMES);

	fprintf(f, "\nthread %d%s%s\n", t->tid, i ? "" : ", which died", t->in_call && (i || !d->fault.si_signo) ? ", in a call" : "");
	tell_regs(&t->regs, f);
	if (!i)
		tell_code(d, t->regs.rip, f);
	for (unsigned k = 0; k < n; k++) {
		fprintf(f, "  #%-3u", k);
		where_is(d, at[k], k > 0, f);
	}
	if (n == FRAMES)
		fprintf(f, "  ...\n");
}
static void tell_calls(const struct dead *d, FILE *f)
{
	static const char *const kind[] = { "", "  linux ", "PAST US " };
	struct guest *g = d->guest;
	fprintf(f, "\nlast calls (under the guest's, \"linux\": what came of them; what pointers lead to is shown as it is now)\n");
	for (uint64_t s = g->n_seen > LAST ? g->n_seen - LAST + 1 : 1; s <= g->n_seen; s++) {
		const struct seen *c = seen_at(g, s);
		if (!c)
			continue;
		fprintf(f, "  %6lu.%06lu %d %s", c->ns / 1000000000 % 1000000, c->ns / 1000 % 1000000, c->tid, kind[c->kind]);
		decode_seen(d->thread[0].tid, c, f);
		fprintf(f, "\n");
	}
}
static void tell_maps(const struct dead *d, FILE *f)
{
	fprintf(f, "\nmappings (what is guise's own is left out)\n");
	for (unsigned i = 0; i < d->n_vma; i++) {
		const struct vma *m = &d->vma[i];
		if (!m->ours)
			fprintf(f, "  %012lx-%012lx %c%c%c%c %8lx %s\n", m->lo, m->hi, m->r ? 'r' : '-', m->w ? 'w' : '-', m->x ? 'x' : '-',
				m->shared ? 's' : 'p', m->offset, line_name(m->path));
	}
}
/* Others may have left files of this name, which are not ours to remove. */
static FILE *report_open(const struct dead *d, char core[4200])
{
	char path[4200];
	for (unsigned k = 0; k < 100; k++) {
		char again[8] = "";
		if (k)
			snprintf(again, sizeof again, "-%u", k);
		snprintf(core, 4200, "%.4000s/%s.%d%s.core", mortem_dir, d->name, d->guest->pid, again);
		snprintf(path, sizeof path, "%.4000s/%s.%d%s.txt", mortem_dir, d->name, d->guest->pid, again);
		int fd = access(core, F_OK) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
		if (fd >= 0)
			return fdopen(fd, "w");
	}
	return NULL;
}
static void forget(struct dead *d)
{
	for (unsigned i = 0; i < d->n_vma; i++)
		free(d->vma[i].path);
	free(d->vma);
	free(d->thread);
}
void mortem(struct guest *g, int sig)
{
	static struct dead d;
	char core[4200];
	FILE *f;

	d = (struct dead){ .guest = g, .sig = sig };
	task_each(g, look_thread, &d);
	if (!d.n_threads) {
		forget(&d);
		return;
	}
	look_space(&d, d.thread[0].task);
	look_maps(&d, d.thread[0].tid);
	if ((f = report_open(&d, core))) {
		tell_head(&d, f);
		for (unsigned i = 0; i < d.n_threads; i++)
			tell_thread(&d, i, f);
		tell_calls(&d, f);
		tell_maps(&d, f);
		int e = core_write(&d, core);
		if (e)
			fprintf(f, "\nno core file: %s: %s\n", line_name(core), strerror(e));
		else
			fprintf(f, "\ncore file %s\n", line_name(core));
		if (!e && !strpbrk(line_name(d.program), "'\\") && !strpbrk(line_name(core), "'\\"))        /* fit for a shell */
			fprintf(f, "gdb -ex 'set osabi GNU/Linux' -ex 'file %s' -ex 'core-file %s'\n", d.program, core);
		fclose(f);
	}
	forget(&d);
}
