/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A call in words that no system owns. Its name is its handler's, which the row names: sys_open is open, whatever the
 * number and whatever the guest's header calls it. Where guest and host are one system the row's own name says it, and
 * so it does where one handler serves many calls (those that are refused). Arguments are shown by their kind alone, as
 * the trace does it, but flags, errors and signals in the host's names, descriptors by what they are, and what is noise
 * (addresses, numbers of processes, ports that the host picked) by a sign. What a call filled in is
 * shown where it means the same everywhere (filled.c), and so are the bytes that it moved.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include "tools/diff/diff.h"
#include "tools/trace/trace.h"
#include "observe/layout.h"

/* --- descriptors -------------------------------------------------------------------------------------------------- */
/* A peer that is gone has no address any more: what it was is remembered until the descriptor is closed. */
static struct { int pid, fd; char text[260]; } known[256];
static unsigned n_known;
static void remember(int pid, int fd, char *text, size_t n)
{
	unsigned i = 0;
	while (i < n_known && (known[i].pid != pid || known[i].fd != fd))
		i++;
	bool peer = strstr(text, " to ");
	if (i < n_known && *known[i].text && !peer) {
		snprintf(text, n, "%s", known[i].text);
	} else if (peer) {
		if (i == n_known)
			i = n_known < ARRAY_LEN(known) ? n_known++ : (unsigned)fd % ARRAY_LEN(known);
		known[i].pid = pid, known[i].fd = fd;
		snprintf(known[i].text, sizeof known[i].text, "%s", text);
	}
}
static void forget(int pid, int fd)
{
	for (unsigned i = 0; i < n_known; i++)
		if (known[i].pid == pid && known[i].fd == fd)
			*known[i].text = 0;
}
static void sockets(char *to, size_t n, const struct memory *m, int pid, int fd, char *net, size_t n_net)
{
	struct { uint32_t len[2]; struct sockaddr_storage ss[2]; } s;
	const struct piece *p = piece_first(m, PIECE_SOCK, (uint64_t)fd);
	char end[2][150] = { "", "" };

	word_add(to, n, "socket");
	if (!p || p->len != sizeof s)
		return;
	memcpy(&s, p->bytes, sizeof s);
	for (int i = 0; i < 2; i++)
		if (s.len[i] > 2 && s.len[i] <= sizeof s.ss[i])
			word_address(end[i], sizeof end[i], &s.ss[i], s.len[i]);
	if (*end[1] || (*end[0] && s.ss[0].ss_family != AF_UNIX)) {
		snprintf(net, n_net, "%s%s%s", end[0], *end[1] ? " to " : "", end[1]);
		remember(pid, fd, net, n_net);
		word_add(to, n, " %s", net);
	}
}
/* What it is, by what /proc said of it; fd 0 to 2 that are pipes are ours. */
static void put_fd(struct neutral *x, char *to, size_t n, const struct memory *m, int pid, int fd)
{
	static const char *const standard[] = { "stdin", "stdout", "stderr" };
	const struct piece *p = piece_first(m, PIECE_FD, (uint64_t)fd);
	char name[4200] = "", what[600] = "";

	if (p)
		snprintf(name, sizeof name, "%.*s", (int)MIN(p->len, 4096u), p->bytes);
	char *gone = strstr(name, " (deleted)");
	if (gone && !gone[10])
		*gone = 0;
	if (*name == '/') {
		snprintf(x->path, sizeof x->path, "%s", name);
		word_path(what, sizeof what, name);
	} else if (!strncmp(name, "socket:", 7)) {
		sockets(what, sizeof what, m, pid, fd, x->net, sizeof x->net);
	} else if (!strncmp(name, "pipe:", 5)) {
		ADD(what, "%s", fd >= 0 && fd < 3 ? standard[fd] : "pipe");
	} else {
		ADD(what, *name ? "%s" : "no descriptor", name);
	}
	if (word_noise.fds)
		word_add(to, n, "<%s>", what);
	else
		word_add(to, n, "%d<%s>", fd, what);
}

/* --- the bytes that a call moves ---------------------------------------------------------------------------------- */
static void take_data(struct neutral *x, const struct memory *m, uaddr at, uint64_t n)
{
	const struct piece *p = piece_first(m, PIECE_MEM, at);
	size_t have = p ? MIN(n, p->len - (at - p->at)) : 0, room = sizeof x->data - x->n_data;
	if (x->flags & NC_CUT)
		return;
	if (have && p)
		memcpy(x->data + x->n_data, p->bytes + (at - p->at), MIN(have, room));
	x->n_data += MIN(have, room);
	if (have < n || have > room)
		x->flags |= NC_CUT;
}
static void take_vector(struct neutral *x, const struct memory *m, uaddr at, uint64_t n, uint64_t left)
{
	const struct line l = { .mem = m };
	struct iovec v;
	for (uint64_t k = 0; k < MIN(n, 1024ul) && left; k++) {
		if (peek(&l, &v, at + k * sizeof v, sizeof v)) {
			x->flags |= NC_CUT;
			return;
		}
		uint64_t part = MIN(left, v.iov_len);
		take_data(x, m, (uaddr)v.iov_base, part);
		left -= part;
	}
}
static void take_message(struct neutral *x, const struct personality *p, const struct memory *m, uaddr at, uint64_t left)
{
	const struct layout *y = layout_of(p, REC_MSGHDR);
	const struct line l = { .mem = m };
	char g[256];
	if (!y || y->size > sizeof g || peek(&l, g, at, y->size))
		return;
	for (const struct field *f = y->field; f->type; f++)
		if (f->type == F_PIOV)
			take_vector(x, m, field_value(g, f->off, f->size, false), field_value(g, f->len_off, f->len_size, false), left);
}
static bool has_kind(const struct row *r, unsigned kind)
{
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (r->arg[i].kind == kind)
			return true;
	return false;
}
/* Bytes go through a descriptor, at its own place in the file. */
static unsigned moves(const struct call *c)
{
	const struct row *r = c->row;
	if (!counts_bytes(c) || r->arg[0].kind != A_FD || has_kind(r, A_OFF) || has_kind(r, A_PATH) || has_kind(r, A_STR))
		return 0;
	for (int i = 1; i < 8 && r->arg[i].kind; i++) {
		const struct arg *a = &r->arg[i];
		bool message = a->what == REC_MSGHDR;
		if (a->kind == A_INBUF || a->kind == A_IOVIN || (a->kind == A_IN && message))
			return NC_OUT;
		if ((a->kind == A_OUTBUF && !a->what) || a->kind == A_IOVOUT || (a->kind == A_INOUT && message))
			return NC_IN;
	}
	return 0;
}
static void moved(struct neutral *x, const struct event *e)
{
	const struct call *c = &e->task->call;
	const struct memory *m = e->mem ? e->mem : &e->task->in;
	uint64_t n = c->rv > 0 ? (uint64_t)c->rv : 0;

	x->bytes = n;
	for (int i = 1; i < 8 && c->row->arg[i].kind && n; i++) {
		const struct arg *a = &c->row->arg[i];
		uaddr at = (uaddr)c->raw[i];
		int k = arg_index(c->row, a->len);
		if (a->kind == A_INBUF || a->kind == A_OUTBUF)
			take_data(x, m, at, n);
		else if ((a->kind == A_IOVIN || a->kind == A_IOVOUT) && k >= 0)
			take_vector(x, m, at, (unsigned)c->raw[k], n);
		else if (a->what == REC_MSGHDR)
			take_message(x, e->task->pers, m, at, n);
	}
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */
static void put_string(struct neutral *x, const struct memory *m, uaddr at, bool path, const char *dir)
{
	const struct line l = { .mem = m };
	char text[4200], whole[8500];
	long n = at ? peek_str(&l, text, at, sizeof text) : -1;
	if (n < 0) {
		ADD(x->args, at ? "(unreadable)" : "NULL");
		return;
	}
	if (!path) {
		word_quoted(x->args, sizeof x->args, text, (size_t)n);
		return;
	}
	x->empty = !*text;
	snprintf(whole, sizeof whole, "%s%s%s", *text == '/' ? "" : dir, *dir && *text != '/' ? "/" : "", text);
	snprintf(x->path, sizeof x->path, "%.4100s", whole);
	char told[4300] = "";
	word_path(told, sizeof told, whole);
	size_t len;
	char *changed = rule_text(told, strlen(told), &len);
	ADD(x->args, "\"%s\"", changed);
	free(changed);
}
static void put_strings(struct neutral *x, const struct memory *m, uaddr at)
{
	const struct line l = { .mem = m };
	uaddr p;
	ADD(x->args, "[");
	for (unsigned k = 0; k < 64 && !peek(&l, &p, at + 8 * k, 8) && p; k++) {
		ADD(x->args, k ? ", " : "");
		put_string(x, m, p, false, "");
	}
	ADD(x->args, "]");
}
static void put_sockaddr_arg(struct neutral *x, const struct event *e, int i)
{
	const struct call *c = &e->task->call;
	const struct line l = { .mem = &e->task->in };
	struct sockaddr_storage ss = { 0 };
	char guest[128];
	int k = arg_index(c->row, c->row->arg[i].len);
	size_t n = k >= 0 ? MIN((unsigned)c->raw[k], sizeof guest) : 0;
	long len = -1;

	if (c->raw[i] && n && !peek(&l, guest, (uaddr)c->raw[i], n))
		len = e->task->pers->sockaddr_get(guest, n, &ss);
	if (len < 0) {
		ADD(x->args, c->raw[i] ? "(no address)" : "");
		return;
	}
	char text[200] = "";
	word_address(text, sizeof text, &ss, (size_t)len);
	if (ss.ss_family == AF_UNIX && len > 2)
		snprintf(x->path, sizeof x->path, "%.*s", (int)MIN((size_t)len - 2, 108ul), ((struct sockaddr_un *)&ss)->sun_path);
	ADD(x->args, "%s", text);
	if (!*x->net || c->row->arg[0].kind == A_FD)
		snprintf(x->net, sizeof x->net, "%s%s", ss.ss_family == AF_UNIX ? "" : "at ", text);
}
/* dir: what the last descriptor that a path begins at is, until that path has come. */
static bool put_arg(struct neutral *x, const struct event *e, int i, char *dir, size_t n_dir)
{
	const struct call *c = &e->task->call;
	const struct arg *a = &c->row->arg[i];
	const struct memory *in = &e->task->in;
	long v = c->raw[i];

	switch ((enum argkind)a->kind) {
	case A_ATFD:
		*dir = 0;
		if ((int)v >= 0) {
			char what[700] = "";
			put_fd(x, what, sizeof what, in, e->task->process->pid, (int)v);
			snprintf(dir, n_dir, "%s", x->path);
		}
		return false;
	case A_FD: put_fd(x, x->args, sizeof x->args, in, e->task->process->pid, (int)v); return true;
	case A_PATH:
		put_string(x, in, (uaddr)v, true, dir);
		*dir = 0;
		return true;
	case A_STR: put_string(x, in, (uaddr)v, false, ""); return true;
	case A_STRV:
		if (!strncmp(a->name, "env", 3))
			return false;
		put_strings(x, in, (uaddr)v);
		return true;
	case A_INT: ADD(x->args, "%d", (int)v); return true;
	case A_UINT: ADD(x->args, "%u", (unsigned)v); return true;
	case A_LONG: case A_OFF: ADD(x->args, "%ld", v); return true;
	case A_ULONG: case A_SIZE: ADD(x->args, "%lu", (unsigned long)v); return true;
	case A_HEX: case A_DEV: ADD(x->args, "%#lx", (unsigned long)v); return true;
	case A_OCT: ADD(x->args, "0%o", (unsigned)v & 07777); return true;
	case A_UID: ADD(x->args, "%d", (int)v); return true;
	case A_PID: word_pid(x->args, sizeof x->args, e->task, (int)v); return true;
	case A_SIG: ADD(x->args, "%s", v ? word_signal(sig_to_host(e->task->pers, (int)v)) : "0"); return true;
	case A_SET: case A_ENUM: word_set(x->args, sizeof x->args, e->task->pers, a->what, (unsigned)v); return true;
	case A_SOCKIN: put_sockaddr_arg(x, e, i); return true;
	case A_ADDR: case A_PTR:
		if (word_noise.addresses)
			ADD(x->args, v ? "@" : "NULL");
		else
			ADD(x->args, "%#lx", (unsigned long)v);
		return true;
	default: return false;           /* structs: filled.c; buffers are told by their bytes */
	}
}
static bool counts_another(const struct row *r, int i)
{
	for (int k = 0; k < 8 && r->arg[k].kind; k++)
		if (r->arg[k].len && r->arg[i].name && !strcmp(r->arg[k].len, r->arg[i].name))
			return true;
	return false;
}
/* Bytes went from one descriptor to another within the kernel: a read and a write to whoever looks from outside. */
static void between(struct neutral *x, const struct event *e)
{
	const struct call *c = &e->task->call;
	bool send = !strcmp(x->name, "sendfile"), copy = !strcmp(x->name, "copy_file_range") || !strcmp(x->name, "splice");
	int in = send ? 1 : 0, out = send ? 0 : 2;
	if ((!send && !copy) || c->row->ret != R_SIZE || c->rv < 0 || c->row->arg[in].kind != A_FD || c->row->arg[out].kind != A_FD)
		return;
	*x->args = *x->args2 = 0;
	put_fd(x, x->args, sizeof x->args, &e->task->in, e->task->process->pid, (int)c->raw[in]);
	put_fd(x, x->args2, sizeof x->args2, &e->task->in, e->task->process->pid, (int)c->raw[out]);
	x->also = 1;
	x->bytes = (uint64_t)c->rv;
}
static void put_args(struct neutral *x, const struct event *e)
{
	const struct call *c = &e->task->call;
	char dir[4200] = "";
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++) {
		size_t len = strlen(x->args);
		if (arg_is_unused(c, i) || counts_another(c->row, i) || (x->flags && i && c->row->arg[i].kind == A_SIZE) ||
		    (x->flags && (c->row->arg[i].kind == A_UINT || c->row->arg[i].kind == A_INT)))
			continue;                /* how much was asked for says less than how much came */
		ADD(x->args, len ? ", " : "");
		if (row_top(c)->arg[i].kind == A_SUB && c->row != row_top(c)) {
			snprintf(x->command, sizeof x->command, "%s", c->row->name);
			ADD(x->args, "%s", c->row->name);
		} else if (!put_arg(x, e, i, dir, sizeof dir)) {
			x->args[len] = 0;
		}
		const char *put = x->args + len + (len ? 2 : 0);
		if (!*put || (c->row->arg[i].kind == A_SET && !strcmp(put, "0")))
			x->args[len] = 0;        /* no flags, no address: as in the call's older form */
	}
}
/* One call that is two by a flag or an empty name. */
static void split(struct neutral *x, const struct call *c)
{
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++) {
		unsigned what = c->row->arg[i].kind == A_SET ? c->row->arg[i].what : SET_NONE;
		if ((what == SET_AT || what == SET_ATUNLINK) && c->arg[i] & AT_REMOVEDIR && !strcmp(x->name, "unlink"))
			snprintf(x->name, sizeof x->name, "rmdir");
	}
	if (x->empty && !strcmp(x->name, "stat"))
		snprintf(x->name, sizeof x->name, "fstat");
}

/* --- results ------------------------------------------------------------------------------------------------------ */
static void put_result(struct neutral *x, const struct event *e)
{
	const struct call *c = &e->task->call;
	unsigned ret = c->row->ret;

	if (call_failed(c)) {
		const char *name = -c->rv < n_host_errno ? host_errno_name[-c->rv] : NULL;
		snprintf(x->error, sizeof x->error, "%s", name ? name : errno_name(e->task->pers, (int)-c->rv) ?: "?");
		ADD(x->result, "%s", x->error);
	} else if (c->rv == SYS_RESTART) {
		snprintf(x->error, sizeof x->error, "ERESTART");
	} else if (c->rv == SYS_NORETURN || ret == R_NOTHING) {
		ADD(x->result, "done");
	} else if (ret == R_FD) {
		word_noise.fds ? ADD(x->result, "a descriptor") : ADD(x->result, "%ld", c->rv);
	} else if (ret == R_PID) {
		word_pid(x->result, sizeof x->result, e->task, c->rv);
	} else if (ret == R_ADDR) {
		word_noise.addresses ? ADD(x->result, "@") : ADD(x->result, "%#lx", c->rv);
	} else if (ret == R_PAIR || ret == R_INT || ret == R_UINT || ret == R_SIZE || ret == R_LONG || ret == R_OFF) {
		ret == R_PAIR && word_noise.fds ? ADD(x->result, "0") : ADD(x->result, "%ld", c->rv);
	} else {
		ADD(x->result, "%#lx", c->rv);
	}
}
/* CLONE_THREAD among the flags of a birth: in a register, or first in a struct. */
static bool makes_thread(const struct event *e)
{
	const struct call *c = &e->task->call;
	const struct line l = { .mem = &e->task->in };
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++) {
		const struct arg *a = &c->row->arg[i];
		uint64_t v = (uint64_t)c->raw[i];
		if (a->kind == A_SET && a->what == SET_CLONE)
			return v & 0x10000;
		if (a->what == REC_CLONEARGS && !peek(&l, &v, (uaddr)c->raw[i], sizeof v))
			return v & 0x10000;
	}
	return false;
}
static void put_own(struct neutral *x, const struct event *e)
{
	static char text[64 * 1024], tail[700];
	struct call *c = &e->task->call;
	struct line l, r;
	char buf[24];

	line_of(&l, text, sizeof text, e);
	l.fds = false;
	put_s(&l, call_name(c, buf)), put_s(&l, "(");
	for (int i = 0; c->row && c->row->fn && i < 8 && c->row->arg[i].kind; i++)
		if (!arg_is_unused(c, i)) {
			put_s(&l, i ? ", " : "");
			l.text = 32;
			put_arg_of(&l, e, i);
		}
	put_s(&l, ")");
	line_of(&r, tail, sizeof tail, e);
	r.fds = false;
	show_result(&r, c);
	if (l.len > 220)
		snprintf(text + 217, 4, "...");
	snprintf(x->own, sizeof x->own, "%s%s", text, e->type == EV_EXIT ? tail : " <unfinished>");
}
void neutral_call(struct neutral *x, const struct event *e)
{
	const struct call *c = &e->task->call;
	char buf[24];

	*x->name = *x->args = *x->result = *x->own = *x->command = *x->error = *x->path = *x->net = 0;
	x->n_data = 0, x->bytes = 0, x->also = 0, x->flags = 0, x->writes = x->empty = false;
	if (!c->row) {
		snprintf(x->name, sizeof x->name, "%s", call_name(c, buf));
		for (int i = 0; i < 6; i++)
			ADD(x->args, "%s%#lx", i ? ", " : "", c->raw[i]);
		ADD(x->result, "%s", call_failed(c) && -c->rv < n_host_errno ? host_errno_name[-c->rv] : "done");
		put_own(x, e);
		return;
	}
	x->flags = moves(c);
	snprintf(x->name, sizeof x->name, "%s", rule_as(word_meaning(e->task->pers, row_top(c))));
	if (x->flags)
		snprintf(x->name, sizeof x->name, "%s", x->flags & NC_OUT ? "write" : "read");
	if (!strcmp(x->name, "fork")) {
		if (makes_thread(e))
			snprintf(x->name, sizeof x->name, "thread");
	} else {
		put_args(x, e);
		split(x, c);
		between(x, e);
		if (!strcmp(x->name, "close"))
			forget(e->task->process->pid, (int)c->raw[0]);
	}
	if (x->flags && e->type == EV_EXIT)
		moved(x, e);
	if (e->type == EV_EXIT)
		put_result(x, e);
	if (e->type == EV_EXIT && !*x->error)
		neutral_filled(x, e);
	if (rule_word(RULE_RESULT, x->name) && !*x->error)
		*x->result = 0;
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++)
		if (c->row->arg[i].kind == A_SET && c->row->arg[i].what == SET_OPEN && (c->arg[i] & 3) && !call_failed(c))
			x->writes = true;
	if (!strcmp(x->name, "getdents"))
		x->flags |= NC_IN, x->flags |= NC_CUT, x->bytes = 0;
	put_own(x, e);
}
