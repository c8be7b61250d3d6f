/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the unit tests share: cmocka, and a thread of the runtime's kind in an ordinary process, so that its parts can be
 * called: %gs points at it, its memory is there, and a fault in a guarded access goes on at its fixup as it would.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <asm/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "guise.h"
#include "options.h"
#include "arena.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
extern const struct fixup { int64_t fault, resume; } __start_guise_fixups[], __stop_guise_fixups[];

static struct space unit_space __attribute__((unused));
static struct options unit_options __attribute__((unused)) = { .trace_fd = -1, .report_fd = -1, .resume_fd = -1 };
static struct proc unit_proc __attribute__((unused)) = { .space = &unit_space, .opt = &unit_options, .fd_base = 500 };
static struct thread unit_thread __attribute__((unused)) = { .self = &unit_thread, .p = &unit_proc, .inside = 1 };

static void __attribute__((unused)) unit_fault(int sig, siginfo_t *si, void *ctx)
{
	greg_t *g = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	for (const struct fixup *f = __start_guise_fixups; f < __stop_guise_fixups; f++)
		if ((uint64_t)&f->fault + (uint64_t)f->fault == (uint64_t)g[REG_RIP]) {
			g[REG_RIP] = (greg_t)((uint64_t)&f->fault + (uint64_t)f->resume);
			return;
		}
	signal(sig, SIG_DFL);
}

static inline const struct personality *unit_personality(const char *name)
{
	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		if (!strcmp((*p)->name, name))
			return *p;
	return NULL;
}

/* cmocka catches faults for each test anew: a test that makes some on purpose begins with this */
static inline int unit_catch(void **state)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_NODEFER };

	sa.sa_sigaction = unit_fault;
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	return 0;
}
static inline void unit_start(const char *personality)
{
	unit_catch(NULL);
	syscall(SYS_arch_prctl, ARCH_SET_GS, &unit_thread);
	unit_proc.pers = unit_personality(personality);
	unit_proc.pid = getpid();
	arena_start(&unit_space, 64 << 20, 1 << 20, &(size_t){ 16 });
	if (unit_proc.pers)
		xlate_start(unit_proc.pers);
}
