/* Counts are integers, gathered per plane or per thread, so they do not depend on who counted what. The selection goes by
 * the two 16-bit digits of an order-preserving map of float keys (spec/segmentation.md 1.3). */
#include "image/synth_select.h"

#include "core/memory.h"

#include <string.h>

enum { DIGITS = 1 << 16 };

typedef struct tally {
    const vly_thresholds *thresholds;
    vly_synth_stage stage;
    vly_synth_histogram *histogram;
    uint64_t *digits; /* (workers, layers, DIGITS) */
    bool low_digit;   /* of keys whose high digit is prefix[layer] */
    uint32_t prefix[VLY_SYNTH_LAYERS];
} tally;

/* Levels of both kinds at one depth. */
typedef struct levels {
    double neck[VLY_SYNTH_LAYERS], island[VLY_SYNTH_LAYERS];
} levels;

static levels levels_at(const vly_thresholds *t, double depth)
{
    levels at;
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++) {
        at.neck[l] = vly_level_at(&t->neck[l], depth);
        at.island[l] = vly_level_at(&t->island[l], depth);
    }
    return at;
}

/* The key of point i, or false if an earlier stage has taken it. */
static inline bool candidate(const tally *y, const vly_sample_plane *p, const levels *at, int64_t i, double *key)
{
    const vly_thresholds *t = y->thresholds;
    const int l = p->layer[i];
    *key = p->am[i];
    if (y->stage == VLY_STAGE_AM) return true;
    if (p->am[i] <= t->am[l]) return false;
    *key = p->neck[i] - at->neck[l];
    if (y->stage == VLY_STAGE_NECK) return true;
    if ((float)*key <= t->neck[l].shift) return false;
    *key = p->island[i] - at->island[l];
    return true;
}

static vly_status histogram_plane(void *self, const vly_sample_plane *p, int32_t worker)
{
    const tally *y = self;
    vly_synth_histogram *h = y->histogram;
    const levels at = levels_at(y->thresholds, p->depth);
    (void)worker;
    int64_t *points = h->points + (int64_t)p->index * VLY_SYNTH_LAYERS;
    uint32_t *rows = h->below + (int64_t)p->index * VLY_SYNTH_LAYERS * VLY_SYNTH_BINS;
    for (int64_t i = 0; i < p->points; i++) {
        double key;
        points[p->layer[i]]++;
        if (!candidate(y, p, &at, i, &key)) continue;
        double bin = (key - h->low) / h->width;
        bin = bin < 0.0 ? 0.0 : bin < VLY_SYNTH_BINS - 1 ? bin : VLY_SYNTH_BINS - 1;
        rows[p->layer[i] * VLY_SYNTH_BINS + (int)bin]++;
    }
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++)
        for (int b = 1; b < VLY_SYNTH_BINS; b++) rows[l * VLY_SYNTH_BINS + b] += rows[l * VLY_SYNTH_BINS + b - 1];
    return VLY_OK;
}

vly_status vly_synth_histogram_make(vly_synth_histogram *out, const vly_thresholds *thresholds, vly_samples *samples,
                                    vly_synth_stage stage, double low, double high)
{
    const int32_t planes = samples->lattice.extent.nz;
    *out = (vly_synth_histogram){.low = low, .width = (high - low) / VLY_SYNTH_BINS, .planes = planes};
    tally y = {.thresholds = thresholds, .stage = stage, .histogram = out};
    vly_status status = VLY_NEW(&out->points, (int64_t)planes * VLY_SYNTH_LAYERS, "histograms by depth");
    if (status == VLY_OK)
        status = VLY_NEW(&out->below, (int64_t)planes * VLY_SYNTH_LAYERS * VLY_SYNTH_BINS, "histograms by depth");
    if (status == VLY_OK) status = vly_samples_each(samples, "composition", histogram_plane, &y);
    if (status != VLY_OK) vly_synth_histogram_free(out);
    return status;
}

void vly_synth_histogram_free(vly_synth_histogram *histogram)
{
    vly_free(histogram->below);
    vly_free(histogram->points);
    histogram->below = NULL;
    histogram->points = NULL;
}

static const uint32_t *row_of(const vly_synth_histogram *h, int32_t plane, int32_t layer)
{
    return h->below + ((int64_t)plane * VLY_SYNTH_LAYERS + layer) * VLY_SYNTH_BINS;
}

int64_t vly_synth_histogram_total(const vly_synth_histogram *histogram, int32_t plane, int32_t layer)
{
    return row_of(histogram, plane, layer)[VLY_SYNTH_BINS - 1];
}

double vly_synth_histogram_below(const vly_synth_histogram *histogram, int32_t plane, int32_t layer, double key)
{
    const uint32_t *row = row_of(histogram, plane, layer);
    double at = (key - histogram->low) / histogram->width;
    if (at <= 0.0) return 0.0;
    if (at >= VLY_SYNTH_BINS) return row[VLY_SYNTH_BINS - 1];
    int bin = (int)at;
    double before = bin > 0 ? row[bin - 1] : 0.0;
    return fma(at - bin, row[bin] - before, before);
}

/* Ordered as the floats are; -0 counts as 0. */
static uint32_t ordered(float value)
{
    uint32_t bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (bits >> 31 ? UINT32_C(0xFFFFFFFF) : UINT32_C(0x80000000));
}

static float unordered(uint32_t key)
{
    float value;
    uint32_t bits = key ^ (key >> 31 ? UINT32_C(0x80000000) : UINT32_C(0xFFFFFFFF));
    memcpy(&value, &bits, sizeof value);
    return value;
}

static vly_status digit_plane(void *self, const vly_sample_plane *p, int32_t worker)
{
    const tally *y = self;
    const levels at = levels_at(y->thresholds, p->depth);
    uint64_t *digits = y->digits + (int64_t)worker * VLY_SYNTH_LAYERS * DIGITS;
    for (int64_t i = 0; i < p->points; i++) {
        double key;
        if (!candidate(y, p, &at, i, &key)) continue;
        uint32_t value = ordered((float)key), digit = value >> 16;
        if (y->low_digit) {
            if (digit != y->prefix[p->layer[i]]) continue;
            digit = value & (DIGITS - 1);
        }
        digits[p->layer[i] * DIGITS + digit]++;
    }
    return VLY_OK;
}

/* One pass; the digit where the count reaches wanted[l], which is lowered by what lies before. */
static vly_status find_digit(tally *y, vly_samples *samples, int64_t wanted[VLY_SYNTH_LAYERS],
                             uint32_t digit[VLY_SYNTH_LAYERS])
{
    const int32_t workers = samples->structure->device->pool->threads;
    memset(y->digits, 0, sizeof(uint64_t) * (size_t)workers * VLY_SYNTH_LAYERS * DIGITS);
    VLY_TRY(vly_samples_each(samples, "composition", digit_plane, y));
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++) {
        digit[l] = 0;
        for (uint32_t d = 0; d < DIGITS; d++) {
            uint64_t count = 0;
            for (int32_t w = 0; w < workers; w++) count += y->digits[((int64_t)w * VLY_SYNTH_LAYERS + l) * DIGITS + d];
            digit[l] = d;
            if (wanted[l] <= (int64_t)count) break;
            wanted[l] -= (int64_t)count;
        }
    }
    return VLY_OK;
}

vly_status vly_synth_select(float out[VLY_SYNTH_LAYERS], const vly_thresholds *thresholds, vly_samples *samples,
                            vly_synth_stage stage, const int64_t wanted[VLY_SYNTH_LAYERS])
{
    tally y = {.thresholds = thresholds, .stage = stage};
    const int64_t workers = samples->structure->device->pool->threads;
    int64_t left[VLY_SYNTH_LAYERS];
    uint32_t low[VLY_SYNTH_LAYERS] = {0};
    memcpy(left, wanted, sizeof left);
    VLY_TRY(VLY_NEW(&y.digits, workers * VLY_SYNTH_LAYERS * DIGITS, "digits of a selection"));
    vly_status status = find_digit(&y, samples, left, y.prefix);
    y.low_digit = true;
    if (status == VLY_OK) status = find_digit(&y, samples, left, low);
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++) /* no finite key has the last digit: more were wanted than there are */
        out[l] = wanted[l] <= 0              ? -INFINITY
                 : y.prefix[l] == DIGITS - 1 ? INFINITY
                                             : unordered(y.prefix[l] << 16 | low[l]);
    vly_free(y.digits);
    return status;
}
