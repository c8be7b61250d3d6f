/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that forks or executes says so itself, to whoever listens: an abstract socket with a name made of its user
 * and its number, bound by the watcher, who then has it know by the carrier: nearly always nobody listens, and then a
 * fork does not ask the host. The note goes with a pidfd of the child, so that its end is told even when it was quick. The parent says it before it goes on, or it might
 * end before it is heard; where it sleeps until its child has gone (vfork) the child says it. Programs that are not run
 * by us are silent; so is what a tracked child does before the watcher's next kevent.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "host.h"
#include "pending.h"
#include "kqueue.h"

#define WATCHERS 4                       /* of one process, at a time */

static long name_of(struct sockaddr_un *a, int pid, int k)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (long)offsetof(struct sockaddr_un, sun_path) + 1 +
	       (long)fmt(a->sun_path + 1, sizeof a->sun_path - 1, "guise-proc-%u-%d-%d", (unsigned)host(SYS_getuid), pid, k);
}
static long sock_new(struct proc *p)
{
	long s = host(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return s < 0 ? s : fd_ours(p, (int)s);
}

/* --- is anybody there? -------------------------------------------------------------------------------------------------- */
/* By the last bits of a process's number: this memory may hold several (vfork). Set too often, it costs a few refused
 * connects. A new image knows nothing yet: it tries once. */
static volatile uint64_t wanted FORKED;
static volatile bool tried FORKED;

static uint64_t wanted_bit(int pid) { return 1ull << (pid & 63); }
void bsd_listened(struct proc *p) { __atomic_or_fetch(&wanted, wanted_bit(p->pid), __ATOMIC_RELAXED); }
static void nobody_yet(struct proc *p) { wanted = 0; }
AT_FORK_IF(nobody_yet, wanted);

/* --- saying ------------------------------------------------------------------------------------------------------------- */
union carried { struct cmsghdr h; char bytes[CMSG_SPACE(sizeof(int))]; };

static void say_on(long s, const struct proc_note *n, int pidfd)
{
	struct iovec io = { (void *)n, sizeof *n };
	union carried r = { 0 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &r, .msg_controllen = sizeof r };
	r.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(r.bytes + CMSG_LEN(0), &pidfd, sizeof pidfd);
	if (pidfd < 0)
		m.msg_controllen = 0;
	host(SYS_sendmsg, s, &m, MSG_NOSIGNAL);
}
static void say(struct proc *p, struct proc_note n)
{
	struct sockaddr_un a;
	if (tried && !(wanted & wanted_bit(n.about)))
		return;
	long s = sock_new(p);
	for (int k = 0; k < WATCHERS && s >= 0; k++) {
		long len = name_of(&a, n.about, k);
		if (host(SYS_connect, s, &a, len) < 0)
			continue;
		__atomic_or_fetch(&wanted, wanted_bit(n.about), __ATOMIC_RELAXED);
		long pidfd = n.child ? host(SYS_pidfd_open, n.child, 0) : -1;
		say_on(s, &n, (int)pidfd);
		if (pidfd >= 0)
			host(SYS_close, pidfd);
		host(SYS_close, s);
		s = sock_new(p);
	}
	tried = true;
	if (s >= 0)
		host(SYS_close, s);
}
void bsd_proc_forks(struct proc *p, int child) { say(p, (struct proc_note){ NOTE_FORK, p->pid, child }); }
void bsd_proc_forked(struct proc *p)
{
	if (thread_self()->vforked)
		say(p, (struct proc_note){ NOTE_FORK, p->ppid, p->pid });
}
void bsd_proc_execs(struct proc *p) { say(p, (struct proc_note){ NOTE_EXEC, p->pid, 0 }); }

/* --- hearing ------------------------------------------------------------------------------------------------------------ */
long notes_listen(struct proc *p, int pid)
{
	struct sockaddr_un a;
	long s = sock_new(p), e = -EADDRINUSE;
	if (s < 0)
		return s;
	for (int k = 0; k < WATCHERS && e == -EADDRINUSE; k++) {
		long len = name_of(&a, pid, k);
		e = host(SYS_bind, s, &a, len);
	}
	if (!e)
		e = host(SYS_listen, s, 4096);
	if (!e)
		carrier_announce(thread_self(), pid);
	if (e < 0)
		host(SYS_close, s);
	return e < 0 ? e : s;
}
static bool hear(struct proc *p, long s, int pid, struct proc_note *n, int *pidfd)
{
	struct iovec io = { n, sizeof *n };
	union carried r = { 0 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &r, .msg_controllen = sizeof r };
	struct ucred who = { 0 };
	unsigned len = sizeof who;

	long got = host(SYS_recvmsg, s, &m, MSG_CMSG_CLOEXEC);
	if (got >= 0 && m.msg_controllen >= CMSG_LEN(sizeof(int)) && r.h.cmsg_type == SCM_RIGHTS) {
		memcpy(pidfd, r.bytes + CMSG_LEN(0), sizeof *pidfd);
		*pidfd = fd_ours(p, *pidfd);
	}
	host(SYS_getsockopt, s, SOL_SOCKET, SO_PEERCRED, &who, &len);
	return got == sizeof *n && n->about == pid && (who.pid == pid || who.pid == n->child);
}
bool notes_next(struct proc *p, int sock, int pid, struct proc_note *n, int *pidfd)
{
	for (long s; (s = host(SYS_accept4, sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		*pidfd = -1;
		struct pollfd wait = { .fd = (int)s, .events = POLLIN };
		host(SYS_poll, &wait, 1, 1000);      /* connected, and about to speak, or to end */
		bool ok = hear(p, s, pid, n, pidfd);
		host(SYS_close, s);
		if (ok)
			return true;
		if (*pidfd >= 0)
			host(SYS_close, *pidfd);
	}
	return false;
}
