/* What pieces take, told before any is done: for the plan of a study. Seconds are CPU seconds a voxel took on one core of an AMD
 * EPYC, measured with samples/two_layer (1.9 million voxels, 2026-11-23) and shared out over the threads; bytes moved are those
 * that the contracts of the kernels make unavoidable. Volumes are opened for their extent, and not read. */
#include "study/run_work.h"

#include "core/memory.h"
#include "io/io.h"
#include "morphology/describe_impl.h"
#include "study/job_impl.h"

#include <math.h>

/* What is known of a sample without reading it. */
struct vly_sight {
    const vly_sample *sample;
    vly_source *volume; /* what the sample is known by */
    vly_box window;
    double voxels;               /* in the window */
    double fraction[VLY_PHASES]; /* of its voxels: the targets, for labels that were given too */
};

/* ---- looking ---- */

static vly_status look_at(vly_sight *out, const vly_sample *sample)
{
    const vly_settings *settings = &sample->settings;
    const vly_source_options options = {.voxel_size = settings->voxel_size};
    *out = (vly_sight){.sample = sample};
    VLY_TRY(vly_source_open(&out->volume, vly_sample_volume(sample), &options));
    VLY_TRY(vly_job_window(&out->window, settings, vly_source_info(out->volume)));
    out->voxels = (double)vly_extent_voxels(vly_box_extent(out->window));
    for (int p = 0; p < VLY_PHASES; p++)
        out->fraction[p] = (double)settings->fractions.parts[p] / (double)VLY_FRACTIONS_ONE;
    return VLY_OK;
}

/* Pieces of a sample stand side by side: its volume is opened once. */
static vly_status look_on(vly_sight *sight, const vly_sample *sample)
{
    if (sight->sample == sample) return VLY_OK;
    vly_source_close(sight->volume);
    return look_at(sight, sample);
}

vly_status vly_run_estimate(vly_run *run)
{
    vly_sight *sight;
    VLY_TRY(VLY_NEW(&sight, 1, "plan"));
    vly_status status = VLY_OK;
    run->sight = sight;
    for (int32_t i = 0; i < run->count && status == VLY_OK; i++) {
        vly_piece *piece = &run->pieces[i];
        status = look_on(sight, piece->sample);
        if (status != VLY_OK || vly_piece_done(piece) || !piece->asked) continue;
        if (piece->kind->estimate) piece->kind->estimate(&piece->cost, run, piece);
        if (piece->seconds == 0) piece->seconds = piece->cost.seconds; /* else what it took last time */
    }
    vly_source_close(sight->volume);
    vly_free(sight);
    run->sight = NULL;
    return status;
}

/* Labels of the window, which are not there yet: all that is known of them is their extent. */
static vly_status stand_in(vly_source **out, const vly_sight *sight)
{
    static const uint8_t never_read;
    return vly_source_memory(out, &never_read, VLY_U8, vly_box_extent(sight->window),
                             &vly_source_info(sight->volume)->voxel_size);
}

static double threads_of(const vly_run *run)
{
    return (double)vly_device_threads(run->device);
}

/* ---- grey values and labels ---- */

/* A pass over grey values in memory; labels through Deflate, which one thread writes; labels decoded and counted. */
static const double HISTOGRAM_SECONDS = 6e-10, WRITE_SECONDS = 1.5e-8, DECODE_SECONDS = 3e-9;

void vly_estimate_histogram(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_sight *sight = run->sight;
    (void)piece;
    out->seconds = sight->voxels * HISTOGRAM_SECONDS / threads_of(run) +
                   vly_job_reading_seconds(vly_source_info(sight->volume), threads_of(run));
    out->moved = 2.0 * sight->voxels;
}

void vly_estimate_given(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_sight *sight = run->sight;
    (void)piece;
    out->seconds = sight->voxels * (WRITE_SECONDS + DECODE_SECONDS);
    out->moved = 2.0 * sight->voxels;
}

/* Once the network was asked for another trinarisation, about as much is left as for thresholds. */
static vly_method dearest_part(const vly_run *run, const vly_piece *piece)
{
    for (const vly_piece *other = run->pieces; other < piece && vly_piece_asks_network(piece); other++)
        if (vly_piece_asks_network(other) && other->sample == piece->sample && other->asked && !vly_piece_done(other))
            return VLY_METHOD_THRESHOLD;
    return (vly_method)piece->method;
}

void vly_estimate_segment(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_sight *sight = run->sight;
    vly_settings *settings = NULL;
    json_t *plan = NULL;
    if (VLY_NEW(&settings, 1, "settings") != VLY_OK) return;
    *settings = piece->sample->settings;
    for (const vly_piece *other = run->pieces; other < piece; other++) /* then none of its own is made */
        if (vly_piece_closes(piece, other)) snprintf(settings->am_labels, sizeof settings->am_labels, "k-means");
    if (vly_job_plan(&plan, run->device, sight->volume, sight->window, 1u << dearest_part(run, piece), settings) ==
        VLY_OK) {
        out->seconds = json_number_value(json_object_get(plan, "seconds")) + sight->voxels * WRITE_SECONDS;
        out->bytes = json_number_value(json_object_get(plan, "host_bytes"));
        out->moved = json_number_value(json_object_get(plan, "moved_bytes"));
    }
    json_decref(plan);
    vly_free(settings);
}

/* All volumes are read at once, and every voxel's labels are one code that is counted. */
static const double CODE_SECONDS = 2e-9;

void vly_estimate_compare(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_sight *sight = run->sight;
    const double volumes = __builtin_popcount(piece->sample->settings.methods) + (piece->sample->truth != NULL);
    out->seconds = sight->voxels * volumes * (DECODE_SECONDS + CODE_SECONDS) / threads_of(run);
    out->bytes = fmin(sight->voxels, 4194304.0) * volumes;
    out->moved = sight->voxels * volumes;
}

/* ---- learning ---- */

/* A sample through the network and back; epochs until the validation error has not fallen for a while; samples are the 48
 * turned copies of 60 % of the voxels. A voxel holds its 125 grey values, fractions and place, and lists of its copies. */
static const double SAMPLE_SECONDS = 2e-6, EPOCHS = 50, COPIES = 48 * 0.6, LEARN_BYTES = 950, SAMPLE_BYTES = 125 * 4;

void vly_estimate_learn(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_settings *s = &piece->sample->settings;
    vly_source *fine;
    if (vly_source_open(&fine, s->fib, NULL) != VLY_OK) return; /* the work will say why */
    const double labels = (double)vly_extent_voxels(vly_source_info(fine)->extent);
    const double ratio = s->ratio > 0 ? s->ratio : 8, voxels = labels / (ratio * ratio * ratio);
    const double passes = COPIES * voxels * fmin(EPOCHS, s->epochs) * (s->tries + (s->far_field ? 1 : 0));
    vly_source_close(fine);
    out->seconds = labels * DECODE_SECONDS + passes * SAMPLE_SECONDS / threads_of(run);
    out->bytes = voxels * LEARN_BYTES;
    out->moved = passes * SAMPLE_BYTES;
}

/* ---- labels to numbers ---- */

/* Seconds a voxel takes on one core, of all phases, and bytes it moves at least: fields read and written once a use. */
static const struct {
    double seconds, moved;
} quantities[VLY_QUANTITIES] = {
    [VLY_QUANTITY_SURFACE] = {3e-9, 1},          [VLY_QUANTITY_SIZES] = {1e-7, 3 * 24},
    [VLY_QUANTITY_INTRUSION] = {2e-7, 6 * 24},   [VLY_QUANTITY_TORTUOSITY] = {6e-8, 3 * 13},
    [VLY_QUANTITY_TWO_POINT] = {2.5e-7, 6 * 24}, [VLY_QUANTITY_CONNECTIVITY] = {3e-8, 2 * 5},
};

/* More than this machine has: the plan says how much more. */
static vly_status plan_without_limit(vly_describe_need needs[VLY_QUANTITIES], vly_box *windows, vly_device *device,
                                     vly_source *labels, const vly_describe_options *options)
{
    const int64_t host = device->memory_limit, own = device->device_memory_limit;
    device->memory_limit = device->device_memory_limit = INT64_C(1) << 60;
    vly_status status = vly_describe_plan(needs, windows, device, labels, options);
    device->memory_limit = host;
    device->device_memory_limit = own;
    return status;
}

static vly_status measure_description(vly_piece_cost *out, vly_run *run, const vly_piece *piece, vly_source *labels)
{
    const vly_settings *s = &piece->sample->settings;
    vly_describe_need needs[VLY_QUANTITIES];
    vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    vly_box *windows = NULL;
    options.quantities = s->quantities;
    options.cutouts = s->cutouts;
    options.through = (vly_through){(int32_t)s->through, s->separator == VLY_SEPARATOR_HIGH};
    VLY_TRY(VLY_NEW(&windows, s->cutouts, "cut-outs"));
    vly_status status = vly_describe_plan(needs, windows, run->device, labels, &options);
    if (status == VLY_EMEMORY) status = plan_without_limit(needs, windows, run->device, labels, &options);
    const double voxels = (double)vly_extent_voxels(vly_box_extent(windows[0])) * s->cutouts;
    vly_free(windows);
    for (int q = 0; q < VLY_QUANTITIES && status == VLY_OK; q++) {
        if (!(s->quantities >> q & 1)) continue;
        out->seconds += voxels * quantities[q].seconds / threads_of(run);
        out->moved += voxels * quantities[q].moved;
        out->bytes = fmax(out->bytes, (double)(needs[q].host_bytes + needs[q].device_bytes));
    }
    return status;
}

void vly_estimate_describe(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    vly_source *labels;
    if (stand_in(&labels, run->sight) != VLY_OK) return;
    if (measure_description(out, run, piece, labels) != VLY_OK) *out = (vly_piece_cost){.seconds = 0};
    vly_source_close(labels);
}

void vly_estimate_transport(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_settings *s = &piece->sample->settings;
    const vly_sight *sight = run->sight;
    double conducting = 0.0;
    for (int p = 0; p < VLY_PHASES; p++)
        if (s->conduct[p] > 0.0) conducting += sight->voxels * sight->fraction[p];
    vly_transport_cost(out, vly_transport_solutions(s), sight->voxels, conducting, threads_of(run));
}

/* Unknowns of a cut-out, as the domain counts them: lithium in the active material, electrons in all solids, salt and
 * potential in what holds electrolyte, the separator included. */
static double unknowns_of(const vly_sample *sample, const vly_sight *sight)
{
    const vly_settings *s = &sample->settings;
    const int32_t cutouts = vly_sample_cell_cutouts(sample);
    vly_box *windows = NULL;
    double side[3], area = 1.0, voxels;
    if (VLY_NEW(&windows, cutouts, "cut-outs") != VLY_OK) return 0;
    if (vly_describe_windows(windows, cutouts, sight->window, (int32_t)s->through, "plan") != VLY_OK)
        windows[0] = sight->window;
    const vly_extent e = vly_box_extent(windows[0]);
    vly_free(windows);
    side[0] = e.nx / s->coarsen, side[1] = e.ny / s->coarsen, side[2] = e.nz / s->coarsen;
    for (int a = 0; a < 3; a++)
        if (a != (int)s->through) area *= s->crop > 0 ? fmin(s->crop, side[a]) : side[a];
    voxels = area * side[s->through];
    const double am = sight->fraction[VLY_AM], cbd = sight->fraction[VLY_CBD], pore = sight->fraction[VLY_PORE];
    return voxels * (am + (am + cbd) + 2.0 * (pore + cbd)) + 2.0 * area * s->separator_layers;
}

void vly_estimate_lithiate(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    vly_lithiate_cost(out, run->device, unknowns_of(piece->sample, run->sight));
}

/* Electrolyte and electrons side by side, and about so many solutions until the model of all frequencies is good. */
static const double IMPEDANCE_SOLUTIONS = 24;

void vly_estimate_impedance(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_settings *s = &piece->sample->settings;
    const double crop = s->impedance_crop > 0 ? s->impedance_crop : s->crop;
    const vly_extent e = vly_box_extent(run->sight->window);
    const int32_t side[3] = {e.nx / s->coarsen, e.ny / s->coarsen, e.nz / s->coarsen};
    double voxels = 1.0;
    for (int a = 0; a < 3; a++) voxels *= a != (int)s->through && crop > 0.0 ? fmin(crop, side[a]) : side[a];
    vly_transport_cost(out, IMPEDANCE_SOLUTIONS, voxels, voxels, threads_of(run));
}

void vly_estimate_fit(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_settings *s = &piece->sample->settings;
    const double targets = s->fit_currents.count > 0 ? s->fit_currents.count : 1;
    const double curves = s->simulations * targets * vly_sample_cell_cutouts(piece->sample);
    vly_lithiate_cost(out, run->device, unknowns_of(piece->sample, run->sight));
    out->seconds *= curves;
    out->moved *= curves;
}

/* Electrolyte and electrons, each along the thickness alone. */
void vly_estimate_bpx(vly_piece_cost *out, vly_run *run, const vly_piece *piece)
{
    const vly_sight *sight = run->sight;
    vly_piece_cost electrons;
    (void)piece;
    vly_transport_cost(out, 1.0, sight->voxels, sight->voxels * (1.0 - sight->fraction[VLY_AM]), threads_of(run));
    vly_transport_cost(&electrons, 1.0, sight->voxels, sight->voxels * (1.0 - sight->fraction[VLY_PORE]),
                       threads_of(run));
    out->seconds += electrons.seconds + sight->voxels * quantities[VLY_QUANTITY_SURFACE].seconds / threads_of(run);
    out->moved += electrons.moved;
    out->bytes = fmax(out->bytes, electrons.bytes);
}
