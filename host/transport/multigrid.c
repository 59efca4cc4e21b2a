/* The hierarchy and its cycle. Every level is smoothed by Chebyshev polynomials of the fourth kind (Lottes 2022), which need
 * only a bound of the largest eigenvalue: for diagonal-scaled conductances Gershgorin gives 2. Below level 0 every correction
 * takes two steps of a flexible conjugate gradient method (Notay's K-cycle); their coefficients are computed here, in double,
 * from sums of a fixed shape. */
#include "transport/multigrid.h"

#include "core/memory.h"
#include "transport/coarsen.h"

#include <math.h>
#include <string.h>

/* ---- the polynomial ---- */

/* z_k = carry_k z_(k-1) + gain_k D^-1 r_(k-1), x += z_k, r -= A z_k (Lottes, Optimal polynomial smoothers, eq. 2). */
static void set_polynomial(vly_multigrid *mg)
{
    for (int32_t k = 1; k <= mg->options.smooth; k++) {
        mg->carry[k] = (float)(2 * k - 3) / (float)(2 * k + 1) * (k > 1 ? 1.0f : 0.0f);
        mg->gain[k] = (float)(8 * k - 4) / (float)(2 * k + 1) / 2.0f;
    }
}

/* ---- making ---- */

/* Floats from one vector to the next: each begins at a cache line. */
static int64_t vector_length(const vly_level *l)
{
    return ((int64_t)l->matrix.host.rows + 15) / 16 * 16;
}

/* Vectors of a coarse level live only while level 0 waits for its correction, as do the two buffers of its polynomial:
 * they lie in there as long as there is room. What the correction is made of must not lie in the one it is written to. */
typedef struct room {
    float *from, *to;
} room;

static vly_status alloc_vectors(vly_level *l, vly_device *device, room rooms[2])
{
    int64_t rows = vector_length(l), missing = 0;
    float **vectors[] = {&l->half, &l->solution, &l->residual, &l->step, &l->next, &l->right, &l->image};
    for (int32_t k = 0; k < 7; k++) {
        room *with = k >= 2 && rooms[0].to - rooms[0].from >= rows ? &rooms[0] : &rooms[1];
        bool fits = with->to - with->from >= rows;
        *vectors[k] = fits ? with->from : NULL;
        with->from += fits ? rows : 0;
        missing += !fits;
    }
    if (missing == 0) return VLY_OK;
    VLY_TRY(vly_buffer_create(&l->vectors, device, missing * rows * (int64_t)sizeof(float), "vectors"));
    for (int32_t k = 0, at = 0; k < 7; k++)
        if (!*vectors[k]) *vectors[k] = (float *)l->vectors.data + at++ * rows;
    return VLY_OK;
}

static vly_status alloc_all_vectors(vly_multigrid *mg)
{
    vly_level *l = &mg->level[0];
    int64_t rows = vector_length(l);
    VLY_TRY(vly_buffer_create(&l->vectors, mg->device, 4 * rows * (int64_t)sizeof(float), "vectors"));
    l->residual = l->vectors.data;
    l->solution = l->residual + rows;
    l->step = l->solution + rows;
    l->next = l->step + rows;
    room rooms[2] = {{l->step, l->next}, {l->next, l->next + rows}};
    for (int32_t k = 1; k < mg->levels; k++) VLY_TRY(alloc_vectors(&mg->level[k], mg->device, rooms));
    return VLY_OK;
}

/* Inverse by Cholesky's factors; a node that nothing ties to ground (round-off apart) is left at 0. */
static vly_status invert(float *inverse, const vly_matrix *a)
{
    int32_t n = a->rows;
    double *l, *column;
    VLY_TRY(VLY_NEW(&l, (int64_t)n * n + n, "coarsest level"));
    column = l + (int64_t)n * n;
    for (int32_t i = 0; i < n; i++) {
        l[(int64_t)i * n + i] += (double)a->ground[i];
        for (int32_t k = a->first[i]; k < a->first[i + 1]; k++) {
            int32_t j = a->column[k]; /* rounding may tell the two sides apart: one of them counts */
            if (j > i) continue;
            l[(int64_t)i * n + j] = -(double)a->weight[k];
            l[(int64_t)i * n + i] += (double)a->weight[k];
            l[(int64_t)j * n + j] += (double)a->weight[k];
        }
    }
    for (int32_t i = 0; i < n; i++) {
        double *row = l + (int64_t)i * n, diagonal = row[i];
        for (int32_t j = 0; j <= i; j++) {
            const double *other = l + (int64_t)j * n;
            double sum = row[j];
            for (int32_t k = 0; k < j; k++) sum -= row[k] * other[k];
            if (j < i)
                row[j] = other[j] > 0.0 ? sum / other[j] : 0.0;
            else
                row[i] = sum > 1e-13 * diagonal ? sqrt(sum) : 0.0;
        }
    }
    for (int32_t c = 0; c < n; c++) {
        for (int32_t i = 0; i < n; i++) {
            const double *row = l + (int64_t)i * n;
            double sum = i == c ? 1.0 : 0.0;
            for (int32_t k = c; k < i; k++) sum -= row[k] * column[k];
            column[i] = i >= c && row[i] > 0.0 ? sum / row[i] : 0.0;
        }
        for (int32_t i = n - 1; i >= 0; i--) {
            double sum = column[i], pivot = l[(int64_t)i * n + i];
            for (int32_t k = i + 1; k < n; k++) sum -= l[(int64_t)k * n + i] * column[k];
            column[i] = pivot > 0.0 ? sum / pivot : 0.0;
            inverse[(int64_t)i * n + c] = (float)column[i];
        }
    }
    vly_free(l);
    return VLY_OK;
}

static vly_status make_coarsest(vly_multigrid *mg)
{
    const vly_matrix *last = &mg->level[mg->levels - 1].matrix.host;
    if (last->rows > VLY_COARSEST || mg->levels == 1) return VLY_OK;
    if (!mg->inverse.host)
        VLY_TRY(vly_twin_create(&mg->inverse, mg->device, (int64_t)last->rows * last->rows, sizeof(float),
                                "coarsest level"));
    VLY_TRY(invert(mg->inverse.host, last));
    return vly_twin_upload(&mg->inverse);
}

/* Pairs of pairs grow along any axis: no factor is right for all of them. */
static vly_multigrid_options options_of(const vly_multigrid *mg, int32_t level)
{
    vly_multigrid_options options = mg->options;
    if (level >= options.blocks) options.weaken = options.ground = 1.0f, options.layered = false;
    return options;
}

static vly_status add_level(vly_multigrid *mg, uint64_t *place, bool *stalled)
{
    vly_level *fine = &mg->level[mg->levels - 1], *coarse = fine + 1;
    int32_t rows = fine->matrix.host.rows, count = 0, *aggregate;
    uint64_t *before = NULL;
    VLY_TRY(vly_alloc_raw((void **)&aggregate, rows, sizeof *aggregate, "aggregates"));
    vly_multigrid_options options = options_of(mg, mg->levels - 1);
    bool blocks = mg->levels <= options.blocks;
    vly_status status = VLY_OK;
    if (options.layered) status = vly_alloc_raw((void **)&before, rows, sizeof *before, "places");
    if (before) memcpy(before, place, (size_t)rows * sizeof *before);
    if (status == VLY_OK)
        status = blocks ? vly_aggregate(&count, aggregate, mg->device, &fine->matrix.host, place, options.strong)
                        : vly_aggregate_pairs(&count, aggregate, &fine->matrix.host, options.stars);
    *stalled = count > 0.9 * rows;
    if (status == VLY_OK && !*stalled && mg->options.refresh)
        status = vly_twin_create(&fine->target, mg->device, fine->matrix.host.first[rows], sizeof(int32_t), "targets");
    if (status == VLY_OK && !*stalled) {
        mg->levels++;
        status = vly_coarsen(fine, &coarse->matrix, mg->device, count, aggregate, before, place, &options);
    }
    vly_free(before);
    vly_free(aggregate);
    return status;
}

vly_status vly_multigrid_create(vly_multigrid *mg, vly_device *device, const vly_matrix_twin *matrix, uint64_t *place,
                                const vly_multigrid_options *options)
{
    const vly_multigrid_options defaults = VLY_MULTIGRID_OPTIONS_INIT;
    bool stalled = false;
    *mg = (vly_multigrid){.device = device, .options = options ? *options : defaults, .levels = 1};
    mg->level[0].matrix.host = matrix->host;
    mg->level[0].matrix.device = matrix->device;
    set_polynomial(mg);
    while (!stalled && mg->levels < VLY_LEVELS_MAX &&
           (mg->levels == 1 || mg->level[mg->levels - 1].matrix.host.rows > mg->options.coarsest)) {
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(add_level(mg, place, &stalled));
    }
    VLY_TRY(alloc_all_vectors(mg));
    int64_t chunks = ((int64_t)matrix->host.rows + VLY_MATRIX_CHUNK - 1) / VLY_MATRIX_CHUNK;
    VLY_TRY(vly_buffer_create(&mg->sums, device, 4 * (int64_t)sizeof(double), "sums"));
    VLY_TRY(vly_buffer_create(&mg->parts, device, 4 * chunks * (int64_t)sizeof(double), "sums"));
    return make_coarsest(mg);
}

vly_status vly_multigrid_refresh(vly_multigrid *mg)
{
    vly_device *device = mg->device;
    for (int32_t l = 0; l + 1 < mg->levels; l++) {
        vly_level *fine = &mg->level[l], *coarse = fine + 1;
        vly_multigrid_options options = options_of(mg, l);
        vly_contraction c = {.fine = fine->matrix.device,
                             .aggregates = coarse->matrix.device.rows,
                             .first_member = fine->first_member.device.data,
                             .member = fine->member.device.data,
                             .target = fine->target.device.data,
                             .weaken = options.weaken,
                             .weaken_ground = options.ground,
                             .first = coarse->matrix.device.first,
                             .weight = coarse->matrix.weight.device.data,
                             .ground = coarse->matrix.ground.device.data};
        VLY_TRY(device->kernels->contract(device->queue, &c));
    }
    if (!mg->inverse.host) return VLY_OK;
    VLY_TRY(vly_device_wait(device));
    VLY_TRY(vly_twin_download(&mg->level[mg->levels - 1].matrix.weight));
    VLY_TRY(vly_twin_download(&mg->level[mg->levels - 1].matrix.ground));
    return make_coarsest(mg);
}

void vly_multigrid_free(vly_multigrid *mg)
{
    for (int32_t l = 0; l < mg->levels; l++) {
        vly_level *level = &mg->level[l];
        if (l > 0) vly_matrix_free(&level->matrix);
        vly_twin_free(&level->first_member);
        vly_twin_free(&level->member);
        vly_twin_free(&level->target);
        vly_buffer_free(&level->vectors);
    }
    vly_twin_free(&mg->inverse);
    vly_buffer_free(&mg->sums);
    vly_buffer_free(&mg->parts);
    *mg = (vly_multigrid){.levels = 0};
}

int64_t vly_multigrid_bytes(const vly_multigrid *mg)
{
    int64_t bytes = mg->inverse.device.bytes + mg->parts.bytes;
    for (int32_t l = 0; l < mg->levels; l++) {
        const vly_level *v = &mg->level[l];
        bytes += v->vectors.bytes + v->first_member.device.bytes + v->member.device.bytes + v->target.device.bytes +
                 v->matrix.first.device.bytes + v->matrix.column.device.bytes + v->matrix.weight.device.bytes +
                 v->matrix.ground.device.bytes;
    }
    return bytes;
}

/* ---- cycling ---- */

vly_status vly_multigrid_sums(vly_multigrid *mg, double sums[4])
{
    return vly_buffer_download(&mg->sums, sums, 4 * (int64_t)sizeof(double));
}

static void swap(float **a, float **b)
{
    float *c = *a;
    *a = *b;
    *b = c;
}

/* Steps 1 ... smooth of the polynomial; the last one is left in `step` unless `settle`. */
static vly_status smooth(vly_multigrid *mg, vly_level *l, bool first, bool settle)
{
    const vly_kernels *kernels = mg->device->kernels;
    vly_queue *queue = mg->device->queue;
    int32_t degree = mg->options.smooth;
    for (int32_t k = 1; k < degree; k++) {
        VLY_TRY(kernels->relax(queue, &l->matrix.device, l->step, l->residual, l->solution, first && k == 1,
                               mg->carry[k + 1], mg->gain[k + 1], l->next));
        swap(&l->step, &l->next);
    }
    if (!settle) return VLY_OK;
    return kernels->relax(queue, &l->matrix.device, l->step, l->residual, l->solution, first && degree == 1, 0.0f, 0.0f,
                          NULL);
}

static vly_status correct(vly_multigrid *mg, int32_t index);

/* residual is the right side; afterwards solution is about inverse(A) times it, and residual what is left. */
static vly_status cycle(vly_multigrid *mg, int32_t index)
{
    vly_level *l = &mg->level[index];
    const vly_kernels *kernels = mg->device->kernels;
    vly_queue *queue = mg->device->queue;
    bool last = index == mg->levels - 1;
    VLY_TRY(kernels->relax_start(queue, &l->matrix.device, l->residual, mg->gain[1], l->step));
    VLY_TRY(smooth(mg, l, true, true));
    if (!last) {
        VLY_TRY(correct(mg, index));
        VLY_TRY(kernels->relax(queue, &l->matrix.device, l->step, l->residual, l->solution, false, 0.0f, mg->gain[1],
                               l->next));
        swap(&l->step, &l->next);
    } else {
        VLY_TRY(kernels->relax_start(queue, &l->matrix.device, l->residual, mg->gain[1], l->step));
    }
    return smooth(mg, l, false, index > 0);
}

/* What two conjugate gradient steps, each preconditioned by a cycle, make of level `index`: scale[0] half + scale[1] solution. */
static vly_status solve(vly_multigrid *mg, int32_t index, float scale[2])
{
    vly_level *l = &mg->level[index];
    const vly_kernels *kernels = mg->device->kernels;
    vly_queue *queue = mg->device->queue;
    int32_t rows = l->matrix.host.rows;
    double s[4];
    VLY_TRY(cycle(mg, index));
    VLY_TRY(kernels->dots(queue, rows, 2, (const float *[4]){l->solution, l->solution},
                          (const float *[4]){l->right, l->residual}, mg->sums.data, mg->parts.data));
    VLY_TRY(vly_multigrid_sums(mg, s));
    double alpha1 = s[0], rho1 = s[0] - s[1];
    swap(&l->solution, &l->half);
    scale[0] = scale[1] = 0.0f;
    if (!(rho1 > 0.0)) return VLY_OK; /* nothing to correct */
    VLY_TRY(kernels->deflate(queue, rows, (float)(alpha1 / rho1), l->right, l->residual, l->image));
    VLY_TRY(cycle(mg, index));
    VLY_TRY(kernels->dots(queue, rows, 3, (const float *[4]){l->solution, l->solution, l->solution},
                          (const float *[4]){l->image, l->right, l->residual}, mg->sums.data, mg->parts.data));
    VLY_TRY(vly_multigrid_sums(mg, s));
    double gamma = s[0], alpha2 = s[1], rho2 = s[1] - s[2] - gamma * gamma / rho1;
    double second = rho2 > 0.0 ? alpha2 / rho2 : 0.0;
    scale[0] = (float)(alpha1 / rho1 - gamma * second / rho1);
    scale[1] = (float)second;
    return VLY_OK;
}

/* step = the correction that level index + 1 gives for what is left on level `index`. */
static vly_status correct(vly_multigrid *mg, int32_t index)
{
    vly_level *fine = &mg->level[index], *coarse = fine + 1;
    const vly_kernels *kernels = mg->device->kernels;
    vly_queue *queue = mg->device->queue;
    const int32_t *first = fine->first_member.device.data, *member = fine->member.device.data;
    int32_t rows = coarse->matrix.host.rows;
    float scale[2] = {0.0f, 1.0f};
    if (index == 0 && fine->next < fine->step) swap(&fine->step, &fine->next); /* as alloc_vectors found them */
    VLY_TRY(kernels->gather(queue, rows, first, member, fine->residual, coarse->residual, coarse->right));
    if (index + 1 == mg->levels - 1 && mg->inverse.host) {
        VLY_TRY(kernels->dense(queue, rows, mg->inverse.device.data, coarse->right, coarse->solution));
        coarse->half = coarse->solution;
    } else {
        VLY_TRY(solve(mg, index + 1, scale));
    }
    return kernels->spread(queue, rows, first, member, (const float *[2]){coarse->half, coarse->solution}, scale,
                           fine->step);
}

vly_status vly_multigrid_cycle(vly_multigrid *mg)
{
    return cycle(mg, 0);
}
