/* A TIFF file as a source: pages that lie in one run are read directly, all others by libtiff. */
#include "io/tiff_impl.h"

#include <string.h>
#include <tiff.h>

typedef struct tiff_source {
    vly_tiff_file tiff;
    vly_tiff_index index;
    vly_tiff_decoder *decoder;
    bool invert; /* white is zero in the file, and shall be the largest value */
} tiff_source;

/* Unsigned values and bits: largest - value is the complement. */
static void invert(void *voxels, int64_t count, vly_type type)
{
    int64_t bytes = count * vly_type_bytes(type);
    uint8_t *v = voxels, mask = type == VLY_U1 ? 1 : 0xFF;
    for (int64_t i = 0; i < bytes; i++) v[i] ^= mask;
}

/* How many of the pages from z on, at most `count`, follow each other in the file. */
static int32_t run_length(const vly_tiff_index *index, int32_t z, int32_t count, int64_t page_bytes)
{
    int32_t run = 1;
    const vly_tiff_place *p = index->places + z;
    while (run < count && p[run].data == p[0].data + run * page_bytes) run++;
    return run;
}

static vly_status read_tiff(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    tiff_source *self = source->self;
    int32_t size = vly_type_bytes(self->index.type), now;
    int64_t page = (int64_t)source->info.extent.nx * source->info.extent.ny * source->info.channels,
            bytes = page * size;
    for (int32_t done = 0; done < count; done += now) {
        const vly_tiff_place *place = &self->index.places[z0 + done];
        char *to = (char *)pages + done * bytes;
        now = 1;
        if (place->data >= 0) {
            now = run_length(&self->index, z0 + done, count - done, bytes);
            vly_status status = vly_file_read(&self->tiff.file, to, now * bytes, place->data);
            if (status != VLY_OK)
                return vly_fail(status, "%s (pages %d to %d)", vly_error_message(), z0 + done, z0 + done + now - 1);
            if (self->tiff.swap) vly_swap_bytes(to, now * page, size);
        } else {
            VLY_TRY(vly_tiff_decode(self->decoder, place->directory, z0 + done, to));
        }
    }
    if (self->invert) invert(pages, count * page, self->index.type);
    return VLY_OK;
}

static void close_tiff(vly_source *source)
{
    tiff_source *self = source->self;
    vly_tiff_decoder_free(self->decoder);
    vly_tiff_index_free(&self->index);
    vly_file_close(&self->tiff.file);
}

/* Pages behind a single directory, as ImageJ writes them above 4 GB: only the description knows how many. */
static vly_status unfold(tiff_source *self, const vly_tiff_meta *meta)
{
    vly_tiff_index *index = &self->index;
    const vly_tiff_page *first = &index->first;
    vly_tiff_place *places, start = index->places[0];
    const char *path = self->tiff.file.path;
    if (meta->images <= 0 || meta->images == index->count) return VLY_OK;
    /* pages were added or cut by somebody who left the description as it was: the directories know better */
    if (meta->single && index->count > 1) return VLY_OK;
    if (!meta->single || start.data < 0)
        return vly_fail(VLY_EDATA, "%s: its description speaks of %lld pages, there are %lld", path,
                        (long long)meta->images, (long long)index->count);
    VLY_TRY(vly_extent_check(first->width, first->height, meta->images, path));
    int64_t bytes = first->width * first->height * first->samples * vly_type_bytes(index->type);
    int64_t whole = (self->tiff.bytes - start.data) / bytes;
    if (whole < meta->images)
        return vly_fail(VLY_EDATA, "%s: ends within page %lld of %lld: truncated?", path, (long long)whole,
                        (long long)meta->images);
    VLY_TRY(VLY_NEW(&places, meta->images, "list of pages"));
    for (int64_t z = 0; z < meta->images; z++) places[z] = (vly_tiff_place){start.directory, start.data + z * bytes};
    vly_free(index->places);
    index->places = places;
    index->count = meta->images;
    return VLY_OK;
}

static void describe(vly_source *source, const tiff_source *self, const vly_tiff_meta *meta)
{
    const vly_tiff_index *index = &self->index;
    vly_volume_info *info = &source->info;
    info->format = meta->format;
    info->codec = vly_tiff_codec_name(index->first.codec);
    info->extent = (vly_extent){(int32_t)index->first.width, (int32_t)index->first.height, (int32_t)index->count};
    info->type = index->type;
    info->channels = (int32_t)index->first.samples;
    info->voxel_size = meta->size;
    info->bytes = self->tiff.bytes;
    info->description = index->description;
    int64_t page = index->first.width * index->first.height * index->first.samples * vly_type_bytes(index->type);
    info->contiguous =
        index->places[0].data >= 0 && run_length(index, 0, (int32_t)index->count, page) == (int32_t)index->count;
    for (int64_t z = 0; z < index->count && info->decode_bytes == 0; z++)
        if (index->places[z].data < 0)
            info->decode_bytes = index->piece_bytes + index->encoded_bytes + index->table_bytes * 2;
}

vly_status vly_source_open_tiff(vly_source **out, const char *path)
{
    vly_source *source;
    vly_tiff_meta meta;
    *out = NULL;
    VLY_TRY(vly_source_create(&source, path, sizeof(tiff_source)));
    tiff_source *self = source->self;
    self->tiff.file.descriptor = -1;
    source->read = read_tiff;
    source->close = close_tiff;
    path = source->info.path; /* ours lives as long as the file */
    vly_status status = vly_tiff_file_open(&self->tiff, path);
    if (status == VLY_OK) status = vly_tiff_index_make(&self->index, &self->tiff);
    if (status == VLY_OK) status = vly_tiff_meta_read(&meta, &self->tiff, &self->index);
    if (status == VLY_OK) status = unfold(self, &meta);
    if (status == VLY_OK) status = vly_tiff_decoder_create(&self->decoder, path, &self->index);
    if (status == VLY_OK) {
        /* tifffile writes a true as 1 and calls zero white all the same */
        bool truths = self->index.type == VLY_U1 && strncmp(self->index.description, "{\"shape\"", 8) == 0;
        self->invert = self->index.first.photometric == PHOTOMETRIC_MINISWHITE && !truths;
        describe(source, self, &meta);
        *out = source;
    } else {
        vly_source_close(source);
    }
    return status;
}
