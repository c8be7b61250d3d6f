/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A signal to the process that meets one thread just as it blocks it is the other thread's, which does not.
 * TEST timeout: 150
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 2000 };
static volatile int *go, handled;

static void on_signal(int sig) { __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST); }
static void *other(void *none)
{
	for (;;)
		pause();
	return none;
}
static void sender(pid_t to)
{
	for (int i = 1; i <= ROUNDS; i++) {
		while (*go < i)
			if (getppid() != to)
				_exit(0);
		kill(to, SIGUSR1);
	}
	_exit(0);
}
static int arrives(int i)
{
	time_t end = time(NULL) + 5;
	while (handled < i)
		if (time(NULL) > end)
			return 0;
	return 1;
}
int main(void)
{
	pid_t me = getpid(), kid;
	pthread_t t;
	sigset_t usr1;
	int i = 1;

	go = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGUSR1, on_signal);
	if (!(kid = fork()))
		sender(me);
	pthread_create(&t, NULL, other, NULL);
	usleep(100000);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	for (; i <= ROUNDS; i++) {
		pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
		*go = i;
		for (volatile int j = rand() % 3000; j > 0; j--)
			;
		pthread_sigmask(SIG_BLOCK, &usr1, NULL);
		if (!arrives(i))
			break;
	}
	printf("%d of %d came\n", i - 1, ROUNDS);
	kill(kid, SIGKILL);
	return 0;
}
