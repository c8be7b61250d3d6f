/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a stopped process answers to its tracer (tracing.h). The thread that told the stop serves, with all others
 * standing still, so nothing here needs a lock, and nothing may take one: a thread may stand where it holds it. Memory is
 * read and written by way of /proc/self/mem, which goes through the protection of private pages as a debugger must; ours
 * is not there.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "host.h"
#include "procfs.h"
#include "pending.h"
#include "debug/tracing.h"

struct serve {
	struct thread *self;
	const struct trace_stop *stop;
	uint32_t *events;
	struct trace_packet *k;
	int *sig;
};
#define TRAP_FLAG 0x100ull
#define FLAGS_FREE 0x254dd5ull           /* what a program may change of rflags */

static struct thread *thread_of(struct serve *s)
{
	struct thread *o;
	if (!s->k->tid)
		return s->stop->who;
	for (unsigned i = 0; (o = thread_next(s->self->p, &i));)
		if (o->tid == s->k->tid && !o->helper && !o->tr.gone)
			return o;
	return NULL;
}

/* --- memory ------------------------------------------------------------------------------------------------------ */
static bool hidden(struct serve *s, uaddr a, uint64_t n) { return a + n < a || mem_is_ours(s->self->p->space, a, n); }

static long by_hand(struct serve *s, uint64_t n, bool write)
{
	struct trace_packet *k = s->k;
	struct procfs_map m;
	long e;
	if (!write)
		return copy_in(k->data, k->a, n) ? -EFAULT : (long)n;
	if (procfs_map_at(k->a, &m) != 1 || (m.shared && !(m.prot & PROT_WRITE)))
		return -EFAULT;
	if (!(m.prot & PROT_WRITE))
		host(SYS_mprotect, PAGE_DOWN(k->a), PAGE, m.prot | PROT_WRITE);
	e = copy_out(k->a, k->data, n);
	if (!(m.prot & PROT_WRITE))
		host(SYS_mprotect, PAGE_DOWN(k->a), PAGE, m.prot);
	return e ? e : (long)n;
}
static long memory(struct serve *s, bool write)
{
	struct trace_packet *k = s->k;
	uint64_t n = MIN(write ? k->len : k->b, (uint64_t)TRACE_DATA);
	if (!n)
		return 0;
	n = MIN(n, PAGE - k->a % PAGE);  /* what lies behind may be missing: the tracer asks again */
	if (hidden(s, k->a, n))
		return -EFAULT;
	long fd = file_open("/proc/self/mem", write ? O_RDWR : O_RDONLY);
	long r = write ? host(SYS_pwrite64, fd, k->data, n, k->a) : host(SYS_pread64, fd, k->data, n, k->a);
	if (fd >= 0)
		host(SYS_close, fd);
	if (r <= 0)                      /* hosts may forbid it to write through a protection, or altogether */
		r = by_hand(s, n, write);
	k->len = !write && r > 0 ? (uint32_t)r : 0;
	return r > 0 ? r : -EFAULT;
}
static long ours(struct serve *s)
{
	struct space *sp = s->self->p->space;
	uint64_t *to = (uint64_t *)s->k->data;
	unsigned n = MIN(sp->n_ours, (unsigned)ARRAY_LEN(sp->ours));
	for (unsigned i = 0; i < n; i++) {
		*to++ = sp->ours[i].lo;
		*to++ = sp->ours[i].hi;
	}
	s->k->len = n * 16;
	return n;
}

/* --- registers --------------------------------------------------------------------------------------------------- */
static long regs(struct serve *s, struct thread *o)
{
	struct trace_regs r = { o->regs, o->tr.fpu ? o->tr.fs : 0 };
	memcpy(s->k->data, &r, sizeof r);
	s->k->len = sizeof r;
	return 0;
}
static long set_regs(struct serve *s, struct thread *o)
{
	struct trace_regs r;
	if (s->k->len != sizeof r)
		return -EINVAL;
	memcpy(&r, s->k->data, sizeof r);
	if (r.r.rip >= USER_TOP || r.fs >= USER_TOP)
		return -EINVAL;
	r.r.rflags = (r.r.rflags & FLAGS_FREE) | 0x202;
	o->regs = r.r;
	if (o->tr.fpu && r.fs != o->tr.fs) {
		o->tr.fs = r.fs;
		o->tr.changed |= TR_FS;
	}
	return 0;
}
/* In a signal's frame the host keeps words of its own in the part that no processor uses. */
#define HOST_WORDS 464u
#define LEGACY 512u
static long fpu(struct serve *s, struct thread *o)
{
	size_t n = fpu_size();
	if (!o->tr.fpu)
		return -EBUSY;
	memcpy(s->k->data, o->tr.fpu, n);
	memset(s->k->data + HOST_WORDS, 0, LEGACY - HOST_WORDS);
	s->k->len = (uint32_t)n;
	return (long)n;
}
static long set_fpu(struct serve *s, struct thread *o)
{
	uint64_t at = s->k->a, n = s->k->len, end = at + n;
	char *to = o->tr.fpu;
	if (!to)
		return -EBUSY;
	if (n > fpu_size() || at > fpu_size() - n || (at && at < LEGACY))
		return -EINVAL;
	if (at < HOST_WORDS)
		memcpy(to + at, s->k->data, MIN(end, (uint64_t)HOST_WORDS) - at);
	if (end > LEGACY) {
		uint64_t from = MAX(at, (uint64_t)LEGACY);
		memcpy(to + from, s->k->data + (from - at), end - from);
	}
	if (fpu_size() > LEGACY)
		*(uint64_t *)(to + LEGACY) |= 3;
	o->tr.changed |= TR_FPU;
	return 0;
}

/* --- threads ----------------------------------------------------------------------------------------------------- */
static unsigned narg(const struct row *r)
{
	unsigned n = 0;
	while (r && n < ARRAY_LEN(r->arg) && r->arg[n].kind)
		n++;
	return n;
}
static void call_info(struct trace_info *f, struct thread *o)
{
	const struct call *c = o->call;
	if (!c) {
		f->nr = o->tr.nr;
		f->nargs = narg(o->tr.row);
		return;
	}
	f->nr = c->nr;
	f->nargs = narg(c->row);
	for (unsigned i = 0; i < f->nargs; i++)
		f->arg[i] = (uint64_t)c->raw[i];
	f->rv[0] = (uint64_t)c->rv;
	f->rv[1] = c->has_rv2 ? (uint64_t)c->rv2 : o->regs.rdx;
	if (c->rv < 0 && c->rv > -4096)
		f->err = (int32_t)c->rv;
}
static long info(struct serve *s, struct thread *o)
{
	struct trace_info *f = (struct trace_info *)s->k->data;
	char path[48], name[32];
	uint64_t waits = 0;

	*f = (struct trace_info){ .tid = o->tid, .flags = o->tr.flags, .mask = o->sigmask };
	if (o == s->stop->who) {
		f->flags = s->stop->flags;
		f->child = s->stop->child;
		f->info = s->stop->info;
		host(SYS_rt_sigpending, &waits, 8);
	}
	f->pending = (sigbits)waits | pending_for(o);
	call_info(f, o);
	fmt(path, sizeof path, "/proc/self/task/%d/comm", o->tid);
	if (file_read(path, name, sizeof name) > 0) {
		if (str_chr(name, '\n'))
			*str_chr(name, '\n') = 0;
		str_copy(f->name, name, sizeof f->name);
	}
	s->k->len = sizeof *f;
	return 0;
}
static long threads(struct serve *s)
{
	int32_t *to = (int32_t *)s->k->data;
	unsigned n = 0;
	struct thread *o;
	for (unsigned i = 0; (o = thread_next(s->self->p, &i));)
		if (!o->helper && !o->tr.gone && n++ < TRACE_DATA / 4)
			*to++ = o->tid;
	s->k->len = MIN(n * 4, TRACE_DATA);
	return n;
}
static long suspend(struct serve *s, struct thread *o)
{
	o->tr.suspended = s->k->a != 0;
	return 0;
}
static long step(struct serve *s, struct thread *o)
{
	o->regs.rflags = (o->regs.rflags & ~TRAP_FLAG) | (s->k->a ? TRAP_FLAG : 0);
	return 0;
}
/* As if the stopped thread made it, there and then. */
static long make_call(struct serve *s, struct thread *o)
{
	struct trace_packet *k = s->k;
	const struct personality *p = o->p->pers;
	struct call c = { .t = o, .nr = (unsigned)k->a }, *was = o->call;
	if (o != s->self || !(s->stop->flags & (STOP_SCE | STOP_SCX)))
		return -EBUSY;
	if (k->len > sizeof c.raw)
		return -EINVAL;
	memcpy(c.raw, k->data, k->len);
	c.row = c.nr < p->tab[0].n && p->tab[0].row[c.nr].name ? &p->tab[0].row[c.nr] : NULL;
	if (c.row && (c.row->ret == R_NOTHING || !c.row->fn))
		return -EINVAL;
	o->call = &c;
	uint32_t flags = o->tr.flags;
	o->tr.flags = 0;
	call_run(&c);
	o->tr.flags = flags;
	o->call = was;
	k->a = (uint64_t)c.rv;
	k->b = c.has_rv2 ? (uint64_t)c.rv2 : 0;
	k->len = 0;
	return 0;
}
static long go_on(struct serve *s, struct thread *o)
{
	struct trace_packet *k = s->k;
	if ((k->b != TRACE_HERE && k->b >= USER_TOP) || k->a > 128)
		return -EINVAL;
	if (k->b != TRACE_HERE)
		o->regs.rip = k->b;
	*s->events |= (uint32_t)k->c & TRACE_ALL;
	*s->sig = (int)k->a;
	return 0;
}
static long answer(struct serve *s)
{
	struct trace_packet *k = s->k;
	struct thread *o = thread_of(s);
	if (!o)
		return -ESRCH;
	switch (k->op) {
	case ASK_INFO: return info(s, o);
	case ASK_THREADS: return threads(s);
	case ASK_REGS: return regs(s, o);
	case ASK_SETREGS: return set_regs(s, o);
	case ASK_FPU: return fpu(s, o);
	case ASK_SETFPU: return set_fpu(s, o);
	case ASK_READ: return memory(s, false);
	case ASK_WRITE: return memory(s, true);
	case ASK_SUSPEND: return suspend(s, o);
	case ASK_STEP: return step(s, o);
	case ASK_OURS: return ours(s);
	case ASK_CALL: return make_call(s, o);
	case ASK_CONTINUE: case ASK_DETACH: return go_on(s, o);
	case ASK_EVENTS:
		*s->events = (*s->events & ~(uint32_t)k->a) | ((uint32_t)k->b & TRACE_ALL);
		return *s->events;
	}
	return -EINVAL;
}
static void all_free(struct thread *t)
{
	struct thread *o;
	for (unsigned i = 0; (o = thread_next(t->p, &i));) {
		o->tr.suspended = 0;
		o->regs.rflags &= ~TRAP_FLAG;
	}
}
enum serve_end trace_serve(struct thread *t, int sock, const struct trace_stop *stop, uint32_t *events, struct trace_packet *k, int *sig)
{
	struct serve s = { t, stop, events, k, sig };
	for (;;) {
		long n = host(SYS_recvfrom, sock, k, sizeof *k, 0, NULL, NULL);
		if (n < (long)TRACE_HEAD || k->len != (uint64_t)n - TRACE_HEAD)
			return SERVE_GONE;
		k->rv = answer(&s);
		bool done = !k->rv && (k->op == ASK_CONTINUE || k->op == ASK_DETACH);
		if (k->rv < 0 || k->op == ASK_WRITE || k->op == ASK_SETREGS || k->op == ASK_SETFPU)
			k->len = 0;
		if (done && k->op == ASK_DETACH)
			all_free(t);
		host(SYS_sendto, sock, k, TRACE_HEAD + k->len, MSG_NOSIGNAL, NULL, 0);
		if (done)
			return k->op == ASK_DETACH ? SERVE_DETACH : SERVE_CONTINUE;
	}
}
