/* The porous electrode of electrochemistry spec 7.13, and discharges of it and its like. */
#ifndef VLY_POROUS_ELECTRODE_H
#define VLY_POROUS_ELECTRODE_H

#include "cell_start.h"

#include "cell/dfn.h"

#include <math.h>

static const vly_dfn POROUS_ELECTRODE = {.thickness = 164.5e-6,
                                         .porosity = 0.2892,
                                         .active = 0.5954,
                                         .radius = 2.66e-6,
                                         .sigma = 1.0,
                                         .separator = 260e-6,
                                         .separator_porosity = 0.9,
                                         .separator_gamma = 0.75,
                                         .cells = 80,
                                         .separator_cells = 52,
                                         .shells = 40};

enum { POROUS_POINTS = 20000 };

/* Voltage over charge, mAh/cm2. */
typedef struct porous_curve {
    int32_t count;
    double q[POROUS_POINTS], v[POROUS_POINTS];
} porous_curve;

/* Down to the cut-off of 3 V; laws as start_of or changed left them. */
static inline void discharge(porous_curve *out, vly_device *device, const vly_dfn *dfn, const vly_cell_laws *laws,
                             const vly_cell_start *start, const vly_march_options *options)
{
    vly_cell_network network;
    vly_march *march;
    vly_cell_laws half = *laws;
    half.half = true;
    ck_assert_int_eq(vly_dfn_network(&network, dfn), VLY_OK);
    ck_assert_msg(vly_march_create(&march, device, &network, &half, start, options) == VLY_OK, "%s",
                  vly_error_message());
    const vly_march_record *r = vly_march_record_now(march);
    for (out->count = 0;;) {
        ck_assert_int_lt(out->count, POROUS_POINTS);
        out->q[out->count] = r->charge / 36e3;
        out->v[out->count++] = r->voltage;
        if (r->end != VLY_MARCH_GOES_ON) break;
        ck_assert_msg(vly_march_step(march) == VLY_OK, "%s", vly_error_message());
    }
    ck_assert_int_eq(r->end, VLY_MARCH_CUTOFF);
    ck_assert_double_eq_tol(r->voltage, 3.0, 1e-4);
    ck_assert_double_le(fabs(r->solid_drift), 1e-9); /* lithium and salt are kept (spec 2.3) */
    ck_assert_double_le(fabs(r->salt_drift), 1e-11);
    vly_march_free(march);
    vly_cell_network_free(&network);
}

#endif
