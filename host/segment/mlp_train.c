/* Stochastic gradient descent with Nesterov's momentum, in single precision and in an order that neither threads nor
 * instruction sets can change. Of the two sets of weights that the method knows, the shifted iterate is what gradients are
 * taken at; the network is what lies behind it (spec 7.4). */
#include "segment/mlp_impl.h"

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

typedef struct trainer {
    vly_device *device;
    const vly_mlp_table *table;
    const vly_mlp_options *options;
    vly_mlp_parts parts;
    uint8_t symmetry[VLY_MLP_SYMMETRIES][VLY_MLP_INPUTS];
    machine machine;
    float mean, sd, scale; /* of grey values; scale = 1 / sd */
    uint64_t seed;         /* of the network at hand */
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
    int32_t epochs, best_epoch;
    real *best; /* (VLY_MLP_VALUES) */
} trainer;

/* ---- a tile of samples ---- */

static int32_t load_tile(const trainer *t, tile *to, int32_t first)
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
    trainer *t = self;
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
    trainer *t = self;
    tile *work = &t->tiles[worker];
    int32_t first = (int32_t)item * TILE, n = load_tile(t, work, first);
    run_forward(work, t->judged);
    judge_outputs(work, n, 0.0f);
    memcpy(t->loss + first, work->loss, (size_t)n * sizeof *t->loss);
    for (int32_t c = 0; c < n && t->told; c++)
        for (int k = 0; k < VLY_MLP_OUTPUTS; k++) t->told[(first + c) * VLY_MLP_OUTPUTS + k] = work->out[k][c];
    return VLY_OK;
}

static double sum_loss(const trainer *t)
{
    double sum = 0.0;
    for (int32_t i = 0; i < t->count; i++) sum += (double)t->loss[i];
    return sum;
}

/* Mean loss of `count` samples. */
static vly_status judge_samples(double *out, trainer *t, const weights *w, const int32_t *sample, int32_t count)
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
    trainer *t = self;
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
static void settle(trainer *t)
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

static vly_status run_epoch(trainer *t, int32_t epoch, double *mean)
{
    const int32_t all = t->parts.count[0];
    double sum = 0.0;
    memcpy(t->order, t->parts.sample[0], (size_t)all * sizeof *t->order);
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
static void start_weights(trainer *t)
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

static vly_status diverged(const trainer *t, int32_t epoch)
{
    return vly_fail(VLY_ENUMERIC, "train: the error is not finite after epoch %d, try --learning-rate %.3g", (int)epoch,
                    0.1 * t->options->rate);
}

/* Trains from t->seed until the validation error has not fallen for so many epochs; t->best is the best epoch's network. */
static vly_status train_network(trainer *t, double *least)
{
    const vly_mlp_options *o = t->options;
    start_weights(t);
    *least = INFINITY;
    for (int32_t epoch = 1; epoch <= o->epochs; epoch++) {
        vly_mlp_epoch *now = &t->curve[epoch - 1];
        VLY_TRY(vly_device_stop(t->device));
        VLY_TRY(run_epoch(t, epoch, &now->training));
        settle(t);
        VLY_TRY(judge_samples(&now->validation, t, t->settled, t->parts.sample[1], t->parts.count[1]));
        if (!isfinite(now->training) || !isfinite(now->validation)) return diverged(t, epoch);
        t->epochs = epoch;
        if (now->validation < *least) {
            *least = now->validation;
            t->best_epoch = epoch;
            memcpy(t->best, t->settled->turned, VLY_MLP_VALUES * sizeof *t->best);
        }
        vly_device_update(t->device, "training", epoch, o->epochs, "epoch");
        if (epoch - t->best_epoch >= o->patience) break;
    }
    return VLY_OK;
}

/* ---- what all networks of a training share ---- */

static void normalise(trainer *t)
{
    double sum = 0.0, squares = 0.0, count = (double)t->parts.count[0] * VLY_MLP_INPUTS;
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < t->parts.count[0]; i++) {
            const float *grey = t->table->grey + (int64_t)(t->parts.sample[0][i] / VLY_MLP_SYMMETRIES) * VLY_MLP_INPUTS;
            for (int k = 0; k < VLY_MLP_INPUTS; k++) {
                double off = (double)grey[k] - (pass ? sum / count : 0.0);
                *(pass ? &squares : &sum) += pass ? off * off : off;
            }
        }
    t->mean = (float)(sum / count);
    t->sd = (float)sqrt(squares / count);
    t->scale = 1.0f / t->sd;
}

static vly_status open_trainer(trainer *t)
{
    const int32_t samples = t->options->batch; /* of a step */
    int32_t most = samples;
    VLY_TRY(vly_mlp_parts_make(&t->parts, t->table, t->options->split, t->options->seed));
    for (int p = 0; p < 3; p++) most = t->parts.count[p] > most ? t->parts.count[p] : most;
    vly_mlp_symmetries(t->symmetry);
    normalise(t);
    if (!(t->sd > 0.0f)) return vly_fail(VLY_EDATA, "train: all grey values are %g (E_FLAT)", (double)t->mean);
    t->machine.lanes = vly_mlp_lanes_of(vly_isa_detect());
    VLY_TRY(VLY_NEW(&t->shifted, 1, "weights"));
    VLY_TRY(VLY_NEW(&t->settled, 1, "weights"));
    VLY_TRY(VLY_NEW(&t->velocity, ROWS_VALUES, "weights"));
    VLY_TRY(VLY_NEW(&t->best, VLY_MLP_VALUES, "weights"));
    VLY_TRY(VLY_NEW(&t->tiles, t->device->pool->threads, "samples"));
    VLY_TRY(VLY_NEW(&t->order, t->parts.count[0], "samples"));
    VLY_TRY(VLY_NEW(&t->loss, most, "samples"));
    VLY_TRY(VLY_NEW(&t->curve, t->options->epochs, "learning curve"));
    t->shifted->machine = t->settled->machine = t->batch.machine = &t->machine;
    t->shifted->activation = t->settled->activation = (vly_mlp_activation)t->options->activation;
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        VLY_TRY(VLY_NEW(&t->batch.in[l], (int64_t)samples * row_of(l), "samples"));
        VLY_TRY(VLY_NEW(&t->batch.delta[l], (int64_t)samples * vly_mlp_outs(l), "samples"));
        for (int32_t i = 0; i < samples; i++) t->batch.in[l][(int64_t)i * row_of(l) + vly_mlp_ins(l)] = 1.0f;
    }
    return VLY_OK;
}

static void close_trainer(trainer *t)
{
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
    vly_free(t->told);
    vly_free(t->curve);
    vly_mlp_parts_free(&t->parts);
}

/* ---- the best of several, and how good it is ---- */

static vly_status train_best(trainer *t, vly_mlp_result *r, vly_mlp *kept)
{
    for (int32_t i = 0; i < t->options->tries; i++) {
        t->seed = t->options->seed + (uint64_t)i;
        VLY_TRY(train_network(t, &r->tried[i]));
        r->tries = i + 1;
        if (i > 0 && !(r->tried[i] < r->validation)) continue;
        r->validation = r->tried[i];
        r->training = t->curve[t->best_epoch - 1].training;
        r->seed = kept->seed = t->seed;
        r->epochs = t->epochs;
        r->best_epoch = t->best_epoch;
        memcpy(r->curve, t->curve, (size_t)t->epochs * sizeof *r->curve);
        memcpy(kept->weights, t->best, sizeof kept->weights);
    }
    memcpy(t->settled->turned, kept->weights, sizeof kept->weights);
    return VLY_OK;
}

static vly_status test_network(trainer *t, vly_mlp_result *r)
{
    VLY_TRY(VLY_NEW(&t->told, (int64_t)t->parts.count[2] * VLY_PHASES, "test samples"));
    VLY_TRY(judge_samples(&r->test, t, t->settled, t->parts.sample[2], t->parts.count[2]));
    return vly_mlp_judge(r, t->table, &t->parts, t->loss, t->told);
}

/* ---- from outside ---- */

static vly_status check_options(const vly_mlp_options *o)
{
    if (o->epochs < 1 || o->patience < 1 || o->batch < 1 || o->batch > 1 << 16 || o->tries < 1 ||
        o->tries > VLY_MLP_TRIES_MAX)
        return vly_fail(VLY_EUSAGE,
                        "train: %d epochs, patience %d, batches of %d, %d tries: at least 1 expected, and at "
                        "most %d tries",
                        (int)o->epochs, (int)o->patience, (int)o->batch, (int)o->tries, VLY_MLP_TRIES_MAX);
    if (!(o->rate > 0.0 && o->rate <= 1e6) || !(o->momentum >= 0.0 && o->momentum < 1.0))
        return vly_fail(VLY_EUSAGE, "train: learning rate %g and momentum %g, above 0 and in [0, 1) expected", o->rate,
                        o->momentum);
    return VLY_OK;
}

static vly_status train(vly_mlp *kept, vly_mlp_result *r, vly_device *device, const vly_mlp_table *table,
                        const vly_mlp_options *options)
{
    trainer t = {.device = device, .table = table, .options = options};
    *r = (vly_mlp_result){.far_field = NAN};
    vly_status status = open_trainer(&t);
    if (status == VLY_OK) status = VLY_NEW(&r->curve, options->epochs, "learning curve");
    if (status == VLY_OK) status = train_best(&t, r, kept);
    if (status == VLY_OK) status = test_network(&t, r);
    kept->mean = t.mean;
    kept->sd = t.sd;
    close_trainer(&t);
    if (status != VLY_OK) vly_mlp_result_free(r);
    return status;
}

/* The error far from what was trained on: another network, whose parts lie apart. Where the box is too small for that there
 * is none, which is no failure. */
static vly_status find_far_field(vly_mlp_result *r, vly_device *device, const vly_mlp_table *table,
                                 const vly_mlp_options *options)
{
    vly_mlp_options apart = *options;
    vly_mlp_parts parts;
    vly_mlp_result other;
    vly_mlp *scratch;
    if (options->split == VLY_MLP_BLOCK) {
        r->far_field = r->test;
        return VLY_OK;
    }
    if (!options->far_field) return VLY_OK;
    vly_status status = vly_mlp_parts_make(&parts, table, VLY_MLP_BLOCK, options->seed);
    if (status == VLY_EDATA) {
        vly_device_warn(device, "train: the composition is too small to tell the error away from the training voxels");
        return VLY_OK;
    }
    VLY_TRY(status);
    vly_mlp_parts_free(&parts);
    VLY_TRY(VLY_NEW(&scratch, 1, "network"));
    apart.split = VLY_MLP_BLOCK;
    apart.tries = 1;
    apart.seed = r->seed;
    status = train(scratch, &other, device, table, &apart);
    if (status == VLY_OK) {
        r->far_field = other.test;
        vly_mlp_result_free(&other);
    }
    vly_free(scratch);
    return status;
}

vly_status vly_mlp_train(vly_mlp **out, vly_mlp_result *result, vly_device *device, const vly_mlp_table *table,
                         const vly_mlp_options *options)
{
    vly_mlp *mlp;
    *out = NULL;
    *result = (vly_mlp_result){0};
    VLY_TRY(check_options(options));
    VLY_TRY(VLY_NEW(&mlp, 1, "network"));
    vly_status status = train(mlp, result, device, table, options);
    if (status == VLY_OK) status = find_far_field(result, device, table, options);
    if (status != VLY_OK) {
        vly_mlp_result_free(result);
        vly_mlp_free(mlp);
        return status;
    }
    mlp->activation = (vly_mlp_activation)options->activation;
    mlp->voxel_size = table->info.voxel_size;
    mlp->split = options->split;
    mlp->validation = result->validation;
    mlp->test = result->test;
    *out = mlp;
    return VLY_OK;
}

void vly_mlp_result_free(vly_mlp_result *result)
{
    vly_free(result->curve);
    result->curve = NULL;
}
