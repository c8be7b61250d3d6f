/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which device answers at which port, and what all of them share: the lock, time, the end. The ports are those that an
 * IBM PC/AT and its successors have had since; where nothing is, reads float high and writes are lost, and both are counted.
 */
#include <time.h>
#include "host.h"
#include "machine/machine.h"

static uint32_t post_in(struct machine *m, unsigned port, unsigned size) { return m->post; }
static void post_out(struct machine *m, unsigned port, unsigned size, uint32_t v) { m->post = (uint8_t)v; }

/* Port 0x92, "system control A": bit 0 resets, bit 1 is A20. */
static uint32_t a20_in(struct machine *m, unsigned port, unsigned size) { return m->a20 ? 2 : 0; }
static void a20_out(struct machine *m, unsigned port, unsigned size, uint32_t v)
{
	m->a20 = v & 2;
	if (v & 1)
		m->ended = MACHINE_RESET;
}
/* As QEMU's isa-debug-exit, which test programs know. */
static uint32_t exit_in(struct machine *m, unsigned port, unsigned size) { return 0; }
static void exit_out(struct machine *m, unsigned port, unsigned size, uint32_t v)
{
	m->status = (int)(v << 1 | 1);
	m->ended = MACHINE_EXITED;
}
static const struct port_dev post_dev = { "post", 1, post_in, post_out };
static const struct port_dev a20_dev = { "system control", 1, a20_in, a20_out };
static const struct port_dev exit_dev = { "debug exit", 4, exit_in, exit_out };

static const struct port_range ranges[] = {
	{ 0x020, 0x021, &pic_dev }, { 0x040, 0x043, &pit_dev }, { 0x060, 0x060, &keyboard_dev }, { 0x061, 0x061, &pit61_dev },
	{ 0x064, 0x064, &keyboard_dev }, { 0x070, 0x071, &cmos_dev }, { 0x080, 0x080, &post_dev }, { 0x092, 0x092, &a20_dev },
	{ 0x0a0, 0x0a1, &pic_dev }, { 0x3f8, 0x3ff, &serial_dev }, { 0x4d0, 0x4d1, &pic_dev }, { 0xcf8, 0xcff, &pci_dev },
};

/* --- time ---------------------------------------------------------------------------------------------------------------------- */
uint64_t machine_now(struct machine *m)
{
	struct timespec ts = { 0 };
	if (m->host && m->host->now)
		return m->host->now(m);
	time_now(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
int64_t machine_wall(struct machine *m, uint64_t *ns)
{
	struct timespec ts = { 0 };
	if (m->host && m->host->wall)
		return m->host->wall(m, ns);
	time_now(CLOCK_REALTIME, &ts);
	*ns = (uint64_t)ts.tv_nsec;
	return ts.tv_sec;
}
static void update(struct machine *m)
{
	uint64_t now = machine_now(m);
	pit_update(m, now);
	cmos_update(m, now);
	serial_update(m, now);
}

/* --- ports --------------------------------------------------------------------------------------------------------------------- */
static bool found(const struct port_range *r, unsigned n, unsigned port, struct port_range *to)
{
	for (unsigned i = 0; i < n; i++)
		if (port >= r[i].first && port <= r[i].last) {
			*to = r[i];
			return true;
		}
	return false;
}
static bool find(struct machine *m, unsigned port, struct port_range *to)
{
	if (found(m->more, m->n_more, port, to) || found(ranges, ARRAY_LEN(ranges), port, to))
		return true;
	*to = (struct port_range){ m->exit_port, (uint16_t)(m->exit_port + 3), &exit_dev };
	return port - m->exit_port < 4u;
}
bool machine_ports(struct machine *m, unsigned first, unsigned last, const struct port_dev *dev)
{
	if (m->n_more == RANGES_MORE || first > last || last > 0xffff)
		return false;
	m->more[m->n_more++] = (struct port_range){ (uint16_t)first, (uint16_t)last, dev };
	return true;
}
const char *machine_port_name(struct machine *m, unsigned port)
{
	struct port_range r;
	return find(m, port, &r) ? r.dev->name : NULL;
}
static bool whole(const struct port_range *r, unsigned port, unsigned size)
{
	return size == 1 || (size <= r->dev->width && port + size - 1 <= r->last);
}
static uint32_t in(struct machine *m, unsigned port, unsigned size)
{
	struct port_range r;
	uint32_t v = 0;

	port &= 0xffff;
	if (find(m, port, &r) && whole(&r, port, size))
		return r.dev->in(m, port, size);
	if (size == 1) {
		m->unknown_in++;
		m->unknown_port = (uint16_t)port;
		return 0xff;
	}
	for (unsigned i = 0; i < size; i++)
		v |= (in(m, port + i, 1) & 0xff) << 8 * i;
	return v;
}
static void out(struct machine *m, unsigned port, unsigned size, uint32_t v)
{
	struct port_range r;

	port &= 0xffff;
	if (find(m, port, &r) && whole(&r, port, size)) {
		r.dev->out(m, port, size, size == 1 ? v & 0xff : size == 2 ? v & 0xffff : v);
	} else if (size == 1) {
		m->unknown_out++;
		m->unknown_port = (uint16_t)port;
	} else {
		for (unsigned i = 0; i < size; i++)
			out(m, port + i, 1, v >> 8 * i & 0xff);
	}
}
/* What has left the serial line goes to the console outside of the lock: that may take as long as it likes. */
static void leave(struct machine *m)
{
	uint8_t bytes[SERIAL_TX];
	size_t n = m->serial.tx_n;

	memcpy(bytes, m->serial.tx, n);
	m->serial.tx_n = 0;
	unlock(m->lock);
	if (n && m->host && m->host->console_out)
		m->host->console_out(m, bytes, n);
}
uint32_t machine_in(struct machine *m, unsigned port, unsigned size)
{
	lock(m->lock);
	update(m);
	uint32_t v = in(m, port, size);
	leave(m);
	return v;
}
void machine_out(struct machine *m, unsigned port, unsigned size, uint32_t v)
{
	lock(m->lock);
	update(m);
	out(m, port, size, v);
	leave(m);
}

/* --- interrupts ------------------------------------------------------------------------------------------------------------------ */
void machine_irq(struct machine *m, unsigned n, bool level)
{
	lock(m->lock);
	irq_line(m, n, level);
	unlock(m->lock);
}
bool machine_pending(struct machine *m)
{
	lock(m->lock);
	update(m);
	bool up = pic_output(m);
	leave(m);
	return up;
}
int machine_ack(struct machine *m)
{
	lock(m->lock);
	int vector = pic_ack(m);
	unlock(m->lock);
	return vector;
}
uint64_t machine_due(struct machine *m)
{
	lock(m->lock);
	uint64_t now = machine_now(m), a = pit_due(m, now), b = cmos_due(m, now), c = serial_due(m, now);
	unlock(m->lock);
	return MIN(a, MIN(b, c));
}
bool machine_wants_input(struct machine *m) { return m->serial.ier & 1 && !m->serial.end && m->serial.rx_n < SERIAL_FIFO; }

/* --- state from elsewhere --------------------------------------------------------------------------------------------------------- */
static bool channel_valid(const struct pit_channel *c)
{
	return c->mode <= 5 && c->access <= 3 && c->reload && c->reload <= 65536 && c->next <= 65536 && c->start >> 63 == 0 &&
	       c->next_at >> 63 == 0 && c->held >> 40 == 0;
}
static bool pci_valid(const struct pci *p)
{
	bool ok = p->n <= PCI_FUNCTIONS && !(p->address & 0x7f000003);
	for (unsigned i = 0; ok && i < p->n; i++)
		ok = p->f[i].dev < 32 && p->f[i].fn < 8;
	return ok;
}
bool machine_valid(const struct machine *m)
{
	bool ok = pci_valid(&m->pci) && m->ended <= MACHINE_RESET && m->cmos.index < 128 && m->keyboard.q_n <= sizeof m->keyboard.q;

	for (unsigned i = 0; i < 3; i++)
		ok = ok && channel_valid(&m->pit.ch[i]);
	for (unsigned i = 0; i < 2; i++)
		ok = ok && m->pic[i].lowest < 8 && m->pic[i].step <= 4;
	ok = ok && m->cmos.offset < 1ll << 40 && m->cmos.offset > -(1ll << 40);
	return ok && m->serial.rx_at < SERIAL_FIFO && m->serial.rx_n <= SERIAL_FIFO && m->serial.tx_n <= SERIAL_TX;
}

/* --- start ----------------------------------------------------------------------------------------------------------------------- */
void machine_attach(struct machine *m, const struct machine_host *host, void *owner)
{
	m->host = host;
	m->owner = owner;
	m->n_more = 0;
	m->own_lock = 0;
	m->lock = &m->own_lock;
}
void machine_init(struct machine *m, const struct machine_host *host, void *owner, uint64_t memory, unsigned exit_port)
{
	machine_attach(m, host, owner);
	m->memory = memory;
	m->exit_port = (uint16_t)(exit_port ? exit_port : 0xf4);
	m->a20 = true;
	m->born = machine_now(m);
	pic_reset(m);
	pit_reset(m, m->born);
	cmos_reset(m, m->born);
	serial_reset(m);
	keyboard_reset(m);
	pci_reset(m);
}
