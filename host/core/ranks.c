#include "core/ranks.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* What the ranks share. */
typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int32_t size, arrived, left; /* at the sum at hand */
    uint64_t *total;             /* of whoever came first: the others add to it, then take it over */
    int64_t rounds;              /* sums that are complete */
    int64_t page;                /* vly_comm.await */
    vly_status status;           /* the first failure */
    char message[1024];
} meeting;

typedef struct rank {
    meeting *meeting;
    vly_comm comm;
    vly_device device; /* the opened one, with this rank's communicator */
    vly_rank_work work;
    void *self;
} rank;

/* ---- the communicator ---- */

static vly_status failed(const meeting *m)
{
    return m->status == VLY_OK ? VLY_OK : vly_fail(m->status, "%s", m->message);
}

static vly_status sum_ranks(const vly_comm *comm, uint64_t *values, int64_t count)
{
    meeting *m = comm->self;
    pthread_mutex_lock(&m->lock);
    int64_t round = m->rounds;
    if (m->arrived++ == 0)
        m->total = values;
    else
        for (int64_t i = 0; i < count; i++) m->total[i] += values[i];
    pthread_cond_broadcast(&m->moved);
    while (m->arrived < m->size && m->status == VLY_OK) pthread_cond_wait(&m->moved, &m->lock);
    vly_status status = failed(m);
    if (status == VLY_OK) {
        if (m->total != values && count > 0) memcpy(values, m->total, (size_t)count * sizeof *values);
        if (++m->left == m->size) {
            m->arrived = m->left = 0;
            m->rounds++;
            pthread_cond_broadcast(&m->moved);
        }
        while (m->rounds == round) pthread_cond_wait(&m->moved, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    return status;
}

static vly_status await_page(const vly_comm *comm, int64_t at)
{
    meeting *m = comm->self;
    pthread_mutex_lock(&m->lock);
    while (m->page != at && m->status == VLY_OK) pthread_cond_wait(&m->moved, &m->lock);
    vly_status status = failed(m);
    pthread_mutex_unlock(&m->lock);
    return status;
}

static void pass_page(const vly_comm *comm, int64_t at)
{
    meeting *m = comm->self;
    pthread_mutex_lock(&m->lock);
    m->page = at;
    pthread_cond_broadcast(&m->moved);
    pthread_mutex_unlock(&m->lock);
}

/* ---- running ---- */

static void give_up(meeting *m, vly_status status)
{
    pthread_mutex_lock(&m->lock);
    if (m->status == VLY_OK) {
        m->status = status;
        snprintf(m->message, sizeof m->message, "%s", vly_error_message());
    }
    pthread_cond_broadcast(&m->moved);
    pthread_mutex_unlock(&m->lock);
}

/* What the others ask instead of the user: whether a rank has failed, the user's stop among the failures. */
static vly_status stop_with_others(void *self)
{
    meeting *m = self;
    pthread_mutex_lock(&m->lock);
    vly_status status = m->status;
    pthread_mutex_unlock(&m->lock);
    return status;
}

static void *run_rank(void *self)
{
    rank *r = self;
    vly_status status = r->work(&r->device, r->self);
    if (status != VLY_OK) give_up(r->meeting, status);
    return NULL;
}

static void make_rank(rank *r, int32_t index, meeting *m, vly_device *const *devices)
{
    const vly_device *first = devices[0];
    r->meeting = m;
    r->comm = (vly_comm){index, m->size, sum_ranks, await_page, pass_page, m};
    r->device = *devices[index];
    r->device.comm = &r->comm;
    r->device.peer_count = 0;
    r->device.pool = first->pool;
    r->device.memory_limit = first->memory_limit;
    if (index > 0) r->device.progress = (vly_progress){.stop = stop_with_others, .self = m};
}

vly_status vly_ranks_run_on(vly_device *const *devices, int32_t count, vly_rank_work work, void *self)
{
    meeting m = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER, .size = count};
    rank ranks[VLY_RANKS_MOST];
    pthread_t threads[VLY_RANKS_MOST];
    int32_t started = 1;
    for (int32_t r = 0; r < count; r++) {
        ranks[r] = (rank){.work = work, .self = self};
        make_rank(&ranks[r], r, &m, devices);
    }
    for (int error = 0; started < count && !error; started += !error) {
        error = pthread_create(&threads[started], NULL, run_rank, &ranks[started]);
        if (error) give_up(&m, vly_fail(VLY_EMEMORY, "cannot start a thread for a GPU: %s", strerror(error)));
    }
    if (started == count) run_rank(&ranks[0]);
    for (int32_t r = 1; r < started; r++) pthread_join(threads[r], NULL);
    vly_status status = failed(&m);
    pthread_cond_destroy(&m.moved);
    pthread_mutex_destroy(&m.lock);
    return status;
}

vly_status vly_ranks_run(vly_device *device, vly_rank_work work, void *self)
{
    vly_device *devices[VLY_RANKS_MOST] = {device};
    if (device->peer_count == 0) return work(device, self);
    memcpy(devices + 1, device->peers, (size_t)device->peer_count * sizeof(vly_device *));
    return vly_ranks_run_on(devices, device->peer_count + 1, work, self);
}
