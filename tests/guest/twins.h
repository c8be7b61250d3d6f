/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One program for two systems, which tests/real/diff.test compares: freebsd/twins.c and linux/twins.c include it behind
 * their own headers. Its first argument says what it does; B, 0 in one and 1 in the other, where the two part.
 */
static void put(int fd, const char *s) { write(fd, s, strlen(s)); }
static void file(const char *name, const char *text, int mode)
{
	int fd = (int)open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
	put(fd, text);
	close(fd);
}
static void same(void)
{
	char text[64];
	mkdir("d", 0750);
	file("d/f", "some text\n", 0640);
	symlink("f", "d/link");
	int fd = (int)open("d/f", O_RDONLY);
	long n = read(fd, text, sizeof text);
	close(fd);
	write(1, text, (unsigned long)n);
	put(2, "and an error\n");
	rename("d/f", "d/g");
	access("nothing", R_OK);
}
static void output(void)
{
	put(1, "one\ntwo\nthree\n");
	put(1, B ? "FOUR\n" : "four\n");
	put(1, "five\nsix\n");
	put(2, B ? "" : "only A complains\n");
}
static void files(void)
{
	file("contents", B ? "one\ntwo\nTHREE\n" : "one\ntwo\nthree\n", 0644);
	file("mode", "", B ? 0600 : 0640);
	symlink(B ? "here" : "there", "link");
	if (B)
		mkdir("kind", 0755);
	else
		file("kind", "", 0644);
	file(B ? "only B" : "only\nA", "", 0644);
	file("one", "", 0644);
	if (B)
		link("one", "two");
	else
		file("two", "", 0644);
}
static void order(void)
{
	file("before", "", 0644);
	mkdir(B ? "y" : "x", 0755);
	mkdir(B ? "x" : "y", 0755);
	file("after", "", 0644);
}
static void result(void)
{
	file(B ? "other" : "target", "", 0644);
	symlink("target", "there");
	access("there", R_OK);
	mkdir("d", 0755);
}
static void child(int status)
{
	long pid = fork();
	if (!pid)
		quit(status);
	wait_for(pid);
}
static void children(void)
{
	child(3);
	child(B ? 5 : 4);
}
static void network(void)
{
	struct sockaddr_in sa;
	unsigned len = sizeof sa;
	int l = (int)socket(AF_INET, SOCK_STREAM, 0), c = (int)socket(AF_INET, SOCK_STREAM, 0);
	char text[16];

	loopback(&sa);
	bind(l, (void *)&sa, sizeof sa);
	listen(l, 1);
	getsockname(l, (void *)&sa, &len);
	connect(c, (void *)&sa, sizeof sa);
	int s = (int)accept(l, 0, 0);
	put(c, B ? "hello!" : "hello");
	read(s, text, sizeof text);
	put(s, "ok");
	read(c, text, sizeof text);
	close(s), close(c), close(l);
}
/* All that must not show. */
static void noise(void)
{
	char text[32];
	for (int i = 0; i < (B ? 40 : 3); i++) {
		getpid();
		getuid();
		getppid();
		nap();
		memory();
	}
	file("f", "0123456789", 0644);
	int fd = (int)open("f", O_RDONLY);
	for (int i = 0; i < 10; i += B ? 5 : 2)
		read(fd, text, B ? 5 : 2);
	close(fd);
	if (B)
		put(1, "one"), put(1, " line"), put(1, "\n");
	else
		put(1, "one line\n");
	file(B ? "tmp.Xy12ab" : "tmp.0aZzz9", "the same", 0600);
}
static void huge(void)
{
	static char page[1 << 20];
	memset(page, 'x', sizeof page);
	for (int i = 0; i < 20; i++) {
		page[17] = B && i == 18 ? 'y' : 'x';
		write(1, page, sizeof page);
	}
}
static void binary(void)
{
	write(1, B ? "\0\1\2\377\376<b>\2" : "\0\1\2\377\376<b>\1", 9);
	put(2, "<script>alert(1)</script>\33[31m\n");
}
static int run(const char *what)
{
	static const struct { const char *name; void (*fn)(void); } parts[] = {
		{ "same", same }, { "output", output }, { "files", files }, { "order", order }, { "result", result },
		{ "children", children }, { "network", network }, { "noise", noise }, { "huge", huge }, { "binary", binary },
	};
	for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strcmp(parts[i].name, what))
			parts[i].fn();
	if (!strcmp(what, "exit"))
		return B ? 4 : 3;
	if (!strcmp(what, "signal") && B)
		kill(getpid(), 15);
	if (!strcmp(what, "hang") && B)
		for (;;)
			read(pipe_end(), (char[1]){ 0 }, 1);
	if (!strcmp(what, "left") && B && !fork())
		for (;;)
			read(pipe_end(), (char[1]){ 0 }, 1);
	return 0;
}
