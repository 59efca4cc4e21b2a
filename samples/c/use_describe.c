/* Labels into descriptors: how much of each phase there is, its surface, its radii and its paths.
 *   use_describe LABELS.tif */
#include <voxelyte/describe.h>

#include <stdio.h>

static void print(const vly_cutout *c, vly_phase p)
{
    const double r_max = c->sizes[p].unit.edge * c->sizes[p].curve.step[VLY_SIZE_MEDIAN];
    printf("%-4s fraction %.4f  surface %.4f /um  r_max %.3f um  geodesic tortuosity %.3f\n", vly_phase_name(p),
           c->profile.fraction[p], 1e-6 * c->surface.surface[p], 1e6 * r_max, c->geodesic[p].mean);
}

static vly_status describe(vly_device *device, const char *path)
{
    const vly_describe_options options = VLY_DESCRIBE_OPTIONS_INIT;
    vly_description result;
    vly_source *labels;
    VLY_TRY(vly_source_open(&labels, path, NULL));
    VLY_TRY(vly_source_labels(&labels, labels, NULL)); /* a view that owns the file, by the map in it */
    vly_status status = vly_describe(&result, device, labels, &options);
    for (int p = 0; p < VLY_PHASES && status == VLY_OK; p++) print(&result.cutouts[0], (vly_phase)p);
    vly_description_free(&result);
    vly_source_close(labels);
    return status;
}

int main(int count, char **names)
{
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    vly_device *device = NULL;
    vly_status status = count == 2 ? vly_device_open(&device, "auto", &options)
                                   : vly_fail(VLY_EUSAGE, "use_describe LABELS.tif expected");
    if (status == VLY_OK) status = describe(device, names[1]);
    if (status != VLY_OK) fprintf(stderr, "use_describe: %s\n", vly_error_message());
    vly_device_close(device);
    return (int)status;
}
