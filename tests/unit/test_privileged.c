/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Privileged instructions taken apart: a table of encodings, every one of them cut short, and bytes at random.
 */
#include "unit.h"
#include "machine/decode.h"
#include "machine/privilege.h"

#define R (struct regs){ .rax = 0x10, .rcx = 0x200, .rdx = 0x3000, .rbx = 0x40000, .rsp = 0x500000, .rbp = 0x6000000, \
			 .rsi = 0x70000000, .rdi = 0x800000000, .r8 = 0x9000000000, .r13 = 0xa0000000000, .r12 = 0xb00000000000, \
			 .rip = 0x1000 }
static const struct { const char *bytes; unsigned n, kind, size; int reg, rm; bool mem; uint64_t at; } rows[] = {
#define I(bytes) bytes, sizeof(bytes) - 1
	{ I("\xe4\x80"), P_IN, 1 }, { I("\xe5\x80"), P_IN, 4 }, { I("\x66\xe5\x80"), P_IN, 2 }, { I("\xec"), P_IN, 1 },
	{ I("\xed"), P_IN, 4 }, { I("\x66\xed"), P_IN, 2 }, { I("\x48\xed"), P_IN, 4 }, { I("\x66\x48\xed"), P_IN, 4 },
	{ I("\xe6\x80"), P_OUT, 1 }, { I("\x66\xe7\x80"), P_OUT, 2 }, { I("\xee"), P_OUT, 1 }, { I("\xef"), P_OUT, 4 },
	{ I("\xf3\xec"), P_IN, 1 }, { I("\x6c"), P_INS, 1 }, { I("\xf3\x66\x6d"), P_INS, 2 }, { I("\x67\xf3\x6f"), P_OUTS, 4 },
	{ I("\xf2\x6e"), P_OUTS, 1 }, { I("\x64\x6e"), P_OUTS, 1 },
	{ I("\xfa"), P_CLI }, { I("\xfb"), P_STI }, { I("\xf4"), P_HLT }, { I("\x0f\x30"), P_WRMSR }, { I("\x0f\x32"), P_RDMSR },
	{ I("\x0f\x06"), P_CLTS }, { I("\x0f\x08"), P_INVD }, { I("\x0f\x09"), P_WBINVD }, { I("\xf3\x0f\x09"), P_WBINVD },
	{ I("\x0f\x20\xc0"), P_READ_CR, .reg = 0, .rm = 0 }, { I("\x0f\x20\xdb"), P_READ_CR, .reg = 3, .rm = 3 },
	{ I("\x44\x0f\x20\xc0"), P_READ_CR, .reg = 8, .rm = 0 }, { I("\x45\x0f\x22\xc1"), P_WRITE_CR, .reg = 8, .rm = 9 },
	{ I("\x0f\x22\x18"), P_WRITE_CR, .reg = 3, .rm = 0 }, { I("\x0f\x20\x05"), P_READ_CR, .reg = 0, .rm = 5 },
	{ I("\x0f\x21\x44"), P_READ_DR, .reg = 0, .rm = 4 },    /* the mode says nothing */
	{ I("\x0f\x21\xf8"), P_READ_DR, .reg = 7, .rm = 0 }, { I("\x0f\x23\xcb"), P_WRITE_DR, .reg = 1, .rm = 3 },
	{ I("\x0f\x01\xf8"), P_SWAPGS, .reg = 7, .rm = 0 }, { I("\x0f\x01\xd1"), P_XSETBV, .reg = 2, .rm = 1 },
	{ I("\x0f\x01\xf3"), P_LMSW, .reg = 6, .rm = 3 }, { I("\x0f\x00\xd3"), P_LLDT, .reg = 2, .rm = 3 },
	{ I("\x41\x0f\x00\xd9"), P_LTR, .reg = 3, .rm = 9 },
	{ I("\x0f\x01\x16"), P_LGDT, .reg = 2, .rm = 6, .mem = true, .at = 0x70000000 },
	{ I("\x0f\x01\x1d\x10\x00\x00\x00"), P_LIDT, .reg = 3, .rm = 5, .mem = true, .at = 0x1017 },
	{ I("\x0f\x01\x14\x25\x78\x56\x34\x12"), P_LGDT, .reg = 2, .rm = 4, .mem = true, .at = 0x12345678 },
	{ I("\x0f\x01\x3c\xcb"), P_INVLPG, .reg = 7, .rm = 4, .mem = true, .at = 0x40000 + 0x200 * 8 },
	{ I("\x0f\x01\x3c\x20"), P_INVLPG, .reg = 7, .rm = 4, .mem = true, .at = 0x10 },            /* rsp is no index */
	{ I("\x42\x0f\x01\x3c\x20"), P_INVLPG, .reg = 7, .rm = 4, .mem = true, .at = 0xb00000000010 },   /* r12 is */
	{ I("\x0f\x01\x7c\x24\xf8"), P_INVLPG, .reg = 7, .rm = 4, .mem = true, .at = 0x4ffff8 },
	{ I("\x41\x0f\x01\x7d\x01"), P_INVLPG, .reg = 7, .rm = 13, .mem = true, .at = 0xa0000000001 },
	{ I("\x0f\x01\x3c\x0d\x00\x00\x00\x80"), P_INVLPG, .reg = 7, .rm = 4, .mem = true, .at = 0x200 + 0xffffffff80000000 },
	{ I("\x67\x0f\x01\x3f"), P_INVLPG, .reg = 7, .rm = 7, .mem = true, .at = 0 },
	{ I("\x64\x0f\x01\x3f"), P_INVLPG, .reg = 7, .rm = 7, .mem = true, .at = 0x800000000 + 0x777 },
	{ I("\x64\x67\x0f\x01\x3f"), P_INVLPG, .reg = 7, .rm = 7, .mem = true, .at = 0x777 },
	{ I("\x66\x0f\x38\x82\x08"), P_INVPCID, .reg = 1, .rm = 0, .mem = true, .at = 0x10 },
};
static const struct { const char *bytes; unsigned n; } none[] = {
	{ I("\x90") }, { I("\x0f\x05") }, { I("\x0f\x01\x06") }, { I("\x0f\x01\x0e") }, { I("\x0f\x01\xe0") }, { I("\x0f\x00\xc0") },
	{ I("\xf0\xee") }, { I("\xf0\xfa") }, { I("\x0f\x01\xd0") }, { I("\x0f\x01\xf9") }, { I("\x0f\x01\xd2") }, { I("\x0f\x38\x82\x08") },
	{ I("\x0f\x33") }, { I("\x0f\xa2") }, { I("\xc5\xf8\xee") }, { I("\x0f\x01\xd8") }, { I("\x9c") }, { I("\xcf") },
};
static void each(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct decoded d;
		uint8_t code[32];

		memset(code, 0x90, sizeof code);
		memcpy(code, rows[i].bytes, rows[i].n);
		if (!privileged_decode(code, sizeof code, &d) || d.kind != rows[i].kind || d.len != rows[i].n || d.size != rows[i].size)
			fail_msg("row %u: kind %u, %u bytes, operand of %u", i, d.kind, d.len, d.size);
		if (d.kind > P_OUTS && (d.reg != rows[i].reg || d.rm != rows[i].rm || d.mem != rows[i].mem))
			fail_msg("row %u: reg %u, rm %u, mem %u", i, d.reg, d.rm, d.mem);
		if (d.mem && privileged_address(&d, &R, 0x777) != rows[i].at)
			fail_msg("row %u: %#lx", i, privileged_address(&d, &R, 0x777));
		for (unsigned n = 0; n < rows[i].n; n++)
			assert_false(privileged_decode(code, n, &d));
	}
}
static void others(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(none); i++) {
		struct decoded d;
		uint8_t code[32] = { 0 };
		memcpy(code, none[i].bytes, none[i].n);
		if (privileged_decode(code, sizeof code, &d))
			fail_msg("row %u is %u", i, d.kind);
	}
}
static void details(void **state)
{
	struct decoded d;
	struct regs r = R;

	assert_true(privileged_decode((const uint8_t *)"\xe4\xf4", 2, &d));
	assert_true(d.imm && d.port == 0xf4 && !d.rep);
	assert_true(privileged_decode((const uint8_t *)"\xf3\xec", 2, &d));
	assert_false(d.rep || d.imm);
	assert_true(privileged_decode((const uint8_t *)"\x65\x67\xf3\x6e", 4, &d));
	assert_true(d.rep && d.addr32 && d.seg == 0x65);
	for (unsigned i = 0; i < 16; i++)
		*reg_of(&r, i) = i;
	assert_true(r.rax == 0 && r.rcx == 1 && r.rdx == 2 && r.rbx == 3 && r.rsp == 4 && r.rbp == 5 && r.rsi == 6 && r.rdi == 7 && r.r8 == 8 && r.r15 == 15);
}
static void anything(void **state)
{
	srand(3);
	for (unsigned i = 0; i < 3000000; i++) {
		uint8_t code[15];
		struct decoded d;
		unsigned n = (unsigned)rand() % 16;
		for (unsigned k = 0; k < sizeof code; k++)
			code[k] = (uint8_t)(k < 5 && rand() & 1 ? "\x66\x67\xf3\x0f\x01\x20\x41\x64\xf0\x6d"[rand() % 10] : rand() >> 5);
		if (!privileged_decode(code, n, &d))
			continue;
		assert_in_range(d.len, 1, n);
		assert_in_range(d.kind, P_IN, P_XSETBV);
		assert_true(d.kind > P_OUTS ? d.reg < 16 && d.rm < 16 : d.size == 1 || d.size == 2 || d.size == 4);
		privileged_address(&d, &R, 0);
	}
}
/* State that comes from elsewhere is looked at before it is used. */
static void kept_state(void **state)
{
	static struct machine m, bad;
	machine_init(&m, NULL, NULL, 0, 0);
	assert_true(machine_valid(&m));
	srand(5);
	for (unsigned i = 0; i < 200000; i++) {
		bad = m;
		for (unsigned k = (unsigned)rand() % 20; k; k--)
			((uint8_t *)&bad)[(unsigned)rand() % MACHINE_STATE] = (uint8_t)rand();
		machine_attach(&bad, NULL, NULL);
		if (!machine_valid(&bad))
			continue;
		for (unsigned k = 0; k < 8; k++) {
			static const uint16_t at[] = { 0x20, 0xa0, 0x40, 0x42, 0x60, 0x61, 0x71, 0x3f8, 0x3fd, 0xcfc };
			machine_in(&bad, at[(unsigned)rand() % 10], 1);
			machine_out(&bad, at[(unsigned)rand() % 10], 1, (uint32_t)rand());
		}
		machine_pending(&bad);
		machine_due(&bad);
		machine_ack(&bad);
	}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each), cmocka_unit_test(others), cmocka_unit_test(details), cmocka_unit_test(anything),
		cmocka_unit_test(kept_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
