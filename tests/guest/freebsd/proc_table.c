/* SPDX-License-Identifier: BSD-2-Clause
 * kern.proc: the process table chosen by group, session, user; what one process is, by its number or -1.
 * TEST args: one two
 * TEST env: COLOUR=blue
 */
#include "fbsd.h"

enum { ALL, PID, PGRP, SID, UID = 5, RUID, ARGS, PROC, SV_NAME, RGID, GID, PATHNAME, PID_TD = 17, VMMAP = 32, FILEDESC,
       GROUPS, ENV, AUXV, RLIMIT, PS_STRINGS, UMASK, OSREL, CWD = 42, NFDS };
enum { INC_THREAD = 0x10 };
#define SIZE 1088
struct kproc { int size, layout; void *p[8]; int pid, ppid, pgid, tpgid, sid, tsid; };

static union { u8 b[1 << 20]; struct kproc k; u32 w[64]; long l[64]; char c[4096]; } u;
static u64 len;

static long ask(int what, int who)
{
	len = sizeof(u);
	memset(&u, 0, 4096);
	return sysctl(((int[]){ 1, 14, what, who }), 4, &u, &len, 0, 0);
}
/* a list that holds this process, and nobody who does not belong */
static void list(const char *name, int what, int who, int (*belongs)(const struct kproc *))
{
	long e = ask(what, who), me = 0, wrong = 0;

	for (u64 i = 0; !e && i < len / SIZE; i++) {
		const struct kproc *k = (const struct kproc *)(u.b + i * SIZE);
		me += k->pid == getpid();
		wrong += k->size != SIZE || !belongs(k);
	}
	say("%s: %e, me %ld, wrong %ld, whole %d\n", name, e, me, wrong, (int)(len % SIZE == 0));
}
static int any(const struct kproc *k) { return k->pid > 0; }
static int group(const struct kproc *k) { return k->pgid == getpgrp(); }
static int session(const struct kproc *k) { return k->sid == getsid(0); }
static void tables(void)
{
	list("all", ALL, 0, any);
	list("proc", PROC, 0, any);
	list("pgrp", PGRP, getpgrp(), group);
	list("sid", SID, getsid(0), session);
	list("uid", UID, geteuid(), any);
	list("ruid", RUID, getuid(), any);
	list("gid", GID, getegid(), any);
	list("rgid", RGID, getgid(), any);
	list("pid", PID, getpid(), any);
	list("pid_td", PID | INC_THREAD, getpid(), any);
	list("pgrp_td", PGRP | INC_THREAD, getpgrp(), group);
	list("sid_td", SID | INC_THREAD, getsid(0), session);
	list("uid_td", UID | INC_THREAD, geteuid(), any);
	list("ruid_td", RUID | INC_THREAD, getuid(), any);
	list("proc_td", PROC | INC_THREAD, 0, any);
	list("rgid_td", RGID | INC_THREAD, getgid(), any);
	list("gid_td", GID | INC_THREAD, getegid(), any);
	list("nobody's", UID, 12345678, any);
	list("no group", PGRP, 99999999, any);
	show(ask(PID, 99999999));
	show(sysctl(((int[]){ 1, 14, PGRP }), 3, &u, &len, 0, 0));
	show(sysctl(((int[]){ 1, 14, PGRP, 1, 1 }), 5, &u, &len, 0, 0));
	len = SIZE - 1;
	show(sysctl(((int[]){ 1, 14, PID, getpid() }), 4, &u, &len, 0, 0));
	show(ask(PID, getpid()));
	say("%d %d %d\n", u.k.ppid == getppid(), u.k.pgid == getpgrp(), u.k.sid == getsid(0));
}
static void strings(void)
{
	show(ask(ARGS, -1));
	say("%d %s %s\n", (int)(len > 8), u.c + strlen(u.c) + 1, u.c + len - 4);
	show(ask(ENV, -1));
	long found = 0;
	for (u64 i = 0; i < len; i += strlen(u.c + i) + 1)
		found |= !strcmp(u.c + i, "COLOUR=blue");
	show(found);
	show(ask(SV_NAME, getpid()));
	say("%s\n", u.c);
	show(ask(PATHNAME, -1));
	yes(u.c[0] == '/' && !strcmp(u.c + strlen(u.c) - 11, "/proc_table"));
	mkdir("here", 0755);
	chdir("here");
	show(ask(CWD, -1));
	char *p = (char *)u.c + 368;                 /* the path ends a kinfo_file, which is cut behind it */
	yes(u.w[0] == len && !strcmp(p + strlen(p) - 5, "/here"));
	chdir("..");
}
static void numbers(void)
{
	long word[2] = { 0 }, n;

	show(ask(AUXV, -1));
	yes(len % 16 == 0 && len > 32 && auxv(6, word) && word[0] == 4096);
	for (n = 0; n < (long)len / 8 && !(u.l[n] == 6 && u.l[n + 1] == 4096); n += 2)
		;
	yes(n < (long)len / 8);
	show(ask(OSREL, -1));
	yes(len == 4 && u.w[0] > 1200000);
	show(ask(GROUPS, -1));
	yes(len >= 4 && len % 4 == 0 && u.w[0] == (u32)getegid());
	umask(027);
	show(ask(UMASK, getpid()));
	say("%lu bytes, %o\n", len, u.w[0] & 0xffff);
	show(ask(PS_STRINGS, -1));
	yes(len == 8 && u.l[0]);
	show(ask(NFDS, 0));
	yes(len == 4 && u.w[0] >= 3 && u.w[0] < 64);
	len = 16;
	show(sysctl(((int[]){ 1, 14, RLIMIT, -1, RLIMIT_NOFILE }), 5, word, &len, 0, 0));
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	yes(len == 16 && word[0] == r.cur && word[1] == r.max);
	show(sysctl(((int[]){ 1, 14, RLIMIT, -1, 99 }), 5, word, &len, 0, 0));
	show(sysctl(((int[]){ 1, 14, RLIMIT, getpid(), RLIMIT_SBSIZE }), 5, word, &len, 0, 0));
	yes(word[0] == RLIM_INFINITY);
	show(ask(OSREL, 99999999));
	show(ask(NFDS, -1));
	show(ask(AUXV, 99999999));
	show(ask(GROUPS, -7));
}
int main(int argc, char **argv)
{
	char name[64] = { 0 };

	tables();
	strings();
	numbers();
	len = sizeof(name);
	/* an old name, that no listing shows */
	show(sysctlbyname("hw.cpu_vendor", 13, name, &len, 0, 0));
	return 0;
}
