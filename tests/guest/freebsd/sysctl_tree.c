/* SPDX-License-Identifier: BSD-2-Clause
 * The tree of sysctl: values by number and by name, lengths, errors, the questions about the tree itself, a walk
 * through all of it (every name leads back to its number, every value can be read), this process as the process table
 * tells it.
 */
#include "fbsd.h"

static char buf[65536];
static size_t len;
#define MIB(...) ((int[]){ __VA_ARGS__ })
#define get(n, ...) (len = sizeof(buf), sysctl(MIB(__VA_ARGS__), n, buf, &len, 0, 0))
static long by_name(const char *name)
{
	len = sizeof(buf);
	return sysctlbyname(name, strlen(name), buf, &len, 0, 0);
}
#define number(name) \
	do { long r_ = by_name(name); say("%s: %d, %lu bytes, %d\n", name, (int)r_, len, *(int *)buf); } while (0)

static void values(void)
{
	int v;

	show(get(2, 1, 1));
	say("%s, %lu\n", buf, len);
	show(get(2, 1, 24));
	yes(*(int *)buf >= 1300000 && *(int *)buf < 1600000);
	show(get(2, 6, 7));
	say("%d, %lu\n", *(int *)buf, len);
	show(get(2, 1, 33));
	yes(*(u64 *)buf > (u64)&v && len == 8);
	show(get(2, 1, 32));
	yes(*(u64 *)buf != 0);
	show(get(2, 1, 21));
	yes(len == 16 && ((long *)buf)[0] > 1000000000);
	show(get(2, 2, 2));
	yes(len == 24 && *(long *)(buf + 16) == 2048);
	len = 16;
	show(sysctl(MIB(1, 37), 2, buf, &len, 0, 0));
	yes(len == 16);
	number("hw.byteorder");
	number("security.jail.jailed");
	number("vm.overcommit");
	number("p1003_1b.pagesize");
	number("kern.iov_max");
	yes(by_name("hw.machine_arch") == 0 && !strcmp(buf, "amd64"));
	yes(by_name("hw.ncpu") == 0 && *(int *)buf >= 1);
	yes(by_name("hw.physmem") == 0 && len == 8 && *(u64 *)buf > 1 << 20);
	yes(by_name("hw.pagesizes") == 0 && len == 24 && *(u64 *)buf == 4096);
	yes(by_name("kern.hostname") == 0 && len == strlen(buf) + 1);
	yes(by_name("kern.smp.maxid") == 0 && by_name("kern.sched.cpusetsize") == 0 && *(int *)buf >= 32);
}
/* What iostat, vmstat and swapinfo read. */
static void devices(void)
{
	int n, bad = 0, mib[4];
	u32 room;
	u64 wide;

	number("kern.devstat.version");
	yes(by_name("kern.devstat.numdevs") == 0 && len == 4);
	n = *(int *)buf;
	yes(by_name("kern.devstat.all") == 0 && len == 8 + (size_t)n * 288);
	for (int i = 0; i < n; i++) {
		char *d = buf + 8 + i * 288;
		u64 *bytes = (u64 *)(d + 64), *ops = (u64 *)(d + 96);
		bad += !d[44] || *(u32 *)(d + 224) != 512 || bytes[0] || ops[0] || !(ops[1] + ops[2]) || *(u32 *)(d + 40) != (u32)i;
	}
	show(bad);
	yes(by_name("vm.stats.sys.v_swtch") == 0 && len == 8 && (wide = *(u64 *)buf) > 1000);
	len = 4;                         /* counters had 32 bits before 12 */
	show(sysctlbyname("vm.stats.sys.v_swtch", 20, &room, &len, 0, 0));
	yes(len == 4 && (u32)(room - (u32)wide) < 100000000);
	yes(by_name("vm.nswapdev") == 0 && len == 4);
	n = *(int *)buf;
	len = 12;
	show(sysctl(MIB(0, 3), 2, mib, &len, "vm.swap_info", 12));
	say("%lu\n", len / 4);
	for (int i = 0; i <= n; i++)
		bad += get(3, mib[0], mib[1], i) != (i < n ? 0 : -ENOENT);
	show(get(3, mib[0], mib[1], -1));
	show(get(2, mib[0], mib[1]));
	show(bad);
	len = 0;
	long e = sysctlbyname("kern.msgbuf", 11, 0, &len, 0, 0);         /* the host may keep it to itself */
	yes(e == -EPERM || (e == 0 && len > 0));
	len += 65536;                            /* more may come meanwhile */
	void *all = (void *)mmap(0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	yes(sysctlbyname("kern.msgbuf", 11, all, &len, 0, 0) == e);
}
static void errors(void)
{
	len = 3;
	memset(buf, 'x', 16);
	show(sysctl(MIB(1, 1), 2, buf, &len, 0, 0));
	yes(!memcmp(buf, "Frex", 4) && len == 3);
	len = 0;
	show(sysctl(MIB(1, 1), 2, 0, &len, 0, 0));
	show(len);
	show(sysctl(MIB(1, 1), 2, 0, 0, 0, 0));
	show(sysctl(MIB(1, 1), 1, buf, &len, 0, 0));
	show(sysctl(MIB(1), 1, buf, &len, 0, 0));
	show(sysctl(MIB(1, 1), 25, buf, &len, 0, 0));
	show(sysctl((int *)8, 2, buf, &len, 0, 0));
	len = 100;
	show(sysctl(MIB(1, 1), 2, (void *)8, &len, 0, 0));
	show(sysctl(MIB(1, 1), 2, buf, (void *)8, 0, 0));
	show(sysctl(MIB(1, 1, 1), 3, buf, &len, 0, 0));
	show(sysctl(MIB(1, 9999), 2, buf, &len, 0, 0));
	show(sysctl(MIB(77, 1), 2, buf, &len, 0, 0));
	show(sysctl(MIB(4, 2), 2, buf, &len, 0, 0));
	show(sysctl(MIB(1, 1), 2, 0, 0, "y", 1));
	show(by_name("kern"));
	show(by_name("no.such.name"));
	show(by_name(""));
}
static void about(void)
{
	u32 *kind = (u32 *)buf;

	len = sizeof(buf);
	show(sysctl(MIB(0, 3), 2, buf, &len, "kern.ostype", 11));
	say("%d.%d, %lu\n", ((int *)buf)[0], ((int *)buf)[1], len);
	show(get(4, 0, 1, 1, 1));
	say("%s\n", buf);
	show(get(4, 0, 1, 1, 9999));
	say("%s\n", buf);
	show(get(4, 0, 1, 88, 99));
	say("%s\n", buf);
	show(get(4, 0, 4, 1, 1));
	say("kind %x format %s\n", *kind, buf + 4);
	show(get(4, 0, 4, 6, 3));
	say("kind %x format %s\n", *kind, buf + 4);
	show(get(4, 0, 5, 1, 1));
	say("%s\n", buf);
	show(get(4, 0, 2, 1, 1));
	say("%d.%d\n", ((int *)buf)[0], ((int *)buf)[1]);
	show(get(3, 0, 4, 12345));
}
static void walk(void)
{
	static int oid[26], name_of[26], back[26];
	unsigned n = 0, depth = 2, bad = 0;

	oid[0] = 0, oid[1] = 2;
	for (;;) {
		size_t next = 24 * sizeof(int), l;
		long r = sysctl(oid, depth, back, &next, 0, 0);
		if (r == -ENOENT)
			break;
		if (r < 0)
			fail("next");
		memcpy(oid + 2, back, next);
		depth = 2 + (unsigned)(next / 4);
		memcpy(name_of, oid, sizeof(oid));
		name_of[1] = 1;
		if (get(depth, 0), (len = sizeof(buf), sysctl(name_of, depth, buf, &len, 0, 0)))
			fail("name");
		l = sizeof(back);
		r = sysctl(((int[]){ 0, 3 }), 2, back, &l, buf, strlen(buf));
		if (r || l != next || memcmp(back, oid + 2, l)) {
			say("%s does not lead back\n", buf);
			bad++;
		}
		name_of[1] = 4;
		len = 8;
		r = sysctl(name_of, depth, back, &len, 0, 0);
		len = 0;
		if ((back[0] & 15) != 1 && (r = sysctl(oid + 2, depth - 2, 0, &len, 0, 0)))
			say("%s: %e\n", buf, r), bad++;
		n++;
	}
	yes(n > 200);
	show(bad);
}
static void process(void)
{
	struct { int size, layout; long addr[8]; int pid, ppid; } *k = (void *)buf;
	int me = (int)getpid();

	show(get(4, 1, 14, 12, -1));
	yes(buf[0] == '/' && len == strlen(buf) + 1);
	show(get(4, 1, 14, 7, me));
	yes(!strcmp(buf, ((char **)argblock)[1]));
	show(sysctl(MIB(1, 14, 7, me), 4, 0, 0, "a title", 7));
	show(get(4, 1, 14, 7, -1));
	yes(!memcmp(buf, "a title", 7) && len == 7);
	show(get(4, 1, 14, 1, me));
	yes(len == 1088 && k->size == 1088 && k->pid == me && k->ppid == (int)getppid());
	show(get(4, 1, 14, 1, 0x3fffffff));
	show(sysctl(MIB(1, 14, 0), 3, 0, &len, 0, 0));
	yes(len >= 1088 && len % 1088 == 0);
	show(get(4, 1, 14, 12, 0x3fffffff));
	show(get(4, 1, 14, 38, me));
	show(get(4, 1, 14, 39, me));
	show(get(5, 1, 14, 37, me, RLIMIT_STACK));
	yes(len == 16);
	show(get(4, 1, 14, 32, me));
	yes(len > 5 * 136 && *(u64 *)(buf + 8) < *(u64 *)(buf + 16));
	show(get(4, 1, 14, 33, me));
	yes(len > 4 * 368);
	show(get(4, 1, 14, 43, 0));
	yes(*(int *)buf >= 3);
	show(get(3, 1, 14, 7));
}
/* {net, route, 0, family, what, interface}: RTM_IFINFO of the loopback, with its name, then its address */
static void interfaces(void)
{
	char *at = buf;
	int infos = 0, lo = 0, four = 0;

	show(get(6, 4, 17, 0, 0, 3, 0));
	for (; at < buf + len; at += *(u16 *)at) {
		u8 type = (u8)at[3];
		if (type == 14)
			infos++, lo |= at[168 + 1] == 18 && !strncmp(at + 168 + 8, "lo", 2);
		if (type == 12 && at[20 + 1] == AF_INET && *(u32 *)(at + 20 + 16 + 4) == LOOPBACK)
			four = 1;
	}
	yes(infos >= 1 && lo && four);
	show(get(6, 4, 17, 0, AF_INET, 5, 0));
	yes(len > 0 && *(u16 *)(buf + 16) == 176 && *(u16 *)(buf + 18) == 24);
	show(get(6, 4, 17, 0, 0, 1, 0));
	show(get(6, 4, 17, 0, 0, 99, 0));
}
int main(int argc, char **argv)
{
	values();
	devices();
	errors();
	about();
	walk();
	process();
	interfaces();
	return 0;
}
