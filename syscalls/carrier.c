/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The carrier: one real-time signal of the host that its personality gives to no signal of the guest's (personality.
 * sig_carrier). It is never blocked, and brings what the host has no means for:
 *   CARRY      a signal without a host number, with its words, from another guise process
 *   LOOK       from one thread of ours to another: something waits that you can take (pending.c)
 *   BROADCAST  the same: a call that all threads make together (thread.c)
 *   LISTEN     from another guise process: it wants to be told what this one does (personality.listened)
 *   STOP       from guise snapshot, and from one thread of ours to another: stop for a snapshot; always by SIGSYS
 * Timers and message queues of the host send it as well; their value is then the number of a row that says what to make
 * of it. The carrier without a message of ours stands for signal 65, the first without a host number: so natives can
 * exchange that one with us. A native process never gets any other: it would end by it.
 *
 * What arrives is handled in the host handler, without locks. Between the threads of a process whose system has no carrier
 * LOOK goes by SIGSYS, which is ours to handle and never blocked either.
 */
#include <sys/stat.h>
#include "host.h"
#include "pending.h"
#include "thread.h"
#include "procfs.h"
#include "debug/tracing.h"
#include "snapshot.h"

enum { CARRY = CARRIER_CARRY, LOOK, BROADCAST, LISTEN };        /* CARRIER_STOP, too: pending.h */

#define message carrier_message
_Static_assert(sizeof(struct message) == 48, "struct kernel_siginfo");

uint64_t carrier_bit(const struct proc *p)
{
	return p->pers->sig_carrier ? 1ull << (p->pers->sig_carrier - 1) : 0;
}

/* --- among the threads of this process ---------------------------------------------------------------------------- */
static long post(struct thread *t, int pid, int tid, struct message *m)
{
	int carrier = t->p->pers->sig_carrier ? t->p->pers->sig_carrier : SIGSYS;
	siginfo_t si = { 0 };
	m->signo = carrier;
	m->code = CARRIER_CODE;
	memcpy(&si, m, sizeof *m);
	return tid ? host(SYS_rt_tgsigqueueinfo, pid, tid, carrier, &si) : host(SYS_rt_sigqueueinfo, pid, carrier, &si);
}
static bool can_take(const struct thread *t, sigbits bit) { return !(t->sigmask & bit) || t->sigwait & bit; }

static void wake(struct thread *self, struct thread *t)
{
	struct message m = { .op = LOOK };
	if (t == self)
		t->attn = 1;
	else
		post(self, t->p->pid, t->tid, &m);
}
void carrier_stop(struct thread *self, struct thread *to)
{
	struct message m = { .op = CARRIER_STOP, .signo = SIGSYS, .code = CARRIER_CODE, .tid = to->tid };
	siginfo_t si = { 0 };
	memcpy(&si, &m, sizeof m);
	host(SYS_rt_tgsigqueueinfo, self->p->pid, to->tid, SIGSYS, &si);
}
void carrier_broadcast(struct thread *self, struct thread *to)
{
	struct message m = { .op = BROADCAST };
	post(self, self->p->pid, to->tid, &m);
}
/* Itself first: a signal to oneself has arrived when the call that sent it returns. */
void signal_route(struct thread *self, int sig)
{
	sigbits bit = (sigbits)1 << (sig - 1);
	struct thread *t;

	if (can_take(self, bit)) {
		self->attn = 1;
		return;
	}
	for (unsigned i = 0; (t = thread_next(self->p, &i));)
		if (t != self && can_take(t, bit)) {
			wake(self, t);
			return;
		}
}
static bool ignored(struct proc *p, int sig) { return p->act[sig].handler == 1; }

static long to_process(struct thread *self, const siginfo_t *si)
{
	struct proc *p = self->p;
	long e;
	if (p->signal_seen)
		p->signal_seen(p, si->si_signo);
	if (ignored(p, si->si_signo) || (si->si_signo <= 64 && p->act[si->si_signo].handler == 0 && signal_spares(p, si->si_signo)))
		return 0;
	e = pending_add(p, 0, si);
	if (!e)
		signal_route(self, si->si_signo);
	return e;
}
static long to_thread(struct thread *self, int tid, const siginfo_t *si)
{
	struct thread *t;
	long e;
	for (unsigned i = 0; (t = thread_next(self->p, &i));)
		if (t->tid == tid)
			break;
	if (!t)
		return -ESRCH;
	if (self->p->signal_seen)
		self->p->signal_seen(self->p, si->si_signo);
	if (ignored(self->p, si->si_signo))
		return 0;
	e = pending_add(self->p, tid, si);
	if (!e && can_take(t, (sigbits)1 << (si->si_signo - 1)))
		wake(self, t);
	return e;
}

/* --- what the host's timers and queues send ---------------------------------------------------------------------------- */
#define TOLD_MOST 256
static struct told { volatile int pid; int sig, timer, tid; volatile int overrun; uint64_t value; } told[TOLD_MOST] SPARSE;
static volatile bool told_any FORKED;     /* since the last fork */

int carrier_event(struct thread *t, struct sigevent *ev)
{
	for (int i = 0; i < TOLD_MOST; i++) {
		int none = 0;
		if (told[i].pid != 0 || !__atomic_compare_exchange_n(&told[i].pid, &none, t->p->pid, false,
								      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		told_any = true;
		told[i].sig = ev->sigev_signo;
		told[i].value = (uint64_t)ev->sigev_value.sival_ptr;
		told[i].timer = -1;
		told[i].tid = ev->sigev_notify == SIGEV_THREAD_ID ? ev->_sigev_un._tid : 0;
		told[i].overrun = 0;
		ev->sigev_signo = t->p->pers->sig_carrier;
		ev->sigev_value.sival_ptr = (void *)(uint64_t)i;
		return i;
	}
	return -EAGAIN;
}
void carrier_event_timer(int row, int timer) { told[row].timer = timer; }
void carrier_event_done(int row) { told[row].pid = 0; }

static struct told *told_timer(struct thread *t, int timer)
{
	for (struct told *o = told; o < told + TOLD_MOST; o++)
		if (o->pid == t->p->pid && o->timer == timer)
			return o;
	return NULL;
}
void carrier_timer_gone(struct thread *t, int timer)
{
	struct told *o = told_timer(t, timer);
	if (o)
		o->pid = 0;
}
int carrier_timer_overrun(struct thread *t, int timer)
{
	struct told *o = told_timer(t, timer);
	return o ? o->overrun : -1;
}
void carrier_timer_taken(struct thread *t, const siginfo_t *si)
{
	struct told *o = si->si_code == SI_TIMER ? told_timer(t, si->si_timerid) : NULL;
	if (o)
		o->overrun = si->si_overrun;
}
/* Timers and queues are not inherited. */
static void told_none(struct proc *p)
{
	memset(told, 0, sizeof told);
	told_any = false;
}
AT_FORK_IF(told_none, told_any);

static void told_arrived(struct thread *t, siginfo_t *si)
{
	uint64_t row = (uint64_t)si->si_value.sival_ptr;
	if (row >= TOLD_MOST || told[row].pid != t->p->pid)
		return;                  /* its timer is deleted */
	si->si_signo = told[row].sig;
	si->si_value.sival_ptr = (void *)told[row].value;
	if (si->si_code == SI_MESGQ)
		told[row].pid = 0;       /* told once */
	told[row].tid ? to_thread(t, told[row].tid, si) : to_process(t, si);
}

/* --- arrival, in the host handler --------------------------------------------------------------------------------------- */
static void carried(struct thread *t, const struct message *m)
{
	siginfo_t si = { .si_signo = m->sig, .si_errno = m->err, .si_code = m->sig_code };
	if (m->sig == SIGSTOP && !t->p->traced)
		host(SYS_kill, t->p->pid, SIGSTOP);
	if (m->sig <= 0 || m->sig > 128 || (SIGSET_UNBLOCKABLE >> (m->sig - 1) & 1 && !(m->sig == SIGSTOP && t->p->traced)))
		return;
	si.si_pid = m->pid;
	si.si_uid = m->uid;
	si.si_value.sival_ptr = (void *)m->value;
	if (m->tid)
		to_thread(t, m->tid, &si);
	else
		to_process(t, &si);
}
bool carrier_within(const struct thread *t, const siginfo_t *si)
{
	struct message m;
	memcpy(&m, si, sizeof m);
	return m.signo == SIGSYS && m.code == CARRIER_CODE && (m.op == LOOK || m.op == CARRIER_STOP);
}
/* We look like any other process of guise from outside: a guest of a system without a carrier never sees one. */
bool carrier_astray(const struct thread *t, const siginfo_t *si)
{
	struct message m;
	memcpy(&m, si, sizeof m);
	return !t->p->pers->sig_carrier && m.code == CARRIER_CODE && m.op == CARRY;
}
static void trace_told(struct thread *t, const struct message *m)
{
	switch (m->op) {
	case TRACE_OP_ATTACH: tracee_asked(t, (int)m->value); break;
	case TRACE_OP_SERVE: tracer_asked(t); break;
	case TRACE_OP_ORPHAN: tracer_orphan(t, (int)(m->value >> 32), (int)(uint32_t)m->value); break;
	case TRACE_OP_SEEN: tracer_orphan(t, (int)m->value, 0); break;
	case TRACE_OP_WAITS: t->attn |= t->tr.waits; break;
	}
}
void carrier_arrived(struct thread *t, siginfo_t *si)
{
	struct message m;
	memcpy(&m, si, sizeof m);
	if (m.code == CARRIER_CODE && m.op == LOOK) {
		if (pending_for(t) & (~t->sigmask | t->sigwait))
			t->attn = 1;
	} else if (m.code == CARRIER_CODE && m.op == CARRIER_STOP) {
		snapshot_arrived(t, !m.tid);
	} else if (m.code == CARRIER_CODE && m.op == BROADCAST) {
		broadcast_take(t);
	} else if (m.code == CARRIER_CODE && m.op == LISTEN) {
		if (t->p->pers->listened)
			t->p->pers->listened(t->p);
	} else if (m.code == CARRIER_CODE && m.op >= TRACE_OP_ATTACH) {
		trace_told(t, &m);
	} else if (m.code == CARRIER_CODE) {
		carried(t, &m);
	} else if (m.code > 0) {         /* a socket of ours */
		tracee_heard(t);
		tracer_news(t);
	} else if (m.code == SI_TIMER || m.code == SI_MESGQ) {
		told_arrived(t, si);
	} else {
		si->si_signo = 65;
		m.code == SI_TKILL ? to_thread(t, t->tid, si) : to_process(t, si);
	}
}

/* --- to others ------------------------------------------------------------------------------------------------------------ */
static bool same_program(struct thread *t, int pid)
{
	struct stat ours, its;
	char link[32];
	fmt(link, sizeof link, "/proc/%d/exe", pid);
	return host(SYS_stat, "/proc/self/exe", &ours) == 0 && host(SYS_stat, link, &its) == 0 && ours.st_dev == its.st_dev &&
	       ours.st_ino == its.st_ino;
}
/* What follows "Name:" and blanks in a text of such lines, or "". */
static const char *value_of(const char *text, const char *name)
{
	size_t n = str_len(name);
	for (const char *s = text; s && *s; s = str_chr(s, '\n') ? str_chr(s, '\n') + 1 : NULL)
		if (!str_ncmp(s, name, n)) {
			for (s += n; *s == '\t' || *s == ' '; s++)
				;
			return s;
		}
	return "";
}
static uint64_t hex_of(const char *s)
{
	uint64_t v = 0;
	for (; *s && *s != '\n'; s++)
		v = v << 4 | (uint64_t)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
	return v;
}
/* One of us that listens, or (blocked, during its exec) will. A first thread that has ended takes nothing any more. */
static bool takes_carrier(struct thread *t, int pid, bool *headless)
{
	char path[32], text[4096];
	fmt(path, sizeof path, "/proc/%d/status", pid);
	if (!same_program(t, pid) || file_read(path, text, sizeof text) <= 0)
		return false;
	*headless = *value_of(text, "State:") == 'Z';
	return (hex_of(value_of(text, "SigCgt:")) | hex_of(value_of(text, "SigBlk:"))) & carrier_bit(t->p);
}
static long to_other(struct thread *t, int pid, int tid, const siginfo_t *si)
{
	struct message m = {
		.op = CARRY, .pid = si->si_pid, .uid = si->si_uid, .value = (uint64_t)si->si_value.sival_ptr,
		.sig = si->si_signo, .sig_code = si->si_code, .tid = tid,
	};
	bool headless = false;
	long e = host(SYS_kill, pid, 0);
	if (e < 0)
		return e;
	if (takes_carrier(t, pid, &headless))    /* all through one thread: they stay in order */
		return post(t, pid, tid ? tid : headless ? 0 : pid, &m);
	if (si->si_signo == 65)
		return tid ? host(SYS_tgkill, pid, tid, t->p->pers->sig_carrier) : host(SYS_kill, pid, t->p->pers->sig_carrier);
	report_unknown(t, UNK_OPTION, "signal to a native process", (uint64_t)si->si_signo);
	return -EINVAL;
}
long carrier_tell(struct thread *t, int pid, int tid, int op, uint64_t value)
{
	struct message m = { .op = op, .pid = t->p->pid, .value = value };
	bool headless = false;
	if (!t->p->pers->sig_carrier || pid <= 0 || (pid != t->p->pid && !takes_carrier(t, pid, &headless)))
		return -EPERM;
	return op ? post(t, pid, tid || headless ? tid : pid, &m) : 0;
}
static bool waits(struct thread *t, const char *status)
{
	return (hex_of(value_of(status, "SigPnd:")) | hex_of(value_of(status, "ShdPnd:"))) & carrier_bit(t->p);
}
bool carrier_waits(struct thread *t, int pid)
{
	char path[32], text[4096];
	fmt(path, sizeof path, "/proc/%d/status", pid);
	return file_read(path, text, sizeof text) > 0 && waits(t, text);
}
/* It has arrived, or will before anything else: its thread is stopped, or ends. */
static bool arrived(struct thread *t, int pid)
{
	char path[32], text[4096];
	fmt(path, sizeof path, "/proc/%d/status", pid);
	return file_read(path, text, sizeof text) <= 0 || str_chr("TtZX", *value_of(text, "State:")) || !waits(t, text);
}
/* A thread of it that runs sees a signal within microseconds, one that sleeps must get a processor first: that is waited
 * for, so that what it does after our call has returned is told. */
void carrier_announce(struct thread *t, int pid)
{
	static const struct timespec nap = { 0, 100000 };
	struct message m = { .op = LISTEN };
	bool headless = false;

	if (pid == t->p->pid && t->p->pers->listened)
		t->p->pers->listened(t->p);
	if (pid == t->p->pid || !takes_carrier(t, pid, &headless) || post(t, pid, headless ? 0 : pid, &m) < 0)
		return;
	for (int i = 0; i < 200 && !arrived(t, pid); i++)
		host(SYS_nanosleep, &nap, NULL);
}
struct many { struct thread *t; const siginfo_t *si; int group; long e; bool found; };

static long one_of_many(void *arg, unsigned pid)
{
	struct many *m = arg;
	int own = m->t->p->pid;
	long e;
	if (m->group ? host(SYS_getpgid, pid) != m->group : pid <= 1 || (int)pid == own)
		return 0;
	e = (int)pid == own ? to_process(m->t, m->si) : to_other(m->t, (int)pid, 0, m->si);
	if (!e || !m->found)
		m->e = e;
	m->found |= !e;
	return 0;
}
static long to_many(struct thread *t, int pid, const siginfo_t *si)
{
	struct many m = { .t = t, .si = si, .group = pid == -1 ? 0 : pid ? -pid : (int)host(SYS_getpgid, 0), .e = -ESRCH };
	long e = procfs_each("/proc", one_of_many, &m);
	return e < 0 ? e : m.e;
}
/* A signal without a host number; pid as kill has it, tid 0 or one thread of that process. */
static long send_unnumbered(struct thread *t, int pid, int tid, const siginfo_t *si)
{
	if (!t->p->pers->sig_carrier)
		return -EINVAL;
	if (pid == t->p->pid && pending_full(t->p))
		return -EAGAIN;
	if (pid == t->p->pid)
		return tid ? to_thread(t, tid, si) : to_process(t, si);
	return pid > 0 ? to_other(t, pid, tid, si) : to_many(t, pid, si);
}
long signal_send(struct thread *t, int pid, int tid, int sig, int code, uint64_t value)
{
	siginfo_t si = { .si_signo = sig, .si_code = code };
	si.si_pid = t->p->pid;
	si.si_uid = (uid_t)host(SYS_getuid);
	si.si_value.sival_ptr = (void *)value;
	pace_stop(t);                    /* what one sends to oneself has arrived when the call is over */
	if (sig > 64)
		return send_unnumbered(t, pid, tid, &si);
	if (sig == SIGSTOP && pid == t->p->pid && t->p->traced)
		return tid ? to_thread(t, tid, &si) : to_process(t, &si);
	if (sig && sig != SIGKILL && sig != SIGCONT && !tid && tracer_has(t->p, pid))  /* queued there; the host merges them */
		return to_other(t, pid, 0, &si);
	if (sig == SIGSTOP && pid > 0 && pid != t->p->pid && host(SYS_kill, pid, 0) == 0 && tracee_is(pid))
		return to_other(t, pid, tid, &si);
	if (code == SI_USER)
		return host(SYS_kill, pid, sig);
	if (code == SI_TKILL)
		return host(SYS_tgkill, pid, tid, sig);
	return tid ? host(SYS_rt_tgsigqueueinfo, pid, tid, sig, &si) : host(SYS_rt_sigqueueinfo, pid, sig, &si);
}
/* What waits for the process outlives its exec: the host's queue keeps it, the carrier being blocked until the new image
 * listens. It goes into the queue of this thread, which is the one that lives on: others still take what is the
 * process's, and only to oneself the host lets one say that another sent it. Without a carrier in the new image those
 * with a host number go as what they are. */
void carrier_keep(struct thread *t, bool carry)
{
	siginfo_t si;
	while (pending_take_any(t->p, &si)) {
		struct message m = {
			.op = CARRY, .pid = si.si_pid, .uid = si.si_uid, .value = (uint64_t)si.si_value.sival_ptr,
			.sig = si.si_signo, .sig_code = si.si_code,
		};
		if (carry)
			post(t, t->p->pid, t->tid, &m);
		else if (si.si_signo <= 64)
			host(SYS_rt_tgsigqueueinfo, t->p->pid, t->tid, si.si_signo, &si);
	}
}
