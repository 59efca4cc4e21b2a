/* Effective parameters of a trinarisation for porous-electrode models: right on layers, where they are sums, and BPX that
 * another program can read. */
#include "run_study_cpu.h"

#include "voxelyte/materials.h"

#include <jansson.h>
#include <math.h>

/* Layers along z: along x and y everything conducts side by side. */
static const char layered[] =
    "version: 1\nmethods: [threshold]\nquantities: none\nfractions: {am: 0.3125, cbd: 0.3125, pore: 0.375}\n"
    "through: %s\nbpx: yes\ncell: {gamma_cbd: 0.2, set: \"solid_conductivity=2,cbd_conductivity=20\"}\n"
    "input: {name: slabs, grey: grey.tif}\n";

static const char *put_layers(const char *through)
{
    char text[600];
    snprintf(text, sizeof text, layered, through);
    return put("study.yaml", text);
}

static const json_t *section_of(const json_t *root, const char *name)
{
    const json_t *section = json_object_get(json_object_get(root, "Parameterisation"), name);
    ck_assert_msg(section != NULL, "no section %s", name);
    return section;
}

static double number_of(const json_t *section, const char *key)
{
    const json_t *value = json_object_get(section, key);
    ck_assert_msg(json_is_number(value), "no number %s", key);
    return json_number_value(value);
}

/* 1e-6 is the width of the bounds of transport. */
static void check_near(double got, double expected, const char *what)
{
    ck_assert_msg(fabs(got - expected) <= 2e-6 * fabs(expected), "%s: %.9g, %.9g expected", what, got, expected);
}

/* Of 16 layers 6 are pore, 5 binder, 5 active material. */
static const double PORE = 6.0 / 16, CBD = 5.0 / 16, AM = 5.0 / 16;

START_TEST(layers_along_the_way_add_up)
{
    vly_study_result r;
    double value;
    vly_materials *m;
    begin();
    run_ok(&r, put_layers("x"), test_path("out"));
    ck_assert(r.complete);
    vly_study_result_free(&r);
    json_t *root = json_load_file(below(test_path("out"), "bpx/threshold.json"), 0, NULL);
    ck_assert_ptr_nonnull(root);
    const json_t *positive = section_of(root, "Positive electrode");
    check_near(number_of(positive, "Thickness [m]"), NX * 5e-7, "thickness");
    check_near(number_of(positive, "Porosity"), PORE + 0.5 * CBD, "porosity");
    check_near(number_of(positive, "Transport efficiency"), PORE + 0.2 * CBD, "efficiency");
    check_near(number_of(positive, "Conductivity [S.m-1]"), 2.0 * AM + 20.0 * CBD, "conductivity");
    /* spheres of the radius have the surface */
    check_near(number_of(positive, "Particle radius [m]") * number_of(positive, "Surface area per unit volume [m-1]"),
               3.0 * AM, "radius and surface");
    json_decref(root);
    ck_assert_msg(vly_materials_read(&m, below(test_path("out"), "bpx/threshold.json"), false) == VLY_OK, "%s",
                  vly_error_message());
    ck_assert_int_eq(vly_materials_number(&value, m, "electrode_porosity"), VLY_OK);
    check_near(value, PORE + 0.5 * CBD, "porosity read back");
    ck_assert_int_eq(vly_materials_number(&value, m, "active_fraction"), VLY_OK);
    check_near(value, AM, "active material read back");
    vly_materials_free(m);
    char *csv = text_of(below(test_path("out"), "bpx/threshold.csv"));
    ck_assert_ptr_nonnull(strstr(csv, "\nthickness_um,10,um,"));
    ck_assert_ptr_nonnull(strstr(csv, "\nporosity,0.53125,1,"));
    ck_assert_ptr_nonnull(strstr(csv, "\nam_surface_per_um,"));
    vly_free(csv);
}
END_TEST

/* What BPX 1.x asks of a file that describes the positive electrode, electrolyte and separator. */
static const struct {
    const char *section, *key;
} required[] = {
    {"Cell", "Electrode area [m2]"},
    {"Cell", "Number of electrode pairs connected in parallel to make a cell"},
    {"Cell", "Nominal cell capacity [A.h]"},
    {"Cell", "Lower voltage cut-off [V]"},
    {"Cell", "Upper voltage cut-off [V]"},
    {"Electrolyte", "Cation transference number"},
    {"Electrolyte", "Conductivity [S.m-1]"},
    {"Electrolyte", "Diffusivity [m2.s-1]"},
    {"Positive electrode", "Particle radius [m]"},
    {"Positive electrode", "Thickness [m]"},
    {"Positive electrode", "Diffusivity [m2.s-1]"},
    {"Positive electrode", "OCP [V]"},
    {"Positive electrode", "Conductivity [S.m-1]"},
    {"Positive electrode", "Surface area per unit volume [m-1]"},
    {"Positive electrode", "Porosity"},
    {"Positive electrode", "Transport efficiency"},
    {"Positive electrode", "Reaction rate constant [mol.m-2.s-1]"},
    {"Positive electrode", "Minimum stoichiometry"},
    {"Positive electrode", "Maximum stoichiometry"},
    {"Positive electrode", "Maximum concentration [mol.m-3]"},
    {"Separator", "Thickness [m]"},
    {"Separator", "Porosity"},
    {"Separator", "Transport efficiency"},
};

/* Every key of the sample that stands in the same place. */
static void check_keys(const json_t *sample, const json_t *got, const char *where)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)sample, key, value)
    {
        const json_t *other = json_object_get(got, key);
        ck_assert_msg(other != NULL, "%s: no %s", where, key);
        if (json_is_object(value) && json_is_object(other)) check_keys(value, other, key);
    }
}

START_TEST(the_file_has_the_fields_that_bpx_requires)
{
    vly_study_result r;
    char sample[700];
    begin();
    run_ok(&r, put_layers("y"), test_path("out"));
    vly_study_result_free(&r);
    json_t *root = json_load_file(below(test_path("out"), "bpx/threshold.json"), 0, NULL);
    ck_assert_ptr_nonnull(root);
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "Header"), "BPX")), "1.1.0");
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        ck_assert_msg(json_object_get(section_of(root, required[i].section), required[i].key) != NULL, "%s: no %s",
                      required[i].section, required[i].key);
    snprintf(sample, sizeof sample, "%s/samples/nmc622.json", getenv("VLY_SOURCE_DIR"));
    json_t *shipped = json_load_file(sample, 0, NULL);
    ck_assert_ptr_nonnull(shipped);
    json_object_del(json_object_get(json_object_get(shipped, "Parameterisation"), "User-defined"),
                    "AM conductivity [S.m-1]");
    check_keys(shipped, root, "root");
    json_decref(shipped);
    json_decref(root);
}
END_TEST

START_TEST(what_does_not_percolate_has_a_reason_instead)
{
    vly_study_result r;
    begin();
    run_ok(&r, put_layers("z"), test_path("out")); /* active material blocks the way */
    ck_assert(r.complete);
    vly_study_result_free(&r);
    char *json = text_of(below(test_path("out"), "bpx/threshold.json"));
    ck_assert_ptr_nonnull(strstr(json, "no way through pore and carbon-binder"));
    vly_free(json);
    char *csv = text_of(below(test_path("out"), "bpx/threshold.csv"));
    ck_assert_ptr_nonnull(strstr(csv, "\ntransport_efficiency,0,1,"));
    ck_assert(!strstr(csv, "tortuosity_factor"));
    vly_free(csv);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run_bpx");
    TEST_CASE(suite, layers_along_the_way_add_up);
    TEST_CASE(suite, the_file_has_the_fields_that_bpx_requires);
    TEST_CASE(suite, what_does_not_percolate_has_a_reason_instead);
    return test_run(suite);
}
