/* The page for man, from the tables that help is made of: commands with their examples, then every option once. */
#include "cli.h"

#include <string.h>

/* What troff would take for its own: a backslash, a hyphen that is a minus, a dot or quote that begins a line. Lists of words
 * may break behind a bar. */
static void print_text(const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '|')
            fputs("|\\:", stdout);
        else
            putchar(*text);
        begins = *text == '\n';
    }
}

static void print_line(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    print_text(text);
    puts(after);
}

/* Its own options by name; what they do stands with the others. */
static void print_own_options(const cli_command *command)
{
    const char *before = "Options: ";
    for (int32_t i = 0; i < vly_option_count(); i++) {
        const vly_option *option = vly_option_at(i);
        if (!vly_option_belongs(option, command->name) || cli_option_is_common(option)) continue;
        printf("%s\\fB\\-\\-", before);
        print_text(option->key);
        fputs("\\fR", stdout);
        before = ", ";
    }
    if (*before == ',') puts(".");
}

static void print_command(const cli_command *command)
{
    printf(".SS %s\n", command->name);
    print_text(command->summary);
    printf("\n.P\n.B voxelyte %s\n", command->name);
    print_line("", command->usage, "");
    if (*command->text) {
        puts(".P\n.nf");
        print_text(command->text);
        puts(".fi");
    }
    puts(".P");
    print_own_options(command);
}

static void print_option(const vly_option *option)
{
    puts(".TP");
    print_line(option->value ? "\\fB\\-\\-" : "\\fB\\-\\-[no\\-]", option->key, "\\fR");
    if (option->value) print_line("\\fI", option->value, "\\fR\n.br");
    print_text(option->help);
    if (*option->standard) print_line(" [", option->standard, "]");
    if (!*option->standard) putchar('\n');
    if (!cli_option_is_common(option)) print_line("(", option->commands, ")");
}

void cli_print_man(void)
{
    printf(".TH VOXELYTE 1 \"\" \"voxelyte %s\" \"User commands\"\n.ad l\n", vly_version());
    puts(".SH NAME\nvoxelyte \\- from the tomogram of a battery cathode to its transport parameters");
    puts(".SH SYNOPSIS\n.B voxelyte\n.I COMMAND\n[\\fIOPTIONS\\fR] \\fIFILES\\fR");
    puts(
        ".SH DESCRIPTION\nThe answer is on stdout, everything else on stderr; with \\fB\\-\\-json\\fR it is the result "
        "document.\nErrors are one line that says what was found and what was expected. What could not be completed does "
        "not appear.\n.SH COMMANDS");
    for (int32_t i = 0; i < cli_command_count; i++) print_command(cli_commands[i]);
    puts(
        ".SH OPTIONS\nEach with its default and the commands it belongs to; in a study file it is a key of the same name.");
    for (int32_t i = 0; i < vly_option_count(); i++) print_option(vly_option_at(i));
    puts(".SH EXIT STATUS");
    for (int32_t i = 0; i < cli_exit_code_count; i++)
        printf(".TP\n.B %d\n%s\n", (int)cli_exit_codes[i].code, cli_exit_codes[i].meaning);
}
