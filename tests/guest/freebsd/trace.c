/* SPDX-License-Identifier: BSD-2-Clause
 * Each line that this prints is the line that `guise trace` prints for the call before it (tests/real/trace.test compares
 * them; addresses and process numbers stand as ADDR and PID).
 * TEST fixture: trace.test */
#include "fbsd.h"

#define T(line, ...) do { (void)(__VA_ARGS__); say("%s\n", line); } while (0)

static void on(int sig, siginfo_t *si, ucontext_t *uc) { }

static void files(void)
{
	char b[64] = { 0 };
	struct iovec v[2] = { { b, 3 }, { b + 10, 8 } };
	long dir;
	int p[2];

	T("open(\"nothing\\n\\t\\1\\0019\\\"\", O_RDONLY) = -1 ENOENT (No such file or directory)",
	  open("nothing\n\t\1\0019\"", O_RDONLY, 0777));
	T("open(NULL, O_RDONLY) = -1 EFAULT (Bad address)", open(0, O_RDONLY));
	T("open(0x10, O_RDONLY) = -1 EFAULT (Bad address)", open(0x10, O_RDONLY));
	T("openat(AT_FDCWD, \"file\", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0640) = 3",
	  openat(AT_FDCWD, "file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
	T("write(3, \"0123456789012345678901234567890\\n\"..., 34) = 34", write(3, "0123456789012345678901234567890\n\n\n", 34));
	T("write(3, \"\\377\\0\", 2) = 2", write(3, "\377\0", 2));
	T("pread(3, \"12345678\", 8, 1) = 8", pread(3, b, 8, 1));
	T("pread(3, \"\", 8, 100) = 0", pread(3, b, 8, 100));
	T("lseek(3, -4, SEEK_END) = 32", lseek(3, -4, SEEK_END));
	T("read(3, \"\\n\\n\\377\\0\", 64) = 4", read(3, b, 64));
	T("lseek(3, 0, 0x63) = -1 EINVAL (Invalid argument)", lseek(3, 0, 99));
	T("preadv(3, [{iov_base=\"012\", iov_len=3}, {iov_base=\"34567890\", iov_len=8}], 2, 0) = 11", preadv(3, v, 2, 0));
	T("fcntl(3, F_GETFD) = 1", fcntl(3, F_GETFD));
	T("fcntl(3, F_SETFD, 0) = 0", fcntl(3, F_SETFD, 0));
	T("fcntl(3, 0x63, 0) = -1 EINVAL (Invalid argument)", fcntl(3, 99));
	T("close(3) = 0", close(3));
	T("close(3) = -1 EBADF (Bad file descriptor)", close(3));
	T("open(\".\", O_RDONLY|O_DIRECTORY) = 3", dir = open(".", O_RDONLY | O_DIRECTORY));
	T("unlinkat(3, \"file\", 0) = 0", unlinkat(dir, "file", 0));
	close(dir);
	say("close(3) = 0\n");
	T("pipe2([3, 4], O_RDONLY|O_NONBLOCK) = 0", pipe2(p, O_NONBLOCK));
	T("read(3, ADDR, 64) = -1 EAGAIN (Resource temporarily unavailable)", read(p[0], b, 64));
	T("access(\"/\", R_OK) = 0", access("/", R_OK));
}
static void others(void)
{
	struct timespec ts = { 0, 1000 };
	struct rlimit r = { 7, 9 };
	struct sigaction old;
	sigset_t set = SIGSET(SIGHUP, SIGCHLD);
	long a;

	T("mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANON, -1, 0) = ADDR",
	  a = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0));
	T("munmap(ADDR, 4096) = 0", munmap(a, 4096));
	T("nanosleep({tv_sec=0, tv_nsec=1000}, NULL) = 0", nanosleep(&ts, 0));
	T("setrlimit(RLIMIT_CORE, {rlim_cur=7, rlim_max=9}) = 0", setrlimit(RLIMIT_CORE, &r));
	T("sigprocmask(SIG_SETMASK, [HUP CHLD], NULL) = 0", sigprocmask(SIG_SETMASK, &set, 0));
	T("sigprocmask(SIG_UNBLOCK, [HUP CHLD], [HUP CHLD]) = 0", sigprocmask(SIG_UNBLOCK, &set, &set));
	T("sigaction(SIGUSR1, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}) = 0", sigaction(SIGUSR1, 0, &old));
	T("sigaction(99999, NULL, NULL) = -1 EINVAL (Invalid argument)", sigaction(99999, 0, 0));
	T("kill(PID, 0) = 0", kill(getpid(), 0));
	handle(SIGSYS, on, 0);
	T("syscall_9999(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)", sys(9999, 1, 2, 3, 4, 5, 6));
	say("--- SIGSYS {si_signo=SIGSYS, si_code=SI_USER, si_pid=0, si_uid=UID} ---\n");
}
static void processes(void)
{
	long pid;
	int st;

	handle(SIGUSR2, on, 0);
	kill(getpid(), SIGUSR2);
	say("kill(PID, SIGUSR2) = 0\n");
	say("--- SIGUSR2 {si_signo=SIGUSR2, si_code=SI_USER, si_pid=PID, si_uid=UID} ---\n");
	pid = fork();
	if (pid == 0)
		quit(3);
	T("fork() = PID", 0);
	say("_exit(3) = ?\n+++ exited with 3 +++\n");
	wait4(pid, &st, 0, 0);
	T("wait4(PID, [WIFEXITED(s) && WEXITSTATUS(s) == 3], 0, NULL) = PID", 0);
	if (fork() == 0) {
		execve("/nowhere/program", ((char *[]){ "program", "a b", 0 }), ((char *[]){ "A=1", 0 }));
		kill(getpid(), SIGTERM);
	}
	wait4(-1, &st, 0, 0);
	say("fork() = PID\n");
	say("execve(\"/nowhere/program\", [\"program\", \"a b\"], ADDR /* 1 vars */) = -1 ENOENT (No such file or directory)\n");
	say("kill(PID, SIGTERM) = 0\n");
	say("--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=PID, si_uid=UID} ---\n+++ killed by SIGTERM +++\n");
	say("wait4(-1, [WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM], 0, NULL) = PID\n");
}
int main(int argc, char **argv)
{
	files();
	others();
	processes();
	say("_exit(5) = ?\n+++ exited with 5 +++\n");
	return 5;
}
