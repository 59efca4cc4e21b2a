/* voxelyte describe: the morphological descriptors of a label volume. */
#include "cli.h"

#include <math.h>
#include <string.h>

static const char *const phases[] = {"am", "cbd", "pore"};

static void print_plan(const vly_document *document)
{
    static const char *const quantities[] = {"surface",    "sizes",     "intrusion",
                                             "tortuosity", "two-point", "connectivity"};
    printf("would describe %d cut-out%s of %s voxels: at most %s of memory, %.1f bytes a voxel\n",
           vly_document_length(document, "plan.cutouts"), vly_document_length(document, "plan.cutouts") == 1 ? "" : "s",
           cli_count(cli_number(document, "plan.voxels")), cli_bytes(cli_number(document, "plan.bytes")),
           cli_number(document, "plan.bytes_per_voxel"));
    for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++) {
        double host = cli_number(document, "plan.quantities.%s.host_bytes", quantities[i]);
        double own = cli_number(document, "plan.quantities.%s.device_bytes", quantities[i]);
        if (!isnan(host)) printf("  %-12s %s\n", quantities[i], cli_bytes(fmax(host, own)));
    }
}

/* One line of the table: a value per phase, '-' where there is none, '*' where it is flagged. */
static void print_row(const vly_document *document, const char *title, const char *key)
{
    printf("  %-28s", title);
    for (int p = 0; p < 3; p++) {
        double value = cli_number(document, "phases.%s.%s", phases[p], key);
        if (isnan(value))
            fputs("         -", stdout);
        else
            printf("  %8.4f", value);
    }
    putchar('\n');
}

static void print_table(const vly_document *document)
{
    static const char *const rows[][2] = {{"volume fraction", "volume_fraction"},
                                          {"surface [1/um]", "surface_per_um"},
                                          {"r_max [um]", "r_max_um"},
                                          {"r_min from separator [um]", "r_min_um"},
                                          {"r_min from collector [um]", "r_min_collector_um"},
                                          {"constrictivity", "constrictivity"},
                                          {"geodesic tortuosity", "geodesic_tortuosity.mean"},
                                          {"percolating share", "connectivity.percolating_fraction"}};
    printf("  %-28s%10s%10s%10s\n", "", "am", "cbd", "pore");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) print_row(document, rows[i][0], rows[i][1]);
    double s_int = cli_number(document, "interfaces.s_int_per_um");
    if (!isnan(s_int))
        printf("  am-cbd %.4f, am-pore %.4f, cbd-pore %.4f, S_int %.4f 1/um\n",
               cli_number(document, "interfaces.am_cbd_per_um"), cli_number(document, "interfaces.am_pore_per_um"),
               cli_number(document, "interfaces.cbd_pore_per_um"), s_int);
    int32_t cutouts = vly_document_length(document, "cutouts");
    if (cutouts > 1) printf("  mean over %d cut-outs\n", cutouts);
}

static void summary(const vly_document *document)
{
    if (!isnan(cli_number(document, "plan.bytes"))) {
        print_plan(document);
        return;
    }
    cli_print_clean(stdout, cli_word(document, "inputs.0.path"));
    printf(": described in %s\n", cli_duration(cli_number(document, "seconds")));
    print_table(document);
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_describe, summary);
}

const cli_command cli_describe = {
    .name = "describe",
    .usage = "LABELS [-o OUT.json] [OPTIONS]",
    .summary = "morphological descriptors per phase: surfaces, sizes, bottlenecks, paths, correlations",
    .text =
        "Volume fractions and profiles, surface and interface areas, continuous phase size distribution (r_max),\n"
        "simulated mercury intrusion (r_min, constrictivity), geodesic tortuosity, two-point functions, connected\n"
        "components. OUT.json gets all numbers and curves; the curves also stand beside it as OUT-cpsd.csv and so\n"
        "on. A number whose features are under two voxels is flagged; one that cannot be had is null with a reason.\n\n"
        "  voxelyte describe labels.tif -o labels.json\n"
        "  voxelyte describe labels.tif -o labels.json --cutouts 3 --curves curves\n"
        "  voxelyte describe nmc.tif -o nmc.json --voxel-size 0.398um --through x --separator high\n"
        "  voxelyte describe labels.tif --quantities surface,sizes --json\n"
        "  voxelyte describe labels.tif --dry-run\n",
    .least = 1,
    .most = 1,
    .run = run,
};
