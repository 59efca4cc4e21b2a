/* The key of a piece is the digest of all it depends on: contents of its inputs, settings of its command, keys of what it
 * needs. Paths are no part of it, so a study may move. */
#include "study/run_impl.h"

#include "core/device_impl.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "io/io.h"

#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t bit;
    const char *role;
} roles[] = {{VLY_INPUT_GREY, "grey"},
             {VLY_INPUT_MASK, "mask"},
             {VLY_INPUT_MODEL, "model"},
             {VLY_INPUT_FIB, "fib"},
             {VLY_INPUT_TRANSFORM, "transform"},
             {VLY_INPUT_EDX, "edx"},
             {VLY_INPUT_AM, "am"},
             {VLY_INPUT_TRUTH, "truth"},
             {VLY_INPUT_MATERIALS, "parameters"},
             {VLY_INPUT_EXPERIMENT, "experiment"}};

enum { ROLES = sizeof roles / sizeof *roles };

static const char given_role[] = "trinarised";

static const char *path_of(const vly_sample *sample, uint32_t bit)
{
    const vly_settings *settings = &sample->settings;
    const char *path = bit == VLY_INPUT_MASK         ? settings->mask
                       : bit == VLY_INPUT_MODEL      ? settings->model
                       : bit == VLY_INPUT_FIB        ? settings->fib
                       : bit == VLY_INPUT_EDX        ? settings->edx
                       : bit == VLY_INPUT_AM         ? settings->am_labels
                       : bit == VLY_INPUT_MATERIALS  ? settings->materials
                       : bit == VLY_INPUT_EXPERIMENT ? settings->experiment
                                                     : settings->transform;
    if (bit == VLY_INPUT_GREY) return sample->grey;
    if (bit == VLY_INPUT_TRUTH) return sample->truth;
    /* measured points that are not there are the report's to tell: nothing is computed from them alone */
    if (bit == VLY_INPUT_EXPERIMENT && !vly_path_exists(path)) return NULL;
    return *path ? path : NULL;
}

static vly_status digest_input(vly_run *run, const vly_sample *sample, const char *role, int32_t method,
                               const char *path)
{
    vly_run_input *input = &run->inputs[run->input_count];
    const vly_run_input *known = run->inputs;
    while (known < input && strcmp(known->path, path) != 0) known++;
    if (known < input)
        *input = *known;
    else
        VLY_TRY(vly_digest_input(input->hex, &input->bytes, path));
    input->sample = sample;
    input->role = role;
    input->method = method;
    input->path = path;
    run->input_count++;
    return VLY_OK;
}

static vly_status find(const char *path)
{
    if (!path || vly_path_exists(path) || strpbrk(path, "*?[")) return VLY_OK; /* a pattern is for who reads it */
    return vly_fail(VLY_ENOINPUT, "%s: no such file or folder", path);
}

vly_status vly_run_find_inputs(const vly_run *run)
{
    for (int32_t s = 0; s < run->study->count; s++) {
        const vly_sample *sample = &run->study->samples[s];
        for (int32_t r = 0; r < ROLES; r++) VLY_TRY(find(path_of(sample, roles[r].bit)));
        for (int32_t m = 0; m < VLY_TRINARISATIONS; m++) VLY_TRY(find(sample->given[m]));
    }
    return VLY_OK;
}

/* Every file is digested once, however many pieces and samples use it. */
static vly_status digest_inputs(vly_run *run)
{
    const int32_t samples = run->study->count;
    VLY_TRY(VLY_NEW(&run->inputs, (int64_t)samples * (ROLES + VLY_TRINARISATIONS), "inputs"));
    for (int32_t s = 0; s < samples; s++) {
        const vly_sample *sample = &run->study->samples[s];
        VLY_TRY(vly_device_stop(run->device));
        vly_device_update(run->device, "digests of the inputs", s, samples, "sample");
        for (int32_t r = 0; r < ROLES; r++) {
            const char *path = path_of(sample, roles[r].bit);
            if (path) VLY_TRY(digest_input(run, sample, roles[r].role, -1, path));
        }
        for (int32_t m = 0; m < VLY_TRINARISATIONS; m++)
            if (sample->given[m]) VLY_TRY(digest_input(run, sample, given_role, m, sample->given[m]));
    }
    vly_device_update(run->device, "digests of the inputs", samples, samples, "sample");
    return VLY_OK;
}

static const char *digest_of(const vly_run *run, const vly_sample *sample, const char *role, int32_t method)
{
    for (int32_t i = 0; i < run->input_count; i++)
        if (run->inputs[i].sample == sample && run->inputs[i].method == method &&
            strcmp(run->inputs[i].role, role) == 0)
            return run->inputs[i].hex;
    return NULL;
}

/* NULL, which whoever takes it reports, if anything got lost. */
static json_t *whole(json_t *object, bool good)
{
    if (good) return object;
    json_decref(object);
    return NULL;
}

/* Tables that --set puts in the place of laws, NAME=TABLE.csv, count by their contents. One that cannot be read is told by
 * the work. */
static bool add_tables(json_t *inputs, const char *set)
{
    char role[80], path[VLY_PATH_BYTES], hex[VLY_DIGEST_BYTES];
    bool good = true;
    for (; *set; set += strcspn(set, ","), set += *set == ',') {
        const int name = (int)strcspn(set, "=,"), length = (int)strcspn(set, ",");
        snprintf(path, sizeof path, "%.*s", length > name ? length - name - 1 : 0, set + name + 1);
        snprintf(role, sizeof role, "%.*s table", name < 60 ? name : 60, set);
        if (vly_path_ends(path, ".csv") && vly_digest_file(hex, NULL, path) == VLY_OK)
            good &= json_object_set_new(inputs, role, json_string(hex)) == 0;
    }
    return good;
}

static json_t *inputs_of(const vly_run *run, const vly_piece *piece)
{
    json_t *inputs = json_object();
    bool good = true;
    for (int32_t r = 0; r < ROLES; r++) {
        const char *hex = digest_of(run, piece->sample, roles[r].role, -1);
        if (roles[r].bit == VLY_INPUT_MODEL && piece->method < (int32_t)VLY_METHOD_NN) continue;
        if (roles[r].bit & (VLY_INPUT_EDX | VLY_INPUT_AM) && piece->method != VLY_METHOD_EDX_CLOSING) continue;
        if (hex && piece->kind->inputs & roles[r].bit)
            good &= json_object_set_new(inputs, roles[r].role, json_string(hex)) == 0;
    }
    if (piece->kind->inputs & VLY_INPUT_MATERIALS) good &= add_tables(inputs, piece->sample->settings.materials_set);
    if (piece->kind->inputs & VLY_INPUT_GIVEN)
        good &= json_object_set_new(inputs, given_role,
                                    json_string(digest_of(run, piece->sample, given_role, piece->method))) == 0;
    return whole(inputs, good);
}

/* To one of the commands, which are separated by a blank. */
static bool belongs(const vly_option *option, const char *commands)
{
    char word[32];
    for (; *commands; commands += strcspn(commands, " "), commands += *commands == ' ') {
        snprintf(word, sizeof word, "%.*s", (int)strcspn(commands, " "), commands);
        if (vly_option_belongs(option, word)) return true;
    }
    return false;
}

/* A curve depends on its own cut-out and current, not on what else the study asks for. */
static bool add_curve(json_t *settings, const vly_piece *piece)
{
    char number[VLY_NUMBER_BYTES], cutout[40];
    vly_number_write(number, piece->current);
    snprintf(cutout, sizeof cutout, "%d of %d", piece->cutout, vly_sample_cell_cutouts(piece->sample));
    return json_object_set_new(settings, "current", json_string(number)) == 0 &&
           json_object_set_new(settings, "cutout", json_string(cutout)) == 0;
}

static bool counts(const vly_piece *piece, const vly_option *option)
{
    const vly_piece_kind *kind = piece->kind;
    const char *key = option->key;
    if (kind->alone && !vly_listed(kind->alone, key)) return false;
    if (kind->without && vly_listed(kind->without, key)) return false;
    if (kind->also && vly_listed(kind->also, key)) return true;
    if (!belongs(option, kind->command)) return false;
    return kind->of != VLY_OF_OURS || vly_option_concerns(key, 1u << piece->method);
}

/* Options of the piece's command that a study can set; files count by their contents, the method by the piece. */
static json_t *settings_of(const vly_piece *piece)
{
    json_t *settings = json_object();
    bool good = true;
    for (int32_t i = 0; i < vly_option_count(); i++) {
        char text[VLY_PATH_BYTES];
        const vly_option *option = vly_option_at(i);
        if (!vly_option_belongs(option, "run") || !counts(piece, option)) continue;
        if (vly_option_is_machine(option->key) || vly_option_is_input(option->key)) continue;
        if (strcmp(option->key, "method") == 0) continue;
        vly_settings_text(&piece->sample->settings, i, text);
        good &= json_object_set_new(settings, option->key, vly_json_string(text)) == 0;
    }
    if (piece->cutout > 0) good &= add_curve(settings, piece);
    return whole(settings, good);
}

static json_t *needs_of(const vly_run *run, const vly_piece *piece)
{
    json_t *needs = json_object();
    bool good = true;
    for (const vly_piece *other = run->pieces; other < piece; other++)
        if (vly_piece_needs(piece, other))
            good &= json_object_set_new(needs, other->name, json_string(other->key)) == 0;
    return whole(needs, good);
}

static vly_status make_key(const vly_run *run, vly_piece *piece)
{
    const char *method = piece->method >= 0 ? vly_method_name((vly_method)piece->method) : "";
    char *text;
    piece->depends = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o}", "format", VLY_STUDY_FORMAT, "kind", piece->kind->name,
                               "method", method, "inputs", inputs_of(run, piece), "settings", settings_of(piece),
                               "needs", needs_of(run, piece));
    size_t bytes = json_dumpb(piece->depends, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS);
    if (bytes == 0) return vly_fail(VLY_EMEMORY, "%s: out of memory", piece->name);
    VLY_TRY(vly_alloc((void **)&text, (int64_t)bytes + 1, 1, piece->name));
    json_dumpb(piece->depends, text, bytes, JSON_COMPACT | JSON_SORT_KEYS);
    vly_digest_text(piece->key, text);
    vly_free(text);
    return VLY_OK;
}

/* What the report shows beside the pieces: every input, every setting that is not about how the work is
 * done, and what electrodes were made of. */
static void add_rest(vly_text *all, const vly_run *run)
{
    char text[VLY_PATH_BYTES];
    vly_suspensions_text(all, &run->study->suspensions);
    for (int32_t i = 0; i < run->input_count; i++)
        vly_text_add(all, "%s %s %s\n", run->inputs[i].sample->name, run->inputs[i].role, run->inputs[i].hex);
    for (int32_t s = 0; s < run->study->count; s++) {
        vly_coating_text(all, &run->study->samples[s].coating);
        for (int32_t i = 0; i < vly_option_count(); i++) {
            const vly_option *option = vly_option_at(i);
            if (!vly_option_belongs(option, "run") || vly_option_is_machine(option->key)) continue;
            if (vly_option_is_input(option->key)) continue;
            vly_settings_text(&run->study->samples[s].settings, i, text);
            vly_text_add(all, "%s %s\n", option->key, text);
        }
    }
}

vly_status vly_run_keys(vly_run *run)
{
    vly_text all = {0};
    VLY_TRY(digest_inputs(run));
    for (int32_t i = 0; i < run->count; i++) {
        VLY_TRY(make_key(run, &run->pieces[i]));
        vly_text_add(&all, "%s %s\n", run->pieces[i].name, run->pieces[i].key);
    }
    add_rest(&all, run);
    vly_status status = all.status;
    if (status == VLY_OK) vly_digest_text(run->run_id, all.text);
    vly_text_free(&all);
    return status;
}
