/* What the tests of two-point functions share: labels to count in, and one run. */
#ifndef VLY_TWO_POINT_RUN_H
#define VLY_TWO_POINT_RUN_H

#include "support.h"

#include "voxelyte/two_point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOTHING_OUTSIDE = 0, ONE_IN_SEVEN_OUTSIDE = 7 };

static inline uint8_t *random_labels(vly_extent e, int outside, uint64_t seed)
{
    uint8_t *labels = malloc((size_t)vly_extent_voxels(e));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        double u = test_uniform(&seed);
        labels[i] = u < 0.5 ? VLY_AM : u < 0.8 ? VLY_CBD : VLY_PORE;
        if (outside && test_random(&seed) % (uint64_t)outside == 0) labels[i] = VLY_OUTSIDE;
    }
    return labels;
}

static inline vly_two_point_result compute(vly_device *device, const uint8_t *labels, vly_extent e,
                                           vly_two_point_options options)
{
    vly_two_point_result r;
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, e, NULL), VLY_OK);
    vly_status status = vly_two_point(&r, device, source, &options);
    if (status != VLY_OK) ck_abort_msg("%s", vly_error_message());
    vly_source_close(source);
    return r;
}

static inline vly_two_point_result compute_once(const uint8_t *labels, vly_extent e, vly_two_point_options options)
{
    vly_device *device = test_device(2, 0);
    vly_two_point_result r = compute(device, labels, e, options);
    vly_device_close(device);
    return r;
}

#endif
