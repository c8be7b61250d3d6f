/* SPDX-License-Identifier: BSD-2-Clause
 *
 * In which host form a handler holds each record (names.h). Where the host has a fitting struct it is that one; the
 * others are declared here. A personality's records.c writes the guest's layout from these and nothing else.
 *
 *   STAT*        struct statx            STATFS*    struct host_statfs      TIMESPEC TIMEVAL ITIMERVAL ITIMERSPEC: the host's
 *   RLIMIT       struct rlimit           RUSAGE     struct rusage           WRUSAGE    struct rusage[2] (self, children)
 *   SIGACTION*   struct sigact           SIGALTSTACK struct sigalt        SIGINFO    siginfo_t
 *   FLOCK*       struct flock            POLLFD     struct pollfd           KEVENT*    struct kev (kqueue.h)
 *   MSGHDR       struct msghdr (flags in the host's bits, pointers as the guest wrote them)   UTSNAME struct utsname
 *   INT UINT LONG SIZE OFF PTR U64: the C type of that width; INT2: int[2]; TIMESPEC2 TIMEVAL2: two of them
 *   SCHEDPARAM   struct sched_param      TERMIOS    struct host_termios     WINSIZE    struct winsize
 *   IPC records (SHMID SEMID MSGID)      the host's struct shmid_ds, semid_ds, msqid_ds
 */
#pragma once
#include <linux/stat.h>
#include <sys/vfs.h>
#include "guise.h"

struct host_statfs {
	struct statfs f;
	char type[32];           /* name of the file system, as the guest should read it */
	char from[1024];         /* what is mounted */
	char on[1024];           /* where, in the guest's terms */
};
struct host_termios {                /* the kernel's struct termios2, named so that no libc header is in the way */
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[19];
	uint32_t ispeed, ospeed;
};
