/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtual machine's ports, interrupt controllers and timer against what their data sheets say.
 */
#include "machine.h"

/* --- ports ------------------------------------------------------------------------------------------------------------ */
static void nothing_there(void **state)
{
	assert_int_equal(machine_in(&m, 0x1234, 1), 0xff);
	assert_int_equal(machine_in(&m, 0x1234, 2), 0xffff);
	assert_int_equal(machine_in(&m, 0x1234, 4), 0xffffffff);
	assert_int_equal(machine_in(&m, 0xffff, 4) >> 8, 0xffffff);      /* runs over the top */
	machine_out(&m, 0x1234, 4, 1);
	assert_int_equal(m.unknown_in, 11);
	assert_int_equal(m.unknown_out, 4);
	assert_null(machine_port_name(&m, 0x1234));
	assert_string_equal(machine_port_name(&m, 0x3f8), "serial");
}
static void wide_ones_split(void **state)
{
	machine_out(&m, 0x3ff, 1, 0x5a);                 /* scratch, the serial port's last */
	assert_int_equal(machine_in(&m, 0x3fe, 2) >> 8, 0x5a);
	assert_int_equal(machine_in(&m, 0x3ff, 2), 0xff5a);
	machine_out(&m, 0x3fe, 2, 0xa500);
	assert_int_equal(in(0x3ff), 0xa5);
}
static uint32_t own_in(struct machine *x, unsigned port, unsigned size) { return port << 16 | size; }
static uint32_t own_seen;
static void own_out(struct machine *x, unsigned port, unsigned size, uint32_t v) { own_seen = v; }
static void more_ports(void **state)
{
	static const struct port_dev own = { "own", 4, own_in, own_out };
	assert_true(machine_ports(&m, 0x80, 0x80, &own));        /* stands before ours */
	assert_true(machine_ports(&m, 0x600, 0x607, &own));
	assert_int_equal(in(0x80), 0x800001);
	assert_int_equal(machine_in(&m, 0x602, 4), 0x6020004);
	machine_out(&m, 0x600, 2, 0x12345678);
	assert_int_equal(own_seen, 0x5678);
	assert_false(machine_ports(&m, 5, 4, &own));
	for (unsigned i = 2; i < RANGES_MORE; i++)
		assert_true(machine_ports(&m, 0x700 + i, 0x700 + i, &own));
	assert_false(machine_ports(&m, 0x800, 0x800, &own));
}
static void ends(void **state)
{
	out(0x80, 0x42);
	assert_int_equal(in(0x80), 0x42);
	assert_int_equal(m.ended, MACHINE_RUNS);
	machine_out(&m, 0xf4, 4, 0x10);
	assert_int_equal(m.ended, MACHINE_EXITED);
	assert_int_equal(m.status, 0x21);
	m.ended = 0;
	machine_init(&m, &host_, NULL, 0, 0x501);
	out(0xf4, 1);
	assert_int_equal(m.ended, MACHINE_RUNS);
	out(0x501, 0);
	assert_int_equal(m.status, 1);
	m.ended = 0;
	out(0xcf9, 2);
	assert_int_equal(m.ended, MACHINE_RUNS);
	out(0xcf9, 6);
	assert_int_equal(m.ended, MACHINE_RESET);
	m.ended = 0;
	out(0x92, 0);
	assert_false(m.a20);
	out(0x92, 3);
	assert_true(m.a20);
	assert_int_equal(m.ended, MACHINE_RESET);
}
/* --- interrupt controllers ----------------------------------------------------------------------------------------------- */
static void vectors(void **state)
{
	pics(1);
	assert_false(machine_pending(&m));
	machine_irq(&m, 3, true);
	assert_true(machine_pending(&m));
	assert_int_equal(raised, 1);
	assert_int_equal(machine_ack(&m), 0x23);
	assert_false(machine_pending(&m));
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 8);
	out(0x20, 0x0a);
	assert_int_equal(in(0x20), 0);
	machine_irq(&m, 3, true);                /* no new edge */
	out(0x20, 0x20);
	assert_false(machine_pending(&m));
	machine_irq(&m, 3, false);
	machine_irq(&m, 3, true);
	assert_true(machine_pending(&m));
	assert_int_equal(in(0x20), 8);
}
static void second_chip(void **state)
{
	pics(1);
	machine_irq(&m, 12, true);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x2c);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 4);
	out(0xa0, 0x0b);
	assert_int_equal(in(0xa0), 0x10);
	machine_irq(&m, 9, true);                /* above, but the first chip still serves its input 2 */
	assert_false(machine_pending(&m));
	machine_irq(&m, 1, true);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x21);
	out(0x20, 0x61);
	out(0x20, 0x62);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x29);
	out(0xa0, 0x20);
	out(0xa0, 0x0b);
	assert_int_equal(in(0xa0), 0x10);
}
static void fully_nested(void **state)           /* the special mode: the second chip may interrupt itself */
{
	pics(0x11);
	machine_irq(&m, 12, true);
	assert_int_equal(machine_ack(&m), 0x2c);
	machine_irq(&m, 9, true);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x29);
	machine_irq(&m, 10, true);
	assert_false(machine_pending(&m));
}
static void priorities(void **state)
{
	pics(1);
	machine_irq(&m, 5, true);
	machine_irq(&m, 1, true);
	assert_int_equal(machine_ack(&m), 0x21);
	assert_false(machine_pending(&m));
	out(0x20, 0x20);
	assert_int_equal(machine_ack(&m), 0x25);
	out(0x20, 0xe5);                         /* rotate on a named end: 5 is lowest, 6 highest */
	machine_irq(&m, 1, false);
	machine_irq(&m, 1, true);
	machine_irq(&m, 7, true);
	assert_int_equal(machine_ack(&m), 0x27);
	out(0x20, 0xa0);                         /* rotate: 7 is lowest, 0 highest */
	machine_irq(&m, 6, true);
	assert_int_equal(machine_ack(&m), 0x21);
	out(0x20, 0x20);
	out(0x20, 0xc5);                         /* set: 5 is lowest */
	machine_irq(&m, 0, true);
	assert_int_equal(machine_ack(&m), 0x26);
}
static void masks(void **state)
{
	pics(1);
	out(0x21, 0x08);
	machine_irq(&m, 3, true);
	assert_false(machine_pending(&m));
	assert_int_equal(in(0x20), 8);
	out(0x21, 0);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x23);
	machine_irq(&m, 6, true);
	assert_false(machine_pending(&m));
	out(0x21, 0x08);
	out(0x20, 0x68);                         /* special mask: what is served and masked holds nobody back */
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x26);
	out(0x20, 0x48);
	assert_int_equal(in(0x21), 8);
}
static void by_itself(void **state)              /* automatic end */
{
	pics(3);
	machine_irq(&m, 4, true);
	assert_int_equal(machine_ack(&m), 0x24);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0);
	out(0x20, 0x80);                         /* ... which rotates */
	machine_irq(&m, 1, true);
	assert_int_equal(machine_ack(&m), 0x21);
	machine_irq(&m, 0, true);
	machine_irq(&m, 6, true);
	assert_int_equal(machine_ack(&m), 0x26);
}
static void spurious(void **state)
{
	pics(1);
	machine_irq(&m, 3, true);
	machine_irq(&m, 3, false);
	assert_int_equal(machine_ack(&m), 0x27);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0);
	machine_irq(&m, 10, true);
	m.pic[1].irr = 0;                        /* gone between the two chips */
	assert_int_equal(machine_ack(&m), 0x2f);
	assert_int_equal(in(0x20), 4);
	out(0xa0, 0x0b);
	assert_int_equal(in(0xa0), 0);
}
static void levels(void **state)
{
	pics(1);
	out(0x4d0, 0xff);
	assert_int_equal(in(0x4d0), 0xf8);
	out(0x4d1, 0xff);
	assert_int_equal(in(0x4d1), 0xde);
	machine_irq(&m, 5, true);
	assert_int_equal(machine_ack(&m), 0x25);
	assert_false(machine_pending(&m));
	out(0x20, 0x20);
	assert_true(machine_pending(&m));                /* it is still up */
	machine_irq(&m, 5, false);
	assert_false(machine_pending(&m));
}
static void polled(void **state)
{
	pics(1);
	out(0x20, 0x0c);
	assert_int_equal(in(0x20) & 0x80, 0);
	machine_irq(&m, 6, true);
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0x86);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x40);
}
static void single(void **state)                 /* ICW1 without cascade and ICW4: three words are one */
{
	out(0x20, 0x12);
	out(0x21, 0x40);
	out(0x21, 0xfb);
	assert_int_equal(in(0x21), 0xfb);
	assert_int_equal(m.pic[0].base, 0x40);
}
/* --- timer ------------------------------------------------------------------------------------------------------------- */
static unsigned count(unsigned ch)
{
	out(0x43, ch << 6);
	unsigned low = in(0x40 + ch);
	return low | in(0x40 + ch) << 8;
}
static unsigned status(unsigned ch)
{
	out(0x43, 0xe0 | 2 << ch);
	return in(0x40 + ch);
}
static void pit_modes(void **state)
{
	pics(1);
	count_to(0, 0, 1000);                            /* terminal count */
	assert_int_equal(status(0), 0x30);
	pass(TICK(400));
	assert_int_equal(count(0), 600);
	assert_false(machine_pending(&m));
	pass(TICK(600));
	assert_true(machine_pending(&m));
	assert_int_equal(status(0), 0xb0);
	assert_int_equal(machine_ack(&m), 0x20);
	out(0x20, 0x20);
	pass(TICK(70000));
	assert_false(machine_pending(&m));               /* once only */
	assert_int_equal(machine_due(&m), NEVER);
	count_to(0, 4, 1000);                            /* rate: a falling last tick, then again */
	assert_int_equal(status(0), 0xb4);
	assert_int_equal(m.pic[0].irr & 1, 0);
	pass(TICK(999));
	assert_int_equal(status(0), 0x34);
	pass(TICK(1));
	assert_int_equal(status(0), 0xb4);
	assert_true(machine_pending(&m));
	assert_int_equal(machine_ack(&m), 0x20);
	out(0x20, 0x20);
	uint64_t due = machine_due(&m);
	assert_in_range(due - clock_ns, TICK(990), TICK(1001));
	clock_ns = due;
	assert_true(machine_pending(&m));
	count_to(0, 6, 1000);                            /* square */
	assert_int_equal(status(0) & 0x80, 0x80);
	pass(TICK(500));
	assert_int_equal(status(0) & 0x80, 0);
	pass(TICK(250));
	assert_in_range(count(0), 498, 500);             /* counts by two, twice through */
	pass(TICK(250));
	assert_int_equal(status(0) & 0x80, 0x80);
	count_to(0, 8, 10);                              /* software strobe: one tick low */
	pass(TICK(9));
	assert_int_equal(status(0), 0xb8);
	pass(TICK(1));
	assert_int_equal(status(0), 0x38);
	pass(TICK(1));
	assert_int_equal(status(0), 0xb8);
}
static void pit_latches(void **state)
{
	count_to(1, 4, 50000);
	out(0x43, 0x40);
	pass(TICK(1000));
	out(0x43, 0x40);                                 /* the second one is ignored */
	unsigned v = in(0x41);
	v |= in(0x41) << 8;
	assert_int_equal(v, 50000);
	assert_int_equal(in(0x41) | in(0x41) << 8, 49000);
	out(0x43, 0xc4);                                 /* status and count of channel 1: status first */
	assert_int_equal(in(0x41), 0xb4);
	pass(TICK(100));
	assert_int_equal(in(0x41) | in(0x41) << 8, 49000);
	out(0x43, 0x54);                                 /* low byte only */
	out(0x41, 200);
	pass(TICK(50));
	assert_int_equal(in(0x41), 150);
	assert_int_equal(in(0x41), 150);
	out(0x43, 0x64);                                 /* high byte only */
	out(0x41, 2);
	pass(TICK(1));
	assert_int_equal(in(0x41), 1);
	out(0x43, 0x75);                                 /* BCD */
	out(0x41, 0x00);
	out(0x41, 0x50);
	pass(TICK(1));
	assert_int_equal(in(0x41) | in(0x41) << 8, 0x4999);
	assert_int_equal(in(0x43), 0xff);
}
static void pit_reload(void **state)             /* a new count of a period waits for that one's end */
{
	count_to(1, 4, 1000);
	pass(TICK(100));
	out(0x41, 0xd0);
	out(0x41, 0x07);                                 /* 2000 */
	assert_int_equal(status(1) & 0x40, 0x40);
	assert_int_equal(count(1), 900);
	pass(TICK(900));
	assert_in_range(count(1), 1999, 2000);
	assert_int_equal(status(1) & 0x40, 0);
	count_to(1, 0, 1000);                            /* the others take it at once; the first byte stops */
	pass(TICK(10));
	out(0x41, 5);
	pass(TICK(2000));
	assert_int_equal(status(1) & 0x80, 0);
	out(0x41, 0);
	pass(TICK(5));
	assert_int_equal(status(1) & 0x80, 0x80);
	assert_int_equal(count(1), 0);
	pass(TICK(1));
	assert_int_equal(count(1), 0xffff);              /* it goes on */
}
static void pit_gate(void **state)
{
	out(0x61, 0);
	count_to(2, 0, 1000);
	pass(TICK(500));
	assert_int_equal(count(2), 1000);
	out(0x61, 1);
	assert_int_equal(in(0x61) & 0x2f, 1);
	pass(TICK(600));
	assert_int_equal(count(2), 400);
	out(0x61, 0);
	pass(TICK(600));
	assert_int_equal(count(2), 400);
	out(0x61, 3);
	pass(TICK(401));
	assert_int_equal(in(0x61) & 0x2f, 0x23);
	count_to(2, 6, 100);                             /* the gate begins a period */
	out(0x61, 0);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	pass(TICK(777));
	out(0x61, 1);
	pass(TICK(50));
	assert_int_equal(in(0x61) & 0x20, 0);
	out(0x61, 0);
	count_to(2, 2, 100);                             /* one shot */
	pass(TICK(500));
	assert_int_equal(in(0x61) & 0x20, 0x20);
	out(0x61, 1);
	pass(TICK(50));
	assert_int_equal(in(0x61) & 0x20, 0);
	pass(TICK(51));
	assert_int_equal(in(0x61) & 0x20, 0x20);
	unsigned a = in(0x61) & 0x10;
	pass(15085);
	assert_int_not_equal(in(0x61) & 0x10, a);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_there), T(wide_ones_split), T(more_ports), T(ends), T(vectors), T(second_chip), T(fully_nested),
		T(priorities), T(masks), T(by_itself), T(spurious), T(levels), T(polled), T(single), T(pit_modes),
		T(pit_latches), T(pit_reload), T(pit_gate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
