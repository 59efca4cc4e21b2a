/* New weights of a coarse graph whose shape is known: couplings go where they went when the aggregates were made. */
#ifndef VLY_CONTRACT_VOXEL_H
#define VLY_CONTRACT_VOXEL_H

#include "transport/matrix_voxel.h"

typedef struct vly_contraction {
    vly_matrix fine; /* a graph */
    int32_t aggregates;
    const int32_t *first_member, *member; /* (aggregates + 1), (fine.rows) */
    const int32_t
        *target; /* (couplings of fine) 1 + place in the coarse row, negative where it runs from block to block;
                            * 0 inside an aggregate */
    float weaken, weaken_ground; /* factors on couplings from block to block, and on grounds */
    const int32_t *first;        /* (aggregates + 1) of the coarse graph */
    float *weight, *ground;      /* (first[aggregates]), (aggregates) out */
} vly_contraction;

/* Row i of the coarse graph. */
VLY_INLINE void vly_contract_row(const vly_contraction *c, int32_t i)
{
    float *row = c->weight + c->first[i], ground = 0.0f;
    for (int32_t k = 0; k < c->first[i + 1] - c->first[i]; k++) row[k] = 0.0f;
    for (int32_t m = c->first_member[i]; m < c->first_member[i + 1]; m++) {
        int32_t fine = c->member[m];
        ground += c->fine.ground[fine];
        for (int32_t k = c->fine.first[fine]; k < c->fine.first[fine + 1]; k++) {
            int32_t target = c->target[k];
            if (target > 0) row[target - 1] += c->fine.weight[k];
            if (target < 0) row[-target - 1] += c->weaken * c->fine.weight[k];
        }
    }
    c->ground[i] = c->weaken_ground * ground;
}

#endif
