/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between judge.c (the guest's calls) and judge_host.c (the calls of Linux that come of them).
 */
#pragma once
#include "observe/rules.h"
#include "tools/supervise/supervise.h"

#define MOST_TRUE_PATH 4400

extern bool judge_bites;             /* the policy could deny something */
bool judge_forbids(struct call *, const struct subject *);
bool judge_path_of(int tid, long fd, char *path, size_t n);  /* where a descriptor leads; false: it has no name */
