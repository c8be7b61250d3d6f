/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Thousands of vforks: nothing of a child's may be left behind in the memory that it shared.
 * TEST timeout: 60
 */
#include "fbsd.h"

int main(int argc, char **argv)
{
	long n;

	for (n = 0; n < 3000; n++) {
		long kid = vfork();
		if (!kid)
			sys(SYS__exit, 0);
		if (kid < 0 || wait_for(kid))
			break;
	}
	say("%d vforks\n", n);
	return 0;
}
