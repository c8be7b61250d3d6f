/* SPDX-License-Identifier: BSD-2-Clause
 *
 * All that a freestanding FreeBSD test program has: the calls by number, the flags and structs as FreeBSD spells them
 * (amd64; numbers from FreeBSD 13 to 15, older calls marked), and a printer. A test is one file with a main; what it
 * prints is compared with the .out file beside it. show() prints the call as written and its result or error name.
 *
 * These numbers are written apart from the personality's tables on purpose: the tests are the second opinion.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* --- system calls --------------------------------------------------------------------------------------------------- */
#include "numbers.h"

/* The result, or -errno: the carry flag says which. The kernel leaves nothing useful in r8, r9 and r10. */
struct full { long rax, rdx; u8 carry; };
static inline __attribute__((always_inline)) long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long rv;
	_Bool carry;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(rv), "=@ccc"(carry), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9)
			 : "0"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return carry ? -rv : rv;
}
#ifdef THROUGH_STUB
long sys_stub(long nr, long a, long b, long c, long d, long e, long f);
#define sys6 sys_stub
#endif
void sys_full(long nr, const long arg[8], struct full *);

#define PICK_(_1, _2, _3, _4, _5, _6, _7, name, ...) name
#define sys(...) PICK_(__VA_ARGS__, sys_6, sys_5, sys_4, sys_3, sys_2, sys_1, sys_0)(__VA_ARGS__)
#define sys_0(n) sys6(n, 0, 0, 0, 0, 0, 0)
#define sys_1(n, a) sys6(n, (long)(a), 0, 0, 0, 0, 0)
#define sys_2(n, a, b) sys6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define sys_3(n, a, b, c) sys6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys_4(n, a, b, c, d) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define sys_5(n, a, b, c, d, e) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define sys_6(n, a, b, c, d, e, f) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#include "calls.h"

/* --- the printer and helpers (rt.c) ---------------------------------------------------------------------------------- */
/* %d %u %x %c %s and %e: a negative number by its errno name, else decimal. l widths are accepted: all is 64 bits. */
void say(const char *fmt, ...);
void say_fd(int fd, const char *fmt, ...);
const char *errname(long err);
#define show(expr) say("%s: %e\n", #expr, (long)(expr))
/* for results that differ from run to run: only whether it worked */
#define works(expr) do { long r_ = (long)(expr); say("%s: %s\n", #expr, r_ < 0 ? errname(-r_) : "ok"); } while (0)
#define yes(expr) say("%s: %s\n", #expr, (expr) ? "yes" : "NO")
_Noreturn void quit(int status);
_Noreturn void fail(const char *what);                       /* prints, exits 99 */
void put_file(const char *path, const char *text);
void *pages(long bytes);                                     /* anonymous, read and write */
void sleep_ms(long ms);
long now_ms(void);                                           /* monotonic */
int wait_for(long pid);                                      /* the status of that child */
size_t strlen(const char *);
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, size_t);
char *strchr(const char *, int);
char *strcpy(char *, const char *);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
extern char **env;
extern long *argblock;                                       /* argc, argv.., 0, env.., 0, auxv.. */
extern long entry_regs[9];                                   /* rax rbx rcx rdx rsi rdi rbp rsp rflags */
long auxv(long id, long *value);                             /* 1 if there is such an entry */
int main(int argc, char **argv);

/* a thread with its own stack; entry must not return but thr_exit */
long thread(void (*entry)(void *), void *arg);

/* --- numbers ----------------------------------------------------------------------------------------------------------- */
enum {
	EPERM = 1, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EDEADLK, ENOMEM, EACCES, EFAULT, ENOTBLK,
	EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, ETXTBSY, EFBIG, ENOSPC, ESPIPE, EROFS,
	EMLINK, EPIPE, EDOM, ERANGE, EAGAIN, EINPROGRESS, EALREADY, ENOTSOCK, EDESTADDRREQ, EMSGSIZE, EPROTOTYPE,
	ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EOPNOTSUPP, EPFNOSUPPORT, EAFNOSUPPORT, EADDRINUSE, EADDRNOTAVAIL,
	ENETDOWN, ENETUNREACH, ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS, EISCONN, ENOTCONN, ESHUTDOWN, ETOOMANYREFS,
	ETIMEDOUT, ECONNREFUSED, ELOOP, ENAMETOOLONG, EHOSTDOWN, EHOSTUNREACH, ENOTEMPTY, EPROCLIM, EUSERS, EDQUOT, ESTALE,
	EREMOTE, EBADRPC, ERPCMISMATCH, EPROGUNAVAIL, EPROGMISMATCH, EPROCUNAVAIL, ENOLCK, ENOSYS, EFTYPE, EAUTH, ENEEDAUTH,
	EIDRM, ENOMSG, EOVERFLOW, ECANCELED, EILSEQ, ENOATTR, EDOOFUS, EBADMSG, EMULTIHOP, ENOLINK, EPROTO, ENOTCAPABLE,
	ECAPMODE, ENOTRECOVERABLE, EOWNERDEAD, EINTEGRITY
};
enum {
	O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_NONBLOCK = 4, O_APPEND = 8, O_SHLOCK = 0x10, O_EXLOCK = 0x20,
	O_ASYNC = 0x40, O_FSYNC = 0x80, O_NOFOLLOW = 0x100, O_CREAT = 0x200, O_TRUNC = 0x400, O_EXCL = 0x800,
	O_NOCTTY = 0x8000, O_DIRECT = 0x10000, O_DIRECTORY = 0x20000, O_EXEC = 0x40000, O_CLOEXEC = 0x100000,
	O_VERIFY = 0x200000, O_PATH = 0x400000, O_RESOLVE_BENEATH = 0x800000, O_DSYNC = 0x1000000, O_EMPTY_PATH = 0x2000000
};
enum {
	AT_FDCWD = -100, AT_EACCESS = 0x100, AT_SYMLINK_NOFOLLOW = 0x200, AT_SYMLINK_FOLLOW = 0x400, AT_REMOVEDIR = 0x800,
	AT_RESOLVE_BENEATH = 0x2000, AT_EMPTY_PATH = 0x4000
};
enum { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE };
enum {
	F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETOWN, F_SETOWN, F_OGETLK, F_OSETLK, F_OSETLKW, F_DUP2FD, F_GETLK,
	F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC = 17, F_DUP2FD_CLOEXEC = 18, F_ADD_SEALS = 19, F_GET_SEALS = 20, F_ISUNIONSTACK = 21,
	F_KINFO = 22, FD_CLOEXEC = 1, F_RDLCK = 1, F_UNLCK = 2, F_WRLCK = 3
};
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };
enum { R_OK = 4, W_OK = 2, X_OK = 1, F_OK = 0 };
enum {
	PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 4,
	MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_STACK = 0x400, MAP_NOSYNC = 0x800, MAP_ANON = 0x1000,
	MAP_GUARD = 0x2000, MAP_EXCL = 0x4000, MAP_NOCORE = 0x20000, MAP_PREFAULT_READ = 0x40000, MAP_32BIT = 0x80000,
	MAP_ALIGNED_SUPER = 1 << 24, MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 0,
	MADV_NORMAL = 0, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE, MADV_NOSYNC, MADV_AUTOSYNC,
	MADV_NOCORE, MADV_CORE, MADV_PROTECT, INHERIT_SHARE = 0, INHERIT_COPY, INHERIT_NONE, INHERIT_ZERO,
	MINCORE_INCORE = 1
};
#define MAP_ALIGNED(n) ((n) << 24)
#define PROT_MAX(p) ((p) << 16)
enum {
	SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGEMT, SIGFPE, SIGKILL, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE,
	SIGALRM, SIGTERM, SIGURG, SIGSTOP, SIGTSTP, SIGCONT, SIGCHLD, SIGTTIN, SIGTTOU, SIGIO, SIGXCPU, SIGXFSZ, SIGVTALRM,
	SIGPROF, SIGWINCH, SIGINFO, SIGUSR1, SIGUSR2, SIGTHR, SIGLIBRT, SIGRTMIN = 65, SIGRTMAX = 126
};
enum {
	SA_ONSTACK = 1, SA_RESTART = 2, SA_RESETHAND = 4, SA_NOCLDSTOP = 8, SA_NODEFER = 16, SA_NOCLDWAIT = 32, SA_SIGINFO = 64,
	SIG_BLOCK = 1, SIG_UNBLOCK, SIG_SETMASK, SS_ONSTACK = 1, SS_DISABLE = 4,
	SI_USER = 0x10001, SI_QUEUE, SI_TIMER, SI_ASYNCIO, SI_MESGQ, SI_KERNEL, SI_LWP,
	CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED,
	SEGV_MAPERR = 1, SEGV_ACCERR, BUS_ADRALN = 1, BUS_ADRERR, BUS_OBJERR, FPE_INTOVF = 1, FPE_INTDIV, ILL_ILLOPC = 1,
	ILL_PRVOPC = 5, TRAP_BRKPT = 1, TRAP_TRACE = 2
};
#define SIG_DFL 0
#define SIG_IGN 1
#define SIG_ERR (-1)
enum { WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 4, WNOWAIT = 8, WEXITED = 16, WTRAPPED = 32, P_PID = 0, P_PGID = 2, P_ALL = 7 };
#define WEXITSTATUS(s) (((s) >> 8) & 255)
#define WTERMSIG(s) ((s) & 127)
enum {
	CLOCK_REALTIME = 0, CLOCK_VIRTUAL = 1, CLOCK_PROF = 2, CLOCK_MONOTONIC = 4, CLOCK_UPTIME = 5, CLOCK_UPTIME_PRECISE = 7,
	CLOCK_UPTIME_FAST = 8, CLOCK_REALTIME_PRECISE = 9, CLOCK_REALTIME_FAST = 10, CLOCK_MONOTONIC_PRECISE = 11,
	CLOCK_MONOTONIC_FAST = 12, CLOCK_SECOND = 13, CLOCK_THREAD_CPUTIME_ID = 14, CLOCK_PROCESS_CPUTIME_ID = 15,
	TIMER_ABSTIME = 1, ITIMER_REAL = 0, ITIMER_VIRTUAL, ITIMER_PROF
};
enum {
	RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_MEMLOCK, RLIMIT_NPROC,
	RLIMIT_NOFILE, RLIMIT_SBSIZE, RLIMIT_AS, RLIMIT_NPTS, RLIMIT_SWAP, RLIMIT_KQUEUES, RLIMIT_UMTXP
};
#define RLIM_INFINITY 0x7fffffffffffffffL
enum {
	AF_UNIX = 1, AF_INET = 2, AF_INET6 = 28, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5,
	SOCK_CLOEXEC = 0x10000000, SOCK_NONBLOCK = 0x20000000, SOL_SOCKET = 0xffff, SO_DEBUG = 1, SO_ACCEPTCONN = 2,
	SO_REUSEADDR = 4, SO_KEEPALIVE = 8, SO_BROADCAST = 0x20, SO_LINGER = 0x80, SO_REUSEPORT = 0x200, SO_TIMESTAMP = 0x400,
	SO_NOSIGPIPE = 0x800, SO_SNDBUF = 0x1001, SO_RCVBUF, SO_SNDLOWAT, SO_RCVLOWAT, SO_SNDTIMEO, SO_RCVTIMEO, SO_ERROR,
	SO_TYPE, SO_PROTOCOL = 0x1016, SO_DOMAIN = 0x1019, MSG_OOB = 1, MSG_PEEK = 2, MSG_DONTROUTE = 4, MSG_EOR = 8,
	MSG_TRUNC = 16, MSG_CTRUNC = 32, MSG_WAITALL = 0x40, MSG_DONTWAIT = 0x80, MSG_EOF = 0x100, MSG_NBIO = 0x4000,
	MSG_NOSIGNAL = 0x20000, MSG_CMSG_CLOEXEC = 0x40000, SCM_RIGHTS = 1, SCM_CREDS = 3, SHUT_RD = 0, SHUT_WR, SHUT_RDWR,
	IPPROTO_TCP = 6, IPPROTO_UDP = 17, TCP_NODELAY = 1, TCP_KEEPIDLE = 256, TCP_KEEPINTVL = 512, TCP_KEEPCNT = 1024
};
enum {
	POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, POLLRDNORM = 64, POLLWRNORM = 4,
	POLLRDBAND = 128, POLLWRBAND = 256, POLLINIGNEOF = 0x2000, POLLRDHUP = 0x4000
};
enum {
	EVFILT_READ = -1, EVFILT_WRITE = -2, EVFILT_AIO = -3, EVFILT_VNODE = -4, EVFILT_PROC = -5, EVFILT_SIGNAL = -6,
	EVFILT_TIMER = -7, EVFILT_PROCDESC = -8, EVFILT_FS = -9, EVFILT_LIO = -10, EVFILT_USER = -11, EVFILT_SENDFILE = -12,
	EVFILT_EMPTY = -13,
	EV_ADD = 1, EV_DELETE = 2, EV_ENABLE = 4, EV_DISABLE = 8, EV_ONESHOT = 0x10, EV_CLEAR = 0x20, EV_RECEIPT = 0x40,
	EV_DISPATCH = 0x80, EV_EOF = 0x8000, EV_ERROR = 0x4000, NOTE_LOWAT = 1, NOTE_DELETE = 1, NOTE_WRITE = 2, NOTE_EXTEND = 4,
	NOTE_ATTRIB = 8, NOTE_LINK = 0x10, NOTE_RENAME = 0x20, NOTE_SECONDS = 1, NOTE_MSECONDS = 2, NOTE_USECONDS = 4,
	NOTE_NSECONDS = 8, NOTE_ABSTIME = 16, NOTE_TRIGGER = 0x1000000
};
#define NOTE_EXIT 0x80000000u
#define NOTE_FORK 0x40000000u
#define NOTE_EXEC 0x20000000u
#define NOTE_FFAND 0x40000000u
#define NOTE_FFOR 0x80000000u
#define NOTE_FFCOPY 0xc0000000u
enum {
	UMTX_OP_WAIT = 2, UMTX_OP_WAKE, UMTX_OP_MUTEX_TRYLOCK, UMTX_OP_MUTEX_LOCK, UMTX_OP_MUTEX_UNLOCK, UMTX_OP_SET_CEILING,
	UMTX_OP_CV_WAIT, UMTX_OP_CV_SIGNAL, UMTX_OP_CV_BROADCAST, UMTX_OP_WAIT_UINT, UMTX_OP_RW_RDLOCK, UMTX_OP_RW_WRLOCK,
	UMTX_OP_RW_UNLOCK, UMTX_OP_WAIT_UINT_PRIVATE, UMTX_OP_WAKE_PRIVATE, UMTX_OP_MUTEX_WAIT, UMTX_OP_MUTEX_WAKE,
	UMTX_OP_SEM_WAIT, UMTX_OP_SEM_WAKE, UMTX_OP_NWAKE_PRIVATE, UMTX_OP_MUTEX_WAKE2, UMTX_OP_SEM2_WAIT, UMTX_OP_SEM2_WAKE,
	UMTX_OP_SHM, UMTX_OP_ROBUST_LISTS
};
#define UMUTEX_CONTESTED 0x80000000u
enum { I386_GET_XFPUSTATE = 11 };
enum { AMD64_GET_FSBASE = 128, AMD64_SET_FSBASE, AMD64_GET_GSBASE, AMD64_SET_GSBASE, AMD64_GET_XFPUSTATE };
enum { RFPROC = 0x10, RFMEM = 0x20, RFNOWAIT = 0x40, RFFDG = 4, RFCFDG = 0x1000, RFTHREAD = 0x2000 };
#define RFSPAWN 0x80000000u

/* --- structs --------------------------------------------------------------------------------------------------------- */
struct timespec { long sec, nsec; };
struct timeval { long sec, usec; };
struct itimerval { struct timeval interval, value; };
struct itimerspec { struct timespec interval, value; };
struct stat {
	u64 dev, ino, nlink;
	u16 mode;
	int16_t pad0;
	u32 uid, gid;
	int pad1;
	u64 rdev;
	struct timespec atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int blksize;
	u32 flags;
	u64 gen, spare[10];
};
_Static_assert(sizeof(struct stat) == 224, "stat");
struct stat11 {                      /* until FreeBSD 11 */
	u32 dev, ino;
	u16 mode, nlink;
	u32 uid, gid, rdev;
	struct timespec atim, mtim, ctim;
	int64_t size, blocks;
	int blksize;
	u32 flags, gen;
	int lspare;
	struct timespec birthtim;
};
_Static_assert(sizeof(struct stat11) == 120, "stat11");
enum { S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000,
       S_IFSOCK = 0140000 };
struct dirent { u64 fileno, off; u16 reclen; u8 type, pad0; u16 namlen, pad1; char name[256]; };
struct dirent11 { u32 fileno; u16 reclen; u8 type, namlen; char name[256]; };
struct statfs {
	u32 version, type;
	u64 flags, bsize, iosize, blocks, bfree;
	int64_t bavail;
	u64 files;
	int64_t ffree;
	u64 syncwrites, asyncwrites, syncreads, asyncreads;
	u32 nvnodelistsize, spare0;
	u64 spare[9];
	u32 namemax, owner;
	int fsid[2];
	char charspare[80], fstypename[16], mntfromname[1024], mntonname[1024];
};
_Static_assert(sizeof(struct statfs) == 2344, "statfs");
struct flock { int64_t start, len; int pid; short type, whence; int sysid; };
struct rlimit { long cur, max; };
struct rusage { struct timeval utime, stime; long maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock,
	msgsnd, msgrcv, nsignals, nvcsw, nivcsw; };
struct iovec { void *base; size_t len; };
struct pollfd { int fd; short events, revents; };
typedef struct { u32 bits[4]; } sigset_t;
struct sigaction { void *handler; int flags; sigset_t mask; };
_Static_assert(sizeof(struct sigaction) == 32, "sigaction");
typedef struct { void *sp; size_t size; int flags; } stack_t;
typedef struct {
	int signo, err, code, pid;
	u32 uid;
	int status;
	void *addr;
	union { int ival; void *ptr; } value;
	union { int trapno; struct { int id, overrun; } timer; long band; long spare[5]; };
} siginfo_t;
_Static_assert(sizeof(siginfo_t) == 80, "siginfo");
typedef struct {
	long onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	u32 trapno;
	u16 fs, gs;
	long addr;
	u32 flags;
	u16 es, ds;
	long err, rip, cs, rflags, rsp, ss, len, fpformat, ownedfp;
	u8 fpstate[512] __attribute__((aligned(16)));
	long fsbase, gsbase, xfpustate, xfpustate_len, tlsbase, spare[3];
} mcontext_t;
_Static_assert(sizeof(mcontext_t) == 800, "mcontext");
typedef struct ucontext {
	sigset_t sigmask;
	mcontext_t mc;
	struct ucontext *link;
	stack_t stack;
	int flags, spare[4];
} ucontext_t;
_Static_assert(sizeof(ucontext_t) == 880, "ucontext");
struct thr_param {
	void *start, *arg, *stack_base;
	size_t stack_size;
	void *tls_base;
	size_t tls_size;
	long *child_tid, *parent_tid;
	int flags;
	void *rtp, *spare[3];
};
_Static_assert(sizeof(struct thr_param) == 104, "thr_param");
struct kevent { u64 ident; short filter; u16 flags; u32 fflags; int64_t data; void *udata; u64 ext[4]; };
struct kevent11 { u64 ident; short filter; u16 flags; u32 fflags; int64_t data; void *udata; };
struct sockaddr { u8 len, family; char data[14]; };
struct sockaddr_in { u8 len, family; u16 port; u32 addr; u8 zero[8]; };
struct sockaddr_in6 { u8 len, family; u16 port; u32 flowinfo; u8 addr[16]; u32 scope; };
struct sockaddr_un { u8 len, family; char path[104]; };
struct msghdr { void *name; u32 namelen; struct iovec *iov; int iovlen; void *control; u32 controllen; int flags; };
struct cmsghdr { u32 len; int level, type; };
struct umutex { u32 owner, flags, ceilings[2]; u64 rb_lnk; u32 pad, spare[2]; };
struct ucond { u32 has_waiters, flags, clockid, spare[1]; };
struct urwlock { u32 state, flags, blocked_readers, blocked_writers, spare[4]; };
struct usem2 { u32 count, flags; };
struct umtx_time { struct timespec timeout; u32 flags, clockid; };
struct sigevent { int notify, signo; union { int ival; void *ptr; } value; union { int threadid; u32 kevent_flags; long spare[8]; }; };
enum { SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_KEVENT, SIGEV_THREAD_ID };

/* --- small things -------------------------------------------------------------------------------------------------------- */
static inline void sigset_empty(sigset_t *s) { memset(s, 0, sizeof(*s)); }
static inline void sigset_fill(sigset_t *s) { memset(s, 255, sizeof(*s)); }
static inline void sigset_add(sigset_t *s, int n) { s->bits[(n - 1) / 32] |= 1u << ((n - 1) % 32); }
static inline int sigset_has(const sigset_t *s, int n) { return s->bits[(n - 1) / 32] >> ((n - 1) % 32) & 1; }
#define SIGSET(...) ({ sigset_t s_ = { 0 }; int l_[] = { __VA_ARGS__ }; \
	for (unsigned i_ = 0; i_ < sizeof(l_) / 4; i_++) sigset_add(&s_, l_[i_]); s_; })
/* install a handler with siginfo */
long handle(int sig, void (*fn)(int, siginfo_t *, ucontext_t *), int flags);
static inline u16 be16(u16 x) { return (u16)(x >> 8 | x << 8); }
/* what all processes of the machine see needs a name of one's own: the pid takes the zeros at its end */
static inline void own_name(char *name)
{
	long pid = sys(SYS_getpid);
	char *at = name;
	while (*at)
		at++;
	for (; pid && at[-1] == '0'; pid /= 10)
		*--at = (char)('0' + pid % 10);
}
/* a time as an argument */
#define TS(s, ns) (&(struct timespec){ s, ns })
#define TV(s, us) (&(struct timeval){ s, us })
#define LOOPBACK 0x0100007fu
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
