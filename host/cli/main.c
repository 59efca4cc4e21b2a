/* The program: finds the command, reads its options, runs it, and turns a failure into one line and an exit code. */
#include "cli.h"

#include <string.h>

static cli_call run; /* too large for the stack */

/* The build may use instructions that an old processor lacks: better a sentence than a signal. */
static bool processor_fits(void)
{
#ifdef __AVX2__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#else
    return true;
#endif
}

static void keep_line(int count, char **words)
{
    size_t used = 0;
    for (int i = 0; i < count && used < sizeof run.line - 1; i++) {
        int length = snprintf(run.line + used, sizeof run.line - used, "%s%s", i ? " " : "", words[i]);
        used += length > 0 ? (size_t)length : 0;
    }
}

static vly_status unknown_command(const char *name)
{
    char words[512] = "", hint[96];
    for (int32_t i = 0; i < cli_command_count; i++) strcat(strcat(words, cli_commands[i]->name), "|");
    return vly_fail(VLY_EUSAGE, "%s: no such command%s", name, vly_word_hint(hint, name, words));
}

static vly_status run_command(int count, char **words)
{
    bool help = false;
    const cli_command *command = run.command = cli_command_find(words[0]);
    if (!command) return unknown_command(words[0]);
    vly_settings_defaults(&run.settings);
    VLY_TRY(cli_parse(&run, count - 1, words + 1, &help));
    if (help) {
        cli_print_help(command);
        return VLY_OK;
    }
    if (run.settings.input_count < command->least || run.settings.input_count > command->most)
        return vly_fail(VLY_EUSAGE, "%s: %d file names; usage: voxelyte %s %s", command->name, run.settings.input_count,
                        command->name, command->usage);
    if (command->output && !*run.settings.output)
        return vly_fail(VLY_EUSAGE, "%s: -o PATH expected: where the result goes", command->name);
    return command->run(&run);
}

static vly_status start(int count, char **words)
{
    const char *first = count > 1 ? words[1] : "--help";
    keep_line(count, words);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        cli_print_overview();
        return VLY_OK;
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        cli_print_version();
        return VLY_OK;
    }
    if (*first == '-') return vly_fail(VLY_EUSAGE, "%s: a command expected before its options", first);
    return run_command(count - 1, words + 1);
}

int main(int count, char **words)
{
    if (!processor_fits()) {
        fputs("voxelyte: this build needs a processor with AVX2, FMA and BMI2\n", stderr);
        return VLY_EDEVICE;
    }
    cli_signals_catch();
    vly_status status = start(count, words);
    bool printed = fflush(stdout) == 0 && !ferror(stdout);
    bool answered = status == VLY_OK || status == VLY_DIFFERENT;
    if (answered && printed) return status;
    if (answered) status = vly_fail(VLY_EIO, "standard output: cannot be written");
    fputs("voxelyte: ", stderr);
    cli_print_clean(stderr, vly_error_message());
    fputc('\n', stderr);
    return status;
}
