/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A change within one aligned word is one store: another thread runs the old bytes or the new ones. Any other change is
 * made behind an int3 in its first byte: no thread begins what is half written, since each step is followed by a
 * barrier after which no processor still has the bytes before it. Who meets the int3 goes back and tries again (patch_stands).
 */
#include <linux/membarrier.h>
#include "host.h"
#include "engines/patch.h"

static volatile uaddr standing;

static long barrier(void)
{
	long e = host(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
	return e ? e : host(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}
static long put_word(uaddr at, const uint8_t *bytes, unsigned n)
{
	uint8_t b[8];
	uint64_t w;
	long e = mem_load64(at & ~7ull, &w);
	memcpy(b, &w, 8);
	memcpy(b + (at & 7), bytes, n);
	memcpy(&w, b, 8);
	return e ? e : mem_store64(at & ~7ull, w);
}
static long put_behind_int3(uaddr at, const uint8_t *bytes, unsigned n)
{
	static const uint8_t int3 = 0xcc;
	long e = barrier();
	if (e)
		return e;
	standing = at;
	e = put_word(at, &int3, 1);
	barrier();
	for (unsigned i = 1; !e && i < n; i++)
		e = put_word(at + i, bytes + i, 1);
	barrier();
	if (!e)
		e = put_word(at, bytes, 1);
	barrier();
	standing = 0;
	return e;
}
static long put_bytes(uaddr at, const uint8_t *bytes, unsigned n)
{
	long e = 0;
	for (unsigned i = 0; !e && i < n; i++)
		e = put_word(at + i, bytes + i, 1);
	return e;
}
long patch_code(uaddr at, const uint8_t *bytes, unsigned n)
{
	if (proc_alone(thread_self()))   /* nobody else runs there */
		return put_bytes(at, bytes, n);
	return (at & 7) + n <= 8 ? put_word(at, bytes, n) : put_behind_int3(at, bytes, n);
}
bool patch_stands(uaddr at) { return standing == at; }
