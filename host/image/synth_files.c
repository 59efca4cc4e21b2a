/* A synthetic cathode as files. All of them are opened before the long work begins and published after it, synth.json last:
 * where that is, everything is. */
#include "core/file.h"
#include "core/memory.h"
#include "image/synth_json.h"
#include "image/synth_pair.h"
#include "image/synth_render.h"

#include <string.h>

typedef enum which { GREY, TRUTH, EDX, FIB_LABELS, FIB_GREY, FILES } which;

typedef struct album {
    vly_device *device;
    const char *folder;
    bool overwrite, compress;
    char *fib_folder;
    bool made_folder, made_fib; /* by us: dropped again if nothing comes of it */
    vly_sink *sink[FILES];
} album;

static vly_status make_folder(const char *path, bool *made)
{
    bool there = vly_path_exists(path);
    VLY_TRY(vly_folder_make(path));
    *made = !there;
    return VLY_OK;
}

static vly_status album_open(album *a, vly_device *device, const char *folder, bool overwrite, bool compress)
{
    *a = (album){.device = device, .folder = folder, .overwrite = overwrite, .compress = compress};
    char *json;
    VLY_TRY(vly_format(&json, "%s/synth.json", folder));
    vly_status status = !overwrite && vly_path_exists(json)
                            ? vly_fail(VLY_EOUTPUT, "%s: exists, --overwrite replaces it", json)
                            : make_folder(folder, &a->made_folder);
    vly_free(json);
    if (status == VLY_OK) status = vly_format(&a->fib_folder, "%s/fib", folder);
    return status;
}

static vly_status album_add(album *a, which file, vly_extent extent, double pixel /* m */)
{
    static const char *const names[FILES] = {"grey.tif", "truth.tif", "edx.tif", "fib/labels.tif", "fib/grey.tif"};
    const bool labels = file == TRUTH || file == FIB_LABELS;
    const vly_sink_options options = {.extent = extent,
                                      .type = labels || file == FIB_GREY ? VLY_U8 : VLY_U16,
                                      .voxel_size = {.x = pixel, .y = pixel, .z = pixel, .verdict = VLY_SIZE_GIVEN},
                                      .labels = labels,
                                      .overwrite = a->overwrite,
                                      .compress = labels || a->compress};
    char *path;
    if (file == FIB_LABELS) VLY_TRY(make_folder(a->fib_folder, &a->made_fib));
    VLY_TRY(vly_format(&path, "%s/%s", a->folder, names[file]));
    vly_status status = vly_sink_open(&a->sink[file], path, a->device, &options);
    vly_free(path);
    return status;
}

static vly_status album_publish(album *a, const char *json)
{
    char *path;
    for (int i = 0; i < FILES; i++)
        if (a->sink[i]) VLY_TRY(vly_sink_finish(a->sink[i]));
    VLY_TRY(vly_format(&path, "%s/synth.json", a->folder));
    vly_status status = vly_file_publish_text(path, json, a->overwrite);
    vly_free(path);
    return status;
}

static void album_close(album *a)
{
    for (int i = 0; i < FILES; i++) vly_sink_close(a->sink[i]);
    if (a->made_fib) vly_folder_drop(a->fib_folder);
    if (a->made_folder) vly_folder_drop(a->folder);
    vly_free(a->fib_folder);
}

static vly_status put_truth(void *self, int32_t z, const uint8_t *labels)
{
    (void)z;
    return vly_sink_write(((album *)self)->sink[TRUTH], 1, labels);
}

static vly_status put_grey(void *self, int32_t z, const uint16_t *grey)
{
    (void)z;
    return vly_sink_write(((album *)self)->sink[GREY], 1, grey);
}

static vly_status put_fib(void *self, int32_t z, const uint8_t *labels, const uint8_t *grey)
{
    const album *a = self;
    (void)z;
    VLY_TRY(vly_sink_write(a->sink[FIB_LABELS], 1, labels));
    return grey ? vly_sink_write(a->sink[FIB_GREY], 1, grey) : VLY_OK;
}

/* The map and the fine volume of a structure. */
static vly_status add_pair(album *a, vly_synth_result *result, const vly_synth_body *body)
{
    const vly_structure *s = &body->structure;
    vly_edx edx;
    vly_fib fib = {.voxel = 0.0};
    VLY_TRY(vly_edx_make(&edx, s, &body->thresholds));
    result->edx_extent = edx.extent;
    result->edx_pixel = 1e-6 * edx.pixel;
    vly_status status = album_add(a, EDX, edx.extent, result->edx_pixel);
    if (status == VLY_OK) status = vly_sink_write(a->sink[EDX], 1, edx.counts);
    vly_edx_free(&edx);
    if (status != VLY_OK || s->options->fib_ratio == 0) return status;
    vly_fib_place(&fib, s);
    result->fib_extent = fib.extent;
    result->fib_voxel = 1e-6 * fib.voxel;
    memcpy(result->fib_coarse, fib.coarse, sizeof fib.coarse);
    memcpy(result->fib_rotation, fib.rotation, sizeof fib.rotation);
    for (int i = 0; i < 3; i++) result->fib_shift[i] = 1e-6 * fib.shift[i];
    if (fib.extent.nx == 0) return VLY_OK;
    const vly_fib_output output = {put_fib, a};
    VLY_TRY(album_add(a, FIB_LABELS, fib.extent, result->fib_voxel));
    if (s->options->fib_grey) VLY_TRY(album_add(a, FIB_GREY, fib.extent, result->fib_voxel));
    return vly_fib_render(&fib, s, &body->thresholds, &output);
}

vly_status vly_synth(vly_synth_result *out, vly_device *device, const char *folder, bool overwrite,
                     const vly_synth_options *options)
{
    album a;
    vly_synth_body body = {.structure = {.device = NULL}};
    const vly_synth_output output = {put_truth, put_grey, &a};
    char *json = NULL;
    memset(out, 0, sizeof *out);
    VLY_TRY(vly_structure_check(options));
    VLY_TRY(vly_camera_check(&options->optics));
    vly_status status = album_open(&a, device, folder, overwrite, options->compress);
    if (status == VLY_OK) status = album_add(&a, GREY, options->extent, options->voxel_size);
    if (status == VLY_OK) status = album_add(&a, TRUTH, options->extent, options->voxel_size);
    if (status == VLY_OK) status = vly_synth_body_open(&body, device, options);
    if (status == VLY_OK) status = vly_synth_render(out, &body, &output);
    if (status == VLY_OK) {
        vly_samples_close(&body.samples); /* room for the fine volume */
        status = add_pair(&a, out, &body);
    }
    if (status == VLY_OK) status = vly_synth_json(&json, out, options, options->extent, options->voxel_size, NULL);
    if (status == VLY_OK) status = album_publish(&a, json);
    vly_free(json);
    vly_synth_body_close(&body);
    album_close(&a);
    return status;
}

/* ---- given labels ---- */

typedef struct shrinking {
    vly_source *labels;
    vly_extent fine, coarse;
    int32_t ratio;
    uint8_t *page;  /* (fine) */
    uint8_t *phase; /* (ratio, ratio * coarse): what the camera sees */
    uint8_t *truth; /* (coarse) */
} shrinking;

/* Reads the planes of page z, cut to whole voxels. VLY_EDATA for a value that is no phase. */
static vly_status read_planes(const shrinking *s, int32_t z)
{
    const int32_t nx = s->ratio * s->coarse.nx, ny = s->ratio * s->coarse.ny;
    uint8_t *to = s->phase;
    for (int32_t k = 0; k < s->ratio; k++) {
        VLY_TRY(vly_source_read(s->labels, z * s->ratio + k, 1, s->page));
        for (int64_t i = 0; i < (int64_t)s->fine.nx * s->fine.ny; i++)
            if (s->page[i] >= VLY_PHASES && s->page[i] != VLY_OUTSIDE)
                return vly_fail(VLY_EDATA,
                                "%s: voxel (%d, %d, %d) is %d, one of 0 pore, 1 am, 2 cbd, 255 outside expected",
                                vly_source_info(s->labels)->path, (int)(i % s->fine.nx), (int)(i / s->fine.nx),
                                (int)(z * s->ratio + k), s->page[i]);
        for (int32_t y = 0; y < ny; y++, to += nx) memcpy(to, s->page + (int64_t)y * s->fine.nx, (size_t)nx);
    }
    return VLY_OK;
}

/* The most frequent phase of a voxel's labels; VLY_OUTSIDE if none has one. */
static uint8_t majority(const shrinking *s, int32_t x, int32_t y)
{
    const int32_t k = s->ratio, nx = k * s->coarse.nx, ny = k * s->coarse.ny;
    int32_t count[256] = {0};
    for (int32_t c = 0; c < k; c++)
        for (int32_t b = 0; b < k; b++)
            for (int32_t a = 0; a < k; a++) count[s->phase[((int64_t)c * ny + y * k + b) * nx + x * k + a]]++;
    if (count[VLY_OUTSIDE] == k * k * k) return VLY_OUTSIDE;
    if (count[VLY_AM] >= count[VLY_CBD] && count[VLY_AM] >= count[VLY_PORE]) return VLY_AM;
    return count[VLY_CBD] >= count[VLY_PORE] ? VLY_CBD : VLY_PORE;
}

static vly_status make_pages(vly_synth_result *out, album *a, vly_camera *camera, const shrinking *s)
{
    for (int32_t z = 0; z < s->coarse.nz; z++) {
        VLY_TRY(vly_device_stop(a->device));
        VLY_TRY(read_planes(s, z));
        for (int32_t y = 0; y < s->coarse.ny; y++)
            for (int32_t x = 0; x < s->coarse.nx; x++) {
                uint8_t label = s->truth[(int64_t)y * s->coarse.nx + x] = majority(s, x, y);
                if (label != VLY_OUTSIDE) out->counts[label]++;
            }
        VLY_TRY(put_truth(a, z, s->truth));
        VLY_TRY(vly_camera_expose(camera, s->phase));
        vly_device_update(a->device, "tomogram", z + 1, s->coarse.nz, "pages");
    }
    out->clamped = vly_camera_clamped(camera);
    return VLY_OK;
}

static vly_status open_shrinking(shrinking *s, vly_source *labels, const vly_synth_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    const int32_t k = options->ratio > 1 ? options->ratio : 1;
    const vly_extent e = info->extent, coarse = {e.nx / k, e.ny / k, e.nz / k};
    *s = (shrinking){.labels = labels, .fine = e, .coarse = coarse, .ratio = k};
    if (info->type != VLY_U8 && info->type != VLY_U1)
        return vly_fail(VLY_EDATA, "%s: %s, u8 labels expected", info->path, vly_type_name(info->type));
    if (options->supersample < 1 || options->supersample > 8)
        return vly_fail(VLY_EUSAGE, "synth: supersample %d, 1 to 8 expected", (int)options->supersample);
    if (options->ratio > 64 || coarse.nx < 1 || coarse.ny < 1 || coarse.nz < 1)
        return vly_fail(VLY_EUSAGE, "--ratio %d: %s has %d x %d x %d voxels, from 1 to 64 of them a side expected", k,
                        info->path, e.nx, e.ny, e.nz);
    const int64_t page = (int64_t)coarse.nx * coarse.ny;
    VLY_TRY(VLY_NEW(&s->page, (int64_t)e.nx * e.ny, "a page of labels"));
    VLY_TRY(VLY_NEW(&s->phase, page * k * k * k, "a page of labels"));
    return VLY_NEW(&s->truth, page, "a page of labels");
}

vly_status vly_synth_from_labels(vly_synth_result *out, vly_device *device, vly_source *labels, const char *folder,
                                 bool overwrite, const vly_synth_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    const vly_voxel_size *size = &info->voxel_size;
    const bool known = (size->verdict == VLY_SIZE_FROM_FILE || size->verdict == VLY_SIZE_GIVEN) && size->x > 0.0;
    album a;
    const vly_camera_film film = {put_grey, &a};
    vly_camera *camera = NULL;
    char *json = NULL;
    shrinking s;
    memset(out, 0, sizeof *out);
    vly_status status = open_shrinking(&s, labels, options);
    const double voxel = (known ? size->x : options->voxel_size) * s.ratio;
    out->voxels = vly_extent_voxels(s.coarse);
    if (status == VLY_OK)
        status = vly_camera_open(&camera, device, s.coarse, s.ratio, s.ratio * options->supersample, &options->optics,
                                 options->seed, &film);
    if (status == VLY_OK) {
        status = album_open(&a, device, folder, overwrite, options->compress);
        if (status == VLY_OK) status = album_add(&a, GREY, s.coarse, voxel);
        if (status == VLY_OK) status = album_add(&a, TRUTH, s.coarse, voxel);
        if (status == VLY_OK) status = make_pages(out, &a, camera, &s);
        if (status == VLY_OK) status = vly_synth_json(&json, out, options, s.coarse, voxel, info->path);
        if (status == VLY_OK) status = album_publish(&a, json);
        album_close(&a);
    }
    vly_free(json);
    vly_free(s.page);
    vly_free(s.phase);
    vly_free(s.truth);
    vly_camera_close(camera);
    return status;
}
