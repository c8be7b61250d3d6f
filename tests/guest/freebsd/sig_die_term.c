/* SPDX-License-Identifier: BSD-2-Clause
 * Who dies of a signal of its own: the parent on the host sees the host's number of it. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	say("dying\n");
	kill(getpid(), SIGTERM);
	say("not reached\n");
	return 0;
}
