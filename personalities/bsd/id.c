/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the BSDs mean otherwise about users: setuid and setgid always set all three numbers, so a program that was
 * started set-user-id and calls setuid(getuid()) cannot come back. Linux leaves the saved number to such a program.
 * A session has a login name; here it is read from the guest's password file for the user who logged in to the host, until
 * setlogin says another. The session's is that of its leader, if that is a guest that the host lets us read: it lies there
 * where ours lies here.
 */
#include <string.h>
#include <fcntl.h>
#include <sys/uio.h>
#include "host.h"
#include "ids.h"
#include "options.h"
#include "others.h"
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
static struct login { char name[LOGIN_MAX]; bool said; } login;      /* name empty: nobody has asked or said yet; said: by
						      setlogin, here or before an exec */
const char *bsd_login_said(void) { return login.said ? login.name : ""; }
void bsd_login_kept(const char *kept)
{
	login.said = *kept;
	str_copy(login.name, kept, sizeof login.name);
}
static int leader(struct call *c)        /* of our session, if it is another guest of our system */
{
	long sid = host(SYS_getsid, 0);
	return sid > 0 && sid != c->t->p->pid && other_system((int)sid) == c->t->p->pers ? (int)sid : 0;
}

long bsd_getlogin(struct call *c)
{
	char file[4096];
	size_t room = MIN((size_t)(uint32_t)c->arg[1], (size_t)LOGIN_MAX), n;
	const char *root = c->t->p->opt && c->t->p->opt->root ? c->t->p->opt->root : "";
	struct login its = { .said = false };
	int sid = leader(c);

	if (sid && other_read(sid, &its, (uaddr)&login, sizeof its) == sizeof its && its.said && !its.name[LOGIN_MAX - 1])
		login = its;
	if (!*login.name) {
		uint64_t uid = login_uid();
		fmt(file, sizeof file, "%s/etc/passwd", root);
		if (!name_in(file, uid, login.name))
			name_in("/etc/passwd", uid, login.name);
	}
	n = str_len(login.name) + 1;
	return n > room ? -ERANGE : copy_out((uaddr)c->arg[0], login.name, n);
}
/* Ours, our children's, and the leader's, which tells it to the others of the session. */
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
	int sid = leader(c);
	struct iovec here = { &login, sizeof login }, there = { &login, sizeof login };
	return !sid || host(SYS_process_vm_writev, sid, &here, 1, &there, 1, 0) == sizeof login ? 0 : -EPERM;
}
