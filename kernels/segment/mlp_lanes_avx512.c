#include "segment/mlp_lanes.h"

#ifdef __AVX512F__

#include "segment/mlp_floats_avx512.h"

#define VLY_LANES_NAME vly_mlp_lanes_avx512
#include "segment/mlp_lanes_body.h"

#endif
