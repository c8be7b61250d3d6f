/* SPDX-License-Identifier: BSD-2-Clause
 * sysctl by number and by name: what every runtime asks at its start, sizes asked first, short buffers, unknown names. */
#include "fbsd.h"

static void number(const char *what, const int *mib, unsigned n, long want_size)
{
	u8 b[8] = { 0 };
	u64 len = 8, size = 0;
	long r = sysctl(mib, n, b, &len, 0, 0), q = sysctl(mib, n, 0, &size, 0, 0);

	say("%s: %e %e size %lu %s\n", what, r, q, len, len == size && (long)len == want_size ? "right" : "WRONG");
}

static void text(const char *what, const int *mib, unsigned n)
{
	char b[512];
	u64 len = sizeof(b);
	long r = sysctl(mib, n, b, &len, 0, 0);

	say("%s: %e %s\n", what, r, r == 0 && len > 1 && b[len - 1] == 0 && strlen(b) == len - 1 ? "a string" : "NO string");
}

static long named(const char *name, void *buf, u64 *len)
{
	return sysctlbyname(name, strlen(name), buf, len, 0, 0);
}

static int as_int(const char *name)
{
	int v = -1;
	u64 len = 4;
	long r = named(name, &v, &len);

	return r < 0 ? (int)r : v;
}

int main(int argc, char **argv)
{
	char b[256], ostype[32], self[1024];
	u64 len = sizeof(b);
	int v = 0, mib[8], none[] = { 1, 9999 };
	long l = 0;

	text("kern.ostype", (int[]){ 1, 1 }, 2);
	text("kern.osrelease", (int[]){ 1, 2 }, 2);
	text("kern.version", (int[]){ 1, 4 }, 2);
	text("kern.hostname", (int[]){ 1, 10 }, 2);
	text("hw.machine", (int[]){ 6, 1 }, 2);
	number("kern.osreldate", (int[]){ 1, 24 }, 2, 4);
	number("kern.maxproc", (int[]){ 1, 6 }, 2, 4);
	number("kern.argmax", (int[]){ 1, 8 }, 2, 4);
	number("kern.usrstack", (int[]){ 1, 33 }, 2, 8);
	number("hw.ncpu", (int[]){ 6, 3 }, 2, 4);
	number("hw.pagesize", (int[]){ 6, 7 }, 2, 4);
	number("hw.physmem", (int[]){ 6, 5 }, 2, 8);
	len = sizeof(ostype);
	show(named("kern.ostype", ostype, &len));
	say("%s %lu\n", ostype, len);
	len = sizeof(b);
	show(named("hw.machine", b, &len));
	say("%s\n", b);
	yes(as_int("hw.ncpu") > 0);
	yes(as_int("hw.pagesize") == 4096);
	yes(as_int("kern.osreldate") >= 1302001);
	yes(as_int("kern.smp.cpus") == as_int("hw.ncpu"));
	len = 8;
	show(named("kern.usrstack", &l, &len));
	yes((long)&l < l && l - (long)&l < 1 << 24);
	/* the name looked up: {0, 3} */
	len = sizeof(mib);
	show(sysctl(((int[]){ 0, 3 }), 2, mib, &len, "kern.ostype", 11));
	say("%lu: %d.%d\n", len, mib[0], mib[1]);
	len = sizeof(mib);
	show(sysctl(((int[]){ 0, 3 }), 2, mib, &len, "no.such.name", 12));
	/* this program's own path */
	len = sizeof(self);
	show(sysctl(((int[]){ 1, 14, 12, -1 }), 4, self, &len, 0, 0));
	yes(len > 8 && !strcmp(self + len - 8, "/sysctl") && access(self, F_OK) == 0);
	say("short buffers\n");
	len = 2;
	show(named("kern.ostype", b, &len));
	show(len);
	len = 0;
	show(named("kern.ostype", 0, &len));
	show(len);
	say("errors\n");
	len = 4;
	show(named("no.such.name", &v, &len));
	show(sysctl(none, 2, &v, &len, 0, 0));
	show(sysctl(none, 1, &v, &len, 0, 0));
	show(sysctl(none, 30, &v, &len, 0, 0));
	show(sysctl(8, 2, &v, &len, 0, 0));
	show(sysctl(((int[]){ 1, 1 }), 2, 8, &len, 0, 0));
	return 0;
}
