/* voxelyte segment: grey values to labels. */
#include "cli.h"

#include <math.h>

static void print_plan(const vly_document *document)
{
    printf("would segment %s voxels: %s, %.0f slabs of %.0f pages, %s of memory, %.0f passes, about %s\n",
           cli_count(cli_number(document, "plan.voxels")), cli_word(document, "plan.mode"),
           cli_number(document, "plan.slabs"), cli_number(document, "plan.slab_pages"),
           cli_bytes(cli_number(document, "plan.host_bytes")), cli_number(document, "plan.passes"),
           cli_duration(cli_number(document, "plan.seconds")));
}

/* prefix: "" or "methods.N.". */
static void print_method(const vly_document *document, const char *prefix)
{
    static const char *const phases[] = {"am", "cbd", "pore"};
    cli_print_clean(stdout, cli_word(document, "%soutput", prefix));
    printf(": %s, %s voxels in %s\n", cli_word(document, "%smethod", prefix),
           cli_count(cli_number(document, "%svoxels", prefix)),
           cli_duration(cli_number(document, "%sseconds", prefix)));
    for (int i = 0; i < 3; i++) {
        printf("  %-4s  %9.6f  target %9.6f  %14.0f voxels\n", phases[i],
               cli_number(document, "%sachieved.%s", prefix, phases[i]),
               cli_number(document, "%starget.%s", prefix, phases[i]),
               cli_number(document, "%scounts.%s", prefix, phases[i]));
    }
    if (!isnan(cli_number(document, "%sthresholds.0", prefix)))
        printf("  thresholds  %.9g  %.9g\n", cli_number(document, "%sthresholds.0", prefix),
               cli_number(document, "%sthresholds.1", prefix));
    if (!isnan(cli_number(document, "%sgradient.slope_per_um", prefix)))
        printf("  EDX  %.6g + %.6g per um (errors %.2g, %.2g), closing radius %.3g to %.3g um\n",
               cli_number(document, "%sgradient.intercept", prefix),
               cli_number(document, "%sgradient.slope_per_um", prefix),
               cli_number(document, "%sgradient.intercept_error", prefix),
               cli_number(document, "%sgradient.slope_per_um_error", prefix),
               cli_number(document, "%sradius_range_um.0", prefix),
               cli_number(document, "%sradius_range_um.1", prefix));
    if (!isnan(cli_number(document, "%scost", prefix)))
        printf("  cost %.3g after %.0f evaluations, %.0f passes over the volume\n",
               cli_number(document, "%scost", prefix), cli_number(document, "%sevaluations", prefix),
               cli_number(document, "%siterations", prefix));
}

static void summary(const vly_document *document)
{
    int32_t methods = vly_document_length(document, "methods");
    char prefix[32] = "";
    if (!isnan(cli_number(document, "plan.slabs")))
        print_plan(document);
    else if (methods < 0)
        print_method(document, prefix);
    for (int32_t i = 0; i < methods; i++) {
        snprintf(prefix, sizeof prefix, "methods.%d.", i);
        print_method(document, prefix);
    }
}

static vly_status run(cli_call *cli)
{
    return cli_do_job(cli, vly_job_segment, summary);
}

const cli_command cli_segment = {
    .name = "segment",
    .usage = "IN -o OUT [OPTIONS]",
    .summary = "grey values to labels: pore, active material, carbon-binder domain",
    .text = "Every voxel becomes 0 pore, 1 am, 2 cbd (255 outside the mask), so that the volume fractions are met to\n"
            "the voxel. OUT is a TIFF (.tif) or raw (.raw) file; with several methods it is a folder that gets one\n"
            "file each. Nothing appears under OUT before it is complete.\n\n"
            "  voxelyte segment cathode.tif -o labels.tif --fractions am=0.5954,cbd=0.2308,pore=0.1738\n"
            "  voxelyte segment cathode.tif -o labels.tif --method kmeans --window 0:500,0:500,0:200\n"
            "  voxelyte segment cathode.tif -o labels.tif --method edx-closing --edx fluorine.tif\n"
            "  voxelyte segment cathode.tif -o cutout.tif --thresholds 11022,20470\n"
            "  voxelyte segment cathode.tif -o labels/ --method all --json > labels.json\n"
            "  voxelyte segment cathode.tif -o labels.tif --dry-run\n",
    .least = 1,
    .most = 1,
    .output = true,
    .run = run,
};
