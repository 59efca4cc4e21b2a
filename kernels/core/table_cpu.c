#include "core/kernels_cpu.h"

const vly_kernels vly_kernels_cpu = {
    .histogram = vly_histogram_cpu,
    .histogram_scratch_bytes = vly_histogram_scratch_bytes_cpu,
    .ties = vly_ties_cpu,
    .label = vly_label_cpu,
    .kmeans_search = vly_kmeans_search_cpu,
    .kmeans_sample = vly_kmeans_sample_cpu,
    .kmeans_assign_samples = vly_kmeans_assign_samples_cpu,
    .kmeans_assign = vly_kmeans_assign_cpu,
    .kmeans_gather = vly_kmeans_gather_cpu,
    .kmeans_finish = vly_kmeans_finish_cpu,
    .joint = vly_joint_cpu,
    .configurations = vly_configurations_cpu,
    .configurations_scratch_bytes = vly_configurations_scratch_bytes_cpu,
    .multiply_add = vly_multiply_add_cpu,
    .synth_nodes = vly_synth_nodes_cpu,
    .synth_fields = vly_synth_fields_cpu,
};
