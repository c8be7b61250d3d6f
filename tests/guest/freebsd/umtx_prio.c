/* SPDX-License-Identifier: BSD-2-Clause
 * Mutexes that move priorities, seen in the host's /proc: who waits lends its own to the owner (UMUTEX_PRIO_INHERIT), along a
 * chain, until it has the mutex or gives up; a ceiling (UMUTEX_PRIO_PROTECT) is the owner's while it holds the mutex. The thread's
 * own priority is what rtprio tells all the while.
 * TEST needs: realtime
 */
#include "fbsd.h"

enum { RTP_LOOKUP, RTP_SET, REALTIME = 2, NORMAL = 3, FIFO = 10, INHERIT = 4, PROTECT = 8 };
struct rtprio { u16 type, prio; };
static struct umutex a = { .flags = INHERIT }, b = { .flags = INHERIT }, top = { .flags = PROTECT }, high = { .flags = PROTECT };
static volatile u32 turn, tids[4];

/* of the host: 20 is a common thread's, -1 - n that of real time n */
static long prio_of(u32 tid)
{
	char path[64] = "/proc/self/task/", text[512] = { 0 }, *s;
	long n = strlen(path), host = (long)tid - 10000000, v = 0, minus;
	for (long d = 100000000, on = 0; d; d /= 10)
		if ((on |= host / d))
			path[n++] = (char)('0' + host / d % 10);
	strcpy(path + n, "/stat");
	long fd = open(path, O_RDONLY, 0);
	read(fd, text, sizeof(text) - 1);
	close(fd);
	for (s = text; *s && *s != ')'; s++)
		;
	for (n = 2; *s && n < 18; s++)
		n += *s == ' ';
	minus = *s == '-';
	for (s += minus; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + *s - '0';
	return minus ? -v : v;
}
static long becomes(u32 tid, long prio)
{
	long p;
	for (int i = 0; (p = prio_of(tid)) != prio && i < 500; i++)
		sleep_ms(4);
	return p;
}
static u32 me(void)
{
	long id;
	thr_self(&id);
	return (u32)id;
}
static struct rtprio own(void)
{
	struct rtprio r = { 99, 99 };
	sys(SYS_rtprio_thread, RTP_LOOKUP, 0, &r);
	return r;
}
static long become(int type, int prio)
{
	struct rtprio r = { (u16)type, (u16)prio };
	return sys(SYS_rtprio_thread, RTP_SET, 0, &r);
}
static long lock(struct umutex *m) { return umtx_op(m, UMTX_OP_MUTEX_LOCK, 0, 0, 0); }
static long unlock(struct umutex *m) { return umtx_op(m, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0); }
static void next(u32 n)
{
	turn = n;
	umtx_op((void *)&turn, UMTX_OP_WAKE, 100, 0, 0);
}
static void until(u32 n)
{
	for (u32 t; (t = turn) < n;)
		umtx_op((void *)&turn, UMTX_OP_WAIT_UINT, t, 0, 0);
}

/* --- inheritance ------------------------------------------------------------------------------------------------------------ */
static void first(void *arg)
{
	become(FIFO, 10);
	tids[1] = me();
	lock(&a);
	say("first has it, at %ld\n", prio_of(me()));
	unlock(&a);
	next(1);
	thr_exit(0);
}
static void middle(void *arg)
{
	tids[2] = me();
	lock(&b);
	next(2);
	lock(&a);
	say("middle has both, at %ld\n", prio_of(me()));
	unlock(&a);
	unlock(&b);
	until(5);
	say("middle has none, at %ld\n", becomes(me(), 20));
	next(6);
	thr_exit(0);
}
static void last(void *arg)
{
	become(FIFO, 20);
	tids[3] = me();
	say("waited: %e\n", umtx_op(&b, UMTX_OP_MUTEX_LOCK, 0, (void *)16, TS(0, 300000000)));
	next(3);
	lock(&b);
	unlock(&b);
	next(4);
	thr_exit(0);
}
static void inheritance(void)
{
	u32 id = me();
	lock(&a);
	thread(first, 0);
	say("owner at %ld, its own is %d\n", becomes(id, -23), own().type);
	unlock(&a);
	until(1);
	say("given back: %ld\n", becomes(id, 20));

	lock(&a);
	thread(middle, 0);
	until(2);
	thread(last, 0);
	say("the chain: %ld ", becomes(id, -13));
	say("%ld\n", becomes(tids[2], -13));
	until(3);
	say("who waits again lends again: %ld\n", becomes(id, -13));
	unlock(&a);
	until(4);
	say("given back: %ld\n", becomes(id, 20));
	next(5);
	until(6);
}
/* --- protection ------------------------------------------------------------------------------------------------------------- */
static void protection(void)
{
	u32 id = me();
	top.ceilings[0] = 15, top.ceilings[1] = ~0u, top.owner = 0x80000000;
	high.ceilings[0] = 25, high.ceilings[1] = 15, high.owner = 0x80000000;

	show(lock(&top));
	say("ceiling 15: %ld, its own is %d\n", prio_of(id), own().type);
	show(lock(&high));
	say("ceiling 25: %ld\n", prio_of(id));
	show(umtx_op(&high, UMTX_OP_MUTEX_TRYLOCK, 0, 0, 0));
	say("still: %ld\n", prio_of(id));
	show(unlock(&high));
	say("back to 15: %ld\n", prio_of(id));
	show(become(REALTIME, 31));
	say("its own changes: %d %d, %ld\n", own().type, own().prio, prio_of(id));
	show(unlock(&top));
	say("its own: %ld\n", prio_of(id));
	show(become(REALTIME, 31 - 16));
	show(lock(&top));                            /* its own is above the ceiling */
	show(umtx_op(&top, UMTX_OP_MUTEX_TRYLOCK, 0, 0, 0));
	say("%ld\n", prio_of(id));
	show(become(REALTIME, 31 - 15));
	show(lock(&top));
	say("%ld\n", prio_of(id));
	show(unlock(&top));
	show(become(NORMAL, 0));
	say("%ld\n", prio_of(id));
}
int main(int argc, char **argv)
{
	inheritance();
	protection();
	return 0;
}
