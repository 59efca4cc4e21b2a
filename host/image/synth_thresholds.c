/* First the AM of each layer, exactly. Then the CBD by depth: slabs of about 8 voxels ask for their share, the level
 * between slabs is interpolated so that it holds at any resolution, and a last shift makes the layer's total exact.
 * Necks between particles come first, islands in the rest of the pores make up what is missing. */
#include "image/synth_thresholds.h"

#include "core/memory.h"
#include "image/synth_select.h"

#include <assert.h>

enum { SLAB_VOXELS = 8, SWEEPS = 20, HALVINGS = 60 };

/* A layer's CBD by depth. */
typedef struct profile {
    const vly_samples *samples;
    int32_t layer;
    int32_t *begin; /* (slabs + 1) first plane of every slab; owned */
    double *asked;  /* (slabs) points of CBD; owned */
    double *room;   /* (slabs) points that are not AM; owned */
} profile;

double vly_level_at(const vly_level *level, double depth)
{
    if (level->count == 0) return 0.0;
    double at = (depth - level->start) / level->step;
    if (at <= 0.0) return level->node[0];
    if (at >= level->count - 1) return level->node[level->count - 1];
    int32_t i = (int32_t)at;
    return fma(at - i, level->node[i + 1] - level->node[i], level->node[i]);
}

void vly_thresholds_plane(const vly_thresholds *t, const vly_sample_plane *plane, uint8_t *phase)
{
    double neck[VLY_SYNTH_LAYERS], island[VLY_SYNTH_LAYERS];
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++) {
        neck[l] = vly_level_at(&t->neck[l], plane->depth);
        island[l] = vly_level_at(&t->island[l], plane->depth);
    }
    for (int64_t i = 0; i < plane->points; i++) {
        int l = plane->layer[i];
        phase[i] =
            (uint8_t)vly_thresholds_phase(t, l, plane->am[i], plane->neck[i], plane->island[i], neck[l], island[l]);
    }
}

/* Nodes at the centres of slabs of equal thickness; their values are to be found. */
static vly_status open_level(vly_level *level, const vly_structure *s, int32_t layer)
{
    double from = layer == 0 ? 0.0 : s->interface, to = layer == 0 ? s->interface : s->size[2];
    int32_t count = (int32_t)floor((to - from) / (SLAB_VOXELS * 1e6 * s->options->voxel_size) + 0.5);
    level->count = count < 1 ? 1 : count;
    level->step = (to - from) / level->count;
    level->start = from + 0.5 * level->step;
    return VLY_NEW(&level->node, level->count, "levels by depth");
}

static double plane_depth(const vly_samples *samples, int32_t plane)
{
    return fma(plane, samples->lattice.step[2][2], samples->lattice.origin[2]);
}

/* What wanders past the mean interface belongs to the outermost slab. */
static vly_status open_profile(profile *f, const vly_level *level, const vly_samples *samples, int32_t layer)
{
    *f = (profile){.samples = samples, .layer = layer};
    VLY_TRY(VLY_NEW(&f->begin, level->count + 1, "CBD by depth"));
    VLY_TRY(VLY_NEW(&f->asked, level->count, "CBD by depth"));
    VLY_TRY(VLY_NEW(&f->room, level->count, "CBD by depth"));
    const int32_t planes = samples->lattice.extent.nz;
    for (int32_t j = 1, p = 0; j < level->count; j++) {
        while (p < planes && plane_depth(samples, p) < level->start + (j - 0.5) * level->step) p++;
        f->begin[j] = p;
    }
    f->begin[level->count] = planes;
    return VLY_OK;
}

static void close_profile(profile *f)
{
    vly_free(f->begin);
    vly_free(f->asked);
    vly_free(f->room);
}

static double candidates(const profile *f, const vly_synth_histogram *h, int32_t slab)
{
    double sum = 0.0;
    for (int32_t p = f->begin[slab]; p < f->begin[slab + 1]; p++)
        sum += (double)vly_synth_histogram_total(h, p, f->layer);
    return sum;
}

/* Points of CBD by slab: c times the gradient's share, but no more than there is room; c such that the sum is `total`. */
static void share_out(profile *f, int32_t slabs, double total)
{
    double low = 0.0, high = 1.0;
    for (int i = 0; i < 200; i++) {
        double c = i < 40 ? high : 0.5 * (low + high), sum = 0.0;
        for (int32_t j = 0; j < slabs; j++) sum += c * f->asked[j] < f->room[j] ? c * f->asked[j] : f->room[j];
        if (i < 40 && sum < total)
            high *= 2.0; /* first an upper bound */
        else if (sum < total)
            low = c;
        else
            high = c;
    }
    for (int32_t j = 0; j < slabs; j++) f->asked[j] = high * f->asked[j] < f->room[j] ? high * f->asked[j] : f->room[j];
}

static void ask(profile *f, const vly_synth_histogram *h, int32_t slabs, double total)
{
    assert(f->samples && f->room);
    const vly_structure *s = f->samples->structure;
    for (int32_t j = 0; j < slabs; j++) {
        f->room[j] = candidates(f, h, j);
        for (int32_t p = f->begin[j]; p < f->begin[j + 1]; p++) {
            double slope = 2.0 * plane_depth(f->samples, p) / s->size[2] - 1.0;
            f->asked[j] +=
                (double)h->points[(int64_t)p * VLY_SYNTH_LAYERS + f->layer] * fma(s->options->gradient, slope, 1.0);
        }
    }
    share_out(f, slabs, total);
}

/* Points of a slab below the level as it stands. */
static double slab_below(const profile *f, const vly_synth_histogram *h, const vly_level *level, int32_t slab)
{
    double sum = 0.0;
    for (int32_t p = f->begin[slab]; p < f->begin[slab + 1]; p++)
        sum += vly_synth_histogram_below(h, p, f->layer, vly_level_at(level, plane_depth(f->samples, p)));
    return sum;
}

/* Gauss and Seidel over the slabs: three quarters of a slab's level are its own node's, so the sweeps converge. */
static void solve(vly_level *level, const profile *f, const vly_synth_histogram *h, double part)
{
    const double bottom = h->low, top = h->low + h->width * VLY_SYNTH_BINS;
    for (int32_t j = 0; j < level->count; j++) level->node[j] = 0.5 * (bottom + top);
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int32_t j = 0; j < level->count; j++) {
            double low = bottom, high = top;
            for (int i = 0; i < HALVINGS; i++) {
                level->node[j] = 0.5 * (low + high);
                if (slab_below(f, h, level, j) < part * f->asked[j])
                    low = level->node[j];
                else
                    high = level->node[j];
            }
        }
}

/* AM of every layer, and what is to be met. */
static vly_status find_am(vly_thresholds *t, vly_samples *samples)
{
    const vly_structure *s = samples->structure;
    int64_t wanted[VLY_SYNTH_LAYERS] = {0};
    for (int32_t l = 0; l < s->layers; l++) {
        vly_synth_layer *layer = &t->layer[l];
        *layer = (vly_synth_layer){.from = l == 0 ? 0.0 : 1e-6 * s->interface,
                                   .to = 1e-6 * (l == 0 ? s->interface : s->size[2]),
                                   .fractions = vly_structure_fractions(s, l)};
    }
    vly_synth_histogram h;
    VLY_TRY(vly_synth_histogram_make(&h, t, samples, VLY_STAGE_AM, -2.0, 4.0));
    for (int32_t l = 0; l < s->layers; l++) {
        for (int32_t p = 0; p < h.planes; p++) t->layer[l].samples += vly_synth_histogram_total(&h, p, l);
        vly_fractions_targets(&t->layer[l].fractions, t->layer[l].samples, t->layer[l].targets);
        wanted[l] = t->layer[l].targets[VLY_AM];
    }
    vly_synth_histogram_free(&h);
    VLY_TRY(vly_synth_select(t->am, t, samples, VLY_STAGE_AM, wanted));
    for (int32_t l = 0; l < s->layers; l++) t->layer[l].am_level = 1e-6 * t->am[l];
    return VLY_OK;
}

/* Necks: their part of what every slab asks for. */
static vly_status find_necks(vly_thresholds *t, vly_samples *samples, profile *profiles, const double share)
{
    const vly_structure *s = samples->structure;
    vly_synth_histogram h;
    int64_t wanted[VLY_SYNTH_LAYERS] = {0};
    float shift[VLY_SYNTH_LAYERS];
    VLY_TRY(vly_synth_histogram_make(&h, t, samples, VLY_STAGE_NECK, -4.0, 2.0 * VLY_SYNTH_REACH));
    for (int32_t l = 0; l < s->layers; l++) {
        double total = (double)t->layer[l].targets[VLY_CBD];
        ask(&profiles[l], &h, t->neck[l].count, total);
        solve(&t->neck[l], &profiles[l], &h, share);
        wanted[l] = (int64_t)floor(share * total + 0.5);
    }
    vly_synth_histogram_free(&h);
    VLY_TRY(vly_synth_select(shift, t, samples, VLY_STAGE_NECK, wanted));
    for (int32_t l = 0; l < s->layers; l++) {
        double sum = 0.0;
        for (int32_t j = 0; j < t->neck[l].count; j++) sum += t->neck[l].node[j];
        t->neck[l].shift = shift[l];
        t->layer[l].neck_level = wanted[l] > 0 ? 1e-6 * (sum / t->neck[l].count + shift[l]) : 0.0;
    }
    return VLY_OK;
}

/* Islands: whatever each slab still lacks. */
static vly_status find_islands(vly_thresholds *t, vly_samples *samples, profile *profiles)
{
    const vly_structure *s = samples->structure;
    vly_synth_histogram h;
    int64_t wanted[VLY_SYNTH_LAYERS] = {0};
    float shift[VLY_SYNTH_LAYERS];
    VLY_TRY(vly_synth_histogram_make(&h, t, samples, VLY_STAGE_ISLAND, -8.0, 8.0));
    for (int32_t l = 0; l < s->layers; l++) {
        double necks = 0.0;
        assert(profiles[l].room);
        for (int32_t j = 0; j < t->island[l].count; j++) {
            double neck = profiles[l].room[j] - candidates(&profiles[l], &h, j);
            profiles[l].asked[j] = profiles[l].asked[j] > neck ? profiles[l].asked[j] - neck : 0.0;
            necks += neck;
        }
        solve(&t->island[l], &profiles[l], &h, 1.0);
        wanted[l] = t->layer[l].targets[VLY_CBD] - (int64_t)necks;
    }
    vly_synth_histogram_free(&h);
    VLY_TRY(vly_synth_select(shift, t, samples, VLY_STAGE_ISLAND, wanted));
    for (int32_t l = 0; l < s->layers; l++) t->island[l].shift = shift[l];
    return VLY_OK;
}

/* Stripes are cut where the fractions say, and spheres and their shells have nothing to put into islands. */
static vly_status find_stripes(vly_thresholds *t, const vly_samples *samples)
{
    const vly_structure *s = samples->structure;
    vly_fractions f = vly_structure_fractions(s, 0);
    double unit = s->size[0] / (double)VLY_FRACTIONS_ONE;
    t->layer[0] = (vly_synth_layer){.to = 1e-6 * s->size[2], .fractions = f};
    t->layer[0].samples = samples->plane_points * samples->lattice.extent.nz;
    vly_fractions_targets(&f, t->layer[0].samples, t->layer[0].targets);
    t->am[0] = (float)((double)f.parts[VLY_AM] * unit);
    t->neck[0].shift = (float)((double)(f.parts[VLY_AM] + f.parts[VLY_CBD]) * unit);
    t->layer[0].am_level = 1e-6 * t->am[0];
    t->layer[0].neck_level = 1e-6 * t->neck[0].shift;
    return VLY_OK;
}

vly_status vly_thresholds_find(vly_thresholds *out, vly_samples *samples)
{
    const vly_structure *s = samples->structure;
    *out = (vly_thresholds){.am = {-INFINITY, -INFINITY}};
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++) out->neck[l].shift = out->island[l].shift = -INFINITY;
    if (s->kind == VLY_SYNTH_STRIPES) return find_stripes(out, samples);
    profile profiles[VLY_SYNTH_LAYERS] = {{0}};
    vly_status status = find_am(out, samples);
    for (int32_t l = 0; l < s->layers && status == VLY_OK; l++) {
        status = open_level(&out->neck[l], s, l);
        if (status == VLY_OK) status = open_level(&out->island[l], s, l);
        if (status == VLY_OK) status = open_profile(&profiles[l], &out->neck[l], samples, l);
    }
    double necks = s->kind == VLY_SYNTH_LATTICE ? 1.0 : 1.0 - s->options->islands;
    if (status == VLY_OK) status = find_necks(out, samples, profiles, necks);
    if (status == VLY_OK && necks < 1.0) status = find_islands(out, samples, profiles);
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++) close_profile(&profiles[l]);
    if (status != VLY_OK) vly_thresholds_free(out);
    return status;
}

void vly_thresholds_free(vly_thresholds *thresholds)
{
    for (int l = 0; l < VLY_SYNTH_LAYERS; l++) {
        vly_free(thresholds->neck[l].node);
        vly_free(thresholds->island[l].node);
        thresholds->neck[l].node = thresholds->island[l].node = NULL;
    }
}
