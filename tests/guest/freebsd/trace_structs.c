/* SPDX-License-Identifier: BSD-2-Clause
 * Structs in the trace, field by field in FreeBSD's layouts: as trace.c, each line printed is the line that `guise trace`
 * prints for the call before it (tests/real/trace_structs.test compares them).
 * TEST fixture: trace_structs.test */
#include "fbsd.h"

#define T(line, ...) do { (void)(__VA_ARGS__); say("%s\n", line); } while (0)

static char buf[512];

static void on(int sig, siginfo_t *si, ucontext_t *uc) { }

static void events(void)
{
	struct kevent k = { 7, EVFILT_USER, EV_ADD | EV_CLEAR, 5, 0, (void *)0x11, { 0 } }, out[4];
	struct kevent t = { 7, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFCOPY | 6, 0, 0, { 0 } };
	struct timespec none = { 0, 0 };
	long kq = kqueue();

	say("kqueue() = 3\n");
	T("kevent(3, [{ident=7, filter=EVFILT_USER, flags=EV_ADD|EV_CLEAR, fflags=0x5, data=0, udata=0x11}], 1, [], 0, NULL) = 0",
	  kevent(kq, &k, 1, out, 0, 0));
	T("kevent(3, [{ident=7, filter=EVFILT_USER, flags=0, fflags=NOTE_FFCOPY|NOTE_TRIGGER|0x6, data=0, udata=0x0}], 1, [], 0, NULL) = 0",
	  kevent(kq, &t, 1, out, 0, 0));
	T("kevent(3, [], 0, [{ident=7, filter=EVFILT_USER, flags=EV_CLEAR, fflags=0x6, data=0, udata=0x0}], 4, "
	  "{tv_sec=0, tv_nsec=0}) = 1", kevent(kq, 0, 0, out, 4, &none));
	T("close(3) = 0", close(kq));
}
static void messages(void)
{
	struct { struct cmsghdr h; u32 pad; int fd[2]; } c = { { 24, SOL_SOCKET, SCM_RIGHTS }, 0, { 0, 1 } };
	union { struct cmsghdr h; char b[64]; long align; } in = { 0 };
	struct iovec v[2] = { { "he\n", 3 }, { "llo", 3 } }, w = { buf, 16 };
	struct msghdr m = { .iov = v, .iovlen = 2, .control = &c, .controllen = 24 };
	struct msghdr r = { .iov = &w, .iovlen = 1, .control = &in, .controllen = 24 };
	int s[2];

	T("socketpair(PF_LOCAL, SOCK_STREAM, 0, [3, 4]) = 0", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	T("sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"he\\n\", iov_len=3}, {iov_base=\"llo\", iov_len=3}], "
	  "msg_iovlen=2, msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}], "
	  "msg_controllen=24, msg_flags=0}, 0) = 6", sendmsg(s[0], &m, 0));
	T("recvmsg(4, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"he\\nllo\", iov_len=16}], msg_iovlen=1, "
	  "msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6]}], msg_controllen=24, "
	  "msg_flags=0}, MSG_DONTWAIT) = 6", recvmsg(s[1], &r, MSG_DONTWAIT));
	for (int fd = 3; fd < 7; fd++)
		close(fd), say("close(%d) = 0\n", fd);
}
static void sockets(void)
{
	struct sockaddr_in a = { 16, AF_INET, 0x3930, LOOPBACK, { 0 } };
	struct sockaddr_un u = { 0, AF_UNIX, "sock\n\"\377" };
	long s;

	T("socket(PF_INET, SOCK_STREAM, 0) = 3", s = socket(AF_INET, SOCK_STREAM, 0));
	T("setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0", setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, 4));
	T("getsockopt(3, SOL_SOCKET, SO_TYPE, [1], [4]) = 0", getsockopt(s, SOL_SOCKET, SO_TYPE, buf, &(int){ 4 }));
	T("getsockopt(3, IPPROTO_TCP, 9999, ADDR, ADDR) = -1 ENOPROTOOPT (Protocol not available)",
	  getsockopt(s, 6, 9999, buf, &(int){ 4 }));
	T("connect(3, {sa_family=PF_INET, sin_port=htons(12345), sin_addr=127.0.0.1}, 16) = -1 ECONNREFUSED (Connection refused)",
	  connect(s, &a, 16));
	T("connect(3, 0x10, 16) = -1 EFAULT (Bad address)", connect(s, 0x10, 16));
	close(s), say("close(3) = 0\n");
	T("socket(PF_LOCAL, SOCK_DGRAM, 0) = 3", s = socket(AF_UNIX, SOCK_DGRAM, 0));
	T("bind(3, {sa_family=PF_LOCAL, sun_path=\"sock\\n\\\"\\377\"}, 106) = 0", bind(s, &u, sizeof u));
	close(s), say("close(3) = 0\n");
}
static void signals(void)
{
	struct sigaction sa = { on, SA_SIGINFO | SA_RESTART, SIGSET(SIGHUP, SIGUSR1) };
	stack_t ss = { buf, 0, 4 };
	sigset_t set = SIGSET(SIGUSR2);
	siginfo_t si;

	T("sigaction(SIGUSR1, {sa_handler=ADDR, sa_mask=[HUP USR1], sa_flags=SA_RESTART|SA_SIGINFO}, "
	  "{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}) = 0", sigaction(SIGUSR1, &sa, &sa));
	T("sigaltstack({ss_sp=ADDR, ss_flags=SS_DISABLE, ss_size=0}, NULL) = 0", sigaltstack(&ss, 0));
	T("sigprocmask(SIG_BLOCK, [USR2], NULL) = 0", sigprocmask(SIG_BLOCK, &set, 0));
	T("sigqueue(PID, SIGUSR2, 0x2a) = 0", sigqueue(getpid(), SIGUSR2, 42));
	T("sigwaitinfo([USR2], {si_signo=SIGUSR2, si_code=65538, si_pid=PID, si_value=0x2a}) = 31", sigwaitinfo(&set, &si));
}
static void others(void)
{
	struct itimerval it = { { 1, 2 }, { 30, 4 } }, none = { 0 };
	struct flock l = { 10, 5, 0, F_WRLCK, SEEK_SET, 0 };
	struct pollfd p[2] = { { -1, POLLIN, 0 }, { -1, POLLOUT | POLLHUP, 0 } };
	struct timeval no = { 0, 0 };
	u64 set[16] = { 1 << 3 };
	int oid[2] = { 1, 24 }, rel, fds[2];
	size_t len = 4;
	long fd;

	T("setitimer(ITIMER_REAL, {it_interval={tv_sec=1, tv_usec=2}, it_value={tv_sec=30, tv_usec=4}}, NULL) = 0",
	  setitimer(0, &it, 0));
	setitimer(0, &none, 0);
	say("setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, it_value={tv_sec=0, tv_usec=0}}, NULL) = 0\n");
	T("open(\"l\", O_RDWR|O_CREAT, 0600) = 3", fd = open("l", O_RDWR | O_CREAT, 0600));
	T("fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=10, l_len=5}) = 0", fcntl(fd, F_SETLK, &l));
	T("write(3, \"0123456789\"..., 40) = 40", write(fd, "0123456789012345678901234567890123456789", 40));
	close(fd), say("close(3) = 0\n");
	T("poll([{fd=-1, events=POLLIN}, {fd=-1, events=POLLOUT|POLLHUP}], 2, 0) = 0", poll(p, 2, 0));
	T("pipe2([3, 4], O_RDONLY) = 0", pipe2(fds, 0));
	T("write(4, \"x\", 1) = 1", write(fds[1], "x", 1));
	T("select(5, [3], [], NULL, {tv_sec=0, tv_usec=0}) = 1", select(5, set, &(u64[16]){ 0 }, 0, &no));
	T("__sysctl(kern.osreldate, 2, ADDR, [4], NULL, 0) = 0", sys(SYS___sysctl, oid, 2, &rel, &len, 0, 0));
	T("mkdir(\"d\", 0700) = 0", mkdir("d", 0700));
	T("open(\"d\", O_RDONLY|O_DIRECTORY) = 5", fd = open("d", O_RDONLY | O_DIRECTORY));
	T("getdirentries(5, [\".\", \"..\"], 512, [0]) = 64", sys(SYS_getdirentries, fd, buf, 512, &(long){ 7 }));
	T("fstatat(AT_FDCWD, \"l\", {st_mode=S_IFREG|00600, st_size=40}, 0) = 0", fstatat(AT_FDCWD, "l", buf, 0));
}
int main(int argc, char **argv)
{
	events();
	messages();
	sockets();
	signals();
	others();
	return 0;
}
