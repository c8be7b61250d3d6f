/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts of `guise audit`: a policy file is read (toml.c), checked and compiled (policy.c, filter.c) into what the
 * guest's process is judged by (syscalls/observe/policy.h); what comes of it is told by a sink of the trace's drainer
 * (sink.c), line by line, each with a hash over itself and the one before (chain.c), to files, syslog or the journal
 * (deliver.c). learn.c and learned.c make a policy of what a run did.
 */
#pragma once
#include <linux/filter.h>
#include "tools/trace/trace.h"
#include "observe/policy.h"

/* --- toml.c: tables of keys with lists of values; a text that is wrong is told by line ------------------------------------ */
struct item { char *text; long number; enum { I_TEXT, I_NUMBER, I_BOOL } type; int line; };
struct pair { char *key; struct item *item; unsigned n; bool list; int line; };
struct table { const char *name; struct pair *pair; unsigned n; int line; };      /* the first has no name: what stands before any */
struct toml { struct table *table; unsigned n; };
struct mistake { int line; unsigned nr; char *text; };
struct problems { const char *file; unsigned n; struct mistake *list; };
void problem(struct problems *, int line, const char *f, ...) __attribute__((format(printf, 3, 4)));
void problems_tell(struct problems *);                       /* on standard error */
bool toml_read(struct toml *, char *text, struct problems *);

/* --- policy.c --------------------------------------------------------------------------------------------------------------- */
struct policy *policy_compile(char *text, const char *root, struct problems *);      /* NULL: there were problems */
unsigned policy_filter(const struct policy *, struct sock_filter *code, unsigned most);      /* filter.c: instructions */
int policy_seal(const struct policy *);                      /* a memfd that nobody can write to; refuses */
bool row_has_path(const struct row *);                       /* can a rule with a path ... */
bool row_has_addr(const struct row *);                       /* ... with an address be about this call? */
const char *policy_rule_name(const struct policy *, int rule);
extern bool policy_tells;                                    /* --check-policy: notes on what is right but may surprise */

/* --- values.c, places.c: what stands behind the keys of a rule; false: it was said what is wrong --------------------------- */
struct maker { struct problems *p; const char *root; };
uint32_t policy_add(const void *, size_t);                   /* policy.c: where it lies in the policy that is being made */
uint32_t policy_add_text(const char *);
const struct row *policy_row(unsigned pers, unsigned tab, unsigned nr);      /* NULL: there is none */
const char *policy_is_text(struct maker *, const struct pair *, const struct item *);
const char *policy_turned(const char *, uint32_t *is_not);   /* behind a "!" that turns it; \! is one that is meant */
bool policy_verdict_of(struct maker *, const struct pair *, uint16_t *verdict, uint16_t *err);
bool policy_path_pattern(struct maker *, const struct pair *, const struct item *, struct ptext *);
bool policy_texts(struct maker *, const struct pair *, struct plist *,
	bool (*one)(struct maker *, const struct pair *, const struct item *, struct ptext *));
bool policy_ranges(struct maker *, const struct pair *, struct plist *, long most);
bool policy_nets(struct maker *, const struct pair *, struct plist *);
bool policy_arg_tests(struct maker *, const struct table *, const nrset *, struct plist *);
bool policy_calls(struct maker *, const struct pair *, nrset *);
bool policy_systems(struct maker *, const struct pair *, uint32_t *pers);

/* --- chain.c ---------------------------------------------------------------------------------------------------------------- */
#define HASH 32
struct sha { uint32_t h[8]; uint64_t n; unsigned char block[64]; };
void sha_start(struct sha *);
void sha_add(struct sha *, const void *, size_t);
void sha_end(struct sha *, uint8_t out[HASH]);
struct chain { uint8_t last[HASH]; uint64_t seq; bool keyed; uint8_t key[HASH]; };
void chain_key(struct chain *, const char *file);            /* refuses */
void chain_next(struct chain *, const char *text, size_t n); /* last is then the hash over the old last and the text */
void hash_text(const uint8_t hash[HASH], char out[2 * HASH + 1]);
int chain_verify(char **files, int n, const char *key, const char *head);    /* the exit status */
bool chain_resume(struct chain *, int fd);                   /* from the last record of an older log; false: it has no whole one */

/* --- deliver.c -------------------------------------------------------------------------------------------------------------- */
struct delivery {
	const char *file;        /* NULL: none; "-": standard error */
	int fd;
	uint64_t size, most;     /* of the file; where it is rotated, 0 never */
	unsigned keep;
	int syslog, journal;     /* sockets, or -1 */
	bool failed;
};
void delivery_open(struct delivery *, struct chain *, const char *const *to, unsigned n);    /* refuses */
bool deliver(struct delivery *, const char *line, size_t n, int priority, const char *program, int pid);     /* a whole record */
bool delivery_full(const struct delivery *);                 /* the next record begins a new file */
bool delivery_rotate(struct delivery *);
void delivery_end(struct delivery *);

/* --- sink.c: what was said of a call, until it ends */
struct said { int rule; unsigned verdict, err, uid; int answer; char *subject; };     /* subject: JSON; answer: -1 nobody was asked */

/* --- sink.c, learn.c -------------------------------------------------------------------------------------------------------- */
struct log {
	struct delivery to;
	struct chain chain;
	const struct policy *policy;
	const char *policy_file;
	uint8_t policy_hash[HASH];
	int tty;                 /* who is asked, or -1 */
	bool supervised;         /* verdicts are a supervisor's */
};
struct sink *audit_sink(struct log *);
/* others.c: what will have another name in the next run */
void text_add(void **tree, const char *text);     /* a copy, once */
void others_made(const char *path);              /* the run made it */
void others_number(const char *pid);             /* a process of it, in text */
void others_know(const char *pattern);           /* an earlier run's */
char *others_pattern(const char *path);          /* allocated */
struct sink *learn_sink(const char *file, int fd, const char *command);
#define FACT_SEP '\x1f'                          /* between the parts of what learn.c keeps */
void learned_write(FILE *, const char *command, char **fact, size_t n);      /* learned.c: the policy that allows the facts */
