/* A view of labels in larger voxels: each is what most of its n^3 are. */
#include "io/io.h"

#include <string.h>

enum { KINDS = VLY_PHASES + 1 };

typedef struct coarse_view {
    vly_source *inner;
    int32_t ratio;
} coarse_view;

/* Of two that are as many the first here. */
static const uint8_t order[KINDS] = {VLY_AM, VLY_CBD, VLY_PORE, VLY_OUTSIDE};

/* votes: (part.ny, part.nx, KINDS) of the pages so far. */
static void count_page(uint16_t *votes, const uint8_t *page, vly_extent whole, vly_extent part, int32_t ratio)
{
    for (int32_t y = 0; y < part.ny * ratio; y++)
        for (int32_t x = 0; x < part.nx * ratio; x++) {
            const uint8_t label = page[(int64_t)y * whole.nx + x];
            votes[((int64_t)(y / ratio) * part.nx + x / ratio) * KINDS + (label < VLY_PHASES ? label : VLY_PHASES)]++;
        }
}

static void decide(uint8_t *to, const uint16_t *votes, int64_t voxels)
{
    for (int64_t i = 0; i < voxels; i++) {
        int32_t most = -1;
        for (int k = 0; k < KINDS; k++) {
            const int32_t count = votes[i * KINDS + (order[k] < VLY_PHASES ? order[k] : VLY_PHASES)];
            if (count > most) to[i] = order[k];
            if (count > most) most = count;
        }
    }
}

static vly_status read_coarse(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    const coarse_view *self = source->self;
    const vly_extent whole = self->inner->info.extent, part = source->info.extent;
    const int64_t voxels = (int64_t)part.nx * part.ny;
    uint8_t *page = NULL, *to = pages;
    uint16_t *votes = NULL;
    vly_status status = vly_alloc_raw((void **)&page, (int64_t)whole.nx * whole.ny, 1, source->info.path);
    if (status == VLY_OK) status = VLY_NEW(&votes, voxels * KINDS, source->info.path);
    for (int32_t z = 0; z < count && status == VLY_OK; z++, to += voxels) {
        memset(votes, 0, (size_t)(voxels * KINDS) * sizeof *votes);
        for (int32_t k = 0; k < self->ratio && status == VLY_OK; k++) {
            status = vly_source_read(self->inner, (z0 + z) * self->ratio + k, 1, page);
            if (status == VLY_OK) count_page(votes, page, whole, part, self->ratio);
        }
        if (status == VLY_OK) decide(to, votes, voxels);
    }
    vly_free(votes);
    vly_free(page);
    return status;
}

static void close_coarse(vly_source *source)
{
    vly_source_close(((const coarse_view *)source->self)->inner);
}

vly_status vly_source_coarse(vly_source **out, vly_source *inner, int32_t ratio)
{
    const vly_extent whole = inner->info.extent, part = {whole.nx / ratio, whole.ny / ratio, whole.nz / ratio};
    vly_source *view = NULL;
    *out = NULL;
    vly_status status = part.nx > 0 && part.ny > 0 && part.nz > 0
                            ? vly_source_create(&view, inner->info.path, sizeof(coarse_view))
                            : vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels, at least %d along each side expected",
                                       inner->info.path, whole.nx, whole.ny, whole.nz, ratio);
    if (status != VLY_OK) {
        vly_source_close(inner);
        return status;
    }
    const char *path = view->info.path;
    *(coarse_view *)view->self = (coarse_view){inner, ratio};
    view->info = inner->info;
    view->info.path = path;
    view->info.extent = part;
    view->info.voxel_size.x *= ratio;
    view->info.voxel_size.y *= ratio;
    view->info.voxel_size.z *= ratio;
    view->info.contiguous = false;
    view->read = read_coarse;
    view->close = close_coarse;
    *out = view;
    return VLY_OK;
}
