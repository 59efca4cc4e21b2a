/* Included once per instruction set, after its vectors: V holds LANES u16, F holds LANES / HALVES floats, I as many i32.
 * The features of LANES neighbouring voxels are sorted side by side; then each half is compared with the centroids in the
 * order of operations of vly_kmeans_distance. */

typedef struct sums {
    I sum[VLY_PHASES][VLY_SHELL_FEATURES]; /* of f - 32768, so that a product of signed 16-bit numbers adds it */
    I count[VLY_PHASES];
    int32_t steps; /* each adds at most 2^16 to a lane */
    uint64_t changed;
} sums;

enum { STEPS_MAX = 32000 };

static inline void v_order(V *a, int i, int j)
{
    V low = v_min(a[i], a[j]);
    a[j] = v_max(a[i], a[j]);
    a[i] = low;
}

static inline void sort_features(V f[VLY_SHELL_FEATURES])
{
    VLY_SORT_6(v_order, (f + VLY_SHELL_6));
    VLY_SORT_12(v_order, (f + VLY_SHELL_12));
    VLY_SORT_8(v_order, (f + VLY_SHELL_8));
}

/* ---- neighbours ---- */

/* The nine rows around a row, each at the first voxel of region->data. */
typedef struct rows {
    const uint16_t *at[3][3];
    int32_t nx;
} rows;

static rows rows_around(const vly_kmeans_slab *slab, int64_t row)
{
    const vly_region *region = slab->region;
    vly_extent e = region->data;
    int32_t ny = region->inner.y1 - region->inner.y0;
    int32_t y = region->inner.y0 + (int32_t)(row % ny), z = region->inner.z0 + (int32_t)(row / ny);
    rows r = {.nx = e.nx};
    for (int dz = -1; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++)
            r.at[dz + 1][dy + 1] = slab->grey + vly_at(e, 0, vly_reflect(y + dy, e.ny), vly_reflect(z + dz, e.nz));
    return r;
}

/* One row around [x, x + LANES), reflected at its ends; what lies further out is of no consequence. */
static void pad_row(uint16_t pad[LANES + 2], const uint16_t *row, int32_t nx, int32_t x)
{
    int32_t low = x > 0 ? x - 1 : 0, high = x + LANES + 1 < nx ? x + LANES + 1 : nx;
    memset(pad, 0, (LANES + 2) * sizeof *pad);
    memcpy(pad + (low - (x - 1)), row + low, (size_t)(high - low) * sizeof *pad);
    if (x == 0) pad[0] = row[1];
    if (x + LANES >= nx) pad[nx - (x - 1)] = row[nx - 2];
}

/* Sorted features of voxels x ... x + LANES - 1 of region->data. */
static inline void features(V f[VLY_SHELL_FEATURES], const rows *r, int32_t x)
{
    uint16_t pad[3][3][LANES + 2];
    const uint16_t *p[3][3];
    bool inside = x > 0 && x + LANES < r->nx;
    for (int k = 0; k < 3; k++)
        for (int j = 0; j < 3; j++) {
            p[k][j] = inside ? r->at[k][j] + x : pad[k][j] + 1;
            if (!inside) pad_row(pad[k][j], r->at[k][j], r->nx, x);
        }
#define PUT(slot, dx, dy, dz) f[slot] = v_load(p[(dz) + 1][(dy) + 1] + (dx))
    VLY_SHELLS(PUT);
#undef PUT
    sort_features(f);
}

/* ---- distances and labels ---- */

static inline void distances(F d[VLY_PHASES][HALVES], const V f[VLY_SHELL_FEATURES], const vly_kmeans_model *model)
{
    for (int l = 0; l < VLY_PHASES; l++)
        for (int h = 0; h < HALVES; h++) d[l][h] = f_set(0.0f);
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) {
        F q[HALVES], x = f_set(model->x[m]);
        f_split(q, f[m]);
        for (int l = 0; l < VLY_PHASES; l++) {
            F mu = f_set(model->mu[l][m]);
            for (int h = 0; h < HALVES; h++) {
                F t = f_sub(q[h], mu);
                d[l][h] = f_fma(f_mul(x, t), t, d[l][h]);
            }
        }
    }
}

static inline V nearest(const V f[VLY_SHELL_FEATURES], const vly_kmeans_model *model)
{
    F d[VLY_PHASES][HALVES];
    I label[HALVES];
    distances(d, f, model);
    for (int h = 0; h < HALVES; h++) {
        F pore = f_mul(f_set(model->w[VLY_PORE]), d[VLY_PORE][h]);
        F cbd = f_mul(f_set(model->w[VLY_CBD]), d[VLY_CBD][h]);
        F am = f_mul(f_set(model->w[VLY_AM]), d[VLY_AM][h]);
        label[h] = i_if_less(cbd, pore, i_set(VLY_CBD), i_set(VLY_PORE));
        label[h] = i_if_less(am, f_min(cbd, pore), i_set(VLY_AM), label[h]);
    }
    return v_join(label);
}

/* ---- sums ---- */

static void flush(sums *s, vly_kmeans_tally *tally)
{
    for (int l = 0; l < VLY_PHASES; l++) {
        int64_t count = i_total(s->count[l]);
        tally->count[l] += (uint64_t)count;
        for (int m = 0; m < VLY_SHELL_FEATURES; m++)
            tally->sum[l][m] += (uint64_t)(i_total(s->sum[l][m]) + 32768 * count);
    }
    tally->changed += s->changed;
    memset(s, 0, sizeof *s);
}

/* Adds the features of voxels that joined a phase, takes those of voxels that left one. */
static inline void add(sums *s, const V f[VLY_SHELL_FEATURES], V was, V now)
{
    V w[VLY_PHASES]; /* 1 joined, -1 left, 0 neither */
    for (int l = 0; l < VLY_PHASES; l++) {
        w[l] = v_sub(v_equal(was, v_set((uint16_t)l)), v_equal(now, v_set((uint16_t)l)));
        s->count[l] = i_add(s->count[l], i_dot(v_set(1), w[l]));
    }
    for (int m = 0; m < VLY_SHELL_FEATURES; m++) {
        V g = v_xor(f[m], v_set(0x8000));
        for (int l = 0; l < VLY_PHASES; l++) s->sum[l][m] = i_add(s->sum[l][m], i_dot(g, w[l]));
    }
}

/* Labels n <= LANES voxels. mask NULL: all are inside. */
static inline void assign_block(sums *s, const V f[VLY_SHELL_FEATURES], int32_t n, const vly_kmeans_model *model,
                                bool fresh, const uint8_t *mask, uint8_t *label, vly_kmeans_tally *tally)
{
    uint8_t edge_label[LANES], edge_mask[LANES] = {0};
    uint8_t *to = label;
    V now = nearest(f, model);
    if (n < LANES) {
        memset(edge_label, VLY_OUTSIDE, LANES);
        if (!fresh) memcpy(edge_label, label, (size_t)n);
        for (int32_t i = 0; i < n; i++) edge_mask[i] = mask ? mask[i] : 1;
        mask = edge_mask;
        to = edge_label;
    }
    if (mask) now = v_or(now, v_and(v_equal(v_load_bytes(mask), v_set(0)), v_set(VLY_OUTSIDE)));
    V was = fresh ? v_set(VLY_OUTSIDE) : v_load_bytes(to);
    v_store_bytes(to, now);
    if (n < LANES) memcpy(label, edge_label, (size_t)n);
    uint64_t changed = v_differ(was, now);
    if (changed == 0) return;
    s->changed += changed;
    add(s, f, was, now);
    if (++s->steps == STEPS_MAX) flush(s, tally);
}

/* ---- what leaves this file ---- */

static void assign(const vly_kmeans_slab *slab, int64_t row, int64_t end, vly_kmeans_tally *tally)
{
    int32_t x0 = slab->region->inner.x0, nx = slab->region->inner.x1 - x0;
    sums s;
    memset(&s, 0, sizeof s);
    for (; row < end; row++) {
        rows r = rows_around(slab, row);
        int64_t at = vly_row_label(slab->region, row);
        for (int32_t x = 0; x < nx; x += LANES) {
            V f[VLY_SHELL_FEATURES];
            features(f, &r, x0 + x);
            assign_block(&s, f, nx - x < LANES ? nx - x : LANES, slab->model, slab->fresh,
                         slab->mask ? slab->mask + at + x : NULL, slab->label + at + x, tally);
        }
    }
    flush(&s, tally);
}

static void assign_samples(const vly_kmeans_samples *samples, int64_t first, int64_t end, vly_kmeans_tally *tally)
{
    sums s;
    memset(&s, 0, sizeof s);
    for (int64_t i = first; i < end; i += LANES) {
        V f[VLY_SHELL_FEATURES];
        for (int m = 0; m < VLY_SHELL_FEATURES; m++) f[m] = v_load(samples->features + vly_kmeans_slot(i, m));
        assign_block(&s, f, end - i < LANES ? (int32_t)(end - i) : LANES, samples->model, samples->fresh, NULL,
                     samples->label + i, tally);
    }
    flush(&s, tally);
}

static void row_distances(const vly_kmeans_slab *slab, int64_t row, int32_t x, int32_t n,
                          float d[VLY_PHASES][VLY_KMEANS_CHUNK])
{
    rows r = rows_around(slab, row);
    for (int32_t i = 0; i < n; i += LANES) {
        V f[VLY_SHELL_FEATURES];
        F e[VLY_PHASES][HALVES];
        features(f, &r, slab->region->inner.x0 + x + i);
        distances(e, f, slab->model);
        for (int l = 0; l < VLY_PHASES; l++) f_store(d[l] + i, e[l]);
    }
}

const vly_kmeans_lanes VLY_LANES_TABLE = {assign, assign_samples, row_distances};
