/* SPDX-License-Identifier: BSD-2-Clause
 * The limit on descriptors as a program sees it, where soft and hard are the same and where they are not, set by itself and
 * found after exec; it may lower the hard one, and the soft one as it likes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void look(const char *what)
{
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	printf("%s: %ld %ld %ld\n", what, (long)r.rlim_cur, (long)r.rlim_max, sysconf(_SC_OPEN_MAX));
	fflush(stdout);
}
static void set(rlim_t soft, rlim_t hard)
{
	struct rlimit r = { soft, hard };
	errno = 0;
	int e = setrlimit(RLIMIT_NOFILE, &r);
	printf("set %ld %ld: %d %d\n", (long)soft, (long)hard, e, errno);
}
int main(int argc, char **argv)
{
	static const struct rlimit start[] = { { 1000, 1000 }, { 300, 300 }, { 64, 900 }, { 900, 1000 } };

	if (argc > 1) {
		look("executed");
		if (argv[1][0] == '0') {
			int fd = open("/dev/null", O_RDONLY);
			printf("many: %d\n", dup2(fd, 700));
			set(100, 800);
			look("lowered");
			printf("%d %d\n", fcntl(fd, F_DUPFD, 100), errno);
			set(800, 800);
			printf("%d\n", fcntl(fd, F_DUPFD, 701));
			set(801, 800);
			look("as it was");
		}
		return 0;
	}
	for (unsigned i = 0; i < 4; i++) {
		char n[2] = { (char)('0' + i), 0 };
		if (fork() == 0) {
			setrlimit(RLIMIT_NOFILE, &start[i]);
			look("own");
			execl("/proc/self/exe", argv[0], n, NULL);
			_exit(1);
		}
		wait(NULL);
	}
	return 0;
}
