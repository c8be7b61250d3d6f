/* SPDX-License-Identifier: BSD-2-Clause
 * TEST fixture: tests/real/setid.test, as root
 * Who a process is holds for all its threads: one changes user, group and groups while others sleep in every kind of
 * call, work, are born and end. Afterwards none may do what the super-user may, and no sleep was cut short or made longer.
 */
#include "fbsd.h"

enum { KINDS = 8 };
static volatile int stop, wrong, ended, born, changed;
static volatile long results[KINDS], took[KINDS];
static int pp[2];
static volatile u32 still;

static int is(u32 id)
{
	u32 a[3] = { 99, 99, 99 }, b[3] = { 99, 99, 99 };

	getresuid(&a[0], &a[1], &a[2]);
	getresgid(&b[0], &b[1], &b[2]);
	return a[0] == id && a[1] == id && a[2] == id && b[0] == id && b[1] == id && b[2] == id;
}
static void sleeper(void *arg)
{
	long kind = (long)arg, t = now_ms(), kq;
	struct pollfd pf = { pp[0], POLLIN, 0 };
	sigset_t usr = SIGSET(SIGUSR1), none = { 0 };
	char ev[64];
	char b;
	long r = 0;

	switch (kind) {
	case 0: r = read(pp[0], &b, 1); break;
	case 1: r = nanosleep(TS(0, 600000000), 0); break;
	case 2: r = poll(&pf, 0, 600); break;
	case 3: r = umtx_op(&still, UMTX_OP_WAIT_UINT, 0, 0, TS(0, 600000000)); break;
	case 4: sigprocmask(SIG_BLOCK, &usr, 0); r = sigtimedwait(&usr, 0, TS(0, 600000000)); break;
	case 5: kq = kqueue(); r = kevent(kq, 0, 0, ev, 1, TS(0, 600000000)); break;
	case 6: r = sigsuspend(&none); break;
	case 7: for (long i = 0; !stop; i++) __asm__ volatile("pause"); break;
	}
	results[kind] = r;
	took[kind] = now_ms() - t;
	if (!is(1001) || open("secret", O_RDONLY) != -EACCES)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
	thr_exit(0);
}
static void brief(void *arg)
{
	__atomic_add_fetch(&born, 1, __ATOMIC_RELAXED);
	thr_exit(0);
}
static void mother(void *arg)
{
	for (int i = 0; !stop; i++)
		if (thread(brief, 0) < 0 || i % 3 == 2)
			nanosleep(TS(0, 300000), 0);
	if (!is(1001))
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
	thr_exit(0);
}
static void on(int sig, siginfo_t *si, ucontext_t *uc) { }
static void changer(void *arg)
{
	u32 groups[2] = { 7, 8 }, got[8] = { 0 };

	show(sys(SYS_setgroups, 2, groups));
	show(sys(SYS_getgroups, 8, got));
	show(sys(SYS_setresgid, 1001, 1001, 1001));
	for (int i = 0; i < 20; i++) {
		sys(SYS_setresuid, -1, 1001, -1);
		sys(SYS_setresuid, -1, 0, -1);
	}
	show(sys(SYS_setuid, 1001));
	show(sys(SYS_setuid, 0));
	show(sys(SYS_seteuid, 0));
	changed = 1;
	thr_exit(0);
}
/* The first thread is gone; a new one may have its place. */
static void heir(void *arg)
{
	sleep_ms(50);
	for (int i = 0; i < 3; i++)
		thread(brief, 0);
	sleep_ms(20);
	show(sys(SYS_setresuid, 1001, 1001, 1001));
	yes(is(0) == 0 && geteuid() == 1001 && born == 3);
	quit(0);
}

int main(int argc, char **argv)
{
	long ids[KINDS], begin;

	if (fork() == 0) {
		thread(heir, 0);
		thr_exit(0);
	}
	sys(SYS_wait4, -1, 0, 0, 0);

	put_file("secret", "only the super-user's\n");
	chmod("secret", 0600);
	handle(SIGUSR1, on, 0);
	pipe2(pp, 0);
	begin = now_ms();
	for (long i = 0; i < KINDS; i++)
		ids[i] = thread(sleeper, (void *)i);
	thread(mother, 0);
	thread(mother, 0);
	sleep_ms(100);
	show(open("secret", O_RDONLY) >= 0);
	thread(changer, 0);
	while (!changed)
		sleep_ms(5);
	yes(now_ms() - begin < 500);
	yes(is(1001));
	show(open("secret", O_RDONLY));
	show(issetugid());
	stop = 1;
	while (ended < 8 && now_ms() - begin < 5000)
		sleep_ms(10);
	write(pp[1], "x", 1);
	thr_kill(ids[6], SIGUSR1);
	while (ended < 10 && now_ms() - begin < 5000)
		sleep_ms(10);
	for (int i = 0; i < KINDS; i++)
		say("%d: %e in time %d\n", i, results[i], i < 1 || i > 5 || (took[i] >= 590 && took[i] < 750));
	show(ended);
	show(wrong);
	yes(born > 10);
	return 0;
}
