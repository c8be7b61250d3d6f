/* SPDX-License-Identifier: BSD-2-Clause
 * Process descriptors: a child that only its descriptor knows, killed with the last of them. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	int fd = -1, pid2 = 0, status = 0;
	long pid = pdfork(&fd, 0);

	if (!pid) {
		sleep_ms(5000);
		quit(1);
	}
	yes(pid > 0 && fd >= 0);
	show(fcntl(fd, F_GETFD));
	show(pdgetpid(fd, &pid2));
	yes(pid2 == pid);
	show(wait4(-1, &status, WNOHANG, 0));
	show(pdkill(fd, 0));
	show(pdkill(fd, SIGTERM));
	struct pollfd pf = { fd, POLLIN, 0 };
	yes(poll(&pf, 1, 3000) == 1);
	yes(wait4(pid, &status, 0, 0) == pid);
	show(WTERMSIG(status));
	show(close(fd));
	show(pdkill(fd, 0));
	show(pdkill(1, 0));
	show(pdgetpid(0, &pid2));

	say("close kills\n");
	show(pdfork(&fd, 0x100000));
	pid = pdfork(&fd, 2);
	if (!pid) {
		sleep_ms(5000);
		quit(1);
	}
	show(fcntl(fd, F_GETFD));
	show(kill(pid, 0));
	int d = (int)dup(fd);
	close(fd);
	show(kill(pid, 0));
	close(d);
	show(kill(pid, 0));
	say("daemon\n");
	pid = pdfork(&fd, 1);
	if (!pid) {
		sleep_ms(300);
		quit(9);
	}
	close(fd);
	show(kill(pid, 0));
	yes(wait4(pid, &status, 0, 0) == pid);
	show(WEXITSTATUS(status));
	return 0;
}
