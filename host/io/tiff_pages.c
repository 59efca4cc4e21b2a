/* The list of pages: one walk along the chain of directories when a file is opened, so that every page is equally near
 * and every fault of the file is found before any work is done. */
#include "io/tiff_impl.h"

#include <string.h>
#include <tiff.h>

/* Makes room for one more place. */
static vly_status grow(vly_tiff_index *index, int64_t *room)
{
    vly_tiff_place *more;
    if (index->count < *room) return VLY_OK;
    int64_t wanted = *room ? 2 * *room : 64;
    VLY_TRY(VLY_NEW(&more, wanted, "list of pages"));
    if (index->count) memcpy(more, index->places, (size_t)index->count * sizeof *more);
    vly_free(index->places);
    index->places = more;
    *room = wanted;
    return VLY_OK;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static vly_status compare_with_first(const vly_tiff_index *index, const vly_tiff_file *tiff, const vly_tiff_page *page,
                                     vly_type type, int64_t number)
{
    const vly_tiff_page *first = &index->first;
    if (page->width != first->width || page->height != first->height)
        return vly_fail(VLY_EDATA, "%s: page %lld is %lld x %lld, page 0 is %lld x %lld", tiff->file.path,
                        (long long)number, (long long)page->width, (long long)page->height, (long long)first->width,
                        (long long)first->height);
    if (type != index->type)
        return vly_fail(VLY_EDATA, "%s: page %lld is %s, page 0 is %s", tiff->file.path, (long long)number,
                        vly_type_name(type), vly_type_name(index->type));
    if (page->samples != first->samples)
        return vly_fail(VLY_EDATA, "%s: page %lld has %lld channels, page 0 has %lld", tiff->file.path,
                        (long long)number, (long long)page->samples, (long long)first->samples);
    if (page->photometric != first->photometric)
        return vly_fail(VLY_EDATA, "%s: page %lld has white and black the other way round than page 0", tiff->file.path,
                        (long long)number);
    return VLY_OK;
}

static vly_status add_page(vly_tiff_index *index, const vly_tiff_file *tiff, const vly_tiff_page *page, int64_t *room)
{
    vly_type type;
    int64_t data, encoded, number = index->count;
    VLY_TRY(vly_tiff_page_type(&type, tiff, page, number));
    if (number == 0) {
        index->first = *page;
        index->type = type;
    }
    VLY_TRY(compare_with_first(index, tiff, page, type, number));
    VLY_TRY(vly_extent_check(page->width, page->height, number + 1, tiff->file.path));
    VLY_TRY(vly_tiff_page_check(tiff, page, number, &data, &encoded));
    VLY_TRY(grow(index, room));
    index->places[index->count++] = (vly_tiff_place){page->directory, data};
    index->piece_bytes = larger(index->piece_bytes, vly_tiff_piece_bytes(page));
    if (page->tiled || type == VLY_U1) index->scratch_bytes = larger(index->scratch_bytes, vly_tiff_piece_bytes(page));
    index->encoded_bytes = larger(index->encoded_bytes, encoded);
    index->table_bytes = larger(index->table_bytes, page->offsets.count * 8);
    return VLY_OK;
}

vly_status vly_tiff_index_make(vly_tiff_index *out, const vly_tiff_file *tiff)
{
    int64_t room = 0, steps = 0, milestone = 1, seen = 0;
    vly_status status = VLY_OK;
    *out = (vly_tiff_index){.count = 0};
    for (int64_t at = tiff->first; status == VLY_OK && at != 0; steps++) {
        vly_tiff_page page = {.next = 0};
        /* Brent: remembering one directory, ever later, is enough to meet a loop */
        if (at == seen)
            status = vly_fail(VLY_EDATA, "%s: its directories form a loop after page %lld", tiff->file.path,
                              (long long)out->count - 1);
        if (steps == milestone) {
            milestone *= 2;
            seen = at;
        }
        if (status == VLY_OK) status = vly_tiff_page_read(&page, tiff, at, out->count);
        if (status == VLY_OK && !(page.kind & FILETYPE_REDUCEDIMAGE)) status = add_page(out, tiff, &page, &room);
        at = page.next;
    }
    if (status == VLY_OK && out->count == 0)
        status = vly_fail(VLY_EDATA, "%s: holds nothing but thumbnails", tiff->file.path);
    if (status == VLY_OK) status = vly_tiff_text(&out->description, tiff, &out->first.description);
    if (status != VLY_OK) vly_tiff_index_free(out);
    return status;
}

void vly_tiff_index_free(vly_tiff_index *index)
{
    vly_free(index->places);
    vly_free(index->description);
    *index = (vly_tiff_index){.count = 0};
}
