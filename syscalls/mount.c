/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's root and binds come into being, at start from the options and again when the guest calls chroot. Their
 * descriptors are ours, their host names are those the kernel gives them, links resolved.
 */
#include <fcntl.h>
#include "host.h"
#include "options.h"
#include "paths.h"

static char *keep(const char *s)
{
	size_t n = str_len(s);
	char *to;
	while (n && s[n - 1] == '/')
		n--;
	if (!(to = mem_alloc(n + 1)))
		die("no memory for the paths of the root");
	memcpy(to, s, n);
	return to;
}
static void mount_open(struct proc *p, struct mount *m, const char *host, const char *guest)
{
	char real[PATH_MAX];
	long fd = host(SYS_openat, AT_FDCWD, host, O_PATH | O_CLOEXEC), e = fd;
	if (fd >= 0)
		e = fd = fd_ours(p, (int)fd);
	if (fd >= 0)
		e = path_of_fd((int)fd, real, sizeof real);
	if (e < 0)
		die("cannot use %s as the guest's %s: %s", host, *guest ? guest : "root", error_text(e));
	m->fd = (int)fd;
	m->host = keep(real);
	m->host_len = str_len(m->host);
	*(str_rchr(real, '/') + 1) = 0;
	fd = host(SYS_openat, AT_FDCWD, real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	m->parent = fd < 0 ? m->fd : fd_ours(p, (int)fd);
	m->guest = keep(guest);
	m->guest_len = str_len(m->guest);
}
/* Deeper than any name can tell, where programs may be started, too: so from there upwards. */
static bool below(int root)
{
	struct stat top, now, up;
	long fd = host(SYS_openat, AT_FDCWD, ".", O_PATH | O_CLOEXEC), next;
	bool found = false;

	if (fd < 0 || host(SYS_fstat, root, &top) || host(SYS_fstat, fd, &now))
		return fd >= 0 && host(SYS_close, fd);
	while (!(found = now.st_dev == top.st_dev && now.st_ino == top.st_ino)) {
		next = host(SYS_openat, fd, "..", O_PATH | O_CLOEXEC);
		if (next < 0 || host(SYS_fstat, next, &up) || (up.st_dev == now.st_dev && up.st_ino == now.st_ino)) {
			if (next >= 0)
				host(SYS_close, next);
			break;
		}
		host(SYS_close, fd);
		fd = next;
		now = up;
	}
	host(SYS_close, fd);
	return found;
}
static void go_inside(struct proc *p)
{
	char cwd[PATH_MAX];
	const struct paths *ps = p->paths;
	long n = host(SYS_getcwd, cwd, sizeof cwd);
	bool inside = n > 0 && cwd[0] == '/' && path_mount_of(ps, cwd);
	if (n == -ENAMETOOLONG && (!ps->only || below(ps->root.fd)))
		return;
	if (!inside && (ps->only || n <= 0 || !cwd[1]))
		host(SYS_fchdir, ps->root.fd);
}
void path_start(struct proc *p)
{
	const struct options *o = p->opt;
	struct paths *ps;
	long fd;

	if (!o->root && !o->n_bind)
		return;
	if (!(ps = mem_alloc(sizeof *ps)) || (o->n_bind && !(ps->bind = mem_alloc(o->n_bind * sizeof *ps->bind))))
		die("no memory for the paths of the root");
	mount_open(p, &ps->root, o->root ? o->root : "/", "");
	if (!fd_is_dir(ps->root.fd))
		die("%s cannot be the guest's root: it is not a directory", o->root);
	for (unsigned i = 0; i < o->n_bind; i++)
		mount_open(p, &ps->bind[i], o->bind[i].host, o->bind[i].guest);
	ps->n_bind = o->n_bind;
	ps->only = o->root_only || !o->root;
	fd = walk_open(ps, "/", O_PATH | O_CLOEXEC, 0);
	ps->one_call = fd >= 0;
	if (fd >= 0)
		host(SYS_close, fd);
	p->paths = ps;
	go_inside(p);
}
bool path_confined(const struct proc *p) { return p->paths && p->paths->only; }

/* --- chroot ------------------------------------------------------------------------------------------------------- */
/* What we say to ourselves at exec (options.h) names the root and the binds: say the new ones. */
static bool is_word(const char *s, const char *word) { return !str_cmp(s, word); }
static char *joined(const char *a, const char *sep, const char *b)
{
	size_t n = str_len(a) + str_len(sep) + str_len(b) + 1;
	char *s = mem_alloc(n);
	if (s)
		fmt(s, n, "%s%s%s", a, sep, b);
	return s;
}
static bool retell(struct proc *p, const struct paths *ps)
{
	struct options *o = mem_alloc(sizeof *o);
	unsigned n = 0;
	char **v = mem_alloc((p->opt->n_self + 4 + 2 * ps->n_bind) * sizeof *v);
	if (!o || !v)
		return false;
	*o = *p->opt;
	for (unsigned i = 0; i < p->opt->n_self; i++)
		if (is_word(p->opt->self_argv[i], "--root") || is_word(p->opt->self_argv[i], "--bind"))
			i++;
		else if (!is_word(p->opt->self_argv[i], "--root-only"))
			v[n++] = p->opt->self_argv[i];
	v[n++] = "--root";
	v[n++] = *ps->root.host ? (char *)ps->root.host : "/";
	v[n++] = "--root-only";
	for (unsigned i = 0; i < ps->n_bind; i++) {
		v[n++] = "--bind";
		if (!(v[n++] = joined(*ps->bind[i].host ? ps->bind[i].host : "/", ":", ps->bind[i].guest)))
			return false;
	}
	o->root = ps->root.host;
	o->root_only = true;
	o->self_argv = v;
	o->n_self = n;
	p->opt = o;
	return true;
}
/* A root within the root: confined from then on. The binds that lie in it stay. The old one may be in use by another
 * thread at this moment and is not freed. */
long path_chroot(struct thread *t, int fd)
{
	struct proc *p = t->p;
	struct paths *old = p->paths, *ps = mem_alloc(sizeof *ps);
	char host_dir[PATH_MAX], dir[PATH_MAX];
	long e, up;

	if (!ps || (old && old->n_bind && !(ps->bind = mem_alloc(old->n_bind * sizeof *ps->bind))))
		return -ENOMEM;
	if ((e = path_of_fd(fd, host_dir, sizeof host_dir)) < 0
	    || (e = path_to_guest(p, host_dir, dir, sizeof dir)) < 0
	    || (up = host(SYS_fcntl, fd, F_DUPFD_CLOEXEC, p->fd_base)) < 0)
		return e < 0 ? e : -ENOMEM;
	ps->root = (struct mount){ (int)up, (int)up, "", keep(host_dir), 0, 0 };
	ps->root.host_len = str_len(ps->root.host);
	ps->only = true;
	ps->one_call = !old || old->one_call;
	if (!str_cmp(dir, "/"))
		dir[0] = 0;
	size_t n = str_len(dir);
	for (unsigned i = 0; old && i < old->n_bind; i++) {
		struct mount m = old->bind[i];
		if (m.guest_len <= n || str_ncmp(m.guest, dir, n) || m.guest[n] != '/')
			continue;
		m.guest += n;
		m.guest_len -= n;
		ps->bind[ps->n_bind++] = m;
	}
	if (!retell(p, ps))
		return -ENOMEM;
	p->paths = ps;
	return 0;
}
