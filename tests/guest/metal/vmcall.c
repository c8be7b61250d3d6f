/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST fixture: real/metal
 *
 * Hypercalls by vmcall and by vmmcall. A host that does not let its programs have them answers itself, -1000 (KVM).
 */
#include "guest.h"

int main(void)
{
	long a = H_CLOCK, b = H_CLOCK, ignore;
	__asm__ volatile("vmcall" : "+a"(a), "=b"(ignore) : "1"(1) : "memory");
	__asm__ volatile("vmmcall" : "+a"(b), "=b"(ignore) : "1"(1) : "memory");
	for (int i = 0; i < 100; i++) {
		long c = H_YIELD;
		__asm__ volatile("vmcall" : "+a"(c));
		if (c)
			return 3;
	}
	return a == -1000 || b == -1000 ? 2 : a > 1000000000000000000 && b >= a ? 0 : 1;
}
