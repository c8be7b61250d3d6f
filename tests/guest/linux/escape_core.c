/* SPDX-License-Identifier: BSD-2-Clause
 * More of escape.c: what is left of a process that dies. The file that the host's kernel writes of its memory is the
 * program's to read, and must hold nothing that the program could not read itself, whatever it asks to have in there.
 * TEST proves: nothing
 * TEST timeout: 60
 */
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>
#include "touch.h"

/* The pages that the host's kernel gives to every process: no secret. */
static int of_kernel(uintptr_t a)
{
	char line[600];
	int found = 0;
	FILE *f = fopen("/proc/self/maps", "r");
	while (f && fgets(line, sizeof line, f)) {
		unsigned long lo, hi;
		if (sscanf(line, "%lx-%lx", &lo, &hi) == 2 && lo <= a && a < hi)
			found = strstr(line, "[vvar") || strstr(line, "[vdso]");
	}
	if (f)
		fclose(f);
	return found;
}
/* Ranges with contents that we have no access to; only what this process has, too, as its copy died. */
static int beyond(const char *name)
{
	Elf64_Ehdr *e;
	struct stat st;
	int fd = open(name, O_RDONLY), n = 0;
	if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size < sizeof *e ||
	    (e = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		return 0;
	const Elf64_Phdr *p = (void *)((char *)e + e->e_phoff);
	for (unsigned i = 0; i < e->e_phnum; i++, p++)
		if (p->p_type == PT_LOAD && p->p_filesz && p->p_vaddr < 0x7ffffffff000 && p->p_flags & PF_R && !can_read(p->p_vaddr) &&
		    !of_kernel(p->p_vaddr))
			n++;
	return n;
}
int main(void)
{
	struct rlimit all = { 64 << 20, 64 << 20 };
	int st, n = 0, fd = open("/proc/self/coredump_filter", O_WRONLY);

	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	if (write(fd, "0x7f\n", 5) != 5)
		puts("no filter");
	setrlimit(RLIMIT_CORE, &all);
	prctl(PR_SET_DUMPABLE, 1);
	fflush(stdout);
	pid_t pid = fork();
	if (!pid)
		abort();
	waitpid(pid, &st, 0);
	DIR *d = opendir(".");
	for (struct dirent *e; (e = readdir(d));)
		if (!strncmp(e->d_name, "core", 4))
			n += beyond(e->d_name);
	printf("ended by %d, ranges beyond: %d\n", WTERMSIG(st), n);
	return 0;
}
