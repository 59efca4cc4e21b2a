/* Cells to measure the impedance of. */
#ifndef VLY_IMPEDANCE_CELL_H
#define VLY_IMPEDANCE_CELL_H

#include "cell_geometry.h"
#include "cell_start.h"

#include "cell/impedance_impl.h"

#include <complex.h>

static inline bool test_near(double got, double expected, double tolerance)
{
    return fabs(got - expected) <= tolerance * fabs(expected);
}

static inline vly_impedance_options test_impedance_options(const vly_materials *m)
{
    vly_impedance_options o = VLY_IMPEDANCE_OPTIONS_INIT;
    o.cell.materials = m;
    o.cell.through = (vly_through){2, true};
    o.cell.trim = false;
    o.cell.area = VLY_AREA_RAW;
    return o;
}

static inline void test_impedance(vly_impedance_result *out, vly_device *device, const uint8_t *labels, vly_extent e,
                                  double voxel, const vly_impedance_options *o)
{
    vly_source *source = test_labels(labels, e, voxel);
    vly_status status = vly_impedance(out, device, source, o);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
}

#endif
