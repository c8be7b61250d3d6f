/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise restore: a guest goes on from a snapshot, in this process. The file is a stranger's until it has been looked at as a
 * whole. Where the host has laid something of ours where the guest's memory was, we begin again: an exec draws other places.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <time.h>
#include <unistd.h>
#include "command.h"
#include "loader/loader.h"
#include "loader/restore.h"
#include "tools/snapshot/snapshot.h"

#define TRIES 32

static struct { bool list, changed, as_me; unsigned tries; const char *name, *overlay; } want;

static void set_list(struct request *r, const char *v) { want.list = true; }
static void set_changed(struct request *r, const char *v) { want.changed = true; }
static void set_tries(struct request *r, const char *v) { want.tries = (unsigned)atoi(v); }
static void set_as_me(struct request *r, const char *v) { want.as_me = true; }
static void set_overlay(struct request *r, const char *v) { want.overlay = v; }
static void set_name(struct request *r, const char *v) { want.name = v; }

static const struct option_row rows[] = {
	{ 'l', "list", NULL, V_NONE, "say what is in FILE, and restore nothing", set_list },
	{ 0, "changed", NULL, V_NONE, "take files that have changed since, as long as they have the same name", set_changed },
	{ 0, "as-me", NULL, V_NONE, "its user, groups and capabilities are yours, and not those that it had", set_as_me },
	{ 0, "name", "NAME", V_TEXT, "call this run NAME, for guise snapshot; without, it keeps the one it had", set_name },
	{ 0, "overlay", "FILE", V_FILE, "of a bare-metal guest: keep in FILE, a new one, what its disk has beyond its file", set_overlay },
	{ 0, "tries", "N", V_TEXT, NULL, set_tries },
};
static const struct option_table restore_options = { rows, ARRAY_LEN(rows) };

/* A stranger's text on a terminal: four at a time. */
static const char *plain(const char *s)
{
	static char buf[4][4200];
	static unsigned turn;
	char *to = buf[turn++ % 4], *p = to;
	for (; *s && p < to + sizeof buf[0] - 1; s++)
		*p++ = (unsigned char)*s < ' ' || *s == 127 ? '?' : *s;
	*p = 0;
	return to;
}
/* --- what is in it ------------------------------------------------------------------------------------------------------- */
static void list_fd(const struct snap_fd *f)
{
	static const char *const kinds[FD_KINDS] = {
		[FD_INHERIT] = "the restorer's", [FD_FILE] = "file", [FD_PIPE_READ] = "pipe, to read", [FD_PIPE_WRITE] = "pipe, to write",
		[FD_EVENT] = "eventfd", [FD_TIMER] = "timerfd", [FD_EPOLL] = "epoll", [FD_SIGNALS] = "signalfd", [FD_SOCKET] = "socket",
		[FD_KQUEUE] = "kqueue", [FD_SHARED] = "shared memory", [FD_PAIR] = "connected socket",
	};
	printf("descriptor   %d: %s", f->fd, kinds[f->kind]);
	if (f->same_as >= 0)
		printf(", the same as %d", f->same_as);
	if (*f->path)
		printf(", %s at byte %lld", plain(f->path), (long long)f->offset);
	putchar('\n');
}
static int list_ended(const struct snap_image *first)
{
	EACH(first, SNAP_TREE, struct snap_tree, t)
		if (t->what == TREE_ENDED)
			printf("ended        process %d, and nobody has waited for it\n", t->pid);
	return output_end(0);
}
static void list(const struct snap_image *g)
{
	const struct snap_proc *p = g->proc;
	time_t when = (time_t)(p->realtime / 1000000000);
	uint64_t bytes = 0;
	char text[64];

	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", localtime(&when));
	EACH(g, SNAP_MAP, struct snap_map, m)
		bytes += m->hi - m->lo;
	printf("program      %s (%s), process %d", plain(p->exe), plain(p->pers), p->pid);
	if (!g->machine)
		printf(", %u thread%s", p->threads, p->threads == 1 ? "" : "s");
	printf("\nsaved        %s, on Linux %s\n", text, plain(g->host->release));
	if (g->machine)
		printf("machine      memory of %llu KiB, %llu KiB of it in the file\n", (unsigned long long)g->machine->memory / 1024,
		       (unsigned long long)g->pages / 1024);
	else
		printf("memory       %llu KiB in %u mappings, %llu KiB of it in the file\n", (unsigned long long)bytes / 1024,
		       g->of[SNAP_MAP].n, (unsigned long long)g->pages / 1024);
	if (g->machine && g->machine->disk_bytes)
		printf("disk         %s, %llu KiB, %llu KiB of an overlay in the file\n", plain(g->machine->path),
		       (unsigned long long)g->machine->disk_bytes / 1024, (unsigned long long)g->sectors / 1024);
	EACH(g, SNAP_OPTION, struct snap_option, o)
		printf("%-12s %s\n", o->what == OPTION_CWD ? "directory" : o->what == OPTION_NAME ? "name" :
		       o->what == OPTION_OVERLAY ? "overlay" : "option", plain(o->text));
	EACH(g, SNAP_MAP, struct snap_map, m)
		if (*m->path)
			printf("maps         %s\n", plain(m->path));
	EACH(g, SNAP_FD, struct snap_fd, f)
		list_fd(f);
}
/* --- how it was started ---------------------------------------------------------------------------------------------------- */
/* Only what says what it is; a file may hold any words. */
static bool is_one_of(const char *word, const char *const *of, unsigned n)
{
	while (n--)
		if (!strcmp(word, of[n]))
			return true;
	return false;
}
static void take_words(struct request *r, const struct subcommand *c, const struct snap_image *g)
{
	static const char *const one[] = { "--root-only", "--stay", "--strict" }, *const two[] = { "--root", "--bind", "--engine", "--release" };
	static struct subcommand words;
	char *v[1026] = { "guise" };
	bool value = false;
	int n = 1;

	EACH(g, SNAP_OPTION, struct snap_option, o) {
		if (o->what != OPTION_WORD)
			continue;
		if (!value && !is_one_of(o->text, one, ARRAY_LEN(one)) && !is_one_of(o->text, two, ARRAY_LEN(two)))
			refuse("the snapshot was taken of a run with the option \"%s\", which cannot be restored", o->text);
		value = !value && is_one_of(o->text, two, ARRAY_LEN(two));
		v[n++] = (char *)o->text;
	}
	words = *c;
	words.options[0] = &run_options;
	words.options[1] = NULL;
	r->command = &words;
	if (options_parse(r, n, v) != n)
		refuse("the options in the snapshot cannot be read");
	r->command = c;
}
static const char *option_text(const struct snap_image *g, unsigned what)
{
	EACH(g, SNAP_OPTION, struct snap_option, o)
		if (o->what == what)
			return o->text;
	return NULL;
}
static int again(char **words)
{
	char **v, tries[16];
	size_t n = 0;
	if (want.tries + 1 >= TRIES)
		refuse("the snapshot cannot be restored: in %d processes something of the host's lay where its memory was", TRIES);
	while (words[n])
		n++;
	if (!(v = calloc(n + 5, sizeof *v)))
		refuse("no memory");
	snprintf(tries, sizeof tries, "%u", want.tries + 1);
	v[0] = "guise", v[1] = "restore", v[2] = "--tries", v[3] = tries;
	memcpy(v + 4, words, n * sizeof *v);
	for (int i = 4; v[i]; i++)               /* the one of the last try */
		if (!strcmp(v[i], "--tries") && want.tries) {
			memmove(v + i, v + i + 2, (n + 5 - (size_t)i - 2) * sizeof *v);
			break;
		}
	personality((unsigned long)personality(~0ul) & ~(unsigned long)ADDR_NO_RANDOMIZE);       /* setarch -R: nothing would change */
	execv("/proc/self/exe", v);
	refuse("cannot begin again: %s", strerror(errno));
}
/* What is read of a stranger's file fits together, or nothing is done. */
static struct snap_image *members_of(struct snap_image *g)
{
	unsigned n = image_members(g);
	struct snap_image *m = calloc(n, sizeof *m);
	if (!m)
		refuse("no memory for its %u processes", n);
	m[0] = *g;
	m[0].first = m;
	for (unsigned i = 1; i < n; i++)
		if (!image_member(&m[i], m, i)) {
			memcpy(g->file.why, m[i].file.why, sizeof g->file.why);
			return NULL;
		}
	return m;
}
/* The process that this one is of the tree */
static int one(struct request *q, struct restore *r, const char *file)
{
	static struct snap_host here;
	struct snap_image *g = r->image;
	const char *cwd;
	bool root = !r->tree->me;

	take_words(q, q->command, g);
	if (!q->opt.engine && !g->machine)
		q->opt.engine = "kvm";
	q->opt.name = want.name && root ? want.name : option_text(g, OPTION_NAME);
	q->opt.again = true;                      /* what the environment says holds for what is started, not for what goes on */
	request_complete(q);
	q->opt.again = false;
	if ((cwd = option_text(g, OPTION_CWD)) && chdir(cwd) < 0) {
		int e = errno;
		if (tree_failed(r->tree))
			refuse("%s cannot be restored: its directory %s: %s", file, cwd, strerror(e));
		return 125;
	}
	host_features(&here);
	r->here = &here;
	if (!want.overlay && option_text(g, OPTION_OVERLAY))
		fprintf(stderr, "guise: what it writes to its disk is kept nowhere from now on (it was, in %s); --overlay FILE keeps it\n",
			plain(option_text(g, OPTION_OVERLAY)));
	return program_restore(&q->opt, r);
}
static int run(struct request *q, int argc, char **argv)
{
	static struct snap_image g;
	static struct restore r = { .image = &g };
	static struct tree tree;
	const char *lacks = host_lacks();
	int fd, status;

	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	if (argc != 1)
		refuse("guise restore FILE: which file? one snapshot is wanted");
	if (lacks)
		refuse("%s", lacks);
	if ((fd = open(argv[0], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0)
		refuse("%s: %s", shown(argv[0]), strerror(errno));
	if (!image_read(&g, fd))
		refuse("%s cannot be restored: %s", argv[0], g.file.why);
	if (!(tree.member = members_of(&g)))
		refuse("%s cannot be restored: %s", argv[0], g.file.why);
	r.image = tree.member;
	r.changed = want.changed;
	r.overlay = want.overlay;
	r.as_me = want.as_me;
	if (want.list) {
		for (unsigned i = 0; i < image_members(tree.member); i++)
			list(&tree.member[i]);
		return list_ended(tree.member);
	}
	if (want.overlay && !g.machine)
		refuse("--overlay is for snapshots of bare-metal guests, and %s is one of a process", argv[0]);
	if ((status = (int)tree_begin(&r, &tree)) == -EEXIST)
		return again(q->words);
	if (status < 0) {
		if (tree_failed(&tree) && *r.why)
			say("the snapshot cannot be restored: %s", r.why);
		return 125;
	}
	status = one(q, &r, argv[0]);
	return status == -1 ? again(q->words) : status;
}
static const struct subcommand restore_command = {
	.name = "restore", .args = "[OPTION...] FILE",
	.about = "go on from a file that guise snapshot made",
	.text = "The program goes on in this process, with its standard input, output and error, and believes to be the\n"
		"process that it was; restored several times it runs several times. A snapshot is a program: restore\n"
		"only what you would run. The exit status is the program's; 125 says that it could not be restored.",
	.options = { &restore_options, &common_options },
	.run = run,
};
SUBCOMMAND(restore_command);
