/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is done of a start only where libc was started, that is always but after a guest's exec (own.c, again.c).
 */
#include <linux/futex.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif
#include "guise.h"
#include "loader/begin.h"

bool libc_is_up;

/* Its memory stays on its break, which is claimed; what it knows of the processor need not be asked again, which costs an
 * exit of a virtual machine. */
void libc_begin(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
#if __has_include(<sys/platform/x86.h>)
	if (CPU_FEATURE_ACTIVE(OSXSAVE))
		fpu_has_xsave();
#endif
}
/* Where its break began: a static libc puts our thread-local storage there. */
uint64_t libc_break(void) { return PAGE_DOWN((uint64_t)__builtin_thread_pointer()); }

const char *libc_error(int e) { return strerror(e); }
void libc_exit(int status) { exit(status); }

/* What libc had the kernel keep for our first thread is the guest's to ask for from now on: restartable sequences, robust
 * mutexes, the word that is cleared at the thread's end. How long libc's area is depends on its release. */
void forget_libc(struct thread *t)
{
	if (libc_is_up) {
		char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
		fflush(NULL);
		for (unsigned n = 32; n <= 512; n += 4)
			if (__rseq_size && syscall(SYS_rseq, area, n, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0)
				break;
		syscall(SYS_set_robust_list, NULL, sizeof(struct robust_list_head));
		libc_is_up = false;      /* the thread pointer is the guest's from here on */
	}
	syscall(SYS_set_tid_address, &t->tid);
}
