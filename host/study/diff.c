/* Two studies or two volumes, in words. A study is compared through its manifest: what it was made of, then every file. */
#include "study/diff_impl.h"

#include "core/digest.h"
#include "core/file.h"
#include "core/memory.h"
#include "study/run_impl.h"

#include <string.h>

typedef struct sides {
    const char *folders[2];
    vly_document *manifests[2];
} sides;

/* ---- what they were made of ---- */

static void compare_inputs(vly_diff_work *work, const sides *s)
{
    const json_t *a = json_object_get(s->manifests[0]->root, "inputs"),
                 *b = json_object_get(s->manifests[1]->root, "inputs");
    if (json_array_size(a) != json_array_size(b))
        VLY_FINDING(work, "%zu and %zu inputs", json_array_size(a), json_array_size(b));
    for (size_t i = 0; i < json_array_size(a) && i < json_array_size(b); i++) {
        const json_t *x = json_array_get(a, i), *y = json_array_get(b, i);
        if (strcmp(vly_json_text(x, "xxh128"), vly_json_text(y, "xxh128")) != 0)
            VLY_FINDING(work, "%s: the %s volumes differ: %s and %s", vly_json_text(x, "sample"),
                        vly_json_text(x, "role"), vly_json_text(x, "path"), vly_json_text(y, "path"));
    }
}

static void compare_config(vly_diff_work *work, const sides *s)
{
    const json_t *b = json_object_get(s->manifests[1]->root, "config");
    const char *sample, *key;
    json_t *options, *option;
    json_object_foreach(json_object_get(s->manifests[0]->root, "config"), sample, options)
    {
        const json_t *others = json_object_get(b, sample);
        if (!others) VLY_FINDING(work, "%s: a sample of the first study only", sample);
        json_object_foreach(options, key, option)
        {
            const char *x = vly_json_text(option, "value"), *y = vly_json_text(json_object_get(others, key), "value");
            bool file = vly_option_is_input(key); /* an input, compared by its contents */
            if (others && !file && strcmp(x, y) != 0) VLY_FINDING(work, "%s: %s is %s and %s", sample, key, x, y);
        }
    }
    json_object_foreach((json_t *)b, sample, options)
    {
        if (!json_object_get(json_object_get(s->manifests[0]->root, "config"), sample))
            VLY_FINDING(work, "%s: a sample of the second study only", sample);
    }
}

static void compare_suspensions(vly_diff_work *work, const sides *s)
{
    const json_t *a = json_object_get(s->manifests[0]->root, "suspensions"),
                 *b = json_object_get(s->manifests[1]->root, "suspensions");
    const char *name;
    json_t *recipe;
    json_object_foreach((json_t *)a, name, recipe)
    {
        const json_t *other = json_object_get(b, name);
        if (!other)
            VLY_FINDING(work, "%s: a suspension of the first study only", name);
        else if (!json_equal(recipe, other))
            VLY_FINDING(work, "%s: the recipes of this suspension differ", name);
    }
    json_object_foreach((json_t *)b, name, recipe)
    {
        if (!json_object_get(a, name)) VLY_FINDING(work, "%s: a suspension of the second study only", name);
    }
}

/* ---- what came out ---- */

static bool lists(const vly_document *manifest, const char *name)
{
    const json_t *outputs = json_object_get(manifest->root, "outputs");
    for (size_t i = 0; i < json_array_size(outputs); i++)
        if (strcmp(vly_json_text(json_array_get(outputs, i), "path"), name) == 0) return true;
    return false;
}

static bool ends(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

static vly_status compare_paths(vly_diff_work *work, const char *name, const char *a, const char *b)
{
    char x[VLY_DIGEST_BYTES], y[VLY_DIGEST_BYTES];
    if (!vly_path_exists(a) || !vly_path_exists(b)) {
        VLY_FINDING(work, "%s: is gone from the %s study", name, vly_path_exists(a) ? "second" : "first");
        return VLY_OK;
    }
    VLY_TRY(vly_digest_file(x, NULL, a));
    VLY_TRY(vly_digest_file(y, NULL, b));
    if (strcmp(x, y) == 0) return VLY_OK;
    if (ends(name, ".tif")) return vly_diff_volumes(work, name, a, b);
    if (ends(name, ".json")) return vly_diff_documents(work, name, a, b);
    if (ends(name, ".csv")) return vly_diff_rows(work, name, a, b);
    VLY_FINDING(work, "%s: differs", name);
    return VLY_OK;
}

static vly_status compare_output(vly_diff_work *work, const sides *s, const char *name)
{
    char *paths[2] = {NULL};
    if (ends(name, ".html")) return VLY_OK; /* a view of the others */
    if (!lists(s->manifests[1], name)) {
        VLY_FINDING(work, "%s: only in the first study", name);
        return VLY_OK;
    }
    vly_status status = vly_format(&paths[0], "%s/%s", s->folders[0], name);
    if (status == VLY_OK) status = vly_format(&paths[1], "%s/%s", s->folders[1], name);
    if (status == VLY_OK) status = compare_paths(work, name, paths[0], paths[1]);
    vly_free(paths[0]);
    vly_free(paths[1]);
    return status;
}

static vly_status compare_outputs(vly_diff_work *work, const sides *s)
{
    const json_t *outputs[2];
    for (int k = 0; k < 2; k++) outputs[k] = json_object_get(s->manifests[k]->root, "outputs");
    for (size_t i = 0; i < json_array_size(outputs[0]); i++)
        VLY_TRY(compare_output(work, s, vly_json_text(json_array_get(outputs[0], i), "path")));
    for (size_t i = 0; i < json_array_size(outputs[1]); i++) {
        const char *name = vly_json_text(json_array_get(outputs[1], i), "path");
        if (!lists(s->manifests[0], name)) VLY_FINDING(work, "%s: only in the second study", name);
    }
    return VLY_OK;
}

/* ---- the calls ---- */

static vly_status read_manifest(vly_document **out, const char *folder)
{
    char *path;
    *out = NULL;
    VLY_TRY(vly_format(&path, "%s/manifest.json", folder));
    vly_status status = vly_path_exists(path)
                            ? vly_document_read(out, path)
                            : vly_fail(VLY_ENOINPUT, "%s: holds no manifest.json, a complete study expected", folder);
    vly_free(path);
    return status;
}

static vly_status diff_studies(vly_diff_work *work, const char *a, const char *b)
{
    sides s = {.folders = {a, b}};
    vly_status status = read_manifest(&s.manifests[0], a);
    if (status == VLY_OK) status = read_manifest(&s.manifests[1], b);
    for (int k = 0; k < 2 && status == VLY_OK; k++)
        work->folders[k] = vly_document_string(s.manifests[k], "volatile.folder");
    if (status == VLY_OK) {
        compare_inputs(work, &s);
        compare_config(work, &s);
        compare_suspensions(work, &s);
        status = compare_outputs(work, &s);
    }
    work->folders[0] = work->folders[1] = NULL;
    vly_document_free(s.manifests[0]);
    vly_document_free(s.manifests[1]);
    return status;
}

/* A folder of pages is a volume; one with a manifest, or with pieces, is a study. */
static bool is_study(const char *path)
{
    static const char *const marks[] = {"manifest.json", "pieces", "study.yaml"};
    bool found = false;
    for (size_t i = 0; i < sizeof marks / sizeof *marks && vly_path_is_folder(path) && !found; i++) {
        char *mark;
        if (vly_format(&mark, "%s/%s", path, marks[i]) != VLY_OK) return false;
        found = vly_path_exists(mark);
        vly_free(mark);
    }
    return found;
}

vly_status vly_diff(vly_diff_result *out, vly_device *device, const char *a, const char *b)
{
    vly_diff_work work = {.device = device};
    const bool study = is_study(a);
    *out = (vly_diff_result){.words = NULL};
    if (study && !vly_path_exists(b)) return vly_fail(VLY_ENOINPUT, "%s: no such file or folder", b);
    if (!study && is_study(b) && !vly_path_exists(a)) return vly_fail(VLY_ENOINPUT, "%s: no such file or folder", a);
    if (study != is_study(b))
        return vly_fail(VLY_EUSAGE, "%s is a study and %s is not: two studies or two volumes expected", study ? a : b,
                        study ? b : a);
    vly_status status = study ? diff_studies(&work, a, b) : vly_diff_volumes(&work, "volumes", a, b);
    vly_text_add(&work.words, work.differences ? "different" : "the same");
    if (status == VLY_OK) status = work.words.status;
    if (status != VLY_OK) {
        vly_text_free(&work.words);
        return status;
    }
    *out = (vly_diff_result){work.words.text, work.differences};
    return work.differences ? vly_fail(VLY_DIFFERENT, "%s and %s differ", a, b) : VLY_OK;
}

void vly_diff_result_free(vly_diff_result *result)
{
    vly_free(result->words);
    *result = (vly_diff_result){.words = NULL};
}
