#include "core/pool.h"

#include <string.h>

enum { MESSAGE_MAX = 1024 };

struct vly_pool_job {
    vly_pool_work work;
    void *self;
    int64_t items, next, running; /* handed out so far; begun and not ended */
    int64_t failed_item;
    vly_status status;
    char message[MESSAGE_MAX];
    vly_pool_job *following;
};

/* Takes `job` off the list once nothing is left to hand out. Call with the lock held. */
static void retire(vly_pool *pool, vly_pool_job *job)
{
    for (vly_pool_job **link = &pool->first; *link; link = &(*link)->following)
        if (*link == job) {
            *link = job->following;
            return;
        }
}

/* Runs one item of `job`. Call with the lock held; it is released meanwhile. */
static void run_item(vly_pool *pool, vly_pool_job *job, int32_t worker)
{
    int64_t item = job->next++;
    if (job->next == job->items) retire(pool, job);
    job->running++;
    pthread_mutex_unlock(&pool->lock);
    vly_status status = job->work(job->self, item, worker);
    pthread_mutex_lock(&pool->lock);
    if (status != VLY_OK && (job->status == VLY_OK || item < job->failed_item)) {
        job->status = status;
        job->failed_item = item;
        strncpy(job->message, vly_error_message(), MESSAGE_MAX - 1);
        if (job->next < job->items) {
            job->next = job->items;
            retire(pool, job);
        }
    }
    if (--job->running == 0 && job->next >= job->items) pthread_cond_broadcast(&pool->done);
}

static void *worker_main(void *argument)
{
    vly_pool *pool = argument;
    pthread_mutex_lock(&pool->lock);
    int32_t index = 0;
    while (!pthread_equal(pool->workers[index], pthread_self())) index++;
    while (!pool->quit) {
        if (pool->first)
            run_item(pool, pool->first, index);
        else
            pthread_cond_wait(&pool->wake, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

vly_status vly_pool_start(vly_pool *pool, int32_t threads)
{
    memset(pool, 0, sizeof *pool);
    if (threads < 1) threads = 1;
    if (threads > VLY_POOL_THREADS_MAX) threads = VLY_POOL_THREADS_MAX;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->threads = 1;
    /* the lock keeps the workers from looking themselves up before their entry is written */
    pthread_mutex_lock(&pool->lock);
    int failed = 0;
    while (pool->threads < threads && !failed) {
        failed = pthread_create(&pool->workers[pool->threads - 1], NULL, worker_main, pool);
        if (!failed) pool->threads++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!failed) return VLY_OK;
    vly_pool_stop(pool);
    return vly_fail(VLY_EMEMORY, "cannot start %d threads: %s", (int)threads, strerror(failed));
}

void vly_pool_stop(vly_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int32_t i = 0; i < pool->threads - 1; i++) pthread_join(pool->workers[i], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
}

vly_status vly_pool_run(vly_pool *pool, int64_t items, vly_pool_work work, void *self)
{
    if (items <= 0) return VLY_OK;
    vly_pool_job job = {.work = work, .self = self, .items = items};
    pthread_mutex_lock(&pool->lock);
    vly_pool_job **link = &pool->first;
    while (*link) link = &(*link)->following;
    *link = &job;
    pthread_cond_broadcast(&pool->wake);
    while (job.next < job.items) run_item(pool, &job, pool->threads - 1);
    while (job.running > 0) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    if (job.status != VLY_OK) vly_fail(job.status, "%s", job.message);
    return job.status;
}
