/* What a model's file consists of: shared by what writes and what reads it. */
#ifndef VLY_MLP_MODEL_H
#define VLY_MLP_MODEL_H

#include "segment/mlp_impl.h"

enum {
    VLY_MLP_HEADER_MOST = 1 << 20,                                     /* bytes */
    VLY_MLP_TENSORS_MOST = 2 * VLY_MLP_LAYERS * VLY_MLP_TRIES_MAX + 6, /* of all networks, and what they share */
    VLY_MLP_SHARED_MOST = 2048                                         /* values of the latter */
};

extern const char *const vly_mlp_activations[3], *const vly_mlp_splits[3];
extern const char vly_mlp_shape[];

typedef struct vly_mlp_tensor {
    char name[16];
    int32_t side[2]; /* side[1] 0: one dimension */
    int64_t values;
    float *data; /* in the model */
    bool turned; /* data is the transpose of what the file holds */
} vly_mlp_tensor;

/* The tensors of a model whose other_count, levels.known and seen.known are set, in the order of the file; returns their
 * number. */
int32_t vly_mlp_tensors(vly_mlp_tensor out[VLY_MLP_TENSORS_MOST], vly_mlp *mlp);

/* Where value `value` of the file's tensor stands in data. */
int64_t vly_mlp_tensor_at(const vly_mlp_tensor *tensor, int64_t value);

#endif
