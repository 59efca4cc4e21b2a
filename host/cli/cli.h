/* What the files of the program share: one run's state, the table of commands, and how things are said on a terminal. */
#ifndef VLY_CLI_H
#define VLY_CLI_H

#include "voxelyte/document.h"
#include "voxelyte/job.h"

#include <stdio.h>

typedef struct cli_command cli_command;

typedef struct cli_call {
    const cli_command *command;
    vly_settings settings;
    char line[8192]; /* the command line as it was typed */
} cli_call;

struct cli_command {
    const char *name;
    const char *usage; /* what stands behind the name */
    const char *summary;
    const char *text;    /* paragraphs and examples */
    int32_t least, most; /* file names it takes */
    bool output;         /* -o must be given */
    vly_status (*run)(cli_call *cli);
};

extern const cli_command *const cli_commands[];
extern const int32_t cli_command_count;
extern const cli_command cli_info, cli_synth, cli_segment, cli_compose, cli_train, cli_compare, cli_describe,
    cli_transport, cli_lithiate, cli_impedance, cli_fit, cli_convert, cli_run, cli_report, cli_verify, cli_diff,
    cli_bench, cli_doctor, cli_help, cli_completion;

/* NULL if there is none of that name. */
const cli_command *cli_command_find(const char *name);

/* ---- arguments.c ---- */

/* Options into settings, everything else to the front of `words`, as the settings' inputs. *help: -h or --help was there. */
vly_status cli_parse(cli_call *cli, int count, char **words, bool *help);

/* ---- help.c ---- */

void cli_print_overview(void);
void cli_print_help(const cli_command *command);
void cli_print_version(void);
bool cli_option_is_common(const vly_option *option);

typedef struct cli_exit_code {
    int32_t code;
    const char *meaning;
} cli_exit_code;

extern const cli_exit_code cli_exit_codes[];
extern const int32_t cli_exit_code_count;

/* ---- man.c ---- */

void cli_print_man(void);

/* ---- terminal.c: stderr and the event file ---- */

vly_status cli_progress_open(const cli_call *cli);
vly_progress cli_progress(void);

/* What computes: told with the first progress, or now. */
void cli_progress_device(const vly_device *device, bool now);

/* Says how it ended; the status that comes back is worse if the events could not be written. */
vly_status cli_progress_close(vly_status status, double seconds);

/* ---- signals.c ---- */

void cli_signals_catch(void);
vly_status cli_signals_wanted(void); /* VLY_OK, or the status to stop with */

/* ---- output.c ---- */

/* Text without what could steer a terminal. */
void cli_print_clean(FILE *to, const char *text);

/* "1.2 GiB", "13.1 G", "2 min 5 s", for people; borrowed, 8 rotating buffers. */
const char *cli_bytes(double bytes);
const char *cli_count(double count);
const char *cli_duration(double seconds);
double cli_now(void); /* s, monotonic */

/* Values of a document by a path made like printf's: NaN, or "", where there is none. */
double cli_number(const vly_document *document, const char *path, ...) VLY_PRINTF(2, 3);
const char *cli_word(const vly_document *document, const char *path, ...) VLY_PRINTF(2, 3);

typedef vly_status cli_job(vly_document **out, vly_device *device, const vly_settings *settings);
typedef void cli_summary(const vly_document *document);

/* Opens the device, does the job, and prints the document (--json) or the summary. */
vly_status cli_do_job(cli_call *cli, cli_job *job, cli_summary *summary);

#endif
