/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's tables of socket options and control messages, for its personality. Both end with a row without a name.
 */
#pragma once
#include "../bsd/sock.h"

extern const struct sockopt fbsd_sockopt[];
extern const struct cmsgrow fbsd_cmsg[];
