/* SPDX-License-Identifier: BSD-2-Clause
 * EVFILT_VNODE: what happened to a file, by whoever did it. Each event is asked for alone, so
 * that their number is sure; a write that also extends the file says both. */
#include "kq.h"

int main(int argc, char **argv)
{
	long kq = kqueue(), fd, w, d;

	put_file("f", "abc");
	mkdir("d", 0755);
	fd = open("f", O_RDONLY, 0);
	d = open("d", O_RDONLY, 0);
	w = open("f", O_WRONLY | O_APPEND, 0);
	show(change(kq, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE, 0, (void *)1));
	events(kq, 0, 0);
	write(w, "def", 3);
	events(kq, 1000, 0);
	events(kq, 50, 0);
	show(change(kq, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_ATTRIB, 0, (void *)2));
	chmod("f", 0600);
	events(kq, 1000, 0);
	show(change(kq, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_LINK, 0, (void *)3));
	link("f", "g");
	events(kq, 1000, 0);
	show(change(kq, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_RENAME, 0, (void *)4));
	rename("f", "h");
	events(kq, 1000, 0);
	show(change(kq, d, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE, 0, (void *)5));
	put_file("d/new", "");
	events(kq, 1000, 0);
	show(change(kq, d, EVFILT_VNODE, EV_DELETE, 0, 0, 0));
	show(change(kq, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_DELETE, 0, (void *)6));
	unlink("g");
	close(w);
	unlink("h");
	events(kq, 1000, 0);
	return 0;
}
