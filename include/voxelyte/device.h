/* A device owns memory, a queue of work and one table of kernels. It also carries what a long job needs from its
 * surroundings: a memory budget, a number of threads, and somebody to tell how far it is. */
#ifndef VOXELYTE_DEVICE_H
#define VOXELYTE_DEVICE_H

#include "voxelyte/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A piece of a study (voxelyte/study.h) and what became of it. */
typedef struct vly_piece_news {
    const char *piece;   /* "segment.kmeans" */
    const char *state;   /* that of vly_piece_state_name, or "begins", "interrupted", "failed" */
    const char *reason;  /* why it is computed again, who has it, what failed; "" */
    double seconds;      /* it took; 0: not told */
    int32_t done, total; /* pieces of the study that are done, and all */
} vly_piece_news;

/* The library never prints: it tells. Any pointer may be NULL. Calls come from the thread that runs the job. */
typedef struct vly_progress {
    void (*update)(void *self, const char *stage, int64_t done, int64_t total, const char *unit);
    void (*warn)(void *self, const char *message);
    vly_status (*stop)(void *self); /* not VLY_OK: give up soon with this status (VLY_ECANCELLED, VLY_EAGAIN) */
    void *self;
    void (*piece)(void *self, const vly_piece_news *news);
} vly_progress;

typedef struct vly_device_options {
    int32_t threads;             /* 0: every processor this process may run on */
    int64_t memory_limit;        /* bytes of host memory the job may hold; 0: 80 % of what is available */
    int64_t device_memory_limit; /* bytes of device memory, where the device has its own; 0: 90 % of what is free */
    vly_progress progress;
} vly_device_options;

#define VLY_DEVICE_OPTIONS_INIT ((vly_device_options){.threads = 0})

typedef struct vly_device vly_device;

/* name: "auto", "cpu", "cuda", "cuda:N", or "cuda:N,N" for several GPUs: thresholding and k-means share the volume out
 * among them, everything else runs on the first. The limit of device memory is each one's. VLY_EDEVICE with the reason if it cannot be used; "auto" always finds one. */
VLY_API vly_status vly_device_open(vly_device **out, const char *name, const vly_device_options *options);
VLY_API void vly_device_close(vly_device *device);

VLY_API const char *vly_device_name(const vly_device *device);        /* "cpu", "cuda:0" */
VLY_API const char *vly_device_description(const vly_device *device); /* processor, instruction set, threads */
VLY_API int32_t vly_device_threads(const vly_device *device);
VLY_API int64_t vly_device_memory_limit(const vly_device *device); /* bytes, resolved */

#ifdef __cplusplus
}
#endif
#endif
