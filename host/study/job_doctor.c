/* What a bug report needs to know about the program and the machine. Nothing that is missing is a failure here: it is said
 * in the words that a job would fail with. */
#include "study/job_impl.h"

#include "core/file.h"
#include "core/machine.h"
#include "io/io.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { GPUS_MOST = 64 };

static json_t *describe_system(void)
{
    struct utsname about;
    char text[256];
    if (uname(&about) != 0) return json_null();
    snprintf(text, sizeof text, "%.80s %.80s %.80s", about.sysname, about.release, about.machine);
    return vly_json_string(text);
}

/* Names of the TIFF compressions that can be read, or of those that cannot. */
static json_t *list_codecs(bool wanted)
{
    json_t *names = json_array();
    const char *name;
    bool readable;
    for (int32_t i = 0; (name = vly_tiff_codec_at(i, &readable)); i++)
        if (readable == wanted && json_array_append_new(names, json_string(name)) != 0) {
            json_decref(names);
            return NULL;
        }
    return names;
}

/* Description of a device opened for a look; NULL, and the error's message, if it cannot be used. */
static json_t *look_at(const char *name)
{
    vly_device *device;
    if (vly_device_open(&device, name, &(vly_device_options){.threads = 1}) != VLY_OK) return NULL;
    json_t *text = vly_json_string(vly_device_description(device));
    vly_device_close(device);
    return text;
}

static json_t *describe_cuda(void)
{
    json_t *gpus = json_array(), *text;
    char name[16] = "cuda:0";
    for (int32_t i = 0; i < GPUS_MOST && (text = look_at(name)); i++) {
        if (json_array_append_new(gpus, text) != 0) {
            json_decref(gpus);
            return NULL;
        }
        snprintf(name, sizeof name, "cuda:%d", (int)i + 1);
    }
    if (json_array_size(gpus) > 0) return json_pack("{s:b, s:o}", "usable", 1, "gpus", gpus);
    return json_pack("{s:b, s:o, s:o}", "usable", 0, "gpus", gpus, "reason", vly_json_string(vly_error_message()));
}

static json_t *describe_memory(const vly_device *device)
{
    int64_t all = (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
    return json_pack("{s:I, s:I, s:I}", "bytes", (json_int_t)all, "limit", (json_int_t)vly_device_memory_limit(device),
                     "device_limit", (json_int_t)(device->unified ? 0 : device->device_memory_limit));
}

static json_t *describe_scratch(const vly_settings *settings)
{
    const char *folder = vly_scratch_folder(settings->scratch);
    vly_file file;
    int64_t bytes = 0;
    vly_status status = vly_file_scratch(&file, folder);
    if (status == VLY_OK) vly_file_close(&file);
    if (status == VLY_OK) status = vly_folder_space(&bytes, folder);
    if (status == VLY_OK) return json_pack("{s:o, s:I}", "folder", vly_json_string(folder), "free", (json_int_t)bytes);
    return json_pack("{s:o, s:o}", "folder", vly_json_string(folder), "reason", vly_json_string(vly_error_message()));
}

vly_status vly_job_doctor(vly_document **out, vly_device *device, const vly_settings *settings)
{
    vly_job job;
    char processor[100];
    *out = NULL;
    VLY_TRY(vly_job_begin(&job, device, settings, "doctor"));
    vly_machine_processor(processor, sizeof processor);
    vly_document_set(job.document, "libraries", json_string(vly_libraries()));
    vly_document_set(job.document, "compiler", json_string(__VERSION__));
    vly_document_set(job.document, "system", describe_system());
    vly_document_set(job.document, "processor", vly_json_string(processor));
    vly_document_set(job.document, "processors", json_integer(vly_machine_processors()));
    vly_document_set(job.document, "memory", describe_memory(device));
    vly_document_set(job.document, "tiff",
                     json_pack("{s:o, s:o}", "reads", list_codecs(true), "refuses", list_codecs(false)));
    vly_document_set(job.document, "cuda", describe_cuda());
    vly_document_set(job.document, "scratch", describe_scratch(settings));
    return vly_job_end(&job, VLY_OK, out);
}
