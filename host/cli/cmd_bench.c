/* voxelyte bench: how fast each stage runs, beside what this machine allows. */
#include "cli.h"

#include "voxelyte/bench.h"

#include <math.h>

/* Where the device counts: what one run of a row has it do. */
static void print_work(const vly_document *document, int32_t i)
{
    double voxels = cli_number(document, "rows.%d.voxels", i),
           launches = cli_number(document, "rows.%d.work.launches", i);
    if (!(launches >= 0.0) || !(voxels > 0.0)) return;
    printf("%-10s %.0f launches (%.3g a Mvoxel); a voxel: %.3g threads, %.3g meetings of threads, %.3g bytes copied\n",
           "", launches, 1e6 * launches / voxels, cli_number(document, "rows.%d.work.threads", i) / voxels,
           cli_number(document, "rows.%d.work.meetings", i) / voxels,
           cli_number(document, "rows.%d.work.bytes_copied", i) / voxels);
}

static void summary(const vly_document *document)
{
    printf("%-10s %-53s %12s %12s  %s\n", "stage", "what", "rate", "bound", "where the bound comes from");
    for (int32_t i = 0; i < vly_document_length(document, "rows"); i++) {
        double bound = cli_number(document, "rows.%d.bound", i);
        char bounds[32] = "-";
        if (bound > 0.0) snprintf(bounds, sizeof bounds, "%.4g", bound);
        printf("%-10s %-53s %5.4g %-8s %10s  %s\n", cli_word(document, "rows.%d.stage", i),
               cli_word(document, "rows.%d.what", i), cli_number(document, "rows.%d.rate", i),
               cli_word(document, "rows.%d.unit", i), bounds, cli_word(document, "rows.%d.reason", i));
        print_work(document, i);
    }
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_bench, summary);
}

const cli_command cli_bench = {
    .name = "bench",
    .usage = "[STAGE...] [OPTIONS]",
    .summary = "throughput of each stage against the bound of this machine",
    .text =
        "Stages: ceilings, histogram, label, kmeans, mlp, distance, cover, intrusion, stream, two-point, geodesic, transport, lithiate,\n"
        "surface, components; none named: all. Medians over repeats on a volume in memory (stream: in a file); quiet machines give honest figures.\n\n"
        "  voxelyte bench histogram label --threads 2\n"
        "  voxelyte bench -o bench.json\n",
    .most = 16,
    .run = run,
};
