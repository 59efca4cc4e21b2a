/* How each method goes through a volume: for itself, and for whoever wants to know beforehand what it will hold. */
#ifndef VLY_PATHS_H
#define VLY_PATHS_H

#include "core/pipeline.h"
#include "voxelyte/kmeans.h"

vly_pipeline_options vly_threshold_path(const vly_threshold_options *options);

/* volume: extent of the grey source, of which the window is a part. */
vly_pipeline_options vly_kmeans_path(const vly_kmeans_options *options, vly_extent volume);

vly_pipeline_options vly_mlp_path(const vly_region_options *region, bool atrous);

#endif
