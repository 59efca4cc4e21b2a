/* An array that the host fills and the device uses: one memory where the device works in the host's, two elsewhere. */
#ifndef VLY_TWIN_H
#define VLY_TWIN_H

#include "core/device_impl.h"

typedef struct vly_twin {
    vly_buffer device;
    void *host;
} vly_twin;

/* Cleared on the host. */
vly_status vly_twin_create(vly_twin *out, vly_device *device, int64_t count, int64_t size, const char *what);

/* To the device what the host holds. */
vly_status vly_twin_upload(vly_twin *twin);
vly_status vly_twin_download(vly_twin *twin);
void vly_twin_free(vly_twin *twin);

#endif
