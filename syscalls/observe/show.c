/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Arguments and results by the row alone: a kind has a function here, a call has none. What the guest passed is shown
 * as the guest passed it (c->raw); what it gets back is what its memory held after the call, and is only an address
 * when the call failed. Memory is read through the line (peek), so this runs as well far from the guest.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/uio.h>
#include "../sock.h"
#include "observe.h"

typedef void showfn(struct line *, struct call *, int i);

const struct row *row_top(const struct call *c)
{
	const struct personality *p = c->t->p->pers;
	bool known = c->tab < p->n_tab && c->nr < p->tab[c->tab].n;
	return known ? &p->tab[c->tab].row[c->nr] : c->row;
}
int arg_index(const struct row *r, const char *name)
{
	for (int k = 0; name && k < 8 && r->arg[k].kind; k++)
		if (r->arg[k].name && !str_cmp(r->arg[k].name, name))
			return k;
	return -1;
}
/* The value of the argument that counts argument i: -1 when the row has none. A pointer to the count is followed. */
static long count_of(struct line *l, struct call *c, int i)
{
	int k = arg_index(c->row, c->row->arg[i].len);
	const struct arg *a = &c->row->arg[k];
	uint32_t n32;
	uint64_t n64;
	if (k < 0)
		return -1;
	if (a->kind != A_IN && a->kind != A_OUT && a->kind != A_INOUT)
		return a->kind == A_INT || a->kind == A_UINT ? (long)(unsigned)c->raw[k] : c->raw[k];
	if (a->what == REC_SIZE || a->what == REC_U64 || a->what == REC_LONG)
		return peek(l, &n64, (uaddr)c->raw[k], 8) ? -1 : (long)n64;
	return peek(l, &n32, (uaddr)c->raw[k], 4) ? -1 : (long)n32;
}

/* --- scalars ---------------------------------------------------------------------------------------------------- */
/* Options of sockets: the levels but the first are protocols, which have one number everywhere. */
static const char *level_name(const struct personality *p, unsigned level)
{
	return level == p->cmsg_sol ? "SOL_SOCKET" : level == 0 ? "IPPROTO_IP" : level == 6 ? "IPPROTO_TCP" :
	       level == 17 ? "IPPROTO_UDP" : level == 41 ? "IPPROTO_IPV6" : level == 132 ? "IPPROTO_SCTP" : NULL;
}
static const char *option_name(const struct personality *p, unsigned level, unsigned nr)
{
	for (const struct sockopt *o = p->sockopt; o && o->name; o++)
		if (o->level == level && o->nr == nr)
			return o->name;
	return NULL;
}
/* What a descriptor is was found out when it was recorded, if that was asked for (-y, -yy). */
static void put_end(struct line *l, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const uint8_t *b = (const void *)&in->sin_addr;
	if (ss->ss_family == AF_INET)
		PUT(l, "%u.%u.%u.%u:%u", b[0], b[1], b[2], b[3], __builtin_bswap16(in->sin_port));
	else if (ss->ss_family == AF_INET6) {
		put_s(l, "[");
		for (int i = 0; i < 16; i += 2)
			PUT(l, "%s%x", i ? ":" : "", in6->sin6_addr.s6_addr[i] << 8 | in6->sin6_addr.s6_addr[i + 1]);
		PUT(l, "]:%u", __builtin_bswap16(in6->sin6_port));
	} else
		put_s(l, "?");
}
static bool put_sock(struct line *l, const struct piece *p)
{
	struct { uint32_t len[2]; struct sockaddr_storage ss[2]; } s;
	if (!p || p->len != sizeof s)
		return false;
	memcpy(&s, p->bytes, sizeof s);
	bool inet = s.len[0] >= 2 && (s.ss[0].ss_family == AF_INET || s.ss[0].ss_family == AF_INET6);
	if (!inet)
		return false;
	put_end(l, &s.ss[0]);
	if (s.len[1])
		put_s(l, "->"), put_end(l, &s.ss[1]);
	return true;
}
static void put_fd_name(struct line *l, const struct piece *path, long fd)
{
	if (put_sock(l, l->mem ? piece_first(l->mem, PIECE_SOCK, (uint64_t)fd) : NULL))
		return;
	for (unsigned i = 0; i < path->len; i++) {
		unsigned char ch = (unsigned char)path->bytes[i];
		PUT(l, ch < ' ' || ch >= 127 || ch == '>' || ch == '\\' ? "\\%03o" : "%c", ch);
	}
}
static void put_fd(struct line *l, long fd)
{
	const struct piece *path = l->mem && l->fds ? piece_first(l->mem, PIECE_FD, (uint64_t)fd) : NULL;
	char name[128];
	if (!path) {
		put_int(l, fd);
		return;
	}
	if (!l->json) {
		PUT(l, "%ld<", fd), put_fd_name(l, path, fd), put_s(l, ">");
		return;
	}
	struct line ends = { .at = name, .n = sizeof name, .pers = l->pers };
	put_open(l, '{'), put_key(l, "fd"), put_int(l, fd), put_key(l, "is");
	if (put_sock(&ends, piece_first(l->mem, PIECE_SOCK, (uint64_t)fd)))
		put_json(l, name);
	else
		put_text(l, path->bytes, path->len, false);
	put_close(l, '}');
}
static void show_int(struct line *l, struct call *c, int i)
{
	const char *name = NULL;
	if (c->row->arg[i].what == INT_SOLEVEL)
		name = level_name(l->pers, (unsigned)c->raw[i]);
	else if (c->row->arg[i].what == INT_SOOPT && i)
		name = option_name(l->pers, (unsigned)c->raw[i - 1], (unsigned)c->raw[i]);
	if (name)
		put_word(l, name);
	else if (c->row->arg[i].what == INT_MAPFD)
		put_fd(l, (int)c->raw[i]);
	else
		put_int(l, (int)c->raw[i]);
}
static void show_uint(struct line *l, struct call *c, int i) { put_uint(l, (unsigned)c->raw[i]); }
static void show_long(struct line *l, struct call *c, int i) { put_int(l, c->raw[i]); }
static void show_ulong(struct line *l, struct call *c, int i) { put_uint(l, (uint64_t)c->raw[i]); }
static void show_hex(struct line *l, struct call *c, int i) { put_hex(l, (uint64_t)c->raw[i]); }
static void show_oct(struct line *l, struct call *c, int i) { put_oct(l, (unsigned)c->raw[i]); }
static void show_addr(struct line *l, struct call *c, int i) { put_addr(l, (uaddr)c->raw[i]); }
static void show_sig(struct line *l, struct call *c, int i) { put_sig(l, (int)c->raw[i]); }
static void show_set(struct line *l, struct call *c, int i)
{
	put_set(l, c->row->arg[i].what, arg_value(&c->row->arg[i], c->raw[i]));
}
static void show_fd(struct line *l, struct call *c, int i) { put_fd(l, (int)c->raw[i]); }
/* The value that stands for the current directory is a row of SET_AT like the flags beside it. */
static void show_atfd(struct line *l, struct call *c, int i)
{
	const struct bit *b = l->pers->bits;
	for (; (int)c->raw[i] < 0 && b->name; b++)
		if (b->set == SET_AT && (unsigned)b->gval == (unsigned)c->raw[i]) {
			put_word(l, b->name);
			return;
		}
	if (l->pers->identity && (int)c->raw[i] == -100)
		put_word(l, "AT_FDCWD");
	else
		show_fd(l, c, i);
}
static void show_sub(struct line *l, struct call *c, int i)
{
	if (c->row != row_top(c))
		put_word(l, c->row->name);
	else
		show_hex(l, c, i);
}

/* --- text ------------------------------------------------------------------------------------------------------- */
static void show_path(struct line *l, struct call *c, int i) { put_str(l, (uaddr)c->raw[i], LINE_SIZE); }
static void show_str(struct line *l, struct call *c, int i) { put_str(l, (uaddr)c->raw[i], 256); }

/* An environment is long and seldom asked for: how many is enough. */
static void show_envv(struct line *l, uaddr a)
{
	const struct piece *n = l->mem ? piece_first(l->mem, PIECE_COUNT, a) : NULL;
	if (!n || l->json)
		put_addr(l, a);
	else
		PUT(l, "%#lx /* %u%s vars */", a, *(const uint32_t *)n->bytes, n->cut ? " or more" : "");
}
static void show_strv(struct line *l, struct call *c, int i)
{
	uaddr a = (uaddr)c->raw[i], p;
	if (!a || (!l->all && !str_ncmp(c->row->arg[i].name, "env", 3))) {
		show_envv(l, a);
		return;
	}
	if (peek(l, &p, a, 8) < 0) {
		put_addr(l, a);
		return;
	}
	put_open(l, '[');
	for (unsigned n = 0; !peek(l, &p, a + 8 * n, 8) && p; n++) {
		if (n == LIST_LIMIT && !l->all) {
			put_more(l);
			break;
		}
		put_item(l);
		put_str(l, p, 256);
	}
	put_close(l, ']');
}

/* --- buffers ---------------------------------------------------------------------------------------------------- */
static void show_inbuf(struct line *l, struct call *c, int i)
{
	long n = count_of(l, c, i);
	if (n < 0)
		show_addr(l, c, i);
	else if (c->row->arg[i].what != REC_INT || n != 4 || !put_record(l, REC_INT, (uaddr)c->raw[i], false))
		put_bytes(l, (uaddr)c->raw[i], (uint64_t)n, text_limit(l));
}
/* How much of it was written the result says, if it counts bytes; otherwise text ends at its NUL. */
static void show_outbuf(struct line *l, struct call *c, int i)
{
	long n = count_of(l, c, i), len = -1;
	char buf[TEXT_LIMIT + 1];
	if (counts_bytes(c))
		n = n < 0 ? c->rv : MIN(n, c->rv);
	if (n < 0) {
		show_addr(l, c, i);
		return;
	}
	if (c->row->arg[i].what && counts_bytes(c) && put_dirents(l, c->row->arg[i].what, (uaddr)c->raw[i], (uint64_t)n))
		return;
	if (c->row->arg[i].what == REC_INT && n == 4 && put_record(l, REC_INT, (uaddr)c->raw[i], false))
		return;
	if (!counts_bytes(c))
		len = peek_str(l, buf, (uaddr)c->raw[i], MIN((size_t)n, sizeof buf));
	put_bytes(l, (uaddr)c->raw[i], (uint64_t)(len > 0 ? len : n), text_limit(l));
}
static void show_iovin(struct line *l, struct call *c, int i)
{
	long n = count_of(l, c, i);
	if (n < 0 || !put_iovec(l, (uaddr)c->raw[i], (uint64_t)n, ~0ull, true))
		show_addr(l, c, i);
}
static void show_iovout(struct line *l, struct call *c, int i)
{
	long n = count_of(l, c, i);
	if (n < 0 || !put_iovec(l, (uaddr)c->raw[i], (uint64_t)n, (uint64_t)c->rv, true))
		show_addr(l, c, i);
}

/* --- records ---------------------------------------------------------------------------------------------------- */
/* select's sets end with the number that is its first argument; the guest's memory may end there, too. */
static void show_fdset(struct line *l, struct call *c, int i)
{
	uint8_t set[128] = { 0 };
	unsigned n = (unsigned)MIN(MAX((int)c->raw[0], 0), 1024), size = (n + 63) / 64 * 8;
	if (!c->raw[i] || peek(l, set, (uaddr)c->raw[i], size) < 0) {
		show_addr(l, c, i);
		return;
	}
	put_open(l, '[');
	for (unsigned fd = 0; fd < n; fd++)
		if (set[fd / 8] >> fd % 8 & 1) {
			if (l->json || l->first)
				put_item(l);
			else
				put_s(l, " ");
			put_fd(l, (long)fd);
		}
	put_close(l, ']');
}
static void show_record(struct line *l, struct call *c, int i)
{
	if (c->row->arg[i].what == REC_FDSET)
		show_fdset(l, c, i);
	l->received = arg_is_out(&c->row->arg[i]) && counts_bytes(c);
	l->bytes = (uint64_t)c->rv;
	if (c->row->arg[i].what == REC_FDSET)
		return;
	if (!put_record(l, c->row->arg[i].what, (uaddr)c->raw[i], false))
		show_addr(l, c, i);
}
/* The numbers of a sysctl have a name in the tables; what lies behind it (a process, a mask) stays numbers. */
static bool put_oid(struct line *l, uaddr a, long n)
{
	const struct personality *p = l->pers;
	int oid[24];
	unsigned used = 0;
	const char *name;
	if (!p->oid_name || n < 1 || n > 24 || peek(l, oid, a, (size_t)n * 4) < 0 || !(name = p->oid_name(p->sysctl, oid,
		(unsigned)n, &used)))
		return false;
	word_begin(l);
	put_s(l, name);
	for (; used < n; used++)
		PUT(l, ".%d", oid[used]);
	word_end(l);
	return true;
}
/* Of a row of messages: how much of this one went, behind its head. Of those that were not even tried nobody knows. */
static void one_message(struct line *l, const struct call *c, uaddr at, long k)
{
	uint32_t went = 0;
	l->received = c->rv >= 0;
	l->bytes = k < c->rv && !peek(l, &went, at + l->pers->rec[REC_MSGHDR].gsize, sizeof went) ? went : 0;
}
static void show_records(struct line *l, struct call *c, int i)
{
	unsigned what = c->row->arg[i].what;
	size_t size = l->pers->rec ? l->pers->rec[what].gsize : 0, begin = l->len;
	long n = count_of(l, c, i), most = l->all ? 1024 : LIST_LIMIT;
	bool first = l->first;

	if (what == REC_OID && put_oid(l, (uaddr)c->raw[i], n))
		return;
	if (c->row->arg[i].kind == A_OUTV)
		n = MIN(n, c->rv);
	put_open(l, '[');
	for (long k = 0; k < n && k < most; k++) {
		put_item(l);
		if (what == REC_MMSGHDR)
			one_message(l, c, (uaddr)c->raw[i] + (uaddr)k * size, k);
		if (!put_record(l, what, (uaddr)c->raw[i] + (uaddr)k * size, true)) {
			l->len = begin;          /* nobody can read these: take it all back */
			l->first = first;
			show_addr(l, c, i);
			return;
		}
	}
	if (n > most)
		put_more(l);
	put_close(l, ']');
}
static void show_sockaddr(struct line *l, struct call *c, int i)
{
	long n = count_of(l, c, i);
	put_sockaddr(l, (uaddr)c->raw[i], n > 0 ? (uint64_t)n : 0);
}
static void show_sigset(struct line *l, struct call *c, int i)
{
	uint8_t set[16] = { 0 };
	if (!c->raw[i] || peek(l, set, (uaddr)c->raw[i], sigset_size(l->pers)) < 0)
		show_addr(l, c, i);
	else
		put_sigbits(l, sigset_in(l->pers, set));
}

/* --- by kind ---------------------------------------------------------------------------------------------------- */
static showfn *const show[] = {
	[A_PAD] = show_long, [A_INT] = show_int, [A_UINT] = show_uint, [A_LONG] = show_long, [A_ULONG] = show_ulong,
	[A_HEX] = show_hex, [A_OCT] = show_oct, [A_SIZE] = show_ulong, [A_OFF] = show_long, [A_ADDR] = show_addr,
	[A_PTR] = show_addr, [A_PID] = show_int, [A_UID] = show_int, [A_DEV] = show_hex, [A_FD] = show_fd,
	[A_ATFD] = show_atfd, [A_SIG] = show_sig, [A_SET] = show_set, [A_ENUM] = show_set, [A_SUB] = show_sub,
	[A_PATH] = show_path, [A_STR] = show_str, [A_STRV] = show_strv,
	[A_IN] = show_record, [A_OUT] = show_record, [A_INOUT] = show_record,
	[A_INV] = show_records, [A_OUTV] = show_records, [A_INOUTV] = show_records,
	[A_INBUF] = show_inbuf, [A_OUTBUF] = show_outbuf, [A_IOVIN] = show_iovin, [A_IOVOUT] = show_iovout,
	[A_SOCKIN] = show_sockaddr, [A_SOCKOUT] = show_sockaddr,
	[A_SIGSETIN] = show_sigset, [A_SIGSETOUT] = show_sigset,
};
/* The mode of an open that creates nothing is whatever was in the register. */
bool arg_is_unused(const struct call *c, int i)
{
	const struct arg *a = c->row->arg;
	return a[i].kind == A_PAD ||
	       (i && a[i].kind == A_OCT && a[i - 1].kind == A_SET && a[i - 1].what == SET_OPEN &&
		!(c->arg[i - 1] & O_CREAT) && (c->arg[i - 1] & O_TMPFILE) != O_TMPFILE);
}
void show_arg(struct line *l, struct call *c, int i)
{
	const struct arg *a = &c->row->arg[i];
	bool nothing_came = arg_is_out(a) && c->rv < 0;
	if (row_top(c)->arg[i].kind == A_SUB)
		show_sub(l, c, i);
	else
		(nothing_came ? show_addr : show[a->kind])(l, c, i);
}

/* --- results ---------------------------------------------------------------------------------------------------- */
static void put_value(struct line *l, const struct call *c, unsigned ret)
{
	switch ((enum retkind)ret) {
	case R_ADDR: case R_HEX:
		if (c->rv)
			PUT(l, "%#lx", c->rv);
		else
			put_s(l, "0");
		return;
	case R_OCT: PUT(l, c->rv ? "%#lo" : "%lo", c->rv); return;
	case R_UINT: put_uint(l, (uint64_t)c->rv); return;
	case R_PAIR: put_int(l, c->rv), put_s(l, ", "), put_int(l, c->rv2); return;
	case R_FD: put_fd(l, c->rv); return;
	default: put_int(l, c->rv);
	}
}
void show_result(struct line *l, struct call *c)
{
	unsigned ret = c->row ? c->row->ret : R_INT;

	put_s(l, " = ");
	if (c->rv == SYS_RESTART)
		put_s(l, "? ERESTART (to be made again after the signal)");
	else if (c->rv == SYS_NORETURN || ret == R_NOTHING)
		put_s(l, "?");
	else if (c->rv < 0 && c->rv > -4096)
		put_s(l, "-1 "), put_errno(l, (int)-c->rv);
	else
		put_value(l, c, ret);
	if (c->row && c->row->level >= L_NOSYS && c->row->note)
		put_s(l, " /* "), put_s(l, c->row->note), put_s(l, " */");
}
