/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise audit --supervised: the policy's judge outside of the guest. What can be said of a call by its number, arguments,
 * program and user is said here, before the guest's own process hears of it, and a refusal is carried out here, by the
 * registers. What hangs on a path or an address is found and judged in the guest's process, where it cannot change any
 * more (observe/audit.c); it is told to us (WITNESS_VERDICT), we write it down, and what can be seen from here is looked
 * at again:
 *
 *   a descriptor that the guest gets        where it really leads, the kernel says
 *   a name that our text changes for it     is judged once more
 *   a path or address in a call without     no handler does that: past the translator
 *   any call past the translator            ends the process, if the policy could deny anything
 *
 * Nobody is waited for: a thread whose call is a question is held at its stop until the answer is there (judge_poll).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "engines/witness.h"
#include "host.h"
#include "observe/entry.h"
#include "observe/rules.h"
#include "tools/supervise/supervise.h"
#include "tools/supervise/trace.h"

#define STEP_FLAG 0x100ull               /* TF: a personality would raise the trap by itself, which is the guest's process's to do */
#define MOST_TRUE_PATH 4400

static bool bites;
static unsigned n_asking;

static uint32_t uid_of(const struct thread *t) { return (uint32_t)status_uid(t->tid); }

bool judge_start(void)
{
	struct policy head;
	void *m = MAP_FAILED;

	if (pread(FD_POLICY, &head, sizeof head, 0) == sizeof head && head.magic == POLICY_MAGIC && head.version == POLICY_VERSION)
		m = mmap(NULL, PAGE_UP(head.size), PROT_READ, MAP_SHARED, FD_POLICY, 0);
	close(FD_POLICY);
	if (m == MAP_FAILED)
		return false;
	policy = m;
	bites = policy_bites(policy);
	rule_uid = uid_of;
	return true;
}

/* --- what follows from a verdict ---------------------------------------------------------------------------------- */
static void end(struct task *t, struct user_regs_struct *r)
{
	if (r) {
		r->orig_rax = ~0ull;
		ptrace(PTRACE_SETREGS, t->tid, 0L, r);
	}
	kill(t->guest->pid, SIGKILL);
}
/* Nobody writes the log any more: by the policy the process ends here. */
static bool lost(struct task *t, struct user_regs_struct *r)
{
	if (!(policy->flags & POLICY_STOP))
		return false;
	r->orig_rax = SYS_exit_group;
	r->rdi = 125;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
	resume(t, 0);
	return true;
}
static void count_denied(void) { __atomic_add_fetch(&session->denied, 1, __ATOMIC_RELAXED); }

static void deny(struct task *t, struct call *c, unsigned err, struct user_regs_struct *r)
{
	const struct personality *p = c->t->p->pers;
	struct regs *g = &c->t->regs;
	uint64_t step = g->rflags & STEP_FLAG;
	struct seen *s = seen_at(t->guest, t->call);
	bool value = c->row && c->row->ret == R_ERRNO;

	count_denied();
	g->rflags &= ~STEP_FLAG;
	c->rv = value ? errno_to_guest(p, (int)err) : -(long)err;
	c->has_rv2 = false;
	p->store(c->t, c);
	r->rax = g->rax;
	r->rdx = g->rdx;
	r->eflags = g->rflags | step;
	r->rcx = r->rip;
	r->r11 = r->eflags;
	r->orig_rax = ~0ull;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
	trace_close(t);
	if (s) {
		s->rv = (int64_t)r->rax;
		s->ended = s->failed = true;
		witness_seen(t, s);
	}
	t->out = true;
	t->call = 0;
	resume(t, 0);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */
bool judge_asks(void) { return n_asking; }
static void tick(int sig) { }
static void timer(bool on)
{
	const struct timeval step = { 0, on ? 20000 : 0 };
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = tick }, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ step, step }, NULL);
}
static void hold(struct task *t, long asked, unsigned err, bool told)
{
	t->asked = (uint32_t)asked;
	t->ask_err = (uint16_t)err;
	t->ask_told = told;
	if (!n_asking++)
		timer(true);
}
static void release(struct task *t)
{
	t->asked = 0;
	if (!--n_asking)
		timer(false);
}
void judge_gone(struct task *t)
{
	if (t->asked) {
		trace_unasked(t);
		release(t);
	}
}
/* A signal comes first: the call is made anew behind it, and asked about again. */
static void put_off(struct task *t, struct user_regs_struct *r)
{
	struct call *c = trace_open(t);
	trace_unasked(t);
	if (t->ask_told) {
		answer(t, r, SYS_RESTART);
	} else {
		if (c)
			c->rv = SYS_RESTART;
		trace_close(t);
		r->rip -= 2;
		r->rax = r->orig_rax;
		r->orig_rax = ~0ull;
		ptrace(PTRACE_SETREGS, t->tid, 0L, r);
		t->out = true;
		t->call = 0;
	}
	resume(t, 0);
}
static void answered(struct task *t, bool yes)
{
	struct user_regs_struct r;
	struct call *c = trace_open(t);
	if (!far_regs(t, &r) || !c)
		return;                  /* it is gone */
	if (t->ask_told) {
		if (!yes)
			count_denied();
		answer(t, &r, yes);
		resume(t, 0);
	} else if (yes) {
		guest_enter(t, &r);
	} else {
		deny(t, c, t->ask_err, &r);
	}
}
static void look(struct task *t, void *unused)
{
	struct user_regs_struct r;
	long yes = t->asked ? trace_answer(t, t->asked) : -1;

	if (yes >= 0) {
		release(t);
		answered(t, yes);
	} else if (t->asked && signal_waits(t->tid) && far_regs(t, &r)) {
		release(t);
		put_off(t, &r);
	}
}
void judge_poll(void)
{
	if (n_asking)
		task_each(NULL, look, NULL);
}

/* --- the guest's calls -------------------------------------------------------------------------------------------- */
static bool carry_out(struct task *t, struct call *c, struct found f, struct user_regs_struct *r)
{
	if (c->row && c->row->ret == R_NOTHING && verdict_bites(f.verdict))
		f.verdict = V_LOG;       /* who ends, or comes back from a signal handler, cannot be kept from it */
	if (f.verdict == V_ALLOW)
		return false;
	f.err = f.err ? f.err : EPERM;
	long asked = trace_verdict(t, &f, NULL, NULL);
	if (asked < 0 && lost(t, r))
		return true;
	if (f.verdict == V_ASK && asked > 0) {
		hold(t, asked, f.err, false);
	} else if (f.verdict == V_KILL) {
		count_denied();
		end(t, r);
	} else if (f.verdict != V_LOG) {
		deny(t, c, f.err, r);
	}
	return f.verdict != V_LOG;
}
bool judge_call(struct task *t, struct user_regs_struct *r)
{
	struct call *c = policy ? trace_open(t) : NULL;

	if (policy && !ring_alive())
		return lost(t, r);
	if (!c || !nr_in(&policy->touch, own_index, c->tab, c->nr) || rules_hang(c))
		return false;
	return carry_out(t, c, rules_judge(c, &(struct subject){ 0 }), r);
}
bool judge_told(struct task *t, struct user_regs_struct *r)
{
	struct witness_verdict v;
	struct sockaddr_storage ss;
	char path[MOST_TRUE_PATH] = "";
	struct call *c = policy ? trace_begin_now(t) : NULL;

	if (!c || !far_read(t->tid, r->rdi, &v, sizeof v) || v.verdict > V_ASK || (v.ss && !far_read(t->tid, v.ss, &ss, sizeof ss)) ||
	    (v.path && (v.path_len > sizeof path || !far_read(t->tid, v.path, path, v.path_len)))) {
		answer(t, r, -EINVAL);
		return false;
	}
	path[sizeof path - 1] = 0;
	struct found f = { v.rule, v.verdict, v.err ? v.err : EPERM };
	long asked = trace_verdict(t, &f, v.path ? path : NULL, v.ss ? &ss : NULL);
	if (asked < 0) {
		answer(t, r, -EPIPE);
	} else if (f.verdict == V_ASK) {
		hold(t, asked, f.err, true);
		return true;
	} else if (f.verdict == V_KILL) {
		count_denied();
		end(t, r);
		return true;
	} else {
		if (f.verdict == V_DENY)
			count_denied();
		answer(t, r, 1);
	}
	return false;
}
void judge_exit(struct task *t, struct user_regs_struct *r)
{
	bool last = r->orig_rax == SYS_exit_group || t->guest->tasks == 1;
	if (!policy || !session->denied || t->guest->pid != session->main_pid || !last || r->rdi & 0xff)
		return;
	r->rdi = policy->denied_status;
	ptrace(PTRACE_SETREGS, t->tid, 0L, r);
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */
static bool forbids(struct call *c, const struct subject *s)
{
	unsigned v = rules_judge(c, s).verdict;
	return v == V_DENY || v == V_KILL;
}
/* Where a descriptor leads; false: it has no name. */
static bool path_of(int tid, long fd, char *path, size_t n)
{
	char link[64];
	static const char gone[] = " (deleted)";

	snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/%d/cwd" : "/proc/%d/fd/%ld", tid, fd);
	ssize_t len = readlink(link, path, n - 1);
	if (len <= 0 || *path != '/')
		return false;
	path[len] = 0;
	return (size_t)len < sizeof gone || strcmp(path + len + 1 - sizeof gone, gone);
}
bool judge_result(struct task *t, struct call *c)
{
	char path[MOST_TRUE_PATH];
	struct found f;

	if (!policy)
		return false;
	if (bites && c->row && c->row->ret == R_FD && c->rv >= 0 && row_has_path(c->row) && rules_hang(c) &&
	    path_of(t->tid, c->rv, path, sizeof path) && forbids(c, &(struct subject){ .path = path })) {
		f = (struct found){ RULE_TAMPERED, V_KILL, EPERM };
		trace_verdict(t, &f, path, NULL);
		count_denied();
		return true;
	}
	if (c->rv == SYS_RESTART || c->rv == SYS_NORETURN || !nr_in(&policy->result, own_index, c->tab, c->nr))
		return false;
	f = rules_result(c);
	if (f.verdict == V_LOG)
		trace_verdict(t, &f, NULL, NULL);
	return false;
}

/* --- calls of Linux ----------------------------------------------------------------------------------------------- */
/* An open descriptor may be opened once more, but one that only stands for a name (O_PATH) is none yet. */
static bool is_held(int tid, const char *number)
{
	char name[64], text[256] = "";
	snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", tid, atoi(number));
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	close(fd);
	const char *flags = n > 0 ? strstr(text, "flags:\t") : NULL;
	return flags && !(strtoul(flags + 7, NULL, 8) & O_PATH);
}
/* Files that the translator reads for itself, whatever it was asked. */
static bool is_own(int tid, const char *path)
{
	static const char fds[] = "/proc/self/fd/";
	static const char *const below[] = { "/sys/", "/dev/shm/", "/dev/null", "/dev/zero", "/dev/urandom", "/etc/passwd", "/etc/group",
		"/etc/machine-id" };

	if (!strncmp(path, fds, sizeof fds - 1))
		return !strchr(path + sizeof fds - 1, '/') && is_held(tid, path + sizeof fds - 1);
	if (!strcmp(path, "/proc") || !strncmp(path, "/proc/", 6))
		return !strstr(path, "/..") && !strstr(path, "/root") && !strstr(path, "/cwd") && !strstr(path, "/fd/") && !strstr(path,
			"/map_files");
	for (unsigned i = 0; i < ARRAY_LEN(below); i++)
		if (!strncmp(path, below[i], strlen(below[i])) && !strstr(path, "/.."))
			return true;
	return false;
}
static bool text_at(int tid, uint64_t at, char *to, size_t n)
{
	size_t got = 0;
	while (got < n) {
		size_t step = MIN(n - got, PAGE - ((at + got) & (PAGE - 1)));
		if (!far_read(tid, at + got, to + got, step))
			return false;
		if (memchr(to + got, 0, step))
			return true;
		got += step;
	}
	return false;
}
/* Sockets without a name in the file system are how processes of ours speak to each other. */
static bool is_address(int tid, uint64_t at, uint64_t len)
{
	struct sockaddr_un a = { 0 };
	if (!at || len > sizeof(struct sockaddr_storage) || !far_read(tid, at, &a, MIN(len, sizeof a)))
		return false;
	return a.sun_family != AF_UNIX || (a.sun_path[0] && !is_own(tid, a.sun_path));
}
/* ... that the policy may keep from somebody. A relative name is one in a directory that is not asked for. */
static bool is_other_file(int tid, uint64_t at)
{
	char path[4096];
	return text_at(tid, at, path, sizeof path) && *path && !is_own(tid, path) && (*path != '/' || rules_keep(path));
}
static bool is_look_up(int tid, const struct user_regs_struct *r)
{
	uint64_t flags = r->rdx;
	if (r->orig_rax == SYS_openat2 && !far_read(tid, r->rdx, &flags, sizeof flags))
		return false;
	return (r->orig_rax == SYS_open ? r->rsi : flags) & O_PATH;
}
/* Does this call of Linux open, run or change a file by a name, or speak to an address? */
static bool names_something(int tid, const struct user_regs_struct *r)
{
	switch (r->orig_rax) {
	case SYS_open: case SYS_creat: case SYS_execve: case SYS_unlink: case SYS_rmdir: case SYS_mkdir: case SYS_mknod: case SYS_chmod:
	case SYS_chown: case SYS_truncate: case SYS_rename: case SYS_link:
		return !(r->orig_rax == SYS_open && is_look_up(tid, r)) && is_other_file(tid, r->rdi);
	case SYS_openat: case SYS_openat2: case SYS_execveat: case SYS_unlinkat: case SYS_mkdirat: case SYS_mknodat: case SYS_fchmodat:
	case SYS_fchownat: case SYS_renameat: case SYS_renameat2: case SYS_linkat: case SYS_utimensat:
		return !((r->orig_rax == SYS_openat || r->orig_rax == SYS_openat2) && is_look_up(tid, r)) && is_other_file(tid, r->rsi);
	case SYS_connect:
		return is_address(tid, r->rsi, r->rdx);
	case SYS_sendto:
		return is_address(tid, r->r8, r->r9);
	}
	return false;
}
/* Without links on the way: only the last name may be one. */
static bool straight(char *path, size_t n)
{
	char *last = strrchr(path, '/'), *dir, name[256];
	if (!last || last == path || strlen(last + 1) >= sizeof name)
		return true;
	strcpy(name, last + 1);
	*last = 0;
	dir = realpath(path, NULL);
	bool good = snprintf(path, n, "%s/%s", dir ? strcmp(dir, "/") ? dir : "" : path, name) < (int)n;
	free(dir);
	return good;
}
/* The name that it would change, made or taken away, as the kernel would find it; "/proc/self/fd/N" is what N is. */
static bool true_name(int tid, int dirfd, uint64_t name, char *path, size_t n)
{
	static const char fds[] = "/proc/self/fd/";
	char text[4096];

	if (!text_at(tid, name, text, sizeof text))
		return false;
	if (!strncmp(text, fds, sizeof fds - 1)) {
		char *rest;
		long fd = strtol(text + sizeof fds - 1, &rest, 10);
		return !*rest && path_of(tid, fd, path, n);
	}
	if (*text == '/')
		*path = 0;
	else if (!path_of(tid, dirfd, path, n))
		return false;
	size_t len = strlen(path);
	if (snprintf(path + len, n - len, "%s%s", *text && *text != '/' && len > 1 ? "/" : "", text) >= (int)(n - len))
		return false;
	return straight(path, n);
}
static bool forbidden_name(struct task *t, struct call *c, int dirfd, uint64_t name)
{
	char path[MOST_TRUE_PATH];
	return true_name(t->tid, dirfd, name, path, sizeof path) && forbids(c, &(struct subject){ .path = path });
}
static bool forbidden_addr(struct task *t, struct call *c, uint64_t at, uint64_t len)
{
	struct sockaddr_storage ss = { 0 };
	if (!at || len > sizeof ss || !far_read(t->tid, at, &ss, len) || (ss.ss_family != AF_INET && ss.ss_family != AF_INET6))
		return false;
	return forbids(c, &(struct subject){ .ss = &ss, .len = len });
}
/* Of a call whose paths and addresses were judged: what it now changes or speaks to. */
static bool forbidden(struct task *t, struct call *c, const struct user_regs_struct *r)
{
	switch (r->orig_rax) {
	case SYS_unlink: case SYS_rmdir: case SYS_mkdir: case SYS_mknod: case SYS_chmod: case SYS_chown: case SYS_lchown: case SYS_truncate:
		return forbidden_name(t, c, AT_FDCWD, r->rdi);
	case SYS_symlink:
		return forbidden_name(t, c, AT_FDCWD, r->rsi);
	case SYS_rename: case SYS_link:
		return forbidden_name(t, c, AT_FDCWD, r->rdi) || forbidden_name(t, c, AT_FDCWD, r->rsi);
	case SYS_unlinkat: case SYS_mkdirat: case SYS_mknodat: case SYS_fchmodat: case SYS_fchownat: case SYS_utimensat:
		return forbidden_name(t, c, (int)r->rdi, r->rsi);
	case SYS_symlinkat:
		return forbidden_name(t, c, (int)r->rsi, r->rdx);
	case SYS_renameat: case SYS_renameat2: case SYS_linkat:
		return forbidden_name(t, c, (int)r->rdi, r->rsi) || forbidden_name(t, c, (int)r->rdx, r->r10);
	case SYS_connect: case SYS_bind:
		return forbidden_addr(t, c, r->rsi, r->rdx);
	case SYS_sendto:
		return forbidden_addr(t, c, r->r8, r->r9);
	}
	return false;
}
bool judge_host(struct task *t, const struct user_regs_struct *r)
{
	struct call *c = policy && bites && t->call ? trace_current(t) : NULL;

	if (!c || t->begins || !c->row)
		return false;
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++)       /* what it runs was found by what it was given */
		if (c->row->arg[i].kind == A_STRV)
			return false;
	if (row_has_path(c->row) || row_has_addr(c->row))
		return rules_hang(c) && forbidden(t, c, r);
	return names_something(t->tid, r);
}
bool judge_past(struct task *t)
{
	if (!policy || !bites)
		return false;
	count_denied();
	end(t, NULL);
	return true;
}
