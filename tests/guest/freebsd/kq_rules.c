/* SPDX-License-Identifier: BSD-2-Clause
 * The rules of kqueue itself: errors and receipts, changes and events in one call, dup, fork, nesting, poll, the layout
 * of FreeBSD 11. */
#include "kq.h"

int main(int argc, char **argv)
{
	long kq = kqueue(), outer, copy, child;
	struct kevent ch[3] = { { 999, EVFILT_READ, EV_ADD }, { 1, EVFILT_USER, EV_ADD | EV_RECEIPT }, { 2, EVFILT_USER, EV_DELETE } }, ev[4];
	struct kevent11 old = { 7, EVFILT_USER, EV_ADD, 0, 0, (void *)70 }, out;
	struct pollfd pf = { (int)kq, POLLIN, 0 };
	int p[2];

	show(kq);
	show(fcntl(kq, F_GETFD, 0));
	show(read(kq, ev, 1));
	show(write(kq, ev, 1));
	show(lseek(kq, 0, SEEK_CUR));
	say("errors come as events\n");
	show(kevent(kq, ch, 3, ev, 4, TS(0, 0)));
	for (int i = 0; i < 3; i++)
		say("ident %lu flags %x data %ld\n", ev[i].ident, ev[i].flags, ev[i].data);
	show(kevent(kq, ch, 1, 0, 0, 0));
	show(kevent(99, ch, 1, 0, 0, 0));
	show(kevent(1, ch, 1, 0, 0, 0));
	show(kevent(kq, (void *)8, 1, 0, 0, 0));
	show(kevent(kq, 0, -1, 0, 0, 0));
	show(kevent(kq, 0, 0, ev, 1, TS(0, -1)));
	show(kevent(kq, 0, 0, ev, 1, (void *)8));
	show(change(kq, 1, -50, EV_ADD, 0, 0, 0));
	show(change(kq, 1, -12, EV_ADD, 0, 0, 0));           /* EVFILT_SENDFILE: a name without a filter */
	show(change(kq, kq, EVFILT_READ, EV_ADD, 0, 0, 0));
	show(change(kq, 1, EVFILT_USER, EV_ENABLE | EV_DISABLE, 0, 0, 0));
	say("change and event in one call\n");
	ch[0] = (struct kevent){ 1, EVFILT_USER, 0, NOTE_TRIGGER };
	show(kevent(kq, ch, 1, ev, 4, 0));
	say("poll, dup and nesting\n");
	show(poll(&pf, 1, 0));
	copy = dup(kq);
	outer = kqueue();
	show(change(outer, kq, EVFILT_READ, EV_ADD, 0, 0, 0));
	events(outer, 0, 0);
	events(copy, 0, 0);
	change(copy, 1, EVFILT_USER, EV_DELETE, 0, 0, 0);
	show(poll(&pf, 1, 0));
	events(outer, 0, 0);
	say("a duplicate keeps the file, not the event\n");
	pipe2(p, 0);
	write(p[1], "x", 1);
	change(kq, p[0], EVFILT_READ, EV_ADD, 0, 0, 0);
	int d = (int)dup(p[0]);
	close(p[0]);
	events(kq, 0, 0);
	close(d);
	say("not inherited\n");
	change(kq, 3, EVFILT_USER, EV_ADD, 0, 0, 0);
	change(kq, 3, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0);
	if ((child = fork()) == 0) {
		show(kevent(kq, 0, 0, ev, 1, TS(0, 0)));
		show(fcntl(kq, F_GETFD, 0));
		quit(0);
	}
	wait_for(child);
	events(kq, 0, 0);
	say("the old layout\n");
	change(kq, 3, EVFILT_USER, EV_DELETE, 0, 0, 0);
	show(sys(SYS_freebsd11_kevent, kq, &old, 1, 0, 0, 0));
	change(kq, 7, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFCOPY | 5, 0, (void *)71);
	show(sys(SYS_freebsd11_kevent, kq, 0, 0, &out, 1, TS(0, 0)));
	say("ident %lu fflags %x udata %lx\n", out.ident, out.fflags, (long)out.udata);
	show(kqueuex(1));
	show(kqueuex(0x1000));
	return 0;
}
