/* SPDX-License-Identifier: BSD-2-Clause
 * Paths and texts that want to break out of whatever they are printed in: tests/real/trace_formats.test.
 * TEST fixture: trace_formats.test */
#include "fbsd.h"

static const char *const names[] = {
	"new\nline", "quote\"quote", "back\\slash", "tab\t", "esc\033[31mred", "not utf8 \377\376", "half \303", "\303\251t\303\251",
	"</script><script>alert(1)</script>", "<!--", "a]]>b", "${HOME}`id`", "= 0\n[pid 1] open(\"x\") = 3", "\342\200\250line",
	"\355\240\200surrogate", "\360\237\230\200", "%s%n%x", "', \"x\": \"",
};
int main(int argc, char **argv)
{
	static char longer[5000];

	for (unsigned i = 0; i < COUNT(names); i++) {
		open(names[i], O_RDONLY);
		write(1, names[i], strlen(names[i]));
	}
	for (unsigned i = 0; i < sizeof longer - 1; i++)
		longer[i] = "abc\n\"\377"[i % 6];
	open(longer, O_RDONLY);
	mkdir(names[0], 0755);
	chdir(names[0]);
	write(9, longer, sizeof longer);
	execve(names[2], ((char *[]){ (char *)names[0], (char *)names[5], 0 }), ((char *[]){ (char *)names[8], 0 }));
	return 0;
}
