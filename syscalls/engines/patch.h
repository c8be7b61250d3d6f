/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Changing the guest's code while its other threads may run it.
 */
#pragma once
#include "guise.h"

/* n (at most 8) bytes at `at`, which begin with an instruction that ends with them or before; the page is writable. 0,
 * -EFAULT, or the host's error where it has no barrier: then nothing was changed. Under the caller's lock. */
long patch_code(uaddr at, const uint8_t *bytes, unsigned n);
bool patch_stands(uaddr at);         /* is there an int3 of ours for the moment? In the host handler */
