/* What a device is made of, and its memory. Host code talks to any device through these functions. */
#ifndef VLY_DEVICE_IMPL_H
#define VLY_DEVICE_IMPL_H

#include "core/comm.h"
#include "core/pool.h"
#include "kernels.h"
#include "voxelyte/device.h"

/* The calls a device backend provides; every one can be made to fail (fault seam "device"). Copies may come from several
 * threads at once, return when they are done, and do not wait for the queue of work. */
typedef struct vly_device_calls {
    vly_status (*alloc)(vly_device *device, void **out, int64_t bytes);
    void (*free)(vly_device *device, void *memory, int64_t bytes);
    vly_status (*alloc_pinned)(vly_device *device, void **out,
                               int64_t bytes); /* host memory that copies are fast from */
    void (*free_pinned)(vly_device *device, void *memory);
    vly_status (*upload)(vly_device *device, void *to, const void *from, int64_t bytes);
    vly_status (*send)(vly_device *device, void *to, const void *from, int64_t bytes); /* up, under way on return */
    vly_status (*arrive)(vly_device *device);                                          /* waits for all that was sent */
    vly_status (*download)(vly_device *device, void *to, const void *from, int64_t bytes);
    vly_status (*copy)(vly_device *device, void *to, const void *from, int64_t bytes); /* on the device */
    vly_status (*clear)(vly_device *device, void *memory, int64_t bytes);              /* in the queue of work */
    vly_status (*wait)(vly_device *device);                                            /* for the queue of work */
    /* In the queue of work, from and to pinned memory that stays until then. */
    vly_status (*push)(vly_device *device, void *to, const void *from, int64_t bytes);
    vly_status (*pull)(vly_device *device, void *to, const void *from, int64_t bytes);
    vly_status (*replay)(vly_device *device, void **recording, vly_status (*work)(void *self), void *self);
    void (*forget)(vly_device *device, void *recording);
    void (*close)(vly_device *device);
} vly_device_calls;

enum { VLY_RANKS_MOST = 16 };

/* What a device may have counted since it was opened. */
enum { VLY_LAUNCHES, VLY_THREADS, VLY_MEETINGS, VLY_COPIED, VLY_COUNTS };

struct vly_device {
    char name[64];
    char description[256];
    const vly_device_calls *calls;
    const vly_kernels *kernels;
    vly_queue *queue;
    vly_pool *pool; /* host threads: decoding, compressing, and the kernels of the CPU */
    vly_pool own_pool;
    const vly_comm *comm;
    vly_device *peers[VLY_RANKS_MOST - 1]; /* the other devices of "cuda:0,1"; core/ranks.h has them all work */
    int32_t peer_count;
    void (*count)(int64_t counts[VLY_COUNTS]); /* NULL: it counts nothing */
    bool unified;                              /* the device works in host memory: nothing is copied */
    int64_t memory_limit;                      /* bytes of host memory */
    int64_t device_memory_limit;               /* bytes of device memory; 0 asks the backend to find one */
    vly_progress progress;
};

/* Fill in a device whose host part (pool, limits, progress) is there. */
vly_status vly_device_open_cpu(vly_device *device);
VLY_API vly_status vly_device_open_cuda(vly_device *device, int32_t index);

/* Finds the plugin that holds vly_device_open_cuda and calls it; VLY_EDEVICE with the reason if there is none. */
vly_status vly_plugin_open_cuda(vly_device *device, int32_t index);

/* A run of device memory that knows its size; NULL data is an empty one. */
typedef struct vly_buffer {
    vly_device *device;
    void *data;
    int64_t bytes;
} vly_buffer;

/* With whatever was there before: for voxels that are about to be read. `what` names it when memory is short. */
vly_status vly_buffer_reserve(vly_buffer *out, vly_device *device, int64_t bytes, const char *what);

/* Cleared to zero. */
vly_status vly_buffer_create(vly_buffer *out, vly_device *device, int64_t bytes, const char *what);
void vly_buffer_free(vly_buffer *buffer);
vly_status vly_buffer_clear(vly_buffer *buffer);
vly_status vly_buffer_upload(vly_buffer *buffer, const void *from, int64_t bytes);
vly_status vly_buffer_download(const vly_buffer *buffer, void *to, int64_t bytes);

/* Between host and device memory, and on the device; done on return. They do not wait for the queue of work. */
vly_status vly_device_upload(vly_device *device, void *to, const void *from, int64_t bytes);
vly_status vly_device_download(vly_device *device, void *to, const void *from, int64_t bytes);
vly_status vly_device_copy(vly_device *device, void *to, const void *from, int64_t bytes);

/* Uploads that are under way on return; from pinned memory that is left alone until all have arrived. */
vly_status vly_device_send(vly_device *device, void *to, const void *from, int64_t bytes);
vly_status vly_device_arrive(vly_device *device);

/* The same in the queue of work, so that kernels before and after see it; host memory from alloc_pinned, to be left alone
 * until the queue is through. */
vly_status vly_device_push(vly_device *device, void *to, const void *from, int64_t bytes);
vly_status vly_device_pull(vly_device *device, void *to, const void *from, int64_t bytes);

/* Queues what `work` queues. *recording is NULL the first time; a device whose launches cost much keeps there what was
 * queued, and from then on repeats it in one launch without asking `work`: pointers and host arguments stay those of the
 * first time, what they point to is read anew. `work` only queues: it neither waits nor allocates. */
vly_status vly_device_replay(vly_device *device, void **recording, vly_status (*work)(void *self), void *self);
void vly_device_forget(vly_device *device, void *recording);

/* For all kernels so far; their failures come back here. */
vly_status vly_device_wait(vly_device *device);

/* Tells progress; asks whether to go on. */
void vly_device_update(const vly_device *device, const char *stage, int64_t done, int64_t total, const char *unit);
void vly_device_warn(const vly_device *device, const char *format, ...) VLY_PRINTF(2, 3);
vly_status vly_device_stop(const vly_device *device);

#endif
