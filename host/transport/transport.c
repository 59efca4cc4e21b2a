/* From a volume to numbers: which voxels take part, the solution along each axis, and what it says. */
#include "voxelyte/transport.h"

#include "core/memory.h"
#include "core/source_impl.h"
#include "transport/conjugate.h"
#include "transport/fields.h"
#include "transport/halved.h"

#include <math.h>
#include <time.h>

static const char *const names[VLY_AXES] = {"x", "y", "z"};

const char *vly_direction_name(vly_direction axis)
{
    return names[axis];
}

typedef struct work {
    vly_device *device;
    const vly_transport_options *options;
    vly_transport_result *out;
    vly_grid grid;
    void *volume; /* what grid.label or grid.field points to */
} work;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the volume ---- */

static vly_status check_options(const vly_transport_options *o)
{
    for (int v = 0; v < 256; v++)
        if (!(o->coefficient[v] >= 0.0) || !isfinite(o->coefficient[v]))
            return vly_fail(VLY_EUSAGE, "transport: coefficient %g of label %d, a number from 0 up expected",
                            o->coefficient[v], v);
    if (!(o->tolerance > 0.0)) return vly_fail(VLY_EUSAGE, "transport: tolerance %g, above 0 expected", o->tolerance);
    if (o->iterations < 1) return vly_fail(VLY_EUSAGE, "transport: %d iterations, 1 expected", o->iterations);
    return VLY_OK;
}

static vly_status read_volume(work *w, vly_source *labels)
{
    const vly_volume_info *info = vly_source_info(labels);
    vly_extent e = info->extent;
    int64_t page = (int64_t)e.nx * e.ny * vly_type_bytes(info->type);
    VLY_TRY(vly_alloc_raw(&w->volume, page, e.nz, "volume"));
    for (int32_t z = 0; z < e.nz; z++) {
        VLY_TRY(vly_device_stop(w->device));
        VLY_TRY(vly_source_read(labels, z, 1, (char *)w->volume + z * page));
    }
    if (info->type == VLY_U8) w->grid.label = w->volume;
    if (info->type == VLY_F32) w->grid.field = w->volume;
    return VLY_OK;
}

/* Coefficients that are no conductivities are found before anything is computed. */
static vly_status check_field(const work *w, const char *path)
{
    const vly_extent e = w->grid.extent;
    for (int64_t i = 0; w->grid.field && i < vly_extent_voxels(e); i++)
        if (!(w->grid.field[i] >= 0.0f) || !isfinite(w->grid.field[i]))
            return vly_fail(VLY_EDATA, "%s: coefficient %g at x=%lld y=%lld z=%lld, a number from 0 up expected", path,
                            (double)w->grid.field[i], (long long)(i % e.nx), (long long)(i / e.nx % e.ny),
                            (long long)(i / e.nx / e.ny));
    return VLY_OK;
}

static void count_voxels(work *w)
{
    vly_transport_result *out = w->out;
    int64_t counts[256] = {0};
    double electrolyte = 0.0;
    out->extent = w->grid.extent;
    out->voxels = vly_extent_voxels(out->extent);
    for (int64_t i = 0; i < out->voxels; i++) {
        double value = w->grid.label ? w->options->coefficient[w->grid.label[i]] : (double)w->grid.field[i];
        if (w->grid.label) counts[w->grid.label[i]] += value > 0.0;
        w->grid.scale = value > w->grid.scale ? value : w->grid.scale;
        out->conducting += value > 0.0;
    }
    for (int v = 0; v < 256; v++) electrolyte += (double)counts[v] * w->options->share[v];
    out->volume_fraction = (double)out->conducting / (double)out->voxels;
    out->electrolyte_fraction = w->grid.label ? electrolyte / (double)out->voxels : NAN;
}

static vly_status open_grid(work *w, vly_source *labels)
{
    const vly_volume_info *info = vly_source_info(labels);
    const vly_voxel_size *size = &info->voxel_size;
    bool known = size->verdict == VLY_SIZE_FROM_FILE || size->verdict == VLY_SIZE_GIVEN;
    if (info->type != VLY_U8 && info->type != VLY_F32)
        return vly_fail(VLY_EDATA, "%s: is %s, u8 labels or f32 coefficients expected (E_TYPE)", info->path,
                        vly_type_name(info->type));
    w->grid.extent = info->extent;
    w->grid.periodic = w->options->sides == VLY_SIDES_PERIODIC;
    w->grid.spacing[VLY_X] = known ? size->x : 1.0;
    w->grid.spacing[VLY_Y] = known ? size->y : 1.0;
    w->grid.spacing[VLY_Z] = known ? size->z : 1.0;
    VLY_TRY(read_volume(w, labels));
    VLY_TRY(check_field(w, info->path));
    count_voxels(w);
    if (w->out->conducting == 0)
        return vly_fail(VLY_EDATA, "%s: no voxel conducts, some expected (--conduct)", info->path);
    for (int v = 0; v < 256; v++) w->grid.value[v] = w->options->coefficient[v] / w->grid.scale;
    return VLY_OK;
}

/* ---- one axis ---- */

/* Layer means over the voxels that take part. */
static vly_status profile(vly_transport_direction *d, const vly_grid *grid, const vly_grid_runs *runs,
                          const double *potential)
{
    const vly_extent e = grid->extent;
    const int32_t count[VLY_AXES] = {e.nx, e.ny, e.nz};
    d->planes = count[grid->axis];
    VLY_TRY(VLY_NEW(&d->potential, d->planes, "profile"));
    VLY_TRY(VLY_NEW(&d->fraction, d->planes, "profile"));
    for (int64_t row = 0; row < (int64_t)e.ny * e.nz; row++)
        for (int64_t run = runs->first[row]; run < runs->first[row + 1]; run++)
            for (int32_t x = runs->start[run]; x < runs->end[run] && runs->base[run] >= 0; x++) {
                int64_t at = grid->axis == VLY_X ? x : grid->axis == VLY_Y ? row % e.ny : row / e.ny;
                d->potential[at] += potential[runs->base[run] + x - runs->start[run]];
                d->fraction[at] += 1.0;
            }
    for (int32_t k = 0; k < d->planes; k++) {
        d->potential[k] = d->fraction[k] > 0.0 ? d->potential[k] / d->fraction[k] : NAN;
        d->fraction[k] *= (double)d->planes / (double)vly_extent_voxels(e);
    }
    return VLY_OK;
}

static void conclude(const work *w, vly_transport_direction *d, const vly_solution *s, double unit)
{
    double lower = s->energy - s->excess;
    d->converged = s->converged;
    d->iterations = s->iterations;
    d->residual = s->residual;
    d->d_eff = s->energy * unit;
    d->upper = s->energy * (1.0 + 1e-13) * unit;
    d->lower = lower > 0.0 ? lower * unit : 0.0;
    d->flux_in = s->in * unit;
    d->flux_out = s->out * unit;
    d->tau = w->out->volume_fraction / d->d_eff;
    d->tau_electrolyte = w->out->electrolyte_fraction / d->d_eff;
}

static int64_t matrix_bytes(const vly_image *image, const vly_multigrid *mg)
{
    int64_t bytes = image->kind.device.bytes + image->field.device.bytes + image->potential.device.bytes +
                    mg->level[0].matrix.host.rows * (int64_t)sizeof(float);
    bytes += image->edge.device.bytes + image->edge_side.device.bytes + vly_multigrid_bytes(mg);
    for (int k = 0; k < 2; k++) bytes += image->near[k].device.bytes;
    for (int way = 0; way < 6; way++) bytes += image->side[way].device.bytes;
    return bytes;
}

/* Mean flux along each axis where the mean gradient is one along the grid's: a column of the tensor. */
static void mean_flux(double column[VLY_AXES], const vly_grid *grid, const vly_matrix *a, const double *u)
{
    const int32_t count[VLY_AXES] = {grid->extent.nx, grid->extent.ny, grid->extent.nz};
    double voxels = (double)vly_extent_voxels(grid->extent);
    for (int b = 0; b < VLY_AXES; b++) {
        double flow = 0.0;
        for (int32_t i = 0; i < a->rows; i++) {
            int32_t j = vly_matrix_side(a, i, 2 * b + 1);
            double drop = u[i] - u[j] - vly_matrix_rise(a, i, 2 * b + 1);
            if (j != i) flow += vly_matrix_face64(a, a->form, b, i, j) * drop;
        }
        /* faces are in units of one across the flow; a mean gradient of one is `count` times as steep as ours */
        column[b] = flow * grid->scale * count[grid->axis] / voxels * grid->spacing[b] / grid->spacing[grid->axis];
    }
}

static vly_status write_fields(const work *w, const vly_grid_runs *runs, const vly_image *image)
{
    char *path;
    if (!w->options->fields) return VLY_OK;
    VLY_TRY(vly_format(&path, "%s/transport_%s.vti", w->options->fields, vly_direction_name(w->grid.axis)));
    vly_status status = vly_fields_write(path, w->options->overwrite, w->device, &w->grid, runs, &image->matrix.host,
                                         image->potential.host);
    vly_free(path);
    return status;
}

/* Before anything is computed: what a conducting voxel takes is known. */
static vly_status check_memory(const work *w, int64_t unknowns)
{
    const vly_device *device = w->device;
    double needed = 64.0 * (double)unknowns;
    double left =
        device->unified ? (double)(device->memory_limit - vly_memory_held()) : (double)device->device_memory_limit;
    if (needed <= left) return VLY_OK;
    return vly_fail(
        VLY_EMEMORY,
        "transport along %s: %.1f MiB for %lld conducting voxels, %.1f MiB are left of what is allowed (%s)",
        names[w->grid.axis], needed / 1048576.0, (long long)unknowns, fmax(left, 0.0) / 1048576.0,
        device->unified ? "--memory-limit" : "--device-memory-limit");
}

static vly_status solve(work *w, vly_transport_direction *d, const vly_grid_runs *runs)
{
    vly_image image;
    vly_multigrid mg = {.levels = 0};
    vly_solution solution = {.history = NULL};
    double begun = now();
    VLY_TRY(check_memory(w, runs->unknowns));
    vly_status status = vly_image_create(&image, w->device, &w->grid, runs);
    if (status == VLY_OK) status = vly_multigrid_create(&mg, w->device, &image.matrix, image.place, NULL);
    vly_free(image.place);
    image.place = NULL;
    double ready = now();
    if (status == VLY_OK)
        status = vly_conjugate_solve(&solution, &mg, &image, w->options->tolerance, w->options->iterations);
    if (status == VLY_OK) {
        d->seconds[0] = ready - begun;
        d->seconds[1] = now() - ready;
        d->bytes = (double)matrix_bytes(&image, &mg) / (double)runs->unknowns;
        conclude(w, d, &solution, image.unit);
        status = vly_twin_download(&image.potential);
    }
    d->history = solution.history;
    if (status == VLY_OK && w->grid.loop)
        mean_flux(w->out->tensor.d[w->grid.axis], &w->grid, &image.matrix.host, image.potential.host);
    if (status == VLY_OK && !w->grid.loop) status = profile(d, &w->grid, runs, image.potential.host);
    if (status == VLY_OK && !w->grid.loop)
        status = vly_fields_section(d, &w->grid, runs, &image.matrix.host, image.potential.host);
    if (status == VLY_OK && !w->grid.loop) status = write_fields(w, runs, &image);
    vly_multigrid_free(&mg);
    vly_image_free(&image);
    return status;
}

static vly_status compute_axis(work *w, vly_direction axis)
{
    vly_transport_direction *d = &w->out->axis[axis];
    vly_grid_runs runs;
    d->computed = true;
    w->grid.axis = axis;
    vly_status status = vly_grid_runs_create(&runs, w->device, &w->grid);
    if (status == VLY_OK) {
        d->percolates = runs.unknowns > 0;
        d->percolating_fraction = (double)runs.unknowns / (double)runs.conducting;
        d->tau = d->tau_electrolyte = d->coarse = NAN;
        d->converged = true;
        if (d->percolates) status = solve(w, d, &runs);
    }
    vly_grid_runs_free(&runs);
    return status;
}

static vly_status compute_column(work *w, vly_direction axis)
{
    vly_transport_tensor *t = &w->out->tensor;
    vly_transport_direction d = {.computed = true, .converged = true};
    const vly_extent e = w->grid.extent;
    vly_grid_runs runs;
    if (e.nx < 2 || e.ny < 2 || e.nz < 2)
        return vly_fail(VLY_EDATA, "tensor: %d x %d x %d voxels, 2 along each axis expected", e.nx, e.ny, e.nz);
    w->grid.axis = axis;
    w->grid.periodic = w->grid.loop = true;
    vly_status status = vly_grid_runs_create(&runs, w->device, &w->grid);
    if (status == VLY_OK) t->percolating_fraction = (double)runs.unknowns / (double)runs.conducting;
    if (status == VLY_OK && runs.unknowns > 0) status = solve(w, &d, &runs);
    t->converged = d.converged && (axis == VLY_X || t->converged);
    t->computed = true;
    t->lower[axis] = d.lower;
    t->upper[axis] = d.upper;
    t->iterations[axis] = d.iterations;
    vly_free(d.history);
    vly_grid_runs_free(&runs);
    return status;
}

/* The same between the same planes, in voxels twice as large. */
static vly_status estimate(work *w)
{
    const vly_extent e = w->grid.extent;
    vly_transport_options options = *w->options;
    vly_transport_result result = {.voxels = 0};
    work coarse = {.device = w->device, .options = &options, .out = &result};
    if (e.nx < 2 || e.ny < 2 || e.nz < 2) return VLY_OK;
    options.fields = NULL;
    vly_status status = vly_grid_halve(&coarse.grid, &coarse.volume, w->device, &w->grid);
    if (status == VLY_OK) {
        coarse.grid.scale = 0.0;
        count_voxels(&coarse);
        if (result.conducting == 0) coarse.grid.scale = 1.0;
        for (int v = 0; v < 256; v++) coarse.grid.value[v] = options.coefficient[v] / coarse.grid.scale;
    }
    for (int a = 0; a < VLY_AXES && status == VLY_OK; a++) {
        if (!options.directions[a]) continue;
        if (result.conducting > 0) status = compute_axis(&coarse, (vly_direction)a);
        w->out->axis[a].coarse = result.axis[a].d_eff;
    }
    vly_free(coarse.volume);
    vly_transport_result_free(&result);
    return status;
}

vly_status vly_transport(vly_transport_result *out, vly_device *device, vly_source *labels,
                         const vly_transport_options *options)
{
    work w = {.device = device, .options = options, .out = out};
    *out = (vly_transport_result){.voxels = 0};
    VLY_TRY(check_options(options));
    vly_status status = open_grid(&w, labels);
    int32_t asked = 0, done = 0;
    for (int a = 0; a < VLY_AXES; a++) asked += options->directions[a] + options->tensor;
    for (int a = 0; a < VLY_AXES && status == VLY_OK; a++) {
        if (!options->directions[a]) continue;
        status = compute_axis(&w, (vly_direction)a);
        vly_device_update(device, "transport", ++done, asked, "direction");
    }
    if (status == VLY_OK && options->estimate) status = estimate(&w);
    for (int a = 0; a < VLY_AXES && status == VLY_OK && options->tensor; a++) {
        status = compute_column(&w, (vly_direction)a);
        vly_device_update(device, "transport", ++done, asked, "direction");
    }
    vly_free(w.volume);
    if (status != VLY_OK) vly_transport_result_free(out);
    return status;
}

void vly_transport_result_free(vly_transport_result *result)
{
    for (int a = 0; a < VLY_AXES; a++) {
        vly_free(result->axis[a].potential);
        vly_free(result->axis[a].fraction);
        vly_free(result->axis[a].history);
        vly_free(result->axis[a].flux);
    }
    *result = (vly_transport_result){.voxels = 0};
}
