/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Options by table: --name VALUE, --name=VALUE, -x VALUE, -xVALUE, -xy, and -- for the end. Long names are not
 * abbreviated: a script that works today must not become ambiguous tomorrow.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "loader/loader.h"

void refuse(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	vsay(f, ap);
	va_end(ap);
	exit(EXIT_OURS);
}
int output_end(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	say("write error: %s", strerror(errno));
	return EXIT_OURS;
}
static const struct option_row *find(const struct subcommand *c, const char *name, size_t n, char letter)
{
	for (int t = 0; c->options[t]; t++)
		for (unsigned i = 0; i < c->options[t]->n; i++) {
			const struct option_row *o = &c->options[t]->row[i];
			if (name ? o->name && strlen(o->name) == n && !strncmp(o->name, name, n) : o->letter == letter)
				return o;
		}
	return NULL;
}
static const char *command_of(const struct subcommand *c) { return !strcmp(c->name, "run") ? "" : c->name; }

static void unknown(const struct subcommand *c, const char *word)
{
	const char *own = command_of(c);
	refuse("%.*s is no option of guise%s%s; guise help%s%s lists them; options of the program go behind its name",
	       (int)strcspn(word, "="), word, *own ? " " : "", own, *own ? " " : "", own);
}
/* "--name" or "--name=value": how many words it took. */
static int take_long(const struct subcommand *c, struct request *r, char **argv)
{
	const char *name = argv[0] + 2, *eq = strchr(name, '=');
	const struct option_row *o = find(c, name, eq ? (size_t)(eq - name) : strlen(name), 0);

	if (!o)
		unknown(c, argv[0]);
	if (!o->arg && eq)
		refuse("--%s takes no value", o->name);
	if (o->arg && !eq && !argv[1])
		refuse("--%s wants %s behind it", o->name, o->arg);
	o->set(r, !o->arg ? NULL : eq ? eq + 1 : argv[1]);
	return o->arg && !eq ? 2 : 1;
}
/* "-x", "-xy", "-xVALUE" or "-x VALUE" */
static int take_short(const struct subcommand *c, struct request *r, char **argv)
{
	for (const char *p = argv[0] + 1; *p; p++) {
		const struct option_row *o = find(c, NULL, 0, *p);
		char word[] = { '-', *p, 0 };
		if (!o)
			unknown(c, word);
		if (!o->arg) {
			o->set(r, NULL);
			continue;
		}
		if (!p[1] && !argv[1])
			refuse("%s wants %s behind it", word, o->arg);
		o->set(r, p[1] ? p + 1 : argv[1]);
		return p[1] ? 1 : 2;
	}
	return 1;
}
int options_parse(struct request *r, int argc, char **argv)
{
	const struct subcommand *c = r->command;
	int i = 1;
	while (i < argc && argv[i][0] == '-' && argv[i][1]) {
		if (!strcmp(argv[i], "--"))
			return i + 1;
		i += argv[i][1] == '-' ? take_long(c, r, argv + i) : take_short(c, r, argv + i);
	}
	return i;
}
