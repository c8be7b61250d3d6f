/* SPDX-License-Identifier: BSD-2-Clause
 * What the host keeps for a process besides its memory and descriptors (tests/real/snapshot_kept.test): it is changed, told,
 * and told again when a file says so: a copy tells the same. With an argument it becomes user 65534 first. TEST proves: nothing */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/membarrier.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static int sock;

static void number(const char *what, long v) { printf("%s %ld%s%s\n", what, v, v < 0 ? " " : "", v < 0 ? strerror(errno) : ""); }
static void option(const char *what, int level, int name)
{
	int v[4] = { 0 };
	socklen_t n = sizeof v;
	int e = getsockopt(sock, level, name, v, &n);
	printf("%s %d: %d %d %d\n", what, e, v[0], v[1], v[2]);
}
static void status(const char *name)
{
	char line[512];
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			fputs(line, stdout);
	if (f)
		fclose(f);
}
static void tell(void)
{
	struct sched_param sp = { 0 };
	struct rlimit l;
	stack_t ss;
	cpu_set_t set;
	uid_t r, e, s;
	int sig = 0, on = 0;
	char text[64] = "";
	long fd;

	number("nice", getpriority(PRIO_PROCESS, 0));
	number("policy", sched_getscheduler(0));
	sched_getparam(0, &sp);
	number("priority", sp.sched_priority);
	sched_getaffinity(0, sizeof set, &set);
	printf("cpus %d: %d %d\n", CPU_COUNT(&set), CPU_ISSET(0, &set), CPU_ISSET(1, &set));
	number("ioprio", syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0));
	number("slack", prctl(PR_GET_TIMERSLACK));
	prctl(PR_GET_PDEATHSIG, &sig);
	number("pdeathsig", sig);
	prctl(PR_GET_NAME, text);
	printf("name %s\n", text);
	number("dumpable", prctl(PR_GET_DUMPABLE));
	prctl(PR_GET_CHILD_SUBREAPER, &on);
	number("subreaper", on);
	number("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	number("no huge pages", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	number("securebits", prctl(PR_GET_SECUREBITS));
	number("keepcaps", prctl(PR_GET_KEEPCAPS));
	number("personality", personality(0xffffffff));
	number("umask", umask(023));
	getrlimit(RLIMIT_NOFILE, &l);
	number("files", (long)l.rlim_cur);
	getrlimit(RLIMIT_CORE, &l);
	number("core", (long)l.rlim_cur);
	sigaltstack(NULL, &ss);
	number("alternate stack", (long)ss.ss_size);
	number("membarrier", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	getresuid(&r, &e, &s);
	printf("user %d %d %d\n", r, e, s);
	getresgid(&r, &e, &s);
	printf("group %d %d %d\n", r, e, s);
	number("groups", getgroups(0, NULL));
	status("CapPrm"), status("CapEff"), status("CapBnd"), status("CapInh"), status("CapAmb");
	fd = open("/proc/self/oom_score_adj", O_RDONLY);
	text[read((int)fd, text, sizeof text - 1)] = 0;
	close((int)fd);
	printf("oom %s", text);
	option("linger", SOL_SOCKET, SO_LINGER), option("timeout", SOL_SOCKET, SO_RCVTIMEO), option("sndbuf", SOL_SOCKET, SO_SNDBUF);
	option("lowat", SOL_SOCKET, SO_RCVLOWAT);
	option("nodelay", IPPROTO_TCP, TCP_NODELAY), option("defer", IPPROTO_TCP, TCP_DEFER_ACCEPT), option("idle", IPPROTO_TCP, TCP_KEEPIDLE);
	option("ttl", IPPROTO_IP, IP_TTL), option("tos", IPPROTO_IP, IP_TOS), option("keepalive", SOL_SOCKET, SO_KEEPALIVE);
	fflush(stdout);
}
static void change(void)
{
	struct rlimit l = { 100, 200 };
	struct linger li = { 1, 7 };
	struct timeval tv = { 3, 40000 };
	stack_t ss = { .ss_sp = malloc(SIGSTKSZ), .ss_size = 20000 };
	struct sched_param sp = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cpu_set_t set;
	int on = 1, size = 30000, ttl = 33, tos = 8, idle = 71, wait_ = 3, low = 9;

	setpriority(PRIO_PROCESS, 0, 5);
	sched_setscheduler(0, SCHED_BATCH, &sp);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof set, &set);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	prctl(PR_SET_TIMERSLACK, 123456);
	prctl(PR_SET_PDEATHSIG, SIGUSR2);
	prctl(PR_SET_NAME, "kept thing");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	personality(ADDR_COMPAT_LAYOUT | STICKY_TIMEOUTS);
	umask(023);
	setrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = 4096, l.rlim_max = 8192;
	setrlimit(RLIMIT_CORE, &l);
	sigaltstack(&ss, NULL);
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	if (write(fd, "77", 2) != 2)
		perror("oom_score_adj");
	close(fd);
	sock = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(sock, SOL_SOCKET, SO_LINGER, &li, sizeof li);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	setsockopt(sock, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof low);
	setsockopt(sock, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(sock, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(sock, IPPROTO_TCP, TCP_DEFER_ACCEPT, &wait_, sizeof wait_);
	setsockopt(sock, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
	setsockopt(sock, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	bind(sock, (void *)&in, sizeof in);
	listen(sock, 4);
}
int main(int argc, char **argv)
{
	gid_t groups[2] = { 100, 65533 };

	change();
	if (argc > 1) {
		setgroups(2, groups);
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			perror("to become another");
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGUSR2);
	tell();
	puts("ready");
	fflush(stdout);
	for (int i = 0; i < 3000 && access("kept.go", F_OK); i++)
		usleep(10000);
	tell();
	return 7;
}
