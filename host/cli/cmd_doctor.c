/* voxelyte doctor: one page to paste into a bug report. */
#include "cli.h"

#include <math.h>

static void line(const char *name, const char *text)
{
    printf("%-14s ", name);
    cli_print_clean(stdout, text);
    putchar('\n');
}

static void names(const vly_document *document, const char *name, const char *path)
{
    printf("%-14s ", name);
    for (int32_t i = 0; i < vly_document_length(document, path); i++)
        printf("%s%s", i ? ", " : "", cli_word(document, "%s.%d", path, i));
    putchar('\n');
}

static void print_memory(const vly_document *document)
{
    double device_limit = cli_number(document, "memory.device_limit");
    printf("%-14s %s, of which a job may hold %s", "memory", cli_bytes(cli_number(document, "memory.bytes")),
           cli_bytes(cli_number(document, "memory.limit")));
    if (device_limit > 0.0) printf(", and %s on the device", cli_bytes(device_limit));
    putchar('\n');
}

static void print_cuda(const vly_document *document)
{
    char name[16];
    int32_t count = vly_document_length(document, "cuda.gpus");
    if (count == 0) line("GPU", cli_word(document, "cuda.reason"));
    for (int32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "cuda:%d", (int)i);
        line(name, cli_word(document, "cuda.gpus.%d", i));
    }
}

static void print_scratch(const vly_document *document)
{
    double bytes = cli_number(document, "scratch.free");
    if (isnan(bytes)) return line("scratch", cli_word(document, "scratch.reason"));
    printf("%-14s ", "scratch");
    cli_print_clean(stdout, cli_word(document, "scratch.folder"));
    printf(", %s free\n", cli_bytes(bytes));
}

static void summary(const vly_document *document)
{
    printf("%-14s %s (%s), compiler %s\n", "voxelyte", cli_word(document, "voxelyte"), cli_word(document, "commit"),
           cli_word(document, "compiler"));
    line("libraries", cli_word(document, "libraries"));
    names(document, "TIFF reads", "tiff.reads");
    names(document, "TIFF refuses", "tiff.refuses");
    line("system", cli_word(document, "system"));
    printf("%-14s %s, %.0f for this process\n", "processor", cli_word(document, "processor"),
           cli_number(document, "processors"));
    print_memory(document);
    printf("%-14s ", "computes on");
    printf("%s: ", cli_word(document, "device"));
    cli_print_clean(stdout, cli_word(document, "device_description"));
    putchar('\n');
    print_cuda(document);
    print_scratch(document);
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_doctor, summary);
}

const cli_command cli_doctor = {
    .name = "doctor",
    .usage = "[OPTIONS]",
    .summary = "versions, file formats, processor, GPU and limits, for a bug report",
    .text = "Says what is there, what is not, and why not.\n\n"
            "  voxelyte doctor\n"
            "  voxelyte doctor --device cuda --json\n",
    .run = run,
};
