/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A tree of processes from a snapshot. The process of guise restore becomes the root; what several processes have in common
 * (pipes, shared memory, open files) it makes first, so that fork hands it down; then each process makes its children,
 * which are born in the order of the file, and rebuilds itself (restore.c). The numbers of processes are the host's, and each
 * knows all of them by the old ones (syscalls/alias.c). Nobody goes on before all are there; if one cannot, none does.
 *
 * That every process's memory has its place is looked at before anything is made: children have our layout, and
 * another attempt begins with another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "guise.h"
#include "loader/restore.h"

#define HIGH 300                         /* what is handed down lies from there on meanwhile */
#define PATIENCE 1200                    /* looks of 50 ms at whether all have come */

/* One memory for all processes of the tree: whole pages of our own data, mapped anew. */
static struct common {
	volatile uint32_t arrived[3], failed;
	volatile int32_t host[4 * MEMBERS_MOST];         /* the numbers that they have here */
} __attribute__((aligned(4096))) common;
_Static_assert(sizeof common % 4096 == 0, "nothing else lies there");

static unsigned members(const struct tree *t) { return image_members(t->member); }
static const struct snap_tree *row(const struct tree *t, unsigned i) { return t->member->of[SNAP_TREE].at[i]; }
static unsigned rows(const struct tree *t) { return t->member->of[SNAP_TREE].n; }

static int up(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH), e = errno;
	if (fd >= 0)
		close(fd);
	errno = e;
	return high;
}
/* --- what they have in common ---------------------------------------------------------------------------------------------- */
static bool make_pipe(struct restore *r, struct snap_image *g, const struct snap_pipe *p, int e[2])
{
	const uint8_t *bytes = NULL;
	if (pipe2(e, O_CLOEXEC) < 0 || (e[0] = up(e[0])) < 0 || (e[1] = up(e[1])) < 0)
		return restore_bad(r, "a pipe cannot be made: %s", strerror(errno));
	if (p->room && fcntl(e[1], F_SETPIPE_SZ, (int)p->room) < 0 && p->bytes > 4096)
		return restore_bad(r, "a pipe for %llu bytes cannot be made: %s", (unsigned long long)p->room, strerror(errno));
	if (p->section && !(bytes = snapfile_section(&g->file, p->section - 1)))
		return restore_bad(r, "%s", g->file.why);
	fcntl(e[1], F_SETFL, O_NONBLOCK);
	if (p->bytes && write(e[1], bytes, p->bytes) != (ssize_t)p->bytes)
		return restore_bad(r, "what lay in a pipe does not fit into it here");
	fcntl(e[1], F_SETFL, 0);
	return true;
}
static bool make_pipes(struct restore *r, struct tree *t)
{
	struct snap_image *g = t->member;
	if (!(t->pipe = calloc(g->of[SNAP_PIPE].n + 1, sizeof *t->pipe)))
		return restore_bad(r, "no memory for its pipes");
	t->n_pipes = g->of[SNAP_PIPE].n;
	EACH(g, SNAP_PIPE, struct snap_pipe, p)
		if (!make_pipe(r, g, p, t->pipe[i_p].end))
			return false;
	return true;
}
static bool fill_shared(struct restore *r, void *tree, const struct snap_run *run, unsigned object, const uint8_t *bytes, uint64_t n)
{
	const struct tree *t = tree;
	uint64_t size = ((const struct snap_shm *)t->member->of[SNAP_SHM].at[object])->size;
	uint64_t some = MIN(n, size - run->at);
	return pwrite(t->shm[object], bytes, some, (off_t)run->at) == (ssize_t)some ||
	       restore_bad(r, "shared memory cannot be filled: %s", strerror(errno));
}
static bool make_shared(struct restore *r, struct tree *t)
{
	struct snap_image *g = t->member;
	if (!(t->shm = calloc(g->of[SNAP_SHM].n + 1, sizeof *t->shm)))
		return restore_bad(r, "no memory for its shared memory");
	t->n_shm = g->of[SNAP_SHM].n;
	EACH(g, SNAP_SHM, struct snap_shm, s)
		if ((t->shm[i_s] = up(memfd_create(s->name, MFD_CLOEXEC | MFD_ALLOW_SEALING))) < 0 || ftruncate(t->shm[i_s], (off_t)s->size) < 0)
			return restore_bad(r, "shared memory of %llu KiB cannot be made: %s", (unsigned long long)s->size / 1024, strerror(errno));
	if (!restore_runs(r, g, SECTION_SHARED, fill_shared, t))
		return false;
	EACH(g, SNAP_SHM, struct snap_shm, s)
		if (s->seals)
			fcntl(t->shm[i_s], F_ADD_SEALS, s->seals);
	return true;
}
/* Open files that more than one process has are opened here, once. */
static bool open_shared(struct restore *r, struct tree *t)
{
	for (unsigned m = 0; m < members(t); m++) {
		EACH(&t->member[m], SNAP_FD, struct snap_fd, f) {
			bool shared = false;
			if (f->same_as >= 0 || f->kind == FD_INHERIT || f->kind == FD_KQUEUE || tree_open(t, f) >= 0)
				continue;
			for (unsigned k = m + 1; k < members(t) && !shared; k++)
				EACH(&t->member[k], SNAP_FD, struct snap_fd, other)
					shared |= other->open == f->open && other->kind == f->kind;
			if (!shared)
				continue;
			if (!(t->open = realloc(t->open, (t->n_open + 1) * sizeof *t->open)))
				return restore_bad(r, "no memory for its open files");
			int here = restore_enter(&t->member[m]);
			int fd = up(restore_open_one(r, &t->member[m], f)), e = errno;
			restore_leave(here);
			errno = e;
			if (fd < 0)
				return *r->why ? false : restore_bad(r, "its descriptor %d cannot be made again: %s", f->fd, strerror(errno));
			t->open[t->n_open].id = f->open;
			t->open[t->n_open++].fd = fd;
		}
	}
	return true;
}
int tree_open(const struct tree *t, const struct snap_fd *f)
{
	for (unsigned i = 0; i < t->n_open; i++)
		if (t->open[i].id == f->open)
			return t->open[i].fd;
	return -1;
}
/* Above the guest's numbers, which are known now. */
static bool move(int *fd, int base)
{
	int high = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, base);
	if (*fd >= 0)
		close(*fd);
	return (*fd = high) >= 0;
}
bool tree_move(struct restore *r, int base)
{
	struct tree *t = r->tree;
	bool good = true;
	for (unsigned i = 0; i < t->n_pipes; i++)
		good &= move(&t->pipe[i].end[0], base) && move(&t->pipe[i].end[1], base);
	for (unsigned i = 0; i < t->n_pairs; i++)
		good &= move(&t->pair[i].end[0], base) && move(&t->pair[i].end[1], base);
	for (unsigned i = 0; i < t->n_shm; i++)
		good &= move(&t->shm[i], base);
	for (unsigned i = 0; i < t->n_open; i++)
		good &= move(&t->open[i].fd, base);
	return good || restore_bad(r, "no descriptors are left for its pipes and shared memory");
}
void tree_close(struct tree *t)
{
	for (unsigned i = 0; i < t->n_pipes; i++)
		close(t->pipe[i].end[0]), close(t->pipe[i].end[1]);
	for (unsigned i = 0; i < t->n_pairs; i++)
		close(t->pair[i].end[0]), close(t->pair[i].end[1]);
	for (unsigned i = 0; i < t->n_shm; i++)
		close(t->shm[i]);
	for (unsigned i = 0; i < t->n_open; i++)
		close(t->open[i].fd);
	t->n_pipes = t->n_pairs = t->n_shm = t->n_open = 0;
}
/* --- processes ------------------------------------------------------------------------------------------------------------- */
/* One that has ended without a word (killed, no memory) is missed by its parent or children. */
static bool is_missed(const struct tree *t)
{
	siginfo_t si = { 0 };
	if (t->me && getppid() != common.host[row(t, t->me)->parent])
		return true;
	for (unsigned i = 0; i < members(t); i++)
		if (i && row(t, i)->parent == t->me && !waitid(P_PID, (id_t)common.host[i], &si, WEXITED | WNOHANG | WNOWAIT | __WALL) && si.si_pid)
			return true;
	return false;
}
static bool meet(const struct tree *t, unsigned at, unsigned n)
{
	__atomic_add_fetch(&common.arrived[at], 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &common.arrived[at], FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
	for (unsigned i = 0; common.arrived[at] < n && !common.failed && i < PATIENCE; i++) {
		uint32_t seen = common.arrived[at];
		struct timespec nap = { 0, 50000000 };
		if (seen < n)
			syscall(SYS_futex, &common.arrived[at], FUTEX_WAIT, seen, &nap, NULL, 0);
		if (common.arrived[at] < n && is_missed(t))
			common.failed = 1;
	}
	return common.arrived[at] >= n && !common.failed;
}
bool tree_failed(struct tree *t)
{
	return !t || !__atomic_exchange_n(&common.failed, 1, __ATOMIC_SEQ_CST);
}
static void lead(const struct snap_tree *p)
{
	if (p->sid == p->pid)
		setsid();
	else if (p->pgid == p->pid)
		setpgid(0, 0);
}
/* It ends as the one that was saved has; a core is not dumped again. */
static _Noreturn void end_as(const struct snap_tree *p)
{
	struct rlimit none = { 0, 0 };
	sigset_t set;
	int sig = p->status & 0x7f;

	lead(p);
	if (p->what == TREE_RUNS || !sig)
		_exit(p->what == TREE_ENDED ? (int)(p->status >> 8 & 0xff) : 0);
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigfillset(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	_exit(128 + sig);
}
static int make(uint32_t signal_)
{
	return (int)syscall(SYS_clone, (unsigned long)(signal_ ? signal_ : SIGCHLD), 0, 0, 0, 0);
}
/* In each process: its children, in order. The child goes on as the process that it is. */
static bool make_children(struct restore *r, struct tree *t)
{
	for (unsigned i = t->me + 1; i < rows(t); i++) {
		const struct snap_tree *p = row(t, i);
		siginfo_t si;
		int pid;
		if (p->parent != t->me)
			continue;
		fflush(NULL);
		if ((pid = make(p->what == TREE_LED ? SIGCHLD : p->signal)) < 0)
			return restore_bad(r, "its process %d cannot be made: %s", p->pid, strerror(errno));
		if (!pid && p->what != TREE_RUNS)
			end_as(p);
		if (!pid) {
			t->me = i;
			common.host[i] = getpid();
			lead(p);
			return make_children(r, t);
		}
		common.host[i] = pid;
		while (p->what != TREE_RUNS && waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT | __WALL) < 0 && errno == EINTR)
			;
	}
	return true;
}
static int host_of(const struct tree *t, int told)
{
	for (unsigned i = 0; i < rows(t); i++)
		if (row(t, i)->pid == told)
			return common.host[i];
	return 0;
}
/* The root's own group is whoever restores it, but where it led one and no terminal would mind. */
static bool join(struct restore *r, struct tree *t)
{
	const struct snap_tree *p = row(t, t->me), *root = row(t, 0);
	int leader = host_of(t, p->pgid);

	if (p->sid == p->pid || p->pgid == p->pid || p->pgid == root->pgid || !leader)
		return true;
	return !setpgid(0, leader) || restore_bad(r, "its process %d cannot be put into group %d again: %s", p->pid, p->pgid, strerror(errno));
}
static void root_leads(const struct snap_tree *p)
{
	int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (p->pgid == p->pid && tty < 0)
		setpgid(0, 0);
	if (tty >= 0)
		close(tty);
}
/* All numbers are known: each process takes the old ones for the new ones. Its own the first thread takes (revive.c). */
bool tree_meet(struct restore *r)
{
	struct tree *t = r->tree;
	unsigned n = members(t);

	if (n == 1 && rows(t) <= 1)
		return true;
	if (!meet(t, 0, n) || !join(r, t) || !meet(t, 1, n))
		return *r->why ? false : restore_bad(r, "another process of its tree could not be made again");
	for (unsigned i = 0; i < rows(t); i++) {
		const struct snap_tree *p = row(t, i);
		if (p->what == TREE_LED && p->parent == t->me)
			waitpid(common.host[i], NULL, __WALL);
		if (i != t->me && p->pid != common.host[i] && alias_add(p->pid, common.host[i]) < 0)
			return restore_bad(r, "no memory for the numbers of its processes");
	}
	begin_proc_renamed();
	r->arrived = &common.arrived[2];
	r->failed = &common.failed;
	r->parent = t->me ? getppid() : 0;
	if (!(r->kin = calloc(n, sizeof *r->kin)))
		return restore_bad(r, "no memory for the numbers of its processes");
	for (unsigned i = 1; i < n; i++)
		if (row(t, i)->parent == t->me)
			r->kin[r->n_kin++] = common.host[i];
	r->members = n;
	return true;
}
static long layout_fits(struct restore *r, struct tree *t)
{
	for (unsigned i = 0; i < members(t); i++) {
		struct restore one = { .image = &t->member[i] };
		long e = restore_reserve(&one);
		restore_unreserve(&one);
		if (e) {
			restore_bad(r, "%s", one.why);
			return e;
		}
	}
	return 0;
}
long tree_begin(struct restore *r, struct tree *t)
{
	long e;

	t->me = 0;
	r->tree = t;
	if (t->member->machine)
		return 0;
	if ((e = layout_fits(r, t)))
		return e;
	if (mmap(&common, sizeof common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != &common) {
		restore_bad(r, "no memory for a tree of processes");
		return -ENOMEM;
	}
	if (!make_pipes(r, t) || !restore_pairs(r, t) || !make_shared(r, t) || !open_shared(r, t))
		return -EIO;
	if (rows(t)) {
		signal(SIGCHLD, SIG_DFL);        /* children that have ended are to be there, and not to be told */
		common.host[0] = getpid();
		if (rows(t) > 1)
			root_leads(row(t, 0));
		if (!make_children(r, t))
			return -EIO;
	}
	r->image = &t->member[t->me];
	return 0;
}
