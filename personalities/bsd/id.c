/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the BSDs mean otherwise about users: setuid and setgid always set all three numbers, so a program that was
 * started set-user-id and calls setuid(getuid()) cannot come back. Linux leaves the saved number to such a program.
 * A session has a login name; here it is read from the guest's password file for the user who logged in to the host, until
 * setlogin says another.
 */
#include <string.h>
#include <fcntl.h>
#include "host.h"
#include "ids.h"
#include "options.h"
#include "bsd/login.h"

sysfn bsd_setuid, bsd_setgid, bsd_getlogin, bsd_setlogin;

#define LOGIN_MAX 33

static long set_all(struct call *c, long get, long set, long is_root)
{
	uint32_t id = (uint32_t)c->arg[0], now[3];
	host(get, &now[0], &now[1], &now[2]);
	if (id != now[0] && id != now[1] && !is_root)
		return -EPERM;
	return ids_set(c->t, set, id, id, id);
}
long bsd_setuid(struct call *c) { return set_all(c, SYS_getresuid, SYS_setresuid, !host(SYS_geteuid)); }
long bsd_setgid(struct call *c) { return set_all(c, SYS_getresgid, SYS_setresgid, !host(SYS_geteuid)); }

/* --- the login name --------------------------------------------------------------------------------------------- */
static uint64_t login_uid(void)
{
	char s[32];
	uint64_t uid;
	if (file_read("/proc/self/loginuid", s, sizeof s) > 0 && str_num(s, &uid) && (uint32_t)uid != (uint32_t)-1)
		return uid;
	return (uint64_t)host(SYS_getuid);
}
/* "name:password:uid:..." */
static bool line_is(const char *line, uint64_t uid, char to[LOGIN_MAX])
{
	const char *a = str_chr(line, ':'), *b = a ? str_chr(a + 1, ':') : NULL;
	const char *end = str_chr(line, '\n');
	uint64_t n;
	if (!b || *line == '#' || (end && end < b) || a - line >= LOGIN_MAX || !str_num(b + 1, &n) || n != uid)
		return false;
	memcpy(to, line, (size_t)(a - line));
	to[a - line] = 0;
	return true;
}
static bool name_in(const char *file, uint64_t uid, char to[LOGIN_MAX])
{
	enum { ROOM = 1 << 18 };
	char *text = mem_alloc(ROOM);
	bool found = false;
	if (text && file_read(file, text, ROOM) > 0)
		for (char *at = text; at && *at && !found; at = str_chr(at, '\n') ? str_chr(at, '\n') + 1 : NULL)
			found = line_is(at, uid, to);
	if (text)
		mem_free(text, ROOM);
	return found;
}
static char name[LOGIN_MAX];             /* empty: nobody has asked or said yet */
static bool said;                        /* by setlogin, here or before an exec */

const char *bsd_login_said(void) { return said ? name : ""; }
void bsd_login_kept(const char *kept)
{
	said = *kept;
	str_copy(name, kept, sizeof name);
}

long bsd_getlogin(struct call *c)
{
	char file[4096];
	size_t room = MIN((size_t)(uint32_t)c->arg[1], (size_t)LOGIN_MAX), n;
	const char *root = c->t->p->opt && c->t->p->opt->root ? c->t->p->opt->root : "";

	if (!*name) {
		uint64_t uid = login_uid();
		fmt(file, sizeof file, "%s/etc/passwd", root);
		if (!name_in(file, uid, name))
			name_in("/etc/passwd", uid, name);
	}
	n = str_len(name) + 1;
	return n > room ? -ERANGE : copy_out((uaddr)c->arg[0], name, n);
}
/* The session's name on BSD; here that of this process and its children. */
long bsd_setlogin(struct call *c)
{
	char new[LOGIN_MAX];
	long n;
	if (host(SYS_geteuid))
		return -EPERM;
	n = copy_str(new, (uaddr)c->arg[0], sizeof new);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	bsd_login_kept(new);
	return 0;
}
