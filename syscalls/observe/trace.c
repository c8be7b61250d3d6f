/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `guise trace`: every call of the guest on one line, from the row alone, in the manner of strace. What goes in is
 * written on the thread's line when the call begins, what comes out when it ends, and the line leaves in one write, so
 * lines of many threads and processes never mix. A call that does not come back (exit, a successful exec) leaves its line
 * before it goes. "[pid N] " stands in front from the moment a run has a second thread or process.
 *
 * Called by dispatch, thread.c, proc.c and signal.c on the thread itself; may block in the write; takes no lock.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "observe.h"
#include "cover.h"

/* One page that all processes of the run share: a parent must learn from its child that it is no longer alone. */
static struct shared {
	volatile uint32_t many;          /* there is, or was, more than one thread or process */
	volatile uint32_t begin;         /* the line of the program itself is still to come */
} *run;

static bool is_many(struct thread *t)
{
	if (t->p->nthreads > 1 || t->vforked || t->tid != t->p->pid)
		run->many = 1;
	return run->many;
}
/* The descriptor may be the guest's standard error, which the guest may have made non-blocking: then wait for room. */
static void write_all(int fd, struct iovec *v, unsigned n)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	while (n) {
		long done = host(SYS_writev, fd, v, n);
		if (done == -EAGAIN)
			host(SYS_poll, &room, 1, -1);
		else if (done < 0 && done != -EINTR)
			return;          /* nobody reads any more: the guest goes on */
		for (; done > 0 && n && (size_t)done >= v->iov_len; v++, n--)
			done -= (long)v->iov_len;
		if (done > 0) {
			v->iov_base = (char *)v->iov_base + done;
			v->iov_len -= (size_t)done;
		}
	}
}
static void emit(struct thread *t, struct line *l)
{
	char who[32];
	struct iovec v[2] = { { who, 0 }, { l->at, l->len + 1 } };

	if (is_many(t))
		v[0].iov_len = fmt(who, sizeof who, "[pid %d] ", t->tid);
	l->at[l->len] = '\n';
	write_all(t->p->opt->trace_fd, v, 2);
}
/* The arguments are complete, or were too long; from here on there is room for the result. */
static void line_end(struct line *l)
{
	bool cut = line_full(l);
	l->n = LINE_SIZE;
	PUT(l, cut ? "...)" : ")");
}

/* --- starting --------------------------------------------------------------------------------------------------- */
static void move_fd(struct proc *p, int *fd, char *text, size_t n)
{
	int high = *fd < 0 ? -1 : fd_ours(p, *fd);
	if (*fd >= 0 && high < 0)
		die("cannot keep the trace or report file away from the guest (error %d): raise ulimit -n", -high);
	*fd = high;
	fmt(text, n, "%d", high);
}
static void first_line(struct proc *p, struct thread *t)
{
	struct space *s = p->space;
	char buf[LINE_SIZE], arg[256];
	struct line l = { buf, sizeof buf - LINE_TAIL, 0, p->pers };
	uaddr a = s->args;

	PUT(&l, "execve("), put_text(&l, p->exe, str_len(p->exe), false);
	PUT(&l, ", [");
	for (unsigned i = 0; i < s->argc && a < s->args_end; i++) {
		long n = copy_str(arg, a, sizeof arg);
		PUT(&l, i ? ", " : ""), put_str(&l, a, sizeof arg - 1);
		if (n < 0)               /* longer than is shown, or not there */
			break;
		a += (uaddr)n + 1;
	}
	bool cut = line_full(&l);
	l.n = sizeof buf;
	PUT(&l, "%s], /* %u vars */) = 0", cut ? "..." : "", s->envc);
	emit(t, &l);
}
void observe_start(struct proc *p)
{
	struct options *o = p->opt;

	move_fd(p, &o->trace_fd, o->fd_text[0], sizeof o->fd_text[0]);
	move_fd(p, &o->report_fd, o->fd_text[1], sizeof o->fd_text[1]);
	p->observed = p->watched = o->trace;
	cover_start(p);
	if (!o->trace)
		return;
	long a = host(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (a < 0 && a > -4096)
		die("cannot share a page between the processes of the run (error %ld)", -a);
	mem_claim(p->space, (uaddr)a, (uaddr)a + PAGE);
	run = (struct shared *)a;
	run->many = o->again;
	run->begin = !o->again;          /* who started us again has told of it: observe_exec */
}
static void in_child(struct proc *p)
{
	struct thread *t = thread_self();
	if (run)
		run->many = 1;
	if (t->vforked)
		t->line = NULL;          /* the parent's, which is still on it */
	t->line_len = 0;                 /* the fork itself is the parent's to tell */
}
AT_FORK(in_child);

/* --- one call --------------------------------------------------------------------------------------------------- */
static bool line_begin(struct thread *t, struct line *l)
{
	if (!t->line)
		t->line = mem_alloc(LINE_SIZE);
	*l = (struct line){ t->line, LINE_SIZE - LINE_TAIL, t->line_len, t->p->pers };
	return t->line != NULL;
}
static int first_out(const struct row *r)
{
	int i = 0;
	while (i < 8 && r->arg[i].kind && !arg_is_out(&r->arg[i]))
		i++;
	return i;
}
/* The mode of an open that creates nothing is whatever was in the register. */
static bool is_unused(const struct call *c, int i)
{
	const struct arg *a = c->row->arg;
	return i && a[i].kind == A_OCT && a[i - 1].kind == A_SET && a[i - 1].what == SET_OPEN &&
	       !(c->arg[i - 1] & O_CREAT) && (c->arg[i - 1] & O_TMPFILE) != O_TMPFILE;
}
static void put_args(struct line *l, struct call *c, int from, int to)
{
	for (int i = from; i < to && c->row->arg[i].kind; i++) {
		if (c->row->arg[i].kind == A_PAD || is_unused(c, i))
			continue;
		PUT(l, i ? ", " : "");
		show_arg(l, c, i);
	}
}
/* A call without a row, or one whose row says only why it is missing: the registers as they are. */
static void put_raw(struct line *l, struct call *c)
{
	for (int i = 0; i < 6; i++)
		PUT(l, "%s%s%#lx", i ? ", " : "", c->raw[i] ? "" : "0x", c->raw[i]);
}
void observe_enter(struct call *c)
{
	struct thread *t = c->t;
	struct line l;

	cover_enter(c);
	if (!run)
		return;
	if (run->begin) {
		run->begin = 0;
		first_line(t->p, t);
	}
	t->line_len = 0;
	if (!line_begin(t, &l))
		return;
	if (c->row)
		PUT(&l, "%s(", row_top(c)->name);
	else
		PUT(&l, "syscall_%u(", c->nr);
	if (!c->row || !c->row->fn)
		put_raw(&l, c);
	else
		put_args(&l, c, 0, first_out(c->row));
	t->line_len = (uint32_t)l.len;
	if (c->row && c->row->ret == R_NOTHING) {
		line_end(&l);
		PUT(&l, " = ?");
		emit(t, &l);
		t->line_len = 0;
	}
}
void observe_exit(struct call *c)
{
	struct thread *t = c->t;
	struct line l;

	cover_exit(c);
	if (!t->line_len || !line_begin(t, &l))
		return;
	if (c->row && c->row->fn)
		put_args(&l, c, first_out(c->row), 8);
	line_end(&l);
	show_result(&l, c);
	emit(t, &l);
	t->line_len = 0;
}
/* What observes goes on in the next image only if that is ours; a failed exec leaves it so, the next decides anew. */
static void keep(int fd, bool foreign)
{
	if (fd >= 0)
		host(SYS_fcntl, fd, F_SETFD, foreign ? 0 : FD_CLOEXEC);
}
void observe_exec(struct thread *t, bool foreign)
{
	struct line l;

	keep(t->p->opt->trace_fd, foreign);
	keep(t->p->opt->report_fd, foreign);
	report_end(t);
	cover_exec(t);
	if (!t->p->observed || !t->line_len || !line_begin(t, &l))
		return;
	line_end(&l);
	PUT(&l, " = 0");
	emit(t, &l);
}

/* --- what is not a call ----------------------------------------------------------------------------------------- */
void observe_signal(struct thread *t, const struct sigpend *pd)
{
	char buf[512];
	struct line l = { buf, sizeof buf, 0, t->p->pers };

	if (!run)
		return;
	PUT(&l, "--- "), put_sig(&l, sig_to_guest(l.pers, pd->sig));
	PUT(&l, " "), put_siginfo(&l, &pd->info, pd->sig);
	PUT(&l, " ---");
	emit(t, &l);
}
void observe_end(struct thread *t, int status, bool whole)
{
	char buf[256];
	struct line l = { buf, sizeof buf, 0, t->p->pers };

	if (!run)
		return;
	if (t->line_len && line_begin(t, &l)) {
		line_end(&l);
		PUT(&l, " = ?");
		emit(t, &l);
		l = (struct line){ buf, sizeof buf, 0, t->p->pers };
	}
	if (status & 0x100)
		PUT(&l, "+++ killed by "), put_sig(&l, sig_to_guest(l.pers, status & 0xff)), PUT(&l, " +++");
	else
		PUT(&l, "+++ exited with %d +++", status & 0xff);
	emit(t, &l);
	mem_free(t->line, LINE_SIZE);
	t->line = NULL;
	t->line_len = 0;
}
