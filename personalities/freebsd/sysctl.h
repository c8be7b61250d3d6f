/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the sysctl tree share.
 */
#pragma once
#include "bsd/sysctl.h"

extern struct sysctl_tree fbsd_sysctl;
#define FBSD_OSRELDATE 1500068           /* of a program that does not say what it was made for */

unsigned fbsd_ncpu(unsigned *maxid);     /* processors online */
uint32_t fbsd_osreldate(const struct proc *);
uint32_t fbsd_release_of(const char *text);
uint32_t fbsd_made_for(const struct proc *);         /* another's, too, that was read from its memory: what it points to is not here */

/* functions of rows, by file */
sysctl_fn proc_vmmap, proc_filedesc, proc_nfds;          /* sysctl_maps.c */
sysctl_fn proc_all, proc_by, proc_args, proc_sv_name, proc_pathname, proc_groups, proc_env,
	  proc_auxv, proc_rlimit, proc_ps_strings, proc_umask, proc_osrel, proc_cwd,
	  proc_sigtramp;                                 /* sysctl_proc.c, sysctl_one.c */
void fbsd_emulation(struct proc *me, int pid, char *buf, size_t n);      /* whose ABI a process has; "-": who knows */
const char *fbsd_status_line(const char *text, const char *key);         /* of /proc/N/status, behind the key; or "" */
sysctl_fn net_route, net_ifcount, net_port_last;                                                 /* sysctl_net.c */
sysctl_fn devstat_all, devstat_numdevs, vm_nswapdev, vm_swap_info, kern_msgbuf, hw_intrcnt, hw_intrnames;                /* sysctl_dev.c */
sysctl_fn pcb_tcp, pcb_udp, pcb_raw, pcb_stream, pcb_dgram, pcb_seqpacket, kern_file;            /* sysctl_pcb.c */
sysctl_fn vfs_conflist;                                                                          /* sysctl_vfs.c */
sysctl_fn ipc_shmsegs, ipc_msqids, ipc_sema, ipc_shmmni, ipc_msgmni, ipc_semmni, ipc_sem, ipc_msg, ipc_posix_shm;        /* sysctl_ipc.c */
sysctl_fn jail_list, jail_size, jail_jailed, jail_children;                                      /* jail.c */
