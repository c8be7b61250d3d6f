/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records field by field, by the layout that their system declares (layout.h), straight from the guest's bytes. A
 * record without a layout is shown as its address by the caller. Nothing here knows any struct but socket addresses
 * and iovec, which are what they are by a length beside them.
 */
#include <sys/un.h>
#include <netinet/in.h>
#include "layout.h"
#include "../sock.h"
#include "observe.h"

const struct layout *layout_of(const struct personality *p, unsigned rec)
{
	const struct layout *y = p->layout ? &p->layout[rec] : NULL;
	if (!y || !y->field)
		y = &common_layout[rec];
	return y->field && y->size && p->rec && p->rec[rec].gsize == y->size ? y : NULL;
}
uint64_t field_value(const void *guest, unsigned off, unsigned size, bool is_signed)
{
	uint64_t v = 0;
	if (size > 8)
		size = 8;
	memcpy(&v, (const char *)guest + off, size);
	unsigned spare = 64 - size * 8;
	return is_signed && spare ? (uint64_t)((int64_t)(v << spare) >> spare) : v;
}

/* --- values that only structs have -------------------------------------------------------------------------------- */
static void put_limit(struct line *l, uint64_t v)
{
	if (v >= INT64_MAX)
		put_word(l, "RLIM_INFINITY");
	else
		put_uint(l, v);
}
static void put_handler(struct line *l, uaddr h)
{
	if (h <= 1)
		put_word(l, h ? "SIG_IGN" : "SIG_DFL");
	else
		put_addr(l, h);
}
/* The file types have the same bits in every Unix. */
static void put_mode(struct line *l, unsigned m)
{
	static const struct { unsigned bits; const char *name; } type[] = {
		{ 0140000, "S_IFSOCK" }, { 0120000, "S_IFLNK" }, { 0100000, "S_IFREG" }, { 0060000, "S_IFBLK" },
		{ 0040000, "S_IFDIR" }, { 0020000, "S_IFCHR" }, { 0010000, "S_IFIFO" },
	};
	word_begin(l);
	for (unsigned i = 0; i < ARRAY_LEN(type); i++)
		if ((m & 0170000) == type[i].bits) {
			PUT(l, "%s|%#04o", type[i].name, m & 07777);
			word_end(l);
			return;
		}
	PUT(l, "%#o", m);
	word_end(l);
}
/* A wait status has the same bits everywhere; the signal in it is the guest's. */
static void sig_word(struct line *l, int guest)
{
	bool json = l->json;
	l->json = false;
	put_sig(l, guest);
	l->json = json;
}
static void put_wstatus(struct line *l, int guest)
{
	int s = guest;
	if (l->pers->rec && l->pers->rec[REC_WSTATUS].get)
		l->pers->rec[REC_WSTATUS].get(&guest, &s);
	word_begin(l);
	if (s == 0xffff) {
		PUT(l, "WIFCONTINUED(s)");
	} else if ((s & 0x7f) == 0) {
		PUT(l, "WIFEXITED(s) && WEXITSTATUS(s) == %d", s >> 8 & 0xff);
	} else if ((s & 0xff) == 0x7f) {
		PUT(l, "WIFSTOPPED(s) && WSTOPSIG(s) == "), sig_word(l, sig_to_guest(l->pers, s >> 8 & 0xff));
	} else {
		PUT(l, "WIFSIGNALED(s) && WTERMSIG(s) == "), sig_word(l, sig_to_guest(l->pers, s & 0x7f));
		PUT(l, s & 0x80 ? " && WCOREDUMP(s)" : "");
	}
	word_end(l);
}
static void put_ints(struct line *l, const void *at, unsigned size)
{
	put_open(l, '[');
	for (unsigned i = 0; i + 4 <= size; i += 4)
		put_item(l), put_int(l, (int64_t)field_value(at, i, 4, true));
	put_close(l, ']');
}
static size_t text_len(const char *s, size_t most)
{
	size_t n = 0;
	while (n < most && s[n])
		n++;
	return n;
}

/* --- socket addresses ------------------------------------------------------------------------------------------- */
static void put_port(struct line *l, const char *key, unsigned net)
{
	put_key(l, key);
	if (l->json)
		put_uint(l, __builtin_bswap16((uint16_t)net));
	else
		PUT(l, "htons(%u)", __builtin_bswap16((uint16_t)net));
}
static void put_inet(struct line *l, const struct sockaddr_in *in)
{
	const uint8_t *b = (const void *)&in->sin_addr;
	put_port(l, "sin_port", in->sin_port);
	put_key(l, "sin_addr"), word_begin(l);
	PUT(l, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	word_end(l);
}
static void put_inet6(struct line *l, const struct sockaddr_in6 *in)
{
	put_port(l, "sin6_port", in->sin6_port);
	put_key(l, "sin6_addr"), word_begin(l);
	for (int i = 0; i < 16; i += 2)
		PUT(l, "%s%x", i ? ":" : "", in->sin6_addr.s6_addr[i] << 8 | in->sin6_addr.s6_addr[i + 1]);
	word_end(l);
	if (in->sin6_scope_id)
		put_key(l, "sin6_scope_id"), put_uint(l, in->sin6_scope_id);
}
static void put_unix(struct line *l, const struct sockaddr_un *un, size_t n)
{
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	size_t most = n > head ? n - head : 0, len = 0;
	while (len < most && (un->sun_path[len] || !len))
		len++;
	if (most == 0)
		return;
	put_key(l, "sun_path"), put_text(l, un->sun_path, un->sun_path[0] ? len : 0, false);
}
void put_host_sockaddr(struct line *l, const struct sockaddr_storage *ss, size_t len)
{
	put_open(l, '{');
	put_key(l, "sa_family"), put_set_host(l, SET_AF, ss->ss_family);
	if (ss->ss_family == AF_INET)
		put_inet(l, (const void *)ss);
	else if (ss->ss_family == AF_INET6)
		put_inet6(l, (const void *)ss);
	else if (ss->ss_family == AF_UNIX)
		put_unix(l, (const void *)ss, len);
	put_close(l, '}');
}
static bool put_sockaddr_bytes(struct line *l, const void *guest, size_t n)
{
	struct sockaddr_storage ss = { 0 };
	long len = l->pers->sockaddr_get && n ? l->pers->sockaddr_get(guest, n, &ss) : -EINVAL;
	if (len >= 0)
		put_host_sockaddr(l, &ss, (size_t)len);
	return len >= 0;
}
void put_sockaddr(struct line *l, uaddr a, uint64_t n)
{
	char guest[256];
	if (!a || !n || n > sizeof guest || peek(l, guest, a, n) < 0 || !put_sockaddr_bytes(l, guest, n))
		put_addr(l, a);
}

/* --- iovec is an address and a length in every system with 64-bit pointers ---------------------------------------- */
bool put_iovec(struct line *l, uaddr a, uint64_t n, uint64_t bytes, bool readable)
{
	struct iovec v;
	if (n > 1024 || !a || peek(l, &v, a, n ? sizeof v : 0) < 0)
		return false;
	put_open(l, '[');
	for (uint64_t k = 0; k < n && !peek(l, &v, a + k * sizeof v, sizeof v); k++) {
		if (k == LIST_LIMIT) {
			put_more(l);
			break;
		}
		put_item(l), put_open(l, '{');
		put_key(l, "iov_base");
		if (readable)
			put_bytes(l, (uaddr)v.iov_base, MIN(v.iov_len, bytes), text_limit(l));
		else
			put_addr(l, (uaddr)v.iov_base);
		put_key(l, "iov_len"), put_uint(l, v.iov_len);
		put_close(l, '}');
		bytes -= MIN(v.iov_len, bytes);
	}
	put_close(l, ']');
	return true;
}

/* --- control messages: a length, a level, a type, data; each begins at a multiple of align ------------------------ */
static void put_cmsg_data(struct line *l, const char *data, size_t n, unsigned level, unsigned type)
{
	const struct personality *p = l->pers;
	bool rights = level == p->cmsg_sol && type == 1;         /* SCM_RIGHTS is 1 everywhere */
	put_key(l, "cmsg_data");
	if (rights)
		put_ints(l, data, (unsigned)n);
	else
		put_text(l, data, MIN(n, 32ul), n > 32);
}
static const char *cmsg_name(const struct personality *p, unsigned level, unsigned type)
{
	for (const struct cmsgrow *c = p->cmsg; c && c->name; c++)
		if (c->level == level && c->type == type)
			return c->name;
	return NULL;
}
static bool put_cmsgs(struct line *l, uaddr a, uint64_t n)
{
	const struct personality *p = l->pers;
	unsigned head = p->cmsg_head, align = p->cmsg_align;
	char buf[1024];
	if (!a || !n || n > sizeof buf || !head || peek(l, buf, a, n) < 0)
		return false;
	unsigned word = head - 8;                /* the length's width: level and type are ints */
	put_open(l, '[');
	for (uint64_t at = 0; at + head <= n;) {
		uint64_t len = field_value(buf, (unsigned)at, word, false);
		unsigned level = (unsigned)field_value(buf, (unsigned)at + word, 4, false);
		unsigned type = (unsigned)field_value(buf, (unsigned)at + word + 4, 4, false);
		const char *name = cmsg_name(p, level, type);
		put_item(l), put_open(l, '{');
		put_key(l, "cmsg_len"), put_uint(l, len);
		put_key(l, "cmsg_level");
		if (level == p->cmsg_sol)
			put_word(l, "SOL_SOCKET");
		else
			put_uint(l, level);
		put_key(l, "cmsg_type");
		if (name)
			put_word(l, name);
		else
			put_hex(l, type);
		uint64_t data = (at + head + align - 1) & ~(uint64_t)(align - 1);
		if (len >= head && at + len <= n && data <= at + len)
			put_cmsg_data(l, buf + data, at + len - data, level, type);
		put_close(l, '}');
		if (len < head || len > n - at)
			break;
		at = (at + len + align - 1) & ~(uint64_t)(align - 1);
	}
	put_close(l, ']');
	return true;
}

/* --- fields ------------------------------------------------------------------------------------------------------- */
static void put_bare(struct line *l, const struct layout *, const char *guest);

static void put_pointer(struct line *l, const struct field *f, uaddr a, uint64_t n)
{
	unsigned text = text_limit(l);
	if (f->type == F_PSTR)
		put_str(l, a, 256);
	else if (f->type == F_PBYTES)
		put_bytes(l, a, n, text);
	else if (f->type == F_PSOCKADDR)
		put_sockaddr(l, a, n);
	else if (!(f->type == F_PIOV ? put_iovec(l, a, n, l->received ? l->bytes : ~0ull, true) : put_cmsgs(l, a, n)))
		put_addr(l, a);
}
static void put_field(struct line *l, const struct field *f, const char *g)
{
	const char *at = g + f->off;
	uint64_t v = field_value(g, f->off, f->size, false);
	const struct layout *y;
	uint8_t set[16] = { 0 };

	switch ((enum fieldtype)f->type) {
	case F_END: break;
	case F_INT: case F_FD: put_int(l, (int64_t)field_value(g, f->off, f->size, true)); break;
	case F_UINT: put_uint(l, v); break;
	case F_HEX: case F_DEV: put_hex(l, v); break;
	case F_OCT: put_oct(l, v); break;
	case F_ADDR: put_addr(l, v); break;
	case F_MODE: put_mode(l, (unsigned)v); break;
	case F_SIG: put_sig(l, (int)v); break;
	case F_SIGSET:
		memcpy(set, at, MIN(f->size, sizeof set));
		put_sigbits(l, sigset_in(l->pers, set));
		break;
	case F_HANDLER: put_handler(l, v); break;
	case F_LIMIT: put_limit(l, v); break;
	case F_WSTATUS: put_wstatus(l, (int)v); break;
	case F_SET: put_set(l, f->what, v); break;
	case F_TEXT: put_text(l, at, text_len(at, f->size), false); break;
	case F_BYTES: put_text(l, at, MIN(f->size, 64), f->size > 64); break;
	case F_REC:
		if ((y = layout_of(l->pers, f->what)))
			put_bare(l, y, at);
		else
			put_word(l, "?");
		break;
	case F_INTS: put_ints(l, at, f->size); break;
	case F_SIGINFO: put_siginfo(l, (const siginfo_t *)at, sig_to_host(l->pers, ((const siginfo_t *)at)->si_signo)); break;
	case F_SOCKADDR:
		if (!put_sockaddr_bytes(l, at, f->size))
			put_text(l, at, f->size, false);
		break;
	case F_PSTR: case F_PBYTES: case F_PIOV: case F_PSOCKADDR: case F_PCMSG:
		put_pointer(l, f, v, field_value(g, f->len_off, f->len_size, false));
		break;
	}
}
static bool is_zero(const char *at, size_t n)
{
	while (n && !*at)
		at++, n--;
	return !n;
}
static bool is_there(const struct line *l, const struct field *f, const char *g)
{
	if (f->if_size && (int32_t)field_value(g, f->if_off, f->if_size, true) != f->if_val)
		return false;
	return !f->quiet || !is_zero(g + f->off, f->size);
}
/* Fields without names make a list. */
static void put_bare(struct line *l, const struct layout *y, const char *g)
{
	const struct field *f = y->field;
	bool list = !f->name;

	if (y->scalar) {
		put_field(l, f, g);
		return;
	}
	put_open(l, list ? '[' : '{');
	for (; f->type; f++) {
		if (!is_there(l, f, g))
			continue;
		if (list)
			put_item(l);
		else
			put_key(l, f->name);
		put_field(l, f, g);
	}
	put_close(l, list ? ']' : '}');
}
static const struct field *field_named(const struct layout *y, const char *name)
{
	for (const struct field *f = y->field; f->type; f++)
		if (f->name && !str_cmp(f->name, name))
			return f;
	return NULL;
}
bool put_dirents(struct line *l, unsigned rec, uaddr a, uint64_t n)
{
	const struct layout *y = l->pers->layout ? &l->pers->layout[rec] : NULL;
	const struct field *len = y && y->field ? field_named(y, "d_reclen") : NULL, *name = len ? field_named(y,
		"d_name") : NULL;
	char head[32];
	unsigned k = 0;

	if (!name || !a || !n || peek(l, head, a, name->off) < 0)
		return false;
	put_open(l, '[');
	for (uint64_t at = 0; at + name->off < n && !peek(l, head, a + at, name->off); k++) {
		uint64_t size = field_value(head, len->off, len->size, false);
		if (size <= name->off || (k >= LIST_LIMIT && !l->all)) {
			put_more(l);
			break;
		}
		put_item(l);
		put_str(l, a + at + name->off, 255);
		at += size;
	}
	put_close(l, ']');
	return true;
}
bool put_record(struct line *l, unsigned rec, uaddr a, bool element)
{
	const struct layout *y = layout_of(l->pers, rec);
	char guest[4096];

	if (!a || !y || y->size > sizeof guest || peek(l, guest, a, y->size) < 0)
		return false;
	bool brackets = y->scalar && !element;
	if (brackets)
		put_open(l, '['), put_item(l);
	put_bare(l, y, guest);
	if (brackets)
		put_close(l, ']');
	return true;
}
