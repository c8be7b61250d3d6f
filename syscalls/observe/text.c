/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One value on a line, as strace's readers expect it: addresses in hex, text quoted with C's escapes, flags and errors by
 * the guest's own names. Guest memory that cannot be read is shown as its address.
 */
#include "observe.h"

void put_addr(struct line *l, uaddr a)
{
	if (a)
		PUT(l, "%#lx", a);
	else
		PUT(l, "NULL");
}

/* --- text ------------------------------------------------------------------------------------------------------- */
static void put_char(struct line *l, unsigned char c, unsigned char next)
{
	static const char plain[256] = { ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r', ['\v'] = 'v', ['\f'] = 'f',
					 ['"'] = '"', ['\\'] = '\\' };
	if (plain[c])
		PUT(l, "\\%c", plain[c]);
	else if (c >= ' ' && c < 127)
		PUT(l, "%c", c);
	else if (next >= '0' && next <= '9')
		PUT(l, "\\%03o", c);
	else
		PUT(l, "\\%o", c);
}
void put_text(struct line *l, const char *s, size_t n, bool more)
{
	PUT(l, "\"");
	for (size_t i = 0; i < n; i++)
		put_char(l, (unsigned char)s[i], i + 1 < n ? (unsigned char)s[i + 1] : 0);
	PUT(l, more ? "\"..." : "\"");
}
void put_bytes(struct line *l, uaddr a, uint64_t n, size_t limit)
{
	char buf[256];
	size_t take = MIN(MIN(n, limit), sizeof buf);
	if (!a || copy_in(buf, a, take) < 0)
		put_addr(l, a);
	else
		put_text(l, buf, take, take < n);
}
void put_str(struct line *l, uaddr a, size_t limit)
{
	char buf[LINE_SIZE];
	size_t take = MIN(limit + 1, sizeof buf);
	long n = a ? copy_str(buf, a, take) : -EFAULT;
	if (n == -ENAMETOOLONG)
		put_text(l, buf, take - 1, true);
	else if (n < 0)
		put_addr(l, a);
	else
		put_text(l, buf, (size_t)n, false);
}
/* Bytes of the UTF-8 character at s, 0 if it is none: a path may hold anything, JSON may not. */
static unsigned utf8_len(const unsigned char *s)
{
	unsigned n = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;
	for (unsigned i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}
void put_json(struct line *l, const char *s)
{
	PUT(l, "\"");
	for (unsigned n; *s; s += n ? n : 1) {
		n = utf8_len((const unsigned char *)s);
		if (*s == '"' || *s == '\\')
			PUT(l, "\\%c", *s);
		else if (!n || (unsigned char)*s < ' ')
			PUT(l, "\\u%04x", (unsigned char)*s);
		else
			PUT(l, "%.*s", (int)n, s);
	}
	PUT(l, "\"");
}

/* --- by the personality's tables -------------------------------------------------------------------------------- */
void put_set(struct line *l, unsigned set, uint64_t guest)
{
	line_grow(l, set_print(l->pers, set, guest, l->at + l->len, l->n - l->len));
}
void put_set_host(struct line *l, unsigned set, uint64_t host)
{
	put_set(l, set, set_to_guest(l->pers, set, host));
}
static const char *sig_name(const struct personality *p, long guest)
{
	return p->sig_name && guest > 0 && (unsigned long)guest < p->n_sig ? p->sig_name[guest] : NULL;
}
void put_sig(struct line *l, long guest)
{
	const char *name = sig_name(l->pers, guest);
	if (name)
		PUT(l, "%s%s", str_ncmp(name, "SIG", 3) ? "SIG" : "", name);
	else
		PUT(l, "%ld", guest);
}
void put_errno(struct line *l, int err)
{
	const struct personality *p = l->pers;
	int guest = errno_to_guest(p, err);
	const char *text = err > 0 && (unsigned)err < n_host_errno ? host_errno_text[err] : NULL;
	const char *name = guest > 0 && (unsigned)guest < p->n_errno_name ? p->errno_name[guest] : NULL;

	if (!name && text)
		name = host_errno_name[err];
	if (name)
		PUT(l, "%s", name);
	else
		PUT(l, "errno %d", guest);
	if (text)
		PUT(l, " (%s)", text);
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
	PUT(l, "]");
}

/* --- siginfo ---------------------------------------------------------------------------------------------------- */
static void put_sender(struct line *l, const siginfo_t *si)
{
	PUT(l, ", si_pid=%d, si_uid=%u", si->si_pid, si->si_uid);
}
static void put_child(struct line *l, const siginfo_t *si)
{
	put_sender(l, si);
	PUT(l, ", si_status=");
	if (si->si_code == CLD_EXITED)
		PUT(l, "%d", si->si_status);
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

	PUT(l, "{si_signo=");
	put_sig(l, sig_to_guest(l->pers, sig));
	if (code)
		PUT(l, ", si_code=%s", code);
	else
		PUT(l, ", si_code=%d", si->si_code);
	if (si->si_code <= 0 && si->si_code != SI_TIMER)
		put_sender(l, si);
	else if (sig == SIGCHLD)
		put_child(l, si);
	else if (is_fault(sig))
		PUT(l, ", si_addr="), put_addr(l, (uaddr)si->si_addr);
	PUT(l, "}");
}
