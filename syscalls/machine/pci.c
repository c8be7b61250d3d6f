/* SPDX-License-Identifier: BSD-2-Clause
 *
 * PCI configuration, mechanism 1: an address at 0xcf8, which takes 32 bits at once or nothing, and a window at 0xcfc. One
 * bus; function 00.0 is a host bridge (82441FX), others are the owner's (machine_pci_add). What may be written is said by
 * a mask of bits: so the size of a base address register is found as programs find it. Facts: PCI Local Bus
 * Specification 3.0, sections 3.2.2.3.2 and 6.1. Port 0xcf9 resets, as bridges of that family do.
 */
#include "machine/machine.h"

#define ENABLED 0x80000000u

static struct pci_function *selected(struct machine *m)
{
	uint32_t a = m->pci.address;
	if (!(a & ENABLED) || a >> 16 & 0xff)
		return NULL;
	for (unsigned i = 0; i < m->pci.n; i++)
		if (m->pci.f[i].dev == (a >> 11 & 31) && m->pci.f[i].fn == (a >> 8 & 7))
			return &m->pci.f[i];
	return NULL;
}
static void reset_control(struct machine *m, uint8_t v)
{
	bool was = m->pci.reset_control & 4;
	m->pci.reset_control = v & ~4u;
	if (v & 4 && !was)
		m->ended = MACHINE_RESET;
}
static uint32_t pci_in(struct machine *m, unsigned port, unsigned size)
{
	const struct pci_function *f = selected(m);
	uint32_t v = ~0u;

	if (port == 0xcf8 && size == 4)
		return m->pci.address;
	if (port == 0xcf9 && size == 1)
		return m->pci.reset_control;
	if (port >= 0xcfc && f)
		memcpy(&v, f->conf + (m->pci.address & 0xfc) + (port & 3), size);
	return size == 4 ? v : v & ((1u << 8 * size) - 1);
}
static void pci_out(struct machine *m, unsigned port, unsigned size, uint32_t v)
{
	struct pci_function *f = selected(m);
	unsigned at = (m->pci.address & 0xfc) + (port & 3);

	if (port == 0xcf8 && size == 4)
		m->pci.address = v & 0x80fffffc;
	else if (port == 0xcf9 && size == 1)
		reset_control(m, (uint8_t)v);
	if (port < 0xcfc || !f)
		return;
	for (unsigned i = 0; i < size; i++, v >>= 8)
		f->conf[at + i] = (uint8_t)((f->conf[at + i] & ~f->mask[at + i]) | (v & f->mask[at + i]));
	if (m->host && m->host->pci_written)
		m->host->pci_written(m, f, at, size);
}
struct pci_function *machine_pci_add(struct machine *m, unsigned dev, unsigned fn, uint16_t vendor, uint16_t device,
				     uint32_t class_rev)
{
	struct pci_function *f = &m->pci.f[m->pci.n];

	if (m->pci.n == PCI_FUNCTIONS || dev > 31 || fn > 7)
		return NULL;
	*f = (struct pci_function){ .dev = (uint8_t)dev, .fn = (uint8_t)fn };
	memcpy(f->conf, &vendor, 2);
	memcpy(f->conf + 2, &device, 2);
	memcpy(f->conf + 8, &class_rev, 4);
	f->mask[4] = 7;                  /* I/O, memory, bus master */
	f->mask[5] = 4;                  /* interrupts held back */
	f->mask[0x0c] = f->mask[0x0d] = f->mask[0x3c] = 0xff;    /* what only software reads */
	m->pci.n++;
	return f;
}
void pci_reset(struct machine *m)
{
	m->pci = (struct pci){ 0 };
	struct pci_function *f = machine_pci_add(m, 0, 0, 0x8086, 0x1237, 0x06000002);
	f->conf[4] = 6;                  /* a bridge takes memory accesses and masters the bus, always */
	f->mask[4] = f->mask[5] = 0;
}
const struct port_dev pci_dev = { "pci", 4, pci_in, pci_out };
