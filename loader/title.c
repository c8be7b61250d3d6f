/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What ps and /proc show of us: the guest's name, arguments and environment instead of ours. The host lets a process say
 * where these lie (PR_SET_MM_MAP, no privilege needed); where it does not, ours stay to be seen and nothing else differs.
 */
#include <linux/prctl.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "guise.h"
#include "loader/begin.h"
#include "loader/title.h"

extern char __executable_start[], etext[], edata[];

/* All of it must be said again. Asking /proc/self/stat costs a new process 15 us; we are linked to a fixed address, and who
 * moved the break knows where it began. */
static void now(struct prctl_mm_map *m)
{
	*m = (struct prctl_mm_map){
		.start_code = (uint64_t)__executable_start, .end_code = (uint64_t)etext, .start_data = (uint64_t)etext,
		.end_data = (uint64_t)edata, .start_brk = libc_is_up ? libc_break() : (uint64_t)sbrk(0),
		.brk = (uint64_t)sbrk(0), .start_stack = (uint64_t)start_stack, .exe_fd = (uint32_t)-1,
	};
}
void title_set(const char *name, const struct space *s)
{
	struct prctl_mm_map m;
	prctl(PR_SET_NAME, name);
	now(&m);
	m.arg_start = s->args, m.arg_end = s->args_end, m.env_start = s->env, m.env_end = s->env_end;
	prctl(PR_SET_MM, PR_SET_MM_MAP, &m, sizeof m, 0);
}
