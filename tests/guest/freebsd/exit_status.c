/* SPDX-License-Identifier: BSD-2-Clause
 * Only the low eight bits of the status reach the parent. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	say("going\n");
	quit(0x1003);
}
