#include "core/device_impl.h"

#include "core/fault.h"
#include "core/machine.h"
#include "core/memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "cuda", "cuda:N", "cuda:N,N...": which GPUs; 0 for anything else. */
static int32_t parse_cuda(const char *name, int32_t gpus[VLY_RANKS_MOST])
{
    gpus[0] = 0;
    if (strcmp(name, "cuda") == 0) return 1;
    if (strncmp(name, "cuda:", 5) != 0) return 0;
    const char *text = name + 5;
    for (int32_t count = 0; count < VLY_RANKS_MOST; text++) {
        char *end;
        long number = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : -1;
        if (number < 0 || number > 1023) return 0;
        gpus[count++] = (int32_t)number;
        text = end;
        if (*text == 0) return count;
        if (*text != ',') return 0;
    }
    return 0;
}

/* The first GPU if it can be used, else the CPU; the description says which and why. */
static vly_status open_any(vly_device *device)
{
    if (vly_plugin_open_cuda(device, 0) == VLY_OK) return VLY_OK;
    char reason[120];
    snprintf(reason, sizeof reason, "%s", vly_error_message());
    VLY_TRY(vly_device_open_cpu(device));
    size_t length = strlen(device->description);
    snprintf(device->description + length, sizeof device->description - length, " (%s)", reason);
    return VLY_OK;
}

/* A GPU beside the first, with the same threads and limits. */
static vly_status open_peer(vly_device *device, int32_t gpu, int64_t device_memory_limit)
{
    vly_device *peer;
    VLY_TRY(VLY_NEW(&peer, 1, "device"));
    peer->pool = device->pool;
    peer->comm = device->comm;
    peer->memory_limit = device->memory_limit;
    peer->device_memory_limit = device_memory_limit;
    vly_status status = vly_plugin_open_cuda(peer, gpu);
    if (status != VLY_OK)
        vly_free(peer);
    else
        device->peers[device->peer_count++] = peer;
    return status;
}

static void close_all(vly_device *device)
{
    for (int32_t i = 0; i < device->peer_count; i++) {
        device->peers[i]->calls->close(device->peers[i]);
        vly_free(device->peers[i]);
    }
    device->calls->close(device);
}

/* The others come to what is named, and said, of the first. */
static void describe_all(vly_device *device, const char *name)
{
    char first[sizeof device->description];
    snprintf(device->name, sizeof device->name, "%s", name);
    snprintf(first, sizeof first, "%s", device->description);
    snprintf(device->description, sizeof device->description, "%d GPUs, the first: %.200s", device->peer_count + 1,
             first);
}

static vly_status open_cuda(vly_device *device, const char *name, const int32_t *gpus, int32_t count)
{
    int64_t device_memory_limit = device->device_memory_limit;
    VLY_TRY(vly_plugin_open_cuda(device, gpus[0]));
    for (int32_t i = 1; i < count; i++) {
        vly_status status = open_peer(device, gpus[i], device_memory_limit);
        if (status != VLY_OK) {
            close_all(device);
            return status;
        }
    }
    if (count > 1) describe_all(device, name);
    return VLY_OK;
}

static vly_status open_named(vly_device *device, const char *name)
{
    int32_t gpus[VLY_RANKS_MOST], count = parse_cuda(name, gpus);
    if (strcmp(name, "cpu") == 0) return vly_device_open_cpu(device);
    if (strcmp(name, "auto") == 0) return open_any(device);
    if (count > 0) return open_cuda(device, name, gpus, count);
    return vly_fail(VLY_EUSAGE, "device %s: auto, cpu, cuda, cuda:N or cuda:N,N expected", name);
}

vly_status vly_device_open(vly_device **out, const char *name, const vly_device_options *options)
{
    const vly_device_options defaults = VLY_DEVICE_OPTIONS_INIT;
    vly_device *device;
    *out = NULL;
    if (!options) options = &defaults;
    VLY_TRY(VLY_NEW(&device, 1, "device"));
    device->pool = &device->own_pool;
    device->comm = &vly_comm_alone;
    device->memory_limit = options->memory_limit > 0 ? options->memory_limit : vly_machine_memory();
    device->device_memory_limit = options->device_memory_limit;
    device->progress = options->progress;
    vly_status status =
        vly_pool_start(device->pool, options->threads > 0 ? options->threads : vly_machine_processors());
    if (status == VLY_OK) {
        status = open_named(device, name);
        if (status != VLY_OK) vly_pool_stop(device->pool);
    }
    if (status != VLY_OK)
        vly_free(device);
    else
        *out = device;
    return status;
}

void vly_device_close(vly_device *device)
{
    if (!device) return;
    close_all(device);
    vly_pool_stop(device->pool);
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
    if (buffer->data) buffer->device->calls->free(buffer->device, buffer->data, buffer->bytes);
    *buffer = (vly_buffer){0};
}

vly_status vly_device_upload(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(planned("upload"));
    return device->calls->upload(device, to, from, bytes);
}

vly_status vly_device_send(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(planned("send"));
    return device->calls->send(device, to, from, bytes);
}

/* No planned failure before it has waited: the memory that was sent from is about to be freed or filled anew. */
vly_status vly_device_arrive(vly_device *device)
{
    VLY_TRY(device->calls->arrive(device));
    return planned("arrive");
}

vly_status vly_device_download(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(planned("download"));
    return device->calls->download(device, to, from, bytes);
}

vly_status vly_device_copy(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(planned("copy"));
    return device->calls->copy(device, to, from, bytes);
}

vly_status vly_device_push(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(planned("push"));
    return device->calls->push(device, to, from, bytes);
}

vly_status vly_device_pull(vly_device *device, void *to, const void *from, int64_t bytes)
{
    VLY_TRY(planned("pull"));
    return device->calls->pull(device, to, from, bytes);
}

vly_status vly_device_replay(vly_device *device, void **recording, vly_status (*work)(void *self), void *self)
{
    VLY_TRY(planned("replay"));
    return device->calls->replay(device, recording, work, self);
}

void vly_device_forget(vly_device *device, void *recording)
{
    if (recording) device->calls->forget(device, recording);
}

vly_status vly_device_wait(vly_device *device)
{
    VLY_TRY(planned("wait"));
    return device->calls->wait(device);
}

vly_status vly_buffer_clear(vly_buffer *buffer)
{
    VLY_TRY(planned("clear"));
    return buffer->device->calls->clear(buffer->device, buffer->data, buffer->bytes);
}

vly_status vly_buffer_upload(vly_buffer *buffer, const void *from, int64_t bytes)
{
    VLY_TRY(vly_device_wait(buffer->device)); /* for whatever still clears or reads it */
    return vly_device_upload(buffer->device, buffer->data, from, bytes);
}

vly_status vly_buffer_download(const vly_buffer *buffer, void *to, int64_t bytes)
{
    VLY_TRY(vly_device_wait(buffer->device)); /* for the kernels that fill it */
    return vly_device_download(buffer->device, to, buffer->data, bytes);
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
