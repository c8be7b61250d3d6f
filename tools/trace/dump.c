/* SPDX-License-Identifier: BSD-2-Clause
 *
 * -e read=, -e write=: the data that a call moved, in hexadecimal and as text, below its line. Which arguments hold data
 * the kinds of the row say; where it lies in a message, its layout.
 */
#include <string.h>
#include <sys/uio.h>
#include "tools/trace/trace.h"
#include "observe/layout.h"

static void put_row(struct line *l, uint64_t off, const unsigned char *b, size_t n)
{
	PUT(l, " | %05lx ", off);
	for (size_t i = 0; i < 16; i++) {
		put_s(l, i % 8 ? " " : i ? "  " : " ");
		if (i < n)
			PUT(l, "%02x", b[i]);
		else
			put_s(l, "  ");
	}
	put_s(l, "  ");
	for (size_t i = 0; i < 16; i++)
		PUT(l, "%c", i >= n ? ' ' : b[i] < ' ' || b[i] > '~' ? '.' : b[i]);
	put_s(l, " |\n");
}
/* n bytes are there, of which as many as were recorded are shown. */
static void put_data(struct line *l, uaddr a, uint64_t n)
{
	const struct piece *p = n ? piece_first(l->mem, PIECE_MEM, a) : NULL;
	uint64_t have = p ? MIN(n, p->len - (a - p->at)) : 0;

	for (uint64_t off = 0; off < have; off += 16)
		put_row(l, off, (const unsigned char *)p->bytes + (a - p->at) + off, MIN(16, have - off));
	if (have < n)
		PUT(l, " | %05lx  ... %lu more bytes, which were not recorded\n", have, n - have);
}
static void put_iov(struct line *l, uaddr a, uint64_t n, uint64_t bytes)
{
	struct iovec v;
	for (uint64_t k = 0; k < n && bytes && !peek(l, &v, a + k * sizeof v, sizeof v); k++) {
		uint64_t some = MIN(v.iov_len, bytes);
		PUT(l, " * %lu byte%s in buffer %lu\n", some, some == 1 ? "" : "s", k);
		put_data(l, (uaddr)v.iov_base, some);
		bytes -= some;
	}
}
/* A message, or a struct that begins with one and ends with how much of it went. */
static void put_message(struct line *l, unsigned rec, uaddr a, uint64_t bytes)
{
	const struct layout *y = layout_of(l->pers, rec);
	char g[256];

	if (!y || y->scalar || y->size > sizeof g || peek(l, g, a, y->size) < 0)
		return;
	for (const struct field *f = y->field; f->type; f++)
		if (f->type == F_PIOV)
			put_iov(l, field_value(g, f->off, f->size, false), field_value(g, f->len_off, f->len_size, false), bytes);
}
static void put_arg(struct line *l, struct call *c, int i, bool written)
{
	const struct arg *a = &c->row->arg[i];
	uaddr at = (uaddr)c->raw[i];
	uint64_t went = (uint64_t)c->rv;
	int k = a->len ? arg_index(c->row, a->len) : -1;
	uint64_t n = k >= 0 ? c->row->arg[k].kind == A_INT || c->row->arg[k].kind == A_UINT ? (unsigned)c->raw[k] : (uint64_t)c->raw[k] : went;

	if (a->kind == (written ? A_INBUF : A_OUTBUF) && !a->what)
		put_data(l, at, MIN(n, went));
	else if (a->kind == (written ? A_IOVIN : A_IOVOUT))
		put_iov(l, at, n, went);
	else if (a->what == REC_MSGHDR && (a->kind == A_IN) == written && a->kind >= A_IN && a->kind <= A_INOUT)
		put_message(l, REC_MSGHDR, at, went);
}
void put_dump(struct line *l, const struct event *e)
{
	struct call *c = &e->task->call;
	unsigned fd = (unsigned)c->raw[0];

	if (!c->row || c->row->arg[0].kind != A_FD || fd > 1023 || c->rv <= 0 || !counts_bytes(c))
		return;
	for (int written = 0; written < 2; written++)
		for (int i = 1; view.dump[written][fd / 64] >> fd % 64 & 1 && i < 8 && c->row->arg[i].kind; i++)
			put_arg(l, c, i, written);
}
