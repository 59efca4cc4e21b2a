/* The means first, then one pass over the values with all of them at hand: no difference of large sums. */
#include "study/variance.h"

#include "core/memory.h"

#include <math.h>

const char *vly_variance_part_name(vly_variance_part part)
{
    static const char *const names[] = {"trinarisation", "cutout", "sample", "sample_trinarisation", "rest"};
    return names[part];
}

vly_variance_part vly_variance_largest(const vly_variance *variance)
{
    vly_variance_part best = VLY_VARIANCE_PARTS;
    for (vly_variance_part p = 0; p < VLY_VARIANCE_PARTS; p++)
        if (variance->share[p] > (best < VLY_VARIANCE_PARTS ? variance->share[best] : 0.0)) best = p;
    return best;
}

typedef struct means {
    const double *values; /* (units, ways) */
    const int32_t *sample;
    int32_t units, ways, samples;
    double all;
    double *unit;       /* (units) */
    double *of_sample;  /* (samples) */
    double *way;        /* (ways) */
    double *sample_way; /* (samples, ways) */
    double *cells;      /* (samples) how many units there are of each */
} means;

static void add_up(means *m)
{
    const double n = (double)m->units * m->ways;
    for (int32_t u = 0; u < m->units; u++) {
        const int32_t s = m->sample[u];
        m->cells[s] += 1.0;
        for (int32_t t = 0; t < m->ways; t++) {
            const double y = m->values[u * m->ways + t];
            m->all += y / n;
            m->unit[u] += y / m->ways;
            m->way[t] += y / m->units;
            m->of_sample[s] += y;
            m->sample_way[s * m->ways + t] += y;
        }
    }
    for (int32_t s = 0; s < m->samples; s++) {
        m->of_sample[s] /= m->cells[s] * m->ways;
        for (int32_t t = 0; t < m->ways; t++) m->sample_way[s * m->ways + t] /= m->cells[s];
    }
}

static void include(vly_band *band, double value)
{
    band->low = fmin(band->low, value);
    band->high = fmax(band->high, value);
}

static double square(double x)
{
    return x * x;
}

static void split(vly_variance *out, const means *m)
{
    const vly_band none = {INFINITY, -INFINITY};
    const double n = (double)m->units * m->ways;
    double sum[VLY_VARIANCE_PARTS] = {0.0}, total = 0.0, largest = 0.0;
    *out = (vly_variance){.mean = m->all, .all = none, .trinarisations = none, .cutouts = none, .samples = none};
    for (int32_t u = 0; u < m->units; u++) {
        const double of_sample = m->of_sample[m->sample[u]];
        include(&out->cutouts, m->all + m->unit[u] - of_sample);
        include(&out->samples, of_sample);
        for (int32_t t = 0; t < m->ways; t++) {
            const double y = m->values[u * m->ways + t], both = m->sample_way[m->sample[u] * m->ways + t];
            include(&out->all, y);
            include(&out->trinarisations, m->way[t]);
            total += square(y - m->all);
            largest = fmax(largest, fabs(y));
            sum[VLY_BY_TRINARISATION] += square(m->way[t] - m->all);
            sum[VLY_BY_CUTOUT] += square(m->unit[u] - of_sample);
            sum[VLY_BY_SAMPLE] += square(of_sample - m->all);
            sum[VLY_BY_SAMPLE_TRINARISATION] += square(both - of_sample - m->way[t] + m->all);
            sum[VLY_BY_REST] += square(y - both - m->unit[u] + of_sample);
        }
    }
    out->sd = n > 1.0 ? sqrt(total / (n - 1.0)) : NAN;
    /* values that are equal but for their last digits do not vary */
    const bool varies = total > n * square(1e-13 * largest);
    for (int p = 0; p < VLY_VARIANCE_PARTS; p++) out->share[p] = varies ? sum[p] / total : NAN;
}

vly_status vly_variance_split(vly_variance *out, const double *values, const int32_t *sample, int32_t units,
                              int32_t ways)
{
    means m = {.values = values, .sample = sample, .units = units, .ways = ways, .samples = sample[units - 1] + 1};
    VLY_TRY(VLY_NEW(&m.unit, units + ways + (int64_t)m.samples * (2 + ways), "means"));
    m.way = m.unit + units;
    m.of_sample = m.way + ways;
    m.cells = m.of_sample + m.samples;
    m.sample_way = m.cells + m.samples;
    add_up(&m);
    split(out, &m);
    vly_free(m.unit);
    return VLY_OK;
}
