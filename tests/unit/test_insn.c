/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The instruction decoder: lengths and operand places of each form of encoding, what is none, and that it never looks
 * beyond the bytes it was given.
 */
#include "unit.h"
#include "syscalls/insn.h"

static struct insn i;

static unsigned len(const char *bytes, size_t n) { return insn_decode((const uint8_t *)bytes, n, &i); }
#define LEN(text_, want_) assert_int_equal(len(text_, sizeof(text_) - 1), want_)
/* The same with more code behind it: the length is the instruction's own. */
#define EXACT(text_) assert_int_equal(len(text_ "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90", \
	sizeof(text_) + 14), sizeof(text_) - 1)

static void lengths(void **state)
{
	EXACT("\x0f\x05");                              /* syscall */
	EXACT("\xc3");
	EXACT("\xb8\x14\x00\x00\x00");                  /* mov $20,%eax */
	EXACT("\x66\xb8\x14\x00");
	EXACT("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08");
	EXACT("\x49\x89\xca");                          /* mov %rcx,%r10 */
	EXACT("\x48\xc7\xc0\x14\x00\x00\x00");
	EXACT("\x48\x8b\x44\x24\x08");                  /* sib, disp8 */
	EXACT("\x48\x8b\x04\x25\x00\x00\x00\x00");      /* sib without a base: disp32 */
	EXACT("\x48\x8b\x05\x00\x00\x00\x00");          /* rip-relative */
	EXACT("\xf6\x05\x00\x00\x00\x00\x01");          /* testb: rip-relative and an immediate operand */
	EXACT("\xf7\xd8");                              /* neg: the same opcode, none */
	EXACT("\x66\xf7\xc0\x01\x00");
	EXACT("\xc8\x10\x00\x01");                      /* enter */
	EXACT("\xa0\x01\x02\x03\x04\x05\x06\x07\x08");
	EXACT("\x67\xa0\x01\x02\x03\x04");
	EXACT("\x0f\x84\x00\x00\x00\x00");
	EXACT("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00");
	EXACT("\x0f\x0b");
	EXACT("\x0f\xba\xe0\x07");                      /* bt $7,%eax */
	EXACT("\x66\x0f\x3a\x0f\xc1\x08");              /* palignr */
	EXACT("\x66\x0f\x38\x00\xc1");                  /* pshufb */
	EXACT("\xc5\xf8\x77");                          /* vzeroupper */
	EXACT("\xc5\xf9\x70\xc0\x01");                  /* vpshufd */
	EXACT("\xc4\xe3\x79\x0f\xc1\x08");
	EXACT("\xc4\xe2\x79\x00\xc1");
	EXACT("\x62\xf1\x7c\x48\x28\xc1");              /* vmovaps %zmm1,%zmm0 */
	EXACT("\x62\xf1\x7d\x48\x70\xc1\x01");
	EXACT("\xf0\x48\x0f\xb1\x0f");                  /* lock cmpxchg */
	EXACT("\xf3\x48\xa5");
	EXACT("\x64\x48\x8b\x04\x25\x28\x00\x00\x00");
}
static void none(void **state)
{
	LEN("", 0);
	LEN("\x06", 0);                                 /* push %es: not in 64-bit mode */
	LEN("\x9a\x00\x00\x00\x00\x00\x00", 0);
	LEN("\x0f\x04", 0);
	LEN("\xb8\x14\x00\x00", 0);                     /* cut off */
	LEN("\x48\x8b\x44\x24", 0);
	LEN("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", 0);
	for (unsigned n = 0; n < 10; n++)
		assert_int_equal(len("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08", n), 0);
}
static void parts(void **state)
{
	LEN("\x48\xc7\x44\x24\x08\x01\x02\x03\x04", 9);
	assert_int_equal(i.op, 0xc7);
	assert_int_equal(i.modrm_at, 2);
	assert_int_equal(i.disp_at, 4);
	assert_int_equal(i.disp_len, 1);
	assert_int_equal(i.imm_at, 5);
	assert_int_equal(i.imm_len, 4);
	LEN("\x41\xb8\x14\x00\x00\x00", 6);
	assert_int_equal(i.rex, 0x41);
}
static bool ends(const char *bytes, size_t n)
{
	assert_true(len(bytes, n) != 0);
	return insn_ends_flow((const uint8_t *)bytes, &i);
}
static void flow(void **state)
{
	assert_true(ends("\xc3", 1));
	assert_true(ends("\xf3\xc3", 2));
	assert_true(ends("\xe9\x00\x00\x00\x00", 5));
	assert_true(ends("\xeb\x00", 2));
	assert_true(ends("\xff\xe0", 2));               /* jmp *%rax */
	assert_true(ends("\x3e\xff\xe0", 3));
	assert_true(ends("\x0f\x0b", 2));
	assert_false(ends("\xff\xd0", 2));              /* call *%rax */
	assert_false(ends("\x72\x00", 2));
	assert_false(ends("\x48\x89\xc3", 3));          /* its last byte is that of ret */
	assert_false(ends("\x0f\xc3\x07", 3));          /* movnti */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths), cmocka_unit_test(none), cmocka_unit_test(parts), cmocka_unit_test(flow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
