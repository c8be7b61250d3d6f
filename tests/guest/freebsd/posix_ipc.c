/* SPDX-License-Identifier: BSD-2-Clause
 * POSIX shared memory, named and not, and message queues. */
#include "fbsd.h"

#define SHM_ANON 1
struct mq_attr { long flags, maxmsg, msgsize, curmsgs, reserved[4]; };

static void shm(void)
{
	struct stat st;
	char name[] = "/guise-test-a/b-0000000", other[] = "/guise-test-c-0000000";
	long fd, again, at;

	own_name(name), own_name(other);
	shm_unlink(name), shm_unlink(other);
	show(shm_open2(name, O_RDWR, 0, 0, 0));
	show(fd = shm_open2(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, 0, 0));
	show(shm_open2(name, O_RDWR | O_CREAT | O_EXCL, 0600, 0, 0));
	show(fcntl(fd, F_GETFD));
	show(ftruncate(fd, 8192));
	at = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	*(int *)at = 1234;
	show(again = sys(SYS_freebsd12_shm_open, name, O_RDONLY, 0));
	show(fcntl(again, F_GETFD));
	int v = 0;
	show(pread(again, &v, 4, 0));
	show(v);
	show(write(again, &v, 4));
	show(fstat(fd, &st));
	say("mode %x size %ld\n", st.mode & 0777, (long)st.size);
	show(shm_rename(name, other, 1));
	show(shm_rename(name, other, 0));
	show(shm_unlink(name));
	show(shm_unlink(other));
	show(shm_open2("none", O_RDWR | O_CREAT, 0600, 0, 0));
	show(shm_open2(name, O_WRONLY, 0, 0, 0));
	show(shm_open2(8, O_RDWR, 0, 0, 0));
	close(fd), close(again);

	say("anonymous\n");
	show(sys(SYS_freebsd12_shm_open, SHM_ANON, O_RDONLY, 0600));
	show(fd = sys(SYS_freebsd12_shm_open, SHM_ANON, O_RDWR, 0600));
	show(fcntl(fd, F_GETFD));
	show(ftruncate(fd, 4096));
	show(pwrite(fd, "anon", 4, 100));
	show(fcntl(fd, F_GET_SEALS));
	close(fd);
	show(fd = shm_open2(SHM_ANON, O_RDWR, 0, 1, "memfd:x"));
	show(fcntl(fd, F_GETFD));
	show(fcntl(fd, F_ADD_SEALS, 4));
	show(ftruncate(fd, 100000));
}
static char queue[] = "/guise-test-q-0000000";
static void mq(void)
{
	struct mq_attr a = { 0, 4, 64, 0 }, got;
	char b[64];
	u32 prio = 99;
	long q;

	own_name(queue);
	sys(SYS_kmq_unlink, queue);
	show(sys(SYS_kmq_open, queue, O_RDWR, 0, 0));
	q = sys(SYS_kmq_open, queue, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600, &a);
	yes(q >= 0);
	memset(&got, 255, sizeof(got));
	show(sys(SYS_kmq_setattr, q, 0, &got));
	say("flags %x maxmsg %ld msgsize %ld cur %ld\n", got.flags, got.maxmsg, got.msgsize, got.curmsgs);
	show(sys(SYS_kmq_timedreceive, q, b, 64, &prio, 0));
	show(sys(SYS_kmq_timedsend, q, "low", 3, 1, 0));
	show(sys(SYS_kmq_timedsend, q, "high", 4, 7, 0));
	show(sys(SYS_kmq_timedsend, q, b, 65, 7, 0));
	show(sys(SYS_kmq_timedreceive, q, b, 63, &prio, 0));
	show(sys(SYS_kmq_timedreceive, q, b, 64, &prio, 0));
	say("%c %u\n", b[0], prio);
	a.flags = 0;
	show(sys(SYS_kmq_setattr, q, &a, &got));
	say("flags %x cur %ld\n", got.flags, got.curmsgs);
	show(sys(SYS_kmq_timedreceive, q, b, 64, 0, 0));
	show(sys(SYS_kmq_timedreceive, q, b, 64, 0, TS(1, 0)));
	show(close(q));
	show(sys(SYS_kmq_unlink, queue));
	show(sys(SYS_kmq_unlink, queue));
	show(sys(SYS_kmq_unlink, "/a/b"));
}
int main(int argc, char **argv)
{
	shm();
	mq();
	return 0;
}
