#include "study/impedance_document.h"

#include "core/number.h"
#include "study/lithiate_document.h"

#include <math.h>

static const double OHM_CM2 = 1e-4; /* ohm m2 in one */

static double ohm_cm2(double value)
{
    return vly_clean(value / OHM_CM2);
}

/* ---- the document ---- */

static json_t *spectrum_json(const vly_impedance_result *r)
{
    json_t *frequency = json_array(), *re = json_array(), *im = json_array();
    bool lost = false;
    for (int32_t i = 0; i < r->count; i++) {
        lost |= json_array_append_new(frequency, vly_json_real(r->points[i].frequency)) != 0;
        lost |= json_array_append_new(re, vly_json_real(ohm_cm2(r->points[i].re))) != 0;
        lost |= json_array_append_new(im, vly_json_real(ohm_cm2(r->points[i].im))) != 0;
    }
    json_t *o = json_pack("{s:o, s:o, s:o}", "frequency_hz", frequency, "z_re_ohm_cm2", re, "z_im_ohm_cm2", im);
    if (!lost) return o;
    json_decref(o);
    return NULL;
}

static json_t *capacitance_json(const vly_impedance_result *r)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "am_pore", vly_json_real(r->capacitance[VLY_FACES_PORE]), "am_cbd",
                     vly_json_real(r->capacitance[VLY_FACES_BINDER]), "am_separator",
                     vly_json_real(r->capacitance[VLY_FACES_SEPARATOR]), "cbd_internal",
                     vly_json_real(r->internal_capacitance), "total", vly_json_real(r->total_capacitance));
}

/* Series resistance and capacitance of the half cell, side by side. */
static json_t *branches_json(const vly_impedance_result *r)
{
    json_t *array = json_array();
    for (int32_t i = 0; i < r->branch_count; i++)
        if (json_array_append_new(
                array, json_pack("{s:o, s:o}", "resistance_ohm_cm2", vly_json_real(ohm_cm2(r->branches[i].resistance)),
                                 "capacitance_f_m2", vly_json_real(r->branches[i].capacitance))) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

void vly_impedance_document(vly_document *document, const vly_impedance_result *r, const vly_impedance_options *options,
                            const vly_settings *settings)
{
    const struct {
        const char *key;
        json_t *value;
    } entries[] = {{"method", json_string(vly_impedance_method_name(options->method))},
                   {"geometry", vly_geometry_json(&r->geometry, settings)},
                   {"conductivity_s_m", vly_json_real(r->conductivity)},
                   {"thickness_um", vly_json_real(vly_clean(1e6 * r->thickness))},
                   {"electrolyte_fraction", vly_json_real(r->electrolyte_fraction)},
                   {"capacitance_f_m2", capacitance_json(r)},
                   {"r_hf_ohm_cm2", vly_json_real(ohm_cm2(r->r_hf))},
                   {"r_lf_ohm_cm2", vly_json_real(ohm_cm2(r->r_lf))},
                   {"r_ion_ohm_cm2", vly_json_real(ohm_cm2(r->limit.r_ion))},
                   {"gamma_electrode", vly_json_real(r->limit.gamma)},
                   {"tau_electrode", vly_json_real(r->limit.tau)},
                   {"r_ion_line_ohm_cm2", vly_json_real(ohm_cm2(r->line.r_ion))},
                   {"gamma_electrode_line", vly_json_real(r->line.gamma)},
                   {"tau_electrode_line", vly_json_real(r->line.tau)},
                   {"line_misfit_rel", vly_json_real(r->line_misfit)},
                   {"f0_hz", vly_json_real(r->f0)},
                   {"converged", json_boolean(r->converged)},
                   {"error_rel", vly_json_real(r->error)},
                   {"unknowns", json_integer(r->unknowns)},
                   {"solves", json_integer(r->solves)},
                   {"iterations", json_integer(r->iterations)},
                   {"setup_seconds", json_real(round(1e3 * r->seconds[0]) / 1e3)},
                   {"solve_seconds", json_real(round(1e3 * r->seconds[1]) / 1e3)},
                   {"bytes_per_unknown", vly_json_real(r->bytes)},
                   {"branches", branches_json(r)},
                   {"spectrum", spectrum_json(r)}};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        vly_document_set(document, entries[i].key, entries[i].value);
    if (!r->converged)
        vly_document_set(
            document, "failure",
            json_sprintf("the spectrum is known to %.2g, %.2g was asked for", r->error, options->tolerance));
}

/* ---- CSV ---- */

void vly_impedance_csv(vly_text *to, const vly_impedance_result *r)
{
    vly_text_add(to, "frequency_hz,z_re_ohm_cm2,z_im_ohm_cm2\n");
    for (int32_t i = 0; i < r->count; i++) {
        const vly_impedance_point *p = &r->points[i];
        const double values[] = {p->frequency, ohm_cm2(p->re), ohm_cm2(p->im)};
        for (int k = 0; k < 3; k++) {
            char number[VLY_NUMBER_BYTES];
            vly_number_write(number, values[k]);
            vly_text_add(to, "%s%s", number, k < 2 ? "," : "\n");
        }
    }
}
