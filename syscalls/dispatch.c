/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The only door. Every engine brings every call of the guest here, on our stack, with the guest's registers in t->regs.
 * What happens is told by the row: find it, bring its scalars to host terms, run its handler, let the personality write
 * the result. Observers hang here and nowhere else. May block (in handlers); holds no lock.
 *
 * What a row asks for is boiled down, at its first use, to one word, its recipe: four bits an argument and a few for the
 * whole. A call that is made again pays for what its arguments need and for nothing else.
 */
#include <fcntl.h>
#include "observe/ring.h"
#include "host.h"
#include "ext.h"
#include "confine.h"
#include "row.h"
#include "box.h"
#include "debug/tracing.h"
#include "snapshot.h"

static const struct row *row_of(struct thread *t, struct call *c)
{
	const struct personality *p = t->p->pers;
	const struct systab *s = &p->tab[c->tab];
	return c->tab < p->n_tab && c->nr < s->n && s->row[c->nr].name ? &s->row[c->nr] : NULL;
}

/* --- recipes -------------------------------------------------------------------------------------------------------- */
/* an argument: low 32 bits, the first lowest. SET: 0 is 0; AT: the working directory is the host's own number; else as SCALAR */
enum { TAKE_RAW, TAKE_INT, TAKE_UINT, TAKE_FD, TAKE_SCALAR, TAKE_SET, TAKE_AT };
#define DO_DIRECT (1ull << 32)           /* nothing but a host call: the next one need not come here (direct.c) */
#define DO_SUB    (1ull << 33)           /* a command picks the row that counts */
#define DO_FD     (1ull << 34)           /* the result is a descriptor */
#define DO_ERRNO  (1ull << 35)           /* an error is a value */
#define DO_ABSENT (1ull << 36)           /* no handler */
#define DO_ROOM   (1ull << 37)           /* acts, and then makes a descriptor */
#define DO_QUICK  (1ull << 38)           /* can be answered from the registers alone */

static bool same(const struct personality *p, unsigned set, long v)
{
	uint64_t h;
	return !set_to_host(p, set, (uint32_t)v, &h) && (v ? (int)h == (int)v : !h);
}
static uint64_t take(const struct personality *p, const struct arg *a)
{
#define ONE_OF(...) (1ull << a->kind & (__VA_ARGS__))       /* no table of the compiler's: it would lie on a page of its own */
#define B(kind) 1ull << (kind)
	if (ONE_OF(B(A_INT) | B(A_PID) | B(A_UID)))
		return TAKE_INT;
	if (ONE_OF(B(A_UINT) | B(A_OCT)))
		return TAKE_UINT;
	if (ONE_OF(B(A_FD)))
		return TAKE_FD;
	if (ONE_OF(B(A_ATFD)))
		return p->identity ? TAKE_FD : same(p, SET_AT, AT_FDCWD) ? TAKE_AT : TAKE_SCALAR;
	if (ONE_OF(B(A_SET) | B(A_ENUM)))
		return p->identity ? TAKE_RAW : same(p, a->what, 0) ? TAKE_SET : TAKE_SCALAR;
	return ONE_OF(B(A_SIG)) ? TAKE_SCALAR : TAKE_RAW;
#undef B
#undef ONE_OF
}
/* Most kernels look for a descriptor first. What has an open's name or takes a connection cannot be undone. */
static bool needs_room(const struct personality *p, const struct row *r)
{
	bool acts = false;
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		acts |= r->arg[i].kind == A_STR || r->arg[i].kind == A_SOCKOUT || (r->arg[i].kind == A_PATH && !p->opens_first);
	return acts && r->ret == R_FD;
}
static uint64_t recipe_make(const struct personality *p, const struct row *r)
{
	uint64_t todo = 0;
	for (int i = 0; i < 8 && r->arg[i].kind; i++) {
		todo |= take(p, &r->arg[i]) << 4 * i;
		if (r->arg[i].kind == A_SUB)
			todo |= DO_SUB;
	}
	return todo | (r->ret == R_FD ? DO_FD : 0) | (needs_room(p, r) ? DO_ROOM : 0) | (r->ret == R_ERRNO ? DO_ERRNO : 0) | (r->fn ? 0 : DO_ABSENT);
}
/* A forked child that makes a few calls and ends would pay more for a page of what is kept than it saves. */
static bool worth_keeping(const struct proc *p)
{
	static uint8_t misses FORKED;
	return !p->forked || misses == 16 || ++misses == 16;
}
extern const struct quick __start_guise_quick[], __stop_guise_quick[];
static const struct quick *quick_find(const struct row *r)
{
	for (const struct quick *q = __start_guise_quick; q < __stop_guise_quick; q++)
		if (r->fn && q->fn == r->fn)
			return q;
	return NULL;
}
/* Kept beside the row's own place in our image, in one word: no lock, and where two rows meet the later one is kept. */
extern char __executable_start[];
#define DO_BITS 39
static inline __attribute__((always_inline)) uint64_t recipe(const struct proc *p, const struct row *r)
{
	static volatile uint64_t made[1024] SPARSE;
	uint64_t place = (uint64_t)((const char *)r - __executable_start) >> 3;
	volatile uint64_t *at = &made[place % ARRAY_LEN(made)];  /* rows of a table: 29 apart, which is odd, so each its own */
	uint64_t todo = *at;

	if (todo >> DO_BITS != place) {
		todo = recipe_make(p->pers, r);
		if (!worth_keeping(p))
			return todo;
		if (p->pers->carry)              /* entry.S clears that flag, and no other */
			todo |= (direct_find(r) ? DO_DIRECT : 0) | (quick_find(r) ? DO_QUICK : 0);
		if (!(place >> (64 - DO_BITS)))
			*at = todo |= place << DO_BITS;
	}
	return todo;
}
_Static_assert(sizeof(struct row) == 29 * 8, "recipe() counts on it to spread the rows of a table");

/* --- scalars -------------------------------------------------------------------------------------------------------- */
/* A scalar argument in host terms. Errors are those the guest's kernel would give for a value it does not know. */
static long __attribute__((noinline)) scalar(struct call *c, int i)
{
	const struct personality *p = c->t->p->pers;
	const struct arg *a = &c->row->arg[i];
	uint64_t h;
	long e;

	switch (a->kind) {
	case A_ATFD:
		c->arg[i] = (int)c->raw[i];
		if (c->arg[i] < 0 && !set_to_host(p, SET_AT, (unsigned)c->raw[i], &h))
			c->arg[i] = (int)h;
		return fd_is_ours(c->t->p, c->arg[i]) ? -EBADF : 0;
	case A_SIG:
		c->arg[i] = p->identity ? (int)c->raw[i] : c->raw[i] ? sig_to_host(p, (int)c->raw[i]) : 0;
		return c->raw[i] && !c->arg[i] ? -EINVAL : 0;
	case A_SET: case A_ENUM:
		e = set_to_host(p, a->what, arg_value(a, c->raw[i]), &h);
		if (e < 0 && (!p->value || p->value(a->what, arg_value(a, c->raw[i]), &h) < 0)) {
			report_unknown(c->t, a->kind == A_SET ? UNK_BITS : UNK_OPTION, a->name, (uint64_t)c->raw[i]);
			return e;
		}
		c->arg[i] = (long)h;
		return 0;
	}
	return 0;
}
/* arg is raw already; of those that are not taken so each is, up to the first that is wrong */
static inline __attribute__((always_inline)) long scalars(struct call *c, const struct proc *p, uint32_t todo)
{
	for (unsigned i; todo; todo &= ~(15u << 4 * i)) {
		i = (unsigned)__builtin_ctz(todo) / 4;
		unsigned how = todo >> 4 * i & 15;
		long v = (int)c->raw[i], e = 0;
		if (how == TAKE_INT) {
			c->arg[i] = v;
		} else if (how == TAKE_FD) {
			c->arg[i] = v;
			e = fd_is_ours(p, (int)v) ? -EBADF : 0;
		} else if (how == TAKE_UINT) {
			c->arg[i] = (unsigned)v;
		} else if (how == TAKE_AT && v == AT_FDCWD) {
			c->arg[i] = v;
		} else if (how != TAKE_SET || c->raw[i]) {
			e = scalar(c, (int)i);
		}
		if (e)
			return e;
	}
	return 0;
}

/* The row of a multiplexer's command stands in for the call's own row. */
static bool to_subrow(struct call *c)
{
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++) {
		const struct arg *a = &c->row->arg[i];
		const struct row *sub;
		if (a->kind != A_SUB)
			continue;
		sub = sub_find(c->t->p->pers, a->what, (unsigned)c->raw[i]);
		if (sub)
			c->row = sub;
		else
			report_unknown(c->t, UNK_SUB, a->name, (uint64_t)c->raw[i]);
		return sub != NULL;
	}
	return true;
}

static long unknown_call(struct call *c)
{
	report_unknown(c->t, UNK_CALL, c->row ? c->row->name : "syscall", c->nr);
	if ((!c->row || c->row->level == L_GONE) && c->t->p->pers->sigsys_unknown)
		signal_force(c->t, SIGSYS, 0, 0, 0);
	return -ENOSYS;
}
/* No handler. A command that is listed, but not made: what the call itself answers to one it never heard of. */
static long __attribute__((noinline)) absent(struct call *c, const struct row *top, bool known)
{
	if (c->row == top)
		return known ? unknown_call(c) : -EINVAL;
	report_unknown(c->t, UNK_SUB, c->row->name, c->nr);
	return top->fn ? top->fn(c) : -EINVAL;
}

/* --- results -------------------------------------------------------------------------------------------------------- */
/* Is a descriptor left for this call? Where a socket that does not listen is told first, the handler tells it. */
static bool __attribute__((noinline)) no_room(struct call *c)
{
	int listens = 0, len = sizeof listens;
	if (fd_room(c->t->p))
		return false;
	return !c->t->p->pers->classic_sockets || c->row->arg[0].kind != A_FD ||
	       (!host(SYS_getsockopt, c->arg[0], SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) && listens);
}
/* A descriptor the guest may not have because its own limit says so. */
static long __attribute__((noinline)) fd_too_high(struct call *c, long fd)
{
	fd_closed(c->t->p, (int)fd);
	host(SYS_close, fd);
	return -EMFILE;
}
/* Some calls succeed and return their error. */
static long as_value(struct call *c, long rv)
{
	bool error = rv < 0 && rv != SYS_RESTART && rv != SYS_NORETURN && rv != -X_ECAPMODE;       /* the call was not even made */
	return error ? errno_to_guest(c->t->p->pers, (int)-rv) : rv;
}

/* --- quick calls ------------------------------------------------------------------------------------------------------ */
/* What the whole way once found. As with direct calls the arguments are where the host has them, an entry is written once,
 * and two calls that want one place leave it to the first. */
#define BEING_WRITTEN 1ull
#define CARRY_FLAG 1ull
#define TRAP_FLAG 0x100ull
#define KNOWN 16
static volatile uint64_t known_nr[KNOWN];
static struct { const struct row *row; const struct quick *q; } known[KNOWN];
static inline unsigned known_at(uint64_t nr) { return nr / 8 % KNOWN; }

static void __attribute__((noinline)) quick_open(const struct call *c)
{
	uint64_t nr = c->t->entry_nr, none = 0;
	unsigned k = known_at(nr);

	if (c->tab || c->nr != nr || box_closed || nr <= BEING_WRITTEN || known_nr[k] ||
	    !__atomic_compare_exchange_n(&known_nr[k], &none, BEING_WRITTEN, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	known[k].row = c->row;
	known[k].q = quick_find(c->row);
	__atomic_store_n(&known_nr[k], nr, __ATOMIC_RELEASE);
}
static bool __attribute__((noinline)) quick(struct thread *t, unsigned k)
{
	struct regs *r = &t->regs;

	if (r->rax <= BEING_WRITTEN || t->p->slow || t->p->debugged || r->rflags & TRAP_FLAG ||
	    !known[k].q->run(t, known[k].row, (long)r->rdi, (long)r->rsi, (long)r->rdx, (long)r->r10))
		return false;
	r->rax = 0;
	r->r11 = r->rflags &= ~CARRY_FLAG;
	return true;
}

/* --- the call ------------------------------------------------------------------------------------------------------- */
/* Something hangs on calls, and on this one. */
static inline __attribute__((always_inline)) bool is_asked(const struct call *c, const struct proc *p)
{
	unsigned nr = MIN(c->nr, MOST_NRS - 1u);
	return p->slow && (proc_barred(p) || p->asked[c->tab % MOST_TABS][nr / 64] >> nr % 64 & 1);
}
static bool __attribute__((noinline)) slow_enter(struct call *c, const struct row *top, long *e)
{
	bool answered;
	if (c->t->p->limited)
		*e = confine_call(c, top, *e);
	answered = c->t->p->observed && observe_enter(c);
	if (c->t->p->renamed)
		alias_in(c);
	return answered;
}
static void __attribute__((noinline)) slow_exit(struct call *c)
{
	if (c->t->p->renamed)
		alias_out(c);
	if (c->t->p->observed)
		observe_exit(c);
	if (c->t->p->limited)
		confine_answered(c);
}
/* The next one need not come so far. */
static void __attribute__((noinline)) shorter(struct call *c, uint64_t todo)
{
	if (todo & DO_DIRECT && !proc_barred(c->t->p))
		direct_open(c);
	if (todo & DO_QUICK && !c->t->p->slow)
		quick_open(c);
}
static inline __attribute__((always_inline)) long run(struct call *c, const struct row *top)
{
	struct proc *p = c->t->p;
	uint64_t todo = recipe(p, top);
	bool known = true;
	long e, rv;

	if (todo & DO_SUB && (known = to_subrow(c)))
		todo = recipe(p, c->row);
	e = scalars(c, p, (uint32_t)todo);
	bool asked = is_asked(c, p);
	if (asked && (proc_barred(p) ? slow_enter(c, top, &e) : observe_enter(c)))       /* an injection answered it */
		return todo & DO_ERRNO ? as_value(c, c->rv) : c->rv;
	if (box_closed)                          /* behind the observers, who tell what was passed */
		box_args(c);
	if (todo & DO_ROOM && p->fds_full && !e && no_room(c))
		e = -EMFILE;
	rv = e ? e : todo & DO_ABSENT ? absent(c, top, known) : c->row->fn(c);
	if (todo & (DO_DIRECT | DO_QUICK) && !asked)
		shorter(c, todo);
	if (todo & DO_FD && !fd_allowed(p, rv))
		rv = fd_too_high(c, rv);
	return todo & DO_ERRNO ? as_value(c, rv) : rv;
}
static long __attribute__((noinline)) run_unknown(struct call *c)
{
	if (c->t->p->observed && observe_enter(c))
		return c->rv;
	return c->t->p->confined ? -X_ECAPMODE : unknown_call(c);
}
/* One by one: a copy of all at once becomes rep movs, which waits for what fetch has just written. */
static inline void as_passed(struct call *c)
{
	c->arg[0] = c->raw[0], c->arg[1] = c->raw[1], c->arg[2] = c->raw[2], c->arg[3] = c->raw[3];
	c->arg[4] = c->raw[4], c->arg[5] = c->raw[5], c->arg[6] = c->raw[6], c->arg[7] = c->raw[7];
}
static inline __attribute__((always_inline)) long call_made(struct call *c)
{
	as_passed(c);
	c->rv2 = 0;
	c->has_rv2 = false;
	c->rv = c->row ? run(c, c->row) : run_unknown(c);
	if (c->t->telling && !proc_barred(c->t->p))
		observe_exit(c);
	else if (c->t->telling || is_asked(c, c->t->p))
		slow_exit(c);
	return c->rv;
}
long call_run(struct call *c) { return call_made(c); }

/* What its tracer did to the registers meanwhile counts. */
static void __attribute__((noinline)) traced_enter(struct thread *t, struct call *c)
{
	c->rv = c->rv2 = 0;
	c->has_rv2 = false;
	if (!tracee_enter(t))
		return;
	t->entry_nr = t->regs.rax;
	t->p->pers->fetch(t, c);
	c->row = row_of(t, c);
}
static inline __attribute__((always_inline)) void result(struct thread *t, struct call *c)
{
	if (c->rv == -EINTR)
		t->poked = 0;
	if (c->rv == SYS_RESTART) {
		t->regs.rip -= 2;            /* back onto the syscall instruction */
		t->regs.rax = t->entry_nr;
	} else if (c->rv != SYS_NORETURN) {
		t->p->pers->store(t, c);
	}
	if (__builtin_expect(t->p->debugged, 0))
		tracee_leave(t, c);
	if (t->attn)
		thread_attend(t);
}
static inline __attribute__((always_inline)) void enter(struct thread *t)
{
	struct call c;

	if (__builtin_expect(!--t->look, 0) && t->p->engine->look)
		t->p->engine->look(t);
	t->entry_nr = t->regs.rax;
	unsigned k = known_at(t->entry_nr);
	if (__builtin_expect(__atomic_load_n(&known_nr[k], __ATOMIC_ACQUIRE) == t->entry_nr, 0) && quick(t, k)) {
		if (t->attn)
			thread_attend(t);
		return;
	}
	c.t = t;
	t->p->pers->fetch(t, &c);
	c.row = row_of(t, &c);
	t->call = &c;
	if (__builtin_expect(t->p->debugged, 0))
		traced_enter(t, &c);
	call_made(&c);
	t->call = NULL;
	result(t, &c);
}
void syscall_enter(struct thread *t) { enter(t); }

/* The same for entry.S, on to the exit without a return: the kernel leaves the processor's memory of where calls return to
 * in disorder, so that each return on the way out would be guessed wrongly. */
void syscall_run(struct thread *t)
{
	enter(t);
	__asm__ volatile("jmp exit_begin");
	__builtin_unreachable();
}
/* A direct call has been made, and failed, or something is due. Nobody observed when it began, so nobody is told. */
void syscall_answered(struct thread *t)
{
	struct call c;
	long rv = (long)t->regs.rax;

	c.t = t;
	c.rv2 = 0;
	c.has_rv2 = false;
	t->regs.rax = t->entry_nr;
	t->p->pers->fetch(t, &c);
	c.row = row_of(t, &c);
	as_passed(&c);
	const struct direct *d = direct_find(c.row);
	c.arg[0] = c.row->arg[0].kind == A_FD ? (int)c.raw[0] : c.arg[0];
	c.rv = rv < 0 && d->failed ? d->failed(&c, rv) : rv;
	t->regs.rax = (uint64_t)rv;
	result(t, &c);
}
