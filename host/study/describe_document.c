/* From the results of the descriptors to JSON. Curves of several cut-outs are averaged point by point. */
#include "study/describe_document.h"

#include "core/memory.h"
#include "study/describe_numbers.h"
#include "study/job_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};

typedef struct building {
    vly_document *document;
    const vly_description *d;
    double edge; /* um of the shortest side of a voxel */
} building;

static void set(building *b, json_t *to, const char *key, json_t *value)
{
    if (json_object_set_new(to, key, value) != 0) b->document->broken = true;
}

static void append(building *b, json_t *to, json_t *value)
{
    if (json_array_append_new(to, value) != 0) b->document->broken = true;
}

/* The object below `key`, made if it is not there. */
static json_t *below(building *b, json_t *to, const char *key)
{
    json_t *object = json_object_get(to, key);
    if (object) return object;
    set(b, to, key, json_object());
    return json_object_get(to, key);
}

/* ---- numbers ---- */

static void put_number(building *b, json_t *group, const vly_number *n)
{
    char first[64];
    const char *dot = strchr(n->key, '.');
    if (!dot) {
        set(b, group, n->key, vly_json_real(n->value));
        return;
    }
    size_t length = (size_t)(dot - n->key);
    memcpy(first, n->key, length);
    first[length] = 0;
    set(b, below(b, group, first), dot + 1, vly_json_real(n->value));
}

/* What to think of the numbers, behind them. */
static void put_remarks(building *b, json_t *group, const vly_number *n, bool spread)
{
    if (n->flag) set(b, below(b, group, "flags"), n->key, json_string(n->flag));
    if (n->reason) set(b, below(b, group, "reasons"), n->key, json_string(n->reason));
    if (spread && n->cutouts > 1)
        set(b, below(b, group, "spread"), n->key,
            json_pack("{s:o, s:o, s:o, s:i}", "min", vly_json_real(n->low), "max", vly_json_real(n->high), "std",
                      vly_json_real(n->std), "cutouts", n->cutouts));
}

/* Phases below "phases", the other groups directly. */
static void put_numbers(building *b, json_t *to, const vly_numbers *numbers, bool spread)
{
    json_t *phases = below(b, to, "phases");
    for (int i = 0; i < VLY_PHASES; i++) below(b, phases, vly_phase_name(order[i]));
    for (int32_t i = 0; i < 2 * numbers->count; i++) {
        const vly_number *n = &numbers->list[i % numbers->count];
        json_t *phase = json_object_get(phases, n->group), *group = phase ? phase : below(b, to, n->group);
        if (i < numbers->count)
            put_number(b, group, n);
        else
            put_remarks(b, group, n, spread);
    }
}

/* ---- size curves ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Share of voxels with at least that size. */
static double share_at(const vly_size_curve *c, double radius)
{
    int32_t i = 0;
    while (i < c->count && c->radius[i] < radius) i++;
    return i < c->count ? c->share[i] : 0.0;
}

static const vly_size_curve *curve_of(const vly_cutout *c, vly_phase p, vly_inlet inlet)
{
    return inlet == VLY_INLETS ? &c->sizes[p].curve : &c->sizes[p].intrusion[inlet].curve;
}

/* Every size that occurs in any cut-out, ascending; *count may come out smaller than what was reserved. */
static vly_status gather_radii(const building *b, vly_phase p, vly_inlet inlet, double **radii, int32_t *count)
{
    int32_t all = 0, kept = 0;
    for (int32_t i = 0; i < b->d->count; i++) all += curve_of(&b->d->cutouts[i], p, inlet)->count;
    *count = 0;
    VLY_TRY(VLY_NEW(radii, all + 1, "curve"));
    for (int32_t i = 0, at = 0; i < b->d->count; i++) {
        const vly_size_curve *c = curve_of(&b->d->cutouts[i], p, inlet);
        for (int32_t k = 0; k < c->count; k++) (*radii)[at++] = c->radius[k];
    }
    qsort(*radii, (size_t)all, sizeof **radii, by_value);
    for (int32_t k = 0; k < all; k++)
        if (kept == 0 || (*radii)[k] > (*radii)[kept - 1]) (*radii)[kept++] = (*radii)[k];
    *count = kept;
    return VLY_OK;
}

/* inlet VLY_INLETS: the continuous phase size distribution. Mean over the cut-outs that have the phase. */
static vly_status put_size_curve(building *b, json_t *phase, const char *key, vly_phase p, vly_inlet inlet)
{
    json_t *x = json_array(), *y = json_array();
    double *radii = NULL;
    int32_t count, having = 0;
    vly_status status = gather_radii(b, p, inlet, &radii, &count);
    for (int32_t i = 0; i < b->d->count; i++) having += curve_of(&b->d->cutouts[i], p, inlet)->voxels > 0;
    for (int32_t k = 0; k < count && status == VLY_OK; k++) {
        double sum = 0.0;
        for (int32_t i = 0; i < b->d->count; i++) sum += share_at(curve_of(&b->d->cutouts[i], p, inlet), radii[k]);
        append(b, x, vly_json_real(vly_job_um(1e-6 * radii[k] * b->edge)));
        append(b, y, vly_json_real(sum / having));
    }
    set(b, phase, key, json_pack("{s:o, s:o}", "radius_um", x, "fraction_at_least", y));
    vly_free(radii);
    return status;
}

static vly_status put_sizes(building *b, json_t *phases)
{
    for (int i = 0; i < VLY_PHASES; i++) {
        const vly_phase p = order[i];
        json_t *phase = json_object_get(phases, vly_phase_name(p));
        if (b->d->quantities >> VLY_QUANTITY_SIZES & 1) VLY_TRY(put_size_curve(b, phase, "cpsd", p, VLY_INLETS));
        if (!(b->d->quantities >> VLY_QUANTITY_INTRUSION & 1)) continue;
        VLY_TRY(put_size_curve(b, phase, "intrusion", p, VLY_INLET_SEPARATOR));
        VLY_TRY(put_size_curve(b, phase, "intrusion_collector", p, VLY_INLET_COLLECTOR));
    }
    return VLY_OK;
}

/* ---- tortuosity ---- */

static double bin_share(const vly_geodesic_result *g, int32_t bin)
{
    return bin < g->bins ? (double)g->histogram[bin] / (double)g->reached_voxels : 0.0;
}

/* Shares of the start voxels that a path leaves from, mean over the cut-outs that have one. */
static void put_histogram(building *b, json_t *phase, vly_phase p)
{
    json_t *x = json_array(), *y = json_array();
    int32_t bins = 0, having = 0;
    for (int32_t i = 0; i < b->d->count; i++) {
        const vly_geodesic_result *g = &b->d->cutouts[i].geodesic[p];
        having += g->bins > 0;
        if (g->bins > bins) bins = g->bins;
    }
    for (int32_t k = 0; k < bins; k++) {
        double sum = 0.0;
        for (int32_t i = 0; i < b->d->count; i++) sum += bin_share(&b->d->cutouts[i].geodesic[p], k);
        append(b, x, vly_json_real(round((1.0 + VLY_GEODESIC_BIN * (k + 0.5)) * 1e4) / 1e4)); /* middle of the bin */
        append(b, y, vly_json_real(sum / having));
    }
    set(b, below(b, phase, "geodesic_tortuosity"), "histogram", json_pack("{s:o, s:o}", "tortuosity", x, "share", y));
}

/* ---- two-point functions ---- */

static json_t *mean_rows(building *b, int axis, int32_t pair, int32_t count)
{
    json_t *values = json_array();
    for (int32_t k = 0; k < count; k++) {
        double sum = 0.0;
        for (int32_t i = 0; i < b->d->count; i++) {
            const vly_two_point_result *t = &b->d->cutouts[i].two_point;
            const vly_two_point_row *row = axis < 0 ? &t->curve[k] : &t->axis[axis][k];
            sum += row->lags > 0 ? row->c[pair] : NAN;
        }
        append(b, values, vly_json_real(sum / b->d->count));
    }
    return values;
}

/* axis -1: averaged over all directions. */
static json_t *two_point_of(building *b, int axis)
{
    const vly_two_point_result *first = &b->d->cutouts[0].two_point;
    const int32_t count = (axis < 0 ? first->reach : first->lag[axis]) + 1;
    json_t *object = json_object(), *r = json_array(), *lags = json_array();
    for (int32_t k = 0; k < count; k++) {
        append(b, r, vly_json_real(vly_job_um(1e-6 * k * b->edge)));
        append(b, lags, json_integer(axis < 0 ? first->curve[k].lags : first->axis[axis][k].lags));
    }
    set(b, object, "r_um", r);
    set(b, object, "lags", lags);
    for (int32_t pair = 0; pair < VLY_TWO_POINT_PAIRS; pair++)
        set(b, object, vly_two_point_name((vly_two_point_pair)pair), mean_rows(b, axis, pair, count));
    return object;
}

static void put_two_point(building *b, json_t *root)
{
    const vly_cutout *first = &b->d->cutouts[0];
    if (first->reason[VLY_QUANTITY_TWO_POINT]) {
        set(b, root, "two_point", json_pack("{s:s}", "reason", first->reason[VLY_QUANTITY_TWO_POINT]));
        return;
    }
    json_t *two_point = two_point_of(b, -1);
    set(b, two_point, "shortened", json_boolean(first->two_point.shortened));
    set(b, two_point, "axes",
        json_pack("{s:o, s:o, s:o}", "x", two_point_of(b, 0), "y", two_point_of(b, 1), "z", two_point_of(b, 2)));
    set(b, root, "two_point", two_point);
}

/* ---- profiles ---- */

typedef double slice_value(const vly_profile_result *r, int32_t slice, int phase);

static double fraction_in(const vly_profile_result *r, int32_t slice, int phase)
{
    return r->slice_fraction[(int64_t)slice * VLY_PHASES + phase];
}

static double porosity_in(const vly_profile_result *r, int32_t slice, int phase)
{
    (void)phase;
    return r->porosity[slice];
}

static double depth_of(const vly_profile_result *r, int32_t slice, int phase)
{
    (void)phase;
    return vly_job_um((slice + 0.5) * r->step);
}

/* Mean over the cut-outs that have voxels inside there. */
static json_t *mean_slices(building *b, slice_value *value, int phase)
{
    json_t *values = json_array();
    for (int32_t k = 0; k < b->d->cutouts[0].profile.slices; k++) {
        double sum = 0.0, count = 0.0;
        for (int32_t i = 0; i < b->d->count; i++) {
            double one = value(&b->d->cutouts[i].profile, k, phase);
            if (isnan(one)) continue;
            sum += one;
            count += 1.0;
        }
        append(b, values, vly_json_real(sum / count));
    }
    return values;
}

/* ---- */

static json_t *through_of(const vly_through *t)
{
    static const char *const axes[] = {"x", "y", "z"};
    return json_pack("{s:s, s:s}", "axis", axes[t->axis], "separator", t->separator_high ? "high" : "low");
}

static vly_status put_cutouts(building *b, vly_numbers *numbers)
{
    json_t *list = json_array();
    set(b, b->document->root, "cutouts", list);
    for (int32_t i = 0; i < b->d->count; i++) {
        json_t *cutout = json_pack("{s:o}", "window", vly_job_box(b->d->cutouts[i].window));
        vly_numbers_of(numbers, b->d, i);
        if (b->d->count > 1) put_numbers(b, cutout, numbers, false);
        append(b, list, cutout);
    }
    return VLY_OK;
}

static vly_status put_all(building *b, vly_numbers *numbers)
{
    json_t *root = b->document->root;
    VLY_TRY(vly_numbers_mean(numbers, b->d));
    set(b, root, "through", through_of(&b->d->through));
    put_numbers(b, root, numbers, true);
    json_t *phases = json_object_get(root, "phases");
    VLY_TRY(put_sizes(b, phases));
    for (int i = 0; i < VLY_PHASES; i++) {
        json_t *phase = json_object_get(phases, vly_phase_name(order[i]));
        if (b->d->quantities >> VLY_QUANTITY_TORTUOSITY & 1) put_histogram(b, phase, order[i]);
        set(b, phase, "profile", mean_slices(b, fraction_in, order[i]));
    }
    set(b, below(b, root, "electrode"), "depth_um", mean_slices(b, depth_of, 0));
    set(b, below(b, root, "electrode"), "porosity", mean_slices(b, porosity_in, 0));
    if (b->d->quantities >> VLY_QUANTITY_TWO_POINT & 1) put_two_point(b, root);
    return put_cutouts(b, numbers);
}

vly_status vly_describe_document(vly_document *document, const vly_description *d)
{
    const vly_voxel_size *size = &d->voxel_size;
    building b = {document, d, 1e6 * fmin(size->x, fmin(size->y, size->z))};
    vly_numbers *numbers;
    VLY_TRY(VLY_NEW(&numbers, 1, "numbers"));
    vly_status status = put_all(&b, numbers);
    vly_free(numbers);
    return status == VLY_OK ? vly_document_check(document) : status;
}
