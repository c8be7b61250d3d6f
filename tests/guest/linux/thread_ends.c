/* SPDX-License-Identifier: BSD-2-Clause
 * Threads: creation and end in numbers, cancellation, robust mutexes, signals to one thread, the main thread leaving first.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long count;
static __thread int mine = 3;
static sem_t ready;

static void *add(void *a)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&lock);
		count++;
		pthread_mutex_unlock(&lock);
	}
	mine += (int)(long)a;
	return (void *)(long)mine;
}
static void cleanup(void *a) { printf("cleanup %s\n", (char *)a); }
static void *wait_forever(void *a)
{
	pthread_cleanup_push(cleanup, "outer");
	sem_post(&ready);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}
static void *die_holding(void *m)
{
	pthread_mutex_lock(m);
	return NULL;
}
static volatile long got_tid;
static void on_usr1(int s) { got_tid = syscall(SYS_gettid); }
static void *take_signal(void *a)
{
	*(long *)a = syscall(SYS_gettid);
	sem_post(&ready);
	while (!got_tid)
		usleep(1000);
	return NULL;
}
static void *outlive(void *a)
{
	usleep(50000);
	printf("after main\n");
	exit(9);
}
int main(void)
{
	pthread_t t[16];
	void *r;
	long sum = 0, tid;

	setbuf(stdout, NULL);
	sem_init(&ready, 0, 0);
	for (int round = 0; round < 20; round++) {
		for (long i = 0; i < 16; i++)
			if (pthread_create(&t[i], NULL, add, (void *)i))
				perror("create");
		for (int i = 0; i < 16; i++) {
			pthread_join(t[i], &r);
			sum += (long)r;
		}
	}
	printf("count %ld sum %ld\n", count, sum);

	pthread_create(&t[0], NULL, wait_forever, NULL);
	sem_wait(&ready);
	pthread_cancel(t[0]);
	pthread_join(t[0], &r);
	printf("canceled %d\n", r == PTHREAD_CANCELED);

	pthread_mutexattr_t ma;
	pthread_mutex_t robust;
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &ma);
	for (int i = 0; i < 50; i++) {
		pthread_create(&t[0], NULL, die_holding, &robust);
		int e = pthread_mutex_lock(&robust);         /* may come first, or find the owner dead */
		if (e == EOWNERDEAD)
			pthread_mutex_consistent(&robust);
		else if (e)
			printf("lock %d\n", e);
		pthread_mutex_unlock(&robust);
		pthread_join(t[0], NULL);
		e = pthread_mutex_trylock(&robust);
		if (e == EOWNERDEAD)
			pthread_mutex_consistent(&robust);
		else if (e)
			printf("trylock after join %d\n", e);
		pthread_mutex_unlock(&robust);
	}
	printf("robust done\n");

	signal(SIGUSR1, on_usr1);
	pthread_create(&t[0], NULL, take_signal, &tid);
	sem_wait(&ready);
	pthread_kill(t[0], SIGUSR1);
	pthread_join(t[0], NULL);
	printf("to the right thread %d\n", got_tid == tid && tid != getpid());

	pid_t pid = fork();
	if (!pid) {
		pthread_create(&t[0], NULL, add, (void *)1);
		pthread_join(t[0], &r);
		printf("thread in child %ld\n", (long)r);
		exit(4);
	}
	int st;
	waitpid(pid, &st, 0);
	printf("child %d\n", WEXITSTATUS(st));
	pthread_create(&t[0], NULL, outlive, NULL);
	pthread_exit(NULL);
}
