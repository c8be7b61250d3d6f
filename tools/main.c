/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise: the first word says which subcommand it is; any other word is the beginning of `guise run`.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "loader/begin.h"

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
	struct request r;

	libc_is_up = true;
	if (argc < 2) {
		fputs("usage: guise [OPTION...] PROGRAM [ARG...]\n"
		      "guise --help says more\n", stderr);
		return EXIT_OURS;
	}
	command_said = c != NULL;
	if (c)
		argc--, argv++;
	else
		c = subcommand_find("run");
	request_start(&r, c, environ);
	r.words = argv + 1;
	int i = options_parse(&r, argc, argv);
	return c->run(&r, argc - i, argv + i);
}
