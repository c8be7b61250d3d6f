/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtual machine's clock, serial line, keyboard controller and PCI against what their data sheets say; and all of them
 * against whatever is written.
 */
#include "machine.h"

/* --- clock ---------------------------------------------------------------------------------------------------------------- */
static unsigned cmos(unsigned at) { out(0x70, at); return in(0x71); }
static void cmos_set(unsigned at, unsigned v) { out(0x70, at); out(0x71, v); }
static void clock_shows(void **state)
{
	static const struct { uint8_t at, v; } bcd[] = {
		{ 0, 0x20 }, { 2, 0x13 }, { 4, 0x22 }, { 6, 3 }, { 7, 0x14 }, { 8, 0x11 }, { 9, 0x23 }, { 0x32, 0x20 },
		{ 10, 0x26 }, { 11, 2 }, { 13, 0x80 },
	}, binary[] = { { 0, 20 }, { 2, 13 }, { 4, 0x80 | 10 }, { 7, 14 }, { 9, 23 } };
	for (unsigned i = 0; i < ARRAY_LEN(bcd); i++)
		assert_int_equal(cmos(bcd[i].at), bcd[i].v);
	cmos_set(11, 4);                                 /* binary, 12 hours */
	for (unsigned i = 0; i < ARRAY_LEN(binary); i++)
		assert_int_equal(cmos(binary[i].at), binary[i].v);
	assert_int_equal(in(0x70), 0xff);
	pass(SECOND - 1000000);
	assert_int_equal(cmos(10) & 0x80, 0x80);         /* an update comes */
	pass(1000000);
	assert_int_equal(cmos(10) & 0x80, 0);
	assert_int_equal(cmos(0), 21);
}
static void clock_set(void **state)
{
	static const uint8_t set[][2] = { { 0, 0x59 }, { 2, 0x59 }, { 4, 0x23 }, { 7, 0x28 }, { 8, 2 }, { 9, 0 }, { 0x32, 0x20 } };
	cmos_set(11, 0x82);
	for (unsigned i = 0; i < ARRAY_LEN(set); i++)
		cmos_set(set[i][0], set[i][1]);
	pass(10 * SECOND);
	assert_int_equal(cmos(0), 0x59);                 /* it stands while SET is */
	cmos_set(11, 2);
	pass(SECOND);
	assert_int_equal(cmos(0), 0);
	assert_int_equal(cmos(7), 0x29);                 /* 2000 is a leap year */
	assert_int_equal(cmos(8), 2);
	pass(86400 * SECOND);
	assert_int_equal(cmos(7), 1);
	assert_int_equal(cmos(8), 3);
	assert_int_equal(cmos(6), 4);                    /* a Wednesday */
}
static void clock_interrupts(void **state)
{
	pics(1);
	out(0x21, 1);                                    /* the timer runs, too */
	count_to(0, 0, 1);
	pass(SECOND);
	machine_pending(&m);
	cmos(12);
	cmos_set(11, 0x12);                              /* each second */
	assert_false(machine_pending(&m));
	assert_int_equal(machine_due(&m) - clock_ns <= SECOND, 1);
	pass(SECOND);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x28);
	assert_int_equal(cmos(12), 0xd0);                /* periods pass, too, though nobody asks */
	assert_int_equal(cmos(12), 0);
	out(0xa0, 0x20), out(0x20, 0x20);
	cmos_set(11, 0x22);                              /* the alarm: at any hour and minute, second 30 */
	cmos_set(1, 0x30), cmos_set(3, 0xff), cmos_set(5, 0xc0);
	pass(5 * SECOND);
	assert_false(machine_pending(&m));
	pass(5 * SECOND);
	assert_true(machine_pending(&m));
	assert_int_equal(cmos(12) & 0xa0, 0xa0);
	assert_false(machine_pending(&m));
	cmos_set(11, 0x42);                              /* periodic: 1024 a second */
	cmos(12);
	pass(SECOND / 1024 + 1);
	assert_true(machine_pending(&m));
	assert_int_equal(cmos(12) & 0xc0, 0xc0);
	assert_true(machine_due(&m) - clock_ns <= SECOND / 1024 + 1);
	cmos_set(10, 0x2f);                              /* 2 a second */
	assert_in_range(machine_due(&m) - clock_ns, 1, SECOND / 2);
	cmos_set(10, 0x20);
	assert_int_equal(machine_due(&m), NEVER);
}
static void cmos_memory(void **state)
{
	assert_int_equal(cmos(0x15) | cmos(0x16) << 8, 640);
	assert_int_equal(cmos(0x17) | cmos(0x18) << 8, 0xffff);
	assert_int_equal(cmos(0x34) | cmos(0x35) << 8, (240 << 20) >> 16);
	unsigned sum = 0;
	for (unsigned i = 0x10; i <= 0x2d; i++)
		sum += cmos(i);
	assert_int_equal(cmos(0x2e) << 8 | cmos(0x2f), sum);
	cmos_set(0x40, 0x77);
	assert_int_equal(cmos(0xc0), 0x77);              /* the top bit of the index is another thing's */
	machine_init(&m, &host_, NULL, 5ull << 30, 0);
	assert_int_equal(cmos(0x34) | cmos(0x35) << 8, (3072 - 16) << 4);
	assert_int_equal(cmos(0x5b) | cmos(0x5c) << 8 | cmos(0x5d) << 16, 2048 << 4);
	machine_init(&m, &host_, NULL, 2 << 20, 0);
	assert_int_equal(cmos(0x30) | cmos(0x31) << 8, 1024);
}
/* --- serial line ------------------------------------------------------------------------------------------------------------ */
static void serial_sends(void **state)
{
	out(0x3fb, 0x83);
	out(0x3f8, 1), out(0x3f9, 2);
	assert_int_equal(in(0x3f8), 1);
	assert_int_equal(in(0x3f9), 2);
	out(0x3fb, 3);
	assert_int_equal(in(0x3f9), 0);
	for (const char *s = "hello"; *s; s++) {
		assert_int_equal(in(0x3fd) & 0x60, 0x60);
		out(0x3f8, (uint8_t)*s);
	}
	assert_int_equal(n_sent, 5);
	assert_memory_equal(sent, "hello", 5);
	out(0x3ff, 0xa5);
	assert_int_equal(in(0x3ff), 0xa5);
	assert_int_equal(in(0x3fe), 0xb0);
}
static void serial_takes(void **state)
{
	typed = "abcdefghijklmnopqrst";
	assert_int_equal(in(0x3fd) & 1, 1);
	assert_int_equal(in(0x3f8), 'a');
	assert_string_equal(typed, "bcdefghijklmnopqrst");       /* without FIFO one waits in us, the rest outside */
	typed = "";
	out(0x3fa, 0xc1);
	assert_int_equal(in(0x3fa) & 0xc0, 0xc0);
	typed = "ABCDEFGHIJKLMNOPQRST";
	in(0x3fd);
	assert_string_equal(typed, "QRST");
	for (char x = 'A'; x <= 'T'; x++) {
		assert_int_equal(in(0x3fd) & 3, 1);
		assert_int_equal(in(0x3f8), x);
	}
	assert_int_equal(in(0x3fd) & 1, 0);
}
static void serial_interrupts(void **state)
{
	pics(1);
	out(0x3fc, 8);
	assert_int_equal(in(0x3fa), 1);
	out(0x3f9, 2);                                   /* the transmitter is empty */
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x24);
	out(0x20, 0x20);
	assert_int_equal(in(0x3fa), 2);
	assert_int_equal(in(0x3fa), 1);                  /* told once */
	out(0x3f8, 'x');
	assert_true(machine_pending(&m));
	out(0x3f9, 0);
	assert_false(machine_pending(&m));
	out(0x3fa, 0x81);                                /* FIFO, trigger at 8 */
	out(0x3f9, 1);
	typed = "abc";
	assert_false(machine_pending(&m));
	assert_true(machine_wants_input(&m));
	assert_true(machine_due(&m) < clock_ns + SECOND);
	clock_ns = machine_due(&m);
	assert_true(machine_pending(&m));                /* four characters' time */
	assert_int_equal(in(0x3fa), 0xcc);
	in(0x3f8);
	assert_int_equal(in(0x3fa), 0xc1);
	typed = "defghi";
	assert_true(machine_pending(&m));
	assert_int_equal(in(0x3fa), 0xc4);
	out(0x3fa, 0x83);                                /* cleared */
	assert_int_equal(in(0x3fd) & 1, 0);
	assert_false(machine_pending(&m));
	typed = "jklmnopqr";
	out(0x3fc, 0);                                   /* OUT2 holds them back */
	assert_false(machine_pending(&m));
	assert_int_equal(in(0x3fa), 0xc4);
}
static void serial_loop(void **state)
{
	pics(1);
	out(0x3fc, 0x10);
	in(0x3fe);
	typed = "outside";
	out(0x3f8, 0x5a);
	assert_int_equal(n_sent, 0);
	assert_int_equal(in(0x3f8), 0x5a);
	assert_int_equal(in(0x3fe), 0);
	out(0x3fc, 0x1f);
	assert_int_equal(in(0x3fe), 0xfb);               /* all four inputs, of the ring only its end */
	assert_int_equal(in(0x3fe), 0xf0);
	out(0x3fc, 0x1b);
	assert_int_equal(in(0x3fe), 0xb4);
	out(0x3f9, 8);
	assert_int_equal(in(0x3fa), 1);
	out(0x3fc, 0x1a);
	assert_int_equal(in(0x3fa), 0);
	out(0x3f8, 1);
	out(0x3f8, 2);
	out(0x3f9, 4);
	assert_int_equal(in(0x3fa), 6);
	assert_int_equal(in(0x3fd) & 3, 3);              /* overrun, told once */
	assert_int_equal(in(0x3fd) & 3, 1);
	assert_int_equal(in(0x3f8), 2);
	out(0x3fa, 1);
	for (unsigned i = 0; i < 17; i++)
		out(0x3f8, i);
	assert_int_equal(in(0x3fd) & 2, 2);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in(0x3f8), i);
	out(0x3fb, 0x43);                                /* a break */
	assert_int_equal(in(0x3fd) & 0x91, 0x91);
	assert_int_equal(in(0x3f8), 0);
	assert_false(machine_pending(&m));               /* the loop holds interrupts off the pin */
	out(0x3fc, 8);
	assert_int_equal(in(0x3f8), 'o');
}
static struct machine_host mute;
static void serial_full(void **state)            /* nobody takes what is sent: then the transmitter is busy */
{
	mute = host_;
	mute.console_out = NULL;
	machine_attach(&m, &mute, NULL);
	m.serial.tx_n = SERIAL_TX;
	assert_int_equal(serial_dev.in(&m, 0x3fd, 1) & 0x60, 0);
	serial_dev.out(&m, 0x3f8, 1, 'x');
	assert_int_equal(m.serial.tx_n, SERIAL_TX);
}
/* --- keyboard controller ------------------------------------------------------------------------------------------------------ */
static void keyboard(void **state)
{
	pics(1);
	assert_int_equal(in(0x64), 0x14);
	out(0x64, 0xaa);
	assert_int_equal(in(0x64), 0x1d);
	assert_int_equal(in(0x60), 0x55);
	out(0x64, 0x60);
	out(0x60, 0x05);
	out(0x64, 0x20);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x21);
	assert_int_equal(in(0x60), 0x05);
	out(0x20, 0x20);
	out(0x60, 0xf2);
	static const uint8_t id[] = { 0xfa, 0xab, 0x83 };
	for (unsigned i = 0; i < 3; i++) {
		assert_true(machine_pending(&m));
		assert_int_equal(machine_ack(&m), 0x21);
		assert_int_equal(in(0x60), id[i]);
		out(0x20, 0x20);
	}
	assert_false(machine_pending(&m));
	assert_int_equal(in(0x60), 0x83);                /* the last one again */
	out(0x60, 0xed), out(0x60, 7);
	assert_int_equal(in(0x60), 0xfa);
	assert_int_equal(in(0x60), 0xfa);
	out(0x64, 0xd1), out(0x60, 0xcd);
	assert_false(m.a20);
	out(0x64, 0xd0);
	assert_int_equal(in(0x60), 0xcd);
	out(0x64, 0xd1), out(0x60, 0xcf);
	assert_true(m.a20);
	out(0x64, 0xd2), out(0x60, 0x77);
	assert_int_equal(in(0x60), 0x77);
	for (unsigned i = 0; i < 100; i++)
		out(0x60, 0xff);
	assert_int_equal(m.ended, MACHINE_RUNS);
	out(0x64, 0xff);
	assert_int_equal(m.ended, MACHINE_RUNS);
	out(0x64, 0xfe);
	assert_int_equal(m.ended, MACHINE_RESET);
}
/* --- PCI -------------------------------------------------------------------------------------------------------------------- */
static uint32_t pci(unsigned dev, unsigned fn, unsigned at)
{
	machine_out(&m, 0xcf8, 4, 0x80000000 | dev << 11 | fn << 8 | at);
	return machine_in(&m, 0xcfc, 4);
}
static void pci_config(void **state)
{
	assert_int_equal(pci(0, 0, 0), 0x12378086);
	assert_int_equal(pci(0, 0, 8) >> 16, 0x0600);
	assert_int_equal(machine_in(&m, 0xcfe, 2), 0x0600);
	assert_int_equal(machine_in(&m, 0xcff, 1), 6);
	assert_int_equal(machine_in(&m, 0xcf8, 4), 0x80000008);
	assert_int_equal(pci(1, 0, 0), 0xffffffff);
	assert_int_equal(pci(0, 1, 0), 0xffffffff);
	assert_int_equal(pci(0, 0, 0x10), 0);
	machine_out(&m, 0xcfc, 4, ~0u);
	assert_int_equal(machine_in(&m, 0xcfc, 4), 0);
	machine_out(&m, 0xcf8, 4, 0x80010000);           /* another bus */
	assert_int_equal(machine_in(&m, 0xcfc, 4), 0xffffffff);
	machine_out(&m, 0xcf8, 4, 0);
	assert_int_equal(machine_in(&m, 0xcfc, 4), 0xffffffff);
	machine_out(&m, 0xcf8, 2, 0x8000);               /* less than 32 bits is not the address */
	assert_int_equal(machine_in(&m, 0xcf8, 4), 0);
	struct pci_function *f = machine_pci_add(&m, 3, 1, 0x1af4, 0x1001, 0x01000000);
	assert_non_null(f);
	f->conf[0x10] = 1;
	memcpy(f->mask + 0x10, (const uint8_t[]){ 0xc0, 0xff, 0xff, 0xff }, 4);
	assert_int_equal(pci(3, 1, 0), 0x10011af4);
	pci(3, 1, 0x10);
	machine_out(&m, 0xcfc, 4, ~0u);
	assert_int_equal(machine_in(&m, 0xcfc, 4), 0xffffffc1);
	machine_out(&m, 0xcfd, 1, 0xc0);
	assert_int_equal(machine_in(&m, 0xcfc, 4), 0xffffc0c1);
	for (unsigned i = 2; i < PCI_FUNCTIONS; i++)
		assert_non_null(machine_pci_add(&m, i + 3, 0, 1, 1, 0));
	assert_null(machine_pci_add(&m, 20, 0, 1, 1, 0));
	assert_int_equal(machine_in(&m, 0xcfe, 4) >> 16, 0xffff);        /* two of the window's bytes, two of nobody's */
}
/* --- all: whatever is written, nothing breaks ------------------------------------------------------------------------------------- */
static void anything(void **state)
{
	static const unsigned size[] = { 1, 2, 4 };
	static const uint16_t at[] = { 0x20, 0xa0, 0x40, 0x60, 0x61, 0x64, 0x70, 0x71, 0x3f8, 0x4d0, 0xcf8, 0xcfc, 0x92 };
	srand(7);
	for (unsigned i = 0; i < 2000000; i++) {
		unsigned port = (unsigned)(rand() & 7 ? at[(unsigned)rand() % ARRAY_LEN(at)] + (rand() & 3) : rand()) & 0xffff;
		unsigned n = size[rand() % 3];
		if (rand() & 1)
			machine_out(&m, port, n, (uint32_t)rand() << 1);
		else
			machine_in(&m, port, n);
		if (!(i & 3))
			pass((uint64_t)rand() & (i & 0x100 ? 0xffff : 0xfffffff));
		if (!(i & 7) && machine_pending(&m))
			assert_in_range(machine_ack(&m), 0, 255);
		if (!(i & 15))
			assert_true(machine_due(&m) >= clock_ns - SECOND);
	}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(clock_shows), T(clock_set), T(clock_interrupts), T(cmos_memory), T(serial_sends), T(serial_takes),
		T(serial_interrupts), T(serial_loop), T(serial_full), T(keyboard), T(pci_config), T(anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
