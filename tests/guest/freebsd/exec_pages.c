/* SPDX-License-Identifier: BSD-2-Clause
 * An exec of a guest is a start of ours: each page fault of it is 1 to 2 us, and what a start runs and reads lies together
 * (loader/start.ld), so that they are few. (With the fork 72 to 109: as the host keeps our file, in large pieces or in pages, and with
 * a few more where rows are counted. 40 more before it was laid together; natively 42.)
 * TEST without: kvm, where each image makes a virtual machine of its own
 */
#include "fbsd.h"

int main(int argc, char **argv)
{
	enum { N = 20 };
	char *again[] = { argv[0], "again", 0 };
	struct rusage child;
	long faults = 0;

	if (argc > 1)
		return 0;
	for (int i = -3; i < N; i++) {           /* the first find what every later one has in memory */
		long pid = fork();
		if (!pid) {
			execve(argv[0], again, 0);
			quit(1);
		}
		if (wait4(pid, 0, 0, &child) != pid)
			fail("wait4");
		faults += i >= 0 ? child.minflt : 0;
	}
	yes(faults / N <= 125);
	if (faults / N > 125)
		say("child %d\n", faults / N);
	return 0;
}
