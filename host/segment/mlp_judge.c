/* How good a network is, told by samples that it has not seen: errors with their uncertainty, and fractions told against
 * fractions known. */
#include "segment/mlp_impl.h"

#include "core/memory.h"

#include <math.h>

typedef struct test {
    const vly_mlp_table *table;
    const vly_mlp_parts *parts;
    const float *told; /* (count, 3) of the test samples */
} test;

/* Squared error of a sample: mean over the phases. */
static double loss_of(const vly_mlp_table *table, int32_t sample, const float told[VLY_PHASES])
{
    const float *known = table->target + sample / VLY_MLP_SYMMETRIES * VLY_PHASES;
    double sum = 0.0;
    for (int k = 0; k < VLY_PHASES; k++) {
        double off = (double)told[k] - (double)known[k];
        sum += off * off / VLY_PHASES;
    }
    return sum;
}

double vly_mlp_error(const vly_mlp_table *table, const int32_t *sample, int32_t count, const float *told)
{
    double sum = 0.0;
    for (int32_t i = 0; i < count; i++) sum += loss_of(table, sample[i], told + (int64_t)i * VLY_PHASES);
    return sum / count;
}

static void fill_bins(vly_mlp_result *r, const test *t)
{
    static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
    for (int32_t i = 0; i < t->parts->count[2]; i++)
        for (int k = 0; k < VLY_PHASES; k++) {
            double told = (double)t->told[i * VLY_PHASES + k];
            int bin = (int)(told * VLY_MLP_BINS);
            vly_mlp_bin *to = &r->bins[order[k]][bin < VLY_MLP_BINS ? bin : VLY_MLP_BINS - 1];
            to->count++;
            to->told += told;
            to->known += (double)t->table->target[t->parts->sample[2][i] / VLY_MLP_SYMMETRIES * VLY_PHASES + k];
        }
    for (int k = 0; k < VLY_PHASES * VLY_MLP_BINS; k++) {
        vly_mlp_bin *b = &r->bins[k / VLY_MLP_BINS][k % VLY_MLP_BINS];
        if (b->count > 0) b->told /= (double)b->count, b->known /= (double)b->count;
    }
}

/* Copies of a voxel do not count as measurements of their own: the interval comes from the means of each voxel's. */
static vly_status find_interval(vly_mlp_result *r, const test *t)
{
    const int64_t voxels = t->table->info.voxels;
    double *sum, squares = 0.0;
    int32_t *count;
    VLY_TRY(VLY_NEW(&sum, voxels, "test errors"));
    vly_status status = VLY_NEW(&count, voxels, "test errors");
    for (int32_t i = 0; i < t->parts->count[2] && status == VLY_OK; i++) {
        sum[t->parts->sample[2][i] / VLY_MLP_SYMMETRIES] +=
            loss_of(t->table, t->parts->sample[2][i], t->told + (int64_t)i * VLY_PHASES);
        count[t->parts->sample[2][i] / VLY_MLP_SYMMETRIES]++;
    }
    for (int64_t v = 0; v < voxels && status == VLY_OK; v++) {
        if (count[v] == 0) continue;
        double off = sum[v] / count[v] - r->test;
        squares += off * off;
    }
    double n = (double)r->voxels[2], error = n > 1.0 ? sqrt(squares / (n * (n - 1.0))) : NAN;
    r->interval[0] = fmax(r->test - 1.96 * error, 0.0);
    r->interval[1] = r->test + 1.96 * error;
    vly_free(sum);
    vly_free(count);
    return status;
}

/* Error of telling the mean of the training samples. */
static double constant_error(const test *t)
{
    double mean[VLY_PHASES] = {0.0}, sum = 0.0;
    for (int p = 0; p < 3; p += 2) /* training, test */
        for (int32_t i = 0; i < t->parts->count[p]; i++) {
            const float *y = t->table->target + t->parts->sample[p][i] / VLY_MLP_SYMMETRIES * VLY_PHASES;
            for (int k = 0; k < VLY_PHASES; k++) {
                double off = (double)y[k] - mean[k] / t->parts->count[0];
                if (p == 0)
                    mean[k] += (double)y[k];
                else
                    sum += off * off;
            }
        }
    return sum / VLY_PHASES / t->parts->count[2];
}

static vly_status count_voxels(vly_mlp_result *r, const test *t)
{
    for (int p = 0; p < 3; p++) {
        uint8_t *seen;
        VLY_TRY(VLY_NEW(&seen, t->table->info.voxels, "split"));
        r->samples[p] = t->parts->count[p];
        for (int32_t i = 0; i < t->parts->count[p]; i++) {
            uint8_t *at = &seen[t->parts->sample[p][i] / VLY_MLP_SYMMETRIES];
            r->voxels[p] += !*at;
            *at = 1;
        }
        vly_free(seen);
    }
    return VLY_OK;
}

vly_status vly_mlp_judge(vly_mlp_result *result, const vly_mlp_table *table, const vly_mlp_parts *parts,
                         const float *told)
{
    const test t = {table, parts, told};
    result->test = vly_mlp_error(table, parts->sample[2], parts->count[2], told);
    VLY_TRY(count_voxels(result, &t));
    result->constant = constant_error(&t);
    fill_bins(result, &t);
    return find_interval(result, &t);
}
