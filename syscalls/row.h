/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The words a .def row is written with. Included only by a personality's table file, which then includes its .def
 * files twice: once with SYS declaring handlers, once with SYS building `[nr] = {...}`:
 *
 *     #define SYS(nr, name, ret, fn, level, ...) sysfn fn;
 *     #define NOSYS(nr, name, reason)
 *     #include "syscalls.def"
 *     #undef SYS
 *     #undef NOSYS
 *     #define SYS(nr_, name_, ret_, fn_, level_, ...) [nr_] = ROW(name_, ret_, fn_, level_, __VA_ARGS__),
 *     #define NOSYS(nr_, name_, reason_) [nr_] = ROW_NOSYS(name_, reason_),
 *
 * A sub-table row (CMD) is the same with its number kept in the row; its argument list is that of the whole call.
 */
#pragma once
#include "guise.h"

#define ROW(name_, ret_, fn_, level_, ...) \
	{ .name = #name_, .fn = fn_, .by = #fn_, .ret = R_##ret_, .arg = { __VA_ARGS__ }, LEVEL_##level_ }
#define ROW_NOSYS(name_, reason_, ...) \
	{ .name = #name_, .ret = R_INT, .level = L_NOSYS, .note = reason_, .arg = { __VA_ARGS__ } }
#define ROW_GONE(name_, reason_) { .name = #name_, .ret = R_INT, .level = L_GONE, .note = reason_ }
/* text_ is #name_: many commands are macros of the host's headers too, and must not travel as tokens */
#define SUBROW(nr_, text_, ret_, fn_, level_, ...) \
	{ nr_, { .name = text_, .fn = fn_, .by = #fn_, .ret = R_##ret_, .arg = { __VA_ARGS__ }, LEVEL_##level_ } }
#define SUBROW_NOSYS(nr_, text_, reason_, ...) \
	{ nr_, { .name = text_, .ret = R_INT, .level = L_NOSYS, .note = reason_, .arg = { __VA_ARGS__ } } }

/* support: FULL, PART("what is missing") or STUB("what is pretended"); no macros themselves, so that they travel whole */
#define LEVEL_FULL .level = L_FULL, .note = NULL
#define LEVEL_PART(note_) .level = L_PART, .note = note_
#define LEVEL_STUB(note_) .level = L_STUB, .note = note_

/* arguments */
#define K_(name_, kind_) { .name = #name_, .kind = kind_ }
#define W_(name_, kind_, what_) { .name = #name_, .kind = kind_, .what = what_ }
#define L_(name_, kind_, len_) { .name = #name_, .kind = kind_, .len = #len_ }
#define WL_(name_, kind_, what_, len_) { .name = #name_, .kind = kind_, .what = what_, .len = #len_ }
#define VOID { .kind = A_NONE }                      /* no arguments */
/* behind the last argument, or instead of VOID: what a process may do that has given up naming things (confine.h) */
#define INCAP { .kind = A_NONE, .what = END_INCAP }          /* this call */
#define NOTINCAP { .kind = A_NONE, .what = END_NOTINCAP }    /* of a command: not this one, though the call is allowed */
#define PAD { .name = "pad", .kind = A_PAD }
#define INT(n) K_(n, A_INT)
#define SOLEVEL(n) W_(n, A_INT, INT_SOLEVEL)         /* of a socket's option, and (behind it) its number: sock.h */
#define SOOPT(n) W_(n, A_INT, INT_SOOPT)
#define UINT(n) K_(n, A_UINT)
#define LONG(n) K_(n, A_LONG)
#define ULONG(n) K_(n, A_ULONG)
#define HEX(n) K_(n, A_HEX)
#define OCT(n) K_(n, A_OCT)
#define SIZE(n) K_(n, A_SIZE)
#define OFF(n) K_(n, A_OFF)
#define ADDR(n) K_(n, A_ADDR)
#define PTR(n) K_(n, A_PTR)
#define PID(n) K_(n, A_PID)
#define SELFPID(n) W_(n, A_PID, PID_SELF)            /* in that mode only the caller itself */
#define UID(n) K_(n, A_UID)
#define DEV(n) K_(n, A_DEV)
/* FD(name) or FD(name, RIGHT): the right that the descriptor must have, of enum right */
#define RIGHT_PICK_(n_, right_, ...) right_
#define RIGHT_OF_(...) RIGHT_PICK_(__VA_ARGS__, NONE,)
#define NAME_OF_(n_, ...) n_
#define R_JOIN_(a_, b_) a_##b_
#define R_NUM_(r_) R_JOIN_(RIGHT_, r_)
#define R_ARG_(n_, r_, kind_) { .name = #n_, .kind = kind_, .what = R_NUM_(r_) }
#define R_ARG(n_, r_, kind_) R_ARG_(n_, r_, kind_)
#define FD(...) R_ARG(NAME_OF_(__VA_ARGS__,), RIGHT_OF_(__VA_ARGS__), A_FD)
#define ATFD(...) R_ARG(NAME_OF_(__VA_ARGS__,), RIGHT_OF_(__VA_ARGS__), A_ATFD)
#define MAPFD(n) W_(n, A_INT, INT_MAPFD)             /* mmap's: no descriptor where nothing of a file is mapped */
#define SIG(n) K_(n, A_SIG)
#define SET(n, set_) W_(n, A_SET, SET_##set_)
#define LSET(n, set_) { .name = #n, .kind = A_SET, .what = SET_##set_, .wide = true }     /* of a long */
#define ENUM(n, set_) W_(n, A_ENUM, SET_##set_)
#define SUB(n, sub_) W_(n, A_SUB, SUB_##sub_)
#define PATH(n) K_(n, A_PATH)
#define STR(n) K_(n, A_STR)
#define STRV(n) K_(n, A_STRV)
#define IN(n, rec_) W_(n, A_IN, REC_##rec_)
#define OUT(n, rec_) W_(n, A_OUT, REC_##rec_)
#define INOUT(n, rec_) W_(n, A_INOUT, REC_##rec_)
#define INV(n, rec_, len_) WL_(n, A_INV, REC_##rec_, len_)
#define OUTV(n, rec_, len_) WL_(n, A_OUTV, REC_##rec_, len_)
#define INOUTV(n, rec_, len_) WL_(n, A_INOUTV, REC_##rec_, len_)
#define INBUF(n, len_) L_(n, A_INBUF, len_)
#define OUTBUF(n, len_) L_(n, A_OUTBUF, len_)
#define DIRENTS(n, rec_, len_) WL_(n, A_OUTBUF, REC_##rec_, len_)   /* bytes: entries of varying length, DIRENT or DIRENT_OLD */
#define OPTIN(n, len_) WL_(n, A_INBUF, REC_INT, len_)               /* bytes, most often an int */
#define OPTOUT(n, len_) WL_(n, A_OUTBUF, REC_INT, len_)
#define IOVIN(n, len_) L_(n, A_IOVIN, len_)
#define IOVOUT(n, len_) L_(n, A_IOVOUT, len_)
#define SOCKIN(n, len_) L_(n, A_SOCKIN, len_)
#define SOCKOUT(n, len_) L_(n, A_SOCKOUT, len_)
#define SIGSETIN(n) K_(n, A_SIGSETIN)
#define SIGSETOUT(n) K_(n, A_SIGSETOUT)

/* scalar tables: SET name, guest spelling, guest value, host value (BITM: with masks, for fields of several bits) */
#define BIT(set_, name_, gval_, hval_) { SET_##set_, #name_, gval_, gval_, hval_, hval_ },
#define BITM(set_, name_, gmask_, gval_, hmask_, hval_) { SET_##set_, #name_, gmask_, gval_, hmask_, hval_ },
/* what the guest's kernel answers to a value of this set that no row explains (X_IGNORED: nothing); without it, EINVAL */
#define UNKNOWN(set_, err_) { SET_##set_, "?", 0, 1, 0, err_ },
#define VALUE(set_, name_, gval_, hval_) { SET_##set_, #name_, ~0ull, gval_, ~0ull, hval_ },
