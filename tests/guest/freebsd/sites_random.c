/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random programs full of call sites: sums, memory, flags that are used behind a call, stubs, jumps to a bare syscall
 * instruction, padding of every kind, across page boundaries. Each runs four times at one place: with whatever an engine
 * did to the sites meanwhile it must leave the same registers (all of them, rcx and r11 too), flags, vector registers, red
 * zone, stack and memory. The digests are the same on every engine; the ones here come from the one that rewrites nothing.
 * Only instructions are used whose flags are all defined.
 * With a word, other programs: the same word must give the same on every engine.
 * TEST timeout: 60
 */
#include "enter.h"

#define CODE ((u8 *)0x1000000000)        /* fixed: addresses come into registers and onto the stack */
#define DATA ((u8 *)0x2000000000)
enum { CODE_SIZE = 12288, DATA_SIZE = 4096, GROUPS = 40, PROGRAMS = 25, RUNS = 4, ITEMS = 24, STUBS = 4 };

static u64 seed = 0x9e3779b97f4a7c15;
static u32 any(u32 n)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return (u32)(seed >> 33) % n;
}

/* --- the assembler -------------------------------------------------------------------------------------------------- */
static u8 *at, *stub[STUBS], *bare[STUBS];       /* where a stub begins, where its syscall instruction is */

static void bytes(const char *b, unsigned n)
{
	while (n--)
		*at++ = (u8)*b++;
}
#define EMIT(b) bytes(b, sizeof(b) - 1)
static void word(u32 v)
{
	memcpy(at, &v, 4);
	at += 4;
}
static unsigned reg(void)                /* neither rsp nor r15, which points at the data */
{
	unsigned r;
	do
		r = any(15);
	while (r == 4);
	return r;
}
static void two(u8 op, unsigned dst, unsigned src)
{
	*at++ = (u8)(0x48 | dst >> 3 | src >> 3 << 2);
	*at++ = op;
	*at++ = (u8)(0xc0 | (src & 7) << 3 | (dst & 7));
}
static void with_memory(u8 op, unsigned r)
{
	*at++ = (u8)(0x49 | r >> 3 << 2);
	*at++ = op;
	*at++ = (u8)(0x87 | (r & 7) << 3);
	word(any(DATA_SIZE / 8) * 8);
}
static void sum(void)
{
	static const u8 ops[] = { 0x01, 0x29, 0x11, 0x19, 0x39, 0x89, 0x87 };       /* add sub adc sbb cmp mov xchg */
	two(ops[any(COUNT(ops))], reg(), reg());
}
static void memory(void)
{
	static const u8 ops[] = { 0x01, 0x29, 0x11, 0x03, 0x13, 0x89, 0x8b };
	with_memory(ops[any(COUNT(ops))], reg());
}
static void condition(void)              /* a byte of memory by one of the flags */
{
	static const u8 set[] = { 0x90, 0x92, 0x93, 0x94, 0x98, 0x9a, 0x9c };
	*at++ = 0x41, *at++ = 0x0f, *at++ = set[any(COUNT(set))], *at++ = 0x87;
	word(any(DATA_SIZE));
}
static void nothing(void)
{
	static const char nops[][10] = { "\x90", "\x66\x90", "\x0f\x1f\0", "\x0f\x1f\x40\0", "\x0f\x1f\x44\0\0", "\x66\x0f\x1f\x44\0\0",
		"\x0f\x1f\x80\0\0\0\0", "\x0f\x1f\x84\0\0\0\0\0", "\x66\x0f\x1f\x84\0\0\0\0\0" };
	unsigned n = any(COUNT(nops));
	bytes(nops[n], n + 1);
}
static void gap(void)                    /* bytes that nobody runs */
{
	u8 n = (u8)any(24);
	*at++ = 0xeb, *at++ = n;
	memset(at, any(2) ? 0xcc : 0x90, n);
	at += n;
}
static void stacked(void)
{
	*at++ = 0x50, sum(), *at++ = 0x5a;      /* push %rax; pop %rdx */
}

/* --- calls: known results, none of which changes anything ----------------------------------------------------------- */
enum { GETPID = 20 };
static const struct { u32 nr, first; } calls[] = { { SYS_issetugid, 0 }, { SYS_close, -1u }, { SYS_sched_yield, 7 }, { GETPID, 3 },
	{ SYS_read, -1u }, { SYS_clock_gettime, 99 }, { SYS_lseek, -1u } };

static void pick(u32 *nr)
{
	unsigned i = any(COUNT(calls));
	*nr = calls[i].nr;
	*at++ = 0xbf, word(calls[i].first);      /* mov $first, %edi */
}
static void behind(u32 nr)               /* what uses the result and the flags of a call */
{
	if (nr == GETPID) {
		EMIT("\x48\x2d"), word((u32)getpid());
		return;
	}
	switch (any(6)) {
	case 0: *at++ = 0x72, *at++ = 3, sum(); break;           /* jb over it */
	case 1: *at++ = 0x73, *at++ = 7, with_memory(0x01, 0); break;
	case 2: condition(); break;
	case 3: two(0x11, reg(), 0); break;                      /* adc %rax */
	case 4: nothing(); break;
	}
}
static void call(void)
{
	u32 nr;
	pick(&nr);
	switch (any(5)) {
	case 0: *at++ = 0xb8, word(nr); break;
	case 1: *at++ = 0xb8, word(nr), EMIT("\x49\x89\xca"); break;
	case 2: EMIT("\x48\xc7\xc0"), word(nr); break;
	case 3: *at++ = 0xbd, word(nr), EMIT("\x48\x89\xe8"); break;     /* by way of %ebp */
	case 4: *at++ = 0x68, word(nr), *at++ = 0x58; break;             /* push; pop %rax */
	}
	EMIT("\x0f\x05");
	behind(nr);
}
static void call_to(const u8 *to)
{
	*at++ = 0xe8;
	word((u32)(to - (at + 4)));
}
static void through_stub(void)
{
	u32 nr;
	pick(&nr);
	unsigned i = any(STUBS);
	if (any(3) && i != 3) {                  /* the third is getpid's, whose result is not the same each time */
		call_to(stub[i]);
		behind(0);
	} else {                                 /* into the middle, with another number than its own */
		*at++ = 0xb8, word(nr);
		call_to(bare[i]);
		behind(nr);
	}
}
static void stubs(void)
{
	static const u32 nrs[STUBS] = { SYS_issetugid, SYS_close, SYS_sched_yield, GETPID };
	for (unsigned i = 0; i < STUBS; i++) {
		while (any(2) && (u64)at % 16)
			*at++ = 0xcc;
		stub[i] = at;
		*at++ = 0xb8, word(nrs[i]);
		if (any(2))
			EMIT("\x49\x89\xca");
		bare[i] = at;
		EMIT("\x0f\x05\xc3");
		for (unsigned n = any(3) * any(12); n; n--)
			*at++ = 0xcc;
	}
}
static u8 *program(void)
{
	static void (*const item[])(void) = { sum, sum, sum, memory, memory, condition, nothing, gap, stacked, call, call, call, through_stub };
	memset(CODE, 0x50, CODE_SIZE);
	at = CODE + (any(2) ? 4096 - any(600) : any(4096));
	stubs();
	u8 *begin = at;
	sum();                           /* no function begins with nops, but where it is aligned */
	for (unsigned i = 0; i < ITEMS; i++)
		item[any(COUNT(item))]();
	*at++ = 0xc3;
	return begin;
}

/* --- running -------------------------------------------------------------------------------------------------------- */
static u64 digest;
static void digest_of(const void *p, unsigned n)
{
	for (const u8 *b = p; n--; b++)
		digest = (digest ^ *b) * 0x100000001b3;
}
static void run(const u8 *begin)
{
	struct state s;
	for (unsigned i = 0; i < sizeof s; i++)
		((u8 *)&s)[i] = (u8)any(256);
	s.r15 = (u64)DATA;
	s.flags = 0x202 | (any(2) ? 0x8d5 : 0);
	s.code = (u64)begin;
	enter(&s);
	digest_of(&s, sizeof s);
	digest_of(DATA, DATA_SIZE);
}
int main(int argc, char **argv)
{
	for (const char *p = argc > 1 ? argv[1] : ""; *p; p++)
		seed = seed * 31 + (u8)*p;
	if ((u8 *)mmap(CODE, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) != CODE ||
	    (u8 *)mmap(DATA, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) != DATA)
		fail("mmap");
	for (unsigned group = 0; group < GROUPS; group++) {
		for (unsigned i = 0; i < PROGRAMS; i++) {
			mprotect(CODE, CODE_SIZE, PROT_READ | PROT_WRITE);
			u8 *begin = program();
			mprotect(CODE, CODE_SIZE, PROT_READ | PROT_EXEC);
			for (unsigned n = 0; n < RUNS; n++)
				run(begin);
		}
		say("%d programs: %016lx\n", (group + 1) * PROGRAMS, digest);
	}
	return 0;
}
