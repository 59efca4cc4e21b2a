/* voxelyte info: what a volume is, from a few of its pages. */
#include "cli.h"

#include <math.h>

static void print_size(const vly_document *document, int32_t i)
{
    double x = cli_number(document, "inputs.%d.voxel_size_um.0", i),
           y = cli_number(document, "inputs.%d.voxel_size_um.1", i);
    double z = cli_number(document, "inputs.%d.voxel_size_um.2", i);
    fputs("  voxel size   ", stdout);
    if (isnan(x))
        fputs("unknown", stdout);
    else if (x == y && y == z)
        printf("%.6g um", x);
    else
        printf("%.6g x %.6g x %.6g um", x, y, z);
    printf(" (%s", cli_word(document, "inputs.%d.voxel_size_verdict", i));
    if (*cli_word(document, "inputs.%d.voxel_size_origin", i)) {
        fputs(": ", stdout);
        cli_print_clean(stdout, cli_word(document, "inputs.%d.voxel_size_origin", i));
    }
    puts(")");
}

static void print_volume(const vly_document *document, int32_t i)
{
    double voxels = cli_number(document, "inputs.%d.voxels", i);
    cli_print_clean(stdout, cli_word(document, "inputs.%d.path", i));
    printf("\n  volume       %.0f x %.0f x %.0f voxels (x, y, z), %s: %s\n",
           cli_number(document, "inputs.%d.extent.0", i), cli_number(document, "inputs.%d.extent.1", i),
           cli_number(document, "inputs.%d.extent.2", i), cli_word(document, "inputs.%d.type", i), cli_count(voxels));
    printf("  file         %s, codec %s, %s\n", cli_word(document, "inputs.%d.format", i),
           cli_word(document, "inputs.%d.codec", i), cli_bytes(cli_number(document, "inputs.%d.bytes", i)));
    print_size(document, i);
    printf("  grey values  %.6g ... %.6g, mean %.6g, median %.6g, 1 %% %.6g, 99 %% %.6g, Otsu %.6g\n",
           cli_number(document, "inputs.%d.grey.min", i), cli_number(document, "inputs.%d.grey.max", i),
           cli_number(document, "inputs.%d.grey.mean", i), cli_number(document, "inputs.%d.grey.percentiles.50", i),
           cli_number(document, "inputs.%d.grey.percentiles.1", i),
           cli_number(document, "inputs.%d.grey.percentiles.99", i), cli_number(document, "inputs.%d.grey.otsu", i));
    if (cli_number(document, "inputs.%d.grey.not_finite", i) > 0.0)
        printf("               %.0f of %.0f values are not finite: segment refuses such a volume\n",
               cli_number(document, "inputs.%d.grey.not_finite", i), cli_number(document, "inputs.%d.grey.values", i));
    printf("               from %.0f of %.0f pages\n", cli_number(document, "inputs.%d.grey.pages", i),
           cli_number(document, "inputs.%d.extent.2", i));
    const char *reason = cli_word(document, "inputs.%d.plan.reason", i);
    if (*reason)
        fputs("  segment      not possible: ", stdout), cli_print_clean(stdout, reason), putchar('\n');
    else
        printf("  segment      %s within %s of memory\n", cli_word(document, "inputs.%d.plan.mode", i),
               cli_bytes(cli_number(document, "inputs.%d.plan.host_bytes", i)));
}

static void summary(const vly_document *document)
{
    for (int32_t i = 0; i < vly_document_length(document, "inputs"); i++) print_volume(document, i);
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_info, summary);
}

const cli_command cli_info = {
    .name = "info",
    .usage = "FILE... [OPTIONS]",
    .summary = "shape, type, voxel size, grey statistics and memory plan of volumes",
    .text = "A volume is a TIFF file, a folder of TIFF pages, a quoted pattern (\"pages/*.tif\"), or voxels in a .raw\n"
            "file beside a .json that describes them. Statistics come from a few pages, so that it takes no longer\n"
            "for 200 GB than for 200 MB.\n\n"
            "  voxelyte info cathode.tif\n"
            "  voxelyte info --json pages/ | jq .inputs[0].extent\n",
    .least = 1,
    .most = 1000000,
    .run = run,
};
