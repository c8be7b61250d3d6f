/* SPDX-License-Identifier: BSD-2-Clause
 * pthreads: 8 threads, mutexes, condition variables, barriers, thread-local storage, cancellation, a million hand-offs. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { N = 8, ROUNDS = 125000 };
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t bar;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static long counter, turn, cleaned;
static __thread long mine = 5;
static pthread_key_t key;

static void *work(void *arg)
{
	mine += (long)arg;
	pthread_setspecific(key, (void *)mine);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&m);
		counter++;
		pthread_mutex_unlock(&m);
	}
	pthread_barrier_wait(&bar);
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&m);
		while (turn % N != (long)arg)
			pthread_cond_wait(&cv, &m);
		turn++;
		pthread_cond_broadcast(&cv);
		pthread_mutex_unlock(&m);
	}
	pthread_rwlock_rdlock(&rw);
	pthread_rwlock_unlock(&rw);
	sem_post(&sem);
	return (void *)(mine * 100 + (long)pthread_getspecific(key));
}
static void cleanup(void *p) { cleaned++; }
static void *forever(void *p)
{
	pthread_cleanup_push(cleanup, NULL);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}
static void destroy(void *p) { __atomic_add_fetch(&cleaned, 10, __ATOMIC_SEQ_CST); }

static void *nothing(void *p) { return p; }

int main(void)
{
	pthread_t t[N], f;
	void *r;
	long sum = 0;

	pthread_key_create(&key, destroy);
	pthread_barrier_init(&bar, NULL, N);
	sem_init(&sem, 0, 0);
	for (long i = 0; i < N; i++)
		pthread_create(&t[i], NULL, work, (void *)i);
	for (int i = 0; i < N; i++)
		sem_wait(&sem);
	for (int i = 0; i < N; i++) {
		pthread_join(t[i], &r);
		sum += (long)r;
	}
	printf("counter %ld turn %ld sum %ld cleaned %ld mine %ld\n", counter, turn, sum, cleaned, mine);
	pthread_create(&f, NULL, forever, NULL);
	usleep(10000);
	pthread_cancel(f);
	pthread_join(f, &r);
	printf("cancelled %d cleaned %ld\n", r == PTHREAD_CANCELED, cleaned);
	for (int i = 0; i < 500; i++) {
		pthread_create(&f, NULL, nothing, NULL);
		pthread_join(f, NULL);
	}
	puts("500 came and went");
	fflush(stdout);
	pthread_create(&f, NULL, forever, NULL);
	exit(4);
}
