/* Two files of one kind: volumes voxel by voxel, tables line by line, documents value by value. */
#include "study/diff_impl.h"

#include "core/device_impl.h"
#include "core/file.h"
#include "core/memory.h"
#include "study/study_impl.h"

#include <stdio.h>
#include <string.h>

/* ---- volumes ---- */

typedef struct pair {
    vly_diff_work *work;
    const char *name;
    vly_source *sources[2];
    void *pages[2];
    int64_t differing, first; /* voxels; index of the first one */
    double values[2];         /* of it */
} pair;

static void count_page(pair *p, int32_t z, int64_t voxels, vly_type type)
{
    const int32_t bytes = vly_type_bytes(type);
    const char *a = p->pages[0], *b = p->pages[1];
    if (memcmp(a, b, (size_t)(voxels * bytes)) == 0) return;
    for (int64_t i = 0; i < voxels; i++) {
        if (memcmp(a + i * bytes, b + i * bytes, (size_t)bytes) == 0) continue;
        if (p->differing++ > 0) continue;
        p->first = z * voxels + i;
        p->values[0] = vly_type_value(type, a, i);
        p->values[1] = vly_type_value(type, b, i);
    }
}

static vly_status compare_pages(pair *p, const vly_volume_info *info)
{
    const int64_t voxels = (int64_t)info->extent.nx * info->extent.ny;
    for (int k = 0; k < 2; k++) VLY_TRY(vly_alloc_raw(&p->pages[k], voxels, vly_type_bytes(info->type), "page"));
    for (int32_t z = 0; z < info->extent.nz; z++) {
        VLY_TRY(vly_device_stop(p->work->device));
        for (int k = 0; k < 2; k++) VLY_TRY(vly_source_read(p->sources[k], z, 1, p->pages[k]));
        count_page(p, z, voxels, info->type);
        vly_device_update(p->work->device, p->name, z + 1, info->extent.nz, "page");
    }
    if (p->differing == 0) return VLY_OK;
    const int64_t in_page = p->first % voxels;
    VLY_FINDING(p->work, "%s: %lld of %lld voxels differ, the first at x=%lld y=%lld z=%lld: %.9g and %.9g", p->name,
                (long long)p->differing, (long long)(voxels * info->extent.nz), (long long)(in_page % info->extent.nx),
                (long long)(in_page / info->extent.nx), (long long)(p->first / voxels), p->values[0], p->values[1]);
    return VLY_OK;
}

static vly_status compare_open(pair *p)
{
    const vly_volume_info *a = vly_source_info(p->sources[0]), *b = vly_source_info(p->sources[1]);
    const vly_extent e = a->extent, f = b->extent;
    const vly_voxel_size *s = &a->voxel_size, *t = &b->voxel_size;
    if (e.nx != f.nx || e.ny != f.ny || e.nz != f.nz) {
        VLY_FINDING(p->work, "%s: %d x %d x %d and %d x %d x %d voxels", p->name, e.nx, e.ny, e.nz, f.nx, f.ny, f.nz);
        return VLY_OK;
    }
    if (a->type != b->type) {
        VLY_FINDING(p->work, "%s: %s and %s", p->name, vly_type_name(a->type), vly_type_name(b->type));
        return VLY_OK;
    }
    if (s->x != t->x || s->y != t->y || s->z != t->z)
        VLY_FINDING(p->work, "%s: voxels of %g x %g x %g and %g x %g x %g um", p->name, s->x * 1e6, s->y * 1e6,
                    s->z * 1e6, t->x * 1e6, t->y * 1e6, t->z * 1e6);
    return compare_pages(p, a);
}

vly_status vly_diff_volumes(vly_diff_work *work, const char *name, const char *a, const char *b)
{
    pair p = {.work = work, .name = name};
    vly_status status = vly_source_open(&p.sources[0], a, NULL);
    if (status == VLY_OK) status = vly_source_open(&p.sources[1], b, NULL);
    if (status == VLY_OK) status = compare_open(&p);
    for (int k = 0; k < 2; k++) {
        vly_source_close(p.sources[k]);
        vly_free(p.pages[k]);
    }
    return status;
}

/* ---- tables ---- */

enum { TABLE_BYTES_MAX = 256 << 20 };

static void compare_lines(vly_diff_work *work, const char *name, const char *a, const char *b)
{
    int64_t line = 1, differing = 0;
    char first[400] = "";
    for (; *a || *b; line++) {
        const int m = (int)strcspn(a, "\n"), n = (int)strcspn(b, "\n");
        if ((m != n || memcmp(a, b, (size_t)m) != 0) && differing++ == 0)
            snprintf(first, sizeof first, "line %lld: \"%.*s\" and \"%.*s\"", (long long)line, m < 150 ? m : 150, a,
                     n < 150 ? n : 150, b);
        a += m + (a[m] != 0);
        b += n + (b[n] != 0);
    }
    if (differing > 0) VLY_FINDING(work, "%s: %lld rows differ, the first in %s", name, (long long)differing, first);
}

vly_status vly_diff_rows(vly_diff_work *work, const char *name, const char *a, const char *b)
{
    char *texts[2] = {NULL};
    vly_status status = vly_file_text(&texts[0], a, TABLE_BYTES_MAX);
    if (status == VLY_OK) status = vly_file_text(&texts[1], b, TABLE_BYTES_MAX);
    if (status == VLY_OK) compare_lines(work, name, texts[0], texts[1]);
    vly_free(texts[0]);
    vly_free(texts[1]);
    return status;
}

/* ---- documents ---- */

/* Who made it, where and how fast, not what it says. path: of the object; files among the settings count by the digests that
 * stand with the inputs. */
static bool meaningless(const char *path, const char *key)
{
    static const char keys[] = "seconds path device_description voxelyte commit command resumed_at_step";
    const size_t length = strlen(key);
    if (length > 8 && strcmp(key + length - 8, "_seconds") == 0) return true; /* spent, of some part */
    if (strcmp(path, "settings") == 0 && vly_option_is_input(key)) return true;
    return vly_listed(keys, key) || vly_option_is_machine(key);
}

typedef struct walk {
    const char *const *folders; /* the two studies', as their documents name them */
    int64_t differing;
    char first[400];
} walk;

static void brief(char text[80], const json_t *value)
{
    char *end = text;
    size_t bytes = value ? json_dumpb(value, text, 79, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
    text[bytes < 79 ? bytes : 0] = 0;
    if (!value) snprintf(text, 80, "nothing");
    if (*end == 0) snprintf(text, 80, "something else");
}

static void differ(walk *w, const char *path, const json_t *a, const json_t *b)
{
    char x[80], y[80];
    if (w->differing++ > 0) return;
    brief(x, a);
    brief(y, b);
    snprintf(w->first, sizeof w->first, "%s: %s and %s", path, x, y);
}

/* The same words, each with the paths of its own study in them. */
static bool same_text(const walk *w, const char *a, const char *b)
{
    const char *const own = w->folders[0], *const other = w->folders[1];
    const size_t m = own ? strlen(own) : 0, n = other ? strlen(other) : 0;
    while (*a || *b) {
        if (m > 0 && n > 0 && strncmp(a, own, m) == 0 && strncmp(b, other, n) == 0) {
            a += m;
            b += n;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return true;
}

static void compare_values(walk *w, const char *path, const json_t *a, const json_t *b);

static void compare_objects(walk *w, const char *path, json_t *a, json_t *b)
{
    const char *key;
    json_t *value;
    char below[200];
    json_object_foreach(a, key, value)
    {
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
        if (!meaningless(path, key)) compare_values(w, below, value, json_object_get(b, key));
    }
    json_object_foreach(b, key, value)
    {
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
        if (!meaningless(path, key) && !json_object_get(a, key)) differ(w, below, NULL, value);
    }
}

static void compare_values(walk *w, const char *path, const json_t *a, const json_t *b)
{
    if (json_is_object(a) && json_is_object(b)) {
        compare_objects(w, path, (json_t *)a, (json_t *)b);
    } else if (json_is_array(a) && json_is_array(b) && json_array_size(a) == json_array_size(b)) {
        for (size_t i = 0; i < json_array_size(a); i++) {
            char below[200];
            snprintf(below, sizeof below, "%.170s.%d", path, (int)i);
            compare_values(w, below, json_array_get(a, i), json_array_get(b, i));
        }
    } else if (json_is_string(a) && json_is_string(b)) {
        if (!same_text(w, json_string_value(a), json_string_value(b))) differ(w, path, a, b);
    } else if (!json_equal(a, b)) {
        differ(w, path, a, b);
    }
}

vly_status vly_diff_documents(vly_diff_work *work, const char *name, const char *a, const char *b)
{
    vly_document *documents[2] = {NULL};
    walk w = {.folders = work->folders};
    vly_status status = vly_document_read(&documents[0], a);
    if (status == VLY_OK) status = vly_document_read(&documents[1], b);
    if (status == VLY_OK) compare_values(&w, "", documents[0]->root, documents[1]->root);
    if (w.differing > 0)
        VLY_FINDING(work, "%s: %lld values differ, the first is %s", name, (long long)w.differing, w.first);
    vly_document_free(documents[0]);
    vly_document_free(documents[1]);
    return status;
}
