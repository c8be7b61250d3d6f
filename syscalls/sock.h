/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the socket handlers (handlers/sock.c, sock_addr.c, msg.c, sockopt.c) and the personalities that spell addresses, control
 * messages and options. An option is one row of the personality's table; what is done with its value is its kind, a
 * pair of functions, so that a layout only one system has stays in that system's folder.
 */
#pragma once
#include "guise.h"

/* --- addresses -------------------------------------------------------------------------------------------------- */
struct addr {                        /* an address made ready for the host; addr_done closes what it holds */
	struct sockaddr_storage ss;
	long len;
	int own[2];              /* descriptors to close, or -1 */
};
/* how: PATH_* for the path of a local socket, relative to dirfd. 0 or -errno; addr_done only after 0. */
long must_check addr_get(struct thread *, uaddr guest, uint64_t n, int dirfd, unsigned how, struct addr *);
void addr_done(struct addr *);
/* May it be used, by this process, for its own end of fd (local) or another's? It may be changed. NULL: nobody asks. */
extern long (*addr_limits)(struct thread *, int fd, struct sockaddr_storage *, bool local);
/* The same into our memory: its length. */
long addr_bytes(struct thread *, const struct addr *, void *guest, size_t max);
/* To the guest's buffer and length word. full: the length told is the address's, else what was written. */
long must_check addr_put(struct thread *, const struct addr *, uaddr to, uint32_t room, uaddr lenp, bool full);
long must_check addr_room(uaddr to, uaddr lenp, uint32_t *room);     /* what that word says there is; no word: no buffer either */

long sock_bind_at(struct call *, int dirfd, int i);                /* socket, name and length are arguments i.. */
long sock_connect_at(struct call *, int dirfd, int i);
int msg_flags_in(struct thread *, int fd, long flags);           /* a SET_MSG argument for the host's send */
int msg_flags_recv(long flags);                                  /* and for its receive */
long msg_sent(struct thread *, int fd, long flags, long rv);      /* what is still to be done after a send; rv */

/* --- what Linux does not remember about a socket for us --------------------------------------------------------- */
enum {
	SOCK_NOSIGPIPE = 1, SOCK_CREDS = 2, SOCK_CREDS2 = 4, SOCK_RECVDST = 8, SOCK_RECVIF = 16, SOCK_BINTIME = 32,
	SOCK_TIMESTAMP = 64, SOCK_PORT_LOW = 128, SOCK_PORT_HIGH = 1024,
	SOCK_CLOCK = 256,        /* unit of two bits: which clock and form SOCK_TIMESTAMP tells (SO_TS_CLOCK) */
};
unsigned sock_state(struct thread *, int fd);
long must_check sock_state_set(struct thread *, int fd, unsigned bits, bool on);
extern volatile int sock_states;     /* how many sockets have any of it */
static inline bool sock_quiet(struct thread *t, int fd)          /* a write may not raise SIGPIPE */
{
	return sock_states && sock_state(t, fd) & SOCK_NOSIGPIPE;
}
int sock_domain(int fd);             /* AF_* of the host, or -errno */

/* --- control messages ------------------------------------------------------------------------------------------- */
struct cmsgrow {                     /* one kind of control message */
	const char *name;
	uint32_t level, type;    /* the guest's */
	int hlevel, htype;
	/* data to data; the number of bytes made, 0 to leave the message out, or -errno */
	long (*get)(struct thread *, const void *guest, size_t n, void *host, size_t max);
	long (*put)(struct thread *, int fd, const void *host, size_t n, void *guest, size_t max);
};

/* --- options ---------------------------------------------------------------------------------------------------- */
struct opt {                         /* one setsockopt or getsockopt under way */
	struct thread *t;
	const struct sockopt *row;
	int fd;
	uaddr val;               /* the guest's buffer */
	uint32_t len;            /* set: its length; get: the room there */
	uaddr lenp;              /* get: where the length is to be told */
};
struct optkind {                     /* NULL: this direction does not exist */
	long (*set)(struct opt *);
	long (*get)(struct opt *);
	const char *note;        /* what is missing, as in a row; NULL: nothing */
};
struct sockopt {
	const char *name;
	uint32_t level, nr;      /* the guest's */
	int hlevel, hnr;
	const struct optkind *kind;
	int af;                  /* only for sockets of this host family; 0: any */
};
long must_check opt_in(struct opt *, void *dst, size_t n);        /* at least n bytes, or -EINVAL */
long must_check opt_out(struct opt *, const void *src, size_t n);
long host_opt_set(struct opt *, const void *v, size_t n);
long host_opt_get(struct opt *, void *v, uint32_t *n);
extern const struct optkind
	opt_raw,                 /* the value is the same on both sides */
	opt_int,                 /* the same, and an int, whatever shorter forms the host takes */
	opt_order,               /* the same, but nothing there is to tell */
	opt_told,                /* the same, but it cannot be set, here and there */
	opt_lowat,               /* the same, but only there it can be set */
	opt_untold,              /* the same, but only there it is told again */
	opt_admin,               /* as opt_flag, and setting it takes a right of the host's */
	opt_flag,                /* int; told as the option's own number when it is on */
	opt_flag_told,           /* the same, and it cannot be set */
	opt_buf,                 /* int; Linux tells twice what was set */
	opt_error,               /* an errno */
	opt_domain,              /* an address family */
	opt_byteint,             /* one byte or an int, by length */
	opt_state,               /* a bit of sock_state, in hnr */
	opt_pktinfo,             /* the same, told as 1; the host's IP_PKTINFO is on while any of this kind is */
	opt_passcred,            /* the same with SO_PASSCRED */
	opt_timestamp,           /* the same with SO_TIMESTAMPNS */
	opt_dontfrag,            /* int; path MTU discovery on Linux */
	opt_mreqsrc,             /* struct ip_mreq_source: other order of members */
	opt_zero,                /* int; only 0 can be set */
	opt_portrange,           /* 0, 1 (high: the host's own), 2: a port that is chosen is a reserved one */
	opt_hint;                /* int; a hint that Linux has no use for: 0 and 1 are taken, 0 is told */
