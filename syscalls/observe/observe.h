/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of observe/: a line of text under construction, and what can be put on it. Nothing here allocates or
 * blocks; a line that is full stays full and is marked so when it is ended.
 */
#pragma once
#include "../host.h"
#include "../options.h"

#define LINE_SIZE 4096ul                 /* at most a pipe's atomic size: lines of many processes never mix */
#define LINE_TAIL 256ul                  /* kept free of arguments, so that the result always fits */
#define TEXT_LIMIT 32                    /* bytes of a buffer that are shown; paths are shown whole */
#define LIST_LIMIT 32                    /* strings of a vector, records of a row */

struct line {
	char *at;
	size_t n, len;           /* room, and how much is used; at[len] is NUL */
	const struct personality *pers;
};
static inline void line_grow(struct line *l, size_t n) { l->len = MIN(l->len + n, l->n - 1); }
static inline bool line_full(const struct line *l) { return l->len + 1 >= l->n; }
#define PUT(l, ...) line_grow((l), fmt((l)->at + (l)->len, (l)->n - (l)->len, __VA_ARGS__))

/* text.c: one value */
void put_addr(struct line *, uaddr);                              /* hex, NULL for 0 */
void put_text(struct line *, const char *, size_t n, bool more);  /* quoted and escaped; more: "..." behind */
void put_bytes(struct line *, uaddr, uint64_t n, size_t limit);   /* guest memory, quoted */
void put_str(struct line *, uaddr, size_t limit);                 /* NUL-terminated guest memory, quoted */
void put_set(struct line *, unsigned set, uint64_t guest);
void put_set_host(struct line *, unsigned set, uint64_t host);
void put_sig(struct line *, long guest);
void put_errno(struct line *, int host_errno);                    /* name and meaning */
void put_sigbits(struct line *, sigbits ours);
void put_siginfo(struct line *, const siginfo_t *, int sig);
void put_json(struct line *, const char *);                       /* a JSON string, quotes included */

/* record.c: one record, by its host form; false: nobody knows how, or it cannot be read */
bool put_record(struct line *, struct thread *, unsigned rec, uaddr, bool element);
void put_sockaddr(struct line *, uaddr, size_t n);

/* show.c: arguments and results, by the row alone */
bool arg_is_out(const struct arg *);             /* has a meaning only after the call */
void show_arg(struct line *, struct call *, int i);
void show_result(struct line *, struct call *);
const struct row *row_top(const struct call *);  /* the multiplexer's own row where c->row is that of a command */

/* names.c */
extern const char *const host_errno_name[], *const host_errno_text[];
extern const unsigned n_host_errno;
const char *sigcode_name(int sig, int code);     /* NULL: none */
