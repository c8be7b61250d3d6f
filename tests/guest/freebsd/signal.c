/* SPDX-License-Identifier: BSD-2-Clause
 * A handler's view: its number, siginfo, context, the mask while it runs, the stack it runs on; and what SA_NODEFER,
 * SA_RESETHAND, nesting, blocking and ignoring do. */
#include "fbsd.h"

static volatile int count, depth;
static long me;

static void tell_mask(const char *when)
{
	sigset_t s;

	sigprocmask(0, 0, &s);
	say("%s: USR1 %d USR2 %d TERM %d RT65 %d\n", when, sigset_has(&s, SIGUSR1), sigset_has(&s, SIGUSR2), sigset_has(&s, SIGTERM),
	    sigset_has(&s, 65));
}

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	long sp;

	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
	count++;
	say("handler: sig %d signo %d code %x from me %s\n", sig, si->signo, si->code, si->pid == me ? "yes" : "NO");
	yes(uc->mc.len == 800 && uc->mc.rsp > sp && uc->mc.rsp - sp < 8192);
	tell_mask("in handler");
}

static void nested(int sig, siginfo_t *si, ucontext_t *uc)
{
	depth++;
	say("enter %d depth %d\n", sig, depth);
	if (sig == SIGUSR1)
		kill(me, SIGUSR2);
	say("leave %d depth %d\n", sig, depth);
	depth--;
}

static void again(int sig, siginfo_t *si, ucontext_t *uc)
{
	depth++;
	say("enter %d depth %d\n", sig, depth);
	if (++count < 3)
		kill(me, sig);
	depth--;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .handler = (void *)on, .flags = SA_SIGINFO, .mask = SIGSET(SIGTERM, 65) }, old;
	sigset_t s = SIGSET(SIGUSR1), pend;
	long child;

	me = getpid();
	show(sigaction(SIGUSR1, &sa, &old));
	yes(old.handler == 0 && old.flags == 0);
	show(sigaction(SIGUSR1, 0, &old));
	yes(old.handler == (void *)on && old.flags == SA_SIGINFO && sigset_has(&old.mask, 65) && sigset_has(&old.mask, SIGTERM));
	tell_mask("before");
	show(kill(me, SIGUSR1));
	tell_mask("after");

	handle(SIGUSR1, nested, 0);
	handle(SIGUSR2, nested, 0);
	kill(me, SIGUSR1);
	handle(SIGUSR1, again, SA_NODEFER);
	count = 0;
	kill(me, SIGUSR1);
	handle(SIGUSR1, again, 0);
	count = 0;
	kill(me, SIGUSR1);

	count = 0;
	show(sigprocmask(SIG_BLOCK, &s, 0));
	kill(me, SIGUSR1);
	kill(me, SIGUSR1);
	say("blocked: count %d\n", count);
	show(sigpending(&pend));
	say("pending: USR1 %d USR2 %d\n", sigset_has(&pend, SIGUSR1), sigset_has(&pend, SIGUSR2));
	count = 2;
	show(sigprocmask(SIG_UNBLOCK, &s, 0));
	say("count %d\n", count);

	handle(SIGUSR2, nested, SA_RESETHAND);
	sigaction(SIGUSR2, 0, &old);
	say("flags %x\n", old.flags);
	kill(me, SIGUSR2);
	sigaction(SIGUSR2, 0, &old);
	yes(old.handler == 0);
	child = fork();
	if (child == 0) {
		kill(getpid(), SIGUSR2);
		quit(0);
	}
	say("child ended by signal %d\n", WTERMSIG(wait_for(child)));
	/* ignored by default, SIGIO not as on the host */
	static const int spares[] = { SIGURG, SIGCONT, SIGCHLD, SIGIO, SIGWINCH, SIGINFO };
	for (unsigned i = 0; i < sizeof(spares) / sizeof(*spares); i++) {
		sigaction(spares[i], 0, &old);
		say("%d: %ld, %e\n", spares[i], (long)old.handler, kill(me, spares[i]));
	}
	sa.handler = (void *)SIG_IGN;
	sa.flags = 0;
	show(sigaction(SIGUSR2, &sa, 0));
	show(kill(me, SIGUSR2));
	show(sigaction(SIGKILL, &sa, 0));
	show(sigaction(SIGSTOP, &sa, 0));
	show(sigaction(0, &sa, 0));
	show(sigaction(129, &sa, 0));
	show(sigaction(SIGUSR1, (void *)8, 0));
	show(sigaction(SIGUSR1, 0, (void *)8));
	show(kill(me, 200));
	show(kill(me, 0));
	show(sigprocmask(9, &s, 0));
	show(sigprocmask(SIG_BLOCK, (void *)8, 0));
	return 0;
}
