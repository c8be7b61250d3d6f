/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The sysctl tree of a system whose names form a tree of numbers that a program may walk (FreeBSD, DragonFly): declared
 * rows, and what a row's function needs. A personality's .def rows:
 *
 *     NODE("kern", 1, "what it is")
 *     LEAF("kern.maxproc", 6, INT, RD, "I", VALUE(4000), "...")     VALUE, TEXT, FN or FNVALUE
 *     TREE("kern.proc.args", 7, RW, function, "...")                the function reads the numbers that follow
 *
 * AUTO numbers are given in the order of the rows, from 256 on. Access: RD, RW, RD_SKIP (not shown by a listing),
 * RW_ANY (anybody may write); with _CAP behind it, it may be read in capability mode, too. A VALUE or TEXT row is never writable, whatever it says: writing to it is EPERM.
 */
#pragma once
#include "guise.h"

enum { SYSCTL_NODE = 1, SYSCTL_INT, SYSCTL_STRING, SYSCTL_S64, SYSCTL_OPAQUE, SYSCTL_UINT, SYSCTL_LONG, SYSCTL_ULONG,
       SYSCTL_U64, SYSCTL_U8, SYSCTL_U16, SYSCTL_S8, SYSCTL_S16, SYSCTL_S32, SYSCTL_U32 };
#define SYSCTL_RD   0x80000000u
#define SYSCTL_WR   0x40000000u
#define SYSCTL_RW   (SYSCTL_RD | SYSCTL_WR)
#define SYSCTL_ANY  0x10000000u
#define SYSCTL_SKIP 0x01000000u
#define SYSCTL_RW_ANY  (SYSCTL_RW | SYSCTL_ANY)
#define SYSCTL_RD_SKIP (SYSCTL_RD | SYSCTL_SKIP)
#define SYSCTL_CAPRD 0x00008000u             /* may be read in capability mode */
#define SYSCTL_CAPWR 0x00004000u
#define SYSCTL_RD_CAP  (SYSCTL_RD | SYSCTL_CAPRD)
#define SYSCTL_RW_CAP  (SYSCTL_RW | SYSCTL_CAPRD)
#define SYSCTL_RD_SKIP_CAP (SYSCTL_RD_SKIP | SYSCTL_CAPRD)
#define SYSCTL_RD_TUN (SYSCTL_RD | 0x00080000u)       /* ... and could be set where the system begins */
#define SYSCTL_RW_ANY_CAPWR (SYSCTL_RW_ANY | SYSCTL_CAPWR)
#define SYSCTL_AUTO (-1)
#define SYSCTL_MAXNAME 24
enum { CTL_KERN = 1, CTL_VM, CTL_VFS, CTL_NET, CTL_DEBUG, CTL_HW, CTL_MACHDEP, CTL_USER, CTL_P1003 };

struct sysctl_row;
struct sysctl_req {
	struct call *c;
	struct proc *p;
	const struct sysctl_row *row;
	const int *rest;         /* numbers behind the row's own */
	unsigned n_rest;
	uaddr old, new;
	uint64_t old_len, done;  /* room, and what there is to tell, which may be more */
	uint64_t new_len, taken;
};
typedef long sysctl_fn(struct sysctl_req *);
struct sysctl_row {
	const char *name;        /* all of it, dotted */
	int nr;
	uint32_t kind;           /* type and flags, as a program sees them */
	const char *fmt, *descr;
	sysctl_fn *fn;           /* or a constant: */
	const char *text;
	int64_t value;
};
struct sysctl_link { uint16_t up, down, next, level; int nr; };       /* row numbers; 0: none (row 0 is the root) */
struct sysctl_tree {
	const struct sysctl_row *row;
	unsigned n;
	struct sysctl_link *volatile link;       /* made at the first call */
};

/* for the functions of rows: 0, -ENOMEM (did not fit: go on telling all the same), -EFAULT, -EINVAL */
long must_check sysctl_out(struct sysctl_req *, const void *, size_t);
long must_check sysctl_in(struct sysctl_req *, void *, size_t);
long must_check sysctl_int(struct sysctl_req *, int64_t);    /* in the width of the row's type */
long must_check sysctl_text(struct sysctl_req *, const char *);
const char *bsd_oid_name(struct sysctl_tree *, const int *oid, unsigned n, unsigned *used);   /* for the trace; NULL: no such row */

#define NODE(name_, nr_, descr_) \
	{ .name = name_, .nr = nr_, .kind = SYSCTL_NODE | SYSCTL_RW, .fmt = "N", .descr = descr_ },
#define TREE(name_, nr_, access_, fn_, descr_) \
	{ .name = name_, .nr = nr_, .kind = SYSCTL_NODE | SYSCTL_##access_, .fmt = "N", .fn = fn_, .descr = descr_ },
#define LEAF(name_, nr_, type_, access_, fmt_, what_, descr_) \
	{ .name = name_, .nr = nr_, .kind = SYSCTL_##type_ | SYSCTL_##access_, .fmt = fmt_, what_, .descr = descr_ },
#define VALUE(v) .value = v
#define TEXT(s) .text = s
#define FN(f) .fn = f
#define FNVALUE(f, v) .fn = f, .value = v
#define AUTO SYSCTL_AUTO
