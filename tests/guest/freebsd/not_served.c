/* SPDX-License-Identifier: BSD-2-Clause
 * By the tables: a call that this system has and we do not is ENOSYS and nothing else; one that no kernel has sends SIGSYS
 * as well; what is root's alone is EPERM, access control lists EOPNOTSUPP; a command without a handler is what the call
 * itself says of one it never heard of.
 */
#include "fbsd.h"

enum { SERVED, MISSING, GONE_ };
static const struct { int nr; const char *name, *handler; u8 kind; } rows[] = {
#define SYS(nr_, name_, ret_, fn_, ...) { nr_, #name_, #fn_, SERVED },
#define NOSYS(nr_, name_, ...) { nr_, #name_, "", MISSING },
#define GONE(nr_, name_, reason_) { nr_, #name_, "", GONE_ },
#include "syscalls.def"
};
#define IOC_(dir_, g_, n_, size_) ((dir_) | (size_) << 16 | (g_) << 8 | (n_))
#define IO(g_, n_) IOC_(0x20000000u, g_, n_, 0)
#define IOR(g_, n_, size_) IOC_(0x40000000u, g_, n_, size_)
#define IOW(g_, n_, size_) IOC_(0x80000000u, g_, n_, size_)
#define IOWR(g_, n_, size_) IOC_(0xc0000000u, g_, n_, size_)
#define CMD(...)
#define NOCMD(nr_, name_, reason_) { nr_, #name_ },
struct command { u32 nr; const char *name; };
static const struct command fcntls[] = {
#include "fcntl.def"
};
static const struct command ioctls[] = {
#include "ioctl.def"
};
static const struct command sysarchs[] = {
#include "sysarch.def"
};
static const struct command procctls[] = {
#include "procctl.def"
};
static const struct command umtxs[] = {
#include "umtx.def"
};
static volatile int signals;
static void on_sys(int sig, siginfo_t *si, ucontext_t *uc) { signals++; }

static void must(const char *name, long got, long want)
{
	if (got != want)
		say("%s: %e, not %e\n", name, got, want);
}
static void calls(void)
{
	unsigned missing = 0, gone = 0, refused = 0;

	for (unsigned i = 0; i < COUNT(rows); i++) {
		if (rows[i].kind == SERVED && strcmp(rows[i].handler, "bsd_eperm") && strcmp(rows[i].handler, "bsd_eopnotsupp"))
			continue;
		signals = 0;
		long r = sys(rows[i].nr, 0, 0, 1, 0, 0, 0);
		if (rows[i].kind == SERVED) {
			must(rows[i].name, r, rows[i].handler[5] == 'p' ? -EPERM : -EOPNOTSUPP);
			refused++;
		} else {
			must(rows[i].name, r, -ENOSYS);
			if (signals != (rows[i].kind == GONE_))
				say("%s: %d signals\n", rows[i].name, signals);
			missing += rows[i].kind == MISSING;
			gone += rows[i].kind == GONE_;
		}
	}
	yes(missing > 20 && gone > 100 && refused > 30);
}
static void commands(void)
{
	char b[512] = { 0 };
	long f = open(".", O_RDONLY, 0);

	for (unsigned i = 0; i < COUNT(fcntls); i++)
		must(fcntls[i].name, fcntl(f, fcntls[i].nr, b), -EINVAL);
	for (unsigned i = 0; i < COUNT(ioctls); i++)
		must(ioctls[i].name, ioctl(f, ioctls[i].nr, b), -ENOTTY);
	for (unsigned i = 0; i < COUNT(sysarchs); i++)
		must(sysarchs[i].name, sysarch(sysarchs[i].nr, b), -EINVAL);
	for (unsigned i = 0; i < COUNT(procctls); i++)
		must(procctls[i].name, procctl(P_PID, 0, procctls[i].nr, b), -EINVAL);
	for (unsigned i = 0; i < COUNT(umtxs); i++)
		must(umtxs[i].name, umtx_op(b, umtxs[i].nr, 0, 0, 0), -EINVAL);
	show(ioctl(99, ioctls[0].nr, b));
	show(fcntl(99, fcntls[0].nr, b));
}
int main(int argc, char **argv)
{
	handle(SIGSYS, on_sys, 0);
	calls();
	commands();
	return 0;
}
