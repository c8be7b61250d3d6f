/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mlockall: what is wrong is refused; what is there, and what comes, is locked; and it is the program's own memory that is,
 * not the much larger rooms that a translator keeps.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long field(const char *name)
{
	char line[256];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), ": %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}
static long locked(void) { return field("VmLck"); }
static void show(const char *what, int rv) { printf("%s: %s\n", what, rv ? strerror(errno) : "good"); }
/* Some is, and not more than a program of this size has. */
static void tell(const char *when)
{
	long kib = locked();
	printf("%s: %s\n", when, kib < 0 ? "not told" : !kib ? "nothing" : kib < 200 << 10 ? "its own" : "more than it has");
	printf("in memory: %s\n", field("VmRSS") < 200 << 10 ? "its own" : "more than it has");
}
int main(void)
{
	int status;
	show("none", mlockall(0));
	show("onfault alone", mlockall(MCL_ONFAULT));
	show("unknown", mlockall(64 | MCL_CURRENT));
	show("current", mlockall(MCL_CURRENT));
	tell("current");
	show("unlock", munlockall());
	tell("unlocked");
	show("future", mlockall(MCL_FUTURE));
	long before = locked();
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("mapped behind it: %ld\n", locked() - before);
	show("current alone", mlockall(MCL_CURRENT));
	before = locked();
	mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("mapped behind that: %ld\n", locked() - before);
	show("all", mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
	tell("all");
	fflush(stdout);
	if (!fork()) {
		tell("a child");
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	munmap(p, 1 << 20);
	show("unlock", munlockall());
	tell("unlocked");
	return 0;
}
