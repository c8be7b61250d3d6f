/* SPDX-License-Identifier: BSD-2-Clause
 * A tree of processes to be saved (tests/real/snapshot_tree.test takes one in the middle; argv[1] says how many ms a round takes):
 * pipes between them, an open file and its place shared, shared memory with a lock, a memfd, children that have ended and nobody
 * has waited for, a group whose leader is gone, a session of its own, signals by number. What it prints is the same in every
 * run. TEST proves: nothing */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 20
#define CHECK(x) do { if (!(x)) { printf("line %d: %s (%s)\n", __LINE__, #x, strerror(errno)); fflush(stdout); bad = 1; } } while (0)

struct shared { pthread_mutex_t lock; int counter, grand; volatile int told, by; };
static struct shared *mem;
static int bad, to_a[2], from_a[2], to_b[2], from_b[2], file, memfd;
static volatile sig_atomic_t poked, ended;

static void on_poke(int sig, siginfo_t *si, void *uc) { poked++; }
static void on_child(int sig) { ended++; }
static int get(int fd)
{
	int v = -1;
	while (read(fd, &v, sizeof v) < 0 && errno == EINTR)
		;
	return v;
}
static void give(int fd, int v) { CHECK(write(fd, &v, sizeof v) == sizeof v); }
static void count(int *which)
{
	pthread_mutex_lock(&mem->lock);
	++*which;
	pthread_mutex_unlock(&mem->lock);
}
/* Adds up what it is told; has a child of its own, which counts as long as it is poked */
static int adder(pid_t root)
{
	int sum = 0, v, status, end[2];
	pid_t grand;
	pipe(end);
	if (!(grand = fork())) {
		char c;
		close(end[1]);
		while (read(end[0], &c, 1) == 1) {
			count(&mem->grand);
			mem->by = getpid();
		}
		_exit(9);
	}
	close(end[0]);
	while ((v = get(to_a[0])) >= 0) {
		CHECK(getppid() == root);
		CHECK(write(end[1], "x", 1) == 1);
		sum += v;
		CHECK(kill(root, SIGUSR1) == 0);
		give(from_a[1], sum);
	}
	close(end[1]);
	CHECK(waitpid(grand, &status, 0) == grand && WIFEXITED(status) && WEXITSTATUS(status) == 9);
	CHECK(mem->by == grand);
	return bad ? 1 : 5;
}
static int writer(void)
{
	int v;
	char line[32];
	while ((v = get(to_b[0])) >= 0) {
		count(&mem->counter);
		sprintf(line, "b %02d\n", v);
		CHECK(write(file, line, 5) == 5);
		give(from_b[1], (int)lseek(file, 0, SEEK_CUR));
	}
	return 6;
}
static pid_t child(int (*fn)(pid_t), pid_t root)
{
	pid_t pid = fork();
	if (!pid) {
		close(to_a[1]), close(to_b[1]);
		_exit(fn(root));
	}
	return pid;
}
static int b(pid_t root) { return writer(); }
static int sleeps(pid_t root)
{
	for (;;)
		pause();
	return 0;
}
static int leads(pid_t root)                     /* a session of its own, with a child in its group */
{
	int v = setsid();
	CHECK(v == getpid());
	pid_t kid = child(sleeps, root);
	mem->told = kid;
	give(from_b[1], 1);
	int status;
	CHECK(waitpid(kid, &status, 0) == kid && WTERMSIG(status) == SIGTERM);
	CHECK(getsid(0) == getpid() && getpgrp() == getpid());
	return bad ? 1 : 7;
}
int main(int argc, char **argv)
{
	int each = argc > 1 ? atoi(argv[1]) : 1, status;
	struct sigaction poke = { .sa_sigaction = on_poke, .sa_flags = SA_SIGINFO | SA_RESTART }, chld = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	pthread_mutexattr_t attr;
	pid_t root = getpid(), group, pids[8];

	mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&mem->lock, &attr);
	sigaction(SIGUSR1, &poke, NULL);
	sigaction(SIGCHLD, &chld, NULL);
	CHECK(!pipe(to_a) && !pipe(from_a) && !pipe(to_b) && !pipe(from_b));
	file = open("tree.log", O_RDWR | O_CREAT | O_TRUNC, 0600);
	memfd = memfd_create("tree", 0);
	CHECK(ftruncate(memfd, 10000) == 0 && pwrite(memfd, "in a memfd", 10, 9000) == 10 && lseek(memfd, 77, SEEK_SET) == 77);
	pids[0] = child(adder, root);
	pids[1] = child(b, root);
	if (!(pids[2] = fork()))
		_exit(3);
	pids[3] = child(sleeps, root);
	kill(pids[3], SIGTERM);
	if (!(group = fork())) {
		setpgid(0, 0);
		_exit(0);
	}
	setpgid(group, group);
	pids[4] = child(sleeps, root);
	CHECK(setpgid(pids[4], group) == 0);
	CHECK(waitpid(group, &status, 0) == group);
	pids[5] = child(leads, root);
	CHECK(get(from_b[0]) == 1);
	siginfo_t si;
	CHECK(waitid(P_PID, pids[2], &si, WEXITED | WNOWAIT) == 0 && waitid(P_PID, pids[3], &si, WEXITED | WNOWAIT) == 0);
	usleep(20000);
	int were = ended;
	for (int round = 1; round <= ROUNDS; round++) {
		char text[16] = "";
		int v;
		give(to_a[1], round);
		v = get(from_a[0]);
		printf("round %d: sum %d", round, v);
		sprintf(text, "a %02d\n", round);
		CHECK(write(file, text, 5) == 5);
		give(to_b[1], round);
		printf(" file %d", get(from_b[0]));
		for (int i = 0; i < 500 && mem->grand < round; i++)
			usleep(1000);
		printf(" counters %d %d pokes %d\n", mem->counter, mem->grand, poked);
		fflush(stdout);
		CHECK(lseek(memfd, 0, SEEK_CUR) == 77);
		usleep(each * 1000);
	}
	CHECK(ended == were);
	CHECK(getpid() == root && getpgid(pids[4]) == group && getsid(pids[5]) == pids[5]);
	CHECK(waitpid(pids[2], &status, 0) == pids[2] && WIFEXITED(status) && WEXITSTATUS(status) == 3);
	CHECK(waitpid(pids[3], &status, 0) == pids[3] && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	CHECK(kill(-group, SIGKILL) == 0);
	CHECK(waitpid(-group, &status, 0) == pids[4] && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	signal(SIGTERM, SIG_IGN);
	give(to_a[1], -1), give(to_b[1], -1);
	CHECK(waitpid(pids[0], &status, 0) == pids[0]);
	printf("a ends with %d\n", WEXITSTATUS(status));
	CHECK(waitpid(pids[1], &status, 0) == pids[1]);
	printf("b ends with %d\n", WEXITSTATUS(status));
	struct stat st;
	fstat(memfd, &st);
	char *p = mmap(NULL, 12288, PROT_READ, MAP_PRIVATE, memfd, 0);
	printf("memfd %ld: %.10s\n", (long)st.st_size, p + 9000);
	CHECK(kill(mem->told, SIGTERM) == 0);
	CHECK(waitpid(pids[5], &status, 0) == pids[5] && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK(waitpid(-1, &status, 0) < 0 && errno == ECHILD);
	printf("nobody is left\n");
	return bad ? 1 : 42;
}
