/* Labels to the spectrum of a symmetric cell with blocking electrodes. */
#include "study/job_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "study/impedance_document.h"
#include "study/lithiate_document.h"

typedef struct measuring {
    vly_job job;
    vly_source *labels;
    vly_materials *materials;
    vly_impedance_options options;
    vly_impedance_result result;
    char *spectrum, *document; /* NULL: nothing is written */
} measuring;

/* own: a study's name for the CSV; the document is then the study's to write. */
static vly_status name_files(measuring *m, const char *own)
{
    const vly_settings *s = m->job.settings;
    if (own) return vly_strdup(&m->spectrum, own);
    if (!*s->output) return VLY_OK;
    VLY_TRY(vly_format(&m->spectrum, "%s/spectrum.csv", s->output));
    VLY_TRY(vly_format(&m->document, "%s/result.json", s->output));
    const char *const files[] = {m->document, m->spectrum};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!s->overwrite && vly_path_exists(files[i]))
            return vly_fail(VLY_EOUTPUT, "%s: exists already, --overwrite replaces it", files[i]);
    return VLY_OK;
}

static vly_status take_options(measuring *m)
{
    const vly_settings *s = m->job.settings;
    const vly_volume_info *info = vly_source_info(m->labels);
    vly_box window;
    if (!(s->frequencies[0] > 0.0 && s->frequencies[1] > s->frequencies[0]))
        return vly_fail(VLY_EUSAGE, "impedance: frequencies from %g to %g Hz, LOWEST,HIGHEST above 0 expected",
                        s->frequencies[0], s->frequencies[1]);
    VLY_TRY(vly_job_materials(&m->job, &m->materials));
    VLY_TRY(vly_job_window(&window, s, info));
    VLY_TRY(vly_job_crop(&window, s, info->path));
    m->options = VLY_IMPEDANCE_OPTIONS_INIT;
    m->options.cell = vly_job_cell_options(s, m->materials, window);
    m->options.cell.floating = VLY_FLOATING_INERT;
    m->options.bare = s->bare;
    m->options.equipotential = s->equipotential;
    m->options.binder_internal = s->binder_internal;
    m->options.method = (vly_impedance_method)s->impedance_method;
    m->options.lowest = s->frequencies[0];
    m->options.highest = s->frequencies[1];
    m->options.per_decade = s->per_decade;
    m->options.steps_per_decade = s->steps_per_decade;
    m->options.tolerance = s->impedance_tolerance;
    vly_document_set(m->job.document, "window", vly_job_box(window));
    return VLY_OK;
}

static vly_status write_spectrum(measuring *m)
{
    vly_text csv = {0};
    if (!m->spectrum) return VLY_OK;
    vly_impedance_csv(&csv, &m->result);
    vly_status status = csv.status;
    if (status == VLY_OK && *m->job.settings->output && m->document) status = vly_folder_make(m->job.settings->output);
    if (status == VLY_OK) status = vly_job_publish(&m->job, m->spectrum, NULL, csv.text);
    vly_text_free(&csv);
    return status;
}

static vly_status work(measuring *m, const char *own)
{
    VLY_TRY(name_files(m, own));
    VLY_TRY(vly_job_open_cell_labels(&m->job, &m->labels, m->job.settings->inputs[0]));
    VLY_TRY(take_options(m));
    VLY_TRY(vly_job_digest_inputs(&m->job));
    VLY_TRY(vly_impedance(&m->result, m->job.device, m->labels, &m->options));
    vly_gamma_document(m->job.document, m->materials);
    vly_impedance_document(m->job.document, &m->result, &m->options, m->job.settings);
    vly_document_set(m->job.document, "materials", vly_materials_json(m->materials));
    return write_spectrum(m);
}

vly_status vly_job_impedance_spectrum(vly_document **out, vly_device *device, const vly_settings *settings,
                                      const char *spectrum)
{
    measuring m = {.labels = NULL};
    *out = NULL;
    if (settings->input_count != 1)
        return vly_fail(VLY_EUSAGE, "impedance: %d label volumes, one expected", settings->input_count);
    VLY_TRY(vly_job_begin(&m.job, device, settings, "impedance"));
    vly_status status = work(&m, spectrum);
    status = vly_job_end(&m.job, status, out);
    if (status == VLY_OK && m.document) status = vly_document_write(*out, m.document, true);
    if (status != VLY_OK) {
        vly_document_free(*out);
        *out = NULL;
    }
    vly_impedance_result_free(&m.result);
    vly_materials_free(m.materials);
    vly_source_close(m.labels);
    vly_free(m.spectrum);
    vly_free(m.document);
    return status;
}

vly_status vly_job_impedance(vly_document **out, vly_device *device, const vly_settings *settings)
{
    return vly_job_impedance_spectrum(out, device, settings, NULL);
}
