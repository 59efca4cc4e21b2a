/* A small pool of POSIX threads. Work is cut into items by the caller, never by the number of threads, so a result
 * cannot depend on it; whoever submits work takes part in it, and several threads may submit at once. */
#ifndef VLY_POOL_H
#define VLY_POOL_H

#include "voxelyte/base.h"

#include <pthread.h>

enum { VLY_POOL_THREADS_MAX = 256 };

/* One item. `worker` is below the pool's thread count and never shared by two running items of one job. */
typedef vly_status (*vly_pool_work)(void *self, int64_t item, int32_t worker);

typedef struct vly_pool_job vly_pool_job;

typedef struct vly_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    vly_pool_job *first; /* jobs that still have items to hand out */
    int32_t threads;     /* the submitting thread included */
    bool quit;
    pthread_t workers[VLY_POOL_THREADS_MAX];
} vly_pool;

/* Starts threads - 1 workers. VLY_EMEMORY if the system will not give them. */
vly_status vly_pool_start(vly_pool *pool, int32_t threads);
void vly_pool_stop(vly_pool *pool);

/* Runs work(self, 0 ... items - 1) and waits. Of several failures, the one of the lowest item comes back, message included;
 * items that have not begun by then are dropped. */
vly_status vly_pool_run(vly_pool *pool, int64_t items, vly_pool_work work, void *self);

#endif
