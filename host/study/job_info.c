/* What a volume is, from a few of its pages: as fast for 200 GB as for 200 MB. */
#include "study/job_impl.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

enum {
    PAGES_MAX = 16,            /* that are read */
    VOXELS_MAX = 1 << 25,      /* on them, but for one page there is no limit */
    VALUES_MAX = (1 << 20) + 1 /* of them that are sorted */
};

typedef struct sample {
    double *values; /* (count) sorted */
    int64_t count, read, not_finite;
    double min, max, sum;
    int32_t pages;
} sample;

/* Every step-th value is kept; an odd step meets every column of a page whose width is a power of two. */
static void add_page(sample *s, const void *page, vly_type type, int64_t voxels, int64_t step)
{
    for (int64_t i = 0; i < voxels; i++, s->read++) {
        double value = vly_type_value(type, page, i);
        if (!isfinite(value)) {
            s->not_finite++;
            continue;
        }
        if (s->read == s->not_finite || value < s->min) s->min = value;
        if (s->read == s->not_finite || value > s->max) s->max = value;
        s->sum += value;
        if (s->read % step == 0 && s->count < VALUES_MAX) s->values[s->count++] = value;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static vly_status take_sample(sample *s, vly_device *device, vly_source *volume)
{
    const vly_volume_info *info = vly_source_info(volume);
    int64_t page_voxels = (int64_t)info->extent.nx * info->extent.ny;
    int64_t most = VOXELS_MAX / page_voxels, nz = info->extent.nz;
    void *page = NULL;
    s->pages = (int32_t)(most < 1 ? 1 : most < PAGES_MAX ? most : PAGES_MAX);
    if (s->pages > nz) s->pages = (int32_t)nz;
    int64_t step = (s->pages * page_voxels / (VALUES_MAX - 1)) | 1;
    VLY_TRY(VLY_NEW(&s->values, VALUES_MAX, "sample"));
    vly_status status = vly_alloc_raw(&page, page_voxels, vly_type_bytes(info->type), "page");
    for (int32_t k = 0; k < s->pages && status == VLY_OK; k++) {
        int32_t z = (int32_t)((2 * k + 1) * nz / (2 * s->pages)); /* the middles of equal parts */
        status = vly_source_read(volume, z, 1, page);
        if (status == VLY_OK) add_page(s, page, info->type, page_voxels, step);
        if (status == VLY_OK) status = vly_device_stop(device);
    }
    vly_free(page);
    if (status == VLY_OK) qsort(s->values, (size_t)s->count, sizeof *s->values, by_value);
    return status;
}

static double percentile(const sample *s, double percent)
{
    if (s->count == 0) return NAN;
    return s->values[(int64_t)(percent / 100.0 * (double)(s->count - 1) + 0.5)];
}

/* Otsu's threshold: the value with the largest variance between those up to it and those above; the lowest of equals. */
static double otsu(const sample *s)
{
    double total = 0.0, below = 0.0, best = -1.0, threshold = s->count > 0 ? s->values[0] : NAN;
    for (int64_t i = 0; i < s->count; i++) total += s->values[i];
    for (int64_t i = 0; i + 1 < s->count; i++) {
        double n0 = (double)(i + 1), n1 = (double)(s->count - i - 1);
        below += s->values[i];
        if (s->values[i] == s->values[i + 1]) continue;
        double gap = below / n0 - (total - below) / n1, variance = n0 * n1 * gap * gap;
        if (variance > best) best = variance, threshold = s->values[i];
    }
    return threshold;
}

static json_t *grey_of(const sample *s)
{
    static const struct {
        const char *key;
        double percent;
    } wanted[] = {{"0.1", 0.1}, {"1", 1},   {"5", 5},   {"25", 25},    {"50", 50},
                  {"75", 75},   {"95", 95}, {"99", 99}, {"99.9", 99.9}};
    bool any = s->read > s->not_finite;
    json_t *percentiles = json_object();
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        json_object_set_new(percentiles, wanted[i].key, vly_json_real(percentile(s, wanted[i].percent)));
    return json_pack("{s:b, s:i, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "sampled", true, "pages", s->pages, "values",
                     (json_int_t)s->read, "not_finite", (json_int_t)s->not_finite, "min",
                     vly_json_real(any ? s->min : NAN), "max", vly_json_real(any ? s->max : NAN), "mean",
                     vly_json_real(any ? s->sum / (double)(s->read - s->not_finite) : NAN), "otsu",
                     vly_json_real(otsu(s)), "percentiles", percentiles);
}

static const char *verdict_name(vly_verdict verdict)
{
    static const char *const names[] = {"missing", "implausible", "conflict", "file", "given"};
    return names[verdict];
}

/* A plan that does not work out says why. */
static json_t *plan_of(vly_device *device, vly_source *volume, const vly_settings *settings)
{
    json_t *plan;
    vly_status status = vly_job_plan(&plan, device, volume, vly_extent_box(vly_source_info(volume)->extent),
                                     1u << VLY_METHOD_THRESHOLD, settings);
    return status == VLY_OK
               ? plan
               : json_pack("{s:s, s:o}", "mode", "impossible", "reason", vly_json_string(vly_error_message()));
}

static vly_status describe(vly_job *job, const char *path)
{
    const vly_source_options options = {.voxel_size = job->settings->voxel_size};
    sample s = {.values = NULL};
    vly_source *volume;
    VLY_TRY(vly_source_open(&volume, path, &options));
    vly_status status = take_sample(&s, job->device, volume);
    if (status == VLY_OK) {
        const vly_volume_info *info = vly_source_info(volume);
        json_t *input = json_pack(
            "{s:o, s:o, s:o, s:I, s:s, s:s, s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "path", vly_json_string(path),
            "extent", vly_job_extent(info->extent), "voxel_size_um", vly_job_size_um(&info->voxel_size), "voxels",
            (json_int_t)vly_extent_voxels(info->extent), "type", vly_type_name(info->type), "format", info->format,
            "codec", info->codec, "bytes", (json_int_t)info->bytes, "voxel_size_verdict",
            verdict_name(info->voxel_size.verdict), "voxel_size_origin", vly_json_string(info->voxel_size.origin),
            "description", vly_json_string(info->description), "grey", grey_of(&s), "plan",
            plan_of(job->device, volume, job->settings));
        if (json_array_append_new(job->inputs, input) != 0) job->document->broken = true;
    }
    vly_free(s.values);
    vly_source_close(volume);
    return status;
}

vly_status vly_job_info(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_job job;
    *out = NULL;
    vly_status status = vly_job_begin(&job, device, settings, "info");
    if (status == VLY_OK) vly_document_set(job.document, "sampled", json_true());
    for (int32_t i = 0; i < settings->input_count && status == VLY_OK; i++)
        status = describe(&job, settings->inputs[i]);
    return vly_job_end(&job, status, out);
}
