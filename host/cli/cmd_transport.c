/* voxelyte transport: effective diffusivity, tortuosity factor, and how sure they are. */
#include "cli.h"

#include <math.h>

static void print_direction(const vly_document *document, const char *axis)
{
    char at[32];
    snprintf(at, sizeof at, "directions.%s.", axis);
    double tau = cli_number(document, "%stau", at);
    if (isnan(cli_number(document, "%sd_eff_rel", at))) return;
    if (isnan(tau)) {
        printf("  %s  infinite: %s\n", axis, cli_word(document, "%sreason", at));
        return;
    }
    printf("  %s  %-11.8g  %-12.9g  %.9g ... %.9g  %6.2f %%  %3.0f\n", axis, tau,
           cli_number(document, "%sd_eff_rel", at), cli_number(document, "%sbounds.0", at),
           cli_number(document, "%sbounds.1", at), 100.0 * cli_number(document, "%spercolating_fraction", at),
           cli_number(document, "%siterations", at));
    if (*cli_word(document, "%sreason", at)) printf("     %s\n", cli_word(document, "%sreason", at));
}

static void summary(const vly_document *document)
{
    static const char *const axes[] = {"x", "y", "z"};
    double planned = cli_number(document, "plan.voxels");
    if (!isnan(planned)) {
        printf("would solve %s voxels in %.0f directions: at most %s of memory, at most about %s\n", cli_count(planned),
               cli_number(document, "plan.directions"), cli_bytes(cli_number(document, "plan.host_bytes")),
               cli_duration(cli_number(document, "plan.seconds")));
        return;
    }
    printf("%.6f of %s voxels conduct\n", cli_number(document, "volume_fraction"),
           cli_count(cli_number(document, "voxels")));
    printf("     tau          D_eff/D_0     bounds                        percolating  iterations\n");
    for (int a = 0; a < 3; a++) print_direction(document, axes[a]);
    if (isnan(cli_number(document, "tensor.d_eff_rel.0.0"))) return;
    printf("     tensor of the periodic medium\n");
    for (int a = 0; a < 3; a++)
        printf("  %s  %-12.9g  %-12.9g  %-12.9g\n", axes[a], cli_number(document, "tensor.d_eff_rel.%d.0", a),
               cli_number(document, "tensor.d_eff_rel.%d.1", a), cli_number(document, "tensor.d_eff_rel.%d.2", a));
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_transport, summary);
}

const cli_command cli_transport = {
    .name = "transport",
    .usage = "LABELS [-o OUT.json] [OPTIONS]",
    .summary = "effective diffusivity and tortuosity factor, with certified bounds",
    .text =
        "Solves for the steady flux between opposite faces through the phases that conduct. tau is eps D_0 / D_eff,\n"
        "eps the fraction of conducting voxels; tau_electrolyte counts a CBD voxel by half. D_eff lies between the\n"
        "bounds whatever happens; they and the fluxes in and out agree to the tolerance, else it ends with 76. Of a\n"
        "volume of 32-bit floats the values are the coefficients themselves. --tensor takes the volume as the cell of a\n"
        "periodic medium: its columns are mean fluxes where the mean gradient is one along x, y, z.\n\n"
        "  voxelyte transport labels.tif -o transport.json --conduct pore=1,cbd=0.12\n"
        "  voxelyte transport labels.tif --conduct am=1,cbd=100 --direction z --tolerance 1e-4\n",
    .least = 1,
    .most = 1,
    .run = run,
};
