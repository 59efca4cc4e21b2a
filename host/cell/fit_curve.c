/* Curves put into one form: measured ones whichever way they were written down, simulated ones also where they stopped. */
#include "cell/fit_impl.h"

#include "cell/law.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_POINTS = 10, LEAST_STEPS = 4 };
static const double MAH_CM2 = 36e3;                        /* A s/m2 */
static const double LEAST_FALL = 0.05, MOST_VOLTAGE = 6.0; /* V */
static const double BEGINS_WITHIN = 0.05;                  /* of the axis' length: that is a first point, no offset */
static const double MOST_ZIGZAG = 0.03;                    /* V, median: branches of a cycle are farther apart */
static const double LEVEL_APART = 5e-3;                    /* V */

vly_status vly_fit_curve_create(vly_fit_curve *out, int64_t count)
{
    *out = (vly_fit_curve){.count = count, .ended = true};
    vly_status status = VLY_NEW(&out->charge, count, "curve");
    if (status == VLY_OK) status = VLY_NEW(&out->voltage, count, "curve");
    if (status != VLY_OK) vly_fit_curve_free(out);
    return status;
}

void vly_fit_curve_free(vly_fit_curve *curve)
{
    vly_free(curve->charge);
    vly_free(curve->voltage);
    *curve = (vly_fit_curve){.count = 0};
}

/* Of points at one charge (at rest) the first stays. */
static void append(vly_fit_curve *to, double charge, double voltage)
{
    if (to->count > 0 && !(charge > to->charge[to->count - 1])) return;
    to->charge[to->count] = charge;
    to->voltage[to->count++] = voltage;
}

/* ---- measured ---- */

typedef struct point {
    double charge, voltage;
    int64_t order;
} point;

static int by_charge(const void *a, const void *b)
{
    const point *p = a, *q = b;
    if (p->charge != q->charge) return p->charge < q->charge ? -1 : 1;
    return (p->order > q->order) - (p->order < q->order);
}

static int by_size(const void *a, const void *b)
{
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static vly_status check_points(const double *charge, const double *voltage, int64_t count, const char *name)
{
    if (count < LEAST_POINTS)
        return vly_fail(VLY_EDATA, "%s: %lld points, at least %d expected", name, (long long)count, LEAST_POINTS);
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(charge[i]) || !isfinite(voltage[i]))
            return vly_fail(VLY_EDATA, "%s: point %lld is (%g mAh/cm2, %g V), numbers expected", name, (long long)i + 1,
                            charge[i] / MAH_CM2, voltage[i]);
        if (!(voltage[i] > -MOST_VOLTAGE && voltage[i] < MOST_VOLTAGE))
            return vly_fail(VLY_EDATA, "%s: %g V at point %lld, less than %g V expected", name, voltage[i],
                            (long long)i + 1, MOST_VOLTAGE);
    }
    return VLY_OK;
}

/* Charge passes while the voltage falls: that tells which way the axis runs. */
static void turn(point *points, int64_t count)
{
    double low = INFINITY, high = -INFINITY, charge = 0.0, voltage = 0.0, both = 0.0;
    for (int64_t i = 0; i < count; i++) {
        low = fmin(low, points[i].charge);
        high = fmax(high, points[i].charge);
        charge += points[i].charge / (double)count;
        voltage += points[i].voltage / (double)count;
    }
    for (int64_t i = 0; i < count; i++) both += (points[i].charge - charge) * (points[i].voltage - voltage);
    const double slack = BEGINS_WITHIN * (high - low);
    const double shift = low < -slack || low > slack ? low : 0.0;
    const bool backwards = points[count - 1].charge < points[0].charge;
    for (int64_t i = 0; i < count; i++) {
        points[i].charge = both > 0.0 ? high - points[i].charge : points[i].charge - shift;
        points[i].order = backwards == (both > 0.0) ? i : -i;
    }
}

/* How far voltages jump to and fro, as a median; work: (count). */
static double zigzag(const vly_fit_curve *c, double *work)
{
    for (int64_t i = 1; i + 1 < c->count; i++) {
        const double part = (c->charge[i] - c->charge[i - 1]) / (c->charge[i + 1] - c->charge[i - 1]);
        work[i - 1] = fabs(c->voltage[i] - c->voltage[i - 1] - part * (c->voltage[i + 1] - c->voltage[i - 1]));
    }
    qsort(work, (size_t)(c->count - 2), sizeof *work, by_size);
    return work[(c->count - 2) / 2];
}

static vly_status check_curve(const vly_fit_curve *c, double *work, const char *name)
{
    if (c->count < LEAST_POINTS)
        return vly_fail(VLY_EDATA, "%s: %lld different capacities, at least %d expected", name, (long long)c->count,
                        LEAST_POINTS);
    const double jumps = zigzag(c, work);
    if (jumps > MOST_ZIGZAG)
        return vly_fail(VLY_EDATA,
                        "%s: the voltage jumps by %.0f mV from point to point, the curve of one lithiation expected",
                        name, 1e3 * jumps);
    if (!(c->voltage[0] - c->voltage[c->count - 1] > LEAST_FALL))
        return vly_fail(VLY_EDATA, "%s: from %.3f V to %.3f V, a voltage that falls with lithiation expected", name,
                        c->voltage[0], c->voltage[c->count - 1]);
    return VLY_OK;
}

vly_status vly_fit_curve_measured(vly_fit_curve *out, const double *charge, const double *voltage, int64_t count,
                                  const char *name)
{
    point *points = NULL;
    double *work = NULL;
    *out = (vly_fit_curve){.count = 0};
    VLY_TRY(check_points(charge, voltage, count, name));
    VLY_TRY(vly_fit_curve_create(out, count));
    vly_status status = VLY_NEW(&points, count, "curve");
    if (status == VLY_OK) status = VLY_NEW(&work, count, "curve");
    if (status == VLY_OK) {
        for (int64_t i = 0; i < count; i++) points[i] = (point){charge[i], voltage[i], i};
        turn(points, count);
        qsort(points, (size_t)count, sizeof *points, by_charge);
        out->count = 0;
        for (int64_t i = 0; i < count; i++) append(out, points[i].charge, points[i].voltage);
        status = check_curve(out, work, name);
    }
    vly_free(points);
    vly_free(work);
    if (status != VLY_OK) vly_fit_curve_free(out);
    return status;
}

/* ---- simulated ---- */

static double charge_at(const vly_fit_curve *c, int64_t i, double level)
{
    const double part = (c->voltage[i] - level) / (c->voltage[i] - c->voltage[i + 1]);
    return c->charge[i] + part * (c->charge[i + 1] - c->charge[i]);
}

vly_status vly_fit_curve_cut(vly_fit_curve *out, double *level, const vly_fit_curve *measured, double cutoff)
{
    const double begin = measured->voltage[0], end = measured->voltage[measured->count - 1];
    *out = (vly_fit_curve){.count = 0};
    if (!(begin > cutoff))
        return vly_fail(VLY_EDATA, "a measured curve begins at %.3f V, more than the cut-off of %g V expected", begin,
                        cutoff);
    VLY_TRY(vly_fit_curve_create(out, measured->count));
    memcpy(out->charge, measured->charge, (size_t)measured->count * sizeof *out->charge);
    memcpy(out->voltage, measured->voltage, (size_t)measured->count * sizeof *out->voltage);
    *level = end > cutoff + LEVEL_APART ? end : cutoff;
    if (!(end < cutoff - LEVEL_APART)) return VLY_OK;
    int64_t last = out->count - 2;
    while (last > 0 && out->voltage[last] < cutoff) last--;
    out->charge[last + 1] = charge_at(out, last, cutoff);
    out->voltage[last + 1] = cutoff;
    out->count = last + 2;
    return VLY_OK;
}

/* How much charge is missing to the level, straight on over the last 2 % of it. */
static double missing(const vly_fit_curve *c, double level)
{
    const int64_t last = c->count - 1;
    int64_t before = last - 1;
    while (before > 0 && c->charge[before] > 0.98 * c->charge[last]) before--;
    const double fall = c->voltage[before] - c->voltage[last], passed = c->charge[last] - c->charge[before];
    if (c->voltage[last] <= level) return 0.0;
    return fall > 0.0 ? (c->voltage[last] - level) * passed / fall : INFINITY;
}

/* Down to the level, and straight on to it where it stopped `more` before. */
static void cut(vly_fit_curve *out, const vly_fit_curve *from, double level, double more)
{
    out->count = 0;
    append(out, from->charge[0], from->voltage[0]);
    for (int64_t i = 1; i < from->count; i++) {
        const bool below = from->voltage[i] < level;
        append(out, below ? charge_at(from, i - 1, level) : from->charge[i], below ? level : from->voltage[i]);
        if (below) return;
    }
    if (more > 0.0) append(out, from->charge[from->count - 1] + more, level);
}

static vly_status resample(double voltage[VLY_FIT_SAMPLES], double end, const vly_fit_curve *c)
{
    double *slope;
    int64_t k = 0;
    VLY_TRY(VLY_NEW(&slope, c->count, "curve"));
    vly_law_slopes(slope, c->charge, c->voltage, (int32_t)c->count - 1);
    for (int i = 0; i < VLY_FIT_SAMPLES; i++) {
        const double q = end * i / (VLY_FIT_SAMPLES - 1);
        while (k + 2 < c->count && q > c->charge[k + 1]) k++;
        const double h = c->charge[k + 1] - c->charge[k], t = fmax(0.0, (q - c->charge[k]) / h);
        const double mean = c->voltage[k + 1] - c->voltage[k], a = h * slope[k], b = h * slope[k + 1];
        voltage[i] = c->voltage[k] + t * (a + t * (3.0 * mean - 2.0 * a - b + t * (a + b - 2.0 * mean)));
    }
    vly_free(slope);
    return VLY_OK;
}

vly_status vly_fit_sample(double voltage[VLY_FIT_SAMPLES], double *charge, bool *usable, const vly_fit_curve *curve,
                          double level, double reach)
{
    vly_fit_curve c;
    *charge = curve->count > 0 ? curve->charge[curve->count - 1] : 0.0;
    *usable = false;
    if (curve->count < LEAST_STEPS || curve->voltage[0] <= level) return VLY_OK;
    const double more = curve->ended ? 0.0 : missing(curve, level);
    if (!(more <= reach)) return VLY_OK;
    VLY_TRY(vly_fit_curve_create(&c, curve->count + 1));
    cut(&c, curve, level, more);
    *charge = c.charge[c.count - 1];
    *usable = true;
    vly_status status = resample(voltage, *charge, &c);
    vly_fit_curve_free(&c);
    return status;
}
