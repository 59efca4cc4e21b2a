/* One pass: a reader thread runs ahead, the caller computes, a writer thread follows. They meet at three counters under one
 * lock; a slab's slot is used again when the slab VLY_SLOTS before it has been written. The first failure of any of the
 * three stops the others and is what the caller sees. */
#include "core/pipeline_impl.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct pass {
    vly_pipeline *p;
    vly_sink *sink;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int32_t read, computed, written; /* slabs that are through */
    vly_status status;
    char message[1024];
} pass;

/* ---- meeting points ---- */

static void give_up(pass *a, vly_status status)
{
    pthread_mutex_lock(&a->lock);
    if (a->status == VLY_OK) {
        a->status = status;
        snprintf(a->message, sizeof a->message, "%s", vly_error_message());
    }
    pthread_cond_broadcast(&a->moved);
    pthread_mutex_unlock(&a->lock);
}

/* Waits until *counter > k; false if the pass has failed meanwhile. */
static bool wait_for(pass *a, const int32_t *counter, int32_t k)
{
    pthread_mutex_lock(&a->lock);
    while (*counter <= k && a->status == VLY_OK) pthread_cond_wait(&a->moved, &a->lock);
    bool go = a->status == VLY_OK;
    pthread_mutex_unlock(&a->lock);
    return go;
}

static void advance(pass *a, int32_t *counter)
{
    pthread_mutex_lock(&a->lock);
    (*counter)++;
    pthread_cond_broadcast(&a->moved);
    pthread_mutex_unlock(&a->lock);
}

/* ---- reading ---- */

typedef struct reading {
    const vly_pipeline *p;
    vly_source *source;
    vly_box box;          /* what is wanted of a page; its z is where to begin */
    int32_t count, group; /* pages in all and per item */
    int64_t page, size;   /* bytes of what is wanted of a page, of a voxel */
    char *to, *there;     /* in host memory; in device memory, where that is another */
} reading;

static vly_status decode(const reading *r, int32_t first, int32_t count, int32_t worker, char *to)
{
    vly_extent e = vly_source_info(r->source)->extent;
    int64_t row = (r->box.x1 - r->box.x0) * r->size, rows = r->box.y1 - r->box.y0;
    if (row == e.nx * r->size && rows == e.ny) return vly_source_read(r->source, r->box.z0 + first, count, to);
    char *page = (char *)r->p->page_scratch + worker * r->p->page_bytes;
    for (int32_t z = first; z < first + count; z++) {
        VLY_TRY(vly_source_read(r->source, r->box.z0 + z, 1, page));
        for (int64_t y = 0; y < rows; y++, to += row)
            memcpy(to, page + ((r->box.y0 + y) * e.nx + r->box.x0) * r->size, (size_t)row);
    }
    return VLY_OK;
}

/* What is decoded is sent on its way while others are being decoded. */
static vly_status read_group(void *self, int64_t item, int32_t worker)
{
    const reading *r = self;
    int32_t first = (int32_t)item * r->group, left = r->count - first, count = left < r->group ? left : r->group;
    int64_t at = first * r->page;
    VLY_TRY(decode(r, first, count, worker, r->to + at));
    return r->there ? vly_device_send(r->p->device, r->there + at, r->to + at, count * r->page) : VLY_OK;
}

/* `count` pages from box.z0 on into the device's memory, decoded in parallel, by way of `stage` where it has its own. */
static vly_status fill_pages(const vly_pipeline *p, vly_source *source, vly_box box, int32_t count, int64_t size,
                             void *stage, void *to)
{
    if (count <= 0) return VLY_OK;
    vly_extent e = vly_source_info(source)->extent;
    int64_t group = (1 << 20) / ((int64_t)e.nx * e.ny * size), page = size * (box.x1 - box.x0) * (box.y1 - box.y0);
    reading r = {.p = p, .source = source, .box = box, .count = count, .page = page, .size = size, .to = to};
    r.group = group < 1 ? 1 : group > count ? count : (int32_t)group;
    if (!p->device->unified) {
        r.to = stage;
        r.there = to;
    }
    vly_status status = vly_pool_run(p->device->pool, (count + r.group - 1) / r.group, read_group, &r);
    if (p->device->unified) return status;
    if (status == VLY_OK) return vly_device_arrive(p->device);
    (void)p->device->calls->arrive(p->device); /* the stage may be freed next */
    return status;
}

static int64_t data_page(const vly_pipeline *p)
{
    return (int64_t)(p->data.x1 - p->data.x0) * (p->data.y1 - p->data.y0);
}

static int64_t label_page(const vly_pipeline *p)
{
    return (int64_t)p->plan.window.nx * p->plan.window.ny;
}

static vly_slot *slot_of(vly_pipeline *p, int32_t k)
{
    return &p->slots[p->plan.resident ? 0 : k % VLY_SLOTS];
}

/* Where page 0 of slab `k` lies in its slot. */
static int64_t label_start(const vly_pipeline *p, vly_span s)
{
    return p->plan.resident ? (s.z0 - p->share0) * label_page(p) : 0;
}

/* Pages [d0, d1) of slab `k`. Those it shares with the slab before are copied, not read again. */
static vly_status read_data(vly_pipeline *p, int32_t k, vly_span s)
{
    int64_t page = data_page(p) * p->size;
    char *to = slot_of(p, k)->data.data;
    int32_t have = s.d0;
    vly_box box = p->data;
    if (p->plan.resident) {
        have = p->data.z0 + p->loaded;
        to += p->loaded * page;
        p->loaded = s.d1 - p->data.z0;
    } else if (k > 0) {
        vly_span before = vly_pipeline_span(p, k - 1);
        const char *from = slot_of(p, k - 1)->data.data;
        have = before.d1 > s.d0 ? before.d1 : s.d0;
        VLY_TRY(vly_device_copy(p->device, to, from + (s.d0 - before.d0) * page, (have - s.d0) * page));
        to += (have - s.d0) * page;
    }
    box.z0 = have;
    return fill_pages(p, p->source, box, s.d1 - have, p->size, p->stages.data, to);
}

static vly_status read_mask(vly_pipeline *p, int32_t k, vly_span s)
{
    vly_extent w = p->plan.window, shift = p->mask_shift;
    vly_box box = {shift.nx, shift.nx + w.nx, shift.ny, shift.ny + w.ny, shift.nz + s.z0, shift.nz + s.z1};
    uint8_t *to = slot_of(p, k)->mask.data;
    return fill_pages(p, p->mask, box, s.z1 - s.z0, 1, p->stages.mask, to + label_start(p, s));
}

/* What the last pass left. Before there is anything, labels are VLY_OUTSIDE, so that the first labels all count as new. */
static vly_status read_labels(vly_pipeline *p, int32_t k, vly_span s)
{
    uint8_t *to = (uint8_t *)slot_of(p, k)->label.data + label_start(p, s);
    uint8_t *host = p->device->unified ? to : p->stages.label_up;
    int64_t bytes = (s.z1 - s.z0) * label_page(p);
    if (p->labels_valid && p->plan.resident) return VLY_OK;
    if (p->labels_valid)
        VLY_TRY(vly_file_read(&p->label_store, host, bytes, s.z0 * label_page(p)));
    else
        memset(host, VLY_OUTSIDE, (size_t)bytes);
    return host == to ? VLY_OK : vly_device_upload(p->device, to, host, bytes);
}

static vly_status read_slab(vly_pipeline *p, int32_t k)
{
    vly_span s = vly_pipeline_span(p, k);
    if (!p->plan.resident || k == p->slabs_loaded) {
        VLY_TRY(read_data(p, k, s));
        if (p->mask) VLY_TRY(read_mask(p, k, s));
        if (p->plan.resident) p->slabs_loaded++;
    }
    return p->keep_labels ? read_labels(p, k, s) : VLY_OK;
}

static void *reader_main(void *self)
{
    pass *a = self;
    for (int32_t k = 0; k < a->p->plan.slabs; k++) {
        if (!a->p->plan.resident && k >= VLY_SLOTS && !wait_for(a, &a->written, k - VLY_SLOTS)) break;
        vly_status status = read_slab(a->p, k);
        if (status != VLY_OK) {
            give_up(a, status);
            break;
        }
        advance(a, &a->read);
    }
    return NULL;
}

/* ---- writing ---- */

/* Labels of slab `k` to the sink, and to where the next pass finds them. */
static vly_status write_slab(pass *a, int32_t k, vly_span s)
{
    vly_pipeline *p = a->p;
    const uint8_t *labels = (const uint8_t *)slot_of(p, k)->label.data + label_start(p, s);
    int64_t bytes = (s.z1 - s.z0) * label_page(p);
    bool stored = p->label_store.descriptor >= 0;
    if (!stored && !a->sink) return VLY_OK;
    if (!p->device->unified) {
        VLY_TRY(vly_device_download(p->device, p->stages.label_down, labels, bytes));
        labels = p->stages.label_down;
    }
    if (stored) VLY_TRY(vly_file_write(&p->label_store, labels, bytes, s.z0 * label_page(p)));
    if (!a->sink) return VLY_OK;
    VLY_TRY(vly_comm_await(p->device->comm, s.z0)); /* the sink takes pages in their order */
    VLY_TRY(vly_sink_write(a->sink, s.z1 - s.z0, labels));
    vly_comm_pass(p->device->comm, s.z1 == p->plan.window.nz ? 0 : s.z1);
    return VLY_OK;
}

static void *writer_main(void *self)
{
    pass *a = self;
    vly_pipeline *p = a->p;
    for (int32_t k = 0; k < p->plan.slabs && wait_for(a, &a->computed, k); k++) {
        vly_span s = vly_pipeline_span(p, k);
        vly_status status = write_slab(a, k, s);
        if (status != VLY_OK) {
            give_up(a, status);
            break;
        }
        advance(a, &a->written);
    }
    return NULL;
}

/* ---- computing ---- */

static vly_slab slab_of(vly_pipeline *p, const vly_slot *slot, vly_span s)
{
    vly_extent w = p->plan.window;
    int32_t x = p->window.x0 - p->data.x0, y = p->window.y0 - p->data.y0, z = p->window.z0 + s.z0 - s.d0;
    int64_t at = label_start(p, s), first = p->plan.resident ? (s.d0 - p->data.z0) * data_page(p) : 0;
    return (vly_slab){
        .region = {.data = {p->data.x1 - p->data.x0, p->data.y1 - p->data.y0, s.d1 - s.d0},
                   .inner = {x, x + w.nx, y, y + w.ny, z, z + s.z1 - s.z0},
                   .first = s.z0 * label_page(p)},
        .z0 = s.z0,
        .z1 = s.z1,
        .grey = p->of_labels ? NULL : (uint16_t *)slot->data.data + first,
        .phase = p->of_labels ? (uint8_t *)slot->data.data + first : NULL,
        .mask = slot->mask.data ? (uint8_t *)slot->mask.data + at : NULL,
        .label = slot->label.data ? (uint8_t *)slot->label.data + at : NULL,
    };
}

bool vly_pipeline_whole(vly_slab *out, vly_pipeline *p)
{
    if (p->share0 == p->share1 || p->device->unified || !p->plan.resident || p->slabs_loaded < p->plan.slabs)
        return false;
    if (p->keep_labels && !p->labels_valid) return false;
    *out = slab_of(p, &p->slots[0], (vly_span){p->share0, p->share1, p->data.z0, p->data.z1});
    return true;
}

static vly_status compute(pass *a, const char *title, const vly_stage *stages, int32_t count)
{
    vly_pipeline *p = a->p;
    int64_t voxels = (p->share1 - p->share0) * label_page(p);
    for (int32_t k = 0; k < p->plan.slabs && wait_for(a, &a->read, k); k++) {
        vly_slab slab = slab_of(p, slot_of(p, k), vly_pipeline_span(p, k));
        VLY_TRY(vly_device_stop(p->device));
        for (int32_t i = 0; i < count; i++) VLY_TRY(stages[i].slab(stages[i].self, p->device, &slab));
        VLY_TRY(vly_device_wait(p->device));
        advance(a, &a->computed);
        vly_device_update(p->device, title, (slab.z1 - p->share0) * label_page(p), voxels, "voxel");
    }
    return VLY_OK;
}

vly_status vly_pipeline_pass(vly_pipeline *p, const char *title, const vly_stage *stages, int32_t count, vly_sink *sink)
{
    pass a = {.p = p, .sink = sink, .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    pthread_t reader, writer;
    int failed = pthread_create(&reader, NULL, reader_main, &a);
    if (failed) return vly_fail(VLY_EMEMORY, "cannot start a reading thread: %s", strerror(failed));
    failed = pthread_create(&writer, NULL, writer_main, &a);
    if (failed)
        give_up(&a, vly_fail(VLY_EMEMORY, "cannot start a writing thread: %s", strerror(failed)));
    else {
        vly_status status = compute(&a, title, stages, count);
        if (status != VLY_OK) give_up(&a, status);
        pthread_join(writer, NULL);
    }
    pthread_join(reader, NULL);
    p->labels_valid = p->keep_labels && a.status == VLY_OK;
    pthread_cond_destroy(&a.moved);
    pthread_mutex_destroy(&a.lock);
    return a.status == VLY_OK ? VLY_OK : vly_fail(a.status, "%s", a.message);
}
