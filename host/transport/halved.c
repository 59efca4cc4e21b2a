/* The same medium in voxels twice as large: what a discretisation of first order owes to the size of its voxels is about the
 * difference. A label is that of most of the eight, the least where several are as many; coefficients are averaged. */
#include "transport/halved.h"

#include "core/memory.h"

typedef struct halving {
    const vly_grid *fine;
    vly_extent extent;
    uint8_t *label;
    float *field;
} halving;

static uint8_t most_of(uint8_t voxels[8])
{
    uint8_t best = 0;
    int32_t most = 0;
    for (int i = 0; i < 8; i++) {
        int32_t count = 0;
        for (int k = 0; k < 8; k++) count += voxels[k] == voxels[i];
        if (count > most || (count == most && voxels[i] < best)) most = count, best = voxels[i];
    }
    return best;
}

static vly_status halve_page(void *self, int64_t z, int32_t worker)
{
    const halving *h = self;
    const vly_extent fine = h->fine->extent, e = h->extent;
    (void)worker;
    for (int32_t y = 0; y < e.ny; y++)
        for (int32_t x = 0; x < e.nx; x++) {
            int64_t to = (z * e.ny + y) * e.nx + x;
            uint8_t voxels[8];
            float sum = 0.0f;
            for (int k = 0; k < 8; k++) {
                int64_t from = ((2 * z + k / 4) * fine.ny + 2 * y + k / 2 % 2) * fine.nx + 2 * x + k % 2;
                if (h->label)
                    voxels[k] = h->fine->label[from];
                else
                    sum += h->fine->field[from];
            }
            if (h->label)
                h->label[to] = most_of(voxels);
            else
                h->field[to] = 0.125f * sum;
        }
    return VLY_OK;
}

vly_status vly_grid_halve(vly_grid *out, void **volume, vly_device *device, const vly_grid *grid)
{
    halving h = {.fine = grid, .extent = {grid->extent.nx / 2, grid->extent.ny / 2, grid->extent.nz / 2}};
    VLY_TRY(vly_alloc_raw(volume, vly_extent_voxels(h.extent), grid->label ? 1 : sizeof(float), "halved volume"));
    *out = *grid;
    out->extent = h.extent;
    if (grid->label)
        out->label = h.label = *volume;
    else
        out->field = h.field = *volume;
    return vly_pool_run(device->pool, h.extent.nz, halve_page, &h);
}
