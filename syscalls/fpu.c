/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's vector state. Handlers never touch it, so it is live in the registers whenever a signal frame is built or
 * torn down. Only the components a signal frame can hold in fixed places are moved; the rest stays as it is.
 */
#include <cpuid.h>
#include "host.h"

#define MXCSR_AT 24
#define HEADER_AT 512

/* Both are asked once: in a virtual machine each CPUID leaves it, for 3 to 30 us, and every signal frame has to know this. */
static uint64_t known_components;
static uint64_t components_seen(void)
{
	uint32_t lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return known_components = lo & FPU_COMPONENTS;
}
static uint64_t components(void)
{
	uint32_t a, b, c, d;
	if (known_components)
		return known_components;
	__cpuid(1, a, b, c, d);
	return c & bit_OSXSAVE ? components_seen() : 0;
}
void fpu_has_xsave(void) { components_seen(); }
bool fpu_knows_xsave(void) { return known_components; }
size_t fpu_size(void)
{
	static size_t known;
	uint64_t have = components();
	uint32_t size, at, c, d;
	if (known)
		return known;
	size_t end = HEADER_AT + (have ? 64 : 0);
	for (unsigned i = 2; i < 8; i++)
		if (have >> i & 1) {
			__cpuid_count(0xd, i, size, at, c, d);
			end = MAX(end, (size_t)at + size);
		}
	return known = MIN(end, (size_t)FPU_SIZE);
}
size_t fpu_room(void)
{
	static size_t known;
	uint32_t all, a, c, d;
	if (known || !components())
		return known ? known : fpu_size();
	__cpuid_count(0xd, 0, a, all, c, d);
	return known = MAX((size_t)all, fpu_size());
}
void fpu_save(void *to)
{
	uint64_t have = components(), *header = (uint64_t *)((char *)to + HEADER_AT);
	struct thread *t = thread_self();
	memset(header, 0, 64);
	if (t->p->engine->fpu_get) {
		t->p->engine->fpu_get(t, to, fpu_size());
		header[0] &= have;
		return;
	}
	if (have)
		__asm__ volatile("xsave64 (%0)" : : "r"(to), "a"((uint32_t)have), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(to) : "memory");
}
static long load(const void *from)
{
	uint64_t have = components();
	struct thread *t = thread_self();
	if (t->p->engine->fpu_put)
		return t->p->engine->fpu_put(t, from, fpu_size());
	if (have)
		__asm__ volatile("xrstor64 (%0)" : : "r"(from), "a"((uint32_t)have), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(from) : "memory");
	return 0;
}
/* What would make the processor fault is refused: reserved bits of MXCSR and of the header. */
long fpu_load(const void *from)
{
	char buf[FPU_SIZE] __attribute__((aligned(64)));
	uint64_t *header = (uint64_t *)(buf + HEADER_AT);
	uint32_t mxcsr;

	memcpy(buf, from, FPU_SIZE);
	memcpy(&mxcsr, buf + MXCSR_AT, 4);
	if (mxcsr & ~0xffffu)
		return -EINVAL;
	header[0] &= components();
	memset(header + 1, 0, 56);
	return load(buf);
}
void fpu_init(void)
{
	char buf[FPU_SIZE] __attribute__((aligned(64)));
	uint32_t mxcsr = 0x1f80;
	memset(buf, 0, sizeof buf);
	memcpy(buf + MXCSR_AT, &mxcsr, 4);
	if (!components())
		*(uint16_t *)buf = 0x37f;
	load(buf);
}
void fpu_put_aside(void *to)
{
	if (components())
		__asm__ volatile("xsave64 (%0)" : : "r"(to), "a"(-1), "d"(-1) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(to) : "memory");
}
void fpu_put_back(const void *from)
{
	if (components())
		__asm__ volatile("xrstor64 (%0)" : : "r"(from), "a"(-1), "d"(-1) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(from) : "memory");
}
