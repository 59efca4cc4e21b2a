/* Pores that no path of faces joins to the region's faces, found page by page: what is reached spreads within a page, then up
 * and down from page to page, until a sweep adds nothing. Two or three sweeps each way do, and never more than two pages are
 * in memory. */
#include "segment/closing_impl.h"

#include "core/memory.h"

#include <assert.h>

/* While the search is on; pores not reached are as they were. */
enum { REACHED = 3 };

typedef struct flood {
    vly_closing_volume *volume;
    int64_t page;
    uint8_t *here, *beside; /* (page) this page, and the one the sweep comes from */
    int64_t *front;         /* (page) voxels whose neighbours are still to be looked at */
    int64_t front_count;
    bool moved;
} flood;

/* ---- one page ---- */

static void reach(flood *f, int64_t i)
{
    if (f->here[i] != VLY_CLOSING_OPEN) return;
    f->here[i] = REACHED;
    f->front[f->front_count++] = i;
}

static void spread(flood *f)
{
    const int32_t nx = f->volume->extent.nx, ny = f->volume->extent.ny;
    f->moved |= f->front_count > 0;
    while (f->front_count > 0) {
        int64_t i = f->front[--f->front_count], x = i % nx, y = i / nx;
        if (x > 0) reach(f, i - 1);
        if (x + 1 < nx) reach(f, i + 1);
        if (y > 0) reach(f, i - nx);
        if (y + 1 < ny) reach(f, i + nx);
    }
}

/* Beyond the faces of the volume, and outside the region, pores may go on. */
static bool on_face(const flood *f, int64_t i, int32_t z)
{
    const vly_extent e = f->volume->extent;
    const int64_t x = i % e.nx, y = i / e.nx;
    if (z == 0 || z == e.nz - 1 || x == 0 || x == e.nx - 1 || y == 0 || y == e.ny - 1) return true;
    return f->here[i - 1] == VLY_OUTSIDE || f->here[i + 1] == VLY_OUTSIDE || f->here[i - e.nx] == VLY_OUTSIDE ||
           f->here[i + e.nx] == VLY_OUTSIDE;
}

static void seed_page(flood *f, int32_t z)
{
    for (int64_t i = 0; i < f->page; i++)
        if (f->here[i] == VLY_CLOSING_OPEN && on_face(f, i, z)) reach(f, i);
}

/* ---- sweeps ---- */

static vly_status store(flood *f, int32_t z)
{
    vly_spool *spool = &f->volume->spool;
    if (spool->pages) return VLY_OK;
    return vly_file_write(&spool->file, f->here, f->page, z * f->page);
}

static vly_status load(flood *f, int32_t z)
{
    vly_spool *spool = &f->volume->spool;
    uint8_t *before = f->here;
    if (spool->pages) {
        f->here = spool->pages + z * f->page;
        f->beside = before;
        return VLY_OK;
    }
    f->here = f->beside;
    f->beside = before;
    return vly_file_read(&spool->file, f->here, f->page, z * f->page);
}

/* From page `from` to page `to`, one after the other. */
static vly_status sweep(flood *f, int32_t from, int32_t to)
{
    const int32_t step = from < to ? 1 : -1;
    for (int32_t z = from; z != to + step; z += step) {
        VLY_TRY(vly_device_stop(f->volume->device));
        VLY_TRY(load(f, z));
        for (int64_t i = 0; i < f->page && z != from; i++)
            if (f->beside[i] == REACHED || f->beside[i] == VLY_OUTSIDE) reach(f, i);
        bool before = f->moved;
        f->moved = false;
        spread(f);
        if (f->moved) VLY_TRY(store(f, z));
        f->moved |= before;
    }
    return VLY_OK;
}

/* The coded volume into the spool, with what lies on a face reached. */
static vly_status begin(flood *f)
{
    const int32_t nz = f->volume->extent.nz;
    for (int32_t z = 0; z < nz; z++) {
        if (f->volume->spool.pages) f->here = f->volume->spool.pages + z * f->page;
        VLY_TRY(vly_closing_read(f->volume, z, 1, f->here));
        seed_page(f, z);
        spread(f);
        VLY_TRY(store(f, z));
    }
    return VLY_OK;
}

/* What was not reached becomes `as`, the rest pore again. */
static vly_status end(flood *f, uint8_t as, int64_t *filled)
{
    for (int32_t z = 0; z < f->volume->extent.nz; z++) {
        VLY_TRY(load(f, z));
        for (int64_t i = 0; i < f->page; i++) {
            *filled += f->here[i] == VLY_CLOSING_OPEN;
            f->here[i] = f->here[i] == REACHED ? VLY_CLOSING_OPEN : f->here[i] == VLY_CLOSING_OPEN ? as : f->here[i];
        }
        VLY_TRY(store(f, z));
    }
    return VLY_OK;
}

static vly_status find(flood *f, vly_enclosed enclosed, int64_t *filled)
{
    const int32_t last = f->volume->extent.nz - 1;
    assert(f->here && f->beside);
    VLY_TRY(begin(f));
    do {
        f->moved = false;
        VLY_TRY(sweep(f, 0, last));
        VLY_TRY(sweep(f, last, 0));
    } while (f->moved);
    return end(f, enclosed == VLY_ENCLOSED_AM ? VLY_AM : VLY_CLOSING_KEPT, filled);
}

vly_status vly_closing_fill_enclosed(vly_closing_volume *volume, int64_t *filled, vly_enclosed enclosed, int64_t bytes,
                                     const char *scratch)
{
    const vly_extent e = volume->extent;
    flood f = {.volume = volume, .page = (int64_t)e.nx * e.ny};
    uint8_t *two = NULL;
    *filled = 0;
    VLY_TRY(vly_spool_open(&volume->spool, e, bytes, scratch));
    vly_status status = VLY_NEW(&f.front, f.page, "pores");
    if (status == VLY_OK) status = vly_alloc((void **)&two, f.page, 2, "pores");
    f.here = two;
    f.beside = two ? two + f.page : NULL;
    if (status == VLY_OK) status = find(&f, enclosed, filled);
    vly_free(two);
    vly_free(f.front);
    if (status == VLY_OK) status = vly_spool_source(&volume->spooled, &volume->spool);
    if (status != VLY_OK) vly_spool_close(&volume->spool);
    return status;
}
