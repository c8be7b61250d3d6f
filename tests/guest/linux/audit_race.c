/* SPDX-License-Identifier: BSD-2-Clause
 * TEST fixture: tests/real/audit_ways.test
 *
 * audit_race DIR SECONDS GOODPORT BADPORT: while one thread swaps links and directories, and another changes the bytes
 * of paths and addresses that are just being passed, others try to get from DIR/ok to DIR/secret. Says how often each way
 * went right, and every time that one got where it must not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int over;
static char changing[64] = "ok/key", both[2][64] = { "ok/key", "secret/key" };
static struct sockaddr_in to;
static in_port_t ports[2];
static unsigned long right[8], wrong;

static int later(long seconds)
{
	static time_t end;
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (!end)
		end = ts.tv_sec + seconds;
	return ts.tv_sec >= end;
}
/* "cur" is a link that leads to one and to the other; "dir" a directory and a link in turns. */
static void *swaps(void *p)
{
	mkdir("real", 0700);
	close(open("real/key", O_CREAT | O_RDWR, 0600));
	symlink("secret", "lure");
	while (!over) {
		for (int i = 0; i < 2; i++) {
			symlink(i ? "secret" : "ok", "next");
			rename("next", "cur");
		}
		syscall(SYS_renameat2, AT_FDCWD, "real", AT_FDCWD, "lure", 2);
	}
	return p;
}
static void *changes(void *p)
{
	for (unsigned i = 0; !over; i++) {
		for (unsigned k = 0; k < sizeof both[0]; k++)
			((volatile char *)changing)[k] = both[i & 1][k];
		*(volatile in_port_t *)&to.sin_port = ports[i & 1];
	}
	return p;
}
static void look(int way, int fd)
{
	char text[8] = "";
	if (fd < 0)
		return;
	if (pread(fd, text, 6, 0) == 6 && !memcmp(text, "secret", 6)) {
		printf("way %d REACHED the secret\n", way);
		wrong++;
	}
	right[way]++;
	close(fd);
}
static void *tries(void *p)
{
	while (!over) {
		look(0, open("cur/key", O_RDONLY));
		look(1, open("cur/key", O_RDWR | O_CREAT, 0600));
		look(2, open(changing, O_RDONLY));
		look(3, open("real/key", O_RDONLY | O_NOFOLLOW));
		look(4, openat(AT_FDCWD, changing, O_RDWR));
		int fd = open("cur/new", O_CREAT | O_EXCL | O_RDWR, 0600);
		if (fd >= 0)
			right[5]++, close(fd), unlink("cur/new");
		if (!chmod("cur/key", 0640))
			right[6]++;
		truncate("real/key", 0);
		symlink("x", "lure/made");
		unlink("lure/made");
		link("ok/key", "real/other");
		unlink("real/other");
		int s = socket(AF_INET, SOCK_STREAM, 0);
		struct sockaddr_in peer;
		socklen_t n = sizeof peer;
		if (!connect(s, (void *)&to, sizeof to) && !getpeername(s, (void *)&peer, &n)) {
			right[7]++;
			if (peer.sin_port == ports[1]) {
				puts("connect REACHED the other port");
				wrong++;
			}
		}
		close(s);
	}
	return p;
}
int main(int argc, char **argv)
{
	pthread_t t[5];

	if (argc < 5 || chdir(argv[1]))
		return 1;
	ports[0] = htons((unsigned short)atoi(argv[3]));
	ports[1] = htons((unsigned short)atoi(argv[4]));
	to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = ports[0], .sin_addr = { htonl(INADDR_LOOPBACK) } };
	symlink("ok", "cur");
	for (int i = 0; i < 5; i++)
		pthread_create(&t[i], NULL, i == 0 ? swaps : i == 1 ? changes : tries, NULL);
	while (!later(atoi(argv[2])))
		usleep(100000);
	over = 1;
	for (int i = 0; i < 5; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 8; i++)
		printf("%d: %s\n", i, right[i] ? "some went right" : "NONE went right");
	fprintf(stderr, "%lu %lu %lu %lu %lu %lu %lu %lu\n", right[0], right[1], right[2], right[3], right[4], right[5], right[6], right[7]);
	return wrong != 0;
}
