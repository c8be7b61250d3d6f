/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See stack.h.
 */
#include <string.h>
#include <sys/random.h>
#include "loader/stack.h"

uint64_t stack_bytes(struct first_stack *s, const void *p, size_t n, size_t align)
{
	s->sp = (s->sp - n) & ~(uint64_t)(align - 1);
	if (p)
		memcpy((void *)s->sp, p, n);
	return s->sp;
}
uint64_t stack_text(struct first_stack *s, const char *t) { return stack_bytes(s, t, strlen(t) + 1, 1); }

uint64_t stack_random(struct first_stack *s, size_t n)
{
	char r[256];
	if (getrandom(r, n, 0) != (ssize_t)n)
		memset(r, 0x5a, sizeof r);
	return stack_bytes(s, r, n, 16);
}
static unsigned count(char *const *v, size_t *bytes)
{
	unsigned n = 0;
	for (; v[n]; n++)
		*bytes += strlen(v[n]) + 1;
	return n;
}
static uint64_t put_strings(uint64_t at, char *const *v)
{
	for (; *v; v++) {
		size_t n = strlen(*v) + 1;
		memcpy((void *)at, *v, n);
		at += n;
	}
	return at;
}
void stack_strings(struct first_stack *s, const struct image *im)
{
	size_t bytes = 0;
	s->argc = count(im->argv, &bytes);
	s->envc = count(im->envp, &bytes);
	s->args = stack_bytes(s, NULL, bytes, 8);
	s->args_end = s->env = put_strings(s->args, im->argv);
	s->env_end = put_strings(s->env, im->envp);
}
static uint64_t *pointers(uint64_t *v, uint64_t from, unsigned n)
{
	const char *s = (const char *)from;
	for (; n; n--, s += strlen(s) + 1)
		*v++ = (uint64_t)s;
	*v++ = 0;
	return v;
}
uint64_t stack_vectors(struct first_stack *s, const struct auxent *aux, unsigned n)
{
	size_t words = 1 + s->argc + 1 + s->envc + 1;
	uint64_t *v = (uint64_t *)stack_bytes(s, NULL, words * 8 + n * sizeof *aux, 16);
	uint64_t start = (uint64_t)v;

	*v++ = s->argc;
	s->argv = (uint64_t)v;
	v = pointers(v, s->args, s->argc);
	s->envp = (uint64_t)v;
	v = pointers(v, s->env, s->envc);
	s->auxv = (uint64_t)v;
	memcpy(v, aux, n * sizeof *aux);
	return start;
}
