/* The laws of the default half cell: three electrolytes, and NMC622 with its closure of the measured open-circuit potential
 * (spec 3.3, 3.4). */
#include "cell/materials_impl.h"

#include "core/memory.h"

#include <string.h>

typedef struct electrolyte_law {
    vly_law_id law;
    const char *expression;
    double low, high; /* mol/m3 */
} electrolyte_law;

typedef struct electrolyte {
    const char *name, *source;
    electrolyte_law law[4];
} electrolyte;

#define M "(x/1000)" /* mol/L */
#define DEPLETED 1e-12

/* The cubics of Landesfeind are unphysical below 0.1 and above 3 mol/L; those of Nyman rise again beyond 2.2 and 2.6. */
static const electrolyte electrolytes[] = {
    {"landesfeind",
     "EC:EMC 3:7 with LiPF6: Landesfeind and Gasteiger, J. Electrochem. Soc. 166 (2019) A3079",
     {{VLY_LAW_CONDUCTIVITY,
       "0.1*0.521*(1+(T-228))*" M "*(1-1.06*" M "**0.5+0.353*(1-0.00359*exp(1000/T))*" M ")/(1+" M
       "**4*0.00148*exp(1000/T))",
       DEPLETED, INFINITY},
      {VLY_LAW_DIFFUSIVITY, "1e-10*1010*exp(1.01*" M ")*exp(-1560/T)*exp(-487*" M "/T)", DEPLETED, INFINITY},
      {VLY_LAW_TRANSFERENCE,
       "-12.8-6.12*" M "+0.0821*T+0.904*" M "**2+0.0318*" M "*T-0.000127*T**2+0.0175*" M "**3-0.00312*" M
       "**2*T-0.0000396*" M "*T**2",
       100.0, 3000.0},
      {VLY_LAW_FACTOR,
       "25.7-45.1*" M "-0.177*T+1.94*" M "**2+0.295*" M "*T+0.000308*T**2+0.259*" M "**3-0.00946*" M "**2*T-0.000454*" M
       "*T**2",
       100.0, 3000.0}}},
    {"nyman",
     "EC:EMC 3:7 with LiPF6: Nyman, Behm and Lindbergh, Electrochim. Acta 53 (2008) 6356",
     {{VLY_LAW_CONDUCTIVITY, "0.1297*" M "**3-2.51*" M "**1.5+3.329*" M, DEPLETED, 2600.0},
      {VLY_LAW_DIFFUSIVITY, "8.794e-11*" M "**2-3.972e-10*" M "+4.862e-10", DEPLETED, 2200.0},
      {VLY_LAW_TRANSFERENCE, "0.2594", DEPLETED, INFINITY},
      {VLY_LAW_FACTOR, "1", DEPLETED, INFINITY}}},
    {"const",
     "constants for benchmarks",
     {{VLY_LAW_CONDUCTIVITY, "1", DEPLETED, INFINITY},
      {VLY_LAW_DIFFUSIVITY, "3e-10", DEPLETED, INFINITY},
      {VLY_LAW_TRANSFERENCE, "0.3", DEPLETED, INFINITY},
      {VLY_LAW_FACTOR, "1", DEPLETED, INFINITY}}}};

static const double ocp[][2] = {{0.10, 4.60},   {0.20, 4.40},   {0.258, 4.283}, {0.300, 4.201}, {0.344, 4.120},
                                {0.381, 4.059}, {0.400, 4.025}, {0.416, 3.998}, {0.454, 3.940}, {0.498, 3.875},
                                {0.534, 3.834}, {0.556, 3.811}, {0.581, 3.790}, {0.598, 3.780}, {0.624, 3.763},
                                {0.655, 3.753}, {0.685, 3.736}, {0.710, 3.726}, {0.740, 3.712}, {0.772, 3.695},
                                {0.799, 3.678}, {0.840, 3.651}, {0.871, 3.631}, {0.898, 3.607}, {0.917, 3.580},
                                {0.935, 3.545}, {0.950, 3.49},  {0.965, 3.40},  {0.980, 3.22},  {1.000, 2.50}};

static const double log_diffusivity[][2] = {{0.20, -13.7}, {0.30, -13.6}, {0.40, -13.5}, {0.50, -13.5}, {0.60, -13.6},
                                            {0.70, -13.8}, {0.80, -14.0}, {0.90, -14.4}, {0.95, -15.0}, {1.00, -16.0}};

static const double log_conductivity[][2] = {{0.25, 0.0}, {1.0, -3.8}};

static vly_status set_table(vly_materials *m, vly_law_id id, const double (*points)[2], int32_t count, bool log,
                            const char *source)
{
    vly_law_words w = {.logarithmic = log, .low = -INFINITY, .high = INFINITY};
    vly_status status = vly_law_words_reserve(&w, count);
    if (status == VLY_OK) status = vly_strdup(&w.source, source);
    for (int32_t i = 0; i < count && status == VLY_OK; i++) {
        w.x[i] = points[i][0];
        w.y[i] = log ? pow(10.0, points[i][1]) : points[i][1];
    }
    w.monotone = id != VLY_LAW_SOLID_CONDUCTIVITY;
    if (status == VLY_OK) vly_materials_take(m, id, &w);
    vly_law_words_free(&w);
    return status;
}

static vly_status set_expression(vly_materials *m, const electrolyte_law *from, const char *source)
{
    vly_law_words w = {.kind = VLY_WORDS_EXPRESSION, .low = from->low, .high = from->high};
    vly_status status = vly_strdup(&w.expression, from->expression);
    if (status == VLY_OK) status = vly_strdup(&w.source, source);
    if (status == VLY_OK) vly_materials_take(m, from->law, &w);
    vly_law_words_free(&w);
    return status;
}

vly_status vly_materials_set_electrolyte(vly_materials *m, const char *name)
{
    for (size_t i = 0; i < sizeof electrolytes / sizeof *electrolytes; i++) {
        const electrolyte *e = &electrolytes[i];
        if (strcmp(e->name, name) != 0) continue;
        for (int k = 0; k < 4; k++) VLY_TRY(set_expression(m, &e->law[k], e->source));
        return VLY_OK;
    }
    return vly_fail(VLY_EUSAGE, "electrolyte = \"%s\", landesfeind, nyman or const expected", name);
}

#define COUNT(table) (int32_t)(sizeof(table) / sizeof *(table))

vly_status vly_materials_default_laws(vly_materials *m)
{
    VLY_TRY(vly_materials_set_electrolyte(m, "landesfeind"));
    VLY_TRY(set_table(
        m, VLY_LAW_OCP, ocp, COUNT(ocp), false,
        "NMC622: Chaouachi et al., Electrochim. Acta 366 (2021) 137428, by a public COMSOL export; chosen below "
        "x = 0.258 and above 0.917"));
    VLY_TRY(set_table(m, VLY_LAW_SOLID_DIFFUSIVITY, log_diffusivity, COUNT(log_diffusivity), true,
                      "chosen within measured ranges of layered oxides (Yang 2012, Xu 2019, Mohtat 2020)"));
    return set_table(m, VLY_LAW_SOLID_CONDUCTIVITY, log_conductivity, COUNT(log_conductivity), true,
                     "ends: Amin and Chiang, J. Electrochem. Soc. 163 (2016) A1512; chosen log-linear between them");
}
