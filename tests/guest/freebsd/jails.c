/* SPDX-License-Identifier: BSD-2-Clause
 * Jails: made, asked for, changed, entered and removed; what is in one sees its own root, names and processes; what it may
 * not; a jail that nobody is in is gone; a jail in a jail; messages of what is wrong.
 * TEST needs: root
 * TEST timeout: 60
 */
#include "fbsd.h"

enum { CREATE = 1, UPDATE = 2, ATTACH = 4 };
#define jail_attach(jid) sys(SYS_jail_attach, jid)
#define jail_remove(jid) sys(SYS_jail_remove, jid)

static struct iovec iov[64];
static int n_iov;
static char errmsg[128];

/* Names that no other run of this test has. */
static char one[32] = "guise-0000000", two[32], dir[64];

static char *hide(char *s)                /* the name as the golden file has it */
{
	static char b[4][64];
	static int k;
	char *to = b[k++ % 4];
	long n = (long)strlen(one);
	for (char *at = to; (*at = *s) != 0; at++, s++)
		if (!strncmp(s, one, (size_t)n)) {
			memcpy(at, "NAME", 4);
			at += 3;
			s += n - 1;
		}
	return to;
}
static void begin(void)
{
	n_iov = 0;
	memset(errmsg, 0, sizeof(errmsg));
}
static void raw(const char *name, void *v, size_t n)
{
	iov[n_iov++] = (struct iovec){ (void *)name, strlen(name) + 1 };
	iov[n_iov++] = (struct iovec){ v, n };
}
static void text(const char *name, const char *v) { raw(name, (void *)v, strlen(v) + 1); }
static void number(const char *name, int v)
{
	static int kept[32], k;
	kept[k % 32] = v;
	raw(name, &kept[k++ % 32], 4);
}
static void flag(const char *name) { raw(name, 0, 0); }
static long set(int flags)
{
	raw("errmsg", errmsg, sizeof(errmsg));
	long r = sys(SYS_jail_set, iov, n_iov, flags);
	if (errmsg[0])
		say("  %s\n", hide(errmsg));
	return r;
}
static long get(int flags)
{
	raw("errmsg", errmsg, sizeof(errmsg));
	long r = sys(SYS_jail_get, iov, n_iov, flags);
	if (errmsg[0])
		say("  %s\n", hide(errmsg));
	return r;
}
static long jid_of(const char *name)
{
	begin();
	text("name", name);
	raw("errmsg", errmsg, sizeof(errmsg));
	return sys(SYS_jail_get, iov, n_iov, 0);
}
static void ask(long jid)
{
	char name[256], path[1024], host[256], uuid[64];
	int parent = -1, persist = -1, no = -1, max = -1, cur = -1, level = -9, ip4 = -1, allow = -1, dying = -1;
	begin();
	number("jid", (int)jid);
	raw("name", name, 256), raw("path", path, 1024), raw("host.hostname", host, 256), raw("host.hostuuid", uuid, 64);
	raw("parent", &parent, 4), raw("persist", &persist, 4), raw("nopersist", &no, 4), raw("children.max", &max, 4);
	raw("children.cur", &cur, 4), raw("securelevel", &level, 4), raw("ip4", &ip4, 4), raw("allow.raw_sockets", &allow, 4);
	raw("dying", &dying, 4);
	yes(get(0) == jid);
	say("  %s, %s, host %s %s, parent %d, persist %d %d, children %d of %d\n", hide(name), strcmp(path, dir) ? path : "the directory", host, uuid,
	    parent, persist, no, cur, max);
	say("  level %d ip4 %d raw %d dying %d\n", level, ip4, allow, dying);
}
static void wrong(void)
{
	char b[8];

	say("wrong\n");
	begin(), show(set(0));
	begin(), text("name", one), show(set(CREATE));
	begin(), text("name", one), show(set(UPDATE));
	begin(), show(set(UPDATE));
	begin(), flag("persist"), text("path", "/none"), show(set(CREATE));
	begin(), flag("persist"), text("path", "file"), show(set(CREATE));
	begin(), flag("persist"), text("name", one), text("colour", "red"), show(set(CREATE));
	begin(), flag("persist"), text("name", "7x.none"), show(set(CREATE));
	begin(), flag("persist"), number("jid", -3), show(set(CREATE));
	begin(), flag("persist"), number("jid", 900001), text("name", "17"), show(set(CREATE));
	begin(), flag("persist"), number("enforce_statfs", 3), show(set(CREATE));
	begin(), flag("persist"), number("vnet", 1), show(set(CREATE));
	begin(), flag("persist"), raw("ip4.addr", b, 5), show(set(CREATE));
	begin(), flag("persist"), number("ip4", 7), show(set(CREATE));
	begin(), flag("persist"), raw("children.max", b, 8), show(set(CREATE));
	begin(), flag("persist"), raw("name", "abc", 3), show(set(CREATE));
	show(sys(SYS_jail_set, iov, 3, CREATE));
	show(sys(SYS_jail_set, 8, 2, CREATE));
	show(sys(SYS_jail_set, iov, 2, 0x100));
	show(jail_attach(987654)), show(jail_remove(987654)), show(jail_attach(0));
	begin(), show(get(0));
	begin(), number("jid", 987654), show(get(0));
	show(jid_of("none"));
	say("  %s\n", errmsg);
}
static void sysctl_text(const char *name)
{
	char b[256] = { 0 };
	size_t len = sizeof(b);
	long e = sysctlbyname(name, strlen(name), b, &len, 0, 0);
	say("  %s: %e %s\n", name, e, b);
}
static int sysctl_int(const char *name)
{
	int v = -77;
	size_t len = 4;
	sysctlbyname(name, strlen(name), &v, &len, 0, 0);
	return v;
}
static struct { char b[1088]; } k;
static long seen(long pid)
{
	u64 len = sizeof(k);
	return sysctl(((int[]){ 1, 14, 1, (int)pid }), 4, &k, &len, 0, 0);
}
static void inside(long outer)
{
	struct stat st;
	char b[64];
	long p;

	show(fstatat(AT_FDCWD, "/marker", &st, 0)), show(fstatat(AT_FDCWD, "/../../etc", &st, 0)), show(getcwd(b, 64));
	say("  %s\n", b);
	sysctl_text("kern.hostname"), sysctl_text("kern.hostuuid");
	show(sysctl_int("security.jail.jailed")), show(sysctl_int("security.jail.children.max"));
	show(sysctlbyname("kern.hostname", 13, 0, 0, "renamed", 7));
	sysctl_text("kern.hostname");
	show(kill(outer, 0)), show(seen(outer)), show(sys(SYS_getpgid, outer)), show(sys(SYS_getsid, outer)), show(kill(1, 0));
	show(seen(getpid()));
	yes(*(int *)(k.b + 0) == 1088);
	if (!(p = fork()))
		sleep_ms(20000);
	show(kill(p, 0)), show(seen(p));
	show(kill(-1, SIGTERM));                                      /* all that it sees: that is its child */
	show(wait_for(p));
	show(socket(AF_INET, SOCK_STREAM, 0)), show(socket(AF_INET6, SOCK_STREAM, 0));
	works(socket(AF_UNIX, SOCK_STREAM, 0));
	show(sys(SYS_shmget, 0, 4096, 01600)), show(sys(SYS_semget, 0, 1, 01600)), show(sys(SYS_msgget, 0, 01600));
	show(mlock(b, 1)), show(sys(SYS_freebsd11_mknod, "/dev", 0020600, 1)), show(sys(SYS_settimeofday, TV(1, 0), 0));
	begin(), flag("persist"), show(set(CREATE));
	begin(), number("lastjid", 0), show(get(0));
	show(jail_attach(1)), show(jail_remove(1));
	sys(SYS_setuid, 12345);                                       /* no less in it for that */
	show(socket(AF_INET, SOCK_STREAM, 0));
	works(socket(AF_UNIX, SOCK_STREAM, 0));
	sysctl_text("kern.hostname");
	show(sysctlbyname("kern.hostname", 13, 0, 0, "again", 5)), show(kill(outer, 0));
}
static void plain(void)
{
	long jid, p, outer = getpid();

	say("a jail\n");
	begin(), text("name", one), text("path", dir), text("host.hostname", "inner"), flag("persist");
	show((jid = set(CREATE)) > 0);
	yes(jid == jid_of(one));
	ask(jid);
	begin(), text("name", one), text("path", dir), flag("persist");
	long again = set(CREATE);
	show(again);
	begin(), number("jid", (int)jid), text("path", "/"), show(set(UPDATE));
	begin(), number("jid", (int)jid), number("securelevel", 2), flag("allow.raw_sockets"), show(set(UPDATE) - jid);
	ask(jid);
	begin(), number("jid", (int)jid), flag("allow.noraw_sockets"), show(set(UPDATE) - jid);
	if (!(p = fork())) {
		show(jail_attach(jid));
		inside(outer);
		quit(0);
	}
	show(wait_for(p));
	ask(jid);
	if (!(p = fork())) {
		jail_attach(jid);
		sleep_ms(20000);
	}
	for (int i = 0; i < 2000 && !(seen(p) == 0 && *(int *)(k.b + 592) == jid); i++)
		sleep_ms(1);
	yes(kill(p, 0) == 0);
	show(jail_remove(jid));
	show(wait_for(p));
	yes(jid_of(one) == -ENOENT);
}
static void gone(void)
{
	int go[2], said[2];
	char b;
	long p, jid;

	say("while somebody is in it\n");
	pipe2(go, 0), pipe2(said, 0);
	if (!(p = fork())) {
		begin(), text("name", one), text("path", dir), number("ip4", 2), number("sysvshm", 2), flag("allow.mlock");
		yes(set(CREATE | ATTACH) > 0);
		if (!fork()) {
			write(said[1], "x", 1);
			read(go[0], &b, 1);
			quit(0);
		}
		long s = socket(AF_INET, SOCK_STREAM, 0), id = sys(SYS_shmget, 0, 4096, 01600);
		yes(s >= 0 && id >= 0);
		sys(SYS_shmctl, id, 0, 0);
		show(mlock(&b, 1));
		quit(0);
	}
	show(wait_for(p));
	read(said[0], &b, 1);
	yes((jid = jid_of(one)) > 0);                                 /* the child is still there */
	write(go[1], "x", 1);
	for (int i = 0; i < 3000 && jid_of(one) > 0; i++)
		sleep_ms(1);
	yes(jid_of(one) == -ENOENT);
}
static void nested(void)
{
	char name[256], path[1024];
	long p, jid, inner;

	say("a jail in a jail\n");
	strcpy(two, one);
	memcpy(two + strlen(two), ".kid", 5);
	begin(), text("name", one), text("path", dir), number("children.max", 1), flag("persist");
	show((jid = set(CREATE)) > 0);
	if (!(p = fork())) {
		jail_attach(jid);
		begin(), text("name", "kid"), text("path", "/deep"), text("host.hostname", "kid"), flag("persist");
		yes((inner = set(CREATE)) > jid);
		begin(), text("name", "kid2"), text("path", "/deep"), flag("persist"), show(set(CREATE));
		memcpy(name, "kid", 4);
		begin(), text("name", name), raw("path", path, 1024);
		yes(get(0) == inner);
		say("  %s\n", path);
		begin(), text("name", "kid"), show(get(0));             /* written to, too */
		show(jail_attach(jid));
		show(jail_attach(inner));
		struct stat st;
		show(fstatat(AT_FDCWD, "/deeper", &st, 0));
		sysctl_text("kern.hostname");
		quit(0);
	}
	show(wait_for(p));
	ask(jid);
	inner = jid_of(two);
	yes(inner > 0);
	begin(), number("lastjid", (int)jid), raw("name", name, 256), show(get(0) == inner);
	say("  %s\n", hide(name));
	begin(), text("name", two), flag("persist"), flag("allow.mlock"), show(set(UPDATE));
	show(jail_remove(jid));
	yes(jid_of(two) == -ENOENT && jid_of(one) == -ENOENT);
}
static void others(void)
{
	struct { u32 version, pad; const char *path, *host, *name; u32 ip4s, ip6s; void *ip4, *ip6; } old = { 2, 0, dir, "old", one };
	long p;

	say("others\n");
	if (!(p = fork())) {
		yes(sys(SYS_jail, &old) > 0);
		sysctl_text("kern.hostname");
		show(sysctl_int("security.jail.jailed"));
		quit(0);
	}
	show(wait_for(p));
	yes(jid_of(one) == -ENOENT);
	old.version = 1;
	show(sys(SYS_jail, &old)), show(sys(SYS_jail, 8));
	sys(SYS_setuid, 12345);
	begin(), flag("persist"), show(set(CREATE));
	show(jail_attach(1)), show(jail_remove(1)), show(sys(SYS_jail, &old));
}
static long bound(long s, u32 addr)
{
	struct sockaddr_in a = { 16, AF_INET, 0, addr };
	return bind(s, &a, 16);
}
static void name_of(const char *what, long s, long nr)
{
	struct sockaddr_in a = { 0 };
	u32 len = 16;
	long e = sys(nr, s, &a, &len);
	say("  %s: %e %d.%d.%d.%d\n", what, e, a.addr & 255, a.addr >> 8 & 255, a.addr >> 16 & 255, a.addr >> 24);
}
/* Of the machine's addresses one is the jail's: any, and the loopback's, are that one; no other can be had. */
static void addresses(void)
{
	u32 own[2] = { 0x0300007f, 0x0400007f }, got[4] = { 0 }, len = 16;
	struct sockaddr_in a = { 0 };
	long p, l, s, u, c;
	int ip4 = 9;

	say("addresses\n");
	if (!(p = fork())) {
		begin(), text("name", one), text("path", dir), raw("ip4.addr", own, 4);
		yes(set(CREATE | ATTACH) > 0);
		show(socket(AF_INET6, SOCK_STREAM, 0));
		l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
		show(bound(l, 0x0500007f)), show(bound(l, 0));
		name_of("any", l, SYS_getsockname);
		show(listen(l, 5));
		sys(SYS_getsockname, l, &a, &len);
		a.addr = 0x0100007f;
		show(connect(s, &a, 16));
		name_of("peer", s, SYS_getpeername), name_of("own", s, SYS_getsockname);
		c = accept(l, 0, 0);
		name_of("accepted from", c, SYS_getpeername);
		show(sendto(u, "x", 1, 0, &a, 16) == 1 ? 0 : 1);
		name_of("datagrams from", u, SYS_getsockname);
		show(bound(socket(AF_INET, SOCK_DGRAM, 0), 0x0100007f));
		quit(0);
	}
	show(wait_for(p));
	begin(), text("name", one), text("path", dir), raw("ip4.addr", own, 8), number("children.max", 2), flag("persist");
	long jid = set(CREATE);
	begin(), number("jid", (int)jid), raw("ip4.addr", got, 16), raw("ip4", &ip4, 4);
	yes(get(0) == jid);
	say("  %d bytes, %d\n", (int)iov[3].len, !memcmp(got, own, 8));
	if (!(p = fork())) {
		jail_attach(jid);
		u = socket(AF_INET, SOCK_DGRAM, 0);
		show(bound(u, own[1]));
		own[0] = 0x0600007f;
		begin(), flag("persist"), text("path", "/deep"), raw("ip4.addr", own, 4), show(set(CREATE));
		begin(), flag("persist"), text("path", "/deep"), raw("ip4.addr", own + 1, 4), yes(set(CREATE) > jid);
		quit(0);
	}
	show(wait_for(p));
	begin(), number("jid", (int)jid), raw("ip4.addr", own + 1, 4), yes(set(UPDATE) == jid);
	show(jail_remove(jid));
}
/* Over exec, by another program of this kind. */
static void after_exec(char **argv)
{
	char *av[] = { "/program", "in", 0 };
	long p;

	say("exec\n");
	if (!(p = fork())) {
		begin(), text("name", one), text("path", dir), text("host.hostname", "execs");
		yes(set(CREATE | ATTACH) > 0);
		show(execve("/program", av, env));
		quit(1);
	}
	show(wait_for(p));
	yes(jid_of(one) == -ENOENT);
}
static void copy(const char *from, const char *to)
{
	static char b[65536];
	long f = open(from, O_RDONLY, 0), t = open(to, O_WRONLY | O_CREAT, 0755), n;
	while ((n = read(f, b, sizeof(b))) > 0)
		write(t, b, n);
	close(f), close(t);
}
int main(int argc, char **argv)
{
	if (argc > 1) {
		show(sysctl_int("security.jail.jailed"));
		sysctl_text("kern.hostname");
		show(kill(1, 0));
		return 0;
	}
	own_name(one);
	yes(getcwd(dir, 50) == 0);
	memcpy(dir + strlen(dir), "/jail", 6);
	mkdir("jail", 0755), mkdir("jail/deep", 0755), mkdir("jail/deep/deeper", 0755);
	put_file("file", "x"), put_file("jail/marker", "x");
	copy(argv[0], "jail/program");
	wrong();
	plain();
	gone();
	nested();
	addresses();
	after_exec(argv);
	others();
	return 0;
}
