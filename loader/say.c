/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What guise itself says before a guest runs. A message is one line whatever names are in it: control characters, with
 * which a file name could lie to a terminal, are shown, not sent. Without libc (again.c) the runtime says it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "guise.h"
#include "loader/begin.h"
#include "loader/loader.h"

static size_t put_char(char *to, unsigned char c)
{
	static const char plain[] = "\n\r\t", letter[] = "nrt";
	const char *at = c ? strchr(plain, c) : NULL;

	if (c >= ' ' && c != 127)
		return *to = (char)c, 1;
	return (size_t)(at ? sprintf(to, "\\%c", letter[at - plain]) : sprintf(to, "\\x%02x", c));
}
void vsay(const char *f, va_list ap)
{
	char *text = NULL, *line;
	if (!libc_is_up) {
		vwarn(f, ap);
		return;
	}
	int n = vasprintf(&text, f, ap);
	size_t len = 7;

	if (n < 0 || !(line = malloc((size_t)n * 4 + 16)))
		return;
	memcpy(line, "guise: ", len);
	for (const char *s = text; *s; s++)
		len += put_char(line + len, (unsigned char)*s);
	line[len++] = '\n';
	if (write(2, line, len) < 0)
		len = 0;                 /* nobody is left to be told */
	free(line);
	free(text);
}
void say(const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vsay(f, ap);
	va_end(ap);
}
const char *shown(const char *name) { return *name ? name : "\"\""; }
