/* SPDX-License-Identifier: BSD-2-Clause
 * Side B of twins.h.
 * TEST fixture: diff.test */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define B 1
#define quit _exit
#pragma GCC diagnostic ignored "-Wunused-result"
static void loopback(struct sockaddr_in *sa)
{
	*sa = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}
static void nap(void) { usleep(1000); }
static void memory(void) { mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static void wait_for(long pid) { waitpid((pid_t)pid, NULL, 0); }
static int pipe_end(void)
{
	static int p[2] = { -1, -1 };
	if (p[0] < 0 && pipe(p))
		return -1;
	return p[0];
}
#include "../twins.h"

int main(int argc, char **argv)
{
	return argc > 1 ? run(argv[1]) : 9;
}
