/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of files: as /proc/PID/maps has them, and as a line of a report may show them. A name, of a file or a function,
 * can hold anything that would end the line or speak to the terminal.
 */
#include <stdio.h>
#include <string.h>
#include "guise.h"
#include "tools/stack/stack.h"

void map_name(char *s)
{
	char *to = s;
	for (; *s; s++)
		if (!strncmp(s, "\\012", 4))
			*to++ = '\n', s += 3;
		else
			*to++ = *s;
	*to = 0;
}
const char *line_name(const char *s)
{
	static char buf[4][16400];
	static unsigned turn;
	char *first = buf[turn++ % ARRAY_LEN(buf)], *to = first;
	for (; *s && to + 5 < first + sizeof buf[0]; s++)
		to += sprintf(to, (unsigned char)*s < ' ' || (unsigned char)*s >= 127 || *s == '\\' ? "\\%03o" : "%c", (unsigned char)*s);
	*to = 0;
	return first;
}
