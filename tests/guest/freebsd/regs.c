/* SPDX-License-Identifier: BSD-2-Clause
 * What a call may change: rax, rcx, r11, and r8 to r10. All else survives: rbx rbp r12 to r15, rdi rsi rdx, the flags, every xmm
 * register, and the red zone below the stack pointer. (regs_all does the same for every call there is.) */
#include "fbsd.h"

struct state { long gpr[9]; u8 xmm[16][16]; u8 red[128]; long flags; };
extern void regs_call(long nr, const long arg[6], const struct state *before, struct state *after);

/* gpr: rbx rbp r12 r13 r14 r15 rdi rsi rdx */
__asm__(".globl regs_call\nregs_call:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rcx, saved_after(%rip)\nmov %rsp, saved_sp(%rip)\nmov %rdi, %rax\nmov %rsi, %r11\nmov %rdx, %rcx\n"
	"lea -128-8(%rsp), %rdi\nlea 328(%rcx), %rsi\nmov %rcx, %r9\nmov $128, %ecx\nlea -128(%rsp), %rdi\nrep movsb\nmov %r9, %rcx\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovups 72+16*\\n(%rcx), %xmm\\n\n.endr\n"
	"mov 0(%rcx), %rbx\nmov 8(%rcx), %rbp\nmov 16(%rcx), %r12\nmov 24(%rcx), %r13\nmov 32(%rcx), %r14\nmov 40(%rcx), %r15\n"
	"mov 0(%r11), %rdi\nmov 8(%r11), %rsi\nmov 16(%r11), %rdx\nmov 24(%r11), %r10\nmov 32(%r11), %r8\nmov 40(%r11), %r9\n"
	"cmp %rax, %rax\nstc\nsyscall\n"
	"mov saved_after(%rip), %rcx\n"
	"mov %rbx, 0(%rcx)\nmov %rbp, 8(%rcx)\nmov %r12, 16(%rcx)\nmov %r13, 24(%rcx)\nmov %r14, 32(%rcx)\nmov %r15, 40(%rcx)\n"
	"mov %rdi, 48(%rcx)\nmov %rsi, 56(%rcx)\nmov %rdx, 64(%rcx)\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovups %xmm\\n, 72+16*\\n(%rcx)\n.endr\n"
	"mov %rcx, %rdx\nlea 328(%rcx), %rdi\nlea -128(%rsp), %rsi\nmov $128, %ecx\nrep movsb\n"
	"pushfq\npop 456(%rdx)\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
	".bss\nsaved_after: .quad 0\nsaved_sp: .quad 0\n.text\n");

static void try(const char *what, long nr, long a, long b, long c)
{
	struct state before, after = { 0 };

	for (unsigned i = 0; i < sizeof(before); i++)
		((u8 *)&before)[i] = (u8)(i * 37 + 11);
	before.gpr[6] = a;
	before.gpr[7] = b;
	before.gpr[8] = c;
	regs_call(nr, (long[6]){ a, b, c }, &before, &after);
	say("%s: general %s, xmm %s, red zone %s, flags %lx\n", what,
	    memcmp(before.gpr, after.gpr, sizeof(before.gpr)) ? "CHANGED" : "kept",
	    memcmp(before.xmm, after.xmm, sizeof(before.xmm)) ? "CHANGED" : "kept",
	    memcmp(before.red, after.red, sizeof(before.red)) ? "CHANGED" : "kept", after.flags);
}

int main(int argc, char **argv)
{
	static char buf[64];
	struct timespec ts = { 0, 1000 };

	try("getpid", SYS_getpid, 1, 2, 3);
	try("close(-1)", SYS_close, -1, 2, 3);
	try("read", SYS_read, open("/dev/zero", O_RDONLY, 0), (long)buf, 64);
	try("nanosleep", SYS_nanosleep, (long)&ts, 0, 5);
	try("stat", SYS_freebsd11_stat, (long)"/", (long)pages(4096), 5);
	try("mmap", SYS_mmap, 0, 0, 0);
	return 0;
}
