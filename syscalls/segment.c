/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The base of the guest's fs segment. Under the native engines it is the host thread's own; where the guest's registers
 * are elsewhere, the engine has it. For the thread that calls, or one that is not yet born.
 */
#include <asm/prctl.h>
#include "host.h"

uint64_t segment_fs(struct thread *t)
{
	uint64_t v = 0;
	if (t->p->engine->fs_get)
		return t->p->engine->fs_get(t);
	host(SYS_arch_prctl, ARCH_GET_FS, &v);
	return v;
}
long segment_fs_set(struct thread *t, uint64_t v)
{
	return t->p->engine->fs_set ? t->p->engine->fs_set(t, v) : host(SYS_arch_prctl, ARCH_SET_FS, v);
}
