/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise help, --help and --version: printed from the same rows that the parser reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];

static void usage_line(const struct subcommand *c, const char *lead)
{
	bool run = !strcmp(c->name, "run");
	printf("%s guise %s%s%s\n", lead, run ? "" : c->name, run || !*c->args ? "" : " ", c->args);
}
static void print_options(const struct option_table *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct option_row *o = &t->row[i];
		char left[64];
		if (!o->help)
			continue;
		char letter[] = { o->letter ? '-' : ' ', o->letter ? o->letter : ' ', 0 };
		snprintf(left, sizeof left, "  %s%s%s%s%s%s", letter, o->letter && o->name ? ", " : o->name ? "  " : "",
			 o->name ? "--" : "", o->name ? o->name : "", o->arg ? " " : "", o->arg ? o->arg : "");
		printf("%-26s %s\n", left, o->help);
	}
}
static void print_subcommand(const struct subcommand *c)
{
	usage_line(c, "usage:");
	printf("\n%s\n", c->about ? c->about : "For the tests only.");
	if (c->text)
		printf("\n%s\n", c->text);
	if (c->options[0])
		printf("\nOptions:\n");
	for (int t = 0; c->options[t]; t++)
		print_options(c->options[t]);
}
static void print_whole(void)
{
	const char *lead = "usage:";

	usage_line(subcommand_find("run"), lead);
	for (const struct subcommand *const *c = __start_guise_subcommands; c < __stop_guise_subcommands; c++)
		if ((*c)->about && strcmp((*c)->name, "run"))
			usage_line(*c, "      ");
	printf("\nRuns programs of other operating systems on Linux by translating their system calls.\n\nCommands:\n");
	for (const struct subcommand *const *c = __start_guise_subcommands; c < __stop_guise_subcommands; c++)
		if ((*c)->about)
			printf("  %-10s %s\n", (*c)->name, (*c)->about);
	printf("\nOptions:\n");
	print_options(&run_options);
	print_options(&common_options);
	printf("\nSystems:\n");
	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		printf("  %-10s %s\n", (*p)->name, (*p)->about);
	printf("\nGUISE_ROOT and GUISE_ENGINE stand for --root and --engine where those are not given; the guest never\n"
	       "sees them.\n"
	       "The exit status is the program's; 125: guise failed, 126: cannot be run, 127: not found.\n");
}
static __attribute__((noreturn)) void finish(void)
{
	exit(output_end(0));
}
static __attribute__((noreturn)) void help_print(const struct subcommand *c)
{
	if (c)
		print_subcommand(c);
	else
		print_whole();
	finish();
}
static __attribute__((noreturn)) void version_print(void)
{
	printf("guise %s\n", GUISE_VERSION);
	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		printf("  %-10s %s\n", (*p)->name, (*p)->release);
	finish();
}
static void set_help(struct request *r, const char *v)
{
	help_print(command_said ? r->command : NULL);
}
static void set_version(struct request *r, const char *v) { version_print(); }

static const struct option_row common_rows[] = {
	{ 'h', "help", NULL, V_NONE, "print this and exit", set_help },
	{ 0, "version", NULL, V_NONE, "print the version and exit", set_version },
};
const struct option_table common_options = { common_rows, ARRAY_LEN(common_rows) };

static int run(struct request *r, int argc, char **argv)
{
	const struct subcommand *c = argc ? subcommand_find(argv[0]) : NULL;

	if (argc > 1)
		refuse("guise help takes one name at most");
	if (argc && !c)
		refuse("there is no subcommand \"%s\"; guise --help lists them", argv[0]);
	help_print(c);
}
static const struct subcommand help_command = {
	.name = "help", .args = "[SUBCOMMAND]", .about = "say what a subcommand does and which options it takes",
	.options = { &common_options },
	.run = run,
};
SUBCOMMAND(help_command);
