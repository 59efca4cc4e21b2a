/* The same correlations with whole batches of frequencies at once. A pass of a transform is one kernel with a thread for each
 * output, whatever the radix: any length will do, and no library is needed that the emulator would not have.
 * Arrays are (outer, n, inner): the transform runs over n, neighbouring threads over inner. */
#include "core/runs_cuda.h"
#include "morphology/two_point_voxel.h"

enum { GROUP_CELLS = 1 << 22 }; /* of the rows that are transformed along x together */

typedef double2 cell;

typedef struct shape {
    int64_t outer, inner;
    int32_t n, count; /* length; inputs that are there, the others are zero */
} shape;

static __device__ __forceinline__ int64_t first_thread(void)
{
    return (int64_t)blockIdx.x * VLY_BLOCK + threadIdx.x;
}

static __device__ __forceinline__ int64_t all_threads(void)
{
    return (int64_t)gridDim.x * VLY_BLOCK;
}

static __device__ __forceinline__ cell times(cell a, cell b)
{
    cell c = {a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x};
    return c;
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    fft_pass_kernel(const cell *in, cell *out, shape s, vly_fft_pass pass, const cell *roots)
{
    int64_t all = s.outer * s.n * s.inner;
    for (int64_t i = first_thread(); i < all; i += all_threads()) {
        int64_t lane = i % s.inner, outer = i / s.inner / s.n;
        int32_t place = (int32_t)(i / s.inner % s.n), k = place % pass.stride;
        int32_t t = place / pass.stride % pass.radix, q = place / pass.stride / pass.radix;
        cell sum = {0, 0};
        for (int32_t j = 0; j < pass.radix; j++) {
            int32_t from = k + pass.stride * (q + pass.groups * j);
            if (from >= s.count) break;
            cell x = in[(outer * s.count + from) * s.inner + lane];
            x = times(x, roots[(int64_t)j * t % pass.radix * (pass.stride * pass.groups)]);
            sum.x += x.x;
            sum.y += x.y;
        }
        out[i] = times(sum, roots[pass.stride * q * t]);
    }
}

/* Indicators of the three phases in pages from z on. to: (3, pages, ny, nx) */
static __global__ void __launch_bounds__(VLY_BLOCK)
    two_point_indicate_kernel(const uint8_t *labels, int64_t voxels, cell *to)
{
    for (int64_t i = first_thread(); i < 3 * voxels; i += all_threads()) {
        cell c = {labels[i % voxels] == i / voxels ? 1.0 : 0.0, 0.0};
        to[i] = c;
    }
}

/* Frequencies [first, first + width) of transformed rows. in: (3, rows, n)   to: (3, all_rows, width), from `row` on */
static __global__ void __launch_bounds__(VLY_BLOCK)
    two_point_keep_kernel(const cell *in, int64_t rows, int32_t n, int32_t first, int32_t width, cell *to,
                          int64_t all_rows, int64_t row)
{
    for (int64_t i = first_thread(); i < 3 * rows * width; i += all_threads()) {
        int64_t k = i % width, r = i / width % rows, phase = i / width / rows;
        to[(phase * all_rows + row + r) * width + k] = in[(phase * rows + r) * n + first + k];
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    two_point_multiply_kernel(const cell *a, const cell *b, int64_t count, cell *to)
{
    for (int64_t i = first_thread(); i < count; i += all_threads()) {
        cell c = {b[i].x, -b[i].y};
        to[i] = times(a[i], c);
    }
}

/* in: (outer, n, inner)   to: (outer, lags, width), `first` ... `first` + inner of each row */
static __global__ void __launch_bounds__(VLY_BLOCK)
    two_point_lags_kernel(const cell *in, shape s, vly_lag_range range, cell *to, int64_t width, int64_t first)
{
    int32_t lags = vly_lags_in(range);
    for (int64_t i = first_thread(); i < s.outer * lags * s.inner; i += all_threads()) {
        int64_t lane = i % s.inner, row = i / s.inner, outer = row / lags;
        int32_t place = vly_lag_place(range, (int32_t)(row % lags), s.n);
        to[row * width + first + lane] = in[(outer * s.n + place) * s.inner + lane];
    }
}

/* The spectrum of a real signal is its own mirror image. in: (rows, n / 2 + 1)   to: (rows, n) */
static __global__ void __launch_bounds__(VLY_BLOCK)
    two_point_mirror_kernel(const cell *in, int64_t rows, int32_t n, cell *to)
{
    int32_t half = n / 2 + 1;
    for (int64_t i = first_thread(); i < rows * n; i += all_threads()) {
        int32_t k = (int32_t)(i % n);
        cell c = in[i / n * half + (k < half ? k : n - k)];
        if (k >= half) c.y = -c.y;
        to[i] = c;
    }
}

static __global__ void __launch_bounds__(VLY_BLOCK)
    two_point_count_kernel(const cell *in, int64_t rows, int32_t n, vly_lag_range range, double scale, int32_t sign,
                           int64_t *counts, double *deviation)
{
    int32_t lags = vly_lags_in(range);
    double most = 0;
    for (int64_t i = first_thread(); i < rows * lags; i += all_threads()) {
        double value = in[i / lags * n + vly_lag_place(range, (int32_t)(i % lags), n)].x * scale;
        double whole = rint(value), away = fabs(value - whole);
        counts[i] += sign * (int64_t)whole;
        most = vly_farther(most, away);
    }
    /* as bits, doubles that are not negative are in order, and NaN is above them all */
    atomicMax((unsigned long long *)deviation, (unsigned long long)__double_as_longlong(most));
}

/* ---- the host's part ---- */

typedef struct job {
    vly_queue *queue;
    const vly_two_point_plan *plan;
    const cell *roots[3];
    int32_t n[3], lags[3], half;
    cell *rows;     /* (3, nz, ny, batch) */
    cell *pages[2]; /* (3, n[2], n[1], batch) and whatever else is transformed */
    cell *pair[2];  /* (n[2], n[1], batch), or lags where there are more of them */
    cell *lag_rows; /* (6, lags z, lags y, half) */
} job;

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Pages whose rows are transformed along x together. */
static int32_t group_pages(const vly_two_point_plan *p)
{
    int64_t page = (int64_t)3 * p->extent.ny * p->fft[0].n;
    int64_t pages = page > GROUP_CELLS ? 1 : GROUP_CELLS / page;
    return pages < p->extent.nz ? (int32_t)pages : p->extent.nz;
}

static int64_t row_cells(const vly_two_point_plan *p)
{
    return (int64_t)3 * p->extent.nz * p->extent.ny * p->batch;
}

static int64_t page_cells(const vly_two_point_plan *p)
{
    int64_t along_x = (int64_t)3 * group_pages(p) * p->extent.ny * p->fft[0].n;
    int64_t back = (int64_t)vly_lags(p, 2) * vly_lags(p, 1) * p->fft[0].n;
    return larger(larger(along_x, back), (int64_t)3 * p->fft[2].n * p->fft[1].n * p->batch);
}

static int64_t pair_cells(const vly_two_point_plan *p)
{
    return larger(p->fft[2].n, vly_lags(p, 2)) * larger(p->fft[1].n, vly_lags(p, 1)) * p->batch;
}

static int64_t lag_row_cells(const vly_two_point_plan *p)
{
    return (int64_t)VLY_COUNTED_PAIRS * vly_lags(p, 2) * vly_lags(p, 1) * vly_half(p);
}

extern "C" int64_t vly_two_point_scratch_bytes_cuda(const vly_queue *queue, const vly_two_point_plan *plan)
{
    (void)queue;
    return (row_cells(plan) + 2 * page_cells(plan) + 2 * pair_cells(plan) + lag_row_cells(plan)) *
           (int64_t)sizeof(cell);
}

#define LAUNCH(j, items, kernel, ...)                                                                    \
    do {                                                                                                 \
        cudaLaunchConfig_t launch = vly_launch_shape((j)->queue, ((items) + VLY_BLOCK - 1) / VLY_BLOCK); \
        VLY_TRY(vly_cuda_status(cudaLaunchKernelEx(&launch, kernel, __VA_ARGS__), "two_point"));         \
    } while (0)

/* *data goes through all passes by way of `other` and may end up there: then the two change places. */
static vly_status transform(const job *j, int32_t axis, shape s, const cell *from, cell **data, cell **other)
{
    const vly_fft *fft = &j->plan->fft[axis];
    for (int32_t i = 0; i < fft->passes; i++) {
        cell *to = *other;
        LAUNCH(j, s.outer * s.n * s.inner, fft_pass_kernel, from, to, s, vly_fft_pass_at(fft, i), j->roots[axis]);
        *other = *data;
        *data = to;
        from = to;
        s.count = s.n;
    }
    return VLY_OK;
}

static vly_status transform_rows(const job *j, const uint8_t *labels, int32_t first, int32_t width)
{
    vly_extent e = j->plan->extent;
    int64_t page = (int64_t)e.nx * e.ny;
    int32_t group = group_pages(j->plan);
    for (int32_t z = 0; z < e.nz; z += group) {
        int32_t pages = e.nz - z < group ? e.nz - z : group;
        int64_t rows = (int64_t)pages * e.ny;
        cell *data = j->pages[0], *other = j->pages[1];
        shape s = {3 * rows, 1, j->n[0], e.nx};
        LAUNCH(j, 3 * page * pages, two_point_indicate_kernel, labels + z * page, page * pages, data);
        VLY_TRY(transform(j, 0, s, data, &data, &other));
        LAUNCH(j, 3 * rows * width, two_point_keep_kernel, (const cell *)data, rows, j->n[0], first, width, j->rows,
               (int64_t)e.nz * e.ny, (int64_t)z * e.ny);
    }
    return VLY_OK;
}

/* One pair: the product of its spectra back to lags along z and y. */
static vly_status correlate(const job *j, const cell *spectra, int32_t pair, int32_t first, int32_t width)
{
    int64_t page = (int64_t)j->n[1] * width, phase = page * j->n[2];
    cell *data = j->pair[0], *other = j->pair[1];
    shape z = {1, page, j->n[2], j->n[2]}, y = {j->lags[2], width, j->n[1], j->n[1]};
    LAUNCH(j, phase, two_point_multiply_kernel, spectra + vly_two_point_first(pair) * phase,
           spectra + vly_two_point_second(pair) * phase, phase, data);
    VLY_TRY(transform(j, 2, z, data, &data, &other));
    LAUNCH(j, j->lags[2] * page, two_point_lags_kernel, (const cell *)data, z, j->plan->lag[2], other, page,
           (int64_t)0);
    VLY_TRY(transform(j, 1, y, other, &other, &data));
    LAUNCH(j, (int64_t)j->lags[2] * j->lags[1] * width, two_point_lags_kernel, (const cell *)other, y, j->plan->lag[1],
           j->lag_rows + (int64_t)pair * j->lags[2] * j->lags[1] * j->half, (int64_t)j->half, (int64_t)first);
    return VLY_OK;
}

static vly_status run_batch(const job *j, const uint8_t *labels, int32_t first)
{
    vly_extent e = j->plan->extent;
    int32_t width = j->half - first < j->plan->batch ? j->half - first : j->plan->batch;
    cell *data = j->pages[0], *other = j->pages[1];
    shape y = {(int64_t)3 * e.nz, width, j->n[1], e.ny}, z = {3, (int64_t)j->n[1] * width, j->n[2], e.nz};
    VLY_TRY(transform_rows(j, labels, first, width));
    VLY_TRY(transform(j, 1, y, j->rows, &data, &other));
    VLY_TRY(transform(j, 2, z, data, &data, &other));
    for (int32_t pair = 0; pair < VLY_COUNTED_PAIRS; pair++) VLY_TRY(correlate(j, data, pair, first, width));
    return VLY_OK;
}

static vly_status rows_back(const job *j, int32_t pair, int32_t sign, int64_t *counts, double *deviation)
{
    int64_t rows = (int64_t)j->lags[2] * j->lags[1];
    cell *data = j->pages[0], *other = j->pages[1];
    shape s = {rows, 1, j->n[0], j->n[0]};
    LAUNCH(j, rows * j->n[0], two_point_mirror_kernel, (const cell *)j->lag_rows + pair * rows * j->half, rows, j->n[0],
           data);
    VLY_TRY(transform(j, 0, s, data, &data, &other));
    double scale = 1.0 / ((double)j->n[0] * j->n[1] * j->n[2]);
    LAUNCH(j, rows * j->lags[0], two_point_count_kernel, (const cell *)data, rows, j->n[0], j->plan->lag[0], scale,
           sign, counts + pair * rows * j->lags[0], deviation);
    return VLY_OK;
}

extern "C" vly_status vly_two_point_cuda(vly_queue *queue, const uint8_t *labels, const vly_two_point_plan *plan,
                                         const double *roots, int32_t sign, void *scratch, int64_t *counts,
                                         double *deviation)
{
    job j = {};
    j.queue = queue;
    j.plan = plan;
    j.half = vly_half(plan);
    for (int32_t a = 0; a < 3; a++) {
        j.roots[a] = (const cell *)vly_roots(plan, roots, a);
        j.n[a] = plan->fft[a].n;
        j.lags[a] = vly_lags(plan, a);
    }
    j.rows = (cell *)scratch;
    j.pages[0] = j.rows + row_cells(plan);
    j.pages[1] = j.pages[0] + page_cells(plan);
    j.pair[0] = j.pages[1] + page_cells(plan);
    j.pair[1] = j.pair[0] + pair_cells(plan);
    j.lag_rows = j.pair[1] + pair_cells(plan);
    for (int32_t first = 0; first < j.half; first += plan->batch) VLY_TRY(run_batch(&j, labels, first));
    for (int32_t pair = 0; pair < VLY_COUNTED_PAIRS; pair++) VLY_TRY(rows_back(&j, pair, sign, counts, deviation));
    return VLY_OK;
}
