/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the command line asked to be told of, of all that was recorded: --trace-path, --trace-fds, --status, -e signal=.
 */
#include <string.h>
#include "tools/trace/trace.h"
#include "observe/entry.h"

struct view view = { .text = TEXT_LIMIT };

static bool path_wanted(const char *name)
{
	for (unsigned i = 0; i < view.n_paths; i++)
		if (!strcmp(view.paths[i], name))
			return true;
	return false;
}
static bool arg_wanted(const struct task *t, const struct arg *a, long raw)
{
	const struct line l = { .mem = &t->in };
	char text[4097];
	bool is_fd = a->kind == A_FD || a->kind == A_ATFD;

	if (is_fd && view.by_fd && raw >= 0 && raw < 1024 && view.fd_set[raw / 64] >> raw % 64 & 1)
		return true;
	if (!view.n_paths)
		return false;
	if (a->kind == A_PATH)
		return peek_str(&l, text, (uaddr)raw, sizeof text) >= 0 && path_wanted(text);
	const struct piece *p = is_fd ? piece_first(&t->in, PIECE_FD, (uint64_t)(int)raw) : NULL;
	if (!p || p->len >= sizeof text)
		return false;
	memcpy(text, p->bytes, p->len);
	text[p->len] = 0;
	return path_wanted(text);
}
bool is_wanted(const struct task *t)
{
	if (!view.n_paths && !view.by_fd)
		return true;
	for (int i = 0; t->call.row && i < 8 && t->call.row->arg[i].kind; i++)
		if (arg_wanted(t, &t->call.row->arg[i], t->call.row->arg[i].kind == A_PATH ? t->call.raw[i] : (int)t->call.raw[i]))
			return true;
	return false;
}
bool signal_wanted(int sig)
{
	return !view.by_signal || (sig > 0 && sig <= 128 && view.signals >> (sig - 1) & 1);
}
bool status_wanted(const struct call *c)
{
	return !view.status || view.status & (call_failed(c) ? ST_FAILED : ST_SUCCESS);
}
