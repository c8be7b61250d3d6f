/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals as FreeBSD writes them down: actions, alternate stacks, what is told about one that arrived, the status word of
 * a child. Numbers inside are ours on the host's side (signal.def).
 */
#include <signal.h>
#include "host.h"
#include "freebsd/freebsd.h"
#include "freebsd/layout.h"

/* --- sets and actions ---------------------------------------------------------------------------------------------------- */
static sigbits set_in(const uint32_t w[4])
{
	sigbits ours = 0;
	for (unsigned i = 0; i < 4; i++)
		for (uint32_t left = w[i]; left; left &= left - 1) {
			unsigned sig = fbsd_sig_in[i * 32 + (unsigned)__builtin_ctz(left) + 1];
			ours |= sig ? (sigbits)1 << (sig - 1) : 0;
		}
	return ours;
}
static void set_out(sigbits ours, uint32_t w[4])
{
	memset(w, 0, 16);
	for (unsigned sig = 1; ours; sig++, ours >>= 1) {
		unsigned g = ours & 1 ? fbsd_sig_out[sig] : 0;
		if (g)
			w[(g - 1) / 32] |= 1u << ((g - 1) % 32);
	}
}
static const struct { uint32_t guest, host; } sa_flags[] = {
	{ 0x1, SA_ONSTACK }, { 0x2, SA_RESTART }, { 0x4, (uint32_t)SA_RESETHAND }, { 0x8, SA_NOCLDSTOP }, { 0x10, SA_NODEFER },
	{ 0x20, SA_NOCLDWAIT }, { 0x40, SA_SIGINFO },
};
void fbsd_sigaction_get(const void *from, void *to)
{
	const struct fbsd_sigaction *g = from;
	struct sigact *h = to;
	*h = (struct sigact){ .handler = g->handler, .mask = set_in(g->mask) };
	for (unsigned i = 0; i < ARRAY_LEN(sa_flags); i++)
		if ((uint32_t)g->flags & sa_flags[i].guest)
			h->flags |= sa_flags[i].host;
}
void fbsd_sigaction_put(const void *from, void *to)
{
	const struct sigact *h = from;
	struct fbsd_sigaction *g = to;
	*g = (struct fbsd_sigaction){ .handler = h->handler };
	set_out(h->mask, g->mask);
	for (unsigned i = 0; i < ARRAY_LEN(sa_flags); i++)
		if (h->flags & sa_flags[i].host)
			g->flags |= (int32_t)sa_flags[i].guest;
}

enum { FB_SS_ONSTACK = 1, FB_SS_DISABLE = 4 };
void fbsd_sigaltstack_get(const void *from, void *to)
{
	const struct fbsd_sigaltstack *g = from;
	uint32_t f = (uint32_t)g->flags, known = FB_SS_ONSTACK | FB_SS_DISABLE;
	*(struct sigalt *)to = (struct sigalt){      /* what we do not know stays visible, to be refused */
		g->sp, g->size, (f & FB_SS_ONSTACK ? SS_ONSTACK : 0) | (f & FB_SS_DISABLE ? SS_DISABLE : 0) | (f & ~known),
	};
}
void fbsd_sigaltstack_put(const void *from, void *to)
{
	const struct sigalt *h = from;
	*(struct fbsd_sigaltstack *)to = (struct fbsd_sigaltstack){
		h->base, h->size, (h->flags & SS_ONSTACK ? FB_SS_ONSTACK : 0) | (h->flags & SS_DISABLE ? FB_SS_DISABLE : 0), 0,
	};
}

/* --- what happened --------------------------------------------------------------------------------------------------------- */
static const struct { int32_t host, guest; } by_hand[] = {   /* codes that any signal may have */
	{ SI_USER, 0x10001 }, { SI_QUEUE, 0x10002 }, { SI_TIMER, 0x10003 }, { SI_ASYNCIO, 0x10004 }, { SI_MESGQ, 0x10005 },
	{ SI_KERNEL, 0x10006 }, { SI_TKILL, 0x10007 },
};
static const struct { uint8_t sig; int32_t host, guest; } by_fault[] = {     /* the others have one number on both */
	{ SIGFPE, FPE_INTDIV, 2 }, { SIGFPE, FPE_INTOVF, 1 }, { SIGSEGV, SEGV_PKUERR, 100 },
};
static int32_t code_out(int sig, int32_t code)
{
	for (unsigned i = 0; i < ARRAY_LEN(by_hand); i++)
		if (by_hand[i].host == code)
			return by_hand[i].guest;
	for (unsigned i = 0; i < ARRAY_LEN(by_fault); i++)
		if (by_fault[i].sig == sig && by_fault[i].host == code)
			return by_fault[i].guest;
	return code;
}
static int32_t sig_out(int ours) { return ours > 0 && ours <= 128 ? fbsd_sig_out[ours] : 0; }

static void sent(const siginfo_t *h, struct fbsd_siginfo *g)
{
	g->pid = h->si_pid;
	g->uid = (int32_t)h->si_uid;
	if (h->si_code == SI_QUEUE || h->si_code == SI_MESGQ || h->si_code == SI_ASYNCIO)
		g->value = (uint64_t)h->si_value.sival_ptr;
}
static void expired(const siginfo_t *h, struct fbsd_siginfo *g)
{
	g->timerid = h->si_timerid;
	g->overrun = h->si_overrun;
	g->value = (uint64_t)h->si_value.sival_ptr;
}
static void child(const siginfo_t *h, struct fbsd_siginfo *g)
{
	g->pid = h->si_pid;
	g->uid = (int32_t)h->si_uid;
	g->status = h->si_code == CLD_EXITED ? h->si_status : sig_out(h->si_status);
}
void fbsd_siginfo_put(const void *from, void *to)
{
	const siginfo_t *h = from;
	struct fbsd_siginfo *g = to;
	*g = (struct fbsd_siginfo){ .signo = sig_out(h->si_signo), .err = h->si_errno, .code = code_out(h->si_signo, h->si_code) };
	if (h->si_code == SI_TIMER)
		expired(h, g);
	else if (h->si_code <= 0)
		sent(h, g);
	else if (h->si_signo == SIGTRAP && h->si_code == FBSD_TRAP_CAP)
		g->addr = (uint64_t)h->si_call_addr, g->syscall = h->si_syscall;
	else if (h->si_signo == SIGCHLD)
		child(h, g);
	else if (h->si_signo == SIGIO)
		g->band = h->si_band;
	else if (h->si_signo == SIGSEGV || h->si_signo == SIGBUS || h->si_signo == SIGILL || h->si_signo == SIGFPE ||
		 h->si_signo == SIGTRAP)
		g->addr = (uint64_t)h->si_addr;
}
/* Exit and signal lie where the host has them; a continued child is told as one that SIGCONT ended. */
static int sig_in(int guest) { return guest > 0 && guest < FBSD_NSIG ? fbsd_sig_in[guest] : 0; }
void fbsd_wstatus_get(const void *from, void *to)
{
	int g = *(const int *)from, low = g & 0x7f;
	int h = g;
	if (g == fbsd_sig_out[SIGCONT])
		h = 0xffff;
	else if (low == 0x7f)
		h = sig_in(g >> 8 & 0xff) << 8 | 0x7f;
	else if (low)
		h = (g & ~0x7f) | sig_in(low);
	*(int *)to = h;
}
void fbsd_wstatus_put(const void *from, void *to)
{
	int h = *(const int *)from, low = h & 0x7f;
	int g = h;
	if (h == 0xffff)
		g = fbsd_sig_out[SIGCONT];
	else if (low == 0x7f)
		g = sig_out(h >> 8 & 0xff) << 8 | 0x7f;
	else if (low)
		g = (h & ~0x7f) | sig_out(low);
	*(int *)to = g;
}

/* --- how to be told ---------------------------------------------------------------------------------------------------------- */
enum { FB_SIGEV_NONE, FB_SIGEV_SIGNAL, FB_SIGEV_THREAD, FB_SIGEV_KEVENT, FB_SIGEV_THREAD_ID };
#define SIGEV_UNKNOWN 99             /* the host refuses it */
static const uint8_t sigev_in[] = {
	[FB_SIGEV_NONE] = SIGEV_NONE, [FB_SIGEV_SIGNAL] = SIGEV_SIGNAL, [FB_SIGEV_THREAD] = SIGEV_THREAD,
	[FB_SIGEV_KEVENT] = FB_SIGEV_KEVENT, [FB_SIGEV_THREAD_ID] = SIGEV_THREAD_ID,
};
void fbsd_sigevent_get(const void *from, void *to)
{
	const struct fbsd_sigevent *g = from;
	struct sigevent *h = to;
	unsigned sig = (uint32_t)g->signo;
	memset(h, 0, sizeof *h);
	h->sigev_notify = (uint32_t)g->notify < ARRAY_LEN(sigev_in) ? sigev_in[g->notify] : SIGEV_UNKNOWN;
	h->sigev_signo = g->notify == FB_SIGEV_KEVENT ? g->signo : sig < FBSD_NSIG ? fbsd_sig_in[sig] : 0;
	h->sigev_value.sival_ptr = (void *)g->value;
	h->_sigev_un._tid = g->notify == FB_SIGEV_THREAD_ID ? fbsd_tid_host(g->tid) : g->kevent_flags;
}
