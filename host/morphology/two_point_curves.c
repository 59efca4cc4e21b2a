/* From counts to centred functions: single lags, shells, the curve, the axes. Sums run in one fixed order. */
#include "morphology/two_point_impl.h"

#include "core/memory.h"

#include <math.h>

const char *vly_two_point_name(vly_two_point_pair pair)
{
    static const char *const names[VLY_TWO_POINT_PAIRS] = {"am_am",  "cbd_cbd", "pore_pore",
                                                           "am_cbd", "am_pore", "cbd_pore"};
    return names[pair];
}

/* Pair that holds N_ij; *turned: as N_ji. */
static int32_t pair_of(int32_t i, int32_t j, bool *turned)
{
    for (int32_t p = 0; p < VLY_COUNTED_PAIRS; p++)
        for (int t = 0; t < 2; t++)
            if ((t ? vly_two_point_second(p) : vly_two_point_first(p)) == i &&
                (t ? vly_two_point_first(p) : vly_two_point_second(p)) == j) {
                *turned = t;
                return p;
            }
    return 0;
}

static int64_t cube(const vly_two_point_result *r)
{
    return (2 * (int64_t)r->lag[0] + 1) * (2 * r->lag[1] + 1) * (2 * r->lag[2] + 1);
}

static int64_t slot(const vly_two_point_result *r, int32_t hx, int32_t hy, int32_t hz)
{
    return (((int64_t)hz + r->lag[2]) * (2 * r->lag[1] + 1) + hy + r->lag[1]) * (2 * r->lag[0] + 1) + hx + r->lag[0];
}

/* The nine counts at a slot: N_ji(h) = N_ij(-h), and -h is the slot seen from the other end. */
static void counts_at(const vly_two_point_result *r, int64_t at, int64_t n[VLY_PHASES][VLY_PHASES])
{
    int64_t all = cube(r);
    for (int32_t p = 0; p < VLY_COUNTED_PAIRS; p++) {
        int32_t i = vly_two_point_first(p), j = vly_two_point_second(p);
        n[i][j] = r->counts[p * all + at];
        if (i != j) n[j][i] = r->counts[p * all + all - 1 - at];
    }
}

/* Pairs of voxels at this lag, times C_ij. With Picka's centring the row sums of this are zero: what is left of N_ij when
 * the product of its margins is taken away. */
static double weighted(const vly_two_point_result *r, int64_t n[VLY_PHASES][VLY_PHASES], int32_t i, int32_t j,
                       int64_t *pairs)
{
    int64_t row = 0, column = 0;
    *pairs = 0;
    for (int32_t k = 0; k < VLY_PHASES; k++) {
        row += n[i][k];
        column += n[k][j];
        for (int32_t l = 0; l < VLY_PHASES; l++) *pairs += n[k][l];
    }
    if (*pairs == 0) return 0;
    if (r->centring == VLY_CENTRING_GLOBAL) return (double)n[i][j] - r->fraction[i] * r->fraction[j] * (double)*pairs;
    return (double)n[i][j] - (double)row * ((double)column / (double)*pairs);
}

int64_t vly_two_point_count(const vly_two_point_result *r, vly_phase i, vly_phase j, int32_t hx, int32_t hy, int32_t hz)
{
    bool turned = false;
    int32_t p = pair_of((int32_t)i, (int32_t)j, &turned);
    return r->counts[p * cube(r) + (turned ? slot(r, -hx, -hy, -hz) : slot(r, hx, hy, hz))];
}

double vly_two_point_covariance(const vly_two_point_result *r, vly_phase i, vly_phase j, int32_t hx, int32_t hy,
                                int32_t hz)
{
    int64_t n[VLY_PHASES][VLY_PHASES], pairs;
    counts_at(r, slot(r, hx, hy, hz), n);
    double sum = weighted(r, n, (int32_t)i, (int32_t)j, &pairs);
    return pairs > 0 ? sum / (double)pairs : NAN;
}

/* ---- averages ---- */

typedef struct gathering {
    vly_two_point_row row;
    int64_t pairs;
} gathering;

static void gather(const vly_two_point_result *r, gathering *g, double length, int64_t at)
{
    int64_t n[VLY_PHASES][VLY_PHASES], pairs = 0;
    counts_at(r, at, n);
    for (int32_t p = 0; p < VLY_COUNTED_PAIRS; p++)
        g->row.c[p] += weighted(r, n, vly_two_point_first(p), vly_two_point_second(p), &pairs);
    if (pairs == 0) return; /* a mask may leave none */
    g->pairs += pairs;
    g->row.lags++;
    g->row.r = length;
}

static vly_two_point_row finish(const gathering *g)
{
    vly_two_point_row row = g->row;
    for (int32_t p = 0; p < VLY_COUNTED_PAIRS; p++) row.c[p] /= (double)g->pairs;
    return row;
}

static vly_status keep_shells(vly_two_point_result *r, const gathering *shells, int64_t count)
{
    for (int64_t k = 0; k < count; k++) r->shell_count += shells[k].row.lags > 0;
    VLY_TRY(VLY_NEW(&r->shells, r->shell_count, "two-point table"));
    for (int64_t k = 0, s = 0; k < count; k++)
        if (shells[k].row.lags > 0) r->shells[s++] = finish(&shells[k]);
    return VLY_OK;
}

static vly_status keep_curve(vly_two_point_row **out, const gathering *rows, int32_t count)
{
    VLY_TRY(VLY_NEW(out, count, "two-point curve"));
    for (int32_t i = 0; i < count; i++) {
        if (rows[i].pairs > 0) (*out)[i] = finish(&rows[i]);
        (*out)[i].r = i;
    }
    return VLY_OK;
}

static void gather_ball(const vly_two_point_result *r, gathering *shells, gathering *curve)
{
    int64_t most = (int64_t)r->reach * r->reach, at = 0;
    for (int32_t z = -r->lag[2]; z <= r->lag[2]; z++)
        for (int32_t y = -r->lag[1]; y <= r->lag[1]; y++)
            for (int32_t x = -r->lag[0]; x <= r->lag[0]; x++, at++) {
                int64_t k = (int64_t)x * x + (int64_t)y * y + (int64_t)z * z;
                if (k > most) continue;
                gather(r, &shells[k], sqrt((double)k), at);
                gather(r, &curve[(int64_t)(sqrt((double)k) + 0.5)], 0, at);
            }
}

static vly_status make_axis(vly_two_point_result *r, int a)
{
    gathering *rows;
    VLY_TRY(VLY_NEW(&rows, r->lag[a] + 1, "two-point curve"));
    for (int32_t h = -r->lag[a]; h <= r->lag[a]; h++)
        gather(r, &rows[h < 0 ? -h : h], 0, slot(r, a == 0 ? h : 0, a == 1 ? h : 0, a == 2 ? h : 0));
    vly_status status = keep_curve(&r->axis[a], rows, r->lag[a] + 1);
    vly_free(rows);
    return status;
}

static vly_status make_fractions(vly_two_point_result *r, const char *path)
{
    int64_t sum = 0;
    for (int l = 0; l < VLY_PHASES; l++)
        sum += r->voxels[l] = vly_two_point_count(r, (vly_phase)l, (vly_phase)l, 0, 0, 0);
    if (sum == 0) return vly_fail(VLY_EDATA, "%s: every voxel is outside (E_ROI)", path);
    for (int l = 0; l < VLY_PHASES; l++) r->fraction[l] = (double)r->voxels[l] / (double)sum;
    return VLY_OK;
}

vly_status vly_two_point_curves(vly_two_point_result *r, const char *path)
{
    int64_t count = (int64_t)r->reach * r->reach + 1;
    gathering *shells = NULL, *curve = NULL;
    VLY_TRY(make_fractions(r, path));
    vly_status status = VLY_NEW(&shells, count, "two-point table");
    if (status == VLY_OK) status = VLY_NEW(&curve, r->reach + 1, "two-point curve");
    if (status == VLY_OK) gather_ball(r, shells, curve);
    if (status == VLY_OK) status = keep_shells(r, shells, count);
    if (status == VLY_OK) status = keep_curve(&r->curve, curve, r->reach + 1);
    for (int a = 0; a < 3 && status == VLY_OK; a++) status = make_axis(r, a);
    vly_free(curve);
    vly_free(shells);
    return status;
}

int64_t vly_two_point_curves_bytes(int32_t reach)
{
    int64_t shells = (int64_t)reach * reach + 1, curve = reach + 1;
    return (shells + 2 * curve) * (int64_t)sizeof(gathering) +
           (shells + 4 * curve) * (int64_t)sizeof(vly_two_point_row);
}

void vly_two_point_free(vly_two_point_result *r)
{
    vly_free(r->shells);
    vly_free(r->curve);
    for (int a = 0; a < 3; a++) vly_free(r->axis[a]);
    vly_free(r->counts);
    *r = (vly_two_point_result){0};
}
