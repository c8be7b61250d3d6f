/* SPDX-License-Identifier: BSD-2-Clause
 * A controlling terminal: taken by a session, its foreground group set and told, given up; modem lines of a terminal that
 * has none, packets of the master, exclusive use, breaks, input put back.
 */
#include "tty.h"

static long master, slave;
static char path[20];

static void open_both(void)
{
	master = sys(SYS_posix_openpt, O_RDWR | O_NOCTTY);
	slave = open_slave(master, path);
	yes(master > 2 && slave > 2);
}

/* in a session of its own */
static void session(void)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	int id = 0, group;
	long kid, status;

	show(ioctl(slave, TIOCSCTTY, 0));                /* not a leader yet */
	yes(setsid() == getpid());
	show(ioctl(slave, TIOCGSID, &id));
	show(ioctl(slave, TIOCGPGRP, &id));
	show(ioctl(slave, TIOCSPGRP, &id));
	show(ioctl(slave, TIOCSCTTY, 0));
	show(ioctl(slave, TIOCSCTTY, 0));                /* again is no mistake */
	show(ioctl(slave, TIOCGSID, &id));
	yes(id == getpid());
	show(ioctl(slave, TIOCGPGRP, &id));
	yes(id == getpid());
	show(ioctl(master, TIOCGPGRP, &id));
	yes(id == getpid());
	id = open("/dev/tty", O_RDWR, 0);
	yes(id > 2);
	close(id);
	if (!(kid = fork())) {
		setpgid(0, 0);
		sleep_ms(2000);
		quit(9);
	}
	setpgid(kid, kid);
	group = (int)kid;
	sigaction(SIGTTOU, &ign, 0);                    /* or we stop, being in the background then */
	show(ioctl(slave, TIOCSPGRP, &group));
	show(ioctl(slave, TIOCGPGRP, &id));
	yes(id == kid);
	write(master, "\3", 1);                         /* ^C goes to the foreground group */
	status = wait_for(kid);
	say("child ended by signal %ld\n", WTERMSIG(status));
	group = 99999999;
	show(ioctl(slave, TIOCSPGRP, &group));
	group = -5;
	show(ioctl(slave, TIOCSPGRP, &group));
	show(ioctl(slave, TIOCSPGRP, 8));
	sigaction(SIGHUP, &ign, 0);
	sigaction(SIGCONT, &ign, 0);
	group = getpid();
	show(ioctl(slave, TIOCSPGRP, &group));
	show(ioctl(slave, TIOCNOTTY, 0));
	show(ioctl(slave, TIOCGSID, &id));
	show(open("/dev/tty", O_RDWR, 0));
	show(ioctl(slave, TIOCNOTTY, 0));
}
static void lines(void)
{
	int bits = 0;

	show(ioctl(slave, TIOCMGET, &bits));
	say("%x\n", bits);
	bits = 2;
	show(ioctl(slave, TIOCMSET, &bits));
	show(ioctl(slave, TIOCMBIS, &bits));
	show(ioctl(slave, TIOCMBIC, &bits));
	show(ioctl(slave, TIOCMBIC, 8));
	show(ioctl(slave, TIOCMGET, 8));
	show(ioctl(slave, TIOCSDTR, 0));
	show(ioctl(slave, TIOCCDTR, 0));
	show(ioctl(slave, TIOCSBRK, 0));
	show(ioctl(slave, TIOCCBRK, 0));
	put_file("f", "plain");
	bits = open("f", O_RDONLY, 0);
	show(ioctl(bits, TIOCMGET, &bits));
	show(ioctl(bits, TIOCSDTR, 0));
	show(ioctl(bits, TIOCEXCL, 0));
	close(bits);
}
static void settings(void)
{
	struct termios t, u;
	char b[8];
	long n;

	ioctl(slave, TIOCGETA, &t);
	t.lflag &= ~(ECHO | ICANON);
	show(ioctl(slave, TIOCSETA, &t));
	show(ioctl(slave, TIOCGETA, &u));
	yes(!memcmp(&t, &u, sizeof(t)));
	write(master, "lost", 4);
	show(waiting(slave));
	show(ioctl(slave, TIOCSETAF, &t));              /* what was typed and not read is thrown away */
	n = -1;
	show(ioctl(slave, FIONREAD, &n));
	show((int)n);
	show(ioctl(slave, TIOCSETA, 8));
	n = -1;
	show(ioctl(slave, TIOCOUTQ, &n));
	show((int)n);
	n = ioctl(slave, TIOCSTI, "c");                 /* many hosts refuse it */
	yes(n == 0 || n == -EIO || n == -EPERM);
	if (!n)
		read(slave, b, 1);
}
static void packets(void)
{
	int on = 1, off = 0;
	char b[16] = { 0 };
	long n;

	show(ioctl(master, TIOCPKT, &on));
	show(write(slave, "xy", 2));
	waiting_for(master, 4);                         /* the ^C echoed before, and xy: the host hands both on when it likes */
	show(read(master, b, 16));
	say("%d %s\n", b[0], b + 1);
	ioctl(slave, TIOCSTOP, 0);
	n = read(master, b, 16);
	say("%ld: %x\n", n, b[0] & 0xff);               /* TIOCPKT_STOP */
	ioctl(slave, TIOCSTART, 0);
	n = read(master, b, 16);
	say("%ld: %x\n", n, b[0] & 0xff);
	show(ioctl(master, TIOCPKT, &off));
	show(ioctl(slave, TIOCPKT, &on));
}
static void exclusive(void)
{
	long kid;

	chmod(path, 0666);
	show(ioctl(slave, TIOCEXCL, 0));
	if (!(kid = fork())) {
		sys(SYS_setuid, 65534);
		show(open(path, O_RDWR | O_NOCTTY, 0));
		quit(0);
	}
	wait_for(kid);
	show(ioctl(slave, TIOCNXCL, 0));
	works(open(path, O_RDWR | O_NOCTTY, 0));
}
int main(int argc, char **argv)
{
	long kid;

	open_both();
	if (!(kid = fork())) {
		session();
		quit(0);
	}
	wait_for(kid);
	lines();
	settings();
	packets();
	exclusive();
	return 0;
}
