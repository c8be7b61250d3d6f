/* SPDX-License-Identifier: BSD-2-Clause
 * For every row of the table that can be called harmlessly, served or not: nothing but rax, rcx, r11 and r8 to r10 is
 * changed by it (rdx where the call has two results). Three times, with arguments that no call can use.
 * TEST timeout: 60
 * TEST proves: nothing
 */
#include "regs.h"
#include "rows.h"

int main(int argc, char **argv)
{
	static const long bad[3] = { -1, 8, 0x123456789 };
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	struct state before, after;
	unsigned tried = 0, harmed = 0, avx = have_avx();

	sigaction(SIGSYS, &ign, 0);
	sigaction(SIGPIPE, &ign, 0);
	for (unsigned i = 0; i < COUNT(rows); i++) {
		if (is_harmful(rows[i].name)) {
			harmed++;
			continue;
		}
		for (unsigned j = 0; j < COUNT(bad); j++) {
			long arg[6] = { bad[j], bad[j], bad[j], bad[j], bad[j], bad[j] };
			const char *differ;

			regs_fill(&before, arg);
			regs_call(rows[i].nr, arg, &before, &after, avx);
			differ = regs_differ(&before, &after, rows[i].two, avx);
			if (*differ)
				say("%d %s with %lx: %s\n", rows[i].nr, rows[i].name, bad[j], differ);
			if (!rows[i].served && !(after.flags & 1))
				say("%d %s is not served but did not fail\n", rows[i].nr, rows[i].name);
			tried++;
		}
	}
	yes(tried > 1000);
	yes(harmed < 90);
	return 0;
}
