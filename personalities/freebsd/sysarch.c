/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sysarch: the bases of the segment registers. fs is the guest's own and is set and read at once; gs is ours (the
 * thread block hangs on it), and no FreeBSD program has been seen to use it. A TLS base is fs's and noted apart, so
 * that a debugger finds it when fs was changed since.
 */
#include "host.h"
#include "freebsd/thr.h"

sysfn fbsd_sysarch, fbsd_sysarch_get_fsbase, fbsd_sysarch_set_fsbase, fbsd_sysarch_get_fsbase32,
      fbsd_sysarch_set_fsbase32, fbsd_sysarch_get_gsbase, fbsd_sysarch_get_tlsbase, fbsd_sysarch_set_tlsbase,
      fbsd_sysarch_disable_tlsbase, fbsd_sysarch_get_xfpustate, fbsd_sysarch_get_xfpustate32;

#define BASE_TOP 0x800000000000ull        /* what a segment base may be below */

long fbsd_sysarch(struct call *c) { return -EINVAL; }
long fbsd_sysarch_get_fsbase(struct call *c)
{
	return mem_store64((uaddr)c->arg[1], segment_fs(c->t));
}
long fbsd_sysarch_set_fsbase(struct call *c)
{
	uint64_t v;
	long e = mem_load64((uaddr)c->arg[1], &v);
	if (e)
		return e;
	return v >= BASE_TOP ? -EINVAL : segment_fs_set(c->t, v);
}
long fbsd_sysarch_get_fsbase32(struct call *c)
{
	return mem_store32((uaddr)c->arg[1], (uint32_t)segment_fs(c->t));
}
long fbsd_sysarch_set_fsbase32(struct call *c)
{
	uint32_t v;
	long e = mem_load32((uaddr)c->arg[1], &v);
	return e ? e : segment_fs_set(c->t, v);
}
long fbsd_sysarch_get_gsbase(struct call *c) { return mem_store64((uaddr)c->arg[1], 0); }
long fbsd_sysarch_get_tlsbase(struct call *c)
{
	const struct fbsd_thread *f = fbsd_thread(c->t);
	return f->has_tlsbase ? mem_store64((uaddr)c->arg[1], f->tlsbase) : -ESRCH;
}
long fbsd_sysarch_set_tlsbase(struct call *c)
{
	struct fbsd_thread *f = fbsd_thread(c->t);
	long e = fbsd_sysarch_set_fsbase(c);
	if (e)
		return e;
	f->tlsbase = segment_fs(c->t);
	f->has_tlsbase = true;
	return 0;
}
long fbsd_sysarch_disable_tlsbase(struct call *c)
{
	fbsd_thread(c->t)->has_tlsbase = false;
	return 0;
}
/* What lies behind the legacy part of a context: libthr puts it there itself, for a handler that it runs later. It asks for
 * all that the processor may have; components that no frame of ours holds are in their first state. */
static long get_xfpustate(uaddr to, int len)
{
	static const char none[256];
	char x[FPU_SIZE] __attribute__((aligned(64)));
	size_t n = (unsigned)len, have = fpu_size() - FPU_LEGACY;

	if (len < 0 || n > fpu_room() - FPU_LEGACY)
		return -EINVAL;
	fpu_save(x);
	long e = copy_out(to, x + FPU_LEGACY, MIN(n, have));
	for (size_t at = have; !e && at < n; at += sizeof none)
		e = copy_out(to + at, none, MIN(sizeof none, n - at));
	return e;
}
long fbsd_sysarch_get_xfpustate(struct call *c)
{
	struct { uint64_t addr; int32_t len, pad; } a;
	long e = copy_in(&a, (uaddr)c->arg[1], sizeof a);
	return e ? e : get_xfpustate(a.addr, a.len);
}
long fbsd_sysarch_get_xfpustate32(struct call *c)
{
	struct { uint32_t addr; int32_t len; } a;
	long e = copy_in(&a, (uaddr)c->arg[1], sizeof a);
	return e ? e : get_xfpustate(a.addr, a.len);
}
