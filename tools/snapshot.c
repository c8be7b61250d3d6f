/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise snapshot: a running guest into a file, from which guise restore goes on. The guest stands still meanwhile, and then
 * goes on itself, or ends (--stop).
 */
#include <cpuid.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "loader/restore.h"
#include "tools/snapshot/snapshot.h"

static struct { const char *file; bool stop; } want;

static void set_output(struct request *r, const char *v) { want.file = v; }
static void set_stop(struct request *r, const char *v) { want.stop = true; }

static int number(const char *option, const char *v)
{
	char *end;
	long n = strtol(v, &end, 10);
	if (*end || end == v || n < 0 || n > 65535)
		refuse("--%s wants the number of a descriptor of the guest's, not \"%s\"", option, v);
	return (int)n;
}
static void set_drop(struct request *r, const char *v) { files_except(true, number("drop-fd", v)); }
static void set_inherit(struct request *r, const char *v) { files_except(false, number("inherit-fd", v)); }

static const struct option_row rows[] = {
	{ 'o', "output", "FILE", V_FILE, "the file to make", set_output },
	{ 0, "stop", NULL, V_NONE, "end the guest as soon as it is saved; without, it goes on", set_stop },
	{ 0, "drop-fd", "N", V_TEXT, "leave out the guest's descriptor N: in the copy it is closed; may be repeated", set_drop },
	{ 0, "inherit-fd", "N", V_TEXT, "the guest's descriptor N is the restorer's N, whatever that is; may be repeated", set_inherit },
};
static const struct option_table snapshot_options = { rows, ARRAY_LEN(rows) };

static void option_out(struct writer *w, unsigned what, const char *text)
{
	struct snap_option o = { .what = what };
	writer_record(w, SNAP_OPTION, &o, sizeof o, text);
}
/* Of the words with which it starts itself for an exec, those that say what it is and not who looks on. */
static void save_options(const struct target *t, struct writer *w)
{
	static const char *const not[] = { "--cover", "--report-fd", "--policy-fd", "--trace-fd", "--trace-end" };
	char path[64], dir[PATH_MAX], *name;
	ssize_t n;

	for (unsigned i = 2; i < t->opt.n_self; i++) {           /* "run", "--again" */
		const char *at;
		bool skip = false;
		target_read(t, (uint64_t)(t->opt.self_argv + i), &at, sizeof at);
		char *word = target_text(t, at);
		for (unsigned k = 0; word && k < ARRAY_LEN(not); k++)
			skip |= !strcmp(word, not[k]);
		if (skip)
			i++;
		else if (word)
			option_out(w, OPTION_WORD, word);
		free(word);
	}
	if ((name = target_text(t, t->opt.name)))
		option_out(w, OPTION_NAME, name);
	if ((name = target_text(t, t->opt.overlay)))
		option_out(w, OPTION_OVERLAY, name);
	snprintf(path, sizeof path, "/proc/%d/cwd", t->pid);
	struct stat st, its;
	if ((n = readlink(path, dir, sizeof dir - 1)) < 0)
		cannot(t, "its directory cannot be looked at: %s", strerror(errno));
	dir[n] = 0;
	if (stat(dir, &st) < 0 || stat(path, &its) < 0 || st.st_ino != its.st_ino || st.st_dev != its.st_dev)
		cannot(t, "its directory %s has no name any more, or is out of reach", dir);
	option_out(w, OPTION_CWD, dir);
}
void host_features(struct snap_host *h)
{
	uint32_t a, b, c, d, lo, hi;
	struct utsname u;

	__cpuid(1, a, b, c, d);
	h->leaf1[0] = c, h->leaf1[1] = d;
	__cpuid_count(7, 0, a, b, c, d);
	h->leaf7[0] = b, h->leaf7[1] = c, h->leaf7[2] = d;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	h->xcr0 = (uint64_t)hi << 32 | lo;
	if (!uname(&u))
		snprintf(h->release, sizeof h->release, "%.63s", u.release);
}
static void save_host(const struct target *t, struct writer *w)
{
	struct snap_host h = { 0 };
	char status[4096];

	host_features(&h);
	status_of(t->pid, status, sizeof status);
	h.mask = (uint32_t)status_field(status, "\nUmask:", 8);
	writer_record(w, SNAP_HOST, &h, sizeof h, NULL);
}
static void save_owner(const struct target *t, struct writer *w)
{
	struct snap_owner o;
	if (!owner_of(t->pid, &o))
		cannot(t, "its user, groups (256 at most) and capabilities cannot be looked at");
	o.oom_adj = oom_adj_of(t->pid);
	writer_record(w, SNAP_OWNER, &o, sizeof o, NULL);
}
static int run(struct request *r, int argc, char **argv)
{
	const struct family *f;
	struct writer *w;

	if (argc != 1)
		refuse("guise snapshot -o FILE PID|NAME: which guest? one process number or name is wanted");
	if (!want.file || !*want.file)
		refuse("guise snapshot wants -o FILE, the file to make");
	int pid = target_find(argv[0]);
	w = writer_new(want.file);
	f = targets_stop(pid);
	for (unsigned i = 0; i < f->n; i++) {
		const struct target *t = f->member[i];
		writer_member(w, i);
		writer_records(w, t->state, t->n_state);
		save_host(t, w);
		save_options(t, w);
		if (t->point.machine.memory) {
			save_machine(t, w);
			continue;
		}
		save_owner(t, w);
		save_signals(t, w);
		save_files(t, w);
		save_memory(t, w);
	}
	files_met(f->member[0]);
	writer_member(w, 0);
	save_tree(f, w);
	save_pipes(w);
	save_pairs(w);
	save_shared(w);
	uint64_t size = writer_done(w);
	char more[64] = "";
	if (f->n > 1)
		snprintf(more, sizeof more, " with %u below it", f->n - 1);
	if (want.stop)
		pairs_end();
	targets_go(want.stop);
	fprintf(stderr, "guise: process %d%s is saved in %s, %llu KiB%s\n", pid, more, want.file, (unsigned long long)(size + 1023) / 1024,
		want.stop ? ", and ended" : "");
	return 0;
}
static const struct subcommand snapshot_command = {
	.name = "snapshot", .args = "[OPTION...] -o FILE PID|NAME",
	.about = "save a running guest of the engine kvm, or a bare-metal one, in a file (guise restore goes on from it)",
	.text = "NAME is what guise run --name gave it, else its program's name. The guest stands still while it is saved.\n"
		"All processes that it has started are saved with it. What cannot be saved (a device, a socket\n"
		"that is connected to somebody else, ...) is named; then no file is made and the guest goes on. docs/SNAPSHOT.md says what is in the file.",
	.options = { &snapshot_options, &common_options },
	.run = run,
};
SUBCOMMAND(snapshot_command);
