/* SPDX-License-Identifier: BSD-2-Clause
 *
 * exec builds everything, then commits with one host execve: ourselves again for a foreign program, the program itself
 * for a native one. What other processes, the trace and the guest's own words are told of the end of the old program
 * cannot be taken back, so all that can fail for the guest's own mistakes is looked at before: the program (loader/
 * plan.c, behind the gate), and every string, which the host would find too long or unreadable only when it has begun.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include "box.h"
#include "host.h"
#include "options.h"
#include "ext.h"
#include "confine.h"
#include "observe/audit.h"
#include "pending.h"
#include "debug/tracing.h"
#include "machine/privilege.h"
#include "loader/plan.h"

struct vec { uint64_t *v; size_t n, room; };

static long vec_add(struct vec *v, uint64_t s)
{
	if (v->n == v->room) {
		size_t room = v->room ? v->room * 2 : 64;
		uint64_t *bigger = mem_alloc(room * sizeof *bigger);
		if (!bigger)
			return -E2BIG;
		memcpy(bigger, v->v, v->n * sizeof *bigger);
		mem_free(v->v, v->room * sizeof *bigger);
		v->v = bigger;
		v->room = room;
	}
	v->v[v->n++] = s;
	return 0;
}
/* The guest's pointers as they are: the host's execve reads the strings. */
static long vec_guest(struct vec *v, uaddr from)
{
	uint64_t s = 1;
	for (long e; from && s; from += 8)
		if ((e = copy_in(&s, from, 8)) || (s && mem_hidden(s, 1) && (e = -EFAULT)) || (s && (e = vec_add(v, s))))
			return e;
	return 0;
}
static long vec_text(struct vec *v, const char *s) { return vec_add(v, (uint64_t)s); }

struct exec {
	struct thread *t;
	struct plan plan;
	struct vec argv, envv, guest;
	char signals[40];
	char traced[64];
	char kept[128];
	int limits;              /* what this process and its descriptors have given up, or -1 */
	int handed;              /* what the engine wants to have there, or -1 */
	char limits_text[12], handed_text[12], held_text[24];
	int machine;             /* the I/O privilege that is kept, with its devices, or -1 */
	char machine_text[12];
};
int engine_handed = -1;

/* What the guest blocks and ignores, where the host does not keep it over exec. */
static long vec_signals(struct exec *x)
{
	uint64_t blocked = (uint64_t)(x->t->sigmask >> 64), ignored = 0;
	for (int sig = 65; sig <= 128; sig++)
		ignored |= (uint64_t)(x->t->p->act[sig].handler == 1) << (sig - 65);
	if (!x->t->p->pers->sig_carrier || !(blocked | ignored))
		return 0;
	fmt(x->signals, sizeof x->signals, "%lx:%lx", blocked, ignored);
	long e = vec_text(&x->argv, "--signals");
	return e ? e : vec_text(&x->argv, x->signals);
}
static long vec_limits(struct exec *x)
{
	x->limits = confine_save(x->t->p);
	if (x->limits < 0)
		return x->limits == -1 ? 0 : x->limits;
	fmt(x->limits_text, sizeof x->limits_text, "%d", x->limits);
	long e = vec_text(&x->argv, "--limits-fd");
	return e ? e : vec_text(&x->argv, x->limits_text);
}
/* What the next image could not get by itself: it may be another user by now, or see other files. */
static long vec_handed(struct exec *x)
{
	const struct engine *engine = x->t->p->engine;
	if ((x->handed = engine->hand ? engine->hand(x->t->p) : -1) < 0)
		return 0;
	fmt(x->handed_text, sizeof x->handed_text, "%d", x->handed);
	long e = vec_text(&x->argv, "--engine-fd");
	return e ? e : vec_text(&x->argv, x->handed_text);
}
static long vec_held(struct exec *x)
{
	if (!box_hands(x->held_text, sizeof x->held_text))
		return 0;
	long e = vec_text(&x->argv, "--held-fds");
	return e ? e : vec_text(&x->argv, x->held_text);
}
/* A system without a carrier has no tracees: there the tracer has lost it, as with a program of the host's. */
static long vec_traced(struct exec *x)
{
	if (!x->plan.pers->sig_carrier || !tracee_save(x->t->p, x->traced, sizeof x->traced))
		return 0;
	long e = vec_text(&x->argv, "--traced");
	return e ? e : vec_text(&x->argv, x->traced);
}
static long vec_kept(struct exec *x)
{
	const struct personality *pers = x->t->p->pers;
	if (x->plan.pers != pers || !pers->kept || !pers->kept(x->t->p, x->kept, sizeof x->kept))
		return 0;
	long e = vec_text(&x->argv, "--kept");
	return e ? e : vec_text(&x->argv, x->kept);
}
static long vec_machine(struct exec *x)
{
	struct thread *t = x->t;
	if (x->plan.pers != t->p->pers)
		return 0;                /* another system, which gave nothing yet */
	x->machine = privilege_save(t, t->p->pers->io_keeps & IO_LEVEL_EXEC);
	if (x->machine < 0)
		return x->machine == -1 ? 0 : x->machine;
	fmt(x->machine_text, sizeof x->machine_text, "%d", x->machine);
	long e = vec_text(&x->argv, "--machine-fd");
	return e ? e : vec_text(&x->argv, x->machine_text);
}
/* argv of the host's exec: [guise, its options, --argv0 .. --,] interpreter, its argument, script, the guest's own rest */
static long build(struct exec *x, uaddr argv, uaddr envv)
{
	struct options *o = x->t->p->opt;
	struct plan *pl = &x->plan;
	char *argv0 = pl->n_pre ? pl->pre[0] : NULL;
	long e = vec_guest(&x->guest, argv);

	if (!e)
		e = vec_guest(&x->envv, envv);
	if (!e && !pl->native) {
		e = vec_text(&x->argv, "guise");
		for (unsigned i = 0; !e && i < o->n_self; i++)
			e = vec_text(&x->argv, o->self_argv[i]);
		if (!e && o->trace_fd >= 0 && !(e = vec_text(&x->argv, "--trace-fd")) && !(e = vec_text(&x->argv, o->fd_text[0])) &&
		    !(e = vec_text(&x->argv, "--trace-end")))        /* it may have come later than the options */
			e = vec_text(&x->argv, o->fd_text[2]);
		if (!e && o->name && !x->t->p->forked && !(e = vec_text(&x->argv, "--name")))
			e = vec_text(&x->argv, o->name);
		if (!e && fpu_knows_xsave())
			e = vec_text(&x->argv, "--xsave");
		if (!e && !(e = vec_signals(x)) && !(e = vec_traced(x)) && !(e = vec_limits(x)))
			e = vec_handed(x);
		if (!e && !(e = vec_held(x)) && !(e = vec_kept(x)))
			e = vec_machine(x);
		if (!e && !(e = vec_text(&x->argv, "--resume-fd")) && !(e = vec_text(&x->argv, pl->fd_text)) &&
		    !(e = vec_text(&x->argv, "--resume-path")) && !(e = vec_text(&x->argv, pl->path)) &&
		    !(e = vec_text(&x->argv, "--argv0")) &&
		    !(e = argv0 ? vec_text(&x->argv, argv0) : vec_add(&x->argv, x->guest.n ? x->guest.v[0] : (uint64_t)"")) &&
		    !(e = vec_text(&x->argv, "--")))
			e = vec_text(&x->argv, pl->guest_path);
	} else if (!e && x->guest.n + pl->n_pre) {
		e = argv0 ? vec_text(&x->argv, argv0) : vec_add(&x->argv, x->guest.v[0]);
	}
	for (unsigned i = 1; !e && i < pl->n_pre; i++)
		e = vec_text(&x->argv, pl->pre[i]);
	for (size_t i = 1; !e && i < x->guest.n; i++)
		e = vec_add(&x->argv, x->guest.v[i]);
	return e ? e : (e = vec_add(&x->argv, 0)) ? e : vec_add(&x->envv, 0);
}
/* A string with its NUL, guest's or ours: -EFAULT, or -E2BIG where the host takes none so long. */
static long text_size(uaddr s)
{
	char part[512];
	for (size_t size = 0; size < 32 * PAGE; ) {
		size_t n = MIN(sizeof part, PAGE - s % PAGE);
		long e = copy_in_any(part, s, n);        /* ours are among them */
		if (e)
			return e;
		for (size_t i = 0; i < n; i++)
			if (!part[i])
				return (long)(size + i + 1);
		size += n;
		s += n;
	}
	return -E2BIG;
}
/* As the host counts them: the strings with their pointers, at most a quarter of the stack they begin, or 6 MiB. */
static long vec_size(const struct vec *v, size_t *size)
{
	for (size_t i = 0; i < v->n && v->v[i]; i++) {
		long n = text_size(v->v[i]);
		if (n < 0)
			return n;
		*size += (size_t)n + 8;
	}
	return 0;
}
static long will_fit(struct exec *x)
{
	struct rlimit stack = { 8 << 20, 0 };
	size_t size = PAGE;              /* the program's own path among them, and what the host puts beside */
	host(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &stack);
	long e = vec_size(&x->argv, &size);
	if (!e)
		e = vec_size(&x->envv, &size);
	return e ? e : size > MAX(MIN(stack.rlim_cur / 4, 6ul << 20), 32 * PAGE) ? -E2BIG : 0;
}
static long plan_gated(void *x) { return plan_make(&((struct exec *)x)->plan, ((struct exec *)x)->t); }

static void signals_for_exec(struct thread *t, bool keep)
{
	struct host_sigaction ign = { .handler = (void *)SIG_IGN };
	uint64_t mask = (uint64_t)t->sigmask | (keep ? carrier_bit(t->p) : 0);
	for (int sig = 1; sig <= (keep ? 63 : 31); sig++)
		if (t->p->act[sig].handler == 1)
			host(SYS_rt_sigaction, sig, &ign, NULL, 8);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	carrier_keep(t, keep);
}
static long commit(struct exec *x)
{
	struct proc *p = x->t->p;
	long e;

	if (!x->plan.native)
		host(SYS_fcntl, x->plan.fd, F_SETFD, 0);
	if (x->limits >= 0)
		host(SYS_fcntl, x->limits, F_SETFD, 0);
	if (x->handed >= 0)
		host(SYS_fcntl, x->handed, F_SETFD, 0);
	if (x->machine >= 0)
		host(SYS_fcntl, x->machine, F_SETFD, 0);
	if (p->traced && p->nthreads > 1)
		tracee_single(x->t);
	if (p->traced && (x->plan.native || !x->plan.pers->sig_carrier))
		tracee_leaves(x->t, x->plan.fd);
	observe_exec(x->t, !x->plan.native);
	if (p->pers->proc_exit)
		p->pers->proc_exit(x->t);
	if (p->pers->proc_execs)
		p->pers->proc_execs(p);
	signals_for_exec(x->t, !x->plan.native && x->plan.pers->sig_carrier == p->pers->sig_carrier && p->pers->sig_carrier);
	fd_limit_exec(p, false);
	p->execs = true;
	if (x->plan.native && audit_judges(x->t))        /* what was judged, and not what has its name by now */
		e = host(SYS_execveat, x->plan.fd, "", x->argv.v, x->envv.v, AT_EMPTY_PATH);
	else if (x->plan.native)
		e = host(SYS_execve, x->plan.path, x->argv.v, x->envv.v);
	else
		e = box_closed ? box_exec(x->argv.v, x->envv.v) : host(SYS_execve, "/proc/self/exe", x->argv.v, x->envv.v);
	if (x->handed >= 0)
		host(SYS_fcntl, x->handed, F_SETFD, FD_CLOEXEC);
	p->execs = false;
	fd_limit_exec(p, true);
	signal_start(p);
	signal_exec_failed(p);
	signal_setmask(x->t, x->t->sigmask);
	return e;
}
long proc_exec(struct thread *t, int dirfd, const char *guestpath, uaddr argv, uaddr envv)
{
	struct where held = { .own = -1 };
	if (audit_judges(t) && !*guestpath) {
		long no = audit_fd(t, dirfd, &held);
		if (no)
			return no;
		dirfd = held.own;
	}
	struct exec *x = mem_alloc(sizeof *x);
	if (!x) {
		where_done(&held);
		return -ENOMEM;
	}
	x->t = t;
	x->plan.dirfd = dirfd;
	x->plan.fd = x->plan.given = x->limits = x->handed = x->machine = -1;
	str_copy(x->plan.guest_path, guestpath, sizeof x->plan.guest_path);
	long e = gate(plan_gated, x);
	if (!e && x->plan.native && t->p->confined)
		e = -X_ECAPMODE;         /* nobody would hold the host's program to it */
	if (!e)
		e = build(x, argv, envv);
	if (!e)
		e = will_fit(x);
	if (!e)
		e = commit(x);
	if (x->plan.fd >= 0)
		host(SYS_close, x->plan.fd);
	if (x->limits >= 0)
		host(SYS_close, x->limits);
	if (x->machine >= 0)
		host(SYS_close, x->machine);
	mem_free(x->argv.v, x->argv.room * 8);
	mem_free(x->envv.v, x->envv.room * 8);
	mem_free(x->guest.v, x->guest.room * 8);
	mem_free(x, sizeof *x);
	where_done(&held);
	return e;
}
