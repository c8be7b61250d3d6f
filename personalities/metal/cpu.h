/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files that are the processor: cpu.c (registers, memory, MSRs), deliver.c (in and out through descriptor tables),
 * missing.c (what the host's KVM cannot do).
 */
#pragma once
#include "metal.h"

#define EFER_SCE 1ull
#define EFER_LMA 0x400ull
#define NOWHERE 0xffffffffffffe000ull     /* the LSTAR that KVM has */
enum { V_UD = 6, V_GP = 13, V_PF = 14 };
enum { MSR_TSC = 0x10, MSR_EFER = 0xc0000080, MSR_STAR = 0xc0000081, MSR_LSTAR = 0xc0000082, MSR_FMASK = 0xc0000084, MSR_TSC_AUX = 0xc0000103 };

static inline long vcpu(unsigned long nr, const void *arg) { return host(SYS_ioctl, box.fd, nr, arg); }
/* as the last exit left them */
static inline const struct kvm_regs *regs(void) { return &box.run->s.regs.regs; }
static inline const struct kvm_sregs *sregs(void) { return &box.run->s.regs.sregs; }
static inline bool long_mode(void) { return sregs()->efer & EFER_LMA; }
static inline unsigned ring(void) { return sregs()->ss.dpl; }
uint8_t *linear(uaddr);                      /* its place in our memory by the program's page tables, or NULL */

/* deliver.c */
bool segment_load(struct kvm_segment *, uint16_t selector);
struct kvm_segment segment_flat(uint16_t selector, unsigned type, unsigned dpl, bool l);
bool cpu_enter_at(unsigned vector, const uint64_t *error, uint64_t rip);     /* as cpu_enter; rip is what the handler is told */
bool software_interrupt(unsigned vector, unsigned len);
bool iret32(void);
