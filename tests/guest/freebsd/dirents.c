/* SPDX-License-Identifier: BSD-2-Clause
 * getdirentries in the present layout and in the one of FreeBSD 11: lengths, types, names; small buffers; seeking back
 * to a place that was told; the end. */
#include "fbsd.h"

static int seen_dot, files, bad;
static u64 sum;

static void look(const char *name, unsigned len, int type)
{
	if (strlen(name) != len)
		bad++;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		seen_dot += type == 4;
	else if (name[0] == 'f' && type == 8) {
		files++;
		sum += (name[1] - '0') * 10 + name[2] - '0';
	} else if (!strcmp(name, "sub"))
		seen_dot += type == 4 ? 10 : 0;
	else if (!strcmp(name, "sym"))
		seen_dot += type == 10 ? 100 : 0;
	else
		bad++;
}

static long walk(long fd, long size, int old)
{
	static char buf[65536];
	long n, calls = 0, base;

	seen_dot = files = bad = 0;
	sum = 0;
	while ((n = old ? sys(SYS_freebsd11_getdirentries, fd, buf, size, &base) : getdirentries(fd, buf, size, &base)) > 0) {
		calls++;
		for (char *p = buf; p < buf + n;) {
			struct dirent *d = (void *)p;
			struct dirent11 *o = (void *)p;
			unsigned len = old ? o->reclen : d->reclen;
			if (len == 0 || len > (unsigned)(buf + n - p) || (old ? o->fileno : d->fileno) == 0 || (!old && len % 8) || (old && len % 4)) {
				say("bad record length %u\n", len);
				return -1;
			}
			old ? look(o->name, o->namlen, o->type) : look(d->name, d->namlen, d->type);
			p += len;
		}
	}
	say("dots and kinds %d files %d sum %lu bad %d end %e\n", seen_dot, files, sum, bad, n);
	return calls;
}

int main(int argc, char **argv)
{
	char name[] = "d/f00", buf[4096];
	long fd, base = -1, n, at;

	mkdir("d", 0755);
	for (int i = 0; i < 40; i++) {
		name[3] = (char)('0' + i / 10);
		name[4] = (char)('0' + i % 10);
		put_file(name, "");
	}
	mkdir("d/sub", 0755);
	symlink("x", "d/sym");
	show(fd = open("d", O_RDONLY | O_DIRECTORY, 0));
	yes(walk(fd, 65536, 0) >= 1);
	show(lseek(fd, 0, SEEK_SET));
	yes(walk(fd, 512, 0) > 1);
	lseek(fd, 0, SEEK_SET);
	yes(walk(fd, 65536, 1) >= 1);
	lseek(fd, 0, SEEK_SET);
	yes(walk(fd, 512, 1) > 1);
	/* a place in the middle: what a later call told as its base can be gone back to */
	lseek(fd, 0, SEEK_SET);
	n = getdirentries(fd, buf, 512, &base);
	yes(n > 0 && base == 0);
	n = getdirentries(fd, buf, 512, &base);
	struct dirent *d = (void *)buf;
	at = (long)d->fileno;
	yes(n > 0 && base != 0);
	getdirentries(fd, buf, 4096, 0);
	yes(lseek(fd, base, SEEK_SET) == base);
	getdirentries(fd, buf, 512, 0);
	yes((long)((struct dirent *)buf)->fileno == at);
	show(getdirentries(open("d/f00", O_RDONLY, 0), buf, 512, &base));
	show(getdirentries(99, buf, 512, &base));
	lseek(fd, 0, SEEK_SET);
	show(getdirentries(fd, 8, 512, &base));
	show(getdirentries(fd, buf, 4, &base));
	show(sys(SYS_freebsd11_getdents, fd, buf, 4096) > 0);
	return 0;
}
