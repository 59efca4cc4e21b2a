/* synth.json: the parameters that give the same volumes again, and the numbers to score with. */
#ifndef VLY_SYNTH_JSON_H
#define VLY_SYNTH_JSON_H

#include "voxelyte/synth.h"

/* labels: where the truth came from; NULL if it was made. voxel_size [m]. The text is the caller's. */
vly_status vly_synth_json(char **out, const vly_synth_result *result, const vly_synth_options *options,
                          vly_extent extent, double voxel_size, const char *labels);

#endif
