/* Where an array lies in the file follows from the sizes before it, so everything is written once, front to back. */
#include "io/vti.h"

#include "core/number.h"
#include "core/text.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const uint16_t endian_probe = 1;

static const char *type_name(vly_type type)
{
    return type == VLY_U8 ? "UInt8" : type == VLY_U16 ? "UInt16" : "Float32";
}

static void add_extent(vly_text *to, const char *key, vly_extent e)
{
    vly_text_add(to, "%s=\"0 %d 0 %d 0 %d\"", key, e.nx, e.ny, e.nz);
}

static void add_spacing(vly_text *to, const double spacing[3])
{
    for (int a = 0; a < 3; a++) {
        char number[VLY_NUMBER_BYTES] = "1";
        if (spacing) vly_number_write(number, round(1e18 * spacing[a]) / 1e12); /* 0.642, not 0.6419999 */
        vly_text_add(to, "%s%s", a ? " " : "", number);
    }
}

static void write_head(vly_text *to, vly_extent e, const double spacing[3], const vly_vti_array *arrays,
                       const vly_vti *vti)
{
    const char *order = *(const uint8_t *)&endian_probe == 1 ? "Little" : "Big";
    int64_t offset = 0;
    vly_text_add(to,
                 "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"%sEndian\" "
                 "header_type=\"UInt64\">\n<ImageData ",
                 order);
    add_extent(to, "WholeExtent", e);
    vly_text_add(to, " Origin=\"0 0 0\" Spacing=\"");
    add_spacing(to, spacing);
    vly_text_add(to, "\">\n<Piece ");
    add_extent(to, "Extent", e);
    vly_text_add(to, ">\n<CellData Scalars=\"%s\">\n", arrays[0].name);
    for (int32_t i = 0; i < vti->count; i++) {
        vly_text_add(to, "<DataArray type=\"%s\" Name=\"%s\" format=\"appended\" offset=\"%lld\"/>\n",
                     type_name(arrays[i].type), arrays[i].name, (long long)offset);
        offset += (int64_t)sizeof(uint64_t) + vti->bytes[i];
    }
    vly_text_add(to, "</CellData>\n</Piece>\n</ImageData>\n<AppendedData encoding=\"raw\">\n_");
}

static vly_status put(vly_vti *vti, const void *from, int64_t bytes)
{
    VLY_TRY(vly_file_write(&vti->draft.file, from, bytes, vti->end));
    vti->end += bytes;
    return VLY_OK;
}

vly_status vly_vti_open(vly_vti *out, const char *path, vly_extent extent, const double spacing[3],
                        const vly_vti_array *arrays, int32_t count, bool overwrite)
{
    vly_text head = {0};
    assert(count >= 1 && count <= VLY_VTI_ARRAYS);
    *out = (vly_vti){.count = count, .draft.file.descriptor = -1};
    for (int32_t i = 0; i < count; i++) out->bytes[i] = vly_extent_voxels(extent) * vly_type_bytes(arrays[i].type);
    write_head(&head, extent, spacing, arrays, out);
    vly_status status = head.status == VLY_OK ? vly_draft_open(&out->draft, path, overwrite) : head.status;
    if (status == VLY_OK) status = put(out, head.text, head.length);
    vly_text_free(&head);
    if (status != VLY_OK) vly_vti_close(out);
    return status;
}

vly_status vly_vti_append(vly_vti *vti, const void *from, int64_t bytes)
{
    if (vti->left == 0) {
        assert(vti->at < vti->count);
        const uint64_t length = (uint64_t)vti->bytes[vti->at];
        VLY_TRY(put(vti, &length, sizeof length));
        vti->left = vti->bytes[vti->at++];
    }
    assert(bytes <= vti->left);
    vti->left -= bytes;
    return put(vti, from, bytes);
}

vly_status vly_vti_finish(vly_vti *vti)
{
    static const char foot[] = "\n</AppendedData>\n</VTKFile>\n";
    assert(vti->at == vti->count && vti->left == 0);
    VLY_TRY(put(vti, foot, (int64_t)strlen(foot)));
    return vly_draft_publish(&vti->draft);
}

void vly_vti_close(vly_vti *vti)
{
    vly_draft_close(&vti->draft);
}

/* ---- a volume of one array ---- */

static vly_status write_vti(vly_sink *sink, int32_t count, const void *pages)
{
    return vly_vti_append(sink->self, pages,
                          (int64_t)sink->extent.nx * sink->extent.ny * vly_type_bytes(sink->type) * count);
}

static vly_status finish_vti(vly_sink *sink)
{
    return vly_vti_finish(sink->self);
}

static void close_vti(vly_sink *sink)
{
    vly_vti_close(sink->self);
}

vly_status vly_sink_open_vti(vly_sink **out, const char *path, const vly_sink_options *options)
{
    const vly_voxel_size *size = &options->voxel_size;
    const bool known = size->verdict == VLY_SIZE_FROM_FILE || size->verdict == VLY_SIZE_GIVEN;
    const double spacing[3] = {size->x, size->y, size->z};
    const vly_vti_array array = {options->labels ? "label" : "value", options->type};
    vly_sink *sink;
    *out = NULL;
    VLY_TRY(vly_sink_create(&sink, path, options, sizeof(vly_vti)));
    vly_status status =
        vly_vti_open(sink->self, sink->path, sink->extent, known ? spacing : NULL, &array, 1, options->overwrite);
    if (status == VLY_OK) {
        sink->write = write_vti;
        sink->finish = finish_vti;
        sink->close = close_vti;
        *out = sink;
    } else {
        vly_sink_close(sink);
    }
    return status;
}
