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
vly_status vly_kmeans_search_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_search *search, vly_kmeans_found *best);
vly_status vly_kmeans_sample_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 uint64_t seed, uint64_t last, uint16_t *samples, int64_t capacity, uint64_t *count);
vly_status vly_kmeans_assign_samples_cpu(vly_queue *queue, const uint16_t *samples, int64_t count,
                                         const vly_kmeans_model *model, bool fresh, uint8_t *label,
                                         vly_kmeans_tally *tally);
vly_status vly_kmeans_assign_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_model *model, bool fresh, uint8_t *label, vly_kmeans_tally *tally);
vly_status vly_kmeans_gather_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_model *model, const vly_kmeans_box *box, uint64_t seed, uint64_t last,
                                 uint64_t *decided, vly_kmeans_pair *list, int64_t capacity, uint64_t *listed);
vly_status vly_kmeans_finish_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                 const vly_kmeans_model *model, const vly_kmeans_cuts *cuts, uint64_t seed,
                                 uint8_t *label, vly_kmeans_report *report);
vly_status vly_mlp_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                       const vly_mlp_net *net, float *logit);
vly_status vly_mlp_fixed_cpu(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                             const vly_mlp_net *net, float *logit);
vly_status vly_joint_cpu(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels,
                         uint64_t *joint);
vly_status vly_dissent_cpu(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels,
                           uint8_t *dissent);
vly_status vly_configurations_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, uint64_t *bins,
                                  void *scratch);
int64_t vly_configurations_scratch_bytes_cpu(const vly_queue *queue);
vly_status vly_profile_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, int32_t axis,
                           uint64_t *counts);
vly_status vly_components_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, int32_t neighbours,
                              uint32_t *id, uint32_t *size, uint8_t *faces, uint64_t *count, void *scratch);
int64_t vly_components_scratch_bytes_cpu(vly_extent data);
vly_status vly_component_list_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, const uint32_t *id,
                                  const uint32_t *size, const uint8_t *faces, const void *scratch,
                                  vly_component_part *list, int64_t capacity, uint64_t *listed);
vly_status vly_chords_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, bool first, bool last,
                          vly_chord *open, uint64_t *tally);
vly_status vly_closing_clip_cpu(vly_queue *queue, const uint8_t *label, int64_t voxels, int32_t *distance2);
vly_status vly_closing_count_cpu(vly_queue *queue, const vly_closing_pages *pages, const uint8_t *label,
                                 const vly_closing_cut *cuts, vly_closing_level level, uint64_t *bins);
vly_status vly_closing_label_cpu(vly_queue *queue, const vly_closing_pages *pages, const vly_closing_cut *cuts,
                                 uint8_t *label, uint64_t *counts);
vly_status vly_synth_nodes_cpu(vly_queue *queue, const vly_synth_nodes *nodes, uint64_t seed, double *value);
vly_status vly_synth_fields_cpu(vly_queue *queue, const vly_synth_scene *scene, const vly_synth_lattice *lattice,
                                int32_t plane, int32_t count, float *am, float *neck, float *island, uint8_t *layer);
vly_status vly_distance_cpu(vly_queue *queue, const uint8_t *label, vly_extent extent, const vly_metric *metric,
                            uint32_t phases, uint32_t walls, int32_t *distance2, int32_t *farthest, void *scratch);
int64_t vly_distance_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent);
vly_status vly_cover_cpu(vly_queue *queue, const int32_t *distance2, const int32_t *value, vly_extent extent,
                         const vly_metric *metric, const int32_t *inside, int32_t levels, int32_t *out, void *scratch);
int64_t vly_cover_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent, int32_t levels);
vly_status vly_cover_level_cpu(vly_queue *queue, const int32_t *distance2, vly_extent extent, const vly_metric *metric,
                               int32_t level, uint8_t *covered, void *scratch);
int64_t vly_cover_level_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent);
vly_status vly_bottleneck_cpu(vly_queue *queue, const int32_t *distance2, vly_extent extent, uint32_t faces,
                              int32_t levels, int32_t round, int32_t *width2, uint64_t *changed, void *scratch);
int64_t vly_bottleneck_scratch_bytes_cpu(const vly_queue *queue, vly_extent extent, int32_t levels);
vly_status vly_levels_cpu(vly_queue *queue, const int32_t *distance2, const int32_t *value, vly_extent extent,
                          const vly_metric *metric, bool minus, int32_t levels, uint64_t *bins);
vly_status vly_two_point_cpu(vly_queue *queue, const uint8_t *labels, const vly_two_point_plan *plan,
                             const double *roots, int32_t sign, void *scratch, int64_t *counts, double *deviation);
int64_t vly_two_point_scratch_bytes_cpu(const vly_queue *queue, const vly_two_point_plan *plan);
vly_status vly_geodesic_mark_cpu(vly_queue *queue, const vly_geodesic_field *field, const uint8_t *labels, int32_t z0,
                                 int32_t count, uint32_t phases);
vly_status vly_geodesic_start_cpu(vly_queue *queue, const vly_geodesic_field *field, int32_t axis, int32_t at);
vly_status vly_geodesic_advance_cpu(vly_queue *queue, const vly_geodesic_field *field, uint32_t bucket,
                                    uint32_t buckets);
vly_status vly_geodesic_rebase_cpu(vly_queue *queue, const vly_geodesic_field *field, uint32_t base);
vly_status vly_geodesic_plane_cpu(vly_queue *queue, const vly_geodesic_field *field, int32_t axis, int32_t at,
                                  uint32_t *plane);

/* transport */
vly_status vly_relax_start_cpu(vly_queue *queue, const vly_matrix *a, const float *residual, float gain, float *next);
vly_status vly_relax_cpu(vly_queue *queue, const vly_matrix *a, const float *step, float *residual, float *solution,
                         bool first, float carry, float gain, float *next);
vly_status vly_balance_cpu(vly_queue *queue, const vly_matrix *a, const double *u, float *residual, double *sums,
                           double *parts);
vly_status vly_products_cpu(vly_queue *queue, const vly_matrix *a, const float *z, const float *p, const float *last,
                            const float *residual, double *sums, double *parts);
vly_status vly_gather_cpu(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                          const float *fine, float *coarse, float *copy);
vly_status vly_spread_cpu(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                          const float *const coarse[2], const float scale[2], float *fine);
vly_status vly_dots_cpu(vly_queue *queue, int64_t rows, int32_t count, const float *const a[4], const float *const b[4],
                        double *sums, double *parts);
vly_status vly_deflate_cpu(vly_queue *queue, int64_t rows, float scale, float *right, float *residual, float *image);
vly_status vly_add_cpu(vly_queue *queue, int64_t rows, const float *term, float *sum);
vly_status vly_advance_cpu(vly_queue *queue, int64_t rows, const float *z, double beta, float *p, double alpha,
                           double *u);
vly_status vly_dense_cpu(vly_queue *queue, int32_t rows, const float *inverse, const float *right, float *solution);
vly_status vly_contract_cpu(vly_queue *queue, const vly_contraction *contraction);
vly_status vly_sparse_scale_cpu(vly_queue *queue, const vly_sparse *a, const double *scale, double *factor, double *bad,
                                double *parts);
vly_status vly_sparse_product_cpu(vly_queue *queue, const vly_sparse *a, const float *z, const double *factor,
                                  double *y);
vly_status vly_sparse_residual_cpu(vly_queue *queue, const vly_sparse *a, const double *x, double border_x,
                                   const double *right, double border_right, const double *factor, double *y);
vly_status vly_sparse_below_cpu(vly_queue *queue, const vly_sparse *a, vly_sparse_block block, const double *y,
                                const double *factor, double gain, const float *z, float *out);
vly_status vly_sparse_graph_cpu(vly_queue *queue, const vly_sparse *a, vly_sparse_block block, const int32_t *first,
                                float *weight, float *ground, double *least, double *parts);
vly_status vly_sparse_ties_cpu(vly_queue *queue, const vly_sparse *a, int32_t rows, float *to);
vly_status vly_sparse_lift_cpu(vly_queue *queue, const vly_matrix *graph, const float *tie, const float *u,
                               float *residual, double *energy, double *parts);
vly_status vly_sparse_border_cpu(vly_queue *queue, int32_t rows, const double *y, const double *factor, double gain,
                                 double *sum, const double *energy, float *z);
vly_status vly_add_times_cpu(vly_queue *queue, int64_t rows, const double *top, const double *bottom, const float *x,
                             float *y);
vly_status vly_basis_project_cpu(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                 const double *y, double *sums, double *parts);
vly_status vly_basis_subtract_cpu(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                  const double *sums, const double *scale, double *y, double *rest, double *parts);
vly_status vly_basis_combine_cpu(vly_queue *queue, int64_t rows, int32_t count, const float *z, int64_t stride,
                                 const double *scale, double *x);

vly_status vly_multiply_add_cpu(vly_queue *queue, int64_t items, int32_t rounds, float *sink, int64_t *flops);
float vly_multiply_chains_base(float start, int32_t rounds);
float vly_multiply_chains_avx512(float start, int32_t rounds);

/* cell */
vly_status vly_cell_properties_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                   const double *u);
vly_status vly_cell_reactions_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                  const double *u);
vly_status vly_cell_balances_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                 const vly_cell_matrix *matrix, const vly_cell_moment *moment);
vly_status vly_cell_forgotten_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_moment *moment,
                                  double *sums, double *parts);
vly_status vly_cell_planes_cpu(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                               const vly_cell_matrix *matrix, const vly_cell_moment *moment,
                               const vly_cell_border *border, double *sums, double *parts);
vly_status vly_cell_measure_cpu(vly_queue *queue, const vly_cell_layout *layout, const double *step, double *sums,
                                double *parts);
vly_status vly_cell_move_cpu(vly_queue *queue, const vly_cell_layout *layout, const double *step, double damping,
                             double *u, double *sums, double *parts);
vly_status vly_cell_foretell_cpu(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past, double *u);
vly_status vly_cell_differ_cpu(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past,
                               const double *electrolyte_volume, const double *solid_volume, const double *u,
                               double *sums, double *parts);
vly_status vly_cell_amount_cpu(vly_queue *queue, int32_t nodes, const double *c, const double *volume, double *sums,
                               double *parts);
vly_status vly_pencil_shift_cpu(vly_queue *queue, const vly_pencil *p, double s, float *weight, float *ground);
vly_status vly_pencil_residual_cpu(vly_queue *queue, const vly_pencil *p, const vly_pencil_equation *equation,
                                   float *residual, double *sums, double *parts);
vly_status vly_pencil_products_cpu(vly_queue *queue, const vly_pencil *p, const double *x,
                                   const vly_pencil_basis *basis, double *sums, double *parts);
vly_status vly_pencil_combine_cpu(vly_queue *queue, int64_t rows, const vly_pencil_basis *basis, double *x);
vly_status vly_pencil_round_cpu(vly_queue *queue, int64_t rows, double *x, float *rounded);
vly_status vly_pencil_move_cpu(vly_queue *queue, int64_t rows, double scale, const double *term, double *x);

#endif
