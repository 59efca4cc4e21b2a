/* The EDX closing from end to end: what the line asks of every page, the radii, slab by slab, and which voxels are taken. */
#include "voxelyte/edx.h"

#include "core/memory.h"
#include "image/synth_voxel.h"
#include "segment/closing_impl.h"

#include <math.h>
#include <string.h>

typedef struct work {
    vly_device *device;
    const vly_closing_options *options;
    const vly_edx_profile *profile;
    vly_closing_result *result;
    vly_closing_volume volume;
    vly_closing_radii radii;
    vly_edx_page *pages;          /* (nz) */
    vly_closing_choice *choices;  /* (nz) */
    vly_closing_classes *classes; /* (nz) when whole radii are chosen; NULL */
    vly_sink *sink;
    uint8_t *out; /* labels of a slab on their way to the sink */
    int64_t room; /* bytes there */
} work;

/* ---- what is asked for ---- */

static vly_status check_inputs(const work *w)
{
    const vly_volume_info *am = vly_source_info(w->volume.am);
    const vly_extent e = am->extent, m = w->volume.mask ? vly_source_info(w->volume.mask)->extent : e;
    if (m.nx != e.nx || m.ny != e.ny || m.nz != e.nz)
        return vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels, %d x %d x %d as the labels expected (E_DIM)",
                        vly_source_info(w->volume.mask)->path, m.nx, m.ny, m.nz, e.nx, e.ny, e.nz);
    return VLY_OK;
}

static vly_status count_pages(work *w)
{
    vly_closing_result *r = w->result;
    const int32_t nz = w->volume.extent.nz;
    int64_t am = 0;
    VLY_TRY(vly_closing_count_pages(&w->volume, w->pages));
    for (int32_t z = 0; z < nz; z++) {
        r->voxels += w->pages[z].inside;
        am += w->pages[z].am;
    }
    const char *path = vly_source_info(w->volume.am)->path;
    if (r->voxels == 0) return vly_fail(VLY_EDATA, "%s: no voxel is inside the region (E_ROI)", path);
    if (am == 0) return vly_fail(VLY_EDATA, "%s: no active material to close (E_EMPTY)", path);
    vly_fractions_targets(&w->options->fractions, r->voxels, r->targets);
    return VLY_OK;
}

/* ---- lines as the fit might have been ---- */

/* One more: its shares against those of the fitted line, summed up per page. A line that nothing can follow counts for
 * nothing. At the points' centre the level of a line and its slope are independent, so two normal deviates make it. */
static vly_status draw_line(work *w, vly_edx_page *drawn, uint64_t seed, double *sum, double *squares)
{
    const vly_edx_profile *p = w->profile;
    const int32_t nz = w->volume.extent.nz;
    const double variance = p->slope_error * p->slope_error, centre = variance > 0.0 ? -p->covariance / variance : 0.5;
    const double level = vly_edx_line_error(p, centre) * vly_synth_normal(0, seed);
    const double slope = p->slope + p->slope_error * vly_synth_normal(1, seed);
    double scale;
    memcpy(drawn, w->pages, (size_t)nz * sizeof *drawn);
    if (vly_edx_weigh(drawn, nz, p->intercept + level + (p->slope - slope) * centre, slope) != VLY_OK) return VLY_OK;
    vly_status status = vly_edx_share(drawn, &scale, nz, w->result->targets[VLY_CBD]);
    if (status != VLY_OK) return status == VLY_ENUMERIC ? VLY_OK : status;
    w->result->draws++;
    for (int32_t z = 0; z < nz; z++) {
        double off = (double)(drawn[z].target - w->pages[z].target) / fmax((double)drawn[z].inside, 1.0);
        sum[z] += off;
        squares[z] += off * off;
    }
    return VLY_OK;
}

static vly_status draw_lines(work *w)
{
    const int32_t nz = w->volume.extent.nz;
    vly_edx_page *drawn;
    double *sum;
    if (w->options->draws == 0) return VLY_OK;
    VLY_TRY(VLY_NEW(&drawn, nz, "draws"));
    vly_status status = VLY_NEW(&sum, 2 * (int64_t)nz, "draws");
    for (int32_t k = 0; k < w->options->draws && status == VLY_OK; k++)
        status = draw_line(w, drawn, vly_hash((uint64_t)k, w->options->seed), sum, sum + nz);
    const double n = w->result->draws;
    for (int32_t z = 0; z < nz && status == VLY_OK && n > 1.0; z++)
        w->result->pages[z].spread = sqrt(fmax(sum[nz + z] - sum[z] * sum[z] / n, 0.0) / (n - 1.0));
    if (status == VLY_OK && n < w->options->draws)
        vly_device_warn(w->device,
                        "%d of %d lines drawn from the errors of the EDX fit ask for more CBD than there is room",
                        (int)(w->options->draws - n), (int)w->options->draws);
    vly_free(sum);
    vly_free(drawn);
    return status;
}

/* ---- slabs ---- */

typedef vly_status (*slab_work)(work *w, vly_closing_slab *slab, int32_t z0);

static vly_status each_slab(work *w, const char *title, slab_work work_on)
{
    const vly_extent e = w->volume.extent;
    const int64_t page = (int64_t)e.nx * e.ny;
    for (int32_t z = 0, count; z < e.nz; z += count) {
        vly_closing_slab slab = {.bits = 0};
        VLY_TRY(vly_device_stop(w->device));
        VLY_TRY(vly_closing_radii_at(&w->radii, &slab, z, &count));
        slab.pages.first = z * page;
        slab.pages.seed = w->options->seed;
        VLY_TRY(work_on(w, &slab, z));
        vly_device_update(w->device, title, (z + count) * page, e.nz * page, "voxel");
    }
    return VLY_OK;
}

static vly_status write_slab(work *w, const vly_closing_slab *slab)
{
    const int64_t voxels = slab->pages.page * slab->pages.count;
    if (voxels > w->room) {
        vly_free(w->out);
        w->out = NULL;
        VLY_TRY(vly_alloc_raw((void **)&w->out, w->room = voxels, 1, "labels"));
    }
    VLY_TRY(vly_device_download(w->device, w->out, slab->label, voxels));
    return vly_sink_write(w->sink, slab->pages.count, w->out);
}

static vly_status label_slab(work *w, vly_closing_slab *slab, int32_t z0)
{
    uint64_t *counts;
    const int32_t count = slab->pages.count;
    VLY_TRY(VLY_NEW(&counts, count, "counts"));
    vly_status status = vly_closing_apply(counts, w->device, slab, w->choices + z0);
    if (status == VLY_OK) status = write_slab(w, slab);
    for (int32_t z = 0; z < count && status == VLY_OK; z++) w->result->pages[z0 + z].cbd = (int64_t)counts[z];
    vly_free(counts);
    return status;
}

static vly_status close_slab(work *w, vly_closing_slab *slab, int32_t z0)
{
    VLY_TRY(vly_closing_select(w->choices + z0, w->device, slab, w->pages + z0));
    return label_slab(w, slab, z0);
}

static vly_status list_slab(work *w, vly_closing_slab *slab, int32_t z0)
{
    return vly_closing_list_classes(w->classes + z0, w->device, slab);
}

/* Whole radii need to be known in all pages before the first is chosen. */
static vly_status close_pages(work *w)
{
    const int32_t nz = w->volume.extent.nz;
    if (w->options->ties == VLY_TIES_HASH) return each_slab(w, "closing", close_slab);
    VLY_TRY(VLY_NEW(&w->classes, nz, "radii"));
    VLY_TRY(each_slab(w, "radii", list_slab));
    vly_closing_choose_classes(w->choices, &w->result->scale, w->pages, w->classes, nz, w->result->targets[VLY_CBD]);
    return each_slab(w, "closing", label_slab);
}

/* ---- the result ---- */

/* A radius more than a voxel below one that came before, on the way to where the line is higher, is no play of the grid. */
static void warn_of_radii(const work *w)
{
    const vly_closing_result *r = w->result;
    const int32_t n = r->page_count;
    const bool rising = w->profile->slope >= 0.0;
    int32_t widest = rising ? 0 : n - 1, from = widest, to = widest;
    double most = 0.0;
    for (int32_t k = 0; k < n; k++) {
        const int32_t z = rising ? k : n - 1 - k;
        if (r->pages[z].radius > r->pages[widest].radius) widest = z;
        double drop = r->pages[widest].radius - r->pages[z].radius;
        if (drop > most) most = drop, from = widest, to = z;
    }
    if (most > 1.0)
        vly_device_warn(
            w->device,
            "the closing radius falls from %.2f voxels in page %d to %.2f in page %d, where the EDX line is "
            "higher: the room between the active material varies more than the line",
            r->pages[from].radius, (int)from, r->pages[to].radius, (int)to);
}

static void warn_of_bare_pages(const work *w)
{
    int32_t bare = 0;
    for (int32_t z = 0; z < w->result->page_count; z++) bare += w->result->pages[z].weight <= 0.0;
    if (bare > 0)
        vly_device_warn(w->device, "the EDX line is not above 0 in %d of %d pages: they get no CBD", (int)bare,
                        (int)w->result->page_count);
}

static vly_status finish(work *w)
{
    vly_closing_result *r = w->result;
    for (int32_t z = 0; z < r->page_count; z++) {
        const vly_edx_page *asked = &w->pages[z];
        vly_closing_page *page = &r->pages[z];
        page->weight = asked->weight;
        page->inside = asked->inside;
        page->am = asked->am;
        page->open = asked->open;
        page->target = asked->target;
        page->radius = sqrt((double)w->choices[z].rho2);
        page->tie_share = page->open > 0 ? (double)w->choices[z].tied / (double)page->open : 0.0;
        if (page->cbd != page->target)
            return vly_fail(VLY_EINTERNAL, "page %d: %lld voxels became CBD, %lld expected", (int)z,
                            (long long)page->cbd, (long long)page->target);
        r->counts[VLY_AM] += page->am;
        r->counts[VLY_CBD] += page->cbd;
        r->counts[VLY_PORE] += page->inside - page->am - page->cbd;
    }
    warn_of_bare_pages(w);
    warn_of_radii(w);
    return VLY_OK;
}

static vly_status run(work *w)
{
    const vly_closing_options *o = w->options;
    vly_closing_result *r = w->result;
    const int32_t nz = w->volume.extent.nz;
    VLY_TRY(check_inputs(w));
    VLY_TRY(VLY_NEW(&w->pages, nz, "pages"));
    VLY_TRY(VLY_NEW(&w->choices, nz, "pages"));
    VLY_TRY(VLY_NEW(&r->pages, nz, "pages"));
    r->page_count = nz;
    for (int32_t z = 0; z < nz; z++) r->pages[z].spread = NAN;
    if (o->enclosed != VLY_ENCLOSED_KEEP)
        VLY_TRY(
            vly_closing_fill_enclosed(&w->volume, &r->filled, o->enclosed, w->device->memory_limit / 8, o->scratch));
    VLY_TRY(count_pages(w));
    VLY_TRY(vly_edx_weigh(w->pages, nz, w->profile->intercept, w->profile->slope));
    VLY_TRY(vly_edx_share(w->pages, &r->scale, nz, r->targets[VLY_CBD]));
    VLY_TRY(draw_lines(w));
    VLY_TRY(vly_closing_radii_open(&w->radii, &w->volume, o->solid_collector));
    VLY_TRY(close_pages(w));
    return finish(w);
}

vly_status vly_closing(vly_closing_result *out, vly_device *device, vly_source *am, vly_source *mask, vly_sink *labels,
                       const vly_edx_profile *profile, const vly_closing_options *options)
{
    work w = {.device = device, .options = options, .profile = profile, .result = out, .sink = labels};
    w.volume = (vly_closing_volume){.device = device, .am = am, .mask = mask, .extent = vly_source_info(am)->extent};
    *out = (vly_closing_result){0};
    vly_status status = run(&w);
    for (int32_t z = 0; w.classes && z < w.volume.extent.nz; z++) vly_free(w.classes[z].list);
    vly_free(w.classes);
    vly_free(w.choices);
    vly_free(w.pages);
    vly_free(w.out);
    vly_closing_radii_close(&w.radii);
    vly_closing_volume_close(&w.volume);
    if (status != VLY_OK) vly_closing_result_free(out);
    return status;
}

void vly_closing_result_free(vly_closing_result *result)
{
    vly_free(result->pages);
    result->pages = NULL;
}
