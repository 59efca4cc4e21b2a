/* The CPU as a device: its memory is host memory, its queue a pool of threads. */
#include "core/device_impl.h"
#include "core/memory.h"
#include "core/queue_cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static vly_status cpu_alloc(vly_device *device, void **out, int64_t bytes)
{
    (void)device;
    return vly_alloc_raw(out, bytes, 1, "device memory");
}

static void cpu_free(vly_device *device, void *memory)
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

static void cpu_close(vly_device *device)
{
    vly_pool_stop(&device->queue->pool);
    vly_free(device->queue);
}

static const vly_device_calls cpu_calls = {
    .alloc = cpu_alloc,
    .free = cpu_free,
    .upload = cpu_copy,
    .download = cpu_copy,
    .clear = cpu_clear,
    .wait = cpu_wait,
    .close = cpu_close,
};

static int32_t usable_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Bytes after `key` in /proc/meminfo; 0 if it is not there. */
static int64_t meminfo(const char *key)
{
    long long kilobytes = 0;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0) sscanf(line + strlen(key), " %lld", &kilobytes);
    if (file) fclose(file);
    return kilobytes * 1024;
}

/* What the control group leaves us; INT64_MAX without one. */
static int64_t cgroup_limit(void)
{
    long long bytes = INT64_MAX;
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "r");
    if (file && fscanf(file, "%lld", &bytes) != 1) bytes = INT64_MAX; /* "max" */
    if (file) fclose(file);
    return bytes;
}

static int64_t default_memory_limit(void)
{
    int64_t available = meminfo("MemAvailable:"), group = cgroup_limit();
    if (available <= 0) available = INT64_C(2) << 30;
    if (group < available) available = group;
    return available / 10 * 8;
}

static void processor_name(char *out, size_t size)
{
    char line[256];
    snprintf(out, size, "processor");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (!colon) continue;
        snprintf(out, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (file) fclose(file);
}

vly_status vly_device_open_cpu(vly_device *device, const vly_device_options *options)
{
    vly_queue *queue;
    VLY_TRY(VLY_NEW(&queue, 1, "queue"));
    vly_status status = vly_pool_start(&queue->pool, options->threads > 0 ? options->threads : usable_processors());
    if (status != VLY_OK) {
        vly_free(queue);
        return status;
    }
    queue->isa = vly_isa_detect();
    device->calls = &cpu_calls;
    device->kernels = &vly_kernels_cpu;
    device->queue = queue;
    device->pool = &queue->pool;
    device->comm = &vly_comm_alone;
    device->unified = true;
    device->memory_limit = options->memory_limit > 0 ? options->memory_limit : default_memory_limit();
    device->device_memory_limit = device->memory_limit;
    device->progress = options->progress;
    char processor[100];
    processor_name(processor, sizeof processor);
    snprintf(device->name, sizeof device->name, "cpu");
    snprintf(device->description, sizeof device->description, "%s, %s, %d thread%s", processor,
             queue->isa == VLY_ISA_AVX512 ? "AVX-512" : "base instructions", (int)queue->pool.threads,
             queue->pool.threads == 1 ? "" : "s");
    return VLY_OK;
}
