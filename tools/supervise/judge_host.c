/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise audit --supervised: calls of Linux that a guest's process makes on the way of a call that was judged. What they
 * change or speak to is judged once more; what no handler of that call would do was not asked by ours.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include "tools/supervise/judge.h"
#include "tools/supervise/trace.h"

bool judge_forbids(struct call *c, const struct subject *s)
{
	unsigned v = rules_judge(c, s).verdict;
	return v == V_DENY || v == V_KILL;
}
bool judge_path_of(int tid, long fd, char *path, size_t n)
{
	char link[64];
	static const char gone[] = " (deleted)";

	snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%ld", tid, fd);
	ssize_t len = readlink(link, path, n - 1);
	if (len <= 0 || *path != '/')
		return false;
	path[len] = 0;
	return (size_t)len < sizeof gone || strcmp(path + len + 1 - sizeof gone, gone);
}
/* An open descriptor may be opened once more, but one that only stands for a name (O_PATH) is none yet. */
static bool is_held(int tid, const char *number)
{
	char name[64], text[256] = "";
	snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", tid, atoi(number));
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	close(fd);
	const char *flags = n > 0 ? strstr(text, "flags:\t") : NULL;
	return flags && !(strtoul(flags + 7, NULL, 8) & O_PATH);
}
/* Files that the translator reads for itself, whatever it was asked. */
static bool is_own(int tid, const char *path)
{
	static const char fds[] = "/proc/self/fd/";
	static const char *const below[] = { "/sys/", "/dev/shm/", "/dev/null", "/dev/zero", "/dev/urandom", "/etc/passwd", "/etc/group",
		"/etc/machine-id" };

	if (!strncmp(path, fds, sizeof fds - 1))
		return !strchr(path + sizeof fds - 1, '/') && is_held(tid, path + sizeof fds - 1);
	if (!strcmp(path, "/proc") || !strncmp(path, "/proc/", 6))
		return !strstr(path, "/..") && !strstr(path, "/root") && !strstr(path, "/cwd") && !strstr(path, "/fd/") && !strstr(path,
			"/map_files");
	for (unsigned i = 0; i < ARRAY_LEN(below); i++)
		if (!strncmp(path, below[i], strlen(below[i])) && !strstr(path, "/.."))
			return true;
	return false;
}
static bool text_at(int tid, uint64_t at, char *to, size_t n)
{
	size_t got = 0;
	while (got < n) {
		size_t step = MIN(n - got, PAGE - ((at + got) & (PAGE - 1)));
		if (!far_read(tid, at + got, to + got, step))
			return false;
		if (memchr(to + got, 0, step))
			return true;
		got += step;
	}
	return false;
}
/* Sockets without a name in the file system are how processes of ours speak to each other. */
static bool is_address(int tid, uint64_t at, uint64_t len)
{
	struct sockaddr_un a = { 0 };
	if (!at || len > sizeof(struct sockaddr_storage) || !far_read(tid, at, &a, MIN(len, sizeof a)))
		return false;
	return a.sun_family != AF_UNIX || (a.sun_path[0] && !is_own(tid, a.sun_path));
}
/* ... that the policy may keep from somebody. A relative name is one in a directory that is not asked for. */
static bool is_other_file(int tid, uint64_t at)
{
	char path[4096];
	return text_at(tid, at, path, sizeof path) && *path && !is_own(tid, path) && (*path != '/' || rules_keep(path));
}
static bool is_look_up(int tid, const struct user_regs_struct *r)
{
	uint64_t flags = r->rdx;
	if (r->orig_rax == SYS_openat2 && !far_read(tid, r->rdx, &flags, sizeof flags))
		return false;
	return (r->orig_rax == SYS_open ? r->rsi : flags) & O_PATH;
}
/* Does this call of Linux open, run or change a file by a name, or speak to an address? */
static bool names_something(int tid, const struct user_regs_struct *r)
{
	switch (r->orig_rax) {
	case SYS_open: case SYS_creat: case SYS_execve: case SYS_unlink: case SYS_rmdir: case SYS_mkdir: case SYS_mknod: case SYS_chmod:
	case SYS_chown: case SYS_truncate: case SYS_rename: case SYS_link:
		return !(r->orig_rax == SYS_open && is_look_up(tid, r)) && is_other_file(tid, r->rdi);
	case SYS_openat: case SYS_openat2: case SYS_execveat: case SYS_unlinkat: case SYS_mkdirat: case SYS_mknodat: case SYS_fchmodat:
	case SYS_fchownat: case SYS_renameat: case SYS_renameat2: case SYS_linkat: case SYS_utimensat:
		return !((r->orig_rax == SYS_openat || r->orig_rax == SYS_openat2) && is_look_up(tid, r)) && is_other_file(tid, r->rsi);
	case SYS_connect:
		return is_address(tid, r->rsi, r->rdx);
	case SYS_sendto:
		return is_address(tid, r->r8, r->r9);
	}
	return false;
}
/* Without links on the way: only the last name may be one. */
static bool straight(char *path, size_t n)
{
	char *last = strrchr(path, '/'), *dir, name[256];
	if (!last || last == path || strlen(last + 1) >= sizeof name)
		return true;
	strcpy(name, last + 1);
	*last = 0;
	dir = realpath(path, NULL);
	bool good = snprintf(path, n, "%s/%s", dir ? strcmp(dir, "/") ? dir : "" : path, name) < (int)n;
	free(dir);
	return good;
}
/* The name that it would change, made or taken away, as the kernel would find it; "/proc/self/fd/N" is what N is. */
static bool true_name(int tid, int dirfd, uint64_t name, char *path, size_t n)
{
	static const char fds[] = "/proc/self/fd/";
	char text[4096];

	if (!text_at(tid, name, text, sizeof text))
		return false;
	if (!strncmp(text, fds, sizeof fds - 1)) {
		char *rest;
		long fd = strtol(text + sizeof fds - 1, &rest, 10);
		return !*rest && judge_path_of(tid, fd, path, n);
	}
	if (*text == '/')
		*path = 0;
	else if (!judge_path_of(tid, dirfd, path, n))
		return false;
	size_t len = strlen(path);
	if (snprintf(path + len, n - len, "%s%s", *text && *text != '/' && len > 1 ? "/" : "", text) >= (int)(n - len))
		return false;
	return straight(path, n);
}
static bool forbidden_name(struct task *t, struct call *c, int dirfd, uint64_t name)
{
	char path[MOST_TRUE_PATH];
	return true_name(t->tid, dirfd, name, path, sizeof path) && judge_forbids(c, &(struct subject){ .path = path });
}
static bool forbidden_addr(struct task *t, struct call *c, uint64_t at, uint64_t len)
{
	struct sockaddr_storage ss = { 0 };
	if (!at || len > sizeof ss || !far_read(t->tid, at, &ss, len) || (ss.ss_family != AF_INET && ss.ss_family != AF_INET6))
		return false;
	return judge_forbids(c, &(struct subject){ .ss = &ss, .len = len });
}
/* Of a call whose paths and addresses were judged: what it now changes or speaks to. */
static bool forbidden(struct task *t, struct call *c, const struct user_regs_struct *r)
{
	switch (r->orig_rax) {
	case SYS_unlink: case SYS_rmdir: case SYS_mkdir: case SYS_mknod: case SYS_chmod: case SYS_chown: case SYS_lchown: case SYS_truncate:
		return forbidden_name(t, c, AT_FDCWD, r->rdi);
	case SYS_symlink:
		return forbidden_name(t, c, AT_FDCWD, r->rsi);
	case SYS_rename: case SYS_link:
		return forbidden_name(t, c, AT_FDCWD, r->rdi) || forbidden_name(t, c, AT_FDCWD, r->rsi);
	case SYS_unlinkat: case SYS_mkdirat: case SYS_mknodat: case SYS_fchmodat: case SYS_fchownat: case SYS_utimensat:
		return forbidden_name(t, c, (int)r->rdi, r->rsi);
	case SYS_symlinkat:
		return forbidden_name(t, c, (int)r->rsi, r->rdx);
	case SYS_renameat: case SYS_renameat2: case SYS_linkat:
		return forbidden_name(t, c, (int)r->rdi, r->rsi) || forbidden_name(t, c, (int)r->rdx, r->r10);
	case SYS_connect: case SYS_bind:
		return forbidden_addr(t, c, r->rsi, r->rdx);
	case SYS_sendto:
		return forbidden_addr(t, c, r->r8, r->r9);
	}
	return false;
}
bool judge_host(struct task *t, const struct user_regs_struct *r)
{
	struct call *c = policy && judge_bites && t->call ? trace_current(t) : NULL;

	if (!c || t->begins || !c->row)
		return false;
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++)       /* what it runs was found by what it was given */
		if (c->row->arg[i].kind == A_STRV)
			return false;
	if (row_has_path(c->row) || row_has_addr(c->row))
		return rules_hang(c) && forbidden(t, c, r);
	return names_something(t->tid, r);
}
