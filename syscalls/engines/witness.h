/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the engine ptrace, in the guest's process, and its supervisor outside (tools/supervise/): calls that no kernel
 * has, made by our own text. Without a supervisor they answer ENOSYS. entry.S includes this file, too.
 */
#define WITNESS_LEAVE 0x07750001         /* the guest goes on, with the registers in its thread block */
#define WITNESS_HELLO 0x07750002         /* is there a supervisor? WITNESS_HERE, or WITNESS_ALL: it sees our own calls, too */
#define WITNESS_VERDICT 0x07750003       /* a policy's word on the call in progress: struct witness_verdict; answers 1 or 0, as asked */
#define WITNESS_HERE  0x57495453
#define WITNESS_ALL   0x57495454

#define FD_HAND      3                   /* the supervisor's descriptors: its maker, until it has begun to trace */
#define FD_TRACE     4                   /* the session of a trace that it records, and the pipe that ends with it */
#define FD_WITNESS   5                   /* where it writes what it sees */
#define FD_TRACE_END 6
#define FD_POLICY    7                   /* what it judges by (observe/policy.h) */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct witness_verdict {
	int32_t rule;
	uint16_t verdict, err;
	uint64_t path, ss;           /* what is judged, in the guest's memory: a text, a struct sockaddr_storage, or neither */
	uint32_t path_len, pad;
};
#endif
