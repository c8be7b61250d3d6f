/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that processes of guise hold (mark.h). Usable from the host handler: nothing here locks or needs memory.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include "host.h"
#include "mark.h"

long mark_name(struct sockaddr_un *a, const char *what, int pid)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (long)offsetof(struct sockaddr_un, sun_path) + 1 +
	       (long)fmt(a->sun_path + 1, sizeof a->sun_path - 1, "guise-%s-%d", what, pid);
}
int mark_hold(struct proc *p, const char *what)
{
	struct sockaddr_un a;
	long n = mark_name(&a, what, p->pid), s = host(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), e;
	if (s < 0 || (s = fd_ours(p, (int)s)) < 0)
		return (int)s;
	if ((e = host(SYS_bind, s, &a, n)) < 0 || (e = host(SYS_listen, s, 1)) < 0) {
		host(SYS_close, s);
		return (int)e;
	}
	return (int)s;
}
/* Nobody accepts, so its queue may be full: then it is there all the same. */
bool mark_is(int pid, const char *what)
{
	struct sockaddr_un a;
	long n = mark_name(&a, what, pid), s = host(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return false;
	long e = host(SYS_connect, s, &a, n);
	host(SYS_close, s);
	return !e || e == -EAGAIN;
}
