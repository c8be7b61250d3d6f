/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The options that `run` and its relatives share, and what becomes of them: one struct options, checked as far as can
 * be before a program is there. A running guest's exec does not come through here, but through loader/again.c, which takes
 * the words of self_argv below.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command.h"
#include "loader/loader.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
extern const struct engine *const __start_guise_engines[], *const __stop_guise_engines[];

/* --- the environment -------------------------------------------------------------------------------------------- */
const char *env_get(char **env, const char *name)
{
	size_t n = strlen(name);
	for (; *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}
static void env_drop(char **env, const char *name, size_t n)
{
	char **to = env;
	for (; *env; env++)
		if (strncmp(*env, name, n) || (*env)[n] != '=')
			*to++ = *env;
	*to = NULL;
}
void request_env(struct request *r, const char *text)
{
	size_t n = strcspn(text, "="), count = 0;

	if (!n)
		refuse("-E wants VAR=VALUE, or VAR to take it away; \"%s\" names no variable", text);
	env_drop(r->env, text, n);
	if (!text[n])
		return;
	while (r->env[count])
		count++;
	r->env = realloc(r->env, (count + 2) * sizeof *r->env);
	if (!r->env)
		refuse("no memory for the environment");
	r->env[count] = (char *)text;
	r->env[count + 1] = NULL;
}
void request_start(struct request *r, const struct subcommand *c, char **env)
{
	size_t n = 0;
	while (env[n])
		n++;
	*r = (struct request){ .command = c, .opt = { .resume_fd = -1, .limits_fd = -1, .engine_fd = -1, .held_fd = { -1, -1 }, .machine_fd = -1, .trace_fd = -1, .report_fd = -1, .trace_end = -1,
						      .witness_fd = -1, .policy_fd = -1 } };
	r->env = malloc((n + 1) * sizeof *r->env);
	if (!r->env)
		refuse("no memory for the environment");
	memcpy(r->env, env, (n + 1) * sizeof *r->env);
}

/* --- what each option does -------------------------------------------------------------------------------------- */
static void set_root(struct request *r, const char *v)
{
	r->root_name = v;
	r->root_by = "--root";
}
static void set_root_only(struct request *r, const char *v) { r->opt.root_only = true; }
static void set_chdir(struct request *r, const char *v) { r->opt.chdir = v; }
static void set_name(struct request *r, const char *v)
{
	if (!*v || strlen(v) > 63 || strspn(v, "0123456789") == strlen(v) || strpbrk(v, "/ \t\n"))
		refuse("--name wants a name of at most 63 letters, no blank or slash in it and not only digits, not \"%s\"", v);
	r->opt.name = v;
}
static void set_release(struct request *r, const char *v) { r->opt.release = v; }
static void set_argv0(struct request *r, const char *v) { r->opt.argv0 = v; }
static void set_stay(struct request *r, const char *v) { r->opt.stay = true; }
static void set_strict(struct request *r, const char *v) { r->opt.strict = true; }
/* "io", or "io,exit=PORT": the port of the virtual machine that ends the program */
static void set_grant(struct request *r, const char *v)
{
	char *end = "", *text;
	unsigned long port = 0;

	if (strncmp(v, "io", 2) || (v[2] && strncmp(v + 2, ",exit=", 6)))
		refuse("there is nothing named \"%s\" to grant; --grant takes io, or io,exit=PORT", v);
	if (v[2] && (port = strtoul(v + 8, &end, 0), *end || end == v + 8 || v[8] == '-' || !port || port > 0xfffc))
		refuse("--grant %s: PORT is a number from 1 to 0xfffc, where no other device is", v);
	r->opt.grant_io = true;
	r->opt.exit_port = (unsigned)port;
	if (port ? asprintf(&text, "io,exit=%lu", port) < 0 : !(text = strdup(v)))
		refuse("no memory for a list of options");
	r->grant = text;
}
static void set_report(struct request *r, const char *v) { r->report_file = v; }
static void set_witness(struct request *r, const char *v) { r->witness_file = v; }
static void set_post_mortem(struct request *r, const char *v)
{
	if (!(r->opt.post_mortem = realpath(v, NULL)) || access(r->opt.post_mortem, W_OK | X_OK))
		refuse("%s: %s; --post-mortem wants a directory that can be written to", shown(v), strerror(errno));
}
static void set_engine(struct request *r, const char *v)
{
	r->opt.engine = v;
	r->engine_by = "--engine";
}
static void set_as(struct request *r, const char *v)
{
	char names[512] = "";
	size_t n = 0;

	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++) {
		if (!strcmp((*p)->name, v)) {
			r->opt.as = v;
			return;
		}
		if (n < sizeof names)
			n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", (*p)->name);
	}
	refuse("there is no system \"%s\"; --as takes one of: %s", v, names);
}
static char *real_or_refuse(const char *name, const char *by, const char *wanted)
{
	char *real = realpath(name, NULL);
	if (!real)
		refuse("%s: %s; %s wants %s", shown(name), strerror(errno), by, wanted);
	return real;
}
/* What other tools take there, and what GUEST cannot be. */
static void check_guest(const char *v, const char *guest)
{
	const char *tail = strrchr(guest, ':');

	if (!guest[1])
		refuse("--bind %s: / is the root itself, which --root DIR gives", v);
	if (tail && (!strcmp(tail, ":ro") || !strcmp(tail, ":rw")))
		refuse("--bind %s: a bind cannot be made read-only or otherwise; leave %s away", v, tail);
}
/* HOST may hold a colon; GUEST is absolute, so the last ":/" parts them. The last of several for one GUEST counts. */
static void set_bind(struct request *r, const char *v)
{
	char *host = strdup(v), *colon = NULL;
	struct bind *b = r->bind, *end = r->bind + r->opt.n_bind;
	size_t n;

	for (char *p = host; p && (p = strstr(p, ":/")); p++)
		colon = p;
	if (!colon || colon == host)
		refuse("--bind %s: give it as HOST:GUEST, the guest's path beginning with /", shown(v));
	*colon = 0;
	for (n = strlen(colon + 1); n > 1 && colon[n] == '/'; n--)
		colon[n] = 0;
	check_guest(v, colon + 1);
	while (b < end && strcmp(b->guest, colon + 1))
		b++;
	if (b == r->bind + ARRAY_LEN(r->bind))
		refuse("--bind can be given %zu times at most", ARRAY_LEN(r->bind));
	b->host = real_or_refuse(host, "--bind", "a file or directory that is there");
	b->guest = colon + 1;
	r->opt.n_bind += b == end;
}
/* A machine's: bytes, or with K, M, G behind the number. Less than 1 MiB is no PC, and more than 512 GiB no host's. */
static void set_memory(struct request *r, const char *v)
{
	static const char units[] = "KMG";
	char *end, *unit;
	errno = 0;
	unsigned long long n = strtoull(v, &end, 10);
	unsigned shift = *end && (unit = strchr(units, *end & ~0x20)) ? 10 * (unsigned)(unit - units + 1) : 0;

	if (end == v || *v == '-' || end[shift != 0] || errno || n > (512ull << 30) >> shift || n << shift < 1 << 20)
		refuse("--memory %s: give a size from 1M to 512G, a number with K, M or G behind it", shown(v));
	r->opt.memory = (n << shift) & ~4095ull;
}
static char *absolute(const char *v)
{
	char *real = realpath(v, NULL);
	return real ? real : strdup(v);          /* what is not there, is said when it is opened */
}
static void set_disk(struct request *r, const char *v) { r->opt.disk = absolute(v); }
static void set_overlay(struct request *r, const char *v) { r->opt.overlay = v; }
static void set_module(struct request *r, const char *v)
{
	if (r->opt.n_module == ARRAY_LEN(r->opt.module))
		refuse("--module can be given %zu times at most", ARRAY_LEN(r->opt.module));
	r->opt.module[r->opt.n_module++] = v;
}
static void set_cover(struct request *r, const char *v) { r->opt.cover = v; }
/* /dev/kvm, opened by somebody who may: for who runs a program as a user who may not (the fuzzers' tests) */
static void set_engine_fd(struct request *r, const char *v)
{
	char *end;
	long fd = strtol(v, &end, 10);
	if (*end || end == v || fd < 0 || fd > INT_MAX)
		refuse("--engine-fd wants the number of an open descriptor, not \"%s\"", v);
	r->opt.engine_fd = (int)fd;
}

static const struct option_row run_rows[] = {
	{ 0, "root", "DIR", V_DIR, "look absolute paths up in DIR first, a base tree of the guest's system", set_root },
	{ 0, "root-only", NULL, V_NONE, "nothing outside the root and the binds exists for the guest", set_root_only },
	{ 0, "bind", "HOST:GUEST", V_FILE, "show the host's HOST to the guest as GUEST; may be repeated", set_bind },
	{ 'E', NULL, "VAR[=VALUE]", V_TEXT, "set a variable of the guest's environment, or take it away", request_env },
	{ 0, "chdir", "DIR", V_DIR, "start in DIR, a path as the guest sees it", set_chdir },
	{ 0, "name", "NAME", V_TEXT, "call this run NAME, for guise snapshot", set_name },
	{ 0, "argv0", "NAME", V_TEXT, "give the program NAME as its own name", set_argv0 },
	{ 0, "as", "OS", V_OS, "take the program for one of OS, whatever it says itself", set_as },
	{ 0, "release", "RELEASE", V_TEXT, "show foreign programs this release of their system, as 14.1", set_release },
	{ 0, "engine", "NAME", V_ENGINE, "how calls are caught; auto takes the best that works here", set_engine },
	{ 0, "memory", "SIZE", V_TEXT, "of a bare-metal program's machine, as 64M; 128M if nothing is said", set_memory },
	{ 0, "disk", "FILE", V_FILE, "the disk of a bare-metal program's machine; FILE is never changed", set_disk },
	{ 0, "overlay", "FILE", V_FILE, "keep in FILE what is written to that disk, and go on with what it holds", set_overlay },
	{ 0, "module", "FILE", V_FILE, "hand FILE to a bare-metal program; \"FILE WORDS\" hands WORDS with it; may be repeated", set_module },
	{ 0, "stay", NULL, V_NONE, "Linux programs that it starts stay here too, so that they can start foreign ones", set_stay },
	{ 0, "grant", "io", V_TEXT, "its system may give it I/O privilege: over virtual devices, never over the host's", set_grant },
	{ 0, "strict", NULL, V_NONE, "stop at the first call, flag, command or sysctl that is unknown", set_strict },
	{ 0, "witness", "FILE", V_FILE, "append every call to FILE, seen from outside (engine ptrace), one JSON object a line",
		set_witness },
	{ 0, "post-mortem", "DIR", V_DIR, "of a process that dies by a fault leave a report and a core file in DIR (engine ptrace)",
		set_post_mortem },
	{ 0, "report", "FILE", V_FILE, "append what is unknown to FILE, one JSON object a line", set_report },
};
const struct option_table run_options = { run_rows, ARRAY_LEN(run_rows) };
/* ... of these, what says where files are and whose they are */
static const struct option_row place_rows[] = {
	{ 0, "root", "DIR", V_DIR, "look absolute paths up in DIR first, a base tree of the program's system", set_root },
	{ 0, "root-only", NULL, V_NONE, "nothing outside the root exists for the program", set_root_only },
	{ 0, "as", "OS", V_OS, "take programs for those of OS, whatever they say themselves", set_as },
};
const struct option_table place_options = { place_rows, ARRAY_LEN(place_rows) };

static const struct option_row hidden_rows[] = {
	{ 0, "cover", "FILE", V_FILE, NULL, set_cover },
	{ 0, "engine-fd", "FD", V_TEXT, NULL, set_engine_fd },
};
const struct option_table hidden_options = { hidden_rows, ARRAY_LEN(hidden_rows) };

/* --- completing it ---------------------------------------------------------------------------------------------- */
int log_open(const char *name, const char *option, int truncate)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | truncate, 0666);
	if (fd < 0)
		refuse("%s: %s; %s wants a file that can be written", shown(name), strerror(errno), option);
	return fd;
}
static void check_engine(struct request *r)
{
	char names[512] = "auto";
	size_t n = strlen(names);

	if (!r->opt.engine || !strcmp(r->opt.engine, "auto")) {
		r->opt.engine = NULL;
		return;
	}
	for (const struct engine *const *e = __start_guise_engines; e < __stop_guise_engines; e++) {
		if (!strcmp((*e)->name, r->opt.engine)) {
			r->opt.engine_given = !strcmp(r->engine_by, "--engine");
			return;
		}
		if (n < sizeof names)
			n += (size_t)snprintf(names + n, sizeof names - n, ", %s", (*e)->name);
	}
	refuse("there is no engine \"%s\"; %s takes one of: %s", r->opt.engine, r->engine_by, names);
}
/* What is seen from outside of the process needs an engine that looks from there. */
static void check_outside(struct request *r)
{
	struct options *o = &r->opt;
	const char *by = o->supervised ? "--supervised" : r->witness_file || o->witness_fd >= 0 ? "--witness" :
			 o->post_mortem ? "--post-mortem" : NULL;

	if (o->supervised && o->grant_io)
		refuse("--grant io lets the program use privileged instructions, which are no calls of Linux, so --supervised would neither "
		       "record nor judge them: leave one of the two away");
	for (const struct engine *const *e = __start_guise_engines; by && e < __stop_guise_engines; e++) {
		if ((*e)->outside && (!o->engine || strcmp(r->engine_by, "--engine"))) {
			o->engine = (*e)->name;
			return;
		}
		if (o->engine && !(*e)->outside && !strcmp((*e)->name, o->engine) && !strcmp(r->engine_by, "--engine"))
			refuse("%s needs a supervisor outside of the process, which the engine %s has not: --engine ptrace, or none",
			       by, o->engine);
	}
}
static void check_root(struct request *r)
{
	struct stat st;

	if (!r->root_name && r->opt.root_only)
		refuse("--root-only needs --root DIR (or GUISE_ROOT), the tree to which the guest is confined");
	if (!r->root_name)
		return;
	r->opt.root = real_or_refuse(r->root_name, r->root_by, "the directory of a base tree");
	if (stat(r->opt.root, &st) < 0 || !S_ISDIR(st.st_mode))
		refuse("%s is not a directory; %s wants the directory of a base tree", r->opt.root, r->root_by);
	if (faccessat(AT_FDCWD, r->opt.root, X_OK, AT_EACCESS))
		refuse("%s: %s; %s wants a directory that may be searched", r->opt.root, strerror(errno), r->root_by);
}
/* What the environment says holds where the command line says nothing; a guest never sees that it was there. */
static void take_variable(struct request *r, const char *name, const char **to, const char **by)
{
	const char *v = env_get(r->env, name);
	if (v && *v && !*to) {
		*to = v;
		*by = name;
	}
	env_drop(r->env, name, strlen(name));
}
static void add(struct options *o, char *word)
{
	char **v = realloc(o->self_argv, (o->n_self + 2) * sizeof *v);
	if (!v)
		refuse("no memory for a list of options");
	v[o->n_self++] = word;
	v[o->n_self] = NULL;
	o->self_argv = v;
}
static void add2(struct options *o, const char *option, const char *value)
{
	add(o, (char *)option);
	add(o, (char *)value);
}
/* --as is not passed on: what a child is, it says itself. */
static void self_argv(struct options *o, const char *grant)
{
	add2(o, "run", "--again");
	if (o->root)
		add2(o, "--root", o->root);
	if (o->root_only)
		add(o, "--root-only");
	for (unsigned i = 0; i < o->n_bind; i++) {
		char *text;
		if (asprintf(&text, "%s:%s", o->bind[i].host, o->bind[i].guest) < 0)
			refuse("no memory for a list of options");
		add2(o, "--bind", text);
	}
	if (o->engine)
		add2(o, "--engine", o->engine);
	if (o->release)
		add2(o, "--release", o->release);
	if (o->stay)
		add(o, "--stay");
	if (grant)
		add2(o, "--grant", grant);
	if (o->strict)
		add(o, "--strict");
	if (o->cover)
		add2(o, "--cover", o->cover);
	if (o->report_fd >= 0)
		add2(o, "--report-fd", o->fd_text[1]);
	if (o->policy_fd >= 0)
		add2(o, "--policy-fd", o->fd_text[3]);
}
void request_root(struct request *r)
{
	take_variable(r, "GUISE_ROOT", &r->root_name, &r->root_by);
	check_root(r);
}
void request_complete(struct request *r)
{
	struct options *o = &r->opt;

	take_variable(r, "GUISE_ROOT", &r->root_name, &r->root_by);
	take_variable(r, "GUISE_ENGINE", &o->engine, &r->engine_by);
	check_root(r);
	if (o->overlay && !o->disk)
		refuse("--overlay keeps what is written to a disk: it needs --disk FILE");
	check_engine(r);
	check_outside(r);
	if (r->witness_file)
		o->witness_fd = log_open(r->witness_file, "--witness", 0);
	o->bind = r->bind;
	if (r->report_file)
		o->report_fd = log_open(r->report_file, "--report", 0);
	self_argv(o, r->grant);
}
/* --- a name without a slash ------------------------------------------------------------------------------------- */
/* How many letters are wrong, missing or too many: the distance of Levenshtein, for short words. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[17], n = (unsigned)strnlen(b, 16);

	for (unsigned j = 0; j <= n; j++)
		d[j] = j;
	for (unsigned i = 1; *a; i++, a++)
		for (unsigned j = 1, corner = d[0]++; j <= n; j++) {
			unsigned best = MIN(corner + (*a != b[j - 1]), MIN(d[j], d[j - 1]) + 1);
			corner = d[j];
			d[j] = best;
		}
	return d[n];
}
/* What may have been meant instead. */
static const char *hint(const struct request *r, const char *name)
{
	static char text[160];
	const struct subcommand *c = subcommand_find(name);

	if (command_said)
		return "; give its path";
	for (const struct subcommand *const *i = __start_guise_subcommands; !c && i < __stop_guise_subcommands; i++)
		if ((*i)->about && strlen(name) > 3 && distance(name, (*i)->name) <= 2)
			c = *i;
	if (!c || !c->about)
		return "; give its path";
	snprintf(text, sizeof text, strcmp(c->name, name) ? "; did you mean guise %s?" :
		 "; a subcommand stands before the options: guise %s [OPTION...]", c->name);
	return text;
}
static int not_found(const struct request *r, const char *name)
{
	const struct options *o = &r->opt;
	const char *path = env_get(r->env, "PATH");

	say("%s: no such program in the directories of PATH (%s)%s%s", shown(name), path ? path : "not set",
	    !o->root ? "" : o->root_only ? " in the root" : ", neither in the root nor on the host", hint(r, name));
	return 127;
}
int request_run(struct request *r, int argc, char **argv)
{
	struct options *o = &r->opt;
	const char *lacks = host_lacks();

	if (argc < 1)
		refuse("which program? guise [OPTION...] PROGRAM [ARG...]; guise --help says more");
	if (lacks)
		refuse("%s", lacks);
	request_complete(r);
	if (!strchr(argv[0], '/')) {
		char *found = program_find(o, r->env, argv[0]);
		if (!found)
			return not_found(r, argv[0]);
		if (!o->argv0)
			o->argv0 = argv[0];
		argv[0] = found;
	}
	return program_run(o, argc, argv, r->env);
}
