/* Basis vectors keep the length they come with, so that a step needs one answer from the device: products with all of them
 * and what they leave. Gram-Schmidt is classical, and done again where almost nothing was left. */
#include "cell/krylov.h"

#include <math.h>

static const double again = 1e-3;    /* of a vector's square; what is left below that has lost too many digits */
static const double runaway = 1e-10; /* of the first residual: what is thought of it below that is computed anew */

vly_status vly_krylov_create(vly_krylov *k, vly_device *device, int32_t rows)
{
    int64_t doubles = sizeof(double), stride = ((int64_t)rows + 16) / 16 * 16;
    *k = (vly_krylov){.device = device, .rows = rows, .stride = stride};
    VLY_TRY(vly_buffer_create(&k->basis, device, (VLY_RESTART + 1) * stride * doubles, "Krylov basis"));
    VLY_TRY(vly_buffer_create(&k->images, device, VLY_RESTART * stride * (int64_t)sizeof(float), "Krylov basis"));
    VLY_TRY(vly_buffer_create(&k->scale, device, VLY_BASIS_MOST * doubles, "Krylov sums"));
    VLY_TRY(vly_buffer_create(&k->sums, device, (VLY_BASIS_MOST + 1) * doubles, "Krylov sums"));
    return vly_buffer_create(&k->border, device, doubles, "Krylov sums");
}

void vly_krylov_free(vly_krylov *k)
{
    vly_buffer_free(&k->basis);
    vly_buffer_free(&k->images);
    vly_buffer_free(&k->scale);
    vly_buffer_free(&k->sums);
    vly_buffer_free(&k->border);
}

typedef struct solving {
    vly_krylov *k;
    vly_precondition *p;
    vly_sparse a;
    const vly_cell_system *system;
    double *step, border;
    double residual; /* norm */
} solving;

static double *vector(const vly_krylov *k, int32_t index)
{
    return (double *)k->basis.data + index * k->stride;
}

static float *image(const vly_krylov *k, int32_t index)
{
    return (float *)k->images.data + index * k->stride;
}

/* The first basis vector: what the equations lack. */
static vly_status begin(solving *s, bool fresh)
{
    vly_krylov *k = s->k;
    const vly_kernels *kernels = k->device->kernels;
    double square;
    VLY_TRY(kernels->sparse_residual(k->device->queue, &s->a, fresh ? NULL : s->step, s->border, s->system->right,
                                     s->system->border_right, s->p->factor.data, vector(k, 0)));
    VLY_TRY(kernels->basis_project(k->device->queue, (int64_t)k->rows + 1, 0, vector(k, 0), k->stride, vector(k, 0),
                                   k->sums.data, s->p->parts.data));
    VLY_TRY(vly_device_wait(k->device));
    VLY_TRY(vly_device_download(k->device, &square, k->sums.data, sizeof square));
    k->norm[0] = k->g[0] = s->residual = sqrt(square);
    return VLY_OK;
}

/* Takes the basis (count) out of the vector after it: h (count + 1) += what was there, in units of the normalised basis. */
static vly_status orthogonalise(solving *s, int32_t count, double *h)
{
    vly_krylov *k = s->k;
    const vly_kernels *kernels = k->device->kernels;
    double inverse[VLY_BASIS_MOST], sums[VLY_BASIS_MOST + 1];
    double *y = vector(k, count), *rest = (double *)k->sums.data + VLY_BASIS_MOST;
    for (int32_t i = 0; i < count; i++) inverse[i] = 1.0 / (k->norm[i] * k->norm[i]);
    VLY_TRY(vly_device_upload(k->device, k->scale.data, inverse, count * (int64_t)sizeof *inverse));
    for (int32_t pass = 0; pass < 2; pass++) {
        VLY_TRY(kernels->basis_project(k->device->queue, (int64_t)k->rows + 1, count, k->basis.data, k->stride, y,
                                       k->sums.data, s->p->parts.data));
        VLY_TRY(kernels->basis_subtract(k->device->queue, (int64_t)k->rows + 1, count, k->basis.data, k->stride,
                                        k->sums.data, k->scale.data, y, rest, s->p->parts.data));
        VLY_TRY(vly_buffer_download(&k->sums, sums, sizeof sums));
        for (int32_t i = 0; i < count; i++) h[i] += sums[i] / k->norm[i];
        if (sums[VLY_BASIS_MOST] > again * sums[count]) break;
    }
    h[count] = k->norm[count] = sqrt(sums[VLY_BASIS_MOST]);
    return isfinite(h[count]) ? VLY_OK : vly_fail(VLY_ENUMERIC, "half cell: a preconditioned residual is not finite");
}

/* Step j: column j of the Hessenberg matrix, rotated; g[j + 1] is what is left then. */
static vly_status advance(solving *s, int32_t j)
{
    vly_krylov *k = s->k;
    double *h = k->h[j];
    for (int32_t i = 0; i <= j + 1; i++) h[i] = 0.0;
    VLY_TRY(vly_precondition_apply(s->p, &s->a, vector(k, j), 1.0 / k->norm[j], image(k, j)));
    VLY_TRY(
        k->device->kernels->sparse_product(k->device->queue, &s->a, image(k, j), s->p->factor.data, vector(k, j + 1)));
    VLY_TRY(orthogonalise(s, j + 1, h));
    for (int32_t i = 0; i < j; i++) {
        double top = h[i];
        h[i] = k->cosine[i] * top + k->sine[i] * h[i + 1];
        h[i + 1] = k->cosine[i] * h[i + 1] - k->sine[i] * top;
    }
    double length = hypot(h[j], h[j + 1]);
    k->cosine[j] = length > 0.0 ? h[j] / length : 1.0;
    k->sine[j] = length > 0.0 ? h[j + 1] / length : 0.0;
    h[j] = length;
    k->g[j + 1] = -k->sine[j] * k->g[j];
    k->g[j] *= k->cosine[j];
    return VLY_OK;
}

/* step += the best combination of `count` images. */
static vly_status combine(solving *s, int32_t count)
{
    vly_krylov *k = s->k;
    const vly_kernels *kernels = k->device->kernels;
    double y[VLY_RESTART] = {0.0};
    for (int32_t i = count - 1; i >= 0; i--) {
        y[i] = k->g[i];
        for (int32_t j = i + 1; j < count; j++) y[i] -= k->h[j][i] * y[j];
        y[i] = k->h[i][i] > 0.0 ? y[i] / k->h[i][i] : 0.0;
    }
    VLY_TRY(vly_device_upload(k->device, k->scale.data, y, count * (int64_t)sizeof *y));
    VLY_TRY(
        kernels->basis_combine(k->device->queue, k->rows, count, k->images.data, k->stride, k->scale.data, s->step));
    VLY_TRY(kernels->basis_combine(k->device->queue, 1, count, image(k, 0) + k->rows, k->stride, k->scale.data,
                                   k->border.data));
    return vly_buffer_download(&k->border, &s->border, sizeof s->border);
}

/* Up to a restart; *steps: taken. */
static vly_status cycle(solving *s, double wanted, int32_t *steps)
{
    vly_krylov *k = s->k;
    int32_t j = 0;
    for (bool broken = false; j < VLY_RESTART && s->residual > wanted && !broken; j++) {
        VLY_TRY(vly_device_stop(k->device));
        VLY_TRY(advance(s, j));
        s->residual = fabs(k->g[j + 1]);
        broken = !(k->norm[j + 1] > 0.0); /* the space holds the solution, or the preconditioner has given nothing */
    }
    *steps = j;
    return combine(s, j);
}

vly_status vly_krylov_solve(vly_krylov *k, vly_precondition *p, const vly_cell_system *system, double tolerance,
                            double *step, double *border_step, int32_t *iterations, double *reduction)
{
    solving s = {.k = k, .p = p, .a = vly_sparse_of(system), .system = system, .step = step};
    vly_device *device = k->device;
    vly_buffer clearing = {.device = device, .data = step, .bytes = k->rows * (int64_t)sizeof(double)};
    *iterations = 0;
    *border_step = 0.0;
    *reduction = 0.0;
    VLY_TRY(vly_buffer_clear(&clearing));
    VLY_TRY(vly_buffer_clear(&k->border));
    VLY_TRY(begin(&s, true));
    double start = s.residual, before = INFINITY, wanted = tolerance * start;
    if (!isfinite(start)) return vly_fail(VLY_EDATA, "half cell: the right side of a Newton step is not finite");
    while (s.residual > wanted && *iterations < VLY_KRYLOV_MOST && s.residual < 0.9 * before) {
        int32_t steps;
        before = s.residual;
        VLY_TRY(cycle(&s, wanted, &steps));
        *iterations += steps;
        if (s.residual > wanted || wanted < runaway * start) VLY_TRY(begin(&s, false));
    }
    *border_step = s.border;
    *reduction = start > 0.0 ? s.residual / start : 0.0;
    if (s.residual <= wanted) return VLY_OK;
    return vly_fail(VLY_ENUMERIC,
                    "half cell: the equations of a Newton step stagnate at %.1e of their residual after %d "
                    "iterations, %.1e expected",
                    *reduction, *iterations, tolerance);
}
