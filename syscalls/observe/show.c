/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Arguments and results by the row alone: a kind has a function here, a call has none. What the guest passed is shown as
 * the guest passed it (c->raw); what it gets back is read from its memory after the call, and is only an address when
 * the call failed.
 */
#include <sys/uio.h>
#include "observe.h"

typedef void showfn(struct line *, struct call *, int i);

const struct row *row_top(const struct call *c)
{
	const struct personality *p = c->t->p->pers;
	bool known = c->tab < p->n_tab && c->nr < p->tab[c->tab].n;
	return known ? &p->tab[c->tab].row[c->nr] : c->row;
}
/* The value of the argument that counts argument i: -1 when the row has none. A pointer to the count is followed. */
static long count_of(struct call *c, int i)
{
	const char *len = c->row->arg[i].len;
	for (int k = 0; len && k < 8 && c->row->arg[k].kind; k++) {
		const struct arg *a = &c->row->arg[k];
		uint32_t n32;
		uint64_t n64;
		if (str_cmp(a->name, len))
			continue;
		if (a->kind != A_IN && a->kind != A_OUT && a->kind != A_INOUT)
			return a->kind == A_INT || a->kind == A_UINT ? (long)(unsigned)c->raw[k] : c->raw[k];
		if (a->what == REC_SIZE || a->what == REC_U64 || a->what == REC_LONG)
			return copy_in(&n64, (uaddr)c->raw[k], 8) ? -1 : (long)n64;
		return copy_in(&n32, (uaddr)c->raw[k], 4) ? -1 : (long)n32;
	}
	return -1;
}
static bool counts_bytes(const struct call *c) { return c->row->ret == R_SIZE || c->row->ret == R_LONG; }

/* --- scalars ---------------------------------------------------------------------------------------------------- */
static void show_int(struct line *l, struct call *c, int i) { PUT(l, "%d", (int)c->raw[i]); }
static void show_uint(struct line *l, struct call *c, int i) { PUT(l, "%u", (unsigned)c->raw[i]); }
static void show_long(struct line *l, struct call *c, int i) { PUT(l, "%ld", c->raw[i]); }
static void show_ulong(struct line *l, struct call *c, int i) { PUT(l, "%lu", c->raw[i]); }
static void show_hex(struct line *l, struct call *c, int i) { PUT(l, "%s%#lx", c->raw[i] ? "" : "0x", c->raw[i]); }
static void show_oct(struct line *l, struct call *c, int i) { PUT(l, "%#o", (unsigned)c->raw[i]); }
static void show_addr(struct line *l, struct call *c, int i) { put_addr(l, (uaddr)c->raw[i]); }
static void show_sig(struct line *l, struct call *c, int i) { put_sig(l, (int)c->raw[i]); }
static void show_set(struct line *l, struct call *c, int i)
{
	put_set(l, c->row->arg[i].what, (unsigned)c->raw[i]);
}
/* The value that stands for the current directory is a row of SET_AT like the flags beside it. */
static void show_atfd(struct line *l, struct call *c, int i)
{
	const struct bit *b = l->pers->bits;
	for (; (int)c->raw[i] < 0 && b->name; b++)
		if (b->set == SET_AT && (unsigned)b->gval == (unsigned)c->raw[i]) {
			PUT(l, "%s", b->name);
			return;
		}
	if (l->pers->identity && (int)c->raw[i] == -100)
		PUT(l, "AT_FDCWD");
	else
		PUT(l, "%d", (int)c->raw[i]);
}
static void show_sub(struct line *l, struct call *c, int i)
{
	if (c->row != row_top(c))
		PUT(l, "%s", c->row->name);
	else
		show_hex(l, c, i);
}

/* --- text ------------------------------------------------------------------------------------------------------- */
static void show_path(struct line *l, struct call *c, int i) { put_str(l, (uaddr)c->raw[i], LINE_SIZE); }
static void show_str(struct line *l, struct call *c, int i) { put_str(l, (uaddr)c->raw[i], 256); }

#define MOST_VARS 4096ul

/* An environment is long and seldom asked for: how many is enough. */
static void show_envv(struct line *l, uaddr a)
{
	uint64_t p = 0, n = 0;
	while (n < MOST_VARS && !copy_in(&p, a + 8 * n, 8) && p)
		n++;
	PUT(l, "%#lx /* %lu%s vars */", a, n, n == MOST_VARS ? " or more" : "");
}
static void show_strv(struct line *l, struct call *c, int i)
{
	uaddr a = (uaddr)c->raw[i], p;
	if (!a || copy_in(&p, a, 8) < 0) {
		put_addr(l, a);
		return;
	}
	if (!str_ncmp(c->row->arg[i].name, "env", 3)) {
		show_envv(l, a);
		return;
	}
	PUT(l, "[");
	for (unsigned n = 0; !copy_in(&p, a + 8 * n, 8) && p; n++) {
		PUT(l, n ? ", " : "");
		if (n == LIST_LIMIT) {
			PUT(l, "...");
			break;
		}
		put_str(l, p, 256);
	}
	PUT(l, "]");
}

/* --- buffers ---------------------------------------------------------------------------------------------------- */
static void show_inbuf(struct line *l, struct call *c, int i)
{
	long n = count_of(c, i);
	if (n < 0)
		show_addr(l, c, i);
	else
		put_bytes(l, (uaddr)c->raw[i], (uint64_t)n, TEXT_LIMIT);
}
/* How much of it was written the result says, if it counts bytes; otherwise text ends at its NUL. */
static void show_outbuf(struct line *l, struct call *c, int i)
{
	long n = count_of(c, i), len;
	char buf[TEXT_LIMIT + 1];
	if (counts_bytes(c))
		n = n < 0 ? c->rv : MIN(n, c->rv);
	if (n < 0) {
		show_addr(l, c, i);
		return;
	}
	len = counts_bytes(c) ? -1 : copy_str(buf, (uaddr)c->raw[i], MIN((size_t)n, sizeof buf));
	put_bytes(l, (uaddr)c->raw[i], (uint64_t)(len > 0 ? len : n), TEXT_LIMIT);
}
/* struct iovec is an address and a length in every system with 64-bit pointers. */
static void show_iov(struct line *l, struct call *c, int i, uint64_t bytes)
{
	long n = count_of(c, i);
	struct iovec v;
	if (n < 0 || n > 1024 || copy_in(&v, (uaddr)c->raw[i], n ? sizeof v : 0) < 0) {
		show_addr(l, c, i);
		return;
	}
	PUT(l, "[");
	for (long k = 0; k < n && !copy_in(&v, (uaddr)c->raw[i] + (uaddr)k * sizeof v, sizeof v); k++) {
		PUT(l, k ? ", " : "");
		if (k == LIST_LIMIT) {
			PUT(l, "...");
			break;
		}
		PUT(l, "{iov_base=");
		put_bytes(l, (uaddr)v.iov_base, MIN(v.iov_len, bytes), TEXT_LIMIT);
		PUT(l, ", iov_len=%lu}", v.iov_len);
		bytes -= MIN(v.iov_len, bytes);
	}
	PUT(l, "]");
}
static void show_iovin(struct line *l, struct call *c, int i) { show_iov(l, c, i, ~0ull); }
static void show_iovout(struct line *l, struct call *c, int i) { show_iov(l, c, i, (uint64_t)c->rv); }

/* --- records ---------------------------------------------------------------------------------------------------- */
static void show_record(struct line *l, struct call *c, int i)
{
	if (!put_record(l, c->t, c->row->arg[i].what, (uaddr)c->raw[i], false))
		show_addr(l, c, i);
}
static void show_records(struct line *l, struct call *c, int i)
{
	unsigned what = c->row->arg[i].what;
	size_t size = l->pers->rec ? l->pers->rec[what].gsize : 0, begin = l->len;
	long n = count_of(c, i);

	if (c->row->arg[i].kind == A_OUTV)
		n = MIN(n, c->rv);
	PUT(l, "[");
	for (long k = 0; k < n && k < LIST_LIMIT; k++) {
		PUT(l, k ? ", " : "");
		if (!put_record(l, c->t, what, (uaddr)c->raw[i] + (uaddr)k * size, true)) {
			l->len = begin;          /* nobody can read these: take it all back */
			show_addr(l, c, i);
			return;
		}
	}
	PUT(l, n > LIST_LIMIT ? ", ...]" : "]");
}
static void show_sockaddr(struct line *l, struct call *c, int i)
{
	long n = count_of(c, i);
	put_sockaddr(l, (uaddr)c->raw[i], n > 0 ? (size_t)n : 0);
}
static void show_sigset(struct line *l, struct call *c, int i)
{
	sigbits set;
	if (!c->raw[i] || sigset_get(c->t, (uaddr)c->raw[i], &set) < 0)
		show_addr(l, c, i);
	else
		put_sigbits(l, set);
}

/* --- by kind ---------------------------------------------------------------------------------------------------- */
static showfn *const show[] = {
	[A_PAD] = show_long, [A_INT] = show_int, [A_UINT] = show_uint, [A_LONG] = show_long, [A_ULONG] = show_ulong,
	[A_HEX] = show_hex, [A_OCT] = show_oct, [A_SIZE] = show_ulong, [A_OFF] = show_long, [A_ADDR] = show_addr,
	[A_PTR] = show_addr, [A_PID] = show_int, [A_UID] = show_int, [A_DEV] = show_hex, [A_FD] = show_int,
	[A_ATFD] = show_atfd, [A_SIG] = show_sig, [A_SET] = show_set, [A_ENUM] = show_set, [A_SUB] = show_sub,
	[A_PATH] = show_path, [A_STR] = show_str, [A_STRV] = show_strv,
	[A_IN] = show_record, [A_OUT] = show_record, [A_INOUT] = show_record,
	[A_INV] = show_records, [A_OUTV] = show_records, [A_INOUTV] = show_records,
	[A_INBUF] = show_inbuf, [A_OUTBUF] = show_outbuf, [A_IOVIN] = show_iovin, [A_IOVOUT] = show_iovout,
	[A_SOCKIN] = show_sockaddr, [A_SOCKOUT] = show_sockaddr,
	[A_SIGSETIN] = show_sigset, [A_SIGSETOUT] = show_sigset,
};
static const bool out[ARRAY_LEN(show)] = {
	[A_OUT] = true, [A_INOUT] = true, [A_OUTV] = true, [A_INOUTV] = true, [A_OUTBUF] = true, [A_IOVOUT] = true,
	[A_SOCKOUT] = true, [A_SIGSETOUT] = true,
};
bool arg_is_out(const struct arg *a) { return out[a->kind]; }

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
void show_result(struct line *l, struct call *c)
{
	static const char *const how[] = {
		[R_INT] = "%ld", [R_UINT] = "%lu", [R_FD] = "%ld", [R_SIZE] = "%ld", [R_LONG] = "%ld",
		[R_ADDR] = "%#lx", [R_HEX] = "%#lx", [R_OCT] = "%#lo", [R_OFF] = "%ld", [R_PID] = "%ld", [R_ERRNO] = "%ld",
	};
	unsigned ret = c->row ? c->row->ret : R_INT;

	PUT(l, " = ");
	if (c->rv == SYS_RESTART)
		PUT(l, "? ERESTART (to be made again after the signal)");
	else if (c->rv == SYS_NORETURN || ret == R_NOTHING)
		PUT(l, "?");
	else if (c->rv < 0 && c->rv > -4096)
		PUT(l, "-1 "), put_errno(l, (int)-c->rv);
	else if (ret == R_PAIR)
		PUT(l, "%ld, %ld", c->rv, c->rv2);
	else if (!c->rv)
		PUT(l, "0");
	else
		line_grow(l, fmt(l->at + l->len, l->n - l->len, how[ret], c->rv));
	if (c->row && c->row->level >= L_NOSYS && c->row->note)
		PUT(l, " /* %s */", c->row->note);
}
