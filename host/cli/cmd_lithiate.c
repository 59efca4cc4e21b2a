/* voxelyte lithiate: discharge curves of a half cell at constant current. */
#include "cli.h"

#include <math.h>

static void print_plan(const vly_document *d)
{
    printf("would march %s unknowns at %.0f current%s: about %s of memory, about %s\n",
           cli_count(cli_number(d, "plan.unknowns")), cli_number(d, "plan.currents"),
           cli_number(d, "plan.currents") > 1.0 ? "s" : "", cli_bytes(cli_number(d, "plan.host_bytes")),
           cli_duration(cli_number(d, "plan.seconds")));
}

/* What was made of the labels. */
static void print_cell(const vly_document *d)
{
    printf("electrode of %.0f x %.0f x %.0f voxels, %.1f um thick; separator of %.0f layers, %.0f um\n",
           cli_number(d, "geometry.electrode_voxels.0"), cli_number(d, "geometry.electrode_voxels.1"),
           cli_number(d, "geometry.electrode_voxels.2"), cli_number(d, "geometry.thickness_um"),
           cli_number(d, "geometry.separator.layers"), cli_number(d, "geometry.separator.thickness_um"));
    printf("  layers trimmed at the collector %.0f; sealed electrolyte %.3f %%, floating active material %.3f %%, "
           "floating binder %.3f %%\n",
           cli_number(d, "geometry.trimmed_layers"), 100.0 * cli_number(d, "geometry.sealed_electrolyte_fraction"),
           100.0 * cli_number(d, "geometry.floating_am_fraction"),
           100.0 * cli_number(d, "geometry.floating_cbd_fraction"));
    printf(
        "  theory %.4g mAh/cm2; limiting current about %.3g mA/cm2; collector side runs out of salt below about %.3g\n",
        cli_number(d, "outlook.theory_mah_cm2"), cli_number(d, "outlook.limiting_ma_cm2"),
        cli_number(d, "outlook.depleting_ma_cm2"));
    printf("  gamma of the binder %.4g: tau %.4g, 1/tau %.4g\n", cli_number(d, "gamma_cbd"), cli_number(d, "tau_cbd"),
           cli_number(d, "inverse_tau_cbd"));
}

static void print_curve(const vly_document *d, const char *at)
{
    printf("  %6.4g  %10.5f  %-8s  %5.0f  %6.0f  %6.0f   %.1e  %.1e\n", cli_number(d, "%scurrent_ma_cm2", at),
           cli_number(d, "%scapacity_mah_cm2", at), cli_word(d, "%sstop_reason", at), cli_number(d, "%ssteps", at),
           cli_number(d, "%snewton_iterations", at), cli_number(d, "%slinear_iterations", at),
           cli_number(d, "%slithium_balance_rel", at), cli_number(d, "%scharge_balance_rel", at));
}

static void summary(const vly_document *d)
{
    const int curves = vly_document_length(d, "curves");
    if (curves < 0) print_cell(d);
    if (!isnan(cli_number(d, "plan.unknowns"))) {
        print_plan(d);
        return;
    }
    printf("  mA/cm2     mAh/cm2  stopped   steps  Newton  Krylov  lithium  charge\n");
    if (curves < 0) print_curve(d, "");
    for (int i = 0; i < curves; i++) {
        char at[32];
        snprintf(at, sizeof at, "curves.%d.", i);
        print_curve(d, at);
    }
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_lithiate, summary);
}

const cli_command cli_lithiate = {
    .name = "lithiate",
    .usage = "LABELS -o OUT --current MA_CM2[,...] [OPTIONS]",
    .summary = "voltage over capacity of a half cell, resolved voxel by voxel",
    .text =
        "The labels are the electrode, between a collector and a separator with lithium behind it (--separator says at\n"
        "which end). The current is per area of the whole cross-section; above 0 it lithiates the active material, until\n"
        "the voltage is at the cut-off to 0.1 mV. The folder OUT gets curve.csv and result.json; with several currents\n"
        "each has a folder in it, OUT/6 and so on. Ctrl-C and a scheduler's signals leave a checkpoint there, and the same\n"
        "command goes on to the same bits. A curve that a guard stopped is written, and the exit code is 76.\n\n"
        "  voxelyte lithiate labels.tif -o cell --current 6 --gamma-cbd 0.12\n"
        "  voxelyte lithiate labels.tif -o cell --current 1,3,6,8,10,12 --crop 200 --parameters cell.json\n"
        "  voxelyte lithiate labels.tif -o cell --current 6 --fields 2,4 --set cutoff=2.8,solid_diffusivity=1e-14\n",
    .least = 1,
    .most = 1,
    .run = run,
};
