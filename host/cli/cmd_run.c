/* voxelyte run: a study file in, a folder out. */
#include "cli.h"

#include "voxelyte/study.h"

#include <string.h>

static void print_row(const vly_document *document, const char *row)
{
    const double bytes = cli_number(document, "%shost_bytes", row), seconds = cli_number(document, "%sseconds", row);
    printf("  %-12s %6.0f  %14s  %10s  %12s\n", cli_word(document, "%skind", row),
           cli_number(document, "%spieces", row), seconds > 0 ? cli_duration(seconds) : "",
           bytes > 0 ? cli_bytes(bytes) : "", cli_duration(cli_number(document, "%sgpu_seconds_at_least", row)));
}

/* What is to be done, by kind of piece. */
static void plan(const vly_document *document)
{
    const int32_t kinds = vly_document_length(document, "plan.kinds");
    char row[32];
    if (kinds < 1) return;
    printf("\n  to do        pieces   on %3.0f threads  memory, most   a GPU, at least\n",
           cli_number(document, "threads"));
    for (int32_t i = 0; i < kinds; i++) {
        snprintf(row, sizeof row, "plan.kinds.%d.", (int)i);
        print_row(document, row);
    }
    print_row(document, "plan.");
    printf(
        "  Times from measured costs per voxel, good for an order of magnitude. Of a GPU with %.0f GB/s (--gpu-bandwidth) only\n"
        "  what its memory would need for the bytes to be moved: nothing was measured on one.\n\n",
        cli_number(document, "plan.gpu_bandwidth_gb_s"));
}

static void summary(const vly_document *document)
{
    int32_t count = vly_document_length(document, "pieces");
    for (int32_t i = 0; i < count; i++) {
        printf("  %-10s ", cli_word(document, "pieces.%d.state", i));
        cli_print_clean(stdout, cli_word(document, "pieces.%d.name", i));
        const char *state = cli_word(document, "pieces.%d.state", i);
        double seconds = cli_number(document, "pieces.%d.seconds", i);
        const double bytes = cli_number(document, "pieces.%d.host_bytes", i);
        if (strcmp(state, "finished") != 0 && seconds > 0)
            printf(strcmp(state, "computed") == 0 ? " (%s" : " (about %s", cli_duration(seconds));
        if (strcmp(state, "finished") != 0 && seconds > 0) printf(bytes > 0 ? ", %s)" : ")", cli_bytes(bytes));
        if (*cli_word(document, "pieces.%d.reason", i))
            fputs(": ", stdout), cli_print_clean(stdout, cli_word(document, "pieces.%d.reason", i));
        putchar('\n');
    }
    plan(document);
    cli_print_clean(stdout, cli_word(document, "output"));
    putchar('\n');
}

/* The study file has a say in how the device is opened; the command line has the last word. */
static vly_status run(cli_call *cli)
{
    static vly_settings study; /* large */
    vly_settings *settings = &cli->settings;
    VLY_TRY(vly_study_settings(&study, settings->inputs[0], settings));
    memcpy(settings->device, study.device, sizeof settings->device);
    settings->threads = study.threads;
    settings->memory_limit = study.memory_limit;
    settings->device_memory_limit = study.device_memory_limit;
    settings->command_line = cli->line;
    return cli_do_job(cli, vly_job_run, summary);
}

const cli_command cli_run = {
    .name = "run",
    .usage = "STUDY.yaml -o FOLDER [OPTIONS]",
    .summary = "a whole study from one file into one folder; goes on with what is there",
    .text = "The study file names the samples and how to trinarise them; every option here is also a key there, and\n"
            "the command line wins. FOLDER gets labels, result documents, tables and report.html. What is finished\n"
            "is not computed again, so a run that was interrupted is simply started again, and several processes\n"
            "may work on one folder. Where a setting or an input has changed, what depends on it is computed again;\n"
            "--dry-run says what that is, how long it takes and how much memory.\n\n"
            "For the report alone the file may state suspensions by the weight percent of their solids, and which\n"
            "of them a sample was coated from, from the collector up, and its density in g/cm3:\n\n"
            "  suspensions: {A: {active_material: 93.5, carbon_black: 2, graphite: 1, binder: 3.5, mixer: NAME}}\n"
            "  samples: [{name: one, grey: one.tif, suspensions: [A], density: 3.1}]\n\n"
            "  voxelyte run samples/two_layer.yaml -o out\n"
            "  voxelyte run study.yaml -o out --only segment.kmeans\n"
            "  voxelyte run study.yaml -o out --from compare --dry-run\n",
    .least = 1,
    .most = 1,
    .output = true,
    .run = run,
};
