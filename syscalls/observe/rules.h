/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between those who judge a call (audit.c, tools/supervise/judge.c) and the rules that fit it (rules.c).
 */
#pragma once
#include "policy.h"

struct subject {                     /* what a call is about to act on; both NULL: nothing with a name */
	const char *path;
	const struct sockaddr_storage *ss;
	size_t len;
	bool untold;             /* there is a path, but nobody can say which */
	bool by_fd;              /* it was named by its descriptor alone */
	bool moves;              /* everything below it gets another name */
};
struct found { int rule; unsigned verdict, err; };

extern uint32_t (*rule_uid)(const struct thread *);  /* its effective user */

struct found rules_judge(struct call *, const struct subject *);
bool rules_hang(struct call *);      /* the verdict hangs on a path or an address: a rule before the one that is sure to match asks for one */
bool rules_keep(const char *path);   /* some rule could refuse somebody this file */
struct found rules_result(struct call *);            /* when it has ended; V_ALLOW: nothing is said of it */
