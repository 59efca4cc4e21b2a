/* voxelyte compose: fine labels to volume fractions. */
#include "cli.h"

static void summary(const vly_document *document)
{
    static const char *const phases[] = {"am", "cbd", "pore"};
    cli_print_clean(stdout, cli_word(document, "output"));
    printf(": %s voxels of %.0f^3 fine ones, from (%.0f, %.0f, %.0f) of the tomogram on\n",
           cli_count(cli_number(document, "voxels")), cli_number(document, "ratio"), cli_number(document, "origin.0"),
           cli_number(document, "origin.1"), cli_number(document, "origin.2"));
    for (int i = 0; i < 3; i++) printf("  %-4s  %9.6f\n", phases[i], cli_number(document, "fractions.%s", phases[i]));
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_compose, summary);
}

const cli_command cli_compose = {
    .name = "compose",
    .usage = "FIB -o OUT.tif --ratio N [--transform T.json] [OPTIONS]",
    .summary = "labels at high resolution to the volume fractions of coarser voxels",
    .text = "Every voxel of OUT, N fine ones a side, gets three 32-bit fractions: am, cbd, pore. Voxels that are not\n"
            "wholly inside the fine volume are 0, 0, 0. The transform says where the fine volume lies in the\n"
            "tomogram; OUT then begins at a voxel of the tomogram's own grid, and its description says which.\n\n"
            "  voxelyte compose fib/labels.tif -o composition.tif --ratio 128 --transform T.json\n"
            "  voxelyte compose sample/fib/labels.tif -o composition.tif --ratio 16 --transform sample/synth.json\n",
    .least = 1,
    .most = 1,
    .output = true,
    .run = run,
};
