/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A guest from a snapshot: the same process as before as far as it can tell, in a host process of its own. Ours is laid out
 * around the places that its memory had; then memory, descriptors, signals and numbers are as they were, and the first
 * thread makes the others (syscalls/revive.c). Nothing of the guest runs before all of it is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guise.h"
#include "revive.h"
#include "thread.h"
#include "loader/begin.h"
#include "loader/loader.h"
#include "loader/restore.h"
#include "loader/title.h"

extern const struct fdops *const __start_guise_objects[], *const __stop_guise_objects[];
extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];

static int failed(const struct restore *r)
{
	if (r->inherit[2] >= 0)
		dup2(r->inherit[2], 2);  /* it may be the guest's already, or closed */
	if (tree_failed(r->tree) && *r->why)
		say("the snapshot cannot be restored: %s", r->why);
	return 125;
}
/* --- the process ---------------------------------------------------------------------------------------------------------- */
static const struct personality *pers_of(struct restore *r)
{
	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		if (!strcmp((*p)->name, r->image->proc->pers))
			return *p;
	restore_bad(r, "it is a program of the system \"%s\", which this guise does not know", r->image->proc->pers);
	return NULL;
}
static void limits(const struct snap_image *g)
{
	struct rlimit l;
	EACH(g, SNAP_LIMIT, struct snap_limit, s) {
		if (s->which >= RLIMIT_NLIMITS || s->which == RLIMIT_NOFILE || getrlimit((int)s->which, &l) < 0)
			continue;
		struct rlimit mine = l;
		l.rlim_max = s->hard;
		l.rlim_cur = s->soft;
		if (!setrlimit((int)s->which, &l))
			continue;
		l.rlim_max = MIN(mine.rlim_max, s->hard);
		l.rlim_cur = MIN(s->soft, l.rlim_max);
		setrlimit((int)s->which, &l);
		say("its limit %u of %llu (%llu at most) cannot be had here: it is %llu now", s->which, (unsigned long long)s->soft,
		    (unsigned long long)s->hard, (unsigned long long)l.rlim_cur);
	}
	if (!getrlimit(RLIMIT_NOFILE, &l)) {
		l.rlim_max = geteuid() ? MIN(l.rlim_max, g->proc->fd_hard) : g->proc->fd_hard;
		l.rlim_cur = MIN(g->proc->fd_soft, l.rlim_max);
		setrlimit(RLIMIT_NOFILE, &l);
	}
}
static void fill_proc(struct proc *p, const struct snap_image *g)
{
	const struct snap_proc *r = g->proc;
	struct space *s = p->space;

	p->osrel = r->osrel, p->setugid = r->setugid;
	fmt(p->exe, sizeof p->exe, "%s", r->exe);
	fmt(p->comm, sizeof p->comm, "%s", r->comm);
	s->brk_start = r->brk_start, s->brk_now = r->brk_now, s->brk_max = r->brk_max;
	s->stack_lo = r->stack_lo, s->stack_hi = r->stack_hi;
	s->args = r->args, s->args_end = r->args_end, s->env = r->env, s->env_end = r->env_end;
	s->auxv = r->auxv, s->auxv_len = r->auxv_len, s->ps = r->ps, s->argc = r->argc, s->envc = r->envc;
}
/* What whoever started us ignores is nothing to a program that runs already. */
static bool fill_acts(struct restore *r, struct thread *t)
{
	static const struct sigact dfl;
	struct proc *p = t->p;

	for (int sig = 1; sig <= 128; sig++)
		if (p->act[sig].handler && sig != p->pers->sig_carrier)
			signal_action(t, sig, &dfl, NULL);
	EACH(r->image, SNAP_ACT, struct snap_act, a) {
		struct sigact s = { .handler = a->handler, .flags = a->flags, .tramp = a->tramp,
				    .mask = (sigbits)a->mask[1] << 64 | a->mask[0] };
		long e = signal_action(t, (int)a->sig, &s, NULL);
		if (e < 0)
			return restore_bad(r, "its action for signal %u cannot be set: %s", a->sig, strerror((int)-e));
	}
	return true;
}
/* --- memory ------------------------------------------------------------------------------------------------------------------ */
/* Whatever is mapped here and was not the guest's is ours: the host's stack, libc's heap, the file's buffers. */
static bool claim_rest(struct restore *r, struct proc *p)
{
	unsigned long lo, hi;
	char *line = NULL;
	size_t room = 0;
	bool good = true;
	FILE *f = fopen("/proc/self/maps", "re");

	if (!f)
		return restore_bad(r, "/proc/self/maps: %s", strerror(errno));
	while (good && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%lx-%lx", &lo, &hi) != 2 || lo >= 0x7ffffffff000ul || strstr(line, "[vsyscall]"))
			continue;
		for (uint64_t a = lo; good && a < hi;) {
			const struct snap_map *m = image_map_at(r->image, a);
			uint64_t end = a + PAGE;
			if (m) {
				a = m->hi;
				continue;
			}
			if (mem_is_ours(p->space, a, PAGE)) {
				a = end;
				continue;
			}
			while (end < hi && !image_map_at(r->image, end) && !mem_is_ours(p->space, end, PAGE))
				end += PAGE;
			good = mem_claim_try(p->space, a, end) || restore_bad(r, "too much of this process lies in pieces");
			a = end;
		}
	}
	free(line);
	fclose(f);
	return good;
}
/* --- all of it ------------------------------------------------------------------------------------------------------------- */
static bool same_processor(struct restore *r, const struct snap_host *here)
{
	const struct snap_host *h = r->image->host;
	uint64_t lacks = (h->leaf1[0] & ~here->leaf1[0] & ~(1u << 27 | 1u << 31)) | (h->leaf1[1] & ~here->leaf1[1]) |
			 (h->leaf7[0] & ~here->leaf7[0]) | (h->leaf7[1] & ~here->leaf7[1] & ~(1u << 4)) | (h->xcr0 & ~here->xcr0);
	return !lacks || restore_bad(r, "it was saved on a processor that can do what this one cannot, and programs remember that");
}
/* What is more than its host descriptor, then what kqueues watch (each other, too). */
static bool objects(struct restore *r, struct thread *t)
{
	struct snap_image *g = r->image;
	EACH(g, SNAP_OBJECT, struct snap_object, o) {
		const struct snap_fd *f = image_fd(g, o->fd);
		const struct fdops *ops = NULL;
		long e = 0;
		for (const struct fdops *const *i = __start_guise_objects; i < __stop_guise_objects; i++)
			if (!strcmp((*i)->name, o->kind))
				ops = *i;
		if (f->same_as >= 0)
			fd_duped(t->p, f->same_as, o->fd);
		else
			e = ops ? ops->restored(t, o->fd, o->word) : -EINVAL;
		if (e < 0)
			return restore_bad(r, "its descriptor %d (%s) cannot be made again: %s", o->fd, o->kind, strerror((int)-e));
	}
	EACH(g, SNAP_KNOTE, struct snap_knote, k) {
		long e = t->p->pers->knote_restored ? t->p->pers->knote_restored(t, k) : -EINVAL;
		if (e < 0)
			return restore_bad(r, "what its kqueue %d waits for cannot be set again: %s", k->fd, strerror((int)-e));
	}
	return true;
}
static bool rebuild_machine(struct restore *r, struct thread *t)
{
	struct snap_image *g = r->image;
	struct proc *p = t->p;
	char why[400] = "";
	long e;

	if (!(p->pers = pers_of(r)))
		return false;
	if (!p->pers->machine_restored)
		return restore_bad(r, "it has a machine, and programs of %s have none", p->pers->name);
	xlate_start(p->pers);
	p->engine = p->pers->engine;
	if (!p->engine->probe(why, sizeof why))
		return restore_bad(r, "%s", why);
	fmt(p->exe, sizeof p->exe, "%s", g->proc->exe);
	fmt(p->comm, sizeof p->comm, "%s", g->proc->comm);
	if (!restore_machine(r, t))
		return false;
	title_set(p->comm, p->space);
	observe_start(p);
	signal_start(p);
	close(g->file.fd);
	snapfile_close(&g->file);
	e = p->engine->start(p);
	return e >= 0 || restore_bad(r, "the engine %s cannot start: %s", p->engine->name, strerror((int)-e));
}
/* Descriptors that the guest has from us, by the numbers that they have here (--inherit-fd). */
static bool take_given(struct restore *r, int base)
{
	static struct inherited given[64];
	EACH(r->image, SNAP_FD, struct snap_fd, f) {
		if (f->kind != FD_INHERIT || f->word[0] <= 2)
			continue;
		/* what came with our start is not closed by an exec; all that we have opened ourselves is */
		bool came = f->word[0] < base && fcntl((int)f->word[0], F_GETFD) == 0;
		int fd = came && r->n_given < ARRAY_LEN(given) ? fcntl((int)f->word[0], F_DUPFD_CLOEXEC, base) : -1;
		if (fd < 0)
			return restore_bad(r, "its descriptor %d is to be yours, and you have none of that number: guise restore FILE %d<>PATH "
					   "brings one", f->fd, f->fd);
		given[r->n_given++] = (struct inherited){ (int)f->word[0], fd };
	}
	r->given = given;
	return true;
}
static bool bounds(struct restore *r, struct proc *p)
{
	EACH(r->image, SNAP_BOUND, struct snap_bound, b)
		if (!p->pers->bound_restored || !p->pers->bound_restored(b->lo, b->hi, (int)b->most))
			return restore_bad(r, "how far mprotect may go at %#llx cannot be kept", (unsigned long long)b->lo);
	return true;
}
static bool rebuild(struct restore *r, struct thread *t, struct options *o)
{
	struct snap_image *g = r->image;
	struct proc *p = t->p;
	char why[600];
	long e;

	if (!(p->pers = pers_of(r)))
		return false;
	xlate_start(p->pers);
	if (!(p->engine = engine_pick(o->engine, why, sizeof why)))
		return restore_bad(r, "%s", why);
	if (!p->engine->load)
		return restore_bad(r, "the engine %s restores nothing; kvm does", p->engine->name);
	if ((g->file.fd = fd_ours(p, g->file.fd)) < 0)
		return restore_bad(r, "no descriptor is left for its file");
	for (int i = 0; i < 3; i++)
		r->inherit[i] = fcntl(i, F_DUPFD_CLOEXEC, p->fd_base);
	if (!tree_move(r, p->fd_base) || !take_given(r, p->fd_base) || !restore_open(r, p->fd_base) || !restore_memory(r))
		return false;
	restore_margins(r);
	fill_proc(p, g);
	observe_start(p);
	signal_start(p);
	if (!fill_acts(r, t))
		return false;
	if (p->pers->proc_restored)
		p->pers->proc_restored(p, g->proc->own);
	if (!bounds(r, p))
		return false;
	EACH(g, SNAP_KEPT, struct snap_kept, k)
		o->kept = strdup(k->text);       /* proc_start takes it as after an exec, */
	if (g->proc->subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);        /* and looks at this */
	revive_thread(t, g->of[SNAP_THREAD].at[0]);
	if (p->pers->proc_start)
		p->pers->proc_start(p);
	if (!restore_fds(r))
		return false;
	if (!objects(r, t))
		return false;
	umask(g->host->mask & 0777);
	title_set(p->comm, p->space);
	close(g->file.fd);
	snapfile_close(&g->file);
	if (!claim_rest(r, p))
		return false;
	if ((e = p->engine->start(p)) < 0)
		return restore_bad(r, "the engine %s cannot start: %s", p->engine->name, strerror((int)-e));
	p->forked = r->tree->me > 0;
	return restore_owner(r) && tree_meet(r);
}
void begin_proc_renamed(void) { begin_proc()->renamed = true; }
static struct revive_list list_of(const struct snap_image *g, unsigned kind)
{
	return (struct revive_list){ g->of[kind].at, g->of[kind].n };
}
/* A machine has no place in this process that something could lie in, and no signals of its own. */
static int machine_run(struct options *o, struct restore *r)
{
	struct thread *t = begin_ours(o);
	if (!t) {
		restore_bad(r, "no memory for the first thread");
		return failed(r);
	}
	if (!rebuild_machine(r, t))
		return failed(r);
	snapshot_start(t->p);
	forget_libc(t);
	thread_begin(t);
}
int program_restore(struct options *o, struct restore *r)
{
	static struct revive v;
	static int inherit[3] = { -1, -1, -1 };
	struct snap_image *g = r->image;
	sigset_t all;
	long e;

	r->inherit = inherit;
	if (!same_processor(r, r->here))
		return failed(r);
	if (g->machine)
		return machine_run(o, r);
	if ((e = restore_reserve(r)))
		return e == -EEXIST ? -1 : failed(r);
	limits(g);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);    /* what comes from now on is the guest's */
	struct thread *t = begin_ours(o);
	if (!t) {
		restore_bad(r, "no memory for the first thread");
		return failed(r);
	}
	if (!rebuild(r, t, o))
		return failed(r);
	close(inherit[0]), close(inherit[1]), close(inherit[2]);
	v = (struct revive){ list_of(g, SNAP_THREAD), list_of(g, SNAP_TIMER), list_of(g, SNAP_PENDING), list_of(g, SNAP_SIGNAL),
			     list_of(g, SNAP_TASK), g->proc,
			     r->arrived, r->failed, r->members, r->parent, r->kin, r->n_kin };
	revive_first(t, &v);
	snapshot_start(t->p);
	forget_libc(t);
	thread_begin(t);
}
