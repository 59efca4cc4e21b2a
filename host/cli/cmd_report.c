/* voxelyte report: the page that a run's folder is read from. */
#include "cli.h"

#include "voxelyte/report.h"

static vly_status run(cli_call *cli)
{
    const char *folder = cli->settings.inputs[0];
    VLY_TRY(vly_report_write(folder));
    cli_print_clean(stdout, folder);
    puts("/report.html");
    return VLY_OK;
}

const cli_command cli_report = {
    .name = "report",
    .usage = "FOLDER",
    .summary = "report.html from what a run left in its folder",
    .text = "The page holds everything it shows and needs neither network nor scripts; its figures are also in\n"
            "FOLDER/figures. An earlier report is replaced.\n\n"
            "  voxelyte report out/\n",
    .least = 1,
    .most = 1,
    .run = run,
};
