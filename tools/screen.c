/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise screen: what a bare-metal program that runs now has on its screen, read from its memory without stopping it. A
 * machine's state lies at the same place in every process of this guise, so its process must be one.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "command.h"
#include "metal/metal.h"
#include "tools/snapshot/snapshot.h"

#define COLUMNS 80
#define LINES 25

static bool ours(const char *pid)
{
	char path[300];
	struct stat a, b;
	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	return !stat(path, &a) && !stat("/proc/self/exe", &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}
static bool far(int pid, uint64_t at, void *to, size_t n)
{
	struct iovec l = { to, n }, r = { (void *)at, n };
	return process_vm_readv(pid, &l, 1, &r, 1, 0) == (ssize_t)n;
}
static bool is_machine(int pid, struct box *b) { return far(pid, (uint64_t)&box, b, sizeof *b) && b->magic == BOX_MAGIC; }

/* By --name, or as the program is called; the kernel keeps fifteen letters of that. */
static bool named(const char *pid, const char *name)
{
	if (target_named(atoi(pid), name))
		return true;
	char path[300], comm[32] = "";
	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	bool got = fgets(comm, sizeof comm, f);
	fclose(f);
	comm[strcspn(comm, "\n")] = 0;
	return got && !strncmp(comm, name, 15) && strlen(comm) == strnlen(name, 15);
}
static int find(const char *name, struct box *b)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int found = 0, n = 0;

	while (d && (e = readdir(d))) {
		struct box other;
		if (e->d_name[0] < '1' || e->d_name[0] > '9' || !named(e->d_name, name) || !ours(e->d_name) || !is_machine(atoi(e->d_name), &other))
			continue;
		*b = other;
		found = atoi(e->d_name);
		n++;
	}
	if (d)
		closedir(d);
	if (n > 1)
		refuse("%d machines that you may look at run %s: give one's process id", n, name);
	return found;
}
/* Code page 437, the characters of a VGA's font. */
static const char *const high[] = {
	"ÇüéâäàåçêëèïîìÄÅ", "ÉæÆôöòûùÿÖÜ¢£¥₧ƒ", "áíóúñÑªº¿⌐¬½¼¡«»", "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐", "└┴┬├─┼╞╟╚╔╩╦╠═╬╧", "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀", "αßΓπΣσµτΦΘΩδ∞φε∩",
	"≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ",
};
static const char *utf8(uint8_t c, char one[8])
{
	const char *s = c < 128 ? NULL : high[(c - 128) / 16];
	if (!s) {
		one[0] = c < ' ' || c == 127 ? ' ' : (char)c, one[1] = 0;
		return one;
	}
	for (unsigned i = c & 15; i; i--)
		for (s++; (*s & 0xc0) == 0x80;)
			s++;
	size_t n = 1;
	while ((s[n] & 0xc0) == 0x80)
		n++;
	memcpy(one, s, n);
	one[n] = 0;
	return one;
}
static void show(const uint8_t *text)
{
	for (unsigned y = 0; y < LINES; y++) {
		unsigned end = COLUMNS;
		char one[8];
		while (end && (text[(y * COLUMNS + end - 1) * 2] == ' ' || !text[(y * COLUMNS + end - 1) * 2]))
			end--;
		for (unsigned x = 0; x < end; x++)
			fputs(utf8(text[(y * COLUMNS + x) * 2], one), stdout);
		putchar('\n');
	}
}
static int run(struct request *r, int argc, char **argv)
{
	uint8_t text[COLUMNS * LINES * 2];
	struct box b;
	char *end;

	if (argc != 1)
		refuse("which machine? guise screen PID or guise screen NAME, as --name or the program is called");
	int pid = (int)strtol(argv[0], &end, 10);
	if (*end || end == argv[0])
		pid = find(argv[0], &b);
	else if (!ours(argv[0]) || !is_machine(pid, &b))
		pid = 0;
	if (!pid)
		refuse("%s: no bare-metal program of that %s runs under this guise, or it is another user's", argv[0],
		       *end || end == argv[0] ? "name" : "process id");
	if (!far(pid, (uint64_t)b.ram + VGA_TEXT, text, sizeof text))
		refuse("%s: its memory cannot be read: %s", argv[0], strerror(errno));
	show(text);
	return output_end(0);
}
static const struct subcommand screen_command = {
	.name = "screen", .args = "PID|NAME",
	.about = "the text that a running bare-metal program has on its screen",
	.text = "NAME is what guise run --name gave it, or its program's name. The machine goes on meanwhile. What is shown is the VGA's text memory, 80 by 25, in UTF-8.",
	.options = { &common_options },
	.run = run,
};
SUBCOMMAND(screen_command);
