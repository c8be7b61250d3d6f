/* SPDX-License-Identifier: BSD-2-Clause
 * The same as start, linked dynamically: AT_BASE, and a run-time linker that reads the vector first.
 * TEST args: one "two three"
 * TEST without: kvm, where the host's kernel does nothing for a program by itself: no vDSO, no restartable sequences
 */
#include "start.c"
