/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine's sockets and open files: net.inet.*.pcblist, net.local.*.pcblist, kern.file. netstat and sockstat read them.
 * They are the host's tables under /proc/net and /proc/N/fd; a socket's kernel address, by which a program brings the
 * two together, is made of its inode. Structs: sys/socketvar.h, netinet/in_pcb.h, netinet/tcp_var.h, sys/unpcb.h and
 * sys/file.h of 15.0, unchanged in size since 12; programs made for an older kernel are told that there is no such list.
 */
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "host.h"
#include "procfs.h"
#include "freebsd/sysctl.h"

struct xsockbuf { uint32_t cc, hiwat, rest[4]; int32_t lowat, timeo; int16_t flags; };
struct xsocket {
	uint64_t len, so, pcb, oobmark, spare64[8];
	int32_t protocol, family;
	uint32_t qlen, incqlen, qlimit;
	int32_t pgid;
	uint32_t uid;
	int32_t spare32[8];
	int16_t type, options, linger, state, timeo;
	uint16_t error;
	struct xsockbuf rcv, snd;
};
struct xinpcb {
	uint64_t len;
	struct xsocket socket;
	uint8_t inc_flags, inc_len;
	uint16_t fib, fport, lport;
	uint32_t faddr[4], laddr[4], zone;       /* an IPv4 address is the last word */
	uint64_t gencnt, ppcb;
	int64_t spare64[4];
	uint32_t flow[3];
	int32_t flags, flags2, bucket, cksum, spare32[4];
	uint16_t hops;
	uint8_t tos, pad, vflag, ttl, protocol, minttl, spare8[4];
};
struct xtcpcb {
	uint64_t len;
	struct xinpcb inp;
	char stack[32], logid[64], cc[16];
	int64_t spare64[6];
	int32_t state;
	uint8_t rest[172];
};
struct xunpcb {
	uint64_t len, unpp, vnode, conn, firstref, nextref, gencnt;
	int64_t spare64[8];
	int32_t spare32[8];
	uint8_t addr[256], peer[256];
	struct xsocket socket;
};
struct xinpgen { uint64_t len; uint32_t count, pad; uint64_t gen, sogen, spare[4]; };
struct xunpgen { uint64_t len; uint32_t count, pad; uint64_t gen, sogen; };
struct xfile {
	uint64_t size;
	int32_t pid;
	uint32_t uid;
	int32_t fd, pad1;
	uint64_t file;
	int16_t type, pad2;
	int32_t count, msgcount, pad3;
	int64_t offset;
	uint64_t data, vnode;
	uint32_t flag, pad4;
	int64_t spare[6];
};
_Static_assert(sizeof(struct xsocket) == 240 && sizeof(struct xinpcb) == 400 && sizeof(struct xtcpcb) == 744, "pcbs");
_Static_assert(sizeof(struct xunpcb) == 904 && sizeof(struct xinpgen) == 64 && sizeof(struct xunpgen) == 32, "pcbs");
_Static_assert(sizeof(struct xfile) == 128, "struct xfile");
enum { FBSD_SO_ACCEPTCONN = 2, FBSD_SS_ISCONNECTED = 2, INP_IPV4 = 1, INP_IPV6 = 2, SUN_PATH_MOST = 104 };
enum { DTYPE_VNODE = 1, DTYPE_SOCKET = 2, DTYPE_PIPE = 3, DTYPE_FIFO = 4, DTYPE_NONE = 0 };
enum { FREAD = 1, FWRITE = 2 };
#define RELEASE_12 1200000
#define ADDRESS_OF(inode) (0xfffff80000000000ull | (uint64_t)(inode) << 8)
#define PCB_OF(inode) (ADDRESS_OF(inode) | 0x80)

/* Linux's TCP states, as FreeBSD counts them. */
static const int tcp_state[16] = { [1] = 4, [2] = 2, [3] = 3, [4] = 6, [5] = 9, [6] = 10, [7] = 0, [8] = 5, [9] = 8, [10] = 1, [11] = 7, [12] = 3 };
enum { LINUX_ESTABLISHED = 1, LINUX_LISTEN = 10 };

/* --- the host's tables: fields between blanks ------------------------------------------------------------------------- */
enum { MOST_FIELDS = 12 };
static unsigned fields(const char *s, const char *f[MOST_FIELDS])
{
	unsigned n = 0;
	for (;;) {
		while (*s == ' ')
			s++;
		if (!*s || n == MOST_FIELDS)
			return n;
		f[n++] = s;
		while (*s && *s != ' ')
			s++;
	}
}
/* Up to `digits` of them; where they end. */
static const char *hex(const char *s, unsigned digits, uint32_t *v)
{
	for (*v = 0; digits--; s++) {
		int d = *s >= '0' && *s <= '9' ? *s - '0' : *s >= 'A' && *s <= 'F' ? *s - 'A' + 10 : -1;
		if (d < 0)
			break;
		*v = *v << 4 | (unsigned)d;
	}
	return s;
}
static uint32_t number(const char *s)
{
	uint64_t v = 0;
	str_num(s, &v);
	return (uint32_t)v;
}
static void generation(struct sysctl_req *r, size_t len, uint32_t n, long *e)
{
	struct xinpgen g = { .len = len, .count = n, .gen = 1, .sogen = 1 };
	if (!*e)
		*e = sysctl_out(r, &g, len);
}
static void socket_of(struct xsocket *x, uint32_t inode, int family, int type, int protocol)
{
	*x = (struct xsocket){ .len = sizeof *x, .so = ADDRESS_OF(inode), .pcb = PCB_OF(inode), .family = family,
			       .type = (int16_t)type, .protocol = protocol };
}
struct list { struct sysctl_req *r; bool v6; int type, protocol; uint32_t n; };

/* --- /proc/net/tcp, udp, raw and their like for IPv6 ------------------------------------------------------------------ */
/* "sl: local:port remote:port st tx:rx tr:when retrnsmt uid timeout inode"; addresses are words in the machine's order */
static void endpoint(const char *s, bool v6, uint32_t addr[4], uint16_t *port)
{
	uint32_t p;
	for (int i = v6 ? 0 : 3; i < 4; i++)
		s = hex(s, 8, &addr[i]);
	hex(s + 1, 4, &p);
	*port = __builtin_bswap16((uint16_t)p);
}
static long inet_line(void *arg, const char *line)
{
	struct list *l = arg;
	const char *f[MOST_FIELDS];
	struct xtcpcb t = { .len = sizeof t };
	struct xinpcb *x = &t.inp;
	uint32_t state, tx, rx;

	if (fields(line, f) < 10 || f[0][0] < '0' || f[0][0] > '9')
		return 0;                /* the titles */
	x->len = sizeof *x;
	socket_of(&x->socket, number(f[9]), (int)set_to_guest(l->r->p->pers, SET_AF, l->v6 ? AF_INET6 : AF_INET), l->type,
		  l->protocol);
	endpoint(f[1], l->v6, x->laddr, &x->lport);
	endpoint(f[2], l->v6, x->faddr, &x->fport);
	hex(f[3], 2, &state);
	hex(hex(f[4], 8, &tx) + 1, 8, &rx);
	x->vflag = l->v6 ? INP_IPV6 : INP_IPV4;
	x->protocol = (uint8_t)l->protocol;
	x->socket.uid = number(f[7]);
	t.state = tcp_state[state & 15];
	if (l->type == SOCK_STREAM && state == LINUX_LISTEN) {
		x->socket.options = FBSD_SO_ACCEPTCONN;
		x->socket.qlen = rx, x->socket.qlimit = tx;
	} else {
		x->socket.snd.cc = tx, x->socket.rcv.cc = rx;
		x->socket.state = state == LINUX_ESTABLISHED ? FBSD_SS_ISCONNECTED : 0;
	}
	l->n++;
	return l->type == SOCK_STREAM ? sysctl_out(l->r, &t, sizeof t) : sysctl_out(l->r, x, sizeof *x);
}
static long inet_list(struct sysctl_req *r, int type, int protocol, const char *v4, const char *v6)
{
	struct list l = { r, false, type, protocol, 0 };
	long e = fbsd_osreldate(r->p) < RELEASE_12 ? -ENOENT : 0, none;
	generation(r, sizeof(struct xinpgen), 0, &e);
	if (!e)
		e = procfs_lines(v4, inet_line, &l);
	l.v6 = true;
	if (!e && (none = procfs_lines(v6, inet_line, &l)) != -ENOENT)   /* a host may do without IPv6 */
		e = none;
	generation(r, sizeof(struct xinpgen), l.n, &e);
	return e;
}
long pcb_tcp(struct sysctl_req *r) { return inet_list(r, SOCK_STREAM, IPPROTO_TCP, "/proc/net/tcp", "/proc/net/tcp6"); }
long pcb_udp(struct sysctl_req *r) { return inet_list(r, SOCK_DGRAM, IPPROTO_UDP, "/proc/net/udp", "/proc/net/udp6"); }
long pcb_raw(struct sysctl_req *r) { return inet_list(r, SOCK_RAW, 0, "/proc/net/raw", "/proc/net/raw6"); }

/* --- /proc/net/unix: "num: refs protocol flags type st inode path" ----------------------------------------------------------- */
static long unix_line(void *arg, const char *line)
{
	struct list *l = arg;
	const char *f[MOST_FIELDS];
	struct xunpcb x = { .len = sizeof x };
	unsigned n = fields(line, f);
	uint32_t flags, type, state, inode;

	if (n < 7 || f[1][0] < '0' || f[1][0] > '9')
		return 0;
	hex(f[3], 8, &flags), hex(f[4], 4, &type), hex(f[5], 2, &state);
	if ((int)type != l->type)
		return 0;
	inode = number(f[6]);
	x.unpp = PCB_OF(inode);
	socket_of(&x.socket, inode, AF_UNIX, l->type, 0);
	x.socket.options = flags ? FBSD_SO_ACCEPTCONN : 0;
	x.socket.state = state == 3 ? FBSD_SS_ISCONNECTED : 0;
	if (n > 7) {                     /* of a name without a file the host shows an @ */
		char host_path[4096], guest[4096];
		str_copy(host_path, f[7], sizeof host_path);
		long len = *host_path == '/' ? path_to_guest(l->r->p, host_path, guest, sizeof guest) : -ENOENT;
		str_copy((char *)x.addr + 2, len < 0 ? host_path : guest, SUN_PATH_MOST);
		x.addr[0] = (uint8_t)(3 + str_len((char *)x.addr + 2));
		x.addr[1] = AF_UNIX;
	}
	l->n++;
	return sysctl_out(l->r, &x, sizeof x);
}
static long unix_list(struct sysctl_req *r, int type)
{
	struct list l = { r, false, type, 0, 0 };
	long e = fbsd_osreldate(r->p) < RELEASE_12 ? -ENOENT : 0;
	generation(r, sizeof(struct xunpgen), 0, &e);
	if (!e)
		e = procfs_lines("/proc/net/unix", unix_line, &l);
	generation(r, sizeof(struct xunpgen), l.n, &e);
	return e;
}
long pcb_stream(struct sysctl_req *r) { return unix_list(r, SOCK_STREAM); }
long pcb_dgram(struct sysctl_req *r) { return unix_list(r, SOCK_DGRAM); }
long pcb_seqpacket(struct sysctl_req *r) { return unix_list(r, SOCK_SEQPACKET); }

/* --- kern.file: every descriptor of every process that the host lets us look into ----------------------------------------------- */
struct files { struct sysctl_req *r; struct xfile x; };

static int type_of(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFSOCK: return DTYPE_SOCKET;
	case S_IFIFO: return DTYPE_PIPE;
	case 0: return DTYPE_NONE;
	}
	return DTYPE_VNODE;
}
static long file_one(void *arg, unsigned fd)
{
	struct files *f = arg;
	struct xfile *x = &f->x;
	char path[48];
	struct stat st;

	if (x->pid == f->r->p->pid && fd_is_ours(f->r->p, fd))
		return 0;
	fmt(path, sizeof path, "/proc/%d/fd/%u", x->pid, fd);
	if (host(SYS_stat, path, &st) < 0)
		return 0;
	x->fd = (int)fd;
	x->type = (int16_t)type_of(st.st_mode);
	x->data = x->file = ADDRESS_OF(st.st_ino);
	x->vnode = x->type == DTYPE_VNODE ? x->data : 0;
	x->count = 1;
	x->flag = FREAD | FWRITE;
	return sysctl_out(f->r, x, sizeof *x);
}
static long file_process(void *arg, unsigned pid)
{
	struct files *f = arg;
	char path[32];
	struct stat st;

	fmt(path, sizeof path, "/proc/%u", pid);
	if (host(SYS_stat, path, &st) < 0)
		return 0;
	f->x = (struct xfile){ .size = sizeof f->x, .pid = (int)pid, .uid = st.st_uid };
	fmt(path, sizeof path, "/proc/%u/fd", pid);
	long e = procfs_each(path, file_one, f);
	return e == -ENOMEM || e == -EFAULT ? e : 0;     /* another's, or gone meanwhile */
}
long kern_file(struct sysctl_req *r)
{
	struct files f = { .r = r };
	long e = fbsd_osreldate(r->p) < RELEASE_12 ? -ENOENT : procfs_each("/proc", file_process, &f);
	if (!r->old)
		r->done += 64 * sizeof(struct xfile);    /* room for those that are opened in between */
	return e;
}
