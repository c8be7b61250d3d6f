/* SPDX-License-Identifier: BSD-2-Clause
 * Descriptors that are connected to each other, in a tree of three processes (tests/real/snapshot_kinds.test): socket pairs of
 * three types with bytes and messages under way and halves shut down, a server and its client by a name in the tree, TCP over the
 * loopback, files that are deleted, locks. It makes all, says "ready", waits for a file (with the word "wait"), and looks at all again.
 * With another word than "wait" as its argument it makes what cannot be saved instead. TEST proves: nothing */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int bad;
#define CHECK(x) do { if (!(x)) { printf("process %d, line %d: %s (%s)\n", which, __LINE__, #x, strerror(errno)); fflush(stdout); bad = 1; } } while (0)

static int which, stream[2], half[2], dgram[2], seq[2], orphan[2], child_[2], ls, client, server, tls, tc, ts, t6, t6c, t6s, gone,
	   gonelog, unnamed, locked, posix_, map_fd, ep, eof[2], pipes[2];
static char *map;
static struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "kinds.sock" };
static struct sockaddr_in in = { .sin_family = AF_INET };
static char big[60000];

static int reads(int fd, const char *want, size_t n)
{
	char buf[70000];
	size_t got = 0;
	ssize_t r;
	while (got < n && (r = recv(fd, buf + got, n - got, 0)) > 0)
		got += (size_t)r;
	return got == n && !memcmp(buf, want, n);
}
static int message(int fd, const char *want)
{
	char buf[100];
	ssize_t r = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
	return want ? r == (ssize_t)strlen(want) && !memcmp(buf, want, (size_t)r) : r < 0 && errno == EAGAIN;
}
static int ended(int fd)
{
	char c;
	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}
/* An address of the loopback that no other test uses: what others had at a port of 127.0.0.1 keeps it from us for a minute. */
static uint32_t own_address(void) { return htonl(0x7f100000u | ((uint32_t)getpid() & 0xfffff)); }
static void sockets(void)
{
	socklen_t n = sizeof in;
	int size = 150000, on = 1;

	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 7 + i / 251);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, stream) && !socketpair(AF_UNIX, SOCK_STREAM, 0, half));
	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram) && !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, seq));
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, orphan) && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, child_));
	CHECK(!setsockopt(stream[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
	CHECK(send(stream[0], "one", 3, 0) == 3 && send(stream[0], big, sizeof big, 0) == sizeof big && send(stream[1], "back", 4, 0) == 4);
	CHECK(send(half[0], "last words", 10, 0) == 10 && !shutdown(half[0], SHUT_WR));
	CHECK(send(dgram[0], "first", 5, 0) == 5 && send(dgram[0], "second one", 10, 0) == 10 && send(dgram[1], "answer", 6, 0) == 6);
	CHECK(send(seq[1], "a", 1, 0) == 1 && send(seq[1], "bb", 2, 0) == 2 && !shutdown(seq[1], SHUT_WR));
	CHECK(send(orphan[1], "testament", 9, 0) == 9 && !close(orphan[1]));
	CHECK((ls = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0 && !bind(ls, (void *)&un, sizeof un) && !listen(ls, 5));
	CHECK((client = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0 && !connect(client, (void *)&un, sizeof un) && (server = accept(ls, NULL, NULL)) >= 0);
	CHECK(send(client, "hello", 5, 0) == 5);
	in.sin_addr.s_addr = own_address();
	struct sockaddr_in from = in;
	CHECK((tls = socket(AF_INET, SOCK_STREAM, 0)) >= 0 && !setsockopt(tls, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	CHECK(!bind(tls, (void *)&in, sizeof in) && !listen(tls, 5));
	CHECK(!getsockname(tls, (void *)&in, &n) && (tc = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	CHECK(!bind(tc, (void *)&from, sizeof from) && !connect(tc, (void *)&in, sizeof in));
	CHECK((ts = accept(tls, NULL, NULL)) >= 0 && send(tc, big, 30000, 0) == 30000 && send(ts, "from the server", 15, 0) == 15);
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr.s6_addr = { [10] = 0xff, 0xff } };
	memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, 4);
	n = sizeof in6;
	CHECK((t6 = socket(AF_INET6, SOCK_STREAM, 0)) >= 0 && !setsockopt(t6, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
	CHECK(!bind(t6, (void *)&in6, sizeof in6) && !listen(t6, 5) && !getsockname(t6, (void *)&in6, &n));
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = in.sin_addr, .sin_port = in6.sin6_port };
	CHECK((t6c = socket(AF_INET, SOCK_STREAM, 0)) >= 0 && !bind(t6c, (void *)&from, sizeof from));
	CHECK(!connect(t6c, (void *)&to, sizeof to) && (t6s = accept(t6, NULL, NULL)) >= 0);
	CHECK(send(t6c, "mapped", 6, 0) == 6 && !shutdown(t6c, SHUT_WR));
	CHECK(!pipe(pipes) && write(pipes[1], "end", 3) == 3 && !close(pipes[1]));
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, eof) && !close(eof[1]));
	struct epoll_event e = { .events = EPOLLIN, .data.fd = dgram[0] };
	CHECK((ep = epoll_create1(0)) >= 0 && !epoll_ctl(ep, EPOLL_CTL_ADD, dgram[0], &e));
}
static void files(void)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };
	CHECK((gone = open("kinds.gone", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0 && write(gone, "deleted content", 15) == 15);
	CHECK(!ftruncate(gone, 100001) && pwrite(gone, "far", 3, 90000) == 3 && lseek(gone, 8, SEEK_SET) == 8 && !unlink("kinds.gone"));
	CHECK((gonelog = open("kinds.log", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600)) >= 0 && write(gonelog, "log ", 4) == 4 && !unlink("kinds.log"));
	CHECK((unnamed = open(".", O_TMPFILE | O_RDWR | O_NOFOLLOW, 0600)) >= 0 && write(unnamed, "never named", 11) == 11);
	CHECK((map_fd = open("kinds.map", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0 && !ftruncate(map_fd, 5000));
	map = mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	CHECK(map != MAP_FAILED && !unlink("kinds.map"));
	strcpy(map + 4500, "mapped and gone");
	CHECK((locked = open("kinds.lock", O_RDWR | O_CREAT, 0600)) >= 0 && !ftruncate(locked, 100) && !flock(locked, LOCK_EX));
	CHECK((posix_ = open("kinds.posix", O_RDWR | O_CREAT, 0600)) >= 0 && !ftruncate(posix_, 100) && !fcntl(posix_, F_SETLK, &l));
	l.l_type = F_RDLCK, l.l_start = 50, l.l_len = 0;
	CHECK(!fcntl(posix_, F_SETLK, &l));
}
static int child(void)
{
	char c;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 1 };
	which = 1;
	close(child_[0]);
	fcntl(child_[1], F_SETFL, 0);
	while (read(child_[1], &c, 1) == 1 && c == '+')
		if (write(child_[1], "-", 1) != 1)
			return 1;
	CHECK(!fcntl(posix_, F_GETLK, &l) && l.l_type == F_WRLCK && l.l_start == 10 && l.l_len == 5);
	l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 60, .l_len = 1 };
	CHECK(!fcntl(posix_, F_GETLK, &l) && l.l_type == F_RDLCK && l.l_start == 50 && l.l_len == 0);
	int again = open("kinds.lock", O_RDWR);
	CHECK(flock(again, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK);
	CHECK(!strcmp(map + 4500, "mapped by the parent"));
	CHECK(write(gonelog, "child ", 6) == 6);
	CHECK(reads(server, "hello", 5) && send(server, "served", 6, 0) == 6);
	return bad ? 1 : 5;
}
static int named(int fd, int peer, const char *name)
{
	struct sockaddr_un a = { 0 };
	socklen_t n = sizeof a;
	return !(peer ? getpeername : getsockname)(fd, (void *)&a, &n) && a.sun_family == AF_UNIX && !strcmp(n > 2 ? a.sun_path : "", name);
}
static void look(void)
{
	char buf[64] = "";
	struct sockaddr_in a, b;
	socklen_t n = sizeof a;
	struct epoll_event e;
	struct stat st;
	int size = 0;

	CHECK(epoll_wait(ep, &e, 1, 1000) == 1 && e.data.fd == dgram[0]);
	CHECK(reads(stream[1], "one", 3) && reads(stream[1], big, sizeof big) && reads(stream[0], "back", 4) && message(stream[0], NULL));
	n = sizeof size;
	CHECK(!getsockopt(stream[0], SOL_SOCKET, SO_SNDBUF, &size, &n) && size == 300000);
	CHECK(send(stream[1], "more", 4, 0) == 4 && reads(stream[0], "more", 4));
	CHECK(reads(half[1], "last words", 10) && ended(half[1]) && send(half[1], "x", 1, 0) == 1 && reads(half[0], "x", 1));
	CHECK(send(half[0], "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	CHECK(message(dgram[1], "first") && message(dgram[1], "second one") && message(dgram[1], NULL) && message(dgram[0], "answer"));
	CHECK(message(seq[0], "a") && message(seq[0], "bb") && ended(seq[0]) && send(seq[0], "on", 2, 0) == 2 && message(seq[1], "on"));
	CHECK(reads(orphan[0], "testament", 9) && ended(orphan[0]) && send(orphan[0], "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	CHECK(ended(eof[0]));
	CHECK(named(server, 0, "kinds.sock") && named(client, 1, "kinds.sock") && named(client, 0, "") && named(ls, 0, "kinds.sock"));
	int more = socket(AF_UNIX, SOCK_STREAM, 0), got;
	CHECK(!connect(more, (void *)&un, sizeof un) && (got = accept(ls, NULL, NULL)) >= 0 && send(more, "y", 1, 0) == 1 && reads(got, "y", 1));
	CHECK(reads(ts, big, 30000) && reads(tc, "from the server", 15) && send(ts, "again", 5, 0) == 5 && reads(tc, "again", 5));
	n = sizeof a;
	CHECK(!getsockname(ts, (void *)&a, &n) && a.sin_port == in.sin_port && !getpeername(tc, (void *)&b, &n) && b.sin_port == in.sin_port);
	CHECK(!getsockname(tc, (void *)&a, &n) && !getpeername(ts, (void *)&b, &n) && a.sin_port == b.sin_port);
	more = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!connect(more, (void *)&in, sizeof in) && (got = accept(tls, NULL, NULL)) >= 0 && send(more, "z", 1, 0) == 1 && reads(got, "z", 1));
	CHECK(reads(t6s, "mapped", 6) && ended(t6s) && send(t6s, "w", 1, 0) == 1 && reads(t6c, "w", 1));
	CHECK(read(pipes[0], buf, sizeof buf) == 3 && read(pipes[0], buf, 1) == 0);
	CHECK(!fstat(gone, &st) && st.st_size == 100001 && read(gone, buf, 7) == 7 && !memcmp(buf, "content", 7));
	CHECK(lseek(unnamed, 0, SEEK_CUR) == 11 && pread(unnamed, buf, 20, 6) == 5 && !memcmp(buf, "named", 5));
	CHECK(pread(gone, buf, 4, 90000) == 4 && !memcmp(buf, "far", 4));
	strcpy(map + 4500, "mapped by the parent");
	CHECK(pread(map_fd, buf, 20, 4500) == 20 && !memcmp(buf, "mapped by the parent", 20) && !fstat(map_fd, &st) && st.st_size == 5000);
}
static void refused(const char *what)
{
	int s[2], x = open("/dev/null", O_RDONLY);
	char c[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = sizeof c };

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	if (!strcmp(what, "rights")) {
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		*(int *)CMSG_DATA(CMSG_FIRSTHDR(&m)) = x;
		sendmsg(s[0], &m, 0);
	}
	if (!strcmp(what, "window")) {
		socklen_t n = sizeof in;
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		tls = socket(AF_INET, SOCK_STREAM, 0);
		bind(tls, (void *)&in, sizeof in);
		listen(tls, 1);
		getsockname(tls, (void *)&in, &n);
		tc = socket(AF_INET, SOCK_STREAM, 0);
		connect(tc, (void *)&in, sizeof in);
		ts = accept(tls, NULL, NULL);
		while (send(tc, big, sizeof big, MSG_DONTWAIT) > 0)
			;
	}
	puts("ready");
	fflush(stdout);
	for (int i = 0; i < 3000 && access("kinds.go", F_OK); i++)
		usleep(10000);
	exit(recv(s[1], c, 1, MSG_DONTWAIT) == (strcmp(what, "rights") ? -1 : 1) ? 7 : 1);
}
int main(int argc, char **argv)
{
	int status;
	pid_t pid;
	char c, text[64] = "";

	if (argc > 1 && strcmp(argv[1], "wait"))
		refused(argv[1]);
	sockets();
	files();
	if (!(pid = fork()))
		_exit(child());
	close(child_[1]);
	fcntl(child_[0], F_SETFL, 0);
	puts("ready");
	fflush(stdout);
	for (int i = 0; argc > 1 && i < 3000 && access("kinds.go", F_OK); i++) {
		CHECK(write(child_[0], "+", 1) == 1 && read(child_[0], &c, 1) == 1 && c == '-');
		usleep(10000);
	}
	look();
	CHECK(write(child_[0], "!", 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 5);
	CHECK(reads(client, "served", 6));
	CHECK(write(gonelog, "parent", 6) == 6 && pread(gonelog, text, 60, 0) == 16 && !strcmp(text, "log child parent"));
	puts(bad ? "bad" : "all is as it was");
	unlink("kinds.sock");
	return bad ? 1 : 42;
}
