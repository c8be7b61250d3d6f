/* SPDX-License-Identifier: BSD-2-Clause
 *
 * __sysctl and __sysctlbyname: the walk of a declared tree (sysctl.h), and the numbers below 0 by which a program asks
 * about the tree itself. What is told and what is counted follows FreeBSD: a value that does not fit is told as far as
 * it does, and the answer is ENOMEM; without a buffer only the length is told.
 */
#include <string.h>
#include "host.h"
#include "bsd/sysctl.h"
#include "observe/cover.h"

sysfn bsd_sysctl, bsd_sysctlbyname;

/* The rows about the tree itself: {0, n}. */
enum { META_DEBUG, META_NAME, META_NEXT, META_NAME2OID, META_OIDFMT, META_OIDDESCR, META_OIDLABEL, META_NEXTNOSKIP };
#define NAME_MAX_ 1024

/* --- the tree ---------------------------------------------------------------------------------------------------- */
static bool is_child(const char *parent, const char *name)
{
	size_t n = str_len(parent);
	return !str_ncmp(parent, name, n) && name[n] == '.' && !str_chr(name + n + 1, '.');
}
static unsigned find_parent(const struct sysctl_tree *t, unsigned i)
{
	if (!str_chr(t->row[i].name, '.'))
		return 0;
	for (unsigned k = i; k-- > 1;)
		if ((t->row[k].kind & 15) == SYSCTL_NODE && is_child(t->row[k].name, t->row[i].name))
			return k;
	die("sysctl %s has no node above it", t->row[i].name);
}
/* Children hang in the order of their numbers. */
static void hang(struct sysctl_link *l, unsigned up, unsigned i)
{
	uint16_t *at = &l[up].down;
	while (*at && l[*at].nr < l[i].nr)
		at = &l[*at].next;
	l[i].up = (uint16_t)up;
	l[i].level = (uint16_t)(l[up].level + 1);
	l[i].next = *at;
	*at = (uint16_t)i;
}
static volatile uint32_t tree_lock FORKED;
static struct sysctl_link *links(struct sysctl_tree *t)
{
	struct sysctl_link *l = __atomic_load_n(&t->link, __ATOMIC_ACQUIRE);
	if (l)
		return l;
	lock(&tree_lock);
	if (!t->link && (l = mem_alloc(t->n * sizeof *l))) {
		for (unsigned i = 1; i < t->n; i++)
			l[i].nr = t->row[i].nr == SYSCTL_AUTO ? (int)(256 + i) : t->row[i].nr;
		for (unsigned i = 1; i < t->n; i++)
			hang(l, find_parent(t, i), i);
		__atomic_store_n(&t->link, l, __ATOMIC_RELEASE);
	}
	unlock(&tree_lock);
	return t->link;
}
AT_FORK_FREE(tree_lock);

static bool is_node(const struct sysctl_tree *t, unsigned i) { return (t->row[i].kind & 15) == SYSCTL_NODE; }
static unsigned child(const struct sysctl_link *l, unsigned up, int nr)
{
	unsigned i = l[up].down;
	while (i && l[i].nr != nr)
		i = l[i].next;
	return i;
}
/* The row that these numbers lead to, and how many of them are its own. */
static long find(const struct sysctl_tree *t, const int *oid, unsigned n, unsigned *row, unsigned *used)
{
	unsigned i = 0;
	for (unsigned k = 0; k < n; k++) {
		if (!(i = child(t->link, i, oid[k])))
			return -ENOENT;
		*row = i;
		*used = k + 1;
		if (!is_node(t, i))
			return k + 1 == n ? 0 : -ENOTDIR;
		if (t->row[i].fn)
			return 0;
	}
	return i ? 0 : -ENOENT;
}
const char *bsd_oid_name(struct sysctl_tree *t, const int *oid, unsigned n, unsigned *used)
{
	unsigned row = 0;
	*used = 0;
	if (links(t))
		find(t, oid, n, &row, used);
	return row ? t->row[row].name : NULL;
}
static unsigned find_name(const struct sysctl_tree *t, const char *name, size_t len)
{
	for (unsigned i = 1; i < t->n; i++)
		if (!str_ncmp(t->row[i].name, name, len) && !t->row[i].name[len])
			return i;        /* a leaf may be called "": its name ends with the dot, and a node's may, too */
	return len && name[len - 1] == '.' ? find_name(t, name, len - 1) : 0;
}
static unsigned numbers(const struct sysctl_link *l, unsigned row, int *oid)
{
	unsigned n = l[row].level;
	for (unsigned k = n; k-- > 0; row = l[row].up)
		oid[k] = l[row].nr;
	return n;
}

/* --- what the functions of rows use ------------------------------------------------------------------------------ */
long sysctl_out(struct sysctl_req *r, const void *data, size_t n)
{
	uint64_t at = r->done, room = at < r->old_len ? r->old_len - at : 0;
	long e;

	r->done += n;
	if (!r->old)
		return 0;
	if (room && (e = copy_out(r->old + at, data, MIN(room, n))))
		return e;
	return room < n ? -ENOMEM : 0;
}
long sysctl_in(struct sysctl_req *r, void *data, size_t n)
{
	if (r->new_len - r->taken < n)
		return -EINVAL;
	long e = copy_in(data, r->new + r->taken, n);
	r->taken += n;
	return e;
}
static size_t width(const struct sysctl_row *row)
{
	static const uint8_t of[16] = {
		[SYSCTL_INT] = 4, [SYSCTL_UINT] = 4, [SYSCTL_LONG] = 8, [SYSCTL_ULONG] = 8, [SYSCTL_S64] = 8, [SYSCTL_U64] = 8,
		[SYSCTL_U8] = 1, [SYSCTL_S8] = 1, [SYSCTL_U16] = 2, [SYSCTL_S16] = 2, [SYSCTL_S32] = 4, [SYSCTL_U32] = 4,
		[SYSCTL_OPAQUE] = 8,
	};
	return of[row->kind & 15];
}
long sysctl_int(struct sysctl_req *r, int64_t v) { return sysctl_out(r, &v, width(r->row)); }
long sysctl_text(struct sysctl_req *r, const char *s) { return sysctl_out(r, s, str_len(s) + 1); }

/* --- questions about the tree ------------------------------------------------------------------------------------ */
static long meta_name(struct sysctl_req *r, const struct sysctl_tree *t)
{
	char buf[512], *at = buf;
	unsigned row = 0, used = 0, k;

	find(t, r->rest, r->n_rest, &row, &used);
	k = used;
	if (k)
		at += fmt(at, sizeof buf, "%s", t->row[row].name);
	for (; k < r->n_rest; k++)               /* numbers without a name are told as numbers */
		at += fmt(at, (size_t)(buf + sizeof buf - at), "%s%d", at == buf ? "" : ".", r->rest[k]);
	return sysctl_out(r, buf, (size_t)(at - buf) + 1);
}
static bool listed(const struct sysctl_tree *t, unsigned i, bool skip)
{
	return !(skip && t->row[i].kind & SYSCTL_SKIP);
}
/* The first row at or below this sibling that a listing shows. */
static unsigned first_from(const struct sysctl_tree *t, unsigned i, bool skip)
{
	for (; i; i = t->link[i].next) {
		unsigned down;
		if (!listed(t, i, skip))
			continue;
		if (!skip || !is_node(t, i) || t->row[i].fn)
			return i;
		if ((down = first_from(t, t->link[i].down, skip)))
			return down;
	}
	return 0;
}
/* The row after these numbers, in the order of numbers, a node before what is below it. */
static unsigned next_after(const struct sysctl_tree *t, unsigned up, const int *oid, unsigned n, bool skip)
{
	unsigned i = t->link[up].down, found;

	if (!n)
		return first_from(t, i, skip);
	while (i && t->link[i].nr < *oid)
		i = t->link[i].next;
	if (i && t->link[i].nr == *oid) {
		if (is_node(t, i) && listed(t, i, skip) && (found = next_after(t, i, oid + 1, n - 1, skip)))
			return found;
		i = t->link[i].next;
	}
	return first_from(t, i, skip);
}
static long meta_next(struct sysctl_req *r, const struct sysctl_tree *t, bool skip)
{
	int oid[SYSCTL_MAXNAME];
	unsigned row = next_after(t, 0, r->rest, r->n_rest, skip);
	return row ? sysctl_out(r, oid, numbers(t->link, row, oid) * sizeof(int)) : -ENOENT;
}
static long meta_name2oid(struct sysctl_req *r, const struct sysctl_tree *t)
{
	char name[NAME_MAX_ + 1];
	int oid[SYSCTL_MAXNAME];
	unsigned row;
	long e;

	if (!r->new_len)
		return -ENOENT;
	if (r->new_len >= NAME_MAX_)
		return -ENAMETOOLONG;
	if ((e = sysctl_in(r, name, r->new_len)))
		return e;
	name[r->new_len] = 0;
	if (!(row = find_name(t, name, str_len(name)))) {
		report_unknown(r->c->t, UNK_SYSCTL, name, 0);
		return -ENOENT;
	}
	return sysctl_out(r, oid, numbers(t->link, row, oid) * sizeof(int));
}
static long meta_about(struct sysctl_req *r, const struct sysctl_tree *t, int what)
{
	unsigned row, used;
	long e = find(t, r->rest, r->n_rest, &row, &used);
	if (e)
		return e;
	const struct sysctl_row *s = &t->row[row];
	if (what == META_OIDLABEL)
		return -ENOENT;
	if (what == META_OIDDESCR)
		return sysctl_text(r, s->descr ? s->descr : "");
	e = sysctl_out(r, &s->kind, sizeof s->kind);
	return e ? e : sysctl_text(r, s->fmt);
}
static long meta(struct sysctl_req *r, const struct sysctl_tree *t, int what)
{
	if (r->new && what != META_NAME2OID)
		return -EPERM;
	switch (what) {
	case META_NAME: return meta_name(r, t);
	case META_NEXT: return meta_next(r, t, true);
	case META_NEXTNOSKIP: return meta_next(r, t, false);
	case META_NAME2OID: return meta_name2oid(r, t);
	case META_OIDFMT: case META_OIDDESCR: case META_OIDLABEL: return meta_about(r, t, what);
	}
	return -ENOENT;
}

/* --- one request ------------------------------------------------------------------------------------------------- */
static long unknown(struct sysctl_req *r, const int *oid, unsigned n)
{
	char buf[128], *at = buf;
	for (unsigned k = 0; k < n && k < 8; k++)
		at += fmt(at, (size_t)(buf + sizeof buf - at), k ? ".%d" : "%d", oid[k]);
	report_unknown(r->c->t, UNK_SYSCTL, buf, 0);
	return -ENOENT;
}
static long leaf(struct sysctl_req *r)
{
	if (r->p->confined && ((r->old && !(r->row->kind & SYSCTL_CAPRD)) || (r->new && !(r->row->kind & SYSCTL_CAPWR))))
		return -EPERM;
	if (r->new && (!(r->row->kind & SYSCTL_WR) || !r->row->fn))
		return -EPERM;
	if (r->row->fn)
		return r->row->fn(r);
	return r->row->text ? sysctl_text(r, r->row->text) : sysctl_int(r, r->row->value);
}
static long answer(struct sysctl_req *r, const struct sysctl_tree *t, const int *oid, unsigned n)
{
	unsigned row, used;
	long e;

	if (!oid[0]) {
		r->rest = oid + 2;
		r->n_rest = n - 2;
		return meta(r, t, oid[1]);
	}
	if ((e = find(t, oid, n, &row, &used)))
		return e == -ENOENT ? unknown(r, oid, n) : e;
	r->row = &t->row[row];
	r->rest = oid + used;
	r->n_rest = n - used;
	if (is_node(t, row) && !r->row->fn)
		return -EISDIR;
	e = leaf(r);
	if (r->p->observed)
		cover_row(r->c->t, COVER_SYSCTL, row, e);
	return e;
}
static long request(struct call *c, const int *oid, unsigned n)
{
	struct sysctl_req r = { .c = c, .p = c->t->p, .old = (uaddr)c->arg[2], .new = (uaddr)c->arg[4] };
	struct sysctl_tree *t = c->t->p->pers->sysctl;
	uaddr len_at = (uaddr)c->arg[3];
	long e, f;

	if (!t || !links(t))
		return -ENOMEM;
	r.new_len = r.new ? (uint64_t)c->arg[5] : 0;
	if (len_at && (e = copy_in(&r.old_len, len_at, 8)))
		return e;
	e = answer(&r, t, oid, n);
	if (e && e != -ENOMEM)
		return e;
	if (r.old && r.done > r.old_len)
		r.done = r.old_len;
	f = len_at ? copy_out(len_at, &r.done, 8) : 0;
	return f ? f : e;
}
long bsd_sysctl(struct call *c)
{
	int oid[SYSCTL_MAXNAME];
	unsigned n = (unsigned)c->arg[1];
	long e;

	if (n > SYSCTL_MAXNAME || n < 2)
		return -EINVAL;
	if ((e = copy_in(oid, (uaddr)c->arg[0], n * sizeof(int))))
		return e;
	return request(c, oid, n);
}
long bsd_sysctlbyname(struct call *c)
{
	char name[NAME_MAX_ + 1];
	int oid[SYSCTL_MAXNAME];
	struct sysctl_tree *t = c->t->p->pers->sysctl;
	size_t n = (size_t)c->arg[1];
	unsigned row;
	long e;

	if (!n || n > NAME_MAX_)
		return -EINVAL;
	if ((e = copy_in(name, (uaddr)c->arg[0], n)))
		return e;
	name[n] = 0;
	if (!t || !links(t))
		return -ENOMEM;
	if (!(row = find_name(t, name, str_len(name)))) {
		report_unknown(c->t, UNK_SYSCTL, name, 0);
		return -ENOENT;
	}
	return request(c, oid, numbers(t->link, row, oid));
}
