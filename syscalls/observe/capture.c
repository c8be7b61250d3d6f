/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which of the guest's memory goes along with a record: told by the kinds of the row's arguments and the layouts of its
 * records, the same that decoding reads. Pieces are taken as they lie there; what cannot be read is left out, and is
 * shown as its address later. Sizes are bounded: a trace must not cost what the call costs.
 */
#include <fcntl.h>
#include <sys/uio.h>
#include "layout.h"
#include "observe.h"
#include "entry.h"

#define MOST_PATH    4096ul
#define MOST_STR     256ul
#define MOST_VARS    4096ul
#define MOST_RECORDS 64ul
#define MOST_DIRENTS 16384ul
#define MOST_CMSG    1024ul
#define MOST_STACK   16384ul
#define MOST_DUMP    (RECORD_MOST - 4096)

/* How much of a buffer goes along (-s); nearly all that a record holds where it will be dumped (-e read=, write=). */
static uint64_t text_of(const struct call *c, bool written)
{
	unsigned fd = (unsigned)c->raw[0];
	if (session->want & WANT_DUMP && c->row->arg[0].kind == A_FD && fd < 1024 && session->dump[written][fd / 64] >> fd % 64 & 1)
		return MOST_DUMP;
	return session->text;
}

EACH_CALL void take(struct writer *w, uaddr a, uint64_t n, uint64_t limit)
{
	uint64_t len = MIN(n, limit);
	struct piece *p = a && len ? record_piece(w, PIECE_MEM, a, len) : NULL;
	if (!p)
		return;
	p->cut = len < n;
	if (copy_in(p->bytes, a, len) < 0)
		entry_trim(w, p, 0);
}
static void take_str(struct writer *w, uaddr a, size_t limit)
{
	size_t step = 128, got = 0;
	struct piece *p = a ? record_piece(w, PIECE_MEM, a, step) : NULL;
	if (!p)
		return;
	for (;;) {                           /* most are short: room is taken as it is needed */
		long n = copy_str(p->bytes + got, a + got, step - got);
		if (n == -EFAULT) {
			entry_trim(w, p, got);
			return;
		}
		if (n >= 0) {
			entry_trim(w, p, got + (size_t)n + 1);
			return;
		}
		got = step;
		if (got >= limit) {
			p->cut = 1;
			return;
		}
		size_t more = MIN(step, limit - step), at = w->last;
		if (!entry_room(w, (more + 7) & ~7ul)) {
			p->cut = 1;
			return;
		}
		p = (struct piece *)((char *)entry_head(w) + w->len - at - ((more + 7) & ~7ul));
		w->last = at + ((more + 7) & ~7ul);
		step += more;
		p->len = (uint32_t)step;
	}
}
static void take_iov(struct writer *w, uaddr a, uint64_t n, uint64_t bytes, uint64_t text)
{
	struct iovec v;
	n = MIN(n, LIST_LIMIT + 1);
	take(w, a, n * sizeof v, ~0ull);
	for (uint64_t k = 0; k < n && k < LIST_LIMIT && bytes && !copy_in(&v, a + k * sizeof v, sizeof v); k++) {
		take(w, (uaddr)v.iov_base, MIN(v.iov_len, bytes), text);
		bytes -= MIN(v.iov_len, bytes);
	}
}
static const struct field *pointer(const struct field *f)
{
	while (f->type && f->type != F_PSTR && f->type != F_PBYTES && f->type != F_PSOCKADDR && f->type != F_PIOV &&
	       f->type != F_PCMSG)
		f++;
	return f;
}
/* What the pointers of a record lead to. Most have none. */
static void take_behind(struct writer *w, const struct layout *y, uaddr a, uint64_t bytes, uint64_t text)
{
	char g[256];
	const struct field *f = y && !y->scalar ? pointer(y->field) : NULL;
	if (!f || !f->type || y->size > sizeof g || copy_in(g, a, y->size) < 0)
		return;
	for (; f->type; f = pointer(f + 1)) {
		uaddr p = field_value(g, f->off, f->size, false);
		uint64_t n = field_value(g, f->len_off, f->len_size, false);
		switch ((enum fieldtype)f->type) {
		case F_PSTR: take_str(w, p, MOST_STR); break;
		case F_PBYTES: take(w, p, n, session->text); break;
		case F_PSOCKADDR: take(w, p, n, 128); break;
		case F_PIOV: take_iov(w, p, n, bytes, text); break;
		case F_PCMSG: take(w, p, n, MOST_CMSG); break;
		default: break;
		}
	}
}
static void take_records(struct writer *w, const struct personality *p, unsigned rec, uaddr a, uint64_t n,
	uint64_t bytes, uint64_t text, bool behind)
{
	const struct layout *y = layout_of(p, rec);
	uint64_t size = y ? y->size : 0;
	if (!y)
		return;
	n = MIN(n, MOST_RECORDS);
	take(w, a, n * y->size, ~0ull);
	if (rec == REC_MMSGHDR)          /* each is a message, and how much of it went */
		y = layout_of(p, REC_MSGHDR);
	for (uint64_t k = 0; a && y && behind && k < n && !y->scalar; k++)
		take_behind(w, y, a + k * size, bytes, text);
}
static void take_strv(struct writer *w, uaddr a)
{
	uaddr p = 0;
	uint64_t n = 0;
	uint64_t most = session->want & WANT_ALL ? MOST_VARS : LIST_LIMIT;
	while (n <= most && !copy_in(&p, a + 8 * n, 8) && p)
		n++;
	take(w, a, 8 * (n + 1), ~0ull);
	for (uint64_t k = 0; k < MIN(n, most) && !copy_in(&p, a + 8 * k, 8) && p; k++)
		take_str(w, p, MOST_STR);
}
static void take_envv(struct writer *w, uaddr a)
{
	uaddr p = 0;
	uint32_t n = 0;
	while (n < MOST_VARS && !copy_in(&p, a + 8 * n, 8) && p)
		n++;
	struct piece *c = a ? entry_piece(w, PIECE_COUNT, a, sizeof n) : NULL;
	if (c) {
		memcpy(c->bytes, &n, sizeof n);
		c->cut = n == MOST_VARS;
	}
}

/* --- descriptors (-y): what they are at this moment --------------------------------------------------------------- */
static size_t name_of_fd(struct call *c, int fd, char *name, size_t n)
{
	char host_path[4096];
	long len = path_of_fd(fd, host_path, sizeof host_path);
	if (len < 0)
		return 0;
	if (host_path[0] != '/' || path_to_guest(c->t->p, host_path, name, n) < 0)
		str_copy(name, host_path, n);
	return str_len(name);
}
static void take_fd(struct writer *w, struct call *c, int fd)
{
	char name[4096];
	size_t n;
	if (fd < 0 || fd_is_ours(c->t->p, fd) || !(n = name_of_fd(c, fd, name, sizeof name)))
		return;
	if (session->want & WANT_SOCKS && !str_ncmp(name, "socket:", 7)) {
		struct { uint32_t len[2]; struct sockaddr_storage ss[2]; } s = { .len = { 128, 128 } };
		if (host(SYS_getsockname, fd, &s.ss[0], &s.len[0]) < 0)
			s.len[0] = 0;
		if (host(SYS_getpeername, fd, &s.ss[1], &s.len[1]) < 0)
			s.len[1] = 0;
		struct piece *p = entry_piece(w, PIECE_SOCK, (uint64_t)fd, sizeof s);
		if (p)
			memcpy(p->bytes, &s, sizeof s);
	}
	struct piece *p = entry_piece(w, PIECE_FD, (uint64_t)fd, n);
	if (p)
		memcpy(p->bytes, name, n);
}

/* --- by kind ------------------------------------------------------------------------------------------------------ */
/* As show.c's count_of, but from the guest itself. */
static int counter_of(plan p, int i) { return p >> (PLAN_LENGTHS + 3 * i) & 7; }
static uint64_t count_of(struct call *c, int i, plan p)
{
	int k = counter_of(p, i);
	uint32_t n32 = 0;
	uint64_t n64 = 0;
	if (k == i)
		return 0;
	const struct arg *a = &c->row->arg[k];
	if (a->kind != A_IN && a->kind != A_OUT && a->kind != A_INOUT)
		return a->kind == A_INT || a->kind == A_UINT ? (unsigned)c->raw[k] : (uint64_t)c->raw[k];
	if (a->what == REC_SIZE || a->what == REC_U64 || a->what == REC_LONG)
		return copy_in(&n64, (uaddr)c->raw[k], 8) ? 0 : n64;
	return copy_in(&n32, (uaddr)c->raw[k], 4) ? 0 : n32;
}
static bool leads_on(plan p, int i) { return p >> (PLAN_BEHIND + i) & 1; }
static void take_record(struct writer *w, struct call *c, int i, uint64_t bytes, bool out, plan p)
{
	if (c->row->arg[i].what == REC_FDSET)
		take(w, (uaddr)c->raw[i], (uint64_t)(MIN(MAX((int)c->raw[0], 0), 1024) + 63) / 64 * 8, ~0ull);
	else
		take_records(w, c->t->p->pers, c->row->arg[i].what, (uaddr)c->raw[i], 1, bytes, text_of(c, !out), leads_on(p, i));
}
static void take_in(struct writer *w, struct call *c, int i, plan plan_)
{
	const struct arg *a = &c->row->arg[i];
	const struct personality *p = c->t->p->pers;
	uaddr at = (uaddr)c->raw[i];

	switch ((enum argkind)a->kind) {
	case A_FD: case A_ATFD:
		if (session->want & WANT_FDS)
			take_fd(w, c, (int)c->raw[i]);
		break;
	case A_INT:
		if (session->want & WANT_FDS && a->what == INT_MAPFD)
			take_fd(w, c, (int)c->raw[i]);
		break;
	case A_PATH: take_str(w, at, MOST_PATH); break;
	case A_STR: take_str(w, at, MOST_STR); break;
	case A_STRV: str_ncmp(a->name, "env", 3) || session->want & WANT_ALL ? take_strv(w, at) : take_envv(w, at); break;
	case A_IN: case A_INOUT: take_record(w, c, i, a->kind == A_IN ? ~0ull : 0, false, plan_); break;
	case A_INV: case A_INOUTV: take_records(w, p, a->what, at, count_of(c, i, plan_), ~0ull, text_of(c, true),
			leads_on(plan_, i)); break;
	case A_INBUF: take(w, at, count_of(c, i, plan_), text_of(c, true)); break;
	case A_IOVIN: take_iov(w, at, count_of(c, i, plan_), ~0ull, text_of(c, true)); break;
	case A_SOCKIN: take(w, at, count_of(c, i, plan_), 128); break;
	case A_SIGSETIN: take(w, at, sigset_size(p), ~0ull); break;
	default: break;
	}
}
static void take_out(struct writer *w, struct call *c, int i, plan plan_)
{
	const struct arg *a = &c->row->arg[i];
	const struct personality *p = c->t->p->pers;
	uaddr at = (uaddr)c->raw[i];
	uint64_t n;

	switch ((enum argkind)a->kind) {
	case A_OUT: case A_INOUT: take_record(w, c, i, counts_bytes(c) ? (uint64_t)c->rv : ~0ull, true, plan_); break;
	case A_OUTV: take_records(w, p, a->what, at, MIN(count_of(c, i, plan_), (uint64_t)c->rv), ~0ull, text_of(c, false),
			leads_on(plan_, i)); break;
	case A_INOUTV: take_records(w, p, a->what, at, count_of(c, i, plan_), ~0ull, MAX(text_of(c, false), text_of(c, true)),
			leads_on(plan_, i)); break;
	case A_OUTBUF:
		n = count_of(c, i, plan_);
		if (counts_bytes(c))
			n = counter_of(plan_, i) != i ? MIN(n, (uint64_t)c->rv) : (uint64_t)c->rv;
		if (a->what && counts_bytes(c))
			take(w, at, n, MOST_DIRENTS);
		else if (counts_bytes(c))
			take(w, at, n, text_of(c, false));
		else
			take(w, at, n, MAX(session->text, TEXT_LIMIT + 1u));
		break;
	case A_IOVOUT: take_iov(w, at, count_of(c, i, plan_), (uint64_t)c->rv, text_of(c, false)); break;
	case A_SOCKOUT: take(w, at, count_of(c, i, plan_), 128); break;
	case A_SIGSETOUT: take(w, at, sigset_size(p), ~0ull); break;
	default: break;
	}
}
/* Return addresses by the chain of frame pointers, where the program keeps them. */
static void take_frames(struct writer *w, const struct regs *r)
{
	struct piece *p = entry_piece(w, PIECE_FRAME, r->rip, 32 * 8);
	uint64_t fp = r->rbp, frame[2];
	unsigned n = 0;
	if (!p)
		return;
	for (; n < 32 && fp > r->rsp - 128 && fp - r->rsp < 64ul << 20 && !copy_in(frame, fp, 16) && frame[1]; n++) {
		memcpy(p->bytes + n * 8, &frame[1], 8);
		if (frame[0] <= fp) {
			n++;
			break;
		}
		fp = frame[0];
	}
	entry_trim(w, p, n * 8);
}
/* The stack itself, for programs that keep no frame pointers: as much as there is, up to a limit. */
static void take_stack(struct writer *w, const struct regs *r)
{
	const struct stack_piece s = { .reg = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8, r->r9, r->r10,
						r->r11, r->r12, r->r13, r->r14, r->r15, r->rip } };
	struct piece *p = entry_piece(w, PIECE_STACK, r->rip, sizeof s + MOST_STACK);
	size_t n = 0;

	if (!p)
		return;
	memcpy(p->bytes, &s, sizeof s);
	for (size_t step; n < MOST_STACK; n += step) {
		step = MIN(MOST_STACK - n, PAGE - (r->rsp + n) % PAGE);
		if (copy_in(p->bytes + sizeof s + n, r->rsp + n, step) < 0)
			break;
	}
	entry_trim(w, p, sizeof s + n);
}
/* Most rows take few registers and nothing of the memory: what they do is found out once. */
static bool needs_in(const struct arg *a)
{
	switch ((enum argkind)a->kind) {
	case A_PATH: case A_STR: case A_STRV: case A_IN: case A_INOUT: case A_INV: case A_INOUTV: case A_INBUF: case A_IOVIN: case A_SOCKIN:
	case A_SIGSETIN: return true;
	case A_FD: case A_ATFD: return session->want & WANT_FDS;
	case A_INT: return session->want & WANT_FDS && a->what == INT_MAPFD;
	default: return false;
	}
}
static bool has_behind(const struct personality *p, const struct arg *a)
{
	bool record = a->kind == A_IN || a->kind == A_OUT || a->kind == A_INOUT || a->kind == A_INV || a->kind == A_OUTV || a->kind == A_INOUTV;
	const struct layout *y = record ? layout_of(p, a->what) : NULL;
	return y && (a->what == REC_MMSGHDR || (!y->scalar && pointer(y->field)->type));
}
static plan plan_make(const struct personality *p, const struct row *r)
{
	unsigned n = 0, does = PLAN_MADE;
	plan all = 0;
	for (; n < 8 && r->arg[n].kind; n++) {
		int k = arg_index(r, r->arg[n].len);
		does |= (needs_in(&r->arg[n]) ? PLAN_IN : 0) | (arg_is_out(&r->arg[n]) ? PLAN_OUT : 0);
		all |= (plan)(k < 0 ? n : (unsigned)k) << (PLAN_LENGTHS + 3 * n) | (plan)has_behind(p, &r->arg[n]) << (PLAN_BEHIND + n);
	}
	does |= r->ret == R_FD && session->want & WANT_FDS ? PLAN_OUT : 0;
	if (!(session->want & WANT_ARGS))
		does &= ~(unsigned)(PLAN_IN | PLAN_OUT);
	return all | does | ((n + 1) & ~1u) << 4;
}
volatile plan plans[PLANS];
plan capture_plan_new(const struct call *c, uint64_t place)
{
	if (!c->row || !c->row->fn)
		return 6 << 4;           /* all registers that there can be */
	plan p = plan_make(c->t->p->pers, c->row);
	if (!(place >> (64 - PLAN_PLACE)))
		plans[place % PLANS] = p | place << PLAN_PLACE;
	return p;
}
void capture_forget(void)
{
	for (unsigned i = 0; i < PLANS; i++)
		plans[i] = 0;
}
void capture_stack(struct writer *w, struct call *c)
{
	take_frames(w, &c->t->regs);
	take_stack(w, &c->t->regs);
}
void capture_in(struct writer *w, struct call *c, plan p)
{
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++)
		take_in(w, c, i, p);
}
void capture_out(struct writer *w, struct call *c, plan p)
{
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++)
		if (arg_is_out(&c->row->arg[i]))
			take_out(w, c, i, p);
	if (c->row->ret == R_FD && session->want & WANT_FDS)
		take_fd(w, c, (int)c->rv);
}
void capture_hello(struct writer *w, struct proc *p)
{
	struct space *s = p->space;
	size_t n = str_len(p->exe) + 1;
	struct piece *x = entry_piece(w, PIECE_MEM, 0, n);
	if (x)
		memcpy(x->bytes, p->exe, n);
	take(w, s->args, s->args_end - s->args, 8192);
}
