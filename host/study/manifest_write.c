/* manifest.json: what was computed, of what, by what, and what came out. It is written last, so its presence says that the
 * study is complete. What differs between two runs of one study without meaning anything stands under `volatile`. */
#include "study/run_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>

/* ---- what it was made of ---- */

static void set_value(json_t *config, const char *key, const char *text, const char *origin)
{
    json_object_set_new(config, key,
                        json_pack("{s:o, s:o}", "value", vly_json_string(text), "origin", vly_json_string(origin)));
}

/* What a sample was coated from, whether it was told or not: a diff goes by the keys. */
static void describe_coating(json_t *config, const vly_coating *coating)
{
    static const char origin[] = "study";
    char number[VLY_NUMBER_BYTES] = "";
    vly_text names = {0};
    vly_layers_text(&names, coating);
    if (coating->density > 0.0) vly_number_write(number, coating->density);
    set_value(config, "suspensions", names.text ? names.text : "", origin);
    set_value(config, "density", number, origin);
    vly_text_free(&names);
}

/* The options of every sample with where they come from. */
static json_t *describe_config(const vly_run *run)
{
    json_t *samples = json_object();
    for (int32_t s = 0; s < run->study->count; s++) {
        const vly_sample *sample = &run->study->samples[s];
        json_t *config = json_object();
        for (int32_t i = 0; i < vly_option_count(); i++) {
            char text[VLY_PATH_BYTES];
            const vly_option *option = vly_option_at(i);
            if (!vly_option_belongs(option, "run") || vly_option_is_machine(option->key)) continue;
            const char *origin = vly_settings_origin(&sample->settings, i), *slash = strrchr(origin, '/');
            vly_settings_text(&sample->settings, i, text);
            set_value(config, option->key, text, slash ? slash + 1 : origin);
        }
        describe_coating(config, &sample->coating);
        json_object_set_new(samples, sample->name, config);
    }
    return samples;
}

/* Extent, voxel size and grey map of a sample's grey volume, as a trinarisation found them. */
static void describe_volume(json_t *to, const vly_run *run, const vly_sample *sample)
{
    static const char *const keys[] = {"extent", "type", "voxel_size_um", "voxel_size_source", "format"};
    const vly_piece *piece = run->pieces;
    vly_document *document;
    while (piece < run->pieces + run->count && (piece->sample != sample || piece->method < 0)) piece++;
    if (piece == run->pieces + run->count || vly_document_of_piece(&document, run, piece) != VLY_OK || !document)
        return;
    const json_t *volume = json_array_get(json_object_get(document->root, "inputs"), 0);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(volume, keys[i])) json_object_set(to, keys[i], json_object_get(volume, keys[i]));
    json_t *map = json_object_get(document->root, "grey_map");
    if (map) json_object_set(to, "grey_map", map);
    vly_document_free(document);
}

static json_t *describe_inputs(const vly_run *run)
{
    json_t *inputs = json_array();
    for (int32_t i = 0; i < run->input_count; i++) {
        const vly_run_input *input = &run->inputs[i];
        json_t *one = json_pack("{s:s, s:s, s:o, s:I, s:s}", "sample", input->sample->name, "role", input->role, "path",
                                vly_json_string(input->path), "bytes", (json_int_t)input->bytes, "xxh128", input->hex);
        if (strcmp(input->role, "grey") == 0) describe_volume(one, run, input->sample);
        json_array_append_new(inputs, one);
    }
    return inputs;
}

static json_t *describe_program(void)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "version", vly_version(), "commit", vly_commit(), "compiler", __VERSION__,
                     "libraries", vly_libraries());
}

/* ---- what was done ---- */

static json_t *describe_stages(const vly_run *run)
{
    json_t *stages = json_array();
    for (int32_t i = 0; i < run->count; i++) {
        const vly_piece *piece = &run->pieces[i];
        json_array_append_new(stages, json_pack("{s:s, s:s, s:I}", "name", piece->name, "key", piece->key, "seed",
                                                (json_int_t)piece->sample->settings.seed));
    }
    return stages;
}

static json_t *describe_seconds(const vly_run *run)
{
    json_t *seconds = json_object();
    for (int32_t i = 0; i < run->count; i++)
        json_object_set_new(seconds, run->pieces[i].name, json_real(run->pieces[i].seconds));
    return seconds;
}

/* ---- what came out ---- */

static json_t *gather_warnings(const vly_run *run)
{
    json_t *warnings = json_array(), *one;
    for (int32_t i = 0; i < run->count; i++) {
        vly_document *document;
        size_t at;
        if (vly_document_of_piece(&document, run, &run->pieces[i]) != VLY_OK || !document) continue;
        json_array_foreach(json_object_get(document->root, "warnings"), at, one)
        {
            if (json_is_string(one))
                json_array_append_new(warnings, json_sprintf("%s: %s", run->pieces[i].name, json_string_value(one)));
        }
        vly_document_free(document);
    }
    return warnings;
}

static vly_status add_output(json_t *outputs, const vly_run *run, const char *name)
{
    char hex[VLY_DIGEST_BYTES], *path;
    int64_t bytes = 0;
    VLY_TRY(vly_run_path(&path, run, name));
    vly_status status = vly_path_exists(path) ? vly_digest_file(hex, &bytes, path) : VLY_OK;
    bool there = vly_path_exists(path);
    vly_free(path);
    if (status == VLY_OK && there)
        json_array_append_new(outputs,
                              json_pack("{s:s, s:I, s:s}", "path", name, "bytes", (json_int_t)bytes, "xxh128", hex));
    return status;
}

static vly_status describe_outputs(json_t **out, const vly_run *run)
{
    vly_status status = VLY_OK;
    *out = json_array();
    for (int32_t i = 0; i < run->count && status == VLY_OK; i++)
        for (int32_t k = 0; k < VLY_PIECE_OUTPUTS && run->pieces[i].outputs[k] && status == VLY_OK; k++)
            status = add_output(*out, run, run->pieces[i].outputs[k]);
    if (status == VLY_OK) status = add_output(*out, run, "summary.csv");
    if (status == VLY_OK) status = add_output(*out, run, "uncertainty.csv");
    if (status == VLY_OK) status = add_output(*out, run, "report.html");
    return status;
}

/* ---- the document ---- */

static json_t *describe_volatile(const vly_run *run)
{
    struct utsname host = {.nodename = ""};
    char when[32];
    struct tm utc;
    time_t now = time(NULL);
    uname(&host);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "written", when, "host", vly_json_string(host.nodename),
                     "processor", vly_json_string(vly_device_description(run->device)), "command",
                     vly_json_string(run->command ? run->command : ""), "folder", vly_json_string(run->folder),
                     "stage_seconds", describe_seconds(run));
}

static double total_seconds(const vly_run *run)
{
    double seconds = 0;
    for (int32_t i = 0; i < run->count; i++) seconds += run->pieces[i].seconds;
    return seconds;
}

vly_status vly_manifest_write(const vly_run *run)
{
    vly_document *manifest;
    json_t *outputs = NULL;
    char *path = NULL;
    VLY_TRY(vly_document_create(&manifest, "run"));
    vly_status status = describe_outputs(&outputs, run);
    vly_document_set(manifest, "format", json_integer(VLY_STUDY_FORMAT));
    vly_document_set(manifest, "run_id", json_string(run->run_id));
    vly_document_set(manifest, "program", describe_program());
    vly_document_set(manifest, "device", json_string(vly_device_name(run->device)));
    vly_document_set(manifest, "config", describe_config(run));
    vly_document_set(manifest, "suspensions", vly_suspensions_json(&run->study->suspensions));
    vly_document_set(manifest, "inputs", describe_inputs(run));
    vly_document_set(manifest, "stages", describe_stages(run));
    vly_document_set(manifest, "outputs", outputs);
    vly_document_set(manifest, "warnings", gather_warnings(run));
    vly_document_set(manifest, "seconds", json_real(total_seconds(run)));
    vly_document_set(manifest, "volatile", describe_volatile(run));
    if (status == VLY_OK) status = vly_run_path(&path, run, "manifest.json");
    if (status == VLY_OK) status = vly_document_write(manifest, path, true);
    vly_free(path);
    vly_document_free(manifest);
    return status;
}

/* ---- reading it again ---- */

bool vly_manifest_holds(const vly_run *run)
{
    vly_document *manifest;
    json_t *output;
    size_t i;
    char *path;
    if (vly_run_path(&path, run, "manifest.json") != VLY_OK) return false;
    vly_status status = vly_document_read(&manifest, path);
    vly_free(path);
    if (status != VLY_OK) return false;
    bool holds = strcmp(vly_json_text(manifest->root, "run_id"), run->run_id) == 0;
    json_array_foreach(json_object_get(manifest->root, "outputs"), i, output)
    {
        char hex[VLY_DIGEST_BYTES] = "";
        if (!holds || vly_run_path(&path, run, vly_json_text(output, "path")) != VLY_OK) continue;
        holds = vly_digest_file(hex, NULL, path) == VLY_OK && strcmp(hex, vly_json_text(output, "xxh128")) == 0;
        vly_free(path);
    }
    vly_document_free(manifest);
    return holds;
}
