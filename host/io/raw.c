/* Raw voxels with a JSON sidecar: volume.raw holds nothing but voxels, volume.json says what they are:
 * {"extent": [nx, ny, nz], "type": "u16", "endian": "little", "offset": 0, "voxel_size_um": [x, y, z],
 *  "description": "..."}; the last four may be missing. */
#include "io/io.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDECAR_MAX = 1 << 20 };

static const uint16_t endian_probe = 1;

static bool host_is_little(void)
{
    return *(const uint8_t *)&endian_probe == 1;
}

/* "dir/volume.raw" and ".json" to "dir/volume.json". */
static vly_status with_ending(char **out, const char *path, const char *ending)
{
    const char *dot = strrchr(path, '.');
    return vly_format(out, "%.*s%s", (int)(dot - path), path, ending);
}

/* ---- reading ---- */

typedef struct raw_source {
    vly_file file;
    int64_t offset;
    bool swap;
    char *description;
} raw_source;

static vly_status read_raw(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    raw_source *self = source->self;
    int32_t size = vly_type_bytes(source->info.type);
    int64_t page = (int64_t)source->info.extent.nx * source->info.extent.ny;
    vly_status status = vly_file_read(&self->file, pages, count * page * size, self->offset + z0 * page * size);
    if (status == VLY_OK && self->swap) vly_swap_bytes(pages, count * page, size);
    return status;
}

static void close_raw(vly_source *source)
{
    raw_source *self = source->self;
    vly_file_close(&self->file);
    vly_free(self->description);
}

static vly_status read_extent(vly_extent *out, const json_t *value, const char *sidecar)
{
    int64_t side[3];
    for (size_t i = 0; i < 3; i++) {
        const json_t *n = json_array_get(value, i);
        if (json_array_size(value) != 3 || !json_is_integer(n))
            return vly_fail(VLY_EDATA, "%s: \"extent\" is to be [nx, ny, nz]", sidecar);
        side[i] = json_integer_value(n);
    }
    VLY_TRY(vly_extent_check(side[0], side[1], side[2], sidecar));
    *out = (vly_extent){(int32_t)side[0], (int32_t)side[1], (int32_t)side[2]};
    return VLY_OK;
}

static vly_status read_type(vly_type *out, const json_t *value, const char *sidecar)
{
    const char *name = json_string_value(value);
    for (int type = VLY_U8; name && type < VLY_U1; type++)
        if (strcmp(name, vly_type_name((vly_type)type)) == 0) {
            *out = (vly_type)type;
            return VLY_OK;
        }
    return vly_fail(VLY_EDATA, "%s: \"type\" is to be one of u8, i8, u16, i16, u32, i32, f32", sidecar);
}

static vly_status read_size(vly_voxel_size *out, const json_t *value, const char *sidecar)
{
    double side[3];
    for (size_t i = 0; i < 3; i++) {
        const json_t *n = json_array_get(value, i);
        side[i] = json_number_value(n) / 1e6;
        if (json_array_size(value) != 3 || !json_is_number(n) || !(side[i] > 0.0))
            return vly_fail(VLY_EDATA, "%s: \"voxel_size_um\" is to be [x, y, z]", sidecar);
    }
    *out = (vly_voxel_size){.x = side[0], .y = side[1], .z = side[2]};
    vly_voxel_size_judge(out);
    snprintf(out->origin, sizeof out->origin, "voxel_size_um [%g, %g, %g]", side[0] * 1e6, side[1] * 1e6,
             side[2] * 1e6);
    return VLY_OK;
}

static vly_status read_entry(vly_source *source, const char *key, const json_t *value, const char *sidecar)
{
    raw_source *self = source->self;
    if (strcmp(key, "extent") == 0) return read_extent(&source->info.extent, value, sidecar);
    if (strcmp(key, "type") == 0) return read_type(&source->info.type, value, sidecar);
    if (strcmp(key, "voxel_size_um") == 0) return read_size(&source->info.voxel_size, value, sidecar);
    if (strcmp(key, "description") == 0 && json_is_string(value) && !self->description) {
        VLY_TRY(vly_strdup(&self->description, json_string_value(value)));
        source->info.description = self->description;
        return VLY_OK;
    }
    if (strcmp(key, "offset") == 0 && json_is_integer(value) && json_integer_value(value) >= 0) {
        self->offset = json_integer_value(value);
        return VLY_OK;
    }
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (strcmp(key, "endian") == 0 && (strcmp(text, "little") == 0 || strcmp(text, "big") == 0)) {
        self->swap = (strcmp(text, "little") == 0) != host_is_little();
        return VLY_OK;
    }
    return vly_fail(VLY_EDATA,
                    "%s: \"%.40s\" is unknown or has an unsuitable value; extent, type, endian, offset, voxel_size_um, "
                    "description expected",
                    sidecar, key);
}

static vly_status read_sidecar(vly_source *source, const char *sidecar)
{
    char *text;
    json_error_t error;
    if (!vly_path_exists(sidecar))
        return vly_fail(VLY_EDATA,
                        "%s: its sidecar is missing, %s with {\"extent\": [nx, ny, nz], \"type\": \"u16\"} "
                        "expected",
                        source->info.path, sidecar);
    VLY_TRY(vly_file_text(&text, sidecar, SIDECAR_MAX));
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    vly_free(text);
    if (!root) return vly_fail(VLY_EDATA, "%s:%d:%d: %s", sidecar, error.line, error.column, error.text);
    vly_status status = VLY_OK;
    const char *key;
    json_t *value;
    if (!json_object_get(root, "extent") || !json_object_get(root, "type"))
        status = vly_fail(VLY_EDATA, "%s: an object with \"extent\" and \"type\" expected", sidecar);
    json_object_foreach(root, key, value) if (status == VLY_OK) status = read_entry(source, key, value, sidecar);
    json_decref(root);
    return status;
}

static vly_status open_voxels(vly_source *source, const char *path)
{
    raw_source *self = source->self;
    vly_volume_info *info = &source->info;
    int64_t voxels = vly_extent_voxels(info->extent) * vly_type_bytes(info->type);
    VLY_TRY(vly_file_open(&self->file, path));
    self->file.path = info->path;
    VLY_TRY(vly_file_size(&self->file, &info->bytes));
    if (info->bytes < self->offset || info->bytes - self->offset != voxels)
        return vly_fail(VLY_EDATA, "%s: %lld bytes, %llu expected for %d x %d x %d %s behind %lld", path,
                        (long long)info->bytes, (unsigned long long)voxels + (unsigned long long)self->offset,
                        info->extent.nx, info->extent.ny, info->extent.nz, vly_type_name(info->type),
                        (long long)self->offset);
    return VLY_OK;
}

vly_status vly_source_open_raw(vly_source **out, const char *path)
{
    vly_source *source;
    char *voxels = NULL, *sidecar = NULL;
    *out = NULL;
    VLY_TRY(vly_source_create(&source, path, sizeof(raw_source)));
    raw_source *self = source->self;
    self->file.descriptor = -1;
    self->swap = !host_is_little();
    source->read = read_raw;
    source->close = close_raw;
    source->info.format = "raw";
    source->info.contiguous = true;
    vly_status status = with_ending(&voxels, path, ".raw");
    if (status == VLY_OK && !vly_path_ends(path, ".json")) { /* keeps .RAW as it is */
        vly_free(voxels);
        status = vly_strdup(&voxels, path);
    }
    if (status == VLY_OK) status = with_ending(&sidecar, path, ".json");
    if (status == VLY_OK) status = read_sidecar(source, sidecar);
    if (status == VLY_OK) status = open_voxels(source, voxels);
    vly_free(voxels);
    vly_free(sidecar);
    if (status == VLY_OK)
        *out = source;
    else
        vly_source_close(source);
    return status;
}

/* ---- writing ---- */

typedef struct raw_sink {
    vly_draft draft;
    vly_sink_options options;
    char *sidecar;
    int64_t end;
} raw_sink;

static vly_status write_raw(vly_sink *sink, int32_t count, const void *pages)
{
    raw_sink *self = sink->self;
    int64_t bytes = (int64_t)sink->extent.nx * sink->extent.ny * vly_type_bytes(sink->type) * count;
    VLY_TRY(vly_file_write(&self->draft.file, pages, bytes, self->end));
    self->end += bytes;
    return VLY_OK;
}

static vly_status sidecar_text(char **out, const vly_sink *sink, const vly_sink_options *options)
{
    const vly_voxel_size *size = &options->voxel_size;
    char unit[120] = "";
    if (size->verdict == VLY_SIZE_FROM_FILE || size->verdict == VLY_SIZE_GIVEN)
        snprintf(unit, sizeof unit, ",\n \"voxel_size_um\": [%.12g, %.12g, %.12g]", size->x * 1e6, size->y * 1e6,
                 size->z * 1e6);
    return vly_format(out,
                      "{\"extent\": [%d, %d, %d],\n \"type\": \"%s\",\n \"endian\": \"%s\",\n \"offset\": 0%s%s}\n",
                      sink->extent.nx, sink->extent.ny, sink->extent.nz, vly_type_name(sink->type),
                      host_is_little() ? "little" : "big", unit,
                      options->labels ? ",\n \"description\": \"labels=0:pore,1:am,2:cbd,255:outside\"" : "");
}

/* Both files are on the disk before either gets its name. An old sidecar never describes new voxels: it goes first, the
 * new one comes last. */
static vly_status finish_raw(vly_sink *sink)
{
    raw_sink *self = sink->self;
    vly_draft sidecar;
    char *text;
    VLY_TRY(sidecar_text(&text, sink, &self->options));
    vly_status status = vly_draft_open(&sidecar, self->sidecar, self->options.overwrite);
    if (status == VLY_OK) status = vly_file_write(&sidecar.file, text, (int64_t)strlen(text), 0);
    if (status == VLY_OK && self->options.overwrite) status = vly_file_remove(self->sidecar);
    if (status == VLY_OK) status = vly_draft_publish(&self->draft);
    if (status == VLY_OK) {
        status = vly_draft_publish(&sidecar);
        if (status != VLY_OK) (void)vly_file_remove(sink->path); /* voxels alone say nothing */
    }
    vly_draft_close(&sidecar);
    vly_free(text);
    return status;
}

static void close_raw_sink(vly_sink *sink)
{
    raw_sink *self = sink->self;
    vly_draft_close(&self->draft);
    vly_free(self->sidecar);
}

vly_status vly_sink_open_raw(vly_sink **out, const char *path, const vly_sink_options *options)
{
    vly_sink *sink;
    *out = NULL;
    VLY_TRY(vly_sink_create(&sink, path, options, sizeof(raw_sink)));
    raw_sink *self = sink->self;
    self->draft.file.descriptor = -1;
    self->options = *options;
    sink->write = write_raw;
    sink->finish = finish_raw;
    sink->close = close_raw_sink;
    vly_status status = with_ending(&self->sidecar, path, ".json");
    if (status == VLY_OK && !options->overwrite && vly_path_exists(self->sidecar))
        status = vly_fail(VLY_EOUTPUT, "%s: exists already, --overwrite replaces it", self->sidecar);
    if (status == VLY_OK) status = vly_draft_open(&self->draft, sink->path, options->overwrite);
    if (status == VLY_OK)
        *out = sink;
    else
        vly_sink_close(sink);
    return status;
}
