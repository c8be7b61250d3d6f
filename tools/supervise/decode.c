/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The runtime's decoders in the supervisor's process: they find a thread of ours where they ask for their own, and read
 * the memory of the process that is looked at. A call is shown with what its pointers lead to now, not when it was made.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host.h"
#include "observe/observe.h"
#include "tools/supervise/supervise.h"

static struct thread self;           /* thread_self() of this process */
static struct proc nobody;
static int far_tid;

static long read_far(void *dst, uaddr src, size_t n) { return far_read(far_tid, src, dst, n) ? 0 : -EFAULT; }

void decode_start(void)
{
	static struct space space;
	threads_start(&space);           /* our own mem_alloc: xlate.c asks for it */
	self.self = &self;
	self.p = &nobody;
	syscall(SYS_arch_prctl, ARCH_SET_GS, &self);
	mem_far(read_far);
}
void decode_from(int tid, struct proc *as)
{
	static char proc[32];
	far_tid = tid;
	snprintf(proc, sizeof proc, "/proc/%d", tid);
	path_proc = proc;
	self.p = as ? as : &nobody;
	if (self.p->pers)
		xlate_start(self.p->pers);
}
long result_in_host_terms(const struct personality *p, int64_t rv, bool failed)
{
	if (!failed || p->identity)
		return rv;
	for (int e = 1; e <= 133; e++)
		if (p->errno_of[e] && errno_to_guest(p, e) == (int)rv)
			return -e;
	return -EINVAL;
}
static void put_args(struct line *l, struct call *c)
{
	for (int i = 0; i < 6 && (!c->row || c->row->arg[i].kind); i++) {
		if (c->row && c->row->fn && arg_is_unused(c, i))
			break;
		put_s(l, i ? ", " : "");
		if (c->row && c->row->fn && !arg_is_out(&c->row->arg[i]))        /* what came out is long gone */
			show_arg(l, c, i);
		else
			put_addr(l, (uaddr)c->raw[i]);
	}
}
void decode_seen(int tid, const struct seen *s, FILE *out)
{
	char text[LINE_SIZE], name[32];
	struct proc p = { .pers = s->kind == SEEN_GUEST && s->pers ? s->pers : host_personality(), .fd_base = 1 << 30 };
	struct thread t = { .self = &t, .p = &p };
	struct call c = { .t = &t, .nr = s->nr };
	struct line l = { .at = text, .n = sizeof text, .pers = p.pers };

	text[0] = 0;
	decode_from(tid, &p);
	memcpy(c.raw, s->arg, sizeof s->arg);
	c.rv = result_in_host_terms(p.pers, s->rv, s->failed);
	row_find(&c);
	put_s(&l, c.row ? row_top(&c)->name : seen_name(s, name));
	put_s(&l, "(");
	put_args(&l, &c);
	put_s(&l, ")");
	if (s->ended)
		show_result(&l, &c);
	decode_from(tid, NULL);
	fputs(text, out);
}
