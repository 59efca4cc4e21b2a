/* Opening a volume, whatever it is: folders and patterns are sequences, the first bytes tell a TIFF, a name tells raw. */
#include "io/io.h"

#include <ctype.h>
#include <string.h>

int32_t vly_type_bytes(vly_type type)
{
    static const int32_t bytes[] = {[VLY_U8] = 1,  [VLY_I8] = 1,  [VLY_U16] = 2, [VLY_I16] = 2,
                                    [VLY_U32] = 4, [VLY_I32] = 4, [VLY_F32] = 4, [VLY_U1] = 1};
    return bytes[type];
}

const char *vly_type_name(vly_type type)
{
    static const char *const names[] = {[VLY_U8] = "u8",   [VLY_I8] = "i8",   [VLY_U16] = "u16", [VLY_I16] = "i16",
                                        [VLY_U32] = "u32", [VLY_I32] = "i32", [VLY_F32] = "f32", [VLY_U1] = "u1"};
    return names[type];
}

double vly_type_value(vly_type type, const void *voxels, int64_t i)
{
    switch (type) {
    case VLY_I8:
        return ((const int8_t *)voxels)[i];
    case VLY_U16:
        return ((const uint16_t *)voxels)[i];
    case VLY_I16:
        return ((const int16_t *)voxels)[i];
    case VLY_U32:
        return ((const uint32_t *)voxels)[i];
    case VLY_I32:
        return ((const int32_t *)voxels)[i];
    case VLY_F32:
        return (double)((const float *)voxels)[i];
    default:
        return ((const uint8_t *)voxels)[i];
    }
}

bool vly_path_ends(const char *path, const char *ending)
{
    size_t length = strlen(path), end = strlen(ending);
    if (length < end) return false;
    for (size_t i = 0; i < end; i++)
        if (tolower((unsigned char)path[length - end + i]) != ending[i]) return false;
    return true;
}

void vly_swap_bytes(void *values, int64_t count, int32_t bytes)
{
    if (bytes == 2) {
        uint16_t *v = values;
        for (int64_t i = 0; i < count; i++) v[i] = __builtin_bswap16(v[i]);
    } else if (bytes == 4) {
        uint32_t *v = values;
        for (int64_t i = 0; i < count; i++) v[i] = __builtin_bswap32(v[i]);
    }
}

vly_status vly_source_create(vly_source **out, const char *path, int64_t self_bytes)
{
    vly_source *source;
    char *copy = NULL;
    *out = NULL;
    VLY_TRY(VLY_NEW(&source, 1, "source"));
    vly_status status = vly_strdup(&copy, path);
    if (status == VLY_OK && self_bytes > 0) status = vly_alloc(&source->self, 1, self_bytes, "source");
    if (status != VLY_OK) {
        vly_free(copy);
        vly_free(source);
        return status;
    }
    source->info = (vly_volume_info){.path = copy, .format = "", .channels = 1, .codec = "none", .description = ""};
    *out = source;
    return VLY_OK;
}

const vly_volume_info *vly_source_info(const vly_source *source)
{
    return &source->info;
}

vly_status vly_source_read(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    int32_t nz = source->info.extent.nz;
    if (z0 < 0 || count < 0 || count > nz || z0 > nz - count)
        return vly_fail(VLY_EUSAGE, "%s: %d pages from %d on asked for, there are %d", source->info.path, count, z0,
                        nz);
    return count == 0 ? VLY_OK : source->read(source, z0, count, pages);
}

void vly_source_close(vly_source *source)
{
    if (!source) return;
    if (source->close) source->close(source);
    vly_free(source->self);
    vly_free((char *)source->info.path);
    vly_free(source);
}

/* What a file that is no TIFF is, by its first bytes. */
static const char *known_as(const uint8_t *head, int64_t got)
{
    static const struct {
        const char *magic;
        int length;
        const char *name;
    } kinds[] = {{"\x89PNG", 4, "a PNG image"},      {"\xff\xd8\xff", 3, "a JPEG image"},
                 {"\x89HDF", 4, "an HDF5 file"},     {"PK\3\4", 4, "a ZIP archive"},
                 {"\x1f\x8b", 2, "gzip-compressed"}, {"BM", 2, "a BMP image"},
                 {"<?xml", 5, "an XML file"},        {"{", 1, "a JSON file"}};
    if (got == 0) return "empty";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (got >= kinds[i].length && memcmp(head, kinds[i].magic, (size_t)kinds[i].length) == 0) return kinds[i].name;
    return "no TIFF file";
}

/* By its first bytes and its name. */
static vly_status open_any(vly_source **out, const char *path)
{
    vly_file file;
    uint8_t head[8];
    int64_t got = 0;
    VLY_TRY(vly_file_open(&file, path));
    vly_status status = vly_file_read_some(&file, head, sizeof head, 0, &got);
    vly_file_close(&file);
    VLY_TRY(status);
    if (vly_path_ends(path, ".raw") || vly_path_ends(path, ".json")) return vly_source_open_raw(out, path);
    bool little = got >= 4 && memcmp(head, "II", 2) == 0 && (head[2] == 42 || head[2] == 43) && head[3] == 0;
    bool big = got >= 4 && memcmp(head, "MM", 2) == 0 && (head[3] == 42 || head[3] == 43) && head[2] == 0;
    if (little || big) return vly_source_open_tiff(out, path);
    return vly_fail(VLY_EDATA, "%s: is %s, a TIFF file, a folder of them, or .raw with a JSON sidecar expected", path,
                    known_as(head, got));
}

vly_status vly_source_open_file(vly_source **out, const char *path, int32_t channels)
{
    VLY_TRY(open_any(out, path));
    int32_t found = (*out)->info.channels;
    if (found == channels) return VLY_OK;
    vly_source_close(*out);
    *out = NULL;
    if (channels == 1) return vly_fail(VLY_EDATA, "%s: %d channels, one grey channel expected", path, (int)found);
    return vly_fail(VLY_EDATA, "%s: %d channel%s, %d channels of f32 expected", path, (int)found, found > 1 ? "s" : "",
                    (int)channels);
}

vly_status vly_source_open(vly_source **out, const char *path, const vly_source_options *options)
{
    *out = NULL;
    bool pattern = strpbrk(path, "*?[") && !vly_path_exists(path);
    int32_t channels = options && options->channels ? options->channels : 1;
    vly_source *source = NULL;
    VLY_TRY(pattern || vly_path_is_folder(path) ? vly_source_open_sequence(&source, path)
                                                : vly_source_open_file(&source, path, channels));
    if (options && options->voxel_size.verdict == VLY_SIZE_GIVEN) source->info.voxel_size = options->voxel_size;
    *out = source;
    return VLY_OK;
}
