/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two 8259A interrupt controllers, the second at the first's input 2, with the edge/level registers of later boards.
 * Facts: Intel's data sheet 231468 (8259A), 82371AB (ELCR). A request must stay up until it is acknowledged: one
 * that does not is a spurious interrupt of input 7, which leaves no bit in service. ICW4's 8080 mode is not there: what
 * a PC never has.
 */
#include "machine/machine.h"

enum { ICW1_IC4 = 1, ICW1_SINGLE = 2, ICW1_LEVEL = 8, ICW1 = 0x10 };
enum { ICW4_AEOI = 2, ICW4_NESTED = 0x10 };
enum { OCW3 = 8 };
#define CASCADE 2
#define ELCR_MASK(chip) ((chip) ? 0xde : 0xf8)       /* timer, keyboard, cascade, clock, coprocessor: always edges */

static unsigned priority(const struct pic *p, unsigned n) { return (n - p->lowest - 1u) & 7; }

/* The input of highest priority in a set, or -1. */
static int first_of(const struct pic *p, uint8_t set)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = (p->lowest + 1u + i) & 7;
		if (set >> n & 1)
			return (int)n;
	}
	return -1;
}
/* What would be acknowledged now: above everything in service. In the special modes a masked one in service counts for
 * nothing, and the second chip may ask again while one of its own is served. */
static int due(const struct pic *p, bool master)
{
	uint8_t serving = p->special_mask ? p->isr & ~p->imr : p->isr;
	int want = first_of(p, p->irr & ~p->imr);

	if (master && p->icw4 & ICW4_NESTED && want == CASCADE)
		serving &= (uint8_t)~(1u << CASCADE);
	int busy = first_of(p, serving);
	return want >= 0 && (busy < 0 || priority(p, (unsigned)want) < priority(p, (unsigned)busy)) ? want : -1;
}
static bool is_level(const struct pic *p, unsigned n) { return p->level >> n & 1 || p->icw1 & ICW1_LEVEL; }

static void set_line(struct pic *p, unsigned n, bool up)
{
	uint8_t bit = (uint8_t)(1u << n);
	bool was = p->line & bit;

	p->line = up ? p->line | bit : p->line & ~bit;
	if (!up)
		p->irr &= (uint8_t)~bit;
	else if (!was || is_level(p, n))
		p->irr |= bit;
}
static void outputs(struct machine *m)
{
	set_line(&m->pic[0], CASCADE, due(&m->pic[1], false) >= 0);
	bool up = due(&m->pic[0], true) >= 0;
	if (up && !m->intr) {
		m->changed++;
		m->intr = true;
		if (m->host && m->host->raised)
			m->host->raised(m);
	}
	m->intr = up;
}
void irq_line(struct machine *m, unsigned n, bool level)
{
	set_line(&m->pic[n >> 3 & 1], n & 7, level);
	outputs(m);
}
bool pic_output(struct machine *m) { return m->intr; }

static void serve(struct pic *p, unsigned n)
{
	uint8_t bit = (uint8_t)(1u << n);
	if (!(is_level(p, n) && p->line & bit))
		p->irr &= (uint8_t)~bit;
	if (!(p->icw4 & ICW4_AEOI))
		p->isr |= bit;
	else if (p->rotate_auto)
		p->lowest = (uint8_t)n;
}
/* One chip's half of the acknowledgement: the input, 7 if it is gone. */
static unsigned take(struct pic *p, bool master)
{
	int n = due(p, master);
	if (n < 0)
		return 7;
	serve(p, (unsigned)n);
	return (unsigned)n;
}
int pic_ack(struct machine *m)
{
	int first = due(&m->pic[0], true);
	unsigned vector = m->pic[0].base + take(&m->pic[0], true);

	if (first == CASCADE)
		vector = m->pic[1].base + take(&m->pic[1], false);
	outputs(m);
	return (int)(vector & 0xff);
}
/* --- what programs write and read ------------------------------------------------------------------------------------------------- */
static void icw1(struct pic *p, uint8_t v)
{
	*p = (struct pic){ .line = p->line, .level = p->level, .icw1 = v, .lowest = 7, .step = 2, .base = p->base,
			   .icw4 = v & ICW1_IC4 ? p->icw4 : 0 };
	for (unsigned n = 0; n < 8; n++)
		if (is_level(p, n) && p->line >> n & 1)
			p->irr |= (uint8_t)(1u << n);
}
static void icw(struct pic *p, uint8_t v)
{
	unsigned step = p->step;
	if (step == 2)
		p->base = v & 0xf8;
	else if (step == 4)
		p->icw4 = v;
	if (step == 2 && !(p->icw1 & ICW1_SINGLE))
		p->step = 3;
	else
		p->step = step < 4 && p->icw1 & ICW1_IC4 ? 4 : 0;
}
static void ocw2(struct pic *p, uint8_t v)
{
	unsigned n = v & 7;
	bool end = v & 0x20, specific = v & 0x40, rotate = v & 0x80;

	if (!end && !specific) {
		p->rotate_auto = rotate;
		return;
	}
	if (!end && !rotate)
		return;                  /* no operation */
	if (end && !specific) {
		int served = first_of(p, p->special_mask ? p->isr & ~p->imr : p->isr);
		if (served < 0)
			return;
		n = (unsigned)served;
	}
	if (end)
		p->isr &= (uint8_t)~(1u << n);
	if (rotate)
		p->lowest = (uint8_t)n;
}
static void ocw3(struct pic *p, uint8_t v)
{
	if (v & 0x40)
		p->special_mask = v & 0x20;
	p->poll = v & 4;
	if (v & 2)
		p->read_isr = v & 1;
}
static void pic_out(struct machine *m, unsigned port, unsigned size, uint32_t value)
{
	struct pic *p = &m->pic[port >> 4 == 0x4d ? port & 1 : port >= 0xa0];
	uint8_t v = (uint8_t)value;

	if (port >> 4 == 0x4d)
		p->level = v & ELCR_MASK(port & 1);
	else if (port & 1 && p->step)
		icw(p, v);
	else if (port & 1)
		p->imr = v;
	else if (v & ICW1)
		icw1(p, v);
	else if (v & OCW3)
		ocw3(p, v);
	else
		ocw2(p, v);
	outputs(m);
}
static uint32_t polled(struct machine *m, struct pic *p)
{
	bool master = p == m->pic, any = due(p, master) >= 0;
	uint32_t v = (any ? 0x80u : 0) | take(p, master);
	p->poll = false;
	outputs(m);
	return v;
}
static uint32_t pic_in(struct machine *m, unsigned port, unsigned size)
{
	struct pic *p = &m->pic[port >> 4 == 0x4d ? port & 1 : port >= 0xa0];

	if (port >> 4 == 0x4d)
		return p->level;
	if (p->poll)
		return polled(m, p);
	return port & 1 ? p->imr : p->read_isr ? p->isr : p->irr;
}
/* As a PC's firmware leaves them: vectors 8 and 0x70, everything masked but the cascade. */
void pic_reset(struct machine *m)
{
	for (unsigned i = 0; i < 2; i++)
		m->pic[i] = (struct pic){ .lowest = 7, .icw1 = ICW1 | ICW1_IC4, .icw4 = 1, .base = i ? 0x70 : 8,
					  .imr = i ? 0xff : 0xfb };
	m->intr = false;
}
const struct port_dev pic_dev = { "interrupt controller", 1, pic_in, pic_out };
