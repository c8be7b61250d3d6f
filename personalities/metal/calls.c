/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the rows of a machine do: hypercalls, ports, MSRs, interrupts, waiting. Ports are the devices' (syscalls/machine/);
 * hypercalls are a shorter way to the same console, clock and disk, for programs that need no drivers.
 */
#include <poll.h>
#include <time.h>
#include "snapshot.h"
#include "metal.h"

sysfn metal_console_write, metal_console_read, metal_clock, metal_block_size, metal_block_read, metal_block_write, metal_block_flush,
	metal_exit, metal_yield, metal_in, metal_out, metal_rdmsr, metal_wrmsr, metal_interrupt, metal_hlt, metal_load_none, metal_store_none;

/* --- hypercalls ------------------------------------------------------------------------------------------------------------- */
void metal_hypercall(void)
{
	const struct kvm_regs *r = &box.run->s.regs.regs;
	bool wide = box.run->s.regs.sregs.cs.l;
	uint64_t mask = wide ? ~0ull : ~0u;
	long rv = metal_call(TAB_HYPERCALL, (unsigned)r->rax, (long)(r->rbx & mask), (long)(r->rcx & mask), (long)(r->rdx & mask));
	if (box.run->exit_reason == KVM_EXIT_XEN && box.running)
		box.run->xen.u.hcall.result = (uint64_t)rv;
	cpu_regs()->rax = wide ? (uint64_t)rv : (uint32_t)rv;
}
long metal_console_write(struct call *c)
{
	uint8_t buf[512];
	uint64_t n = (uint64_t)c->raw[1], done = 0;

	while (done < n) {
		size_t step = MIN(n - done, sizeof buf);
		if (copy_in(buf, (uaddr)c->raw[0] + done, step) < 0)
			return done ? (long)done : -EFAULT;
		metal_host.console_out(&box.m, buf, step);
		done += step;
	}
	return (long)n;
}
/* What is there: nobody waits in a hypercall, while interrupts would have to. 0: no more will come. */
long metal_console_read(struct call *c)
{
	uint8_t buf[256] = { 0 };
	size_t n = 0, room = MIN((uint64_t)c->raw[1], sizeof buf);
	int byte = 0;

	while (n < room && (byte = console_byte()) >= 0)
		buf[n++] = (uint8_t)byte;
	if (copy_out((uaddr)c->raw[0], buf, n) < 0)
		return -EFAULT;
	return n || byte == -2 || !room ? (long)n : -EAGAIN;
}
long metal_clock(struct call *c)
{
	struct timespec ts;
	long e = c->arg[0] == CLOCK_MONOTONIC ? 0 : time_now(CLOCK_REALTIME, &ts);
	if (c->arg[0] == CLOCK_MONOTONIC)
		return (long)(machine_now(&box.m) - box.m.born);
	return e < 0 ? e : (long)((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec);
}
long metal_block_size(struct call *c) { return box.disk.fd < 0 ? -ENODEV : (long)(box.disk.bytes / SECTOR); }

static long whole_sectors(struct call *c)
{
	uint64_t len = (uint64_t)c->raw[1], sector = (uint64_t)c->raw[2], all = box.disk.bytes / SECTOR;
	if (box.disk.fd < 0)
		return -ENODEV;
	if (len % SECTOR)
		return -EINVAL;
	return sector > all || len / SECTOR > all - sector ? -ENOSPC : 0;
}
long metal_block_read(struct call *c)
{
	long e = whole_sectors(c);
	return e ? e : disk_read((uint64_t)c->raw[2], (uint64_t)c->raw[1] / SECTOR, (uaddr)c->raw[0]);
}
long metal_block_write(struct call *c)
{
	long e = whole_sectors(c);
	return e ? e : disk_write((uint64_t)c->raw[2], (uint64_t)c->raw[1] / SECTOR, (uaddr)c->raw[0]);
}
long metal_block_flush(struct call *c) { return box.disk.fd < 0 ? -ENODEV : disk_flush(); }
long metal_exit(struct call *c) { machine_over((int)c->arg[0], NULL); }

/* Until something is due: an interrupt, a byte of input, or one look's time. */
static void wait(uint64_t most_ns)
{
	uint64_t due = machine_due(&box.m), now = machine_now(&box.m), ns;
	struct pollfd in = { .fd = box.in_end || box.in_at < box.in_n ? -1 : 0, .events = POLLIN };
	struct timespec ts;

	if (due <= now)
		return;
	ns = due == NEVER ? most_ns : MIN(due - now, most_ns);
	ts = (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
	if (block(SYS_ppoll, &in, 1, ns == NEVER ? NULL : &ts, NULL, 8) > 0)
		console_look();          /* an end is ready for ever: nobody waits for it twice */
}
long metal_yield(struct call *c)
{
	if (!machine_pending(&box.m))
		wait(10000000);
	return 0;
}
/* Will anything ever raise an interrupt, by itself or by a byte of input? */
bool machine_wakes(void)
{
	const struct pic *p = box.m.pic;
	bool some = (uint8_t)~p[0].imr & 0xfb || (!(p[0].imr & 4) && p[1].imr != 0xff);      /* an input is let through */
	return machine_pending(&box.m) || (some && (machine_due(&box.m) != NEVER || machine_wants_input(&box.m)));
}
long metal_hlt(struct call *c)
{
	box.program.halted = false;
	while (box.run->s.regs.regs.rflags & 0x200 && !box.m.ended && !c->t->attn && machine_wakes() && !machine_pending(&box.m)) {
		if (snapshot_due(c->t)) {
			box.program.halted = true;       /* a copy goes on waiting */
			snapshot_park(c->t, false);
			box.program.halted = false;
		}
		if (machine_wants_input(&box.m)) {
			wait(NEVER);
			continue;
		}
		uint64_t due = machine_due(&box.m), now = machine_now(&box.m);
		struct timespec ts = { (time_t)((due - now) / 1000000000), (long)((due - now) % 1000000000) };
		if (due > now && due != NEVER)
			block(SYS_ppoll, NULL, 0, &ts, NULL, 8);
	}
	return 0;
}

/* --- ports, MSRs, interrupts ------------------------------------------------------------------------------------------------------- */
static unsigned width(const struct call *c) { return 1u << (c->nr % 3); }

static void known(struct call *c)
{
	unsigned port = (unsigned)c->raw[0];
	bool screen = (port >= 0x3b0 && port <= 0x3df) || port == PORT_HYPERCALL;
	if (!screen && !machine_port_name(&box.m, port))
		report_unknown(c->t, UNK_OPTION, "port", port);
}
long metal_in(struct call *c)
{
	known(c);
	if ((unsigned)c->raw[0] - 0x3f8 < 8)
		box.program.serial_read = true;          /* from now on input goes there */
	return machine_in(&box.m, (unsigned)c->raw[0], width(c));
}
long metal_out(struct call *c)
{
	known(c);
	if (c->raw[0] == 0x3f9 && c->raw[1] & 1)
		box.program.serial_read = true;
	machine_out(&box.m, (unsigned)c->raw[0], width(c), (uint32_t)c->raw[1]);
	return 0;
}
/* The processor answers #GP to what is wrong, which errors become. */
long metal_rdmsr(struct call *c)
{
	uint64_t v;
	if (cpu_rdmsr((uint32_t)c->raw[0], &v)) {
		c->has_rv2 = true;
		c->rv2 = (long)(v >> 32);
		return (uint32_t)v;
	}
	report_unknown(c->t, UNK_OPTION, "msr", (uint32_t)c->raw[0]);
	return -EIO;
}
long metal_wrmsr(struct call *c)
{
	if (cpu_wrmsr((uint32_t)c->raw[0], (uint64_t)c->raw[1]))
		return 0;
	report_unknown(c->t, UNK_OPTION, "msr", (uint32_t)c->raw[0]);
	return -EIO;
}
/* No memory, no device, so no local APIC either: reads float high, writes are lost. By pages for the report. */
long metal_load_none(struct call *c)
{
	report_unknown(c->t, UNK_OPTION, "address", (uint64_t)c->raw[0] & ~(PAGE - 1ull));
	return (long)((1ull << 8 * c->raw[1]) - 1);
}
long metal_store_none(struct call *c)
{
	report_unknown(c->t, UNK_OPTION, "address", (uint64_t)c->raw[0] & ~(PAGE - 1ull));
	return 0;
}
long metal_interrupt(struct call *c)
{
	struct kvm_interrupt i = { .irq = (uint32_t)c->raw[0] };
	return host(SYS_ioctl, box.fd, KVM_INTERRUPT, &i);
}
