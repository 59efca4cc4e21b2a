/* Row means of a fluorine map. Rows run from one edge of the electrode to the other; what lies beyond it is cropped, and may
 * serve as background. */
#include "segment/edx_impl.h"

#include "core/memory.h"

#include <math.h>

typedef struct map {
    vly_source *source;
    const vly_volume_info *info;
    void *pixels;
} map;

static vly_status open_map(map *m, const char *path)
{
    VLY_TRY(vly_source_open(&m->source, path, NULL));
    m->info = vly_source_info(m->source);
    if (m->info->extent.nz != 1)
        return vly_fail(VLY_EDATA, "%s: %d pages, an EDX map of one expected", path, m->info->extent.nz);
    VLY_TRY(vly_alloc_raw(&m->pixels, vly_extent_voxels(m->info->extent), vly_type_bytes(m->info->type), "EDX map"));
    return vly_source_read(m->source, 0, 1, m->pixels);
}

/* NaN, infinity and negative counts stand for broken exports and are found before they become means. */
static vly_status check_pixels(const map *m)
{
    const vly_extent e = m->info->extent;
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        double counts = vly_type_value(m->info->type, m->pixels, i);
        if (counts >= 0.0 && isfinite(counts)) continue;
        return vly_fail(VLY_EDATA, "%s: %g at x=%d y=%d, counts of 0 or more expected%s", m->info->path, counts,
                        (int)(i % e.nx), (int)(i / e.nx), isfinite(counts) ? "" : " (E_NAN)");
    }
    return VLY_OK;
}

/* [first, last) inside the map; both 0: all of it. */
static vly_status band_of(int32_t band[2], const map *m, const int32_t rows[2], const char *what)
{
    const int32_t ny = m->info->extent.ny;
    band[0] = rows[0];
    band[1] = rows[0] == 0 && rows[1] == 0 ? ny : rows[1];
    if (band[0] >= 0 && band[0] < band[1] && band[1] <= ny) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: %s rows %d to %d, rows between 0 and %d expected", m->info->path, what, rows[0],
                    rows[1], ny);
}

/* Mean of a row, and the error of that mean from the spread over its columns. */
static void mean_of(const map *m, int32_t row, double *mean, double *error)
{
    const int32_t nx = m->info->extent.nx;
    double sum = 0.0, squares = 0.0;
    for (int32_t x = 0; x < nx; x++) sum += vly_type_value(m->info->type, m->pixels, (int64_t)row * nx + x);
    *mean = sum / nx;
    for (int32_t x = 0; x < nx; x++) {
        double off = vly_type_value(m->info->type, m->pixels, (int64_t)row * nx + x) - *mean;
        squares += off * off;
    }
    *error = nx > 1 ? sqrt(squares / (nx - 1.0) / nx) : NAN;
}

static vly_status read_rows(vly_edx_points *points, vly_edx_profile *out, const map *m, const vly_edx_options *options)
{
    int32_t band[2], bare[2];
    double error;
    VLY_TRY(band_of(band, m, options->rows, "electrode"));
    VLY_TRY(band_of(bare, m, options->background_rows, "background"));
    out->rows = band[1] - band[0];
    out->columns = m->info->extent.nx;
    out->background = options->background;
    if (options->background_rows[1] > 0) {
        double sum = 0.0, mean;
        for (int32_t r = bare[0]; r < bare[1]; r++) {
            mean_of(m, r, &mean, &error);
            sum += mean;
        }
        out->background = sum / (bare[1] - bare[0]);
    }
    VLY_TRY(vly_edx_points_reserve(points, out->rows));
    for (int32_t r = 0; r < out->rows; r++) {
        points->depth[r] = (r + 0.5) / out->rows;
        mean_of(m, band[0] + r, &points->intensity[r], &points->error[r]);
        points->intensity[r] -= out->background;
    }
    points->count = out->rows;
    return VLY_OK;
}

vly_status vly_edx_read_map(vly_edx_points *points, vly_edx_profile *out, const char *path,
                            const vly_edx_options *options)
{
    map m = {.source = NULL};
    vly_status status = open_map(&m, path);
    if (status == VLY_OK) status = check_pixels(&m);
    if (status == VLY_OK) status = read_rows(points, out, &m, options);
    vly_free(m.pixels);
    vly_source_close(m.source);
    return status;
}
