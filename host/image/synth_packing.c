/* Collective rearrangement: every overlapping pair is pushed apart a little, all at once, until hardly any overlap is
 * left. A sphere gathers its pushes in the order of its neighbours' indices, so the sum is the same for any number of
 * threads. Neighbour lists hold more than touches (a skin), and are remade only when a sphere has left its skin. */
#include "image/synth_packing.h"

#include "core/memory.h"

#include <string.h>

#define FILL 0.60      /* sum of sphere volumes over box volume */
#define MEDIAN 4.2     /* um, of the volume-weighted radius */
#define SPREAD 0.30    /* standard deviation of its logarithm */
#define RADIUS_MIN 1.3 /* um */
#define RADIUS_MAX 9.0 /* um; and a quarter of the shortest side */
#define OVERLAP_GOAL 0.02
#define WALL 0.6 /* a centre keeps this many radii away from the walls */
#define SKIN 1.0 /* um */
enum { ITERATIONS_MAX = 3000, AT_ONCE = 128 };

typedef struct neighbours {
    int64_t *first; /* (count + 1) */
    int32_t *near;  /* ascending for every sphere */
    int64_t capacity;
    double *x0, *y0, *z0; /* (count) where the spheres were when the lists were made */
} neighbours;

typedef struct relaxation {
    vly_packing *packing;
    neighbours lists;
    vly_synth_sphere *next; /* (count) */
    double *overlap;        /* (items) largest of a run of spheres */
    bool *strayed;          /* (items) a sphere left its skin */
    int32_t *head, *link;   /* cells of the box: first sphere, next sphere in the cell; -1 ends */
    int32_t cells[3];
    double radius_max;
} relaxation;

/* The i-th radius thrown, or 0 if it lies outside the range: volume-weighted lognormal radii as the number-weighted ones
 * they come from, whose median is exp(-3 sigma^2) lower. */
static double thrown_radius(uint64_t i, uint64_t seed, double radius_max)
{
    double median = MEDIAN * vly_synth_exp(-3.0 * SPREAD * SPREAD);
    double r = median * vly_synth_exp(SPREAD * vly_synth_normal(i, vly_hash(1, seed)));
    return r < RADIUS_MIN || r > radius_max ? 0.0 : r;
}

/* Radii until their volumes fill the goal. spheres may be NULL: then they are only counted. */
static int64_t throw_spheres(vly_synth_sphere *spheres, const double size[3], uint64_t seed, double radius_max)
{
    const double goal = FILL * size[0] * size[1] * size[2], volume = 4.18879020478639098;
    const uint64_t places = vly_hash(2, seed);
    int64_t count = 0;
    double filled = 0.0;
    for (uint64_t i = 0; filled < goal; i++) {
        double r = thrown_radius(i, seed, radius_max);
        if (r == 0.0) continue;
        filled += volume * r * r * r;
        uint64_t at = 3 * (uint64_t)count++;
        if (!spheres) continue;
        spheres[count - 1] = (vly_synth_sphere){
            .x = size[0] * vly_synth_uniform(at, places),
            .y = size[1] * vly_synth_uniform(at + 1, places),
            .z = WALL * r + (size[2] - 2.0 * WALL * r) * vly_synth_uniform(at + 2, places),
            .r = r,
        };
    }
    return count;
}

static vly_status draw(vly_packing *p, uint64_t seed, double radius_max)
{
    if (p->size[0] * p->size[1] * p->size[2] > 1e11)
        return vly_fail(VLY_EUSAGE, "synth: %.3g mm3 of electrode, at most 100 mm3 expected",
                        p->size[0] * p->size[1] * p->size[2] * 1e-9);
    p->count = throw_spheres(NULL, p->size, seed, radius_max);
    VLY_TRY(VLY_NEW(&p->spheres, p->count, "particles"));
    throw_spheres(p->spheres, p->size, seed, radius_max);
    return VLY_OK;
}

/* The shortest way from b to a in a box that repeats. */
static double apart(double a, double b, double size)
{
    double d = a - b;
    return d > 0.5 * size ? d - size : d < -0.5 * size ? d + size : d;
}

static int32_t cell_along(double x, double size, int32_t cells)
{
    int32_t c = (int32_t)(x / size * cells);
    return c < 0 ? 0 : c < cells ? c : cells - 1;
}

static void sort_into_cells(relaxation *r)
{
    const vly_packing *p = r->packing;
    for (int64_t i = 0; i < (int64_t)r->cells[0] * r->cells[1] * r->cells[2]; i++) r->head[i] = -1;
    for (int64_t i = p->count - 1; i >= 0; i--) {
        int64_t cell = ((int64_t)cell_along(p->spheres[i].z, p->size[2], r->cells[2]) * r->cells[1] +
                        cell_along(p->spheres[i].y, p->size[1], r->cells[1])) *
                           r->cells[0] +
                       cell_along(p->spheres[i].x, p->size[0], r->cells[0]);
        r->link[i] = r->head[cell];
        r->head[cell] = (int32_t)i;
    }
}

static vly_status append(neighbours *lists, int64_t at, int32_t index)
{
    if (at == lists->capacity) {
        int32_t *larger;
        int64_t capacity = 2 * lists->capacity + 1024;
        VLY_TRY(vly_alloc_raw((void **)&larger, capacity, sizeof *larger, "neighbours of particles"));
        if (at > 0) memcpy(larger, lists->near, (size_t)at * sizeof *larger);
        vly_free(lists->near);
        lists->near = larger;
        lists->capacity = capacity;
    }
    lists->near[at] = index;
    return VLY_OK;
}

/* Everything within a skin of touching sphere i, appended at *at. */
static vly_status collect(relaxation *r, int64_t i, int64_t *at)
{
    const vly_packing *p = r->packing;
    const vly_synth_sphere s = p->spheres[i];
    const double position[3] = {s.x, s.y, s.z};
    int32_t low[3], high[3];
    for (int a = 0; a < 3; a++) {
        int32_t c = cell_along(position[a], p->size[a], r->cells[a]);
        bool all = r->cells[a] < 3;
        low[a] = all ? 0 : c - 1, high[a] = all ? r->cells[a] - 1 : c + 1;
        if (a == 2 && !all) low[a] = low[a] < 0 ? 0 : low[a], high[a] = high[a] < r->cells[a] ? high[a] : c;
    }
    for (int32_t z = low[2]; z <= high[2]; z++)
        for (int32_t y = low[1]; y <= high[1]; y++)
            for (int32_t x = low[0]; x <= high[0]; x++) {
                int32_t wrapped[2] = {(x + r->cells[0]) % r->cells[0], (y + r->cells[1]) % r->cells[1]};
                int64_t cell = ((int64_t)z * r->cells[1] + wrapped[1]) * r->cells[0] + wrapped[0];
                for (int32_t j = r->head[cell]; j >= 0; j = r->link[j]) {
                    const vly_synth_sphere t = p->spheres[j];
                    double dx = apart(s.x, t.x, p->size[0]), dy = apart(s.y, t.y, p->size[1]), dz = s.z - t.z;
                    double limit = s.r + t.r + SKIN;
                    if (j != i && dx * dx + dy * dy + dz * dz < limit * limit) VLY_TRY(append(&r->lists, (*at)++, j));
                }
            }
    return VLY_OK;
}

static vly_status make_lists(relaxation *r)
{
    const vly_packing *p = r->packing;
    int64_t at = 0;
    sort_into_cells(r);
    for (int64_t i = 0; i < p->count; i++) {
        int64_t begin = r->lists.first[i] = at;
        VLY_TRY(collect(r, i, &at));
        for (int64_t m = begin + 1; m < at; m++) { /* short lists, nearly in order */
            int32_t j = r->lists.near[m];
            int64_t n = m;
            for (; n > begin && r->lists.near[n - 1] > j; n--) r->lists.near[n] = r->lists.near[n - 1];
            r->lists.near[n] = j;
        }
        r->lists.x0[i] = p->spheres[i].x, r->lists.y0[i] = p->spheres[i].y, r->lists.z0[i] = p->spheres[i].z;
    }
    r->lists.first[p->count] = at;
    return VLY_OK;
}

/* Half the push out of every overlap of sphere i; the larger sphere moves less. Returns the largest relative overlap. */
static double push(const relaxation *r, int64_t i, double move[3])
{
    const vly_packing *p = r->packing;
    const vly_synth_sphere s = p->spheres[i];
    double largest = 0.0;
    move[0] = move[1] = move[2] = 0.0;
    for (int64_t n = r->lists.first[i]; n < r->lists.first[i + 1]; n++) {
        const vly_synth_sphere t = p->spheres[r->lists.near[n]];
        double dx = apart(s.x, t.x, p->size[0]), dy = apart(s.y, t.y, p->size[1]), dz = s.z - t.z;
        double square = dx * dx + dy * dy + dz * dz, touch = s.r + t.r;
        if (square >= touch * touch) continue;
        double distance = sqrt(square), overlap = touch - distance;
        double step = distance > 0.0 ? 0.5 * overlap * t.r / (touch * distance) : 0.0;
        move[0] += step * dx, move[1] += step * dy, move[2] += step * dz;
        overlap /= s.r < t.r ? s.r : t.r;
        if (overlap > largest) largest = overlap;
    }
    return largest;
}

static double into(double x, double size)
{
    x = x < 0.0 ? x + size : x >= size ? x - size : x;
    return x < size ? x : 0.0;
}

static vly_status relax_run(void *self, int64_t item, int32_t worker)
{
    relaxation *r = self;
    const vly_packing *p = r->packing;
    int64_t end = (item + 1) * AT_ONCE < p->count ? (item + 1) * AT_ONCE : p->count;
    (void)worker;
    r->overlap[item] = 0.0;
    r->strayed[item] = false;
    for (int64_t i = item * AT_ONCE; i < end; i++) {
        vly_synth_sphere s = p->spheres[i];
        double move[3], overlap = push(r, i, move), wall = WALL * s.r;
        if (overlap > r->overlap[item]) r->overlap[item] = overlap;
        s.x = into(s.x + move[0], p->size[0]);
        s.y = into(s.y + move[1], p->size[1]);
        s.z += move[2];
        s.z = s.z < wall ? wall : s.z > p->size[2] - wall ? p->size[2] - wall : s.z;
        double dx = apart(s.x, r->lists.x0[i], p->size[0]), dy = apart(s.y, r->lists.y0[i], p->size[1]);
        double dz = s.z - r->lists.z0[i];
        if (dx * dx + dy * dy + dz * dz > 0.25 * SKIN * SKIN) r->strayed[item] = true;
        r->next[i] = s;
    }
    return VLY_OK;
}

static vly_status relax(relaxation *r, vly_device *device)
{
    vly_packing *p = r->packing;
    int64_t items = (p->count + AT_ONCE - 1) / AT_ONCE;
    VLY_TRY(make_lists(r));
    for (p->iterations = 0;; p->iterations++) {
        VLY_TRY(vly_pool_run(device->pool, items, relax_run, r));
        bool strayed = false;
        p->overlap = 0.0;
        for (int64_t i = 0; i < items; i++) {
            if (r->overlap[i] > p->overlap) p->overlap = r->overlap[i];
            strayed = strayed || r->strayed[i];
        }
        if (p->overlap < OVERLAP_GOAL || p->iterations == ITERATIONS_MAX) return VLY_OK;
        vly_synth_sphere *swap = p->spheres;
        p->spheres = r->next;
        r->next = swap;
        if (strayed) VLY_TRY(make_lists(r));
        if (p->iterations % 50 == 0) {
            vly_device_update(device, "packing", p->iterations, ITERATIONS_MAX, "iterations");
            VLY_TRY(vly_device_stop(device));
        }
    }
}

static vly_status prepare(relaxation *r)
{
    const vly_packing *p = r->packing;
    double edge = 2.0 * r->radius_max + SKIN;
    for (int a = 0; a < 3; a++) {
        r->cells[a] = (int32_t)(p->size[a] / edge);
        if (r->cells[a] < 1) r->cells[a] = 1;
    }
    int64_t items = (p->count + AT_ONCE - 1) / AT_ONCE;
    VLY_TRY(VLY_NEW(&r->head, (int64_t)r->cells[0] * r->cells[1] * r->cells[2], "cells of particles"));
    VLY_TRY(VLY_NEW(&r->link, p->count, "cells of particles"));
    VLY_TRY(VLY_NEW(&r->next, p->count, "particles"));
    VLY_TRY(VLY_NEW(&r->overlap, items, "overlaps"));
    VLY_TRY(VLY_NEW(&r->strayed, items, "overlaps"));
    VLY_TRY(VLY_NEW(&r->lists.first, p->count + 1, "neighbours of particles"));
    VLY_TRY(VLY_NEW(&r->lists.x0, p->count, "neighbours of particles"));
    VLY_TRY(VLY_NEW(&r->lists.y0, p->count, "neighbours of particles"));
    return VLY_NEW(&r->lists.z0, p->count, "neighbours of particles");
}

vly_status vly_packing_make(vly_packing *out, vly_device *device, const double size[3], uint64_t seed)
{
    *out = (vly_packing){.size = {size[0], size[1], size[2]}};
    relaxation r = {.packing = out, .radius_max = RADIUS_MAX};
    for (int a = 0; a < 3; a++)
        if (0.25 * size[a] < r.radius_max) r.radius_max = 0.25 * size[a]; /* no pair meets twice around the box */
    if (r.radius_max < 2.0 * RADIUS_MIN)
        return vly_fail(VLY_EUSAGE, "synth: a side of %.3g um, at least %.3g um expected for packed particles",
                        4.0 * r.radius_max, 8.0 * RADIUS_MIN);
    vly_status status = draw(out, seed, r.radius_max);
    if (status == VLY_OK) status = prepare(&r);
    if (status == VLY_OK) status = relax(&r, device);
    if (status == VLY_OK && out->overlap >= OVERLAP_GOAL)
        vly_device_warn(device,
                        "synth: particles overlap by up to %.1f %% of a radius after %d iterations, %.0f %% sought",
                        100.0 * out->overlap, ITERATIONS_MAX, 100.0 * OVERLAP_GOAL);
    void *held[] = {r.head,        r.link,       r.next,     r.overlap,  r.strayed,
                    r.lists.first, r.lists.near, r.lists.x0, r.lists.y0, r.lists.z0};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) vly_free(held[i]);
    if (status != VLY_OK) vly_packing_free(out);
    return status;
}

void vly_packing_free(vly_packing *packing)
{
    vly_free(packing->spheres);
    packing->spheres = NULL;
}
