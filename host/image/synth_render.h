/* From a structure to the pages of its truth and its tomogram. */
#ifndef VLY_SYNTH_RENDER_H
#define VLY_SYNTH_RENDER_H

#include "image/synth_camera.h"
#include "image/synth_thresholds.h"

/* Where pages go, in order; either may be NULL. Grey lags behind truth. */
typedef struct vly_synth_output {
    vly_status (*truth)(void *self, int32_t z, const uint8_t *labels);
    vly_status (*grey)(void *self, int32_t z, const uint16_t *grey);
    void *self;
} vly_synth_output;

/* Everything that is known of a synthetic cathode before a page is made. */
typedef struct vly_synth_body {
    vly_structure structure;
    vly_samples samples;
    vly_thresholds thresholds;
} vly_synth_body;

vly_status vly_synth_body_open(vly_synth_body *out, vly_device *device, const vly_synth_options *options);
void vly_synth_body_close(vly_synth_body *body);

/* Fills in what the result can say of the body and of the pages. */
vly_status vly_synth_render(vly_synth_result *result, vly_synth_body *body, const vly_synth_output *output);

#endif
