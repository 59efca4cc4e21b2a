/* Points of a row that lie in the same cell share its list of spheres and are measured together. */
#include "core/kernels_cpu.h"

enum { NODES_AT_ONCE = 4096, GROUP = 64 };

typedef struct node_job {
    const vly_synth_nodes *nodes;
    uint64_t seed;
    double *value;
    int64_t count;
} node_job;

static vly_status fill_nodes(void *self, int64_t item, int32_t worker)
{
    const node_job *job = self;
    (void)worker;
    int64_t end = (item + 1) * NODES_AT_ONCE < job->count ? (item + 1) * NODES_AT_ONCE : job->count;
    for (int64_t i = item * NODES_AT_ONCE; i < end; i++) job->value[i] = vly_synth_node(job->nodes, i, job->seed);
    return VLY_OK;
}

vly_status vly_synth_nodes_cpu(vly_queue *queue, const vly_synth_nodes *nodes, uint64_t seed, double *value)
{
    node_job job = {nodes, seed, value, (int64_t)nodes->count[0] * nodes->count[1] * nodes->count[2]};
    return vly_pool_run(queue->pool, (job.count + NODES_AT_ONCE - 1) / NODES_AT_ONCE, fill_nodes, &job);
}

typedef struct field_job {
    const vly_synth_scene *scene;
    const vly_synth_lattice *lattice;
    int32_t plane;
    float *am, *neck, *island;
    uint8_t *layer;
} field_job;

/* Up to GROUP points of one cell. */
typedef struct group {
    int32_t count;
    int64_t cell;
    double x[GROUP], y[GROUP], z[GROUP], nearest[GROUP], second[GROUP];
} group;

static void measure(const vly_synth_scene *scene, group *g)
{
    for (int32_t i = 0; i < g->count; i++) g->nearest[i] = g->second[i] = VLY_SYNTH_REACH;
    if (scene->kind == VLY_SYNTH_STRIPES) return;
    for (int64_t n = scene->first[g->cell]; n < scene->first[g->cell + 1]; n++) {
        const vly_synth_sphere sphere = scene->spheres[scene->near[n]];
        for (int32_t i = 0; i < g->count; i++)
            vly_synth_nearest(vly_synth_distance(sphere, g->x[i], g->y[i], g->z[i]), &g->nearest[i], &g->second[i]);
    }
}

static void store(const field_job *job, const group *g, int64_t at)
{
    for (int32_t i = 0; i < g->count; i++) {
        const double p[3] = {g->x[i], g->y[i], g->z[i]};
        vly_synth_fields f = vly_synth_fields_at(job->scene, p, g->nearest[i], g->second[i]);
        job->am[at + i] = f.am;
        job->neck[at + i] = f.neck;
        job->island[at + i] = f.island;
        job->layer[at + i] = f.layer;
    }
}

static vly_status fill_row(void *self, int64_t item, int32_t worker)
{
    const field_job *job = self;
    const vly_extent e = job->lattice->extent;
    (void)worker;
    group g = {.count = 0};
    int64_t at = item * e.nx;
    for (int32_t i = 0; i < e.nx; i++) {
        double p[3];
        vly_synth_point(job->lattice, i, (int32_t)(item % e.ny), job->plane + (int32_t)(item / e.ny), p);
        int64_t cell = job->scene->kind == VLY_SYNTH_STRIPES ? 0 : vly_synth_cell(job->scene, p);
        if (g.count == GROUP || (g.count > 0 && cell != g.cell)) {
            measure(job->scene, &g);
            store(job, &g, at);
            at += g.count;
            g.count = 0;
        }
        g.cell = cell;
        g.x[g.count] = p[0], g.y[g.count] = p[1], g.z[g.count++] = p[2];
    }
    measure(job->scene, &g);
    store(job, &g, at);
    return VLY_OK;
}

vly_status vly_synth_fields_cpu(vly_queue *queue, const vly_synth_scene *scene, const vly_synth_lattice *lattice,
                                int32_t plane, int32_t count, float *am, float *neck, float *island, uint8_t *layer)
{
    field_job job = {scene, lattice, plane, am, neck, island, layer};
    return vly_pool_run(queue->pool, (int64_t)count * lattice->extent.ny, fill_row, &job);
}
