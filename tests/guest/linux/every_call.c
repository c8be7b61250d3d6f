/* SPDX-License-Identifier: BSD-2-Clause
 * Every number of the table, made raw, in a child of its own: with nothing, with what no call can use, and with arguments of
 * the kinds its row names (an open file, a path, memory). Natively and under guise each must end in the same way: the same
 * error, or success, or the same signal.
 * TEST timeout: 100
 * TEST without: kvm seccomp/user ptrace/user, who refuse some calls or get a filter only by promising to gain no privileges
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

/* what is left out: it would change the machine for others, outlive the test, or be another test's whole matter */
static const char *const left_out[] = {
	"reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "swapon", "swapoff", "sethostname",
	"setdomainname", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "acct", "syslog", "mount", "umount2", "pivot_root",
	"move_mount", "open_tree", "open_tree_attr", "mount_setattr", "quotactl", "quotactl_fd", "iopl", "ioperm", "vhangup", "sync",
	"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "fork", "vfork", "clone", "clone3",
	"ptrace", "rt_sigreturn", "seccomp", "semget", "msgget", "shmget", "add_key", "request_key", "keyctl", "setsid", "setpgid",
	"process_madvise", "process_mrelease", "bpf", "perf_event_open", "uretprobe", "uprobe", "map_shadow_stack",
};

#define PAD 0
#define STR(...) 'p'
#include "../kinds.h"

static const struct { int nr; const char *name; char kind[9]; } rows[] = {
#define SYS(nr_, name_, ret_, fn_, level_, ...) { nr_, #name_, { __VA_ARGS__ } },
#define NOSYS(nr_, name_, reason_) { nr_, #name_, { 0 } },
#include "syscalls.def"
};
#define N (sizeof(rows) / sizeof(rows[0]))

static volatile long *result;
static char *mem, *spare;

static long raw(long nr, const long a[6])
{
	long rv;
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];
	__asm__ volatile("syscall" : "=a"(rv) : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return rv;
}
static long value(char kind, int fd)
{
	switch (kind) {
	case 'f': return fd;
	case 'd': return AT_FDCWD;
	case 'p': return (long)"f";
	case 'b': return (long)mem;
	case 'a': return (long)spare;
	case 'z': return 64;
	case 'u': return -1;
	}
	return 0;
}
/* what the call leaves behind goes with the child; one that waits is ended */
static void child(unsigned i, int turn, int fd)
{
	static const char *const waits[] = { "select", "pause", "pselect6", "ppoll" };
	struct itimerval t = { .it_value = { 30, 0 } };
	long a[6];

	for (int k = 0; k < 6; k++)
		a[k] = turn == 0 ? 0 : turn == 1 ? -1 : turn == 2 ? 8 : value(rows[i].kind[k], fd);
	for (unsigned k = 0; k < sizeof(waits) / sizeof(waits[0]); k++)
		if (!strcmp(rows[i].name, waits[k]))
			t.it_value = (struct timeval){ 0, 200000 };
	setitimer(ITIMER_REAL, &t, NULL);
	*result = raw(rows[i].nr, a);
	__asm__ volatile("syscall" : : "a"(231), "D"(7L) : "rcx", "r11", "memory");
}
static void one(unsigned i, int turn)
{
	int status, fd;
	pid_t pid;

	unlink("f");
	fd = open("f", O_RDWR | O_CREAT, 0644);
	if (write(fd, "some text that is longer than sixty-four bytes, so that a read gets what it wants", 81) != 81 || lseek(fd, 0, 0))
		printf("cannot write f: %d\n", errno);
	*result = 0x7777;
	fflush(stdout);
	if (!(pid = fork()))
		child(i, turn, fd);
	waitpid(pid, &status, 0);
	close(fd);
	printf("%3d %s %d: ", rows[i].nr, rows[i].name, turn);
	/* a limit of no processor time at all: the kernel kills at its next tick, which comes before the child's own end or not */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && strstr(rows[i].name, "rlimit"))
		printf("ok");
	else if (WIFSIGNALED(status))
		printf("signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 7)
		printf("exit %d", WEXITSTATUS(status));
	else if (*result < 0 && *result > -4096)
		printf("%s", strerrorname_np((int)-*result));
	else
		printf("ok");
	putchar('\n');
}
int main(void)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&none, NULL);        /* its flags outlive an exec: who started us would be seen in them */
	result = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	spare = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < N; i++) {
		int out = 0;
		for (unsigned k = 0; k < sizeof(left_out) / sizeof(left_out[0]); k++)
			out |= !strcmp(rows[i].name, left_out[k]);
		for (int turn = 0; turn < 4 && !out; turn++)
			one(i, turn);
	}
	printf("%zu rows\n", N);
	return 0;
}
