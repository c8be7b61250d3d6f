/* SPDX-License-Identifier: BSD-2-Clause
 * What a program finds when it starts: the stack's shape and the auxiliary vector.
 * TEST args: one "two three"
 * TEST without: kvm, where the host's kernel does nothing for a program by itself: no vDSO, no restartable sequences
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

extern char **environ;
static const unsigned long shown[] = {
	AT_PAGESZ, AT_CLKTCK, AT_PHENT, AT_PHNUM, AT_FLAGS, AT_UID, AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_HWCAP, AT_HWCAP2, 51, 27, 28,
};
int main(int argc, char **argv)
{
	unsigned long *p = (unsigned long *)argv - 1, *e;
	printf("argc %d aligned %d count %lu\n", argc, (int)((unsigned long)p & 15), *p);
	for (int i = 1; i < argc; i++)
		printf("argv %s\n", argv[i]);
	printf("argv end %d environ follows %d\n", argv[argc] == NULL, environ == argv + argc + 1);
	for (e = (unsigned long *)environ; *e; e++)
		;
	ElfW(auxv_t) *a = (void *)(e + 1);
	for (int n = 0; a->a_type; a++, n++)
		printf("aux %d: %lu\n", n, a->a_type);
	for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++)
		printf("aux %lu = %lx\n", shown[i], getauxval(shown[i]));
	printf("platform %s execfn same %d\n", (char *)getauxval(AT_PLATFORM), !strcmp((char *)getauxval(AT_EXECFN), argv[0]));
	printf("random aligned %d, vdso %d, base %d\n", (int)(getauxval(AT_RANDOM) & 0), getauxval(AT_SYSINFO_EHDR) != 0,
	       getauxval(AT_BASE) != 0);
	const ElfW(Phdr) *ph = (void *)getauxval(AT_PHDR);
	printf("phdr type %u\n", ph->p_type);
	char self[4096];
	long n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = 0;
	char *mine = realpath(argv[0], NULL);
	printf("exe %d\n", mine && !strcmp(self, mine));
	unsigned long *vec = malloc(4096);
	int len = prctl(0x41555856, vec, 4096, 0, 0);
	printf("get_auxv %d\n", len > 0 && vec[0] == *(unsigned long *)(e + 1));
	int fd = open("/proc/self/exe", O_RDONLY);
	char magic[5] = "";
	read(fd, magic, 4);
	printf("exe %s fd %d\n", magic + 1, fd);
	char comm[16];
	prctl(PR_GET_NAME, comm);
	printf("comm %s\n", comm);
	return 0;
}
