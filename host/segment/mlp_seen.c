/* Whether a volume looks like what a network was trained on. A patch becomes ten numbers, the means over the inputs that the
 * symmetries of the cube exchange; training patches are a cloud of such points, and what lies farther out than 99 % of them
 * is unlike them. Noise, blur and contrast all show in the cloud's shape. */
#include "segment/mlp_impl.h"

#include "core/memory.h"
#include "segment/mlp_views.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = VLY_MLP_ORBITS, SAMPLES = 1 << 15, PLANES_MOST = 64, SIDE_MOST = 512 };

/* ---- orbits ---- */

typedef struct orbits {
    uint8_t of[VLY_MLP_INPUTS];
    int32_t size[N];
} orbits;

static void find_orbits(orbits *o)
{
    uint8_t from[VLY_MLP_SYMMETRIES][VLY_MLP_INPUTS];
    int32_t count = 0;
    vly_mlp_symmetries(from);
    memset(o, 0, sizeof *o);
    for (int k = 0; k < VLY_MLP_INPUTS; k++) {
        int least = k;
        for (int s = 0; s < VLY_MLP_SYMMETRIES; s++) least = from[s][k] < least ? from[s][k] : least;
        o->of[k] = least == k ? (uint8_t)count++ : o->of[least];
        o->size[o->of[k]]++;
    }
}

/* Means of the inputs over each orbit. */
static void summarise(double mean[N], const orbits *o, const float input[VLY_MLP_INPUTS])
{
    memset(mean, 0, N * sizeof *mean);
    for (int k = 0; k < VLY_MLP_INPUTS; k++) mean[o->of[k]] += (double)input[k];
    for (int i = 0; i < N; i++) mean[i] /= o->size[i];
}

static double distance2(const vly_mlp_seen *seen, const double mean[N])
{
    double sum = 0.0;
    for (int i = 0; i < N; i++) {
        double along = 0.0;
        for (int j = 0; j <= i; j++) along += (double)seen->whiten[i][j] * (mean[j] - (double)seen->mean[j]);
        sum += along * along;
    }
    return sum;
}

/* ---- learning the cloud ---- */

/* out = inverse of the lower triangular root of a covariance; false if that is singular. */
static bool whiten(double out[N][N], double c[N][N])
{
    double root[N][N] = {{0.0}};
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) {
            double sum = c[i][j];
            for (int k = 0; k < j; k++) sum -= root[i][k] * root[j][k];
            if (i == j && !(sum > 0.0)) return false;
            root[i][j] = i == j ? sqrt(sum) : sum / root[j][j];
        }
    memset(out, 0, sizeof(double[N][N]));
    for (int j = 0; j < N; j++) {
        out[j][j] = 1.0 / root[j][j];
        for (int i = j + 1; i < N; i++) {
            double sum = 0.0;
            for (int k = j; k < i; k++) sum -= root[i][k] * out[k][j];
            out[i][j] = sum / root[i][i];
        }
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* points: (count, N). */
static void fit_cloud(vly_mlp_seen *out, const double (*points)[N], int64_t count)
{
    double mean[N] = {0.0}, c[N][N] = {{0.0}}, trace = 0.0, inverse[N][N];
    for (int64_t v = 0; v < count; v++)
        for (int i = 0; i < N; i++) mean[i] += points[v][i] / (double)count;
    for (int64_t v = 0; v < count; v++)
        for (int i = 0; i < N; i++)
            for (int j = 0; j <= i; j++) c[i][j] += (points[v][i] - mean[i]) * (points[v][j] - mean[j]) / (double)count;
    for (int i = 0; i < N; i++) trace += c[i][i];
    for (int i = 0; i < N; i++) c[i][i] += 1e-9 * trace; /* a direction in which nothing varies */
    out->known = whiten(inverse, c);
    for (int i = 0; i < N; i++) {
        out->mean[i] = (float)mean[i];
        for (int j = 0; j < N; j++) out->whiten[i][j] = (float)inverse[i][j];
    }
}

vly_status vly_mlp_seen_learn(vly_mlp_seen *out, const vly_mlp_table *table, float mean, float sd)
{
    const int64_t count = table->info.voxels;
    orbits o;
    double(*points)[N], *far = NULL;
    *out = (vly_mlp_seen){.known = false};
    find_orbits(&o);
    VLY_TRY(VLY_NEW(&points, count, "training patches"));
    vly_status status = VLY_NEW(&far, count, "training patches");
    for (int64_t v = 0; v < count && status == VLY_OK; v++) {
        float input[VLY_MLP_INPUTS];
        for (int k = 0; k < VLY_MLP_INPUTS; k++) input[k] = (table->grey[v * VLY_MLP_INPUTS + k] - mean) / sd;
        summarise(points[v], &o, input);
    }
    if (status == VLY_OK) fit_cloud(out, points, count);
    if (status == VLY_OK && out->known) {
        for (int64_t v = 0; v < count; v++) far[v] = distance2(out, points[v]);
        qsort(far, (size_t)count, sizeof *far, by_value);
        out->limit = (float)far[(count - 1) * 99 / 100];
    }
    vly_free(points);
    vly_free(far);
    return status;
}

/* ---- looking at a volume ---- */

typedef struct look {
    const vly_mlp_seen *seen;
    const vly_mlp_net *net;
    vly_source *grey, *mask; /* mask: of the window; NULL: none */
    orbits orbits;
    vly_box window, middle, part; /* the region; what is looked at of its planes; that with its neighbourhood */
    uint16_t *page, *data;        /* a page of the volume; (pages of a neighbourhood, part) */
    uint8_t *inside;              /* (page of the window) */
    uint64_t chosen;              /* voxels whose hash lies below are looked at */
    int64_t looked, far;
} look;

/* Pages z0 ... z1 - 1, cut to l->part. */
static vly_status load_pages(const look *l, int32_t z0, int32_t z1)
{
    const vly_extent e = vly_source_info(l->grey)->extent, part = vly_box_extent(l->part);
    uint16_t *to = l->data;
    for (int32_t z = z0; z < z1; z++) {
        VLY_TRY(vly_source_read(l->grey, z, 1, l->page));
        for (int32_t y = l->part.y0; y < l->part.y1; y++, to += part.nx)
            memcpy(to, l->page + (int64_t)y * e.nx + l->part.x0, (size_t)part.nx * sizeof *to);
    }
    return VLY_OK;
}

static void look_at(look *l, vly_extent data, int32_t x, int32_t y, int32_t z)
{
    float input[VLY_MLP_INPUTS];
    double mean[N];
    for (int k = 0; k < VLY_MLP_INPUTS; k++)
        input[k] = vly_mlp_input(l->net, l->data, data, x - l->part.x0, y - l->part.y0, z, k);
    summarise(mean, &l->orbits, input);
    l->looked++;
    l->far += distance2(l->seen, mean) > (double)l->seen->limit;
}

static vly_status look_at_plane(look *l, int32_t z)
{
    const vly_extent e = vly_source_info(l->grey)->extent;
    const int32_t reach = vly_mlp_halo(l->net->atrous), z0 = z > reach ? z - reach : 0,
                  z1 = z + reach + 1 < e.nz ? z + reach + 1 : e.nz;
    const vly_extent data = {l->part.x1 - l->part.x0, l->part.y1 - l->part.y0, z1 - z0};
    VLY_TRY(load_pages(l, z0, z1));
    if (l->mask) VLY_TRY(vly_source_read(l->mask, z - l->window.z0, 1, l->inside));
    const int32_t wide = l->window.x1 - l->window.x0;
    for (int32_t y = l->middle.y0; y < l->middle.y1; y++)
        for (int32_t x = l->middle.x0; x < l->middle.x1; x++) {
            if (l->mask && !l->inside[(int64_t)(y - l->window.y0) * wide + x - l->window.x0]) continue;
            if (vly_hash((uint64_t)vly_at(e, x, y, z), 1) <= l->chosen) look_at(l, data, x, y, z - z0);
        }
    return VLY_OK;
}

static void cut_middle(int32_t *from, int32_t *to)
{
    if (*to - *from <= SIDE_MOST) return;
    *from += (*to - *from - SIDE_MOST) / 2;
    *to = *from + SIDE_MOST;
}

/* The middle of the window's planes, and around it as far as there is a volume. */
static void place(look *l, vly_extent e)
{
    const int32_t reach = vly_mlp_halo(l->net->atrous);
    l->middle = l->window;
    cut_middle(&l->middle.x0, &l->middle.x1);
    cut_middle(&l->middle.y0, &l->middle.y1);
    l->part = (vly_box){.x0 = l->middle.x0 > reach ? l->middle.x0 - reach : 0,
                        .x1 = l->middle.x1 + reach < e.nx ? l->middle.x1 + reach : e.nx,
                        .y0 = l->middle.y0 > reach ? l->middle.y0 - reach : 0,
                        .y1 = l->middle.y1 + reach < e.ny ? l->middle.y1 + reach : e.ny,
                        .z1 = 2 * reach + 1};
}

static vly_status look_around(look *l)
{
    const int32_t n = l->window.z1 - l->window.z0, planes = n < PLANES_MOST ? n : PLANES_MOST;
    const vly_extent plane = vly_box_extent(l->middle);
    const double voxels = (double)plane.nx * plane.ny * planes, some = SAMPLES / voxels;
    l->chosen = some < 1.0 ? (uint64_t)(some * 0x1p64) : UINT64_MAX;
    for (int32_t i = 0; i < planes; i++) VLY_TRY(look_at_plane(l, l->window.z0 + (int32_t)((int64_t)n * i / planes)));
    return VLY_OK;
}

vly_status vly_mlp_seen_share(double *out, const vly_mlp_seen *seen, const vly_mlp_net *net, vly_source *grey,
                              vly_source *mask, vly_box window)
{
    const vly_extent e = vly_source_info(grey)->extent;
    look l = {.seen = seen, .net = net, .grey = grey, .window = window};
    *out = NAN;
    find_orbits(&l.orbits);
    place(&l, e);
    vly_status status = vly_mlp_mask_of(&l.mask, mask, e, window);
    if (status == VLY_OK) status = VLY_NEW(&l.page, (int64_t)e.nx * e.ny, "a page");
    if (status == VLY_OK) status = VLY_NEW(&l.data, vly_extent_voxels(vly_box_extent(l.part)), "pages");
    if (status == VLY_OK && l.mask)
        status = VLY_NEW(&l.inside, (int64_t)(window.x1 - window.x0) * (window.y1 - window.y0), "a page");
    if (status == VLY_OK) status = look_around(&l);
    if (status == VLY_OK && l.looked > 0) *out = (double)l.far / (double)l.looked;
    if (l.mask != mask) vly_source_close(l.mask);
    vly_free(l.page);
    vly_free(l.data);
    vly_free(l.inside);
    return status;
}
