#include "transport/twin.h"

#include "core/memory.h"

vly_status vly_twin_create(vly_twin *out, vly_device *device, int64_t count, int64_t size, const char *what)
{
    int64_t bytes = count * size > 0 ? count * size : 1;
    *out = (vly_twin){.host = NULL};
    VLY_TRY(vly_buffer_create(&out->device, device, bytes, what));
    if (device->unified) {
        out->host = out->device.data;
        return VLY_OK;
    }
    vly_status status = vly_alloc(&out->host, bytes, 1, what);
    if (status != VLY_OK) vly_buffer_free(&out->device);
    return status;
}

vly_status vly_twin_upload(vly_twin *twin)
{
    if (twin->host == twin->device.data) return VLY_OK;
    return vly_buffer_upload(&twin->device, twin->host, twin->device.bytes);
}

vly_status vly_twin_download(vly_twin *twin)
{
    if (twin->host == twin->device.data) return VLY_OK;
    return vly_buffer_download(&twin->device, twin->host, twin->device.bytes);
}

void vly_twin_free(vly_twin *twin)
{
    if (twin->host != twin->device.data) vly_free(twin->host);
    vly_buffer_free(&twin->device);
    twin->host = NULL;
}
