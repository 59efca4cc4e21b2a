/* Training of one network after the other on the same samples. */
#ifndef VLY_MLP_DESCENT_H
#define VLY_MLP_DESCENT_H

#include "segment/mlp_impl.h"

typedef struct vly_mlp_descent vly_mlp_descent;

/* What one training came to; curve and weights belong to the descent and change with its next. */
typedef struct vly_mlp_descended {
    double validation; /* least error */
    int32_t best_epoch, epochs;
    const vly_mlp_epoch *curve; /* (epochs) */
    const float *weights;       /* (VLY_MLP_VALUES) of the best epoch */
} vly_mlp_descended;

/* Inputs become (grey - mean) / sd. Table, parts and options must stay. To be closed in any case. */
vly_status vly_mlp_descent_open(vly_mlp_descent **out, vly_device *device, const vly_mlp_table *table,
                                const vly_mlp_parts *parts, const vly_mlp_options *options, float mean, float sd);
void vly_mlp_descent_close(vly_mlp_descent *descent);

/* From fresh weights until the validation error has not fallen for so many epochs. VLY_ENUMERIC if it is not finite. */
vly_status vly_mlp_descent_run(vly_mlp_descended *out, vly_mlp_descent *descent, uint64_t seed);

/* What a network tells of `count` samples: told (count, 3) probabilities, am, cbd, pore. */
vly_status vly_mlp_descent_ask(float *told, vly_mlp_descent *descent, const float *network, const int32_t *sample,
                               int32_t count);

#endif
