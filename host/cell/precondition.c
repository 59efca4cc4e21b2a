#include "cell/precondition.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { BAD, LEAST, ENERGY = LEAST + VLY_BLOCKS, SUM, SCALARS = SUM + 4 };

static const int32_t first_lifts = 4,
                     later_lifts = 2; /* cycles that refine u: from equal potentials, from the last u */

static double *scalar(const vly_precondition *p, int32_t k)
{
    return (double *)p->scalars.data + k;
}

vly_sparse vly_sparse_of(const vly_cell_system *s)
{
    return (vly_sparse){.rows = s->rows,
                        .first = s->first,
                        .column = s->column,
                        .value = s->value,
                        .ties = s->collectors,
                        .tie = s->collector_row,
                        .weight = s->collector_weight,
                        .solid = s->collector_solid,
                        .slope = s->collector_slope,
                        .diagonal = s->border_diagonal};
}

/* ---- making ---- */

/* The pattern of a block as a graph, its weights still 0. first, column: of the whole system, on the host. */
static vly_status make_graph(vly_precondition_block *b, vly_device *device, const int32_t *first, const int32_t *column)
{
    int32_t begin = b->range.begin, end = b->range.end, rows = end - begin, count = 0;
    int32_t *own, *others = NULL, most = first[end] - first[begin];
    float *nothing = NULL;
    VLY_TRY(VLY_NEW(&own, (int64_t)rows + 1, "couplings"));
    vly_status status = vly_alloc_raw((void **)&others, (int64_t)most + 1, sizeof *others, "couplings");
    if (status != VLY_OK) goto out;
    for (int32_t i = begin; i < end; i++) {
        for (int32_t k = first[i]; k < first[i + 1]; k++)
            if (column[k] >= begin && column[k] < end && column[k] != i) others[count++] = column[k] - begin;
        own[i - begin + 1] = count;
    }
    status = VLY_NEW(&nothing, (int64_t)most + 1, "couplings");
    if (status == VLY_OK) status = vly_matrix_graph(&b->graph, device, rows, own, others, nothing, nothing);
out:
    vly_free(nothing);
    vly_free(others);
    vly_free(own);
    return status;
}

static vly_status make_graphs(vly_precondition *p, const vly_cell_system *s)
{
    int32_t *first, *column = NULL;
    VLY_TRY(vly_alloc_raw((void **)&first, (int64_t)s->rows + 1, sizeof *first, "pattern"));
    vly_status status = vly_device_wait(p->device);
    if (status == VLY_OK)
        status = vly_device_download(p->device, first, s->first, ((int64_t)s->rows + 1) * (int64_t)sizeof *first);
    if (status == VLY_OK)
        status = vly_alloc_raw((void **)&column, (int64_t)first[s->rows] + 1, sizeof *column, "pattern");
    if (status == VLY_OK)
        status = vly_device_download(p->device, column, s->column, first[s->rows] * (int64_t)sizeof *column);
    for (int32_t k = 0; status == VLY_OK && k < VLY_BLOCKS; k++)
        status = make_graph(&p->block[k], p->device, first, column);
    vly_free(column);
    vly_free(first);
    return status;
}

vly_status vly_precondition_create(vly_precondition *p, vly_device *device, const vly_cell_network *network,
                                   const vly_cell_system *s)
{
    int32_t potentials = s->electrons + s->electrolytes;
    int64_t chunks = ((int64_t)s->rows + VLY_MATRIX_CHUNK) / VLY_MATRIX_CHUNK, floats = sizeof(float);
    *p = (vly_precondition){.device = device, .network = network, .rows = s->rows};
    p->block[VLY_BLOCK_POTENTIALS].range = (vly_sparse_block){0, potentials, true};
    p->block[VLY_BLOCK_SALT].range = (vly_sparse_block){potentials, potentials + s->electrolytes, false};
    p->block[VLY_BLOCK_SOLIDS].range = (vly_sparse_block){potentials + s->electrolytes, s->rows, false};
    VLY_TRY(make_graphs(p, s));
    VLY_TRY(vly_buffer_create(&p->factor, device, ((int64_t)s->rows + 1) * (int64_t)sizeof(double), "row scales"));
    VLY_TRY(vly_buffer_create(&p->tie, device, potentials * floats, "border"));
    VLY_TRY(vly_buffer_create(&p->lift, device, potentials * floats, "border"));
    VLY_TRY(vly_buffer_create(&p->rest, device, potentials * floats, "border"));
    VLY_TRY(vly_buffer_create(&p->solids, device, (3 * (int64_t)s->solids + 1) * floats, "solids"));
    VLY_TRY(vly_buffer_create(&p->parts, device, chunks * VLY_BASIS_MOST * (int64_t)sizeof(double), "sums"));
    return vly_buffer_create(&p->scalars, device, SCALARS * (int64_t)sizeof(double), "sums");
}

void vly_precondition_free(vly_precondition *p)
{
    for (int32_t k = 0; k < VLY_BLOCKS; k++) {
        vly_multigrid_free(&p->block[k].mg);
        vly_matrix_free(&p->block[k].graph);
    }
    vly_buffer *buffers[] = {&p->factor, &p->tie, &p->lift, &p->rest, &p->solids, &p->parts, &p->scalars};
    for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++) vly_buffer_free(buffers[k]);
}

/* ---- new values ---- */

/* Layers may be thick: blocks of the multigrid are cubes where places are heights. layer (layers): of each, in units of the
 * least distance between two. */
static vly_status measure_layers(const vly_cell_network *n, uint64_t **layer)
{
    const int32_t z = 42;
    uint64_t top = 0;
    double least = INFINITY, height = 0.0, *distance;
    for (int32_t i = 0; i < n->electrolytes; i++)
        top = n->electrolyte_place[i] >> z > top ? n->electrolyte_place[i] >> z : top;
    for (int32_t i = 0; i < n->electrons; i++) top = n->electron_place[i] >> z > top ? n->electron_place[i] >> z : top;
    VLY_TRY(VLY_NEW(&distance, (int64_t)top + 1, "layers"));
    for (int64_t e = 0; e < n->electrolyte.count; e++) {
        uint64_t one = n->electrolyte_place[n->electrolyte.ends[e][0]] >> z;
        uint64_t other = n->electrolyte_place[n->electrolyte.ends[e][1]] >> z;
        const vly_cell_shape *shape = &n->shape[n->electrolyte.shape[e]];
        if (one == other) continue;
        distance[one > other ? one : other] = shape->near + shape->far;
        least = fmin(least, shape->near + shape->far);
    }
    vly_status status = VLY_NEW(layer, (int64_t)top + 1, "layers");
    for (uint64_t k = 1; status == VLY_OK && k <= top; k++) {
        height += distance[k] > 0.0 ? distance[k] / least : 1.0;
        (*layer)[k] = (uint64_t)(height + 0.5);
    }
    vly_free(distance);
    return status;
}

static void put_places(uint64_t *to, const uint64_t *from, int32_t count, const uint64_t *layer)
{
    const uint64_t lateral = (UINT64_C(1) << 42) - 1;
    for (int32_t i = 0; i < count; i++) to[i] = (from[i] & lateral) | layer[from[i] >> 42] << 42;
}

/* Aggregates of the potentials, or of the salt, from the weights as they are. */
static vly_status aggregate(vly_precondition *p, int32_t which)
{
    vly_precondition_block *b = &p->block[which];
    const vly_cell_network *n = p->network;
    int32_t rows = b->range.end - b->range.begin, before = which == VLY_BLOCK_POTENTIALS ? n->electrons : 0;
    vly_multigrid_options options = VLY_MULTIGRID_OPTIONS_INIT;
    uint64_t *place, *layer = NULL;
    options.ground = 1.0f;
    options.coarsest = 64; /* its inverse is made anew with every matrix */
    options.layered = options.refresh = true;
    VLY_TRY(vly_twin_download(&b->graph.weight));
    VLY_TRY(vly_twin_download(&b->graph.ground));
    VLY_TRY(vly_alloc_raw((void **)&place, rows, sizeof *place, "places"));
    vly_status status = measure_layers(n, &layer);
    if (status == VLY_OK) {
        put_places(place, n->electron_place, before, layer);
        put_places(place + before, n->electrolyte_place, n->electrolytes, layer);
        vly_multigrid_free(&b->mg);
        status = vly_multigrid_create(&b->mg, p->device, &b->graph, place, &options);
    }
    vly_free(layer);
    vly_free(place);
    return status;
}

/* Chebyshev's polynomials of the first kind on [least, 2 - least], where the eigenvalues of the scaled graph lie (Saad,
 * Iterative Methods, algorithm 12.1), so many that they leave a twentieth (spec 5.2). */
static void set_sweeps(vly_precondition *p, double least)
{
    double delta = 1.0 - fmax(least, 0.02), spread = sqrt((1.0 - delta) / (1.0 + delta)), rho = delta;
    double rate = delta > 1e-3 ? (1.0 - spread) / (1.0 + spread) : 1e-3;
    int32_t sweeps = (int32_t)ceil(log(40.0) / -log(rate));
    p->sweeps = sweeps < 2 ? 2 : sweeps > VLY_SWEEPS_MOST ? VLY_SWEEPS_MOST : sweeps;
    p->gain[1] = 1.0f;
    for (int32_t k = 2; k <= p->sweeps; k++) {
        double next = delta > 1e-3 ? 1.0 / (2.0 / delta - rho) : 0.0;
        p->carry[k] = (float)(next * rho);
        p->gain[k] = (float)(delta > 1e-3 ? 2.0 * next / delta : 1.0);
        rho = next;
    }
}

/* u: potentials when the collector is at 1 and nothing else drives; conjugate to nothing, as few cycles as do. */
static vly_status refine_lift(vly_precondition *p, const vly_sparse *a, int32_t cycles)
{
    vly_precondition_block *b = &p->block[VLY_BLOCK_POTENTIALS];
    const vly_kernels *kernels = p->device->kernels;
    vly_queue *queue = p->device->queue;
    int32_t rows = b->range.end;
    vly_level *l = &b->mg.level[0];
    float *u = p->lift.data, *rest = p->rest.data;
    VLY_TRY(kernels->sparse_ties(queue, a, rows, p->tie.data));
    for (int32_t k = 0; k < cycles; k++) {
        VLY_TRY(kernels->sparse_lift(queue, &b->graph.device, p->tie.data, u, l->residual, scalar(p, ENERGY),
                                     p->parts.data));
        VLY_TRY(kernels->sparse_lift(queue, &b->graph.device, p->tie.data, u, rest, scalar(p, ENERGY), p->parts.data));
        VLY_TRY(vly_multigrid_cycle(&b->mg));
        VLY_TRY(kernels->add(queue, rows, l->step, l->solution));
        VLY_TRY(kernels->products(queue, &l->matrix.device, l->solution, l->solution, l->solution, rest, scalar(p, SUM),
                                  b->mg.parts.data));
        VLY_TRY(kernels->add_times(queue, rows, scalar(p, SUM + 3), scalar(p, SUM), l->solution, u));
    }
    return kernels->sparse_lift(queue, &b->graph.device, p->tie.data, u, rest, scalar(p, ENERGY), p->parts.data);
}

static vly_status start_lift(vly_precondition *p)
{
    int32_t rows = p->block[VLY_BLOCK_POTENTIALS].range.end;
    float *u;
    VLY_TRY(VLY_NEW(&u, rows, "border"));
    for (int32_t i = 0; i < p->network->electrons; i++) u[i] = 1.0f;
    vly_status status = vly_device_wait(p->device);
    if (status == VLY_OK) status = vly_buffer_upload(&p->lift, u, rows * (int64_t)sizeof *u);
    vly_free(u);
    return status;
}

/* The border's equation is scaled by what the whole cell conducts, not by its diagonal, which is the collector's contact. */
static vly_status refresh_border(vly_precondition *p, const vly_sparse *a, bool anew)
{
    double energy = a->diagonal, factor;
    p->bordered = a->ties > 0;
    if (p->bordered) {
        if (anew) VLY_TRY(start_lift(p));
        VLY_TRY(refine_lift(p, a, anew ? first_lifts : later_lifts));
        VLY_TRY(vly_device_wait(p->device));
        VLY_TRY(vly_device_download(p->device, &energy, scalar(p, ENERGY), sizeof energy));
    } else {
        VLY_TRY(vly_device_wait(p->device));
        VLY_TRY(vly_device_upload(p->device, scalar(p, ENERGY), &energy, sizeof energy));
    }
    if (!(energy > 0.0) || !isfinite(energy))
        return vly_fail(VLY_EDATA, "half cell: %g S between collector and lithium, more than 0 expected", energy);
    factor = 1.0 / energy;
    return vly_device_upload(p->device, (double *)p->factor.data + p->rows, &factor, sizeof factor);
}

vly_status vly_precondition_refresh(vly_precondition *p, const vly_cell_system *system, bool anew)
{
    const vly_sparse a = vly_sparse_of(system);
    const vly_kernels *kernels = p->device->kernels;
    vly_queue *queue = p->device->queue;
    double scalars[SCALARS];
    anew = anew || !p->built;
    VLY_TRY(kernels->sparse_scale(queue, &a, system->scale, p->factor.data, scalar(p, BAD), p->parts.data));
    for (int32_t k = 0; k < VLY_BLOCKS; k++) {
        vly_precondition_block *b = &p->block[k];
        VLY_TRY(kernels->sparse_graph(queue, &a, b->range, b->graph.device.first, b->graph.weight.device.data,
                                      b->graph.ground.device.data, scalar(p, LEAST + k), p->parts.data));
    }
    VLY_TRY(vly_buffer_download(&p->scalars, scalars, SCALARS * (int64_t)sizeof(double)));
    if (scalars[BAD] > 0.0 || !(a.diagonal > 0.0) || !isfinite(a.diagonal))
        return vly_fail(VLY_EDATA, "half cell: %.0f of %d equations of a Newton step have no finite diagonal",
                        scalars[BAD] > 0.0 ? scalars[BAD] : 1.0, p->rows + 1);
    set_sweeps(p, scalars[LEAST + VLY_BLOCK_SOLIDS]);
    for (int32_t k = VLY_BLOCK_POTENTIALS; k <= VLY_BLOCK_SALT; k++)
        VLY_TRY(anew ? aggregate(p, k) : vly_multigrid_refresh(&p->block[k].mg));
    p->built = true;
    return refresh_border(p, &a, anew || !p->bordered);
}

/* ---- applying ---- */

static vly_status apply_cycle(vly_precondition *p, const vly_sparse *a, int32_t which, const double *y, double gain,
                              float *z)
{
    vly_precondition_block *b = &p->block[which];
    const vly_kernels *kernels = p->device->kernels;
    vly_queue *queue = p->device->queue;
    vly_level *l = &b->mg.level[0];
    float *own = l->solution;
    int32_t rows = b->range.end - b->range.begin;
    VLY_TRY(kernels->sparse_below(queue, a, b->range, y, p->factor.data, gain, z, l->residual));
    if (which == VLY_BLOCK_POTENTIALS) {
        VLY_TRY(kernels->dots(queue, rows, p->bordered ? 1 : 0, (const float *[4]){p->lift.data},
                              (const float *[4]){l->residual}, scalar(p, SUM), b->mg.parts.data));
        VLY_TRY(kernels->sparse_border(queue, p->rows, y, p->factor.data, gain, scalar(p, SUM), scalar(p, ENERGY), z));
    }
    l->solution = z + b->range.begin;
    vly_status status = vly_multigrid_cycle(&b->mg);
    l->solution = own;
    VLY_TRY(status);
    VLY_TRY(kernels->add(queue, rows, l->step, z + b->range.begin));
    if (which != VLY_BLOCK_POTENTIALS || !p->bordered) return VLY_OK;
    return kernels->add_times(queue, rows, scalar(p, SUM), scalar(p, ENERGY), p->lift.data, z);
}

static vly_status apply_sweeps(vly_precondition *p, const vly_sparse *a, const double *y, double gain, float *z)
{
    const vly_precondition_block *b = &p->block[VLY_BLOCK_SOLIDS];
    const vly_kernels *kernels = p->device->kernels;
    vly_queue *queue = p->device->queue;
    const vly_matrix *graph = &b->graph.device;
    int32_t rows = b->range.end - b->range.begin;
    float *residual = p->solids.data, *step = residual + rows, *next = step + rows, *solution = z + b->range.begin;
    if (rows == 0) return VLY_OK;
    VLY_TRY(kernels->sparse_below(queue, a, b->range, y, p->factor.data, gain, z, residual));
    VLY_TRY(kernels->relax_start(queue, graph, residual, p->gain[1], step));
    for (int32_t k = 2; k <= p->sweeps; k++) {
        VLY_TRY(kernels->relax(queue, graph, step, residual, solution, k == 2, p->carry[k], p->gain[k], next));
        float *last = step;
        step = next;
        next = last;
    }
    return kernels->add(queue, rows, step, solution);
}

vly_status vly_precondition_apply(vly_precondition *p, const vly_sparse *a, const double *y, double gain, float *z)
{
    VLY_TRY(apply_cycle(p, a, VLY_BLOCK_POTENTIALS, y, gain, z));
    VLY_TRY(apply_cycle(p, a, VLY_BLOCK_SALT, y, gain, z));
    return apply_sweeps(p, a, y, gain, z);
}
