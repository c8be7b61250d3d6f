/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The words a record's layout is written with: which fields the guest's struct has, where, and what they are. The trace
 * prints by it, and what the guest's memory holds behind a pointer in it is recorded by it. It stands in the folder of
 * the system (layouts.c), beside the struct that it describes; what all 64-bit systems have in common is in
 * syscalls/observe/layouts.c.
 *
 *     #define S struct fbsd_timespec
 *     static const struct field timespec[] = { F(INT, sec, "tv_sec"), F(INT, nsec, "tv_nsec"), END };
 */
#pragma once
#include "guise.h"

enum fieldtype {
	F_END, F_INT, F_UINT, F_HEX, F_OCT, F_ADDR, F_DEV, F_MODE, F_FD, F_SIG, F_SIGSET, F_HANDLER, F_LIMIT, F_WSTATUS,
	F_SET,                       /* what: enum set */
	F_TEXT,                      /* characters in the struct, up to a NUL */
	F_BYTES,                     /* characters in the struct, all */
	F_REC,                       /* what: a record in the struct */
	F_INTS,                      /* an array of int */
	F_SIGINFO,                   /* the host's siginfo_t */
	F_SOCKADDR,                  /* a socket address in the struct */
	F_PSTR, F_PBYTES, F_PIOV, F_PSOCKADDR, F_PCMSG,      /* pointers; len_off, len_size: their counts */
};
struct field {
	const char *name;
	uint16_t off, size;
	uint8_t type, what;
	bool quiet;                  /* not shown where it is 0 */
	uint8_t len_size;
	uint16_t len_off;
	uint16_t if_off;             /* only if the field there (if_size wide) holds if_val */
	uint8_t if_size;
	int32_t if_val;
};
struct layout {
	uint32_t size;               /* the same as the record's gsize; 0: entries of varying length (DIRENTS) */
	bool scalar;                 /* one number: in brackets when a pointer to one is an argument, bare in a row of them */
	const struct field *field;   /* ends with END */
};
extern const struct layout common_layout[];      /* by enum rec: structs that are the same in every 64-bit system */

#define OFF_(m_) .off = offsetof(S, m_), .size = sizeof(((S *)0)->m_)
#define F(type_, m_, name_) { .name = name_, OFF_(m_), .type = F_##type_ }
#define FQ(type_, m_, name_) { .name = name_, OFF_(m_), .type = F_##type_, .quiet = true }
#define FW(type_, m_, name_, what_) { .name = name_, OFF_(m_), .type = F_##type_, .what = what_ }
#define FWQ(type_, m_, name_, what_) { .name = name_, OFF_(m_), .type = F_##type_, .what = what_, .quiet = true }
#define FWIF(type_, m_, name_, what_, if_m_, val_) { .name = name_, OFF_(m_), .type = F_##type_, .what = what_, \
	.if_off = offsetof(S, if_m_), .if_size = sizeof(((S *)0)->if_m_), .if_val = val_ }
#define FP(type_, m_, name_, len_m_) { .name = name_, OFF_(m_), .type = F_##type_, .len_off = offsetof(S, len_m_), \
	.len_size = sizeof(((S *)0)->len_m_) }
#define END { .type = F_END }
