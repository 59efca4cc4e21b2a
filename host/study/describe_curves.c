/* Curves of a description as CSV, read from its document, so that file and document cannot differ. */
#include "study/describe_document.h"

#include "core/number.h"

#include <math.h>

static const char *const phases[] = {"am", "cbd", "pore"};
static const char *const pairs[] = {"am_am", "cbd_cbd", "pore_pore", "am_cbd", "am_pore", "cbd_pore"};

enum { PHASES = sizeof phases / sizeof *phases, PAIRS = sizeof pairs / sizeof *pairs };

static const struct {
    const char *name, *columns;
} curves[VLY_CURVES] = {
    {"cpsd", "phase,radius_um,fraction_at_least"},
    {"intrusion", "phase,inlet,radius_um,fraction_at_least"},
    {"tortuosity", "phase,tortuosity,share"},
    {"two-point", "direction,r_um,am_am,cbd_cbd,pore_pore,am_cbd,am_pore,cbd_pore"},
    {"profile", "depth_um,am,cbd,pore,porosity"},
};

const char *vly_curve_name(vly_curve curve)
{
    return curves[curve].name;
}

void vly_curve_header(vly_text *to, vly_curve curve, const char *lead)
{
    vly_text_add(to, "%s%s\n", lead, curves[curve].columns);
}

/* Nothing for what is no number. */
static void add_value(vly_text *to, const json_t *value)
{
    char text[VLY_NUMBER_BYTES] = "";
    if (json_is_number(value)) vly_number_write(text, json_number_value(value));
    vly_text_add(to, ",%s", text);
}

/* `first` and then a value of each array, row by row. */
static void add_rows(vly_text *to, const char *lead, const char *first, const json_t *const *columns, int count)
{
    for (size_t i = 0; i < json_array_size(columns[0]); i++) {
        vly_text_add(to, "%s%s", lead, first);
        for (int k = 0; k < count; k++) add_value(to, json_array_get(columns[k], i));
        vly_text_add(to, "\n");
    }
}

static void add_pair(vly_text *to, const char *lead, const char *first, const json_t *curve, const char *x,
                     const char *y)
{
    const json_t *columns[] = {json_object_get(curve, x), json_object_get(curve, y)};
    add_rows(to, lead, first, columns, 2);
}

static void add_phase_rows(vly_text *to, vly_curve curve, const json_t *phase, const char *name, const char *lead)
{
    char first[32];
    switch (curve) {
    case VLY_CURVE_CPSD:
        add_pair(to, lead, name, json_object_get(phase, "cpsd"), "radius_um", "fraction_at_least");
        break;
    case VLY_CURVE_INTRUSION:
        snprintf(first, sizeof first, "%s,separator", name);
        add_pair(to, lead, first, json_object_get(phase, "intrusion"), "radius_um", "fraction_at_least");
        snprintf(first, sizeof first, "%s,collector", name);
        add_pair(to, lead, first, json_object_get(phase, "intrusion_collector"), "radius_um", "fraction_at_least");
        break;
    default:
        add_pair(to, lead, name, json_object_get(json_object_get(phase, "geodesic_tortuosity"), "histogram"),
                 "tortuosity", "share");
    }
}

static void add_two_point(vly_text *to, const char *lead, const char *direction, const json_t *curve)
{
    const json_t *columns[1 + PAIRS] = {json_object_get(curve, "r_um")};
    for (int i = 0; i < PAIRS; i++) columns[1 + i] = json_object_get(curve, pairs[i]);
    add_rows(to, lead, direction, columns, 1 + PAIRS);
}

static void add_profile(vly_text *to, const char *lead, const json_t *document)
{
    const json_t *electrode = json_object_get(document, "electrode");
    const json_t *depth = json_object_get(electrode, "depth_um"), *values[PHASES + 1];
    for (int p = 0; p < PHASES; p++)
        values[p] = json_object_get(json_object_get(json_object_get(document, "phases"), phases[p]), "profile");
    values[PHASES] = json_object_get(electrode, "porosity");
    for (size_t i = 0; i < json_array_size(depth); i++) {
        char text[VLY_NUMBER_BYTES];
        vly_number_write(text, json_number_value(json_array_get(depth, i)));
        vly_text_add(to, "%s%s", lead, text);
        for (int k = 0; k <= PHASES; k++) add_value(to, json_array_get(values[k], i));
        vly_text_add(to, "\n");
    }
}

void vly_curve_rows(vly_text *to, vly_curve curve, const json_t *document, const char *lead)
{
    static const char *const axes[] = {"x", "y", "z"};
    const json_t *two_point = json_object_get(document, "two_point");
    if (curve == VLY_CURVE_PROFILE) {
        add_profile(to, lead, document);
    } else if (curve == VLY_CURVE_TWO_POINT) {
        add_two_point(to, lead, "all", two_point);
        for (int a = 0; a < 3; a++)
            add_two_point(to, lead, axes[a], json_object_get(json_object_get(two_point, "axes"), axes[a]));
    } else {
        for (int p = 0; p < PHASES; p++)
            add_phase_rows(to, curve, json_object_get(json_object_get(document, "phases"), phases[p]), phases[p], lead);
    }
}
