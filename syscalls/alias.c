/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A restored guest keeps the numbers by which it knows itself and its threads: programs keep them in their memory (the
 * owner of a mutex, whom to signal), and the host has given other ones to the process that it now is. So dispatch takes
 * the guest's numbers for the host's where a row says PID, and gives the guest its own back where a row answers PID.
 * A forked child has a copy and so knows its parent by the parent's number; its own is the host's.
 *
 * Written before the guest begins and when a thread of it ends; read without a lock.
 */
#include <errno.h>
#include "guise.h"
#include "snapshot.h"

struct alias *aliases;                           /* read by guise snapshot, too */
unsigned n_aliases;
static unsigned room;

long alias_add(int told, int host)
{
	if (n_aliases == room) {
		unsigned more = room ? 2 * room : 64;
		struct alias *a = mem_alloc(more * sizeof *a);
		if (!a)
			return -ENOMEM;
		memcpy(a, aliases, n_aliases * sizeof *a);
		mem_free(aliases, room * sizeof *a);
		aliases = a;
		room = more;
	}
	aliases[n_aliases++] = (struct alias){ told, host };
	return 0;
}
int alias_host(int told)
{
	for (unsigned i = 0; i < n_aliases; i++)
		if (aliases[i].told == told)
			return aliases[i].host;
	return told;
}
int alias_told(int host)
{
	for (unsigned i = 0; i < n_aliases; i++)
		if (aliases[i].host == host)
			return aliases[i].told;
	return host;
}
void alias_end(int host)
{
	for (unsigned i = 0; i < n_aliases; i++)
		if (aliases[i].host == host)
			aliases[i].told = aliases[i].host = -1;
}
/* A number below -1 means a group of processes, 0 and -1 have meanings of their own. */
static int number_in(int n) { return n > 0 ? alias_host(n) : n < -1 ? -alias_host(-n) : n; }

void alias_in(struct call *c)
{
	const struct arg *a = c->row->arg;
	for (int i = 0; i < 8 && a[i].kind; i++)
		if (a[i].kind == A_PID)
			c->arg[i] = c->raw[i] = number_in((int)c->raw[i]);
}
void alias_out(struct call *c)
{
	if (c->row && c->row->ret == R_PID && c->rv > 0)
		c->rv = alias_told((int)c->rv);
}
