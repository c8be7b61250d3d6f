/* SPDX-License-Identifier: BSD-2-Clause
 * The open files of another process, as fstat and procstat -f read them (kern.proc.filedesc): what each is, how it is open,
 * where it stands, and that this is valid.
 */
#include "fbsd.h"

static char all[1 << 18];
#define AT(type, at) (*(type *)(at))

static char *record(long pid, int fd)
{
	size_t len = sizeof all;
	if (sysctl(((int[]){ 1, 14, 33, (int)pid }), 4, all, &len, 0, 0))
		return 0;
	for (char *k = all; k < all + len; k += AT(int, k))
		if (AT(int, k + 8) == fd)
			return k;
	return 0;
}
int main(int argc, char **argv)
{
	struct stat st;
	int p[2];
	long file = open("f", O_RDWR | O_CREAT | O_APPEND, 0640), dir = open(".", O_RDONLY | O_DIRECTORY, 0);
	char *k;

	pipe2(p, O_NONBLOCK);
	long sock = socket(2, 1, 0);
	struct { u8 len, family; u16 port; u32 addr; u8 zero[8]; } in = { 16, 2, 0, 0x0100007f, { 0 } }, got;
	u32 gl = sizeof(got);
	bind(sock, &in, sizeof(in));
	getsockname(sock, &got, &gl);
	write(file, "0123456789", 10);
	lseek(file, 7, SEEK_SET);
	fstat(file, &st);
	long kid = fork();
	if (!kid)
		for (;;)
			nanosleep(TS(10, 0), 0);
	close(p[0]), lseek(file, 7, SEEK_SET);
	k = record(kid, (int)file);
	yes(k && AT(int, k + 4) == 1 && AT(int, k + 32) == 1);                   /* a vnode, a regular file */
	yes(k && AT(u16, k + 336) & 1);
	yes(k && AT(u16, k + 328) == (0100000 | 0640) && AT(u64, k + 312) == 10 && AT(u64, k + 304) == st.ino);
	yes(k && AT(int, k + 16) == 7 && AT(long, k + 24) == 7);                 /* read, write, append */
	k = record(kid, (int)dir);
	yes(k && AT(int, k + 32) == 2 && AT(int, k + 16) == 1 && (AT(u16, k + 328) & 0170000) == 0040000);
	k = record(kid, p[1]);
	yes(k && AT(int, k + 4) == 3 && AT(int, k + 16) == (2 | 32));            /* a pipe: write, do not wait */
	k = record(kid, (int)sock);
	yes(k && AT(int, k + 4) == 2 && AT(int, k + 36) == 2 && AT(int, k + 40) == 1 && !memcmp(k + 48, &got, 8));
	yes(got.family == 2 && got.port);
	k = record(kid, -5);                                                     /* its program */
	yes(k && AT(int, k + 4) == 1 && !strcmp(k + 368 + strlen(k + 368) - 9, "/filedesc"));
	yes(record(kid, -1) != 0);                                               /* where it is */
	yes(!record(kid, 77));
	yes(record(getpid(), (int)file) && !record(getpid(), p[0]));
	kill(kid, SIGKILL);
	wait_for(kid);
	yes(!record(kid, (int)file));
	return 0;
}
