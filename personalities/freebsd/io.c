/* SPDX-License-Identifier: BSD-2-Clause
 *
 * I/O privilege: /dev/io, which while it is open gives the thread that opened it all ports, and sysarch's sets of single
 * ports. Facts: 15.0-RELEASE, sys/dev/io/iodev.c, sys/amd64/amd64/{io,sys_machdep,vm_machdep,exec_machdep}.c.
 *
 * The level lies in the thread's flags: a fork and a new thread have it, an exec ends it. The set is the thread's alone: no
 * child and no other thread has it, though the next image has. --grant io stands for the privilege to ask; what is
 * given is virtual (syscalls/machine/privilege.h).
 */
#include <fcntl.h>
#include "host.h"
#include "freebsd.h"
#include "machine/privilege.h"

sysfn fbsd_iodev_pio, fbsd_sysarch_get_ioperm, fbsd_sysarch_set_ioperm;

/* The kernel closes the device when its last descriptor goes, in whatever process: here in this one. */
static void io_close(struct fdobj *o)
{
	thread_self()->iopl = 0;
	mem_free(o, sizeof *o);
}
static const struct fdops io_ops = { .name = "io", .close = io_close, .no_file = ENODEV };

/* Its mode is 0600 and root's, so an ordinary user does not come as far as being asked for the privilege. */
static long refused(void) { return host(SYS_geteuid) ? -EACCES : -EPERM; }

long fbsd_device(struct call *c, int path, unsigned flags)
{
	char name[8];
	struct fdobj *o;
	long fd, e;

	if (copy_in(name, (uaddr)c->raw[path], sizeof name) || memcmp(name, "/dev/io", sizeof name))
		return -ENOENT;
	if (!privilege_granted(c->t->p))
		return refused();
	if (!(o = mem_alloc(sizeof *o)))
		return -ENOMEM;
	*o = (struct fdobj){ .ops = &io_ops, .refs = 1 };
	fd = host(SYS_epoll_create1, flags & O_CLOEXEC);        /* something that nobody can read, write or wait for */
	if (fd < 0) {
		mem_free(o, sizeof *o);
		return fd;
	}
	if ((e = privilege_level(c->t, IOPL_ALL)) < 0) {
		host(SYS_close, fd);
		mem_free(o, sizeof *o);
		return e;
	}
	e = fd_put(c->t->p, (int)fd, o);
	return e < 0 ? e : fd;
}
/* The same ports by a request, whatever the thread may: who has the descriptor has the privilege. */
struct pio { uint32_t access, port, width, val; };
enum { PIO_READ, PIO_WRITE };

long fbsd_iodev_pio(struct call *c)
{
	struct machine *m = virtual_machine ? &virtual_machine->m : NULL;
	struct pio r;
	long e;

	if (!fd_get(c->t->p, (int)c->arg[0], &io_ops) || !m)
		return host(SYS_fcntl, c->arg[0], F_GETFD) < 0 ? -EBADF : -ENOTTY;
	if ((e = copy_in(&r, (uaddr)c->arg[2], sizeof r)))
		return e;
	if (r.access > PIO_WRITE || (r.width != 1 && r.width != 2 && r.width != 4))
		return -EINVAL;
	if (r.access == PIO_WRITE)
		machine_out(m, (uint16_t)r.port, r.width, r.val);
	else
		r.val = machine_in(m, (uint16_t)r.port, r.width);
	if (m->ended)
		proc_exit(c->t, m->ended == MACHINE_EXITED ? m->status & 0xff : 0);
	return copy_out((uaddr)c->arg[2], &r, sizeof r);
}

/* --- sysarch ---------------------------------------------------------------------------------------------------------- */
struct ioperm { uint32_t start, length; int32_t enable; };
_Static_assert(sizeof(struct ioperm) == 12, "struct i386_ioperm_args");

long fbsd_sysarch_set_ioperm(struct call *c)
{
	struct ioperm a;
	long e = copy_in(&a, (uaddr)c->arg[1], sizeof a);

	if (e)
		return e;
	if (!privilege_granted(c->t->p))
		return -EPERM;
	if (a.start + a.length < a.start || a.start + a.length > IO_PORTS)
		return -EINVAL;
	return privilege_ports(c->t, a.start, a.length, a.enable);
}
long fbsd_sysarch_get_ioperm(struct call *c)
{
	struct ioperm a;
	long e = copy_in(&a, (uaddr)c->arg[1], sizeof a);

	if (e)
		return e;
	if (a.start >= IO_PORTS)
		return -EINVAL;
	if (!privilege_has_ports(c->t)) {
		a.length = 0;            /* and the rest as it was */
	} else {
		a.enable = privilege_port(c->t, a.start);
		for (a.length = 1; a.start + a.length < IO_PORTS; a.length++)
			if (privilege_port(c->t, a.start + a.length) != a.enable)
				break;
	}
	return copy_out((uaddr)c->arg[1], &a, sizeof a);
}
