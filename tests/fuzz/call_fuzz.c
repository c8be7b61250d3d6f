/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A FreeBSD guest that calls everything with arguments that are random, or odd where the row says what they are. Each child
 * makes some hundred calls from one seed and ends; the parent looks how. A child may die of what it did to itself; it
 * may wait for ever and be killed; it may never end with 125, the status of the translator's own mistakes, and never burn
 * the processor inside one call.
 *
 *     call_fuzz SECONDS SEED [NAME]    one NAME: only that call
 *     call_fuzz -1 SEED                that seed alone, in this process, telling each call before it is made
 *     call_fuzz same SEED COUNT        so many children of 60 calls each; tells how each call ended, so that runs can be compared
 *     call_fuzz SECONDS SEED wall      waits for the file "target", an address of guise's own; many pointers are that one.
 *                                      What lies there (SECRET) must never be seen: tests/fuzz/wall.test looks after the rest
 */
#include "fbsd.h"
#include "calls.h"

#undef SYS
#define SYS(nr_, name_, ret_, fn_, ...) { nr_, #name_, #__VA_ARGS__ },
#define NOSYS(nr_, name_, ...)
#define GONE(nr_, name_, reason_)
static const struct row { int nr; const char *name, *args; } row[] = {
#include "syscalls.def"
};

/* what ends, kills, stops, forks, or takes the machine's time for good; what waits by design is killed by the parent */
static const char *const never[] = {
	"syscall", "__syscall", "_exit", "fork", "vfork", "rfork", "pdfork", "thr_new", "thr_create", "thr_exit", "execve", "fexecve",
	"__mac_execve", "abort2", "kill", "okillpg", "thr_kill", "thr_kill2", "sigqueue", "pdkill", "ptrace", "reboot", "procctl",
	"cap_enter", "setpriority", "rtprio", "rtprio_thread", "sched_setparam", "sched_setscheduler", "mlockall", "mlock", "chroot", "fchroot", "sync",
	"settimeofday", "clock_settime", "adjtime", "ntp_adjtime", "sigreturn", "osigreturn", "freebsd4_sigreturn", "setcontext",
	"swapcontext", "setrlimit", "osetrlimit", "fsync", "fdatasync", "posix_fallocate",
};

/* With these a child may shut out the alarm that ends a call that waits: only some seeds have them. */
static const char *const deafening[] = {
	"sigaction", "osigaction", "freebsd4_sigaction", "sigprocmask", "osigprocmask", "osigblock", "osigsetmask", "osigvec", "sigfastblock",
	"sigwait", "sigtimedwait", "sigwaitinfo", "sigsuspend", "osigsuspend",
};

static int deaf;
static char *pool;               /* 16 pages, then nothing */
static const long POOL = 16 * 4096;
static char *kept;               /* or 0: what lies in the pool before a call, to be there behind it, too */
static int verbose;
static u64 target;               /* what a wall keeps from us, or 0 */

static u64 pick(const u64 *v, unsigned n) { return v[next() % n]; }
#define PICK(...) ({ static const u64 v_[] = { __VA_ARGS__ }; pick(v_, COUNT(v_)); })

static u64 number(void)
{
	switch (next() % 6) {
	case 0: return PICK(0, 1, 2, 3, 8, 16, 255, 4095, 4096, 4097, 65536, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 32, 1ull << 47, 1ull << 63);
	case 1: return -(next() % 16);
	case 2: return 1ull << next() % 64;
	case 3: return next() & next();
	case 4: return next() % 300;
	default: return next();
	}
}
static u64 size(void)
{
	return next() % 8 ? PICK(0, 1, 2, 4, 8, 16, 24, 32, 100, 128, 224, 512, 1000, 4096, 5000) : number();
}
static u64 pointer(void)
{
	if (target && next() % 3 == 0)
		return target + next() % 8 * 8 - (next() % 16 == 0 ? 4096 : 0);
	switch (next() % 12) {
	case 0: return PICK(0, 1, 8, 4096, 0x7fffffffe000, 0x7ffffffff000, 1ull << 63, -1ull, -4096ull);
	case 1: return (u64)pool + POOL - next() % 64;
	case 2: return (u64)pool + POOL;
	case 3: return (u64)row + next() % 4096;              /* not to be written */
	default: return (u64)pool + next() % (POOL - 4096) / 8 * 8;
	}
}
static u64 descriptor(void) { return next() % 8 ? next() % 24 : number(); }
static u64 path(void)
{
	static const char *const name[] = { "f", "d", "d/f", "sym", "fifo", "none", "d/none", ".", "", "sock", "loop", "f/x" };
	char *p;

	if (next() % 6 == 0)
		return pointer();
	p = pool + next() % 8 * 256;
	if (next() % 10 == 0) {
		memset(p, 'a', 3000);
		p[3000] = 0;
	} else
		strcpy(p, name[next() % COUNT(name)]);
	return (u64)p;
}
/* a record full of things that mean something in one place or another */
static u64 record(void)
{
	u64 p = pointer();

	if (p >= (u64)pool && p <= (u64)pool + POOL - 512 && next() % 3)
		for (int i = 0; i < 512; i += 8)
			switch (next() % 5) {
			case 0: *(u64 *)(p + i) = pointer(); break;
			case 1: *(u64 *)(p + i) = descriptor() | number() << 32; break;
			case 2: *(u64 *)(p + i) = number(); break;
			case 3: *(u64 *)(p + i) = size(); break;
			default: *(u64 *)(p + i) = 0; break;
			}
	return p;
}
static u64 argument(const char *kind)
{
	static const struct { const char *word; u64 (*make)(void); } known[] = {
		{ "FD(", descriptor }, { "ATFD(", descriptor }, { "PATH(", path }, { "STR(", path }, { "STRV(", record }, { "SIZE(", size },
		{ "IN(", record }, { "OUT(", record }, { "INOUT(", record }, { "INV(", record }, { "OUTV(", record }, { "INOUTV(", record },
		{ "DIRENTS(", pointer }, { "OPTIN(", pointer }, { "OPTOUT(", record },
		{ "INBUF(", pointer }, { "OUTBUF(", pointer }, { "IOVIN(", record }, { "IOVOUT(", record }, { "SOCKIN(", record },
		{ "SOCKOUT(", record }, { "SIGSETIN(", record }, { "SIGSETOUT(", record }, { "PTR(", record }, { "ADDR(", pointer },
	};

	if (next() % 20 == 0)
		return next() % 2 ? number() : pointer();
	if (!strncmp(kind, "ATFD(", 5) && next() % 2)
		return AT_FDCWD;
	for (unsigned i = 0; i < COUNT(known); i++)
		if (!strncmp(kind, known[i].word, strlen(known[i].word)))
			return known[i].make();
	return number();
}
static int forbidden(const char *name)
{
	for (unsigned i = 0; i < COUNT(never); i++)
		if (!strcmp(never[i], name))
			return 1;
	for (unsigned i = 0; i < COUNT(deafening) && !deaf; i++)
		if (!strcmp(deafening[i], name))
			return 1;
	return 0;
}
static void on_alarm(int sig, siginfo_t *si, ucontext_t *uc) { }

static const struct row *any(const char *only)
{
	const struct row *r;

	do
		r = &row[next() % COUNT(row)];
	while (only ? strcmp(r->name, only) : forbidden(r->name));
	return r;
}
static int first_arg;
static int one_call(const struct row *r)
{
	long arg[8];
	struct full out;
	const char *w = word_after(r->args);

	for (int i = 0; i < 8; i++) {
		arg[i] = (long)(w ? argument(w) : next() % 2 ? number() : 0);
		w = w ? word_after(w) : 0;
	}
	first_arg = (int)arg[0];
	if (verbose)
		say("%s(%lx, %lx, %lx, %lx, %lx, %lx, %lx)\n", r->name, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5], arg[6]);
	if (kept)
		memcpy(kept, pool, (u64)POOL);
	sys_full(r->nr, arg, &out);
	if (kept)
		memcpy(pool, kept, (u64)POOL);
	if (verbose)
		say("  = %ld%s\n", out.rax, out.carry ? " (error)" : "");
	return out.carry ? (int)out.rax : 0;
}
/* descriptors of each kind, below 24 */
static void furnish(void)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	int p[2];

	/* in the same place in each run, since half an address is sometimes a number */
	sigaction(SIGSYS, &ign, 0);
	sigaction(SIGPIPE, &ign, 0);
	handle(SIGALRM, on_alarm, 0);
	pool = (char *)sys6(SYS_mmap, 0x234560000000, POOL + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
	munmap(pool + POOL, 4096);
	open("f", O_RDWR | O_CREAT, 0644);
	open("d", O_RDONLY | O_DIRECTORY, 0);
	pipe2(p, O_NONBLOCK);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p);
	socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	kqueue();
	open("f", O_RDWR | O_CREAT, 0600);       /* never a device: this may run as root, and modes are changed at random */
	shm_open2((void *)1, O_RDWR, 0, 0, 0);
	sys(SYS_posix_openpt, O_RDWR);
	timerfd_create(CLOCK_MONOTONIC, 0);
	if (!verbose)
		dup2(open("/dev/null", O_RDWR, 0), 1);
}
static int seen(const u64 *p, long bytes)
{
	u64 secret = SECRET;
	for (long i = 0; i < bytes / 8; i++)
		if (p[i] == secret)
			return 1;
	return 0;
}
/* In memory that is ours, or in what can be read back. */
static void look(void)
{
	static u64 buf[1024];
	if (seen((void *)pool, POOL))
		quit(66);
	for (int fd = 3; fd < 24; fd++) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		for (int i = 0; i < 8; i++) {
			long n = i % 2 ? pread(fd, buf, sizeof buf, 0) : read(fd, buf, sizeof buf);
			for (int by = 0; by < 8 && n > 0; by++)
				if (seen((void *)((char *)buf + by), n - by))
					quit(66);
			memset(buf, 0, sizeof buf);
		}
	}
}
static void child(u64 seed, const char *only)
{
	rng = seed * 0x9e3779b97f4a7c15 + 77;
	furnish();
	deaf = seed % 8 == 0;
	for (int i = 0; i < 300; i++) {
		one_call(any(only));
		if (target && i % 30 == 29)
			look();
	}
	quit(0);
}
static u64 parse(const char *s)
{
	u64 v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + *s - '0';
	return v;
}
/* 0, or why it is a finding */
static const char *watch(long pid)
{
	struct rusage ru = { 0 };
	int status = 0;
	long r = 0, t = now_ms();

	for (long n = 0; (r = wait4(pid, &status, WNOHANG, &ru)) == 0 && now_ms() - t < 1500; n++) {
		sleep_ms(n < 10 ? 1 : 3);
		if (n > 5)
			sys(SYS_kill, pid, SIGALRM);
	}
	if (r == 0) {
		sys(SYS_kill, pid, SIGKILL);
		for (t = now_ms(); (r = wait4(pid, &status, WNOHANG, &ru)) == 0;)
			if (now_ms() - t > 5000)
				return "cannot be killed";
		if (ru.utime.sec + ru.stime.sec >= 1)
			return "burnt the processor";
	}
	if (r != pid)
		return "was lost";
	if ((status & 127) == 0 && WEXITSTATUS(status) == 125)
		return "met a mistake of the translator";
	if (target && (status & 127) == 0 && WEXITSTATUS(status) == 66)
		return "saw what a wall should hide";
	return 0;
}
/* --- the same calls, to be compared with another run of them ------------------------------------------------------------------ */
enum { SAME = 60 };
static struct told { int nr, err, first; } (*told)[SAME];       /* shared with the child */

/* what ends by the clock, or counts what others do */
static const char *const uneven[] = {
	"yield", "sched_yield", "thr_wake", "thr_suspend", "nanosleep", "clock_nanosleep", "select", "pselect", "poll", "ppoll", "setitimer",
	"umtx_op", "_umtx_op", "aio_read", "aio_write", "aio_readv", "aio_writev", "lio_listio", "aio_waitcomplete", "aio_suspend", "aio_cancel",
	"aio_error", "aio_return", "aio_fsync", "aio_mlock", "munmap", "mmap", "mprotect", "freebsd6_mmap", "ommap", "madvise", "minherit", "break",
	"freebsd4_sendfile",             /* 336, which newer hosts let pass every filter */
	"sbrk", "obreak", "shmat", "shmdt", "shmsys", "msgsys", "semsys",
};
static void same_child(u64 seed, struct told *to)
{
	static char room[16 * 4096];     /* a call writes times, random numbers, uuids: the next would find another path there each time */
	char name[24] = "s";
	long n = 1;
	for (u64 s = seed; n < 20; s /= 10)
		name[n++] = (char)('0' + s % 10);
	mkdir(name, 0755);
	chdir(name);
	mkdir("d", 0755);
	put_file("d/f", "text");
	symlink("f", "sym");
	symlink("loop", "loop");
	mkfifo("fifo", 0600);
	rng = seed * 0x9e3779b97f4a7c15 + 77;
	furnish();
	kept = room;
	for (int fd = 0; fd < 24; fd++)                  /* what we begin with: a terminal may not have been left */
		to[0].nr |= (fcntl(fd, F_GETFD, 0) >= 0) << fd;
	to[0].nr++;
	for (int i = 1; i < SAME; i++) {
		struct itimerval soon = { { 0, 100000 }, { 0, 300000 } }, never_ = { { 0 } };
		const struct row *r;
		int odd;
		do {
			r = any(0);
			odd = 0;
			for (unsigned k = 0; k < COUNT(uneven); k++)
				odd |= !strcmp(uneven[k], r->name);
			for (const char *w = r->args; (w = word_after(w));)      /* who else there is depends on the engine */
				odd |= !strncmp(w, "PID(", 4);
		} while (odd);
		to[i].nr = r->nr + 1;
		setitimer(ITIMER_REAL, &soon, 0);
		to[i].err = one_call(r);
		setitimer(ITIMER_REAL, &never_, 0);
		to[i].first = first_arg >= 0 && first_arg < 256 ? first_arg : -1;         /* a descriptor, if it is one */
	}
	quit(0);
}
static void same(u64 seed, u64 count)
{
	told = (void *)sys6(SYS_mmap, 0, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	for (u64 s = seed; s < seed + count; s++) {
		int status;
		memset(told, 0, sizeof *told);
		long pid = fork();
		if (!pid)
			same_child(s, *told);
		for (long end = now_ms() + 20000; wait4(pid, &status, WNOHANG, 0) == 0; sleep_ms(1))
			if (now_ms() > end)
				sys(SYS_kill, pid, SIGKILL);
		for (int i = 0; i < SAME && (*told)[i].nr; i++)
			say("%lu %d %d (%d) %s\n", s, i, (*told)[i].nr - 1, (*told)[i].first, (*told)[i].err < 0 ? "?" : (*told)[i].err ? errname((*told)[i].err) : "ok");
		say("%lu ends %x\n", s, status);
	}
}
static u64 wait_for_target(void)
{
	char s[32] = "";
	u64 v = 0;
	long fd;
	while ((fd = open("target", O_RDONLY, 0)) < 0)
		sleep_ms(20);
	read(fd, s, sizeof s - 1);
	close(fd);
	for (int i = 0; s[i] > ' '; i++)
		v = v * 16 + (u64)(s[i] <= '9' ? s[i] - '0' : s[i] - 'a' + 10);
	return v;
}
int main(int argc, char **argv)
{
	long end = now_ms() + (argc > 1 ? (long)parse(argv[1]) : 5) * 1000, bad = 0;
	u64 seed = argc > 2 ? parse(argv[2]) : 1, first = seed;
	const char *only = argc > 3 ? argv[3] : 0;

	if (argc > 3 && !strcmp(argv[1], "same")) {
		same(seed, parse(argv[3]));
		return 0;
	}
	if (only && !strcmp(only, "wall")) {
		only = 0;
		target = wait_for_target();
		end = now_ms() + (long)parse(argv[1]) * 1000;
	}
	mkdir("d", 0755);
	put_file("d/f", "text");
	symlink("f", "sym");
	symlink("loop", "loop");
	mkfifo("fifo", 0600);
	if (argc > 1 && argv[1][0] == '-') {
		struct itimerval it = { { 0, 5000 }, { 0, 5000 } };
		verbose = 1;
		handle(SIGALRM, on_alarm, 0);
		setitimer(ITIMER_REAL, &it, 0);
		child(seed, only);
	}
	for (; now_ms() < end && bad < 10; seed++) {
		long pid = fork();
		if (pid == 0)
			child(seed, only);
		if (pid < 0)
			fail("fork");
		const char *why = watch(pid);
		if (why) {
			say("seed %lu: a child %s\n", seed, why);
			bad++;
		}
	}
	say("calls: %lu children of 300 calls from seed %lu, %ld bad\n", seed - first, first, bad);
	return bad != 0;
}
