/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of personalities/linux. The guest's terms are the host's: tables here name things for the trace and
 * the report, and translate nothing.
 */
#pragma once
#include "../../syscalls/host.h"

/* tables.c */
extern const struct systab lnx_tab[];
extern struct subtab lnx_sub[N_SUB];
extern const struct bit lnx_bits[];
extern const char *const lnx_errno_name[], *const lnx_sig_name[];
extern const uint8_t lnx_sig_in[], lnx_sig_out[];
enum { LNX_NSIG = 65, LNX_ERRNOS = 134 };

/* records.c */
extern const struct record lnx_rec[N_REC];

/* pass.c: the same call with other arguments, and what a guest may sleep in */
sysfn lnx_pass, lnx_sockopt;
long lnx_make(const struct call *, const long a[6]);

/* frame.c */
long lnx_frame(struct thread *, const struct sigframe *);

/* stack.c */
long lnx_stack(struct proc *, const struct image *, struct thread *);

/* thread.c */
void lnx_thread_exit(struct thread *);
void lnx_proc_forked(struct proc *);
