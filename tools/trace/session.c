/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shared memory of a traced run and the process that reads it. The guest stays what the caller started: its pid,
 * its exit status, its job control are those of a run without a trace. The drainer is no child of it (it is started
 * twice removed, so wait4(-1) of the guest never finds it), sits in a session of its own where no terminal's signal
 * reaches it, and holds no descriptor but those it needs. If it is killed, the kernel marks its robust lock and the
 * guest goes on untold; if the guest is killed, its rings are still there and are read to the end. The pipe, whose
 * other end every process of the run inherits and nobody writes to, says when that is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "syscalls/snapshot.h"
#include "tools/command.h"
#include "tools/trace/trace.h"

/* --- two clocks --------------------------------------------------------------------------------------------------- */
static uint64_t mono_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
static uint64_t ticks(bool tsc) { return tsc ? __builtin_ia32_rdtsc() : mono_ns(); }

void clock_read(struct clock *c, bool tsc)
{
	c->tsc = tsc;
	c->t0 = c->t1;
	c->ns0 = c->ns1;
	c->t1 = ticks(tsc);
	c->ns1 = mono_ns();
}
uint64_t clock_ns(const struct clock *c, uint64_t t)
{
	if (!c->tsc || c->t1 == c->t0)
		return t;
	return (uint64_t)((int64_t)c->ns1 + (int64_t)((__int128)((int64_t)(t - c->t1)) * (int64_t)(c->ns1 - c->ns0) /
						       (int64_t)(c->t1 - c->t0)));
}
/* The counter is the same on all processors and never stops: the processor says so, and the kernel believes it. */
static bool tsc_is_good(void)
{
	static const char path[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char s[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, s, sizeof s - 1) : -1;
	close(fd);
	return n > 0 && !strncmp(s, "tsc", 3);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */
struct session *session_new(int *fd)
{
	*fd = memfd_create("guise-trace", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, (off_t)SESSION_BYTES) < 0)
		refuse("there is no memory to record a trace in: %s (ulimit -f may be too low)", strerror(errno));
	struct session *s = mmap(NULL, SESSION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, *fd, 0);
	if (s == MAP_FAILED)
		refuse("%lu MiB to record a trace in cannot be mapped: %s; raise ulimit -v", SESSION_BYTES >> 20, strerror(errno));
	s->magic = RING_MAGIC;
	s->version = RING_VERSION;
	s->text = TEXT_LIMIT;
	s->tsc = tsc_is_good();
	return s;
}

/* --- the other process -------------------------------------------------------------------------------------------- */
/* The lock is "held" by us: when we end, however that happens, the kernel writes FUTEX_OWNER_DIED there. */
void session_hold(volatile uint32_t *lock)
{
	static struct robust_list_head head;
	static struct { struct robust_list list; } none;

	*lock = (uint32_t)syscall(SYS_gettid);
	head.list.next = &head.list;
	head.futex_offset = (long)((char *)lock - (char *)&none);
	head.list_op_pending = &none.list;       /* the kernel looks at this one first, and only adds the offset */
	syscall(SYS_set_robust_list, &head, sizeof head);
}
static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void close_others(const int *keep, unsigned n)
{
	int k[16] = { 2 };
	unsigned m = 1;
	for (unsigned i = 0; i < n && m < ARRAY_LEN(k); i++)
		if (keep[i] > 2)
			k[m++] = keep[i];
	qsort(k, m, sizeof *k, by_number);
	for (unsigned i = 0; i < m; i++)
		if ((i + 1 < m ? k[i + 1] : 1 << 30) > k[i] + 1)
			syscall(SYS_close_range, k[i] + 1, i + 1 < m ? (unsigned)k[i + 1] - 1 : ~0u, 0);
}
static void become_drainer(struct session *s, int fd, int end, struct raw *raw)
{
	int null = open("/dev/null", O_RDWR);
	int keep[8] = { fd, end };
	unsigned n = 2;

	setsid();
	n += trace_fds(keep + n);
	for (int i = 0; i < 2; i++)
		if (null >= 0 && null != i && !trace_uses(i))
			dup2(null, i);
	close_others(keep, n);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, sig == SIGPIPE || sig == SIGINT || sig == SIGHUP || sig == SIGTERM || sig == SIGQUIT ? SIG_IGN : SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "guise-trace");
	snapshot_point.magic = 0;                /* nobody need wait for a guest here (others.c) */
	prctl(PR_SET_DUMPABLE, 0);               /* what was written of a program is not its to change */
	drain_first(s->main_pid);
	session_hold(&s->drainer);
	_exit(drain(s, end, raw));
}
/* -p: nothing is started; we are the drainer ourselves, until the processes end or a signal says that it is enough. */
int session_attach(struct session *s, int fd, struct raw *raw, const int *pid, unsigned n)
{
	static const int stop[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		refuse("no pipe can be made: %s", strerror(errno));
	session_hold(&s->drainer);
	for (unsigned i = 0; i < ARRAY_LEN(stop); i++)
		sigaction(stop[i], &(struct sigaction){ .sa_handler = drain_stop }, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < n; i++)
		attach_to(pid[i], fd, p[1]);
	drain_attached(pid, n, p[1]);
	int status = drain(s, p[0], raw);
	s->drainer = DRAINER_LEFT;
	return status;
}
void session_spawn(struct session *s, int fd, int *end_fd, struct raw *raw)
{
	int p[2];
	pid_t child;

	s->main_pid = getpid();
	if (pipe2(p, O_CLOEXEC) < 0 || (child = fork()) < 0)
		refuse("the process that writes the trace cannot be started: %s", strerror(errno));
	if (!child) {
		pid_t again = fork();
		if (again)
			_exit(again < 0);
		close(p[1]);
		become_drainer(s, fd, p[0], raw);
	}
	close(p[0]);
	int status = 1;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		refuse("the process that writes the trace cannot be started");
	while (!s->drainer)              /* it holds the lock before the guest looks at it */
		usleep(100);
	munmap(s, SESSION_BYTES);
	*end_fd = p[1];
}
