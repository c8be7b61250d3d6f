/* SPDX-License-Identifier: BSD-2-Clause
 * Ways to make a process: fork, vfork, posix_spawn, clone and clone3 with what they write where, pidfds.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int shared;
static void on(int s) { }

static int child_fn(void *a)
{
	shared = 42;
	return *(int *)a;
}
static void end(const char *what, pid_t pid)
{
	int st = 0;
	pid_t w = waitpid(pid, &st, __WALL);
	printf("%s: %d %s %d\n", what, w == pid, WIFSIGNALED(st) ? "signal" : "exit", WIFSIGNALED(st) ? WTERMSIG(st) : WEXITSTATUS(st));
}
int main(void)
{
	static char stack[65536] __attribute__((aligned(64)));
	char *argv[] = { "sh", "-c", "exit 6", NULL };
	pid_t pid, ptid = 0, ctid = 0;
	int code = 11, pidfd = -1, status;

	setbuf(stdout, NULL);
	if (!(pid = fork()))
		_exit(1);
	end("fork", pid);
	shared = 0;
	if (!(pid = vfork())) {
		shared = 5;
		_exit(2);
	}
	end("vfork", pid);
	printf("vfork wrote %d\n", shared);
	if (!(pid = vfork())) {
		execl("/nonexistent", "x", NULL);
		_exit(errno);
	}
	end("vfork exec", pid);
	printf("spawn %d\n", posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	end("spawn", pid);
	printf("spawn missing %d\n", posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ));
	printf("system %d\n", WEXITSTATUS(system("exit 8")));

	shared = 0;
	pid = clone(child_fn, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &code);
	end("clone vm vfork", pid);
	printf("wrote %d\n", shared);
	shared = 0;
	pid = clone(child_fn, stack + sizeof stack, CLONE_VM | SIGCHLD, &code);
	end("clone vm", pid);
	printf("wrote %d\n", shared);
	shared = 0;
	pid = clone(child_fn, stack + sizeof stack, SIGCHLD, &code);
	end("clone copy", pid);
	printf("wrote %d\n", shared);
	pid = clone(child_fn, stack + sizeof stack, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, &code, &ptid, NULL, &ctid);
	end("clone settid", pid);
	printf("ptid %d ctid %d\n", ptid == pid, ctid);
	pid = clone(child_fn, stack + sizeof stack, CLONE_PIDFD | SIGCHLD, &code, &pidfd);
	struct pollfd pf = { pidfd, POLLIN, 0 };
	printf("pidfd %d cloexec %d\n", poll(&pf, 1, 2000), fcntl(pidfd, F_GETFD));
	end("clone pidfd", pid);

	signal(SIGUSR1, on);
	struct clone_args ca = { .flags = 0x100000000ull | CLONE_PIDFD, .pidfd = (unsigned long)&pidfd, .exit_signal = SIGCHLD };
	pid = (pid_t)syscall(SYS_clone3, &ca, sizeof ca);
	if (!pid) {
		struct sigaction sa;
		sigaction(SIGUSR1, NULL, &sa);
		_exit(sa.sa_handler == SIG_DFL ? 3 : 4);
	}
	end("clone3 clear", pid);
	ca = (struct clone_args){ .exit_signal = 65 };
	printf("clone3 bad: %ld %d\n", syscall(SYS_clone3, &ca, sizeof ca), errno);
	ca = (struct clone_args){ .stack = 4096 };
	printf("clone3 bad: %ld %d\n", syscall(SYS_clone3, &ca, sizeof ca), errno);
	printf("clone3 bad: %ld %d\n", syscall(SYS_clone3, &ca, 8), errno);
	printf("clone bad: %ld %d\n", syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), errno);
	if (!(pid = fork())) {
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	end("killed", pid);
	if (!(pid = fork())) {
		raise(SIGABRT);
		_exit(0);
	}
	end("aborted", pid);
	if (!(pid = fork())) {
		*(volatile int *)8 = 1;
		_exit(0);
	}
	end("faulted", pid);
	pid = fork();
	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	printf("stopped %d %d\n", WIFSTOPPED(status), WSTOPSIG(status));
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	printf("continued %d\n", WIFCONTINUED(status));
	kill(pid, SIGTERM);
	end("terminated", pid);
	return 0;
}
