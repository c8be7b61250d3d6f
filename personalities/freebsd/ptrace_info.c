/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ptrace: what it tells of a tracee: threads and what happened to them, the call in progress, what is mapped.
 */
#include "host.h"
#include "procfs.h"
#include "freebsd/freebsd.h"
#include "freebsd/ptrace.h"

struct fbsd_lwpinfo {
	int32_t lwpid, event, flags;
	uint8_t sigmask[16], siglist[16];
	uint8_t info[80] __attribute__((aligned(8)));
	char name[20];
	int32_t child;
	uint32_t nr, nargs;
};
struct fbsd_sc_ret { uint64_t rv[2]; int32_t err, pad; };
struct fbsd_sc_remote { struct fbsd_sc_ret ret; uint32_t nr, nargs; uint64_t args; };
struct fbsd_vm_entry {
	int32_t entry, timestamp;
	uint64_t start, end, offset;
	uint32_t prot, pathlen;
	int64_t fileid;
	uint32_t fsid, pad;
	uint64_t path;
};
_Static_assert(sizeof(struct fbsd_lwpinfo) == 160 && sizeof(struct fbsd_vm_entry) == 64, "sys/ptrace.h");
_Static_assert(sizeof(struct fbsd_sc_remote) == 40, "sys/ptrace.h");

/* --- threads and what happened to them ----------------------------------------------------------------------------- */
static const struct { uint16_t ours, guest; } pl_flags[] = {
	{ STOP_INFO, 0x20 }, { STOP_EXEC, 0x10 }, { STOP_FORKED, 0x40 }, { STOP_CHILD, 0x80 }, { STOP_BORN, 0x100 },
	{ STOP_EXITED, 0x200 }, { STOP_VFORKED, 0x400 }, { STOP_VFORK_DONE, 0x800 },
};
static long info_of(struct call *c, struct trace_info *f)
{
	struct trace_packet k;
	long e = pt_ask(c, &k, ASK_INFO);
	if (e)
		return e;
	memcpy(f, k.data, sizeof *f);
	f->nargs = MIN(f->nargs, (uint32_t)ARRAY_LEN(f->arg));
	return 0;
}
sysfn fbsd_pt_lwpinfo, fbsd_pt_getnumlwps, fbsd_pt_getlwplist, fbsd_pt_get_sc_args, fbsd_pt_get_sc_ret, fbsd_pt_sc_remote,
	fbsd_pt_vm_timestamp, fbsd_pt_vm_entry;
long fbsd_pt_lwpinfo(struct call *c)
{
	const struct personality *p = c->t->p->pers;
	struct trace_info f;
	struct fbsd_lwpinfo g = { 0 };
	long e = info_of(c, &f);
	if (e)
		return e;
	if (c->arg[3] <= 0 || c->arg[3] > (long)sizeof g)
		return -EINVAL;
	g.lwpid = fbsd_tid(f.tid);
	g.event = f.flags & STOP_SIGNAL ? 1 : 0;
	g.flags = f.flags & STOP_SCE ? 4 : f.flags & STOP_SCX ? 8 : 0;
	if (c->arg[3] < (long)offsetof(struct fbsd_lwpinfo, name))
		f.flags &= ~(uint32_t)STOP_INFO;
	for (unsigned i = 0; i < ARRAY_LEN(pl_flags); i++)
		g.flags |= f.flags & pl_flags[i].ours ? pl_flags[i].guest : 0;
	if (f.flags & STOP_INFO) {
		p->rec[REC_SIGINFO].put(&f.info, g.info);
		if (f.info.si_code == SI_TKILL && !f.info.si_pid)
			*(int32_t *)(g.info + 12) = tracer_pid_of(c->t, pt_whom(c));
	}
	sigset_out(p, f.mask, g.sigmask);
	sigset_out(p, f.pending, g.siglist);
	memcpy(g.name, f.name, sizeof g.name);
	g.child = f.flags & STOP_FORKED ? f.child : 0;
	g.nr = f.nr;
	g.nargs = f.nr ? f.nargs : 0;
	return pt_put(c, &g, (size_t)c->arg[3]);
}
long fbsd_pt_getnumlwps(struct call *c)
{
	struct trace_packet k;
	return pt_ask(c, &k, ASK_THREADS);
}
long fbsd_pt_getlwplist(struct call *c)
{
	struct trace_packet k;
	int32_t *id = (int32_t *)k.data;
	long n = pt_ask(c, &k, ASK_THREADS);
	if (n < 0)
		return n;
	if (c->arg[3] <= 0)
		return -EINVAL;
	n = MIN(n, MIN(c->arg[3], (long)k.len / 4));
	for (long i = 0; i < n; i++)
		id[i] = fbsd_tid(id[i]);
	long e = pt_put(c, id, (size_t)n * 4);
	return e ? e : n;
}
long fbsd_pt_get_sc_args(struct call *c)
{
	struct trace_info f;
	long e = info_of(c, &f);
	if (e)
		return e;
	if (!(f.flags & (STOP_SCE | STOP_SCX)) && !f.nr)
		return -EINVAL;
	return pt_put(c, f.arg, MIN((size_t)MAX(c->arg[3], 0l), sizeof f.arg));
}
static struct fbsd_sc_ret result(struct call *c, long rv, uint64_t rv0, uint64_t rv1)
{
	if (rv < 0 && rv > -4096)
		return (struct fbsd_sc_ret){ .err = rv == SYS_RESTART ? -1 : rv == SYS_NORETURN ? -2 :
					     errno_to_guest(c->t->p->pers, (int)-rv) };
	return (struct fbsd_sc_ret){ .rv = { rv0, rv1 } };
}
long fbsd_pt_get_sc_ret(struct call *c)
{
	struct trace_info f;
	struct fbsd_sc_ret r;
	long e = info_of(c, &f);
	if (e)
		return e;
	if (!(f.flags & STOP_SCX))
		return -EINVAL;
	r = result(c, f.err, f.rv[0], f.rv[1]);
	return pt_put(c, &r, MIN((size_t)MAX(c->arg[3], 0l), sizeof r));
}
long fbsd_pt_sc_remote(struct call *c)
{
	struct trace_packet k;
	struct fbsd_sc_remote r;
	long e = c->arg[3] != sizeof r ? -EINVAL : copy_in(&r, (uaddr)c->arg[2], sizeof r);
	if (e)
		return e;
	if (r.nargs > 8)
		return -EINVAL;
	if ((e = copy_in(k.data, r.args, r.nargs * 8ul)))
		return e;
	k.len = r.nargs * 8;
	k.a = r.nr;
	if ((e = pt_ask(c, &k, ASK_CALL)) < 0)
		return e;
	r.ret = result(c, (long)k.a, k.a, k.b);
	return pt_put(c, &r.ret, sizeof r.ret);
}

/* --- what it has mapped -------------------------------------------------------------------------------------------- */
struct maps {
	struct trace_packet k;
	unsigned n_ours;
	int want, at;
	uint32_t hash;
	bool found;
	struct procfs_map m;
	char path[4096];
};
static bool is_ours(const struct maps *x, const struct procfs_map *m)
{
	const uint64_t *o = (const uint64_t *)x->k.data;
	for (unsigned i = 0; i < x->n_ours; i++)
		if (m->lo < o[2 * i + 1] && m->hi > o[2 * i])
			return str_cmp(m->path, "[stack]") != 0;
	return !str_ncmp(m->path, "[v", 2);
}
static long see(void *arg, const struct procfs_map *m)
{
	struct maps *x = arg;
	if (is_ours(x, m))
		return 0;
	x->hash = (x->hash ^ (uint32_t)(m->lo >> 12) ^ (uint32_t)(m->hi >> 8) ^ (uint32_t)m->prot) * 16777619u;
	if (x->at++ < x->want || x->found)
		return 0;
	x->found = true;
	x->m = *m;
	str_copy(x->path, m->path, sizeof x->path);
	return 0;
}
static long maps(struct call *c, struct maps *x)
{
	long e = pt_ask(c, &x->k, ASK_OURS);
	if (e < 0)
		return e;
	x->n_ours = (unsigned)MIN(e, (long)x->k.len / 16);
	return procfs_maps(tracer_pid_of(c->t, pt_whom(c)), see, x);
}
long fbsd_pt_vm_timestamp(struct call *c)
{
	struct maps *x = mem_alloc(sizeof *x);
	if (!x)
		return -ENOMEM;
	long e = maps(c, x);
	e = e < 0 ? e : (long)(x->hash & INT32_MAX);
	mem_free(x, sizeof *x);
	return e;
}
static long tell_map(struct call *c, struct fbsd_vm_entry *v, struct maps *x)
{
	char path[4096] = "";
	uint32_t room = v->pathlen;
	long e = 0;
	v->timestamp = (int32_t)(x->hash & INT32_MAX);
	v->entry++;
	v->start = x->m.lo;
	v->end = x->m.hi - 1;
	v->offset = x->m.offset;
	v->prot = (uint32_t)x->m.prot & 7;
	v->fsid = (uint32_t)-1;
	v->fileid = -1;
	if (room && x->m.ino) {
		v->fsid = (uint32_t)x->m.dev;
		v->fileid = (int64_t)x->m.ino;
	}
	v->pathlen = 0;
	if (room && x->path[0] == '/' && path_to_guest(c->t->p, x->path, path, sizeof path) > 0) {
		v->pathlen = (uint32_t)str_len(path) + 1;
		e = v->pathlen > room ? -ENAMETOOLONG : copy_out(v->path, path, v->pathlen);
	}
	return e ? e : pt_put(c, v, sizeof *v);
}
long fbsd_pt_vm_entry(struct call *c)
{
	struct fbsd_vm_entry v;
	long e = copy_in(&v, (uaddr)c->arg[2], sizeof v);
	struct maps *x = e ? NULL : mem_alloc(sizeof *x);
	if (e || !x)
		return e ? e : -ENOMEM;
	x->want = v.entry;
	e = maps(c, x);
	if (!e)
		e = x->found ? tell_map(c, &v, x) : v.entry < 0 || v.entry > x->at ? -EINVAL : -ENOENT;
	mem_free(x, sizeof *x);
	return e;
}
