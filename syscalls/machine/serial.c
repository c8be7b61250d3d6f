/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A 16550A serial port, interrupt 4. Facts: National's data sheet PC16550D. Its line is the console: what is sent goes
 * out at once, whatever rate is set; what the console has is taken when there is room, so nothing is overrun but in the
 * loop. Interrupts reach the controller while OUT2 is set, which the loop takes off the pin: as PCs are wired.
 */
#include "machine/machine.h"

enum { IER_DATA = 1, IER_EMPTY = 2, IER_LINE = 4, IER_MODEM = 8 };
enum { LSR_DATA = 1, LSR_OVERRUN = 2, LSR_BREAK = 0x10, LSR_THRE = 0x20, LSR_TEMT = 0x40, LSR_IN_FIFO = 0x80, LSR_ERRORS = 0x1e };
enum { MCR_OUT2 = 8, MCR_LOOP = 0x10 };
enum { IIR_NONE = 1, IIR_MODEM = 0, IIR_EMPTY = 2, IIR_DATA = 4, IIR_TIMEOUT = 12, IIR_LINE = 6 };
enum { LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
#define MODEM_READY 0xb0                 /* carrier, data set ready, clear to send */
#define CLOCK 1843200ull

static unsigned room(const struct serial *s) { return (s->fcr & 1 ? SERIAL_FIFO : 1) - s->rx_n; }
static unsigned trigger(const struct serial *s) { return s->fcr & 1 ? (const uint8_t[]){ 1, 4, 8, 14 }[s->fcr >> 6] : 1; }

/* Four characters' time with something waiting and nothing moving: then it is told though it is little. */
static uint64_t timeout_at(const struct serial *s)
{
	uint64_t bits = 2 + 5 + (s->lcr & 3), divisor = s->divisor ? s->divisor : 1;
	return s->rx_n && s->fcr & 1 ? s->rx_time + 4 * bits * 16 * divisor * 1000000000ull / CLOCK : NEVER;
}
static unsigned cause(const struct serial *s, uint64_t now)
{
	if (s->ier & IER_LINE && s->lsr & LSR_ERRORS)
		return IIR_LINE;
	if (s->ier & IER_DATA && s->rx_n >= trigger(s))
		return IIR_DATA;
	if (s->ier & IER_DATA && now >= timeout_at(s))
		return IIR_TIMEOUT;
	if (s->ier & IER_EMPTY && s->thre)
		return IIR_EMPTY;
	return s->ier & IER_MODEM && s->msr & 15 ? IIR_MODEM : IIR_NONE;
}
static void line(struct machine *m, uint64_t now)
{
	struct serial *s = &m->serial;
	irq_line(m, 4, (s->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2 && cause(s, now) != IIR_NONE);
}
static void receive(struct serial *s, uint8_t byte, uint64_t now)
{
	s->rx_time = now;
	if (!room(s)) {
		s->lsr |= LSR_OVERRUN;
		if (!(s->fcr & 1))
			s->rx[s->rx_at] = byte;          /* the newer one; a full FIFO keeps what it has */
		return;
	}
	s->rx[(s->rx_at + s->rx_n++) % SERIAL_FIFO] = byte;
}
static void fill(struct machine *m, uint64_t now)
{
	struct serial *s = &m->serial;
	int byte = 0;

	while (!s->end && !(s->mcr & MCR_LOOP) && room(s) && m->host && m->host->console_in) {
		if ((byte = m->host->console_in(m)) < 0)
			break;
		receive(s, (uint8_t)byte, now);
	}
	s->end |= byte == -2;
}
/* Input is taken for those who look for it: the console may be somebody else's standard input, too. */
void serial_update(struct machine *m, uint64_t now)
{
	if (m->serial.ier & IER_DATA)
		fill(m, now);
	line(m, now);
}
uint64_t serial_due(struct machine *m, uint64_t now)
{
	const struct serial *s = &m->serial;
	return s->ier & IER_DATA && s->rx_n < trigger(s) && now < timeout_at(s) ? timeout_at(s) : NEVER;
}
/* --- registers ---------------------------------------------------------------------------------------------------------------------- */
static uint8_t taken(struct serial *s, uint64_t now)
{
	uint8_t byte = s->rx[s->rx_at];
	if (!s->rx_n)
		return byte;
	s->rx_at = (uint8_t)((s->rx_at + 1) % SERIAL_FIFO);
	s->rx_n--;
	s->rx_time = now;
	return byte;
}
static uint8_t status(struct serial *s)
{
	uint8_t v = s->lsr | (s->rx_n ? LSR_DATA : 0) | (s->tx_n < SERIAL_TX ? LSR_THRE : 0) | (s->tx_n ? 0 : LSR_TEMT);
	if (s->fcr & 1 && s->lsr & (LSR_ERRORS & ~LSR_OVERRUN))
		v |= LSR_IN_FIFO;
	s->lsr = 0;
	return v;
}
static uint8_t modem(struct serial *s)
{
	uint8_t v = s->msr;
	s->msr &= 0xf0;
	return v;
}
/* The four inputs as the loop or the other end gives them; what has changed is told once. */
static void modem_lines(struct serial *s)
{
	uint8_t c = s->mcr, now = MODEM_READY, was = s->msr;
	if (c & MCR_LOOP)
		now = (uint8_t)((c & 2) << 3 | (c & 1) << 5 | (c & 4) << 4 | (c & 8) << 4);
	uint8_t differ = (now ^ was) >> 4;
	if (!(was & 0x40) || now & 0x40)
		differ &= (uint8_t)~4u;          /* of the ring only its end is told */
	s->msr = now | (was & 15) | differ;
}
static void transmit(struct machine *m, struct serial *s, uint8_t byte, uint64_t now)
{
	if (s->mcr & MCR_LOOP)
		receive(s, byte, now);
	else if (s->tx_n < SERIAL_TX)
		s->tx[s->tx_n++] = byte;
	s->thre = true;
}
static void fifo(struct serial *s, uint8_t v)
{
	if ((v ^ s->fcr) & 1 || v & 2) {
		s->rx_n = 0;
		s->rx_at = 0;
	}
	s->fcr = v & 1 ? v & 0xc9 : 0;
}
static void break_sent(struct serial *s, uint8_t was, uint64_t now)
{
	if (!(s->lcr & LCR_BREAK) || was & LCR_BREAK || !(s->mcr & MCR_LOOP))
		return;
	receive(s, 0, now);
	s->lsr |= LSR_BREAK;
}
static uint32_t serial_in(struct machine *m, unsigned port, unsigned size)
{
	struct serial *s = &m->serial;
	uint64_t now = machine_now(m);
	unsigned at = port & 7, v = 0;

	if (!(s->lcr & LCR_DLAB) && at != 7)
		fill(m, now);
	switch (at) {
	case 0:
		v = s->lcr & LCR_DLAB ? s->divisor & 0xff : taken(s, now);
		break;
	case 1:
		v = s->lcr & LCR_DLAB ? s->divisor >> 8 : s->ier;
		break;
	case 2:
		v = cause(s, now);
		s->thre &= v != IIR_EMPTY;
		v |= s->fcr & 1 ? 0xc0 : 0;
		break;
	case 3: v = s->lcr; break;
	case 4: v = s->mcr; break;
	case 5: v = status(s); break;
	case 6: v = modem(s); break;
	case 7: v = s->scr; break;
	}
	line(m, now);
	return v;
}
static void serial_out(struct machine *m, unsigned port, unsigned size, uint32_t value)
{
	struct serial *s = &m->serial;
	uint64_t now = machine_now(m);
	uint8_t v = (uint8_t)value, was = s->lcr;

	switch (port & 7) {
	case 0:
		if (s->lcr & LCR_DLAB)
			s->divisor = (uint16_t)((s->divisor & 0xff00) | v);
		else
			transmit(m, s, v, now);
		break;
	case 1:
		if (s->lcr & LCR_DLAB) {
			s->divisor = (uint16_t)((s->divisor & 0xff) | v << 8);
			break;
		}
		s->thre |= v & ~s->ier & IER_EMPTY;      /* it is empty: who begins to ask is told */
		s->ier = v & 15;
		break;
	case 2: fifo(s, v); break;
	case 3:
		s->lcr = v;
		break_sent(s, was, now);
		break;
	case 4:
		s->mcr = v & 0x1f;
		modem_lines(s);
		break;
	case 7: s->scr = v; break;
	}
	line(m, now);
}
void serial_reset(struct machine *m)
{
	m->serial = (struct serial){ .divisor = 12, .lcr = 3, .msr = MODEM_READY, .thre = true };
}
const struct port_dev serial_dev = { "serial", 1, serial_in, serial_out };
