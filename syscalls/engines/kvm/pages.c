/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's page tables. They say no more than the host's own mappings do, and nothing of what is ours: an entry is
 * made when the guest has faulted there, as the host's kernel describes the mapping (/proc/self/maps, asked for one
 * address), and taken away before a call of the guest changes it. While such a call is under way nothing is filled.
 *
 * A table's page is never given back: shadow paging remembers what it found there, and is told of changes only by the
 * host's own unmapping. So an entry is taken away before the host unmaps, and the host's notifier does the rest.
 *
 * What the tables allow and the host then refuses (a file's end, a mapping that is gone) comes back as an exit. The entry
 * is taken away; the guest faults again, and then we touch the page ourselves: the host's answer is the guest's signal.
 */
#include <linux/ioctl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include "procfs.h"
#include "engines/kvm/kvm.h"

#define ERR_WRITE 2
#define ERR_FETCH 16
#define WINDOW (512 * PAGE)

struct vma { uaddr lo, hi; int prot; };

/* --- what the host has there ------------------------------------------------------------------------------------------ */
struct query {                               /* struct procmap_query of linux/fs.h, since 6.11 */
	uint64_t size, flags, addr, lo, hi, vma_flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};
#define QUERY _IOWR('f', 17, struct query)

struct search { uaddr a; struct vma *v; };
static long find(void *arg, const struct procfs_map *m)
{
	struct search *s = arg;
	if (s->a >= m->hi)
		return 0;
	*s->v = (struct vma){ m->lo, m->hi, m->prot };
	return s->a >= m->lo ? 1 : -ENOENT;
}
static bool mapped(struct thread *t, uaddr a, struct vma *v)
{
	struct query q = { .size = sizeof q, .addr = a };
	struct search s = { a, v };
	long e = kvm_vm.maps < 0 ? -ENOTTY : kvm_ioctl(kvm_vm.maps, QUERY, &q);
	if (!e)
		*v = (struct vma){ q.lo, q.hi, (q.vma_flags & 1 ? PROT_READ : 0) | (q.vma_flags & 2 ? PROT_WRITE : 0) |
				   (q.vma_flags & 4 ? PROT_EXEC : 0) };
	else if (e != -ENOENT)
		return procfs_maps(0, find, &s) > 0;
	return !e;
}
static void cut_ours(const struct space *s, uaddr a, struct vma *v)
{
	for (unsigned i = 0, n = __atomic_load_n(&s->n_ours, __ATOMIC_ACQUIRE); i < n; i++) {
		if (s->ours[i].hi <= a)
			v->lo = MAX(v->lo, s->ours[i].hi);
		else
			v->hi = MIN(v->hi, s->ours[i].lo);
	}
}
/* --- tables ------------------------------------------------------------------------------------------------------------ */
/* What is not there is passed over by whole tables. */
static uint64_t *entry_or_skip(struct vm *vm, uaddr a, uaddr *next)
{
	uint64_t *t = vm->top;
	for (int level = 3; level > 0; level--) {
		uint64_t e = t[a >> (12 + 9 * level) & 511], span = 1ull << (12 + 9 * level);
		if (!e) {
			*next = (a & ~(span - 1)) + span;
			return NULL;
		}
		t = vm_host(vm, e & PTE_ADDR);
	}
	*next = a + PAGE;
	return &t[a >> 12 & 511];
}
void pages_clear(struct vm *vm, uaddr lo, uint64_t len)
{
	uaddr end = lo + len < lo || lo + len > USER_TOP ? USER_TOP : PAGE_UP(lo + len);
	for (uaddr a = PAGE_DOWN(lo), next; a < end; a = next) {
		uint64_t *e = entry_or_skip(vm, a, &next);
		if (e && *e)
			__atomic_store_n(e, 0, __ATOMIC_SEQ_CST);
	}
}
static bool fill(struct vm *vm, const struct vma *v)
{
	uint64_t bits = PTE_P | PTE_U | PTE_AD | (v->prot & PROT_WRITE ? PTE_W : 0) | (v->prot & PROT_EXEC ? 0 : PTE_NX);
	for (uaddr a = v->lo; a < v->hi; a += PAGE) {
		uint64_t *e = vm_entry(vm, a, true), gpa = e ? vm_gpa(vm, a) : 0;
		if (!gpa)
			return false;
		if (*e != (gpa | bits))
			__atomic_store_n(e, gpa | bits, __ATOMIC_RELEASE);
	}
	return true;
}
/* --- a fault ------------------------------------------------------------------------------------------------------------- */
/* As the guest's instruction would have: what the host makes of it (a page, more stack, a signal) is what it gets. */
static long touch(uaddr a, uint64_t err)
{
	uint32_t w;
	a &= ~3ull;
	return err & ERR_WRITE ? mem_cas32(a, 0, 0, &w) : mem_load32(a, &w);
}
static bool allowed(const struct vma *v, uint64_t err)
{
	int need = err & ERR_FETCH ? PROT_EXEC : err & ERR_WRITE ? PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC;
	return v->prot & need;
}
static int as_signal(struct kvm_fault *f, int sig, int code)
{
	*f = (struct kvm_fault){ sig, code };
	return FAULT_SIGNAL;
}
static int as_host_says(struct thread *t, struct kvm_fault *f) { return as_signal(f, t->fault_sig, t->fault_code); }

static bool doubtful(const struct vcpu *u, uaddr a) { return u->doubt == 1 || (u->doubt && u->doubt == PAGE_DOWN(a)); }

/* vm->lock held; nothing changes meanwhile. */
static int resolve(struct thread *t, struct vcpu *u, uaddr a, uint64_t err, struct kvm_fault *f)
{
	struct vm *vm = &kvm_vm;
	bool tried = doubtful(u, a);
	struct vma v;

	if (tried && touch(a, err))
		return as_host_says(t, f);
	if (!mapped(t, a, &v)) {
		if (touch(a, err))
			return as_host_says(t, f);
		if (!mapped(t, a, &v))           /* it was the stack, and has grown */
			return as_signal(f, SIGSEGV, SEGV_MAPERR);
	}
	if (!allowed(&v, err))
		return as_signal(f, SIGSEGV, SEGV_ACCERR);
	if (v.prot == PROT_EXEC)         /* which the processor reads, too, but the host gives no machine what cannot be read */
		host(SYS_mprotect, v.lo, v.hi - v.lo, PROT_READ | PROT_EXEC);
	v.lo = MAX(v.lo, tried ? PAGE_DOWN(a) : a & ~(WINDOW - 1));
	v.hi = MIN(v.hi, tried ? PAGE_DOWN(a) + PAGE : (a & ~(WINDOW - 1)) + WINDOW);
	cut_ours(t->p->space, a, &v);
	if (u->doubt != 1)
		u->doubt = 0;
	if (!fill(vm, &v))
		die("engine kvm: the guest's memory is scattered over more than %u pieces of 64 MiB, or no memory is left for its "
		    "page tables", vm->max_slots);
	return FAULT_DONE;
}
int pages_fault(struct thread *t, struct vcpu *u, uaddr a, uint64_t err, struct kvm_fault *f)
{
	struct vm *vm = &kvm_vm;
	uint32_t n;
	int r;

	if (a >= USER_TOP || mem_is_ours(t->p->space, a, 1))
		return as_signal(f, SIGSEGV, SEGV_MAPERR);
	for (;;) {
		lock(&vm->lock);
		if (!(n = vm->changing))
			break;
		unlock(&vm->lock);
		host(SYS_futex, &vm->changing, FUTEX_WAIT_PRIVATE, n, NULL);
	}
	r = resolve(t, u, a, err, f);
	unlock(&vm->lock);
	return r;
}
/* known: gpa is the page. Else any may be it, and all are looked at anew. */
void pages_refused(struct vcpu *u, uint64_t gpa, bool known)
{
	struct vm *vm = &kvm_vm;
	uaddr a = 0;

	lock(&vm->lock);
	known = known && gpa >> BLOCK_SHIFT < vm->slots;
	if (known)
		a = vm->slot_base[gpa >> BLOCK_SHIFT] + (gpa & (BLOCK - 1));
	pages_clear(vm, known ? a : 0, known ? 1 : USER_TOP);
	unlock(&vm->lock);
	u->doubt = known ? PAGE_DOWN(a) : 1;
	if (++u->doubts > 1000)
		die("engine kvm: memory at %#lx can be reached by a program, but not by a virtual machine of this host", a);
}
