/* The table of commands, in the order in which help lists them. */
#include "cli.h"

#include <string.h>

const cli_command *const cli_commands[] = {&cli_info,    &cli_synth,    &cli_segment,   &cli_compose,  &cli_train,
                                           &cli_compare, &cli_describe, &cli_transport, &cli_lithiate, &cli_impedance,
                                           &cli_fit,     &cli_convert,  &cli_run,       &cli_report,   &cli_verify,
                                           &cli_diff,    &cli_bench,    &cli_doctor,    &cli_help,     &cli_completion};
const int32_t cli_command_count = sizeof cli_commands / sizeof *cli_commands;

const cli_command *cli_command_find(const char *name)
{
    for (int32_t i = 0; i < cli_command_count; i++)
        if (strcmp(cli_commands[i]->name, name) == 0) return cli_commands[i];
    return NULL;
}
