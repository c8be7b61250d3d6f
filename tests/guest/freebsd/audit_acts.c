/* SPDX-License-Identifier: BSD-2-Clause
 * TEST fixture: real/audit.test
 *
 * Does what its arguments say, one after the other, and shows how it ended: r:PATH w:PATH (open), e:PATH (with O_EXEC,
 * then fexecve in a child), x:PATH (execve in a child), c:PORT (connect to loopback), u:PATH (unlink), s:PATH (bind a
 * local socket), m:NAME (shm_open), l:PATH (link to "linked"), f: what follows in a child, t: in a thread, k: kill itself by SIGUSR1, i: ioctl, p: getpid.
 */
#include "fbsd.h"

static volatile int done;
static char **rest;

static void act(char **v);
static void other(void *p)
{
	act(rest);
	done = 1;
	sys(SYS_thr_exit, 0);
}
static void fexec(const char *path)
{
	char *argv[] = { (char *)path, "p:", 0 };
	long fd = open(path, O_EXEC), child;
	say("open %s: %e\n", path, fd);
	if (fd < 0)
		return;
	if (!(child = fork())) {
		say("fexecve: %e\n", sys(SYS_fexecve, fd, argv, env));
		quit(9);
	}
	say("fexecve: %d\n", wait_for(child));
}
static void run(const char *path)
{
	char *argv[] = { (char *)path, "p:", 0 };
	long child = fork();
	if (!child) {
		say("execve: %e\n", sys(SYS_execve, path, argv, env));
		quit(9);
	}
	say("%s: %d\n", path, wait_for(child));
}
static void local(const char *path)
{
	struct sockaddr_un un = { sizeof un, 1 };
	strcpy(un.path, path);
	say("bind %s: %e\n", path, bind(socket(1, 1, 0), &un, sizeof un));
}
static void port(const char *text)
{
	struct sockaddr_in in = { sizeof in, 2, 0, 0x0100007f };
	long n = 0;
	for (; *text; text++)
		n = n * 10 + *text - '0';
	in.port = (u16)(n >> 8 | n << 8);
	say("connect: %e\n", connect(socket(2, 1, 0), &in, sizeof in));
}
static void act(char **v)
{
	for (; *v; v++) {
		const char *s = *v + 2;
		long child;
		switch (**v) {
		case 'r': say("open %s: %e\n", s, open(s, O_RDONLY)); break;
		case 'w': say("create %s: %e\n", s, open(s, O_RDWR | O_CREAT, 0600)); break;
		case 'u': say("unlink %s: %e\n", s, unlink(s)); break;
		case 'l': say("link %s: %e\n", s, link(s, "linked")); break;
		case 'e': fexec(s); break;
		case 'x': run(s); break;
		case 's': local(s); break;
		case 'c': port(s); break;
		case 'm': say("shm_open %s: %e\n", s, sys(SYS_freebsd12_shm_open, s, O_RDWR | O_CREAT, 0600)); break;
		case 'k': say("kill: %e\n", kill(getpid(), 30)); break;
		case 'i': say("ioctl: %e\n", sys(SYS_ioctl, 0, 0x4004667f, &child)); break;
		case 'p': say("getpid: %s\n", getpid() > 0 ? "good" : "denied"); break;
		case 'f':
			if (!(child = fork())) {
				act(v + 1);
				quit(7);
			}
			say("child: %d\n", wait_for(child));
			return;
		case 't':
			rest = v + 1;
			thread(other, 0);
			while (!done)
				sleep_ms(1);
			return;
		}
	}
}
int main(int argc, char **argv)
{
	act(argv + 1);
	return 0;
}
