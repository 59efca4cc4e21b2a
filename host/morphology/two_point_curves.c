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

/* Counts of the lags in `along` on z, and of all on y and x. */
typedef struct counted {
    const vly_two_point_result *r;
    const int64_t *counts; /* (6, cube) */
    vly_lag_range along;
    int64_t cube;
} counted;

static counted counted_of(const vly_two_point_result *r, const int64_t *counts, vly_lag_range along)
{
    int64_t page = (2 * (int64_t)r->lag[0] + 1) * (2 * r->lag[1] + 1);
    return (counted){r, counts, along, page * vly_lags_in(along)};
}

static counted all_of(const vly_two_point_result *r)
{
    return counted_of(r, r->counts, (vly_lag_range){0, r->lag[2] + 1});
}

static int64_t slot(const counted *c, int32_t hx, int32_t hy, int32_t hz)
{
    const int32_t *lag = c->r->lag;
    int64_t page = hz < 0 ? hz + c->along.far - 1 : vly_lags_below(c->along) + hz - c->along.near;
    return (page * (2 * lag[1] + 1) + hy + lag[1]) * (2 * lag[0] + 1) + hx + lag[0];
}

/* The nine counts at a slot: N_ji(h) = N_ij(-h), and -h is the slot seen from the other end. */
static void counts_at(const counted *c, int64_t at, int64_t n[VLY_PHASES][VLY_PHASES])
{
    for (int32_t p = 0; p < VLY_COUNTED_PAIRS; p++) {
        int32_t i = vly_two_point_first(p), j = vly_two_point_second(p);
        n[i][j] = c->counts[p * c->cube + at];
        if (i != j) n[j][i] = c->counts[p * c->cube + c->cube - 1 - at];
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
    const counted c = all_of(r);
    bool turned = false;
    int32_t p = pair_of((int32_t)i, (int32_t)j, &turned);
    return c.counts[p * c.cube + (turned ? slot(&c, -hx, -hy, -hz) : slot(&c, hx, hy, hz))];
}

double vly_two_point_covariance(const vly_two_point_result *r, vly_phase i, vly_phase j, int32_t hx, int32_t hy,
                                int32_t hz)
{
    const counted c = all_of(r);
    int64_t n[VLY_PHASES][VLY_PHASES], pairs;
    counts_at(&c, slot(&c, hx, hy, hz), n);
    double sum = weighted(r, n, (int32_t)i, (int32_t)j, &pairs);
    return pairs > 0 ? sum / (double)pairs : NAN;
}

/* ---- sums ---- */

vly_status vly_two_point_sums_create(vly_two_point_sums *out, int32_t reach)
{
    VLY_TRY(VLY_NEW(&out->shells, (int64_t)reach * reach + 1, "two-point table"));
    VLY_TRY(VLY_NEW(&out->curve, reach + 1, "two-point curve"));
    return VLY_NEW(&out->axis, 3 * ((int64_t)reach + 1), "two-point curves");
}

void vly_two_point_sums_free(vly_two_point_sums *sums)
{
    vly_free(sums->shells);
    vly_free(sums->curve);
    vly_free(sums->axis);
}

int64_t vly_two_point_sums_bytes(int32_t reach)
{
    int64_t shells = (int64_t)reach * reach + 1, curve = reach + 1;
    return (shells + 4 * curve) * (int64_t)(sizeof(vly_two_point_sum) + sizeof(vly_two_point_row));
}

static void add(const counted *c, vly_two_point_sum *to, double length, int64_t at)
{
    int64_t n[VLY_PHASES][VLY_PHASES], pairs = 0;
    counts_at(c, at, n);
    for (int32_t p = 0; p < VLY_COUNTED_PAIRS; p++)
        to->row.c[p] += weighted(c->r, n, vly_two_point_first(p), vly_two_point_second(p), &pairs);
    if (pairs == 0) return; /* a mask may leave none */
    to->pairs += pairs;
    to->row.lags++;
    to->row.r = length;
}

static void add_page(const counted *c, const vly_two_point_sums *sums, int32_t z)
{
    const vly_two_point_result *r = c->r;
    for (int32_t y = -r->lag[1]; y <= r->lag[1]; y++)
        for (int32_t x = -r->lag[0]; x <= r->lag[0]; x++) {
            int64_t k = (int64_t)x * x + (int64_t)y * y + (int64_t)z * z, at = slot(c, x, y, z);
            if (k > (int64_t)r->reach * r->reach) continue;
            add(c, &sums->shells[k], sqrt((double)k), at);
            add(c, &sums->curve[(int64_t)(sqrt((double)k) + 0.5)], 0, at);
        }
}

static void add_axis(const counted *c, vly_two_point_sum *rows, int a)
{
    for (int32_t h = -c->r->lag[a]; h <= c->r->lag[a]; h++)
        add(c, &rows[h < 0 ? -h : h], 0, slot(c, a == 0 ? h : 0, a == 1 ? h : 0, 0));
}

static vly_status make_fractions(vly_two_point_result *r, const counted *c, const char *path)
{
    int64_t n[VLY_PHASES][VLY_PHASES], sum = 0;
    counts_at(c, slot(c, 0, 0, 0), n);
    for (int l = 0; l < VLY_PHASES; l++) sum += r->voxels[l] = n[l][l];
    if (sum == 0) return vly_fail(VLY_EDATA, "%s: every voxel is outside (E_ROI)", path);
    for (int l = 0; l < VLY_PHASES; l++) r->fraction[l] = (double)r->voxels[l] / (double)sum;
    return VLY_OK;
}

vly_status vly_two_point_gather(vly_two_point_result *r, vly_two_point_sums *sums, const int64_t *counts,
                                vly_lag_range along, const char *path)
{
    const counted c = counted_of(r, counts, along);
    if (along.near == 0) {
        VLY_TRY(make_fractions(r, &c, path));
        for (int a = 0; a < 2; a++) add_axis(&c, sums->axis + a * (r->reach + 1), a);
    }
    for (int32_t h = along.near; h < along.far; h++)
        for (int32_t z = -h; z <= h; z += h > 0 ? 2 * h : 1) {
            add_page(&c, sums, z);
            add(&c, sums->axis + 2 * (r->reach + 1) + h, 0, slot(&c, 0, 0, z));
        }
    return VLY_OK;
}

/* ---- averages ---- */

static vly_two_point_row average(const vly_two_point_sum *sum)
{
    vly_two_point_row row = sum->row;
    for (int32_t p = 0; p < VLY_COUNTED_PAIRS; p++) row.c[p] /= (double)sum->pairs;
    return row;
}

static vly_status keep_shells(vly_two_point_result *r, const vly_two_point_sum *shells, int64_t count)
{
    for (int64_t k = 0; k < count; k++) r->shell_count += shells[k].row.lags > 0;
    VLY_TRY(VLY_NEW(&r->shells, r->shell_count, "two-point table"));
    for (int64_t k = 0, s = 0; k < count; k++)
        if (shells[k].row.lags > 0) r->shells[s++] = average(&shells[k]);
    return VLY_OK;
}

static vly_status keep_curve(vly_two_point_row **out, const vly_two_point_sum *sums, int32_t count)
{
    VLY_TRY(VLY_NEW(out, count, "two-point curve"));
    for (int32_t i = 0; i < count; i++) {
        if (sums[i].pairs > 0) (*out)[i] = average(&sums[i]);
        (*out)[i].r = i;
    }
    return VLY_OK;
}

vly_status vly_two_point_finish(vly_two_point_result *r, const vly_two_point_sums *sums)
{
    VLY_TRY(keep_shells(r, sums->shells, (int64_t)r->reach * r->reach + 1));
    VLY_TRY(keep_curve(&r->curve, sums->curve, r->reach + 1));
    for (int a = 0; a < 3; a++) VLY_TRY(keep_curve(&r->axis[a], sums->axis + a * (r->reach + 1), r->lag[a] + 1));
    return VLY_OK;
}

void vly_two_point_free(vly_two_point_result *r)
{
    vly_free(r->shells);
    vly_free(r->curve);
    for (int a = 0; a < 3; a++) vly_free(r->axis[a]);
    vly_free(r->counts);
    *r = (vly_two_point_result){0};
}
