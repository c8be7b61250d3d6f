/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the way from a command line to a guest needs of libc, without a libc that was started. A guest's exec starts us anew,
 * and glibc's own start costs such a process a fifth of its time: 43 CPUID instructions, each an exit of a virtual machine,
 * dozens of choices between string functions, thread-local storage, /proc/self/exe looked up. So again.c begins without it,
 * and the files that are linked with this one (Makefile, OWN_SRC) find these functions under libc's names: the build renames
 * both to own_*, and fails on any name of libc that is left. Elsewhere the names are libc's as ever.
 *
 * They do what their manual says as far as these files ask for it. errno is a plain word: here is one thread, or the gate.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "host.h"
#include "loader/begin.h"

static int last_error;
int *__errno_location(void) { return &last_error; }          /* errno, in <errno.h> */

static long answer(long r)
{
	if (r >= 0 || r < -4095)
		return r;
	last_error = (int)-r;
	return -1;
}

/* --- text --------------------------------------------------------------------------------------------------------- */
size_t strlen(const char *s) { return str_len(s); }
int strcmp(const char *a, const char *b) { return str_cmp(a, b); }
int bcmp(const void *a, const void *b, size_t n) { return memcmp(a, b, n); }     /* clang's for a memcmp that only asks whether */
char *strchr(const char *s, int c) { return str_chr(s, c); }
char *strrchr(const char *s, int c) { return str_rchr(s, c); }
char *strcpy(char *to, const char *s) { return memcpy(to, s, str_len(s) + 1); }
/* All of it, as the first n bytes: the rest becomes zeros. */
char *stpncpy(char *to, const char *s, size_t n)
{
	size_t len = 0;
	for (; len < n && s[len]; len++)
		to[len] = s[len];
	memset(to + len, 0, n - len);
	return to + len;
}
size_t strspn(const char *s, const char *of)
{
	size_t n = 0;
	while (s[n] && str_chr(of, s[n]))
		n++;
	return n;
}
size_t strcspn(const char *s, const char *not)
{
	size_t n = 0;
	while (s[n] && !str_chr(not, s[n]))
		n++;
	return n;
}
void *memmem(const void *in, size_t n, const void *what, size_t len)
{
	const char *s = in;
	for (; n >= len; s++, n--)
		if (*s == *(const char *)what && !memcmp(s, what, len))
			return (void *)s;
	return NULL;
}
int vsnprintf(char *to, size_t n, const char *f, va_list ap) { return (int)vfmt(to, n, f, ap); }
int snprintf(char *to, size_t n, const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	size_t len = vfmt(to, n, f, ap);
	va_end(ap);
	return (int)len;
}
char *strerror(int e) { return (char *)(libc_is_up ? libc_error(e) : error_text(e)); }

/* --- the process ---------------------------------------------------------------------------------------------------- */
long syscall(long nr, ...)
{
	long a[6];
	va_list ap;
	va_start(ap, nr);
	for (unsigned i = 0; i < ARRAY_LEN(a); i++)
		a[i] = va_arg(ap, long);         /* what was not given is not looked at */
	va_end(ap);
	return answer(host6(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}
pid_t getpid(void) { return (pid_t)host(SYS_getpid); }
pid_t getppid(void) { return (pid_t)host(SYS_getppid); }
int prctl(int what, ...)
{
	long a[4];
	va_list ap;
	va_start(ap, what);
	for (unsigned i = 0; i < ARRAY_LEN(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return (int)answer(host(SYS_prctl, what, a[0], a[1], a[2], a[3]));
}
int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)answer(host(SYS_execve, path, argv, envp));
}
void exit(int status)
{
	if (libc_is_up)
		libc_exit(status);
	for (;;)
		host(SYS_exit_group, status);
}
/* The host puts it behind the environment: argc, argv, 0, envp, 0, pairs. */
unsigned long getauxval(unsigned long what)
{
	const uint64_t *p = start_stack;
	for (p += *p + 2; *p; p++)
		;
	for (p++; *p; p += 2)
		if (*p == what)
			return p[1];
	return 0;
}
ssize_t getrandom(void *to, size_t n, unsigned flags) { return answer(host(SYS_getrandom, to, n, flags)); }

/* --- memory --------------------------------------------------------------------------------------------------------- */
void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	return (void *)answer(host(SYS_mmap, at, n, prot, flags, fd, off));
}
int munmap(void *at, size_t n) { return (int)answer(host(SYS_munmap, at, n)); }
int mprotect(void *at, size_t n, int prot) { return (int)answer(host(SYS_mprotect, at, n, prot)); }
int madvise(void *at, size_t n, int advice) { return (int)answer(host(SYS_madvise, at, n, advice)); }
/* Only asked where it ends. */
void *sbrk(intptr_t by) { return (void *)host(SYS_brk, 0); }
/* Never freed: asked for once a start, when our memory is there. */
void *calloc(size_t n, size_t size)
{
	void *p = mem_alloc(n * size);
	return p ? memset(p, 0, n * size) : NULL;
}

/* --- files ------------------------------------------------------------------------------------------------------------ */
int openat(int dir, const char *name, int flags, ...) { return (int)answer(host(SYS_openat, dir, name, flags, 0)); }
int open(const char *name, int flags, ...) { return (int)answer(host(SYS_openat, AT_FDCWD, name, flags, 0)); }
int close(int fd) { return (int)answer(host(SYS_close, fd)); }
ssize_t pread(int fd, void *to, size_t n, off_t at) { return answer(host(SYS_pread64, fd, to, n, at)); }
ssize_t readlink(const char *name, char *to, size_t n) { return answer(host(SYS_readlink, name, to, n)); }
int fchdir(int fd) { return (int)answer(host(SYS_fchdir, fd)); }
int fstat(int fd, struct stat *st) { return (int)answer(host(SYS_fstat, fd, st)); }
int access(const char *name, int mode) { return (int)answer(host(SYS_faccessat, AT_FDCWD, name, mode)); }
/* Hosts before 5.8 know no flags, and go by the real user. */
int faccessat(int dir, const char *name, int mode, int flags)
{
	long e = host(SYS_faccessat2, dir, name, mode, flags);
	return (int)answer(e == -ENOSYS ? host(SYS_faccessat, dir, name, mode) : e);
}
int fcntl(int fd, int command, ...)
{
	va_list ap;
	va_start(ap, command);
	long arg = va_arg(ap, long);
	va_end(ap);
	return (int)answer(host(SYS_fcntl, fd, command, arg));
}
/* How it is mounted is all that is asked. */
int fstatvfs(int fd, struct statvfs *vfs)
{
	struct statfs fs = { 0 };
	long e = host(SYS_fstatfs, fd, &fs);
	*vfs = (struct statvfs){ .f_flag = (unsigned long)fs.f_flags };
	return (int)answer(e);
}
