/* The default half cell against the digits of the specification, changes by name, and what does not fit together. */
#include "cell/materials_impl.h"

#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static vly_materials *make(void)
{
    vly_materials *m;
    ck_assert_int_eq(vly_materials_create_default(&m), VLY_OK);
    return m;
}

static double at(const vly_materials *m, const char *law, double x, double *slope)
{
    double value;
    ck_assert_msg(vly_materials_evaluate(&value, slope, m, law, &x, 1) == VLY_OK, "%s", vly_error_message());
    return value;
}

static void expect(const vly_materials *m, const char *law, double x, double expected, double tolerance)
{
    double value = at(m, law, x, NULL);
    ck_assert_msg(fabs(value - expected) <= tolerance * fabs(expected), "%s at %g is %.12g, %.12g expected", law, x,
                  value, expected);
}

/* Spec 3.3 has ten digits, of which the last is rounded: 1e-8. */
START_TEST(the_electrolyte_of_landesfeind_has_the_values_of_the_specification)
{
    static const double expected[][5] = {{200, 0.436867681, 4.762433471e-10, 0.355939316, 0.772803407},
                                         {1000, 0.913021087, 2.892247750e-10, 0.220912811, 2.181761315},
                                         {2000, 0.593940226, 1.550578310e-10, 0.105719281, 3.849900500}};
    vly_materials *m = make();
    for (int i = 0; i < 3; i++) {
        expect(m, "conductivity", expected[i][0], expected[i][1], 1e-8);
        expect(m, "diffusivity", expected[i][0], expected[i][2], 1e-8);
        expect(m, "transference", expected[i][0], expected[i][3], 1e-8);
        expect(m, "factor", expected[i][0], expected[i][4], 1e-8);
    }
    vly_materials_free(m);
}
END_TEST

START_TEST(the_electrolyte_of_nyman_is_clipped_before_it_rises_again)
{
    double slope;
    vly_materials *m = make();
    ck_assert_int_eq(vly_materials_set(m, "electrolyte", "nyman"), VLY_OK);
    expect(m, "conductivity", 1000, 0.9487, 1e-12);
    expect(m, "diffusivity", 1000, 1.7694e-10, 1e-12);
    expect(m, "transference", 1000, 0.2594, 1e-15);
    expect(m, "factor", 1000, 1, 1e-15);
    expect(m, "diffusivity", 2900, at(m, "diffusivity", 2200, NULL), 1e-15);
    expect(m, "conductivity", 2900, at(m, "conductivity", 2600, NULL), 1e-15);
    at(m, "conductivity", 2900, &slope);
    ck_assert_double_eq(slope, 0.0);
    ck_assert_int_eq(vly_materials_check(m), VLY_OK);
    ck_assert_ptr_nonnull(strstr(vly_materials_source(m, "factor"), "Nyman"));
    vly_materials_free(m);
}
END_TEST

START_TEST(cubics_of_landesfeind_are_clipped_where_they_leave_physics)
{
    vly_materials *m = make();
    expect(m, "factor", 1e-9, at(m, "factor", 100, NULL), 1e-15);
    expect(m, "transference", 5000, at(m, "transference", 3000, NULL), 1e-15);
    ck_assert_double_ne(at(m, "conductivity", 3500, NULL), at(m, "conductivity", 3000, NULL));
    vly_materials_free(m);
}
END_TEST

/* Spec 3.4 gives ten digits of the value and seven of the slope. */
START_TEST(the_open_circuit_potential_has_the_values_of_the_specification)
{
    static const double expected[][3] = {{0.5, 3.872463778, -1.255823},
                                         {0.7, 3.729947495, -0.375139},
                                         {0.9, 3.604700428, -1.190108},
                                         {0.95, 3.49, -4.551724}};
    vly_materials *m = make();
    for (int i = 0; i < 4; i++) {
        double slope, value = at(m, "ocp", expected[i][0], &slope);
        ck_assert_double_eq_tol(value, expected[i][1], 6e-10);
        ck_assert_double_eq_tol(slope, expected[i][2], 6e-7);
    }
    vly_materials_free(m);
}
END_TEST

START_TEST(solid_transport_spans_the_decades_of_the_specification)
{
    double slope;
    vly_materials *m = make();
    expect(m, "solid_conductivity", 0.1, 1.0, 1e-14);
    expect(m, "solid_conductivity", 0.625, pow(10, -1.9), 1e-13);
    expect(m, "solid_conductivity", 1.0, pow(10, -3.8), 1e-13);
    expect(m, "solid_diffusivity", 0.2, pow(10, -13.7), 1e-12);
    expect(m, "solid_diffusivity", 0.95, 1e-15, 1e-12);
    at(m, "solid_diffusivity", 0.45, &slope); /* flat between equal points */
    ck_assert_double_eq_tol(slope, 0.0, 1e-25);
    vly_materials_free(m);
}
END_TEST

/* Central differences with h = 1e-5 x: their error is h^2 f'''/6 + eps f/h, below 1e-6 of the slope of these laws except
 * where it vanishes, hence the second term. No knot lies within h of the points. */
START_TEST(slopes_of_all_laws_are_those_of_difference_quotients)
{
    static const char *const electrolytes[] = {"landesfeind", "nyman", "const"};
    vly_materials *m = make();
    for (int e = 0; e < 3; e++) {
        ck_assert_int_eq(vly_materials_set(m, "electrolyte", electrolytes[e]), VLY_OK);
        for (int id = 0; id < VLY_LAWS; id++) {
            const char *name = vly_material_entry_at(VLY_SCALARS + id)->name;
            for (int k = 1; k < 40; k++) {
                double x = id < VLY_LAW_OCP ? 53.7 * k : 0.22 + 0.01937 * k, h = 1e-5 * x, slope;
                double f = at(m, name, x, &slope),
                       quotient = (at(m, name, x + h, NULL) - at(m, name, x - h, NULL)) / (2 * h);
                ck_assert_msg(fabs(slope - quotient) <= 1e-6 * (fabs(slope) + 1e-3 * fabs(f / x)),
                              "%s of %s at %g: %.12g, %.12g", name, electrolytes[e], x, slope, quotient);
            }
        }
    }
    vly_materials_free(m);
}
END_TEST

/* Spec 4.6: kappa vanishes in proportion to c, nothing is NaN on the way down. */
START_TEST(a_depleted_electrolyte_has_finite_laws)
{
    static const char *const electrolytes[] = {"landesfeind", "nyman", "const"};
    vly_materials *m = make();
    for (int e = 0; e < 3; e++) {
        ck_assert_int_eq(vly_materials_set(m, "electrolyte", electrolytes[e]), VLY_OK);
        for (int id = 0; id < VLY_LAW_OCP; id++)
            for (double c = 1.0; c > 1e-14; c *= 0.1) {
                double slope, value = at(m, vly_material_entry_at(VLY_SCALARS + id)->name, c, &slope);
                ck_assert_msg(isfinite(value) && isfinite(slope) && value > 0.0, "law %d at %g: %g, %g", id, c, value,
                              slope);
            }
        if (e < 2) {
            double ratio = at(m, "conductivity", 1e-9, NULL) / at(m, "conductivity", 1e-10, NULL);
            ck_assert_double_eq_tol(ratio, 10.0, 1e-4);
        }
    }
    vly_materials_free(m);
}
END_TEST

START_TEST(every_parameter_has_a_source_a_meaning_and_a_value)
{
    vly_materials *m = make();
    int32_t count = 0;
    const vly_material_entry *entry;
    for (; (entry = vly_material_entry_at(count)); count++) {
        double value = 0.5;
        ck_assert_msg(strlen(vly_materials_source(m, entry->name)) > 3 && strlen(entry->meaning) > 3, "%s",
                      entry->name);
        if (entry->law)
            at(m, entry->name, value, NULL);
        else
            ck_assert_int_eq(vly_materials_number(&value, m, entry->name), VLY_OK);
    }
    ck_assert_int_eq(count, VLY_SCALARS + VLY_LAWS);
    ck_assert_ptr_null(vly_materials_source(m, "colour"));
    vly_materials_free(m);
}
END_TEST

START_TEST(the_default_fits_together)
{
    vly_materials *m = make();
    ck_assert_msg(vly_materials_check(m) == VLY_OK, "%s", vly_error_message());
    /* i0 = 2 A/m2 at 1 M and x = 1/2 (spec 3.4) */
    ck_assert_double_eq_tol(m->exchange * sqrt(1000.0) * 50224.0 / 2.0, 2.0, 1e-12);
    vly_materials_free(m);
}
END_TEST

START_TEST(parameters_are_set_by_name)
{
    double value;
    vly_materials *m = make();
    ck_assert_int_eq(vly_materials_set(m, "cbd_gamma", "0.12"), VLY_OK);
    ck_assert_int_eq(vly_materials_number(&value, m, "cbd_gamma"), VLY_OK);
    ck_assert_double_eq(value, 0.12);
    ck_assert_str_eq(vly_materials_source(m, "cbd_gamma"), "set by the user");
    ck_assert_int_eq(vly_materials_set_number(m, "solid_diffusivity", 1e-14), VLY_OK);
    expect(m, "solid_diffusivity", 0.9, 1e-14, 1e-15);
    ck_assert_int_eq(vly_materials_set(m, "solid_conductivity", "0.1*(2-x)**2"), VLY_OK);
    expect(m, "solid_conductivity", 0.5, 0.225, 1e-14);
    ck_assert_int_eq(vly_materials_set(m, "conductivity", "x/1000*exp(300/T)"), VLY_OK);
    expect(m, "conductivity", 500, 0.5 * exp(300 / 298.15), 1e-14);
    ck_assert_int_eq(vly_materials_check(m), VLY_OK);
    vly_materials_free(m);
}
END_TEST

START_TEST(what_cannot_be_meant_is_refused_by_name)
{
    vly_materials *m = make();
    test_fails(vly_materials_set(m, "gamma", "1"), VLY_EUSAGE,
               "gamma: no such parameter; there are cbd_gamma, separator_gamma, electrode_gamma, electrolyte");
    test_fails(vly_materials_set(m, "colour", "1"), VLY_EUSAGE, "there are conductivity, ");
    test_fails(vly_materials_set(m, "cbd_gamma", "1.5"), VLY_EUSAGE,
               "cbd_gamma = 1.5, a number from 1e-06 to 1 expected");
    test_fails(vly_materials_set(m, "cbd_gamma", "0.1x"), VLY_EUSAGE, "a number expected");
    test_fails(vly_materials_set_number(m, "cutoff", NAN), VLY_EUSAGE, "cutoff = nan");
    test_fails(vly_materials_set_number(m, "ocp", NAN), VLY_EUSAGE, "ocp = nan");
    test_fails(vly_materials_set(m, "exchange_power", "0.25"), VLY_EUSAGE, "0 or 0.5 expected");
    test_fails(vly_materials_set(m, "electrolyte", "water"), VLY_EUSAGE, "landesfeind, nyman or const");
    test_fails(vly_materials_set(m, "ocp", "nowhere.csv"), VLY_ENOINPUT, "nowhere.csv");
    test_fails(vly_materials_set(m, "ocp", "4-x*"), VLY_EDATA, "ocp: \"\" at character 5");
    ck_assert_double_eq(m->cbd_gamma, 0.06);
    ck_assert_int_eq(vly_materials_check(m), VLY_OK);
    vly_materials_free(m);
}
END_TEST

START_TEST(materials_that_do_not_fit_together_are_refused)
{
    static const struct {
        const char *name, *text, *part;
    } cases[] = {{"cutoff", "4.5", "the cut-off of 4.5 V is not below the 4.283 V at the start (x = 0.258)"},
                 {"initial_stoichiometry", "0.05", "starts at x = 0.05, outside the table"},
                 {"ocp", "3+0.1*log(x-0.5)", "ocp is"},
                 {"ocp", "12-x", "ocp is"},
                 {"solid_diffusivity", "1e-14*(0.8-x)", "solid_diffusivity is"},
                 {"conductivity", "1-x/2000", "conductivity is"},
                 {"diffusivity", "3e-10/(x-1500)*1000", "diffusivity is"},
                 {"transference", "1.2", "transference is 1.2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vly_materials *m = make();
        ck_assert_int_eq(vly_materials_set(m, cases[i].name, cases[i].text), VLY_OK);
        test_fails(vly_materials_check(m), VLY_EDATA, cases[i].part);
        vly_materials_free(m);
    }
}
END_TEST

static const char *write_text(const char *name, const char *text)
{
    return test_write_text(test_path(name), text);
}

START_TEST(tables_come_from_csv)
{
    vly_materials *m = make();
    const char *path =
        write_text("ocp.csv", "\xef\xbb\xbfstoichiometry,ocp_v\r\n1.0, 3.0\r\n\r\n0.2,4.3\r\n0.6,3.8\r\n");
    ck_assert_msg(vly_materials_set(m, "ocp", path) == VLY_OK, "%s", vly_error_message());
    expect(m, "ocp", 0.2, 4.3, 1e-15);
    expect(m, "ocp", 0.6, 3.8, 1e-15);
    ck_assert_int_eq(m->law[VLY_LAW_OCP].points, 3);
    ck_assert(m->law[VLY_LAW_OCP].monotone);
    ck_assert_int_eq(vly_materials_set(m, "solid_diffusivity", write_text("d.csv", "0,1e-13\n1,1e-15\n")), VLY_OK);
    expect(m, "solid_diffusivity", 0.5, 1e-14, 1e-13);
    ck_assert_ptr_nonnull(strstr(vly_materials_source(m, "ocp"), "ocp.csv"));
    test_fails(vly_materials_set(m, "ocp", write_text("a.csv", "x;u\n0,2;4,3\n")), VLY_EDATA, "line 2: \"0,2;4,3\"");
    test_fails(vly_materials_set(m, "ocp", write_text("b.csv", "0.2,4.3\n0.4,nan\n")), VLY_EDATA, "b.csv: line 2");
    test_fails(vly_materials_set(m, "ocp", write_text("c.csv", "")), VLY_EDATA, "a table of 0 points");
    test_fails(vly_materials_set(m, "ocp", write_text("e.csv", "0.2,4\n0.2,3\n")), VLY_EDATA, "x = 0.2 stands twice");
    ck_assert_int_eq(vly_materials_set(m, "ocp", write_text("f.csv", "0.2,4\n0.5,3.5\n0.6,3.6\n1,3\n")), VLY_OK);
    test_fails(vly_materials_check(m), VLY_EDATA, "does not fall from (x = 0.5, 3.5 V) to (x = 0.6, 3.6 V)");
    vly_materials_free(m);
}
END_TEST

/* exp(E/R (1/T_ref - 1/T)) */
START_TEST(temperature_acts_through_activation_energies_and_the_electrolyte)
{
    vly_cell_laws laws;
    vly_materials *m = make();
    double warm = 313.15, factor = exp(30000 / 8.314462618 * (1 / 298.15 - 1 / warm)), slope;
    double cold = at(m, "conductivity", 1000, NULL), diffusivity = at(m, "solid_diffusivity", 0.5, NULL);
    ck_assert_int_eq(vly_materials_set_number(m, "temperature", warm), VLY_OK);
    ck_assert_int_eq(vly_materials_set_number(m, "exchange_activation", 30000), VLY_OK);
    m->law[VLY_LAW_SOLID_DIFFUSIVITY].activation = 30000;
    ck_assert_double_gt(at(m, "conductivity", 1000, NULL), 1.1 * cold);
    ck_assert_int_eq(vly_cell_laws_create(&laws, m), VLY_OK);
    ck_assert_double_eq_tol(laws.exchange / m->exchange, factor, 1e-13);
    ck_assert_double_eq_tol(laws.thermal, 96485.33212 / (8.314462618 * warm), 1e-12);
    ck_assert_double_eq_tol(vly_law_value(&laws.solid_diffusivity, 0.5, &slope) / diffusivity, factor, 1e-12);
    vly_cell_laws_free(&laws);
    vly_materials_free(m);
}
END_TEST

/* Copies a law's tables back, so that the host can evaluate what a kernel would see. */
static void fetch(vly_device *device, vly_law *law)
{
    if (law->kind == VLY_LAW_CUBIC) {
        law->knot = test_fetch(device, law->knot, 8 * (law->pieces + 1));
        law->coefficient = test_fetch(device, law->coefficient, 32 * (int64_t)law->pieces);
    }
    if (law->kind == VLY_LAW_PROGRAM)
        law->program = test_fetch(device, law->program, (int64_t)sizeof *law->program * law->steps);
}

START_TEST(the_pack_on_a_device_is_the_one_on_the_host)
{
    vly_device *device = test_device(1, 0);
    vly_materials *m = make();
    vly_cell_laws host, there;
    vly_buffer memory;
    ck_assert_int_eq(vly_materials_set(m, "factor", "1"), VLY_OK);
    ck_assert_int_eq(vly_cell_laws_create(&host, m), VLY_OK);
    ck_assert_int_eq(vly_cell_laws_upload(&there, &memory, device, m), VLY_OK);
    vly_materials_free(m); /* nothing of it is needed any more */
    vly_law *a[] = {&host.conductivity, &host.diffusivity,       &host.transference,      &host.factor,
                    &host.ocp,          &host.solid_diffusivity, &host.solid_conductivity},
            *b[] = {&there.conductivity, &there.diffusivity,       &there.transference,      &there.factor,
                    &there.ocp,          &there.solid_diffusivity, &there.solid_conductivity};
    for (int i = 0; i < VLY_LAWS; i++) {
        fetch(device, b[i]);
        for (int k = 0; k <= 50; k++) {
            double x = (i < VLY_LAW_OCP ? 0.05 : 0.02) * k, s, t;
            ck_assert_double_eq(vly_law_value(a[i], x, &s), vly_law_value(b[i], x, &t));
            ck_assert_double_eq(s, t);
        }
        free((void *)b[i]->knot);
        free((void *)b[i]->coefficient);
        free((void *)b[i]->program);
    }
    ck_assert_double_eq(there.solid_most, 50224);
    ck_assert(there.half);
    vly_cell_laws_free(&host);
    vly_buffer_free(&memory);
    vly_device_close(device);
}
END_TEST

/* 1000 mol/m3 is 1 mol/L in the pack (slope per mol/L), x stays x. */
START_TEST(kernels_see_the_electrolyte_in_mol_per_litre)
{
    vly_cell_laws laws;
    double slope, outside;
    vly_materials *m = make();
    ck_assert_int_eq(vly_cell_laws_create(&laws, m), VLY_OK);
    double expected = at(m, "conductivity", 1300, &outside);
    ck_assert_double_eq_tol(vly_law_value(&laws.conductivity, 1.3, &slope), expected, 1e-14);
    ck_assert_double_eq_tol(slope, 1e3 * outside, 1e-12);
    ck_assert_double_eq_tol(laws.factor.high, 3.0, 1e-15);
    vly_cell_laws_free(&laws);
    vly_materials_free(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("materials");
    TEST_CASE(suite, the_electrolyte_of_landesfeind_has_the_values_of_the_specification);
    TEST_CASE(suite, the_electrolyte_of_nyman_is_clipped_before_it_rises_again);
    TEST_CASE(suite, cubics_of_landesfeind_are_clipped_where_they_leave_physics);
    TEST_CASE(suite, the_open_circuit_potential_has_the_values_of_the_specification);
    TEST_CASE(suite, solid_transport_spans_the_decades_of_the_specification);
    TEST_CASE(suite, slopes_of_all_laws_are_those_of_difference_quotients);
    TEST_CASE(suite, a_depleted_electrolyte_has_finite_laws);
    TEST_CASE(suite, every_parameter_has_a_source_a_meaning_and_a_value);
    TEST_CASE(suite, the_default_fits_together);
    TEST_CASE(suite, parameters_are_set_by_name);
    TEST_CASE(suite, what_cannot_be_meant_is_refused_by_name);
    TEST_CASE(suite, materials_that_do_not_fit_together_are_refused);
    TEST_CASE(suite, tables_come_from_csv);
    TEST_CASE(suite, temperature_acts_through_activation_energies_and_the_electrolyte);
    TEST_CASE(suite, the_pack_on_a_device_is_the_one_on_the_host);
    TEST_CASE(suite, kernels_see_the_electrolyte_in_mol_per_litre);
    return test_run(suite);
}
