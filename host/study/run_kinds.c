/* The table of pieces. A row is all that a run knows of a kind; kinds stand behind those they need. */
#include "study/job_impl.h"
#include "study/run_work.h"

/* One trinarisation alone agrees with nothing, unless the truth is known. */
static bool comparable(const vly_sample *sample)
{
    uint32_t methods = sample->settings.methods;
    return sample->truth || (methods & (methods - 1)) != 0;
}

/* A voxel has a commonest label where there are three or more. */
static bool votes(const vly_sample *sample)
{
    uint32_t left = sample->settings.methods;
    for (int32_t i = 0; i < 2; i++) left &= left - 1;
    return left != 0;
}

/* A network is learned where one is needed and none was given. */
static bool learns(const vly_sample *sample)
{
    const vly_settings *settings = &sample->settings;
    return *settings->fib && !*settings->model && vly_sample_methods(sample) >> VLY_METHOD_NN != 0;
}

static bool conducts(const vly_sample *sample)
{
    return vly_settings_conduct(&sample->settings);
}

static bool lithiates(const vly_sample *sample)
{
    return sample->settings.currents.count > 0;
}

static bool homogenises(const vly_sample *sample)
{
    return sample->settings.bpx;
}

static uint32_t in_cells(const vly_sample *sample)
{
    return vly_settings_chosen(sample->settings.methods, sample->settings.cell_methods);
}

static uint32_t in_impedances(const vly_sample *sample)
{
    return vly_settings_chosen(sample->settings.methods, sample->settings.impedance_methods);
}

static bool resists(const vly_sample *sample)
{
    return in_impedances(sample) != 0;
}

static uint32_t fitted(const vly_sample *sample)
{
    return vly_settings_chosen(sample->settings.methods, sample->settings.fit_methods);
}

static bool fits(const vly_sample *sample)
{
    return fitted(sample) != 0;
}

/* Lengths, and something to fit to. */
static vly_status fit_possible(const vly_sample *sample)
{
    if (!*sample->settings.experiment)
        return vly_fail(VLY_EUSAGE, "sample %s: a fit without measured curves, `experiment: CURVE.csv` expected",
                        sample->name);
    return vly_describe_possible(sample);
}

static bool closes(const vly_sample *sample)
{
    return vly_sample_methods(sample) >> VLY_METHOD_EDX_CLOSING & 1;
}

static bool has_grey(const vly_sample *sample)
{
    return sample->grey != NULL;
}

const vly_piece_kind vly_piece_kinds[] = {
    {.name = "histogram",
     .command = "segment",
     .alone = "grey-range window",
     .inputs = VLY_INPUT_GREY | VLY_INPUT_MASK,
     .after = "",
     .outputs = "curves/histogram.csv",
     .wanted = has_grey,
     .work = vly_work_histogram,
     .estimate = vly_estimate_histogram},
    {.name = "learn",
     .command = "compose train",
     .for_network = true,
     .inputs = VLY_INPUT_GREY | VLY_INPUT_FIB | VLY_INPUT_TRANSFORM,
     .after = "",
     .outputs = "learn/composition.tif learn/model.safetensors learn/training.json learn/composition.json",
     .wanted = learns,
     .work = vly_work_learn,
     .estimate = vly_estimate_learn,
     .summarise = vly_summarise_learn},
    {.name = "given",
     .command = "convert",
     .per_method = true,
     .of = VLY_OF_GIVEN,
     .inputs = VLY_INPUT_GIVEN,
     .after = "",
     .outputs = "labels/*.tif segment/*.json",
     .work = vly_work_given,
     .estimate = vly_estimate_given,
     .summarise = vly_summarise_segment},
    {.name = "segment",
     .command = "segment",
     .per_method = true,
     .of = VLY_OF_OURS,
     .inputs = VLY_INPUT_GREY | VLY_INPUT_MASK | VLY_INPUT_MODEL | VLY_INPUT_EDX | VLY_INPUT_AM,
     .after = "learn",
     .outputs = "labels/*.tif segment/*.json",
     .work = vly_work_segment,
     .estimate = vly_estimate_segment,
     .summarise = vly_summarise_segment},
    {.name = "describe",
     .command = "describe",
     .without = "labels window",
     .per_method = true,
     .after = "segment given",
     .outputs = "describe/*.json curves/*-cpsd.csv curves/*-intrusion.csv curves/*-tortuosity.csv "
                "curves/*-two-point.csv curves/*-profile.csv",
     .wanted = vly_describe_wanted,
     .possible = vly_describe_possible,
     .work = vly_work_describe,
     .estimate = vly_estimate_describe,
     .summarise = vly_summarise_describe},
    {.name = "edx",
     .command = "report",
     .of_closing = true,
     .after = "segment given",
     .outputs = "curves/edx-profile.csv curves/edx-closing.csv",
     .wanted = closes,
     .work = vly_work_edx},
    {.name = "compare",
     .command = "compare",
     .inputs = VLY_INPUT_TRUTH,
     .after = "segment given",
     .outputs = "compare.json",
     .wanted = comparable,
     .work = vly_work_compare,
     .estimate = vly_estimate_compare,
     .summarise = vly_summarise_compare},
    {.name = "disagreement",
     .command = "compare",
     .without = "labels",
     .after = "segment given",
     .outputs = "disagreement.tif disagreement.json",
     .wanted = votes,
     .work = vly_work_disagreement,
     .estimate = vly_estimate_compare,
     .summarise = vly_summarise_disagreement},
    {.name = "transport",
     .command = "transport",
     .without = "labels window",
     .per_method = true,
     .after = "segment given",
     .outputs = "transport/*.json",
     .wanted = conducts,
     .work = vly_work_transport,
     .estimate = vly_estimate_transport,
     .summarise = vly_summarise_transport},
    {.name = "lithiate",
     .command = "lithiate",
     .without = "labels window current",
     .per_method = true,
     .per_curve = true,
     .inputs = VLY_INPUT_MATERIALS,
     .after = "segment given",
     .outputs = "cell/*.csv cell/*.json",
     .wanted = lithiates,
     .methods = in_cells,
     .possible = vly_describe_possible,
     .work = vly_work_lithiate,
     .estimate = vly_estimate_lithiate,
     .summarise = vly_summarise_lithiate},
    {.name = "impedance",
     .command = "impedance",
     .without = "labels window",
     .also = "impedance-crop",
     .per_method = true,
     .inputs = VLY_INPUT_MATERIALS,
     .after = "segment given",
     .outputs = "impedance/*.csv impedance/*.json",
     .wanted = resists,
     .methods = in_impedances,
     .possible = vly_describe_possible,
     .work = vly_work_impedance,
     .estimate = vly_estimate_impedance,
     .summarise = vly_summarise_impedance},
    {.name = "fit",
     .command = "fit",
     .without = "labels window current",
     .also = "fit-current cell-cutouts",
     .per_method = true,
     .inputs = VLY_INPUT_MATERIALS | VLY_INPUT_EXPERIMENT,
     .after = "segment given",
     .outputs = "fit/*.json fit/*.csv",
     .wanted = fits,
     .methods = fitted,
     .possible = fit_possible,
     .work = vly_work_fit,
     .estimate = vly_estimate_fit,
     .summarise = vly_summarise_fit},
    {.name = "fits", .command = "report", .after = "fit", .outputs = "fit.json", .wanted = fits, .work = vly_work_fits},
    {.name = "bpx",
     .command = "lithiate transport",
     .alone = "through tolerance gamma-cbd cutoff set bpx-linear",
     .per_method = true,
     .inputs = VLY_INPUT_MATERIALS,
     .after = "segment given",
     .outputs = "bpx/*.json bpx/*.csv",
     .wanted = homogenises,
     .possible = vly_describe_possible,
     .work = vly_work_bpx,
     .estimate = vly_estimate_bpx},
};

const int32_t vly_piece_kind_count = sizeof vly_piece_kinds / sizeof *vly_piece_kinds;
