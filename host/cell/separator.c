/* The separator's layers: thin where something happens, at the electrode and at the lithium, thick between (spec 3.7). */
#include "cell/domain.h"

#include "core/memory.h"

/* Sum of layers that grow from 1 by `ratio` from both ends. */
static double graded_sum(int32_t layers, double ratio)
{
    double sum = 0.0, each = 1.0;
    for (int32_t i = 0; i < layers / 2; i++, each *= ratio) sum += 2.0 * each;
    return layers % 2 ? sum + each : sum;
}

/* By halving, to the last bit. */
static double ratio_of(int32_t layers, double sum)
{
    double low = 1.0, high = 2.0;
    while (graded_sum(layers, high) < sum) high *= 2.0;
    for (;;) {
        double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high) return low;
        if (graded_sum(layers, middle) < sum)
            low = middle;
        else
            high = middle;
    }
}

vly_status vly_separator_grade(double **layer, int32_t *layers, double *ratio, double thickness, double voxel)
{
    int32_t n = *layers;
    bool equal = n < 3 || thickness <= (double)n * voxel;
    if (thickness <= (double)n * voxel) n = thickness < voxel ? 1 : (int32_t)(thickness / voxel);
    double grow = equal ? 1.0 : ratio_of(n, thickness / voxel), each = equal ? thickness / (double)n : voxel;
    VLY_TRY(VLY_NEW(layer, n, "separator"));
    for (int32_t i = 0; i < (n + 1) / 2; i++, each *= grow) (*layer)[i] = (*layer)[n - 1 - i] = each;
    *layers = n;
    if (ratio) *ratio = grow;
    return VLY_OK;
}
