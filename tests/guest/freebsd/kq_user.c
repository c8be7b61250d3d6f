/* SPDX-License-Identifier: BSD-2-Clause
 * EVFILT_USER: triggered by hand, flags combined by AND, OR, COPY; from another thread; a sleeping kevent wakes. */
#include "kq.h"

static long kq;

static void trigger(void *arg)
{
	sleep_ms(40);
	change(kq, 9, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0);
	thr_exit(0);
}

int main(int argc, char **argv)
{
	kq = kqueue();
	show(change(kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, (void *)2));
	events(kq, 0, 0);
	show(change(kq, 1, EVFILT_USER, 0, NOTE_TRIGGER, 0, (void *)3));
	events(kq, 0, 0);
	events(kq, 0, 0);
	show(change(kq, 1, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFCOPY | 0xf0, 0, 0));
	events(kq, 0, 0);
	show(change(kq, 1, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFOR | 0x0f, 0, 0));
	events(kq, 0, 0);
	show(change(kq, 1, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFAND | 0x11, 0, 0));
	events(kq, 0, 0);
	show(change(kq, 1, EVFILT_USER, 0, NOTE_TRIGGER | 0xff, 0, 0));
	events(kq, 0, 0);
	say("without EV_CLEAR it stays\n");
	show(change(kq, 2, EVFILT_USER, EV_ADD, 0, 0, 0));
	events(kq, 0, 0);
	show(change(kq, 2, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0));
	events(kq, 0, 0);
	events(kq, 0, 0);
	show(change(kq, 2, EVFILT_USER, EV_CLEAR, 0, 0, 0));
	events(kq, 0, 0);
	show(change(kq, 2, EVFILT_USER, EV_DELETE, 0, 0, 0));
	show(change(kq, 2, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0));
	say("another thread\n");
	change(kq, 9, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, (void *)9);
	thread(trigger, 0);
	events(kq, 2000, 0);
	return 0;
}
