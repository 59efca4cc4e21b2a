/* One pass over all samples: histograms per plane, or one digit of an exact selection. */
#ifndef VLY_SYNTH_SELECT_H
#define VLY_SYNTH_SELECT_H

#include "image/synth_thresholds.h"

enum { VLY_SYNTH_BINS = 2048 };

/* Each stage chooses among the points that the stages before it have left over. */
typedef enum vly_synth_stage { VLY_STAGE_AM, VLY_STAGE_NECK, VLY_STAGE_ISLAND } vly_synth_stage;

/* Points per plane, layer and bin of the key. */
typedef struct vly_synth_histogram {
    double low, width; /* of bin 0; of a bin. Keys beyond the ends are counted in the outer bins. */
    int32_t planes;
    uint32_t *below; /* (planes, layers, bins) points in bins up to this one; owned */
    int64_t *points; /* (planes, layers) all points, candidates or not; owned */
} vly_synth_histogram;

vly_status vly_synth_histogram_make(vly_synth_histogram *out, const vly_thresholds *thresholds, vly_samples *samples,
                                    vly_synth_stage stage, double low, double high);
void vly_synth_histogram_free(vly_synth_histogram *histogram);

/* Candidates of a plane and layer. */
int64_t vly_synth_histogram_total(const vly_synth_histogram *histogram, int32_t plane, int32_t layer);

/* Candidates with a key below `key`, linear within a bin. */
double vly_synth_histogram_below(const vly_synth_histogram *histogram, int32_t plane, int32_t layer, double key);

/* For each layer the wanted-th smallest float(key - level) among the candidates: -infinity for the 0th, infinity
 * beyond the last. */
vly_status vly_synth_select(float out[VLY_SYNTH_LAYERS], const vly_thresholds *thresholds, vly_samples *samples,
                            vly_synth_stage stage, const int64_t wanted[VLY_SYNTH_LAYERS]);

#endif
