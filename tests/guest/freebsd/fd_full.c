/* SPDX-License-Identifier: BSD-2-Clause
 * Where no descriptor is left: what is made by name with a descriptor of its own (shared memory) is not made, and a connection
 * is not taken but waits; open, which looks for its number last, has made the file and cut it short. A dup onto a number
 * in use needs none, and one that was closed is found again.
 */
#include "fbsd.h"

static long size_of(const char *path)
{
	struct stat st;
	long e = fstatat(AT_FDCWD, path, &st, 0);
	return e < 0 ? e : st.size;
}
static long fill(void)
{
	long e;
	while ((e = dup(0)) >= 0)
		;
	return e;
}
int main(int argc, char **argv)
{
	struct sockaddr_in a = { .len = sizeof a, .family = AF_INET, .addr = LOOPBACK };
	u32 len = sizeof a;
	struct rlimit r = { 40, 40 };
	int l, c;

	put_file("text", "twelve bytes");
	l = (int)socket(AF_INET, SOCK_STREAM, 0);
	bind(l, &a, len);
	listen(l, 5);
	getsockname(l, &a, &len);
	c = (int)socket(AF_INET, SOCK_STREAM, 0);
	show(connect(c, &a, len));
	show(setrlimit(RLIMIT_NOFILE, &r));
	show(fill());
	show(accept(l, 0, 0));
	show(accept4(l, 0, 0, SOCK_CLOEXEC));
	show(accept(c, 0, 0));
	show(accept(0, 0, 0));
	show(shm_open2("/fd_full", O_RDWR | O_CREAT, 0600, 0, 0));
	show(open("none", O_RDONLY));
	show(open("text", O_WRONLY | O_TRUNC));
	say("text: %d bytes\n", size_of("text"));
	show(open("made", O_WRONLY | O_CREAT, 0600));
	say("made: %e bytes\n", size_of("made"));
	show(dup2(1, 39));
	show(socket(AF_INET, SOCK_STREAM, 0));
	show(kqueue());

	show(close(20));
	show(accept(l, 0, 0));
	show(accept(l, 0, 0));
	show(close(39));
	show(shm_open2("/fd_full", O_RDWR, 0, 0, 0));
	show(open("text", O_RDONLY));
	show(open("text", O_RDONLY));
	show(close(5));
	show(open("text", O_RDONLY));
	r = (struct rlimit){ 0, 40 };
	show(setrlimit(RLIMIT_NOFILE, &r));
	show(close(5));
	show(open("text", O_RDONLY));
	show(accept(l, 0, 0));
	return 0;
}
