/* SPDX-License-Identifier: BSD-2-Clause
 * The operations of _umtx_op that no other test makes: one sleeper of a condition variable woken, the old semaphore, the
 * old wake-up of a mutex, and pages that processes share by the name of a byte.
 * TEST timeout: 30
 */
#include "fbsd.h"

enum { SHM_CREAT = 1, SHM_LOOKUP = 2, SHM_DESTROY = 4, SHM_ALIVE = 8 };
struct usem { u32 has_waiters, count, flags; };

static struct umutex m;
static struct ucond cv;
static struct usem sem;
static volatile int asleep, woken, ended;

static long tid(void)
{
	long id;
	thr_self(&id);
	return id;
}
static void end(void)
{
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	for (;;)
		thr_exit(0);
}
static void until(volatile int *what, int value)
{
	for (int i = 0; i < 3000 && *what != value; i++)
		sleep_ms(1);
}
static void sleeper(void *arg)
{
	umtx_op(&m, UMTX_OP_MUTEX_LOCK, 0, 0, 0);
	asleep++;
	umtx_op(&cv, UMTX_OP_CV_WAIT, 0, &m, 0);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	end();
}
static void conditions(void)
{
	say("condition\n");
	for (int i = 0; i < 3; i++)
		thread(sleeper, 0);
	until(&asleep, 3);
	for (int i = 0; i < 1000 && m.owner & ~UMUTEX_CONTESTED; i++)
		sleep_ms(1);
	sleep_ms(20);
	show(cv.has_waiters);
	show(umtx_op(&cv, UMTX_OP_CV_SIGNAL, 0, 0, 0));
	until(&woken, 1);
	sleep_ms(50);
	show(woken);
	show(umtx_op(&cv, UMTX_OP_CV_SIGNAL, 0, 0, 0));
	until(&woken, 2);
	show(woken);
	show(umtx_op(&cv, UMTX_OP_CV_BROADCAST, 0, 0, 0));
	until(&ended, 3);
	show(woken);
	show(cv.has_waiters);
	show(umtx_op(&cv, UMTX_OP_CV_SIGNAL, 0, 0, 0));
	show(umtx_op(8, UMTX_OP_CV_SIGNAL, 0, 0, 0));
}
static volatile long slept = 99;
static void sem_sleeper(void *arg)
{
	slept = umtx_op(&sem, UMTX_OP_SEM_WAIT, 0, 0, 0);
	end();
}
static void semaphores(void)
{
	say("semaphore\n");
	ended = 0;
	sem.count = 1;
	show(umtx_op(&sem, UMTX_OP_SEM_WAIT, 0, 0, 0));          /* there is one: no sleep */
	sem.count = 0;
	show(umtx_op(&sem, UMTX_OP_SEM_WAIT, 0, 0, TS(0, 20000000)));
	show(sem.has_waiters);
	thread(sem_sleeper, 0);
	for (int i = 0; i < 1000 && !sem.has_waiters; i++)
		sleep_ms(1);
	sleep_ms(20);
	__atomic_add_fetch(&sem.count, 1, __ATOMIC_SEQ_CST);
	show(umtx_op(&sem, UMTX_OP_SEM_WAKE, 0, 0, 0));
	until(&ended, 1);
	show(slept);
	show(sem.has_waiters);
	show(umtx_op(&sem, UMTX_OP_SEM_WAKE, 0, 0, 0));
	show(umtx_op(8, UMTX_OP_SEM_WAIT, 0, 0, 0));
	show(umtx_op(8, UMTX_OP_SEM_WAKE, 0, 0, 0));
}
/* Somebody waits for the mutex; it is set free in memory, and the old call wakes him. */
static void mutex_sleeper(void *arg)
{
	slept = umtx_op(&m, UMTX_OP_MUTEX_WAIT, 0, 0, 0);
	end();
}
static void mutexes(void)
{
	say("mutex\n");
	ended = 0;
	slept = 99;
	m = (struct umutex){ .owner = (u32)tid() };
	show(umtx_op(&m, UMTX_OP_MUTEX_WAKE, 0, 0, 0));          /* owned: nothing to do */
	thread(mutex_sleeper, 0);
	for (int i = 0; i < 1000 && !(m.owner & UMUTEX_CONTESTED); i++)
		sleep_ms(1);
	sleep_ms(20);
	yes(m.owner == ((u32)tid() | UMUTEX_CONTESTED));
	m.owner = UMUTEX_CONTESTED;
	show(umtx_op(&m, UMTX_OP_MUTEX_WAKE, 0, 0, 0));
	until(&ended, 1);
	show(slept);
	show(m.owner);
	show(umtx_op(8, UMTX_OP_MUTEX_WAKE, 0, 0, 0));
	/* the same by the newer call, which is told the flags */
	ended = 0;
	slept = 99;
	m.owner = (u32)tid();
	thread(mutex_sleeper, 0);
	for (int i = 0; i < 1000 && !(m.owner & UMUTEX_CONTESTED); i++)
		sleep_ms(1);
	sleep_ms(20);
	m.owner = UMUTEX_CONTESTED;
	show(umtx_op(&m, UMTX_OP_MUTEX_WAKE2, m.flags, 0, 0));
	until(&ended, 1);
	show(slept);
	show(m.owner);
	show(umtx_op(8, UMTX_OP_MUTEX_WAKE2, 0, 0, 0));
}
static long page(int how, void *at) { return umtx_op(0, UMTX_OP_SHM, how, at, 0); }
static void pages_by_name(void)
{
	long file = open("shared", O_RDWR | O_CREAT, 0600), fd, again, kid;
	ftruncate(file, 8192);
	char *name = (char *)mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	char *twin = (char *)mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	struct stat st;

	say("pages\n");
	show(page(SHM_LOOKUP, name));
	fd = page(SHM_CREAT, name);
	yes(fd > 2 && fcntl(fd, F_GETFD, 0) == FD_CLOEXEC && (fcntl(fd, F_GETFL, 0) & O_ACCMODE) == O_RDWR);
	fstat(fd, &st);
	show(st.size);
	volatile int *p = (volatile int *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	*p = 41;
	if (!(kid = fork())) {                           /* by another mapping of the same byte, in another process */
		again = page(SHM_LOOKUP, twin);
		volatile int *q = (volatile int *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
		say("other %d\n", *q);
		*q = 42;
		quit(0);
	}
	wait_for(kid);
	show(*p);
	again = page(SHM_CREAT, twin);                   /* exists: the same */
	show(((volatile int *)mmap(0, 4096, PROT_READ, MAP_SHARED, again, 0))[0]);
	show(page(SHM_LOOKUP, name + 64));               /* another byte, another page */
	show(page(SHM_ALIVE, name));
	show(page(SHM_DESTROY, name));
	show(page(SHM_LOOKUP, name));
	show(page(SHM_DESTROY, name));
	show(*p);                                        /* who has it keeps it */
	show(page(SHM_CREAT | SHM_LOOKUP, name));
	show(page(0, name));
	show(page(SHM_CREAT, (void *)8));
}
int main(int argc, char **argv)
{
	conditions();
	semaphores();
	mutexes();
	pages_by_name();
	return 0;
}
