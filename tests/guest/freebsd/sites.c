/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Call sites of every shape, at every place of a page, alone in a page of its own: whatever an engine does to a site,
 * the first call, the second and the third do the same, and change nothing but what the call itself changes: results,
 * carry, rcx and r11. Then jumps straight to the syscall instruction of a site that was used before, pages that are made
 * writable and executable again, pages that are mapped twice, and code that is taken away and put back.
 */
#include "enter.h"

#define CODE(...) { __VA_ARGS__ }
#define NR(n) (n), 0, 0, 0
#define PAD5 0xcc, 0xcc, 0xcc, 0xcc, 0xcc
struct shape { const char *name; u8 code[64]; unsigned len, at; u8 bare, flags; };      /* at: the syscall instruction */
#define SHAPE(name, at, ...) { name, CODE(__VA_ARGS__), sizeof((u8[])CODE(__VA_ARGS__)), at }
enum { KEEPS, SUBTRACTS, COMPARES };             /* what it does to the flags behind the call */
#define SETS(how, name, at, ...) { name, CODE(__VA_ARGS__), sizeof((u8[])CODE(__VA_ARGS__)), at, 0, how }
#define BARE(name, at, ...) { name, CODE(__VA_ARGS__), sizeof((u8[])CODE(__VA_ARGS__)), at, 1 }

static const struct shape shapes[] = {
	SHAPE("libc stub", 8, 0xb8, NR(20), 0x49, 0x89, 0xca, 0x0f, 0x05, 0x72, 0x01, 0xc3, 0xc3, PAD5, PAD5, PAD5, 0xcc, 0xcc, 0xcc),
	BARE("libc stub, no padding", 8, 0xb8, NR(20), 0x49, 0x89, 0xca, 0x0f, 0x05, 0x72, 0x01, 0xc3, 0xc3, 0x31, 0xc0, 0xc3),
	SHAPE("raw, 7 bytes", 5, 0xb8, NR(20), 0x0f, 0x05, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, PAD5, PAD5, PAD5, PAD5),
	BARE("raw, no padding", 5, 0xb8, NR(20), 0x0f, 0x05, 0xc3, 0x31, 0xc0, 0xc3),
	SHAPE("raw, 9 bytes", 7, 0x48, 0xc7, 0xc0, NR(20), 0x0f, 0x05, 0xc3, PAD5, PAD5, PAD5, PAD5),
	SHAPE("number in a register", 3, 0x48, 0x89, 0xe8, 0x0f, 0x05, 0xc3, PAD5, PAD5, PAD5, PAD5),
	BARE("number loaded into another register", 6, 0x41, 0xb8, NR(20), 0x0f, 0x05, 0xc3, 0x31, 0xc0, 0xc3),
	SHAPE("a long nop behind", 5, 0xb8, NR(20), 0x0f, 0x05, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0xc3),
	SHAPE("a longer nop behind", 5, 0xb8, NR(20), 0x0f, 0x05, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0, 0xc3),
	SHAPE("ret that is none, before nops", 5, 0xb8, NR(20), 0x0f, 0x05, 0x48, 0x89, 0xc3, 0x0f, 0x1f, 0x44, 0, 0, 0x90, 0xc3),
	SHAPE("Go's stub", 5, 0xb8, NR(20), 0x0f, 0x05, 0x73, 0x01, 0xc3, 0xc3, PAD5, PAD5, PAD5, PAD5),
	SHAPE("number from the stack, as Go's Syscall", 8, 0x48, 0x8b, 0x44, 0x24, 0xf8, 0x48, 0x89, 0xf6, 0x0f, 0x05, 0x72, 0x01, 0xc3, 0xc3,
	      PAD5, PAD5, PAD5, PAD5),
	SHAPE("musl's", 9, 0x48, 0x89, 0xe8, 0x4d, 0x89, 0xc0, 0x49, 0x89, 0xca, 0x0f, 0x05, 0xc3, PAD5, PAD5, PAD5, PAD5),
	SETS(COMPARES, "glibc's", 5, 0xb8, NR(20), 0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0x73, 0x01, 0xc3, 0xc3, PAD5, PAD5, PAD5, PAD5),
	SETS(SUBTRACTS, "carry into a register", 8, 0xb8, NR(20), 0x49, 0x89, 0xca, 0x0f, 0x05, 0x19, 0xd2, 0xc3, PAD5, PAD5, PAD5, PAD5),
};
static long me;

static void fill(struct state *s, u64 code, u64 flags)
{
	u8 *p = (u8 *)s;
	for (unsigned i = 0; i < sizeof *s; i++)
		p[i] = (u8)(i * 7 + 3);
	s->rbp = 20;                     /* getpid */
	*(u64 *)(s->zone + sizeof s->zone - 8) = 20;
	s->rax = 20;
	s->flags = flags;
	s->code = code;
}
/* What must be as it was. */
static const char *difference(const struct state *a, const struct state *b)
{
	if (a->rbx != b->rbx && b->rbx != (u64)me)
		return "rbx";
	if (a->rbp != b->rbp || a->r12 != b->r12 || a->r13 != b->r13 || a->r14 != b->r14 || a->r15 != b->r15)
		return "a preserved register";
	if (a->rdi != b->rdi || a->rsi != b->rsi)
		return "an argument register";
	if (memcmp(a->zone, b->zone, sizeof a->zone))
		return "the red zone";
	if (memcmp(a->xmm, b->xmm, sizeof a->xmm))
		return "a vector register";
	return NULL;
}
#define CF 1ul
#define ALL_FLAGS 0x8d5ul                /* carry, parity, adjust, zero, sign, overflow */
static const char *run(const struct shape *sh, u8 *code, u64 flags)
{
	struct state before, after;
	fill(&before, (u64)code, flags);
	after = before;
	enter(&after);
	if (after.rax != (u64)me)
		return "the result";
	if (!sh->flags && (after.flags & ALL_FLAGS) != (flags & ALL_FLAGS & ~CF))
		return "the flags";
	if (after.flags & CF && sh->flags != COMPARES)
		return "carry";
	return difference(&before, &after);
}
static u8 *fresh(const struct shape *sh, unsigned at, unsigned long flags)
{
	u8 *p = (u8 *)mmap(0, 8192, PROT_READ | PROT_WRITE, flags | MAP_ANON, -1, 0);
	memset(p, sh->bare ? 0x50 : 0x90, 8192);         /* push %rax is no padding */
	memcpy(p + at, sh->code, sh->len);
	mprotect(p, 8192, PROT_READ | PROT_EXEC);
	return p;
}
static void places(const struct shape *sh)
{
	static const unsigned bases[] = { 0, 256, 4096 - 32 };
	unsigned n = 0;
	for (unsigned b = 0; b < COUNT(bases); b++)
		for (unsigned i = 0; i < 40; i++) {
			u8 *p = fresh(sh, bases[b] + i, MAP_PRIVATE);
			for (int call = 0; call < 3; call++) {
				const char *bad = run(sh, p + bases[b] + i, call == 1 ? 0x246 | ALL_FLAGS : 0x202);
				if (bad)
					say("%s, at %d, call %d: %s changed\n", sh->name, bases[b] + i, call, bad);
				n += !bad;
			}
			munmap(p, 8192);
		}
	say("%s: %d calls right\n", sh->name, n);
}
/* A jump into the middle: to the syscall instruction itself, with another number. */
static void middle(const struct shape *sh)
{
	u8 *p = fresh(sh, 256, MAP_PRIVATE), *site = p + 256 + sh->at;
	struct state s;
	const char *bad = run(sh, p + 256, 0x202);
	fill(&s, (u64)site, 0x202);
	s.rax = 24;                      /* getuid */
	enter(&s);
	if (bad || s.rax != (u64)getuid())
		say("%s: a jump to its middle went wrong\n", sh->name);
	fill(&s, (u64)site, 0x202);
	s.rax = 6;                       /* close(-1) */
	s.rdi = (u64)-1;
	enter(&s);
	if (!sh->flags && (s.rax != 9 || !(s.flags & CF)))
		say("%s: an error at its middle went wrong: %lx\n", sh->name, s.rax);
	munmap(p, 8192);
}
/* The guest writes into its page and runs it again: its own bytes are there, and what it wrote is what runs. */
static void written(const struct shape *sh)
{
	u8 *p = fresh(sh, 256, MAP_PRIVATE);
	for (int i = 0; i < 3; i++) {
		const char *bad = run(sh, p + 256, 0x202);
		if (bad)
			say("%s, round %d: %s changed\n", sh->name, i, bad);
		mprotect(p, 8192, PROT_READ | PROT_WRITE);
		if (memcmp(p + 256 + sh->at, "\x0f\x05", 2) || memcmp(p + 256, sh->code, sh->at))
			say("%s, round %d: not the bytes that were written\n", sh->name, i);
		mprotect(p, 8192, PROT_READ | PROT_EXEC);
	}
	mprotect(p, 8192, PROT_READ | PROT_WRITE);
	memcpy(p + 256, "\xb8\x2a\0\0\0\xc3", 6);        /* mov $42,%eax; ret */
	mprotect(p, 8192, PROT_READ | PROT_EXEC);
	if (((long (*)(void))(p + 256))() != 42)
		say("%s: what was written does not run\n", sh->name);
	mprotect(p, 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(p + 256, sh->code, sh->len);
	for (int i = 0; i < 3; i++)
		if (run(sh, p + 256, 0x202) || memcmp(p + 256, sh->code, sh->len))
			say("%s: a page that is writable and executable was touched\n", sh->name);
	munmap(p, 8192);
}
/* One page at two addresses, one of them writable. */
static void twice(const struct shape *sh)
{
	long fd = shm_open2(1 /* SHM_ANON */, O_RDWR, 0600, 0, 0);
	ftruncate(fd, 4096);
	u8 *w = (u8 *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	u8 *x = (u8 *)mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	memset(w, 0x90, 4096);
	memcpy(w + 256, sh->code, sh->len);
	for (int i = 0; i < 3; i++)
		if (run(sh, x + 256, 0x202) || memcmp(w + 256, sh->code, sh->len))
			say("%s: mapped twice, it changed\n", sh->name);
	memcpy(w + 256, "\xb8\x2a\0\0\0\xc3", 6);
	if (((long (*)(void))(x + 256))() != 42)
		say("%s: mapped twice, what was written does not run\n", sh->name);
	munmap(w, 4096);
	munmap(x, 4096);
	close(fd);
}
/* Other code at the same address. */
static void replaced(const struct shape *sh)
{
	u8 *p = fresh(sh, 256, MAP_PRIVATE);
	if (run(sh, p + 256, 0x202) || run(sh, p + 256, 0x202))
		say("%s: before it was replaced\n", sh->name);
	mmap(p, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	memcpy(p + 256, "\xb8\x18\0\0\0\x0f\x05\xc3", 8);        /* getuid */
	mprotect(p, 8192, PROT_READ | PROT_EXEC);
	for (int i = 0; i < 3; i++)
		if (((long (*)(void))(p + 256))() != getuid())
			say("%s: what replaced it does not run\n", sh->name);
	munmap(p, 8192);
}
/* A child has its own copy; what happens to it there is not seen here. */
static void forked(const struct shape *sh)
{
	u8 *p = fresh(sh, 256, MAP_PRIVATE);
	run(sh, p + 256, 0x202);
	long child = fork();
	if (child == 0) {
		me = getpid();
		const char *bad = run(sh, p + 256, 0x202);
		mprotect(p, 8192, PROT_READ | PROT_WRITE);
		memset(p, 0xcc, 8192);
		quit(bad != NULL);
	}
	if (wait_for(child) || run(sh, p + 256, 0x202))
		say("%s: wrong after a fork\n", sh->name);
	munmap(p, 8192);
}

int main(int argc, char **argv)
{
	me = getpid();
	for (unsigned i = 0; i < COUNT(shapes); i++) {
		places(&shapes[i]);
		middle(&shapes[i]);
		written(&shapes[i]);
		twice(&shapes[i]);
		replaced(&shapes[i]);
		forked(&shapes[i]);
	}
	say("done\n");
	return 0;
}
