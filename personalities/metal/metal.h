/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A bare-metal program's machine, between the files of this folder. One machine a process: its memory, one processor (a
 * vCPU of KVM), the devices of syscalls/machine/, a disk. All that is state is memory, struct machine, struct cpu and the
 * disk's overlay; state.c keeps it.
 *
 *   personality.c  whose programs these are; its tables
 *   load.c         memory, segments, modules     boot.c  what each boot protocol hands over
 *   vm.c           KVM: memory slots, the vCPU, what the host can do
 *   run.c          the loop: in, out, interrupts, waiting, the end
 *   cpu.c          the processor: registers, memory by the program's page tables, MSRs
 *   missing.c      what the host's KVM leaves to us of it; deliver.c: into handlers; borrow.c: vector instructions
 *   tell.c         the registers, where a machine ends by a fault
 *   state.c        all of that as plain memory
 *   calls.c        hypercalls, ports, MSRs: what the rows' handlers do     disk.c  the disk
 */
#pragma once
#include <linux/kvm.h>
#include "guise.h"
#include "host.h"
#include "machine/machine.h"

#define VGA_TEXT 0xb8000ull
#define LOW_END 0x9fc00ull               /* of the memory below 640 KiB that is the program's */
#define HIGH_START 0x100000ull
#define HOLE 0xc0000000ull               /* memory beyond this lies above 4 GiB: devices have the addresses between */
#define FOUR_GIB 0x100000000ull
#define MEMORY_DEFAULT (128ull << 20)
#define SECTOR 512ul
#define COMMAND_MOST 2048                /* bytes of its command line: what kernels take */

#define PORT_HYPERCALL 0xe8              /* out %al to it: a hypercall, as vmcall is */
#define PORT_BIOS 0xea                   /* out to it, at its place: a program of real mode has called the BIOS that is not there */
#define BIOS_SEGMENT 0xf000u
#define BIOS_ENTRIES 0xe000u             /* in it, of four bytes each: where the vectors of real mode lead */
enum tables { TAB_HYPERCALL, TAB_PORT, TAB_CPU };
enum port_call { PORT_INB, PORT_INW, PORT_INL, PORT_OUTB, PORT_OUTW, PORT_OUTL };     /* machine/ports.def */
enum cpu_call { CPU_RDMSR, CPU_WRMSR, CPU_INTERRUPT, CPU_HLT, CPU_LOAD, CPU_STORE };

struct disk { int fd, over; uint64_t bytes; uint8_t *changed; };     /* fd -1: none. changed: a bit a sector, of the overlay */

#define BOX_MAGIC 0x6c6174656d677865ull
struct box {
	uint64_t magic;                  /* once it runs: for those who look at it from another process (tools/screen.c) */
	struct machine m;
	uint64_t memory;                 /* bytes */
	uint8_t *ram;                    /* [0, memory): physical addresses below HOLE, then those from FOUR_GIB */
	int kvm, vm, fd;                 /* /dev/kvm, the machine, its vCPU */
	struct kvm_run *run;
	bool emulated;                   /* this host's KVM carries ring 0 out itself, instruction by instruction */
	bool xen;                        /* it hands vmcall to us */
	bool running;                    /* guest memory is what addresses mean, from now on */
	struct thread *t;                /* the processor's thread */
	struct {                         /* what cpu.c and missing.c remember of the program */
		uint64_t lstar, star, fmask, efer;       /* as it has set them */
		bool syscalls;           /* it has set the first */
		bool serial_read;        /* it has looked whether the serial line has something */
		uint64_t high;           /* the second half of the last call's result */
		uint64_t repeats;        /* the address of a wrmsr that the host will carry out twice, or 0 */
		uint64_t site;           /* of the last vmcall that was found */
		bool halted;             /* it was saved within a hlt */
	} program;
	uint64_t shift;                  /* what its clock, and all its times, are ahead of the host's monotonic one */
	bool resumed;                    /* it began as a snapshot */
	uint64_t armed;                  /* when our timer ends KVM_RUN */
	int timer;
	uint8_t in[256];                 /* bytes of standard input not yet taken */
	unsigned in_at, in_n;
	bool in_end;
	struct disk disk;
};
extern struct box box;

/* What is known of a boot: laid down by boot.c into memory, then registers */
struct module { uint64_t at, len; const char *words; };
struct boot {
	const struct image *im;
	uint64_t lo, hi;                 /* the area for what is handed over; lo moves up */
	const char *command;             /* program and arguments, blanks between */
	struct module module[8];
	unsigned n_module;
};
struct region { uint64_t at, len; uint32_t type; };
unsigned memory_map(struct region r[6]);

/* load.c, boot.c */
long metal_load(struct proc *, const struct image *, struct thread *, char *why, size_t n);
bool boot_lay(struct boot *, struct kvm_regs *, struct kvm_sregs *);   /* false: the area is too small */
void *phys(uint64_t at, uint64_t len);       /* NULL: not memory */

/* vm.c */
extern const struct engine metal_engine;
long vm_create(char *why, size_t n);

/* cpu.c, deliver.c, missing.c */
long linear_read(void *to, uaddr at, size_t n);
long linear_write(uaddr at, const void *from, size_t n);
bool cpu_missing(void);                      /* an instruction that KVM gave up at: true, we have carried it out */
bool cpu_fault(void);                        /* the machine is shutting down: true, it was only something missing */
bool cpu_debug(void);                        /* a breakpoint of ours: true, handled */
bool cpu_vmcall(void);                       /* the host stands at one: true, handled */
bool cpu_enter(unsigned vector, const uint64_t *error);      /* through the IDT: an exception at rip */
void cpu_watch(void);                        /* after an exit: breakpoints where they belong */
bool cpu_wrmsr(uint32_t msr, uint64_t value);
bool cpu_rdmsr(uint32_t msr, uint64_t *value);
struct kvm_regs *cpu_regs(void);             /* to read and to change; cpu_sregs the same */
struct kvm_sregs *cpu_sregs(void);

void cpu_tell(void);                         /* tell.c: the registers, on standard error */

/* borrow.c: an instruction of ring 0 that KVM does not know, n bytes of it; false: nor do we */
bool borrow(const uint8_t *code, size_t n);
bool borrow_raised(void *ucontext);          /* a signal of the host's: true, it was that instruction's */

/* state.c: all that a machine is, for whoever keeps or copies it while it stands still (outside of KVM_RUN) */
#define CPU_MSRS 64
struct cpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint8_t xsave[4096];             /* struct kvm_xsave */
	struct kvm_xcrs xcrs;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
	struct kvm_mp_state mp;
	uint32_t n_msrs, pad;
	struct kvm_msr_entry msr[CPU_MSRS];
};
long metal_saved(struct proc *);             /* personality.machine_saved, _restored */
long metal_restored(struct proc *, struct thread *, const struct snap_machine_parts *, char *why, size_t n);

/* run.c, calls.c */
long metal_call(unsigned tab, unsigned nr, long a, long b, long c);
void metal_hypercall(void);
bool machine_wakes(void);                    /* an interrupt may still come */
void machine_over(int status, const char *f, ...) __attribute__((noreturn, format(printf, 2, 3)));
extern const struct machine_host metal_host;
void console_look(void);                     /* takes what of standard input is there, or finds its end */
int console_byte(void);                      /* of standard input: -1 none now, -2 none any more */
extern const struct systab metal_tab[3];
extern const struct bit metal_bits[];

/* disk.c */
long file_all(long nr, int fd, void *, uint64_t n, uint64_t at);      /* all n bytes by pread64 or pwrite64: 0 or -errno */
long disk_open(const struct options *, char *why, size_t n);
long disk_read(uint64_t sector, uint64_t n, uaddr to);
long disk_write(uint64_t sector, uint64_t n, uaddr from);
long disk_flush(void);
