/* SPDX-License-Identifier: BSD-2-Clause
 * EVFILT_TIMER: units, periods counted in data, one shot, absolute, re-armed, deleted. */
#include "kq.h"

int main(int argc, char **argv)
{
	long kq = kqueue(), t = now_ms();
	struct timespec now;
	struct kevent k;

	show(change(kq, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 30, (void *)5));
	events(kq, 0, 0);
	events(kq, 1000, 0);
	yes(now_ms() - t >= 29 && now_ms() - t < 500);
	events(kq, 50, 0);
	say("periodic\n");
	t = now_ms();                    /* before: on a busy machine much may pass behind it */
	show(change(kq, 2, EVFILT_TIMER, EV_ADD, NOTE_MSECONDS, 20, 0));
	for (int i = 0; i < 3; i++)
		yes(kevent(kq, 0, 0, &k, 1, TS(1, 0)) == 1 && k.ident == 2 && k.data >= 1 && k.flags == EV_CLEAR);
	yes(now_ms() - t >= 55);
	sleep_ms(110);
	yes(kevent(kq, 0, 0, &k, 1, TS(0, 0)) == 1 && k.data >= 3);
	show(change(kq, 2, EVFILT_TIMER, EV_DELETE, 0, 0, 0));
	events(kq, 40, 0);
	show(change(kq, 2, EVFILT_TIMER, EV_DELETE, 0, 0, 0));
	say("units\n");
	change(kq, 3, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, 20000, 0);
	events(kq, 1000, 0);
	change(kq, 4, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_NSECONDS, 20000000, 0);
	events(kq, 1000, 0);
	change(kq, 5, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_SECONDS, 1, 0);
	events(kq, 20, 0);
	show(change(kq, 5, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_MSECONDS, 10, 0));
	events(kq, 1000, 0);
	say("absolute\n");
	clock_gettime(CLOCK_REALTIME, &now);
	show(change(kq, 6, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_ABSTIME | NOTE_MSECONDS, now.sec * 1000 + now.nsec / 1000000 + 30, 0));
	events(kq, 0, 0);
	events(kq, 1000, 0);
	show(change(kq, 6, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_ABSTIME | NOTE_SECONDS, 1000, 0));
	events(kq, 1000, 0);
	say("refused\n");
	show(change(kq, 7, EVFILT_TIMER, EV_ADD, 0, -1, 0));
	show(change(kq, 7, EVFILT_TIMER, EV_ADD, 0x100, 1, 0));
	return 0;
}
