/* SPDX-License-Identifier: BSD-2-Clause
 * No libc: the first stack as the kernel lays it, the registers at entry, errors as small negative numbers.
 * TEST args: one "two words"
 * TEST env: COLOUR=green
 * TEST without: kvm, where the host's kernel does nothing for a program by itself: no vDSO, no restartable sequences
 */
static long call(long nr, long a, long b, long c)
{
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "0"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}
static long call4(long nr, long a, long b, long c, long d)
{
	long r;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall" : "=a"(r) : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return r;
}
static void put(const char *s)
{
	long n = 0;
	while (s[n])
		n++;
	call(1, 1, (long)s, n);
}
static void number(const char *what, unsigned long v)
{
	char b[32];
	int i = 31;
	b[i] = 0;
	b[--i] = '\n';
	do
		b[--i] = "0123456789abcdef"[v % 16];
	while (v /= 16);
	put(what);
	put(b + i);
}
static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}
__attribute__((used)) void begin(long *sp, long rdx)
{
	char **env = (char **)sp + sp[0] + 2;
	long *aux, seen = 0;

	long word = 99, len = 99;
	static struct { unsigned cpu_start, cpu; long more[3]; } area __attribute__((aligned(32)));

	call(158, 0x1003, (long)&word, 0);               /* the base of fs */
	number("fs ", word);
	number("gets robust list ", call(274, 0, (long)&word, (long)&len));
	number("robust list ", word);
	area.cpu = -1;
	number("sets rseq ", call4(334, (long)&area, 32, 0, 0x53053053));
	number("rseq knows ", area.cpu < 4096);
	number("argc ", sp[0]);
	number("aligned ", (long)sp % 16 == 0);
	number("rdx ", rdx);
	for (int i = 1; i < sp[0]; i++) {
		put(((char **)sp)[i + 1]);
		put("\n");
	}
	int n = 0;
	for (; env[n]; n++)
		if (same(env[n], "COLOUR=green"))
			put("COLOUR=green\n");
	number("environment ", n);
	for (aux = (long *)env + n + 1; aux[0]; aux += 2) {
		if (aux[0] < 64)
			seen |= 1l << aux[0];
		if (aux[0] == 6)
			number("page ", aux[1]);
		if (aux[0] == 17)
			number("ticks ", aux[1]);
		if (aux[0] == 7)
			number("base ", aux[1]);
		if (aux[0] == 23)
			number("secure ", aux[1]);
	}
	/* what any program may count on: PHDR PHENT PHNUM PAGESZ ENTRY UID EUID GID EGID RANDOM EXECFN */
	for (int i = 0; i < 64; i++)
		if (seen >> i & 1 && (i == 3 || i == 4 || i == 5 || i == 6 || i == 9 || (i >= 11 && i <= 14) || i == 25 || i == 31))
			number("has ", i);
	number("bad fd ", -call(3, -1, 0, 0));
	number("no call ", -call(9999, 0, 0, 0));
	number("fault ", -call(1, 1, 8, 1));
	call(231, 11, 0, 0);
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\nmov %rdx, %rsi\nxor %ebp, %ebp\nand $-16, %rsp\ncall begin\nhlt\n");
