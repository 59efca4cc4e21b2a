/* Fluorine marks PVdF, not CBD: a layer's CBD counts with the share of PVdF in it. Each pixel is the mean over its square and
 * 1 um of depth, then Poisson counts (spec/morphology.md 10.5). */
#include "image/synth_pair.h"

#include "core/memory.h"

#define PIXEL 0.5 /* um; finer where the box is small */
#define MEAN_COUNTS 20.0
#define BACKGROUND 2.0
enum { ACROSS = 2, DEEP = 4 }; /* points of a pixel along x and z, and along y */

typedef struct mapping {
    const vly_thresholds *thresholds;
    int32_t columns;
    double share[VLY_SYNTH_LAYERS]; /* of PVdF in the mass of the CBD */
    float *sums;                    /* (ACROSS rows, columns) over the points of a plane */
    uint8_t *phase;                 /* (workers, points of a plane) */
} mapping;

static vly_status sum_plane(void *self, const vly_sample_plane *plane, int32_t worker)
{
    const mapping *m = self;
    uint8_t *phase = m->phase + worker * plane->points;
    float *sums = m->sums + (int64_t)plane->index * m->columns;
    vly_thresholds_plane(m->thresholds, plane, phase);
    for (int64_t i = 0; i < plane->points; i++)
        if (phase[i] == VLY_CBD) sums[i / ACROSS % m->columns] += (float)m->share[plane->layer[i]];
    return VLY_OK;
}

/* By inversion, in parts that exp can take. */
static int32_t poisson(double mean, uint64_t index, uint64_t seed)
{
    int32_t count = 0;
    for (int part = 0; mean > 0.0 && count < 65536; part++, mean -= 64.0) {
        double now = mean < 64.0 ? mean : 64.0, chance = vly_synth_exp(-now), sum = chance;
        double u = vly_synth_uniform(index, vly_hash((uint64_t)part, seed));
        int32_t n = 0;
        for (; sum <= u && n < 1024; sum += chance) chance *= now / ++n;
        count += n;
    }
    return count;
}

static void count_pixels(const vly_edx *edx, const float *sums, uint64_t seed)
{
    const int32_t columns = edx->extent.nx, rows = edx->extent.ny;
    double total = 0.0;
    for (int64_t i = 0; i < (int64_t)ACROSS * rows * columns; i++) total += sums[i];
    for (int32_t r = 0; r < rows; r++)
        for (int32_t c = 0; c < columns; c++) {
            int64_t pixel = (int64_t)r * columns + c;
            double seen = 0.0;
            for (int32_t a = 0; a < ACROSS; a++) seen += sums[((int64_t)r * ACROSS + a) * columns + c];
            double mean = total > 0.0 ? MEAN_COUNTS * seen * rows * columns / total : 0.0;
            int32_t counts = poisson(mean + BACKGROUND, (uint64_t)pixel, vly_hash(8, seed));
            edx->counts[pixel] = (uint16_t)(counts < 65535 ? counts : 65535);
        }
}

static vly_synth_lattice lattice_of(const vly_edx *edx, const vly_structure *s)
{
    const double across = edx->pixel / ACROSS, deep = 2.0 * edx->pixel / DEEP; /* 1 um for pixels of 0.5 um */
    return (vly_synth_lattice){.origin = {0.5 * across, 0.5 * s->size[1] - 0.5 * (DEEP - 1) * deep, 0.5 * across},
                               .step = {{across, 0.0, 0.0}, {0.0, deep, 0.0}, {0.0, 0.0, across}},
                               .extent = {ACROSS * edx->extent.nx, DEEP, ACROSS * edx->extent.ny}};
}

vly_status vly_edx_make(vly_edx *out, const vly_structure *structure, const vly_thresholds *thresholds)
{
    const double *size = structure->size;
    double shortest = size[0] < size[1] ? size[0] : size[1];
    shortest = size[2] < shortest ? size[2] : shortest;
    *out = (vly_edx){.pixel = shortest / 16.0 < PIXEL ? shortest / 16.0 : PIXEL};
    out->extent = (vly_extent){(int32_t)(size[0] / out->pixel), (int32_t)(size[2] / out->pixel), 1};
    /* suspension C on the separator's side, B behind it; 3.5 to 3 in one layer */
    mapping m = {.thresholds = thresholds, .columns = out->extent.nx, .share = {3.5 / 6.5, 0.0}};
    if (structure->layers == 2) m.share[0] = 1.5 / 4.5, m.share[1] = 5.5 / 8.5;
    const vly_synth_lattice lattice = lattice_of(out, structure);
    vly_samples samples = {.structure = NULL};
    vly_status status = VLY_NEW(&out->counts, vly_extent_voxels(out->extent), "EDX map");
    if (status == VLY_OK) status = VLY_NEW(&m.sums, ACROSS * vly_extent_voxels(out->extent), "EDX map");
    if (status == VLY_OK) status = vly_samples_open_lattice(&samples, structure, &lattice);
    if (status == VLY_OK)
        status = VLY_NEW(&m.phase, structure->device->pool->threads * samples.plane_points, "EDX map");
    if (status == VLY_OK) status = vly_samples_each(&samples, "EDX map", sum_plane, &m);
    if (status == VLY_OK) count_pixels(out, m.sums, structure->options->seed);
    vly_samples_close(&samples);
    vly_free(m.sums);
    vly_free(m.phase);
    if (status != VLY_OK) vly_edx_free(out);
    return status;
}

void vly_edx_free(vly_edx *edx)
{
    vly_free(edx->counts);
    edx->counts = NULL;
}
