/* SPDX-License-Identifier: BSD-2-Clause
 *
 * File systems, for the calls that list them.
 */
#pragma once
#include "records.h"

/* Call each(arg, fs) for every mounted file system the guest can name, until it answers otherwise than 0. */
long mounts_walk(struct proc *, long (*each)(void *arg, const struct host_statfs *), void *arg);
