/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A fork while another thread moves the break: the child can move it, too.
 * TEST timeout: 60
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *mover(void *none)
{
	long b = syscall(SYS_brk, 0);
	for (;;) {
		syscall(SYS_brk, b + 65536);
		syscall(SYS_brk, b);
	}
	return none;
}
int main(void)
{
	pthread_t t;
	int status = 0, i;

	pthread_create(&t, NULL, mover, NULL);
	for (i = 0; i < 500 && !status; i++) {
		long kid = syscall(SYS_fork);
		if (!kid) {
			alarm(5);
			syscall(SYS_brk, syscall(SYS_brk, 0) + 4096);
			syscall(SYS_exit_group, 0);
		}
		waitpid((pid_t)kid, &status, 0);
	}
	printf("%d forks, the last ended with %d\n", i, status);
	return 0;
}
