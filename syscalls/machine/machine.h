/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A small virtual machine's devices, as a program sees them through in and out: interrupt controllers, timer, clock,
 * serial line, keyboard controller, PCI configuration, and a port that ends the run. Nothing here touches the host's
 * hardware or memory of a guest: who carries an instruction out (privileged.c for ordinary programs, a bare machine's
 * processor) moves the values.
 *
 * All state lies in struct machine, which its owner allocates, and holds no pointer before `lock`: so it can be
 * copied, saved, and set up again by machine_attach. Every machine_* call takes m->lock itself, may be made by any thread
 * and never blocks, except that bytes for the console are handed over (console_out) after the lock is free. Devices never
 * call each other but through irq_line. Ordinary runtime code: general registers, no libc.
 */
#pragma once
#include "guise.h"

#define NEVER UINT64_MAX

struct machine;

/* --- ports -------------------------------------------------------------------------------------------------------------- */
/* One device. Called with m->lock held, with 1, 2 or 4 bytes; never more than width, never beyond the range. */
struct port_dev {
	const char *name;
	uint8_t width;           /* a wider access becomes several of one byte, as the bus does it; 0 is 1 */
	uint32_t (*in)(struct machine *, unsigned port, unsigned size);
	void (*out)(struct machine *, unsigned port, unsigned size, uint32_t value);
};
struct port_range { uint16_t first, last; const struct port_dev *dev; };
#define RANGES_MORE 16                   /* whoever owns the machine may add so many (machine_ports) */

/* --- the devices' state --------------------------------------------------------------------------------------------------- */
struct pic {                         /* one 8259A; [0] takes [1] at its input 2 */
	uint8_t irr, imr, isr;
	uint8_t line;            /* levels of the inputs */
	uint8_t level;           /* which inputs are level-triggered (ELCR) */
	uint8_t base;            /* vector of input 0 */
	uint8_t lowest;          /* the input of lowest priority */
	uint8_t step;            /* which ICW is next, 0: none */
	uint8_t icw1, icw4;
	bool read_isr, poll, special_mask, rotate_auto;
};
struct pit_channel {
	uint8_t mode, access, bcd;
	bool gate, armed;        /* a count was written since the control word, and (modes 1, 5) triggered */
	bool null_count;
	bool second_write, second_read, latched, status_latched;
	uint8_t low, status;
	uint16_t latch;
	uint32_t reload;         /* 1..65536 */
	uint32_t next;           /* modes 2, 3: the count of the next period, 0: as this one */
	uint64_t next_at;        /* ... which begins then */
	uint64_t start;          /* when counting began, in ns of machine_now */
	uint64_t held;           /* ticks counted when the gate closed (modes 0, 4) */
	uint64_t edges;          /* rising edges of the output already told */
};
struct pit { struct pit_channel ch[3]; uint8_t port61; };
struct cmos {
	uint8_t ram[128];
	uint8_t index;
	int64_t offset;          /* what the clock shows, less the wall clock, in seconds */
	int64_t last_second;     /* the last one that was looked at for updates and alarms */
	uint64_t last_period;
};
#define SERIAL_FIFO 16
#define SERIAL_TX 256
struct serial {
	uint8_t ier, lcr, mcr, lsr, msr, scr, fcr;
	uint16_t divisor;
	bool thre;               /* "transmitter empty" has not been told yet */
	bool end;                /* the console has no more input */
	uint8_t rx[SERIAL_FIFO], rx_at, rx_n;
	uint8_t tx[SERIAL_TX];   /* on its way to the console; full: the transmitter is busy */
	uint16_t tx_n;
	uint64_t rx_time;        /* of the last byte that came or was read */
};
struct keyboard {
	uint8_t command, output_port, awaits, device_awaits;
	bool last_command;
	uint8_t q[16], q_n;
};
struct pci_function {
	uint8_t dev, fn;         /* on bus 0 */
	uint8_t conf[256];
	uint8_t mask[256];       /* which bits a guest may write */
};
#define PCI_FUNCTIONS 8
struct pci { uint32_t address; uint8_t reset_control; unsigned n; struct pci_function f[PCI_FUNCTIONS]; };

enum machine_end { MACHINE_RUNS, MACHINE_EXITED, MACHINE_RESET };

/* What the outside gives. Any may be NULL. */
struct machine_host {
	uint64_t (*now)(struct machine *);               /* monotonic ns; NULL: the host's clock */
	int64_t (*wall)(struct machine *, uint64_t *ns); /* seconds since 1970, ns within; NULL: the host's clock */
	void (*console_out)(struct machine *, const uint8_t *, size_t);      /* the serial line's output. May block; no lock is held */
	int (*console_in)(struct machine *);             /* the next byte, -1 none now, -2 none any more. May not block */
	void (*raised)(struct machine *);                /* the interrupt output went up. m->lock is held */
	void (*pci_written)(struct machine *, struct pci_function *, unsigned at, unsigned size);     /* m->lock is held */
};
struct machine {
	volatile uint32_t own_lock;
	volatile uint32_t changed;       /* counts raised interrupts: a word to sleep on */
	volatile uint32_t ended;         /* enum machine_end: whoever carries instructions out looks at it after machine_out */
	int status;                      /* MACHINE_EXITED: the exit status */
	uint64_t born;                   /* machine_now at the start */
	uint64_t memory;                 /* bytes of RAM, for the CMOS; 0: an ordinary program's */
	uint64_t unknown_in, unknown_out;/* accesses to ports where nothing is, and the last such port */
	uint16_t unknown_port, exit_port;
	uint8_t post;                    /* port 0x80 */
	bool a20;                        /* the line's state; addresses are never cut by it */
	bool intr;                       /* the interrupt output */
	struct pic pic[2];
	struct pit pit;
	struct cmos cmos;
	struct serial serial;
	struct keyboard keyboard;
	struct pci pci;
	/* not state: set up by machine_attach */
	volatile uint32_t *lock;         /* own_lock, or another that the owner has set */
	const struct machine_host *host;
	void *owner;                     /* the host's own */
	struct port_range more[RANGES_MORE];
	unsigned n_more;
};
#define MACHINE_STATE offsetof(struct machine, lock)

/* --- machine.c -------------------------------------------------------------------------------------------------------------- */
/* m is zeroed memory. memory: bytes of RAM; exit_port: 0 is 0xf4. */
void machine_init(struct machine *, const struct machine_host *, void *owner, uint64_t memory, unsigned exit_port);
void machine_attach(struct machine *, const struct machine_host *, void *owner);     /* state copied from elsewhere */
bool machine_valid(const struct machine *);      /* state that was saved: nothing in it leads a device astray */
bool machine_ports(struct machine *, unsigned first, unsigned last, const struct port_dev *);        /* before the rest */
uint32_t machine_in(struct machine *, unsigned port, unsigned size);         /* size 1, 2 or 4 */
void machine_out(struct machine *, unsigned port, unsigned size, uint32_t value);
void machine_irq(struct machine *, unsigned n, bool level);                  /* input n, 0..15 */
bool machine_pending(struct machine *);          /* after a look at time and console: is the interrupt output up? */
int machine_ack(struct machine *);               /* the processor takes it: its vector; a spurious one where it is gone */
uint64_t machine_due(struct machine *);          /* when machine_pending may change by time alone, NEVER: only from outside */
bool machine_wants_input(struct machine *);      /* it may change by a byte of the console, too */
uint64_t machine_now(struct machine *);
const char *machine_port_name(struct machine *, unsigned port);      /* NULL: nothing is there */
struct pci_function *machine_pci_add(struct machine *, unsigned dev, unsigned fn, uint16_t vendor, uint16_t device,
				     uint32_t class_rev);            /* NULL: no room. The header's other fields: the caller's */

/* --- for devices: m->lock is held --------------------------------------------------------------------------------------------- */
void irq_line(struct machine *, unsigned n, bool level);     /* pic.c */
bool pic_output(struct machine *);
int pic_ack(struct machine *);
void pic_reset(struct machine *);
void pit_reset(struct machine *, uint64_t now);
void pit_update(struct machine *, uint64_t now);
uint64_t pit_due(struct machine *, uint64_t now);
void cmos_reset(struct machine *, uint64_t now);
void cmos_update(struct machine *, uint64_t now);
uint64_t cmos_due(struct machine *, uint64_t now);
void serial_reset(struct machine *);
void serial_update(struct machine *, uint64_t now);
uint64_t serial_due(struct machine *, uint64_t now);
void keyboard_reset(struct machine *);
void pci_reset(struct machine *);
int64_t machine_wall(struct machine *, uint64_t *ns);
extern const struct port_dev pic_dev, pit_dev, pit61_dev, cmos_dev, serial_dev, keyboard_dev, pci_dev;
