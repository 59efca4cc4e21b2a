/* Counts of voxel pairs, block by block. With u a run of pages and A(u) its pair counts, blocks k and the pages h(k) that
 * follow block k within reach: A(volume) = sum of A(block + h) - A(h), since the pairs that lie in h alone are the next
 * block's. Whole numbers, so any cut gives the same. A periodic volume goes round: its last block is followed by page 0.
 * Where memory is short the lags are cut as well: those along z in groups of |h|, each a run of its own. */
#include "morphology/two_point_impl.h"

#include "core/device_impl.h"
#include "core/memory.h"
#include "morphology/label_pages.h"

#include <math.h>
#include <string.h>

enum { BYTES_PER_VOXEL = 24, SMALL = 1 << 20, BATCHES = 32 };

typedef struct work {
    vly_device *device;
    vly_source *labels;
    const vly_two_point_options *options;
    vly_two_point_result *out;
    vly_extent extent;
    int32_t block, halo; /* pages; halo: those that follow a block, unless it is all there is */
    int32_t batch;       /* see vly_two_point_plan */
    int32_t group;       /* lags |h| along z that are counted at once */
    vly_lag_range along; /* those at work */
    int64_t host, own;   /* bytes */
    vly_buffer pages, roots, counts, deviation, scratch;
    uint8_t *stage; /* for devices with memory of their own, */
    int64_t *found; /* as are these counts */
    double *host_roots;
    vly_two_point_sums sums;
} work;

/* ---- transforms ---- */

static double effort(int32_t n)
{
    static const double price[8] = {0, 0, 1.0, 1.6, 1.5, 2.6, 0, 5.0}; /* per point and pass of that radix, about */
    vly_fft fft = vly_fft_of(n);
    double sum = 1;
    for (int32_t i = 0; i < fft.passes; i++) {
        if (fft.radix[i] > 7) return INFINITY;
        sum += price[fft.radix[i]];
    }
    return sum * n;
}

/* The length >= least that costs least; powers of two are never far away. */
static int32_t good_length(int32_t least)
{
    int32_t best = 1;
    while (best < least) best *= 2;
    for (int32_t n = least; n < best; n++)
        if (effort(n) < effort(best)) best = n;
    return best;
}

static vly_two_point_plan plan_of(const work *w, int32_t pages)
{
    vly_two_point_plan p = {.extent = {w->extent.nx, w->extent.ny, pages}, .batch = w->batch};
    const int32_t n[3] = {w->extent.nx, w->extent.ny, pages};
    for (int a = 0; a < 3; a++) {
        bool round = w->options->periodic && (a < 2 || w->block == w->extent.nz);
        p.lag[a] = (vly_lag_range){0, w->out->lag[a] + 1};
        p.fft[a] = vly_fft_of(round ? n[a] : good_length(n[a] + w->out->lag[a]));
    }
    p.lag[2] = w->along;
    return p;
}

static int64_t roots_of(const vly_two_point_plan *p)
{
    return (int64_t)2 * ((int64_t)p->fft[0].n + p->fft[1].n + p->fft[2].n);
}

static vly_status upload_roots(work *w, const vly_two_point_plan *p)
{
    const double turn = 2.0 * 3.14159265358979323846;
    double *to = w->host_roots;
    for (int a = 0; a < 3; a++)
        for (int32_t i = 0; i < p->fft[a].n; i++, to += 2) {
            to[0] = cos(turn * i / p->fft[a].n);
            to[1] = -sin(turn * i / p->fft[a].n);
        }
    return vly_buffer_upload(&w->roots, w->host_roots, roots_of(p) * (int64_t)sizeof(double));
}

/* ---- memory ---- */

static int32_t most_pages(const work *w)
{
    int32_t pages = w->block + w->halo;
    return w->options->periodic || pages < w->extent.nz ? pages : w->extent.nz;
}

/* The group of lags with the most of them: on both sides of zero, if there are others. */
static vly_lag_range most_lags(const work *w)
{
    int32_t all = w->out->lag[2] + 1;
    return w->group == all ? (vly_lag_range){0, all} : (vly_lag_range){all - w->group, all};
}

static int64_t kept_bytes(const work *w)
{
    int64_t lags = 1;
    for (int a = 0; a < 3; a++) lags *= 2 * (int64_t)w->out->lag[a] + 1;
    return w->options->counts ? VLY_COUNTED_PAIRS * lags * (int64_t)sizeof(int64_t) : 0;
}

/* Sets host and own to what this cut holds. */
static void measure(work *w)
{
    w->halo = w->block == w->extent.nz ? 0 : w->out->lag[2];
    w->along = most_lags(w);
    vly_two_point_plan p = plan_of(w, most_pages(w));
    int64_t page = (int64_t)w->extent.nx * w->extent.ny * most_pages(w), roots = roots_of(&p) * (int64_t)sizeof(double);
    int64_t counts = VLY_COUNTED_PAIRS * vly_lag_cube(&p) * (int64_t)sizeof(int64_t), double_size = sizeof(double);
    int64_t device =
        page + roots + counts + double_size + w->device->kernels->two_point_scratch_bytes(w->device->queue, &p);
    int64_t results = kept_bytes(w) + roots + vly_two_point_sums_bytes(w->out->reach) +
                      w->device->pool->threads * vly_source_info(w->labels)->decode_bytes;
    bool unified = w->device->unified;
    w->host = results + (unified ? device : page + counts);
    w->own = unified ? 0 : device;
}

/* A cut, what it holds, and about how long it takes: groups transform everything again, blocks their halo, batches what
 * goes along x. */
typedef struct cut {
    int32_t block, batch, group;
    int64_t host, own;
    double effort;
} cut;

static cut cut_into(work *w, int32_t blocks, int32_t groups, int32_t batches)
{
    w->block = (w->extent.nz + blocks - 1) / blocks;
    w->group = (w->out->lag[2] + groups) / groups;
    vly_two_point_plan p = plan_of(w, 1);
    w->batch = ((vly_half(&p) + batches - 1) / batches + 3) / 4 * 4;
    measure(w);
    double again = w->block < w->extent.nz ? 1.0 + 2.0 * w->halo / w->block : 1.0;
    return (cut){w->block, w->batch, w->group, w->host, w->own, groups * again * (batches + 3)};
}

/* The least effort within the limits; if there is none, *best is what holds least. */
static bool find_cut(work *w, int64_t host, int64_t own, cut *best)
{
    bool found = false;
    *best = (cut){.host = INT64_MAX};
    for (int64_t blocks = 1; blocks < 2 * (int64_t)w->extent.nz; blocks *= 2)
        for (int64_t groups = 1; groups < 2 * ((int64_t)w->out->lag[2] + 1); groups *= 2)
            for (int32_t batches = 1; batches <= BATCHES; batches *= 2) {
                cut c = cut_into(w, blocks < w->extent.nz ? (int32_t)blocks : w->extent.nz,
                                 groups <= w->out->lag[2] ? (int32_t)groups : w->out->lag[2] + 1, batches);
                bool fits = c.host <= host && c.own <= own;
                if (fits ? !found || c.effort < best->effort : !found && c.host + c.own < best->host + best->own)
                    *best = c;
                found = found || fits;
            }
    return found;
}

static vly_status choose(work *w)
{
    int64_t host = w->device->memory_limit - vly_memory_held();
    int64_t own = w->device->unified ? INT64_MAX : w->device->device_memory_limit;
    int64_t aim = BYTES_PER_VOXEL * vly_extent_voxels(w->extent);
    cut best;
    if (aim < SMALL) aim = SMALL;
    bool found = find_cut(w, aim < host ? aim : host, aim < own ? aim : own, &best);
    if (!found) found = find_cut(w, host, own, &best);
    w->block = best.block;
    w->batch = best.batch;
    w->group = best.group;
    measure(w);
    if (found) return VLY_OK;
    bool small = w->host > host;
    return vly_fail(VLY_EMEMORY,
                    "%s: two-point functions: a %smemory limit of %lld MiB is too small, at least %lld MiB expected",
                    vly_source_info(w->labels)->path, small ? "" : "device ",
                    (long long)((small ? w->device->memory_limit : own) >> 20),
                    (long long)(((small ? w->host + vly_memory_held() : w->own) >> 20) + 1));
}

/* ---- counting ---- */

static vly_status read_pages(work *w, int32_t z0, int32_t count)
{
    int64_t page = (int64_t)w->extent.nx * w->extent.ny;
    uint8_t *to = w->stage ? w->stage : w->pages.data;
    for (int32_t done = 0, run; done < count; done += run) {
        int32_t z = (z0 + done) % w->extent.nz; /* a periodic volume goes round */
        run = count - done < w->extent.nz - z ? count - done : w->extent.nz - z;
        VLY_TRY(vly_labels_read(w->device, w->labels, z, run, to + done * page));
    }
    return w->stage ? vly_buffer_upload(&w->pages, w->stage, page * count) : VLY_OK;
}

static vly_status add(work *w, int32_t first, int32_t count, int32_t sign)
{
    vly_two_point_plan p = plan_of(w, count);
    const uint8_t *labels = (const uint8_t *)w->pages.data + (int64_t)first * w->extent.nx * w->extent.ny;
    VLY_TRY(upload_roots(w, &p));
    return w->device->kernels->two_point(w->device->queue, labels, &p, w->roots.data, sign, w->scratch.data,
                                         w->counts.data, w->deviation.data);
}

/* All that is there of the pages is read once if they are one block. */
static vly_status count_blocks(work *w)
{
    int32_t nz = w->extent.nz;
    VLY_TRY(vly_buffer_clear(&w->counts));
    for (int32_t z = 0; z < nz; z += w->block) {
        int32_t block = nz - z < w->block ? nz - z : w->block, halo = w->halo;
        if (!w->options->periodic && z + block + halo > nz) halo = nz - z - block;
        VLY_TRY(vly_device_stop(w->device));
        VLY_TRY(vly_device_wait(w->device));
        if (w->block < nz || w->along.near == 0) VLY_TRY(read_pages(w, z, block + halo));
        VLY_TRY(add(w, 0, block + halo, 1));
        if (halo > 0) VLY_TRY(add(w, block, halo, -1));
        vly_device_update(w->device, "two-point", (int64_t)w->along.near * nz + z + block,
                          (w->out->lag[2] + INT64_C(1)) * nz, "page");
    }
    return VLY_OK;
}

/* The counts of this group go where the whole of them is kept. */
static void keep(const work *w, const int64_t *counts)
{
    const int32_t *lag = w->out->lag;
    const int64_t page = (2 * (int64_t)lag[0] + 1) * (2 * lag[1] + 1), slots = vly_lags_in(w->along);
    for (int64_t pair = 0; pair < VLY_COUNTED_PAIRS; pair++)
        for (int32_t s = 0; s < slots; s++)
            memcpy(w->out->counts + (pair * (2 * lag[2] + 1) + vly_lag_at(w->along, s) + lag[2]) * page,
                   counts + (pair * slots + s) * page, (size_t)page * sizeof *counts);
}

static vly_status fetch_counts(work *w)
{
    const int64_t *counts = w->found ? w->found : w->counts.data;
    VLY_TRY(vly_device_wait(w->device));
    if (w->found) VLY_TRY(vly_buffer_download(&w->counts, w->found, w->counts.bytes));
    if (w->out->counts) keep(w, counts);
    return vly_two_point_gather(w->out, &w->sums, counts, w->along, vly_source_info(w->labels)->path);
}

static vly_status count_groups(work *w)
{
    double deviation;
    for (int32_t near = 0; near <= w->out->lag[2]; near += w->group) {
        int32_t far = near + w->group <= w->out->lag[2] ? near + w->group : w->out->lag[2] + 1;
        w->along = (vly_lag_range){near, far};
        VLY_TRY(count_blocks(w));
        VLY_TRY(fetch_counts(w));
    }
    VLY_TRY(vly_buffer_download(&w->deviation, &deviation, sizeof deviation));
    if (!(deviation < 0.2))
        return vly_fail(VLY_EINTERNAL, "two-point counts are %.3g away from whole numbers, below 0.2 expected",
                        deviation);
    return vly_two_point_finish(w->out, &w->sums);
}

static vly_status run(work *w)
{
    vly_two_point_plan p = plan_of(w, most_pages(w));
    int64_t page = (int64_t)w->extent.nx * w->extent.ny, roots = roots_of(&p) * (int64_t)sizeof(double);
    int64_t scratch = w->device->kernels->two_point_scratch_bytes(w->device->queue, &p);
    int64_t counts = VLY_COUNTED_PAIRS * vly_lag_cube(&p) * (int64_t)sizeof(int64_t);
    VLY_TRY(vly_buffer_reserve(&w->pages, w->device, page * most_pages(w), "labels"));
    VLY_TRY(vly_buffer_reserve(&w->roots, w->device, roots, "roots of unity"));
    VLY_TRY(vly_buffer_create(&w->counts, w->device, counts, "counts"));
    VLY_TRY(vly_buffer_create(&w->deviation, w->device, sizeof(double), "deviation"));
    VLY_TRY(vly_buffer_reserve(&w->scratch, w->device, scratch, "transforms"));
    VLY_TRY(vly_alloc_raw((void **)&w->host_roots, roots, 1, "roots of unity"));
    if (!w->device->unified) VLY_TRY(vly_alloc_raw((void **)&w->stage, page, most_pages(w), "labels"));
    if (!w->device->unified) VLY_TRY(vly_alloc_raw((void **)&w->found, counts, 1, "counts"));
    if (w->options->counts) VLY_TRY(vly_alloc_raw((void **)&w->out->counts, kept_bytes(w), 1, "two-point counts"));
    VLY_TRY(vly_two_point_sums_create(&w->sums, w->out->reach));
    return count_groups(w);
}

/* ---- */

static vly_status prepare(work *w, vly_two_point_result *out, vly_device *device, vly_source *labels,
                          const vly_two_point_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    const vly_voxel_size *size = &info->voxel_size;
    vly_extent e = info->extent;
    *out = (vly_two_point_result){.reach = options->reach, .centring = options->centring};
    *w = (work){.device = device, .labels = labels, .options = options, .out = out, .extent = e};
    if (options->reach < 0)
        return vly_fail(VLY_EUSAGE, "two-point: a reach of %d voxels, 0 or more expected", options->reach);
    VLY_TRY(vly_labels_check(info));
    bool known = size->verdict == VLY_SIZE_FROM_FILE || size->verdict == VLY_SIZE_GIVEN;
    if (out->reach == 0) out->reach = known ? (int32_t)fmin(20e-6 / size->x, 1e6) : 31;
    const int32_t n[3] = {e.nx, e.ny, e.nz};
    int32_t limit = INT32_MAX;
    for (int a = 0; a < 3; a++)
        if (n[a] > 1 && n[a] / 2 < limit) limit = n[a] / 2;
    out->shortened = out->reach > limit;
    if (limit == INT32_MAX) out->reach = 0;
    if (out->shortened) out->reach = limit;
    for (int a = 0; a < 3; a++) out->lag[a] = n[a] > 1 ? out->reach : 0;
    return choose(w);
}

vly_status vly_two_point(vly_two_point_result *out, vly_device *device, vly_source *labels,
                         const vly_two_point_options *options)
{
    work w;
    vly_status status = prepare(&w, out, device, labels, options);
    if (status == VLY_OK) status = run(&w);
    vly_free(w.host_roots);
    vly_free(w.stage);
    vly_free(w.found);
    vly_two_point_sums_free(&w.sums);
    vly_buffer_free(&w.pages);
    vly_buffer_free(&w.roots);
    vly_buffer_free(&w.counts);
    vly_buffer_free(&w.deviation);
    vly_buffer_free(&w.scratch);
    if (status != VLY_OK) vly_two_point_free(out);
    return status;
}

vly_status vly_two_point_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device, vly_source *labels,
                                 const vly_two_point_options *options)
{
    work w;
    vly_two_point_result out;
    VLY_TRY(prepare(&w, &out, device, labels, options));
    *host_bytes = w.host;
    *device_bytes = w.own;
    return VLY_OK;
}
