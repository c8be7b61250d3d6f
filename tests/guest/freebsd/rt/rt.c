/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The little that a freestanding test program stands on: entry, printing, strings, a thread. Every line goes out in one
 * write at once, so that what a program said before it died is seen, and in order with what its children say.
 */
#include "fbsd.h"

char **env;
long *argblock;

_Noreturn void quit(int status)
{
	for (;;)
		sys(SYS__exit, status);
}

_Noreturn void start_c(void)
{
	argblock = (long *)entry_regs[5];
	env = (char **)argblock + argblock[0] + 2;
	quit(main((int)argblock[0], (char **)argblock + 1));
}

long auxv(long id, long *value)
{
	long *p = (long *)env;

	while (*p++)
		;
	for (; p[0]; p += 2)
		if (p[0] == id) {
			*value = p[1];
			return 1;
		}
	return 0;
}

static const char *const errnames[] = {
	"0", "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EDEADLK", "ENOMEM",
	"EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE",
	"ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM", "ERANGE", "EAGAIN",
	"EINPROGRESS", "EALREADY", "ENOTSOCK", "EDESTADDRREQ", "EMSGSIZE", "EPROTOTYPE", "ENOPROTOOPT", "EPROTONOSUPPORT",
	"ESOCKTNOSUPPORT", "EOPNOTSUPP", "EPFNOSUPPORT", "EAFNOSUPPORT", "EADDRINUSE", "EADDRNOTAVAIL", "ENETDOWN",
	"ENETUNREACH", "ENETRESET", "ECONNABORTED", "ECONNRESET", "ENOBUFS", "EISCONN", "ENOTCONN", "ESHUTDOWN",
	"ETOOMANYREFS", "ETIMEDOUT", "ECONNREFUSED", "ELOOP", "ENAMETOOLONG", "EHOSTDOWN", "EHOSTUNREACH", "ENOTEMPTY",
	"EPROCLIM", "EUSERS", "EDQUOT", "ESTALE", "EREMOTE", "EBADRPC", "ERPCMISMATCH", "EPROGUNAVAIL", "EPROGMISMATCH",
	"EPROCUNAVAIL", "ENOLCK", "ENOSYS", "EFTYPE", "EAUTH", "ENEEDAUTH", "EIDRM", "ENOMSG", "EOVERFLOW", "ECANCELED",
	"EILSEQ", "ENOATTR", "EDOOFUS", "EBADMSG", "EMULTIHOP", "ENOLINK", "EPROTO", "ENOTCAPABLE", "ECAPMODE",
	"ENOTRECOVERABLE", "EOWNERDEAD", "EINTEGRITY",
};
_Static_assert(COUNT(errnames) == EINTEGRITY + 1, "every errno has its name");

const char *errname(long err)
{
	return err > 0 && err < (long)COUNT(errnames) ? errnames[err] : "E?";
}

struct line { char buf[1024]; unsigned n; };

static void put(struct line *l, char c)
{
	if (l->n < sizeof(l->buf))
		l->buf[l->n++] = c;
}

static void put_str(struct line *l, const char *s)
{
	for (s = s ? s : "(null)"; *s; s++)
		put(l, *s);
}

static void put_num(struct line *l, u64 v, unsigned base, int width, char pad)
{
	char b[24];
	int n = 0;

	do
		b[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	for (; width > n; width--)
		put(l, pad);
	while (n)
		put(l, b[--n]);
}

static void put_err(struct line *l, long v)
{
	if (v < 0 && v >= -EINTEGRITY)
		put_str(l, errname(-v));
	else if (v < 0) {
		put(l, '-');
		put_num(l, -(u64)v, 10, 0, ' ');
	} else
		put_num(l, v, 10, 0, ' ');
}

/* A va_list argument is read as 64 bits by 'l' and by %e, %p, %s; as an int otherwise. */
static const char *put_one(struct line *l, const char *f, va_list ap)
{
	int width = 0, wide = 0;
	char pad = *f == '0' ? '0' : ' ';
	long v;

	while (*f >= '0' && *f <= '9')
		width = width * 10 + *f++ - '0';
	for (; *f == 'l' || *f == 'z'; f++)
		wide = 1;
	switch (*f) {
	case 'd':
		v = wide ? va_arg(ap, long) : va_arg(ap, int);
		if (v < 0)
			put(l, '-');
		put_num(l, v < 0 ? -(u64)v : (u64)v, 10, width, pad);
		break;
	case 'u': case 'x': case 'o':
		put_num(l, wide ? va_arg(ap, u64) : va_arg(ap, u32), *f == 'u' ? 10 : *f == 'x' ? 16 : 8, width, pad);
		break;
	case 'p':
		put_str(l, "0x");
		put_num(l, va_arg(ap, u64), 16, 0, ' ');
		break;
	case 'c': put(l, (char)va_arg(ap, int)); break;
	case 's': put_str(l, va_arg(ap, const char *)); break;
	case 'e': put_err(l, va_arg(ap, long)); break;
	default: put(l, *f); break;
	}
	return f + 1;
}

static void vsay(int fd, const char *f, va_list ap)
{
	struct line l;
	long done, n;

	l.n = 0;
	while (*f)
		if (*f == '%')
			f = put_one(&l, f + 1, ap);
		else
			put(&l, *f++);
	for (done = 0; done < l.n; done += n)
		if ((n = sys(SYS_write, fd, l.buf + done, l.n - done)) == -EINTR)
			n = 0;
		else if (n <= 0)
			break;
}

void say(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	vsay(1, f, ap);
	va_end(ap);
}

void say_fd(int fd, const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	vsay(fd, f, ap);
	va_end(ap);
}

_Noreturn void fail(const char *what)
{
	say("FAILED: %s\n", what);
	quit(99);
}

void put_file(const char *path, const char *text)
{
	long fd = sys(SYS_open, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || sys(SYS_write, fd, text, strlen(text)) != (long)strlen(text))
		fail(path);
	sys(SYS_close, fd);
}

void *pages(long bytes)
{
	long p = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	if (p < 0 && p > -4096)
		fail("mmap");
	return (void *)p;
}

void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (sys(SYS_nanosleep, &ts, &ts) == -EINTR)
		;
}

long now_ms(void)
{
	struct timespec ts = { 0, 0 };

	sys(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.sec * 1000 + ts.nsec / 1000000;
}

int wait_for(long pid)
{
	int status = -1;
	long r;

	while ((r = sys(SYS_wait4, pid, &status, 0, 0)) == -EINTR)
		;
	if (r != pid)
		say("wait4: %e\n", r);
	return status;
}

long handle(int sig, void (*fn)(int, siginfo_t *, ucontext_t *), int flags)
{
	struct sigaction sa = { .handler = (void *)fn, .flags = flags | SA_SIGINFO };

	return sys(SYS_sigaction, sig, &sa, 0);
}

long thread(void (*entry)(void *), void *arg)
{
	static const long size = 65536;
	struct thr_param p = { .start = (void *)entry, .arg = arg, .stack_size = size };
	long tid = 0, r;

	p.stack_base = pages(size);
	p.child_tid = p.parent_tid = &tid;
	r = sys(SYS_thr_new, &p, sizeof(p));
	return r < 0 ? r : tid;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return p - s;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; a++, b++, n--)
		;
	return n ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return 0;
	return (char *)s;
}

char *strcpy(char *d, const char *s)
{
	char *p = d;

	while ((*p++ = *s++))
		;
	return d;
}

void *memcpy(void *d, const void *s, size_t n)
{
	void *r = d;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
	return r;
}

void *memmove(void *d, const void *s, size_t n)
{
	if ((u64)d - (u64)s >= n)
		return memcpy(d, s, n);
	for (; n; n--)
		((u8 *)d)[n - 1] = ((const u8 *)s)[n - 1];
	return d;
}

void *memset(void *d, int c, size_t n)
{
	void *r = d;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return r;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
