/* A slab is labelled together with the first page of the next one; a voxel of that page is in both, and so its two
 * components are one. Parts of components are numbered in the order of their first voxels, slab after slab, and joined
 * under the smallest number, which makes the result the same for any slabs (spec 8.1). */
#include "voxelyte/connectivity.h"

#include "core/memory.h"
#include "core/pipeline.h"
#include "morphology/padded_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOW_Z = 1 << 4, HIGH_Z = 1 << 5 };

typedef struct work {
    vly_device *device;
    vly_pipeline *pipeline;
    int32_t neighbours;
    vly_extent window;
    vly_buffer id, size, faces, scratch, counter;
    vly_component *parts; /* (count) of all slabs so far, */
    int64_t *parent;      /* and the part each is joined to */
    int64_t count, capacity;
    vly_component_part
        *listed; /* (listed_count) of the slab at hand, by first voxel; its first one is part `listed_base` */
    int64_t listed_count, listed_base;
    vly_component_part *below; /* the same of the slab before */
    int64_t below_count, below_base;
    uint32_t *page, *shared; /* ids of the first page; of the same page as the slab before had them */
} work;

/* ---- parts ---- */

static vly_status grow(work *w, int64_t count)
{
    vly_component *parts;
    int64_t *parent, capacity = count + count / 2 + 1024;
    if (count <= w->capacity) return VLY_OK;
    VLY_TRY(vly_alloc_raw((void **)&parts, capacity, sizeof *parts, "components"));
    vly_status status = vly_alloc_raw((void **)&parent, capacity, sizeof *parent, "components");
    if (status != VLY_OK) {
        vly_free(parts);
        return status;
    }
    if (w->count > 0) {
        memcpy(parts, w->parts, (size_t)w->count * sizeof *parts);
        memcpy(parent, w->parent, (size_t)w->count * sizeof *parent);
    }
    vly_free(w->parts);
    vly_free(w->parent);
    w->parts = parts;
    w->parent = parent;
    w->capacity = capacity;
    return VLY_OK;
}

static int64_t root_of(const work *w, int64_t part)
{
    while (w->parent[part] != part) {
        w->parent[part] = w->parent[w->parent[part]];
        part = w->parent[part];
    }
    return part;
}

static void join(const work *w, int64_t a, int64_t b)
{
    a = root_of(w, a);
    b = root_of(w, b);
    if (a < b)
        w->parent[b] = a;
    else
        w->parent[a] = b;
}

static int by_first(const void *a, const void *b)
{
    uint32_t x = ((const vly_component_part *)a)->first, y = ((const vly_component_part *)b)->first;
    return (x > y) - (x < y);
}

static vly_status append(work *w, const vly_slab *slab)
{
    VLY_TRY(grow(w, w->count + w->listed_count));
    w->listed_base = w->count;
    for (int64_t i = 0; i < w->listed_count; i++, w->count++) {
        const vly_component_part *part = &w->listed[i];
        uint8_t faces = part->faces;
        if (slab->z0 > 0) faces &= (uint8_t)~LOW_Z;
        if (slab->z1 < w->window.nz) faces &= (uint8_t)~HIGH_Z;
        w->parts[w->count] = (vly_component){slab->region.first + part->first, part->size, part->phase, faces};
        w->parent[w->count] = w->count;
    }
    return VLY_OK;
}

/* ---- a slab ---- */

static vly_status read_counter(const work *w, int64_t *value)
{
    uint64_t count;
    VLY_TRY(vly_buffer_download(&w->counter, &count, sizeof count));
    *value = (int64_t)count;
    return VLY_OK;
}

static vly_status fetch_list(work *w, const vly_slab *slab)
{
    const vly_device *d = w->device;
    vly_buffer list;
    int64_t listed = 0, bytes = w->listed_count * (int64_t)sizeof *w->listed;
    VLY_TRY(vly_alloc_raw((void **)&w->listed, bytes + 1, 1, "components"));
    vly_status status = vly_buffer_reserve(&list, w->device, bytes + 1, "components");
    if (status == VLY_OK) status = vly_buffer_clear(&w->counter);
    if (status == VLY_OK)
        status =
            d->kernels->component_list(d->queue, slab->phase, &slab->region, w->id.data, w->size.data, w->faces.data,
                                       w->scratch.data, list.data, w->listed_count, w->counter.data);
    if (status == VLY_OK) status = read_counter(w, &listed);
    if (status == VLY_OK) status = vly_buffer_download(&list, w->listed, bytes);
    if (status == VLY_OK && listed != w->listed_count)
        status = vly_fail(VLY_EINTERNAL, "components: %lld were counted and %lld listed", (long long)w->listed_count,
                          (long long)listed);
    vly_buffer_free(&list);
    if (status == VLY_OK) qsort(w->listed, (size_t)w->listed_count, sizeof *w->listed, by_first);
    return status;
}

/* The part that holds the component with this first voxel; -1 if none of its voxels lies in its slab. */
static int64_t part_of(const vly_component_part *list, int64_t count, int64_t base, uint32_t first)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (list[middle].first < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && list[low].first == first ? base + low : -1;
}

/* The page that this slab begins with is the one that the slab before had ahead. */
static void join_slabs(const work *w)
{
    int64_t page = (int64_t)w->window.nx * w->window.ny;
    uint32_t above = VLY_NO_COMPONENT, below = VLY_NO_COMPONENT;
    for (int64_t i = 0; i < page; i++) {
        if (w->page[i] == above && w->shared[i] == below) continue;
        above = w->page[i];
        below = w->shared[i];
        if (above == VLY_NO_COMPONENT) continue;
        int64_t part = part_of(w->below, w->below_count, w->below_base, below);
        if (part >= 0) join(w, part, part_of(w->listed, w->listed_count, w->listed_base, above));
    }
}

static vly_status label_slab(void *self, vly_device *device, const vly_slab *slab)
{
    work *w = self;
    int64_t page = (int64_t)w->window.nx * w->window.ny, bytes = page * (int64_t)sizeof *w->page;
    vly_free(w->below);
    w->below = w->listed;
    w->below_count = w->listed_count;
    w->below_base = w->listed_base;
    w->listed = NULL;
    VLY_TRY(vly_buffer_clear(&w->counter));
    VLY_TRY(device->kernels->components(device->queue, slab->phase, &slab->region, w->neighbours, w->id.data,
                                        w->size.data, w->faces.data, w->counter.data, w->scratch.data));
    VLY_TRY(read_counter(w, &w->listed_count));
    VLY_TRY(fetch_list(w, slab));
    VLY_TRY(append(w, slab));
    if (slab->z0 > 0) {
        VLY_TRY(vly_device_download(device, w->page, w->id.data, bytes));
        join_slabs(w);
    }
    const uint32_t *ahead = (const uint32_t *)w->id.data + (slab->z1 - slab->z0) * page;
    return slab->z1 < w->window.nz ? vly_device_download(device, w->shared, ahead, bytes) : VLY_OK;
}

/* ---- the volume ---- */

static vly_status make_buffers(work *w)
{
    const vly_plan *plan = vly_pipeline_plan(w->pipeline);
    vly_extent slab = w->window;
    if (slab.nz > plan->slab_pages + 1) slab.nz = plan->slab_pages + 1;
    int64_t voxels = vly_extent_voxels(slab), page = (int64_t)slab.nx * slab.ny;
    if (voxels >= VLY_NO_COMPONENT)
        return vly_fail(VLY_EDATA, "components: pages of %lld voxels, at most 2^31 expected (E_DIM)", (long long)page);
    VLY_TRY(vly_buffer_reserve(&w->id, w->device, voxels * (int64_t)sizeof(uint32_t), "component ids"));
    VLY_TRY(vly_buffer_reserve(&w->size, w->device, voxels * (int64_t)sizeof(uint32_t), "component sizes"));
    VLY_TRY(vly_buffer_reserve(&w->faces, w->device, voxels + 3, "component faces"));
    VLY_TRY(vly_buffer_reserve(&w->scratch, w->device, w->device->kernels->components_scratch_bytes(slab), "runs"));
    VLY_TRY(vly_buffer_create(&w->counter, w->device, sizeof(uint64_t), "counter"));
    VLY_TRY(vly_alloc_raw((void **)&w->page, page, sizeof *w->page, "component ids"));
    return vly_alloc_raw((void **)&w->shared, page, sizeof *w->shared, "component ids");
}

static vly_pipeline_options path_of(const vly_device *device, vly_box window)
{
    vly_extent one = {window.x1 - window.x0, window.y1 - window.y0, 1};
    int64_t page = vly_extent_voxels(one), runs = device->kernels->components_scratch_bytes(one);
    int64_t each = 2 * (int64_t)sizeof(uint32_t) + 1 + (runs + page - 1) / page;
    return (vly_pipeline_options){.region.window = window,
                                  .of_labels = true,
                                  .ahead = 1,
                                  .beside = each,
                                  .reserve = 2 * page * (int64_t)sizeof(uint32_t) + 64};
}

static vly_status sweep(work *w, vly_source *labels, vly_box window)
{
    vly_stage stage = {"connectivity", label_slab, w};
    const vly_pipeline_options options = path_of(w->device, window);
    VLY_TRY(vly_pipeline_open(&w->pipeline, w->device, labels, &options));
    VLY_TRY(make_buffers(w));
    return vly_pipeline_pass(w->pipeline, "connectivity", &stage, 1, NULL);
}

/* Parts become components: the smallest part of each holds its first voxel, and they come in that order. A part's parent
 * becomes the number of its component; parents are smaller, so theirs is known by then. */
static vly_status collect(vly_connectivity_result *out, const work *w)
{
    VLY_TRY(VLY_NEW(&out->components, w->count, "components"));
    for (int64_t i = 0; i < w->count; i++) {
        const vly_component *part = &w->parts[i];
        bool first = w->parent[i] == i;
        if (first) out->components[out->count] = (vly_component){part->first, 0, part->phase, 0};
        w->parent[i] = first ? out->count++ : w->parent[w->parent[i]];
        out->components[w->parent[i]].voxels += part->voxels;
        out->components[w->parent[i]].faces |= part->faces;
    }
    return VLY_OK;
}

static void describe(vly_connectivity_result *out, vly_through through)
{
    uint8_t low = (uint8_t)(1 << 2 * through.axis), high = (uint8_t)(2 << 2 * through.axis);
    uint8_t separator = through.separator_high ? high : low, collector = through.separator_high ? low : high;
    for (int64_t i = 0; i < out->count; i++) {
        const vly_component *c = &out->components[i];
        vly_connected *p = &out->phases[c->phase];
        bool from = c->faces & separator, to = c->faces & collector;
        p->components++;
        p->voxels += c->voxels;
        if (c->voxels > p->largest) p->largest = c->voxels;
        if (from) p->separator += c->voxels;
        if (to) p->collector += c->voxels;
        if (from && to) p->percolating += c->voxels;
        if (!from && !to) p->isolated += c->voxels;
        for (int axis = 0; axis < 3; axis++)
            if ((c->faces >> 2 * axis & 3) == 3) p->percolating_along[axis] += c->voxels;
    }
    for (int p = 0; p < VLY_PHASES; p++) {
        vly_connected *c = &out->phases[p];
        c->percolating_fraction = c->voxels > 0 ? (double)c->percolating / (double)c->voxels : NAN;
    }
}

static void free_work(work *w)
{
    vly_buffer_free(&w->id);
    vly_buffer_free(&w->size);
    vly_buffer_free(&w->faces);
    vly_buffer_free(&w->scratch);
    vly_buffer_free(&w->counter);
    vly_free(w->parts);
    vly_free(w->parent);
    vly_free(w->listed);
    vly_free(w->below);
    vly_free(w->page);
    vly_free(w->shared);
    vly_pipeline_close(w->pipeline);
}

static vly_status check(vly_box *window, vly_source *labels, const vly_connectivity_options *options)
{
    *window = options->window;
    if (options->neighbours != 6 && options->neighbours != 26)
        return vly_fail(VLY_EUSAGE, "connectivity: %d neighbours, 6 or 26 expected", options->neighbours);
    return vly_label_window(window, labels);
}

vly_status vly_connectivity_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device, vly_source *labels,
                                    const vly_connectivity_options *options)
{
    vly_box window;
    vly_plan plan;
    VLY_TRY(check(&window, labels, options));
    const vly_pipeline_options path = path_of(device, window);
    VLY_TRY(vly_pipeline_measure(&plan, device, labels, &path));
    *host_bytes = plan.host_bytes;
    *device_bytes = plan.device_bytes;
    return VLY_OK;
}

vly_status vly_connectivity(vly_connectivity_result *out, vly_device *device, vly_source *labels,
                            const vly_connectivity_options *options)
{
    work w = {.device = device, .neighbours = options->neighbours};
    vly_box window;
    *out = (vly_connectivity_result){.count = 0};
    VLY_TRY(check(&window, labels, options));
    w.window = vly_box_extent(window);
    vly_status status = sweep(&w, labels, window);
    if (status == VLY_OK) status = collect(out, &w);
    if (status == VLY_OK) describe(out, options->through);
    free_work(&w);
    return status;
}

void vly_connectivity_result_free(vly_connectivity_result *result)
{
    vly_free(result->components);
    *result = (vly_connectivity_result){.count = 0};
}
