/* From the words of a law to what kernels evaluate: constants, and tables as piecewise cubics. A monotone table gets the
 * slopes of Fritsch and Butland (1984) with the ends of Moler's pchip, as SciPy's PchipInterpolator has them (spec 3.4), since
 * an open-circuit potential whose slope jumps makes Newton's method chatter. */
#include "cell/law.h"

#include "core/memory.h"

#include <string.h>

vly_status vly_law_words_reserve(vly_law_words *words, int32_t points)
{
    words->kind = VLY_WORDS_TABLE;
    words->points = points;
    VLY_TRY(VLY_NEW(&words->x, points, "a table"));
    return VLY_NEW(&words->y, points, "a table");
}

void vly_law_words_free(vly_law_words *words)
{
    vly_free(words->expression);
    vly_free(words->x);
    vly_free(words->y);
    vly_free(words->source);
    *words = (vly_law_words){.kind = VLY_WORDS_NUMBER};
}

void vly_law_free(vly_law *law)
{
    vly_free((void *)law->knot);
    vly_free((void *)law->coefficient);
    vly_free((void *)law->program);
    *law = (vly_law){.kind = VLY_LAW_CONSTANT};
}

static vly_status check_table(const vly_law_words *w, const char *what)
{
    if (w->points < 2) return vly_fail(VLY_EDATA, "%s: a table of %d points, 2 expected", what, (int)w->points);
    for (int32_t i = 0; i < w->points; i++) {
        if (!isfinite(w->x[i]) || !isfinite(w->y[i]))
            return vly_fail(VLY_EDATA, "%s: point %d is (%g, %g), numbers expected", what, (int)i + 1, w->x[i],
                            w->y[i]);
        if (i > 0 && !(w->x[i] > w->x[i - 1])) return vly_fail(VLY_EDATA, "%s: x = %.9g stands twice", what, w->x[i]);
        if (w->logarithmic && !(w->y[i] > 0.0))
            return vly_fail(VLY_EDATA, "%s: %g at x = %g, a value above 0 expected", what, w->y[i], w->x[i]);
    }
    return VLY_OK;
}

/* Slope at the end of two intervals h0, h1 with mean slopes d0, d1, at the far side of the first. */
static double end_slope(double h0, double h1, double d0, double d1)
{
    double slope = ((2.0 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if (slope * d0 <= 0.0) return 0.0;
    if (d0 * d1 < 0.0 && fabs(slope) > 3.0 * fabs(d0)) return 3.0 * d0;
    return slope;
}

void vly_law_slopes(double *slope, const double *knot, const double *y, int32_t pieces)
{
    double h0 = knot[1] - knot[0], d0 = (y[1] - y[0]) / h0;
    slope[0] = slope[1] = d0;
    if (pieces == 1) return;
    for (int32_t k = 1; k < pieces; k++) {
        double h1 = knot[k + 1] - knot[k], d1 = (y[k + 1] - y[k]) / h1;
        double w0 = 2.0 * h1 + h0, w1 = h1 + 2.0 * h0;
        if (k == 1) slope[0] = end_slope(h0, h1, d0, d1);
        if (k == pieces - 1) slope[pieces] = end_slope(h1, h0, d1, d0);
        slope[k] = d0 * d1 <= 0.0 ? 0.0 : (w0 + w1) / (w0 / d0 + w1 / d1);
        h0 = h1;
        d0 = d1;
    }
}

/* value: (pieces + 1). slope: the same, or NULL for straight lines. */
static void fill_pieces(double *coefficient, const double *knot, const double *value, const double *slope,
                        int32_t pieces)
{
    for (int32_t k = 0; k < pieces; k++) {
        double h = knot[k + 1] - knot[k], mean = (value[k + 1] - value[k]) / h;
        double left = slope ? slope[k] : mean, right = slope ? slope[k + 1] : mean;
        double *a = coefficient + 4 * (int64_t)k;
        a[0] = value[k];
        a[1] = left;
        a[2] = (3.0 * mean - 2.0 * left - right) / h;
        a[3] = (left + right - 2.0 * mean) / (h * h);
    }
}

static vly_status interpolate(vly_law *out, const vly_law_words *w, const vly_law_frame *frame)
{
    double *knot = NULL, *coefficient = NULL, *value = NULL, *slope = NULL;
    vly_status status = VLY_NEW(&knot, w->points, "a table");
    if (status == VLY_OK) status = VLY_NEW(&coefficient, 4 * (int64_t)(w->points - 1), "a table");
    if (status == VLY_OK) status = VLY_NEW(&value, w->points, "a table");
    if (status == VLY_OK) status = VLY_NEW(&slope, w->points, "a table");
    out->knot = knot;
    out->coefficient = coefficient;
    if (status != VLY_OK) goto out;
    for (int32_t i = 0; i < w->points; i++) {
        knot[i] = w->x[i] / frame->unit;
        value[i] = w->logarithmic ? log(w->y[i] * frame->scale) : w->y[i] * frame->scale;
    }
    if (w->monotone) vly_law_slopes(slope, knot, value, w->points - 1);
    fill_pieces(coefficient, knot, value, w->monotone ? slope : NULL, w->points - 1);
    out->kind = VLY_LAW_CUBIC;
    out->pieces = w->points - 1;
    out->exponential = w->logarithmic;
    out->low = fmax(out->low, knot[0]);
    out->high = fmin(out->high, knot[out->pieces]);
out:
    vly_free(value);
    vly_free(slope);
    return status;
}

vly_status vly_law_build(vly_law *out, const vly_law_words *words, const vly_law_frame *frame)
{
    *out = (vly_law){.kind = VLY_LAW_CONSTANT, .low = words->low / frame->unit, .high = words->high / frame->unit};
    vly_status status = VLY_OK;
    if (words->kind == VLY_WORDS_NUMBER)
        out->constant = words->number * frame->scale;
    else if (words->kind == VLY_WORDS_EXPRESSION) {
        status = vly_law_compile(out, words->expression, frame);
        if (status == VLY_OK) status = vly_law_simplify(out);
    } else if ((status = check_table(words, frame->what)) == VLY_OK)
        status = interpolate(out, words, frame);
    if (status != VLY_OK) vly_law_free(out);
    return status;
}
