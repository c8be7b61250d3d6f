/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise: the first word says which subcommand it is; any other word is the beginning of `guise run`.
 */
#include <stdio.h>
#include <string.h>
#include "command.h"

const struct subcommand *subcommand_find(const char *name)
{
	for (const struct subcommand *const *c = __start_guise_subcommands; c < __stop_guise_subcommands; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}
bool command_said;

int main(int argc, char **argv)
{
	const struct subcommand *c = argc > 1 ? subcommand_find(argv[1]) : NULL;

	if (argc < 2) {
		fputs("usage: guise [OPTION...] PROGRAM [ARG...]\n"
		      "guise --help says more\n", stderr);
		return EXIT_OURS;
	}
	command_said = c != NULL;
	if (c)
		return c->run(c, argc - 1, argv + 1);
	c = subcommand_find("run");
	return c->run(c, argc, argv);
}
