/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What other processes of guise may see of a process, by its number and at no cost to those who do not ask: a name that it
 * holds (an abstract socket's), which goes with the process.
 */
#pragma once
#include "guise.h"

int mark_hold(struct proc *, const char *what);      /* this process is that from now on: a descriptor of ours, or -errno */
bool mark_is(int pid, const char *what);
/* The socket's name: of mark_hold's, and of others that one process of guise has for others; its length for bind */
struct sockaddr_un;
long mark_name(struct sockaddr_un *, const char *what, int pid);
