/* SPDX-License-Identifier: BSD-2-Clause
 * A dynamic program: the loader's work, dlopen, thread-local storage of libraries, constructors, locale, printf of floats,
 * the vDSO through libc, name service. */
#include <dlfcn.h>
#include <link.h>
#include <locale.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

static int built;
__attribute__((constructor)) static void begin(void) { built = 7; }
__attribute__((destructor)) static void end(void) { puts("destructor"); }
static int each(struct dl_phdr_info *i, size_t n, void *p) { ++*(int *)p; return 0; }

int main(void)
{
	void *h = dlopen("libm.so.6", RTLD_NOW);
	double (*f)(double) = h ? (double (*)(double))dlsym(h, "cbrt") : NULL;
	struct timespec a, b;
	int libs = 0;
	Dl_info di;

	printf("constructor %d cbrt %.3f %a\n", built, f ? f(27) : -1, 0.1);
	dl_iterate_phdr(each, &libs);
	printf("libraries more than 2: %d\n", libs > 2);
	printf("dladdr %s\n", dladdr((void *)printf, &di) && strstr(di.dli_fname, "libc") ? "libc" : "?");
	printf("missing %d\n", dlopen("libnot-there.so", RTLD_NOW) == NULL);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 1000; i++)
		clock_gettime(CLOCK_MONOTONIC, &b);
	printf("time goes on %d\n", b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec);
	struct passwd *pw = getpwuid(0);
	printf("root is %s\n", pw ? pw->pw_name : "nobody");
	printf("locale %s\n", setlocale(LC_ALL, "C.UTF-8") ? "C.UTF-8" : "none");
	printf("page %ld uid %d secure %ld\n", sysconf(_SC_PAGESIZE), getauxval(AT_UID) == getuid(), getauxval(AT_SECURE));
	printf("%s\n", strrchr((char *)getauxval(AT_EXECFN), '/'));
	return 0;
}
