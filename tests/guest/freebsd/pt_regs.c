/* SPDX-License-Identifier: BSD-2-Clause
 * ptrace: single steps, breakpoints that the tracer writes, vector registers, the thread pointer, what is mapped. */
#include "pt.h"

#define SECOND 0x1122334455667788l
__attribute__((naked, noinline)) static long stepped(void)
{
	__asm__("mov $5, %eax\n\tadd $6, %eax\n\tnop\n\tmov $20, %eax\n\tsyscall\n\tnop\n\tmov $9, %eax\n\tret");
}
__attribute__((naked, noinline)) static long vectors(void)
{
	__asm__("mov $0x1234567, %eax\n\tmovd %eax, %xmm3\n\tint3\n\tmovq %xmm3, %rax\n\tret");
}
static long start(void)
{
	long pid = fork();
	if (!pid) {
		trace_me();
		long a = stepped(), b = vectors();
		say("  child: %d %x\n", a, b);
		long fs = 0;
		sysarch(AMD64_GET_FSBASE, &fs);
		say("  child: fs is %x\n", fs);
		quit(0);
	}
	next(pid, 0, 0);
	return pid;
}
static long at(long pid)
{
	struct reg r;
	ptrace(PT_GETREGS, pid, &r, 0);
	return r.rip - (long)stepped;
}
/* Steps through a function, a call of the system in its middle; from a breakpoint at its beginning. */
static void steps(long pid)
{
	struct reg r;
	struct lwpinfo pl;
	int was = (int)ptrace(PT_READ_I, pid, stepped, 0);

	show(ptrace(PT_WRITE_I, pid, stepped, (was & ~0xff) | 0xcc));
	go(pid, 0);
	next(pid, 0, &pl);
	yes(pl.si.signo == SIGTRAP && pl.si.code == TRAP_BRKPT);
	say("  at %d\n", at(pid));
	ptrace(PT_WRITE_I, pid, stepped, was);
	ptrace(PT_GETREGS, pid, &r, 0);
	r.rip--;
	show(ptrace(PT_SETREGS, pid, &r, 0));
	for (int i = 0; i < 5; i++) {
		run(PT_STEP, pid, 0);
		next(pid, 0, &pl);
		say("  at %d, code %d\n", at(pid), pl.si.code);
	}
	ptrace(PT_GETREGS, pid, &r, 0);
	yes(r.rax == pid);
	show(ptrace(PT_SETSTEP, pid, 0, 0));
	go(pid, 0);
	next(pid, 0, 0);
	say("  at %d\n", at(pid));
	show(ptrace(PT_SETSTEP, pid, 0, 0));
	show(ptrace(PT_CLEARSTEP, pid, 0, 0));
}
static void fpu(long pid)
{
	struct { u64 mask; u32 len, pad; } x = { 0 };
	u64 fp[64], fs = 0, gs = 1, *xs;

	go(pid, 0);
	next(pid, 0, 0);                             /* its own int3 */
	show(ptrace(PT_GETFPREGS, pid, fp, 0));
	say("  xmm3 %x\n", fp[20 + 6]);
	fp[20 + 6] = 0x7654321;
	show(ptrace(PT_SETFPREGS, pid, fp, 0));
	memset(fp, 0, sizeof fp);
	ptrace(PT_GETFPREGS, pid, fp, 0);
	say("  xmm3 %x\n", fp[20 + 6]);
	show(ptrace(PT_GETXSTATE_INFO, pid, &x, sizeof x));
	show(ptrace(PT_GETXSTATE_INFO, pid, &x, 8));
	yes(x.len >= 512 && (x.mask & 3) == 3);
	xs = pages(8192);
	show(ptrace(PT_GETXSTATE, pid, xs, x.len));
	say("  xmm3 %x\n", xs[20 + 6]);
	xs[20 + 6] = 0x89abcde;
	show(ptrace(PT_SETXSTATE, pid, xs, x.len));
	show(ptrace(PT_SETXSTATE, pid, xs, 100));
	show(ptrace(PT_GETFSBASE, pid, &fs, 0));
	show(ptrace(PT_GETGSBASE, pid, &gs, 0));
	yes(gs == 0);
	struct iovec v = { 0, 0 };
	long bases[2] = { 1, 1 };
	show(ptrace(PT_GETREGSET, pid, &v, 0x200));
	yes(v.len == 16);
	v.base = bases;
	show(ptrace(PT_GETREGSET, pid, &v, 0x200));
	yes(bases[0] == (long)fs && bases[1] == 0);
	show(ptrace(PT_SETREGSET, pid, &v, 0x200));
	v = (struct iovec){ xs, x.len };
	show(ptrace(PT_GETREGSET, pid, &v, 0x202));
	yes(xs[20 + 6] == 0x89abcde);
	show(ptrace(PT_SETREGSET, pid, &v, 0x202));
	v = (struct iovec){ fp, 512 };
	show(ptrace(PT_GETREGSET, pid, &v, 2));
	show(ptrace(PT_SETREGSET, pid, &v, 2));
	v.len = 511;
	show(ptrace(PT_GETREGSET, pid, &v, 2));
	show(ptrace(PT_GETREGSET, pid, &v, 77));
	fs = 0x12345000;
	show(ptrace(PT_SETFSBASE, pid, &fs, 0));
}
static void maps(long pid)
{
	char path[1024];
	struct vm_entry v = { .path = path, .pathlen = sizeof path };
	int text = 0, stack = 0, n = 0;
	long mark = 0, e;

	while (!(e = ptrace(PT_VM_ENTRY, pid, &v, 0))) {
		text += v.start <= (u64)main && (u64)main <= v.end && v.prot & PROT_EXEC && strlen(path) && v.pathlen;
		stack += v.start <= (u64)&mark && (u64)&mark <= v.end;
		v.pathlen = sizeof path;
		n++;
	}
	say("  the last: %e\n", e);
	yes(text == 1 && stack == 1 && n == v.entry);
	v.entry = 1000;
	show(ptrace(PT_VM_ENTRY, pid, &v, 0));
	v = (struct vm_entry){ .entry = 0 };
	show(ptrace(PT_VM_ENTRY, pid, &v, 0));
	yes(v.pathlen == 0 && v.entry == 1);
	mark = ptrace(PT_VM_TIMESTAMP, pid, 0, 0);
	yes(mark >= 0 && mark == ptrace(PT_VM_TIMESTAMP, pid, 0, 0) && mark == v.timestamp);
}
int main(int argc, char **argv)
{
	long pid = start();

	say("steps\n");
	steps(pid);
	say("registers\n");
	fpu(pid);
	say("maps\n");
	maps(pid);
	go(pid, 0);
	next(pid, 0, 0);
	return 0;
}
