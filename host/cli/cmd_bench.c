/* voxelyte bench: how fast each stage runs, beside what this machine allows. */
#include "cli.h"

#include "voxelyte/bench.h"

#include <math.h>

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
    .text = "Stages: ceilings, histogram, label, kmeans, stream, two-point, geodesic; none named: all. Medians\n"
            "over repeats on a volume in memory (stream: in a file); quiet machines give honest figures.\n\n"
            "  voxelyte bench histogram label --threads 2\n"
            "  voxelyte bench -o bench.json\n",
    .most = 16,
    .run = run,
};
