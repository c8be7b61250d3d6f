/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The real-time clock and its memory: MC146818A as an AT has it. Facts: Motorola's data sheet, and the places in its memory
 * that firmware gave meanings: sizes of memory, century, checksum. What it shows is the host's wall clock (UTC) and a
 * difference, which a program that sets it changes. Daylight saving and the square wave are bits without effect.
 */
#include "machine/machine.h"

enum { SEC, SEC_ALARM, MIN_, MIN_ALARM, HOUR, HOUR_ALARM, WDAY, MDAY, MONTH, YEAR, REG_A, REG_B, REG_C, REG_D, CENTURY = 0x32 };
enum { B_24 = 2, B_BINARY = 4, B_UIE = 0x10, B_AIE = 0x20, B_PIE = 0x40, B_SET = 0x80 };
enum { C_UF = 0x10, C_AF = 0x20, C_PF = 0x40, C_IRQF = 0x80 };
#define SECOND 1000000000ull
#define UPDATE_NS 2228000ull             /* an update and the warning before it */
#define MOST_SECONDS 86400               /* an alarm in that time is found; a longer sleep has every alarm */

/* --- fields ------------------------------------------------------------------------------------------------------------------------- */
static uint8_t spell(const struct cmos *c, unsigned v)
{
	return (uint8_t)(c->ram[REG_B] & B_BINARY ? v : v / 10 << 4 | v % 10);
}
static unsigned value(const struct cmos *c, uint8_t v)
{
	return c->ram[REG_B] & B_BINARY ? v : (v >> 4) * 10u + (v & 15);
}
static uint8_t spell_hour(const struct cmos *c, unsigned h)
{
	if (c->ram[REG_B] & B_24)
		return spell(c, h);
	return spell(c, (h + 11) % 12 + 1) | (h >= 12 ? 0x80 : 0);
}
static unsigned hour_value(const struct cmos *c, uint8_t v)
{
	if (c->ram[REG_B] & B_24)
		return value(c, v);
	return value(c, v & 0x7f) % 12 + (v & 0x80 ? 12 : 0);
}
/* Days since 1970 of a date of the Gregorian calendar, years beginning in March. */
static int64_t days_of(int64_t y, unsigned month, unsigned day)
{
	y -= month <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400, of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
static void show(struct cmos *c, int64_t t)
{
	int64_t days = (t >= 0 ? t : t - 86399) / 86400, z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned of_day = (unsigned)(t - days * 86400), e = (unsigned)(z - era * 146097);
	unsigned y = (e - e / 1460 + e / 36524 - e / 146096) / 365, d = e - (365 * y + y / 4 - y / 100), mp = (5 * d + 2) / 153;
	unsigned month = mp < 10 ? mp + 3 : mp - 9;
	int64_t year = (int64_t)y + era * 400 + (month <= 2);

	c->ram[SEC] = spell(c, of_day % 60);
	c->ram[MIN_] = spell(c, of_day / 60 % 60);
	c->ram[HOUR] = spell_hour(c, of_day / 3600);
	c->ram[WDAY] = spell(c, (unsigned)((days % 7 + 11) % 7) + 1);
	c->ram[MDAY] = spell(c, d - (153 * mp + 2) / 5 + 1);
	c->ram[MONTH] = spell(c, month);
	c->ram[YEAR] = spell(c, (unsigned)(year % 100));
	c->ram[CENTURY] = (uint8_t)(year / 100 / 10 % 10 << 4 | year / 100 % 10);
}
static int64_t shown(const struct cmos *c)
{
	int64_t year = (c->ram[CENTURY] >> 4) * 1000 + (c->ram[CENTURY] & 15) * 100 + (int64_t)value(c, c->ram[YEAR]);
	unsigned month = value(c, c->ram[MONTH]);
	return days_of(year, month ? month : 1, value(c, c->ram[MDAY])) * 86400 + hour_value(c, c->ram[HOUR]) * 3600 +
	       value(c, c->ram[MIN_]) * 60 + value(c, c->ram[SEC]);
}
static bool stopped(const struct cmos *c) { return c->ram[REG_B] & B_SET || (c->ram[REG_A] & 0x70) != 0x20; }

/* --- flags and interrupt 8 ------------------------------------------------------------------------------------------------------------ */
static unsigned rate(const struct cmos *c)           /* periodic interrupts a second, 0: none */
{
	unsigned r = c->ram[REG_A] & 15;
	return !r ? 0 : r < 3 ? 32768u >> (r + 6) : 32768u >> (r - 1);
}
static uint64_t periods(const struct cmos *c, uint64_t now)
{
	return now / SECOND * rate(c) + now % SECOND * rate(c) / SECOND;
}
static void line(struct machine *m)
{
	struct cmos *c = &m->cmos;
	bool up = c->ram[REG_C] & c->ram[REG_B] & (C_UF | C_AF | C_PF);
	c->ram[REG_C] = (c->ram[REG_C] & 0x70) | (up ? C_IRQF : 0);
	irq_line(m, 8, up);
}
static bool fits(const struct cmos *c, unsigned alarm, unsigned field)
{
	return c->ram[alarm] >= 0xc0 || c->ram[alarm] == c->ram[field];
}
static void seconds(struct cmos *c, int64_t now)
{
	int64_t from = c->last_second;
	if (now == from)
		return;
	c->last_second = now;
	if (stopped(c))
		return;
	if (now < from || from < now - MOST_SECONDS)     /* the host's clock was set */
		from = now - 1;
	for (int64_t t = from + 1; t <= now; t++) {
		show(c, t + c->offset);
		if (fits(c, SEC_ALARM, SEC) && fits(c, MIN_ALARM, MIN_) && fits(c, HOUR_ALARM, HOUR))
			c->ram[REG_C] |= C_AF;
	}
	c->ram[REG_C] |= C_UF;
}
void cmos_update(struct machine *m, uint64_t now)
{
	struct cmos *c = &m->cmos;
	uint64_t ns, p = periods(c, now);

	seconds(c, machine_wall(m, &ns));
	if (p != c->last_period && rate(c))
		c->ram[REG_C] |= C_PF;
	c->last_period = p;
	line(m);
}
uint64_t cmos_due(struct machine *m, uint64_t now)
{
	const struct cmos *c = &m->cmos;
	uint64_t at = NEVER, ns;

	if (c->ram[REG_B] & B_PIE && rate(c)) {
		uint64_t next = periods(c, now) + 1;
		at = next / rate(c) * SECOND + (next % rate(c) * SECOND + rate(c) - 1) / rate(c);
	}
	if (c->ram[REG_B] & (B_UIE | B_AIE) && !stopped(c)) {
		machine_wall(m, &ns);
		at = MIN(at, now + SECOND - ns);
	}
	return at;
}
/* --- what programs write and read ------------------------------------------------------------------------------------------------- */
static bool is_time(unsigned at)
{
	return at == CENTURY || (at <= YEAR && at != SEC_ALARM && at != MIN_ALARM && at != HOUR_ALARM);
}
static void set_clock(struct machine *m)
{
	uint64_t ns;
	m->cmos.offset = shown(&m->cmos) - machine_wall(m, &ns);
}
/* A change of the form shows the same time in the other one; hours that wait for an alarm are the program's to spell. */
static void set_b(struct machine *m, uint8_t v)
{
	struct cmos *c = &m->cmos;
	uint8_t was = c->ram[REG_B];
	uint64_t ns;

	if (v & B_SET)
		v &= (uint8_t)~B_UIE;
	c->ram[REG_B] = v;
	if (was & B_SET && !(v & B_SET))
		set_clock(m);
	else if (!(v & B_SET))
		show(c, machine_wall(m, &ns) + c->offset);
}
static void cmos_out(struct machine *m, unsigned port, unsigned size, uint32_t value32)
{
	struct cmos *c = &m->cmos;
	uint8_t v = (uint8_t)value32;

	if (!(port & 1)) {
		c->index = v & 0x7f;     /* the top bit holds back NMI, which nobody sends here */
		return;
	}
	switch (c->index) {
	case REG_A:
		c->ram[REG_A] = v & 0x7f;
		c->last_period = periods(c, machine_now(m));
		break;
	case REG_B:
		set_b(m, v);
		break;
	case REG_C: case REG_D:
		return;
	default:
		c->ram[c->index] = v;
		if (is_time(c->index) && !stopped(c))
			set_clock(m);
	}
	line(m);
}
static uint32_t cmos_in(struct machine *m, unsigned port, unsigned size)
{
	struct cmos *c = &m->cmos;
	uint64_t ns;
	int64_t now = machine_wall(m, &ns);
	uint8_t v;

	if (!(port & 1))
		return 0xff;             /* the index cannot be read */
	if (is_time(c->index) && !stopped(c))
		show(c, now + c->offset);
	v = c->ram[c->index];
	if (c->index == REG_A && !stopped(c) && ns >= SECOND - UPDATE_NS)
		v |= 0x80;
	if (c->index == REG_C) {
		c->ram[REG_C] = 0;
		line(m);
	}
	return v;
}
static void word(struct cmos *c, unsigned at, uint64_t v)
{
	v = MIN(v, 0xffff);
	c->ram[at] = (uint8_t)v;
	c->ram[at + 1] = (uint8_t)(v >> 8);
}
void cmos_reset(struct machine *m, uint64_t now)
{
	struct cmos *c = &m->cmos;
	uint64_t ns, kib = m->memory >> 10, low = MIN(m->memory, 0xc0000000ull), sum = 0, high = m->memory - low;

	*c = (struct cmos){ .ram = { [REG_A] = 0x26, [REG_B] = B_24, [REG_D] = 0x80, [0x14] = 0x06 } };
	word(c, 0x15, MIN(kib, 640));
	word(c, 0x17, kib > 1024 ? kib - 1024 : 0);
	word(c, 0x30, kib > 1024 ? kib - 1024 : 0);
	word(c, 0x34, low > 16 << 20 ? (low - (16 << 20)) >> 16 : 0);
	for (unsigned i = 0; i < 3; i++)
		c->ram[0x5b + i] = (uint8_t)(high >> (16 + 8 * i));
	for (unsigned i = 0x10; i <= 0x2d; i++)
		sum += c->ram[i];
	c->ram[0x2e] = (uint8_t)(sum >> 8);
	c->ram[0x2f] = (uint8_t)sum;
	c->last_second = machine_wall(m, &ns);
	c->last_period = periods(c, now);
	show(c, c->last_second);
}
const struct port_dev cmos_dev = { "clock", 1, cmos_in, cmos_out };
