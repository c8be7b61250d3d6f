/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kqueue tests share: one change, and the events of the next moments by name. Events are printed in the order
 * of filter and ident: FreeBSD gives them in the order they became active, and no test is about that.
 */
#pragma once
#include "fbsd.h"

static inline __attribute__((unused)) long change(long kq, u64 ident, int filter, int flags, u32 fflags, long data, void *udata)
{
	struct kevent k = { ident, (short)filter, (u16)flags, fflags, data, udata, { 0 } };

	return kevent(kq, &k, 1, 0, 0, 0);
}

static inline __attribute__((unused)) const char *filter_name(int f)
{
	static const char *const name[] = { "?", "READ", "WRITE", "AIO", "VNODE", "PROC", "SIGNAL", "TIMER", "PROCDESC", "FS", "LIO",
		"USER", "SENDFILE", "EMPTY" };

	return f < 0 && f >= EVFILT_EMPTY ? name[-f] : "?";
}

/* base is taken from idents of processes, so that they can be told; returns the count */
static inline __attribute__((unused)) long events(long kq, long ms, long base)
{
	struct kevent k[8];
	long n = kevent(kq, 0, 0, k, 8, TS(ms / 1000, ms % 1000 * 1000000));

	if (n < 0) {
		say("  %e\n", n);
		return n;
	}
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			if (k[j].filter > k[i].filter || (k[j].filter == k[i].filter && k[j].ident < k[i].ident)) {
				struct kevent t = k[i];
				k[i] = k[j];
				k[j] = t;
			}
	for (int i = 0; i < n; i++)
		say("  %s ident %ld flags %x fflags %x data %ld udata %lx\n", filter_name(k[i].filter), k[i].ident - base, k[i].flags,
		    k[i].fflags, k[i].data, (long)k[i].udata);
	if (n == 0)
		say("  nothing\n");
	return n;
}
