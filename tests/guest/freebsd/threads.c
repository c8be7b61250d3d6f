/* SPDX-License-Identifier: BSD-2-Clause
 * thr_new: the new thread begins where it is told, with its argument, stack, thread pointer and signal mask; thr_exit
 * stores and wakes; tid numbers are told both ways; the end of the first thread is not the end of the process. */
#include "fbsd.h"

static long tls[2] = { 0, 0xabcdef };
static volatile long ran, tid_in, mask_in;
static long parent_tid, child_tid;
static volatile long gone;

static void body(void *arg)
{
	long self = 0, word;
	sigset_t s;

	__asm__ volatile("mov %%fs:8, %0" : "=r"(word));
	thr_self(&self);
	sigprocmask(0, 0, &s);
	tid_in = self;
	mask_in = sigset_has(&s, SIGUSR2);
	say("thread: arg %s word %lx pid same %d\n", (char *)arg, word, getpid() == *(volatile long *)&ran);
	thr_exit(&gone);
}

static void last(void *arg)
{
	sleep_ms(50);
	say("the last thread\n");
	quit(6);
}

int main(int argc, char **argv)
{
	struct thr_param p = { .start = (void *)body, .arg = "text", .stack_size = 65536, .tls_base = tls, .tls_size = 16,
		.child_tid = &child_tid, .parent_tid = &parent_tid };
	sigset_t block = SIGSET(SIGUSR2);
	long self = 0, r;

	ran = getpid();
	show(thr_self(&self));
	yes(self > 100000);
	p.stack_base = pages(65536);
	sigprocmask(SIG_BLOCK, &block, 0);
	show(thr_new(&p, sizeof(p)));
	while (!gone)
		umtx_op(&gone, UMTX_OP_WAIT, 0, 0, TS(0, 100000000));
	yes(gone == 1);
	yes(parent_tid == child_tid && child_tid == tid_in && child_tid != self);
	show(mask_in);
	show(thr_new(&p, -1));
	show(thr_new(&p, 4096));
	show(thr_new((void *)8, sizeof(p)));
	p.child_tid = (long *)8;
	show(thr_new(&p, sizeof(p)));
	show(thr_self((void *)8));
	sleep_ms(50);
	show(thr_kill(child_tid, 0));
	show(thr_kill(self, 0));
	show(thr_kill(self, 200));
	show(thr_set_name(self, "a name"));
	r = thread(last, 0);
	yes(r > 0);
	thr_exit(0);
	say("not reached\n");
	return 0;
}
