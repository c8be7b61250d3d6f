/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Classes of calls (%file, %network, ...), told from the kinds of a row's arguments and of its result: no list of calls is
 * here, and a call of a system that comes later has its classes by its row.
 */
#include <string.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

sysfn sys_fork, sys_vfork;

static bool has(const struct row *r, bool (*is)(const struct arg *))
{
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (is(&r->arg[i]))
			return true;
	return false;
}
static bool is_rec(const struct arg *a) { return a->kind >= A_IN && a->kind <= A_INOUTV; }
static bool is_set(const struct arg *a) { return a->kind == A_SET || a->kind == A_ENUM; }
static bool named(const struct arg *a, const char *name) { return a->name && !strcmp(a->name, name); }

static bool of_file(const struct arg *a) { return a->kind == A_PATH; }
static bool of_desc(const struct arg *a)
{
	return a->kind == A_FD || a->kind == A_ATFD ||
	       (is_rec(a) && (a->what == REC_POLLFD || a->what == REC_FDSET || a->what == REC_KEVENT ||
		a->what == REC_KEVENT_OLD));
}
static bool of_network(const struct arg *a)
{
	return a->kind == A_SOCKIN || a->kind == A_SOCKOUT || (a->kind == A_FD && (named(a, "s") || named(a, "sockfd"))) ||
	       (is_set(a) && (a->what == SET_AF || a->what == SET_MSG || a->what == SET_SHUT)) ||
	       (is_rec(a) && (a->what == REC_MSGHDR || a->what == REC_MMSGHDR));
}
static bool of_memory(const struct arg *a)
{
	return is_set(a) && (a->what == SET_MCL || a->what == SET_PROT || a->what == SET_MEMBARRIER);
}
static bool of_process(const struct arg *a)
{
	return a->kind == A_STRV || (is_set(a) && (a->what == SET_WAIT || a->what == SET_CLONE || a->what == SET_FORK)) ||
	       (is_rec(a) && (a->what == REC_WSTATUS || a->what == REC_CLONEARGS));
}
static bool of_signal(const struct arg *a)
{
	return a->kind == A_SIG || a->kind == A_SIGSETIN || a->kind == A_SIGSETOUT ||
	       (is_rec(a) && (a->what == REC_SIGACTION || a->what == REC_SIGACTION_OLD || a->what == REC_SIGALTSTACK ||
			      a->what == REC_SIGINFO || a->what == REC_UCONTEXT));
}
static bool of_ipc(const struct arg *a)
{
	return named(a, "shmid") || named(a, "semid") || named(a, "msqid") || named(a, "mqdes") || named(a, "mqd") ||
	       (is_set(a) && (a->what == SET_IPC || a->what == SET_IPCKEY || a->what == SET_IPCOP || a->what == SET_IPCCTL ||
			      a->what == SET_SHM || a->what == SET_SEM)) ||
	       (is_rec(a) && (a->what == REC_SHMID || a->what == REC_SEMID || a->what == REC_MSGID || a->what == REC_MQATTR));
}
/* What gives names another meaning, or reaches files past them: no rule with a path could follow. */
static bool of_unseen(const struct arg *a)
{
	return named(a, "put_old") ||
	       (is_set(a) && (a->what == SET_UMOUNT || a->what == SET_UNSHARE || a->what == SET_OPENTREE ||
			      a->what == SET_MOVEMOUNT || a->what == SET_FSOPEN || a->what == SET_FSMOUNT ||
			      a->what == SET_FSPICK || a->what == SET_FSCONFIG)) ||
	       (is_rec(a) && (a->what == REC_URINGPARAMS || a->what == REC_MOUNTATTR)) ||
	       (a->kind == A_IN && a->what == REC_FHANDLE);
}
static bool of_clock(const struct arg *a) { return is_set(a) && a->what == SET_CLOCK; }
static bool of_creds(const struct arg *a) { return a->kind == A_UID; }

static bool of_any_stat(const struct arg *a)
{
	return is_rec(a) && (a->what == REC_STAT || a->what == REC_STAT_OLD || a->what == REC_STAT_OLDER ||
			       a->what == REC_STATX || a->what == REC_NSTAT);
}
static bool of_any_statfs(const struct arg *a)
{
	return is_rec(a) && (a->what == REC_STATFS || a->what == REC_STATFS_OLD ||
			       a->what == REC_STATFS_OLDER);
}
static bool stat_path(const struct row *r) { return has(r, of_any_stat) && has(r, of_file) && !strstr(r->name, "lstat"); }
static bool stat_link(const struct row *r) { return has(r, of_any_stat) && strstr(r->name, "lstat"); }
static bool stat_fd(const struct row *r) { return has(r, of_any_stat) && r->arg[0].kind >= A_FD && r->arg[0].kind <= A_ATFD; }
static bool statfs_path(const struct row *r) { return has(r, of_any_statfs) && has(r, of_file); }
static bool statfs_fd(const struct row *r) { return has(r, of_any_statfs) && r->arg[0].kind == A_FD; }
static bool takes_nothing(const struct row *r) { return !r->arg[0].kind && r->ret != R_NOTHING; }
static bool begins_with_addr(const struct row *r) { return r->arg[0].kind == A_ADDR || r->ret == R_ADDR; }
static bool gives_fd(const struct row *r) { return r->ret == R_FD; }
static bool mounts(const struct row *r)
{
	return has(r, of_file) && r->arg[0].kind == A_STR && r->arg[3].kind == A_SET && r->arg[3].what == SET_MNT;
}
static bool begins_or_ends(const struct row *r)
{
	return r->ret == R_NOTHING || r->fn == sys_fork || r->fn == sys_vfork;
}

static const struct class {
	const char *name;
	bool (*arg)(const struct arg *);         /* some argument is so ... */
	bool (*row)(const struct row *);         /* ... or the row itself; NULL: never */
} classes[] = {
	{ "file", of_file }, { "desc", of_desc, gives_fd }, { "network", of_network }, { "net", of_network },
	{ "memory", of_memory, begins_with_addr }, { "process", of_process, begins_or_ends }, { "signal", of_signal },
	{ "ipc", of_ipc }, { "clock", of_clock }, { "creds", of_creds },
	{ "unseen", of_unseen, mounts },
	{ "stat", NULL, stat_path }, { "lstat", NULL, stat_link }, { "fstat", NULL, stat_fd }, { "%stat", of_any_stat },
	{ "statfs", NULL, statfs_path }, { "fstatfs", NULL, statfs_fd }, { "%statfs", of_any_statfs }, { "pure", NULL, takes_nothing },
};
const struct class *class_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
		if (!strcmp(classes[i].name, name))
			return &classes[i];
	return NULL;
}
bool class_holds(const struct class *k, const struct row *r) { return (k->arg && has(r, k->arg)) || (k->row && k->row(r)); }
