/* SPDX-License-Identifier: BSD-2-Clause
 * execve: another FreeBSD program (this one again), a native one, scripts; what survives it and what does not; the errors
 * leave the caller as it was. */
#include "fbsd.h"

static char self[1024];

static void in_child(const char *path, char **argv, char **envp)
{
	long p = fork();

	if (p == 0) {
		say("execve %s: %e\n", path == self ? "self" : path == (char *)8 ? "8" : path, execve(path, argv, envp));
		quit(50);
	}
	say("-> %x\n", wait_for(p));
}

static int again(int argc, char **argv)
{
	struct sigaction sa;
	sigset_t mask;

	say("again:");
	for (int i = 0; i < argc; i++)
		say(" [%s]", i == 0 && argv[0][0] == '/' ? "the interpreter" : argv[i]);
	say(" A=%s second=%s\n", env[0] ? env[0] : "none", env[0] && env[1] ? env[1] : "none");
	say("fd 20: %e, fd 21: %e\n", fcntl(20, F_GETFD, 0), fcntl(21, F_GETFD, 0));
	sigaction(SIGUSR1, 0, &sa);
	say("USR1 %s,", sa.handler ? "handled" : "default");
	sigaction(SIGUSR2, 0, &sa);
	sigprocmask(0, 0, &mask);
	say(" USR2 %s, TERM %s\n", sa.handler == (void *)SIG_IGN ? "ignored" : "not ignored",
	    sigset_has(&mask, SIGTERM) ? "blocked" : "not blocked");
	return 9;
}

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
}

int main(int argc, char **argv)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	sigset_t term = SIGSET(SIGTERM);
	char *av[] = { "name", "one", "", "three", 0 }, *ev[] = { "A=1", "B=2", 0 };
	char *echo[] = { "echo", "native", 0 }, *none[] = { 0 }, *script[] = { "script", "x", "y z", 0 };
	long path;

	if (!strcmp(argv[0], "name") || (argc > 1 && !strcmp(argv[1], "-interp")))
		return again(argc, argv);
	auxv(15, &path);
	strcpy(self, (char *)path);
	dup2(1, 20);
	dup2(1, 21);
	fcntl(20, F_SETFD, FD_CLOEXEC);
	handle(SIGUSR1, on, 0);
	sigaction(SIGUSR2, &ign, 0);
	sigprocmask(SIG_BLOCK, &term, 0);
	in_child(self, av, ev);
	in_child(self, av, none);
	in_child("/bin/echo", echo, ev);

	put_file("native.sh", "#!/bin/sh\necho script: $0 $1 \"$2\"\nexit 4\n");
	chmod("native.sh", 0755);
	in_child("native.sh", script, ev);
	long fd = open("own.sh", O_CREAT | O_WRONLY, 0755);
	say_fd(fd, "#!%s -interp\n", self);
	close(fd);
	long p = fork();
	if (p == 0) {
		execve("own.sh", script, ev);
		quit(1);
	}
	say("-> %x\n", wait_for(p));

	put_file("plain", "not a program\n");
	in_child("plain", script, ev);
	chmod("plain", 0755);
	in_child("plain", script, ev);
	in_child("none", script, ev);
	in_child("/", script, ev);
	in_child("plain/x", script, ev);
	put_file("bad.sh", "#!/no/such/interpreter\n");
	chmod("bad.sh", 0755);
	in_child("bad.sh", script, ev);
	in_child((char *)8, script, ev);
	in_child("/bin/echo", (char **)8, ev);
	in_child("/bin/echo", script, (char **)8);
	return 0;
}
