/* SPDX-License-Identifier: BSD-2-Clause
 * A fork costs pages: those that the child touches, and those that its parent writes again. What is ours among them is
 * little, beside the half a dozen that any program has. (Natively 5 and 2; as a guest 7 to 11 and 2 to 4, by compiler and
 * engine; it was 36 together before what a fork touches was laid together.)
 * TEST without: kvm, where a forked child makes a virtual machine of its own
 */
#include "fbsd.h"

int main(int argc, char **argv)
{
	enum { N = 50 };
	struct rusage child, before, after;
	long most = 0, faults = 0;

	for (int i = -3; i < N; i++) {           /* the first few find what every later one has */
		long pid = fork();
		if (!pid)
			quit(0);
		if (wait4(pid, 0, 0, &child) != pid)
			fail("wait4");
		if (i == -1)
			getrusage(0, &before);
		if (i >= 0)
			faults += child.minflt;
		most = i >= 0 && child.minflt > most ? child.minflt : most;
	}
	getrusage(0, &after);
	yes(faults / N <= 14);
	yes((after.minflt - before.minflt) / N <= 5);
	if (faults / N > 14 || (after.minflt - before.minflt) / N > 5)
		say("child %d, at most %d; parent %d\n", faults / N, most, (after.minflt - before.minflt) / N);
	return 0;
}
