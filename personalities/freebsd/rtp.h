/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's scheduling classes (sys/rtprio.h, sys/priority.h of 15.0) on the host's policies. Priorities run 0 (first)
 * to 31 (last) there, 1 (last) to 99 (first) here.
 */
#pragma once
#include "guise.h"

struct rtprio { uint16_t type, prio; };
enum { RTP_PRIO_REALTIME = 2, RTP_PRIO_NORMAL = 3, RTP_PRIO_IDLE = 4, RTP_PRIO_FIFO = 10, RTP_PRIO_MAX = 31 };
enum { RTP_LOOKUP, RTP_SET };
struct rtp_host { int policy, prio; };

long rtp_save(int tid, struct rtp_host *);
void rtp_restore(int tid, const struct rtp_host *);
long must_check rtp_set(int tid, const struct rtprio *);
