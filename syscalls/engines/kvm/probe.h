/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What this host's KVM does, found by a small machine.
 */
#pragma once
#include "guise.h"

bool kvm_probe(char *why, size_t n);         /* true: why says what was found */
bool probe_leaves_ring3(void);               /* of the last probe: `syscall` stays in ring 3 here */
