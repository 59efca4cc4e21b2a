/* Stochastic gradient descent with Nesterov's momentum, in single precision and in an order that neither threads nor
 * instruction sets can change. Of the two sets of weights that the method knows, the shifted iterate is what gradients are
 * taken at; the network is what lies behind it (spec 7.4). */
#include "segment/mlp_descent.h"

#include "core/memory.h"
#include "segment/mlp_lanes.h"

#include <math.h>
#include <string.h>

typedef float real;

typedef struct machine {
    vly_mlp_lanes *lanes;
} machine;

static void sum_up(const machine *m, const real *weights, int64_t weights_row, int32_t sums, int32_t outs,
                   const real *bias, const real *in, int64_t in_row, real *out, int64_t out_row)
{
    const vly_mlp_dense dense = {sums, outs, weights, weights_row, bias, in, in_row, out, out_row};
    m->lanes(&dense);
}

static real natural_exp(real x)
{
    return vly_mlp_exp(x);
}

#include "segment/mlp_pass_body.h"

struct vly_mlp_descent {
    vly_device *device;
    const vly_mlp_table *table;
    const vly_mlp_options *options;
    const vly_mlp_parts *parts;
    uint8_t symmetry[VLY_MLP_SYMMETRIES][VLY_MLP_INPUTS];
    machine machine;
    float mean, scale; /* input = (grey - mean) * scale */
    uint64_t seed;     /* of the network at hand */
    weights *shifted, *settled;
    real *velocity; /* (ROWS_VALUES) */
    tile *tiles;    /* (threads) */
    batch batch;
    int32_t *order; /* (training samples) of the epoch */
    const weights *judged;
    const int32_t *sample; /* (count) at hand */
    int32_t count;
    float *loss;          /* (samples of the largest part) */
    float *told;          /* (count, 3) probabilities, if anybody wants them */
    vly_mlp_epoch *curve; /* (epochs) of the network at hand */
    real *best;           /* (VLY_MLP_VALUES) of its best epoch */
};

/* ---- a tile of samples ---- */

static int32_t load_tile(const vly_mlp_descent *t, tile *to, int32_t first)
{
    int32_t n = t->count - first < TILE ? t->count - first : TILE;
    for (int32_t c = 0; c < TILE; c++) {
        int32_t id = t->sample[first + (c < n ? c : 0)], voxel = id / VLY_MLP_SYMMETRIES;
        const uint8_t *from = t->symmetry[id % VLY_MLP_SYMMETRIES];
        const float *grey = t->table->grey + (int64_t)voxel * VLY_MLP_INPUTS;
        for (int k = 0; k < VLY_MLP_INPUTS; k++) to->in[0][k][c] = (grey[from[k]] - t->mean) * t->scale;
        for (int k = 0; k < VLY_MLP_OUTPUTS; k++) to->target[k][c] = t->table->target[voxel * VLY_MLP_OUTPUTS + k];
    }
    return n;
}

static vly_status train_tile(void *self, int64_t item, int32_t worker)
{
    vly_mlp_descent *t = self;
    tile *work = &t->tiles[worker];
    int32_t first = (int32_t)item * TILE, n = load_tile(t, work, first);
    run_forward(work, t->shifted);
    judge_outputs(work, n, 2.0f / (3.0f * (float)t->count));
    run_backward(work, &t->batch, t->shifted, first, n);
    memcpy(t->loss + first, work->loss, (size_t)n * sizeof *t->loss);
    return VLY_OK;
}

static vly_status judge_tile(void *self, int64_t item, int32_t worker)
{
    vly_mlp_descent *t = self;
    tile *work = &t->tiles[worker];
    int32_t first = (int32_t)item * TILE, n = load_tile(t, work, first);
    run_forward(work, t->judged);
    judge_outputs(work, n, 0.0f);
    memcpy(t->loss + first, work->loss, (size_t)n * sizeof *t->loss);
    for (int32_t c = 0; c < n && t->told; c++)
        for (int k = 0; k < VLY_MLP_OUTPUTS; k++) t->told[(first + c) * VLY_MLP_OUTPUTS + k] = work->out[k][c];
    return VLY_OK;
}

static double sum_loss(const vly_mlp_descent *t)
{
    double sum = 0.0;
    for (int32_t i = 0; i < t->count; i++) sum += (double)t->loss[i];
    return sum;
}

/* Mean loss of `count` samples. */
static vly_status judge_samples(double *out, vly_mlp_descent *t, const weights *w, const int32_t *sample, int32_t count)
{
    t->judged = w;
    t->sample = sample;
    t->count = count;
    VLY_TRY(vly_pool_run(t->device->pool, (count + TILE - 1) / TILE, judge_tile, t));
    *out = sum_loss(t) / count;
    return VLY_OK;
}

/* ---- a step ---- */

/* v <- mu v - eta g, shifted <- shifted - eta g + mu v. */
static vly_status step_tile(void *self, int64_t item, int32_t worker)
{
    vly_mlp_descent *t = self;
    const real rate = (real)t->options->rate, momentum = (real)t->options->momentum;
    real gradient[VLY_MLP_HIDDEN][TILE];
    int32_t l, column;
    (void)worker;
    place_gradient((int32_t)item, &l, &column);
    sum_gradient(gradient, &t->batch, l, column, t->count);
    int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
    for (int32_t o = 0; o < outs; o++)
        for (int32_t k = column; k < column + TILE && k <= ins; k++) {
            int32_t at = rows_first(l) + o * row_of(l) + k;
            real push = rate * gradient[o][k - column];
            t->velocity[at] = fmaf(momentum, t->velocity[at], -push);
            t->shifted->rows[at] += fmaf(momentum, t->velocity[at], -push);
            t->shifted->turned[vly_mlp_first(l) + k * outs + o] = t->shifted->rows[at];
        }
    return VLY_OK;
}

/* The network behind the shifted iterate. */
static void settle(vly_mlp_descent *t)
{
    const real momentum = (real)t->options->momentum;
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++)
        for (int32_t o = 0; o < vly_mlp_outs(l); o++)
            for (int32_t k = 0; k <= vly_mlp_ins(l); k++) {
                int32_t at = rows_first(l) + o * row_of(l) + k;
                t->settled->turned[vly_mlp_first(l) + k * vly_mlp_outs(l) + o] =
                    fmaf(-momentum, t->velocity[at], t->shifted->rows[at]);
            }
}

static vly_status run_epoch(vly_mlp_descent *t, int32_t epoch, double *mean)
{
    const int32_t all = t->parts->count[0];
    double sum = 0.0;
    memcpy(t->order, t->parts->sample[0], (size_t)all * sizeof *t->order);
    vly_mlp_shuffle(t->order, all, vly_hash((uint64_t)epoch, t->seed));
    for (int32_t first = 0; first < all; first += t->options->batch) {
        t->sample = t->order + first;
        t->count = all - first < t->options->batch ? all - first : t->options->batch;
        VLY_TRY(vly_pool_run(t->device->pool, (t->count + TILE - 1) / TILE, train_tile, t));
        VLY_TRY(vly_pool_run(t->device->pool, GRADIENT_TILES, step_tile, t));
        sum += sum_loss(t);
    }
    *mean = sum / all;
    return VLY_OK;
}

/* ---- a network ---- */

/* He's normal weights for relu, Glorot's uniform ones else; biases 0. */
static void start_weights(vly_mlp_descent *t)
{
    memset(t->velocity, 0, ROWS_VALUES * sizeof *t->velocity);
    memset(t->shifted->rows, 0, sizeof t->shifted->rows);
    memset(t->shifted->turned, 0, sizeof t->shifted->turned);
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        int32_t ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
        for (int32_t o = 0; o < outs; o++)
            for (int32_t k = 0; k < ins; k++) {
                uint64_t index = (uint64_t)vly_mlp_first(l) + (uint64_t)o * ins + k;
                double value = t->options->activation == VLY_MLP_KIND_RELU
                                   ? sqrt(2.0 / ins) * vly_synth_normal(index, t->seed)
                                   : sqrt(6.0 / (ins + outs)) * (2.0 * vly_synth_uniform(index, t->seed) - 1.0);
                t->shifted->rows[rows_first(l) + o * row_of(l) + k] = (real)value;
                t->shifted->turned[vly_mlp_first(l) + k * outs + o] = (real)value;
            }
    }
}

static vly_status diverged(const vly_mlp_descent *t, int32_t epoch)
{
    return vly_fail(VLY_ENUMERIC, "train: the error is not finite after epoch %d, try --learning-rate %.3g", (int)epoch,
                    0.1 * t->options->rate);
}

vly_status vly_mlp_descent_run(vly_mlp_descended *out, vly_mlp_descent *t, uint64_t seed)
{
    const vly_mlp_options *o = t->options;
    *out = (vly_mlp_descended){.validation = INFINITY, .curve = t->curve, .weights = t->best};
    t->seed = seed;
    start_weights(t);
    for (int32_t epoch = 1; epoch <= o->epochs; epoch++) {
        vly_mlp_epoch *now = &t->curve[epoch - 1];
        VLY_TRY(vly_device_stop(t->device));
        VLY_TRY(run_epoch(t, epoch, &now->training));
        settle(t);
        VLY_TRY(judge_samples(&now->validation, t, t->settled, t->parts->sample[1], t->parts->count[1]));
        if (!isfinite(now->training) || !isfinite(now->validation)) return diverged(t, epoch);
        out->epochs = epoch;
        if (now->validation < out->validation) {
            out->validation = now->validation;
            out->best_epoch = epoch;
            memcpy(t->best, t->settled->turned, VLY_MLP_VALUES * sizeof *t->best);
        }
        vly_device_update(t->device, "training", epoch, o->epochs, "epoch");
        if (epoch - out->best_epoch >= o->patience) break;
    }
    return VLY_OK;
}

vly_status vly_mlp_descent_ask(float *told, vly_mlp_descent *t, const float *network, const int32_t *sample,
                               int32_t count)
{
    double error;
    memcpy(t->settled->turned, network, VLY_MLP_VALUES * sizeof *network);
    t->told = told;
    vly_status status = judge_samples(&error, t, t->settled, sample, count);
    t->told = NULL;
    return status;
}

/* ---- from outside ---- */

static vly_status reserve(vly_mlp_descent *t)
{
    const int32_t samples = t->options->batch; /* of a step */
    int32_t most = samples;
    for (int p = 0; p < 3; p++) most = t->parts->count[p] > most ? t->parts->count[p] : most;
    VLY_TRY(VLY_NEW(&t->shifted, 1, "weights"));
    VLY_TRY(VLY_NEW(&t->settled, 1, "weights"));
    VLY_TRY(VLY_NEW(&t->velocity, ROWS_VALUES, "weights"));
    VLY_TRY(VLY_NEW(&t->best, VLY_MLP_VALUES, "weights"));
    VLY_TRY(VLY_NEW(&t->tiles, t->device->pool->threads, "samples"));
    VLY_TRY(VLY_NEW(&t->order, t->parts->count[0], "samples"));
    VLY_TRY(VLY_NEW(&t->loss, most, "samples"));
    VLY_TRY(VLY_NEW(&t->curve, t->options->epochs, "learning curve"));
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        VLY_TRY(VLY_NEW(&t->batch.in[l], (int64_t)samples * row_of(l), "samples"));
        VLY_TRY(VLY_NEW(&t->batch.delta[l], (int64_t)samples * vly_mlp_outs(l), "samples"));
        for (int32_t i = 0; i < samples; i++) t->batch.in[l][(int64_t)i * row_of(l) + vly_mlp_ins(l)] = 1.0f;
    }
    return VLY_OK;
}

vly_status vly_mlp_descent_open(vly_mlp_descent **out, vly_device *device, const vly_mlp_table *table,
                                const vly_mlp_parts *parts, const vly_mlp_options *options, float mean, float sd)
{
    vly_mlp_descent *t;
    *out = NULL;
    VLY_TRY(VLY_NEW(&t, 1, "network"));
    *out = t;
    t->device = device;
    t->table = table;
    t->parts = parts;
    t->options = options;
    t->mean = mean;
    t->scale = 1.0f / sd;
    vly_mlp_symmetries(t->symmetry);
    t->machine.lanes = vly_mlp_lanes_of(vly_isa_detect());
    VLY_TRY(reserve(t));
    t->shifted->machine = t->settled->machine = t->batch.machine = &t->machine;
    t->shifted->activation = t->settled->activation = (vly_mlp_activation)options->activation;
    return VLY_OK;
}

void vly_mlp_descent_close(vly_mlp_descent *t)
{
    if (!t) return;
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        vly_free(t->batch.in[l]);
        vly_free(t->batch.delta[l]);
    }
    vly_free(t->shifted);
    vly_free(t->settled);
    vly_free(t->velocity);
    vly_free(t->best);
    vly_free(t->tiles);
    vly_free(t->order);
    vly_free(t->loss);
    vly_free(t->curve);
    vly_free(t);
}
