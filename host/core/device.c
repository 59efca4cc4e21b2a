#include "core/device_impl.h"

#include "core/fault.h"
#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

vly_status vly_device_open(vly_device **out, const char *name, const vly_device_options *options)
{
    const vly_device_options defaults = VLY_DEVICE_OPTIONS_INIT;
    *out = NULL;
    if (!options) options = &defaults;
    if (strncmp(name, "cuda", 4) == 0 && (name[4] == 0 || name[4] == ':'))
        return vly_fail(VLY_EDEVICE, "device %s: this build has no CUDA support, --device cpu or auto expected", name);
    if (strcmp(name, "cpu") != 0 && strcmp(name, "auto") != 0)
        return vly_fail(VLY_EUSAGE, "device %s: auto, cpu, cuda or cuda:N expected", name);
    vly_device *device;
    VLY_TRY(VLY_NEW(&device, 1, "device"));
    vly_status status = vly_device_open_cpu(device, options);
    if (status != VLY_OK)
        vly_free(device);
    else
        *out = device;
    return status;
}

void vly_device_close(vly_device *device)
{
    if (!device) return;
    device->calls->close(device);
    vly_free(device);
}

const char *vly_device_name(const vly_device *device)
{
    return device->name;
}

const char *vly_device_description(const vly_device *device)
{
    return device->description;
}

int32_t vly_device_threads(const vly_device *device)
{
    return device->pool->threads;
}

int64_t vly_device_memory_limit(const vly_device *device)
{
    return device->memory_limit;
}

/* ---- buffers ---- */

static vly_status planned(const char *call)
{
    return vly_fault("device") ? vly_fail(VLY_EDEVICE, "device: %s failed (planned)", call) : VLY_OK;
}

vly_status vly_buffer_reserve(vly_buffer *out, vly_device *device, int64_t bytes, const char *what)
{
    *out = (vly_buffer){.device = device, .bytes = bytes};
    VLY_TRY(planned("alloc"));
    vly_status status = device->calls->alloc(device, &out->data, bytes);
    if (status == VLY_OK) return VLY_OK;
    return vly_fail(status, "%s: %s needs %lld bytes", vly_error_message(), what, (long long)bytes);
}

vly_status vly_buffer_create(vly_buffer *out, vly_device *device, int64_t bytes, const char *what)
{
    VLY_TRY(vly_buffer_reserve(out, device, bytes, what));
    vly_status status = vly_buffer_clear(out);
    if (status != VLY_OK) vly_buffer_free(out);
    return status;
}

void vly_buffer_free(vly_buffer *buffer)
{
    if (buffer->data) buffer->device->calls->free(buffer->device, buffer->data);
    *buffer = (vly_buffer){0};
}

vly_status vly_buffer_clear(vly_buffer *buffer)
{
    VLY_TRY(planned("clear"));
    return buffer->device->calls->clear(buffer->device, buffer->data, buffer->bytes);
}

vly_status vly_buffer_upload(vly_buffer *buffer, const void *from, int64_t bytes)
{
    VLY_TRY(planned("upload"));
    return buffer->device->calls->upload(buffer->device, buffer->data, from, bytes);
}

vly_status vly_buffer_download(const vly_buffer *buffer, void *to, int64_t bytes)
{
    VLY_TRY(planned("download"));
    return buffer->device->calls->download(buffer->device, to, buffer->data, bytes);
}

vly_status vly_device_wait(vly_device *device)
{
    VLY_TRY(planned("wait"));
    return device->calls->wait(device);
}

/* ---- progress ---- */

void vly_device_update(const vly_device *device, const char *stage, int64_t done, int64_t total, const char *unit)
{
    const vly_progress *progress = &device->progress;
    if (progress->update) progress->update(progress->self, stage, done, total, unit);
}

void vly_device_warn(const vly_device *device, const char *format, ...)
{
    if (!device->progress.warn) return;
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    device->progress.warn(device->progress.self, message);
}

vly_status vly_device_stop(const vly_device *device)
{
    const vly_progress *progress = &device->progress;
    vly_status status = progress->stop ? progress->stop(progress->self) : VLY_OK;
    return status == VLY_OK ? VLY_OK : vly_fail(status, "interrupted");
}
