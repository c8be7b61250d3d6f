/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Privileged instructions of a program that was given the privilege, for two systems: freebsd/io.c and linux/io.c include
 * it behind their own headers and give: say, ctx(u, register) of a signal's context, catch(handler), code_page(),
 * ask(level), nap_signal() (a signal in a few milliseconds). What differs by system they print themselves.
 *
 * Instructions are bytes, laid into a page and called with registers from struct gp; a fault ends them, and where it
 * stood is told.
 */
struct gp { unsigned long rax, rcx, rdx, rsi, rdi, rbx; };
static unsigned char *code;
static unsigned code_len;
static volatile int got_sig, got_code;
static volatile unsigned long got_addr, got_at;

static void caught(int sig, siginfo_t *si, void *u)
{
	got_sig = sig;
	got_code = si_code_of(si);
	got_addr = (unsigned long)si_addr_of(si);
	got_at = (unsigned long)ctx(u, RIP) - (unsigned long)code;
	ctx(u, RIP) = (long)code + code_len;
	ctx(u, FLAGS) &= ~0x400l;
}
static int go(struct gp *g, const char *bytes, unsigned n)
{
	memcpy(code, bytes, n);
	code[n] = 0xc3;
	code_len = n;
	got_sig = got_code = 0;
	register struct gp *r8 __asm__("r8") = g;
	register unsigned char *r9 __asm__("r9") = code;
	__asm__ volatile("push %%rbx; push %%rbp; mov %%rsp, %%rbp; sub $256, %%rsp; and $-16, %%rsp; push %%r8; push %%r8\n\t"
			 "mov (%%r8), %%rax; mov 8(%%r8), %%rcx; mov 16(%%r8), %%rdx; mov 24(%%r8), %%rsi\n\t"
			 "mov 32(%%r8), %%rdi; mov 40(%%r8), %%rbx; call *%%r9; cld; pop %%r8\n\t"
			 "mov %%rax, (%%r8); mov %%rcx, 8(%%r8); mov %%rdx, 16(%%r8); mov %%rsi, 24(%%r8)\n\t"
			 "mov %%rdi, 32(%%r8); mov %%rbx, 40(%%r8); mov %%rbp, %%rsp; pop %%rbp; pop %%rbx"
			 : "+r"(r8), "+r"(r9) : : "rax", "rcx", "rdx", "rsi", "rdi", "r10", "r11", "memory", "cc");
	return got_sig;
}
#define GO(g, bytes) go(g, bytes, sizeof(bytes) - 1)
static void run1(const char *name, const char *bytes, unsigned n, struct gp g)
{
	if (go(&g, bytes, n))
		say("%s: signal %d code %d\n", name, got_sig, got_code);
	else
		say("%s: done\n", name);
}
#define RUN(name, bytes, ...) run1(name, bytes, sizeof(bytes) - 1, (struct gp){ __VA_ARGS__ })

static unsigned inb(unsigned port)
{
	struct gp g = { .rdx = port };
	return GO(&g, "\xec") ? 0x100 : g.rax & 0xff;
}
static void outb(unsigned port, unsigned v)
{
	struct gp g = { .rax = v, .rdx = port };
	if (GO(&g, "\xee"))
		say("outb %x: signal %d\n", port, got_sig);
}
#define ONES 0x1111111122222222ul

static void refused(void)
{
	RUN("outb", "\xee", .rdx = 0x80);
	RUN("inb", "\xe4\x80", 0);
	RUN("insb", "\x6c", .rdx = 0x80);
	RUN("cli", "\xfa", 0);
	RUN("sti", "\xfb", 0);
	RUN("hlt", "\xf4", 0);
	RUN("rdmsr", "\x0f\x32", .rcx = 0xc0000080);
	RUN("mov cr0", "\x0f\x20\xc0", 0);
	RUN("lgdt", "\x0f\x01\x16", .rsi = (unsigned long)code);
	RUN("invlpg", "\x0f\x01\x3e", 0);
}
static void sizes(void)
{
	struct gp g = { .rax = 0x5a, .rdx = 0x3ff };

	GO(&g, "\xee");
	g.rax = ONES;
	GO(&g, "\xec");
	say("al %lx\n", g.rax);
	g.rax = ONES;
	GO(&g, "\xe4\x80");
	say("al, imm %lx\n", g.rax);
	g = (struct gp){ .rax = 0x77, .rdx = 0x3ff };
	GO(&g, "\xe6\x80");
	g.rax = ONES;
	GO(&g, "\xe4\x80");
	say("al, imm again %lx\n", g.rax);
	g.rax = ONES;
	g.rdx = 0x3fe;
	GO(&g, "\x66\xed");
	say("ax %lx\n", g.rax);
	g.rax = ONES;
	g.rdx = 0x3fc;
	GO(&g, "\x48\xed");                              /* REX.W says nothing here */
	say("eax %lx\n", g.rax);
	g.rdx = 0x3fe, g.rax = 0x665a99;
	GO(&g, "\x66\xef");
	say("scratch %x\n", inb(0x3ff));
	g.rdx = 0xcf8, g.rax = 0x80000000;
	GO(&g, "\xef");
	g.rdx = 0xcfc, g.rax = ONES;
	GO(&g, "\xed");
	say("pci %lx\n", g.rax);
	g.rdx = 0xdead0000 + 0x3ff;                      /* only dx counts */
	GO(&g, "\xec");
	say("port of dx %lx\n", g.rax & 0xff);
	say("nothing there %x\n", inb(0x1234));
}
static char text[64] = "abcdefghijklmnop";
static char into[64];

static void loop_on(void)
{
	outb(0x3fc, 0x10);
	outb(0x3fa, 7);                                  /* FIFO, empty */
}
static void strings(void)
{
	struct gp g = { .rcx = 5, .rdx = 0x3f8, .rsi = (unsigned long)text };

	loop_on();
	GO(&g, "\xf3\x6e");
	say("rep outsb: rcx %ld, rsi +%ld\n", g.rcx, g.rsi - (unsigned long)text);
	g = (struct gp){ .rcx = 5, .rdx = 0x3f8, .rdi = (unsigned long)into };
	GO(&g, "\xf3\x6c");
	say("rep insb: rcx %ld, rdi +%ld, %s\n", g.rcx, g.rdi - (unsigned long)into, into);
	g = (struct gp){ .rcx = 9, .rdx = 0x3f8, .rsi = (unsigned long)text };
	GO(&g, "\x6e");
	say("outsb: rcx %ld, rsi +%ld\n", g.rcx, g.rsi - (unsigned long)text);
	g = (struct gp){ .rcx = 4, .rdx = 0x3f8, .rsi = (unsigned long)text + 15 };
	GO(&g, "\xfd\xf3\x6e");
	say("backwards: rcx %ld, rsi +%ld\n", g.rcx, g.rsi - (unsigned long)text);
	memset(into, 0, sizeof into);
	g = (struct gp){ .rcx = 0x500000005, .rdx = 0x3f8, .rdi = 0x700000000 + (unsigned long)into + 7 };
	GO(&g, "\xfd\x67\xf3\x6c");                      /* 32-bit addresses: ecx and edi */
	say("backwards, addr32: rcx %lx, edi +%ld, %s\n", g.rcx, g.rdi - (unsigned long)into, into + 3);
	g = (struct gp){ .rcx = 0, .rdx = 0x3f8, .rdi = 1 };
	GO(&g, "\xf3\x6c");
	say("none: rdi %ld, signal %d\n", g.rdi, got_sig);
	g = (struct gp){ .rcx = 2, .rdx = 0xcfc, .rdi = (unsigned long)into };
	GO(&g, "\xf3\x6d");
	say("rep insd: rdi +%ld, %x %x\n", g.rdi - (unsigned long)into, ((unsigned *)into)[0], ((unsigned *)into)[1]);
	g = (struct gp){ .rcx = 1, .rdx = 0x3fe, .rdi = (unsigned long)into };
	GO(&g, "\xf2\x66\x6d");
	say("repne insw: rdi +%ld, rcx %ld\n", g.rdi - (unsigned long)into, g.rcx);
}
/* A page with nothing behind it. */
static void middle(void)
{
	char *page = edge_page();
	struct gp g = { .rcx = 9, .rdx = 0x3f8, .rsi = (unsigned long)page + 4093 };

	loop_on();
	memset(page, 'z', 4096);
	GO(&g, "\xf3\x6e");
	say("rep outsb over the edge: signal %d code %d at %ld, rcx %ld, rsi +%ld, address +%ld\n", got_sig, got_code, got_at, g.rcx,
	    g.rsi - (unsigned long)page, got_addr - (unsigned long)page);
	g = (struct gp){ .rcx = 9, .rdx = 0x3f8, .rdi = (unsigned long)page + 4094 };
	GO(&g, "\xf3\x6c");
	say("rep insb over the edge: signal %d code %d at %ld, rcx %ld, rdi +%ld, address +%ld\n", got_sig, got_code, got_at, g.rcx,
	    g.rdi - (unsigned long)page, got_addr - (unsigned long)page);
	say("the byte that had no place is still there: %c\n", inb(0x3f8));
	g = (struct gp){ .rdx = 0xcfc, .rdi = (unsigned long)page + 4094 };
	GO(&g, "\x6d");
	say("insd across it: signal %d code %d, address +%ld\n", got_sig, got_code, got_addr - (unsigned long)page);
	read_only(page);
	g = (struct gp){ .rdx = 0x3ff, .rdi = (unsigned long)page };
	GO(&g, "\x6c");
	say("insb, read-only: signal %d code %d, address +%ld\n", got_sig, got_code, got_addr - (unsigned long)page);
	g = (struct gp){ .rdx = 0x3ff, .rdi = 0x8000000000000000ul };
	GO(&g, "\x6c");
	say("insb, no address: signal %d code %d\n", got_sig, got_code);
}
static void interrupts(void)
{
	static const unsigned char pic[] = { 0x11, 0x20, 4, 1, 0xfe };
	struct gp g = { 0 };

	for (unsigned i = 0; i < sizeof pic; i++)
		outb(i ? 0x21 : 0x20, pic[i]);
	outb(0x43, 0x30);
	outb(0x40, 0x00), outb(0x40, 0x20);              /* 7 ms */
	RUN("hlt", "\xf4", 0);
	outb(0x20, 0x0c);
	say("polled %x\n", inb(0x20));
	outb(0x20, 0x20);
	RUN("cli", "\xfa", 0);
	GO(&g, "\x9c\x58");
	say("flags of cli %lx\n", g.rax & 0x3200);
	outb(0x43, 0x30);
	outb(0x40, 1), outb(0x40, 0);
	nap_signal();
	RUN("hlt, held back, until a signal", "\xf4", 0);
	say("signals %d\n", nap_seen);
	outb(0x20, 0x0a);
	say("requested %x\n", inb(0x20));
	RUN("sti; hlt", "\xfb\xf4", 0);
	outb(0x20, 0x0c);
	say("polled %x\n", inb(0x20));
	outb(0x20, 0x20);
}
static void msrs(void)
{
	struct gp g = { .rcx = 0xc0000080, .rax = ONES, .rdx = ONES };
	GO(&g, "\x0f\x32");
	say("efer %lx:%lx\n", g.rdx, g.rax);
	g = (struct gp){ .rcx = 0xffffffffc0000082ul, .rax = 0xffffffff80001000ul, .rdx = 0xaaaaaaaafffffffful };
	GO(&g, "\x0f\x30");
	g.rax = g.rdx = 0;
	GO(&g, "\x0f\x32");
	say("lstar %lx:%lx\n", g.rdx, g.rax);
	g = (struct gp){ .rcx = 0xc0000082, .rdx = 0x12345678 };
	GO(&g, "\x0f\x30");
	say("no address: signal %d code %d\n", got_sig, got_code);
	RUN("none of that number", "\x0f\x32", .rcx = 0x12345);
	RUN("not to be written", "\x0f\x30", .rcx = 0x8b);
	RUN("reserved bits", "\x0f\x30", .rcx = 0xc0000080, .rax = 1 << 20);
	g = (struct gp){ .rcx = 0xc0000100 };
	GO(&g, "\x0f\x32");
	say("fs base is ours: %d\n", (g.rdx << 32 | g.rax) == fs_base());
	g = (struct gp){ .rcx = 0xc0000101, .rax = 0x7000 };
	GO(&g, "\x0f\x30\x0f\x01\xf8");
	g.rax = 1;
	GO(&g, "\x0f\x32");
	say("gs base after swapgs %lx", g.rax);
	g.rcx = 0xc0000102;
	GO(&g, "\x0f\x32");
	say(", the other %lx\n", g.rax);
	g = (struct gp){ .rcx = 0x10 };
	GO(&g, "\x0f\x32\x48\xc1\xe2\x20\x48\x09\xd0\x48\x89\xc3\x0f\x31\x48\xc1\xe2\x20\x48\x09\xd0\x48\x29\xd8");
	say("the counter goes on: %d\n", (long)g.rax >= 0 && g.rax < 10000000000ul);
}
static void registers(void)
{
	struct gp g = { 0 };
	GO(&g, "\x0f\x20\xc0");
	say("cr0 %lx\n", g.rax);
	g.rax |= 8;
	GO(&g, "\x0f\x22\xc0\x31\xc0\x0f\x20\xc0");
	say("with TS %lx", g.rax);
	GO(&g, "\x0f\x06\x0f\x20\xc0");
	say(", without %lx\n", g.rax);
	g.rbx = 0xe;
	GO(&g, "\x0f\x01\xf3\x0f\x20\xc0");
	say("lmsw %lx\n", g.rax);
	g.rax = 0x1234000;
	GO(&g, "\x0f\x22\xd8\x31\xc0\x0f\x20\xd8");
	say("cr3 %lx\n", g.rax);
	g.rax = 9;
	GO(&g, "\x44\x0f\x22\xc0\x31\xc0\x44\x0f\x20\xc0");
	say("cr8 %lx\n", g.rax);
	RUN("cr8 16", "\x44\x0f\x22\xc0", .rax = 16);
	RUN("cr0 without protection", "\x0f\x22\xc0", .rax = 0x80000000);
	RUN("cr4 of tomorrow", "\x0f\x22\xe0", .rax = 1ul << 40);
	g = (struct gp){ .rax = 0x400000, .rbx = 0x3ffff };
	GO(&g, "\x0f\x23\xc0\x0f\x23\xfb\x31\xc0\x31\xdb\x0f\x21\xc0\x0f\x21\xfb");
	say("dr0 %lx dr7 %lx\n", g.rax, g.rbx);
	g = (struct gp){ .rax = ONES };
	GO(&g, "\x0f\x23\xf0");
	say("dr6, upper half: signal %d\n", got_sig);
	GO(&g, "\x0f\x21\xe0\x0f\x21\xf3");
	say("dr4 is dr6: %d\n", g.rax == g.rbx);
}
static void others(void)
{
	static struct { unsigned short limit; unsigned long base; } __attribute__((packed)) table = { 0x7f, 0x1000 };
	unsigned long at = (unsigned long)&table;
	unsigned a, d;

	RUN("lgdt", "\x0f\x01\x16", .rsi = at);
	RUN("lidt, index", "\x0f\x01\x5c\xb3\x04", .rsi = at / 4, .rbx = at - at / 4 * 4 - 4);
	RUN("lgdt, address 3", "\x0f\x01\x16", .rsi = 3);
	say("  address %lx\n", got_addr);
	table.base = 1ul << 60;
	RUN("lgdt, no base", "\x0f\x01\x16", .rsi = at);
	RUN("lldt", "\x0f\x00\xd3", .rbx = 0x28);
	RUN("ltr", "\x0f\x00\xdb", .rbx = 0x30);
	RUN("ltr 0", "\x0f\x00\xdb", .rbx = 0);
	RUN("invlpg", "\x0f\x01\x3e", .rsi = 8);
	RUN("wbinvd", "\x0f\x09", 0);
	RUN("invd", "\x0f\x08", 0);
	RUN("swapgs", "\x0f\x01\xf8", 0);
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	RUN("xsetbv", "\x0f\x01\xd1", .rax = a, .rdx = d);
	RUN("xsetbv, other", "\x0f\x01\xd1", .rax = a ^ 2, .rdx = d);
	RUN("lock outb", "\xf0\xee", .rdx = 0x80);
}
/* What needs no privilege: told under each engine by ARCHITECTURE.md; here only that it does no harm. */
static void sensitive(void)
{
	struct gp g = { .rsi = (unsigned long)into };
	GO(&g, "\x9c\x48\x81\x0c\x24\x00\x30\x00\x00\x48\x81\x24\x24\xff\xfd\xff\xff\x9d\x9c\x58");
	say("popf of IOPL 3 and no IF, pushf: %lx\n", g.rax & 0x3200);
	GO(&g, "\x0f\x01\x06");
	say("sgdt: signal %d, in the upper half %d\n", got_sig, (unsigned char)into[9] == 0xff);
	GO(&g, "\x0f\x01\x0e");
	say("sidt: signal %d, in the upper half %d\n", got_sig, (unsigned char)into[9] == 0xff);
	GO(&g, "\x0f\x01\xe0");
	say("smsw: protection and paging %lx\n", g.rax & 0x80000001);
	GO(&g, "\x31\xc0\x0f\x00\xc0");
	say("sldt: %lx\n", g.rax & 0xffff);
	GO(&g, "\x31\xc0\x0f\x00\xc8");
	say("str: signal %d\n", got_sig);
}
static void devices(void)
{
	outb(0x80, 0x42);
	outb(0x70, 0x0d);
	say("post %x, clock %x", inb(0x80), inb(0x71));
	outb(0x64, 0xaa);
	say(", keyboard %x, serial %x\n", inb(0x60), inb(0x3fd) & 0x60);
	struct gp g = { .rcx = 12, .rdx = 0x3f8, .rsi = (unsigned long)"serial line\n" };
	outb(0x3fc, 0);
	GO(&g, "\xf3\x6e");
}
static void all(void)
{
	sizes();
	strings();
	middle();
	interrupts();
	msrs();
	registers();
	others();
	sensitive();
	devices();
}
