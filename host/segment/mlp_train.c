/* Networks on one split of one table, of which the best or all are kept; and how good that is. */
#include "segment/mlp_descent.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

/* Mean and standard deviation of the grey values of all training patches. */
static vly_status normalise(float norm[2], const vly_mlp_table *table, const vly_mlp_parts *parts)
{
    double sum = 0.0, squares = 0.0, count = (double)parts->count[0] * VLY_MLP_INPUTS;
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < parts->count[0]; i++) {
            const float *grey = table->grey + (int64_t)(parts->sample[0][i] / VLY_MLP_SYMMETRIES) * VLY_MLP_INPUTS;
            for (int k = 0; k < VLY_MLP_INPUTS; k++) {
                double off = (double)grey[k] - (pass ? sum / count : 0.0);
                *(pass ? &squares : &sum) += pass ? off * off : off;
            }
        }
    norm[0] = (float)(sum / count);
    norm[1] = (float)sqrt(squares / count);
    return norm[1] > 0.0f ? VLY_OK : vly_fail(VLY_EDATA, "train: all grey values are %g (E_FLAT)", (double)norm[0]);
}

/* Where the network of a try goes: the best one first, the others of an ensemble behind it as they come. */
static void keep(vly_mlp *kept, vly_mlp_result *r, const vly_mlp_descended *now, uint64_t seed, bool ensemble)
{
    const size_t bytes = sizeof kept->weights;
    const bool best = r->tries == 1 || now->validation < r->validation;
    float *next = ensemble && r->tries > 1 ? kept->others + (int64_t)kept->other_count++ * VLY_MLP_VALUES : NULL;
    if (next) memcpy(next, best ? kept->weights : now->weights, bytes);
    if (!best) return;
    r->validation = now->validation;
    r->training = now->curve[now->best_epoch - 1].training;
    r->seed = kept->seed = seed;
    r->epochs = now->epochs;
    r->best_epoch = now->best_epoch;
    memcpy(r->curve, now->curve, (size_t)now->epochs * sizeof *r->curve);
    memcpy(kept->weights, now->weights, bytes);
}

static vly_status train_all(vly_mlp_descent *descent, const vly_mlp_options *options, vly_mlp_result *r, vly_mlp *kept)
{
    if (options->ensemble && options->tries > 1)
        VLY_TRY(VLY_NEW(&kept->others, (int64_t)(options->tries - 1) * VLY_MLP_VALUES, "networks"));
    for (int32_t i = 0; i < options->tries; i++) {
        const uint64_t seed = options->seed + (uint64_t)i;
        vly_mlp_descended now;
        VLY_TRY(vly_mlp_descent_run(&now, descent, seed));
        r->tried[i] = now.validation;
        r->tries = i + 1;
        keep(kept, r, &now, seed, options->ensemble);
    }
    return VLY_OK;
}

/* told (count, 3) of a part, by all members: of the mean of their outputs, which are logarithms of what each tells but for a
 * constant. */
static vly_status ask_all(float *told, vly_mlp_descent *descent, const vly_mlp *kept, const int32_t *sample,
                          int32_t count)
{
    const int64_t values = (int64_t)count * VLY_PHASES;
    const int32_t members = kept->other_count + 1;
    float *one;
    VLY_TRY(vly_mlp_descent_ask(told, descent, kept->weights, sample, count));
    if (members == 1) return VLY_OK;
    VLY_TRY(VLY_NEW(&one, values, "samples"));
    vly_status status = VLY_OK;
    for (int64_t i = 0; i < values; i++) told[i] = logf(told[i]) / (float)members;
    for (int32_t m = 1; m < members && status == VLY_OK; m++) {
        const float *weights = kept->others + (int64_t)(m - 1) * VLY_MLP_VALUES;
        status = vly_mlp_descent_ask(one, descent, weights, sample, count);
        for (int64_t i = 0; i < values && status == VLY_OK; i++) told[i] += logf(one[i]) / (float)members;
    }
    for (int64_t i = 0; i < values; i += VLY_PHASES)
        vly_mlp_softmax(told + i, told[i] - told[i + 2], told[i + 1] - told[i + 2]);
    vly_free(one);
    return status;
}

/* With test and, of an ensemble, validation error of its own. */
static vly_status judge_network(vly_mlp_descent *descent, vly_mlp_result *r, const vly_mlp *kept,
                                const vly_mlp_table *table, const vly_mlp_parts *parts)
{
    float *told;
    int32_t most = parts->count[1] > parts->count[2] ? parts->count[1] : parts->count[2];
    VLY_TRY(VLY_NEW(&told, (int64_t)most * VLY_PHASES, "samples"));
    vly_status status = ask_all(told, descent, kept, parts->sample[2], parts->count[2]);
    if (status == VLY_OK) status = vly_mlp_judge(r, table, parts, told);
    if (status == VLY_OK && kept->other_count > 0) {
        status = ask_all(told, descent, kept, parts->sample[1], parts->count[1]);
        if (status == VLY_OK) r->validation = vly_mlp_error(table, parts->sample[1], parts->count[1], told);
    }
    vly_free(told);
    return status;
}

static vly_status train(vly_mlp *kept, vly_mlp_result *r, vly_device *device, const vly_mlp_table *table,
                        const vly_mlp_options *options)
{
    vly_mlp_descent *descent = NULL;
    vly_mlp_parts parts;
    float norm[2];
    *r = (vly_mlp_result){.far_field = NAN};
    VLY_TRY(vly_mlp_parts_make(&parts, table, options->split, options->seed));
    vly_status status = normalise(norm, table, &parts);
    if (status == VLY_OK) status = vly_mlp_descent_open(&descent, device, table, &parts, options, norm[0], norm[1]);
    if (status == VLY_OK) status = VLY_NEW(&r->curve, options->epochs, "learning curve");
    if (status == VLY_OK) status = train_all(descent, options, r, kept);
    if (status == VLY_OK) status = judge_network(descent, r, kept, table, &parts);
    if (status == VLY_OK) status = vly_mlp_seen_learn(&kept->seen, table, norm[0], norm[1]);
    kept->mean = norm[0];
    kept->sd = norm[1];
    kept->levels = table->levels;
    vly_mlp_descent_close(descent);
    vly_mlp_parts_free(&parts);
    if (status != VLY_OK) vly_mlp_result_free(r);
    return status;
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
    if (!options->ensemble) {
        apart.tries = 1;
        apart.seed = r->seed;
    }
    status = train(scratch, &other, device, table, &apart);
    if (status == VLY_OK) {
        r->far_field = other.test;
        vly_mlp_result_free(&other);
    }
    vly_mlp_free(scratch);
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
