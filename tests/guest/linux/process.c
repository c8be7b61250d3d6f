/* SPDX-License-Identifier: BSD-2-Clause
 * fork, vfork, posix_spawn, exec with and without a path, wait, exit handlers, /proc/self, pipes between processes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void bye(void) { puts("exit handler"); }

int main(int argc, char **argv)
{
	char path[PATH_MAX], line[256], *last;
	volatile int shared = 0;
	int st, p[2];
	pid_t pid;
	ssize_t n;

	setbuf(stdout, NULL);
	if (argc > 1 && !strcmp(argv[1], "again")) {
		printf("again %s %s %s\n", argv[2], getenv("COLOUR"), argv[0]);
		return 9;
	}
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	last = strrchr(path, '/');
	printf("exe %s\n", last ? last + 1 : path);
	FILE *f = fopen("/proc/self/cmdline", "r");
	n = (ssize_t)fread(line, 1, sizeof(line), f);
	printf("cmdline ends right %d\n", n > 8 && !strcmp(line + n - 8, "process"));
	fclose(f);
	f = fopen("/proc/self/comm", "r");
	printf("comm %s", fgets(line, sizeof(line), f));
	fclose(f);
	int stack = 0, text = 0;
	sbrk(4096);
	for (f = fopen("/proc/self/maps", "r"); f && fgets(line, sizeof(line), f);) {
		stack += strstr(line, "[stack]") != NULL;
		text += strstr(line, "/process") && strstr(line, "r-xp");
	}
	printf("stack %d text %d\n", stack, text);
	for (int fd = 3; fd < 2000; fd++)
		if (fd != fileno(f) && fcntl(fd, F_GETFD) >= 0)
			printf("descriptor %d is open\n", fd);
	fclose(f);

	pid = fork();
	if (!pid)
		_exit(3);
	waitpid(pid, &st, 0);
	printf("fork %d\n", WEXITSTATUS(st));
	pid = vfork();
	if (!pid) {
		shared = 42;
		execl("/no/such", "x", NULL);
		_exit(errno);
	}
	waitpid(pid, &st, 0);
	printf("vfork %d shared %d\n", WEXITSTATUS(st), shared);
	char *av[] = { "name", "again", "arg", NULL }, *ev[] = { "COLOUR=red", NULL };
	if (posix_spawn(&pid, path, NULL, NULL, av, ev))
		perror("spawn");
	waitpid(pid, &st, 0);
	printf("spawn %d\n", WEXITSTATUS(st));
	if (!(pid = fork())) {
		setenv("COLOUR", "blue", 1);
		execv("/proc/self/exe", av);
		_exit(99);
	}
	waitpid(pid, &st, 0);
	printf("exec self %d\n", WEXITSTATUS(st));
	printf("spawn missing %s\n", strerror(posix_spawnp(&pid, "no-such-program", NULL, NULL, av, ev)));
	printf("system %d\n", WEXITSTATUS(system("echo from sh; exit 6")));
	f = popen("tr a-z A-Z | sort -r", "w");
	fputs("one\ntwo\nthree\n", f);
	printf("pclose %d\n", pclose(f));
	pipe(p);
	if (!(pid = fork())) {
		dup2(p[1], 1);
		execlp("printf", "printf", "%s-%s", "a", "b", NULL);
		_exit(99);
	}
	close(p[1]);
	n = read(p[0], line, sizeof(line));
	printf("%.*s\n", (int)n, line);
	wait(NULL);
	long *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 20; i++)
		if (!fork()) {
			__atomic_add_fetch(sh, i, __ATOMIC_SEQ_CST);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	printf("sum %ld errno %s\n", *sh, strerror(errno));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!(pid = fork())) {
		fexecve(fd, av, ev);
		_exit(98);
	}
	waitpid(pid, &st, 0);
	printf("fexecve %d\n", WEXITSTATUS(st));
	atexit(bye);
	return 5;
}
