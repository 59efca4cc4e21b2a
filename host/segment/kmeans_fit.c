/* The weights: BOBYQA moves their logarithms until Lloyd on the sample meets the target fractions (spec 4.4). Every
 * evaluation starts cold, so the cost is a function of the weights alone; the best point seen is kept here. */
#include "core/memory.h"
#include "segment/kmeans_impl.h"

#include <nlopt.h>
#include <string.h>

enum { PARAMETERS_MAX = 5, ITERATIONS_MAX = 200 };

/* ---- Lloyd ---- */

static int group_of(int feature)
{
    return feature < VLY_SHELL_6 ? 0 : feature < VLY_SHELL_12 ? 1 : feature < VLY_SHELL_8 ? 2 : 3;
}

vly_kmeans_model vly_kmeans_model_of(const vly_kmeans_state *state)
{
    vly_kmeans_model model;
    for (int l = 0; l < VLY_PHASES; l++) {
        model.w[l] = (float)state->w[l];
        for (int m = 0; m < VLY_FEATURES; m++) model.mu[l][m] = (float)state->mu[l][m];
    }
    for (int m = 0; m < VLY_FEATURES; m++) model.x[m] = (float)state->x[group_of(m)];
    return model;
}

bool vly_kmeans_is_ordered(const vly_kmeans_state *state)
{
    return state->mu[VLY_PORE][0] < state->mu[VLY_CBD][0] && state->mu[VLY_CBD][0] < state->mu[VLY_AM][0];
}

vly_status vly_kmeans_passes_create(vly_kmeans_passes *out, vly_device *device, vly_kmeans_assignment assign,
                                    bool recorded)
{
    *out = (vly_kmeans_passes){.assign = assign, .recorded = recorded};
    VLY_TRY(vly_buffer_create(&out->there, device, sizeof(vly_kmeans_exchange), "k-means sums"));
    vly_status status = device->calls->alloc_pinned(device, (void **)&out->host, sizeof *out->host);
    if (status == VLY_OK)
        memset(out->host, 0, sizeof *out->host);
    else
        vly_kmeans_passes_free(out);
    return status;
}

void vly_kmeans_passes_free(vly_kmeans_passes *passes)
{
    vly_device *device = passes->there.device;
    if (!device) return;
    (void)device->calls->wait(device); /* after a failure, for what still reads the pinned memory */
    for (int fresh = 0; fresh < 2; fresh++) vly_device_forget(device, passes->recording[fresh]);
    if (passes->host) device->calls->free_pinned(device, passes->host);
    vly_buffer_free(&passes->there);
    *passes = (vly_kmeans_passes){0};
}

typedef struct queueing {
    vly_kmeans_job *job;
    vly_kmeans_passes *passes;
    bool fresh;
} queueing;

static vly_status queue_pass(void *self)
{
    const queueing *q = self;
    vly_kmeans_passes *p = q->passes;
    vly_kmeans_exchange *there = p->there.data;
    VLY_TRY(vly_device_push(q->job->device, there, &p->host->up, sizeof p->host->up));
    VLY_TRY(p->assign(q->job, &p->host->up, there, q->fresh));
    return vly_device_pull(q->job->device, &p->host->down, &there->tally, sizeof p->host->down);
}

/* One pass with the model of `state`, waited for. */
static vly_status run_pass(vly_kmeans_tally *out, const vly_kmeans_state *state, vly_kmeans_job *job,
                           vly_kmeans_passes *passes)
{
    queueing q = {job, passes, state->iterations == 0};
    passes->host->up.model = vly_kmeans_model_of(state);
    VLY_TRY(passes->recorded ? vly_device_replay(job->device, &passes->recording[q.fresh], queue_pass, &q)
                             : queue_pass(&q));
    VLY_TRY(vly_device_wait(job->device));
    *out = passes->host->down;
    return VLY_OK;
}

vly_status vly_kmeans_lloyd(vly_kmeans_state *state, vly_kmeans_job *job, int64_t voxels, vly_kmeans_passes *passes)
{
    vly_kmeans_tally total = {0}, pass;
    int64_t few = voxels / 100000 > 1 ? voxels / 100000 : 1;
    state->settled = false;
    for (state->iterations = 0; !state->settled && state->iterations < ITERATIONS_MAX; state->iterations++) {
        VLY_TRY(vly_device_stop(job->device));
        VLY_TRY(run_pass(&pass, state, job, passes));
        VLY_TRY(vly_comm_sum(job->device->comm, (uint64_t *)&pass, sizeof pass / sizeof(uint64_t)));
        for (int l = 0; l < VLY_PHASES; l++) {
            total.count[l] += pass.count[l];
            state->count[l] = (int64_t)total.count[l];
            for (int m = 0; m < VLY_FEATURES; m++) {
                total.sum[l][m] += pass.sum[l][m];
                /* an empty cluster keeps its last centroid */
                if (total.count[l] > 0) state->mu[l][m] = (double)total.sum[l][m] / (double)total.count[l];
            }
        }
        state->settled = (int64_t)pass.changed <= few;
    }
    return VLY_OK;
}

/* ---- cost ---- */

typedef struct fit {
    vly_kmeans_job *job;
    nlopt_opt optimiser;
    vly_kmeans_passes passes;
    int64_t samples;        /* over all ranks */
    vly_kmeans_state start; /* of every evaluation */
    double best_cost, best_error;
    vly_kmeans_state best;
    int32_t evaluations;
    vly_status status;
} fit;

/* e^x for |x| <= ln 100, relative error below 1e-13: a series at x / 256, squared eight times. Ours, because a libm's
 * last bit may decide a label. */
static double exponential(double x)
{
    double r = x / 256.0, e = 1.0;
    for (int k = 10; k > 0; k--) e = 1.0 + r / k * e;
    for (int k = 0; k < 8; k++) e *= e;
    return e;
}

/* theta = ln of w_CBD, w_P, X6, X12, X8; what is not fitted stays 1. */
static vly_kmeans_state state_of(const fit *f, const double *theta, unsigned n)
{
    vly_kmeans_state state = f->start;
    state.w[VLY_CBD] = exponential(theta[0]);
    state.w[VLY_PORE] = exponential(theta[1]);
    for (unsigned i = 2; i < n; i++) state.x[i - 1] = exponential(theta[i]);
    return state;
}

static vly_status assign_samples(vly_kmeans_job *job, const vly_kmeans_exchange *here, vly_kmeans_exchange *there,
                                 bool fresh)
{
    (void)here; /* a recording would keep that model */
    return job->device->kernels->kmeans_assign_samples(job->device->queue, job->samples.data, job->sampled,
                                                       &there->model, fresh, job->labels.data, &there->tally);
}

/* Sum of squared errors of the fractions. */
static double error_of(const fit *f, const vly_kmeans_state *state)
{
    double error = 0.0;
    for (int l = 0; l < VLY_PHASES; l++) {
        double target = (double)f->job->options->fractions.parts[l] / (double)VLY_FRACTIONS_ONE;
        double miss = target - (double)state->count[l] / (double)f->samples;
        error += miss * miss;
    }
    return error;
}

static double cost(unsigned n, const double *theta, double *gradient, void *self)
{
    fit *f = self;
    const vly_kmeans_options *options = f->job->options;
    (void)gradient;
    vly_kmeans_state state = state_of(f, theta, n);
    f->status = vly_kmeans_lloyd(&state, f->job, f->samples, &f->passes);
    if (f->status != VLY_OK) {
        nlopt_force_stop(f->optimiser);
        return 0.0;
    }
    double error = error_of(f, &state), value = error + (vly_kmeans_is_ordered(&state) ? 0.0 : 1.0);
    for (unsigned i = 0; i < n; i++) value += options->ridge * theta[i] * theta[i];
    if (f->evaluations++ == 0 || value < f->best_cost) {
        f->best_cost = value;
        f->best_error = error;
        f->best = state;
    }
    vly_device_update(f->job->device, "k-means weights", f->evaluations, options->evaluations, "evaluations");
    return value;
}

/* ---- optimiser ---- */

/* Settings of spec 4.4: a solution has cost 0, so the stops are absolute. */
static bool set_up(fit *f)
{
    const double ln_100 = 4.605170185988092;
    nlopt_opt o = f->optimiser;
    return nlopt_set_min_objective(o, cost, f) == NLOPT_SUCCESS &&
           nlopt_set_lower_bounds1(o, -ln_100) == NLOPT_SUCCESS &&
           nlopt_set_upper_bounds1(o, ln_100) == NLOPT_SUCCESS && nlopt_set_initial_step1(o, 0.5) == NLOPT_SUCCESS &&
           nlopt_set_stopval(o, 1e-8) == NLOPT_SUCCESS && nlopt_set_xtol_abs1(o, 1e-4) == NLOPT_SUCCESS &&
           nlopt_set_maxeval(o, f->job->options->evaluations) == NLOPT_SUCCESS;
}

static vly_status optimise(fit *f)
{
    double theta[PARAMETERS_MAX] = {0.0}, value;
    f->optimiser = nlopt_create(NLOPT_LN_BOBYQA, (unsigned)f->job->options->parameters);
    bool ready = f->optimiser && set_up(f);
    nlopt_result end = ready ? nlopt_optimize(f->optimiser, theta, &value) : NLOPT_OUT_OF_MEMORY;
    nlopt_destroy(f->optimiser);
    if (f->status != VLY_OK) return f->status;
    if (end == NLOPT_OUT_OF_MEMORY) return vly_fail(VLY_EMEMORY, "out of memory: optimiser of the k-means weights");
    if (end < 0 && end != NLOPT_ROUNDOFF_LIMITED)
        return vly_fail(VLY_EINTERNAL, "the optimiser of the k-means weights gave up (%d)", (int)end);
    return VLY_OK;
}

vly_status vly_kmeans_fit(vly_kmeans_job *job)
{
    fit f = {.job = job, .start = job->state};
    uint64_t samples = (uint64_t)job->sampled;
    vly_status status = vly_comm_sum(job->device->comm, &samples, 1);
    f.samples = (int64_t)samples;
    if (status == VLY_OK && samples == 0)
        status = vly_fail(VLY_EUSAGE, "%s: a subsample of %lld voxels caught none, a larger one expected", job->path,
                          (long long)job->options->samples);
    if (status == VLY_OK) status = vly_kmeans_passes_create(&f.passes, job->device, assign_samples, true);
    if (status == VLY_OK) status = optimise(&f);
    if (status == VLY_OK) {
        job->state = f.best;
        job->result->cost = f.best_error;
        job->result->evaluations = f.evaluations;
    }
    vly_kmeans_passes_free(&f.passes);
    vly_buffer_free(&job->samples);
    vly_buffer_free(&job->labels);
    return status;
}
