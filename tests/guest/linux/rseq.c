/* SPDX-License-Identifier: BSD-2-Clause
 * What the kernel keeps for a thread and libc asks for as it starts: restartable sequences and the list of robust mutexes,
 * in the first thread, in another, after fork and in a program that was executed.
 * TEST without: kvm, where the host's kernel does nothing for a program by itself: no vDSO, no restartable sequences
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void look(const char *where)
{
	struct rseq *r = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	static struct rseq other __attribute__((aligned(32)));
	void *head = NULL;
	size_t len = 0;
	long list = syscall(SYS_get_robust_list, 0, &head, &len);
	long again = syscall(SYS_rseq, r, 32, 0, RSEQ_SIG);
	int e = errno;
	long second = syscall(SYS_rseq, &other, 32, 0, RSEQ_SIG);

	printf("%s: size %u flags %u known %d again %ld %s other %ld %s list %ld %zu %d\n", where, __rseq_size, __rseq_flags,
	       (int)r->cpu_id >= 0, again, strerror(e), second, strerror(errno), list, len, head != NULL);
	fflush(stdout);
}
static void *thread(void *name)
{
	look(name);
	return NULL;
}
int main(int argc, char **argv)
{
	pthread_t t;

	look(argc > 1 ? "executed" : "first");
	pthread_create(&t, NULL, thread, "thread");
	pthread_join(t, NULL);
	if (fork() == 0) {
		look("child");
		pthread_create(&t, NULL, thread, "child's thread");
		pthread_join(t, NULL);
		_exit(0);
	}
	wait(NULL);
	if (argc == 1)
		execl("/proc/self/exe", argv[0], "again", NULL);
	return 0;
}
