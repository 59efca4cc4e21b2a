/* Views of a grey volume for a network that was trained on other grey values or other voxels. */
#include "segment/mlp_views.h"

#include "io/io.h"

#include <math.h>
#include <string.h>

static vly_status open_view(vly_source **out, vly_source *inner, int64_t self_bytes)
{
    VLY_TRY(vly_source_create(out, inner->info.path, self_bytes));
    const char *path = (*out)->info.path;
    (*out)->info = inner->info;
    (*out)->info.path = path;
    return VLY_OK;
}

static void close_nothing(vly_source *source)
{
    (void)source;
}

/* ---- other grey values ---- */

typedef struct recoloured {
    vly_source *inner;
    uint16_t table[65536];
} recoloured;

static vly_status read_recoloured(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    const recoloured *self = source->self;
    uint16_t *grey = pages;
    VLY_TRY(vly_source_read(self->inner, z0, count, pages));
    const int64_t voxels = (int64_t)source->info.extent.nx * source->info.extent.ny * count;
    for (int64_t i = 0; i < voxels; i++) grey[i] = self->table[grey[i]];
    return VLY_OK;
}

vly_status vly_mlp_recoloured(vly_source **out, vly_source *inner, const uint16_t table[65536])
{
    VLY_TRY(open_view(out, inner, sizeof(recoloured)));
    recoloured *self = (*out)->self;
    self->inner = inner;
    memcpy(self->table, table, sizeof self->table);
    (*out)->info.contiguous = false;
    (*out)->read = read_recoloured;
    (*out)->close = close_nothing;
    return VLY_OK;
}

/* ---- coarser voxels ---- */

typedef struct coarser {
    vly_source *inner;
    double ratio[3];
} coarser;

/* How much of voxel `fine` lies in coarse voxel `at`: 0 ... 1. */
static double share(double ratio, int32_t fine, int32_t at)
{
    double from = fmax(at * ratio, fine), to = fmin((at + 1) * ratio, fine + 1.0);
    return fmax(to - from, 0.0);
}

/* The coarse voxel that a fine one begins in. */
static int32_t first_of(double ratio, int32_t fine)
{
    int32_t at = (int32_t)(fine / ratio);
    while (at > 0 && share(ratio, fine, at - 1) > 0.0) at--;
    while (share(ratio, fine, at) == 0.0) at++;
    return at;
}

static int32_t side_of(double ratio, int32_t side)
{
    return (int32_t)ceil(side / ratio - 1e-9);
}

int32_t vly_mlp_coarse_at(double ratio, int32_t at)
{
    return (int32_t)((at + 0.5) / ratio);
}

/* What a coarse page is summed in. */
typedef struct sums {
    uint16_t *page;       /* of inner */
    double *sum, *weight; /* (coarse page) */
} sums;

/* A fine row to the one or two coarse rows that it lies in. */
static void add_row(const sums *s, const coarser *self, const uint16_t *row, int32_t nx, int32_t y, vly_extent e,
                    double depth)
{
    for (int32_t cy = first_of(self->ratio[1], y); cy < e.ny; cy++) {
        const double height = depth * share(self->ratio[1], y, cy);
        if (height == 0.0) return;
        double *sum = s->sum + (int64_t)cy * e.nx, *weight = s->weight + (int64_t)cy * e.nx;
        int32_t cx = 0;
        for (int32_t x = 0; x < nx; x++) {
            while (cx + 1 < e.nx && (cx + 1) * self->ratio[0] <= x) cx++;
            for (int32_t c = cx; c < e.nx && c <= cx + 1; c++) {
                const double part = height * share(self->ratio[0], x, c);
                sum[c] += part * row[x];
                weight[c] += part;
            }
        }
    }
}

static vly_status sum_page(const sums *s, const coarser *self, int32_t z, vly_extent e)
{
    const vly_extent fine = self->inner->info.extent;
    const int64_t voxels = (int64_t)e.nx * e.ny;
    memset(s->sum, 0, (size_t)voxels * sizeof *s->sum);
    memset(s->weight, 0, (size_t)voxels * sizeof *s->weight);
    for (int32_t f = (int32_t)(z * self->ratio[2]); f < fine.nz && f < (z + 1) * self->ratio[2]; f++) {
        const double depth = share(self->ratio[2], f, z);
        if (depth == 0.0) continue;
        VLY_TRY(vly_source_read(self->inner, f, 1, s->page));
        for (int32_t y = 0; y < fine.ny; y++) add_row(s, self, s->page + (int64_t)y * fine.nx, fine.nx, y, e, depth);
    }
    return VLY_OK;
}

static vly_status read_coarser(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    const coarser *self = source->self;
    const vly_extent e = source->info.extent, fine = self->inner->info.extent;
    const int64_t voxels = (int64_t)e.nx * e.ny;
    uint16_t *to = pages;
    sums s = {NULL, NULL, NULL};
    vly_status status = VLY_NEW(&s.page, (int64_t)fine.nx * fine.ny, "a page");
    if (status == VLY_OK) status = VLY_NEW(&s.sum, voxels, "a page");
    if (status == VLY_OK) status = VLY_NEW(&s.weight, voxels, "a page");
    for (int32_t z = 0; z < count && status == VLY_OK; z++, to += voxels) {
        status = sum_page(&s, self, z0 + z, e);
        for (int64_t i = 0; i < voxels && status == VLY_OK; i++) to[i] = (uint16_t)rint(s.sum[i] / s.weight[i]);
    }
    vly_free(s.page);
    vly_free(s.sum);
    vly_free(s.weight);
    return status;
}

vly_status vly_mlp_coarser(vly_source **out, vly_source *inner, const double ratio[3])
{
    const vly_extent fine = inner->info.extent;
    VLY_TRY(open_view(out, inner, sizeof(coarser)));
    vly_volume_info *info = &(*out)->info;
    *(coarser *)(*out)->self = (coarser){inner, {ratio[0], ratio[1], ratio[2]}};
    info->extent = (vly_extent){side_of(ratio[0], fine.nx), side_of(ratio[1], fine.ny), side_of(ratio[2], fine.nz)};
    info->voxel_size.x *= ratio[0];
    info->voxel_size.y *= ratio[1];
    info->voxel_size.z *= ratio[2];
    info->contiguous = false;
    info->decode_bytes += (int64_t)fine.nx * fine.ny * 2 + (int64_t)info->extent.nx * info->extent.ny * 16;
    (*out)->read = read_coarser;
    (*out)->close = close_nothing;
    return VLY_OK;
}

/* ---- masks ---- */

static bool same(vly_extent a, vly_extent b)
{
    return a.nx == b.nx && a.ny == b.ny && a.nz == b.nz;
}

vly_status vly_mlp_mask_of(vly_source **out, vly_source *mask, vly_extent volume, vly_box window)
{
    *out = mask;
    if (!mask) return VLY_OK;
    const vly_volume_info *info = vly_source_info(mask);
    if (info->type != VLY_U8 && info->type != VLY_U1)
        return vly_fail(VLY_EDATA, "%s: mask of type %s, u8 or 1 bit expected", info->path, vly_type_name(info->type));
    if (same(info->extent, volume)) return vly_source_part(out, mask, window);
    if (same(info->extent, vly_box_extent(window))) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: mask of %d x %d x %d voxels, the volume's or the window's extent expected",
                    info->path, info->extent.nx, info->extent.ny, info->extent.nz);
}
