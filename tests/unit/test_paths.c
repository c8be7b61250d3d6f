/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The rules of paths: names taken apart, and what a guest path becomes with no root, a root over the host, a root that is
 * all there is, and binds. Nothing may lead out of a root that is all there is.
 */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include "paths.h"

static char base[PATH_MAX / 2], root[PATH_MAX];
static struct where w;

static void put(const char *dir, const char *path, const char *text)
{
	char full[PATH_MAX];
	int fd;

	snprintf(full, sizeof full, "%s/%s", dir, path);
	if (!text) {
		assert_int_equal(mkdir(full, 0755), 0);
		return;
	}
	fd = open(full, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}
static void to(const char *target, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof full, "%s/%s", root, path);
	assert_int_equal(symlink(target, full), 0);
}
/* the first line of what the guest's path names, or an error's name */
static const char *content(const char *guest, unsigned how)
{
	static char b[128];
	long e = path_resolve(&unit_thread, AT_FDCWD, guest, how, &w), n;
	int fd;

	if (e)
		return strerrorname_np((int)-e);
	fd = openat(w.dirfd, w.path, O_RDONLY | (how & PATH_FOLLOW ? 0 : O_NOFOLLOW));
	e = errno;
	where_done(&w);
	if (fd < 0)
		return strerrorname_np((int)e);
	n = read(fd, b, sizeof b - 1);
	b[n < 0 ? 0 : n] = 0;
	close(fd);
	return n < 0 ? "a directory" : b;
}
static void names(void **state)
{
	const char *s = "//usr/./local///x/..";
	char b[64] = "/a/b";

	assert_int_equal(path_next(&s), 3);
	assert_memory_equal(s, "usr", 3);
	s += 3;
	assert_int_equal(path_next(&s), 5);
	assert_memory_equal(s, "local", 5);
	s += 5;
	assert_int_equal(path_next(&s), 1);
	s += 1;
	assert_int_equal(path_next(&s), 2);
	assert_memory_equal(s, "..", 2);
	s += 2;
	assert_int_equal(path_next(&s), 0);
	assert_true(path_slash("a/"));
	assert_false(path_slash("a"));
	assert_true(path_dots("") && path_dots(".") && path_dots(".."));
	assert_false(path_dots("...") || path_dots("a"));
	assert_string_equal(path_last(b), "b");
	strcpy(b, "plain");
	assert_string_equal(path_last(b), "plain");
}
static void no_root(void **state)
{
	unit_proc.paths = NULL;
	assert_string_equal(content("/etc/hostname-that-is-not", PATH_FOLLOW), "ENOENT");
	assert_true(content("/etc/passwd", PATH_FOLLOW)[0] == 'r');
	/* what is ours is not to be had by a name */
	int fd = dup2(0, 600);
	assert_string_equal(content("/proc/self/fd/600", PATH_FOLLOW), "ENOENT");
	assert_string_equal(content("/dev/fd/600", PATH_FOLLOW), "ENOENT");
	close(fd);
	strcpy(unit_proc.exe, "/etc/passwd");
	assert_true(content("/proc/self/exe", PATH_FOLLOW)[0] == 'r');
	unit_proc.exe[0] = 0;
}
static void start(bool only, const struct bind *bind, unsigned n)
{
	unit_options.root = root;
	unit_options.root_only = only;
	unit_options.bind = bind;
	unit_options.n_bind = n;
	unit_proc.paths = NULL;
	path_start(&unit_proc);
	assert_non_null(unit_proc.paths);
}
static void over(void **state)
{
	char outside[PATH_MAX + 32], guest[PATH_MAX];

	start(false, NULL, 0);
	assert_string_equal(content("/etc/own", PATH_FOLLOW), "guest own");
	assert_string_equal(content("/etc/passwd", PATH_FOLLOW), "guest passwd");    /* the root's comes first */
	snprintf(outside, sizeof outside, "%s/outside", base);
	assert_string_equal(content(outside, PATH_FOLLOW), "host outside");          /* then the host's */
	assert_string_equal(content("/link-abs", PATH_FOLLOW), "guest own");         /* absolute within the root */
	assert_string_equal(content("/etc/up", PATH_FOLLOW), "guest top");
	assert_string_equal(content("/etc/none", PATH_FOLLOW), "ENOENT");
	assert_string_equal(content("/loop", PATH_FOLLOW), "ELOOP");
	assert_string_equal(content("/etc/own/", PATH_FOLLOW), "ENOTDIR");
	assert_string_equal(content("/etc/own/x", PATH_FOLLOW), "ENOTDIR");
	snprintf(outside, sizeof outside, "%s/etc/own", root);
	assert_true(path_to_guest(&unit_proc, outside, guest, sizeof guest) > 0);
	assert_string_equal(guest, "/etc/own");
	assert_true(path_to_guest(&unit_proc, root, guest, sizeof guest) > 0);
	assert_string_equal(guest, "/");
	/* a new file goes where its directory was found */
	assert_int_equal(path_resolve(&unit_thread, AT_FDCWD, "/etc/made", PATH_CREATE, &w), 0);
	int fd = openat(w.dirfd, w.path, O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	close(fd);
	where_done(&w);
	snprintf(outside, sizeof outside, "%s/etc/made", root);
	assert_int_equal(access(outside, F_OK), 0);
}
static void only(void **state)
{
	char path[PATH_MAX + 64];

	start(true, NULL, 0);
	assert_string_equal(content("/etc/own", PATH_FOLLOW), "guest own");
	assert_string_equal(content("/link-abs", PATH_FOLLOW), "guest own");
	assert_string_equal(content("/escape", PATH_FOLLOW), "ENOENT");              /* ../../outside stays in the root */
	assert_string_equal(content("/../../../../etc/passwd", PATH_FOLLOW), "guest passwd");
	assert_string_equal(content("/etc/../../../etc/own", PATH_FOLLOW), "guest own");
	snprintf(path, sizeof path, "%s/outside", base);
	assert_string_equal(content(path, PATH_FOLLOW), "ENOENT");
	assert_string_equal(content("/out", PATH_FOLLOW), "ENOENT");                 /* a link to a host path */
	assert_string_equal(content("/../outside", PATH_FOLLOW), "ENOENT");
	assert_string_equal(content("/loop", PATH_FOLLOW), "ELOOP");
	assert_int_equal(path_resolve(&unit_thread, AT_FDCWD, "/link-abs", 0, &w), 0);        /* the link itself */
	char t[64] = { 0 };
	assert_int_equal(readlinkat(w.dirfd, w.path, t, sizeof t), 8);
	assert_string_equal(t, "/etc/own");
	where_done(&w);
	assert_true(path_to_guest(&unit_proc, "/usr", t, sizeof t) < 0);             /* not a place it knows */
	memset(path, 'x', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = 0;
	assert_string_equal(content(path, PATH_FOLLOW), "ENAMETOOLONG");
}
static void binds(void **state)
{
	char src[PATH_MAX];
	snprintf(src, sizeof src, "%s/shared", base);
	const struct bind bind[] = { { src, "/mnt" }, { "/dev/null", "/etc/nothing" } };

	start(true, bind, 2);
	assert_string_equal(content("/mnt/file", PATH_FOLLOW), "host shared");
	assert_string_equal(content("/mnt/../etc/own", PATH_FOLLOW), "guest own");
	assert_string_equal(content("/mnt/back", PATH_FOLLOW), "guest own");         /* a link in the bind means the guest's */
	assert_string_equal(content("/mnt/../../outside", PATH_FOLLOW), "ENOENT");
	assert_string_equal(content("/etc/nothing", PATH_FOLLOW), "");
	snprintf(src, sizeof src, "%s/shared/file", base);
	char guest[64];
	assert_true(path_to_guest(&unit_proc, src, guest, sizeof guest) > 0);
	assert_string_equal(guest, "/mnt/file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names), cmocka_unit_test(no_root), cmocka_unit_test(over), cmocka_unit_test(only), cmocka_unit_test(binds),
	};
	char dir[] = "/tmp/guise-unit-XXXXXX", cmd[128], out[PATH_MAX];
	int failed;

	unit_start("freebsd");
	if (!realpath(mkdtemp(dir), base))
		return 1;
	snprintf(root, sizeof root, "%s/root", base);
	put(base, "root", NULL);
	put(base, "outside", "host outside");
	put(base, "shared", NULL);
	put(base, "shared/file", "host shared");
	put(root, "etc", NULL);
	put(root, "mnt", NULL);
	put(root, "etc/own", "guest own");
	put(root, "etc/passwd", "guest passwd");
	put(root, "etc/nothing", "something");
	put(root, "top", "guest top");
	to("/etc/own", "link-abs");
	to("../top", "etc/up");
	to("loop", "loop");
	to("../../outside", "escape");
	snprintf(out, sizeof out, "%s/outside", base);
	to(out, "out");
	snprintf(out, sizeof out, "%s/shared/back", base);
	if (symlink("/etc/own", out))
		return 1;
	failed = cmocka_run_group_tests_name("paths", tests, NULL, NULL);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd) || failed;
}
