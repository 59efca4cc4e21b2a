/* The frame of every job. Warnings pass through it, so that the document tells what the terminal told. */
#include "study/job_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "io/io.h"
#include "study/study_impl.h"

#include <assert.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

double vly_job_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- values ---- */

double vly_job_um(double metres)
{
    return round(metres * 1e18) / 1e12;
}

static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};

json_t *vly_job_phases_real(const double values[VLY_PHASES])
{
    json_t *object = json_object();
    for (int i = 0; i < VLY_PHASES; i++)
        if (json_object_set_new(object, vly_phase_name(order[i]), vly_json_real(values[order[i]])) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

json_t *vly_job_phases_integer(const int64_t values[VLY_PHASES])
{
    return json_pack("{s:I, s:I, s:I}", "am", (json_int_t)values[VLY_AM], "cbd", (json_int_t)values[VLY_CBD], "pore",
                     (json_int_t)values[VLY_PORE]);
}

json_t *vly_job_extent(vly_extent e)
{
    return json_pack("[i, i, i]", e.nx, e.ny, e.nz);
}

json_t *vly_job_size_um(const vly_voxel_size *size)
{
    if (size->verdict != VLY_SIZE_FROM_FILE && size->verdict != VLY_SIZE_GIVEN) return json_null();
    return vly_json_reals((const double[]){vly_job_um(size->x), vly_job_um(size->y), vly_job_um(size->z)}, 3);
}

json_t *vly_job_box(vly_box b)
{
    return json_pack("[[i, i], [i, i], [i, i]]", b.x0, b.x1, b.y0, b.y1, b.z0, b.z1);
}

vly_status vly_job_window(vly_box *out, const vly_settings *settings, const vly_volume_info *info)
{
    static const vly_box everything;
    vly_box w = settings->window;
    vly_extent e = info->extent;
    *out = vly_extent_box(e);
    if (memcmp(&w, &everything, sizeof w) == 0) return VLY_OK;
    *out = w;
    if (w.x0 < 0 || w.y0 < 0 || w.z0 < 0 || w.x0 >= w.x1 || w.y0 >= w.y1 || w.z0 >= w.z1 || w.x1 > e.nx ||
        w.y1 > e.ny || w.z1 > e.nz)
        return vly_fail(VLY_EDATA, "%s: window %d:%d,%d:%d,%d:%d, one inside %d x %d x %d voxels expected", info->path,
                        w.x0, w.x1, w.y0, w.y1, w.z0, w.z1, e.nx, e.ny, e.nz);
    return VLY_OK;
}

void vly_job_stem(char stem[256], const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash && slash[1] ? slash + 1 : path;
    snprintf(stem, 256, "%s", name);
    char *dot = strrchr(stem, '.');
    if (dot && dot > stem) *dot = 0;
}

vly_status vly_job_check_output(const vly_settings *settings)
{
    if (*settings->output && !settings->overwrite && vly_path_exists(settings->output))
        return vly_fail(VLY_EOUTPUT, "%s: exists already, --overwrite replaces it", settings->output);
    return VLY_OK;
}

/* ---- telling ---- */

static void update(void *self, const char *stage, int64_t done, int64_t total, const char *unit)
{
    vly_job *job = self;
    if (job->outer.update) job->outer.update(job->outer.self, stage, done, total, unit);
}

static void warn(void *self, const char *message)
{
    vly_job *job = self;
    for (size_t i = 0; i < json_array_size(job->warnings); i++) { /* a job of many parts says it once */
        const char *said = json_string_value(json_array_get(job->warnings, i));
        if (said && strcmp(said, message) == 0) return;
    }
    if (json_array_append_new(job->warnings, vly_json_string(message)) != 0) job->document->broken = true;
    if (job->outer.warn) job->outer.warn(job->outer.self, message);
}

static vly_status stop(void *self)
{
    vly_job *job = self;
    return job->outer.stop ? job->outer.stop(job->outer.self) : VLY_OK;
}

static void piece(void *self, const vly_piece_news *news)
{
    vly_job *job = self;
    if (job->outer.piece) job->outer.piece(job->outer.self, news);
}

/* ---- begin and end ---- */

/* The options of the command as they were used: the part of a manifest that a document carries. */
static void add_settings(vly_job *job)
{
    static const char *const silent[] = {"json",    "quiet",     "progress", "events",
                                         "dry-run", "overwrite", "output",   "curves"};
    char text[VLY_PATH_BYTES];
    const char *command = vly_document_string(job->document, "command");
    const uint32_t methods = vly_settings_methods(job->settings);
    json_t *object = json_object();
    for (int32_t i = 0; i < vly_option_count(); i++) {
        const vly_option *option = vly_option_at(i);
        bool show = vly_option_belongs(option, command) && vly_option_concerns(option->key, methods);
        for (size_t k = 0; k < sizeof silent / sizeof *silent; k++)
            if (strcmp(option->key, silent[k]) == 0) show = false;
        if (!show) continue;
        vly_settings_text(job->settings, i, text);
        if (*text && json_object_set_new(object, option->key, vly_json_string(text)) != 0) job->document->broken = true;
    }
    vly_document_set(job->document, "settings", object);
}

vly_status vly_job_begin(vly_job *job, vly_device *device, const vly_settings *settings, const char *command)
{
    *job = (vly_job){.device = device, .settings = settings, .started = vly_job_now(), .outer = device->progress};
    VLY_TRY(vly_document_create(&job->document, command));
    job->inputs = json_array();
    job->warnings = json_array();
    vly_document_set(job->document, "inputs", job->inputs);
    vly_document_set(job->document, "device", json_string(vly_device_name(device)));
    vly_document_set(job->document, "device_description", vly_json_string(vly_device_description(device)));
    vly_document_set(job->document, "threads", json_integer(vly_device_threads(device)));
    vly_document_set(job->document, "seconds", json_real(0.0));
    vly_document_set(job->document, "warnings", job->warnings);
    device->progress = (vly_progress){update, warn, stop, job, piece};
    return VLY_OK;
}

static void complete(vly_job *job)
{
    for (int32_t i = 0; i < job->path_count && job->digested; i++) {
        json_t *input = json_array_get(job->inputs, (size_t)i);
        if (json_object_set_new(input, "xxh128", json_string(job->hex[i])) != 0) job->document->broken = true;
    }
    if (!job->settings_elsewhere) add_settings(job);
    vly_document_set(job->document, "seconds", json_real(round(1e3 * (vly_job_now() - job->started)) / 1e3));
}

static vly_status await_digests(vly_job *job)
{
    if (!job->reading) return VLY_OK;
    pthread_join(job->reader, NULL);
    job->reading = false;
    job->digested = true;
    return job->read_status == VLY_OK ? VLY_OK : vly_fail(job->read_status, "%s", job->read_message);
}

vly_status vly_job_publish(vly_job *job, const char *path, vly_sink *sink, const char *text)
{
    assert(job->published_count < VLY_JOB_OUTPUTS_MAX);
    VLY_TRY(await_digests(job));
    VLY_TRY(vly_document_check(job->document));
    char *copy;
    VLY_TRY(vly_strdup(&copy, path));
    vly_status status = sink ? vly_sink_finish(sink) : vly_file_publish_text(path, text, job->settings->overwrite);
    if (status == VLY_OK)
        job->published[job->published_count++] = copy;
    else
        vly_free(copy);
    return status;
}

/* The message of the failure that led here stays. */
static void withdraw(const vly_job *job, vly_status status)
{
    char message[sizeof job->read_message];
    snprintf(message, sizeof message, "%s", vly_error_message());
    for (int32_t i = 0; i < job->published_count; i++) {
        char sidecar[VLY_PATH_BYTES];
        const char *path = job->published[i];
        bool raw = vly_path_ends(path, ".raw");
        (void)vly_file_remove(path);
        if (!raw) continue;
        snprintf(sidecar, sizeof sidecar, "%.*s.json", (int)strlen(path) - 4, path);
        (void)vly_file_remove(sidecar);
    }
    vly_fail(status, "%s", message);
}

vly_status vly_job_end(vly_job *job, vly_status status, vly_document **out)
{
    *out = NULL;
    job->device->progress = job->outer;
    if (status != VLY_OK) {
        char message[sizeof job->read_message];
        snprintf(message, sizeof message, "%s", vly_error_message());
        atomic_store(&job->stop, true);
        (void)await_digests(job);
        vly_fail(status, "%s", message);
    } else {
        status = await_digests(job);
    }
    if (status == VLY_OK) complete(job);
    if (status == VLY_OK) status = vly_document_check(job->document);
    if (status == VLY_OK) {
        *out = job->document;
    } else {
        withdraw(job, status);
        vly_document_free(job->document);
    }
    for (int32_t i = 0; i < job->published_count; i++) vly_free(job->published[i]);
    return status;
}

vly_status vly_job_write_output(vly_document **document, const vly_settings *settings)
{
    if (!*settings->output) return VLY_OK;
    vly_status status = vly_document_write(*document, settings->output, settings->overwrite);
    if (status != VLY_OK) {
        vly_document_free(*document);
        *document = NULL;
    }
    return status;
}

/* ---- inputs ---- */

/* info NULL: it is no volume. */
static void list_input(vly_job *job, const char *path, const vly_volume_info *info)
{
    json_t *extent = info ? vly_job_extent(info->extent) : json_null();
    json_t *size = info ? vly_job_size_um(&info->voxel_size) : json_null();
    json_t *input = json_pack("{s:o, s:n, s:o, s:o}", "path", vly_json_string(path), "xxh128", "extent", extent,
                              "voxel_size_um", size);
    if (json_array_append_new(job->inputs, input) != 0) job->document->broken = true;
    job->paths[job->path_count++] = path;
}

static vly_status check_room(const vly_job *job, const char *path)
{
    if (job->path_count < VLY_JOB_INPUTS_MAX) return VLY_OK;
    return vly_fail(VLY_EUSAGE, "%s: one input too many, at most %d expected", path, VLY_JOB_INPUTS_MAX);
}

vly_status vly_job_list_input(vly_job *job, const char *path)
{
    VLY_TRY(check_room(job, path));
    list_input(job, path, NULL);
    return VLY_OK;
}

vly_status vly_job_open_channels(vly_job *job, vly_source **out, const char *path, int32_t channels)
{
    const vly_source_options options = {.channels = channels};
    VLY_TRY(check_room(job, path));
    VLY_TRY(vly_source_open(out, path, &options));
    list_input(job, path, vly_source_info(*out));
    return VLY_OK;
}

vly_status vly_job_open_input(vly_job *job, vly_source **out, const char *path)
{
    const vly_source_options options = {.voxel_size = job->settings->voxel_size};
    VLY_TRY(check_room(job, path));
    VLY_TRY(vly_source_open(out, path, &options));
    list_input(job, path, vly_source_info(*out));
    return VLY_OK;
}

vly_status vly_job_open_labels(vly_job *job, vly_source **out, const char *path)
{
    vly_source *file;
    VLY_TRY(vly_job_open_input(job, &file, path));
    return vly_source_labels(out, file, vly_job_label_map(job->settings));
}

const vly_label_map *vly_job_label_map(const vly_settings *settings)
{
    const vly_label_map *map = &settings->labels;
    return memchr(map->listed, 1, sizeof map->listed) ? map : NULL;
}

static void *read_inputs(void *self)
{
    vly_job *job = self;
    for (int32_t i = 0; i < job->path_count && job->read_status == VLY_OK; i++)
        job->read_status = vly_digest_input_unless(job->hex[i], NULL, job->paths[i], &job->stop);
    snprintf(job->read_message, sizeof job->read_message, "%s", vly_error_message());
    return NULL;
}

vly_status vly_job_digest_inputs(vly_job *job)
{
    if (pthread_create(&job->reader, NULL, read_inputs, job) != 0)
        return vly_fail(VLY_EMEMORY, "digest: no thread to be had");
    job->reading = true;
    return VLY_OK;
}
