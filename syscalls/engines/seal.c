/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sealed mode: while no executable page of the guest holds the bytes of a system call (syscall, sysenter, int 0x80) at
 * any offset, nothing is left for Syscall User Dispatch to catch. It is switched off, and our own calls no longer pay
 * for being looked at (about a fifth of a short call).
 *
 * That must be known, not believed: every executable mapping is private and not writable, its pages are made our own
 * copies first (so that a change of the file behind them is not seen), and then they are read byte by byte. Stubs that
 * never ran are rewritten where they are stubs beyond doubt; any other such bytes, be they code or chance, and the
 * guest stays armed. Large programs always have some by chance, so only small ones are looked at.
 *
 * Before anything may become executable or change (engine->changes) every thread is armed again. Only a process with
 * one thread is sealed: so none can be making code while we look.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include "host.h"
#include "procfs.h"
#include "engines/seal.h"
#include "engines/sites.h"
#include "engines/trap.h"

#define MOST (256 * 1024ul)              /* of executable bytes */
#define TRIES 8u

struct text { uaddr lo, hi; int prot; };
struct texts { struct space *space; struct text v[8]; unsigned n; uint64_t bytes; bool no; };

static bool never;
static unsigned tries;
static uaddr unclean;                    /* where the last try ended: bytes of a call that stay */

static long see(void *arg, const struct procfs_map *m)
{
	struct texts *x = arg;
	if (!(m->prot & PROT_EXEC) || mem_is_ours(x->space, m->lo, m->hi - m->lo) || !str_cmp(m->path, "[vsyscall]"))
		return 0;                /* the kernel itself answers calls through [vsyscall], dispatch or not */
	x->bytes += m->hi - m->lo;
	x->no = m->shared || m->prot & PROT_WRITE || !(m->prot & PROT_READ) || x->n == ARRAY_LEN(x->v) || x->bytes > MOST;
	if (!x->no)
		x->v[x->n++] = (struct text){ m->lo, m->hi, m->prot };
	return x->no;
}
static bool copy_pages(const struct text *v)
{
	uint64_t w;
	long e = 0;
	for (uaddr a = v->lo; a < v->hi && !e; a += PAGE)
		if (!(e = mem_load64(a, &w)))
			e = mem_store64(a, w);
	return !e;
}
static bool is_call(uint8_t a, uint8_t b)
{
	return (a == 0x0f && (b == 0x05 || b == 0x34)) || (a == 0xcd && b == 0x80);
}

/* Page by page, with the last byte of the page before. */
static bool clean(struct thread *t, const struct text *v, uint8_t *last)
{
	uint8_t page[PAGE + 1];
	for (uaddr a = v->lo; a < v->hi; a += PAGE) {
		page[0] = *last;
		if (copy_in(page + 1, a, PAGE))
			return false;
		for (unsigned i = 0; i < PAGE; i++)
			if (is_call(page[i], page[i + 1]) &&
			    !(page[i + 1] == 0x05 && a + i > v->lo && site_unseen(t, a + i - 1))) {
				unclean = a + i - 1;
				return false;
			}
		*last = page[PAGE];
	}
	return true;
}
/* Opened once for all that is to be changed there: nobody else runs in it. */
static bool make_clean(struct thread *t, const struct text *v, uint8_t *last)
{
	sites_opened(t, v->lo, v->hi);
	bool ok = !host(SYS_mprotect, v->lo, v->hi - v->lo, v->prot | PROT_WRITE) && copy_pages(v) && clean(t, v, last);
	sites_opened(t, 0, 0);
	return !host(SYS_mprotect, v->lo, v->hi - v->lo, v->prot) && ok;
}
static bool all_clean(struct thread *t)
{
	struct texts x = { .space = t->p->space };
	uint8_t last = 0;

	procfs_code(see, &x);
	for (unsigned i = 0; i < x.n && !x.no; i++) {
		if (i && x.v[i].lo != x.v[i - 1].hi)
			last = 0;
		x.no = !make_clean(t, &x.v[i], &last);
	}
	return x.n && !x.no;
}
/* A file of the host's /proc that was opened for writing may be our own memory, which it writes to whatever a page allows.
 * From here on opening one is told (arg_open). */
static long holds_memory(void *p, unsigned fd)
{
	long flags = fd_is_ours(p, fd) ? 0 : host(SYS_fcntl, fd, F_GETFL);
	return flags > 0 && flags & O_ACCMODE && path_may_be_memory(fd);
}
static bool still_unclean(void)
{
	uint8_t b[2];
	return unclean && !copy_in(b, unclean, sizeof b) && is_call(b[0], b[1]);
}
bool seal_hopeful(void) { return unclean && tries < TRIES && !still_unclean(); }

static bool due(struct thread *t)
{
	return !t->p->space->sealed && !never && tries < TRIES && t->p->nthreads == 1 && !t->vforked && !still_unclean();
}
/* A look costs as much as some hundred calls win by it: ever more rarely, and not while what was in the way is there. */
void seal_try(struct thread *t)
{
	t->look = (uint32_t)LOOK_FIRST << (3 * tries + 5) % 28;
	if (!due(t))
		return;
	tries++;
	if (all_clean(t) && !procfs_each("/proc/self/fd", holds_memory, t->p)) {
		t->p->space->sealed = true;
		trap_disarm(t);
	}
}
static long arm_again(void *none) { return trap_arm(thread_self()); }

void seal_break(struct thread *t, bool forever)
{
	never |= forever;
	if (!t->p->space->sealed)
		return;
	t->p->space->sealed = false;
	t->look = 256;
	if (trap_arm(t) < 0 || (t->p->nthreads > 1 && thread_broadcast(t, arm_again, NULL) < 0))
		die("Syscall User Dispatch cannot be switched on again");
}
