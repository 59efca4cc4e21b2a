/* Half cells to try the equations on: laws built by hand, voxel structures and stacks of layers as networks. */
#ifndef VLY_HALF_CELL_H
#define VLY_HALF_CELL_H

#include "cell_direct.h"

#include "cell/network.h"

#include "cell/law_voxel.h"

enum { TEST_SEP = 3 };

/* ---- laws: tables and programs in this struct's own memory, and on the device ---- */

typedef struct test_laws {
    vly_cell_laws host, device;
    vly_law_step program[64];
    double knot[64], coefficient[64 * 4];
    vly_buffer memory;
} test_laws;

static inline vly_law test_constant(double value)
{
    return (vly_law){.kind = VLY_LAW_CONSTANT, .constant = value, .low = -INFINITY, .high = INFINITY};
}

static inline void test_step(vly_law *law, vly_law_step *program, vly_law_code code, double number)
{
    program[law->steps++] = (vly_law_step){.code = code, .number = number};
}

/* a tanh(b (x - c)), added to what the program has so far */
static inline void test_tanh(vly_law *law, vly_law_step *program, double a, double b, double c)
{
    test_step(law, program, VLY_LAW_ARGUMENT, b);
    test_step(law, program, VLY_LAW_NUMBER, -b * c);
    test_step(law, program, VLY_LAW_ADD, 0.0);
    test_step(law, program, VLY_LAW_TANH, 0.0);
    test_step(law, program, VLY_LAW_NUMBER, a);
    test_step(law, program, VLY_LAW_MULTIPLY, 0.0);
    test_step(law, program, VLY_LAW_ADD, 0.0);
}

/* U of NMC811 as Chen2020 fits it (spec 7.9). */
static inline void test_chen(test_laws *l)
{
    vly_law *law = &l->host.ocp;
    *law = (vly_law){.kind = VLY_LAW_PROGRAM, .low = 1e-4, .high = 0.99999, .program = l->program};
    test_step(law, l->program, VLY_LAW_ARGUMENT, -0.8090);
    test_step(law, l->program, VLY_LAW_NUMBER, 4.4875);
    test_step(law, l->program, VLY_LAW_ADD, 0.0);
    test_tanh(law, l->program, -0.0428, 18.5138, 0.5542);
    test_tanh(law, l->program, -17.7326, 15.7890, 0.3117);
    test_tanh(law, l->program, 17.5842, 15.9308, 0.3120);
}

/* Monotone cubics through points (spec 3.4). */
static inline void test_pchip(test_laws *l, vly_law *law, const double *x, const double *y, int32_t points)
{
    double slope[64], h[64] = {0}, d[64] = {0};
    int32_t n = points - 1;
    for (int32_t k = 0; k < n; k++) h[k] = x[k + 1] - x[k], d[k] = (y[k + 1] - y[k]) / h[k];
    for (int32_t k = 1; k < n; k++) {
        double w1 = 2.0 * h[k] + h[k - 1], w2 = h[k] + 2.0 * h[k - 1];
        slope[k] = d[k - 1] * d[k] <= 0.0 ? 0.0 : (w1 + w2) / (w1 / d[k - 1] + w2 / d[k]);
    }
    for (int end = 0; end < 2; end++) {
        double h0 = end ? h[n - 1] : h[0], h1 = end ? h[n - 2] : h[1], d0 = end ? d[n - 1] : d[0],
               d1 = end ? d[n - 2] : d[1];
        double s = ((2.0 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
        if (s * d0 <= 0.0)
            s = 0.0;
        else if (d0 * d1 <= 0.0 && fabs(s) > 3.0 * fabs(d0))
            s = 3.0 * d0;
        slope[end ? n : 0] = s;
    }
    for (int32_t k = 0; k < n; k++) {
        double *a = l->coefficient + 4 * k;
        a[0] = y[k];
        a[1] = slope[k];
        a[2] = (3.0 * d[k] - 2.0 * slope[k] - slope[k + 1]) / h[k];
        a[3] = (slope[k] + slope[k + 1] - 2.0 * d[k]) / (h[k] * h[k]);
    }
    memcpy(l->knot, x, (size_t)points * sizeof *x);
    *law = (vly_law){.kind = VLY_LAW_CUBIC, .pieces = n, .low = 1e-4, .high = 0.99999};
    law->knot = l->knot;
    law->coefficient = l->coefficient;
}

/* NMC622 (spec 3.4). */
static inline void test_nmc622(test_laws *l)
{
    static const double x[] = {0.10,  0.20,  0.258, 0.300, 0.344, 0.381, 0.400, 0.416, 0.454, 0.498,
                               0.534, 0.556, 0.581, 0.598, 0.624, 0.655, 0.685, 0.710, 0.740, 0.772,
                               0.799, 0.840, 0.871, 0.898, 0.917, 0.935, 0.950, 0.965, 0.980, 1.000};
    static const double u[] = {4.60,  4.40,  4.283, 4.201, 4.120, 4.059, 4.025, 3.998, 3.940, 3.875,
                               3.834, 3.811, 3.790, 3.780, 3.763, 3.753, 3.736, 3.726, 3.712, 3.695,
                               3.678, 3.651, 3.631, 3.607, 3.580, 3.545, 3.49,  3.40,  3.22,  2.50};
    test_pchip(l, &l->host.ocp, x, u, 30);
}

/* The constants of the golden runs (spec 3.3, 7.9, 7.11). */
static inline void test_laws_start(test_laws *l)
{
    *l = (test_laws){.host = {.thermal = 96485.33212 / (8.314462618 * 298.15)}};
    vly_cell_laws *h = &l->host;
    h->conductivity = test_constant(1.0);
    h->diffusivity = test_constant(3e-10);
    h->transference = test_constant(0.3);
    h->factor = test_constant(1.0);
    h->solid_diffusivity = test_constant(1e-14);
    h->solid_conductivity = test_constant(0.1);
    h->solid_most = 50224.0;
    h->exchange = 2.0 / (sqrt(1000.0) * 0.5 * 50224.0);
    h->exchange_power = 0.5;
    h->lithium_exchange = 10.0;
    test_chen(l);
}

/* Copies what the pointers of `host` point to; after this only the numbers may change. */
static inline void test_laws_send(test_laws *l, vly_device *device)
{
    int64_t bytes = (int64_t)(sizeof l->program + sizeof l->knot + sizeof l->coefficient);
    vly_law *all[] = {
        &l->device.conductivity,      &l->device.diffusivity, &l->device.transference,      &l->device.factor,
        &l->device.solid_diffusivity, &l->device.ocp,         &l->device.solid_conductivity};
    ck_assert_int_eq(vly_buffer_reserve(&l->memory, device, bytes, "laws"), VLY_OK);
    char *to = l->memory.data;
    ck_assert_int_eq(vly_device_upload(device, to, l->program, sizeof l->program), VLY_OK);
    ck_assert_int_eq(vly_device_upload(device, to + sizeof l->program, l->knot, sizeof l->knot), VLY_OK);
    ck_assert_int_eq(
        vly_device_upload(device, to + sizeof l->program + sizeof l->knot, l->coefficient, sizeof l->coefficient),
        VLY_OK);
    l->device = l->host;
    for (int k = 0; k < 7; k++) {
        if (all[k]->program) all[k]->program = (const vly_law_step *)(void *)to;
        if (all[k]->knot) all[k]->knot = (const double *)(void *)(to + sizeof l->program);
        if (all[k]->coefficient)
            all[k]->coefficient = (const double *)(void *)(to + sizeof l->program + sizeof l->knot);
    }
}

static inline double test_value(const vly_law *law, double x)
{
    double slope;
    return vly_law_value(law, x, &slope);
}

static inline vly_cell_start test_start(const test_laws *l, double x)
{
    return (vly_cell_start){x, 1000.0, test_value(&l->host.ocp, x), test_value(&l->host.transference, 1.0)};
}

/* ---- networks ---- */

typedef struct test_voxels {
    int32_t nx, ny, nz;
    const uint8_t *label; /* (nz, ny, nx) VLY_PORE, VLY_AM, VLY_CBD, TEST_SEP; k = 0 at the collector */
    double h;             /* m, along x and y */
    const double *dz;     /* (nz) m */
    double binder_share, binder_gamma, binder_sigma, separator_share, separator_gamma;
} test_voxels;

static inline void *test_new(int64_t count, int64_t size)
{
    void *out;
    ck_assert_int_eq(vly_alloc(&out, count > 0 ? count : 1, size, "test"), VLY_OK);
    return out;
}

static inline void test_edges_new(vly_cell_edges *e, int64_t most)
{
    e->ends = test_new(most, sizeof *e->ends);
    e->shape = test_new(most, sizeof *e->shape);
}

static inline void test_edge(vly_cell_edges *e, int32_t a, int32_t b, int32_t shape)
{
    e->ends[e->count][0] = a;
    e->ends[e->count][1] = b;
    e->shape[e->count++] = (uint16_t)shape;
}

static inline void test_faces_of(vly_cell_network *n, const test_voxels *v, const int32_t *solid,
                                 const int32_t *electron, const int32_t *electrolyte)
{
    const int64_t step[3] = {1, v->nx, (int64_t)v->nx * v->ny};
    for (int32_t z = 0; z < v->nz; z++)
        for (int32_t y = 0; y < v->ny; y++)
            for (int32_t x = 0; x < v->nx; x++)
                for (int axis = 0; axis < 3; axis++) {
                    int64_t i = ((int64_t)z * v->ny + y) * v->nx + x, j = i + step[axis];
                    if ((axis == 0 ? x + 1 == v->nx : axis == 1 ? y + 1 == v->ny : z + 1 == v->nz)) continue;
                    int32_t shape = axis < 2 ? z : v->nz + z;
                    if (solid[i] >= 0 && solid[j] >= 0) test_edge(&n->solid, solid[i], solid[j], shape);
                    if (electron[i] >= 0 && electron[j] >= 0) test_edge(&n->electron, electron[i], electron[j], shape);
                    if (electrolyte[i] >= 0 && electrolyte[j] >= 0)
                        test_edge(&n->electrolyte, electrolyte[i], electrolyte[j], shape);
                    int64_t am = solid[i] >= 0 ? i : j, other = am == i ? j : i;
                    if (solid[am] < 0 || electrolyte[other] < 0) continue;
                    double share = v->label[other] == VLY_CBD    ? v->binder_share
                                   : v->label[other] == TEST_SEP ? v->separator_share
                                                                 : 1.0;
                    double area = axis < 2 ? v->h * v->dz[z] : v->h * v->h;
                    double half = axis < 2 ? v->h / 2 : v->dz[am == i ? z : z + 1] / 2;
                    n->face[n->faces++] = (vly_cell_face){solid[am],   electron[am], electrolyte[other],
                                                          (float)area, (float)share, (float)half};
                }
}

static inline void test_network(vly_cell_network *n, const test_voxels *v)
{
    int64_t voxels = (int64_t)v->nx * v->ny * v->nz, plane = (int64_t)v->nx * v->ny;
    int32_t *solid = malloc((size_t)voxels * 4), *electron = malloc((size_t)voxels * 4),
            *electrolyte = malloc((size_t)voxels * 4);
    *n = (vly_cell_network){.cross_section = (double)plane * v->h * v->h};
    n->solid_volume = test_new(voxels, 8);
    n->electrolyte_volume = test_new(voxels, 8);
    n->gamma = test_new(voxels, 4);
    n->electron_solid = test_new(voxels, 4);
    n->electron_sigma = test_new(voxels, 4);
    n->solid_place = test_new(voxels, 8);
    n->electron_place = test_new(voxels, 8);
    n->electrolyte_place = test_new(voxels, 8);
    for (int64_t i = 0; i < voxels; i++) {
        uint64_t x = (uint64_t)(i % v->nx), y = (uint64_t)(i / v->nx % v->ny), z = (uint64_t)(i / plane);
        uint64_t place = x | y << 21 | z << 42;
        int label = v->label[i];
        double volume = v->h * v->h * v->dz[z];
        solid[i] = electron[i] = electrolyte[i] = -1;
        if (label == VLY_AM) {
            n->solid_place[n->solids] = place;
            n->solid_volume[n->solids] = volume;
            solid[i] = n->solids++;
        }
        if (label == VLY_AM || label == VLY_CBD) {
            n->electron_place[n->electrons] = place;
            n->electron_solid[n->electrons] = solid[i];
            n->electron_sigma[n->electrons] = label == VLY_CBD ? (float)v->binder_sigma : 1.0f;
            electron[i] = n->electrons++;
        }
        if (label != VLY_AM) {
            double share = label == VLY_CBD ? v->binder_share : label == TEST_SEP ? v->separator_share : 1.0;
            double gamma = label == VLY_CBD ? v->binder_gamma : label == TEST_SEP ? v->separator_gamma : 1.0;
            n->electrolyte_place[n->electrolytes] = place;
            n->electrolyte_volume[n->electrolytes] = share * volume;
            n->gamma[n->electrolytes] = (float)gamma;
            electrolyte[i] = n->electrolytes++;
        }
    }
    n->shapes = 2 * v->nz - 1;
    n->shape = test_new(n->shapes, sizeof *n->shape);
    for (int32_t z = 0; z < v->nz; z++) {
        n->shape[z] = (vly_cell_shape){v->h * v->dz[z], v->h / 2, v->h / 2};
        if (z + 1 < v->nz) n->shape[v->nz + z] = (vly_cell_shape){v->h * v->h, v->dz[z] / 2, v->dz[z + 1] / 2};
    }
    test_edges_new(&n->solid, 3 * voxels);
    test_edges_new(&n->electron, 3 * voxels);
    test_edges_new(&n->electrolyte, 3 * voxels);
    n->face = test_new(3 * voxels, sizeof *n->face);
    test_faces_of(n, v, solid, electron, electrolyte);
    n->collector = test_new(plane, sizeof *n->collector);
    n->lithium = test_new(plane, sizeof *n->lithium);
    for (int64_t i = 0; i < plane; i++) {
        int64_t top = voxels - plane + i;
        if (electron[i] >= 0)
            n->collector[n->collectors++] = (vly_cell_collector){electron[i], v->h * v->h, v->dz[0] / 2};
        ck_assert_int_ge(electrolyte[top], 0);
        n->lithium[n->lithiums++] = (vly_cell_lithium){electrolyte[top], v->h * v->h};
    }
    free(solid);
    free(electron);
    free(electrolyte);
}

#endif
