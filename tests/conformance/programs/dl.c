/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Libraries at run time: opened, their symbols found, their constructors, destructors and thread-local variables at work
 * in threads that were there before; what cannot be opened says so. dl_part.c is the library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int told(const char *what);
int told(const char *what) { return printf("told: %s\n", what); }

static pthread_barrier_t here;
static int (*bump)(void);
static int sums[4];

static void *early(void *arg)
{
	int me = (int)(long)arg;
	pthread_barrier_wait(&here);             /* the library is opened between the two */
	pthread_barrier_wait(&here);
	for (int i = 0; i < 1000 + me; i++)
		sums[me] = bump();
	return NULL;
}
static int seen(struct dl_phdr_info *info, size_t size, void *n)
{
	*(int *)n += strstr(info->dlpi_name, "part.so") != NULL;
	return 0;
}
int main(int argc, char **argv)
{
	pthread_t t[4];
	Dl_info where;
	int n = 0;

	pthread_barrier_init(&here, NULL, 5);
	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, early, (void *)i);
	pthread_barrier_wait(&here);
	printf("not there: %s\n", dlopen("./nothing.so", RTLD_NOW) ? "opened" : dlerror() ? "refused" : "no reason");
	void *lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		printf("%s\n", dlerror());
		return 1;
	}
	bump = (int (*)(void))dlsym(lib, "part_bump");
	printf("no such symbol: %s\n", dlsym(lib, "part_nothing") ? "found" : "refused");
	dl_iterate_phdr(seen, &n);
	printf("listed %d time, ours is %s\n", n, dladdr((void *)bump, &where) ? where.dli_sname : "unknown");
	pthread_barrier_wait(&here);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		printf("thread %d counted %d\n", i, sums[i]);
	}
	printf("here it is %d; global %d\n", bump(), *(int *)dlsym(lib, "part_global"));
	printf("closed: %d\n", dlclose(lib));
	void *self = dlopen(NULL, RTLD_NOW);
	printf("ourselves: %s\n", dlsym(self, "told") == (void *)told ? "found" : "lost");
	return 0;
}
