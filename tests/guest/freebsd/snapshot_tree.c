/* SPDX-License-Identifier: BSD-2-Clause
 * A tree of FreeBSD processes to be saved (tests/real/snapshot_fbsd.test; argv[1]: how many ms a round takes): pipes, a file's
 * place and shared memory in common; a child with a thread and a child of its own; one that sleeps in a kqueue with a timer; one
 * that sleeps on a word of shared memory (umtx); children that have ended; a group without leader; a session; bounds of mprotect
 * and settings that nobody but guise keeps. What it prints is the same in every run. TEST proves: nothing */
#include "kq.h"

#define ROUNDS 16
#define SHM_ANON 1
enum { PROC_TRAPCAP_CTL = 9, PROC_TRAPCAP_STATUS, PROC_PROTMAX_CTL = 15, PROC_PROTMAX_STATUS, PROC_REAP_ACQUIRE = 2 };
#define CHECK(x) do { if (!(x)) { say("process %d, line %d: %s\n", getpid() - root, __LINE__, #x); bad = 1; } } while (0)

struct shared { struct umutex lock; long turn, turned, grand, counter, timers; volatile long by, told; };
static struct shared *mem;
static long root, file, shm, guarded;
static int bad, to_a[2], from_a[2], to_b[2], from_b[2];
static volatile int pokes, ended, ticks;
static volatile long work, did;

static void on_poke(int sig, siginfo_t *si, ucontext_t *uc) { pokes++; }
static void on_child(int sig, siginfo_t *si, ucontext_t *uc) { ended++; }
static void on_timer(int sig, siginfo_t *si, ucontext_t *uc) { ticks++; }
static long get(int fd)
{
	long v = -1;
	while (read(fd, &v, sizeof v) == -EINTR)
		;
	return v;
}
static void give(int fd, long v) { CHECK(write(fd, &v, sizeof v) == sizeof v); }
static void count(long *which)
{
	CHECK(!umtx_op(&mem->lock, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	++*which;
	CHECK(!umtx_op(&mem->lock, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));
}
static void bounded(void)                        /* PROT_MAX and what procctl was told are the same in parent and child */
{
	int v = 0;
	CHECK(mprotect(guarded, 4096, PROT_READ | PROT_WRITE) == -EACCES);
	CHECK(mprotect(guarded, 4096, PROT_NONE) == 0 && mprotect(guarded, 4096, PROT_READ) == 0);
	CHECK(mprotect(guarded + 4096, 4096, PROT_READ | PROT_EXEC) == -EACCES && mprotect(guarded + 4096, 4096, PROT_READ | PROT_WRITE) == 0);
	CHECK(!procctl(P_PID, 0, PROC_TRAPCAP_STATUS, &v) && v == 1);
	char class[32] = "";
	CHECK(geteuid() || (!sys(SYS_getloginclass, class, sizeof class) && !strcmp(class, "copied")));
}
/* A thread of the adder: doubles what it is given by a word that it sleeps on */
static void doubler(void *arg)
{
	for (long seen = 0; seen >= 0; ) {
		long now = work;
		if (now == seen) {
			umtx_op(&work, UMTX_OP_WAIT, now, 0, 0);
			continue;
		}
		seen = now;
		did = 2 * seen;
		umtx_op(&did, UMTX_OP_WAKE, 1, 0, 0);
	}
	thr_exit(0);
}
static long doubled(long v)
{
	work = v;
	umtx_op(&work, UMTX_OP_WAKE, 1, 0, 0);
	for (long d; (d = did) != 2 * v; )
		umtx_op(&did, UMTX_OP_WAIT, d, 0, TS(0, 50000000));
	return did;
}
static int adder(void)
{
	int end[2], status;
	long sum = 0, v, grand;

	pipe2(end, 0);
	if (!(grand = fork())) {
		char c;
		close(end[1]);
		while (read(end[0], &c, 1) == 1) {
			count(&mem->grand);
			mem->by = getpid();
		}
		bounded();
		quit(bad ? 1 : 9);
	}
	close(end[0]);
	CHECK(thread(doubler, 0) >= 0);
	while ((v = get(to_a[0])) >= 0) {
		CHECK(getppid() == root && write(end[1], "x", 1) == 1);
		sum += doubled(v);
		CHECK(!kill(root, SIGUSR1));
		give(from_a[1], sum);
	}
	close(end[1]);
	CHECK(wait4(grand, &status, 0, 0) == grand && status == 9 << 8);
	CHECK(mem->by == grand);
	bounded();
	return bad ? 1 : 5;
}
/* Sleeps in a kqueue */
static int watcher(void)
{
	long q = kqueue(), v = 0;
	struct kevent k;
	CHECK(!change(q, (u64)to_b[0], EVFILT_READ, EV_ADD, 0, 0, 0) && !change(q, 1, EVFILT_TIMER, EV_ADD, 0, 7, 0));
	CHECK(!change(q, 2, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 0));
	while (v >= 0) {
		char line[5] = "b 00\n";
		CHECK(kevent(q, 0, 0, &k, 1, 0) == 1);
		if (k.filter == EVFILT_TIMER)
			count(&mem->timers);
		if (k.filter != EVFILT_READ)
			continue;
		if ((v = get(to_b[0])) < 0)
			break;
		line[2] = (char)('0' + v / 10), line[3] = (char)('0' + v % 10);
		CHECK(write(file, line, 5) == 5);
		give(from_b[1], lseek(file, 0, SEEK_CUR));
	}
	return bad ? 1 : 6;
}
/* Sleeps on a word of memory that is shared, between processes */
static int turner(void)
{
	long at = 0, now;
	while ((now = *(volatile long *)&mem->turn) >= 0) {
		if (now == at) {
			umtx_op(&mem->turn, UMTX_OP_WAIT, now, 0, 0);
			continue;
		}
		at = now;
		*(volatile long *)&mem->turned = now;
		umtx_op(&mem->turned, UMTX_OP_WAKE, 1, 0, 0);
	}
	return 8;
}
static int sleeps(void)
{
	for (;;)
		sleep_ms(1000);
}
static long child(int (*fn)(void))
{
	long pid = fork();
	if (!pid) {
		close(to_a[1]), close(to_b[1]);
		quit(fn());
	}
	return pid;
}
static int leads(void)
{
	int status = 0;
	CHECK(setsid() == getpid());
	long kid = child(sleeps);
	mem->told = kid;
	give(from_b[1], 1);
	CHECK(wait4(kid, &status, 0, 0) == kid && status == SIGTERM);
	CHECK(getsid(0) == getpid() && getpgrp() == getpid());
	return bad ? 1 : 7;
}
static void begin(long pids[])
{
	struct sigevent ev = { SIGEV_SIGNAL, SIGUSR2, { 0 } };
	struct itimerspec it = { { 0, 3000000 }, { 0, 3000000 } };
	int id, on = 1, status;
	long group;

	mem = (struct shared *)mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	mem->lock.flags = 1;             /* USYNC_PROCESS_SHARED */
	guarded = mmap(0, 8192, PROT_READ | PROT_MAX(PROT_READ), MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK(mmap(guarded + 4096, 4096, PROT_READ | PROT_MAX(PROT_READ | PROT_WRITE), MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) == guarded + 4096);
	CHECK(!procctl(P_PID, 0, PROC_TRAPCAP_CTL, &on));
	if (!geteuid())
		CHECK(!sys(SYS_setloginclass, "copied"));
	handle(SIGUSR1, on_poke, SA_SIGINFO | SA_RESTART);
	handle(SIGCHLD, on_child, SA_SIGINFO | SA_RESTART);
	handle(SIGUSR2, on_timer, SA_SIGINFO | SA_RESTART);
	CHECK(!pipe2(to_a, 0) && !pipe2(from_a, 0) && !pipe2(to_b, 0) && !pipe2(from_b, 0));
	CHECK((file = open("fbsd.log", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0);
	CHECK((shm = shm_open2(SHM_ANON, O_RDWR, 0600, 0, 0)) >= 0 && !ftruncate(shm, 10000));
	CHECK(pwrite(shm, "in shared memory", 16, 9000) == 16);
	pids[0] = child(adder);
	pids[1] = child(watcher);
	if (!(pids[2] = fork()))
		quit(3);
	pids[3] = child(sleeps);
	kill(pids[3], SIGTERM);
	if (!(group = fork())) {
		setpgid(0, 0);
		quit(0);
	}
	setpgid(group, group);
	pids[4] = child(sleeps);
	CHECK(!setpgid(pids[4], group) && wait4(group, &status, 0, 0) == group);
	pids[5] = child(leads);
	pids[6] = child(turner);
	pids[7] = group;
	CHECK(get(from_b[0]) == 1);
	for (int i = 0; i < 500 && ended < 3; i++)
		sleep_ms(2);
	CHECK(!ktimer_create(CLOCK_MONOTONIC, &ev, &id) && !ktimer_settime(id, 0, &it, 0));
}
static void go(long ms)
{
	for (long round = 1; round <= ROUNDS; round++) {
		char line[5] = "a 00\n";
		long sum, at;
		give(to_a[1], round);
		sum = get(from_a[0]);
		line[2] = (char)('0' + round / 10), line[3] = (char)('0' + round % 10);
		CHECK(write(file, line, 5) == 5);
		give(to_b[1], round);
		at = get(from_b[0]);
		for (int i = 0; i < 1000 && *(volatile long *)&mem->grand < round; i++)
			sleep_ms(1);
		*(volatile long *)&mem->turn = round;
		umtx_op(&mem->turn, UMTX_OP_WAKE, 1, 0, 0);
		for (long t; (t = *(volatile long *)&mem->turned) != round; )
			umtx_op(&mem->turned, UMTX_OP_WAIT, t, 0, TS(0, 50000000));
		say("round %d: sum %d file %d grand %d turned %d pokes %d\n", round, sum, at, mem->grand, mem->turned, pokes);
		sleep_ms(ms);
	}
}
int main(int argc, char **argv)
{
	long ms = 0, pids[8];
	int status, were;
	char text[32] = "";

	for (char *s = argc > 1 ? argv[1] : "1"; *s; s++)
		ms = 10 * ms + *s - '0';
	root = getpid();
	begin(pids);
	were = ended;
	go(ms);
	CHECK(ended == were);
	CHECK(getpid() == root && getpgid(pids[4]) == pids[7] && getsid(pids[5]) == pids[5]);
	CHECK(wait4(pids[2], &status, 0, 0) == pids[2] && status == 3 << 8);
	CHECK(wait4(pids[3], &status, 0, 0) == pids[3] && status == SIGTERM);
	CHECK(!kill(-pids[7], SIGKILL) && wait4(-pids[7], &status, 0, 0) == pids[4] && status == SIGKILL);
	handle(SIGCHLD, 0, 0);
	give(to_a[1], -1), give(to_b[1], -1);
	mem->turn = -1;
	umtx_op(&mem->turn, UMTX_OP_WAKE, 1, 0, 0);
	CHECK(wait4(pids[0], &status, 0, 0) == pids[0]);
	say("the adder ends with %x\n", status);
	CHECK(wait4(pids[1], &status, 0, 0) == pids[1]);
	say("the watcher ends with %x, and timers %s\n", status, mem->timers > 0 ? "came" : "did not come");
	CHECK(wait4(pids[6], &status, 0, 0) == pids[6]);
	say("the turner ends with %x\n", status);
	char *p = (char *)mmap(0, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, shm, 0);
	pread(shm, text, 16, 9000);
	say("shared: %s, %c\n", text, p[9000]);
	CHECK(!kill(mem->told, SIGTERM) && wait4(pids[5], &status, 0, 0) == pids[5] && status == 7 << 8);
	CHECK(wait4(-1, &status, 0, 0) == -ECHILD);
	bounded();
	CHECK(ticks > 0);
	say("%s\n", bad ? "bad" : "nobody is left");
	quit(bad ? 1 : 42);
}
