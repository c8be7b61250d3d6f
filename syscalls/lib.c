/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What libc would have given us, in general registers only. memcpy and its kin are what the compilers call on their
 * own; the build renames them to rt_* so that libc's (with vector registers) are never reached from here.
 */
#include <stdarg.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include "host.h"

void *memcpy(void *d, const void *s, size_t n)
{
	void *r = d;
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
	return r;
}
void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;
	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n--)
		((volatile char *)d)[n] = s[n];
	return dst;
}
void *memset(void *d, int c, size_t n)
{
	void *r = d;
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return r;
}
int memcmp(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
size_t str_len(const char *s)
{
	size_t n = 0;
	while (((const volatile char *)s)[n])
		n++;
	return n;
}
int str_cmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}
int str_ncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}
size_t str_copy(char *d, const char *s, size_t n)
{
	size_t len = str_len(s), take = len < n ? len : n - 1;
	if (n) {
		memcpy(d, s, take);
		d[take] = 0;
	}
	return len;
}
char *str_chr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}
char *str_rchr(const char *s, int c)
{
	const char *last = NULL;
	do
		if (*s == (char)c)
			last = s;
	while (*s++);
	return (char *)last;
}
const char *str_num(const char *s, uint64_t *value)
{
	uint64_t v = 0;
	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	*value = v;
	return s;
}

struct out { char *p; size_t n, len; };

static void out_char(struct out *o, char c)
{
	if (o->len + 1 < o->n)
		o->p[o->len] = c;
	o->len++;
}
static void out_num(struct out *o, uint64_t v, unsigned base, int width, char pad, bool minus)
{
	char tmp[66];
	int i = 0;
	do
		tmp[i++] = "0123456789abcdef"[v % base];
	while (v /= base);
	if (minus && pad == '0')
		out_char(o, '-'), width--;
	else if (minus)
		tmp[i++] = '-';
	for (int w = width; w > i; w--)
		out_char(o, pad);
	while (i--)
		out_char(o, tmp[i]);
}
static void out_text(struct out *o, const char *s, int width, int most)
{
	int n = 0;
	for (s = s ? s : "(null)"; s[n] && (most < 0 || n < most); n++)
		out_char(o, s[n]);
	for (; n < width; n++)
		out_char(o, ' ');
}
size_t vfmt(char *buf, size_t n, const char *f, va_list ap)
{
	struct out o = { buf, n, 0 };
	for (; *f; f++) {
		if (*f != '%') {
			out_char(&o, *f);
			continue;
		}
		char pad = ' ';
		int width = 0, most = -1, longs = 0;
		bool hash = false;
		for (f++; *f == '0' || *f == '#' || *f == '-'; f++)
			*f == '0' ? (pad = '0') : *f == '#' ? (hash = true) : 0;
		if (*f == '*')
			width = va_arg(ap, int), f++;
		for (; *f >= '0' && *f <= '9'; f++)
			width = width * 10 + (*f - '0');
		if (*f == '.') {
			most = 0;
			if (*++f == '*')
				most = va_arg(ap, int), f++;
			for (; *f >= '0' && *f <= '9'; f++)
				most = most * 10 + (*f - '0');
		}
		for (; *f == 'l' || *f == 'z'; f++)
			longs++;
		switch (*f) {
		case 's': out_text(&o, va_arg(ap, const char *), width, most); break;
		case 'c': out_char(&o, (char)va_arg(ap, int)); break;
		case '%': out_char(&o, '%'); break;
		case 'd': case 'i': {
			long v = longs ? va_arg(ap, long) : va_arg(ap, int);
			out_num(&o, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, width, pad, v < 0);
			break;
		}
		case 'p': out_text(&o, "0x", 0, -1); out_num(&o, va_arg(ap, uint64_t), 16, 0, ' ', false); break;
		case 'u': case 'x': case 'o': {
			uint64_t v = longs ? va_arg(ap, uint64_t) : va_arg(ap, unsigned);
			if (hash && v)
				out_text(&o, *f == 'x' ? "0x" : "0", 0, -1);
			out_num(&o, v, *f == 'u' ? 10 : *f == 'x' ? 16 : 8, width, pad, false);
			break;
		}
		default: out_char(&o, '?');
		}
	}
	if (n)
		buf[o.len < n ? o.len : n - 1] = 0;
	return o.len;
}
size_t fmt(char *buf, size_t n, const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	size_t len = vfmt(buf, n, f, ap);
	va_end(ap);
	return len;
}
/* A name in it may hold anything: what could steer a terminal is shown, not sent. */
void vwarn(const char *f, va_list ap)
{
	char text[1024], line[1100];
	size_t n = fmt(line, sizeof line, "guise: ");
	vfmt(text, sizeof text, f, ap);
	for (const char *s = text; *s && n + 6 < sizeof line; s++)
		n += fmt(line + n, sizeof line - n, (unsigned char)*s < ' ' || *s == 127 ? "\\x%02x" : "%c", (unsigned char)*s);
	line[n++] = '\n';
	host(SYS_write, 2, line, n);
}
const char *error_text(long e)
{
	switch (e < 0 ? -e : e) {
	case EPERM: return "operation not permitted";
	case ENOENT: return "no such file or directory";
	case ENOMEM: return "no memory, or a limit of it is reached (ulimit -v, ulimit -d)";
	case EACCES: return "permission denied";
	case ENOTDIR: return "not a directory";
	case EINVAL: return "the host's kernel does not take it";
	case ENFILE: return "too many files are open on this machine";
	case EMFILE: return "too many open files; raise the limit (ulimit -n)";
	case ENOSPC: return "no space left on device";
	case ELOOP: return "too many symbolic links";
	case ENAMETOOLONG: return "the name is too long";
	case EBADF: return "it was closed";
	case EPIPE: return "nobody reads it any more";
	default: return "the host's kernel refuses";
	}
}
void warn(const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vwarn(f, ap);
	va_end(ap);
}
void die(const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vwarn(f, ap);
	va_end(ap);
	for (;;)
		host(SYS_exit_group, 125);
}
int proc_held = -1;

long file_open(const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV };
	if (proc_held < 0 || str_ncmp(path, "/proc", 5) || (path[5] && path[5] != '/'))
		return host(SYS_openat, AT_FDCWD, path, how.flags, 0);
	return host(SYS_openat2, proc_held, path[5] && path[6] ? path + 6 : ".", &how, sizeof how);
}
long file_read(const char *path, char *buf, size_t n)
{
	long fd = file_open(path, O_RDONLY), got = 0, r = 0;
	if (fd < 0)
		return fd;
	while ((size_t)got + 1 < n && (r = host(SYS_read, fd, buf + got, n - 1 - (size_t)got)) > 0)
		got += r;
	host(SYS_close, fd);
	buf[r < 0 ? 0 : got] = 0;
	return r < 0 ? r : got;
}
