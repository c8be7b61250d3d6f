/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first chunk of slots (slot.c): the same instructions as in those that are made at run time, but part of our own
 * image. Most programs that are linked to a fixed address lie low enough to reach it, and need no other: nothing is mapped
 * for their sites, and no fork copies tables for it. A thread that stands here is still the guest (signal_ours).
 */
#define SLOTS 256
#define T_ENTRY 176

	.globl slots_data
	.section .bss.sparse, "aw", @nobits
	.balign	64
slots_data:
	.skip	SLOTS * 16

	.section guise_slots, "ax"
	.balign	64
	.set	slot_data, 0
	.rept	SLOTS
0:	mov	slots_data + slot_data + 8(%rip), %eax
	.byte	0x49, 0x89, 0xca                /* mov %rcx,%r10, in the form that slot.c writes */
	mov	slots_data + slot_data(%rip), %rcx
	jmp	*%gs:T_ENTRY
	mov	slots_data + slot_data + 8(%rip), %eax
	.byte	0xeb, 0xe9                      /* jmp to the load of rcx */
	.if	. - 0b != 32
	.error	"a slot is 32 bytes"
	.endif
	.set	slot_data, slot_data + 16
	.endr

	.section .note.GNU-stack, "", @progbits
