/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Engine kvm, between its own files. One machine stands for one address space (struct space): its page tables, its
 * slots, its lock. One vCPU stands for one thread, and outlives it: the host never takes a vCPU back, so the next
 * thread gets it. See docs/ARCHITECTURE.md.
 *
 *   vm.c     the machine: its memory slots, and the pages that only its ring 0 sees
 *   pages.c  the guest's page tables: filled by what the host has mapped, cleared by what the guest changes
 *   vcpu.c   vCPUs: made, given to threads, their registers that are not general ones
 *   run.c    the engine: in and out, what an exit means
 *   probe.c  a small machine that says what this host can do
 */
#pragma once
#include <linux/kvm.h>
#include "guise.h"
#include "host.h"

/* Newer than the headers of the oldest host that we build on */
#define EXIT_MEMORY_FAULT 39
#define CAP_MEMORY_FAULT_INFO 232

#define BLOCK_SHIFT 26                       /* a slot maps 64 MiB, aligned, of our address space */
#define BLOCK (1ul << BLOCK_SHIFT)

/* Where the machine's ring 0 lies in its own addresses: in the half that is no guest's. Four pages and one by vCPU. */
#define K_BASE 0xffffffff81000000ull
enum { K_DESC, K_GATES, K_CALL, K_SHARED };  /* descriptor tables; what exceptions enter; what `syscall` enters */
#define K_VCPU(id) (K_BASE + (K_SHARED + (uint64_t)(id)) * PAGE)
#define K_AT(page) (K_BASE + (uint64_t)(page) * PAGE)
#define GATE_SIZE 16
#define N_VECTORS 32
#define N_CPUID 128
#define CPUID_BYTES (sizeof(struct kvm_cpuid2) + N_CPUID * sizeof(struct kvm_cpuid_entry2))

#define PORT_CALL 0x40                       /* a call of the guest's */
#define PORT_VECTOR 0x80                     /* + the exception's number */

#define SEL_K_CODE 0x08
#define SEL_U_DATA 0x2b
#define SEL_U_CODE 0x33
#define SEL_TSS 0x40

#define PTE_P 1ull
#define PTE_W 2ull
#define PTE_U 4ull
#define PTE_AD 0x60ull                       /* accessed and dirty: the processor has nothing to write */
#define PTE_NX (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

struct vm {
	volatile uint32_t lock;          /* of all below, and of the page tables */
	volatile uint32_t changing;      /* calls under way that change what is mapped: nothing is filled meanwhile */
	bool copied;                     /* this is a forked child's copy: it makes its own */
	int kvm, fd, maps;               /* /dev/kvm, the machine, /proc/self/maps; maps -1: none, or without queries */
	unsigned slots, max_slots;       /* in use; what the host and its physical addresses allow */
	int run_size;                    /* bytes of struct kvm_run that a vCPU shares with us */
	bool fault_info;                 /* the host names the page that it could not give */
	bool io_open;                    /* ring 3 may use PORT_CALL: this host leaves `syscall` in ring 3 */
	uint16_t *block[2048];           /* [address >> 36][address >> 26 & 1023] -> slot, or 0 */
	uaddr *slot_base;                /* [slot] -> our address that it begins at */
	char *pool, *pool_end;           /* free pages of tables, in the newest slot made for them */
	uint64_t pool_gpa;
	uint64_t root;                   /* physical address of the top table */
	uint64_t *top;
	struct kvm_cpuid2 *cpuid;
	uint64_t xcr0;
	struct vcpu *vcpus;              /* all there are */
	unsigned n_vcpus;
};
struct vcpu {
	struct vcpu *next;
	struct kvm_run *run;
	int fd, id;
	int maker;                       /* the process whose descriptor fd is */
	struct thread *volatile owner;
	char *page;                      /* its page of ring 0: TSS, ports, the stack of exceptions */
	bool fresh;                      /* made, not yet set up */
	bool changing;                   /* its call in progress holds vm->changing */
	uaddr doubt;                     /* the host could not give this page (1: some page): tried before it is mapped */
	unsigned doubts;                 /* how often in a row */
	uint64_t fs;                     /* to begin with */
	char xsave[4096];                /* the same: struct kvm_xsave */
};
extern struct vm kvm_vm;

static inline long kvm_ioctl(int fd, unsigned long nr, const void *arg) { return host(SYS_ioctl, fd, nr, arg); }

/* vm.c: 0 or -errno; why, where not NULL, gets a sentence */
long vm_open(struct vm *, char *why, size_t n);
long vm_make(struct vm *, char *pool, size_t pool_size);     /* page-aligned memory of ours to begin with */
uint64_t vm_gpa(struct vm *, uaddr);                         /* where the guest's page lies in the machine; 0: no slot is left */
void *vm_page(struct vm *, uint64_t *gpa);                   /* a zeroed page for tables; NULL: none */
void *vm_host(struct vm *, uint64_t gpa);
uint64_t *vm_entry(struct vm *, uaddr, bool make);           /* of the page tables; NULL: there is none */
long vm_map_kernel(struct vm *, uint64_t va, uint64_t gpa, uint64_t bits);

/* pages.c */
void pages_clear(struct vm *, uaddr lo, uint64_t len);
enum { FAULT_DONE, FAULT_SIGNAL };
struct kvm_fault { int sig, code; };
int pages_fault(struct thread *, struct vcpu *, uaddr, uint64_t err, struct kvm_fault *);
void pages_refused(struct vcpu *, uint64_t gpa, bool known); /* the host could not give a page that is in the tables */

/* vcpu.c */
long vcpu_make(struct vm *, struct vcpu *, int id);
long vcpu_setup(struct vm *, struct vcpu *);
long vcpu_give(struct thread *);                             /* a vCPU for t: t->vcpu */
void vcpu_keep(struct vcpu *);                               /* its registers, into our memory */
void vcpu_into_ring3(struct kvm_run *);
