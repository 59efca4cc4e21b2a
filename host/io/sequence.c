/* A volume of one TIFF file per page: a folder, or a pattern whose last part holds wildcards. Files are taken in natural
 * order (page2 before page10), all of them looked at when the volume is opened, and opened again when they are read. */
#include "io/io.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

typedef struct sequence {
    char **paths; /* (count) */
    int64_t count, room;
    char *description;
} sequence;

int vly_natural_order(const char *a, const char *b)
{
    while (*a && *b) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            while (*a == '0') a++;
            while (*b == '0') b++;
            size_t la = strspn(a, "0123456789"), lb = strspn(b, "0123456789");
            if (la != lb) return la < lb ? -1 : 1;
            int order = strncmp(a, b, la);
            if (order != 0) return order;
            a += la;
            b += lb;
        } else {
            if (*a != *b) return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            a++;
            b++;
        }
    }
    return (*a != 0) - (*b != 0);
}

static int compare_paths(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    int order = vly_natural_order(*left, *right);
    return order != 0 ? order : strcmp(*left, *right); /* 07 and 7 */
}

static vly_status add_path(sequence *self, const char *folder, const char *name)
{
    if (self->count == self->room) {
        char **more;
        int64_t wanted = self->room ? 2 * self->room : 64;
        VLY_TRY(VLY_NEW(&more, wanted, "list of files"));
        if (self->count) memcpy(more, self->paths, (size_t)self->count * sizeof *more);
        vly_free(self->paths);
        self->paths = more;
        self->room = wanted;
    }
    VLY_TRY(vly_format(&self->paths[self->count], "%s%s", folder, name));
    self->count++;
    return VLY_OK;
}

typedef struct listing {
    sequence *self;
    const char *folder, *pattern; /* folder with its slash, or ""; pattern NULL: every TIFF file */
} listing;

static vly_status add_if_wanted(void *argument, const char *name)
{
    const listing *l = argument;
    bool wanted = l->pattern ? fnmatch(l->pattern, name, FNM_PERIOD) == 0
                             : vly_path_ends(name, ".tif") || vly_path_ends(name, ".tiff");
    return wanted && *name != '.' ? add_path(l->self, l->folder, name) : VLY_OK;
}

static vly_status find_files(sequence *self, const char *path)
{
    char *folder;
    bool whole = vly_path_is_folder(path);
    const char *slash = strrchr(path, '/'), *pattern = slash ? slash + 1 : path;
    if (whole)
        VLY_TRY(vly_format(&folder, "%s%s", path, slash && !slash[1] ? "" : "/"));
    else
        VLY_TRY(vly_format(&folder, "%.*s", (int)(pattern - path), path));
    listing l = {self, folder, whole ? NULL : pattern};
    vly_status status = vly_folder_each(*folder ? folder : ".", add_if_wanted, &l);
    vly_free(folder);
    VLY_TRY(status);
    if (self->count == 0)
        return whole ? vly_fail(VLY_EDATA, "%s: no TIFF file in this folder", path)
                     : vly_fail(VLY_ENOINPUT, "%s: no file has such a name", path);
    qsort(self->paths, (size_t)self->count, sizeof *self->paths, compare_paths);
    return vly_extent_check(1, 1, self->count, path);
}

/* Opens page z and sees that it is like the others. */
static vly_status open_page(vly_source **out, const vly_source *source, int64_t z)
{
    const sequence *self = source->self;
    vly_source *page;
    const vly_volume_info *all = &source->info;
    *out = NULL;
    VLY_TRY(vly_source_open_file(&page, self->paths[z], 1));
    const vly_volume_info *one = &page->info;
    vly_status status = VLY_OK;
    if (one->extent.nz != 1)
        status =
            vly_fail(VLY_EDATA, "%s: has %d pages, a sequence of single pages expected", one->path, one->extent.nz);
    else if (all->extent.nx != 0 && (one->extent.nx != all->extent.nx || one->extent.ny != all->extent.ny))
        status = vly_fail(VLY_EDATA, "%s: is %d x %d, %s is %d x %d", one->path, one->extent.nx, one->extent.ny,
                          self->paths[0], all->extent.nx, all->extent.ny);
    else if (all->extent.nx != 0 && one->type != all->type)
        status = vly_fail(VLY_EDATA, "%s: is %s, %s is %s", one->path, vly_type_name(one->type), self->paths[0],
                          vly_type_name(all->type));
    if (status == VLY_OK)
        *out = page;
    else
        vly_source_close(page);
    return status;
}

static vly_status read_sequence(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    int64_t bytes = (int64_t)source->info.extent.nx * source->info.extent.ny * vly_type_bytes(source->info.type);
    for (int32_t z = 0; z < count; z++) {
        vly_source *page;
        VLY_TRY(open_page(&page, source, z0 + z));
        vly_status status = vly_source_read(page, 0, 1, (char *)pages + z * bytes);
        vly_source_close(page);
        VLY_TRY(status);
    }
    return VLY_OK;
}

static void close_sequence(vly_source *source)
{
    sequence *self = source->self;
    for (int64_t i = 0; i < self->count; i++) vly_free(self->paths[i]);
    vly_free(self->paths);
    vly_free(self->description);
}

/* Looks at every file; the first one speaks for all. */
static vly_status look_at_files(vly_source *source)
{
    sequence *self = source->self;
    vly_volume_info *info = &source->info;
    for (int64_t z = 0; z < self->count; z++) {
        vly_source *page;
        VLY_TRY(open_page(&page, source, z));
        vly_status status = VLY_OK;
        if (z == 0) {
            status = vly_strdup(&self->description, page->info.description);
            info->extent = (vly_extent){page->info.extent.nx, page->info.extent.ny, 1};
            info->type = page->info.type;
            info->codec = page->info.codec;
            info->voxel_size = page->info.voxel_size;
            info->decode_bytes = page->info.decode_bytes + (64 << 10);
        }
        info->bytes += page->info.bytes;
        vly_source_close(page);
        VLY_TRY(status);
    }
    info->description = self->description;
    info->extent.nz = (int32_t)self->count;
    return vly_extent_check(info->extent.nx, info->extent.ny, info->extent.nz, info->path);
}

vly_status vly_source_open_sequence(vly_source **out, const char *path)
{
    vly_source *source;
    *out = NULL;
    VLY_TRY(vly_source_create(&source, path, sizeof(sequence)));
    source->read = read_sequence;
    source->close = close_sequence;
    source->info.format = "image sequence";
    vly_status status = find_files(source->self, path);
    if (status == VLY_OK) status = look_at_files(source);
    if (status == VLY_OK)
        *out = source;
    else
        vly_source_close(source);
    return status;
}
