/* voxelyte fit: gamma of the carbon-binder from measured curves, with its interval. */
#include "cli.h"

#include <math.h>

static void print_plan(const vly_document *d)
{
    printf("would simulate %.0f cut-outs, at most %.0f curves: about %s of memory, at most about %s\n",
           cli_number(d, "plan.cutouts"), cli_number(d, "plan.simulations"),
           cli_bytes(cli_number(d, "plan.host_bytes")), cli_duration(cli_number(d, "plan.seconds")));
}

static void print_cutout(const vly_document *d, int i)
{
    const char *flag = cli_word(d, "per_cutout.%d.flag", i);
    printf("  %3d  %-9.4g %-8.4g %-8.4g  %6.4g ... %-6.4g  %8.2f  %9.4g  %4.0f  ", i + 1,
           cli_number(d, "per_cutout.%d.gamma", i), cli_number(d, "per_cutout.%d.tau", i),
           cli_number(d, "per_cutout.%d.inverse_tau", i), cli_number(d, "per_cutout.%d.interval.0", i),
           cli_number(d, "per_cutout.%d.interval.1", i), cli_number(d, "per_cutout.%d.matches.0.rms_mv", i),
           cli_number(d, "per_cutout.%d.transport_rel", i), cli_number(d, "per_cutout.%d.evaluations", i));
    cli_print_clean(stdout, cli_word(d, "per_cutout.%d.labels", i));
    printf("%s%s\n", *flag ? "  " : "", flag);
}

static void summary(const vly_document *d)
{
    if (!isnan(cli_number(d, "plan.simulations"))) {
        print_plan(d);
        return;
    }
    printf("  cut  gamma     tau      1/tau     95 %% interval       rms mV  D_eff/D_0  runs  labels\n");
    for (int i = 0; i < vly_document_length(d, "per_cutout"); i++) print_cutout(d, i);
    printf("%s\n", cli_word(d, "verdict"));
    printf("tau %.4g, 1/tau %.4g; %.0f simulations for the fit, %.0f computed now, %.0f found\n", cli_number(d, "tau"),
           cli_number(d, "inverse_tau"), cli_number(d, "evaluations"), cli_number(d, "simulations.computed"),
           cli_number(d, "simulations.reused"));
    for (int i = 0; i < vly_document_length(d, "predictions"); i++)
        printf("  predicted at %g mA/cm2: capacity %+.2f %%, rms %.2f mV\n",
               cli_number(d, "predictions.%d.current_ma_cm2", i),
               100.0 * cli_number(d, "predictions.%d.capacity_error_rel", i),
               cli_number(d, "predictions.%d.rms_mv", i));
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_fit, summary);
}

const cli_command cli_fit = {
    .name = "fit",
    .usage = "LABELS... --experiment CURVE.csv -o OUT.json [OPTIONS]",
    .summary = "gamma of the carbon-binder from measured curves, with its interval",
    .text =
        "Looks for the gamma = eps/tau of the electrolyte in the carbon-binder with which half cells made of the labels\n"
        "are lithiated as the experiment was: capacity and voltages, up to a constant. CURVE.csv names a unit in each\n"
        "column's header (capacity_mah_cm2,voltage_v and, of several curves, current_ma_cm2); its capacity may run either\n"
        "way. Where to begin a homogenised cell tells; then at most --simulations curves of each cut-out. Several volumes,\n"
        "or --cutouts, give one gamma and what they scatter by. With an interval of more than a factor 5, or one that\n"
        "reaches an end of --gamma-range, the verdict is that gamma cannot be told. Each simulation is kept in the folder\n"
        "OUT.simulations: stopped, the same command goes on, and no simulation is done twice.\n\n"
        "  voxelyte fit labels.tif --experiment measured.csv --current 6 -o fit.json --crop 200\n"
        "  voxelyte fit labels.tif --experiment measured.csv -o fit.json --cutouts 3 --predict\n",
    .least = 1,
    .most = 14,
    .run = run,
};
