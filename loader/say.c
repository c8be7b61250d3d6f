/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What guise itself says before a guest runs. A message is one line whatever names are in it: control characters, with
 * which a file name could lie to a terminal, are shown, not sent. The mark that tells one guise from other programs is
 * here too, since a guise is no guest of another.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "loader/image.h"
#include "loader/loader.h"

static const struct { uint32_t name_len, desc_len, type; char name[8]; uint32_t version; }
guise_note __attribute__((used, section(".note.guise"), aligned(4))) = { 6, 4, 1, "guise", 1 };

bool image_is_guise(const struct image *im)
{
	for (unsigned i = 0; i < im->n_note; i++)
		if (!strcmp(im->note[i].name, "guise") && im->note[i].type == guise_note.type)
			return true;
	return false;
}
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
