/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtual devices against what their data sheets say, with a clock that the test turns.
 */
#include "unit.h"
#include "machine/machine.h"

#define SECOND 1000000000ull
#define TICK(n) ((n) * SECOND / 1193182 + 1)

static struct machine m;
static uint64_t clock_ns;
static int64_t wall_s;
static uint64_t wall_ns;
static uint8_t sent[1000];
static size_t n_sent;
static const char *typed;
static unsigned raised;

static uint64_t now(struct machine *x) { return clock_ns; }
static int64_t wall(struct machine *x, uint64_t *ns) { *ns = wall_ns; return wall_s; }
static void console_out(struct machine *x, const uint8_t *b, size_t n)
{
	assert_int_equal(*x->lock, 0);
	for (size_t i = 0; i < n; i++)
		sent[n_sent++ % sizeof sent] = b[i];
}
static int console_in(struct machine *x) { return typed && *typed ? (uint8_t)*typed++ : -1; }
static void was_raised(struct machine *x) { raised++; }
static const struct machine_host host_ = { now, wall, console_out, console_in, was_raised };

static int fresh(void **state)
{
	memset(&m, 0, sizeof m);
	clock_ns = 5 * SECOND + 12345;
	wall_s = 1700000000;             /* 2023-11-14 22:13:20, a Tuesday */
	wall_ns = 0;
	n_sent = 0;
	typed = NULL;
	machine_init(&m, &host_, NULL, 256 << 20, 0);
	raised = 0;
	return 0;
}
static void out(unsigned port, unsigned v) { machine_out(&m, port, 1, v); }
static unsigned in(unsigned port) { return machine_in(&m, port, 1); }
static void pass(uint64_t ns) { clock_ns += ns; wall_ns += ns; wall_s += (int64_t)(wall_ns / SECOND); wall_ns %= SECOND; }

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
static void pics(unsigned icw4)
{
	static const uint16_t chip[] = { 0x20, 0xa0 };
	for (unsigned i = 0; i < 2; i++) {
		out(chip[i], 0x11);
		out(chip[i] + 1, i ? 0x28 : 0x20);
		out(chip[i] + 1, i ? 2 : 4);
		out(chip[i] + 1, icw4);
		out(chip[i] + 1, 0);
	}
	machine_irq(&m, 0, false);               /* the timer's output is up by now */
}
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
static void count_to(unsigned ch, unsigned control, unsigned n)
{
	out(0x43, ch << 6 | 0x30 | control);
	out(0x40 + ch, n & 0xff);
	out(0x40 + ch, n >> 8);
}
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
#define T(f) cmocka_unit_test_setup(f, fresh)
	const struct CMUnitTest tests[] = {
		T(nothing_there), T(wide_ones_split), T(more_ports), T(ends), T(vectors), T(second_chip), T(fully_nested),
		T(priorities), T(masks), T(by_itself), T(spurious), T(levels), T(polled), T(single), T(pit_modes), T(pit_latches),
		T(pit_reload), T(pit_gate), T(clock_shows), T(clock_set), T(clock_interrupts), T(cmos_memory), T(serial_sends),
		T(serial_takes), T(serial_interrupts), T(serial_loop), T(serial_full), T(keyboard), T(pci_config), T(anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
