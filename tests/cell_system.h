/* Newton systems as a half cell has them, made edge by edge from a network by another way than the program's: an
 * electrolyte that conducts less where it is poor, active material that conducts less where it is full, and any state (spec 4.1-4.3). */
#ifndef VLY_CELL_SYSTEM_TEST_H
#define VLY_CELL_SYSTEM_TEST_H

#include "cell_geometry.h"

#include "cell/system.h"

typedef struct test_entry {
    int32_t row, column;
    double value;
} test_entry;

/* The same system on the host (lists in `host`) and on a device. */
typedef struct test_system {
    vly_cell_system host, device;
    int32_t *first, *column, *row, *solid;
    double *value, *right, *scale, *weight, *slope;
    vly_buffer buffers[9];
    test_entry *entry;
    int64_t entries;
} test_system;

static inline void test_add(test_system *s, int32_t row, int32_t column, double value)
{
    s->entry[s->entries++] = (test_entry){row, column, value};
}

/* A flux into row `from` and out of `to` that depends on unknown `of`. */
static inline void test_flux(test_system *s, int32_t from, int32_t to, int32_t of, double slope)
{
    test_add(s, from, of, slope);
    test_add(s, to, of, -slope);
}

/* What the state is like: stoichiometry in [low, high], salt in [poor, rich] of 1000 mol/m3 from collector to lithium. */
typedef struct test_state {
    double step; /* s */
    double low, high, poor, rich;
    uint64_t seed;
} test_state;

static const test_state TEST_STATE = {10.0, 0.4, 0.7, 0.6, 1.4, 3};

static inline void test_electrolyte_entries(test_system *s, const vly_cell_network *n, const double *salt, double step)
{
    const double faraday = 96485.33212, diffusivity = 3e-10, thermal = 0.02569258;
    const double t = 0.22; /* less t of the row operation is -0.08 */
    for (int32_t i = 0; i < n->electrolytes; i++) {
        int32_t c = vly_cell_salt_row(&s->host, i);
        test_add(s, c, c, n->electrolyte_volume[i] / step);
    }
    for (int64_t e = 0; e < n->electrolyte.count; e++) {
        int32_t i = n->electrolyte.ends[e][0], j = n->electrolyte.ends[e][1];
        vly_cell_shape shape = n->shape[n->electrolyte.shape[e]];
        double g = shape.area / (shape.near / (double)n->gamma[i] + shape.far / (double)n->gamma[j]);
        int32_t pi = vly_cell_potential_row(&s->host, i), pj = vly_cell_potential_row(&s->host, j);
        int32_t ci = vly_cell_salt_row(&s->host, i), cj = vly_cell_salt_row(&s->host, j);
        double one = (double)n->gamma[i] * salt[i] / (salt[i] + 200.0);
        double kappa =
            shape.area / (shape.near / one + shape.far * (salt[j] + 200.0) / ((double)n->gamma[j] * salt[j]));
        test_flux(s, pi, pj, pi, kappa);
        test_flux(s, pi, pj, pj, -kappa);
        test_flux(s, pi, pj, ci, -kappa * 2.0 * thermal * (1.0 - t) / salt[i]);
        test_flux(s, pi, pj, cj, kappa * 2.0 * thermal * (1.0 - t) / salt[j]);
        test_flux(s, ci, cj, pi, (t - 0.3) / faraday * kappa);
        test_flux(s, ci, cj, pj, -(t - 0.3) / faraday * kappa);
        double tilt = 3e-4 * (salt[i] - salt[j]); /* relative slope of the diffusivity */
        test_flux(s, ci, cj, ci, g * diffusivity * (1.0 + tilt));
        test_flux(s, ci, cj, cj, -g * diffusivity * (1.0 - tilt));
    }
    for (int32_t k = 0; k < n->lithiums; k++) {
        int32_t i = n->lithium[k].electrolyte, p = vly_cell_potential_row(&s->host, i);
        double g = n->lithium[k].area * 10.0 * sqrt(salt[i] / 1000.0) / thermal;
        test_add(s, p, p, g);
        test_add(s, vly_cell_salt_row(&s->host, i), p, (1.0 - 0.3) / faraday * g);
        test_add(s, p, vly_cell_salt_row(&s->host, i), g * 0.03 / salt[i]);
    }
}

static inline void test_solid_entries(test_system *s, const vly_cell_network *n, const double *x, double step)
{
    for (int32_t i = 0; i < n->solids; i++) {
        int32_t row = vly_cell_solid_row(&s->host, i);
        test_add(s, row, row, n->solid_volume[i] / step);
    }
    for (int64_t e = 0; e < n->solid.count; e++) {
        int32_t i = n->solid.ends[e][0], j = n->solid.ends[e][1];
        vly_cell_shape shape = n->shape[n->solid.shape[e]];
        double g = 1e-14 * shape.area / (shape.near + shape.far), tilt = 0.5 * (x[i] - x[j]);
        int32_t row = vly_cell_solid_row(&s->host, i), other = vly_cell_solid_row(&s->host, j);
        test_flux(s, row, other, row, g * (1.0 + tilt));
        test_flux(s, row, other, other, -g * (1.0 - tilt));
    }
}

static inline double test_sigma(const vly_cell_network *n, const double *x, int32_t i)
{
    int32_t solid = n->electron_solid[i];
    return (double)n->electron_sigma[i] * (solid < 0 ? 1.0 : pow(10.0, 3.8 * ((1.0 - x[solid]) / 0.75 - 1.0)));
}

static inline void test_electron_entries(test_system *s, const vly_cell_network *n, const double *x)
{
    for (int64_t e = 0; e < n->electron.count; e++) {
        int32_t i = n->electron.ends[e][0], j = n->electron.ends[e][1];
        vly_cell_shape shape = n->shape[n->electron.shape[e]];
        double g = shape.area / (shape.near / test_sigma(n, x, i) + shape.far / test_sigma(n, x, j));
        test_flux(s, i, j, i, g);
        test_flux(s, i, j, j, -g);
        if (n->electron_solid[i] >= 0) test_flux(s, i, j, vly_cell_solid_row(&s->host, n->electron_solid[i]), g * 1e-9);
    }
    for (int32_t k = 0; k < n->collectors; k++) {
        int32_t i = n->collector[k].electron;
        double g = test_sigma(n, x, i) * n->collector[k].area / n->collector[k].distance;
        test_add(s, i, i, g);
        s->row[k] = i;
        s->weight[k] = g;
        s->solid[k] = n->electron_solid[i] < 0 ? -1 : vly_cell_solid_row(&s->host, n->electron_solid[i]);
        s->slope[k] = s->solid[k] < 0 ? 0.0 : g * 1e-9;
        s->host.border_diagonal += g;
    }
}

static inline void test_face_entries(test_system *s, const vly_cell_network *n, const double *x, const double *salt)
{
    const double faraday = 96485.33212, f = 38.92174, most = 50224.0;
    for (int64_t k = 0; k < n->faces; k++) {
        const vly_cell_face *face = &n->face[k];
        double u = x[face->solid], c = salt[face->electrolyte], area = (double)face->area * (double)face->share;
        double i0 = 4.0 * sqrt(c / 1000.0 * u * (1.0 - u)), eta = -0.02, rate = 2.0 * i0 * sinh(0.5 * f * eta);
        double by_eta = i0 * f * cosh(0.5 * f * eta), by_salt = rate / (2.0 * c);
        double by_solid = (rate * (1.0 - 2.0 * u) / (2.0 * u * (1.0 - u)) + by_eta * 1.0) / most;
        int32_t solid = vly_cell_solid_row(&s->host, face->solid), electron = face->electron;
        int32_t potential = vly_cell_potential_row(&s->host, face->electrolyte);
        int32_t row = vly_cell_salt_row(&s->host, face->electrolyte);
        const int32_t rows[4] = {solid, electron, row, potential}, of[4] = {solid, row, electron, potential};
        const double share[4] = {1.0 / faraday, 1.0, -(1.0 - 0.3) / faraday, -1.0};
        const double slope[4] = {by_solid, by_salt, by_eta, -by_eta};
        for (int r = 0; r < 4; r++)
            for (int c2 = 0; c2 < 4; c2++) test_add(s, rows[r], of[c2], area * share[r] * slope[c2]);
    }
}

static inline int test_entry_order(const void *a, const void *b)
{
    const test_entry *l = a, *r = b;
    return (l->column > r->column) - (l->column < r->column);
}

/* Lists of rows out of the entries; those of one place add up. */
static inline void test_compress(test_system *s)
{
    int32_t rows = s->host.rows;
    int64_t *start = calloc((size_t)rows + 2, sizeof *start);
    test_entry *sorted = malloc((size_t)s->entries * sizeof *sorted);
    for (int64_t k = 0; k < s->entries; k++) start[s->entry[k].row + 2]++;
    for (int32_t i = 0; i < rows; i++) start[i + 2] += start[i + 1];
    for (int64_t k = 0; k < s->entries; k++) sorted[start[s->entry[k].row + 1]++] = s->entry[k];
    s->first = calloc((size_t)rows + 1, sizeof *s->first);
    s->column = malloc((size_t)s->entries * sizeof *s->column);
    s->value = malloc((size_t)s->entries * sizeof *s->value);
    int32_t at = 0;
    for (int32_t i = 0; i < rows; i++) {
        qsort(sorted + start[i], (size_t)(start[i + 1] - start[i]), sizeof *sorted, test_entry_order);
        for (int64_t k = start[i]; k < start[i + 1]; k++) {
            if (k == start[i] || sorted[k].column != sorted[k - 1].column) {
                s->column[at] = sorted[k].column;
                s->value[at++] = 0.0;
            }
            s->value[at - 1] += sorted[k].value;
        }
        s->first[i + 1] = at;
    }
    free(start);
    free(sorted);
    free(s->entry);
    s->entry = NULL;
}

static inline void *test_put(test_system *s, int slot, vly_device *device, const void *from, size_t bytes)
{
    ck_assert_int_eq(vly_buffer_create(&s->buffers[slot], device, (int64_t)bytes + 8, "test"), VLY_OK);
    ck_assert_int_eq(vly_device_wait(device), VLY_OK);
    if (bytes) ck_assert_int_eq(vly_buffer_upload(&s->buffers[slot], from, (int64_t)bytes), VLY_OK);
    return s->buffers[slot].data;
}

/* To the device what the host has now. */
static inline void test_upload_system(test_system *s, vly_device *device)
{
    size_t rows = (size_t)s->host.rows, entries = (size_t)s->first[rows], ties = (size_t)s->host.collectors;
    for (int k = 0; k < 9; k++) vly_buffer_free(&s->buffers[k]);
    s->device = s->host;
    s->device.first = test_put(s, 0, device, s->first, (rows + 1) * 4);
    s->device.column = test_put(s, 1, device, s->column, entries * 4);
    s->device.value = test_put(s, 2, device, s->value, entries * 8);
    s->device.collector_row = test_put(s, 3, device, s->row, ties * 4);
    s->device.collector_weight = test_put(s, 4, device, s->weight, ties * 8);
    s->device.collector_solid = test_put(s, 5, device, s->solid, ties * 4);
    s->device.collector_slope = test_put(s, 6, device, s->slope, ties * 8);
    s->device.right = test_put(s, 7, device, s->right, rows * 8);
    s->device.scale = test_put(s, 8, device, s->scale, rows * 8);
}

static inline test_system test_make_system(const vly_cell_network *n, const test_state *state)
{
    test_system s = {.entries = 0};
    int32_t rows = n->electrons + 2 * n->electrolytes + n->solids;
    uint64_t seed = state->seed, top = 1;
    s.host = (vly_cell_system){.rows = rows,
                               .electrons = n->electrons,
                               .electrolytes = n->electrolytes,
                               .solids = n->solids,
                               .collectors = n->collectors};
    s.entry = malloc((size_t)(rows + 16 * n->electrolyte.count + 4 * n->solid.count + 6 * n->electron.count +
                              16 * n->faces + n->collectors + 4 * n->lithiums) *
                     sizeof *s.entry);
    double *salt = malloc((size_t)n->electrolytes * 8), *x = malloc(((size_t)n->solids + 1) * 8);
    for (int32_t i = 0; i < n->electrolytes; i++)
        if (n->electrolyte_place[i] >> 42 > top) top = n->electrolyte_place[i] >> 42;
    for (int32_t i = 0; i < n->electrolytes; i++) {
        double depth = (double)(n->electrolyte_place[i] >> 42) / (double)top;
        salt[i] = 1000.0 * (state->poor + (state->rich - state->poor) * depth) * (1.0 + 0.001 * test_uniform(&seed));
    }
    for (int32_t i = 0; i < n->solids; i++) x[i] = state->low + (state->high - state->low) * test_uniform(&seed);
    s.row = calloc((size_t)n->collectors + 1, sizeof *s.row);
    s.solid = calloc((size_t)n->collectors + 1, sizeof *s.solid);
    s.weight = calloc((size_t)n->collectors + 1, sizeof *s.weight);
    s.slope = calloc((size_t)n->collectors + 1, sizeof *s.slope);
    s.right = malloc((size_t)rows * sizeof *s.right);
    s.scale = malloc((size_t)rows * sizeof *s.scale);
    test_electrolyte_entries(&s, n, salt, state->step);
    test_solid_entries(&s, n, x, state->step);
    test_electron_entries(&s, n, x);
    test_face_entries(&s, n, x, salt);
    test_compress(&s);
    for (int32_t i = 0; i < rows; i++)
        s.scale[i] = i < vly_cell_salt_row(&s.host, 0) ? 1.0 : i < vly_cell_solid_row(&s.host, 0) ? 1000.0 : 50224.0;
    free(salt);
    free(x);
    return s;
}

static inline void test_free_system(test_system *s)
{
    for (int k = 0; k < 9; k++) vly_buffer_free(&s->buffers[k]);
    void *arrays[] = {s->first, s->column, s->row, s->solid, s->value, s->right, s->scale, s->weight, s->slope};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) free(arrays[k]);
}

/* y (rows + 1) = J x, by the definition in cell/system.h. */
static inline void test_apply(const test_system *s, const double *x, double *y)
{
    int32_t n = s->host.rows;
    y[n] = s->host.border_diagonal * x[n];
    for (int32_t i = 0; i < n; i++) {
        y[i] = 0.0;
        for (int32_t k = s->first[i]; k < s->first[i + 1]; k++) y[i] += s->value[k] * x[s->column[k]];
    }
    for (int32_t c = 0; c < s->host.collectors; c++) {
        y[s->row[c]] -= s->weight[c] * x[n];
        y[n] -= s->weight[c] * x[s->row[c]];
        if (s->solid[c] >= 0) y[n] += s->slope[c] * x[s->solid[c]];
    }
}

/* A right side with a known solution (rows + 1): noise of every scale in the unknowns' units. */
static inline void test_know_solution(test_system *s, double *solution, uint64_t seed)
{
    int32_t n = s->host.rows;
    double *y = malloc(((size_t)n + 1) * sizeof *y);
    for (int32_t i = 0; i <= n; i++)
        solution[i] = 1e-3 * (i < n ? s->scale[i] : 1.0) * (1.0 + 0.3 * test_normal(&seed));
    test_apply(s, solution, y);
    memcpy(s->right, y, (size_t)n * sizeof *y);
    s->host.border_right = y[n];
    free(y);
}

#endif
