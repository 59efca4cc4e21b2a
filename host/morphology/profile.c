/* Slices are counted in one pass, exactly; everything else is arithmetic over at most a few thousand of them (spec 2). */
#include "voxelyte/profile.h"

#include "core/memory.h"
#include "core/pipeline.h"
#include "morphology/padded_view.h"

#include <math.h>

/* ---- counting ---- */

typedef struct counting {
    vly_buffer counts;
    int32_t axis;
} counting;

static vly_status count_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const counting *c = self;
    return device->kernels->profile(device->queue, slab->phase, &slab->region, c->axis, c->counts.data);
}

/* counts (values) as they lie along the axis. */
static vly_status sweep(vly_device *device, vly_source *labels, vly_box window, int32_t axis, uint64_t *counts,
                        int64_t values)
{
    counting c = {.axis = axis};
    vly_pipeline *pipeline = NULL;
    vly_stage stage = {"profile", count_slab, &c};
    int64_t bytes = values * (int64_t)sizeof *counts;
    vly_pipeline_options options = {.region.window = window, .of_labels = true, .reserve = bytes};
    vly_status status = vly_pipeline_open(&pipeline, device, labels, &options);
    if (status == VLY_OK) status = vly_buffer_create(&c.counts, device, bytes, "slice counts");
    if (status == VLY_OK) status = vly_pipeline_pass(pipeline, "profile", &stage, 1, NULL);
    if (status == VLY_OK) status = vly_buffer_download(&c.counts, counts, bytes);
    if (status == VLY_OK) status = vly_comm_sum(device->comm, counts, values);
    vly_buffer_free(&c.counts);
    vly_pipeline_close(pipeline);
    return status;
}

static void take_counts(vly_profile_result *out, const uint64_t *counts, bool reversed)
{
    for (int32_t i = 0; i < out->slices; i++)
        for (int p = 0; p < VLY_PHASES; p++) {
            int64_t n = (int64_t)counts[(reversed ? out->slices - 1 - i : i) * (int64_t)VLY_PHASES + p];
            out->slice_counts[(int64_t)i * VLY_PHASES + p] = n;
            out->counts[p] += n;
            out->voxels += n;
        }
}

/* ---- numbers ---- */

static int64_t voxels_of(const vly_profile_result *r, int32_t slice)
{
    const int64_t *n = &r->slice_counts[(int64_t)slice * VLY_PHASES];
    return n[VLY_PORE] + n[VLY_AM] + n[VLY_CBD];
}

static double raw_fraction(const vly_profile_result *r, int32_t slice, int phase)
{
    int64_t all = voxels_of(r, slice);
    return all > 0 ? (double)r->slice_counts[(int64_t)slice * VLY_PHASES + phase] / (double)all : NAN;
}

/* Mean over `smooth` slices around, as far as there are any; a slice that is all outside stays without a value. */
static double smoothed(const vly_profile_result *r, int32_t slice, int phase, int32_t smooth)
{
    double sum = 0.0;
    int32_t n = 0;
    if (voxels_of(r, slice) == 0 || smooth <= 1) return raw_fraction(r, slice, phase);
    for (int32_t i = slice - smooth / 2; i <= slice + smooth / 2; i++) {
        if (i < 0 || i >= r->slices || voxels_of(r, i) == 0) continue;
        sum += raw_fraction(r, i, phase);
        n++;
    }
    return sum / n;
}

static void fill_columns(vly_profile_result *r, const vly_profile_options *options)
{
    for (int p = 0; p < VLY_PHASES; p++) r->fraction[p] = (double)r->counts[p] / (double)r->voxels;
    for (int32_t i = 0; i < r->slices; i++) {
        double *f = &r->slice_fraction[(int64_t)i * VLY_PHASES];
        for (int p = 0; p < VLY_PHASES; p++) f[p] = smoothed(r, i, p, options->smooth);
        r->porosity[i] = f[VLY_PORE] + options->nu * f[VLY_CBD];
        r->solid_cbd[i] = (1.0 - options->nu) * f[VLY_CBD];
    }
}

static vly_line fit_line(const vly_profile_result *r, int phase)
{
    double n = 0.0, mean_x = 0.0, mean_y = 0.0, sxx = 0.0, sxy = 0.0, rest = 0.0;
    for (int32_t i = 0; i < r->slices; i++)
        if (voxels_of(r, i) > 0) {
            n += 1.0;
            mean_x += (i + 0.5) * r->step;
            mean_y += raw_fraction(r, i, phase);
        }
    if (n < 2.0) return (vly_line){NAN, NAN, NAN};
    mean_x /= n;
    mean_y /= n;
    for (int32_t i = 0; i < r->slices; i++)
        if (voxels_of(r, i) > 0) {
            double x = (i + 0.5) * r->step - mean_x;
            sxx += x * x;
            sxy += x * (raw_fraction(r, i, phase) - mean_y);
        }
    vly_line line = {.slope = sxy / sxx};
    line.intercept = mean_y - line.slope * mean_x;
    for (int32_t i = 0; i < r->slices; i++)
        if (voxels_of(r, i) > 0) {
            double e = raw_fraction(r, i, phase) - line.intercept - line.slope * (i + 0.5) * r->step;
            rest += e * e;
        }
    line.slope_se = n < 3.0 ? NAN : sqrt(rest / (n - 2.0) / sxx);
    return line;
}

static void mean_fractions(const vly_profile_result *r, int32_t from, int32_t to, double out[VLY_PHASES])
{
    int64_t n[VLY_PHASES] = {0}, all = 0;
    for (int32_t i = from; i < to; i++)
        for (int p = 0; p < VLY_PHASES; p++) {
            n[p] += r->slice_counts[(int64_t)i * VLY_PHASES + p];
            all += r->slice_counts[(int64_t)i * VLY_PHASES + p];
        }
    for (int p = 0; p < VLY_PHASES; p++) out[p] = all > 0 ? (double)n[p] / (double)all : NAN;
}

static bool varies(const vly_profile_result *r, int phase)
{
    double first = NAN;
    for (int32_t i = 0; i < r->slices; i++) {
        double f = raw_fraction(r, i, phase);
        if (!isnan(f) && !isnan(first) && f != first) return true;
        if (isnan(first)) first = f;
    }
    return false;
}

/* The least sum of squares about two means is the largest sum of (sum of deviations)^2 / number over the two parts. */
static vly_layers find_layers(const vly_profile_result *r)
{
    vly_layers l = {0, NAN, NAN, {NAN, NAN, NAN}, {NAN, NAN, NAN}};
    double n = 0.0, mean = 0.0, total = 0.0, below = 0.0, sum = 0.0, best = 0.0;
    if (!varies(r, VLY_AM)) return l;
    for (int32_t i = 0; i < r->slices; i++)
        if (voxels_of(r, i) > 0) {
            n += 1.0;
            mean += raw_fraction(r, i, VLY_AM);
        }
    mean /= n;
    for (int32_t i = 0; i < r->slices; i++)
        if (voxels_of(r, i) > 0) total += pow(raw_fraction(r, i, VLY_AM) - mean, 2.0);
    for (int32_t i = 0; i < r->slices - 1; i++) {
        if (voxels_of(r, i) == 0) continue;
        below += 1.0;
        sum += raw_fraction(r, i, VLY_AM) - mean;
        double gain = below < n ? sum * sum / below + sum * sum / (n - below) : 0.0;
        if (gain <= best) continue;
        best = gain;
        l.slices = i + 1;
    }
    l.depth = l.slices * r->step;
    l.explained = best / total;
    mean_fractions(r, 0, l.slices, l.above);
    mean_fractions(r, l.slices, r->slices, l.beneath);
    return l;
}

static vly_status make_arrays(vly_profile_result *out)
{
    int64_t values = (int64_t)out->slices * VLY_PHASES;
    VLY_TRY(VLY_NEW(&out->slice_counts, values, "profile"));
    VLY_TRY(VLY_NEW(&out->slice_fraction, values, "profile"));
    VLY_TRY(VLY_NEW(&out->porosity, out->slices, "profile"));
    return VLY_NEW(&out->solid_cbd, out->slices, "profile");
}

static vly_status make_profile(vly_profile_result *out, vly_device *device, vly_source *labels, vly_box window,
                               const vly_profile_options *options)
{
    int64_t values = (int64_t)out->slices * VLY_PHASES;
    uint64_t *counts;
    VLY_TRY(make_arrays(out));
    VLY_TRY(VLY_NEW(&counts, values, "profile"));
    vly_status status = sweep(device, labels, window, options->through.axis, counts, values);
    if (status == VLY_OK) take_counts(out, counts, options->through.separator_high);
    vly_free(counts);
    if (status != VLY_OK) return status;
    if (out->voxels == 0) return vly_fail(VLY_EDATA, "%s: no voxel lies inside (E_ROI)", vly_source_info(labels)->path);
    fill_columns(out, options);
    for (int p = 0; p < VLY_PHASES; p++) out->line[p] = fit_line(out, p);
    out->layers = find_layers(out);
    return VLY_OK;
}

vly_status vly_profile(vly_profile_result *out, vly_device *device, vly_source *labels,
                       const vly_profile_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    vly_box window = options->window;
    *out = (vly_profile_result){.slices = 0};
    if (options->smooth < 1 || options->smooth % 2 == 0)
        return vly_fail(VLY_EUSAGE, "profile: a moving average over %d slices, an odd number expected",
                        options->smooth);
    VLY_TRY(vly_label_window(&window, labels));
    VLY_TRY(vly_voxel_size_require(info));
    vly_extent e = vly_box_extent(window);
    const int32_t sides[3] = {e.nx, e.ny, e.nz};
    const double sizes[3] = {info->voxel_size.x, info->voxel_size.y, info->voxel_size.z};
    out->slices = sides[options->through.axis];
    out->step = sizes[options->through.axis];
    vly_status status = make_profile(out, device, labels, window, options);
    if (status != VLY_OK) vly_profile_result_free(out);
    return status;
}

void vly_profile_result_free(vly_profile_result *result)
{
    vly_free(result->slice_counts);
    vly_free(result->slice_fraction);
    vly_free(result->porosity);
    vly_free(result->solid_cbd);
    *result = (vly_profile_result){.slices = 0};
}
