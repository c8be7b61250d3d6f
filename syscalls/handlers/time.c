/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clocks, sleeping and interval timers. Clock numbers are the host's already, and X_CLOCK_SECOND. Reading one of the
 * clocks that the host's vDSO serves makes no kernel entry: its function is found once, by name, in our own vDSO, which
 * the guest is never shown. It runs on our stack and touches neither vector registers nor the thread pointer.
 */
#include <elf.h>
#include <time.h>
#include <sys/time.h>
#include "host.h"
#include "ext.h"
#include "snapshot.h"

sysfn sys_gettimeofday, sys_settimeofday, sys_clock_gettime, sys_clock_getres, sys_clock_settime, sys_nanosleep,
	sys_clock_nanosleep, sys_getitimer, sys_setitimer, sys_adjtime, sys_timer_create, sys_timer_delete,
	sys_timer_settime, sys_timer_gettime, sys_timer_getoverrun, sys_timerfd_create, sys_timerfd_settime,
	sys_timerfd_gettime;

/* --- the vDSO --------------------------------------------------------------------------------------------------- */
typedef int clockfn(long, struct timespec *);
static uaddr vdso_at;
static clockfn *vdso_clock;              /* NULL: ask the kernel */

/* With another clock source the vDSO makes the system call itself, from text that not every engine lets through. */
static bool vdso_counts(void)
{
	static const char *const good[] = { "tsc", "kvm-clock", "hyperv" };
	char s[64];
	if (file_read("/sys/devices/system/clocksource/clocksource0/current_clocksource", s, sizeof s) <= 0)
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(good); i++)
		if (!str_ncmp(s, good[i], str_len(good[i])))
			return true;
	return false;
}
/* The symbol table ends where the strings begin: the linker script of the vDSO lays them so. */
static void *vdso_find(uaddr base, const Elf64_Dyn *d, const char *name)
{
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_STRTAB)
			str = (const char *)(base + d->d_un.d_ptr);
		else if (d->d_tag == DT_SYMTAB)
			sym = (const Elf64_Sym *)(base + d->d_un.d_ptr);
	}
	for (; sym && str && (const char *)(sym + 1) <= str; sym++)
		if (sym->st_shndx && !str_cmp(str + sym->st_name, name))
			return (void *)(base + sym->st_value);
	return NULL;
}
static clockfn *clock_found(uaddr vdso)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)vdso;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(vdso + eh->e_phoff);
	clockfn *fn = NULL;
	if (!vdso_counts())
		return NULL;
	for (unsigned i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			fn = vdso_find(vdso, (const Elf64_Dyn *)(vdso + ph[i].p_vaddr), "__vdso_clock_gettime");
	return fn;
}
/* Many programs never ask the time: only the first who does pays for the look. */
static int first_clock(long clock, struct timespec *ts)
{
	clockfn *fn = clock_found(vdso_at);
	vdso_clock = fn;
	return fn ? fn(clock, ts) : -1;
}
void time_start(uaddr vdso)
{
	vdso_at = vdso;
	vdso_clock = first_clock;
}
long time_now(long clock, struct timespec *ts)
{
	bool served = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME_COARSE ||
		      clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
	clockfn *fn = vdso_clock;
	if (served && fn && fn(clock, ts) == 0)
		return 0;
	return host(SYS_clock_gettime, (int)clock, ts);
}

/* --- clocks ----------------------------------------------------------------------------------------------------- */
long sys_gettimeofday(struct call *c)
{
	static const int utc[2];
	struct timespec ts;
	long e = time_now(CLOCK_REALTIME, &ts);
	struct timeval tv = { ts.tv_sec, ts.tv_nsec / 1000 };
	if (!e && c->arg[0])
		e = arg_put(c, 0, &tv);
	if (!e && c->arg[1])
		e = arg_put(c, 1, utc);
	return e;
}
/* The zone argument of old is taken and forgotten: Linux would shift the machine's clock by it once. */
long sys_settimeofday(struct call *c)
{
	struct timeval tv;
	if (!c->arg[0])
		return host(SYS_geteuid) ? -EPERM : 0;
	long e = arg_get(c, 0, &tv);
	return e < 0 ? e : host(SYS_settimeofday, &tv, NULL);
}
long sys_clock_gettime(struct call *c)
{
	bool second = c->arg[0] == X_CLOCK_SECOND;
	struct timespec ts;
	/* not the coarse clock: a timer set for a full second may not end in the second before it */
	long e = time_now(second ? CLOCK_REALTIME : c->arg[0], &ts);
	if (second)
		ts.tv_nsec = 0;
	return e < 0 ? e : arg_put(c, 1, &ts);
}
/* What programs ask most often. */
static bool quick_clock(struct thread *t, const struct row *r, long clock, long to, long c, long d)
{
	struct timespec ts;
	uint64_t host;
	return !set_to_host(t->p->pers, r->arg[0].what, (uint32_t)clock, &host) && !(host & ~HOST_BITS) &&
	       !time_now((long)host, &ts) && !rec_put(t, r->arg[1].what, (uaddr)to, &ts);
}
QUICK(sys_clock_gettime, quick_clock);
long sys_clock_getres(struct call *c)
{
	bool second = c->arg[0] == X_CLOCK_SECOND;
	struct timespec ts = { 1, 0 };
	long e = second ? 0 : host(SYS_clock_getres, (int)c->arg[0], &ts);
	return e < 0 || !c->arg[1] ? e : arg_put(c, 1, &ts);
}
long sys_clock_settime(struct call *c)
{
	struct timespec ts;
	long e = arg_get(c, 1, &ts);
	return e < 0 ? e : c->arg[0] == X_CLOCK_SECOND ? -EINVAL : host(SYS_clock_settime, (int)c->arg[0], &ts);
}
long sys_adjtime(struct call *c)
{
	struct timex x = { .modes = c->arg[0] ? ADJ_OFFSET_SINGLESHOT : ADJ_OFFSET_SS_READ };
	struct timeval tv;
	long e = c->arg[0] ? arg_get(c, 0, &tv) : 0;
	if (e < 0)
		return e;
	if (c->arg[0])
		x.offset = tv.tv_sec * 1000000 + tv.tv_usec;
	e = host(SYS_adjtimex, &x);
	if (e < 0 || !c->arg[1])
		return MIN(e, 0l);
	tv = (struct timeval){ x.offset / 1000000, x.offset % 1000000 };
	return arg_put(c, 1, &tv);
}

/* --- sleep: the rest is told only when a signal ended it -------------------------------------------------------- */
static long sleep_on(struct call *c, long clock, long flags, int i)
{
	struct timespec want, rest;
	bool abs = flags & TIMER_ABSTIME;
	long e = arg_get(c, i, &want), f;
	if (e < 0)
		return e;
	if (!c->t->p->pers->identity && (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE))
		clock = clock == CLOCK_REALTIME_COARSE ? CLOCK_REALTIME : CLOCK_MONOTONIC;   /* read only */
	rest = want;
	if (!abs && sleep_resumed(c->t, &rest) && (rest.tv_sec > want.tv_sec || rest.tv_sec < 0))
		rest = want;
	sleep_counts(c->t, abs ? NULL : &rest);
	do {
		struct timespec now = abs ? want : rest;
		e = block(SYS_clock_nanosleep, (int)clock, (int)flags, &now, &rest);
	} while (e == -EINTR && !c->t->attn && !c->t->poked);    /* ended for our own reasons, not the guest's */
	sleep_counts(c->t, NULL);
	if (e != -EINTR || abs || !c->arg[i + 1])
		return e;
	if (rest.tv_sec > want.tv_sec || (rest.tv_sec == want.tv_sec && rest.tv_nsec > want.tv_nsec))
		rest = want;             /* Linux adds the slack of its timers */
	return (f = arg_put(c, i + 1, &rest)) < 0 ? f : e;
}
/* It counts on the monotonic clock, the host's on the real-time one; steps of the clock disturb neither. */
long sys_nanosleep(struct call *c) { return sleep_on(c, CLOCK_MONOTONIC, 0, 0); }
long sys_clock_nanosleep(struct call *c)
{
	return sleep_on(c, c->arg[0] == X_CLOCK_SECOND ? CLOCK_REALTIME : c->arg[0], c->arg[1], 2);
}

/* --- the three timers of every process -------------------------------------------------------------------------- */
long sys_getitimer(struct call *c)
{
	struct itimerval it;
	long e = host(SYS_getitimer, (int)c->arg[0], &it);
	return e < 0 ? e : arg_put(c, 1, &it);
}
static void at_least(struct timeval *tv, suseconds_t least)
{
	if (!tv->tv_sec && tv->tv_usec > 0)
		tv->tv_usec = MAX(tv->tv_usec, least);
}
long sys_setitimer(struct call *c)
{
	suseconds_t least = c->t->p->pers->itimer_least_us;
	struct itimerval new, old;
	long e;
	if (!c->arg[1])                          /* only tell; the host's would stop the timer */
		return c->arg[2] ? (e = host(SYS_getitimer, (int)c->arg[0], &old)) < 0 ? e : arg_put(c, 2, &old) : 0;
	if ((e = arg_get(c, 1, &new)))
		return e;
	at_least(&new.it_value, least);
	at_least(&new.it_interval, least);
	e = host(SYS_setitimer, (int)c->arg[0], &new, &old);
	return e < 0 || !c->arg[2] ? e : arg_put(c, 2, &old);
}

/* --- POSIX timers: numbers are the host's, small and per process on both sides ---------------------------------- */
long sys_timer_create(struct call *c)
{
	struct sigevent ev;
	int id, row = -1;
	long e = c->arg[1] ? arg_get(c, 1, &ev) : 0;
	if (e < 0)
		return e;
	if (c->arg[1] && ev.sigev_notify != SIGEV_NONE && ev.sigev_signo <= 0) {
		report_unknown(c->t, UNK_OPTION, "timer signal", (uint64_t)ev.sigev_signo);
		return -EINVAL;
	}
	if (c->arg[1] && ev.sigev_notify != SIGEV_NONE && ev.sigev_signo > 64 && (row = carrier_event(c->t, &ev)) < 0)
		return row;
	e = host(SYS_timer_create, (int)c->arg[0], c->arg[1] ? &ev : NULL, &id);
	if (e >= 0 && row >= 0)
		carrier_event_timer(row, id);
	else if (row >= 0)
		carrier_event_done(row);
	if (e < 0)
		return e;
	e = arg_put(c, 2, &id);
	if (e < 0) {
		host(SYS_timer_delete, id);
		carrier_timer_gone(c->t, id);
	}
	return e;
}
long sys_timer_delete(struct call *c)
{
	long e = host(SYS_timer_delete, (int)c->arg[0]);
	if (!e)
		carrier_timer_gone(c->t, (int)c->arg[0]);
	return e;
}
long sys_timer_getoverrun(struct call *c)
{
	long e = host(SYS_timer_getoverrun, (int)c->arg[0]), ours = e < 0 ? -1 : carrier_timer_overrun(c->t, (int)c->arg[0]);
	return ours < 0 ? e : ours;
}

static void at_least_ns(struct timespec *ts, long least)
{
	if (!ts->tv_sec && ts->tv_nsec > 0)
		ts->tv_nsec = MAX(ts->tv_nsec, least);
}
static long timer_set(struct call *c, long nr, long least)
{
	struct itimerspec new, old;
	long e = arg_get(c, 2, &new);
	if (e)
		return e;
	at_least_ns(&new.it_value, least);
	at_least_ns(&new.it_interval, least);
	e = host(nr, (int)c->arg[0], (int)c->arg[1], &new, &old);
	return e < 0 || !c->arg[3] ? e : arg_put(c, 3, &old);
}
static long timer_get(struct call *c, long nr)
{
	struct itimerspec it;
	long e = host(nr, (int)c->arg[0], &it);
	return e < 0 ? e : arg_put(c, 1, &it);
}
long sys_timer_settime(struct call *c) { return timer_set(c, SYS_timer_settime, c->t->p->pers->timer_least_ns); }
long sys_timer_gettime(struct call *c) { return timer_get(c, SYS_timer_gettime); }
long sys_timerfd_create(struct call *c) { return host(SYS_timerfd_create, (int)c->arg[0], (int)c->arg[1]); }
long sys_timerfd_settime(struct call *c) { return timer_set(c, SYS_timerfd_settime, 0); }
long sys_timerfd_gettime(struct call *c) { return timer_get(c, SYS_timerfd_gettime); }
