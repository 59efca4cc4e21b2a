#include "core/kernels_cuda.h"

const vly_kernels vly_kernels_cuda = {
    .histogram = vly_histogram_cuda,
    .histogram_scratch_bytes = vly_histogram_scratch_bytes_cuda,
    .ties = vly_ties_cuda,
    .label = vly_label_cuda,
    .kmeans_search = vly_kmeans_search_cuda,
    .kmeans_sample = vly_kmeans_sample_cuda,
    .kmeans_assign_samples = vly_kmeans_assign_samples_cuda,
    .kmeans_assign = vly_kmeans_assign_cuda,
    .kmeans_gather = vly_kmeans_gather_cuda,
    .kmeans_finish = vly_kmeans_finish_cuda,
    .joint = vly_joint_cuda,
    .configurations = vly_configurations_cuda,
    .configurations_scratch_bytes = vly_configurations_scratch_bytes_cuda,
    .multiply_add = vly_multiply_add_cuda,
    .synth_nodes = vly_synth_nodes_cuda,
    .synth_fields = vly_synth_fields_cuda,
};
