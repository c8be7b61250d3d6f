/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What libc would have given us (lib.c). Part of guise.h, which includes it.
 */
#pragma once
/* --- what the compilers call on their own; our own, in general registers (the build renames them to rt_*) ----------------------- */
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);

/* --- lib.c: what libc would have given us ---------------------------------------------------------------------------------------- */
size_t fmt(char *buf, size_t n, const char *f, ...) __attribute__((format(printf, 3, 4))); /* %s %d %u %x %o %c %ld..; always NUL */
size_t vfmt(char *buf, size_t n, const char *f, __builtin_va_list);
size_t str_len(const char *);
int str_cmp(const char *, const char *);
int str_ncmp(const char *, const char *, size_t);
size_t str_copy(char *dst, const char *src, size_t n);       /* always NUL; length of src */
char *str_chr(const char *, int);
char *str_rchr(const char *, int);
const char *str_num(const char *, uint64_t *value);          /* decimal; NULL if there is no digit */
extern int proc_held;                        /* the host's /proc, held since the start (box.c), or -1 */
long file_open(const char *path, int flags); /* one of the host's, for ourselves; what begins with /proc/ there, without mounts on it */
long file_read(const char *path, char *buf, size_t n);       /* a whole small file, NUL-terminated; length or -errno */
const char *error_text(long e);                              /* of a host errno, for our own messages */
void die(const char *f, ...) __attribute__((noreturn, format(printf, 1, 2)));  /* our own mistake: a sentence, exit 125 */
void vwarn(const char *f, __builtin_va_list);
void warn(const char *f, ...) __attribute__((format(printf, 1, 2)));
