/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A policy as the guest's process sees it: what tools/audit/ made of the policy file, in one memfd that is sealed against
 * writing and mapped read-only, so that a run that has begun is judged by the same words to its end. Places are offsets
 * from the policy's beginning; texts end with NUL. Whether a call is looked at is one bit (touch); rules are tried in
 * the order of the file and the first that matches is the verdict (audit.c).
 *
 * A list says yes if any of its items that is not a "not" says so, or all of them are, and no "not" does.
 */
#pragma once
#include "ring.h"

#define POLICY_MAGIC   0x4c4f504553495547ull         /* "GUISEPOL" */
#define POLICY_VERSION 1u
#define POLICY_PID     '\1'                          /* in a glob: the number of the process itself ($PID) */

enum judgement { V_ALLOW, V_LOG, V_DENY, V_KILL, V_ASK };
static inline bool verdict_bites(unsigned v) { return v >= V_DENY; }

enum argtest { T_NAME, T_RANGE, T_MASK, T_TEXT };
enum resulttest { RESULT_NONE, RESULT_ANY, RESULT_SUCCESS, RESULT_ERROR, RESULT_ERRNO };
enum nettype { NET_ANY, NET_INET, NET_INET6, NET_ABSTRACT, NET_FAMILY, NET_NONE };

struct plist { uint32_t at, n; };
struct ptext { uint32_t at, is_not; };                                  /* a glob */
struct prange { uint64_t lo, hi; uint32_t is_not, pad; };
struct pnet { uint8_t type, bits, is_not, pad; uint32_t at; uint8_t addr[16]; };   /* at: ABSTRACT's glob, or the family */
struct parg { uint32_t name; uint16_t test, is_not; uint32_t at, pad; int64_t lo, hi; };     /* of one name: neighbours */

struct prule {
	uint32_t name, line;         /* line 0: built in */
	uint16_t verdict, err;       /* DENY: errno of the host */
	uint16_t result, result_err;
	uint32_t pers;               /* bits by personality: os = */
	struct plist program, uid, path, net, port, arg;
	nrset nrs;
};
enum {
	POLICY_STOP = 1,             /* a record that nobody will write ends the run */
	POLICY_NATIVE = 2,           /* native programs run under the host's filter alone; else they are refused */
	POLICY_UNSEEN = 4,           /* what gives names another meaning unseen is refused */
	POLICY_LEARN = 8,
};
struct policy {
	uint64_t magic;
	uint32_t version, size;
	uint32_t flags, n_rules, rules;
	uint32_t filter, n_filter;   /* struct sock_filter, for the host's kernel */
	uint16_t verdict, err;       /* what no rule matched */
	uint32_t denied_status;      /* the run's exit status where it would be 0 and something was denied; 0: stays 0 */
	nrset touch;                 /* calls that are judged */
	nrset subject;               /* ... but when their path or address is known */
	nrset result;                /* ... again when they have ended */
};
static inline const void *policy_at(const struct policy *p, uint32_t at) { return (const char *)p + at; }
/* It is there to keep something from the program; else it only logs. */
static inline bool policy_bites(const struct policy *p)
{
	bool bites = verdict_bites(p->verdict);
	const struct prule *r = (const struct prule *)policy_at(p, p->rules);
	for (unsigned i = 0; i < p->n_rules; i++)
		bites |= verdict_bites(r[i].verdict);
	return bites;
}

extern const struct policy *policy;  /* rules.c: NULL without one */

/* glob.c. below: some name below the text's directory matches. self: for POLICY_PID */
bool glob_match(const char *glob, const char *text, size_t n, int self, bool below);

/* --- what is judged, told with a verdict: pieces MEM 0 (the true path), SOCK 0 (the address, struct sockaddr_storage) ----- */
enum { RULE_DEFAULT = -1, RULE_UNSEEN = -2, RULE_UNJUDGED = -3,
       RULE_PAST = -4,               /* made past the translator */
       RULE_TAMPERED = -5 };         /* what came of it is not what was judged */
struct en_verdict {
	struct entry r;
	int32_t rule;                /* its index, or RULE_* */
	uint16_t verdict, err;
	uint32_t asked;              /* ASK: the number of the question, to be answered in the ring */
	uint32_t uid;
};
