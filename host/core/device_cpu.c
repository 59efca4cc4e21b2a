/* The CPU as a device: its memory is host memory, its queue a pool of threads. */
#include "core/device_impl.h"
#include "core/machine.h"
#include "core/memory.h"
#include "core/queue_cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static vly_status cpu_alloc(vly_device *device, void **out, int64_t bytes)
{
    (void)device;
    return vly_alloc_raw(out, bytes, 1, "device memory");
}

static void cpu_free(vly_device *device, void *memory, int64_t bytes)
{
    (void)device, (void)bytes;
    vly_free(memory);
}

static void cpu_free_pinned(vly_device *device, void *memory)
{
    (void)device;
    vly_free(memory);
}

static vly_status cpu_copy(vly_device *device, void *to, const void *from, int64_t bytes)
{
    (void)device;
    memcpy(to, from, (size_t)bytes);
    return VLY_OK;
}

static vly_status cpu_clear(vly_device *device, void *memory, int64_t bytes)
{
    (void)device;
    if (bytes > 0) memset(memory, 0, (size_t)bytes);
    return VLY_OK;
}

static vly_status cpu_wait(vly_device *device)
{
    (void)device;
    return VLY_OK;
}

/* A launch is a function call here: nothing is worth recording. */
static vly_status cpu_replay(vly_device *device, void **recording, vly_status (*work)(void *self), void *self)
{
    (void)device, (void)recording;
    return work(self);
}

static void cpu_forget(vly_device *device, void *recording)
{
    (void)device, (void)recording;
}

static void cpu_close(vly_device *device)
{
    vly_free(device->queue);
}

static const vly_device_calls cpu_calls = {
    .alloc = cpu_alloc,
    .free = cpu_free,
    .alloc_pinned = cpu_alloc,
    .free_pinned = cpu_free_pinned,
    .upload = cpu_copy,
    .send = cpu_copy,
    .arrive = cpu_wait,
    .download = cpu_copy,
    .copy = cpu_copy,
    .clear = cpu_clear,
    .wait = cpu_wait,
    .push = cpu_copy,
    .pull = cpu_copy,
    .replay = cpu_replay,
    .forget = cpu_forget,
    .close = cpu_close,
};

vly_status vly_device_open_cpu(vly_device *device)
{
    vly_queue *queue;
    char processor[100];
    VLY_TRY(VLY_NEW(&queue, 1, "queue"));
    *queue = (vly_queue){.pool = device->pool, .isa = vly_isa_detect()};
    device->calls = &cpu_calls;
    device->kernels = &vly_kernels_cpu;
    device->queue = queue;
    device->unified = true;
    device->device_memory_limit = device->memory_limit;
    vly_machine_processor(processor, sizeof processor);
    snprintf(device->name, sizeof device->name, "cpu");
    snprintf(device->description, sizeof device->description, "%s, %s, %d thread%s", processor,
             queue->isa >= VLY_ISA_AVX512 ? "AVX-512" : "base instructions", (int)device->pool->threads,
             device->pool->threads == 1 ? "" : "s");
    return VLY_OK;
}
