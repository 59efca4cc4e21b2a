/* voxelyte synth: volumes whose truth is known. */
#include "cli.h"

static void summary(const vly_document *document)
{
    static const char *const phases[] = {"am", "cbd", "pore"};
    cli_print_clean(stdout, cli_word(document, "output"));
    printf(": %s voxels\n", cli_count(cli_number(document, "voxels")));
    for (int i = 0; i < 3; i++)
        printf("  %-4s  %9.6f  %14.0f voxels\n", phases[i], cli_number(document, "achieved.%s", phases[i]),
               cli_number(document, "counts.%s", phases[i]));
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_synth, summary);
}

const cli_command cli_synth = {
    .name = "synth",
    .usage = "-o FOLDER [--preset P --size X,Y,Z | --from LABELS] [OPTIONS]",
    .summary = "a synthetic cathode with known truth, or the tomogram of given labels",
    .text = "FOLDER gets grey.tif (the tomogram), truth.tif (0 pore, 1 am, 2 cbd), edx.tif (a map of the binder),\n"
            "fib/ (labels at high resolution) and synth.json, which says how they were made. The same seed gives\n"
            "the same bytes on any machine. With --from, grey.tif is what the given labels would look like.\n\n"
            "  voxelyte synth --preset two-layer --size 128,128,96 --seed 1 -o sample\n"
            "  voxelyte synth --from labels.tif --labels pore=0,am=85,cbd=170 --voxel-size 0.398um -o grey\n",
    .most = 0,
    .output = true,
    .run = run,
};
