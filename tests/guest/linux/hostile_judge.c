/* SPDX-License-Identifier: BSD-2-Clause
 * TEST fixture: real/audit_supervised.test
 *
 * A guest that writes over what its judge has in its memory, from another thread, while one of its own calls is judged:
 * "open", "unlink" or "connect" what a policy denies, again and again, until it gets there or is ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "../../../syscalls/guise.h"

static struct thread *victim;

static void *overwrite(void *unused)
{
	for (;;)
		*(volatile uint8_t *)&victim->judging = 0;
	return NULL;
}
static bool reached(const char *way, const char *path)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (!strcmp(way, "open")) {
		int fd = open(path, O_RDONLY);
		close(fd);
		return fd >= 0;
	}
	if (!strcmp(way, "unlink"))
		return !unlink(path);
	int s = socket(AF_INET, SOCK_STREAM, 0), rv = connect(s, (void *)&to, sizeof to), e = errno;
	close(s);
	return !rv || e == ECONNREFUSED;
}
int main(int argc, char **argv)
{
	pthread_t other;
	time_t end = time(NULL) + 20;

	if (argc < 3)
		return 1;
	__asm__ volatile("mov %%gs:0, %0" : "=r"(victim));
	pthread_create(&other, NULL, overwrite, NULL);
	while (time(NULL) < end)
		if (reached(argv[1], argv[2])) {
			puts("REACHED");
			return 0;
		}
	puts("never");
	return 2;
}
