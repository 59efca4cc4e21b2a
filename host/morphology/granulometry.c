#include "voxelyte/granulometry.h"

#include "core/memory.h"
#include "morphology/size_curve.h"
#include "morphology/size_window.h"

#include <math.h>

typedef struct work {
    vly_size_window window;
    const vly_granulometry_options *options;
    vly_buffer size; /* i32 (extent): thickness, then what each inlet reaches */
    vly_buffer bins;
    uint64_t
        *counts[3]; /* (levels): of sizes, of those that are no larger than the room, of the room (vly_size_bins) */
} work;

const char *vly_size_state_text(vly_size_state state)
{
    switch (state) {
    case VLY_SIZE_ABSENT:
        return "the phase is absent";
    case VLY_SIZE_UNBOUNDED:
        return "the phase fills the window, nothing bounds it";
    case VLY_SIZE_CLOSED:
        return "the phase does not touch the inlet";
    default:
        return "measured";
    }
}

/* ---- counting ---- */

static vly_status count(work *w, const void *size, bool minus, uint64_t *counts)
{
    const vly_size_window *v = &w->window;
    VLY_TRY(vly_buffer_clear(&w->bins));
    VLY_TRY(v->device->kernels->levels(v->device->queue, v->distance2.data, size, v->extent, &v->metric, minus,
                                       vly_size_window_levels(v), w->bins.data));
    VLY_TRY(vly_buffer_download(&w->bins, counts, w->bins.bytes));
    return vly_comm_sum(v->device->comm, counts, vly_size_window_levels(v));
}

static vly_status count_curve(work *w, vly_size_curve *out)
{
    vly_size_bins bins = {.levels = vly_size_window_levels(&w->window), .counted = w->counts[0]};
    VLY_TRY(count(w, w->size.data, false, w->counts[0]));
    if (w->options->minus) {
        VLY_TRY(count(w, w->size.data, true, w->counts[1]));
        VLY_TRY(count(w, NULL, true, w->counts[2]));
        bins.least = w->counts[1];
        bins.room = w->counts[2];
    }
    return vly_size_curve_of(out, &bins, w->window.unit.scale);
}

/* ---- what is measured ---- */

static vly_status reserve_size(work *w)
{
    return vly_buffer_reserve(&w->size, w->window.device, w->window.distance2.bytes, "sizes");
}

static vly_status measure_thickness(work *w, vly_granulometry *out)
{
    VLY_TRY(reserve_size(w));
    VLY_TRY(vly_size_window_cover(&w->window, &w->window.distance2, &w->size));
    VLY_TRY(count_curve(w, &out->curve));
    vly_buffer_free(&w->size);
    out->resolution_limited = out->curve.step[VLY_SIZE_MEDIAN] < 2.0;
    return VLY_OK;
}

static vly_status measure_intrusion(work *w, vly_inlet inlet, const vly_size_curve *thickness, vly_intrusion *out)
{
    vly_buffer width2;
    VLY_TRY(vly_size_window_bottleneck(&w->window, vly_size_window_faces(w->options, inlet), &width2));
    vly_status status = reserve_size(w);
    if (status == VLY_OK) status = vly_size_window_cover(&w->window, &width2, &w->size);
    vly_buffer_free(&width2);
    if (status == VLY_OK) status = count_curve(w, &out->curve);
    vly_buffer_free(&w->size);
    VLY_TRY(status);
    out->state = out->curve.reached > 0 ? VLY_SIZE_MEASURED : VLY_SIZE_CLOSED;
    int32_t r_max2 = thickness->square[VLY_SIZE_MEDIAN];
    out->constrictivity = r_max2 > 0 ? (double)out->curve.square[VLY_SIZE_MEDIAN] / r_max2 : NAN;
    return VLY_OK;
}

static vly_status measure(work *w, vly_granulometry *out)
{
    int32_t levels = vly_size_window_levels(&w->window);
    VLY_TRY(vly_buffer_create(&w->bins, w->window.device, levels * (int64_t)sizeof(uint64_t), "counts"));
    for (int i = 0; i < 3; i++) VLY_TRY(VLY_NEW(&w->counts[i], levels, "counts"));
    VLY_TRY(measure_thickness(w, out));
    vly_device_update(w->window.device, "sizes", 1, 1 + VLY_INLETS, "map");
    for (int32_t i = 0; i < VLY_INLETS; i++) {
        if (w->options->inlets >> i & 1) VLY_TRY(measure_intrusion(w, (vly_inlet)i, &out->curve, &out->intrusion[i]));
        vly_device_update(w->window.device, "sizes", 2 + i, 1 + VLY_INLETS, "map");
    }
    return VLY_OK;
}

/* Nothing to measure: every size is 0, or infinite. */
static void settle(const work *w, vly_granulometry *out)
{
    bool absent = w->window.inside == 0;
    out->state = absent ? VLY_SIZE_ABSENT : VLY_SIZE_UNBOUNDED;
    out->curve.voxels = out->curve.reached = w->window.inside;
    for (int q = 0; q < VLY_SIZE_QUANTILES; q++)
        out->curve.step[q] = out->curve.interpolated[q] = absent ? 0.0 : INFINITY;
    out->curve.mean = out->curve.step[0];
    for (int32_t i = 0; i < VLY_INLETS; i++)
        if (w->options->inlets >> i & 1) out->intrusion[i] = (vly_intrusion){out->state, out->curve, NAN};
}

vly_status vly_granulometry_measure(vly_granulometry *out, vly_device *device, vly_source *labels,
                                    const vly_granulometry_options *options)
{
    work w = {.options = options};
    *out = (vly_granulometry){.state = VLY_SIZE_MEASURED};
    vly_status status = vly_size_window_open(&w.window, device, labels, options);
    out->unit = w.window.unit;
    if (status == VLY_OK && w.window.inside > 0 && w.window.farthest < VLY_FAR)
        status = measure(&w, out);
    else if (status == VLY_OK)
        settle(&w, out);
    for (int i = 0; i < 3; i++) vly_free(w.counts[i]);
    vly_buffer_free(&w.bins);
    vly_buffer_free(&w.size);
    vly_size_window_free(&w.window);
    return status;
}

void vly_granulometry_free(vly_granulometry *g)
{
    vly_size_curve_free(&g->curve);
    for (int32_t i = 0; i < VLY_INLETS; i++) vly_size_curve_free(&g->intrusion[i].curve);
}

/* ---- maps ---- */

static vly_status copy_thickness(vly_size_window *w, int32_t *thickness2)
{
    vly_buffer out;
    if (w->farthest == VLY_FAR) return vly_buffer_download(&w->distance2, thickness2, w->distance2.bytes);
    VLY_TRY(vly_buffer_reserve(&out, w->device, w->distance2.bytes, "sizes"));
    vly_status status = vly_size_window_cover(w, &w->distance2, &out);
    if (status == VLY_OK) status = vly_buffer_download(&out, thickness2, out.bytes);
    vly_buffer_free(&out);
    return status;
}

vly_status vly_granulometry_maps(int32_t *distance2, int32_t *thickness2, vly_device *device, vly_source *labels,
                                 const vly_granulometry_options *options)
{
    vly_size_window w;
    vly_status status = vly_size_window_open(&w, device, labels, options);
    if (status == VLY_OK) status = vly_buffer_download(&w.distance2, distance2, w.distance2.bytes);
    if (status == VLY_OK && thickness2) status = copy_thickness(&w, thickness2);
    vly_size_window_free(&w);
    return status;
}
