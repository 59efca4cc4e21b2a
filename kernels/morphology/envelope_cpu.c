#include "morphology/envelope_cpu.h"

/* Lines that lie side by side are fetched together, so that every cache line read is used whole. */
enum { COLUMNS = 16 };

typedef struct line { /* positions 0 ... n + 1: those of the axis between the two walls */
    int32_t *value;   /* f, then g */
    int32_t *vertex, *start, *height;
} line;

typedef struct job {
    int32_t *values;
    vly_envelope envelope;
    int32_t n;         /* along the axis */
    int64_t stride;    /* from one voxel of a line to the next */
    int64_t columns;   /* lines side by side */
    int64_t tiles;     /* of COLUMNS, in `columns` */
    int64_t outer;     /* stride from one group of columns to the next */
    int64_t line_step; /* from one line to the next within a tile */
    char *scratch;
    int64_t per_worker;
} job;

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && a < 0);
}

/* Last position at which the parabola at `p`, height fp, is not above the one at `q` > p, height fq. */
static int64_t crossing(int64_t weight, int64_t p, int64_t fp, int64_t q, int64_t fq)
{
    return floor_divide(fq + weight * q * q - fp - weight * p * p, 2 * weight * (q - p));
}

/* The parabolas that are lowest somewhere, with the first position each one owns; how many there are. */
static int32_t build(const line *l, int32_t positions, int32_t weight)
{
    int32_t k = -1;
    for (int32_t p = 0; p < positions; p++) {
        if (l->value[p] == VLY_FAR) continue;
        int64_t last = INT32_MIN;
        while (k >= 0) {
            last = crossing(weight, l->vertex[k], l->height[k], p, l->value[p]);
            if (last >= l->start[k]) break;
            k--;
        }
        if (k >= 0 && last >= positions) continue; /* lowest only behind the end */
        k++;
        l->vertex[k] = p;
        l->height[k] = l->value[p];
        l->start[k] = k == 0 ? INT32_MIN : (int32_t)(last + 1);
    }
    return k + 1;
}

static void transform(const line *l, int32_t positions, int32_t weight)
{
    int32_t count = build(l, positions, weight), k = 0;
    if (count == 0) return;
    for (int32_t q = 0; q < positions; q++) {
        while (k + 1 < count && l->start[k + 1] <= q) k++;
        int32_t d = q - l->vertex[k];
        l->value[q] = weight * d * d + l->height[k];
    }
}

static vly_status run_tile(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int64_t first = item % j->tiles * COLUMNS, count = j->columns - first;
    int32_t *values = j->values + item / j->tiles * j->outer + first * j->line_step;
    int32_t positions = j->n + 2, *base = (int32_t *)(j->scratch + worker * j->per_worker);
    line l = {base + 3 * (int64_t)positions, base, base + positions, base + 2 * (int64_t)positions};
    if (count > COLUMNS) count = COLUMNS;
    for (int64_t c = 0; c < count; c++) {
        l.value[c * positions] = j->envelope.wall_low ? 0 : VLY_FAR;
        l.value[(c + 1) * positions - 1] = j->envelope.wall_high ? 0 : VLY_FAR;
    }
    for (int32_t p = 0; p < j->n; p++)
        for (int64_t c = 0; c < count; c++) l.value[c * positions + 1 + p] = values[p * j->stride + c * j->line_step];
    for (int64_t c = 0; c < count; c++) {
        line one = {l.value + c * positions, l.vertex, l.start, l.height};
        transform(&one, positions, j->envelope.weight);
    }
    for (int32_t p = 0; p < j->n; p++)
        for (int64_t c = 0; c < count; c++) values[p * j->stride + c * j->line_step] = l.value[c * positions + 1 + p];
    return VLY_OK;
}

static int64_t worker_bytes(vly_extent e)
{
    int32_t n = e.nx > e.ny ? e.nx : e.ny;
    if (e.nz > n) n = e.nz;
    return ((int64_t)(n + 2) * (COLUMNS + 3) * (int64_t)sizeof(int32_t) + 63) / 64 * 64;
}

int64_t vly_envelope_scratch_bytes(const vly_queue *queue, vly_extent extent)
{
    return worker_bytes(extent) * queue->pool->threads;
}

vly_status vly_envelope_pass(vly_queue *queue, int32_t *values, vly_extent e, const vly_envelope *envelope,
                             void *scratch)
{
    int64_t page = (int64_t)e.nx * e.ny;
    job j = {.values = values, .envelope = *envelope, .scratch = scratch, .per_worker = worker_bytes(e)};
    if (envelope->axis == 0) /* rows of a page */
        j.n = e.nx, j.stride = 1, j.columns = e.ny, j.line_step = e.nx, j.outer = page;
    else if (envelope->axis == 1) /* columns of a page */
        j.n = e.ny, j.stride = e.nx, j.columns = e.nx, j.line_step = 1, j.outer = page;
    else /* columns of a section */
        j.n = e.nz, j.stride = page, j.columns = e.nx, j.line_step = 1, j.outer = e.nx;
    j.tiles = (j.columns + COLUMNS - 1) / COLUMNS;
    return vly_pool_run(queue->pool, j.tiles * (envelope->axis == 2 ? e.ny : e.nz), run_tile, &j);
}
