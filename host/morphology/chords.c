#include "voxelyte/chords.h"

#include "core/pipeline.h"
#include "morphology/padded_view.h"

#include <math.h>

typedef struct walking {
    vly_buffer open, tally;
    int32_t pages;
} walking;

static vly_status walk_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const walking *w = self;
    return device->kernels->chords(device->queue, slab->phase, &slab->region, slab->z0 == 0, slab->z1 == w->pages,
                                   w->open.data, w->tally.data);
}

vly_status vly_chord_lengths(vly_chords_result *out, vly_device *device, vly_source *labels, vly_box window)
{
    uint64_t tally[3][VLY_PHASES][VLY_CHORD_COUNTS];
    const vly_volume_info *info = vly_source_info(labels);
    const double size[3] = {info->voxel_size.x, info->voxel_size.y, info->voxel_size.z};
    VLY_TRY(vly_label_window(&window, labels));
    VLY_TRY(vly_voxel_size_require(info));
    vly_extent e = vly_box_extent(window);
    walking w = {.pages = e.nz};
    vly_pipeline *pipeline = NULL;
    vly_stage stage = {"chords", walk_slab, &w};
    int64_t lines = (int64_t)e.nx * e.ny * (int64_t)sizeof(vly_chord);
    vly_pipeline_options options = {
        .region.window = window, .of_labels = true, .reserve = lines + (int64_t)sizeof tally};
    vly_status status = vly_pipeline_open(&pipeline, device, labels, &options);
    if (status == VLY_OK) status = vly_buffer_reserve(&w.open, device, lines, "chords");
    if (status == VLY_OK) status = vly_buffer_create(&w.tally, device, sizeof tally, "chords");
    if (status == VLY_OK) status = vly_pipeline_pass(pipeline, "chords", &stage, 1, NULL);
    if (status == VLY_OK) status = vly_buffer_download(&w.tally, tally, sizeof tally);
    if (status == VLY_OK) status = vly_comm_sum(device->comm, &tally[0][0][0], sizeof tally / sizeof(uint64_t));
    for (int i = 0; i < 3 && status == VLY_OK; i++)
        for (int p = 0; p < VLY_PHASES; p++) {
            const uint64_t *t = tally[i][p];
            out->along[i][p] = (vly_chords){
                (int64_t)t[VLY_CHORD_WHOLE], (int64_t)t[VLY_CHORD_VOXELS], (int64_t)t[VLY_CHORD_TRUNCATED],
                t[VLY_CHORD_WHOLE] ? size[i] * (double)t[VLY_CHORD_VOXELS] / (double)t[VLY_CHORD_WHOLE] : NAN};
        }
    vly_buffer_free(&w.open);
    vly_buffer_free(&w.tally);
    vly_pipeline_close(pipeline);
    return status;
}
