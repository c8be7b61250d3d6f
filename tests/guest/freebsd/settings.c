/* SPDX-License-Identifier: BSD-2-Clause
 * What a process may ask and set about itself: cpuset, procctl, rtprio, sysarch, the kernel's files, UUIDs, special
 * descriptors, barriers.
 */
#include "fbsd.h"

enum { LEVEL_ROOT = 1, LEVEL_CPUSET, LEVEL_WHICH, WHICH_TID = 1, WHICH_PID, WHICH_CPUSET };
enum { REAP_ACQUIRE = 2, REAP_RELEASE, REAP_STATUS, REAP_GETPIDS, REAP_KILL, TRACE_CTL, TRACE_STATUS,
       PDEATHSIG_CTL = 11, PDEATHSIG_STATUS, ASLR_CTL, ASLR_STATUS, NNP_CTL = 19, NNP_STATUS };
#define getaffinity(...) sys(SYS_cpuset_getaffinity, __VA_ARGS__)
#define setaffinity(...) sys(SYS_cpuset_setaffinity, __VA_ARGS__)

static int bits(const u8 *m, int n)
{
	int c = 0;
	for (int i = 0; i < n * 8; i++)
		c += m[i / 8] >> (i % 8) & 1;
	return c;
}
static void cpus(void)
{
	static u8 m[128], one[128];
	u32 id = 0;
	int first = 0;

	show(getaffinity(LEVEL_ROOT, WHICH_PID, -1L, 128, m));
	yes(bits(m, 128) >= 1);
	show(getaffinity(LEVEL_WHICH, WHICH_TID, -1L, 128, m));
	yes(bits(m, 128) >= 1);
	while (!(m[first / 8] >> (first % 8) & 1))
		first++;
	one[first / 8] = (u8)(1 << first % 8);
	show(setaffinity(LEVEL_WHICH, WHICH_TID, -1L, 128, one));
	show(getaffinity(LEVEL_WHICH, WHICH_TID, -1L, 128, m));
	yes(!memcmp(m, one, 128));
	show(setaffinity(LEVEL_WHICH, WHICH_PID, (long)getpid(), 128, one));
	memset(one, 0, 128);
	show(setaffinity(LEVEL_WHICH, WHICH_TID, -1L, 128, one));
	one[127] = 0x80;
	show(setaffinity(LEVEL_WHICH, WHICH_TID, -1L, 128, one));
	show(getaffinity(LEVEL_WHICH, WHICH_TID, -1L, 0, m));
	show(getaffinity(LEVEL_WHICH, WHICH_TID, -1L, 129, m));
	show(getaffinity(LEVEL_WHICH, WHICH_TID, 12345678901L, 128, m));
	show(getaffinity(LEVEL_WHICH, WHICH_PID, 0x3fffffffL, 128, m));
	show(getaffinity(LEVEL_WHICH, WHICH_TID, -1L, 128, 8));
	show(getaffinity(7, WHICH_TID, -1L, 128, m));
	show(sys(SYS_cpuset_getid, LEVEL_CPUSET, WHICH_PID, -1L, &id));
	show(id);
	show(sys(SYS_cpuset_getdomain, LEVEL_WHICH, WHICH_PID, -1L, 32, m, &id));
	say("%d\n", m[0]);
}
static void controls(void)
{
	struct { u32 flags, children, descendants; int reaper, pid; u32 pad[15]; } st;
	struct { int pid, subtree; u32 flags, pad[15]; } info[4];
	struct { u32 count, pad[15]; void *pids; } pids = { 4, { 0 }, info };
	struct { int sig; u32 flags; int subtree; u32 killed; int fpid; u32 pad[15]; } k = { SIGKILL, 0, 0, 0, 0, { 0 } };
	int v = 0;
	long child;

	show(procctl(P_PID, 0, ASLR_STATUS, &v));
	show(v & 0x7fffffff);
	show(procctl(P_PID, 0, TRACE_STATUS, &v));
	show(v);
	v = 2;
	show(procctl(P_PID, (long)getpid(), TRACE_CTL, &v));
	show(procctl(P_PID, 0, TRACE_STATUS, &v));
	show(v);
	v = 9;
	show(procctl(P_PID, 0, TRACE_CTL, &v));
	v = SIGUSR1;
	show(procctl(P_PID, 0, PDEATHSIG_CTL, &v));
	v = 0;
	show(procctl(P_PID, 0, PDEATHSIG_STATUS, &v));
	show(v);
	v = 200;
	show(procctl(P_PID, 0, PDEATHSIG_CTL, &v));
	show(procctl(P_PID, 0, PDEATHSIG_CTL, 8));
	show(procctl(P_PID, 0x3fffffffL, TRACE_STATUS, &v));
	show(procctl(P_PID, 0, 99, &v));
	show(procctl(P_PID, 0, REAP_RELEASE, 0));
	show(procctl(P_PID, 0, REAP_ACQUIRE, 0));
	show(procctl(P_PID, 0, REAP_ACQUIRE, 0));
	child = fork();
	if (!child) {
		long grandchild = fork();
		if (!grandchild)
			sleep_ms(20000);
		quit(0);
	}
	wait_for(child);
	show(procctl(P_PID, 0, REAP_STATUS, &st));
	say("flags %x children %u descendants %u\n", st.flags, st.children, st.descendants);
	yes(st.reaper == (int)getpid());
	show(procctl(P_PID, 0, REAP_GETPIDS, &pids));
	yes(info[0].pid == st.pid && info[0].subtree == st.pid && info[0].flags == 3);
	show(procctl(P_PID, 0, REAP_KILL, &k));
	show(k.killed);
	show(WTERMSIG(wait_for(st.pid)));
	k.sig = 0;
	show(procctl(P_PID, 0, REAP_KILL, &k));
	k.sig = SIGKILL;
	show(procctl(P_PID, 0, REAP_KILL, &k));
	show(procctl(P_PID, 0, REAP_RELEASE, 0));
}
static void kernel(void)
{
	static struct { int version; char name[1024]; int refs, id; u64 address, size; char path[1024]; } st;
	u8 id[2][16];
	u16 rtp[2] = { 99, 99 };
	long base = 1;
	u64 event[1] = { 3 };
	u32 req[2] = { 5, 0x100000 | 4 };

	show(sys(SYS_kldfind, "kernel"));
	show(sys(SYS_kldfind, "/boot/kernel/nope.ko"));
	show(sys(SYS_kldnext, 0));
	show(sys(SYS_kldnext, 1));
	st.version = sizeof(st);
	show(sys(SYS_kldstat, 1, &st));
	say("%s %s %d\n", st.name, st.path, st.id);
	st.version = 5;
	show(sys(SYS_kldstat, 1, &st));
	show(sys(SYS_modfind, "nope"));
	show(sys(SYS_uuidgen, id, 2));
	yes(memcmp(id[0], id[1], 16) && (id[0][7] >> 4) == 1 && (id[0][8] >> 6) == 2);
	show(sys(SYS_uuidgen, id, 0));
	show(sys(SYS_kenv, 0, "x", st.name, 100));
	show(sys(SYS_kenv, 1, "x", "y", 2));
	show(sys(SYS_rtprio_thread, 0, 0, rtp));
	say("%d %d\n", rtp[0], rtp[1]);
	show(sys(SYS_rtprio_thread, 0, 5, rtp));
	show(sys(SYS_rtprio, 7, 0, rtp));
	show(sysarch(AMD64_GET_FSBASE, &base));
	show(base);
	show(sysarch(AMD64_SET_FSBASE, (long[]){ 1l << 48 }));
	show(sysarch(AMD64_SET_FSBASE, 8));
	show(sysarch(AMD64_GET_GSBASE, &base));
	show(sysarch(5000, &base));
	long fd = sys(SYS___specialfd, 1, req, 8);
	yes(fd >= 3);
	show(read(fd, event, 8));
	show((long)event[0]);
	show(read(fd, event, 8));
	show(sys(SYS___specialfd, 1, req, 4));
	show(sys(SYS___specialfd, 9, req, 8));
	show(sys(SYS_utrace, "text", 4));
	show(sys(SYS_setfib, 0));
	show(sys(SYS_setfib, 1));
	show(sys(SYS_jail_get, 0, 0, 0));
	show(sys(SYS_getrandom, st.name, 16, 0));
	show(sys(SYS_getrandom, 8, 16, 0));
}
int main(int argc, char **argv)
{
	cpus();
	controls();
	kernel();
	return 0;
}
