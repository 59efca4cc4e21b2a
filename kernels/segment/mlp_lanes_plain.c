#include "segment/mlp_floats_plain.h"
#include "segment/mlp_lanes.h"

#define VLY_LANES_NAME vly_mlp_lanes_plain
#include "segment/mlp_lanes_body.h"
