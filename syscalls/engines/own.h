/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Our own text, as far as calls from there are ours (front: entry.S). The kernel looks at the address behind the syscall
 * instruction, so the range ends one byte late.
 */
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>
#include "guise.h"

extern char __executable_start[], front[];
#define OWN_LO ((uint64_t)__executable_start)
#define OWN_HI ((uint64_t)front)
static inline bool own_text(uint64_t rip) { return rip >= OWN_LO && rip < OWN_HI; }
static inline bool own_call(uint64_t behind) { return behind - 2 >= OWN_LO && behind <= OWN_HI + 1; }

/* Instructions of a filter: what comes from there is let through, all else goes on behind them. */
#define FILTER_LOAD(field, half) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field) + 4 * (half))
#define FILTER_OWN_PASSES \
	FILTER_LOAD(instruction_pointer, 1), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(OWN_LO >> 32), 0, 4), \
	FILTER_LOAD(instruction_pointer, 0), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)OWN_LO, 0, 2), \
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)OWN_HI + 1, 1, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
