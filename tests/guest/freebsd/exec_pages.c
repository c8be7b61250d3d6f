/* SPDX-License-Identifier: BSD-2-Clause
 * An exec of a guest is a start of ours: each page fault of it is 1 to 2 us, and what a start runs and reads lies together
 * (loader/start.ld), so that they are few. (With the fork 70 to 90, by how the host keeps our file, and a few more where rows are counted;
 * 30 more before it was laid together and had no libc to start; natively 42.)
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
	yes(faults / N <= 105);
	if (faults / N > 105)
		say("child %d\n", faults / N);
	return 0;
}
