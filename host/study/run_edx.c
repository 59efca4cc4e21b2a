/* The numbers behind the figure of the EDX closing, as CSV: the profile with its line, and what every page got. */
#include "study/run_work.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Empty where there is no number. */
static void add_number(vly_text *to, double value)
{
    char text[VLY_NUMBER_BYTES] = "";
    if (isfinite(value)) vly_number_write(text, value);
    vly_text_add(to, ",%s", text);
}

static double at(const vly_document *d, const char *key, int32_t i)
{
    char path[64];
    snprintf(path, sizeof path, "%s.%d", key, (int)i);
    return vly_document_number(d, path);
}

static void add_profile(vly_text *to, const vly_document *d)
{
    const double a = vly_document_number(d, "gradient.intercept"), b = vly_document_number(d, "gradient.slope_per_um");
    const double sa = vly_document_number(d, "gradient.intercept_error");
    const double sb = vly_document_number(d, "gradient.slope_per_um_error");
    const double both = vly_document_number(d, "gradient.covariance_per_um");
    vly_text_add(to, "point,depth_um,intensity,error,fit,fit_error\n");
    for (int32_t i = 0; i < vly_document_length(d, "profile.depth_um"); i++) {
        double depth = at(d, "profile.depth_um", i);
        vly_text_add(to, "%d", (int)i);
        add_number(to, depth);
        add_number(to, at(d, "profile.intensity", i));
        add_number(to, at(d, "profile.error", i));
        add_number(to, a + b * depth);
        add_number(to, sqrt(fmax(sa * sa + 2.0 * depth * both + depth * depth * sb * sb, 0.0)));
        vly_text_add(to, "\n");
    }
}

static void add_pages(vly_text *to, const vly_document *d)
{
    static const char *const columns[] = {"depth_um",  "weight",    "cbd_target",     "cbd_fraction",
                                          "radius_um", "tie_share", "cbd_fraction_sd"};
    const int32_t count = sizeof columns / sizeof *columns;
    vly_text_add(to, "page");
    for (int32_t k = 0; k < count; k++) vly_text_add(to, ",%s", columns[k]);
    vly_text_add(to, "\n");
    for (int32_t i = 0; i < vly_document_length(d, "depth_um"); i++) {
        vly_text_add(to, "%d", (int)i);
        for (int32_t k = 0; k < count; k++) add_number(to, at(d, columns[k], i));
        vly_text_add(to, "\n");
    }
}

static vly_status write_text(const vly_run *run, const char *name, vly_text *text)
{
    char *path;
    vly_status status = text->status;
    if (status == VLY_OK) status = vly_run_path(&path, run, name);
    if (status == VLY_OK) {
        status = vly_file_publish_text(path, text->text, true);
        vly_free(path);
    }
    vly_text_free(text);
    return status;
}

vly_status vly_work_edx(vly_run *run, const vly_piece *piece)
{
    vly_document *document = NULL;
    vly_text profile = {0}, pages = {0};
    for (const vly_piece *other = run->pieces; other < piece && !document; other++)
        if (vly_piece_needs(piece, other) && other->method == VLY_METHOD_EDX_CLOSING)
            VLY_TRY(vly_document_of_piece(&document, run, other));
    if (!document) return vly_fail(VLY_EINTERNAL, "%s: the closing has left no document", piece->name);
    add_profile(&profile, document);
    add_pages(&pages, document);
    vly_document_free(document);
    vly_status status = write_text(run, piece->outputs[0], &profile);
    vly_status second = write_text(run, piece->outputs[1], &pages);
    return status != VLY_OK ? status : second;
}
