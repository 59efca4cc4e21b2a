#include "morphology/size_window.h"

#include "core/memory.h"
#include "morphology/cover_table.h"

enum { PAGES_AT_ONCE = 8, LEVEL_BYTES = 2 * 4 * VLY_COVER_CLASSES + 4 * 8 /* table, being made too; counts */ };

/* ---- memory ---- */

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The largest of: distances from labels; a way in; painting it. Beside them the table of balls and the counts. */
static int64_t bytes_of(const vly_device *device, vly_extent extent, int32_t levels)
{
    const vly_kernels *k = device->kernels;
    int64_t voxels = vly_extent_voxels(extent), map = voxels * (int64_t)sizeof(int32_t);
    int64_t distances = voxels + map + k->distance_scratch_bytes(device->queue, extent);
    int64_t way = 2 * map + k->bottleneck_scratch_bytes(device->queue, extent, levels);
    int64_t paint = 3 * map + k->cover_scratch_bytes(device->queue, extent, levels);
    return largest(distances, largest(way, paint)) + (int64_t)levels * LEVEL_BYTES;
}

/* The largest ball is known when distances are: till then it is taken to be half as wide as the shortest side. */
static int32_t likely_levels(vly_extent e)
{
    int32_t side = e.nx < e.ny ? e.nx : e.ny;
    if (e.nz < side) side = e.nz;
    int64_t levels = (int64_t)(side / 4) * (side / 4) + 1;
    return levels < VLY_FAR ? (int32_t)levels : VLY_FAR;
}

int64_t vly_granulometry_bytes(const vly_device *device, vly_extent extent)
{
    return bytes_of(device, extent, likely_levels(extent));
}

static vly_status check_memory(const vly_size_window *w, int32_t levels)
{
    const vly_device *device = w->device;
    int64_t need = bytes_of(device, w->extent, levels);
    int64_t limit = device->unified ? device->memory_limit : device->device_memory_limit;
    if (need <= limit) return VLY_OK;
    return vly_fail(
        VLY_EMEMORY,
        "%s: sizes in %d x %d x %d voxels take %lld MiB, the %smemory limit is %lld MiB; a smaller window or a larger limit is needed",
        w->path, w->extent.nx, w->extent.ny, w->extent.nz, (long long)((need >> 20) + 1),
        device->unified ? "" : "device ", (long long)(limit >> 20));
}

/* ---- labels ---- */

typedef struct reading {
    vly_source *source;
    vly_extent extent;
    uint8_t *to; /* (extent) */
} reading;

static vly_status read_pages(void *self, int64_t item, int32_t worker)
{
    const reading *r = self;
    int32_t z = (int32_t)item * PAGES_AT_ONCE,
            count = r->extent.nz - z < PAGES_AT_ONCE ? r->extent.nz - z : PAGES_AT_ONCE;
    (void)worker;
    return vly_source_read(r->source, z, count, r->to + vly_at(r->extent, 0, 0, z));
}

static vly_status read_labels(const vly_size_window *w, vly_source *labels, vly_buffer *label)
{
    reading r = {labels, w->extent, label->data};
    uint8_t *stage = NULL;
    if (!w->device->unified) {
        VLY_TRY(vly_alloc_raw((void **)&stage, label->bytes, 1, "labels"));
        r.to = stage;
    }
    vly_status status =
        vly_pool_run(w->device->pool, (w->extent.nz + PAGES_AT_ONCE - 1) / PAGES_AT_ONCE, read_pages, &r);
    if (status == VLY_OK && stage) status = vly_buffer_upload(label, stage, label->bytes);
    vly_free(stage);
    return status;
}

/* Voxels of each phase: those in X, and whether some are outside. */
static vly_status count_labels(vly_size_window *w, const vly_buffer *label, uint32_t phases)
{
    uint64_t counts[VLY_PHASES + 1] = {0};
    int64_t known = VLY_PHASES * (int64_t)sizeof *counts, voxels = vly_extent_voxels(w->extent);
    vly_buffer bins;
    VLY_TRY(vly_buffer_create(&bins, w->device, known, "counts"));
    vly_status status =
        w->device->kernels->joint(w->device->queue, label->data, 1, voxels, voxels, (uint64_t *)bins.data);
    if (status == VLY_OK) status = vly_buffer_download(&bins, counts, known);
    vly_buffer_free(&bins);
    VLY_TRY(status);
    counts[VLY_PHASES] = (uint64_t)voxels - counts[VLY_PORE] - counts[VLY_AM] - counts[VLY_CBD];
    for (int32_t p = 0; p <= VLY_PHASES; p++)
        if (phases >> p & 1) w->inside += (int64_t)counts[p];
    if (counts[VLY_PHASES] == 0 || (phases & VLY_OUTSIDE_BIT)) return VLY_OK;
    return vly_fail(VLY_EDATA,
                    "%s: %llu voxels lie outside the region of interest, a window without them is needed (E_ROI)",
                    w->path, (unsigned long long)counts[VLY_PHASES]);
}

/* ---- distances ---- */

static vly_status measure(vly_size_window *w, const vly_buffer *label, uint32_t phases)
{
    vly_device *device = w->device;
    const vly_kernels *k = device->kernels;
    vly_buffer farthest = {0}, scratch = {0};
    vly_status status =
        vly_buffer_reserve(&w->distance2, device, vly_extent_voxels(w->extent) * (int64_t)sizeof(int32_t), "distances");
    if (status == VLY_OK)
        status = vly_buffer_reserve(&scratch, device, k->distance_scratch_bytes(device->queue, w->extent), "scratch");
    if (status == VLY_OK) status = vly_buffer_create(&farthest, device, sizeof w->farthest, "largest distance");
    if (status == VLY_OK)
        status = k->distance(device->queue, label->data, w->extent, &w->metric, phases, w->walls, w->distance2.data,
                             farthest.data, scratch.data);
    if (status == VLY_OK) status = vly_buffer_download(&farthest, &w->farthest, sizeof w->farthest);
    vly_buffer_free(&farthest);
    vly_buffer_free(&scratch);
    return status;
}

static vly_status check_options(const vly_granulometry_options *o)
{
    uint32_t all = VLY_OUTSIDE_BIT | (VLY_OUTSIDE_BIT - 1);
    if (o->phases == 0 || (o->phases & ~all)) return vly_fail(VLY_EUSAGE, "sizes: a set of phases is expected");
    if (o->inlets >> VLY_INLETS) return vly_fail(VLY_EUSAGE, "sizes: a set of inlets is expected");
    if (o->through < 0 || o->through > 2)
        return vly_fail(VLY_EUSAGE, "sizes: axis %d, 0 to 2 expected", (int)o->through);
    return VLY_OK;
}

uint32_t vly_size_window_faces(const vly_granulometry_options *o, vly_inlet inlet)
{
    uint32_t low = 1u << (2 * o->through), high = low << 1;
    switch (inlet) {
    case VLY_INLET_SEPARATOR:
        return o->separator_high ? high : low;
    case VLY_INLET_COLLECTOR:
        return o->separator_high ? low : high;
    case VLY_INLET_BOTH:
        return low | high;
    default:
        return VLY_FACES_ALL;
    }
}

vly_status vly_size_window_open(vly_size_window *out, vly_device *device, vly_source *labels,
                                const vly_granulometry_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    *out = (vly_size_window){.device = device, .path = info->path, .extent = info->extent};
    VLY_TRY(check_options(options));
    if (info->type != VLY_U8) return vly_fail(VLY_EUSAGE, "%s: labels of one byte are expected", info->path);
    if (vly_extent_voxels(info->extent) >= UINT32_MAX)
        return vly_fail(VLY_EDATA, "%s: %lld voxels, sizes are measured in less than 2^32 (E_DIM)", info->path,
                        (long long)vly_extent_voxels(info->extent));
    VLY_TRY(vly_size_unit_of(&out->unit, &options->voxel, info->extent));
    out->metric = (vly_metric){out->unit.x, out->unit.y, out->unit.z};
    if (options->collector_solid) out->walls = vly_size_window_faces(options, VLY_INLET_COLLECTOR);
    VLY_TRY(check_memory(out, likely_levels(info->extent)));
    vly_buffer label;
    VLY_TRY(vly_buffer_reserve(&label, device, vly_extent_voxels(info->extent), "labels"));
    vly_status status = read_labels(out, labels, &label);
    if (status == VLY_OK) status = count_labels(out, &label, options->phases);
    if (status == VLY_OK) status = measure(out, &label, options->phases);
    vly_buffer_free(&label);
    if (status == VLY_OK && out->farthest < VLY_FAR) status = check_memory(out, vly_size_window_levels(out));
    return status;
}

void vly_size_window_free(vly_size_window *w)
{
    vly_buffer_free(&w->distance2);
    vly_buffer_free(&w->table);
}

int32_t vly_size_window_levels(const vly_size_window *w)
{
    return w->farthest + 1;
}

/* ---- maps ---- */

static vly_status make_table(vly_size_window *w)
{
    int32_t *table, levels = vly_size_window_levels(w);
    VLY_TRY(vly_cover_table(&table, &w->metric, w->extent, levels));
    int64_t bytes = VLY_COVER_CLASSES * levels * (int64_t)sizeof *table;
    vly_status status = vly_buffer_reserve(&w->table, w->device, bytes, "table of balls");
    if (status == VLY_OK) status = vly_buffer_upload(&w->table, table, bytes);
    vly_free(table);
    return status;
}

vly_status vly_size_window_cover(vly_size_window *w, const vly_buffer *value, vly_buffer *out)
{
    const vly_kernels *k = w->device->kernels;
    int32_t levels = vly_size_window_levels(w);
    vly_buffer scratch;
    if (!w->table.data) VLY_TRY(make_table(w));
    VLY_TRY(vly_device_stop(w->device));
    int64_t bytes = k->cover_scratch_bytes(w->device->queue, w->extent, levels);
    VLY_TRY(vly_buffer_reserve(&scratch, w->device, bytes, "scratch"));
    vly_status status = k->cover(w->device->queue, w->distance2.data, value->data, w->extent, &w->metric, w->table.data,
                                 levels, out->data, scratch.data);
    if (status == VLY_OK) status = vly_device_wait(w->device);
    vly_buffer_free(&scratch);
    return status;
}

/* Rounds until one changes nothing. */
static vly_status widen(vly_size_window *w, uint32_t faces, vly_buffer *width2, vly_buffer *changed,
                        vly_buffer *scratch)
{
    uint64_t before = 0, now = 0;
    for (int32_t round = 0; round == 0 || now != before; round++) {
        before = now;
        VLY_TRY(vly_device_stop(w->device));
        VLY_TRY(w->device->kernels->bottleneck(w->device->queue, w->distance2.data, w->extent, faces,
                                               vly_size_window_levels(w), round, width2->data, changed->data,
                                               scratch->data));
        VLY_TRY(vly_buffer_download(changed, &now, sizeof now));
    }
    return VLY_OK;
}

vly_status vly_size_window_bottleneck(vly_size_window *w, uint32_t faces, vly_buffer *width2)
{
    vly_device *device = w->device;
    vly_buffer changed = {0}, scratch = {0};
    int64_t bytes = device->kernels->bottleneck_scratch_bytes(device->queue, w->extent, vly_size_window_levels(w));
    VLY_TRY(vly_buffer_reserve(width2, device, w->distance2.bytes, "widths"));
    vly_status status = vly_buffer_reserve(&scratch, device, bytes, "scratch");
    if (status == VLY_OK) status = vly_buffer_create(&changed, device, sizeof(uint64_t), "changes");
    if (status == VLY_OK) status = widen(w, faces, width2, &changed, &scratch);
    vly_buffer_free(&changed);
    vly_buffer_free(&scratch);
    if (status != VLY_OK) vly_buffer_free(width2);
    return status;
}
