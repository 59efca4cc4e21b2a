/* The same structure at a fine resolution in a box that is turned and shifted: the fields know no grid, so it is only
 * another lattice. The grey volume has what ion milling leaves: stripes, uneven slices, drift (spec/morphology.md 10.5). */
#include "image/synth_pair.h"

#include "core/memory.h"

#define TURN 1.15 /* degrees about each axis at most: 2 in all */
#define SHIFT 3.0 /* um at most along each axis, and a tenth of the box */
#define NOISE 8.0 /* grey levels */
#define STRIPES 6.0
#define GAIN 0.02
#define DRIFT 0.5 /* voxels from slice to slice */

static double sine(double degrees)
{
    double turns = degrees / 360.0 + 0.75;
    return vly_synth_cos_turns(turns - floor(turns));
}

static double cosine(double degrees)
{
    double turns = degrees / 360.0;
    return vly_synth_cos_turns(turns - floor(turns));
}

/* A number in [-1, 1) for a purpose. */
static double either_way(int purpose, uint64_t seed)
{
    return 2.0 * vly_synth_uniform((uint64_t)purpose, vly_hash(9, seed)) - 1.0;
}

/* About x, then y, then z. */
static void turn(double r[3][3], uint64_t seed)
{
    double s[3], c[3];
    for (int a = 0; a < 3; a++) {
        double angle = TURN * either_way(a, seed);
        s[a] = sine(angle), c[a] = cosine(angle);
    }
    const double m[3][3] = {{c[1] * c[2], s[0] * s[1] * c[2] - c[0] * s[2], c[0] * s[1] * c[2] + s[0] * s[2]},
                            {c[1] * s[2], s[0] * s[1] * s[2] + c[0] * c[2], c[0] * s[1] * s[2] - s[0] * c[2]},
                            {-s[1], s[0] * c[1], c[0] * c[1]}};
    for (int a = 0; a < 9; a++) r[a / 3][a % 3] = m[a / 3][a % 3];
}

void vly_fib_place(vly_fib *out, const vly_structure *structure)
{
    const vly_synth_options *o = structure->options;
    const double coarse = 2e6 * o->voxel_size, *size = structure->size;
    double centre[3], half[3];
    *out = (vly_fib){.coarse = {11, 11, 21}, .voxel = coarse / o->fib_ratio};
    turn(out->rotation, o->seed);
    for (int a = 0; a < 3; a++) {
        double most = 0.1 * size[a] < SHIFT ? 0.1 * size[a] : SHIFT;
        centre[a] = 0.5 * size[a] + most * either_way(3 + a, o->seed);
        half[a] = 0.5 * size[a] - fabs(centre[a] - 0.5 * size[a]);
    }
    for (int a = 0; a < 3;) { /* shorter along an axis until the turned box lies inside */
        double reach = 0.0;
        for (int b = 0; b < 3; b++) reach += 0.5 * coarse * out->coarse[b] * fabs(out->rotation[a][b]);
        if (reach <= half[a])
            a++;
        else if (--out->coarse[a] == 0)
            return;
        else
            a = 0;
    }
    out->extent =
        (vly_extent){o->fib_ratio * out->coarse[0], o->fib_ratio * out->coarse[1], o->fib_ratio * out->coarse[2]};
    for (int a = 0; a < 3; a++) {
        out->shift[a] = centre[a];
        for (int b = 0; b < 3; b++) out->shift[a] -= out->rotation[a][b] * 0.5 * coarse * out->coarse[b];
    }
}

typedef struct fib_job {
    const vly_structure *structure;
    const vly_thresholds *thresholds;
    vly_synth_lattice lattice;
    vly_samples samples;
    int32_t from;    /* plane of the first page in labels and grey */
    uint8_t *labels; /* (block, ny, nx) */
    uint8_t *grey;   /* the same, or NULL */
    double *drift;   /* (nz, 2) voxels along x and y */
} fib_job;

static void label_plane(const fib_job *job, const vly_sample_plane *p, uint8_t *labels)
{
    const int32_t nx = job->lattice.extent.nx;
    for (int64_t i = 0; i < p->points; i++) {
        double at[3];
        vly_synth_point(&job->lattice, (int32_t)(i % nx), (int32_t)(i / nx), p->index, at);
        int l = p->layer[i];
        labels[i] = (uint8_t)vly_thresholds_phase(job->thresholds, l, p->am[i], p->neck[i], p->island[i],
                                                  vly_level_at(&job->thresholds->neck[l], at[2]),
                                                  vly_level_at(&job->thresholds->island[l], at[2]));
    }
}

static int32_t moved(int32_t i, double drift, int32_t n)
{
    int32_t to = i + (int32_t)floor(drift + 0.5);
    return to < 0 ? 0 : to < n ? to : n - 1;
}

static void grey_plane(const fib_job *job, int32_t z, const uint8_t *labels, uint8_t *grey)
{
    static const double level[VLY_PHASES] = {35.0, 180.0, 95.0};
    const int32_t nx = job->lattice.extent.nx, ny = job->lattice.extent.ny;
    const uint64_t seed = job->structure->options->seed;
    const double gain = 1.0 + GAIN * vly_synth_normal((uint64_t)z, vly_hash(10, seed));
    for (int32_t x = 0; x < nx; x++) {
        double stripe = STRIPES * vly_synth_normal(vly_synth_place(x, 0, z), vly_hash(11, seed));
        int32_t from_x = moved(x, job->drift[2 * z], nx);
        for (int32_t y = 0; y < ny; y++) {
            double value = gain * level[labels[(int64_t)moved(y, job->drift[2 * z + 1], ny) * nx + from_x]] + stripe;
            value += NOISE * vly_synth_normal(vly_synth_place(x, y, z), vly_hash(12, seed));
            value = floor(value + 0.5);
            grey[(int64_t)y * nx + x] = (uint8_t)(value < 0.0 ? 0.0 : value > 255.0 ? 255.0 : value);
        }
    }
}

static vly_status make_plane(void *self, int64_t item, int32_t worker)
{
    const fib_job *job = self;
    const vly_sample_plane plane = vly_samples_plane(&job->samples, job->from + (int32_t)item);
    (void)worker;
    label_plane(job, &plane, job->labels + item * plane.points);
    if (job->grey) grey_plane(job, plane.index, job->labels + item * plane.points, job->grey + item * plane.points);
    return VLY_OK;
}

static vly_status make_pages(fib_job *job, const vly_fib_output *output)
{
    const vly_device *device = job->structure->device;
    const int32_t planes = job->lattice.extent.nz;
    const int64_t points = job->samples.plane_points;
    for (job->from = 0; job->from < planes; job->from += job->samples.block_planes) {
        int32_t left = planes - job->from, count = left < job->samples.block_planes ? left : job->samples.block_planes;
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(vly_samples_hold(&job->samples, job->from, job->from + count));
        VLY_TRY(vly_pool_run(device->pool, count, make_plane, job));
        for (int32_t i = 0; i < count; i++)
            VLY_TRY(output->page(output->self, job->from + i, job->labels + i * points,
                                 job->grey ? job->grey + i * points : NULL));
        vly_device_update(device, "FIB-SEM", job->from + count, planes, "pages");
    }
    return VLY_OK;
}

static void wander(double *drift, int32_t planes, uint64_t seed)
{
    for (int32_t z = 1; z < planes; z++)
        for (int a = 0; a < 2; a++)
            drift[2 * z + a] =
                drift[2 * z - 2 + a] + DRIFT * vly_synth_normal(vly_synth_place(a, 0, z), vly_hash(13, seed));
}

vly_status vly_fib_render(const vly_fib *fib, const vly_structure *structure, const vly_thresholds *thresholds,
                          const vly_fib_output *output)
{
    fib_job job = {.structure = structure, .thresholds = thresholds, .lattice = {.extent = fib->extent}};
    for (int a = 0; a < 3; a++) {
        job.lattice.origin[a] = fib->shift[a];
        for (int b = 0; b < 3; b++) {
            job.lattice.origin[a] += fib->rotation[a][b] * 0.5 * fib->voxel;
            job.lattice.step[b][a] = fib->rotation[a][b] * fib->voxel;
        }
    }
    VLY_TRY(vly_samples_open_lattice(&job.samples, structure, &job.lattice));
    const int64_t block = job.samples.block_planes * job.samples.plane_points;
    vly_status status = VLY_NEW(&job.labels, block, "FIB-SEM labels");
    if (status == VLY_OK && structure->options->fib_grey) status = VLY_NEW(&job.grey, block, "FIB-SEM grey");
    if (status == VLY_OK) status = VLY_NEW(&job.drift, 2 * (int64_t)fib->extent.nz, "FIB-SEM drift");
    if (status == VLY_OK) wander(job.drift, fib->extent.nz, structure->options->seed);
    if (status == VLY_OK) status = make_pages(&job, output);
    vly_samples_close(&job.samples);
    vly_free(job.labels);
    vly_free(job.grey);
    vly_free(job.drift);
    return status;
}
