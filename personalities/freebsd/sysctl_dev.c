/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kern.devstat, vm.swap_info, kern.msgbuf, hw.intrcnt: what iostat, swapinfo, dmesg and vmstat -i ask. Disks are those of /proc/diskstats that
 * have done anything; the host tells sums, so no queue and no transaction of its own is seen. Structs: sys/devicestat.h
 * (version 6) and vm/vm_param.h of 15.0.
 */
#include <time.h>
#include "host.h"
#include "procfs.h"
#include "freebsd/sysctl.h"

struct bintime { int64_t sec; uint64_t frac; };
struct devstat {
	uint32_t sequence0;
	int32_t allocated;
	uint32_t started, ended;
	struct bintime busy_from;
	uint64_t link;
	uint32_t number;
	char name[16];
	int32_t unit;
	uint64_t bytes[4], operations[4];        /* none, read, write, free */
	struct bintime duration[4], busy, created;
	uint32_t block_size;
	uint64_t tags[3];
	uint32_t flags, type, priority;
	uint64_t id;
	uint32_t sequence1;
};
struct xswdev { uint32_t version; uint64_t dev; int32_t flags, blocks, used; };
_Static_assert(sizeof(struct devstat) == 288 && sizeof(struct xswdev) == 32, "struct devstat, struct xswdev");
enum { SECTOR = 512, PRIORITY_DISK = 0x110, XSWDEV_VERSION = 2, SW_USED = 1 };

static struct bintime of_ms(uint64_t ms)
{
	return (struct bintime){ (int64_t)(ms / 1000), ms % 1000 * (UINT64_MAX / 1000) };
}
static const char *field(const char *s, uint64_t *v)
{
	while (*s == ' ')
		s++;
	return str_num(s, v);
}
/* "  259  0 nvme0n1 reads merged sectors ms writes merged sectors ms now ms ms"; false: no such line, or an idle disk */
static bool disk(const char *line, struct devstat *d, unsigned n)
{
	uint64_t dev[2], f[10] = { 0 };
	const char *s = field(line, &dev[0]);
	size_t len = 0, digits;

	if (!s || !(s = field(s, &dev[1])))
		return false;
	for (s += *s == ' '; s[len] && s[len] != ' '; len++)
		;
	*d = (struct devstat){ .allocated = 1, .number = n, .block_size = SECTOR, .priority = PRIORITY_DISK, .id = n + 1 };
	for (digits = len; digits > 1 && s[digits - 1] >= '0' && s[digits - 1] <= '9'; digits--)
		;
	for (size_t i = digits; i < len && i < digits + 8; i++)
		d->unit = d->unit * 10 + (s[i] - '0');
	str_copy(d->name, s, MIN(digits + 1, sizeof d->name));
	s += len;
	for (unsigned i = 0; i < ARRAY_LEN(f) && s; i++)
		s = field(s, &f[i]);
	d->operations[1] = f[0], d->bytes[1] = f[2] * SECTOR, d->duration[1] = of_ms(f[3]);
	d->operations[2] = f[4], d->bytes[2] = f[6] * SECTOR, d->duration[2] = of_ms(f[7]);
	d->ended = (uint32_t)(f[0] + f[4]);
	d->started = d->ended + (uint32_t)f[8];
	d->busy = of_ms(f[9]);
	return f[0] + f[4] != 0;
}
static long disks(struct sysctl_req *r, int *n)
{
	size_t size = 65536;
	char *all = mem_alloc(size);
	struct devstat d;
	long e = 0;

	*n = 0;
	if (!all)
		return -ENOMEM;
	if (file_read("/proc/diskstats", all, size) > 0)
		for (const char *line = all; line && *line; line = (line = str_chr(line, '\n')) ? line + 1 : NULL)
			if (disk(line, &d, (unsigned)*n) && ++*n && r && (e = sysctl_out(r, &d, sizeof d)) && e != -ENOMEM)
				break;
	mem_free(all, size);
	return e;
}
/* Disks come and go so seldom that their generation is always the first. */
long devstat_all(struct sysctl_req *r)
{
	int64_t generation = 1;
	int n;
	long e = sysctl_out(r, &generation, sizeof generation);
	return e ? e : disks(r, &n);
}
long devstat_numdevs(struct sysctl_req *r)
{
	int n;
	long e = disks(NULL, &n);
	return e ? e : sysctl_int(r, n);
}

/* --- swap: "name type size used priority", in KiB, below a line of titles ---------------------------------------------- */
static const char *next_word(const char *s)
{
	while (*s && *s != ' ' && *s != '\t' && *s != '\n')
		s++;
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}
static int swaps(int which, struct xswdev *x)
{
	char all[4096];
	const char *s = all;
	uint64_t v[2] = { 0 };
	int n = 0;

	if (file_read("/proc/swaps", all, sizeof all) <= 0)
		return 0;
	while ((s = str_chr(s, '\n')) && *++s) {
		if (n++ != which)
			continue;
		const char *at = next_word(next_word(s));        /* behind name and type */
		str_num(at, &v[0]);
		str_num(next_word(at), &v[1]);
		*x = (struct xswdev){ XSWDEV_VERSION, (uint64_t)-1, SW_USED, (int)(v[0] / 4), (int)(v[1] / 4) };
	}
	return n;
}
long vm_nswapdev(struct sysctl_req *r) { return sysctl_int(r, swaps(-1, NULL)); }
long vm_swap_info(struct sysctl_req *r)
{
	struct xswdev x;
	if (r->n_rest != 1)
		return -EINVAL;
	return r->rest[0] < 0 || swaps(r->rest[0], &x) <= r->rest[0] ? -ENOENT : sysctl_out(r, &x, sizeof x);
}

/* --- what the kernel said: the host's ring, as far as the host lets one read it -------------------------------------------- */
enum { SYSLOG_READ_ALL = 3, SYSLOG_SIZE = 10 };

long kern_msgbuf(struct sysctl_req *r)
{
	long size = host(SYS_syslog, SYSLOG_SIZE, NULL, 0), n, e;
	char *all = size > 0 ? mem_alloc((size_t)size) : NULL;
	if (!all)
		return size < 0 ? size : -ENOMEM;
	n = host(SYS_syslog, SYSLOG_READ_ALL, all, size);
	e = n < 0 ? n : sysctl_out(r, all, (size_t)n);
	mem_free(all, (size_t)size);
	return e;
}

/* --- interrupts: "NAME: count by processor, then words", of /proc/interrupts; names in places of one width ------------ */
enum { INTR_NAME = 39 };
struct intr { struct sysctl_req *r; bool names; };

static long interrupt(void *arg, const char *line)
{
	struct intr *i = arg;
	char name[INTR_NAME + 1];
	uint64_t sum = 0, v;
	const char *at, *end, *colon = str_chr(line, ':');
	size_t n;

	if (!colon)
		return 0;                /* the processors */
	while (*line == ' ')
		line++;
	for (at = colon + 1; (end = field(at, &v)) && (*end == ' ' || !*end); at = end)
		sum += v;
	if (!i->names)
		return sysctl_out(i->r, &sum, sizeof sum);
	bool number = *line >= '0' && *line <= '9';
	fmt(name, sizeof name, number ? "irq%s" : "%s", line);
	n = MIN(str_len(name), (size_t)(colon - line) + 1 + (number ? 3 : 0));
	/* the last word is the device's */
	fmt(name + n, sizeof name - n, " %s", number ? at + (str_rchr(at, ' ') ? str_rchr(at, ' ') - at + 1 : 0) : "");
	for (n = str_len(name); n < INTR_NAME - 1; n++)
		name[n] = ' ';
	name[INTR_NAME - 1] = 0;
	return sysctl_out(i->r, name, INTR_NAME);
}
long hw_intrcnt(struct sysctl_req *r) { return procfs_lines("/proc/interrupts", interrupt, &(struct intr){ r, false }); }
long hw_intrnames(struct sysctl_req *r) { return procfs_lines("/proc/interrupts", interrupt, &(struct intr){ r, true }); }
