#include "segment/mlp_lanes.h"

#if defined(__AVX2__) && defined(__FMA__)

#include "segment/mlp_floats_avx2.h"

#define VLY_LANES_NAME vly_mlp_lanes_avx2
#include "segment/mlp_lanes_body.h"

#endif
