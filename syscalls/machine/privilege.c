/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who may use privileged instructions (privilege.h): a level and a set of ports for each thread, given by the system's own
 * calls, and what of them and of the machine goes over an exec.
 */
#include <sys/mman.h>
#include "host.h"
#include "options.h"
#include "machine/privilege.h"

#define PORT_BYTES (IO_PORTS / 8)
#define MAGIC 0x316f6970u                /* "pio1" */

bool privilege_granted(const struct proc *p) { return p->opt->grant_io; }

long privilege_level(struct thread *t, unsigned level)
{
	long e = level ? virtual_start(t) : 0;
	if (!e)
		t->iopl = (uint8_t)level;
	return e;
}
long privilege_ports(struct thread *t, unsigned from, unsigned n, bool on)
{
	long e = virtual_start(t);

	if (e)
		return e;
	if (!t->ports && !(t->ports = mem_alloc(PORT_BYTES)))
		return -ENOMEM;
	for (unsigned i = from; i < from + n && i < IO_PORTS; i++)
		t->ports[i / 8] = (uint8_t)(on ? t->ports[i / 8] | 1u << i % 8 : t->ports[i / 8] & ~(1u << i % 8));
	return 0;
}
bool privilege_has_ports(const struct thread *t) { return t->ports; }
bool privilege_port(const struct thread *t, unsigned port)
{
	return t->ports && port < IO_PORTS && t->ports[port / 8] >> port % 8 & 1;
}
void privilege_end_ports(struct thread *t)
{
	mem_free(t->ports, t->ports ? PORT_BYTES : 0);
	t->ports = NULL;
}
void privilege_end(struct thread *t)
{
	privilege_end_ports(t);
	t->iopl = 0;
	t->held_back = false;
}
void privilege_born(struct thread *child, const struct thread *t, bool ports)
{
	child->iopl = t->iopl;
	if (ports && t->ports && (child->ports = mem_alloc(PORT_BYTES)))
		memcpy(child->ports, t->ports, PORT_BYTES);
}

/* --- over an exec: one file in memory, sealed, that the next image reads once ---------------------------------------------------- */
struct kept { uint32_t magic, size; uint8_t level, has_ports, spare[6]; };

static bool put(int to, const void *p, size_t n) { return host(SYS_write, to, p, n) == (long)n; }
static bool get(int from, void *p, size_t n) { return host(SYS_read, from, p, n) == (long)n; }

int privilege_save(struct thread *t, bool level)
{
	struct virtual *v = virtual_machine;
	struct kept k = { .magic = MAGIC, .size = sizeof *v, .level = level ? t->iopl : 0, .has_ports = t->ports != NULL };
	long fd;

	if (!v)
		return -1;
	fd = host(SYS_memfd_create, "guise.machine", MFD_CLOEXEC);
	if (fd >= 0)
		fd = fd_ours(t->p, (int)fd);
	if (fd < 0)
		return (int)fd;
	if (put((int)fd, &k, sizeof k) && put((int)fd, v, sizeof *v) && (!t->ports || put((int)fd, t->ports, PORT_BYTES)))
		return (int)fd;
	host(SYS_close, fd);
	return -ENOSPC;
}
/* Written by ourselves a moment ago; one that somebody else made could give no more than --grant does. */
void privilege_load(struct thread *t, int fd)
{
	struct kept k;
	long e = fd < 0 || !privilege_granted(t->p) ? 1 : virtual_start(t);

	if (fd >= 0 && !e && !host(SYS_lseek, fd, 0, SEEK_SET) && get(fd, &k, sizeof k) && k.magic == MAGIC &&
	    k.size == sizeof *virtual_machine && get(fd, &virtual_machine->cpu, sizeof virtual_machine->cpu) &&
	    get(fd, &virtual_machine->m, MACHINE_STATE) && machine_valid(&virtual_machine->m)) {
		t->iopl = k.level & 3;
		host(SYS_lseek, fd, (long)(sizeof k + sizeof *virtual_machine), SEEK_SET);
		if (k.has_ports && (t->ports = mem_alloc(PORT_BYTES)) && !get(fd, t->ports, PORT_BYTES))
			privilege_end_ports(t);
	}
	if (fd >= 0)
		host(SYS_close, fd);
}
