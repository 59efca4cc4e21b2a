/* The golden geometry of spheres with carbon-binder necks as a half cell, and marches through it (electrochemistry spec 7.11). */
#ifndef VLY_SPHERE_CELL_H
#define VLY_SPHERE_CELL_H

#include "cell_geometry.h"
#include "cell_start.h"
#include "half_cell.h"

typedef struct sphere_cell {
    uint8_t label[SC10_VOXELS + 25 * SC10_LAYERS];
    double dz[30 + SC10_LAYERS];
    vly_cell_network network;
} sphere_cell;

/* Its lowest `layers` of 30 under the separator. */
static inline void make_low_spheres(sphere_cell *s, int32_t layers)
{
    test_sc10(s->label);
    memset(s->label + 25 * layers, TEST_SEP, 25 * SC10_LAYERS);
    for (int k = 0; k < layers; k++) s->dz[k] = SC10_VOXEL;
    test_sc10_separator(s->dz + layers);
    test_voxels v = {5, 5, layers + SC10_LAYERS, s->label, SC10_VOXEL, s->dz, 0.5, 0.06, 10.0, 0.9, 0.75};
    test_network(&s->network, &v);
}

static inline void make_spheres(sphere_cell *s)
{
    make_low_spheres(s, 30);
    ck_assert_int_eq(s->network.solids, 468);
    ck_assert_int_eq(s->network.electrons, 468 + 173);
    ck_assert_int_eq(s->network.electrolytes, 109 + 173 + 200);
    ck_assert_int_eq(s->network.faces, 21 + 267 + 6);
    ck_assert_int_eq(s->network.collectors, 15);
}

/* A run of 20 A/m2 in steps of one length, as the reference did it. solving: NULL for the program's own solver. */
static inline vly_march *start_golden(vly_device *device, sphere_cell *s, const vly_cell_laws *laws,
                                      const vly_cell_start *start, int32_t order, double length,
                                      const vly_cell_solving *solving)
{
    vly_march *march;
    vly_march_options options = VLY_MARCH_OPTIONS_INIT;
    options.value = 20.0 * s->network.cross_section;
    options.fixed = length;
    options.order = order;
    options.newton = 1e-9; /* a step of less than that leaves far less: the method is quadratic here */
    options.half_at_start = true;
    options.renew = 0;
    options.solving = solving;
    ck_assert_msg(vly_march_create(&march, device, &s->network, laws, start, &options) == VLY_OK, "%s",
                  vly_error_message());
    return march;
}

static inline void step_to(vly_march *march, int64_t step)
{
    const vly_march_record *r = vly_march_record_now(march);
    while (r->step < step) {
        ck_assert_msg(vly_march_step(march) == VLY_OK, "%s", vly_error_message());
        ck_assert_int_eq(r->end, VLY_MARCH_GOES_ON);
    }
}

static const char *const table_of_potential[][2] = {
    {"electrolyte", "const"}, {"solid_conductivity", "0.1"}, {"solid_diffusivity", "1e-14"}, {NULL, NULL}};
static const char *const everything_varies[][2] = {{"solid_diffusivity", "1e-14"}, {NULL, NULL}};

#endif
