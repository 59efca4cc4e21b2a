/* One run from the face opposite the separator; values are read at the separator's face. Distances live in 32 bits, which is
 * 65 535 voxel lengths: before they run out, what is final is read off and all others are cut down, so no path is too long. */
#include "voxelyte/geodesic.h"

#include "core/memory.h"
#include "morphology/label_pages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_VOXELS = 1 << 23, BUCKETS = 32, BUCKETS_MOST = 65000, LIST_SHARE = 8, LIST_LEAST = 1 << 12 };

typedef struct work {
    vly_device *device;
    vly_source *labels;
    const vly_geodesic_options *options;
    vly_geodesic_result *out;
    vly_geodesic_field field;
    int32_t chunk;                    /* pages that are marked at once */
    int32_t thickness, start, target; /* planes along the axis */
    int64_t cells, face;              /* of the field with its walls; voxels of a face */
    int64_t host, own;                /* bytes */
    vly_buffer distance, lists, counts, pages, plane;
    uint8_t *stage;   /* for devices with memory of their own */
    uint32_t *found;  /* (face) */
    uint64_t *length; /* (face): 1 / 65536 voxel; 0: none so far */
    uint64_t cut;     /* by how much distances were cut down */
} work;

/* ---- memory ---- */

static vly_status measure(work *w)
{
    const vly_volume_info *info = vly_source_info(w->labels);
    vly_extent e = info->extent;
    int64_t page = (int64_t)e.nx * e.ny;
    w->chunk = page > CHUNK_VOXELS ? 1 : (int32_t)(CHUNK_VOXELS / page);
    if (w->chunk > e.nz) w->chunk = e.nz;
    w->cells = vly_extent_voxels((vly_extent){e.nx + 2, e.ny + 2, e.nz + 2});
    w->field.capacity = vly_extent_voxels(e) / LIST_SHARE + LIST_LEAST;
    int64_t device =
        (w->cells + 1) * (int64_t)sizeof(uint32_t) + w->field.capacity * VLY_GEODESIC_LISTS * (int64_t)sizeof(int64_t) +
        VLY_GEODESIC_COUNTS * (int64_t)sizeof(uint64_t) + page * w->chunk + w->face * (int64_t)sizeof(uint32_t);
    int64_t results = w->face * (int64_t)(sizeof(uint32_t) + 2 * sizeof(uint64_t) + sizeof(float)) +
                      w->device->pool->threads * info->decode_bytes;
    bool unified = w->device->unified;
    w->host = results + (unified ? device : page * w->chunk);
    w->own = unified ? 0 : device;
    int64_t host_limit = w->device->memory_limit, held = vly_memory_held();
    bool small = w->host + held > host_limit;
    if (!small && w->own <= (unified ? INT64_MAX : w->device->device_memory_limit)) return VLY_OK;
    return vly_fail(
        VLY_EMEMORY, "%s: geodesic distances: a %smemory limit of %lld MiB is too small, at least %lld MiB expected",
        info->path, small ? "" : "device ", (long long)((small ? host_limit : w->device->device_memory_limit) >> 20),
        (long long)(((small ? w->host + held : w->own) >> 20) + 1));
}

static vly_status reserve(work *w)
{
    vly_device *d = w->device;
    vly_extent e = w->field.extent;
    int64_t chunk = (int64_t)e.nx * e.ny * w->chunk;
    VLY_TRY(vly_buffer_create(&w->distance, d, (w->cells + 1) * (int64_t)sizeof(uint32_t), "distances"));
    VLY_TRY(
        vly_buffer_reserve(&w->lists, d, w->field.capacity * VLY_GEODESIC_LISTS * (int64_t)sizeof(int64_t), "lists"));
    VLY_TRY(vly_buffer_create(&w->counts, d, VLY_GEODESIC_COUNTS * (int64_t)sizeof(uint64_t), "counts"));
    VLY_TRY(vly_buffer_reserve(&w->pages, d, chunk, "labels"));
    VLY_TRY(vly_buffer_reserve(&w->plane, d, w->face * (int64_t)sizeof(uint32_t), "face"));
    if (!d->unified) VLY_TRY(vly_alloc_raw((void **)&w->stage, chunk, 1, "labels"));
    VLY_TRY(VLY_NEW(&w->found, w->face, "face"));
    VLY_TRY(VLY_NEW(&w->length, w->face, "path lengths"));
    VLY_TRY(VLY_NEW(&w->out->map, w->face, "map of tortuosity"));
    w->field.distance = w->distance.data;
    w->field.lists = w->lists.data;
    w->field.counts = w->counts.data;
    return VLY_OK;
}

/* ---- labels to field ---- */

static vly_status check_inside(const work *w, const uint8_t *labels, int64_t count, int32_t z)
{
    const uint8_t *at = memchr(labels, VLY_OUTSIDE, (size_t)count);
    if (!at) return VLY_OK;
    vly_extent e = w->field.extent;
    int64_t i = at - labels, page = (int64_t)e.nx * e.ny;
    return vly_fail(VLY_EDATA, "%s: voxel x=%lld y=%lld z=%lld is outside, paths need a window that is inside (E_ROI)",
                    vly_source_info(w->labels)->path, (long long)(i % e.nx), (long long)(i % page / e.nx),
                    (long long)(z + i / page));
}

static vly_status mark(work *w)
{
    vly_extent e = w->field.extent;
    int64_t page = (int64_t)e.nx * e.ny;
    uint8_t *to = w->stage ? w->stage : w->pages.data;
    for (int32_t z = 0; z < e.nz; z += w->chunk) {
        int32_t count = e.nz - z < w->chunk ? e.nz - z : w->chunk;
        VLY_TRY(vly_device_stop(w->device));
        VLY_TRY(vly_device_wait(w->device));
        VLY_TRY(vly_labels_read(w->device, w->labels, z, count, to));
        VLY_TRY(check_inside(w, to, page * count, z));
        if (w->stage) VLY_TRY(vly_buffer_upload(&w->pages, w->stage, page * count));
        VLY_TRY(w->device->kernels->geodesic_mark(w->device->queue, &w->field, w->pages.data, z, count,
                                                  w->options->phases));
    }
    return vly_device_wait(w->device);
}

/* ---- the run ---- */

static vly_status fetch_face(work *w)
{
    VLY_TRY(w->device->kernels->geodesic_plane(w->device->queue, &w->field, w->options->axis, w->start, w->plane.data));
    return vly_buffer_download(&w->plane, w->found, w->plane.bytes);
}

/* Lengths at the separator's face that are final: below `below`. */
static vly_status read_lengths(work *w, uint32_t below)
{
    VLY_TRY(fetch_face(w));
    for (int64_t i = 0; i < w->face; i++)
        if (w->length[i] == 0 && w->found[i] != VLY_GEODESIC_WALL && w->found[i] < below)
            w->length[i] = w->cut + w->found[i];
    return VLY_OK;
}

static vly_status cut_down(work *w, uint32_t *bucket)
{
    uint32_t by = (*bucket - VLY_GEODESIC_CYCLE) / VLY_GEODESIC_CYCLE * VLY_GEODESIC_CYCLE;
    VLY_TRY(read_lengths(w, *bucket << VLY_GEODESIC_SHIFT));
    VLY_TRY(w->device->kernels->geodesic_rebase(w->device->queue, &w->field, by << VLY_GEODESIC_SHIFT));
    w->cut += (uint64_t)by << VLY_GEODESIC_SHIFT;
    *bucket -= by;
    return VLY_OK;
}

static vly_status propagate(work *w)
{
    uint64_t counts[VLY_GEODESIC_COUNTS];
    uint32_t bucket = 1;
    VLY_TRY(w->device->kernels->geodesic_start(w->device->queue, &w->field, w->options->axis, w->target));
    do {
        VLY_TRY(vly_device_stop(w->device));
        if (bucket > BUCKETS_MOST) VLY_TRY(cut_down(w, &bucket));
        VLY_TRY(w->device->kernels->geodesic_advance(w->device->queue, &w->field, bucket, BUCKETS));
        bucket += BUCKETS;
        VLY_TRY(vly_buffer_download(&w->counts, counts, sizeof counts));
    } while (counts[bucket % VLY_GEODESIC_COUNTS] + counts[(bucket + 1) % VLY_GEODESIC_COUNTS] > 0);
    return read_lengths(w, VLY_GEODESIC_UNSEEN);
}

/* ---- results ---- */

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* lengths: ascending. Sums of whole numbers, and of squares in one fixed order. */
static void summarise(const work *w, const uint64_t *lengths, int64_t n)
{
    vly_geodesic_result *r = w->out;
    const double unit = (double)VLY_GEODESIC_SOURCE * (w->thickness - 1);
    uint64_t sum = 0;
    double squares = 0;
    for (int64_t i = 0; i < n; i++) sum += lengths[i];
    r->mean = (double)sum / (double)n / unit;
    for (int64_t i = 0; i < n; i++) {
        double away = (double)lengths[i] / unit - r->mean;
        squares += away * away;
    }
    r->std = sqrt(squares / (double)n);
    r->q05 = (double)lengths[n / 20] / unit;
    r->q50 = (double)lengths[n / 2] / unit;
    r->q95 = (double)lengths[n * 19 / 20] / unit;
    r->minimum = (double)lengths[0] / unit;
    r->maximum = (double)lengths[n - 1] / unit;
}

static vly_status make_histogram(const work *w, const uint64_t *lengths, int64_t n)
{
    const uint64_t unit = (uint64_t)VLY_GEODESIC_SOURCE * (uint64_t)(w->thickness - 1);
    vly_geodesic_result *r = w->out;
    r->bins = (int32_t)((lengths[n - 1] - unit) * 200 / unit) + 1; /* 200 is 1 / VLY_GEODESIC_BIN */
    VLY_TRY(VLY_NEW(&r->histogram, r->bins, "histogram of tortuosity"));
    for (int64_t i = 0; i < n; i++) r->histogram[(lengths[i] - unit) * 200 / unit]++;
    return VLY_OK;
}

static void explain(vly_geodesic_result *r)
{
    r->mean = r->std = r->q05 = r->q50 = r->q95 = r->minimum = r->maximum = NAN;
    if (r->reason) return;
    r->reason = r->start_voxels == 0 ? "the phase does not reach the separator"
                                     : "no path leads from the separator to the other side";
}

static vly_status evaluate(work *w)
{
    vly_geodesic_result *r = w->out;
    uint64_t *lengths;
    int64_t n = 0;
    VLY_TRY(VLY_NEW(&lengths, w->face, "path lengths"));
    for (int64_t i = 0; i < w->face; i++) {
        bool reached = w->length[i] > 0;
        r->start_voxels += reached || w->found[i] == VLY_GEODESIC_UNSEEN;
        if (reached) lengths[n++] = w->length[i] - VLY_GEODESIC_SOURCE;
        r->map[i] = reached && !r->reason
                        ? (float)((double)lengths[n - 1] / ((double)VLY_GEODESIC_SOURCE * (w->thickness - 1)))
                        : NAN;
    }
    r->reached_voxels = r->reason ? 0 : n;
    if (r->start_voxels > 0) r->reached_fraction = (double)r->reached_voxels / (double)r->start_voxels;
    qsort(lengths, (size_t)n, sizeof *lengths, by_size);
    vly_status status = VLY_OK;
    if (r->reached_voxels > 0) {
        summarise(w, lengths, n);
        status = make_histogram(w, lengths, n);
    } else
        explain(r);
    vly_free(lengths);
    return status;
}

/* ---- */

static vly_status prepare(work *w, vly_geodesic_result *out, vly_device *device, vly_source *labels,
                          const vly_geodesic_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    const int32_t sides[3] = {info->extent.nx, info->extent.ny, info->extent.nz};
    *out = (vly_geodesic_result){0};
    *w = (work){.device = device, .labels = labels, .options = options, .out = out, .field = {.extent = info->extent}};
    if (options->axis < 0 || options->axis > 2)
        return vly_fail(VLY_EUSAGE, "geodesic: axis %d, 0, 1 or 2 expected", options->axis);
    VLY_TRY(vly_labels_check(info));
    w->thickness = sides[options->axis];
    w->start = options->separator_high ? w->thickness - 1 : 0;
    w->target = w->thickness - 1 - w->start;
    out->rows = vly_geodesic_rows(info->extent, options->axis);
    out->columns = vly_geodesic_columns(info->extent, options->axis);
    w->face = (int64_t)out->rows * out->columns;
    if (w->thickness == 1) out->reason = "one voxel thick: there is no length to compare with";
    return measure(w);
}

vly_status vly_geodesic(vly_geodesic_result *out, vly_device *device, vly_source *labels,
                        const vly_geodesic_options *options)
{
    work w;
    vly_status status = prepare(&w, out, device, labels, options);
    if (status == VLY_OK) status = reserve(&w);
    if (status == VLY_OK) status = mark(&w);
    if (status == VLY_OK) status = propagate(&w);
    if (status == VLY_OK) status = evaluate(&w);
    vly_free(w.length);
    vly_free(w.found);
    vly_free(w.stage);
    vly_buffer_free(&w.plane);
    vly_buffer_free(&w.pages);
    vly_buffer_free(&w.counts);
    vly_buffer_free(&w.lists);
    vly_buffer_free(&w.distance);
    if (status != VLY_OK) vly_geodesic_free(out);
    return status;
}

vly_status vly_geodesic_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device, vly_source *labels,
                                const vly_geodesic_options *options)
{
    work w;
    vly_geodesic_result out;
    VLY_TRY(prepare(&w, &out, device, labels, options));
    *host_bytes = w.host;
    *device_bytes = w.own;
    return VLY_OK;
}

void vly_geodesic_free(vly_geodesic_result *r)
{
    vly_free(r->histogram);
    vly_free(r->map);
    *r = (vly_geodesic_result){0};
}
