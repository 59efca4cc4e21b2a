/* The network over rows of voxels. For a run of a row the 25 rows that its patches touch are converted to inputs once;
 * tiles of voxels side by side then go through all layers without leaving the cache. */
#include "core/kernels_cpu.h"
#include "core/rows_cpu.h"
#include "segment/mlp_fixed.h"

#include <string.h>

enum { CHUNK = 256, REACH = 4, ROWS = VLY_MLP_SIDE * VLY_MLP_SIDE, WIDE = CHUNK + 2 * REACH };

vly_mlp_lanes *vly_mlp_lanes_of(vly_isa isa)
{
#ifdef __x86_64__
    if (isa >= VLY_ISA_AVX512) return vly_mlp_lanes_avx512;
#endif
#ifdef __AVX2__
    if (isa != VLY_ISA_PLAIN) return vly_mlp_lanes_avx2;
#endif
    (void)isa;
    return vly_mlp_lanes_plain;
}

static vly_mlp_fixed_tile *fixed_of(vly_isa isa)
{
#ifdef __x86_64__
    if (isa >= VLY_ISA_VNNI) return vly_mlp_fixed_vnni;
#endif
#ifdef __AVX2__
    if (isa != VLY_ISA_PLAIN) return vly_mlp_fixed_avx2;
#endif
    (void)isa;
    return vly_mlp_fixed_plain;
}

typedef struct job {
    const uint16_t *grey;
    const uint8_t *mask;
    const vly_region *region;
    const vly_mlp_net *net;
    vly_mlp_lanes *lanes;
    vly_mlp_fixed_tile *fixed; /* NULL: the exact one */
    float *logit;
    int64_t chunks; /* of a row */
} job;

typedef struct scratch {
    float row[ROWS][WIDE];                  /* inputs of the chunk, REACH columns before it first */
    uint32_t box[WIDE + 2];                 /* sums over three rows of three pages */
    float in[VLY_MLP_INPUTS][VLY_MLP_TILE]; /* of a tile */
    float hidden[2][VLY_MLP_HIDDEN][VLY_MLP_TILE];
    float out[VLY_MLP_OUTPUTS][VLY_MLP_TILE];
} scratch;

/* ---- inputs ---- */

/* Row (y, z) of the data as inputs at columns x - REACH ... x + n + REACH - 1. */
static void plain_row(const job *j, float row[WIDE], int32_t x, int32_t n, int32_t y, int32_t z)
{
    vly_extent e = j->region->data;
    const uint16_t *grey = j->grey + vly_at(e, 0, y, z);
    for (int32_t i = 2; i < n + 2 * REACH - 2; i++)
        row[i] = ((float)grey[vly_reflect(x - REACH + i, e.nx)] - j->net->mean) * j->net->scale;
}

/* The same of the volume averaged over boxes of two voxels (vly_mlp_box). */
static void box_row(const job *j, scratch *s, float row[WIDE], int32_t x, int32_t n, int32_t y, int32_t z)
{
    vly_extent e = j->region->data;
    int32_t from = x - REACH - 1 > 0 ? x - REACH - 1 : 0, to = x + n + REACH + 1 < e.nx ? x + n + REACH + 1 : e.nx;
    memset(s->box, 0, sizeof s->box);
    for (int32_t k = -1; k <= 1; k++)
        for (int32_t i = -1; i <= 1; i++) {
            const uint16_t *grey = j->grey + vly_at(e, 0, vly_reflect(y + i, e.ny), vly_reflect(z + k, e.nz));
            uint32_t weight = (uint32_t)((2 - i * i) * (2 - k * k));
            for (int32_t c = from; c < to; c++) s->box[c - from] += weight * grey[c];
        }
    for (int32_t i = 0; i < n + 2 * REACH; i++) {
        int32_t c = vly_reflect(x - REACH + i, e.nx);
        uint32_t sum =
            s->box[vly_reflect(c - 1, e.nx) - from] + 2 * s->box[c - from] + s->box[vly_reflect(c + 1, e.nx) - from];
        row[i] = ((float)sum * 0.015625f - j->net->mean) * j->net->scale;
    }
}

static void load_rows(const job *j, scratch *s, int32_t x, int32_t n, int32_t y, int32_t z)
{
    vly_extent e = j->region->data;
    int32_t step = j->net->atrous ? 2 : 1;
    for (int32_t r = 0; r < ROWS; r++) {
        int32_t ry = vly_reflect(y + step * (r % VLY_MLP_SIDE - 2), e.ny);
        int32_t rz = vly_reflect(z + step * (r / VLY_MLP_SIDE - 2), e.nz);
        if (j->net->atrous)
            box_row(j, s, s->row[r], x, n, ry, rz);
        else
            plain_row(j, s->row[r], x, n, ry, rz);
    }
}

/* ---- layers ---- */

/* s->in to s->out. */
static void forward(const job *j, scratch *s)
{
    const vly_mlp_net *net = j->net;
    const float *in = s->in[0];
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        bool last = l == VLY_MLP_LAYERS - 1;
        float *out = last ? s->out[0] : s->hidden[l % 2][0];
        int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
        const float *weights = net->weights + vly_mlp_first(l);
        const vly_mlp_dense dense = {ins, outs,         weights, outs,        weights + ins * outs,
                                     in,  VLY_MLP_TILE, out,     VLY_MLP_TILE};
        j->lanes(&dense);
        if (!last) vly_mlp_activate_all(net->activation, out, outs * VLY_MLP_TILE);
        in = out;
    }
}

/* Voxels first ... first + n - 1 of the chunk. */
static void load_tile(const job *j, scratch *s, int32_t first, int32_t n)
{
    int32_t step = j->net->atrous ? 2 : 1;
    for (int32_t k = 0; k < VLY_MLP_INPUTS; k++) {
        const float *from = s->row[k / VLY_MLP_SIDE] + REACH + first + step * (k % VLY_MLP_SIDE - 2);
        for (int32_t i = 0; i < n; i++) s->in[k][i] = from[i];
    }
}

static bool any(const uint8_t *mask, int32_t n)
{
    uint8_t seen = 0;
    for (int32_t i = 0; i < n; i++) seen |= mask[i];
    return seen != 0;
}

static vly_status run_chunk(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    scratch s;
    int64_t row = item / j->chunks;
    int32_t x = (int32_t)(item % j->chunks) * CHUNK, nx = j->region->inner.x1 - j->region->inner.x0,
            ny = j->region->inner.y1 - j->region->inner.y0, n = nx - x < CHUNK ? nx - x : CHUNK;
    int64_t at = vly_row_label(j->region, row) + x;
    (void)worker;
    memset(s.in, 0, sizeof s.in); /* columns behind the row's end */
    load_rows(j, &s, j->region->inner.x0 + x, n, j->region->inner.y0 + (int32_t)(row % ny),
              j->region->inner.z0 + (int32_t)(row / ny));
    for (int32_t t = 0; t < n; t += VLY_MLP_TILE) {
        int32_t count = n - t < VLY_MLP_TILE ? n - t : VLY_MLP_TILE;
        float *to = j->logit + 2 * (at + t);
        const uint8_t *mask = j->mask ? j->mask + at + t : NULL;
        if (mask && !any(mask, count)) {
            for (int32_t i = 0; i < 2 * count; i++) to[i] = NAN;
            continue;
        }
        load_tile(j, &s, t, count);
        if (j->fixed)
            j->fixed(j->net, s.in[0], s.out[0]);
        else
            forward(j, &s);
        for (int32_t i = 0; i < count; i++) {
            bool outside = mask && !mask[i];
            to[2 * i] = outside ? NAN : vly_mlp_difference(s.out[0][i], s.out[2][i]);
            to[2 * i + 1] = outside ? NAN : vly_mlp_difference(s.out[1][i], s.out[2][i]);
        }
    }
    return VLY_OK;
}

static vly_status run_all(vly_queue *queue, job *j)
{
    vly_extent e = vly_box_extent(j->region->inner);
    j->lanes = vly_mlp_lanes_of(queue->isa);
    j->chunks = (e.nx + CHUNK - 1) / CHUNK;
    return vly_pool_run(queue->pool, (int64_t)e.ny * e.nz * j->chunks, run_chunk, j);
}

vly_status vly_mlp_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                       const vly_mlp_net *net, float *logit)
{
    job j = {.grey = grey, .mask = mask, .region = region, .net = net, .logit = logit};
    return run_all(queue, &j);
}

vly_status vly_mlp_fixed_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                             const vly_mlp_net *net, float *logit)
{
    job j = {.grey = grey, .mask = mask, .region = region, .net = net, .fixed = fixed_of(queue->isa), .logit = logit};
    return run_all(queue, &j);
}
