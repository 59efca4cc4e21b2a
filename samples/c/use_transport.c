/* Labels into the effective diffusivity of the electrolyte, which the pores and, less well, the carbon-binder hold.
 *   use_transport LABELS.tif 0.12 */
#include <voxelyte/transport.h>

#include <stdio.h>
#include <stdlib.h>

static vly_status transport(vly_device *device, const char *path, double gamma_cbd)
{
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_transport_result result;
    vly_source *labels;
    options.coefficient[VLY_CBD] = gamma_cbd; /* relative to the bulk; pore is 1, active material 0 */
    VLY_TRY(vly_source_open(&labels, path, NULL));
    VLY_TRY(vly_source_labels(&labels, labels, NULL));
    vly_status status = vly_transport(&result, device, labels, &options);
    for (int a = 0; a < VLY_AXES && status == VLY_OK; a++)
        printf("%s: D_eff/D = %.6f, certainly between %.6f and %.6f; tau = %.4f\n",
               vly_direction_name((vly_direction)a), result.axis[a].d_eff, result.axis[a].lower, result.axis[a].upper,
               result.axis[a].tau);
    if (status == VLY_OK) vly_transport_result_free(&result);
    vly_source_close(labels);
    return status;
}

int main(int count, char **names)
{
    vly_device_options options = VLY_DEVICE_OPTIONS_INIT;
    vly_device *device = NULL;
    vly_status status = count == 3 ? vly_device_open(&device, "auto", &options)
                                   : vly_fail(VLY_EUSAGE, "use_transport LABELS.tif GAMMA_CBD expected");
    if (status == VLY_OK) status = transport(device, names[1], strtod(names[2], NULL));
    if (status != VLY_OK) fprintf(stderr, "use_transport: %s\n", vly_error_message());
    vly_device_close(device);
    return (int)status;
}
