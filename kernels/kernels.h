/* Every kernel: signature and contract. A device has one table of them; nothing else differs between devices.
 * All pointers are device pointers unless marked host. Kernels never allocate and never wait; arrays that are said to be
 * added to must be cleared by the caller. Shapes are (z, y, x), x fastest. `mask` may be NULL: everything is inside. */
#ifndef VLY_KERNELS_H
#define VLY_KERNELS_H

#include "cell/advance_voxel.h"
#include "cell/assemble_voxel.h"
#include "cell/pencil_voxel.h"
#include "cell/sparse_voxel.h"
#include "core/voxel.h"
#include "image/synth_voxel.h"
#include "morphology/chords_voxel.h"
#include "morphology/components_voxel.h"
#include "morphology/configurations_voxel.h"
#include "morphology/cover_voxel.h"
#include "morphology/distance_voxel.h"
#include "morphology/geodesic_voxel.h"
#include "morphology/two_point_voxel.h"
#include "segment/closing_voxel.h"
#include "segment/kmeans_voxel.h"
#include "segment/label_voxel.h"
#include "segment/mlp_voxel.h"
#include "transport/contract_voxel.h"
#include "transport/matrix_voxel.h"

typedef struct vly_queue vly_queue; /* core/queue_cpu.h, core/queue_cuda.h */

typedef struct vly_kernels {
    /* bins[g] += number of voxels of grey value g in region.inner.
     * grey: region.data   mask: region.inner   bins: (65536)   scratch: histogram_scratch_bytes(queue) */
    vly_status (*histogram)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                            uint64_t *bins, void *scratch);
    int64_t (*histogram_scratch_bytes)(const vly_queue *queue);

    /* For each of two bands: voxels with grey value band.grey have the tie key h(index, seed). below[b] += those with a key
     * under band.low; keys in [band.low, band.high) are appended to list (2, capacity), in any order, and counted in
     * listed[b] (which may pass capacity: then the list is incomplete). A band with low == high is skipped. */
    vly_status (*ties)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                       uint64_t seed, const vly_tie_band bands[2] /* host */, uint64_t *below, uint64_t *list,
                       int64_t capacity, uint64_t *listed);

    /* label = vly_label_of(cuts, grey, h(index, seed)), VLY_OUTSIDE where the mask is 0. counts (3) += voxels per phase. */
    vly_status (*label)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                        uint64_t seed, const vly_label_cuts *cuts /* host */, uint8_t *label, uint64_t *counts);

    /* The first voxel, by key then by index in the window, that a search finds (spec 4.3; vly_kmeans_search_key).
     * best: one entry, merged with what is there (start from VLY_KMEANS_FOUND_NONE). Stencil radius 1, reflect101 at the
     * border of region.data. */
    vly_status (*kmeans_search)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                const vly_kmeans_search *search /* host */, vly_kmeans_found *best);

    /* Appends the features of voxels with h(index, seed) <= last to samples (vly_kmeans_slot), in any order; *count is
     * where the next one goes and may pass capacity, a multiple of VLY_KMEANS_BLOCK. */
    vly_status (*kmeans_sample)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                uint64_t seed, uint64_t last, uint16_t *samples, int64_t capacity, uint64_t *count);

    /* One Lloyd pass over stored samples: label (count) = vly_kmeans_nearest of the features.
     * tally += the change against the labels found there; fresh: against none, they are not read. The last block of
     * samples may hold anything from `count` on. The model is the device's: a recorded pass takes what it is then. */
    vly_status (*kmeans_assign_samples)(vly_queue *queue, const uint16_t *samples, int64_t count,
                                        const vly_kmeans_model *model, bool fresh, uint8_t *label,
                                        vly_kmeans_tally *tally);

    /* The same over a slab, features made on the fly; VLY_OUTSIDE where the mask is 0. Stencil radius 1, reflect101 at the
     * border of region.data. */
    vly_status (*kmeans_assign)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                const vly_kmeans_model *model /* host */, bool fresh, uint8_t *label,
                                vly_kmeans_tally *tally);

    /* The exact finish, gathering (spec 4.5): voxels with one vly_kmeans_box_label in the whole box are counted in decided
     * (3); of the others those with h(key, seed) <= last are appended to list (capacity), in any order, key being
     * h(index, seed); *listed may pass capacity. */
    vly_status (*kmeans_gather)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                const vly_kmeans_model *model /* host */, const vly_kmeans_box *box /* host */,
                                uint64_t seed, uint64_t last, uint64_t *decided, vly_kmeans_pair *list,
                                int64_t capacity, uint64_t *listed);

    /* The exact finish, labelling: label = vly_kmeans_finish_label, VLY_OUTSIDE where the mask is 0; cuts NULL: labels stay.
     * report += what the labels are now, and how many differ from those found there. */
    vly_status (*kmeans_finish)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                                const vly_kmeans_model *model /* host */, const vly_kmeans_cuts *cuts /* host */,
                                uint64_t seed, uint8_t *label, vly_kmeans_report *report);

    /* logit (region.inner, 2) = z_am - z_pore and z_cbd - z_pore of the network (vly_mlp_difference), NaN where the mask is 0:
     * fp32, sums in ascending order of the inputs, the same bits on every device. Stencil radius vly_mlp_halo, reflect101
     * at the border of region.data. */
    vly_status (*mlp)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                      const vly_mlp_net *net /* host */, float *logit);

    /* The same in 16-bit whole numbers (vly_mlp_fixed): other bits than mlp's, but those on every device. */
    vly_status (*mlp_fixed)(vly_queue *queue, const uint16_t *grey, const vly_region *region, const uint8_t *mask,
                            const vly_mlp_net *net /* host */, float *logit);

    /* joint[sum_k label_k 3^k] += voxels; voxels that any volume calls outside are skipped. `labels` holds `count` volumes
     * one behind the other, `stride` bytes apart. joint: (3^count). VLY_EDATA is the host's to find: labels are 0, 1, 2, 255. */
    vly_status (*joint)(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels,
                        uint64_t *joint);

    /* dissent[i] = vly_dissent: how many of the volumes do not give voxel i its commonest label; labels as for joint, `count`
     * below VLY_OUTSIDE. dissent: (voxels). */
    vly_status (*dissent)(vly_queue *queue, const uint8_t *labels, int32_t count, int64_t stride, int64_t voxels,
                          uint8_t *dissent);

    /* bins[vly_configuration of a cell] += 1 for cells of 2 x 2 x 2 voxels whose lowest voxel lies in region.inner and whose
     * highest lies in region.data.
     * phase: region.data   bins: (VLY_CONFIGURATIONS)   scratch: configurations_scratch_bytes(queue) */
    vly_status (*configurations)(vly_queue *queue, const uint8_t *phase, const vly_region *region, uint64_t *bins,
                                 void *scratch);
    int64_t (*configurations_scratch_bytes)(const vly_queue *queue);

    /* counts[slice][phase] += voxels of region.inner; slices across axis 0 x, 1 y, 2 z, numbered as in the window.
     * phase: region.data   counts: (side of the window along the axis, VLY_PHASES) */
    vly_status (*profile)(vly_queue *queue, const uint8_t *phase, const vly_region *region, int32_t axis,
                          uint64_t *counts);

    /* Connected components of a slab: voxels of one phase that share a face (neighbours 6) or at least a corner (26).
     * id: index in region.data of the first voxel of the component, VLY_NO_COMPONENT outside. At those first voxels, size is
     * what lies in region.inner and faces which faces of inner that touches (vly_component_part); elsewhere they hold
     * anything. *count += components that begin in inner, which is all that have a voxel there: inner holds the first page
     * of data. Fewer than 2^32 - 1 voxels.
     * phase, id, size, faces: region.data; faces has 3 bytes to spare   scratch: components_scratch_bytes(data) */
    vly_status (*components)(vly_queue *queue, const uint8_t *phase, const vly_region *region, int32_t neighbours,
                             uint32_t *id, uint32_t *size, uint8_t *faces, uint64_t *count, void *scratch);
    int64_t (*components_scratch_bytes)(vly_extent data);

    /* Appends those components to list (capacity), in any order; *listed may pass capacity: then the list is incomplete.
     * Everything but the list is as components left it. */
    vly_status (*component_list)(vly_queue *queue, const uint8_t *phase, const vly_region *region, const uint32_t *id,
                                 const uint32_t *size, const uint8_t *faces, const void *scratch,
                                 vly_component_part *list, int64_t capacity, uint64_t *listed);

    /* tally[axis][phase] += the runs that end in region.inner along x, y and z (chords_voxel.h). Lines across x and y begin
     * and end in inner; those across z begin with the slab that is `first`, end with the one that is `last`, and between
     * them wait in open. phase: region.data   open: (ny, nx) of inner   tally: (3, VLY_PHASES, VLY_CHORD_COUNTS) */
    vly_status (*chords)(vly_queue *queue, const uint8_t *phase, const vly_region *region, bool first, bool last,
                         vly_chord *open, uint64_t *tally);

    /* distance2 = 0 where the label is VLY_OUTSIDE, so that no ball is centred there. label, distance2: (voxels) */
    vly_status (*closing_clip)(vly_queue *queue, const uint8_t *label, int64_t voxels, int32_t *distance2);

    /* bins (pages.count, VLY_CLOSING_DIGITS) += VLY_CLOSING_OPEN voxels of each page by vly_closing_digit at that level; pages whose cut
     * is settled are skipped. Pointers inside `pages` are device pointers. label: (count, page), read only */
    vly_status (*closing_count)(vly_queue *queue, const vly_closing_pages *pages /* host */, const uint8_t *label,
                                const vly_closing_cut *cuts, vly_closing_level level, uint64_t *bins);

    /* label = vly_closing_label: VLY_CLOSING_OPEN becomes CBD below the cut of its page (count) and pore else, VLY_CLOSING_KEPT
     * becomes pore, all others stay. counts (count) += CBD voxels of each page. */
    vly_status (*closing_label)(vly_queue *queue, const vly_closing_pages *pages /* host */,
                                const vly_closing_cut *cuts, uint8_t *label, uint64_t *counts);

    /* Nothing but single-precision multiply-adds, to measure what the device can do: `items` independent pieces, one result
     * each to sink (items). *flops (host): how many there were. */
    vly_status (*multiply_add)(vly_queue *queue, int64_t items, int32_t rounds, float *sink, int64_t *flops);

    /* value[i] = vly_synth_node(nodes, i, seed) for the count[0] count[1] count[2] nodes; nodes->value is not read. */
    vly_status (*synth_nodes)(vly_queue *queue, const vly_synth_nodes *nodes /* host */, uint64_t seed, double *value);

    /* The fields of the synthetic cathode at planes [plane, plane + count) of the lattice. Pointers inside scene are device
     * pointers. am, neck, island, layer: (count, extent.ny, extent.nx) */
    vly_status (*synth_fields)(vly_queue *queue, const vly_synth_scene *scene /* host */,
                               const vly_synth_lattice *lattice /* host */, int32_t plane, int32_t count, float *am,
                               float *neck, float *island, uint8_t *layer);

    /* distance2 (extent) = squared distance to the nearest voxel outside the phase set X = {label in phases}, 0 there,
     * VLY_FAR if there is none. Beyond the faces in `walls` lies a plane of such voxels, beyond the others nothing.
     * *farthest = the largest one. label: (extent)   scratch: distance_scratch_bytes(queue, extent) */
    vly_status (*distance)(vly_queue *queue, const uint8_t *label, vly_extent extent,
                           const vly_metric *metric /* host */, uint32_t phases, uint32_t walls, int32_t *distance2,
                           int32_t *farthest, void *scratch);
    int64_t (*distance_scratch_bytes)(const vly_queue *queue, vly_extent extent);

    /* out(v) = max { value(x) : |v - x|^2 < distance2(x) }, 0 where no ball reaches (segmentation spec 9.3, 9.4).
     * distance2, value, out: (extent); distance2, value < levels; window below 2^32 voxels. Balls inside a neighbour's are left out, so value must not be
     * less where distance2 is larger, from neighbour to neighbour: true of distance2 itself and of its bottleneck.
     * inside: (VLY_COVER_CLASSES, levels) least squared distance of a neighbour of that class whose ball holds the one of
     * that level (host/morphology/cover_table.h)   scratch: cover_scratch_bytes(queue, extent, levels) */
    vly_status (*cover)(vly_queue *queue, const int32_t *distance2, const int32_t *value, vly_extent extent,
                        const vly_metric *metric /* host */, const int32_t *inside, int32_t levels, int32_t *out,
                        void *scratch);
    int64_t (*cover_scratch_bytes)(const vly_queue *queue, vly_extent extent, int32_t levels);

    /* covered (extent) = whether some ball with distance2 >= level > 0 reaches the voxel: 1 where cover with value =
     * distance2 is at least `level`. By a weighted distance transform, min |v - x|^2 - distance2(x) < 0: a way of its own
     * to the same set. scratch: cover_level_scratch_bytes(queue, extent) */
    vly_status (*cover_level)(vly_queue *queue, const int32_t *distance2, vly_extent extent,
                              const vly_metric *metric /* host */, int32_t level, uint8_t *covered, void *scratch);
    int64_t (*cover_level_scratch_bytes)(const vly_queue *queue, vly_extent extent);

    /* width2(x) = the largest minimum of distance2 along a 26-connected path to x from a voxel on one of `faces`, 0 where
     * no path with distance2 > 0 leads (morphology spec 5.1). Called with round = 0, 1, ... until a call adds nothing to
     * *changed. Window below 2^32 voxels. distance2 < levels   scratch: bottleneck_scratch_bytes, kept between rounds */
    vly_status (*bottleneck)(vly_queue *queue, const int32_t *distance2, vly_extent extent, uint32_t faces,
                             int32_t levels, int32_t round, int32_t *width2, uint64_t *changed, void *scratch);
    int64_t (*bottleneck_scratch_bytes)(const vly_queue *queue, vly_extent extent, int32_t levels);

    /* bins[value] += voxels, of those with distance2 > 0. minus: of value and the squared distance to the nearest face of
     * the window the smaller counts. value (extent) < levels; NULL: levels - 1 everywhere. bins: (levels) */
    vly_status (*levels)(vly_queue *queue, const int32_t *distance2, const int32_t *value, vly_extent extent,
                         const vly_metric *metric /* host */, bool minus, int32_t levels, uint64_t *bins);

    /* counts[pair][h] += sign * number of voxels x with label i at x and label j at x + h, for the six pairs (i, j) of
     * vly_two_point_first and vly_two_point_second; other labels are outside. labels: plan->extent   roots: see vly_roots
     * counts: (6, lags z, lags y, lags x) of plan->lag   scratch: two_point_scratch_bytes(queue, plan)
     * *deviation becomes the largest distance from a whole number that was rounded away, if that is larger. */
    vly_status (*two_point)(vly_queue *queue, const uint8_t *labels, const vly_two_point_plan *plan /* host */,
                            const double *roots, int32_t sign, void *scratch, int64_t *counts, double *deviation);
    int64_t (*two_point_scratch_bytes)(const vly_queue *queue, const vly_two_point_plan *plan);

    /* Pages [z0, z0 + count) of a field (host struct, device pointers): unseen where bit `label` of phases is set, wall
     * elsewhere. The walls all round are the caller's: the field starts cleared. labels: (count, ny, nx) */
    vly_status (*geodesic_mark)(vly_queue *queue, const vly_geodesic_field *field, const uint8_t *labels, int32_t z0,
                                int32_t count, uint32_t phases);

    /* The unseen voxels of the plane `at` of an axis (0 x, 1 y, 2 z) become sources, in bucket 1. counts: cleared before. */
    vly_status (*geodesic_start)(vly_queue *queue, const vly_geodesic_field *field, int32_t axis, int32_t at);

    /* Takes buckets bucket ... bucket + buckets - 1 one after the other: distances of their voxels are final then. */
    vly_status (*geodesic_advance)(vly_queue *queue, const vly_geodesic_field *field, uint32_t bucket,
                                   uint32_t buckets);

    /* distance = vly_geodesic_rebased(distance, base) */
    vly_status (*geodesic_rebase)(vly_queue *queue, const vly_geodesic_field *field, uint32_t base);

    /* Distances of the plane `at` of an axis. plane: (vly_geodesic_rows, vly_geodesic_columns) */
    vly_status (*geodesic_plane)(vly_queue *queue, const vly_geodesic_field *field, int32_t axis, int32_t at,
                                 uint32_t *plane);

    /* ---- transport: what a multigrid solver does. `a` is a host struct of device pointers; rows is a->rows where a matrix
     * is given. sums: (4); parts: (ceil(rows / VLY_MATRIX_CHUNK), 4), scratch. */

    /* next = gain * residual / diagonal(a) */
    vly_status (*relax_start)(vly_queue *queue, const vly_matrix *a, const float *residual, float gain, float *next);

    /* residual -= A step; solution += step (first: = step); next = carry * step + gain * residual / diagonal(a), unless it
     * is NULL. No two arrays may be the same. */
    vly_status (*relax)(vly_queue *queue, const vly_matrix *a, const float *step, float *residual, float *solution,
                        bool first, float carry, float gain, float *next);

    /* Of an image between its planes: residual = b - A u, rounded to float; sums = sum residual^2, energy, flux through the
     * inlet, flux through the outlet (vly_matrix_balance_of). */
    vly_status (*balance)(vly_queue *queue, const vly_matrix *a, const double *u, float *residual, double *sums,
                          double *parts);

    /* sums = z.Az, p.Az, last.Az, z.residual */
    vly_status (*products)(vly_queue *queue, const vly_matrix *a, const float *z, const float *p, const float *last,
                           const float *residual, double *sums, double *parts);

    /* coarse = copy = sums of `fine` over the members [first[i], first[i + 1]) of each aggregate. */
    vly_status (*gather)(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                         const float *fine, float *coarse, float *copy);

    /* fine = scale[0] coarse[0] + scale[1] coarse[1] of the aggregate. */
    vly_status (*spread)(vly_queue *queue, int64_t aggregates, const int32_t *first, const int32_t *member,
                         const float *const coarse[2] /* host */, const float scale[2] /* host */, float *fine);

    /* sums[k] = a[k].b[k] for k < count <= 4, 0 behind. */
    vly_status (*dots)(vly_queue *queue, int64_t rows, int32_t count, const float *const a[4] /* host */,
                       const float *const b[4] /* host */, double *sums, double *parts);

    /* image = right - residual; right = residual = right - scale * image: a solution's part is taken out of its equation. */
    vly_status (*deflate)(vly_queue *queue, int64_t rows, float scale, float *right, float *residual, float *image);

    /* sum += term */
    vly_status (*add)(vly_queue *queue, int64_t rows, const float *term, float *sum);

    /* p = z + beta p; u += alpha p */
    vly_status (*advance)(vly_queue *queue, int64_t rows, const float *z, double beta, float *p, double alpha,
                          double *u);

    /* solution = inverse (rows, rows) right */
    vly_status (*dense)(vly_queue *queue, int32_t rows, const float *inverse, const float *right, float *solution);

    /* weight and ground of a coarse graph (host struct of device pointers). */
    vly_status (*contract)(vly_queue *queue, const vly_contraction *contraction);

    /* ---- cell: the equations of a half cell and its steps. All structs are the host's, with device pointers; rows as in
     * vly_cell_graph. sums: (4); parts: (ceil(items / VLY_MATRIX_CHUNK), 4), scratch. */

    /* Makes graph->conductor, salt and store of u (rows). */
    vly_status (*cell_properties)(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                  const double *u);

    /* Makes graph->reaction of u (rows) and of graph->store. */
    vly_status (*cell_reactions)(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                 const double *u);

    /* matrix->right = -balances, and the matrix of their derivatives, without the planes (vly_cell_balance). */
    vly_status (*cell_balances)(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                                const vly_cell_matrix *matrix, const vly_cell_moment *moment);

    /* sums = salt that fell in the step before and is not remembered (vly_cell_salt_fall), mol, salt there was before, 0, 0. */
    vly_status (*cell_forgotten)(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_moment *moment,
                                 double *sums, double *parts);

    /* Adds collector and lithium to that; makes border->weight and slope. sums = current from the collector into the
     * electrode, its conductance, current from the lithium into the electrolyte, 0. items: collectors + lithiums */
    vly_status (*cell_planes)(vly_queue *queue, const vly_cell_graph *graph, const vly_cell_laws *laws,
                              const vly_cell_matrix *matrix, const vly_cell_moment *moment,
                              const vly_cell_border *border, double *sums, double *parts);

    /* Of a Newton step (rows): sums = rows that are not finite, largest |change| of a potential, largest |change| of a
     * concentration in its unit, 0. */
    vly_status (*cell_measure)(vly_queue *queue, const vly_cell_layout *layout, const double *step, double *sums,
                               double *parts);

    /* u (rows) moves by a step (vly_cell_moved). sums = rows whose step was cut, 0, 0, 0. */
    vly_status (*cell_move)(vly_queue *queue, const vly_cell_layout *layout, const double *step, double damping,
                            double *u, double *sums, double *parts);

    /* u (rows) = where to begin, concentrations within reach of past->state[0] (vly_cell_guess). */
    vly_status (*cell_foretell)(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past, double *u);

    /* Concentrations of u against what the past foretells, in their units, over nodes: sums = sum of volume * difference^2
     * over electrolytes, the same over solids, largest |difference|, 0. volumes: those of the graph */
    vly_status (*cell_differ)(vly_queue *queue, const vly_cell_layout *layout, const vly_cell_past *past,
                              const double *electrolyte_volume, const double *solid_volume, const double *u,
                              double *sums, double *parts);

    /* sums = sum of volume * c, sum of volume, largest c, largest -c. c, volume: (nodes) */
    vly_status (*cell_amount)(vly_queue *queue, int32_t nodes, const double *c, const double *volume, double *sums,
                              double *parts);
    /* ---- cell: what solves Newton systems. `a` is a host struct of device pointers; vectors have a->rows + 1 entries, the
     * border's last; n is a->rows. sums: (VLY_BASIS_MOST); parts: (ceil((n + 1) / VLY_MATRIX_CHUNK), VLY_BASIS_MOST). */

    /* factor (n) = vly_sparse_factor; *bad = rows where it is 0. scale: (n) */
    vly_status (*sparse_scale)(vly_queue *queue, const vly_sparse *a, const double *scale, double *factor, double *bad,
                               double *parts);

    /* y = factor A z */
    vly_status (*sparse_product)(vly_queue *queue, const vly_sparse *a, const float *z, const double *factor,
                                 double *y);

    /* y = factor (right - A x); x: (n), NULL is 0; right: (n) */
    vly_status (*sparse_residual)(vly_queue *queue, const vly_sparse *a, const double *x, double border_x,
                                  const double *right, double border_right, const double *factor, double *y);

    /* out[i - begin] = gain y_i / factor_i - sum over columns below begin of A z, for i in the block. */
    vly_status (*sparse_below)(vly_queue *queue, const vly_sparse *a, vly_sparse_block block, const double *y,
                               const double *factor, double gain, const float *z, float *out);

    /* weight, ground of the block's graph, whose rows begin at first (end - begin + 1); *least = the least
     * ground / diagonal. */
    vly_status (*sparse_graph)(vly_queue *queue, const vly_sparse *a, vly_sparse_block block, const int32_t *first,
                               float *weight, float *ground, double *least, double *parts);

    /* to (rows): weight at the ties, 0 elsewhere. */
    vly_status (*sparse_ties)(vly_queue *queue, const vly_sparse *a, int32_t rows, float *to);

    /* residual = vly_sparse_lift; *energy = its sum. */
    vly_status (*sparse_lift)(vly_queue *queue, const vly_matrix *graph, const float *tie, const float *u,
                              float *residual, double *energy, double *parts);

    /* *sum += gain y[rows] / factor[rows]; z[rows] = *sum / *energy (vly_sparse_ratio): the border's unknown. */
    vly_status (*sparse_border)(vly_queue *queue, int32_t rows, const double *y, const double *factor, double gain,
                                double *sum, const double *energy, float *z);

    /* y += *top / *bottom x; as it is where *bottom is not above 0. */
    vly_status (*add_times)(vly_queue *queue, int64_t rows, const double *top, const double *bottom, const float *x,
                            float *y);

    /* sums[k] = basis_k.y for k < count, sums[count] = y.y. basis: (count, stride) */
    vly_status (*basis_project)(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                const double *y, double *sums, double *parts);

    /* y -= sum over k < count of scale_k sums_k basis_k; *rest = y.y. sums, scale: (count) */
    vly_status (*basis_subtract)(vly_queue *queue, int64_t rows, int32_t count, const double *basis, int64_t stride,
                                 const double *sums, const double *scale, double *y, double *rest, double *parts);

    /* x += sum over k < count of scale_k z_k. z: (count, stride) */
    vly_status (*basis_combine)(vly_queue *queue, int64_t rows, int32_t count, const float *z, int64_t stride,
                                const double *scale, double *x);

    /* ---- cell: impedance (pencil_voxel.h). `p` and `equation` are host structs of device pointers; rows is p->rows. */

    /* weight (first[rows]), ground (rows) = K + s C (vly_pencil_shift_row); weight may be p->weight where nothing crosses. */
    vly_status (*pencil_shift)(vly_queue *queue, const vly_pencil *p, double s, float *weight, float *ground);

    /* residual = vly_pencil_left; sums (4) = its square, 0, 0, 0. parts: (chunks, 4) */
    vly_status (*pencil_residual)(vly_queue *queue, const vly_pencil *p, const vly_pencil_equation *equation,
                                  float *residual, double *sums, double *parts);

    /* sums (2 count + 1) = basis_k.K x, basis_k.C x for each vector of the basis (host), then b.x. parts: (chunks,
     * 2 count + 1) */
    vly_status (*pencil_products)(vly_queue *queue, const vly_pencil *p, const double *x, const vly_pencil_basis *basis,
                                  double *sums, double *parts);

    /* x = sum of scale_k basis_k (host) */
    vly_status (*pencil_combine)(vly_queue *queue, int64_t rows, const vly_pencil_basis *basis, double *x);

    /* rounded = x, and x what is left of it in single precision */
    vly_status (*pencil_round)(vly_queue *queue, int64_t rows, double *x, float *rounded);

    /* x += scale term */
    vly_status (*pencil_move)(vly_queue *queue, int64_t rows, double scale, const double *term, double *x);
} vly_kernels;

extern const vly_kernels vly_kernels_cpu;

#endif
