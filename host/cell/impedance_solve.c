/* Real solutions of K + s C: flexible conjugate gradients, preconditioned by a multigrid cycle. Only what is not yet known is
 * solved for, in double, and the residual is computed anew from it in every step. How much it may lack is an energy, which
 * is the error of an admittance. */
#include "cell/impedance_impl.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { STEPS_MOST = 300, PATIENCE = 12 /* steps without progress after which round-off is reached */ };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- making ---- */

vly_status vly_impedance_solver_create(vly_impedance_solver *out, vly_impedance_network *network)
{
    vly_device *device = network->device;
    const int64_t rows = network->pencil.rows, chunks = (rows + VLY_MATRIX_CHUNK - 1) / VLY_MATRIX_CHUNK;
    const int64_t single = sizeof(float), twice = sizeof(double), sums = 2 * VLY_PENCIL_MOST + 1;
    *out = (vly_impedance_solver){.network = network};
    VLY_TRY(vly_buffer_create(&out->direction, device, rows * single, "direction"));
    VLY_TRY(vly_buffer_create(&out->right, device, rows * single, "right side"));
    VLY_TRY(vly_buffer_create(&out->x, device, rows * twice, "potentials"));
    VLY_TRY(vly_buffer_create(&out->y, device, rows * twice, "potentials"));
    VLY_TRY(vly_buffer_create(&out->sums, device, sums * twice, "sums"));
    return vly_buffer_create(&out->parts, device, chunks * sums * twice, "sums");
}

void vly_impedance_solver_free(vly_impedance_solver *s)
{
    vly_buffer *buffers[] = {&s->direction, &s->right, &s->x, &s->y, &s->sums, &s->parts};
    for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++) vly_buffer_free(buffers[k]);
    for (int32_t k = 0; k < s->count; k++) vly_buffer_free(&s->basis[k]);
    vly_multigrid_free(&s->mg);
    *s = (vly_impedance_solver){.network = NULL};
}

/* Where every double layer is a tie to what drives it, the same aggregates serve any s. Where they are couplings, which ones
 * are strong depends on s. */
static vly_status aggregate(vly_impedance_solver *s, bool again)
{
    vly_impedance_network *n = s->network;
    vly_multigrid_options options = VLY_MULTIGRID_OPTIONS_INIT;
    uint64_t *place = NULL;
    const int64_t rows = n->pencil.rows;
    options.ground = 1.0f;
    options.coarsest = 128; /* its inverse is made anew with every s */
    options.layered = options.stars = true;
    options.refresh = !again;
    VLY_TRY(vly_twin_download(&n->graph.weight));
    VLY_TRY(vly_twin_download(&n->graph.ground));
    if (again) {
        VLY_TRY(vly_alloc_raw((void **)&place, rows, sizeof *place, "places"));
        memcpy(place, n->place, (size_t)rows * sizeof *place);
    } else { /* they are used up */
        place = n->place;
        n->place = NULL;
    }
    vly_multigrid_free(&s->mg);
    vly_status status = vly_multigrid_create(&s->mg, n->device, &n->graph, place, &options);
    vly_free(place);
    return status;
}

vly_status vly_impedance_shift(vly_impedance_solver *solver, double at)
{
    vly_impedance_network *n = solver->network;
    const double begin = now();
    const bool again = n->pencil.electrons > 0;
    VLY_TRY(vly_device_stop(n->device));
    VLY_TRY(n->device->kernels->pencil_shift(n->device->queue, &n->pencil, at, n->graph.weight.device.data,
                                             n->graph.ground.device.data));
    VLY_TRY(vly_device_wait(n->device));
    VLY_TRY(solver->built && !again ? vly_multigrid_refresh(&solver->mg) : aggregate(solver, again));
    solver->s = at;
    solver->built = true;
    solver->setup += now() - begin;
    return VLY_OK;
}

/* ---- vectors ---- */

static vly_pencil_basis basis_of(const vly_impedance_solver *s)
{
    vly_pencil_basis basis = {.count = s->count};
    for (int32_t k = 0; k < s->count; k++) basis.vector[k] = s->basis[k].data;
    return basis;
}

vly_status vly_impedance_combine(vly_impedance_solver *s, const double *scale, vly_buffer *x)
{
    vly_device *device = s->network->device;
    vly_pencil_basis basis = basis_of(s);
    for (int32_t k = 0; k < s->count; k++) basis.scale[k] = scale[k];
    return device->kernels->pencil_combine(device->queue, s->network->pencil.rows, &basis, x->data);
}

vly_status vly_impedance_lack(vly_impedance_solver *solver, const vly_buffer *x, const vly_buffer *y, double at,
                              double load)
{
    vly_device *device = solver->network->device;
    const vly_pencil_equation equation = {.x = x->data, .y = y->data, .s = at, .load = load};
    return device->kernels->pencil_residual(device->queue, &solver->network->pencil, &equation, solver->right.data,
                                            solver->sums.data, solver->parts.data);
}

vly_status vly_impedance_keep(vly_impedance_solver *s, double *products)
{
    vly_impedance_network *n = s->network;
    const int32_t rows = n->pencil.rows;
    const vly_kernels *kernels = n->device->kernels;
    vly_buffer *to = &s->basis[s->count];
    VLY_TRY(vly_buffer_reserve(to, n->device, rows * (int64_t)sizeof(float), "basis"));
    s->count++;
    const vly_pencil_basis basis = basis_of(s);
    VLY_TRY(kernels->pencil_round(n->device->queue, rows, s->x.data, to->data));
    VLY_TRY(kernels->pencil_products(n->device->queue, &n->pencil, s->x.data, &basis, s->sums.data, s->parts.data));
    return vly_buffer_download(&s->sums, products, (2 * s->count + 1) * (int64_t)sizeof *products);
}

vly_status vly_impedance_drive(vly_impedance_solver *s, const vly_buffer *x, double *drive)
{
    vly_impedance_network *n = s->network;
    const vly_pencil_basis none = {.count = 0};
    VLY_TRY(
        n->device->kernels->pencil_products(n->device->queue, &n->pencil, x->data, &none, s->sums.data, s->parts.data));
    return vly_buffer_download(&s->sums, drive, sizeof *drive);
}

/* ---- solving ---- */

typedef struct solving {
    vly_impedance_solver *s;
    double squares;   /* |residual|^2 */
    double curvature; /* p.Ap */
    double gained;    /* energy of the last step, */
    double all;       /* and of all so far */
} solving;

static vly_status balance(solving *g)
{
    vly_impedance_solver *s = g->s;
    const vly_device *device = s->network->device;
    const vly_pencil_equation equation = {.right = s->right.data, .x = s->x.data, .y = s->x.data, .s = s->s};
    VLY_TRY(device->kernels->pencil_residual(device->queue, &s->network->pencil, &equation, s->mg.level[0].residual,
                                             s->sums.data, s->parts.data));
    return vly_buffer_download(&s->sums, &g->squares, sizeof g->squares);
}

/* z = about inverse(A) residual in solution; sums = z.Az, p.Az, and z.residual. */
static vly_status cycle(vly_impedance_solver *s, const float *p, double sums[3])
{
    vly_level *l = &s->mg.level[0];
    const vly_device *device = s->network->device;
    double got[4];
    VLY_TRY(vly_multigrid_cycle(&s->mg));
    VLY_TRY(device->kernels->add(device->queue, l->matrix.host.rows, l->step, l->solution));
    VLY_TRY(device->kernels->products(device->queue, &l->matrix.device, l->solution, p, l->step, l->residual,
                                      s->mg.sums.data, s->mg.parts.data));
    VLY_TRY(vly_multigrid_sums(&s->mg, got));
    sums[0] = got[0];
    sums[1] = got[1];
    sums[2] = got[3] + got[0] - got[2]; /* what was left before the last step is residual - A step */
    return VLY_OK;
}

static vly_status step(solving *g, bool first)
{
    vly_impedance_solver *s = g->s;
    const vly_device *device = s->network->device;
    double sums[3];
    VLY_TRY(cycle(s, s->direction.data, sums));
    const double beta = first || !(g->curvature > 0.0) ? 0.0 : -sums[1] / g->curvature;
    const double curvature = sums[0] + beta * sums[1]; /* z.Az - (z.Ap)^2 / p.Ap */
    g->gained = 0.0;
    if (!(curvature > 0.0) || !isfinite(sums[2])) return VLY_OK; /* nothing left that single precision can see */
    g->curvature = curvature;
    g->gained = sums[2] * sums[2] / curvature;
    g->all += g->gained;
    return device->kernels->advance(device->queue, s->network->pencil.rows, s->mg.level[0].solution, beta,
                                    s->direction.data, sums[2] / curvature, s->x.data);
}

vly_status vly_impedance_solve(vly_impedance_solver *s, double whole, double relative, double goal)
{
    solving g = {.s = s};
    double best = INFINITY, before;
    int32_t waited = 0;
    VLY_TRY(vly_buffer_clear(&s->x));
    VLY_TRY(balance(&g));
    s->solves++;
    for (int32_t k = 0; k < STEPS_MOST && waited < PATIENCE && g.squares > 0.0; k++) {
        VLY_TRY(vly_device_stop(s->network->device));
        before = g.squares;
        VLY_TRY(step(&g, k == 0));
        VLY_TRY(balance(&g));
        s->iterations++;
        /* energies fall about as residuals do */
        const double rate = fmin(g.squares / before, 0.9), left = g.gained * rate / (1.0 - rate);
        if (left <= fmax(goal, relative * fabs(whole - g.all))) return VLY_OK;
        waited = g.squares < 0.9 * best ? 0 : waited + 1;
        best = fmin(best, g.squares);
    }
    return VLY_OK;
}

vly_status vly_impedance_missing(vly_impedance_solver *s, double *energy)
{
    const vly_device *device = s->network->device;
    const vly_pencil_equation parts[2] = {{.x = s->x.data, .y = s->y.data, .s = -s->s},
                                          {.x = s->y.data, .y = s->x.data, .s = s->s, .load = s->s}};
    *energy = 0.0;
    for (int k = 0; k < 2; k++) {
        double sums[3];
        VLY_TRY(device->kernels->pencil_residual(device->queue, &s->network->pencil, &parts[k], s->mg.level[0].residual,
                                                 s->sums.data, s->parts.data));
        VLY_TRY(cycle(s, s->direction.data, sums));
        s->iterations++;
        *energy += sums[0] > 0.0 ? fmax(sums[2] * sums[2] / sums[0], sums[2]) : 0.0;
    }
    return VLY_OK;
}
