#include "study/describe_numbers.h"

#include "core/memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
static const char coarse[] = "under two voxels";

const char *vly_unit_of_key(const char *key)
{
    static const char *const units[][2] = {{"_per_um3", "1/um3"}, {"_per_um", "1/um"}, {"_um", "um"}};
    const size_t length = strlen(key);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t ending = strlen(units[i][0]);
        if (length > ending && strcmp(key + length - ending, units[i][0]) == 0) return units[i][1];
    }
    return "1";
}

static double um(double metres)
{
    return round(metres * 1e18) / 1e12; /* without the digits that the conversion brings in */
}

/* ---- the list ---- */

typedef struct listing {
    vly_numbers *to;
    const vly_description *d;
    const vly_cutout *c;
    const char *group;
} listing;

static void add(listing *l, const char *key, double value, const char *flag, const char *reason)
{
    assert(l->to->count < VLY_NUMBERS_MAX);
    if (!isfinite(value) && !reason) reason = "not defined here";
    if (reason) value = NAN;
    l->to->list[l->to->count++] = (vly_number){
        l->group, key, vly_unit_of_key(key), value, reason ? NULL : flag, reason, value, value, NAN, reason ? 0 : 1};
}

static bool asked(const listing *l, vly_quantity q)
{
    return l->d->quantities >> q & 1;
}

/* ---- phases ---- */

/* "under two voxels" if the phase is known to be that fine. */
static const char *fineness(const listing *l, vly_phase p)
{
    const vly_granulometry *g = &l->c->sizes[p];
    bool known = asked(l, VLY_QUANTITY_SIZES) && !l->c->reason[VLY_QUANTITY_SIZES] && g->state == VLY_SIZE_MEASURED;
    return known && g->resolution_limited ? coarse : NULL;
}

static void add_surface(listing *l, vly_phase p)
{
    const vly_surface_result *s = &l->c->surface;
    const char *reason = l->c->reason[VLY_QUANTITY_SURFACE], *flag = fineness(l, p);
    add(l, "surface_per_um", 1e-6 * s->surface[p], flag, reason);
    add(l, "euler_26_per_um3", 1e-18 * s->euler_density_26[p], flag, reason);
    add(l, "euler_6_per_um3", 1e-18 * s->euler_density_6[p], flag, reason);
}

static void add_radius(listing *l, const char *key, double voxels, const char *flag, const char *reason)
{
    add(l, key, um(voxels * fmin(l->d->voxel_size.x, fmin(l->d->voxel_size.y, l->d->voxel_size.z))),
        flag           ? flag
        : voxels < 2.0 ? coarse
                       : NULL,
        reason);
}

static const char *reason_of(const listing *l, vly_quantity q, vly_size_state state)
{
    if (l->c->reason[q]) return l->c->reason[q];
    return state == VLY_SIZE_ABSENT || state == VLY_SIZE_UNBOUNDED ? vly_size_state_text(state) : NULL;
}

static void add_sizes(listing *l, vly_phase p)
{
    static const char *const quantiles[VLY_SIZE_QUANTILES] = {"r_q10_um", "r_q25_um", NULL, "r_q75_um", "r_q90_um"};
    const vly_granulometry *g = &l->c->sizes[p];
    const char *reason = reason_of(l, VLY_QUANTITY_SIZES, g->state);
    add_radius(l, "r_max_um", g->curve.step[VLY_SIZE_MEDIAN], NULL, reason);
    add_radius(l, "r_max_interp_um", g->curve.interpolated[VLY_SIZE_MEDIAN], NULL, reason);
    for (int q = 0; q < VLY_SIZE_QUANTILES; q++)
        if (quantiles[q]) add_radius(l, quantiles[q], g->curve.step[q], NULL, reason);
    add_radius(l, "r_mean_um", g->curve.mean, NULL, reason);
}

static void add_intrusion(listing *l, vly_phase p, vly_inlet inlet, const char *const keys[4])
{
    const vly_granulometry *g = &l->c->sizes[p];
    const vly_intrusion *m = &g->intrusion[inlet];
    const char *reason = reason_of(l, VLY_QUANTITY_INTRUSION, m->state);
    const char *closed = m->state == VLY_SIZE_CLOSED ? vly_size_state_text(m->state) : NULL;
    const char *flag = m->curve.step[VLY_SIZE_MEDIAN] < 2.0 || g->resolution_limited ? coarse : NULL;
    add_radius(l, keys[0], m->curve.step[VLY_SIZE_MEDIAN], closed, reason);
    add_radius(l, keys[1], m->curve.interpolated[VLY_SIZE_MEDIAN], closed, reason);
    add(l, keys[2], m->constrictivity, closed ? closed : flag, reason);
    add(l, keys[3], (double)m->curve.reached / (double)m->curve.voxels, closed ? closed : fineness(l, p), reason);
}

static void add_tortuosity(listing *l, vly_phase p)
{
    const vly_geodesic_result *g = &l->c->geodesic[p];
    const char *whole = l->c->reason[VLY_QUANTITY_TORTUOSITY], *reason = whole ? whole : g->reason;
    const char *flag = fineness(l, p);
    add(l, "geodesic_tortuosity.mean", g->mean, flag, reason);
    add(l, "geodesic_tortuosity.std", g->std, flag, reason);
    add(l, "geodesic_tortuosity.q05", g->q05, flag, reason);
    add(l, "geodesic_tortuosity.q50", g->q50, flag, reason);
    add(l, "geodesic_tortuosity.q95", g->q95, flag, reason);
    add(l, "geodesic_tortuosity.reached_fraction", g->reached_fraction, whole ? NULL : g->reason, whole);
}

/* Shares of the phase's voxels. */
static void add_connectivity(listing *l, vly_phase p)
{
    const vly_connected *c = &l->c->connected_26[p], *f = &l->c->connected_6[p];
    const double voxels = (double)c->voxels;
    const char *reason = c->voxels == 0 ? vly_size_state_text(VLY_SIZE_ABSENT) : NULL;
    add(l, "connectivity.components", (double)c->components, NULL, NULL);
    add(l, "connectivity.percolating_fraction", (double)c->percolating / voxels, NULL, reason);
    add(l, "connectivity.separator_fraction", (double)c->separator / voxels, NULL, reason);
    add(l, "connectivity.collector_fraction", (double)c->collector / voxels, NULL, reason);
    add(l, "connectivity.isolated_fraction", (double)c->isolated / voxels, NULL, reason);
    add(l, "connectivity.largest_fraction", (double)c->largest / voxels, NULL, reason);
    add(l, "connectivity.components_by_faces", (double)f->components, NULL, NULL);
    add(l, "connectivity.percolating_fraction_by_faces", (double)f->percolating / voxels, NULL, reason);
}

static void add_phase(listing *l, vly_phase p)
{
    static const char *const from_separator[] = {"r_min_um", "r_min_interp_um", "constrictivity", "reachable_fraction"};
    static const char *const from_collector[] = {"r_min_collector_um", "r_min_collector_interp_um",
                                                 "constrictivity_collector", "reachable_fraction_collector"};
    const vly_line *line = &l->c->profile.line[p];
    const char *thin = isnan(line->slope) ? "a line needs two slices at least" : NULL;
    l->group = vly_phase_name(p);
    add(l, "volume_fraction", l->c->profile.fraction[p], NULL, NULL);
    if (asked(l, VLY_QUANTITY_SURFACE)) add_surface(l, p);
    if (asked(l, VLY_QUANTITY_SIZES)) add_sizes(l, p);
    if (asked(l, VLY_QUANTITY_INTRUSION)) {
        add_intrusion(l, p, VLY_INLET_SEPARATOR, from_separator);
        add_intrusion(l, p, VLY_INLET_COLLECTOR, from_collector);
    }
    if (asked(l, VLY_QUANTITY_TORTUOSITY)) add_tortuosity(l, p);
    if (asked(l, VLY_QUANTITY_CONNECTIVITY)) add_connectivity(l, p);
    add(l, "gradient.intercept", line->intercept, NULL, thin);
    add(l, "gradient.slope_per_um", 1e-6 * line->slope, NULL, thin);
    add(l, "gradient.slope_error_per_um", 1e-6 * line->slope_se, NULL,
        isnan(line->slope_se) ? "an error needs three slices at least" : NULL);
}

/* ---- the electrode ---- */

static void add_interfaces(listing *l)
{
    const vly_surface_result *s = &l->c->surface;
    const char *reason = l->c->reason[VLY_QUANTITY_SURFACE], *fine[VLY_PHASES];
    for (int p = 0; p < VLY_PHASES; p++) fine[p] = fineness(l, (vly_phase)p);
    l->group = "interfaces";
    add(l, "am_cbd_per_um", 1e-6 * s->interface[VLY_AM_CBD], fine[VLY_AM] ? fine[VLY_AM] : fine[VLY_CBD], reason);
    add(l, "am_pore_per_um", 1e-6 * s->interface[VLY_PORE_AM], fine[VLY_AM] ? fine[VLY_AM] : fine[VLY_PORE], reason);
    add(l, "cbd_pore_per_um", 1e-6 * s->interface[VLY_PORE_CBD], fine[VLY_CBD] ? fine[VLY_CBD] : fine[VLY_PORE],
        reason);
    add(l, "s_int_per_um", 1e-6 * s->s_int,
        fine[VLY_AM]    ? fine[VLY_AM]
        : fine[VLY_CBD] ? fine[VLY_CBD]
                        : fine[VLY_PORE],
        reason);
    add(l, "closure_error", s->closure_error, NULL, reason);
}

static void add_electrode(listing *l)
{
    const vly_profile_result *r = &l->c->profile;
    const char *flat = r->layers.slices == 0 ? "the active material's profile is flat" : NULL;
    l->group = "electrode";
    add(l, "electrolyte_porosity", r->fraction[VLY_PORE] + 0.5 * r->fraction[VLY_CBD], NULL, NULL);
    add(l, "solid_cbd_fraction", 0.5 * r->fraction[VLY_CBD], NULL, NULL);
    add(l, "layers.depth_um", um(r->layers.depth), NULL, flat);
    add(l, "layers.explained", r->layers.explained, NULL, flat);
}

void vly_numbers_of(vly_numbers *out, const vly_description *description, int32_t cutout)
{
    listing l = {.to = out, .d = description, .c = &description->cutouts[cutout]};
    out->count = 0;
    for (int p = 0; p < VLY_PHASES; p++) add_phase(&l, order[p]);
    if (asked(&l, VLY_QUANTITY_SURFACE)) add_interfaces(&l);
    add_electrode(&l);
}

/* ---- over cut-outs ---- */

static void take(vly_number *sum, const vly_number *one)
{
    if (!sum->flag) sum->flag = one->flag;
    if (one->reason) return;
    if (sum->cutouts == 0) {
        *sum = (vly_number){one->group, one->key, one->unit, 0.0, sum->flag, NULL, one->value, one->value, NAN, 0};
    }
    sum->value += one->value;
    sum->low = fmin(sum->low, one->value);
    sum->high = fmax(sum->high, one->value);
    sum->cutouts++;
}

static void deviate(vly_number *mean, const vly_number *one)
{
    if (one->reason || mean->cutouts < 2) return;
    double away = one->value - mean->value;
    mean->std = (isnan(mean->std) ? 0.0 : mean->std) + away * away / (mean->cutouts - 1);
}

vly_status vly_numbers_mean(vly_numbers *out, const vly_description *description)
{
    vly_numbers *one;
    VLY_TRY(VLY_NEW(&one, 1, "numbers"));
    vly_numbers_of(out, description, 0);
    for (int32_t i = 1; i < description->count; i++) {
        vly_numbers_of(one, description, i);
        for (int32_t k = 0; k < out->count; k++) take(&out->list[k], &one->list[k]);
    }
    for (int32_t k = 0; k < out->count; k++)
        if (out->list[k].cutouts > 0) out->list[k].value /= out->list[k].cutouts;
    for (int32_t i = 0; i < description->count && description->count > 1; i++) {
        vly_numbers_of(one, description, i);
        for (int32_t k = 0; k < out->count; k++) deviate(&out->list[k], &one->list[k]);
    }
    for (int32_t k = 0; k < out->count; k++) out->list[k].std = sqrt(out->list[k].std);
    vly_free(one);
    return VLY_OK;
}
