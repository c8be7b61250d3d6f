/* SPDX-License-Identifier: BSD-2-Clause
 * Calls of which the host has only a part, and what that part does: flags of files, vectors read and written in the
 * background, sets of processors, the kernel's modules, use of limits, clocks of threads, the login name.
 */
#include "fbsd.h"

enum { UF_NODUMP = 1, UF_IMMUTABLE = 2, AT_NOFOLLOW = 0x200 };
struct aiocb { int fd; long offset; void *buf; size_t nbytes; int spare[2]; void *spare2; int opcode, prio;
	       long status, error; void *priv; struct sigevent ev; };

static void flags(void)
{
	struct stat st;
	long fd = open("f", O_RDWR, 0);

	say("flags\n");
	show(sys(SYS_chflags, "f", 0));
	show(sys(SYS_lchflags, "l", 0));
	show(sys(SYS_fchflags, fd, 0));
	show(sys(SYS_chflagsat, AT_FDCWD, "f", 0, 0));
	show(sys(SYS_chflagsat, AT_FDCWD, "l", 0, AT_NOFOLLOW));
	long e = sys(SYS_chflags, "f", UF_NODUMP);           /* some file systems of the host keep this one */
	yes((e == 0 || e == -EOPNOTSUPP) && !fstat(fd, &st) && (st.flags & UF_NODUMP) == (e ? 0 : UF_NODUMP));
	show(sys(SYS_fchflags, fd, 0));
	show(sys(SYS_lchflags, "l", UF_NODUMP));
	show(sys(SYS_chflags, "f", 0x12345));
	show(sys(SYS_chflags, "f", 0x8000));                 /* hidden */
	show(sys(SYS_lchflags, "l", 0x800));                 /* to be archived */
	show(sys(SYS_chflags, "f", 1ul << 40));              /* a long: no flag is there */
	show(sys(SYS_chflags, "none", 0));
	show(sys(SYS_fchflags, 99, 0));
	show(sys(SYS_chflagsat, AT_FDCWD, "f", 0, 0x10));
	show(sys(SYS_chflagsat, 99, "f", 0, 0));
	close(fd);
}
static void vectors(void)
{
	char a[4] = { 0 }, b[4] = { 0 };
	long fd = open("v", O_RDWR | O_CREAT, 0600);
	struct iovec out[2] = { { "abc", 3 }, { "def", 3 } }, in[2] = { { a, 3 }, { b, 3 } };
	struct aiocb w = { .fd = (int)fd, .buf = out, .nbytes = 2 }, r = { .fd = (int)fd, .buf = in, .nbytes = 2 };

	say("vectors\n");
	show(sys(SYS_aio_writev, &w));
	show(sys(SYS_aio_error, &w));
	show(sys(SYS_aio_return, &w));
	show(sys(SYS_aio_readv, &r));
	show(sys(SYS_aio_return, &r));
	say("%s %s\n", a, b);
	r.buf = (void *)8;
	show(sys(SYS_aio_readv, &r));
	in[1].base = (void *)8;
	r.buf = &in[1], r.nbytes = 1;
	show(sys(SYS_aio_readv, &r));
	show(sys(SYS_aio_error, &r));
	show(sys(SYS_aio_return, &r));
	r.fd = 99;
	show(sys(SYS_aio_readv, &r));
	show(sys(SYS_aio_writev, 8));
}
static void sets(void)
{
	u64 mask[4] = { 1 };
	int id = 0, policy = 0;

	say("sets\n");
	show(sys(SYS_cpuset_getid, 2, 2, -1l, &id));
	show(sys(SYS_cpuset_setid, 2, -1l, id));
	show(sys(SYS_cpuset_setid, 2, -1l, 77));
	show(sys(SYS_cpuset, &id));
	{                                            /* a set of its own: what it may run on is the process's */
		u8 cpus[128] = { 0 };
		int mine = 0;
		show(sys(SYS_cpuset_getid, 2, 2, -1l, &mine));
		yes(mine == id && id > 1);
		show(sys(SYS_cpuset_setid, 2, -1l, id));
		works(sys(SYS_cpuset_getaffinity, 3, 2, -1l, 128l, cpus));
		show(sys(SYS_cpuset_setaffinity, 2, 3, id, 128l, cpus));
		show(sys(SYS_cpuset_setaffinity, 2, 3, 1, 128l, cpus));
	}
	show(sys(SYS_cpuset_getdomain, 3, 2, -1l, 32l, mask, &policy));
	show(sys(SYS_cpuset_setdomain, 3, 2, -1l, 32l, mask, policy));
	mask[0] = 2;
	show(sys(SYS_cpuset_setdomain, 3, 2, -1l, 32l, mask, policy));
	mask[0] = 1;
	show(sys(SYS_cpuset_setdomain, 3, 2, -1l, 32l, mask, 9));
	show(sys(SYS_cpuset_setdomain, 3, 2, -1l, 4l, mask, policy));
	show(sys(SYS_cpuset_setdomain, 3, 2, -1l, 32l, 8, policy));
}
static void modules(void)
{
	char b[64];

	say("modules\n");
	show(sys(SYS_modnext, 0));
	show(sys(SYS_modnext, 7));
	show(sys(SYS_modfnext, 1));
	show(sys(SYS_modstat, 1, b));
	show(sys(SYS_modfind, "ufs"));
	show(sys(SYS_kldfirstmod, 1));
	show(sys(SYS_kldfirstmod, 9));
	show(sys(SYS_kldload, "ufs"));
}
static void others(void)
{
	u64 used = 0;
	long id;
	int clock = -1;
	struct timespec ts;
	char name[40] = { 0 };

	say("others\n");
	show(sys(SYS_getrlimitusage, RLIMIT_NOFILE, 0, &used));
	yes(used >= 3 && used < 64);
	show(sys(SYS_getrlimitusage, RLIMIT_AS, 0, &used));
	yes(used > 4096);
	show(sys(SYS_getrlimitusage, RLIMIT_SBSIZE, 0, &used));
	show(sys(SYS_getrlimitusage, 99, 0, &used));
	show(sys(SYS_getrlimitusage, RLIMIT_NOFILE, 0, 8));
	thr_self(&id);
	show(sys(SYS_clock_getcpuclockid2, 0l, 0, &clock));
	show(clock_gettime(clock, &ts));
	show(sys(SYS_clock_getcpuclockid2, (long)getpid(), 0, &clock));
	show(sys(SYS_clock_getcpuclockid2, id, 1, &clock));
	show(clock_gettime(clock, &ts));
	show(sys(SYS_clock_getcpuclockid2, 0l, 2, &clock));
	show(sys(SYS_clock_getcpuclockid2, 99999999l, 0, &clock));
	show(sys(SYS_clock_getcpuclockid2, 0l, 0, 8));
	show(sys(SYS_exterrctl, 9, 0, 0));
	show(procctl(P_PID, 0, 1, &clock));                   /* PROC_SPROTECT */
	long e = sys(SYS_setlogin, "somebody");
	yes(geteuid() ? e == -EPERM : e == 0 && !sys(SYS_getlogin, name, 40) && !strcmp(name, "somebody"));
	e = sys(SYS_setlogin, "a name that is longer than any login name may be");
	yes(e == (geteuid() ? -EPERM : -EINVAL));
}
int main(int argc, char **argv)
{
	put_file("f", "x");
	symlink("f", "l");
	flags();
	vectors();
	sets();
	modules();
	others();
	return 0;
}
