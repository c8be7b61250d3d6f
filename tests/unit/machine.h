/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtual devices on a bench: a clock that the test turns, a console that it reads, and ports by number.
 */
#pragma once
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
#pragma GCC diagnostic ignored "-Wunused-function"

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
static void count_to(unsigned ch, unsigned control, unsigned n)
{
	out(0x43, ch << 6 | 0x30 | control);
	out(0x40 + ch, n & 0xff);
	out(0x40 + ch, n >> 8);
}
#define T(f) cmocka_unit_test_setup(f, fresh)
