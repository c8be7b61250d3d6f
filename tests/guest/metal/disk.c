/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST options: --disk {built}/guest/metal/disk.img
 *
 * The disk by hypercalls: what is written is read back, what is not is the file's; nothing goes beyond its end. The file
 * itself stays as it is: each run finds the same.
 */
#include "guest.h"

static char buf[2048];

static void show(const char *what, long n)
{
	puts(what);
	for (int i = 0; i < n && i < 2048; i += 512)
		put(' '), put(buf[i]), put(buf[i + 511]);
	say(" =", n);
}
int main(void)
{
	say("sectors", hyper(H_BLOCK_SIZE, 0, 0, 0));
	show("all:", hyper(H_BLOCK_READ, (long)buf, 2048, 0));
	for (int i = 0; i < 1024; i++)
		buf[i] = i < 512 ? 'a' : 'b';
	say("write", hyper(H_BLOCK_WRITE, (long)buf, 1024, 1));
	for (int i = 0; i < 2048; i++)
		buf[i] = '?';
	show("all:", hyper(H_BLOCK_READ, (long)buf, 2048, 0));
	show("third:", hyper(H_BLOCK_READ, (long)buf, 512, 2));
	say("flush", hyper(H_BLOCK_FLUSH, 0, 0, 0));
	say("beyond its end", hyper(H_BLOCK_READ, (long)buf, 1024, 3));
	say("far beyond", hyper(H_BLOCK_WRITE, (long)buf, 512, -1));
	say("half a sector", hyper(H_BLOCK_WRITE, (long)buf, 100, 0));
	say("from nowhere", hyper(H_BLOCK_WRITE, 1l << 39, 512, 0));
	show("first:", hyper(H_BLOCK_READ, (long)buf, 512, 0));
	return 0;
}
