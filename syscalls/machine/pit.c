/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The 8254 timer: three counters at 1193182 Hz, the first one's output is interrupt 0, the third one's gate and output are
 * in port 0x61. Facts: Intel's data sheet 231164. Nothing counts here: count and output are computed from the time that
 * has passed. All six modes, binary and BCD. Rising edges that passed unseen are one: as an interrupt controller has it.
 */
#include "machine/machine.h"

#define HZ 1193182ull
#define SECOND 1000000000ull
#define REFRESH_NS 15085ull              /* port 0x61 bit 4 changes so often: what old programs time by */

static uint64_t ticks_of(uint64_t ns) { return ns / SECOND * HZ + ns % SECOND * HZ / SECOND; }
static uint64_t ns_of(uint64_t ticks) { return ticks / HZ * SECOND + (ticks % HZ * SECOND + HZ - 1) / HZ; }

static bool periodic(const struct pit_channel *c) { return c->mode == 2 || c->mode == 3; }
static bool triggered(const struct pit_channel *c) { return c->mode == 1 || c->mode == 5; }
static bool stops(const struct pit_channel *c) { return c->mode == 0 || c->mode == 4; }

/* A new count of a periodic mode begins when the period it was written in has ended. */
static void settle(struct pit_channel *c, uint64_t now)
{
	if (!c->next || now < c->next_at)
		return;
	c->start = c->next_at;
	c->reload = c->next;
	c->next = 0;
	c->edges = 0;
	c->null_count = false;
}
static uint64_t passed(const struct pit_channel *c, uint64_t now)
{
	if (!c->armed)
		return 0;
	if (!c->gate && !triggered(c))
		return stops(c) ? c->held : 0;
	return now > c->start ? ticks_of(now - c->start) : 0;
}
static unsigned to_bcd(unsigned v) { return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10; }
static unsigned from_bcd(unsigned v) { return (v >> 12) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15); }

static unsigned count_of(const struct pit_channel *c, uint64_t now)
{
	uint64_t d = passed(c, now), all = c->bcd ? 10000 : 65536, v;

	if (periodic(c))
		v = c->mode == 2 ? c->reload - d % c->reload : c->reload - (d % ((c->reload + 1) / 2) * 2 & ~1ull);
	else
		v = (c->reload + all - d % all) % all;
	v %= all;
	return c->bcd ? to_bcd((unsigned)v) : (unsigned)v;
}
static bool output(const struct pit_channel *c, uint64_t now)
{
	uint64_t d = passed(c, now);

	if (!c->armed)
		return c->mode != 0;
	switch (c->mode) {
	case 0: case 1:
		return d >= c->reload;
	case 2:
		return !c->gate || d % c->reload != c->reload - 1;
	case 3:
		return !c->gate || d % c->reload < (c->reload + 1) / 2;
	}
	return d != c->reload;
}
static uint64_t edges_of(const struct pit_channel *c, uint64_t now)
{
	uint64_t d = passed(c, now);
	if (periodic(c))
		return d / c->reload;
	return d >= c->reload + (c->mode >= 4 ? 1 : 0);
}
/* --- interrupt 0 ------------------------------------------------------------------------------------------------------------------ */
void pit_update(struct machine *m, uint64_t now)
{
	struct pit_channel *c = &m->pit.ch[0];

	for (unsigned i = 0; i < 3; i++)
		settle(&m->pit.ch[i], now);
	if (!c->armed)
		return;
	uint64_t edges = edges_of(c, now);
	if (edges > c->edges) {
		irq_line(m, 0, false);
		irq_line(m, 0, true);
	}
	c->edges = MAX(edges, c->edges);
}
uint64_t pit_due(struct machine *m, uint64_t now)
{
	const struct pit_channel *c = &m->pit.ch[0];

	if (!c->armed || (!periodic(c) && c->edges))
		return NEVER;
	uint64_t at = c->start + ns_of((c->edges + 1) * c->reload + (c->mode >= 4 ? 1 : 0));
	return c->next ? MIN(at, c->next_at) : at;
}
/* --- what programs write and read ------------------------------------------------------------------------------------------------- */
static void line0(struct machine *m, uint64_t now)
{
	irq_line(m, 0, output(&m->pit.ch[0], now));
}
static void begin(struct pit_channel *c, uint64_t now)
{
	c->start = now;
	c->held = 0;
	c->edges = 0;
	c->next = 0;
	c->armed = true;
	c->null_count = false;
}
static void load(struct pit_channel *c, unsigned v, uint64_t now)
{
	uint32_t n = c->bcd ? from_bcd(v) : v;

	n = n ? n : c->bcd ? 10000 : 65536;
	if (c->mode == 3 && n == 1)
		n = 2;
	c->null_count = true;
	if (c->armed && periodic(c) && c->gate) {
		uint64_t d = passed(c, now);
		c->next = n;
		c->next_at = c->start + ns_of((d / c->reload + 1) * c->reload);
		return;
	}
	c->reload = n;
	if (!triggered(c))
		begin(c, now);
}
static void control(struct pit_channel *c, uint8_t v)
{
	*c = (struct pit_channel){ .mode = v >> 1 & 7, .access = v >> 4 & 3, .bcd = v & 1, .gate = c->gate, .reload = 65536,
				   .null_count = true };
	if (c->mode > 5)
		c->mode -= 4;            /* the upper bit of modes 2 and 3 says nothing */
}
static void latch(struct pit_channel *c, uint64_t now)
{
	if (c->latched)
		return;
	c->latch = (uint16_t)count_of(c, now);
	c->latched = true;
}
static void latch_status(struct pit_channel *c, uint64_t now)
{
	if (c->status_latched)
		return;
	c->status = (uint8_t)(output(c, now) << 7 | c->null_count << 6 | c->access << 4 | c->mode << 1 | c->bcd);
	c->status_latched = true;
}
static void read_back(struct machine *m, uint8_t v, uint64_t now)
{
	for (unsigned i = 0; i < 3; i++) {
		if (!(v >> (i + 1) & 1))
			continue;
		if (!(v & 0x20))
			latch(&m->pit.ch[i], now);
		if (!(v & 0x10))
			latch_status(&m->pit.ch[i], now);
	}
}
static void pit_out(struct machine *m, unsigned port, unsigned size, uint32_t value)
{
	uint64_t now = machine_now(m);
	uint8_t v = (uint8_t)value;
	unsigned at = port == 0x43 ? v >> 6 : port & 3;
	struct pit_channel *c = &m->pit.ch[at % 3];

	if (port == 0x43 && at == 3) {
		read_back(m, v, now);
	} else if (port == 0x43 && !(v & 0x30)) {
		latch(c, now);
	} else if (port == 0x43) {
		control(c, v);
	} else if (c->access == 3 && !c->second_write) {
		c->low = v;
		c->second_write = true;
		if (c->mode == 0)
			c->armed = false;        /* the first byte stops it, and its output falls */
	} else {
		load(c, c->access == 3 ? c->low | (unsigned)v << 8 : c->access == 2 ? (unsigned)v << 8 : v, now);
		c->second_write = false;
	}
	if (at == 0)
		line0(m, now);
}
static uint32_t pit_in(struct machine *m, unsigned port, unsigned size)
{
	struct pit_channel *c = &m->pit.ch[port & 3];
	unsigned v;

	if (port == 0x43)
		return 0xff;             /* the control word cannot be read */
	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	v = c->latched ? c->latch : count_of(c, machine_now(m));
	if (c->access == 2 || (c->access == 3 && c->second_read))
		v >>= 8;
	c->second_read = c->access == 3 && !c->second_read;
	c->latched = c->latched && c->second_read;
	return v & 0xff;
}
/* --- port 0x61 ---------------------------------------------------------------------------------------------------------------------- */
static void gate_moves(struct pit_channel *c, bool open, uint64_t now)
{
	if (open == c->gate)
		return;
	if (!open)
		c->held = passed(c, now);
	c->gate = open;
	if (!open)
		return;
	if (stops(c))
		c->start = now - ns_of(c->held);
	else if (c->armed || (triggered(c) && c->null_count))
		begin(c, now);
}
static void pit61_out(struct machine *m, unsigned port, unsigned size, uint32_t v)
{
	m->pit.port61 = v & 3;
	gate_moves(&m->pit.ch[2], v & 1, machine_now(m));
}
static uint32_t pit61_in(struct machine *m, unsigned port, unsigned size)
{
	uint64_t now = machine_now(m);
	return m->pit.port61 | (now / REFRESH_NS & 1) << 4 | (uint32_t)output(&m->pit.ch[2], now) << 5;
}
/* As a PC's firmware leaves it: 18.2 interrupts a second, which the controller masks. */
void pit_reset(struct machine *m, uint64_t now)
{
	m->pit = (struct pit){ 0 };
	for (unsigned i = 0; i < 3; i++) {
		struct pit_channel *c = &m->pit.ch[i];
		c->gate = i < 2;
		control(c, 0x36);
		if (c->gate)
			load(c, i ? 18 : 0, now);
	}
	line0(m, now);
}
const struct port_dev pit_dev = { "timer", 1, pit_in, pit_out };
const struct port_dev pit61_dev = { "timer gate", 1, pit61_in, pit61_out };
