/* The C twins, by name; their contracts stand in kernels.h. */
#ifndef VLY_KERNELS_CPU_H
#define VLY_KERNELS_CPU_H

#include "core/queue_cpu.h"
#include "kernels.h"

vly_status vly_histogram_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                             uint64_t *bins, void *scratch);
int64_t vly_histogram_scratch_bytes_cpu(const vly_queue *queue);
vly_status vly_ties_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                        uint64_t seed, const vly_tie_band bands[2], uint64_t *below, uint64_t *list, int64_t capacity,
                        uint64_t *listed);
vly_status vly_label_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                         uint64_t seed, const vly_label_cuts *cuts, uint8_t *label, uint64_t *counts);
vly_status vly_joint_cpu(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels,
                         uint64_t *joint);

#endif
