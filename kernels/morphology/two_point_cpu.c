/* Three indicators, six correlations, by way of a few columns of frequencies at a time: transforms along x are kept, those
 * along y and z are made, multiplied and undone while they are in the cache. Only the lags that are asked for come back, so
 * the way back costs little beyond the transforms along z.
 * Lanes are four rows while x is transformed, and four frequencies along x for y and z. */
#include "core/kernels_cpu.h"
#include "morphology/fft_cpu.h"

#include <math.h>
#include <string.h>

enum { L = VLY_FFT_LANES, ROWS = 2 * L }; /* two groups of rows share a transform for the third phase */

typedef vly_fft_cell cell;

typedef struct job {
    const uint8_t *labels;
    const vly_two_point_plan *plan;
    const double *roots[3];
    int32_t nx, ny, nz, n[3]; /* extent and lengths of the transforms */
    int32_t lags[3];
    int32_t tiles;       /* of four frequencies, in all */
    int32_t first, last; /* tiles of this batch */
    int32_t tile;        /* at work */
    cell *rows;          /* (3, tiles of the batch, nz, ny): transformed along x */
    cell *planes;        /* (3, nz, n[1]): one tile, along y too */
    cell *lines;         /* (6, lags z, n[1]): one tile, lags along z */
    cell *lag_rows;      /* (6, lags z, lags y, tiles) */
    cell *own;           /* (workers, own_cells) */
    int64_t own_cells;
    int32_t sign;
    int64_t *counts;   /* (6, lags z, lags y, lags x) */
    double *deviation; /* (workers) */
} job;

static int64_t own_cells(const vly_two_point_plan *plan)
{
    int32_t most = 0;
    for (int32_t a = 0; a < 3; a++)
        if (plan->fft[a].n > most) most = plan->fft[a].n;
    return 7 * (int64_t)most;
}

static int64_t row_cells(const vly_two_point_plan *p)
{
    return (int64_t)3 * (p->batch / L) * p->extent.nz * p->extent.ny;
}

static int64_t plane_cells(const vly_two_point_plan *p)
{
    return (int64_t)3 * p->extent.nz * p->fft[1].n;
}

static int64_t line_cells(const vly_two_point_plan *p)
{
    return (int64_t)VLY_COUNTED_PAIRS * vly_lags(p, 2) * p->fft[1].n;
}

static int64_t lag_row_cells(const vly_two_point_plan *p)
{
    return (int64_t)VLY_COUNTED_PAIRS * vly_lags(p, 2) * vly_lags(p, 1) * ((vly_half(p) + L - 1) / L);
}

int64_t vly_two_point_scratch_bytes_cpu(const vly_queue *queue, const vly_two_point_plan *plan)
{
    int64_t threads = queue->pool->threads;
    return (row_cells(plan) + plane_cells(plan) + line_cells(plan) + lag_row_cells(plan) + threads * own_cells(plan)) *
               (int64_t)sizeof(cell) +
           threads * (int64_t)sizeof(double);
}

/* ---- x: labels to frequencies ---- */

/* Indicator of `phase` in four rows from y on as the real or the imaginary part. */
static void indicate(const job *j, int32_t z, int32_t y, uint8_t phase, double *part)
{
    for (int32_t l = 0; l < L; l++) {
        if (y + l >= j->ny) {
            for (int32_t x = 0; x < j->nx; x++) part[2 * L * x + l] = 0;
            continue;
        }
        const uint8_t *row = j->labels + ((int64_t)z * j->ny + y + l) * j->nx;
        for (int32_t x = 0; x < j->nx; x++) part[2 * L * x + l] = row[x] == phase;
    }
}

/* Twice the spectra of the two real signals in the parts of f, at four frequencies: lanes become frequencies. */
static void take_apart(const job *j, const cell *f, int32_t tile, cell re[L], cell im[L])
{
    vly_fft_lanes part[4][L] = {{{0}}};
    for (int32_t i = 0; i < L; i++) {
        int32_t k = tile * L + i;
        if (2 * k > j->n[0]) continue;
        cell a = f[k], b = f[k == 0 ? 0 : j->n[0] - k];
        part[0][i] = a.re + b.re;
        part[1][i] = a.im - b.im;
        part[2][i] = a.im + b.im;
        part[3][i] = b.re - a.re;
    }
    for (int32_t i = 0; i < 4; i++) vly_fft_transpose(part[i]);
    for (int32_t l = 0; l < L; l++) {
        re[l] = (cell){part[0][l], part[1][l]};
        im[l] = (cell){part[2][l], part[3][l]};
    }
}

static void keep_rows(const job *j, const cell *f, int32_t z, int32_t y, int32_t phase, int32_t y_im, int32_t phase_im)
{
    int64_t page = (int64_t)j->nz * j->ny;
    for (int32_t tile = j->first; tile < j->last; tile++) {
        cell re[L], im[L];
        take_apart(j, f, tile, re, im);
        cell *to = j->rows + (phase * (int64_t)(j->last - j->first) + tile - j->first) * page + (int64_t)z * j->ny;
        cell *to_im =
            j->rows + (phase_im * (int64_t)(j->last - j->first) + tile - j->first) * page + (int64_t)z * j->ny;
        for (int32_t l = 0; l < L && y + l < j->ny; l++) to[y + l] = re[l];
        for (int32_t l = 0; l < L && y_im + l < j->ny; l++) to_im[y_im + l] = im[l];
    }
}

static vly_status transform_rows(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    cell *in = j->own + worker * j->own_cells, *a = in + j->n[0], *b = a + j->n[0], *f = b + j->n[0];
    int32_t groups = (j->ny + ROWS - 1) / ROWS, z = (int32_t)(item / groups), y = (int32_t)(item % groups) * ROWS;
    const int32_t from[3][2] = {{y, y}, {y + L, y + L}, {y, y + L}};
    const uint8_t phase[3][2] = {{VLY_AM, VLY_CBD}, {VLY_AM, VLY_CBD}, {VLY_PORE, VLY_PORE}};
    memset(in + j->nx, 0, (size_t)(j->n[0] - j->nx) * sizeof *in);
    for (int32_t t = 0; t < 3; t++) {
        indicate(j, z, from[t][0], phase[t][0], (double *)in);
        indicate(j, z, from[t][1], phase[t][1], (double *)in + L);
        vly_fft_run(&j->plan->fft[0], j->roots[0], -1, in, a, b, f);
        keep_rows(j, f, z, from[t][0], phase[t][0], from[t][1], phase[t][1]);
    }
    return VLY_OK;
}

/* ---- y and z, there and back, for one tile of frequencies along x ---- */

static vly_status transform_columns(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    cell *in = j->own + worker * j->own_cells, *a = in + j->n[1], *b = a + j->n[1];
    int64_t phase = item / j->nz, z = item % j->nz;
    const cell *row = j->rows + ((phase * (j->last - j->first) + j->tile - j->first) * j->nz + z) * j->ny;
    memcpy(in, row, (size_t)j->ny * sizeof *in);
    memset(in + j->ny, 0, (size_t)(j->n[1] - j->ny) * sizeof *in);
    vly_fft_run(&j->plan->fft[1], j->roots[1], -1, in, a, b, j->planes + item * j->n[1]);
    return VLY_OK;
}

/* Transforming A conj(B) forwards gives the correlation itself, sum over x of a(x) b(x + h), times the number of points. */
static void multiply(const cell *a, const cell *b, int32_t n, cell *product)
{
    for (int32_t k = 0; k < n; k++)
        product[k] = (cell){a[k].re * b[k].re + a[k].im * b[k].im, a[k].im * b[k].re - a[k].re * b[k].im};
}

static vly_status correlate(void *self, int64_t y, int32_t worker)
{
    const job *j = self;
    const vly_lag_range lag = j->plan->lag[2];
    const int32_t n = j->n[2];
    cell *in = j->own + worker * j->own_cells, *a = in + n, *b = a + n, *out = b + n, *pages[3] = {0};
    for (int32_t phase = 0; phase < 3; phase++) {
        pages[phase] = out + phase * (int64_t)n;
        for (int32_t z = 0; z < j->nz; z++) in[z] = j->planes[((int64_t)phase * j->nz + z) * j->n[1] + y];
        memset(in + j->nz, 0, (size_t)(n - j->nz) * sizeof *in);
        vly_fft_run(&j->plan->fft[2], j->roots[2], -1, in, a, b, pages[phase]);
    }
    out = pages[2] + n;
    for (int32_t pair = 0; pair < VLY_COUNTED_PAIRS; pair++) {
        multiply(pages[vly_two_point_first(pair)], pages[vly_two_point_second(pair)], n, in);
        vly_fft_run(&j->plan->fft[2], j->roots[2], lag.far - 1, in, a, b, out);
        cell *line = j->lines + (int64_t)pair * j->lags[2] * j->n[1] + y;
        for (int32_t s = 0; s < j->lags[2]; s++) line[(int64_t)s * j->n[1]] = out[vly_lag_place(lag, s, n)];
    }
    return VLY_OK;
}

static vly_status columns_back(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    const vly_lag_range lag = j->plan->lag[1];
    const int32_t n = j->n[1];
    cell *a = j->own + worker * j->own_cells, *b = a + n, *out = b + n;
    vly_fft_run(&j->plan->fft[1], j->roots[1], lag.far - 1, j->lines + item * n, a, b, out);
    cell *row = j->lag_rows + item * j->lags[1] * j->tiles + j->tile;
    for (int32_t s = 0; s < j->lags[1]; s++) row[(int64_t)s * j->tiles] = out[vly_lag_place(lag, s, n)];
    return VLY_OK;
}

/* ---- x: frequencies to counts ---- */

/* P + i Q for the spectra P, Q of two real signals in rows of lags y ..., all frequencies; lanes become lags. */
static void put_together(const job *j, const cell *p, const cell *q, int32_t rows, cell *f)
{
    for (int32_t tile = 0; tile < j->tiles; tile++) {
        vly_fft_lanes part[4][L] = {{{0}}};
        for (int32_t l = 0; l < rows; l++) {
            const cell *at[2] = {p + (int64_t)l * j->tiles + tile, q + (int64_t)l * j->tiles + tile};
            part[0][l] = at[0]->re, part[1][l] = at[0]->im, part[2][l] = at[1]->re, part[3][l] = at[1]->im;
        }
        for (int32_t i = 0; i < 4; i++) vly_fft_transpose(part[i]);
        for (int32_t i = 0; i < L; i++) {
            int32_t k = tile * L + i;
            if (2 * k > j->n[0]) continue;
            f[k] = (cell){part[0][i] - part[3][i], part[1][i] + part[2][i]};
            if (k > 0) f[j->n[0] - k] = (cell){part[0][i] + part[3][i], part[2][i] - part[1][i]};
        }
    }
}

/* Adds what must be whole numbers; the largest distance from one is kept. */
static void count(const job *j, const double *values, int32_t rows, int64_t *counts, double *deviation)
{
    const double scale = 0.25 / ((double)j->n[0] * j->n[1] * j->n[2]); /* the spectra were twice too large */
    for (int32_t l = 0; l < rows; l++)
        for (int32_t s = 0; s < j->lags[0]; s++) {
            double value = values[2 * L * vly_lag_place(j->plan->lag[0], s, j->n[0]) + l] * scale;
            double whole = nearbyint(value);
            *deviation = vly_farther(*deviation, fabs(value - whole));
            counts[(int64_t)l * j->lags[0] + s] += j->sign * (int64_t)whole;
        }
}

static vly_status rows_back(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    cell *in = j->own + worker * j->own_cells, *a = in + j->n[0], *b = a + j->n[0], *out = b + j->n[0];
    int32_t groups = (j->lags[1] + L - 1) / L, y = (int32_t)(item % groups) * L;
    int32_t rows = j->lags[1] - y < L ? j->lags[1] - y : L;
    int64_t row = item / groups * j->lags[1] + y, pair_rows = (int64_t)j->lags[2] * j->lags[1];
    for (int32_t pair = 0; pair < VLY_COUNTED_PAIRS; pair += 2) {
        const cell *p = j->lag_rows + (pair * pair_rows + row) * j->tiles;
        int64_t *counts = j->counts + (pair * pair_rows + row) * j->lags[0];
        put_together(j, p, p + pair_rows * j->tiles, rows, in);
        vly_fft_run(&j->plan->fft[0], j->roots[0], j->plan->lag[0].far - 1, in, a, b, out);
        count(j, (const double *)out, rows, counts, &j->deviation[worker]);
        count(j, (const double *)out + L, rows, counts + pair_rows * j->lags[0], &j->deviation[worker]);
    }
    return VLY_OK;
}

/* ---- */

static vly_status run_batch(vly_pool *pool, job *j)
{
    VLY_TRY(vly_pool_run(pool, (int64_t)j->nz * ((j->ny + ROWS - 1) / ROWS), transform_rows, j));
    for (j->tile = j->first; j->tile < j->last; j->tile++) {
        VLY_TRY(vly_pool_run(pool, (int64_t)3 * j->nz, transform_columns, j));
        VLY_TRY(vly_pool_run(pool, j->n[1], correlate, j));
        VLY_TRY(vly_pool_run(pool, (int64_t)VLY_COUNTED_PAIRS * j->lags[2], columns_back, j));
    }
    return VLY_OK;
}

vly_status vly_two_point_cpu(vly_queue *queue, const uint8_t *labels, const vly_two_point_plan *plan,
                             const double *roots, int32_t sign, void *scratch, int64_t *counts, double *deviation)
{
    vly_pool *pool = queue->pool;
    job j = {.labels = labels, .plan = plan, .sign = sign, .counts = counts, .own_cells = own_cells(plan)};
    j.nx = plan->extent.nx, j.ny = plan->extent.ny, j.nz = plan->extent.nz;
    for (int32_t a = 0; a < 3; a++) {
        j.roots[a] = vly_roots(plan, roots, a);
        j.n[a] = plan->fft[a].n;
        j.lags[a] = vly_lags(plan, a);
    }
    j.tiles = (vly_half(plan) + L - 1) / L;
    j.rows = scratch;
    j.planes = j.rows + row_cells(plan);
    j.lines = j.planes + plane_cells(plan);
    j.lag_rows = j.lines + line_cells(plan);
    j.own = j.lag_rows + lag_row_cells(plan);
    j.deviation = (double *)(j.own + pool->threads * j.own_cells);
    memset(j.deviation, 0, (size_t)pool->threads * sizeof *j.deviation);
    for (j.first = 0; j.first < j.tiles; j.first = j.last) {
        j.last = j.first + plan->batch / L < j.tiles ? j.first + plan->batch / L : j.tiles;
        VLY_TRY(run_batch(pool, &j));
    }
    VLY_TRY(vly_pool_run(pool, (int64_t)j.lags[2] * ((j.lags[1] + L - 1) / L), rows_back, &j));
    for (int32_t w = 0; w < pool->threads; w++) *deviation = vly_farther(*deviation, j.deviation[w]);
    return VLY_OK;
}
