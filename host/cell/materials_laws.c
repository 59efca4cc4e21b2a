/* From materials to the pack that kernels get, and whether materials fit together. */
#include "cell/materials_impl.h"

#include "core/memory.h"

#include <string.h>

#define GAS 8.314462618 /* J/(mol K) */

enum { SAMPLES = 200 };

/* exp(E/R (1/T_ref - 1/T)) */
static double arrhenius(const vly_materials *m, double activation)
{
    return exp(activation / GAS * (1.0 / m->reference_temperature - 1.0 / m->temperature));
}

vly_status vly_materials_build(vly_law *out, const vly_materials *m, vly_law_id id, double unit)
{
    const char *name = vly_material_entry_at(VLY_SCALARS + (int32_t)id)->name;
    char *what;
    VLY_TRY(vly_format(&what, "%s: %s", m->origin, name));
    const vly_law_frame frame = {unit, arrhenius(m, m->law[id].activation), m->temperature, what};
    vly_status status = vly_law_build(out, &m->law[id], &frame);
    vly_free(what);
    return status;
}

/* ---- do they fit together ---- */

/* An open-circuit potential that rises with x has two states of charge for one voltage, and no stable one. */
static vly_status check_ocp_table(const vly_materials *m)
{
    const vly_law_words *w = &m->law[VLY_LAW_OCP];
    if (w->kind != VLY_WORDS_TABLE) return VLY_OK;
    for (int32_t i = 1; i < w->points; i++)
        if (!(w->y[i] < w->y[i - 1]))
            return vly_fail(
                VLY_EDATA,
                "%s: the open-circuit potential does not fall from (x = %g, %g V) to (x = %g, %g V); a falling "
                "table expected",
                m->origin, w->x[i - 1], w->y[i - 1], w->x[i], w->y[i]);
    if (m->initial_stoichiometry < w->x[0] || m->initial_stoichiometry > w->x[w->points - 1])
        return vly_fail(VLY_EDATA,
                        "%s: starts at x = %g, outside the table of the open-circuit potential (x = %g to %g)",
                        m->origin, m->initial_stoichiometry, w->x[0], w->x[w->points - 1]);
    return VLY_OK;
}

/* Values over the whole range that a discharge may see. */
static vly_status check_range(const vly_law *law, const vly_materials *m, vly_law_id id)
{
    static const struct {
        double low, high;
        bool open; /* low itself is out */
    } bounds[VLY_LAWS] = {[VLY_LAW_CONDUCTIVITY] = {0.0, 1e3, true},
                          [VLY_LAW_DIFFUSIVITY] = {0.0, 1e-6, true},
                          [VLY_LAW_TRANSFERENCE] = {-2.0, 1.0, false},
                          [VLY_LAW_FACTOR] = {0.0, 100.0, true},
                          [VLY_LAW_OCP] = {-1.0, 10.0, false},
                          [VLY_LAW_SOLID_DIFFUSIVITY] = {0.0, 1e-6, true},
                          [VLY_LAW_SOLID_CONDUCTIVITY] = {0.0, 1e9, true}};
    bool solid = id >= VLY_LAW_OCP;
    double first = solid ? m->initial_stoichiometry : 1e-15,
           last = solid ? 1.0 - 1e-6 : 3e-3 * m->initial_concentration;
    for (int k = 0; k <= SAMPLES; k++) {
        double slope, x = first + (last - first) * k / SAMPLES, value = vly_law_value(law, x, &slope);
        if (isfinite(value) && isfinite(slope) && value >= bounds[id].low && value <= bounds[id].high &&
            !(bounds[id].open && value == bounds[id].low))
            continue;
        const vly_material_entry *entry = vly_material_entry_at(VLY_SCALARS + (int32_t)id);
        return vly_fail(
            VLY_EDATA,
            "%s: %s is %g%s%s (slope %g) at x = %g%s, %s%g to %g expected; where a fit ends, \"Most x of %s\" in "
            "BPX can say",
            m->origin, entry->name, value, *entry->unit ? " " : "", entry->unit, slope, solid ? x : 1e3 * x,
            solid ? "" : " mol/m3", bounds[id].open ? "above " : "", bounds[id].low, bounds[id].high, entry->name);
    }
    return VLY_OK;
}

static vly_status check_pack(const vly_cell_laws *laws, const vly_materials *m)
{
    double slope, start = vly_law_value(&laws->ocp, m->initial_stoichiometry, &slope);
    VLY_TRY(check_ocp_table(m));
    VLY_TRY(check_range(&laws->conductivity, m, VLY_LAW_CONDUCTIVITY));
    VLY_TRY(check_range(&laws->diffusivity, m, VLY_LAW_DIFFUSIVITY));
    VLY_TRY(check_range(&laws->transference, m, VLY_LAW_TRANSFERENCE));
    VLY_TRY(check_range(&laws->factor, m, VLY_LAW_FACTOR));
    VLY_TRY(check_range(&laws->ocp, m, VLY_LAW_OCP));
    VLY_TRY(check_range(&laws->solid_diffusivity, m, VLY_LAW_SOLID_DIFFUSIVITY));
    VLY_TRY(check_range(&laws->solid_conductivity, m, VLY_LAW_SOLID_CONDUCTIVITY));
    if (!(start > m->cutoff))
        return vly_fail(VLY_EDATA, "%s: the cut-off of %g V is not below the %g V at the start (x = %g)", m->origin,
                        m->cutoff, start, m->initial_stoichiometry);
    return VLY_OK;
}

vly_status vly_materials_check(const vly_materials *m)
{
    vly_cell_laws laws;
    VLY_TRY(vly_cell_laws_create(&laws, m));
    vly_cell_laws_free(&laws);
    return VLY_OK;
}

/* ---- the pack ---- */

static vly_law *law_of(vly_cell_laws *laws, vly_law_id id)
{
    vly_law *const each[VLY_LAWS] = {[VLY_LAW_CONDUCTIVITY] = &laws->conductivity,
                                     [VLY_LAW_DIFFUSIVITY] = &laws->diffusivity,
                                     [VLY_LAW_TRANSFERENCE] = &laws->transference,
                                     [VLY_LAW_FACTOR] = &laws->factor,
                                     [VLY_LAW_OCP] = &laws->ocp,
                                     [VLY_LAW_SOLID_DIFFUSIVITY] = &laws->solid_diffusivity,
                                     [VLY_LAW_SOLID_CONDUCTIVITY] = &laws->solid_conductivity};
    return each[id];
}

void vly_cell_laws_free(vly_cell_laws *laws)
{
    for (int i = 0; i < VLY_LAWS; i++) vly_law_free(law_of(laws, (vly_law_id)i));
}

vly_status vly_cell_laws_create(vly_cell_laws *out, const vly_materials *m)
{
    *out = (vly_cell_laws){.thermal = VLY_FARADAY / (GAS * m->temperature),
                           .solid_most = m->maximum_concentration,
                           .exchange = m->exchange * arrhenius(m, m->exchange_activation),
                           .exchange_power = m->exchange_power,
                           .lithium_exchange = m->lithium_exchange,
                           .film = m->film_resistance,
                           .half = true};
    vly_status status = VLY_OK;
    for (int i = 0; i < VLY_LAWS && status == VLY_OK; i++)
        status = vly_materials_build(law_of(out, (vly_law_id)i), m, (vly_law_id)i, i < VLY_LAW_OCP ? 1000.0 : 1.0);
    if (status == VLY_OK) status = check_pack(out, m);
    if (status != VLY_OK) vly_cell_laws_free(out);
    return status;
}

/* Copies an array behind what is in `block` already (NULL: only counts) and returns where it will be on the device. */
static const void *place(char *block, int64_t *used, const void *device, const void *from, int64_t bytes)
{
    int64_t at = *used;
    *used += (bytes + 15) / 16 * 16;
    if (block && bytes > 0) memcpy(block + at, from, (size_t)bytes);
    return bytes > 0 ? (const char *)device + at : NULL;
}

static int64_t place_laws(vly_cell_laws *out, char *block, const void *device, const vly_cell_laws *from)
{
    int64_t used = 0;
    *out = *from;
    for (int i = 0; i < VLY_LAWS; i++) {
        vly_law *law = law_of(out, (vly_law_id)i);
        int64_t knots = law->knot ? law->pieces + 1 : 0;
        law->knot = place(block, &used, device, law->knot, 8 * knots);
        law->coefficient = place(block, &used, device, law->coefficient, 32 * (int64_t)law->pieces);
        law->program = place(block, &used, device, law->program, (int64_t)sizeof *law->program * law->steps);
    }
    return used;
}

vly_status vly_cell_laws_upload(vly_cell_laws *out, vly_buffer *memory, vly_device *device, const vly_materials *m)
{
    vly_cell_laws host;
    char *block = NULL;
    *memory = (vly_buffer){.device = device};
    VLY_TRY(vly_cell_laws_create(&host, m));
    int64_t bytes = place_laws(out, NULL, NULL, &host);
    vly_status status = VLY_NEW(&block, bytes, "laws");
    if (status == VLY_OK) status = vly_buffer_reserve(memory, device, bytes, "laws");
    if (status == VLY_OK) place_laws(out, block, memory->data, &host);
    if (status == VLY_OK) status = vly_buffer_upload(memory, block, bytes);
    if (status != VLY_OK) vly_buffer_free(memory);
    vly_free(block);
    vly_cell_laws_free(&host);
    return status;
}
