/* SPDX-License-Identifier: BSD-2-Clause
 * Where no descriptor is left nothing is done that would need one: no file is made or cut short, no connection is taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell(const char *what, long e)
{
	printf("%s: %ld %d\n", what, e, e < 0 ? errno : 0);
	fflush(stdout);
}
static long size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) ? -1 : (long)st.st_size;
}
static void try_all(int l, int c)
{
	tell("open", open("fd_full.text", O_WRONLY | O_TRUNC));
	tell("its size", size_of("fd_full.text"));
	tell("creat", open("fd_full.made", O_WRONLY | O_CREAT, 0600));
	tell("its size", size_of("fd_full.made"));
	tell("creat", syscall(SYS_creat, "fd_full.text", 0600));
	tell("none", open("fd_full.none", O_RDONLY));
	tell("accept", accept(l, NULL, NULL));
	tell("accept4", accept4(l, NULL, NULL, SOCK_CLOEXEC));
	tell("accept, not listening", accept(c, NULL, NULL));
	tell("accept, no socket", accept(0, NULL, NULL));
	tell("mq_open", mq_open("/fd_full_test", O_RDWR | O_CREAT, 0600, NULL));
	tell("mq_unlink", mq_unlink("/fd_full_test"));
}
int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	struct rlimit r = { 40, 60 };
	int fd = open("fd_full.text", O_RDWR | O_CREAT | O_TRUNC, 0600), l = socket(AF_INET, SOCK_STREAM, 0);
	int c = socket(AF_INET, SOCK_STREAM, 0);

	dprintf(fd, "twelve bytes");
	if (bind(l, (void *)&a, len) || listen(l, 5) || getsockname(l, (void *)&a, &len) || connect(c, (void *)&a, len))
		return 1;
	setrlimit(RLIMIT_NOFILE, &r);
	while (dup(0) >= 0)
		;
	try_all(l, c);
	tell("dup2", dup2(1, 39));
	close(20);
	tell("accept", accept(l, NULL, NULL));
	try_all(l, c);
	close(39);
	tell("open", open("fd_full.text", O_RDONLY));
	r.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &r);
	close(30);
	try_all(l, c);
	unlink("fd_full.text");
	return 0;
}
