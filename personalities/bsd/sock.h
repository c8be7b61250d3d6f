/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the BSDs' sockets have in common: addresses with a length byte, control messages with a 12-byte head, and the
 * values of a few options. Their numbers are the systems' own (cmsg and sockopt tables of each folder).
 */
#pragma once
#include "../../syscalls/sock.h"

long bsd_sockaddr_get(const void *guest, size_t n, struct sockaddr_storage *host);
long bsd_sockaddr_put(const struct sockaddr_storage *host, size_t n, void *guest, size_t max);

long bsd_cmsg_get(struct thread *, const void *guest, size_t n, void *host, size_t max);
long bsd_cmsg_put(struct thread *, int fd, void *host, size_t n, void *guest, size_t max, int *flags);

/* data of control messages, for the tables: guest to host and back (struct cmsgrow) */
long cmsg_same_get(struct thread *, const void *guest, size_t n, void *host, size_t max);
long cmsg_same_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_rights_get(struct thread *, const void *guest, size_t n, void *host, size_t max);
long cmsg_rights_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_creds_get(struct thread *, const void *guest, size_t n, void *host, size_t max);
long cmsg_sockcred_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_sockcred2_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_timeval_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_bintime_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_realtime_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_monotonic_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_dstaddr_get(struct thread *, const void *guest, size_t n, void *host, size_t max);
long cmsg_dstaddr_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_recvif_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_sockaddr_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
long cmsg_byte_get(struct thread *, const void *guest, size_t n, void *host, size_t max);
long cmsg_byte_put(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);

/* cmsg_creds.c: a descriptor of ours that carries the caller's credentials; -1: none is to go along, or -errno */
int cmsg_creds_pack(struct thread *);
long cmsg_creds_unpack(int fd, void *cmsgcred);       /* bytes of struct cmsgcred; 0: it is no such descriptor */
#define CMSGCRED_MOST 84
#define X_SCM_CMSGCRED 0x67637264                     /* as which it is looked up in a cmsg table: no type of the host's */

extern const struct optkind
	opt_xucred,              /* struct xucred of the peer */
	opt_tsclock,             /* which clock and form a time stamp has */
	opt_listenq,             /* a listener's queue: hnr 0 its limit, 1 its length, 2 those not yet connected */
	opt_groupreq,            /* struct group_req */
	opt_groupsrc,            /* struct group_source_req */
	opt_icmp6filter;         /* a set bit lets pass; on Linux it stops */
