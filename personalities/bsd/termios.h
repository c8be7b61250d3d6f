/* SPDX-License-Identifier: BSD-2-Clause
 *
 * struct termios of the BSDs, which is 4.4BSD's: flags, twenty characters, speeds as numbers.
 */
#pragma once
#include "guise.h"

struct bsd_termios { uint32_t iflag, oflag, cflag, lflag; uint8_t cc[20]; uint32_t ispeed, ospeed; };
_Static_assert(sizeof(struct bsd_termios) == 44, "struct termios");

void bsd_termios_get(const void *guest, void *host); /* host: struct host_termios */
void bsd_termios_put(const void *host, void *guest);
