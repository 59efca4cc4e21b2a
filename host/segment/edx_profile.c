/* From points to a line: direction, layers, bins, least squares (spec 9.1). */
#include "segment/edx_impl.h"

#include "core/memory.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* ---- points ---- */

vly_status vly_edx_points_reserve(vly_edx_points *points, int32_t count)
{
    points->capacity = count;
    VLY_TRY(VLY_NEW(&points->depth, count, "EDX profile"));
    VLY_TRY(VLY_NEW(&points->intensity, count, "EDX profile"));
    return VLY_NEW(&points->error, count, "EDX profile");
}

void vly_edx_points_free(vly_edx_points *points)
{
    vly_free(points->depth);
    vly_free(points->intensity);
    vly_free(points->error);
    *points = (vly_edx_points){0};
}

/* Depth 0 becomes the separator; fluorine becomes CBD where layers hold different shares of it. */
static void turn_and_scale(vly_edx_points *p, const vly_edx_options *options)
{
    for (int32_t i = 0; i < p->count; i++) {
        if (options->flip) p->depth[i] = 1.0 - p->depth[i];
        if (p->depth[i] < options->interface) continue;
        p->intensity[i] *= options->layer_ratio;
        p->error[i] *= options->layer_ratio;
    }
}

/* ---- bins ---- */

typedef struct bin {
    int32_t count;
    double depth, intensity, squares, variance; /* sums; of intensity, intensity^2 about the mean, error^2 */
} bin;

static bin *bin_of(bin *bins, int32_t count, double depth)
{
    int32_t b = (int32_t)(depth * count);
    return &bins[b < count ? b : count - 1];
}

/* Errors of the points where they are known, else their spread in the bin. */
static double bin_error(const bin *b)
{
    if (!isnan(b->variance)) return sqrt(b->variance) / b->count;
    return b->count > 1 ? sqrt(b->squares / (b->count - 1.0) / b->count) : NAN;
}

static vly_status make_bins(vly_edx_profile *out, const vly_edx_points *p, int32_t count)
{
    bin *bins;
    VLY_TRY(VLY_NEW(&bins, count, "EDX bins"));
    for (int32_t i = 0; i < p->count; i++) {
        bin *b = bin_of(bins, count, p->depth[i]);
        b->count++;
        b->depth += p->depth[i];
        b->intensity += p->intensity[i];
        b->variance += p->error[i] * p->error[i];
    }
    for (int32_t i = 0; i < p->count; i++) {
        bin *b = bin_of(bins, count, p->depth[i]);
        double off = p->intensity[i] - b->intensity / b->count;
        b->squares += off * off;
    }
    for (int32_t i = 0; i < count; i++) {
        if (bins[i].count == 0) continue;
        out->depth[out->count] = bins[i].depth / bins[i].count;
        out->intensity[out->count] = bins[i].intensity / bins[i].count;
        out->error[out->count++] = bin_error(&bins[i]);
    }
    vly_free(bins);
    return VLY_OK;
}

static vly_status take_points(vly_edx_profile *out, const vly_edx_points *p, int32_t bins)
{
    const int64_t most = bins > 0 ? bins : p->count;
    VLY_TRY(VLY_NEW(&out->depth, most, "EDX profile"));
    VLY_TRY(VLY_NEW(&out->intensity, most, "EDX profile"));
    VLY_TRY(VLY_NEW(&out->error, most, "EDX profile"));
    if (bins > 0) return make_bins(out, p, bins);
    const size_t bytes = (size_t)p->count * sizeof(double);
    memcpy(out->depth, p->depth, bytes);
    memcpy(out->intensity, p->intensity, bytes);
    memcpy(out->error, p->error, bytes);
    out->count = p->count;
    return VLY_OK;
}

/* ---- the line ---- */

static vly_status weights_of(double *weight, const vly_edx_profile *p, bool weighted, const char *path)
{
    double largest = 0.0;
    for (int32_t i = 0; i < p->count; i++) {
        if (weighted && !(p->error[i] > 0.0))
            return vly_fail(VLY_EDATA, "%s: no error is known at depth %.3g, errors above 0 expected for weights", path,
                            p->depth[i]);
        weight[i] = weighted ? 1.0 / (p->error[i] * p->error[i]) : 1.0;
        largest = fmax(largest, weight[i]);
    }
    for (int32_t i = 0; i < p->count; i++) weight[i] /= largest;
    return VLY_OK;
}

/* Straight line by least squares about the weighted centre (e.g. Press et al., Numerical Recipes, 15.2). The scale of the
 * errors comes from the scatter about the line, so it does not matter whether the points' own are right. */
static void fit_line(vly_edx_profile *p, const double *weight)
{
    double sum = 0.0, depth = 0.0, intensity = 0.0, spread = 0.0, shared = 0.0, scatter = 0.0;
    for (int32_t i = 0; i < p->count; i++) {
        sum += weight[i];
        depth += weight[i] * p->depth[i];
        intensity += weight[i] * p->intensity[i];
    }
    depth /= sum;
    intensity /= sum;
    for (int32_t i = 0; i < p->count; i++) {
        spread += weight[i] * (p->depth[i] - depth) * (p->depth[i] - depth);
        shared += weight[i] * (p->depth[i] - depth) * (p->intensity[i] - intensity);
    }
    p->slope = shared / spread;
    p->intercept = intensity - p->slope * depth;
    for (int32_t i = 0; i < p->count; i++) {
        double off = p->intensity[i] - p->intercept - p->slope * p->depth[i];
        scatter += weight[i] * off * off;
    }
    const double variance = scatter / (p->count - 2.0);
    p->residual = sqrt(variance);
    p->slope_error = sqrt(variance / spread);
    p->intercept_error = sqrt(variance * (1.0 / sum + depth * depth / spread));
    p->covariance = -variance * depth / spread;
}

vly_status vly_edx_fit(vly_edx_profile *out, bool weighted, const char *path)
{
    double *weight, low = INFINITY, high = -INFINITY, sum = 0.0;
    for (int32_t i = 0; i < out->count; i++) {
        low = fmin(low, out->depth[i]);
        high = fmax(high, out->depth[i]);
        sum += out->intensity[i];
    }
    if (out->count < 3 || !(low < high))
        return vly_fail(VLY_EDATA, "%s: %d points at different depths, at least 3 expected for a line (E_DIM)", path,
                        low < high ? out->count : 1);
    if (!(sum > 0.0))
        return vly_fail(VLY_EDATA, "%s: nothing is left above the background of %g counts (E_FLAT)", path,
                        out->background);
    VLY_TRY(VLY_NEW(&weight, out->count, "EDX weights"));
    vly_status status = weights_of(weight, out, weighted, path);
    if (status == VLY_OK) fit_line(out, weight);
    vly_free(weight);
    return status;
}

double vly_edx_line_error(const vly_edx_profile *p, double depth)
{
    double variance = p->intercept_error * p->intercept_error + 2.0 * depth * p->covariance +
                      depth * depth * p->slope_error * p->slope_error;
    return sqrt(fmax(variance, 0.0));
}

/* ---- the whole ---- */

static vly_status check_options(const vly_edx_options *o, const char *path)
{
    if (o->bins < 0) return vly_fail(VLY_EUSAGE, "%s: %d bins of depth, 0 or more expected", path, o->bins);
    if (!(o->background >= 0.0) || !isfinite(o->background))
        return vly_fail(VLY_EUSAGE, "%s: a background of %g counts, 0 or more expected", path, o->background);
    if (!(o->layer_ratio > 0.0) || !isfinite(o->layer_ratio))
        return vly_fail(VLY_EUSAGE, "%s: %g times the CBD per fluorine, a ratio above 0 expected", path,
                        o->layer_ratio);
    return VLY_OK;
}

static bool is_csv(const char *path)
{
    size_t length = strlen(path);
    return length >= 4 && path[length - 4] == '.' && tolower((unsigned char)path[length - 3]) == 'c' &&
           tolower((unsigned char)path[length - 2]) == 's' && tolower((unsigned char)path[length - 1]) == 'v';
}

vly_status vly_edx_read(vly_edx_profile *out, const char *path, const vly_edx_options *options)
{
    vly_edx_points points = {0};
    *out = (vly_edx_profile){0};
    VLY_TRY(check_options(options, path));
    vly_status status =
        is_csv(path) ? vly_edx_read_csv(&points, out, path, options) : vly_edx_read_map(&points, out, path, options);
    if (status == VLY_OK) turn_and_scale(&points, options);
    if (status == VLY_OK) status = take_points(out, &points, options->bins);
    if (status == VLY_OK) status = vly_edx_fit(out, options->weighted, path);
    vly_edx_points_free(&points);
    if (status != VLY_OK) vly_edx_profile_free(out);
    return status;
}

void vly_edx_profile_free(vly_edx_profile *profile)
{
    vly_free(profile->depth);
    vly_free(profile->intensity);
    vly_free(profile->error);
    profile->depth = profile->intensity = profile->error = NULL;
}
