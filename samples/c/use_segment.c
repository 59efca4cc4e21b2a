/* A tomogram into labels: thresholds that meet the volume fractions exactly.
 *   use_segment GREY.tif LABELS.tif am=0.5954,cbd=0.2308,pore=0.1738 */
#include <voxelyte/threshold.h>

#include <stdio.h>

static vly_status segment(vly_device *device, char **names)
{
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    vly_threshold_result result = {.voxels = 0};
    vly_source *volume, *grey;
    vly_sink *labels = NULL;
    VLY_TRY(vly_fractions_parse(&options.fractions, names[3]));
    VLY_TRY(vly_source_open(&volume, names[1], NULL));
    VLY_TRY(vly_source_grey(&grey, volume, device, 0, 0)); /* owns the volume now */
    const vly_volume_info *info = vly_source_info(grey);
    const vly_sink_options sink = {
        .extent = info->extent, .type = VLY_U8, .voxel_size = info->voxel_size, .labels = true, .compress = true};
    vly_status status = vly_sink_open(&labels, names[2], device, &sink);
    if (status == VLY_OK) status = vly_threshold(&result, device, grey, labels, &options);
    if (status == VLY_OK) status = vly_sink_finish(labels);
    for (int p = 0; p < VLY_PHASES && status == VLY_OK; p++)
        printf("%-4s %lld voxels\n", vly_phase_name((vly_phase)p), (long long)result.counts[p]);
    vly_threshold_result_free(&result);
    vly_sink_close(labels);
    vly_source_close(grey);
    return status;
}

int main(int count, char **names)
{
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    vly_device *device = NULL;
    vly_status status = count == 4 ? vly_device_open(&device, "auto", &options)
                                   : vly_fail(VLY_EUSAGE, "use_segment GREY.tif LABELS.tif FRACTIONS expected");
    if (status == VLY_OK) status = segment(device, names);
    if (status != VLY_OK) fprintf(stderr, "use_segment: %s\n", vly_error_message());
    vly_device_close(device);
    return (int)status;
}
