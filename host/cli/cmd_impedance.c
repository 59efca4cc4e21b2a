/* voxelyte impedance: the spectrum of a symmetric cell with blocking electrodes. */
#include "cli.h"

static void print_ionic(const vly_document *d, const char *name, const char *ending)
{
    printf("  %-34s %10.5g ohm cm2, gamma %.5g, tau %.5g\n", name, cli_number(d, "r_ion%s_ohm_cm2", ending),
           cli_number(d, "gamma_electrode%s", ending), cli_number(d, "tau_electrode%s", ending));
}

static void summary(const vly_document *d)
{
    printf("electrode of %.0f x %.0f x %.0f voxels, %.1f um thick; electrolyte fraction %.4f, %.4g S/m\n",
           cli_number(d, "geometry.electrode_voxels.0"), cli_number(d, "geometry.electrode_voxels.1"),
           cli_number(d, "geometry.electrode_voxels.2"), cli_number(d, "thickness_um"),
           cli_number(d, "electrolyte_fraction"), cli_number(d, "conductivity_s_m"));
    printf("  double layer %.4g F/m2 of the cross-section, of it inside the binder %.4g; f0 %.4g Hz\n",
           cli_number(d, "capacitance_f_m2.total"), cli_number(d, "capacitance_f_m2.cbd_internal"),
           cli_number(d, "f0_hz"));
    printf("  gamma of the binder %.4g: tau %.4g, 1/tau %.4g\n", cli_number(d, "gamma_cbd"), cli_number(d, "tau_cbd"),
           cli_number(d, "inverse_tau_cbd"));
    printf("  whole cell: %.5g ohm cm2 at high frequencies, %.5g at low ones\n", cli_number(d, "r_hf_ohm_cm2"),
           cli_number(d, "r_lf_ohm_cm2"));
    print_ionic(d, "R_ion of an electrode, from the limit", "");
    print_ionic(d, "from a transmission line", "_line");
    printf("  %d frequencies by %s: error about %.1e of Re Z, %.0f solutions of %s unknowns\n",
           vly_document_length(d, "spectrum.frequency_hz"), cli_word(d, "method"), cli_number(d, "error_rel"),
           cli_number(d, "solves"), cli_count(cli_number(d, "unknowns")));
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_impedance, summary);
}

const cli_command cli_impedance = {
    .name = "impedance",
    .usage = "LABELS -o OUT [OPTIONS]",
    .summary = "impedance of a symmetric cell with blocking electrodes, and the ionic resistance it shows",
    .text =
        "Two mirrored electrodes with the separator between them, an electrolyte that does not react, a double layer on\n"
        "every active surface. The folder OUT gets spectrum.csv, of the whole cell, and result.json. R_ion is that of one\n"
        "electrode: from the exact limit of low frequencies, R_hf + 2 R_ion / 3, and from the transmission line that comes\n"
        "closest. They differ where the double layer is not spread evenly over the depth. A spectrum that does not reach\n"
        "the tolerance is written, and the exit code is 76.\n\n"
        "  voxelyte impedance labels.tif -o spectrum --gamma-cbd 0.12\n"
        "  voxelyte impedance labels.tif -o spectrum --crop 200 --frequencies 0.1,1e5 --method step\n",
    .least = 1,
    .most = 1,
    .run = run,
};
