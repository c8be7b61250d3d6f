/* SPDX-License-Identifier: BSD-2-Clause
 * A small tree whose snapshots are edited (tests/real/snapshot_hostile.test): it sends no signal to anybody, so that a copy with
 * wrong numbers in it harms nobody. A child and its child pass a word around by pipes and shared memory; a thread, a timer, a
 * break, a file, a socket that listens. Ends with 42 by itself. TEST proves: nothing */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int ring[4][2];
static volatile int *mem;

static void *counts(void *arg)
{
	for (;; mem[1]++)
		usleep(1000);
	return arg;
}
static void passes(int from, int to)
{
	int v;
	alarm(30);
	while (read(ring[from][0], &v, sizeof v) == sizeof v && v > 0) {
		mem[0] = v;
		v++;
		if (write(ring[to][1], &v, sizeof v) != sizeof v)
			break;
	}
	_exit(0);
}
int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 20, v = 1;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN };
	pthread_t t;
	char *heap = sbrk(8192), gone[4] = "";
	int fd = open(argv[0], O_RDONLY), ep = epoll_create1(0), ls = socket(AF_INET, SOCK_STREAM, 0);

	alarm(30);
	mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 4; i++)
		if (pipe(ring[i]))
			return 1;
	bind(ls, (void *)&in, sizeof in);
	listen(ls, 5);
	epoll_ctl(ep, EPOLL_CTL_ADD, ring[2][0], &e);
	lseek(fd, 4, SEEK_SET);
	strcpy(heap, "here");
	if (!fork())
		_exit(3);
	if (!fork()) {
		if (!fork())
			passes(1, 2);
		passes(0, 1);
	}
	pthread_create(&t, NULL, counts, NULL);
	for (int i = 1; i <= rounds; i++) {
		if (write(ring[0][1], &v, sizeof v) != sizeof v || read(ring[2][0], &v, sizeof v) != sizeof v)
			return 2;
		printf("round %d: %d\n", i, v);
		fflush(stdout);
		usleep(20000);
	}
	if (strcmp(heap, "here") || read(fd, gone, 3) < 0 || mem[0] != v - 1)
		return 3;
	brk(heap);
	v = 0;
	if (write(ring[0][1], &v, sizeof v) < 0)
		return 4;
	puts("the end");
	return 42;
}
