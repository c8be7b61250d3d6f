/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keyboard controller (8042) as far as programs without a keyboard look for it: self test, command byte, output port
 * with the A20 line, the pulse that resets the machine; and a keyboard that acknowledges, names itself and has no keys.
 * There is no second port. Interrupt 1.
 */
#include "machine/machine.h"

enum { FULL = 1, SYSTEM = 4, COMMAND = 8, UNLOCKED = 0x10 };
enum { TAKES_COMMAND_BYTE = 0x60, TAKES_OUTPUT_PORT = 0xd1, TAKES_BYTE = 0xd2 };
enum { CB_IRQ = 1, CB_DISABLED = 0x10 };

static void line(struct machine *m)
{
	irq_line(m, 1, m->keyboard.command & CB_IRQ && m->keyboard.q_n);
}
static void put(struct keyboard *k, uint8_t v)
{
	if (k->q_n < sizeof k->q)
		k->q[k->q_n++] = v;
}
static void output_port(struct machine *m, uint8_t v)
{
	m->keyboard.output_port = v;
	m->a20 = v & 2;
	if (!(v & 1))
		m->ended = MACHINE_RESET;
}
static void controller(struct machine *m, uint8_t v)
{
	struct keyboard *k = &m->keyboard;

	k->awaits = 0;
	switch (v) {
	case 0x20: put(k, k->command); break;
	case TAKES_COMMAND_BYTE: case TAKES_OUTPUT_PORT: case TAKES_BYTE: k->awaits = v; break;
	case 0xaa: put(k, 0x55); break;
	case 0xab: put(k, 0); break;
	case 0xad: k->command |= CB_DISABLED; break;
	case 0xae: k->command &= (uint8_t)~CB_DISABLED; break;
	case 0xc0: put(k, 0x80); break;
	case 0xd0: put(k, (uint8_t)((k->output_port & ~2u) | (m->a20 ? 2 : 0))); break;
	case 0xdd: m->a20 = false; break;
	case 0xdf: m->a20 = true; break;
	case 0xf0 ... 0xff:              /* pulses the lines whose bits are 0; line 0 resets */
		if (!(v & 1))
			m->ended = MACHINE_RESET;
		break;
	}
}
/* To the keyboard itself. */
static void device(struct keyboard *k, uint8_t v)
{
	uint8_t awaited = k->device_awaits;

	k->device_awaits = 0;
	if (v == 0xee && !awaited) {
		put(k, v);               /* echo, the one that is not acknowledged */
		return;
	}
	put(k, 0xfa);
	if (awaited)
		return;
	switch (v) {
	case 0xed: case 0xf0: case 0xf3: k->device_awaits = v; break;
	case 0xf2: put(k, 0xab); put(k, 0x83); break;
	case 0xff: put(k, 0xaa); break;
	}
}
static void data(struct machine *m, uint8_t v)
{
	struct keyboard *k = &m->keyboard;
	uint8_t for_ = k->awaits;

	k->awaits = 0;
	if (for_ == TAKES_COMMAND_BYTE)
		k->command = v;
	else if (for_ == TAKES_OUTPUT_PORT)
		output_port(m, v);
	else if (for_ == TAKES_BYTE)
		put(k, v);
	else
		device(k, v);
}
static void keyboard_out(struct machine *m, unsigned port, unsigned size, uint32_t v)
{
	m->keyboard.last_command = port == 0x64;
	if (port == 0x64)
		controller(m, (uint8_t)v);
	else
		data(m, (uint8_t)v);
	line(m);
}
static uint32_t keyboard_in(struct machine *m, unsigned port, unsigned size)
{
	struct keyboard *k = &m->keyboard;
	uint8_t v = k->q[0];

	if (port == 0x64)
		return (k->q_n ? FULL : 0) | (k->command & SYSTEM) | (k->last_command ? COMMAND : 0) | UNLOCKED;
	if (!k->q_n)
		return v;
	memmove(k->q, k->q + 1, --k->q_n);
	irq_line(m, 1, false);           /* each byte is an edge of its own */
	line(m);
	return v;
}
void keyboard_reset(struct machine *m)
{
	m->keyboard = (struct keyboard){ .command = SYSTEM, .output_port = 0xcf };
}
const struct port_dev keyboard_dev = { "keyboard controller", 1, keyboard_in, keyboard_out };
