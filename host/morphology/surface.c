/* One sweep counts every 2 x 2 x 2 configuration of the window and a layer of outside around it. Surfaces, interfaces, voxel
 * faces, volumes and Euler numbers are all sums over these counts, exact integers up to the last line (spec 3, 8.2). */
#include "voxelyte/surface.h"

#include "core/memory.h"
#include "core/pipeline.h"
#include "morphology/crofton.h"
#include "morphology/padded_view.h"

#include <math.h>

enum { CORNERS = 8, PAIRS_OF_CORNERS = 28 };

typedef struct corner_pair {
    int a, b, direction;
} corner_pair;

typedef struct work {
    vly_surface_result *out;
    bool object;
    corner_pair pair[PAIRS_OF_CORNERS];
    int64_t unlike[VLY_PHASES][VLY_DIRECTIONS];        /* pairs with one voxel of the phase, by its configurations, */
    int64_t between[VLY_PAIRS][VLY_DIRECTIONS];        /* and each pair of voxels on its own: between two phases, */
    int64_t beyond[VLY_PHASES][VLY_DIRECTIONS];        /* or a phase and what is outside */
    int64_t euler_26[VLY_PHASES], euler_6[VLY_PHASES]; /* of cells all inside */
} work;

/* ---- the sweep ---- */

typedef struct counting {
    vly_buffer bins, scratch;
} counting;

static vly_status count_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const counting *c = self;
    return device->kernels->configurations(device->queue, slab->phase, &slab->region, c->bins.data, c->scratch.data);
}

enum { BINS_BYTES = VLY_CONFIGURATIONS * (int)sizeof(uint64_t) };

static vly_pipeline_options path_of(const vly_device *device)
{
    int64_t scratch = device->kernels->configurations_scratch_bytes(device->queue);
    return (vly_pipeline_options){.of_labels = true, .ahead = 1, .reserve = BINS_BYTES + scratch};
}

static vly_status sweep(vly_device *device, vly_source *padded, uint64_t *bins)
{
    counting c = {.bins = {0}};
    vly_pipeline *pipeline = NULL;
    vly_stage stage = {"surface", count_slab, &c};
    int64_t bytes = BINS_BYTES, scratch = device->kernels->configurations_scratch_bytes(device->queue);
    const vly_pipeline_options options = path_of(device);
    vly_status status = vly_pipeline_open(&pipeline, device, padded, &options);
    if (status == VLY_OK) status = vly_buffer_create(&c.bins, device, bytes, "configurations");
    if (status == VLY_OK) status = vly_buffer_create(&c.scratch, device, scratch, "configuration tables");
    if (status == VLY_OK) status = vly_pipeline_pass(pipeline, "surface", &stage, 1, NULL);
    if (status == VLY_OK) status = vly_buffer_download(&c.bins, bins, bytes);
    if (status == VLY_OK) status = vly_comm_sum(device->comm, bins, VLY_CONFIGURATIONS);
    vly_buffer_free(&c.scratch);
    vly_buffer_free(&c.bins);
    vly_pipeline_close(pipeline);
    return status;
}

/* ---- what a configuration adds ---- */

static void list_pairs(corner_pair pair[PAIRS_OF_CORNERS])
{
    int count = 0;
    for (int a = 0; a < CORNERS; a++)
        for (int b = a + 1; b < CORNERS; b++, count++) {
            int step[3], k = 0, sign = 0;
            for (int i = 0; i < 3; i++) {
                step[i] = (b >> i & 1) - (a >> i & 1);
                if (sign == 0) sign = step[i];
            }
            while (vly_crofton_steps[k][0] != sign * step[0] || vly_crofton_steps[k][1] != sign * step[1] ||
                   vly_crofton_steps[k][2] != sign * step[2])
                k++;
            pair[count] = (corner_pair){a, b, k};
        }
}

/* Union of closed voxels: the vertex at the centre of the cell, and the edges, faces and cube on its upper side. */
static int32_t euler_26_of(int c)
{
    int32_t edges = ((c & 0xAA) != 0) + ((c & 0xCC) != 0) + ((c & 0xF0) != 0);
    int32_t faces = ((c & 0x88) != 0) + ((c & 0xA0) != 0) + ((c & 0xC0) != 0);
    return (c != 0) - edges + faces - ((c & 0x80) != 0);
}

/* Voxel centres: the lowest voxel of the cell, and the edges, squares and cube of neighbours that begin there. */
static int32_t euler_6_of(int c)
{
    int32_t edges = ((c & 0x03) == 0x03) + ((c & 0x05) == 0x05) + ((c & 0x11) == 0x11);
    int32_t squares = ((c & 0x0F) == 0x0F) + ((c & 0x33) == 0x33) + ((c & 0x55) == 0x55);
    return (c & 1) - edges + squares - (c == 0xFF);
}

static void add_phase(work *w, int phase, int c, int64_t cells, bool inside)
{
    int32_t euler_26 = euler_26_of(c), euler_6 = euler_6_of(c);
    w->out->euler_26[phase] += euler_26 * cells;
    w->out->euler_6[phase] += euler_6 * cells;
    if (inside) {
        w->euler_26[phase] += euler_26 * cells;
        w->euler_6[phase] += euler_6 * cells;
    }
    if (!inside && !w->object) return;
    w->out->configurations[phase][c] += (uint64_t)cells;
}

/* The lowest voxel of the cell and its three upper neighbours: every voxel and every face of the window comes by once. */
static void add_faces(vly_surface_result *out, const int label[CORNERS], int64_t cells)
{
    if (label[0] >= VLY_PHASES) return;
    out->counts[label[0]] += cells;
    out->voxels += cells;
    for (int i = 0; i < 3; i++) {
        int other = label[1 << i];
        if (other < VLY_PHASES && other != label[0]) out->faces[(other ^ label[0]) - 1][i] += cells;
    }
}

static void add_pairs(work *w, const int label[CORNERS], int64_t cells)
{
    for (int i = 0; i < PAIRS_OF_CORNERS; i++) {
        int a = label[w->pair[i].a], b = label[w->pair[i].b], k = w->pair[i].direction;
        if (a == b) continue;
        if (a < VLY_PHASES && b < VLY_PHASES)
            w->between[(a ^ b) - 1][k] += cells;
        else
            w->beyond[a < b ? a : b][k] += cells;
    }
}

static void add_configuration(work *w, int32_t code, int64_t cells)
{
    int label[CORNERS], of_phase[VLY_PHASES + 1] = {0};
    for (int v = 0; v < CORNERS; v++) {
        label[v] = code >> (2 * (4 * (v & 1) + (v >> 1 & 1) + 2 * (v >> 2))) & 3;
        of_phase[label[v]] |= 1 << v;
    }
    bool inside = of_phase[VLY_PHASES] == 0;
    add_faces(w->out, label, cells);
    for (int p = 0; p < VLY_PHASES; p++) add_phase(w, p, of_phase[p], cells, inside);
    if (!inside && !w->object) return;
    w->out->cells += cells;
    add_pairs(w, label, cells);
}

static void find_unlike(work *w)
{
    for (int p = 0; p < VLY_PHASES; p++)
        for (int c = 0; c < 256; c++)
            for (int i = 0; i < PAIRS_OF_CORNERS; i++)
                if ((c >> w->pair[i].a ^ c >> w->pair[i].b) & 1)
                    w->unlike[p][w->pair[i].direction] += (int64_t)w->out->configurations[p][c];
}

/* ---- numbers ---- */

/* Surface by configurations of the phase against the same by pairs of voxels: an identity (spec 3.5). */
static double closure(const work *w, const vly_crofton *crofton, double volume)
{
    double most = 0.0, error = 0.0;
    for (int p = 0; p < VLY_PHASES; p++) {
        double sum = vly_crofton_area(crofton, w->beyond[p]) / volume;
        for (int q = 0; q < VLY_PHASES; q++)
            if (q != p) sum += w->out->interface[(p ^ q) - 1];
        error = fmax(error, fabs(w->out->surface[p] - sum));
        most = fmax(most, w->out->surface[p]);
    }
    return most > 0.0 ? error / most : 0.0;
}

static void measure_faces(vly_surface_result *out, const double voxel[3])
{
    for (int pair = 0; pair < VLY_PAIRS; pair++)
        for (int i = 0; i < 3; i++)
            out->face_interface[pair] += (double)out->faces[pair][i] / (voxel[i] * (double)out->voxels);
    for (int p = 0; p < VLY_PHASES; p++)
        for (int q = 0; q < VLY_PHASES; q++)
            if (q != p) out->face_area[p] += out->face_interface[(p ^ q) - 1];
}

static void measure(work *w, const double voxel[3], double nu)
{
    vly_surface_result *out = w->out;
    vly_crofton crofton;
    double one = voxel[0] * voxel[1] * voxel[2], volume = one * (double)(w->object ? out->voxels : out->cells);
    vly_crofton_make(&crofton, voxel);
    for (int p = 0; p < VLY_PHASES; p++) {
        out->surface[p] = vly_crofton_area(&crofton, w->unlike[p]) / volume;
        out->euler_density_26[p] = w->object ? NAN : (double)w->euler_26[p] / volume;
        out->euler_density_6[p] = w->object ? NAN : (double)w->euler_6[p] / volume;
    }
    for (int pair = 0; pair < VLY_PAIRS; pair++)
        out->interface[pair] = vly_crofton_area(&crofton, w->between[pair]) / volume;
    out->s_int = out->interface[VLY_PORE_AM] + nu * out->interface[VLY_AM_CBD];
    out->closure_error = closure(w, &crofton, volume);
    measure_faces(out, voxel);
}

static vly_status check(vly_source *labels, const vly_surface_options *options, vly_box *window)
{
    const vly_volume_info *info = vly_source_info(labels);
    VLY_TRY(vly_label_window(window, labels));
    VLY_TRY(vly_voxel_size_require(info));
    vly_extent e = vly_box_extent(*window);
    if (!options->object && (e.nx < 2 || e.ny < 2 || e.nz < 2))
        return vly_fail(VLY_EDATA, "%s: %d x %d x %d voxels, a surface needs at least 2 along every side (E_DIM)",
                        info->path, e.nx, e.ny, e.nz);
    return VLY_OK;
}

vly_status vly_surface(vly_surface_result *out, vly_device *device, vly_source *labels,
                       const vly_surface_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    const double voxel[3] = {info->voxel_size.x, info->voxel_size.y, info->voxel_size.z};
    work w = {.out = out, .object = options->object};
    vly_box window = options->window;
    vly_source *padded = NULL;
    uint64_t *bins = NULL;
    *out = (vly_surface_result){.voxels = 0};
    VLY_TRY(check(labels, options, &window));
    vly_status status = VLY_NEW(&bins, VLY_CONFIGURATIONS, "configurations");
    if (status == VLY_OK) status = vly_padded_view(&padded, labels, window);
    if (status == VLY_OK) status = sweep(device, padded, bins);
    list_pairs(w.pair);
    for (int32_t code = 0; code < VLY_CONFIGURATIONS && status == VLY_OK; code++)
        if (bins[code] > 0) add_configuration(&w, code, (int64_t)bins[code]);
    if (status == VLY_OK && (out->voxels == 0 || out->cells == 0))
        status = vly_fail(VLY_EDATA, "%s: no cell of 2 x 2 x 2 voxels lies inside (E_ROI)", info->path);
    if (status == VLY_OK) {
        find_unlike(&w);
        measure(&w, voxel, options->nu);
    }
    vly_source_close(padded);
    vly_free(bins);
    return status;
}

vly_status vly_surface_measure(int64_t *host_bytes, int64_t *device_bytes, vly_device *device, vly_source *labels,
                               const vly_surface_options *options)
{
    const vly_pipeline_options path = path_of(device);
    vly_box window = options->window;
    vly_source *padded;
    vly_plan plan;
    VLY_TRY(check(labels, options, &window));
    VLY_TRY(vly_padded_view(&padded, labels, window));
    vly_status status = vly_pipeline_measure(&plan, device, padded, &path);
    vly_source_close(padded);
    VLY_TRY(status);
    *host_bytes = plan.host_bytes + BINS_BYTES; /* what they add up to */
    *device_bytes = plan.device_bytes;
    return VLY_OK;
}
