/* Balls of radius 10 round the points of a Poisson process, 8.51498706e-5 of them a voxel, so that they fill 0.3 of space; those
 * around the window are among them (morphology spec 9.2). */
#ifndef VLY_BOOLEAN_MODEL_H
#define VLY_BOOLEAN_MODEL_H

#include "support.h"

#include <math.h>
#include <string.h>

static const double boolean_intensity = 8.51498706e-5;

/* voxel: (side, side, side) */
static inline void boolean_model(uint8_t *voxel, int32_t side, uint8_t ball, uint8_t rest, uint64_t seed)
{
    const double radius = 10.0, wide = side + 2.0 * radius, mean = boolean_intensity * wide * wide * wide;
    double passed = 0.0; /* as many as unit exponentials fit into the mean */
    memset(voxel, rest, (size_t)side * (size_t)side * (size_t)side);
    while ((passed -= log(1.0 - test_uniform(&seed))) < mean) {
        double c[3];
        for (int i = 0; i < 3; i++) c[i] = test_uniform(&seed) * wide - radius - 0.5;
        for (int32_t z = (int32_t)fmax(0.0, ceil(c[2] - radius)); z < side && z <= c[2] + radius; z++)
            for (int32_t y = (int32_t)fmax(0.0, ceil(c[1] - radius)); y < side && y <= c[1] + radius; y++) {
                double left = radius * radius - (z - c[2]) * (z - c[2]) - (y - c[1]) * (y - c[1]);
                if (left < 0.0) continue;
                int32_t x = (int32_t)fmax(0.0, ceil(c[0] - sqrt(left)));
                for (; x < side && x <= c[0] + sqrt(left); x++) voxel[((int64_t)z * side + y) * side + x] = ball;
            }
    }
}

#endif
