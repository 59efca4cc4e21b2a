/* How each method goes through a volume: for itself, and for whoever wants to know beforehand what it will hold. */
#ifndef VLY_PATHS_H
#define VLY_PATHS_H

#include "core/pipeline.h"
#include "voxelyte/kmeans.h"

vly_pipeline_options vly_threshold_path(const vly_threshold_options *options);

/* volume: extent of the grey source, of which the window is a part. */
vly_pipeline_options vly_kmeans_path(const vly_kmeans_options *options, vly_extent volume);

vly_pipeline_options vly_mlp_path(const vly_region_options *region, bool atrous);

/* Slabs of the closing itself, without the k-means that may come before it. VLY_EMEMORY with what is needed. */
vly_status vly_closing_measure(vly_plan *out, vly_device *device, vly_extent window);

#endif
