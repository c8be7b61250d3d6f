/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of observe/ that decode, and those who want a call decoded (tools/trace/, report.c): a text under
 * construction and what can be put on it. One decoder serves every form: a value is put by what it is, and the line
 * says whether that is written as strace writes it or as JSON. Where the guest's memory is read from, the line says
 * too: from the pieces that were recorded with a call, or (mem is NULL) from the guest itself, on its own thread.
 * Nothing here allocates or blocks; a line that is full stays full.
 */
#pragma once
#include "../host.h"
#include "../options.h"
#include "ring.h"

#define LINE_SIZE 4096ul
#define TEXT_LIMIT 32                    /* bytes of a buffer that are shown; paths are shown whole */
#define LIST_LIMIT 32                    /* strings of a vector, records of a row */

struct memory {                      /* what was recorded of the guest's memory */
	const char *bytes;           /* n pieces (ring.h) */
	unsigned n;
	const struct memory *older;  /* looked at where this one has nothing */
};
struct line {
	char *at;
	size_t n, len;               /* room, and how much is used; at[len] is NUL */
	const struct personality *pers;
	const struct memory *mem;
	uint32_t text;               /* bytes of a buffer that are shown, TEXT_LIMIT if 0, none if NO_TEXT */
	bool fds;                    /* say what descriptors are */
	uint8_t hex;                 /* bytes of text in hexadecimal: 1 where any is not ASCII, 2 always */
	bool json;
	bool received;               /* what a record's iovec leads to is only there up to: */
	uint64_t bytes;
	bool first;                  /* nothing was put yet in the list or struct that is open */
	bool names;                  /* --arg-names */
	bool all;                    /* every record of a row, every field */
	uint8_t sets;                /* of flags and signals: NAMES, NUMBERS, BOTH */
};
enum { NAMES, NUMBERS, BOTH };
#define NO_TEXT (~0u)
static inline unsigned text_limit(const struct line *l) { return l->text == NO_TEXT ? 0 : l->text ? l->text : TEXT_LIMIT; }
static inline void line_grow(struct line *l, size_t n) { l->len = MIN(l->len + n, l->n - 1); }
#define PUT(l, ...) line_grow((l), fmt((l)->at + (l)->len, (l)->n - (l)->len, __VA_ARGS__))

/* text.c: structure */
void put_s(struct line *, const char *);                          /* as it is, quickly */
void put_open(struct line *, char bracket);                       /* { or [ */
void put_close(struct line *, char bracket);
void put_item(struct line *);                                     /* before each member of a list */
void put_key(struct line *, const char *name);                    /* before each member of a struct */
void put_more(struct line *);                                     /* the list goes on */
/* ... and values */
void put_int(struct line *, int64_t);
void put_uint(struct line *, uint64_t);
void put_hex(struct line *, uint64_t);
void put_oct(struct line *, uint64_t);
void put_addr(struct line *, uaddr);                              /* hex, NULL for 0 */
void put_word(struct line *, const char *);                       /* a name: ASCII, nothing to escape */
void put_text(struct line *, const char *, size_t n, bool more);  /* quoted and escaped; more: "..." behind */
void put_bytes(struct line *, uaddr, uint64_t n, size_t limit);   /* guest memory, quoted */
void put_str(struct line *, uaddr, size_t limit);                 /* NUL-terminated guest memory, quoted */
void put_set(struct line *, unsigned set, uint64_t guest);
void put_set_host(struct line *, unsigned set, uint64_t host);
void put_sig(struct line *, long guest);
void put_signal(struct line *, int ours);            /* of a system without signals: the host's number */
void put_errno(struct line *, int host_errno);                    /* name and meaning, as text */
const char *errno_name(const struct personality *, int host_errno);       /* NULL: has none */
void put_sigbits(struct line *, sigbits ours);
void put_siginfo(struct line *, const siginfo_t *, int sig);
void put_json(struct line *, const char *);                       /* a JSON string, quotes included */
void put_json_bytes(struct line *, const char *, size_t n);       /* the same, a byte that is no UTF-8 as its number */
void word_begin(struct line *);                                   /* between them: text of one name-like value */
void word_end(struct line *);

/* structs.c: records by their layout; false: it cannot be read, or nobody knows how */
bool put_record(struct line *, unsigned rec, uaddr, bool element);
const struct layout *layout_of(const struct personality *, unsigned rec);  /* NULL: none */
uint64_t field_value(const void *guest, unsigned off, unsigned size, bool is_signed);
bool put_dirents(struct line *, unsigned rec, uaddr, uint64_t n); /* the names of a directory's entries */
void put_sockaddr(struct line *, uaddr, uint64_t n);
void put_host_sockaddr(struct line *, const struct sockaddr_storage *, size_t n);
bool put_iovec(struct line *, uaddr, uint64_t n, uint64_t bytes, bool readable);

/* the guest's memory */
long must_check peek(const struct line *, void *to, uaddr, size_t n);
long must_check peek_str(const struct line *, char *to, uaddr, size_t n);    /* as copy_str */
const struct piece *piece_first(const struct memory *, unsigned kind, uint64_t at);

/* show.c: arguments and results, by the row alone */
/* It has a meaning only after the call. */
static inline bool arg_is_out(const struct arg *a)
{
	return (1ull << A_OUT | 1ull << A_INOUT | 1ull << A_OUTV | 1ull << A_INOUTV | 1ull << A_OUTBUF | 1ull << A_IOVOUT | 1ull << A_SOCKOUT |
		1ull << A_SIGSETOUT) >> a->kind & 1;
}
bool arg_is_unused(const struct call *, int i);  /* the call does not look at it */
void show_arg(struct line *, struct call *, int i);
void show_result(struct line *, struct call *);
const struct row *row_top(const struct call *);  /* the multiplexer's own row where c->row is that of a command */
int arg_index(const struct row *, const char *name);         /* -1: none of that name */
static inline bool counts_bytes(const struct call *c) { return c->row->ret == R_SIZE || c->row->ret == R_LONG; }

/* names.c */
extern const char *const host_errno_name[], *const host_errno_text[];
extern const unsigned n_host_errno;
const char *sigcode_name(int sig, int code);     /* NULL: none */
