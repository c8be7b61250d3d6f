/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine's life: into KVM_RUN and out of it for a reason, on one thread. Interrupts go in only while the program has
 * them enabled; a machine that waits for one sleeps here, on standard input and the next thing due by time. Before
 * KVM_RUN a timer is set to the next such thing, whose signal ends KVM_RUN: also one that comes just before (immediate_exit).
 *
 * Exit status: what the program says (hypercall exit; isa-debug-exit, where 2n+1 stands for n); 0 where it halts for good or
 * resets; 139 after a triple fault, as of a program that a fault ends; 125 where we or the host's KVM cannot go on.
 */
#include <poll.h>
#include <stdarg.h>
#include <time.h>
#include "snapshot.h"
#include "metal.h"

#define LOOK_NS 10000000ull              /* how long a byte of input may wait while the program computes */
#define TRIPLE_FAULT 139

long metal_run_forever(void);

/* --- the console: standard input and output ------------------------------------------------------------------------------ */
static void put_all(int fd, const void *p, size_t n)
{
	while (n) {
		long w = host(SYS_write, fd, p, n);
		if (w == -EAGAIN) {
			struct pollfd f = { .fd = fd, .events = POLLOUT };
			host(SYS_poll, &f, 1, -1);
		} else if (w < 0 && w != -EINTR) {
			if (w == -EPIPE)
				proc_exit(box.t, 128 + SIGPIPE);
			return;
		} else if (w > 0) {
			p = (const char *)p + w;
			n -= (size_t)w;
		}
	}
}
static void console_out(struct machine *m, const uint8_t *p, size_t n) { put_all(1, p, n); }

static bool input_ready(void)
{
	struct pollfd f = { .fd = 0, .events = POLLIN };
	return host(SYS_poll, &f, 1, 0) > 0;
}
void console_look(void)
{
	if (box.in_at == box.in_n && !box.in_end && input_ready()) {
		long n = host(SYS_read, 0, box.in, sizeof box.in);
		box.in_at = 0;
		box.in_n = n > 0 ? (unsigned)n : 0;
		box.in_end = n == 0 || (n < 0 && n != -EINTR && n != -EAGAIN);
	}
}
int console_byte(void)
{
	console_look();
	return box.in_at < box.in_n ? box.in[box.in_at++] : box.in_end ? -2 : -1;
}
/* A program that reads by hypercalls does not lose bytes to a serial line that it never looks at. */
static int console_in(struct machine *m) { return box.program.serial_read ? console_byte() : -1; }

static uint64_t now(struct machine *m)
{
	struct timespec ts = { 0 };
	time_now(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec + box.shift;
}
const struct machine_host metal_host = { .now = now, .console_out = console_out, .console_in = console_in };

/* --- one call, as dispatch makes it, of any of our tables -------------------------------------------------------------------- */
static void regs_seen(struct regs *to)
{
	const struct kvm_regs *k = &box.run->s.regs.regs;
	*to = (struct regs){
		.rax = k->rax, .rbx = k->rbx, .rcx = k->rcx, .rdx = k->rdx, .rsi = k->rsi, .rdi = k->rdi, .rsp = k->rsp, .rbp = k->rbp,
		.r8 = k->r8, .r9 = k->r9, .r10 = k->r10, .r11 = k->r11, .r12 = k->r12, .r13 = k->r13, .r14 = k->r14, .r15 = k->r15,
		.rip = k->rip, .rflags = k->rflags,
	};
}
long metal_call(unsigned tab, unsigned nr, long a, long b, long c)
{
	struct thread *t = box.t;
	struct call call = { .t = t, .tab = tab, .nr = nr, .raw = { a, b, c } };

	regs_seen(&t->regs);
	call.row = nr < metal_tab[tab].n ? &metal_tab[tab].row[nr] : NULL;
	t->call = &call;
	call_run(&call);
	t->call = NULL;
	box.program.high = (uint32_t)call.rv2;
	return call.rv;
}
/* --- the end ------------------------------------------------------------------------------------------------------------------ */
/* by_fault: its registers are told, too */
static void over(int status, bool by_fault, const char *f, va_list ap)
{
	char text[400];

	if (f) {
		vfmt(text, sizeof text, f, ap);
		warn("%s: %s", box.t->p->comm, text);
	}
	if (by_fault)
		cpu_tell();
	disk_flush();
	proc_exit(box.t, status & 255);
}
static void __attribute__((noreturn, format(printf, 2, 3))) faulted(int status, const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	over(status, true, f, ap);
	va_end(ap);
	__builtin_unreachable();
}
void machine_over(int status, const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	over(status, false, f, ap);
	va_end(ap);
	__builtin_unreachable();
}
static const char *mode_name(void)
{
	const struct kvm_sregs *s = &box.run->s.regs.sregs;
	return s->cs.l ? "64-bit" : !(s->cr0 & 1) ? "real mode" : s->cs.db ? "32-bit" : "16-bit";
}
static void bytes_at(char *to, size_t n, uint64_t rip)
{
	uint8_t b[15];
	size_t at = 0;
	to[0] = 0;
	for (unsigned i = 0; i < sizeof b && !linear_read(b + i, rip + i, 1); i++)
		at += fmt(to + at, n - at, "%s%02x", i ? " " : "", b[i]);
}
static void no_instruction(void)
{
	const struct kvm_run *r = box.run;
	const struct kvm_sregs *s = &r->s.regs.sregs;
	char bytes[64];

	bytes_at(bytes, sizeof bytes, s->cs.base + r->s.regs.regs.rip);
	faulted(125, "this host's KVM cannot carry out the instruction at %#llx, which begins with the bytes %s (ring %u, %s; internal "
		     "error %u)%s", r->s.regs.regs.rip, *bytes ? bytes : "that cannot be read", s->cs.dpl, mode_name(), r->internal.suberror,
		     box.emulated ? "; it emulates ring 0 and lacks some: see the manual's section BARE METAL" : "");
}
static void triple_fault(void)
{
	const struct kvm_run *r = box.run;
	char bytes[64];

	if (cpu_fault())
		return;
	bytes_at(bytes, sizeof bytes, r->s.regs.sregs.cs.base + r->s.regs.regs.rip);
	faulted(TRIPLE_FAULT, "the machine has shut down by a triple fault at %#llx (%s; ring %u, %s; cr2 %#llx, idt %#llx limit %u)",
		     r->s.regs.regs.rip, *bytes ? bytes : "unreadable", r->s.regs.sregs.cs.dpl, mode_name(), r->s.regs.sregs.cr2,
		     r->s.regs.sregs.idt.base, r->s.regs.sregs.idt.limit);
}
static void look_ended(void)
{
	if (box.m.ended == MACHINE_EXITED)
		machine_over(box.m.status, NULL);
	if (box.m.ended == MACHINE_RESET)
		machine_over(0, "the machine was reset by its program, and ends");
}

/* --- exits ------------------------------------------------------------------------------------------------------------------------ */
/* At an entry of load.c's: an interrupt of the machine's is none to speak of, an exception or a call cannot be served. */
static bool bios_called(void)
{
	const struct kvm_regs *r = &box.run->s.regs.regs;
	const struct kvm_sregs *s = &box.run->s.regs.sregs;
	unsigned vector = (unsigned)(r->rip - BIOS_ENTRIES) / 4;
	uint16_t from[2] = { 0 };

	if (s->cr0 & 1 || s->cs.base != BIOS_SEGMENT * 16 || vector > 255)
		return false;
	if ((vector & 0xf8) == 8 || (vector & 0xf8) == 0x70) {
		machine_out(&box.m, vector < 0x70 ? 0x20 : 0xa0, 1, 0x20);
		machine_out(&box.m, 0x20, 1, 0x20);
		return true;
	}
	linear_read(from, s->ss.base + (uint16_t)r->rsp, sizeof from);
	faulted(125, "the program calls the BIOS in real mode (int %#x, ax %#x, back to %#x:%#x), and this machine has none", vector,
		(unsigned)r->rax & 0xffff, from[1], from[0]);
}
static void port(void)
{
	struct kvm_run *r = box.run;
	uint8_t *p = (uint8_t *)r + r->io.data_offset;
	unsigned size = r->io.size, width = size == 1 ? 0 : size == 2 ? 1 : 2;

	if (r->io.port == PORT_HYPERCALL && r->io.direction == KVM_EXIT_IO_OUT) {
		metal_hypercall();
		return;
	}
	if (r->io.port == PORT_BIOS && r->io.direction == KVM_EXIT_IO_OUT && bios_called())
		return;
	for (unsigned i = 0; i < r->io.count; i++, p += size) {
		uint32_t v = 0;
		if (r->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&v, p, size);
			metal_call(TAB_PORT, PORT_OUTB + width, r->io.port, v, 0);
		} else {
			v = (uint32_t)metal_call(TAB_PORT, PORT_INB + width, r->io.port, 0, 0);
			memcpy(p, &v, size);
		}
	}
	look_ended();
}
static void nowhere(void)
{
	struct kvm_run *r = box.run;
	uint64_t at = r->mmio.phys_addr;

	for (unsigned done = 0, step; done < MIN(r->mmio.len, 8u); done += step) {
		uint32_t v = 0;
		step = MIN(r->mmio.len - done, 4u);
		if (r->mmio.is_write) {
			memcpy(&v, r->mmio.data + done, step);
			metal_call(TAB_CPU, CPU_STORE, (long)(at + done), step, v);
		} else {
			v = (uint32_t)metal_call(TAB_CPU, CPU_LOAD, (long)(at + done), step, 0);
			memcpy(r->mmio.data + done, &v, step);
		}
	}
}
static void msr(void)
{
	struct kvm_run *r = box.run;
	if (r->exit_reason == KVM_EXIT_X86_WRMSR) {
		uint64_t was = box.program.efer, rip = r->s.regs.regs.rip;
		if (box.program.repeats && box.program.repeats == rip) {         /* KVM itself carries it out again, having changed the mode */
			box.program.repeats = 0;
			r->msr.error = 0;
			return;
		}
		r->msr.error = metal_call(TAB_CPU, CPU_WRMSR, r->msr.index, (long)r->msr.data, 0) < 0;
		box.program.repeats = box.emulated && (was ^ box.program.efer) & 0x100 ? rip : 0;
		return;
	}
	long low = metal_call(TAB_CPU, CPU_RDMSR, r->msr.index, 0, 0);
	r->msr.error = low < 0;
	r->msr.data = box.program.high << 32 | (uint32_t)low;
}
static bool interrupts_on(void) { return box.run->s.regs.regs.rflags & 0x200; }

static void halted(void)
{
	metal_call(TAB_CPU, CPU_HLT, 0, 0, 0);
	if (!interrupts_on())
		machine_over(0, "the machine has halted for good: hlt with interrupts disabled, at %#llx", box.run->s.regs.regs.rip);
	if (!machine_wakes())
		machine_over(0, "the machine has halted for good: nothing will raise the interrupt that it waits for, at %#llx",
			     box.run->s.regs.regs.rip);
}
static bool mended;                      /* the last exit's instruction was carried out by us */

static void left(long e)
{
	mended = false;
	if (e == -EINTR || e == -EAGAIN) {
		box.armed = 0;
		if (box.emulated)
			cpu_vmcall();
		return;
	}
	if (e == -EFAULT)
		machine_over(125, "the host could not give a page of the machine's memory: less memory is free than --memory promises");
	if (e < 0)
		machine_over(125, "the virtual machine does not run: %s", error_text(e));
	switch (box.run->exit_reason) {
	case KVM_EXIT_IO: port(); return;
	case KVM_EXIT_MMIO: nowhere(); return;
	case KVM_EXIT_X86_RDMSR: case KVM_EXIT_X86_WRMSR: msr(); return;
	case KVM_EXIT_HLT: halted(); return;
	case KVM_EXIT_XEN: metal_hypercall(); return;
	case KVM_EXIT_IRQ_WINDOW_OPEN: case KVM_EXIT_INTR: return;
	case KVM_EXIT_DEBUG:
		if (!cpu_debug())
			machine_over(125, "an unexpected breakpoint at %#llx", box.run->s.regs.regs.rip);
		return;
	case KVM_EXIT_SHUTDOWN: triple_fault(); return;
	case KVM_EXIT_INTERNAL_ERROR:
		if (!cpu_missing())
			no_instruction();
		mended = true;
		return;
	case KVM_EXIT_FAIL_ENTRY:
		faulted(125, "the host's processor refuses the machine's state (%#llx), at %#llx", box.run->fail_entry.hardware_entry_failure_reason,
			     box.run->s.regs.regs.rip);
	default:
		machine_over(125, "unknown exit %u of the virtual machine at %#llx", box.run->exit_reason, box.run->s.regs.regs.rip);
	}
}
/* --- interrupts and time ------------------------------------------------------------------------------------------------------------ */
static bool waits_in_kvm(void)
{
	const __u64 *b = box.run->s.regs.sregs.interrupt_bitmap;
	return b[0] | b[1] | b[2] | b[3];
}
static void interrupts(void)
{
	struct kvm_run *r = box.run;
	bool up = machine_pending(&box.m);

	r->request_interrupt_window = 0;
	if (!up)
		return;
	/* what KVM said was before an iret of ours: a program that does little else would wait for its interrupts */
	bool ready = r->ready_for_interrupt_injection || (mended && !waits_in_kvm());
	if (!ready || !interrupts_on()) {
		r->request_interrupt_window = 1;
		return;
	}
	int vector = machine_ack(&box.m);
	unsigned first = box.m.pic[0].base, second = box.m.pic[1].base;
	metal_call(TAB_CPU, CPU_INTERRUPT, vector, (unsigned)vector - first < 8 ? vector - (int)first : 8 + vector - (int)second, 0);
}
/* Some time soon, which stays that time until it is there. */
static uint64_t next_look(uint64_t now) { return box.armed > now && box.armed - now <= LOOK_NS ? box.armed : now + LOOK_NS; }

/* vmcall stands still on hosts that emulate ring 0, until somebody looks. */
static void set_timer(void)
{
	uint64_t due = machine_due(&box.m);
	if (box.emulated || machine_wants_input(&box.m))
		due = MIN(due, next_look(machine_now(&box.m)));
	if (due == box.armed)
		return;
	struct itimerspec t = { .it_value = { 0 } };
	if (due != NEVER) {
		uint64_t at = due - box.shift;
		t.it_value = (struct timespec){ (time_t)(at / 1000000000), (long)(at % 1000000000) };
	}
	host(SYS_timer_settime, box.timer, 1 /* absolute */, &t, NULL);
	box.armed = due;
}
long metal_run_forever(void)
{
	struct kvm_run *r = box.run;
	long e;

	if (!box.resumed)
		r->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	if (box.program.halted)
		halted();
	for (;;) {
		r->immediate_exit = 0;           /* a timer that fires from here on is not lost */
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (box.t->attn)                 /* a signal of the host's, for the process */
			thread_attend(box.t);
		if (snapshot_due(box.t))
			snapshot_park(box.t, false);
		interrupts();
		if (box.emulated)
			cpu_watch();
		set_timer();
		/* KVM only ever sets bits here, one for what it was about to deliver when it left; and takes them, with the rest that
		 * we change, for what it has to deliver: again and again, as nobody clears them */
		memset(r->s.regs.sregs.interrupt_bitmap, 0, sizeof r->s.regs.sregs.interrupt_bitmap);
		e = host(SYS_ioctl, box.fd, KVM_RUN, 0);
		if (e != -EINTR)
			r->kvm_dirty_regs = 0;
		left(e);
	}
}
