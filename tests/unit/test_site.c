/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is seen in the bytes around a syscall instruction: which shapes can be rewritten, and that none is where the
 * evidence is not enough. The running of rewritten sites is tested by guest/freebsd/sites and sites_race.
 */
#include "unit.h"
#include "syscalls/engines/site.h"

static uint8_t code[512];
static struct site_plan p;

/* The bytes lie at an address that is `align` after a multiple of 16, with `around` before and behind them. */
static void plan(const char *bytes, size_t n, size_t at, unsigned align, uint8_t around, uint64_t rax)
{
	memset(code, around, sizeof code);
	memcpy(code + 256 + align, bytes, n);
	site_plan(code + 64, 448 - 64, 192 + align + at, 0x400000, rax, &p);
}
#define PLAN(text_, at_, align_, around_) plan(text_, sizeof(text_) - 1, at_, align_, around_, 20)
#define PUSH 0x50                        /* push %rax: no padding */
#define STUB "\xb8\x14\0\0\0\x49\x89\xca\x0f\x05\x72\x01\xc3\xc3"
#define RAW "\xb8\x14\0\0\0\x0f\x05\xc3"
#define NOP5 "\x0f\x1f\x44\0\0"
#define NOP8 "\x0f\x1f\x84\0\0\0\0\0"

static void caves(void **state)
{
	PLAN(STUB, 8, 0, 0xcc);
	assert_int_equal(p.kind, SITE_CAVE);
	assert_int_equal(p.pad, 6);
	assert_int_equal(p.pad_len, 31);
	assert_false(p.runs);
	PLAN(RAW, 5, 3, 0xcc);
	assert_int_equal(p.kind, SITE_CAVE);
	assert_int_equal(p.pad, 3);
	PLAN("\xb8\x14\0\0\0\x0f\x05" NOP8 "\xc3", 5, 3, PUSH);
	assert_int_equal(p.kind, SITE_CAVE);
	assert_true(p.runs);
	assert_int_equal(p.pad, 2);
	PLAN(NOP8 "\x48\x89\xe8\x0f\x05\xc3", 11, 8, PUSH);      /* before the site, ending at a multiple of 16 */
	assert_int_equal(p.kind, SITE_CAVE);
	assert_true(p.runs);
	assert_int_equal(p.pad, -11);
}
static void no_caves(void **state)
{
	PLAN("\x48\x89\xe8\x0f\x05\x48\x89\xc3\x0f\x1f\x44\0\0\x90\xc3", 3, 0, PUSH);    /* mov %rax,%rbx is no ret */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\x48\x89\xe8\x0f\x05\xc3\x0f\x1f\x44\0\0\x90\xc3", 3, 0, PUSH);            /* ends where no function begins */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\x48\x89\xe8\x0f\x05\xc3\xcc\xcc\xcc\xcc\x50", 3, 5, PUSH);                /* four bytes are too few */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\x48\x89\xe8\x0f\x05\xeb\x02\xcc\xcc\x0f\x1f\x44\0\0\x50", 3, 2, PUSH);       /* a jump goes there */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\x48\x89\xe8\x0f\x05\xeb\x07\xcc\xcc\x0f\x1f\x44\0\0\x50", 3, 2, PUSH);       /* and one behind it */
	assert_int_equal(p.kind, SITE_CAVE);
	assert_int_equal(p.pad, 6);
	PLAN("\x48\x89\xe8\x0f\x05\xc3" NOP5 NOP5 NOP5 "\x90\x50", 3, 10, PUSH);              /* a function that begins so */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\x48\x89\xe8\x0f\x05\x06\xcc\xcc\xcc\xcc\xcc\xcc\xcc", 3, 0, 0xcc);        /* what cannot be decoded ends the walk */
	assert_int_equal(p.kind, SITE_LEFT);
}
static void stubs(void **state)
{
	PLAN(STUB, 8, 0, PUSH);
	assert_int_equal(p.kind, SITE_STUB);
	assert_int_equal(p.from, -8);
	assert_int_equal(p.nr, 20);
	assert_true(p.r10);
	PLAN(RAW, 5, 7, PUSH);
	assert_int_equal(p.kind, SITE_STUB);
	assert_int_equal(p.from, -5);
	assert_false(p.r10);
	PLAN("\x48\xc7\xc0\x14\0\0\0\x0f\x05\xc3", 7, 1, PUSH);
	assert_int_equal(p.kind, SITE_STUB);
	assert_int_equal(p.mov, 7);
}
static void no_stubs(void **state)
{
	plan(RAW, sizeof RAW - 1, 5, 0, PUSH, 21);               /* not the number it was called with */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\x41\xb8\x14\0\0\0\x0f\x05\xc3", 6, 0, PUSH);      /* mov $20,%r8d */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\xc7\x45\xb8\x14\0\0\0\x0f\x05\xc3", 7, 0, PUSH);  /* movl $20,-72(%rbp) */
	assert_int_equal(p.kind, SITE_LEFT);
	PLAN("\x48\xc7\xc0\xff\xff\xff\xff\x0f\x05\xc3", 7, 0, PUSH);
	assert_int_equal(p.kind, SITE_LEFT);
	memcpy(code, "\x0f\x05", 2);                             /* nothing known before it, or behind it */
	site_plan(code, 2, 0, 0x400000, 20, &p);
	assert_int_equal(p.kind, SITE_LEFT);
	site_plan(code, 1, 0, 0x400000, 20, &p);
	assert_int_equal(p.kind, SITE_LEFT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caves), cmocka_unit_test(no_caves), cmocka_unit_test(stubs), cmocka_unit_test(no_stubs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
