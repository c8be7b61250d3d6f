/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Until FreeBSD 14 the first of a process's groups was its effective group, and setgroups set that one too (sys/kern/
 * kern_prot.c, freebsd14_getgroups). Linux and FreeBSD 15 keep it apart. Also the login class.
 */
#include <string.h>
#include "host.h"
#include "ids.h"
#include "options.h"
#include "bsd/login.h"
#include "freebsd/freebsd.h"
#include "freebsd/jail.h"

sysfn fbsd_old_getgroups, fbsd_old_setgroups, fbsd_getloginclass, fbsd_setloginclass;

#define LOGIN_CLASS_MOST 33              /* MAXLOGNAME */

#define GROUPS_MAX 1024

struct groups { uint32_t gid[GROUPS_MAX + 1]; };

/* Linux's list often holds the effective group as well: once is enough. */
static long old_groups(struct groups *g)
{
	uint32_t all[GROUPS_MAX];
	long n = host(SYS_getgroups, GROUPS_MAX, all), k = 1;
	bool seen = false;
	g->gid[0] = (uint32_t)host(SYS_getegid);
	for (long i = 0; i < n; i++) {
		if (all[i] == g->gid[0] && !seen)
			seen = true;
		else
			g->gid[k++] = all[i];
	}
	return k;
}
long fbsd_old_getgroups(struct call *c)
{
	struct groups g;
	long n = old_groups(&g), e;
	if (!c->arg[0])
		return n;
	if (c->arg[0] < n)
		return -EINVAL;
	e = copy_out((uaddr)c->arg[1], g.gid, (size_t)n * 4);
	return e < 0 ? e : n;
}
long fbsd_old_setgroups(struct call *c)
{
	struct groups g;
	long n = c->arg[0], e;
	if (n < 0 || n > GROUPS_MAX)
		return -EINVAL;
	e = copy_in(g.gid, (uaddr)c->arg[1], (size_t)n * 4);
	if (!e)
		e = groups_set(c->t, n ? (int)n - 1 : 0, g.gid + 1);
	return e < 0 || !n ? e : ids_set(c->t, SYS_setresgid, -1u, g.gid[0], -1u);
}
/* Of a process and its children, as on FreeBSD; the host's programs have none. */
static char login_class[LOGIN_CLASS_MOST] = "default";

long fbsd_getloginclass(struct call *c)
{
	size_t n = str_len(login_class) + 1;
	return (size_t)c->arg[1] < n ? -ERANGE : copy_out((uaddr)c->arg[0], login_class, n);
}
long fbsd_setloginclass(struct call *c)
{
	char new[LOGIN_CLASS_MOST];
	if (host(SYS_geteuid))
		return -EPERM;
	long n = copy_str(new, (uaddr)c->arg[0], sizeof new);
	if (n <= 0)
		return n == -ENAMETOOLONG || !n ? -EINVAL : n;
	str_copy(login_class, new, sizeof login_class);
	return 0;
}
/* Over exec, a line each: the class, the login name, what procctl has set, and the jail. */
static char set_first[16];           /* the settings of a program for which nobody has set any */
size_t fbsd_kept(struct proc *p, char *buf, size_t n)
{
	char set[16], jail[40] = "";
	const char *login = bsd_login_said();
	fbsd_settings_kept(set, sizeof set);
	bool in_jail = jail_kept(jail, sizeof jail);
	if (!*login && !str_cmp(login_class, "default") && !str_cmp(set, set_first) && !in_jail)
		return 0;
	return fmt(buf, n, "%s\n%s\n%s\n%s", login_class, login, set, jail);
}
static void line(const char **at, char *to, size_t n)
{
	const char *end = str_chr(*at, '\n');
	size_t len = end ? (size_t)(end - *at) : str_len(*at);
	str_copy(to, *at, MIN(n, len + 1));
	*at += len + (end != NULL);
}
void fbsd_id_start(struct proc *p)
{
	char login[LOGIN_CLASS_MOST], set[16];
	const char *at = p->opt->kept;
	fbsd_settings_kept(set_first, sizeof set_first);
	if (!at)
		return;
	line(&at, login_class, sizeof login_class);
	line(&at, login, sizeof login);
	bsd_login_kept(login);
	line(&at, set, sizeof set);
	fbsd_settings_start(set);
	jail_start(p, at);
}
const char *fbsd_login_class(void) { return login_class; }
