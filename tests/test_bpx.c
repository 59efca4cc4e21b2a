/* BPX files: what stands where, in both versions, there and back, and damaged ones. */
#include "cell/materials_impl.h"

#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file of version 1: `electrode` with kinetics and tables of its own, x of tables not in order. */
static const char base[] =
    "{\"Header\": {\"BPX\": \"1.1.0\", \"Title\": \"t\", \"Model\": \"DFN\"},\n"
    " \"Parameterisation\": {\n"
    "  \"Cell\": {\"Electrode area [m2]\": 0.01, \"Lower voltage cut-off [V]\": 2.8, \"Upper voltage cut-off [V]\": 4.2,\n"
    "   \"Nominal cell capacity [A.h]\": 5, \"Reference temperature [K]\": 298.15,\n"
    "   \"Number of electrode pairs connected in parallel to make a cell\": 1},\n"
    "  \"Electrolyte\": {\"Cation transference number\": 0.2594,\n"
    "   \"Diffusivity [m2.s-1]\": \"8.794e-11*(x/1000)**2-3.972e-10*(x/1000)+4.862e-10\",\n"
    "   \"Diffusivity activation energy [J.mol-1]\": 17100,\n"
    "   \"Conductivity [S.m-1]\": {\"x\": [0.001, 1000, 4000], \"y\": [1e-3, 1.0, 0.4]}},\n"
    "  \"Negative electrode\": {\"Thickness [m]\": 5e-5},\n"
    "  \"Positive electrode\": {\"Thickness [m]\": 8e-5, \"Porosity\": 0.3, \"Transport efficiency\": 0.16,\n"
    "   \"Conductivity [S.m-1]\": 0.7, \"Particle radius [m]\": 4.6e-6, \"Surface area per unit volume [m-1]\": 400000,\n"
    "   \"Minimum stoichiometry\": 0.4, \"Maximum stoichiometry\": 0.97, \"Maximum concentration [mol.m-3]\": 46200,\n"
    "   \"Diffusivity [m2.s-1]\": 3.2e-14, \"OCP [V]\": \"4.8-1.5*x-0.001*exp(5*x)\",\n"
    "   \"Reaction rate constant [mol.m-2.s-1]\": 2.305e-05,\n"
    "   \"Reaction rate constant activation energy [J.mol-1]\": 35000},\n"
    "  \"Separator\": {\"Thickness [m]\": 2e-5, \"Porosity\": 0.47, \"Transport efficiency\": 0.3222},\n"
    "  \"User-defined\": {\"CBD ionic gamma\": 0.045, \"somebody else's\": 7}},\n"
    " \"State\": {\"Initial conditions\": {\"Initial state-of-charge\": 1, \"Initial temperature [K]\": 308.15,\n"
    "   \"Initial electrolyte concentration [mol.m-3]\": 1200}}}\n";

/* The file with `from` replaced by `to`; NULL: as it is. */
static const char *file_with(const char *from, const char *to)
{
    const char *path = test_path("cell.json"), *found = from ? strstr(base, from) : base + sizeof base - 1;
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_msg(found != NULL, "%s is not in the file", from);
    fwrite(base, 1, (size_t)(found - base), file);
    if (from) ck_assert_int_ge(fprintf(file, "%s%s", to, found + strlen(from)), 0);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static const char *file_of(const char *text)
{
    return test_write_text(test_path("text.json"), text);
}

static vly_materials *read_file(const char *path)
{
    vly_materials *m;
    ck_assert_msg(vly_materials_read(&m, path, false) == VLY_OK, "%s", vly_error_message());
    return m;
}

static double at(const vly_materials *m, const char *law, double x)
{
    double value;
    ck_assert_msg(vly_materials_evaluate(&value, NULL, m, law, &x, 1) == VLY_OK, "%s", vly_error_message());
    return value;
}

static void refuses(const char *path, const char *part)
{
    vly_materials *m;
    test_fails(vly_materials_read(&m, path, false), VLY_EDATA, part);
    ck_assert_ptr_null(m);
    ck_assert_ptr_nonnull(strstr(vly_error_message(), ".json"));
}

START_TEST(every_field_finds_its_place)
{
    vly_materials *m = read_file(file_with(NULL, NULL));
    ck_assert_double_eq(m->cutoff, 2.8);
    ck_assert_double_eq(m->temperature, 308.15);
    ck_assert_double_eq(m->initial_concentration, 1200);
    ck_assert_double_eq(m->maximum_concentration, 46200);
    ck_assert_double_eq(m->initial_stoichiometry, 0.4);
    ck_assert_double_eq(m->electrode_thickness, 8e-5);
    ck_assert_double_eq(m->electrode_conductivity, 0.7);
    ck_assert_double_eq_tol(m->active_fraction, 400000 * 4.6e-6 / 3, 1e-12);
    ck_assert_double_eq(m->separator_gamma, 0.3222);
    ck_assert_double_eq(m->cbd_gamma, 0.045);
    ck_assert_double_eq(m->cbd_porosity, 0.5); /* not in the file */
    /* i0 = F K sqrt(x (1-x)) at c_e0, whatever c_max */
    double i0 = m->exchange * sqrt(1200) * 46200 * sqrt(0.3 * 0.7);
    ck_assert_double_eq_tol(i0, 96485.33212 * 2.305e-05 * sqrt(0.3 * 0.7), 1e-12);
    ck_assert_double_eq_tol(at(m, "ocp", 0.6), 4.8 - 0.9 - 0.001 * exp(3), 1e-13);
    ck_assert_double_eq_tol(at(m, "conductivity", 2500), 0.7, 1e-13);
    ck_assert_double_eq(at(m, "transference", 500), 0.2594);
    ck_assert_double_eq(at(m, "factor", 500), 1.0);
    ck_assert_double_eq(at(m, "solid_diffusivity", 0.5), 3.2e-14);
    /* effective, so it is never that of the material */
    ck_assert_double_eq_tol(at(m, "solid_conductivity", 0.25), 1.0, 1e-14);
    ck_assert_ptr_nonnull(strstr(vly_materials_source(m, "cutoff"), "cell.json: Cell / Lower voltage cut-off [V]"));
    ck_assert_ptr_nonnull(strstr(vly_materials_source(m, "cbd_porosity"), "Prifling"));
    vly_materials_free(m);
}
END_TEST

START_TEST(activation_energies_act_from_the_reference_temperature)
{
    vly_cell_laws laws;
    vly_materials *m = read_file(file_with(NULL, NULL));
    double difference = (1 / 298.15 - 1 / 308.15) / 8.314462618;
    double cold = 8.794e-11 * 4 - 3.972e-10 * 2 + 4.862e-10;
    ck_assert_double_eq_tol(at(m, "diffusivity", 2000) / cold, exp(17100 * difference), 1e-12);
    ck_assert_int_eq(vly_cell_laws_create(&laws, m), VLY_OK);
    ck_assert_double_eq_tol(laws.exchange / m->exchange, exp(35000 * difference), 1e-12);
    vly_cell_laws_free(&laws);
    vly_materials_free(m);
}
END_TEST

START_TEST(version_0_keeps_its_start_elsewhere)
{
    static const char old[] =
        "{\"Header\": {\"BPX\": 0.4, \"Model\": \"Partial\"}, \"Parameterisation\": {\n"
        " \"Cell\": {\"Lower voltage cut-off [V]\": 2.9, \"Ambient temperature [K]\": 300, \"Initial temperature [K]\": 303},\n"
        " \"Electrolyte\": {\"Initial concentration [mol.m-3]\": 900, \"Cation transference number\": 0.3,\n"
        "  \"Diffusivity [m2.s-1]\": 3e-10, \"Conductivity [S.m-1]\": \"1\"}}}\n";
    vly_materials *m = read_file(file_of(old));
    ck_assert_double_eq(m->temperature, 303);
    ck_assert_double_eq(m->initial_concentration, 900);
    ck_assert_double_eq(m->cutoff, 2.9);
    ck_assert_double_eq(m->maximum_concentration, 50224); /* no positive electrode: the default's */
    ck_assert_double_eq(at(m, "conductivity", 100), 1.0);
    vly_materials_free(m);
}
END_TEST

START_TEST(the_lithiation_branch_comes_first_and_tables_in_any_order)
{
    vly_materials *m = read_file(file_with(
        "\"OCP [V]\":", "\"OCP (lithiation) [V]\": {\"x\": [1, 0.3, 0.6], \"y\": [3, 4.2, 3.8]}, \"OCP [V]\":"));
    ck_assert_double_eq_tol(at(m, "ocp", 0.3), 4.2, 1e-14);
    ck_assert_double_eq_tol(at(m, "ocp", 0.6), 3.8, 1e-14);
    ck_assert(m->law[VLY_LAW_OCP].monotone);
    vly_materials_free(m);
    m = read_file(file_with("\"OCP [V]\": \"4.8", "\"OCP (lithiation) [V]\": \"4.7"));
    ck_assert_double_eq_tol(at(m, "ocp", 0.5), 4.7 - 0.75 - 0.001 * exp(2.5), 1e-13);
    vly_materials_free(m);
}
END_TEST

START_TEST(tables_are_linear_on_request)
{
    vly_materials *m;
    const char *path = file_with("3.2e-14", "{\"x\": [0, 0.5, 1], \"y\": [1e-13, 5e-14, 1e-14]}");
    ck_assert_int_eq(vly_materials_read(&m, path, true), VLY_OK);
    ck_assert_double_eq_tol(at(m, "solid_diffusivity", 0.25) / 7.5e-14, 1.0, 1e-12);
    vly_materials_free(m);
    m = read_file(path);
    ck_assert(m->law[VLY_LAW_SOLID_DIFFUSIVITY].monotone && m->law[VLY_LAW_SOLID_DIFFUSIVITY].logarithmic);
    vly_materials_free(m);
}
END_TEST

START_TEST(one_material_of_a_blend_is_no_blend)
{
    vly_materials *m = read_file(
        file_with("\"Minimum stoichiometry\": 0.4,", "\"Particle\": {\"only\": {\"Minimum stoichiometry\": 0.41}},"));
    ck_assert_double_eq(m->initial_stoichiometry, 0.41);
    vly_materials_free(m);
    refuses(file_with("\"Minimum stoichiometry\": 0.4,", "\"Particle\": {\"a\": {}, \"b\": {}},"), "has 2 materials");
}
END_TEST

START_TEST(limits_and_functions_of_ours_are_user_defined)
{
    vly_materials *m = read_file(
        file_with("\"CBD ionic gamma\": 0.045",
                  "\"TDF\": \"1+x/1000\", \"Most x of factor\": 2000, \"Film resistance [Ohm.m2]\": 0.001, "
                  "\"Exchange current exponent\": 0, \"Cation transference number function\": \"0.4-x/10000\", "
                  "\"AM conductivity [S.m-1]\": {\"x\": [0, 1], \"y\": [1, 1e-4]}"));
    ck_assert_double_eq_tol(at(m, "factor", 2500), 3.0, 1e-14);
    ck_assert_double_eq_tol(at(m, "transference", 1000), 0.3, 1e-14);
    ck_assert_double_eq_tol(at(m, "solid_conductivity", 0.5), 1e-2, 1e-15);
    ck_assert_double_eq(m->film_resistance, 0.001);
    ck_assert_double_eq(m->exchange_power, 0.0);
    vly_materials_free(m);
}
END_TEST

/* All numbers and, at many places, all laws of two materials; a reaction constant on its way loses a rounding or two. */
static void expect_same(const vly_materials *a, const vly_materials *b)
{
    for (int i = 0; i < VLY_SCALARS; i++)
        ck_assert_msg(fabs(a->scalar[i] - b->scalar[i]) <= 4e-16 * fabs(a->scalar[i]), "%s: %.17g, %.17g",
                      vly_material_entry_at(i)->name, a->scalar[i], b->scalar[i]);
    for (int i = 0; i < VLY_LAWS; i++)
        for (int k = 0; k <= 60; k++) {
            double x = i < VLY_LAW_OCP ? 61.7 * k : k / 60.0;
            const char *name = vly_material_entry_at(VLY_SCALARS + i)->name;
            double u = at(a, name, x), v = at(b, name, x);
            ck_assert_msg(fabs(u - v) <= 1e-14 * fabs(u), "%s at %g: %.17g, %.17g", name, x, u, v);
        }
}

START_TEST(what_is_written_reads_as_the_same)
{
    static const char *const electrolytes[] = {"landesfeind", "nyman", "const"};
    const char *path = test_path("again.json");
    for (int e = 0; e < 3; e++) {
        vly_materials *m, *again;
        ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
        ck_assert_int_eq(vly_materials_set(m, "electrolyte", electrolytes[e]), VLY_OK);
        ck_assert_int_eq(vly_materials_set(m, "temperature", "305"), VLY_OK);
        ck_assert_int_eq(vly_materials_set(m, "cbd_gamma", "0.0123456789012345"), VLY_OK);
        ck_assert_int_eq(vly_materials_set(m, "exchange_power", "0"), VLY_OK);
        ck_assert_int_eq(vly_materials_set(m, "cutoff", "2.75"), VLY_OK);
        ck_assert_msg(vly_materials_write(m, path, true) == VLY_OK, "%s", vly_error_message());
        again = read_file(path);
        expect_same(m, again);
        test_fails(vly_materials_write(m, path, false), VLY_EOUTPUT, "again.json");
        vly_materials_free(m);
        vly_materials_free(again);
    }
    vly_materials *m = read_file(file_with(NULL, NULL)), *again;
    ck_assert_int_eq(vly_materials_write(m, path, true), VLY_OK);
    again = read_file(path);
    expect_same(m, again);
    vly_materials_free(m);
    vly_materials_free(again);
}
END_TEST

START_TEST(the_sample_is_the_default_half_cell)
{
    char path[4096];
    vly_materials *m, *sample;
    const char *source = getenv("VLY_SOURCE_DIR");
    if (!source) return;
    snprintf(path, sizeof path, "%s/samples/nmc622.json", source);
    ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
    sample = read_file(path);
    expect_same(m, sample);
    vly_materials_free(m);
    vly_materials_free(sample);
}
END_TEST

START_TEST(damaged_files_are_refused_in_one_line)
{
    static const struct {
        const char *from, *to, *part;
    } cases[] = {
        {"\"DFN\"", "\"SPM\"", "Header / Model is \"SPM\", DFN or Partial expected"},
        {"\"1.1.0\"", "\"2.0.0\"", "Header / BPX is 2.0.0, version 0.x or 1.x expected"},
        {"\"1.1.0\"", "true", "Header / BPX is not a version"},
        {"\"Header\"", "\"Footer\"", "no Header"},
        {"\"Parameterisation\"", "\"Parameters\"", "Parameterisation is missing"},
        {"\"Positive electrode\"", "\"Positive elektrode\"", "Positive electrode is missing"},
        {"\"Electrolyte\": {", "\"Electrolyte\": 3, \"x\": {", "Electrolyte is a number, an object expected"},
        {"\"Maximum concentration [mol.m-3]\"", "\"c_max\"", "Maximum concentration [mol.m-3] is missing"},
        {"\"Reaction rate constant [mol.m-2.s-1]\"", "\"K\"", "Reaction rate constant [mol.m-2.s-1] is missing"},
        {"\"OCP [V]\"", "\"OCV\"", "Positive electrode / OCP [V] is missing"},
        {"46200", "\"a lot\"", "Maximum concentration [mol.m-3] is a string, a number expected"},
        {"46200", "46.2", "maximum_concentration = 46.2, a number from 1000 to 200000 mol/m3 expected"},
        {"46200", "NaN", "cell.json:13:"},
        {"46200", "1e999", "cell.json:13:"},
        {"3.2e-14", "-3.2e-14", "solid_diffusivity is -3.2e-14"},
        {"3.2e-14", "3.2e-3", "solid_diffusivity is 0.0032"},
        {"3.2e-14", "[1, 2]", "is an array, a number, an expression or a table expected"},
        {"3.2e-14", "{\"x\": [0, 1], \"y\": [1]}", "two lists as long as each other"},
        {"3.2e-14", "{\"x\": [0, null], \"y\": [1, 2]}", "is null, a table of numbers expected"},
        {"3.2e-14", "{\"x\": [0, 1], \"y\": [1e-14, 0]}", "Diffusivity [m2.s-1]: 0 at x = 1, a value above 0 expected"},
        {"-1.5*x", "-1.5*y", "OCP [V]: \"y-0.001*exp(5*x)\" at character 9 of the expression"},
        {"\"4.8-1.5*x-0.001*exp(5*x)\"", "\"4.8+0.1*log(x-0.6)\"", "ocp is"},
        {"\"4.8-1.5*x-0.001*exp(5*x)\"", "{\"x\": [0.2, 0.5, 0.8], \"y\": [4, 3.5, 3.6]}",
         "does not fall from (x = 0.5, 3.5 V) to (x = 0.8, 3.6 V)"},
        {"\"4.8-1.5*x-0.001*exp(5*x)\"", "{\"x\": [0.5, 0.8], \"y\": [4, 3.5]}",
         "starts at x = 0.4, outside the table"},
        {"2.8,", "4.3,", "the cut-off of 4.3 V is not below the 4.19261 V at the start (x = 0.4)"},
        {"0.3222", "-0.3", "Separator / Transport efficiency: separator_gamma = -0.3"},
        {"0.045", "0", "cbd_gamma = 0"},
        {"CBD ionic gamma", "CBD ionic gama", "User-defined / CBD ionic gama is unknown"},
        {"\"CBD ionic gamma\"", "\"Least x of tdf\"", "Least x of tdf is unknown"},
        {"\"Porosity\": 0.47,", "\"Porosity\": 0.47, \"Porosity\": 0.5,", "duplicate"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(file_with(cases[i].from, cases[i].to), cases[i].part);
    refuses(file_of("[]"), "no Header");
    refuses(file_of(""), "text.json:1:");
}
END_TEST

/* Cut anywhere it is no JSON; nothing may be read beyond it. */
START_TEST(a_truncated_file_is_refused_wherever_it_ends)
{
    vly_materials *m;
    char *text = strdup(base);
    for (size_t length = sizeof base - 3; length > 0; length -= length > 50 ? 37 : 1) {
        text[length] = 0;
        ck_assert_int_eq(vly_materials_read(&m, file_of(text), false), VLY_EDATA);
    }
    free(text);
    test_fails(vly_materials_read(&m, test_path("nowhere.json"), false), VLY_ENOINPUT, "nowhere.json");
}
END_TEST

static vly_status read_and_write(void *self)
{
    const char *const *paths = self;
    vly_materials *m = NULL;
    vly_status status = vly_materials_read(&m, paths[0], false);
    if (status == VLY_OK) status = vly_materials_write(m, paths[1], true);
    vly_materials_free(m);
    return status;
}

START_TEST(short_memory_is_survived)
{
    const char *paths[] = {file_with(NULL, NULL), test_path("short.json")};
    ck_assert_int_gt(test_every_fault("alloc", read_and_write, paths), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bpx");
    TEST_CASE(suite, every_field_finds_its_place);
    TEST_CASE(suite, activation_energies_act_from_the_reference_temperature);
    TEST_CASE(suite, version_0_keeps_its_start_elsewhere);
    TEST_CASE(suite, the_lithiation_branch_comes_first_and_tables_in_any_order);
    TEST_CASE(suite, tables_are_linear_on_request);
    TEST_CASE(suite, one_material_of_a_blend_is_no_blend);
    TEST_CASE(suite, limits_and_functions_of_ours_are_user_defined);
    TEST_CASE(suite, what_is_written_reads_as_the_same);
    TEST_CASE(suite, the_sample_is_the_default_half_cell);
    TEST_CASE(suite, damaged_files_are_refused_in_one_line);
    TEST_CASE(suite, a_truncated_file_is_refused_wherever_it_ends);
    TEST_CASE(suite, short_memory_is_survived);
    return test_run(suite);
}
