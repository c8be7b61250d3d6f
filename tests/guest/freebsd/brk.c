/* SPDX-License-Identifier: BSD-2-Clause
 * break moves by whole pages, answers the new end, and tells the present end for an address below the data. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	long base = sys(SYS_break, 0), r;
	char *p = (char *)base;

	yes(base > 0 && base % 4096 == 0);
	yes(sys(SYS_break, base + 100) == base + 4096);
	yes(sys(SYS_break, 0) == base + 4096);
	p[0] = p[4095] = 1;
	r = sys(SYS_break, base + 0x100000);
	yes(r == base + 0x100000);
	p[0x100000 - 1] = 2;
	yes(p[0x80000] == 0);
	yes(sys(SYS_break, base + 4096) == base + 4096);
	show(write(1, p + 4096, 1));
	yes(sys(SYS_break, base + 8192) == base + 8192);
	yes(p[4096] == 0 && p[0] == 1);
	show(sys(SYS_break, 0x7f0000000000) == -ENOMEM);
	return 0;
}
