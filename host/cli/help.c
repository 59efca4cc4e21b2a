/* Help from the tables: what a command does, its options with their defaults, and what the exit codes mean. */
#include "cli.h"

#include <string.h>

void cli_print_version(void)
{
    printf("voxelyte %s (%s)\n%s\n", vly_version(), vly_commit(), vly_libraries());
}

void cli_print_overview(void)
{
    printf("voxelyte %s: from the tomogram of a battery cathode to its transport parameters\n\n"
           "usage: voxelyte COMMAND [OPTIONS] FILES\n\n",
           vly_version());
    for (int32_t i = 0; i < cli_command_count; i++)
        printf("  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    puts("\nvoxelyte help COMMAND      its options, with defaults and examples\n"
         "voxelyte help exit-codes   what the program comes back with\n"
         "voxelyte help man          all of it as a page for man\n"
         "voxelyte --version         version and libraries; voxelyte doctor says more");
}

/* "  --key VALUE" and below it the help, wrapped at 100 columns. */
static void print_option(const vly_option *option)
{
    const char *word = option->help;
    int column = 6;
    if (option->value)
        printf("  --%s %s\n", option->key, option->value);
    else
        printf("  --%s, --no-%s\n", option->key, option->key);
    printf("      ");
    while (*word) {
        int length = (int)strcspn(word, " ");
        if (column + length > 100) printf("\n      "), column = 6;
        printf("%.*s%s", length, word, word[length] == ' ' ? " " : "");
        column += length + 1;
        word += length + (word[length] == ' ');
    }
    if (*option->standard) printf(" [%s]", option->standard);
    putchar('\n');
}

/* Options of every command are listed behind its own. */
bool cli_option_is_common(const vly_option *option)
{
    return vly_option_belongs(option, "info") && vly_option_belongs(option, "bench");
}

static void print_options(const cli_command *command, bool common)
{
    bool first = true;
    for (int32_t i = 0; i < vly_option_count(); i++) {
        const vly_option *option = vly_option_at(i);
        if (!vly_option_belongs(option, command->name) || cli_option_is_common(option) != common) continue;
        if (first) printf(common ? "\ncommon options\n" : "\noptions of %s\n", command->name);
        first = false;
        print_option(option);
    }
}

void cli_print_help(const cli_command *command)
{
    printf("voxelyte %s: %s\n\nusage: voxelyte %s %s\n\n%s", command->name, command->summary, command->name,
           command->usage, command->text);
    print_options(command, false);
    print_options(command, true);
}

const cli_exit_code cli_exit_codes[] = {
    {0, "done"},
    {1, "done, but different, or a quality gate failed"},
    {2, "options or configuration make no sense"},
    {65, "the input is there, but malformed or unsuitable"},
    {66, "an input is missing or cannot be read"},
    {70, "a mistake of ours: please report it"},
    {71, "out of memory, or the memory limit is too small"},
    {73, "the output exists already, or cannot be made"},
    {74, "reading or writing failed, or the disk is full"},
    {75, "interrupted, or others are doing what is left: run the same command again"},
    {76, "did not converge, or a guard failed"},
    {77, "the device asked for is not usable"},
    {130, "Ctrl-C"},
};
const int32_t cli_exit_code_count = sizeof cli_exit_codes / sizeof *cli_exit_codes;

static void print_exit_codes(void)
{
    for (int32_t i = 0; i < cli_exit_code_count; i++)
        printf("%3d  %s\n", (int)cli_exit_codes[i].code, cli_exit_codes[i].meaning);
}

static vly_status run(cli_call *cli)
{
    const char *topic = cli->settings.input_count > 0 ? cli->settings.inputs[0] : NULL;
    const cli_command *command = topic ? cli_command_find(topic) : NULL;
    char words[512] = "exit-codes|man|", hint[96];
    if (!topic)
        cli_print_overview();
    else if (command)
        cli_print_help(command);
    else if (strcmp(topic, "exit-codes") == 0)
        print_exit_codes();
    else if (strcmp(topic, "man") == 0)
        cli_print_man();
    else {
        for (int32_t i = 0; i < cli_command_count; i++) strcat(strcat(words, cli_commands[i]->name), "|");
        return vly_fail(VLY_EUSAGE, "help %s: no such topic%s", topic, vly_word_hint(hint, topic, words));
    }
    return VLY_OK;
}

const cli_command cli_help = {
    .name = "help",
    .usage = "[COMMAND | exit-codes | man]",
    .summary = "options and examples of a command",
    .text = "",
    .most = 1,
    .run = run,
};
