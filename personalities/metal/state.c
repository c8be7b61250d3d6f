/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a machine is, as plain memory: for snapshots. Its memory, its devices up to MACHINE_STATE, what cpu.c remembers of
 * it, its disk's changed sectors (which sectors: the bits; their bytes lie in the file box.disk.over), and the vCPU as KVM's
 * calls give it. What is not state: descriptors, the shared page of KVM, the timer, breakpoints; a machine made anew by
 * vm_create has its own. machine_attach makes the devices' own pointers again; their times are of the host's monotonic
 * clock, to which a machine that goes on elsewhere adds box.shift.
 *
 * A snapshot's tool reads memory and disk itself; the rest are parts of the file, named as below. A restored machine has been
 * asleep: its time goes on where it stood, processor's counter, timer and monotonic clock alike; the wall clock is the host's.
 */
#include "snapshot.h"
#include "metal.h"

static const uint32_t msrs[] = {
	0x10, 0x174, 0x175, 0x176, 0x277, 0x2ff, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000102, 0xc0000103, 0x1a0,
};
_Static_assert(ARRAY_LEN(msrs) <= CPU_MSRS, "room for them");

static long kvm(unsigned long nr, const void *arg) { return host(SYS_ioctl, box.fd, nr, arg); }

/* One at a time: KVM stops at the first that this host does not know. */
static void save_msrs(struct cpu_state *s)
{
	s->n_msrs = 0;
	for (unsigned i = 0; i < ARRAY_LEN(msrs); i++) {
		struct { uint32_t n, pad; struct kvm_msr_entry e; } m = { .n = 1, .e = { .index = msrs[i] } };
		if (kvm(KVM_GET_MSRS, &m) == 1)
			s->msr[s->n_msrs++] = m.e;
	}
}
static long load_msrs(const struct cpu_state *s)
{
	for (unsigned i = 0; i < MIN(s->n_msrs, CPU_MSRS); i++) {
		struct { uint32_t n, pad; struct kvm_msr_entry e; } m = { .n = 1, .e = s->msr[i] };
		if (kvm(KVM_SET_MSRS, &m) != 1)
			return -EINVAL;
	}
	return 0;
}
/* An instruction that waits for its answer (in, rdmsr) is finished first: KVM_RUN, told to leave at once. */
static long finish(void)
{
	box.run->immediate_exit = 1;
	long e = host(SYS_ioctl, box.fd, KVM_RUN, 0);
	box.run->immediate_exit = 0;
	return e == -EINTR ? 0 : e < 0 ? e : -EAGAIN;
}
static long cpu_save(struct cpu_state *s)
{
	long e = finish();
	if (e || (e = kvm(KVM_GET_REGS, &s->regs)) || (e = kvm(KVM_GET_SREGS, &s->sregs)) || (e = kvm(KVM_GET_XSAVE, &s->xsave)) ||
	    (e = kvm(KVM_GET_XCRS, &s->xcrs)) || (e = kvm(KVM_GET_VCPU_EVENTS, &s->events)) || (e = kvm(KVM_GET_DEBUGREGS, &s->debugregs)) ||
	    (e = kvm(KVM_GET_MP_STATE, &s->mp)))
		return e;
	save_msrs(s);
	return 0;
}
static long cpu_load(const struct cpu_state *s)
{
	long e;
	if ((e = kvm(KVM_SET_SREGS, &s->sregs)) || (e = kvm(KVM_SET_REGS, &s->regs)) || (e = kvm(KVM_SET_XCRS, &s->xcrs)) ||
	    (e = kvm(KVM_SET_XSAVE, &s->xsave)) || (e = load_msrs(s)) || (e = kvm(KVM_SET_DEBUGREGS, &s->debugregs)) ||
	    (e = kvm(KVM_SET_VCPU_EVENTS, &s->events)) || (e = kvm(KVM_SET_MP_STATE, &s->mp)))
		return e;
	box.run->s.regs.regs = s->regs;
	box.run->s.regs.sregs = s->sregs;
	box.run->kvm_dirty_regs = 0;
	return 0;
}

/* --- snapshots -------------------------------------------------------------------------------------------------------------- */
#define LAYOUT 1                         /* counts changes of the structs below that leave their sizes as they are */

static uint64_t arguments(const struct space *s) { return s->args_end - s->args; }

long metal_saved(struct proc *p)
{
	struct cpu_state *cpu = mem_alloc(sizeof *cpu);
	uint64_t now = machine_now(&box.m);
	long e;

	if (!cpu)
		return -ENOMEM;
	if (!(e = cpu_save(cpu)) && !(e = snapshot_part("cpu", cpu, sizeof *cpu)) && !(e = snapshot_part("devices", &box.m, MACHINE_STATE)) &&
	    !(e = snapshot_part("program", &box.program, sizeof box.program)) && !(e = snapshot_part("clock", &now, sizeof now)) &&
	    !(e = snapshot_part("input", box.in + box.in_at, box.in_n - box.in_at)))
		e = snapshot_part("arguments", (void *)p->space->args, arguments(p->space));
	mem_free(cpu, sizeof *cpu);
	snapshot_point.machine = (struct snapshot_machine){
		.ram = box.ram, .memory = box.memory, .disk = box.disk.fd, .over = box.disk.over, .layout = LAYOUT,
		.disk_bytes = box.disk.fd < 0 ? 0 : box.disk.bytes, .changed = box.disk.changed,
	};
	return e;
}
/* The part of that name, of so many bytes, or of at most so many (*n tells). */
static const void *part(const struct snap_machine_parts *s, const char *name, size_t size, size_t *n)
{
	for (unsigned i = 0; i < s->n; i++)
		if (!str_cmp(s->part[i]->name, name) && (n ? s->size[i] <= size : s->size[i] == size)) {
			if (n)
				*n = s->size[i];
			return s->part[i]->bytes;
		}
	return NULL;
}
/* A file's bytes may be no bool. */
static bool program_valid(const void *p)
{
	const uint8_t *b = p;
	return b[offsetof(typeof(box.program), syscalls)] <= 1 && b[offsetof(typeof(box.program), serial_read)] <= 1 &&
	       b[offsetof(typeof(box.program), halted)] <= 1;
}
static long take_arguments(struct proc *p, const uint8_t *from, size_t n)
{
	char *to = mem_alloc(MAX(n, 1ul));
	if (!to)
		return -ENOMEM;
	memcpy(to, from, n);
	p->space->args = (uaddr)to;
	p->space->args_end = (uaddr)to + n;
	for (size_t i = 0; i < n; i++)
		p->space->argc += !to[i];
	return 0;
}
long metal_restored(struct proc *p, struct thread *t, const struct snap_machine_parts *s, char *why, size_t n)
{
	size_t n_in, n_args;
	const struct cpu_state *cpu = part(s, "cpu", sizeof *cpu, NULL);
	const void *devices = part(s, "devices", MACHINE_STATE, NULL), *program = part(s, "program", sizeof box.program, NULL);
	const uint64_t *clock = part(s, "clock", sizeof *clock, NULL);
	const uint8_t *in = part(s, "input", sizeof box.in, &n_in), *args = part(s, "arguments", COMMAND_MOST, &n_args);
	long e;

	if (s->m.layout != LAYOUT || !cpu || !devices || !program || !clock || !in || !args) {
		fmt(why, n, "its machine is described as another version of guise does it: take the guise that wrote it");
		return -EINVAL;
	}
	memcpy(&box.m, devices, MACHINE_STATE);
	if (!machine_valid(&box.m) || box.m.ended || !program_valid(program) || *clock >> 62) {
		fmt(why, n, "what it says of its machine's devices cannot be");
		return -EINVAL;
	}
	memcpy(&box.program, program, sizeof box.program);
	memcpy(box.in, in, n_in);
	box.in_n = (unsigned)n_in;
	box.t = t;
	box.ram = s->m.ram, box.memory = s->m.memory;
	box.disk = (struct disk){ s->m.disk, s->m.over, s->m.disk_bytes, s->m.changed };
	if ((e = vm_create(why, n)))
		return e;
	machine_attach(&box.m, &metal_host, &box);
	box.m.serial.end = false;        /* the input is another */
	box.shift = *clock - machine_now(&box.m);
	if ((e = cpu_load(cpu)) < 0)
		fmt(why, n, "this host's KVM does not take its processor's registers (%s): another kind of host has saved them", error_text(e));
	box.resumed = true;
	return e ? e : take_arguments(p, args, n_args);
}
