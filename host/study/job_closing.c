/* The EDX closing: a profile, the active material of k-means or of given labels, and what the closing made of both. */
#include "study/job_segment_impl.h"

#include "core/memory.h"
#include "io/spool.h"
#include "voxelyte/edx.h"

#include <math.h>

typedef struct closing {
    vly_segment *s;
    json_t *to;
    vly_extent extent;
    double voxel_um;
    vly_edx_profile profile;
    vly_source *am, *mask; /* of the window's extent */
    vly_spool spool;       /* of k-means' labels when nobody else needs them */
    bool spooled;
} closing;

/* ---- lengths ---- */

/* A ball is one in voxels only if these are cubes. */
static vly_status find_voxel_size(closing *c)
{
    const vly_volume_info *info = vly_source_info(c->s->grey);
    VLY_TRY(vly_voxel_size_require(info));
    const vly_voxel_size *v = &info->voxel_size;
    double low = fmin(v->x, fmin(v->y, v->z)), high = fmax(v->x, fmax(v->y, v->z));
    if (high > 1.001 * low)
        return vly_fail(VLY_EDATA, "%s: voxels of %g x %g x %g um, cubes expected by edx-closing (E_ANISO)", info->path,
                        1e6 * v->x, 1e6 * v->y, 1e6 * v->z);
    c->voxel_um = vly_job_um(v->z);
    return VLY_OK;
}

static double thickness_um(const closing *c)
{
    return c->voxel_um * c->extent.nz;
}

/* ---- the profile ---- */

/* Rows are whole numbers. */
static vly_status rows_of(int32_t rows[2], const double given[2], const char *option)
{
    for (int i = 0; i < 2; i++) {
        if (given[i] != rint(given[i]) || fabs(given[i]) > 1e9)
            return vly_fail(VLY_EUSAGE, "--%s: %g, a row of the map expected", option, given[i]);
        rows[i] = (int32_t)given[i];
    }
    return VLY_OK;
}

static vly_status read_profile(closing *c)
{
    const vly_settings *settings = c->s->job.settings;
    vly_edx_options options = VLY_EDX_OPTIONS_INIT;
    VLY_TRY(rows_of(options.rows, settings->edx_rows, "edx-rows"));
    VLY_TRY(rows_of(options.background_rows, settings->edx_background_rows, "edx-background-rows"));
    options.background = settings->edx_background;
    options.bins = settings->edx_bins;
    options.flip = settings->edx_separator == VLY_EDGE_BOTTOM;
    options.weighted = settings->edx_weights;
    options.layer_ratio = settings->edx_layer_ratio;
    options.interface = settings->edx_interface_um / thickness_um(c);
    if (options.layer_ratio != 1.0 && options.interface >= 1.0)
        return vly_fail(VLY_EUSAGE, "--edx-interface-um: %g um, less than the thickness of %.6g um expected",
                        settings->edx_interface_um, thickness_um(c));
    return vly_edx_read(&c->profile, settings->edx, &options);
}

static json_t *depths_um(const closing *c, const double *depth, int32_t count)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < count; i++) json_array_append_new(list, vly_json_real(depth[i] * thickness_um(c)));
    return list;
}

static void report_profile(closing *c)
{
    const vly_edx_profile *p = &c->profile;
    const double length = thickness_um(c);
    vly_segment_set(c->s, c->to, "gradient",
                    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "intercept", vly_json_real(p->intercept),
                              "slope_per_um", vly_json_real(p->slope / length), "intercept_error",
                              vly_json_real(p->intercept_error), "slope_per_um_error",
                              vly_json_real(p->slope_error / length), "covariance_per_um",
                              vly_json_real(p->covariance / length), "residual", vly_json_real(p->residual)));
    vly_segment_set(c->s, c->to, "profile",
                    json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "rows", p->rows, "columns", p->columns, "background",
                              vly_json_real(p->background), "depth_um", depths_um(c, p->depth, p->count), "intensity",
                              vly_json_reals(p->intensity, p->count), "error", vly_json_reals(p->error, p->count)));
}

/* ---- the active material ---- */

/* The window's part of labels that may be the volume's. */
static vly_status fit_window(vly_source **labels, const vly_segment *s)
{
    const vly_extent volume = vly_source_info(s->grey)->extent, e = vly_source_info(*labels)->extent;
    const vly_extent window = vly_box_extent(s->window);
    if (e.nx == window.nx && e.ny == window.ny && e.nz == window.nz) return VLY_OK;
    if (e.nx != volume.nx || e.ny != volume.ny || e.nz != volume.nz)
        return vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels, the volume's or the window's extent expected (E_DIM)",
                        vly_source_info(*labels)->path, e.nx, e.ny, e.nz);
    return vly_source_window(labels, *labels, s->window);
}

static vly_status take_labels(closing *c)
{
    vly_segment *s = c->s;
    char *path;
    if (s->am) {
        c->am = s->am;
        s->am = NULL;
        return fit_window(&c->am, s);
    }
    VLY_TRY(vly_format(&path, "%s/%s.tif", s->job.settings->output, vly_method_name(VLY_METHOD_KMEANS)));
    vly_status status = vly_source_open(&c->am, path, NULL);
    vly_free(path);
    return status == VLY_OK ? vly_source_labels(&c->am, c->am, NULL) : status;
}

/* Labels of k-means stay in memory if they take an eighth of it, else in a scratch file. */
static vly_status make_labels(closing *c)
{
    vly_segment *s = c->s;
    json_t *report = json_object();
    vly_sink *sink;
    vly_segment_set(s, c->to, "kmeans", report);
    VLY_TRY(vly_spool_open(&c->spool, c->extent, s->job.device->memory_limit / 8, vly_segment_region(s).scratch));
    c->spooled = true;
    VLY_TRY(vly_spool_sink(&sink, &c->spool));
    vly_status status = vly_segment_kmeans(s, report, sink);
    if (status == VLY_OK) status = vly_sink_finish(sink);
    vly_sink_close(sink);
    return status == VLY_OK ? vly_spool_source(&c->am, &c->spool) : status;
}

/* k-means has seen the mask; labels that were given may not have. */
static vly_status find_active_material(closing *c)
{
    const vly_settings *settings = c->s->job.settings;
    if (!c->s->am) return c->s->kmeans_made ? take_labels(c) : make_labels(c);
    VLY_TRY(take_labels(c));
    if (!*settings->mask) return VLY_OK;
    VLY_TRY(vly_source_open(&c->mask, settings->mask, NULL));
    return fit_window(&c->mask, c->s);
}

/* ---- what came of it ---- */

typedef enum column { DEPTH, WEIGHT, RADIUS, TARGET, CBD, TIES, SPREAD, COLUMNS } column;

static double value_of(const closing *c, const vly_closing_page *page, int32_t z, column what)
{
    const double inside = (double)page->inside;
    switch (what) {
    case DEPTH:
        return (z + 0.5) * c->voxel_um;
    case WEIGHT:
        return page->weight;
    case RADIUS:
        return page->radius * c->voxel_um;
    case TARGET:
        return inside > 0.0 ? (double)page->target / inside : NAN;
    case CBD:
        return inside > 0.0 ? (double)page->cbd / inside : NAN;
    case TIES:
        return page->tie_share;
    default:
        return page->spread;
    }
}

static void report_pages(closing *c, const vly_closing_result *r)
{
    static const char *const names[COLUMNS] = {"depth_um",     "weight",    "radius_um",      "cbd_target",
                                               "cbd_fraction", "tie_share", "cbd_fraction_sd"};
    for (column k = 0; k < COLUMNS; k++) {
        json_t *list = json_array();
        if (k == SPREAD && r->draws < 2) {
            json_decref(list);
            continue;
        }
        for (int32_t z = 0; z < r->page_count; z++)
            json_array_append_new(list, vly_json_real(value_of(c, &r->pages[z], z, k)));
        vly_segment_set(c->s, c->to, names[k], list);
    }
}

/* The smallest and the largest. */
static json_t *radius_range(const closing *c, const vly_closing_result *r)
{
    double low = INFINITY, high = 0.0;
    for (int32_t z = 0; z < r->page_count; z++) {
        low = fmin(low, r->pages[z].radius);
        high = fmax(high, r->pages[z].radius);
    }
    return vly_json_reals((const double[]){low * c->voxel_um, high * c->voxel_um}, 2);
}

static vly_status close_material(closing *c, vly_sink *labels)
{
    vly_segment *s = c->s;
    const vly_settings *settings = s->job.settings;
    vly_closing_options options = VLY_CLOSING_OPTIONS_INIT;
    vly_closing_result r;
    options.fractions = settings->fractions;
    options.ties = settings->ties;
    options.seed = settings->seed;
    options.solid_collector = settings->collector == VLY_COLLECTOR_SOLID;
    options.enclosed = settings->fill_enclosed;
    options.draws = settings->edx_draws;
    options.scratch = vly_segment_region(s).scratch;
    VLY_TRY(vly_closing(&r, s->job.device, c->am, c->mask, labels, &c->profile, &options));
    vly_segment_counts(s, c->to, r.voxels, r.targets, r.counts);
    report_profile(c);
    vly_segment_set(s, c->to, "scale", vly_json_real(r.scale));
    vly_segment_set(s, c->to, "filled", json_integer(r.filled));
    if (settings->edx_draws > 0) vly_segment_set(s, c->to, "draws", json_integer(r.draws));
    vly_segment_set(s, c->to, "radius_range_um", radius_range(c, &r));
    report_pages(c, &r);
    vly_closing_result_free(&r);
    return VLY_OK;
}

vly_status vly_segment_closing_check(vly_segment *s)
{
    closing c = {.s = s, .extent = vly_box_extent(s->window)};
    VLY_TRY(find_voxel_size(&c));
    VLY_TRY(read_profile(&c));
    vly_edx_profile_free(&c.profile);
    return VLY_OK;
}

vly_status vly_segment_closing(vly_segment *s, json_t *to, vly_sink *labels)
{
    closing c = {.s = s, .to = to, .extent = vly_box_extent(s->window)};
    vly_status status = find_voxel_size(&c);
    if (status == VLY_OK) status = read_profile(&c);
    if (status == VLY_OK) status = find_active_material(&c);
    if (status == VLY_OK) status = close_material(&c, labels);
    vly_source_close(c.am);
    vly_source_close(c.mask);
    if (c.spooled) vly_spool_close(&c.spool);
    vly_edx_profile_free(&c.profile);
    return status;
}
