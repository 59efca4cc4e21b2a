/* voxelyte convert: a volume to another format. */
#include "cli.h"

static void summary(const vly_document *document)
{
    cli_print_clean(stdout, cli_word(document, "output"));
    printf(": %.0f x %.0f x %.0f voxels of %s\n", cli_number(document, "extent.0"), cli_number(document, "extent.1"),
           cli_number(document, "extent.2"), cli_word(document, "type"));
}

/* OUT may stand as a second file name, because that is how one says convert. */
static vly_status run(cli_call *cli)
{
    vly_settings *settings = &cli->settings;
    if (settings->input_count == 2)
        VLY_TRY(vly_settings_set(settings, "convert", "output", settings->inputs[1], "command line"));
    settings->input_count = 1;
    if (!*settings->output) return vly_fail(VLY_EUSAGE, "convert: usage: voxelyte convert %s", cli->command->usage);
    return cli_do_job(cli, vly_job_convert, summary);
}

const cli_command cli_convert = {
    .name = "convert",
    .usage = "IN OUT [OPTIONS]",
    .summary = "between TIFF and raw, to VTI for ParaView, and from other label values to 0, 1, 2, 255",
    .text =
        "OUT is a TIFF (.tif), raw (.raw, with a .json that describes it) or VTI (.vti, for ParaView; micrometres) file. Type\n"
        "and voxel size are kept.\n\n"
        "  voxelyte convert pages/ volume.tif\n"
        "  voxelyte convert labels.tif labels.vti\n"
        "  voxelyte convert labels.tif small.raw --window 0:100,0:100,0:100 --labels pore=0,am=85,cbd=170\n",
    .least = 1,
    .most = 2,
    .run = run,
};
