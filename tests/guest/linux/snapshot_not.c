/* SPDX-License-Identifier: BSD-2-Clause
 * Guests that cannot be saved, each for one reason (tests/real/snapshot.test names it and asks). They go on when a file says
 * so, and end with 7. TEST proves: nothing */
#include <fcntl.h>
#include <signal.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int child;

/* Of its own group and parent: no child of the guest, but it has what the guest has */
static int stranger(void)
{
	if (!(child = fork())) {
		if (fork())
			_exit(0);
		return 1;
	}
	waitpid(child, NULL, 0);
	child = 0;
	return 0;
}
static void stays(void)
{
	for (int i = 0; i < 6000 && access("no.go", F_OK); i++)
		usleep(10000);
	_exit(0);
}
static void socket_(void)
{
	int s[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	if (stranger()) {
		close(s[0]);
		stays();
	}
	close(s[1]);
}
static void both(void)                           /* ... and so has a stranger */
{
	int s[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	if (stranger())
		stays();
}
static int knock(void)                           /* a descriptor that is connected to a listening one of ours */
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof in;
	int ls = socket(AF_INET, SOCK_STREAM, 0), cs = socket(AF_INET, SOCK_STREAM, 0);
	bind(ls, (void *)&in, sizeof in);
	listen(ls, 1);
	getsockname(ls, (void *)&in, &n);
	connect(cs, (void *)&in, n);
	return cs;
}
static void tcp(void) { knock(); }
static void child_(void)
{
	if (!(child = fork())) {
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, NULL, WUNTRACED);
}
static int file(void)
{
	int fd = open("no.file", O_RDWR | O_CREAT, 0600);
	ftruncate(fd, 8192);
	return fd;
}
static void deleted(void) { (void)!ftruncate(file(), 300 << 20); unlink("no.file"); }
static void shared(void)
{
	int fd = file();
	mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	unlink("no.file");
}
static void fifo(void) { mkfifo("no.fifo", 0600); open("no.fifo", O_RDWR); unlink("no.fifo"); }
static void inotify(void) { inotify_init1(0); }
static void outside(void)
{
	int p[2];
	pipe(p);
	if (stranger())
		stays();
}
static void async(void)
{
	int p[2];
	pipe(p);
	fcntl(p[0], F_SETOWN, getpid());
	fcntl(p[0], F_SETFL, O_ASYNC);
	signal(SIGIO, SIG_IGN);
}
static void accept_(void) { close(knock()); }    /* somebody knocks, and has gone again */
static void master(void) { open("/dev/ptmx", O_RDWR | O_NOCTTY); }
static void cancel(void)
{
	struct itimerspec it = { .it_value = { 2000000000, 0 } };
	timerfd_settime(timerfd_create(CLOCK_REALTIME, 0), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &it, NULL);
}
static const struct { const char *name; void (*fn)(void); } cases[] = {
	{ "socket", socket_ }, { "both", both }, { "tcp", tcp }, { "child", child_ }, { "deleted", deleted }, { "shared", shared }, { "fifo", fifo },
	{ "inotify", inotify }, { "outside", outside },
	{ "async", async }, { "accept", accept_ }, { "master", master }, { "cancel", cancel },
};
int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++)
		if (!strcmp(cases[i].name, argv[1]))
			cases[i].fn();
	puts("ready");
	fflush(stdout);
	for (int i = 0; argc > 1 && i < 6000 && access("no.go", F_OK); i++)
		usleep(10000);
	if (child)
		kill(child, 9);
	unlink("no.file");
	return 7;
}
