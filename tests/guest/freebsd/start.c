/* SPDX-License-Identifier: BSD-2-Clause
 * The first stack: argument block, environment, auxiliary vector, ps_strings, and the registers at the first instruction.
 * TEST args: one "two words" ''
 * TEST env: GREETING=hello
 */
#include "fbsd.h"

struct ps_strings { char **argv; u32 nargv; char **env; u32 nenv; };
extern char _start[];

static const char *getenv_(const char *name)
{
	for (char **e = env; *e; e++)
		if (!strncmp(*e, name, strlen(name)) && (*e)[strlen(name)] == '=')
			return *e + strlen(name) + 1;
	return 0;
}

static void entry(void)
{
	long rsp = entry_regs[7], block = entry_regs[5];

	yes(rsp % 16 == 8);
	yes(rsp == ((block - 8) & ~15l) + 8);
	yes(rsp < block);
	say("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rbp %lx\n", entry_regs[0], entry_regs[1], entry_regs[2], entry_regs[3],
	    entry_regs[4], entry_regs[6]);
	say("rflags %lx\n", entry_regs[8]);
}

static void vector(void)
{
	static const struct { int id; const char *name; } known[] = {
		{ 3, "PHDR" }, { 4, "PHENT" }, { 5, "PHNUM" }, { 6, "PAGESZ" }, { 7, "BASE" }, { 8, "FLAGS" }, { 9, "ENTRY" },
		{ 15, "EXECPATH" }, { 16, "CANARY" }, { 17, "CANARYLEN" }, { 18, "OSRELDATE" }, { 19, "NCPUS" },
		{ 20, "PAGESIZES" }, { 21, "PAGESIZESLEN" }, { 23, "STACKPROT" }, { 24, "EHDRFLAGS" }, { 27, "BSDFLAGS" },
		{ 28, "ARGC" }, { 29, "ARGV" }, { 30, "ENVC" }, { 31, "ENVV" }, { 32, "PS_STRINGS" },
	};
	long v = 0;

	for (unsigned i = 0; i < COUNT(known); i++)
		if (!auxv(known[i].id, &v))
			say("no AT_%s\n", known[i].name);
	yes(auxv(3, &v) && *(int *)v != 0);
	yes(auxv(4, &v) && v == 56);
	yes(auxv(6, &v) && v == 4096);
	yes(auxv(7, &v) && v == 0);
	yes(auxv(9, &v) && v == (long)_start);
	yes(auxv(15, &v) && strlen((char *)v) > 6 && !strcmp((char *)v + strlen((char *)v) - 6, "/start"));
	yes(auxv(15, &v) && access(v, F_OK) == 0);
	yes(auxv(17, &v) && v == 64);
	yes(auxv(18, &v) && v >= 1302001);
	yes(auxv(19, &v) && v > 0);
	yes(auxv(21, &v) && v >= 24 && v % 8 == 0);
	yes(auxv(20, &v) && *(long *)v == 4096);
	yes(auxv(23, &v) && v == (PROT_READ | PROT_WRITE));
	yes(auxv(28, &v) && v == argblock[0]);
	yes(auxv(29, &v) && (long *)v == argblock + 1);
	yes(auxv(31, &v) && (char **)v == env);
}

static void strings(void)
{
	struct ps_strings *ps = 0;

	if (!auxv(32, (long *)&ps))
		return;
	yes(ps->argv == (char **)argblock + 1);
	yes(ps->nargv == (u32)argblock[0]);
	yes(ps->env == env);
	yes(ps->env[ps->nenv] == 0);
}

int main(int argc, char **argv)
{
	say("argc %d\n", argc);
	for (int i = 1; i <= argc; i++)
		say("argv[%d] %s\n", i, argv[i] ? argv[i] : "NULL");
	say("GREETING=%s\n", getenv_("GREETING"));
	entry();
	vector();
	strings();
	return 0;
}
