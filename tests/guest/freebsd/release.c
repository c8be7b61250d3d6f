/* SPDX-License-Identifier: BSD-2-Clause
 * TEST fixture: real/release.test
 *
 * Which release a program is shown, by each way that tells it; and by those of a program that it starts. */
#include "fbsd.h"

static void tell(const char *who, char **envp)
{
	char text[64] = "";
	size_t len = sizeof text;
	int number = 0, own = 0;
	u64 *aux;

	sysctlbyname("kern.osrelease", 14, text, &len, 0, 0);
	len = sizeof number;
	sysctlbyname("kern.osreldate", 14, &number, &len, 0, 0);
	while (*envp++)
		;
	for (aux = (u64 *)envp; aux[0] && aux[0] != 18; aux += 2)        /* AT_OSRELDATE */
		;
	own = aux[0] ? (int)aux[1] : 0;
	say("%s %s %d %d\n", who, text, number, own);
}
int main(int argc, char **argv)
{
	char **envp = argv + argc + 1;

	tell(argc > 1 ? "child" : "self", envp);
	if (argc > 1)
		return 0;
	long pid = fork();
	if (pid == 0) {
		execve(argv[0], ((char *[]){ argv[0], "child", 0 }), envp);
		quit(9);
	}
	return wait_for(pid) != 0;
}
