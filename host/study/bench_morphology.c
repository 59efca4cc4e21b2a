/* The counting stages of morphology on resident labels: kernels alone. The labels are smaller and rougher blobs than those
 * that the grey stages see, about as many runs a row as in a real electrode. */
#include "study/bench_impl.h"

static vly_status fill_row(void *self, int64_t row, int32_t worker)
{
    vly_benching *bench = self;
    vly_extent e = bench->region.data;
    uint8_t *label = bench->host_label + row * e.nx;
    int64_t y = row % e.ny, z = row / e.ny;
    int64_t shift = (int64_t)(vly_hash((uint64_t)((z / 2 << 20) + y / 2), 7) % 4);
    (void)worker;
    for (int32_t x = 0; x < e.nx; x++) {
        uint64_t cell = vly_hash((uint64_t)((z / 8 << 40) + (y / 8 << 20) + (x + shift) / 8), 8);
        uint64_t speck = vly_hash((uint64_t)(row * e.nx + x), 9);
        label[x] = (uint8_t)((speck % 256 == 0 ? speck / 256 : cell) % VLY_PHASES);
    }
    return VLY_OK;
}

static vly_status make_labels(vly_benching *bench)
{
    vly_extent e = bench->region.data;
    VLY_TRY(vly_pool_run(bench->device->pool, (int64_t)e.ny * e.nz, fill_row, bench));
    return bench->device->unified ? VLY_OK : vly_buffer_upload(&bench->label, bench->host_label, bench->label.bytes);
}

/* ---- surface: one sweep of 2 x 2 x 2 configurations ---- */

typedef struct counting {
    vly_benching *bench;
    vly_buffer bins, scratch;
} counting;

static vly_status count(void *self)
{
    counting *c = self;
    const vly_benching *b = c->bench;
    return b->device->kernels->configurations(b->device->queue, b->label.data, &b->region, c->bins.data,
                                              c->scratch.data);
}

vly_status vly_bench_surface(vly_benching *bench)
{
    counting c = {.bench = bench};
    vly_bench_row *row;
    vly_device *device = bench->device;
    int64_t bytes = device->kernels->configurations_scratch_bytes(device->queue);
    vly_status status = make_labels(bench);
    if (status == VLY_OK)
        status = vly_buffer_create(&c.bins, device, VLY_CONFIGURATIONS * (int64_t)sizeof(uint64_t), "configurations");
    if (status == VLY_OK) status = vly_buffer_create(&c.scratch, device, bytes, "tables");
    if (status == VLY_OK) status = vly_bench_time(bench, &row, "surface", count, &c);
    if (status == VLY_OK)
        vly_bench_rate(bench, row, (double)bench->label.bytes / bench->ceilings.copy,
                       "2 x 2 x 2 configurations of three phases", "1 byte a voxel at copy speed");
    vly_buffer_free(&c.bins);
    vly_buffer_free(&c.scratch);
    return status;
}

/* ---- components: ids, sizes, faces ---- */

typedef struct labelling {
    vly_benching *bench;
    int32_t neighbours;
    vly_buffer id, size, faces, count, scratch;
} labelling;

static vly_status label(void *self)
{
    labelling *l = self;
    const vly_benching *b = l->bench;
    return b->device->kernels->components(b->device->queue, b->label.data, &b->region, l->neighbours, l->id.data,
                                          l->size.data, l->faces.data, l->count.data, l->scratch.data);
}

static vly_status make_buffers(labelling *l)
{
    vly_device *device = l->bench->device;
    vly_extent e = l->bench->region.data;
    int64_t voxels = vly_extent_voxels(e);
    VLY_TRY(vly_buffer_create(&l->id, device, voxels * (int64_t)sizeof(uint32_t), "component ids"));
    VLY_TRY(vly_buffer_create(&l->size, device, voxels * (int64_t)sizeof(uint32_t), "component sizes"));
    VLY_TRY(vly_buffer_create(&l->faces, device, voxels + 3, "component faces"));
    VLY_TRY(vly_buffer_create(&l->count, device, sizeof(uint64_t), "counter"));
    return vly_buffer_create(&l->scratch, device, device->kernels->components_scratch_bytes(e), "runs");
}

vly_status vly_bench_components(vly_benching *bench)
{
    labelling l = {.bench = bench};
    vly_bench_row *row;
    vly_status status = make_labels(bench);
    if (status == VLY_OK) status = make_buffers(&l);
    for (l.neighbours = 6; l.neighbours <= 26 && status == VLY_OK; l.neighbours += 20) {
        status = vly_bench_time(bench, &row, "components", label, &l);
        if (status == VLY_OK)
            vly_bench_rate(bench, row, 5.0 * (double)bench->label.bytes / bench->ceilings.copy,
                           l.neighbours == 6 ? "components of three phases, 6 neighbours"
                                             : "components of three phases, 26 neighbours",
                           "5 bytes a voxel at copy speed");
    }
    vly_buffer_free(&l.id);
    vly_buffer_free(&l.size);
    vly_buffer_free(&l.faces);
    vly_buffer_free(&l.count);
    vly_buffer_free(&l.scratch);
    return status;
}
