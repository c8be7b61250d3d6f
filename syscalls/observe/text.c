/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One value on a line, as strace's readers expect it (addresses in hex, text quoted with C's escapes, flags and errors
 * by the guest's own names) or, where the line is JSON, as one JSON value: numbers as numbers, addresses and names as
 * strings. Guest memory that cannot be read is shown as its address. All of it is fast code: a trace is made of
 * nothing else.
 */
#include "observe.h"

/* --- the guest's memory ----------------------------------------------------------------------------------------- */
static const struct piece *piece_next(const struct piece *p)
{
	return (const void *)((const char *)p + ((sizeof *p + p->len + 7) & ~7ul));
}

const struct piece *piece_first(const struct memory *m, unsigned kind, uint64_t at)
{
	for (; m; m = m->older) {
		const struct piece *p = (const void *)m->bytes;
		for (unsigned i = 0; i < m->n; i++, p = piece_next(p))
			if (p->kind == kind && (kind == PIECE_MEM ? at >= p->at && at - p->at < p->len : p->at == at))
				return p;
	}
	return NULL;
}
long peek(const struct line *l, void *to, uaddr a, size_t n)
{
	if (!l->mem)
		return copy_in(to, a, n);
	const struct piece *p = n ? piece_first(l->mem, PIECE_MEM, a) : NULL;
	if (n && (!p || a - p->at + n > p->len))
		return -EFAULT;
	if (n)
		memcpy(to, p->bytes + (a - p->at), n);
	return 0;
}
long peek_str(const struct line *l, char *to, uaddr a, size_t n)
{
	if (!l->mem)
		return copy_str(to, a, n);
	const struct piece *p = piece_first(l->mem, PIECE_MEM, a);
	if (!p)
		return -EFAULT;
	const char *from = p->bytes + (a - p->at);
	size_t most = MIN(n, p->len - (a - p->at)), i = 0;
	while (i < most && (to[i] = from[i]))
		i++;
	if (i < most)
		return (long)i;
	if (n)
		to[MIN(i, n - 1)] = 0;
	return i == n || p->cut ? -ENAMETOOLONG : -EFAULT;
}

/* --- structure -------------------------------------------------------------------------------------------------- */
static void put_n(struct line *l, const char *s, size_t n)
{
	size_t room = l->n - 1 - l->len;
	n = MIN(n, room);
	memcpy(l->at + l->len, s, n);
	l->len += n;
	l->at[l->len] = 0;
}
static void put_c(struct line *l, char c)
{
	if (l->len + 1 < l->n) {
		l->at[l->len++] = c;
		l->at[l->len] = 0;
	}
}
void put_s(struct line *l, const char *s) { put_n(l, s, str_len(s)); }

void put_open(struct line *l, char bracket)
{
	put_c(l, bracket);
	l->first = true;
}
void put_close(struct line *l, char bracket)
{
	put_c(l, bracket);
	l->first = false;
}
void put_item(struct line *l)
{
	if (!l->first)
		put_s(l, l->json ? "," : ", ");
	l->first = false;
}
void put_key(struct line *l, const char *name)
{
	put_item(l);
	if (l->json)
		put_c(l, '"'), put_s(l, name), put_s(l, "\":");
	else
		put_s(l, name), put_c(l, '=');
}
void put_more(struct line *l)
{
	put_item(l);
	put_s(l, l->json ? "\"...\"" : "...");
}
void word_begin(struct line *l)
{
	if (l->json)
		put_c(l, '"');
}
void word_end(struct line *l) { word_begin(l); }

/* --- values ----------------------------------------------------------------------------------------------------- */
static void put_digits(struct line *l, uint64_t v, unsigned base)
{
	char b[24];
	unsigned i = sizeof b;
	do
		b[--i] = "0123456789abcdef"[v % base];
	while (v /= base);
	put_n(l, b + i, sizeof b - i);
}
void put_uint(struct line *l, uint64_t v) { put_digits(l, v, 10); }
void put_int(struct line *l, int64_t v)
{
	if (v < 0)
		put_c(l, '-');
	put_digits(l, v < 0 ? -(uint64_t)v : (uint64_t)v, 10);
}
void put_hex(struct line *l, uint64_t v)
{
	word_begin(l);
	put_s(l, "0x"), put_digits(l, v, 16);
	word_end(l);
}
void put_oct(struct line *l, uint64_t v)
{
	word_begin(l);
	if (v)
		put_c(l, '0');
	put_digits(l, v, 8);
	word_end(l);
}
void put_addr(struct line *l, uaddr a)
{
	if (a)
		put_hex(l, a);
	else
		put_s(l, l->json ? "null" : "NULL");
}
void put_word(struct line *l, const char *s)
{
	word_begin(l);
	put_s(l, s);
	word_end(l);
}

/* --- text ------------------------------------------------------------------------------------------------------- */
static void put_escape(struct line *l, unsigned char c, unsigned char next)
{
	static const char plain[256] = { ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r', ['\v'] = 'v', ['\f'] = 'f',
					 ['"'] = '"', ['\\'] = '\\' };
	put_c(l, '\\');
	if (plain[c]) {
		put_c(l, plain[c]);
		return;
	}
	if (c >= 0100 || (next >= '0' && next <= '9'))
		put_c(l, (char)('0' + (c >> 6)));
	if (c >= 010 || (next >= '0' && next <= '9'))
		put_c(l, (char)('0' + (c >> 3 & 7)));
	put_c(l, (char)('0' + (c & 7)));
}
static bool is_plain(unsigned char c) { return c >= ' ' && c < 127 && c != '"' && c != '\\'; }

static void put_hexed(struct line *l, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put_s(l, "\\x");
		put_c(l, "0123456789abcdef"[(unsigned char)s[i] >> 4]);
		put_c(l, "0123456789abcdef"[s[i] & 15]);
	}
}
static bool wants_hex(const struct line *l, const char *s, size_t n)
{
	for (size_t i = 0; l->hex == 1 && i < n; i++)
		if (((unsigned char)s[i] < ' ' && !(s[i] >= 7 && s[i] <= 13)) || (unsigned char)s[i] >= 127)
			return true;
	return l->hex > 1;
}
/* Bytes of the UTF-8 character at s, 0 if it is none: a path may hold anything, JSON may not. */
static unsigned utf8_len(const unsigned char *s, size_t n)
{
	static const struct { uint8_t lo, hi, n; } form[] = { { 0xc2, 0xdf, 2 }, { 0xe0, 0xef, 3 }, { 0xf0, 0xf4, 4 } };
	uint32_t v;

	if (*s < 0x80)
		return 1;
	for (unsigned i = 0; i < ARRAY_LEN(form); i++) {
		unsigned len = form[i].n;
		if (*s < form[i].lo || *s > form[i].hi || len > n)
			continue;
		v = *s & (0x7fu >> len);
		for (unsigned k = 1; k < len; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			v = v << 6 | (s[k] & 0x3f);
		}
		bool lawful = v >= (len == 3 ? 0x800u : len == 4 ? 0x10000u : 0x80u) && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff);
		return lawful ? len : 0;
	}
	return 0;
}
static void put_u(struct line *l, unsigned c)
{
	put_s(l, "\\u00");
	put_c(l, "0123456789abcdef"[c >> 4]);
	put_c(l, "0123456789abcdef"[c & 15]);
}
void put_json_bytes(struct line *l, const char *s, size_t size)
{
	put_c(l, '"');
	for (size_t i = 0, n; i < size; i += n ? n : 1) {
		unsigned char c = (unsigned char)s[i];
		n = utf8_len((const unsigned char *)s + i, size - i);
		if (c == '"' || c == '\\')
			put_c(l, '\\'), put_c(l, (char)c);
		else if (!n || c < ' ')
			put_u(l, c);
		else
			put_n(l, s + i, n);
	}
	put_c(l, '"');
}
void put_json(struct line *l, const char *s) { put_json_bytes(l, s, str_len(s)); }

static bool is_utf8(const char *s, size_t size)
{
	for (size_t i = 0, n; i < size; i += n)
		if (!(n = utf8_len((const unsigned char *)s + i, size - i)))
			return false;
	return true;
}
/* JSON: a string where that says it all; else an object with "text" or "hex", and "more" if it was cut. */
static void put_text_json(struct line *l, const char *s, size_t n, bool more)
{
	bool text = is_utf8(s, n), whole = text && !more;
	if (!whole)
		put_s(l, text ? "{\"text\":" : "{\"hex\":\"");
	if (text)
		put_json_bytes(l, s, n);
	for (size_t i = 0; !text && i < n; i++) {
		put_c(l, "0123456789abcdef"[(unsigned char)s[i] >> 4]);
		put_c(l, "0123456789abcdef"[s[i] & 15]);
	}
	if (!text)
		put_c(l, '"');
	if (!whole)
		put_s(l, more ? ",\"more\":true}" : "}");
}
void put_text(struct line *l, const char *s, size_t n, bool more)
{
	if (l->json) {
		put_text_json(l, s, n, more);
		return;
	}
	put_c(l, '"');
	if (wants_hex(l, s, n)) {
		put_hexed(l, s, n);
	} else {
		for (size_t i = 0; i < n; i++)
			if (is_plain((unsigned char)s[i]))
				put_c(l, s[i]);
			else
				put_escape(l, (unsigned char)s[i], i + 1 < n ? (unsigned char)s[i + 1] : 0);
	}
	put_s(l, more ? "\"..." : "\"");
}
void put_bytes(struct line *l, uaddr a, uint64_t n, size_t limit)
{
	char buf[256];
	size_t take = MIN(MIN(n, limit), sizeof buf);
	const struct piece *p = l->mem && a ? piece_first(l->mem, PIECE_MEM, a) : NULL;

	if (p && p->len - (a - p->at) < take && p->cut)
		take = p->len - (a - p->at);
	if (p && p->len - (a - p->at) >= take)
		put_text(l, p->bytes + (a - p->at), take, take < n);
	else if (!a || (n && l->mem) || take > sizeof buf || peek(l, buf, a, take) < 0)
		put_addr(l, a);
	else
		put_text(l, buf, take, take < n);
}
void put_str(struct line *l, uaddr a, size_t limit)
{
	char buf[LINE_SIZE + 1];
	size_t take = MIN(limit + 1, sizeof buf);
	long n = a ? peek_str(l, buf, a, take) : -EFAULT;
	if (n == -ENAMETOOLONG)
		put_text(l, buf, take - 1 < str_len(buf) ? take - 1 : str_len(buf), true);
	else if (n < 0)
		put_addr(l, a);
	else
		put_text(l, buf, (size_t)n, false);
}

/* --- by the personality's tables -------------------------------------------------------------------------------- */
/* -X: false, or the number is there, and its name is to follow as a comment. */
static bool only_number(struct line *l, uint64_t guest, bool flags)
{
	if (l->sets == NAMES || l->json)
		return false;
	if (flags)
		put_hex(l, guest);
	else
		put_int(l, (int64_t)guest);
	return l->sets == NUMBERS;
}
void put_set(struct line *l, unsigned set, uint64_t guest)
{
	if (only_number(l, guest, true))
		return;
	if (l->sets == BOTH && !l->json) {
		put_s(l, " /* ");
		line_grow(l, set_print(l->pers, set, guest, l->at + l->len, l->n - l->len));
		put_s(l, " */");
		return;
	}
	word_begin(l);
	line_grow(l, set_print(l->pers, set, guest, l->at + l->len, l->n - l->len));
	word_end(l);
}
void put_set_host(struct line *l, unsigned set, uint64_t host)
{
	put_set(l, set, set_to_guest(l->pers, set, host));
}
static const char *sig_name(const struct personality *p, long guest)
{
	return p->sig_name && guest > 0 && (unsigned long)guest < p->n_sig ? p->sig_name[guest] : NULL;
}
static void sig_text(struct line *l, long guest)
{
	const char *name = sig_name(l->pers, guest);
	if (!name) {
		put_int(l, guest);
		return;
	}
	if (str_ncmp(name, "SIG", 3))
		put_s(l, "SIG");
	put_s(l, name);
}
void put_sig(struct line *l, long guest)
{
	if (!sig_name(l->pers, guest)) {
		put_int(l, guest);
		return;
	}
	if (only_number(l, (uint64_t)guest, false))
		return;
	if (l->sets == BOTH && !l->json) {
		put_s(l, " /* "), sig_text(l, guest), put_s(l, " */");
		return;
	}
	word_begin(l);
	sig_text(l, guest);
	word_end(l);
}
void put_signal(struct line *l, int ours)
{
	int guest = sig_to_guest(l->pers, ours);
	if (guest || l->json)
		put_sig(l, guest ? guest : ours);
	else
		PUT(l, "the host's signal %d", ours);
}
const char *errno_name(const struct personality *p, int err)
{
	int guest = errno_to_guest(p, err);
	const char *name = guest > 0 && (unsigned)guest < p->n_errno_name ? p->errno_name[guest] : NULL;
	return !name && err > 0 && (unsigned)err < n_host_errno ? host_errno_name[err] : name;
}
void put_errno(struct line *l, int err)
{
	const char *name = errno_name(l->pers, err);
	const char *text = err > 0 && (unsigned)err < n_host_errno ? host_errno_text[err] : NULL;

	if (name)
		put_s(l, name);
	else
		PUT(l, "errno %d", errno_to_guest(l->pers, err));
	if (text)
		put_s(l, " ("), put_s(l, text), put_c(l, ')');
}
/* [HUP INT], or ~[] with what is missing when most are there */
void put_sigbits(struct line *l, sigbits set)
{
	unsigned n = 0, most = 0;
	bool first = true, invert;

	for (int s = 1; s <= 128; s++)
		if (sig_to_guest(l->pers, s)) {
			most++;
			n += (unsigned)(set >> (s - 1)) & 1;
		}
	invert = n > most - MIN(most, 8u) && n > 2;
	word_begin(l);
	PUT(l, invert ? "~[" : "[");
	for (int s = 1; s <= 128; s++) {
		int guest = sig_to_guest(l->pers, s);
		const char *name = sig_name(l->pers, guest);
		if (!guest || ((set >> (s - 1)) & 1) == invert)
			continue;
		if (!first)
			PUT(l, " ");
		first = false;
		if (name)
			PUT(l, "%s", name + (str_ncmp(name, "SIG", 3) ? 0 : 3));
		else
			PUT(l, "%d", guest);
	}
	put_c(l, ']');
	word_end(l);
}

/* --- siginfo ---------------------------------------------------------------------------------------------------- */
static void put_sender(struct line *l, const siginfo_t *si)
{
	put_key(l, "si_pid"), put_int(l, si->si_pid);
	put_key(l, "si_uid"), put_uint(l, si->si_uid);
}
static void put_child(struct line *l, const siginfo_t *si)
{
	put_sender(l, si);
	put_key(l, "si_status");
	if (si->si_code == CLD_EXITED)
		put_int(l, si->si_status);
	else
		put_sig(l, sig_to_guest(l->pers, si->si_status));
}
static bool is_fault(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGTRAP;
}
void put_siginfo(struct line *l, const siginfo_t *si, int sig)
{
	const char *code = sigcode_name(sig, si->si_code);

	put_open(l, '{');
	put_key(l, "si_signo"), put_signal(l, sig);
	put_key(l, "si_code");
	if (code)
		put_word(l, code);
	else
		put_int(l, si->si_code);
	if (si->si_code <= 0 && si->si_code != SI_TIMER)
		put_sender(l, si);
	else if (sig == SIGCHLD)
		put_child(l, si);
	else if (is_fault(sig))
		put_key(l, "si_addr"), put_addr(l, (uaddr)si->si_addr);
	put_close(l, '}');
}
