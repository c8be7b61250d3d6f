/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a command line to a running guest: our memory, descriptors and paths; whose program it is; its memory and first
 * stack; signals, observers, engine; then the thread that called becomes the guest and nothing of this returns.
 * The guest's first stack is the host's own one, below what we used of it: it grows, and ends, as the host says.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guise.h"
#include "options.h"
#include "debug/tracing.h"
#include "confine.h"
#include "loader/begin.h"
#include "machine/privilege.h"
#include "loader/loader.h"
#include "loader/plan.h"
#include "loader/title.h"
#include "thread.h"
#include "box.h"
#include "snapshot.h"

#define USED_STACK (64 * 1024ul)         /* what we may have used of the host's stack when we leave it for our own */
#define BOX_GAP (2 * 4096ul)
#define OWN_BREAK (16ul << 20)           /* libc's heap may grow so far; the guest may not map over it */

extern const struct engine *const __start_guise_engines[], *const __stop_guise_engines[];
extern char __executable_start[], end[];

static struct space space FORKED;
static struct proc proc FORKED;

static int __attribute__((format(printf, 2, 3))) refuse(int status, const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vsay(f, ap);
	va_end(ap);
	return status;
}
const char *host_lacks(void)
{
	return access("/proc/self/fd", F_OK) ? "/proc is not mounted; guise needs it (mount -t proc proc /proc)" : NULL;
}
static void claim_ours(bool xsave)
{
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	uint64_t brk = (uint64_t)sbrk(0);

	if (libc_is_up)
		libc_begin();
	else if (xsave)
		fpu_has_xsave();
	mem_claim(&space, (uint64_t)__executable_start, (uint64_t)end);
	mem_claim(&space, brk - OWN_BREAK < brk ? PAGE_DOWN(brk) - (1 << 20) : 0, brk + OWN_BREAK);
	if (vdso) {
		mem_claim(&space, vdso - 6 * PAGE, vdso + 2 * PAGE);     /* with the data pages in front of it */
		signal_vdso(vdso, vdso + 2 * PAGE);
		time_start(vdso);
	}
}
struct proc *begin_proc(void) { return &proc; }

struct thread *begin_ours(struct options *o)
{
	proc.opt = o;
	proc.space = &space;
	proc.nthreads = 1;
	threads_start(&space);
	claim_ours(o->xsave);
	struct thread *t = thread_new(&proc);
	if (!t)
		return NULL;
	t->inside = 1;
	t->tid = (int)syscall(SYS_gettid);
	proc.pid = getpid();
	proc.ppid = getppid();
	syscall(SYS_arch_prctl, ARCH_SET_GS, t);
	fd_start(&proc);
	path_start(&proc);
	return t;
}
/* Equal ranks stand in the order of the link. */
static bool ranks_below(const struct engine *a, const struct engine *b)
{
	return a->rank < b->rank || (a->rank == b->rank && a > b);
}
const struct engine *engine_below(const struct engine *last)
{
	const struct engine *best = NULL;
	for (const struct engine *const *e = __start_guise_engines; e < __stop_guise_engines; e++)
		if ((!last || ranks_below(*e, last)) && (!best || ranks_below(best, *e)))
			best = *e;
	return best;
}
const struct engine *engine_pick(const char *name, char *why, size_t n)
{
	bool any = !name || !strcmp(name, "auto");
	char all[1200] = "";
	snprintf(why, n, "there is no engine named %s (guise engines lists them)", any ? "auto" : name);
	for (const struct engine *e = NULL; (e = engine_below(e));) {
		char reason[300] = "";
		if (!any && strcmp(name, e->name))
			continue;
		if (e->probe(reason, sizeof reason))
			return e;
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s: %s. ", e->name, reason);
	}
	if (*all)
		snprintf(why, n, any ? "no engine works here. %s" : "the engine cannot be used here. %s", all);
	return NULL;
}
static const struct engine *own_engine(const struct personality *p, char *why, size_t n)
{
	char reason[400] = "";
	if (p->engine->probe(reason, sizeof reason))
		return p->engine;
	snprintf(why, n, "programs of %s cannot be run here: %s", p->name, reason);
	return NULL;
}
/* A machine is watched from inside alone. */
static int no_supervisor(const struct options *o, const char *name)
{
	if (!o->supervised && o->witness_fd < 0 && !o->post_mortem)
		return 0;
	return refuse(125, "%s is a bare-metal program: its machine makes no system calls that --supervised, --witness or --post-mortem "
		      "could watch; guise trace shows what leaves it", name);
}
/* Options of machines, with a program that needs none. */
/* Another one than kvm was chosen, and not by a guest that executes this one. */
static int no_engine(const struct options *o, const char *name)
{
	if (!o->engine_given || o->resume_fd >= 0 || !strcmp(o->engine, "kvm"))
		return 0;
	return refuse(125, "%s is a bare-metal program, and the engine %s runs programs of operating systems: a virtual machine runs it, "
		      "without --engine", name, o->engine);
}
static int no_machine(const struct options *o, const struct personality *p, const char *name)
{
	const char *option = o->memory ? "--memory" : o->disk ? "--disk" : o->overlay ? "--overlay" : o->n_module ? "--module" : NULL;
	if (!option)
		return 0;
	return refuse(125, "%s is for bare-metal programs, and %s is one of %s: leave it away, or say --as metal", option, name, p->name);
}
/* In a run a system that knows no such release keeps its own: the option was said of another's programs. */
static int no_release(const struct options *o, const struct personality *p, const char *name)
{
	if (!o->release || o->again || (p->release_of && p->release_of(o->release)))
		return 0;
	if (!p->release_of)
		return refuse(125, "--release is for programs that are shown a release of their own system, and %s is one of %s", name, p->name);
	return refuse(125, "--release: \"%.40s\" is no release of %s; one is written as %s is", o->release, p->name, p->release);
}
static int change_dir(struct options *o, struct thread *t)
{
	struct where w;
	if (!o->chdir)
		return 0;
	long e = path_resolve(t, AT_FDCWD, o->chdir, PATH_FOLLOW, &w);
	if (!e) {
		int fd = openat(w.dirfd, w.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		e = fd < 0 || fchdir(fd) < 0 ? -errno : 0;
		close(fd);
		where_done(&w);
	}
	return e ? refuse(125, "cannot change to the directory %s: %s", o->chdir, strerror((int)-e)) : 0;
}
/* The run-time linker was found once by plan_make; here it is opened to be mapped. */
static struct image *open_rtld(struct plan *pl, struct thread *t, char *why, size_t n)
{
	static struct image rtld;
	struct where w;
	const char *base = strrchr(pl->image.interp, '/');
	char name[4200];
	int fd = -1;

	fmt(name, sizeof name, "%s", pl->image.interp);
	for (const char *const *d = pl->pers->interp_dirs; ; d++) {
		if (!path_resolve(t, AT_FDCWD, name, PATH_FOLLOW, &w)) {
			fd = openat(w.dirfd, w.path, O_RDONLY | O_CLOEXEC);
			where_done(&w);
		}
		if (fd >= 0 || !d || !*d)
			break;
		fmt(name, sizeof name, "%s%s", *d, base ? base : "");
	}
	if (fd < 0) {
		snprintf(why, n, "its run-time linker %s cannot be opened: %s", pl->image.interp, strerror(errno));
		return NULL;
	}
	if (image_open(&rtld, fd, name, why, n))
		return NULL;
	if (rtld.interp[0]) {
		snprintf(why, n, "its run-time linker %s needs a run-time linker itself", name);
		return NULL;
	}
	return &rtld;
}
static void name_process(struct plan *pl)
{
	const char *base = strrchr(pl->n_pre ? pl->pre[pl->n_pre - 1] : pl->guest_path, '/');
	base = base ? base + 1 : pl->guest_path;
	fmt(proc.comm, sizeof proc.comm, "%s", base);
}
/* argv as the guest gets it: a script's interpreter and argument go before it. */
static char **guest_argv(struct options *o, struct plan *pl, int argc, char **argv)
{
	char **v = calloc((size_t)argc + pl->n_pre + 2, sizeof *v);
	size_t n = 0;
	for (unsigned i = 0; i < pl->n_pre; i++)
		v[n++] = pl->pre[i];
	if (!n)
		v[n++] = o->argv0 ? (char *)o->argv0 : argv[0];
	for (int i = 1; i < argc; i++)
		v[n++] = argv[i];
	return v;
}
/* elsewhere: the host has a file of that name, which a guest confined to its root does not see. */
static int plan_failed(struct plan *pl, const struct options *o, const char *name, long e, bool elsewhere)
{
	const char *why = pl->why[0] ? pl->why : strerror((int)-e);

	name = shown(name);
	if (e == -ENOENT && !pl->image.n_seg && !pl->n_pre && elsewhere)
		return refuse(127, "%s: not found in the root %s; the host has it, outside the root: --bind HOST:GUEST shows it",
			      name, o->root);
	if (e == -ENOENT && !pl->image.n_seg)
		return refuse(127, "%s: not found: %s", name, why);
	return refuse(126, "%s: cannot be run: %s", name, why);
}
/* guise itself: as if we had never been there. */
static int run_natively(struct plan *pl, int argc, char **argv, char **envp)
{
	char **v = guest_argv(proc.opt, pl, argc, argv);

	fd_limit_exec(&proc, false);
	syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
	execve(pl->path, v, envp);
	return refuse(126, "%s: cannot be run: %s", argv[0], strerror(errno));
}
static void code_is(uint64_t lo, uint64_t hi, int prot)
{
	if (space.n_code < ARRAY_LEN(space.code))
		space.code[space.n_code++] = (typeof(space.code[0])){ lo, hi, (uint8_t)prot };
}
static int build(struct options *o, struct thread *t, struct plan *pl, int argc, char **argv, char **envp)
{
	struct image *im = &pl->image;
	char why[600] = "";
	long e;

	proc.pers = pl->pers;
	xlate_start(pl->pers);
	im->argv = guest_argv(o, pl, argc, argv);
	im->envp = envp;
	im->execpath = pl->guest_path;
	fmt(proc.exe, sizeof proc.exe, "%s", pl->path);
	if (pl->pers->load) {
		name_process(pl);
		if ((e = pl->pers->load(&proc, im, t, why, sizeof why)) < 0)
			return refuse(126, "%s: cannot be run: %s", argv[0], why);
		title_set(proc.comm, &space);
		return 0;
	}
	if (im->interp[0] && !(im->rtld = open_rtld(pl, t, why, sizeof why)))
		return refuse(126, "%s: cannot be run: %s", argv[0], why);
	if (image_map(im, why, sizeof why) < 0)
		return refuse(126, "%s: cannot be run: %s", argv[0], why);
	image_code(im, code_is);
	if (proc.engine->apart && mprotect((void *)im->stack_top, BOX_GAP, PROT_NONE))  /* between the guest's stack and ours */
		return refuse(125, "no gap above the first stack: %s", strerror(errno));
	mem_claim(&space, im->stack_top, getauxval(AT_EXECFN) + PAGE);   /* our options lie there, and libc's environment */
	space.brk_start = space.brk_now = im->brk;
	if (pl->pers->identify)
		pl->pers->identify(&proc, im);
	if (im->exec_stack)
		mprotect((void *)(im->stack_top - PAGE), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN);
	name_process(pl);
	if ((e = pl->pers->stack(&proc, im, t)) < 0)
		return refuse(126, "%s: its first stack cannot be laid: %s", argv[0], strerror((int)-e));
	title_set(proc.comm, &space);
	return 0;
}
struct begin { struct options *o; struct thread *t; int argc; char **argv, **envp; bool elsewhere; uint64_t stack_top; };

static int run(struct begin *b)
{
	static struct plan pl;
	struct options *o = b->o;
	struct thread *t = b->t;
	char why[600], **argv = b->argv;
	long e;
	int status;

	if ((status = change_dir(o, t)))
		return status;
	pl.dirfd = AT_FDCWD;
	pl.given = o->resume_fd;
	if (o->resume_path && strlen(o->resume_path) < sizeof pl.path)
		strcpy(pl.path, o->resume_path);
	if (strlen(argv[0]) >= sizeof pl.guest_path)
		return refuse(126, "%.60s...: cannot be run: %s", argv[0], strerror(ENAMETOOLONG));
	strcpy(pl.guest_path, argv[0]);
	if ((e = plan_make(&pl, t)) < 0)
		return plan_failed(&pl, o, argv[0], e, b->elsewhere);
	if (pl.native)
		return run_natively(&pl, b->argc, argv, b->envp);
	engine_handed = o->engine_fd;
	proc.engine = pl.pers->engine ? own_engine(pl.pers, why, sizeof why) : engine_pick(o->engine, why, sizeof why);
	if (!proc.engine)
		return refuse(125, "%s", why);
	status = !pl.pers->load ? no_machine(o, pl.pers, argv[0]) : (status = no_supervisor(o, argv[0])) ? status : no_engine(o, argv[0]);
	if (status || (status = no_release(o, pl.pers, argv[0])))
		return status;
	memcpy(box_handed, o->held_fd, sizeof box_handed);
	if (proc.engine->apart)
		box_take(&space, b->stack_top);
	pl.image.stack_top = b->stack_top - (proc.engine->apart ? BOX_GAP : 0);
	if ((status = build(o, t, &pl, b->argc, argv, b->envp)))
		return status;
	close(pl.fd);
	if (pl.image.rtld)
		close(pl.image.rtld->fd);
	uint64_t mask = 0;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	t->sigmask = proc.pers->sig_carrier ? mask & ~(1ull << (proc.pers->sig_carrier - 1)) : mask;
	t->sigmask |= (sigbits)o->blocked << 64;
	observe_start(&proc);
	if (o->traced)
		tracee_load(&proc, o->traced);
	signal_start(&proc);
	confine_load(&proc, o->limits_fd);
	privilege_load(t, o->machine_fd);
	if (pl.pers->proc_start)
		pl.pers->proc_start(&proc);
	if ((e = proc.engine->start(&proc)) < 0)
		return refuse(125, "the engine %s cannot start: %s%s", proc.engine->name, strerror((int)-e),
			      e == -EMFILE ? "; raise the limit of open files (ulimit -n)" : "");
	snapshot_start(&proc);
	forget_libc(t);
	thread_begin(t);
}
/* On our own stack: the host's is the guest's from here on, and nothing that we left there is the guest's to read. */
static void run_on(void *arg)
{
	struct begin *b = arg;
	madvise((void *)(b->stack_top - USED_STACK), USED_STACK, MADV_DONTNEED);
	exit(run(b));
}
int program_run(struct options *o, int argc, char **argv, char **envp)
{
	struct begin b = { .o = o, .argc = argc, .argv = argv, .envp = envp };
	b.elsewhere = o->root_only && !access(argv[0], F_OK);
	if (!(b.t = begin_ours(o)))
		return refuse(125, "no memory for the first thread");
	b.stack_top = PAGE_DOWN((uint64_t)__builtin_frame_address(0)) - 2 * PAGE;
	stack_switch((void *)b.t->stack, run_on, &b);
}
