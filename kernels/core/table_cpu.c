#include "core/kernels_cpu.h"

const vly_kernels vly_kernels_cpu = {
    .histogram = vly_histogram_cpu,
    .histogram_scratch_bytes = vly_histogram_scratch_bytes_cpu,
    .ties = vly_ties_cpu,
    .label = vly_label_cpu,
    .joint = vly_joint_cpu,
};
