/* voxelyte verify and diff: does it come out again, and where do two differ. */
#include "cli.h"

#include <string.h>

static void summary(const vly_document *document)
{
    const char *words = cli_word(document, "words");
    while (*words) {
        char line[1024];
        int length = (int)strcspn(words, "\n");
        snprintf(line, sizeof line, "%.*s", length, words);
        cli_print_clean(stdout, line);
        putchar('\n');
        words += length + (words[length] == '\n');
    }
}

static vly_status run_verify(cli_call *cli)
{
    return cli_do_job(cli, vly_job_verify, summary);
}

static vly_status run_diff(cli_call *cli)
{
    return cli_do_job(cli, vly_job_diff, summary);
}

const cli_command cli_verify = {
    .name = "verify",
    .usage = "FOLDER/manifest.json [OPTIONS]",
    .summary = "run a study again and compare bit for bit",
    .text = "Comes back with 0 if everything is the same, times and paths aside, with 1 if something is not.\n\n"
            "  voxelyte verify out/manifest.json\n",
    .least = 1,
    .most = 1,
    .run = run_verify,
};

const cli_command cli_diff = {
    .name = "diff",
    .usage = "A B [OPTIONS]",
    .summary = "how two study folders, or two volumes, differ",
    .text = "Comes back with 0 if they are the same, with 1 if not, and says in words where.\n\n"
            "  voxelyte diff out other\n"
            "  voxelyte diff a.tif b.tif\n",
    .least = 2,
    .most = 2,
    .run = run_diff,
};
