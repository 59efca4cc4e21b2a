/* Planes are blurred along y and x as they come and kept in a ring; a page is blurred along z once all planes it needs are
 * there, and developed (fringes, noise, rings, rounding) once its neighbours are. Single precision in a fixed order:
 * the error is far below one grey level and the bits do not depend on the threads. */
#include "image/synth_camera.h"

#include "core/memory.h"
#include "image/synth_taps.h"

enum { CHANNELS = 2, ROWS = 16, RING_PAGES = 20 }; /* a ring offset holds over 20 slices */

struct vly_camera {
    vly_device *device;
    vly_extent extent;
    int32_t factor, channels;
    const vly_synth_optics *optics;
    uint64_t seed;
    vly_camera_film film;
    float level[CHANNELS][256];  /* of a phase: attenuation, refraction */
    vly_taps psf, grain;         /* grain: what correlates the noise */
    float *ring[CHANNELS];       /* (ring_planes, ny, nx) blurred along y and x */
    int32_t ring_planes, planes; /* planes exposed so far */
    float *page[CHANNELS];       /* (3, ny, nx) blurred along all axes */
    int32_t blurred, developed;  /* pages so far */
    float *noise;                /* (grain.count, ny, nx) noise blurred along y and x */
    int32_t noise_next;          /* the next page of it */
    float *white;                /* (ny + grain.count - 1, nx + grain.count - 1) */
    float *offsets;              /* (radii) of the rings */
    int32_t radii;
    float *scratch; /* (threads, row_points) */
    int64_t row_points;
    uint16_t *grey;       /* (ny, nx) */
    int64_t *clamped;     /* (ny) */
    const uint8_t *phase; /* planes being exposed */
};

/* Phase contrast follows delta, absorption mu; 28 keV, NMC622 and half-porous PVdF with carbon. */
static void set_levels(vly_camera *c)
{
    static const float phase[VLY_PHASES] = {0.0f, 1.0f, 0.187f}, absorption[VLY_PHASES] = {0.0f, 1.0f, 0.009f};
    for (int l = 0; l < VLY_PHASES; l++) { /* what is outside stays at the level of pores */
        c->level[0][l] = c->optics->model == VLY_SYNTH_PHASE ? phase[l] : absorption[l];
        c->level[1][l] = phase[l];
    }
    c->channels = c->optics->model == VLY_SYNTH_PHASE || c->optics->fringe == 0.0 ? 1 : 2;
}

static vly_status blur_rows(void *self, int64_t item, int32_t worker)
{
    const vly_camera *c = self;
    const int32_t groups = (c->extent.ny + ROWS - 1) / ROWS, f = c->factor;
    const int32_t plane = (int32_t)(item / groups), from = (int32_t)(item % groups) * ROWS;
    const int32_t to = from + ROWS < c->extent.ny ? from + ROWS : c->extent.ny, nx = c->extent.nx * f,
                  ny = c->extent.ny * f;
    const uint8_t *phase = c->phase + (int64_t)plane * nx * ny;
    float *row = c->scratch + worker * c->row_points;
    for (int channel = 0; channel < c->channels; channel++) {
        float *out = c->ring[channel] + (int64_t)((c->planes + plane) % c->ring_planes) * c->extent.nx * c->extent.ny;
        for (int32_t y = from; y < to; y++) {
            for (int32_t x = 0; x < nx; x++) row[x] = 0.0f;
            for (int32_t t = 0; t < c->psf.count; t++) {
                const uint8_t *line = phase + (int64_t)vly_taps_mirror(y * f + c->psf.first + t, ny) * nx;
                for (int32_t x = 0; x < nx; x++) row[x] = fmaf(c->psf.weight[t], c->level[channel][line[x]], row[x]);
            }
            vly_taps_row(&c->psf, row, nx, f, out + (int64_t)y * c->extent.nx, c->extent.nx);
        }
    }
    return VLY_OK;
}

/* One row of page `blurred`, along z. */
static vly_status blur_page_row(void *self, int64_t item, int32_t worker)
{
    const vly_camera *c = self;
    const int32_t nx = c->extent.nx, planes = c->extent.nz * c->factor;
    const int64_t page = (int64_t)nx * c->extent.ny;
    (void)worker;
    for (int channel = 0; channel < c->channels; channel++) {
        float *out = c->page[channel] + (c->blurred % 3) * page + item * nx;
        for (int32_t x = 0; x < nx; x++) out[x] = 0.0f;
        for (int32_t t = 0; t < c->psf.count; t++) {
            int32_t plane = vly_taps_mirror(c->blurred * c->factor + c->psf.first + t, planes) % c->ring_planes;
            const float *in = c->ring[channel] + plane * page + item * nx;
            for (int32_t x = 0; x < nx; x++) out[x] = fmaf(c->psf.weight[t], in[x], out[x]);
        }
    }
    return VLY_OK;
}

/* White noise is a function of the place, so it needs no border. */
static vly_status white_row(void *self, int64_t item, int32_t worker)
{
    const vly_camera *c = self;
    const int32_t width = c->extent.nx + c->grain.count - 1;
    (void)worker;
    for (int32_t x = 0; x < width; x++)
        c->white[item * width + x] = (float)vly_synth_normal(
            vly_synth_place(x + c->grain.first, (int32_t)item + c->grain.first, c->noise_next), vly_hash(6, c->seed));
    return VLY_OK;
}

static vly_status noise_row(void *self, int64_t item, int32_t worker)
{
    const vly_camera *c = self;
    const int32_t nx = c->extent.nx, width = nx + c->grain.count - 1;
    const int64_t slot = (c->noise_next - c->grain.first) % c->grain.count; /* the first page is grain.first <= 0 */
    float *row = c->scratch + worker * c->row_points, *out = c->noise + (slot * c->extent.ny + item) * nx;
    for (int32_t x = 0; x < width; x++) row[x] = 0.0f;
    for (int32_t t = 0; t < c->grain.count; t++)
        for (int32_t x = 0; x < width; x++) row[x] = fmaf(c->grain.weight[t], c->white[(item + t) * width + x], row[x]);
    for (int32_t x = 0; x < nx; x++) {
        float sum = 0.0f;
        for (int32_t t = 0; t < c->grain.count; t++) sum = fmaf(c->grain.weight[t], row[x + t], sum);
        out[x] = sum;
    }
    return VLY_OK;
}

static float laplacian(const vly_camera *c, int32_t x, int32_t y, int32_t z)
{
    const int32_t nx = c->extent.nx, ny = c->extent.ny, nz = c->extent.nz;
    const int64_t page = (int64_t)nx * ny;
    const float *delta = c->page[c->channels - 1];
    const int64_t at = (z % 3) * page + (int64_t)y * nx + x, row = (int64_t)y * nx + x;
    float centre = delta[at], sum = delta[x > 0 ? at - 1 : at] - centre;
    sum += delta[x < nx - 1 ? at + 1 : at] - centre;
    sum += delta[y > 0 ? at - nx : at] - centre;
    sum += delta[y < ny - 1 ? at + nx : at] - centre;
    sum += delta[(z > 0 ? z - 1 : z) % 3 * page + row] - centre;
    return sum + (delta[(z < nz - 1 ? z + 1 : z) % 3 * page + row] - centre);
}

static float ring_offset(const vly_camera *c, int32_t x, int32_t y)
{
    double dx = x - c->optics->ring_centre[0], dy = y - c->optics->ring_centre[1];
    int32_t radius = (int32_t)sqrt(dx * dx + dy * dy);
    return c->offsets[radius < c->radii ? radius : c->radii - 1];
}

static float grain_at(const vly_camera *c, int64_t at)
{
    float sum = 0.0f;
    for (int32_t t = 0; t < c->grain.count; t++) {
        int64_t slot = (c->developed + t) % c->grain.count;
        sum = fmaf(c->grain.weight[t], c->noise[slot * c->extent.nx * c->extent.ny + at], sum);
    }
    return sum;
}

static vly_status develop_row(void *self, int64_t item, int32_t worker)
{
    const vly_camera *c = self;
    const int32_t nx = c->extent.nx, y = (int32_t)item, z = c->developed;
    (void)worker;
    for (int32_t x = 0; x < nx; x++) {
        int64_t at = (int64_t)y * nx + x;
        float f = c->page[0][(z % 3) * (int64_t)nx * c->extent.ny + at];
        if (c->optics->fringe != 0.0) f = fmaf((float)-c->optics->fringe, laplacian(c, x, y, z), f);
        if (c->noise) f = fmaf((float)c->optics->noise, grain_at(c, at), f);
        if (c->offsets) f += ring_offset(c, x, y);
        float value = floorf(fmaf(32768.0f, f, 8192.5f));
        if (value < 0.0f || value > 65535.0f) c->clamped[y]++;
        c->grey[at] = (uint16_t)(value < 0.0f ? 0.0f : value > 65535.0f ? 65535.0f : value);
    }
    return VLY_OK;
}

static vly_status develop(vly_camera *c)
{
    vly_pool *pool = c->device->pool;
    for (; c->noise && c->noise_next <= c->developed - c->grain.first; c->noise_next++) {
        VLY_TRY(vly_pool_run(pool, c->extent.ny + c->grain.count - 1, white_row, c));
        VLY_TRY(vly_pool_run(pool, c->extent.ny, noise_row, c));
    }
    for (int32_t r = 0; r < c->radii && c->developed % RING_PAGES == 0; r++)
        c->offsets[r] = (float)(c->optics->rings * vly_synth_normal(vly_synth_place(r, 0, c->developed / RING_PAGES),
                                                                    vly_hash(7, c->seed)));
    VLY_TRY(vly_pool_run(pool, c->extent.ny, develop_row, c));
    return c->film.page(c->film.self, c->developed, c->grey);
}

vly_status vly_camera_expose(vly_camera *c, const uint8_t *phase)
{
    const int32_t nz = c->extent.nz, all = nz * c->factor;
    const int64_t groups = (c->extent.ny + ROWS - 1) / ROWS;
    c->phase = phase;
    VLY_TRY(vly_pool_run(c->device->pool, groups * c->factor, blur_rows, c));
    c->planes += c->factor;
    while (c->blurred < nz) {
        int32_t last = c->blurred * c->factor + c->psf.first + c->psf.count - 1;
        if (c->planes < all && last >= c->planes) break;
        VLY_TRY(vly_pool_run(c->device->pool, c->extent.ny, blur_page_row, c));
        c->blurred++;
        for (; c->developed < c->blurred - 1 || (c->developed < nz && c->blurred == nz); c->developed++)
            VLY_TRY(develop(c));
    }
    return VLY_OK;
}

int64_t vly_camera_clamped(const vly_camera *camera)
{
    int64_t sum = 0;
    for (int32_t y = 0; y < camera->extent.ny; y++) sum += camera->clamped[y];
    return sum;
}

static double farthest_corner(const vly_camera *c)
{
    double dx = fmax(fabs(c->optics->ring_centre[0]), fabs(c->extent.nx - c->optics->ring_centre[0]));
    double dy = fmax(fabs(c->optics->ring_centre[1]), fabs(c->extent.ny - c->optics->ring_centre[1]));
    return sqrt(dx * dx + dy * dy);
}

static vly_status reserve(vly_camera *c)
{
    const int64_t nx = c->extent.nx, ny = c->extent.ny, page = nx * ny;
    const int64_t fine = nx * c->factor, padded = nx + c->grain.count - 1;
    c->ring_planes = c->psf.count + c->factor;
    c->row_points = fine > padded ? fine : padded;
    for (int channel = 0; channel < c->channels; channel++) {
        VLY_TRY(VLY_NEW(&c->ring[channel], c->ring_planes * page, "tomogram"));
        VLY_TRY(VLY_NEW(&c->page[channel], 3 * page, "tomogram"));
    }
    VLY_TRY(VLY_NEW(&c->scratch, c->device->pool->threads * c->row_points, "tomogram"));
    VLY_TRY(VLY_NEW(&c->grey, page, "tomogram"));
    VLY_TRY(VLY_NEW(&c->clamped, ny, "tomogram"));
    if (c->optics->noise > 0.0) {
        c->noise_next = c->grain.first;
        VLY_TRY(VLY_NEW(&c->white, (ny + c->grain.count - 1) * padded, "noise"));
        VLY_TRY(VLY_NEW(&c->noise, c->grain.count * page, "noise"));
    }
    if (c->optics->rings > 0.0) {
        c->radii = (int32_t)farthest_corner(c) + 1;
        VLY_TRY(VLY_NEW(&c->offsets, c->radii, "rings"));
    }
    return VLY_OK;
}

vly_status vly_camera_check(const vly_synth_optics *o)
{
    if ((unsigned)o->model > VLY_SYNTH_MIXED)
        return vly_fail(VLY_EUSAGE, "synth: unknown grey model %d", (int)o->model);
    const struct {
        const char *name;
        double value, low, high;
    } ranges[] = {{"noise", o->noise, 0.0, 10.0},
                  {"noise correlation", o->noise_correlation, 0.0, 8.0},
                  {"psf", o->psf, 0.0, 16.0},
                  {"fringe", o->fringe, 0.0, 100.0},
                  {"rings", o->rings, 0.0, 10.0},
                  {"ring centre x", o->ring_centre[0], -1e5, 1e5},
                  {"ring centre y", o->ring_centre[1], -1e5, 1e5}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high))
            return vly_fail(VLY_EUSAGE, "synth: %s %.4g, %g to %g expected", ranges[i].name, ranges[i].value,
                            ranges[i].low, ranges[i].high);
    return VLY_OK;
}

vly_status vly_camera_open(vly_camera **out, vly_device *device, vly_extent extent, int32_t factor, int32_t supersample,
                           const vly_synth_optics *optics, uint64_t seed, const vly_camera_film *film)
{
    *out = NULL;
    VLY_TRY(vly_camera_check(optics));
    vly_camera *c;
    VLY_TRY(VLY_NEW(&c, 1, "tomogram"));
    c->device = device, c->extent = extent, c->factor = factor, c->optics = optics, c->seed = seed, c->film = *film;
    set_levels(c);
    vly_status status = vly_taps_psf(&c->psf, optics->psf, factor, supersample);
    if (status == VLY_OK) status = vly_taps_grain(&c->grain, optics->noise_correlation);
    if (status == VLY_OK) status = reserve(c);
    if (status != VLY_OK) {
        vly_camera_close(c);
        return status;
    }
    *out = c;
    return VLY_OK;
}

void vly_camera_close(vly_camera *camera)
{
    if (!camera) return;
    void *held[] = {camera->ring[0], camera->ring[1], camera->page[0],    camera->page[1],
                    camera->noise,   camera->white,   camera->offsets,    camera->scratch,
                    camera->grey,    camera->clamped, camera->psf.weight, camera->grain.weight};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) vly_free(held[i]);
    vly_free(camera);
}
