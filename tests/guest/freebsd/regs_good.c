/* SPDX-License-Identifier: BSD-2-Clause
 * The same as regs_all, but with arguments of the kinds that the rows name (an open file, a path, memory), so that calls
 * succeed; and then for every command of the multiplexers, every socket option, every sysctl.
 * TEST timeout: 60
 * TEST proves: nothing
 */
#include "regs.h"
#include "rows.h"

/* harmless with arguments that nothing can use, but with these: they wait, close, or leave something on the host */
static const char *const more_harmful[] = {
	"sigwaitinfo", "sigtimedwait", "mlockall", "setrlimit", "sigprocmask", "sigaction", "sigaltstack", "close", "dup2", "semget",
	"msgget", "shmget", "umask", "rtprio", "rtprio_thread", "sched_setparam", "sched_setscheduler", "cpuset_setaffinity",
	"setitimer", "fchdir", "chdir", "shm_open2", "freebsd12_shm_open", "kmq_open", "aio_waitcomplete", "_umtx_op", "mlock",
	"posix_openpt", "cpuset_setid", "cpuset_setdomain", "rename", "unlink", "rmdir", "freebsd6_mmap", "mmap", "minherit", "madvise",
	"mprotect", "chflags", "lchflags",
	"fchflags", "chflagsat",
};
struct sub { u32 nr; const char *name; char kind; };
#define IOC_(dir_, g_, n_, size_) ((dir_) | (size_) << 16 | (g_) << 8 | (n_))
#define IO(g_, n_) IOC_(0x20000000u, g_, n_, 0)
#define IOR(g_, n_, size_) IOC_(0x40000000u, g_, n_, size_)
#define IOW(g_, n_, size_) IOC_(0x80000000u, g_, n_, size_)
#define IOWR(g_, n_, size_) IOC_(0xc0000000u, g_, n_, size_)
#define FIRST(kind_, ...) kind_
#define NOTINCAP 0
#define CMD(nr_, name_, ret_, fn_, level_, right_, ...) { nr_, #name_, FIRST(__VA_ARGS__, 0) },
#define NOCMD(nr_, name_, reason_) { nr_, #name_, 'b' },
static const struct sub fcntls[] = {
#include "fcntl.def"
};
#undef CMD
#define CMD(nr_, name_, ret_, fn_, level_, ...) { nr_, #name_, FIRST(__VA_ARGS__, 0) },
static const struct sub ioctls[] = {
#include "ioctl.def"
};
static const struct sub sysarchs[] = {
#include "sysarch.def"
};
static const struct sub procctls[] = {
#include "procctl.def"
};
#undef CMD
#define CMD(nr_, name_, ret_, fn_, level_) { nr_, #name_, 'b' },
static const struct sub umtxs[] = {
#include "umtx.def"
};
static const struct { u32 level, nr; const char *name; } options[] = {
#define OPT(level_, name_, nr_, ...) { level_, nr_, #name_ },
#define OPTAF(af_, level_, name_, nr_, ...) { level_, nr_, #name_ },
#define CMSG(...)
#include "sockopt.def"
};
static const char *const names[] = {
#define NODE(name_, ...) name_,
#define TREE(name_, ...) name_,
#define LEAF(name_, ...) name_,
#include "sysctl.def"
};

static char *mem, *spare;
static long fd, avx;
static unsigned tried, worked;

static void one(const char *what, const char *name, long nr, const long arg[6], int two)
{
	struct state before, after;
	const char *differ;

	regs_fill(&before, arg);
	regs_call(nr, arg, &before, &after, avx);
	differ = regs_differ(&before, &after, two, avx);
	if (*differ)
		say("%s %s: %s\n", what, name, differ);
	tried++;
	worked += !(after.flags & 1);
}
static long value(char kind, int turn)
{
	switch (kind) {
	case 'f': return fd;
	case 'd': return AT_FDCWD;
	case 'p': case 's': return (long)"f";
	case 'b': return (long)mem;
	case 'a': return (long)spare;
	case 'z': return 64;
	case 'u': return -1;
	}
	return turn;
}
static void fresh(void)
{
	memset(mem, 0, 4096);
	unlink("f");
	put_file("f", "some text that is longer than sixty-four bytes, so that a whole read of it fits");
	fd = open("f", O_RDWR, 0);
}
static void calls(void)
{
	for (unsigned i = 0; i < COUNT(rows); i++) {
		const struct call_row *r = &rows[i];
		if (is_harmful(r->name) || is_listed(r->name, more_harmful, COUNT(more_harmful)))
			continue;
		for (int turn = 0; turn < 3; turn++) {
			long arg[6];
			fresh();
			for (int k = 0; k < 6; k++)
				arg[k] = value(k < 8 ? r->kind[k] : 0, turn);
			one("call", r->name, r->nr, arg, r->two);
			sys(SYS_close_range, 3, 63, 0);
		}
	}
}
/* by the number of the command, each on a file and on a socket or terminal */
static void commands(const char *what, const struct sub *s, unsigned n, long nr, int at)
{
	for (unsigned i = 0; i < n; i++)
		for (int turn = 0; turn < 3; turn++) {
			long arg[6] = { 0 };
			fresh();
			long on = turn == 1 ? socket(AF_INET, SOCK_STREAM, 0) : turn == 2 ? sys(SYS_posix_openpt, O_RDWR | O_NOCTTY) : fd;
			arg[0] = at == 1 ? on : 0;
			arg[at] = s[i].nr;
			arg[at + 1] = s[i].kind == 'f' ? 60 : value(s[i].kind, turn);
			one(what, s[i].name, nr, arg, 0);
			sys(SYS_close_range, 3, 63, 0);
		}
}
/* a word that is another than is waited for, and a time that is over */
static void umtx(void)
{
	for (unsigned i = 0; i < COUNT(umtxs); i++) {
		long arg[6] = { (long)mem, umtxs[i].nr, 64, 0, (long)mem + 1024, 0 };
		memset(mem, 0, 4096);
		one("umtx", umtxs[i].name, SYS__umtx_op, arg, 0);
		arg[0] = 8;
		one("umtx", umtxs[i].name, SYS__umtx_op, arg, 0);
	}
}
static void sockets(void)
{
	for (unsigned i = 0; i < COUNT(options); i++)
		for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
			long s = socket(options[i].level == 41 ? AF_INET6 : AF_INET, type, 0);
			long arg[6] = { s, options[i].level, options[i].nr, (long)mem, (long)mem + 64, 0 };
			memset(mem, 0, 4096);
			mem[64] = 32;
			one("getsockopt", options[i].name, SYS_getsockopt, arg, 0);
			arg[4] = 4;
			one("setsockopt", options[i].name, SYS_setsockopt, arg, 0);
			close(s);
		}
}
static void sysctls(void)
{
	for (unsigned i = 0; i < COUNT(names); i++) {
		long arg[6] = { (long)names[i], (long)strlen(names[i]), (long)spare, (long)mem, 0, 0 };
		*(u64 *)mem = 65536;
		one("sysctl", names[i], SYS___sysctlbyname, arg, 0);
	}
}
int main(int argc, char **argv)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };

	avx = have_avx();
	mem = pages(4096);
	spare = pages(65536);
	sigaction(SIGSYS, &ign, 0);
	sigaction(SIGPIPE, &ign, 0);
	sigaction(SIGIO, &ign, 0);
	sigaction(SIGHUP, &ign, 0);                      /* of the terminals that become ours and go */
	sigaction(SIGTTOU, &ign, 0);
	calls();
	yes(tried > 900 && worked > 300);
	commands("fcntl", fcntls, COUNT(fcntls), SYS_fcntl, 1);
	commands("ioctl", ioctls, COUNT(ioctls), SYS_ioctl, 1);
	commands("sysarch", sysarchs, COUNT(sysarchs), SYS_sysarch, 0);
	commands("procctl", procctls, COUNT(procctls), SYS_procctl, 2);
	umtx();
	sockets();
	sysctls();
	yes(tried > 2000);
	return 0;
}
