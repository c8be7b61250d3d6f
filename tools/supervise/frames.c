/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Call chains of a dead process, whose memory and mappings are still there.
 */
#include "tools/stack/stack.h"
#include "tools/supervise/mortem.h"

struct dead_stack { struct stack stack; const struct dead *dead; };

static bool word(const struct stack *s, uint64_t at, uint64_t *v)
{
	return far_read(((const struct dead_stack *)s)->dead->thread[0].tid, at, v, 8);
}
static struct code *file_at(const struct vma *m, uint64_t at, uint64_t *linked)
{
	struct code *c = m && m->path[0] == '/' ? code_of(m->path) : NULL;
	return c && code_linked(c, at - m->lo + m->offset, linked) ? c : NULL;
}
static bool code(const struct stack *s, uint64_t at, struct code **file, uint64_t *linked)
{
	const struct vma *m = vma_at(((const struct dead_stack *)s)->dead, at);
	if (!m || !m->x)
		return false;
	*file = file_at(m, at, linked);
	return true;
}
unsigned unwind_dead(const struct dead *d, const struct user_regs_struct *r, uint64_t *at, unsigned n)
{
	const struct dead_stack s = { { word, code }, d };
	const uint64_t reg[STACK_REGS] = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8, r->r9, r->r10, r->r11,
					   r->r12, r->r13, r->r14, r->r15, r->rip };
	const struct vma *m = vma_at(d, r->rip);

	at[0] = r->rip;
	return 1 + unwind(&s.stack, reg, !m || !m->x, at + 1, n - 1);    /* a jump to nowhere was a call */
}
void where_is(const struct dead *d, uint64_t at, bool returns, FILE *out)
{
	const struct vma *m = vma_at(d, at - returns);
	uint64_t linked = 0, start = 0;
	struct code *c = file_at(m, at - returns, &linked);
	const char *name = c ? code_symbol(c, linked, &start) : NULL, *source;
	int line;

	fprintf(out, "%#018lx ", at);
	if (name)
		fprintf(out, "%s+%#lx (%s)", line_name(name), linked + returns - start, line_name(m->path));
	else if (m)
		fprintf(out, "in %s+%#lx", m->path[0] ? line_name(m->path) : "memory without a file", at - m->lo + m->offset);
	else
		fprintf(out, "where nothing is mapped");
	if (c && code_source(c, linked, &source, &line))
		fprintf(out, " at %s:%d", line_name(source), line);
	fputc('\n', out);
}
