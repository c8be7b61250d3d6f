/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's sysctl tree: the rows of sysctl.def and the values of kern, vm, hw and machdep. Numbers of the machine come
 * from the host's /proc and /sys as they are now; the system's name and release are those the program was made for, so
 * that a base system and its programs agree, or that --release asks for. Where host and guest count differently the row
 * says so by its unit.
 */
#include <time.h>
#include <cpuid.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include "host.h"
#include "options.h"
#include "freebsd/sysctl.h"
#include "freebsd/jail.h"

static sysctl_fn host_number, host_number_ms, vmstat_count, stat_count, mem_pages, mem_bytes, kern_osrelease, kern_version,
	kern_osreldate, kern_securelevel, kern_hostid, kern_hostname, kern_domainname, kern_clockrate, kern_boottime, kern_maxfilesperproc,
	kern_timecounter, kern_lastpid, kern_ps_strings, kern_usrstack, kern_hostuuid, kern_arandom, kern_compiler, kern_cp_time,
	kern_cp_times, kern_smp_maxid, kern_smp_active, kern_cpusetsize, vm_vmtotal, vm_loadavg, vm_swap_total,
	vm_swap_reserved, vm_pages, hw_model, hw_vendor, hw_ncpu, hw_physmem, hw_usermem, hw_pagesizes,
	hw_clockrate, machdep_tsc;

#define HOST(path) .fn = host_number, .text = path           /* the first number in a file of the host's */
#define HOSTMS(path) .fn = host_number_ms, .text = path      /* seconds there, milliseconds here */
#define MEM(key) .fn = mem_pages, .text = key                /* a line of /proc/meminfo, in pages */
#define VMSTAT(key) .fn = vmstat_count, .text = key          /* a line of /proc/vmstat */
#define STAT(key) .fn = stat_count, .text = key              /* a line of /proc/stat */
#define MEMB(key) .fn = mem_bytes, .text = key               /* the same in bytes */

static const struct sysctl_row rows[] = {
	{ .name = "", .kind = SYSCTL_NODE | SYSCTL_RW, .fmt = "N" },
#include "freebsd/sysctl.def"
};
struct sysctl_tree fbsd_sysctl = { rows, ARRAY_LEN(rows), NULL };

/* --- from the host ----------------------------------------------------------------------------------------------- */
static uint64_t first_number(const char *path)
{
	char buf[256];
	uint64_t v = 0;
	if (file_read(path, buf, sizeof buf) <= 0 || !str_num(buf, &v))
		return 0;
	return v;
}
static long bounded(struct sysctl_req *r, uint64_t v)
{
	if ((r->row->kind & 15) == SYSCTL_INT && v > INT32_MAX)
		v = INT32_MAX;
	return sysctl_int(r, (int64_t)v);
}
static long host_number(struct sysctl_req *r) { return bounded(r, first_number(r->row->text)); }
static long host_number_ms(struct sysctl_req *r) { return bounded(r, first_number(r->row->text) * 1000); }

static uint64_t keyed(const char *path, const char *key)
{
	size_t size = 16384, n = str_len(key);
	char *buf = mem_alloc(size);
	uint64_t v = 0;
	if (buf && file_read(path, buf, size) > 0)
		for (char *line = buf; line; line = (line = str_chr(line, '\n')) ? line + 1 : NULL)
			if (!str_ncmp(line, key, n)) {
				for (line += n; *line == ' '; line++)
					;
				str_num(line, &v);
				break;
			}
	mem_free(buf, buf ? size : 0);
	return v;
}
static uint64_t meminfo(const char *key) { return keyed("/proc/meminfo", key) * 1024; }
/* Counters are 64 bits wide since 12; who has room for 32 only gets these. */
static long counter(struct sysctl_req *r, uint64_t v)
{
	return r->old && r->old_len == sizeof(uint32_t) ? sysctl_out(r, &v, sizeof(uint32_t)) : sysctl_out(r, &v, sizeof v);
}
static long vmstat_count(struct sysctl_req *r) { return counter(r, keyed("/proc/vmstat", r->row->text)); }
static long stat_count(struct sysctl_req *r) { return counter(r, keyed("/proc/stat", r->row->text)); }
static long mem_bytes(struct sysctl_req *r) { return sysctl_int(r, (int64_t)meminfo(r->row->text)); }
static long mem_pages(struct sysctl_req *r) { return sysctl_int(r, (int64_t)(meminfo(r->row->text) / PAGE)); }

/* "0-3,8" */
unsigned fbsd_ncpu(unsigned *maxid)
{
	char buf[256];
	const char *s = buf;
	uint64_t a, b;
	unsigned n = 0;

	*maxid = 0;
	if (file_read("/sys/devices/system/cpu/online", buf, sizeof buf) <= 0)
		return 1;
	while ((s = str_num(s, &a))) {
		b = a;
		if (*s == '-')
			s = str_num(s + 1, &b);
		if (!s)
			break;
		n += (unsigned)(b - a + 1);
		*maxid = (unsigned)b;
		if (*s++ != ',')
			break;
	}
	return n ? n : 1;
}
static long hw_ncpu(struct sysctl_req *r)
{
	unsigned max;
	return sysctl_int(r, fbsd_ncpu(&max));
}
static long kern_smp_maxid(struct sysctl_req *r)
{
	unsigned max;
	fbsd_ncpu(&max);
	return sysctl_int(r, max);
}
static long kern_smp_active(struct sysctl_req *r)
{
	unsigned max;
	return sysctl_int(r, fbsd_ncpu(&max) > 1);
}

/* --- what system this is ----------------------------------------------------------------------------------------- */
/* "14.1", "14.1-RELEASE-p3", "1401000" */
uint32_t fbsd_release_of(const char *text)
{
	uint64_t major, minor = 0;
	const char *end = str_num(text, &major);
	if (end && !*end && major >= 400000 && major < 10000000)
		return (uint32_t)major;
	if (end && *end == '.')
		end = str_num(end + 1, &minor);
	bool good = end && (!*end || (*end == '-' && str_len(end) < 24)) && major >= 4 && major < 100 && minor < 100;
	return good ? (uint32_t)(major * 100000 + minor * 1000) : 0;
}
static const char *asked(const struct proc *p) { return p->opt ? p->opt->release : NULL; }
uint32_t fbsd_made_for(const struct proc *p) { return p->osrel ? p->osrel : FBSD_OSRELDATE; }
uint32_t fbsd_osreldate(const struct proc *p)
{
	uint32_t rel = asked(p) ? fbsd_release_of(asked(p)) : 0;
	return rel ? rel : fbsd_made_for(p);
}
static long kern_osreldate(struct sysctl_req *r)
{
	struct jail j;
	return sysctl_int(r, jail_copy(r->p, &j) ? j.osreldate : (int64_t)fbsd_osreldate(r->p));
}
static void release(const struct proc *p, char *buf, size_t n)
{
	uint32_t rel = fbsd_osreldate(p);
	if (asked(p) && str_chr(asked(p), '-') && fbsd_release_of(asked(p)))
		str_copy(buf, asked(p), n);
	else
		fmt(buf, n, "%d.%d-RELEASE", (int)(rel / 100000), (int)(rel / 1000 % 100));
}
static long kern_osrelease(struct sysctl_req *r)
{
	char buf[32];
	struct jail j;
	release(r->p, buf, sizeof buf);
	return sysctl_text(r, jail_copy(r->p, &j) ? j.osrelease : buf);
}
static long kern_version(struct sysctl_req *r)
{
	char buf[96], rel[32];
	release(r->p, rel, sizeof rel);
	fmt(buf, sizeof buf, "FreeBSD %s guise " GUISE_VERSION " GENERIC\n", rel);
	return sysctl_text(r, buf);
}
static long kern_compiler(struct sysctl_req *r) { return sysctl_text(r, __VERSION__); }

/* One of the host's names, which the host also lets only root change. */
static long host_name(struct sysctl_req *r, const char *now, long call)
{
	char buf[256];
	long e = sysctl_text(r, now);
	if (e || !r->new)
		return e;
	if (host(call, buf, -1l) == -EPERM)      /* who may not is told that first */
		return -EPERM;
	if (r->new_len >= sizeof buf)
		return -EINVAL;
	e = sysctl_in(r, buf, r->new_len);
	return e ? e : host(call, buf, r->new_len);
}
/* A jail has names of its own, or those of the jail that it lies in: changed, they change in the table. */
static long jail_name(struct sysctl_req *r, size_t at, size_t room, long (*of_host)(struct sysctl_req *))
{
	int fd, jid = jail_mine();
	char new[256];
	struct jails *t = jid ? jails_open(r->p, false, &fd) : NULL;
	struct jail *j = t ? jail_find(t, jid) : NULL;
	bool may = j && j->allow & ALLOW_SET_HOSTNAME && !host(SYS_geteuid), changed = false;
	while (j && j->host == JAIL_SYS_INHERIT)
		j = jail_find(t, j->parent);
	if (!j) {
		if (t)
			jails_close(t, fd, false);
		return jid && r->new ? -EPERM : of_host(r);
	}
	long e = sysctl_text(r, (char *)j + at);
	if (!e && r->new)
		e = !may ? -EPERM : r->new_len >= MIN(room, sizeof new) ? -EINVAL : sysctl_in(r, new, r->new_len);
	if (!e && r->new) {
		memcpy((char *)j + at, new, r->new_len);
		((char *)j)[at + r->new_len] = 0;
		changed = true;
	}
	jails_close(t, fd, changed);
	return e;
}
#define JAIL_NAME(field_) offsetof(struct jail, field_), sizeof(((struct jail *)0)->field_)
static long kern_securelevel(struct sysctl_req *r)
{
	struct jail j;
	return sysctl_int(r, jail_copy(r->p, &j) ? j.securelevel : -1);
}
static long kern_hostid(struct sysctl_req *r)
{
	struct jail j;
	return sysctl_int(r, jail_copy(r->p, &j) && j.host == JAIL_SYS_NEW ? (int64_t)j.hostid : 0);
}
/* There is one to choose. */
static long kern_timecounter(struct sysctl_req *r)
{
	char name[16] = { 0 };
	long e = sysctl_text(r, "TSC-low");
	if (e || !r->new)
		return e;
	if (host(SYS_geteuid))
		return -EPERM;
	if (r->new_len >= sizeof name || (e = sysctl_in(r, name, r->new_len)))
		return e ? e : -EINVAL;
	return str_cmp(name, "TSC-low") ? -EINVAL : 0;
}
static long host_hostname(struct sysctl_req *r)
{
	struct utsname u;
	host(SYS_uname, &u);
	return host_name(r, u.nodename, SYS_sethostname);
}
static long host_domainname(struct sysctl_req *r)
{
	struct utsname u;
	host(SYS_uname, &u);
	return host_name(r, str_cmp(u.domainname, "(none)") ? u.domainname : "", SYS_setdomainname);
}
/* The host's machine id, cut into the groups of a UUID. */
static long host_hostuuid(struct sysctl_req *r)
{
	char id[64], out[37] = "00000000-0000-0000-0000-000000000000";
	if (file_read("/etc/machine-id", id, sizeof id) >= 32)
		for (int i = 0, k = 0; i < 36; i++)
			if (out[i] != '-')
				out[i] = id[k++];
	return sysctl_text(r, out);
}
static long kern_hostname(struct sysctl_req *r) { return jail_name(r, JAIL_NAME(hostname), host_hostname); }
static long kern_domainname(struct sysctl_req *r) { return jail_name(r, JAIL_NAME(domainname), host_domainname); }
static long kern_hostuuid(struct sysctl_req *r) { return jail_name(r, JAIL_NAME(hostuuid), host_hostuuid); }
static long kern_arandom(struct sysctl_req *r)
{
	uint8_t buf[256];
	long n = host(SYS_getrandom, buf, MIN(sizeof buf, r->old ? r->old_len : sizeof buf), 0);
	return n < 0 ? n : sysctl_out(r, buf, (size_t)n);
}

static long kern_lastpid(struct sysctl_req *r)
{
	char buf[128], *last;
	uint64_t pid = 0;
	if (file_read("/proc/loadavg", buf, sizeof buf) > 0 && (last = str_rchr(buf, ' ')))
		str_num(last + 1, &pid);
	return sysctl_int(r, (int64_t)pid);
}

/* --- this process ------------------------------------------------------------------------------------------------ */
static long kern_usrstack(struct sysctl_req *r) { return sysctl_int(r, (int64_t)r->p->space->stack_hi); }
static long kern_ps_strings(struct sysctl_req *r) { return sysctl_int(r, (int64_t)r->p->space->ps); }
static long kern_maxfilesperproc(struct sysctl_req *r) { return sysctl_int(r, r->p->fd_base); }
static long kern_cpusetsize(struct sysctl_req *r) { return sysctl_int(r, fbsd_osreldate(r->p) < 1400000 ? 32 : 128); }

/* --- time -------------------------------------------------------------------------------------------------------- */
struct clockinfo { int32_t hz, tick, spare, stathz, profhz; };
static long kern_clockrate(struct sysctl_req *r)
{
	static const struct clockinfo ci = { 1000, 1000, 0, 127, 8126 };
	return sysctl_out(r, &ci, sizeof ci);
}
static long kern_boottime(struct sysctl_req *r)
{
	struct timespec now, up;
	host(SYS_clock_gettime, CLOCK_REALTIME, &now);
	host(SYS_clock_gettime, CLOCK_BOOTTIME, &up);
	int64_t us = (now.tv_sec - up.tv_sec) * 1000000 + (now.tv_nsec - up.tv_nsec) / 1000;
	struct { int64_t sec, usec; } tv = { us / 1000000, us % 1000000 };
	return sysctl_out(r, &tv, sizeof tv);
}
/* "cpuN user nice system idle iowait irq softirq steal", in hundredths -> user nice sys intr idle, in 1/127 s */
static const char *cp_line(const char *s, int64_t out[5])
{
	static const uint8_t to[8] = { 0, 1, 2, 4, 4, 3, 3, 2 };
	uint64_t v;
	memset(out, 0, 5 * sizeof *out);
	while (*s && *s != ' ')
		s++;
	for (int i = 0; i < 8; i++) {
		while (*s == ' ')
			s++;
		const char *end = str_num(s, &v);
		if (!end)
			break;
		out[to[i]] += (int64_t)(v * 127 / 100);
		s = end;
	}
	s = str_chr(s, '\n');
	return s ? s + 1 : "";
}
static long kern_cp_time(struct sysctl_req *r)
{
	char buf[512];
	int64_t out[5];
	if (file_read("/proc/stat", buf, sizeof buf) <= 0)
		return -ENOENT;
	cp_line(buf, out);
	return sysctl_out(r, out, sizeof out);
}
static long kern_cp_times(struct sysctl_req *r)
{
	size_t size = 64 * 1024;
	char *buf = mem_alloc(size);
	const char *s = buf;
	int64_t out[5];
	long e = 0;

	if (!buf)
		return -ENOMEM;
	if (file_read("/proc/stat", buf, size) > 0)
		for (s = cp_line(s, out); !str_ncmp(s, "cpu", 3) && !e;) {
			s = cp_line(s, out);
			e = sysctl_out(r, out, sizeof out);
		}
	mem_free(buf, size);
	return e;
}

/* --- memory ------------------------------------------------------------------------------------------------------ */
static uint64_t total(void) { return meminfo("MemTotal:"); }
static long hw_physmem(struct sysctl_req *r) { return sysctl_int(r, (int64_t)total()); }
static long hw_usermem(struct sysctl_req *r) { return sysctl_int(r, (int64_t)(total() - meminfo("Unevictable:"))); }
static long vm_pages(struct sysctl_req *r) { return sysctl_int(r, (int64_t)(total() / PAGE)); }
static long vm_swap_total(struct sysctl_req *r) { return sysctl_int(r, (int64_t)meminfo("SwapTotal:")); }
static long vm_swap_reserved(struct sysctl_req *r) { return sysctl_int(r, (int64_t)meminfo("Committed_AS:")); }
static long hw_pagesizes(struct sysctl_req *r)
{
	static const uint64_t sizes[3] = { 4096, 2 << 20, 0 };
	return sysctl_out(r, sizes, sizeof sizes);
}
static long vm_loadavg(struct sysctl_req *r)
{
	struct { uint32_t avg[3]; int64_t scale; } l = { .scale = 2048 };
	struct sysinfo si;
	host(SYS_sysinfo, &si);
	for (int i = 0; i < 3; i++)
		l.avg[i] = (uint32_t)(si.loads[i] >> (SI_LOAD_SHIFT - 11));
	return sysctl_out(r, &l, sizeof l);
}
struct vmtotal {
	uint64_t vm, avm, rm, arm, vmshr, avmshr, rmshr, armshr, free;
	int16_t rq, dw, pw, sl, sw;
	uint16_t pad[3];
};
_Static_assert(sizeof(struct vmtotal) == 88, "sys/vmmeter.h");
struct vmtotal_old {                 /* before 12.0 */
	int16_t rq, dw, pw, sl, sw;
	int32_t vm, avm, rm, arm, vmshr, avmshr, rmshr, armshr, free;
};
_Static_assert(sizeof(struct vmtotal_old) == 48, "sys/vmmeter.h of 11.4");
static long vm_vmtotal(struct sysctl_req *r)
{
	struct vmtotal v = {
		.vm = meminfo("CommitLimit:") / PAGE, .avm = meminfo("Committed_AS:") / PAGE, .rm = total() / PAGE,
		.arm = meminfo("Active:") / PAGE, .rmshr = meminfo("Shmem:") / PAGE, .free = meminfo("MemFree:") / PAGE,
		.rq = 1,
	};
	if (fbsd_osreldate(r->p) >= 1200000)
		return sysctl_out(r, &v, sizeof v);
	struct vmtotal_old o = {
		.vm = (int)v.vm, .avm = (int)v.avm, .rm = (int)v.rm, .arm = (int)v.arm, .rmshr = (int)v.rmshr,
		.free = (int)v.free, .rq = v.rq,
	};
	return sysctl_out(r, &o, sizeof o);
}

/* --- the processor ----------------------------------------------------------------------------------------------- */
static long hw_model(struct sysctl_req *r)
{
	uint32_t w[13] = { 0 };
	char *s = (char *)w;
	for (unsigned i = 0; i < 3; i++)
		__cpuid(0x80000002 + i, w[4 * i], w[4 * i + 1], w[4 * i + 2], w[4 * i + 3]);
	while (*s == ' ')
		s++;
	for (size_t n = str_len(s); n && s[n - 1] == ' ';)
		s[--n] = 0;
	return sysctl_text(r, s);
}
static long hw_vendor(struct sysctl_req *r)
{
	uint32_t top, w[4] = { 0 };
	__cpuid(0, top, w[0], w[2], w[1]);
	return sysctl_text(r, (char *)w);
}
/* Measured against the clock, once: a virtual machine's processor does not tell. */
static uint64_t tsc_hz(void)
{
	static volatile uint64_t hz;
	struct timespec a, b, nap = { 0, 2000000 };
	uint64_t t0, t1;

	if (hz)
		return hz;
	host(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &a);
	t0 = __builtin_ia32_rdtsc();
	host(SYS_nanosleep, &nap, NULL);
	host(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &b);
	t1 = __builtin_ia32_rdtsc();
	uint64_t ns = (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000 + (uint64_t)b.tv_nsec - (uint64_t)a.tv_nsec;
	return hz = (t1 - t0) * 1000000000 / (ns ? ns : 1);
}
static long machdep_tsc(struct sysctl_req *r) { return sysctl_int(r, (int64_t)tsc_hz()); }
static long hw_clockrate(struct sysctl_req *r) { return sysctl_int(r, (int64_t)(tsc_hz() / 1000000)); }
