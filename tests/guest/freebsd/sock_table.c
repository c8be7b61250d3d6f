/* SPDX-License-Identifier: BSD-2-Clause
 * The machine's sockets and open files as sockstat and netstat read them: one of this process's sockets of each kind is in
 * its list, as what it is, and leads to the descriptor in kern.file; what is closed is gone.
 */
#include "fbsd.h"

static char *all, *files;
static size_t len, files_len;
#define AT(type, at) (*(type *)(at))

/* The machine may have many, and other tests make more meanwhile. */
static char *read_all(const char *name, size_t *n)
{
	for (int i = 0; i < 10; i++) {
		*n = 0;
		if (sysctlbyname(name, strlen(name), 0, n, 0, 0))
			break;
		size_t room = *n = *n * 2 + (1 << 20);
		char *at = pages(room);
		if (!sysctlbyname(name, strlen(name), at, n, 0, 0))
			return at;
		munmap(at, room);
	}
	fail(name);
	return 0;
}
/* Rows between the two heads; NULL where there is none for which `is`. */
static char *row_once(const char *name, int (*is)(char *, long), long arg, int *whole)
{
	char *at, *found = 0;
	u32 n = 0;
	all = read_all(name, &len);
	u64 head = AT(u64, all), one;
	for (at = all + head; at < all + len && (one = AT(u64, at)) > head; at += one, n++)
		if (is(at, arg) && !found)
			found = at;
	*whole = at == all + len - head && AT(u64, at) == head && AT(u32, at + 8) == n;
	return found;
}
/* The host reads its table in pieces: while others open and close, one may be passed over. */
static char *row(const char *name, int (*is)(char *, long), long arg)
{
	int whole, all_whole = 1;
	char *found = 0;
	for (int i = 0; i < 5 && !found; i++) {
		found = row_once(name, is, arg, &whole);
		all_whole &= whole;
	}
	yes(all_whole);
	return found;
}
/* The descriptor of ours whose socket this is, by kern.file. */
static int descriptor(u64 so)
{
	files = read_all("kern.file", &files_len);
	for (char *f = files; f < files + files_len; f += 128)
		if (AT(u64, f) != 128)
			fail("xfile");
		else if (AT(int, f + 8) == getpid() && AT(u64, f + 56) == so)
			return AT(short, f + 32) == 2 ? AT(int, f + 16) : -2;
	return -1;
}
static long port_of(long s)
{
	struct sockaddr_in in = { 0 };
	u32 n = sizeof in;
	getsockname(s, &in, &n);
	return in.port;
}
static int tcp_here(char *x, long port) { return AT(u16, x + 8 + 254) == port && AT(u32, x + 8 + 284) == 0x0100007f; }
/* of its ports; another connection may begin at the same one */
static long remote;
static int tcp_between(char *x, long port) { return tcp_here(x, port) && AT(u16, x + 8 + 252) == remote; }
static int udp_here(char *x, long port) { return AT(u16, x + 254) == port && AT(u32, x + 284) == 0x0100007f; }
static int unix_here(char *x, long path) { return !strcmp(x + 152 + 2, (char *)path); }

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .len = sizeof in, .family = AF_INET, .addr = 0x0100007f };
	struct sockaddr_un un = { .len = sizeof un, .family = AF_UNIX };
	long tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);
	long c = socket(AF_INET, SOCK_STREAM, 0), port;
	char *x;

	show(bind(tcp, &in, sizeof in));
	show(listen(tcp, 7));
	port = port_of(tcp);
	in.port = (u16)port;
	show(connect(c, &in, sizeof in));
	x = row("net.inet.tcp.pcblist", tcp_here, port);
	yes(x && AT(u64, x) == 744 && AT(u64, x + 8) == 400 && AT(int, x + 568) == 1);           /* LISTEN */
	yes(x && AT(u64, x + 16) == 240 && AT(int, x + 16 + 100) == AF_INET && AT(short, x + 16 + 156) == SOCK_STREAM);
	yes(x && AT(short, x + 16 + 158) & 2 && AT(u8, x + 8 + 392) == 1 && descriptor(AT(u64, x + 24)) == tcp);
	remote = port;
	x = row("net.inet.tcp.pcblist", tcp_between, port_of(c));
	yes(x && AT(int, x + 568) == 4 && AT(u16, x + 8 + 252) == port && descriptor(AT(u64, x + 24)) == c);     /* ESTABLISHED */
	in.port = 0;
	show(bind(udp, &in, sizeof in));
	x = row("net.inet.udp.pcblist", udp_here, port_of(udp));
	yes(x && AT(u64, x) == 400 && AT(short, x + 8 + 156) == SOCK_DGRAM && descriptor(AT(u64, x + 16)) == udp);
	getcwd(un.path, 90);
	strcpy(un.path + strlen(un.path), "/sock");
	show(bind(local, &un, sizeof un));
	show(listen(local, 1));
	x = row("net.local.stream.pcblist", unix_here, (long)un.path);
	yes(x && AT(u64, x) == 904 && AT(u8, x + 153) == AF_UNIX && descriptor(AT(u64, x + 664 + 8)) == local);
	row("net.local.dgram.pcblist", unix_here, (long)"none");
	row("net.local.seqpacket.pcblist", unix_here, (long)"none");
	row("net.inet.raw.pcblist", udp_here, -1);
	close(udp);
	yes(!row("net.inet.udp.pcblist", udp_here, port_of(udp)));
	close(local);
	yes(!row("net.local.stream.pcblist", unix_here, (long)un.path));
	len = 0;
	show(sysctlbyname("kern.file", 9, 0, &len, 0, 0));
	yes(len >= 128 && len % 128 == 0);
	return 0;
}
