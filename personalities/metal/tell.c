/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the processor knew when a machine ends by its own fault or by an instruction that cannot be carried out: on standard
 * error, behind the sentence that says why. Called from the loop (run.c), with the registers of the last exit.
 */
#include "metal.h"

void cpu_tell(void)
{
	const struct kvm_regs *r = &box.run->s.regs.regs;
	const struct kvm_sregs *s = &box.run->s.regs.sregs;

	warn("  rax %#llx rbx %#llx rcx %#llx rdx %#llx rsi %#llx rdi %#llx", r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi);
	warn("  rbp %#llx rsp %#llx rip %#llx rflags %#llx", r->rbp, r->rsp, r->rip, r->rflags);
	if (s->efer & 0x400)
		warn("  r8 %#llx r9 %#llx r10 %#llx r11 %#llx r12 %#llx r13 %#llx r14 %#llx r15 %#llx", r->r8, r->r9, r->r10, r->r11, r->r12,
		     r->r13, r->r14, r->r15);
	warn("  cs %#x ss %#x ds %#x es %#x fs %#llx gs %#llx (bases) tr %#x at %#llx", s->cs.selector, s->ss.selector, s->ds.selector,
	     s->es.selector, s->fs.base, s->gs.base, s->tr.selector, s->tr.base);
	warn("  cr0 %#llx cr2 %#llx cr3 %#llx cr4 %#llx efer %#llx gdt %#llx limit %#x idt %#llx limit %#x", s->cr0, s->cr2, s->cr3, s->cr4,
	     s->efer, s->gdt.base, s->gdt.limit, s->idt.base, s->idt.limit);
}
