/* SPDX-License-Identifier: BSD-2-Clause
 * The smallest program: one write, and the end. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	return write(1, "hello\n", 6) == 6 ? 0 : 1;
}
