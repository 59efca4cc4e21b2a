/* Effective transport: closed forms, golden digits of spec 7.3 - 7.5, an elimination of the same equations, and bounds that
 * must hold whatever happens. */
#include "conductor.h"

/* relative */
static bool near(double got, double expected, double tolerance)
{
    return fabs(got - expected) <= tolerance * fabs(expected);
}

static void expect_sound(const vly_transport_direction *d, double exact, double tolerance, const char *what)
{
    ck_assert_msg(d->lower <= exact * (1.0 + 1e-12) && exact <= d->upper * (1.0 + 1e-12),
                  "%s: %.15g is not in [%.15g, %.15g]", what, exact, d->lower, d->upper);
    ck_assert_msg(d->upper - d->lower <= 1.001 * tolerance * d->d_eff, "%s: bounds %g wide", what, d->upper - d->lower);
    ck_assert_msg(fabs(d->flux_in - d->flux_out) <= tolerance * d->d_eff, "%s: fluxes differ", what);
}

START_TEST(an_open_box_has_tortuosity_one)
{
    static const vly_extent extents[] = {{1, 1, 1}, {7, 5, 3}, {1, 9, 2}, {16, 12, 10}};
    for (size_t k = 0; k < 4; k++) {
        uint8_t *label = calloc((size_t)vly_extent_voxels(extents[k]), 1);
        vly_transport_result r = test_solve(extents[k], label, &(test_case_options){.coefficient = {1.0}});
        for (int a = 0; a < VLY_AXES; a++) {
            ck_assert_msg(near(r.axis[a].tau, 1.0, 4e-15), "tau %.17g", r.axis[a].tau);
            ck_assert_int_eq(r.axis[a].iterations, 0);
            ck_assert(r.axis[a].percolating_fraction == 1.0 && r.volume_fraction == 1.0);
        }
        vly_transport_result_free(&r);
        free(label);
    }
}
END_TEST

START_TEST(laminates_give_the_harmonic_and_the_arithmetic_mean)
{
    /* spec 7.3: k = 1 and 0.1, half each */
    const vly_extent e = {12, 10, 8};
    for (int normal = 0; normal < 3; normal++) {
        uint8_t *label = malloc((size_t)vly_extent_voxels(e));
        for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
            int64_t at[3] = {i % e.nx, i / e.nx % e.ny, i / e.nx / e.ny};
            label[i] = at[normal] & 1;
        }
        vly_transport_result r =
            test_solve(e, label, &(test_case_options){.coefficient = {1.0, 0.1}, .tolerance = 1e-12});
        for (int a = 0; a < VLY_AXES; a++) {
            double expected = a == normal ? 2.0 / 11.0 : 0.55;
            ck_assert_msg(near(r.axis[a].d_eff, expected, 1e-12), "%.15g, expected %.15g", r.axis[a].d_eff, expected);
            ck_assert(near(r.axis[a].tau, 1.0 / expected, 1e-12));
        }
        vly_transport_result_free(&r);
        free(label);
    }
}
END_TEST

START_TEST(random_layers_of_any_thickness_give_the_means_too)
{
    /* as coefficients per voxel, on voxels of 1 x 2 x 3: what lies in single precision is what is solved */
    const vly_extent e = {6, 5, 9};
    const vly_voxel_size size = {1e-6, 2e-6, 3e-6, VLY_SIZE_GIVEN, ""};
    uint64_t seed = 3;
    float layer[9], *field = malloc((size_t)vly_extent_voxels(e) * sizeof *field);
    double series = 0.0, parallel = 0.0;
    for (int z = 0; z < 9; z++) {
        layer[z] = (float)exp(3.0 * test_normal(&seed));
        series += 1.0 / (double)layer[z] / 9.0;
        parallel += (double)layer[z] / 9.0;
    }
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) field[i] = layer[i / (e.nx * e.ny)];
    vly_device *device = test_device(2, 0);
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_transport_result r;
    vly_source *source;
    options.tolerance = 1e-11;
    ck_assert_int_eq(vly_source_memory(&source, field, VLY_F32, e, &size), VLY_OK);
    ck_assert_int_eq(vly_transport(&r, device, source, &options), VLY_OK);
    /* coefficients are divided by the largest one in single precision: 6e-8 */
    ck_assert(near(r.axis[VLY_Z].d_eff, 1.0 / series, 2e-7));
    ck_assert(near(r.axis[VLY_X].d_eff, parallel, 2e-7) && near(r.axis[VLY_Y].d_eff, parallel, 2e-7));
    ck_assert(isnan(r.electrolyte_fraction));
    vly_transport_result_free(&r);
    vly_source_close(source);
    vly_device_close(device);
    free(field);
}
END_TEST

START_TEST(straight_channels_have_tortuosity_one)
{
    const vly_extent e = {9, 8, 7};
    uint8_t *label = malloc((size_t)vly_extent_voxels(e));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) label[i] = (i % e.nx) % 3 == 1 && (i / e.nx % e.ny) % 2 ? 0 : 1;
    vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0}});
    ck_assert(near(r.volume_fraction, 1.0 / 6.0, 1e-15));
    ck_assert(near(r.axis[VLY_Z].tau, 1.0, 1e-14) && r.axis[VLY_Z].percolating_fraction == 1.0);
    ck_assert(!r.axis[VLY_X].percolates && !r.axis[VLY_Y].percolates);
    vly_transport_result_free(&r);
    free(label);
}
END_TEST

START_TEST(a_checkerboard_conducts_nothing_unless_both_colours_do)
{
    const vly_extent e = {6, 6, 6};
    double k[216];
    uint8_t label[216];
    for (int i = 0; i < 216; i++) label[i] = (i % 6 + i / 6 % 6 + i / 36) & 1;
    vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0}});
    for (int a = 0; a < VLY_AXES; a++) {
        ck_assert(!r.axis[a].percolates && r.axis[a].d_eff == 0.0 && isnan(r.axis[a].tau));
        ck_assert(r.axis[a].percolating_fraction == 0.0);
    }
    vly_transport_result_free(&r);
    for (int i = 0; i < 216; i++) k[i] = label[i] ? 0.01 : 1.0;
    r = test_solve(e, label, &(test_case_options){.coefficient = {1.0, 0.01}, .tolerance = 1e-10});
    ck_assert(near(r.axis[VLY_X].d_eff, test_eliminated(e, k, VLY_X, false, (double[]){1, 1, 1}), 1e-10));
    vly_transport_result_free(&r);
}
END_TEST

START_TEST(elimination_of_the_same_equations_agrees)
{
    static const vly_extent extents[] = {{7, 6, 5}, {1, 8, 6}, {9, 1, 4}, {5, 2, 1}, {2, 2, 9}};
    static const double contrasts[][3] = {{1, 1e-6, 0}, {0, 1e6, 1}, {1, 0.12, 1e-3}};
    const double spacing[3] = {1.0, 1.5, 0.5};
    for (size_t c = 0; c < 5; c++)
        for (size_t n = 0; n < 3; n++)
            for (int periodic = 0; periodic < 2; periodic++) {
                vly_extent e = extents[c];
                uint8_t *label = test_blobs(e, 1.6, 0.45, 0.35, 7 * c + n);
                double *k = malloc((size_t)vly_extent_voxels(e) * sizeof *k);
                for (int64_t i = 0; i < vly_extent_voxels(e); i++) k[i] = contrasts[n][label[i]];
                test_case_options o = {.tolerance = 1e-9,
                                       .sides = periodic ? VLY_SIDES_PERIODIC : VLY_SIDES_NO_FLUX,
                                       .size = {1e-6, 1.5e-6, 0.5e-6, VLY_SIZE_GIVEN, ""}};
                memcpy(o.coefficient, contrasts[n], sizeof contrasts[n]);
                vly_transport_result r = test_solve(e, label, &o);
                for (int a = 0; a < VLY_AXES; a++) {
                    double exact = test_eliminated(e, k, (vly_direction)a, periodic, spacing);
                    if (r.axis[a].percolates)
                        expect_sound(&r.axis[a], exact, 1e-9, "elimination");
                    else
                        ck_assert(exact <= 1e-12);
                }
                vly_transport_result_free(&r);
                free(label);
                free(k);
            }
}
END_TEST

START_TEST(sphere_arrays_give_the_golden_digits)
{
    /* spec 7.4: insulating spheres, one octant */
    static const struct {
        double f;
        int32_t n;
        double golden, tolerance;
    } rows[] = {{0.3, 16, 0.581444, 2e-6}, {0.5, 16, 0.347399, 2e-6}, {0.3, 32, 0.592147, 2e-6},
                {0.5, 32, 0.354452, 2e-6}, {0.3, 64, 0.598362, 2e-6}, {0.5, 64, 0.366232, 2e-6}};
    for (size_t k = 0; k < (test_small() ? 1 : sizeof rows / sizeof *rows); k++) {
        int32_t n = rows[k].n, half = n / 2;
        const vly_extent e = {half, half, half};
        double radius = cbrt(3.0 * rows[k].f / (4.0 * 3.141592653589793));
        uint8_t *label = malloc((size_t)vly_extent_voxels(e));
        for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
            double x = ((double)(i % half) + 0.5) / n, y = ((double)(i / half % half) + 0.5) / n,
                   z = ((double)(i / half / half) + 0.5) / n;
            label[i] = x * x + y * y + z * z <= radius * radius;
        }
        vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0}, .tolerance = 1e-8});
        for (int a = 0; a < VLY_AXES; a++)
            ck_assert_msg(fabs(r.axis[a].d_eff - rows[k].golden) <= rows[k].tolerance, "f %g N %d: %.9g, golden %.9g",
                          rows[k].f, n, r.axis[a].d_eff, rows[k].golden);
        vly_transport_result_free(&r);
        free(label);
    }
}
END_TEST

START_TEST(random_media_keep_between_wiener_and_hashin_shtrikman)
{
    const vly_extent e = test_small() ? (vly_extent){12, 12, 12} : (vly_extent){32, 32, 32};
    uint8_t *label = test_blobs(e, 1.2, 0.4, 0.6, 5);
    double before = 0.0;
    for (double k = 1e-3; k < 2.0; k *= 10.0) {
        vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0, k}, .tolerance = 1e-8});
        int64_t ones = 0;
        double mean = 0.0;
        for (int64_t i = 0; i < vly_extent_voxels(e); i++) ones += label[i];
        double f2 = (double)ones / (double)vly_extent_voxels(e), f1 = 1.0 - f2;
        double top = k < 1.0 ? 1.0 + f2 / (1.0 / (k - 1.0) + f1 / 3.0) : 1.0;
        double bottom = k < 1.0 ? k + f1 / (1.0 / (1.0 - k) + f2 / (3.0 * k)) : 1.0;
        for (int a = 0; a < VLY_AXES; a++) {
            double d = r.axis[a].d_eff;
            ck_assert(d <= (f1 + f2 * k) * (1.0 + 1e-10) && d >= (1.0 - 1e-10) / (f1 + f2 / k));
            mean += d / 3.0;
        }
        /* a small sample is isotropic only on average: the mean of the directions, and 5 % */
        ck_assert_msg(mean <= 1.05 * top && mean >= 0.95 * bottom, "k %g: %g, [%g, %g]", k, mean, bottom, top);
        ck_assert(r.axis[0].d_eff > before); /* monotone in the coefficient */
        before = r.axis[0].d_eff;
        vly_transport_result_free(&r);
    }
    free(label);
}
END_TEST

START_TEST(bounds_contain_the_converged_value_at_any_tolerance)
{
    const vly_extent e = test_small() ? (vly_extent){12, 11, 10} : (vly_extent){28, 26, 30};
    static const double contrasts[][3] = {{1, 0.12, 0}, {1, 1e-4, 1}, {1e-3, 1, 0}};
    for (size_t n = 0; n < 3; n++) {
        uint8_t *label = test_blobs(e, 0.9, 0.4, 0.25, 11 + n);
        test_case_options o = {.tolerance = 1e-11};
        memcpy(o.coefficient, contrasts[n], sizeof contrasts[n]);
        vly_transport_result exact = test_solve(e, label, &o);
        for (o.tolerance = 0.1; o.tolerance > 1e-9; o.tolerance *= 0.01) {
            vly_transport_result r = test_solve(e, label, &o);
            for (int a = 0; a < VLY_AXES; a++) {
                ck_assert(exact.axis[a].converged && r.axis[a].converged && r.axis[a].percolates);
                expect_sound(&r.axis[a], exact.axis[a].d_eff, o.tolerance, "tolerance");
            }
            vly_transport_result_free(&r);
        }
        vly_transport_result_free(&exact);
        free(label);
    }
}
END_TEST

START_TEST(every_contrast_converges_within_sixty_iterations)
{
    const vly_extent e = test_small() ? (vly_extent){10, 10, 10} : (vly_extent){32, 32, 32};
    uint8_t *label = test_blobs(e, 0.8, 0.3, 0.2, 2);
    for (double k = 1e-6; k < 2e6; k *= test_small() ? 1e6 : 1e3) {
        vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0, k, 0.01}});
        for (int a = 0; a < VLY_AXES; a++)
            ck_assert_msg(r.axis[a].converged && r.axis[a].iterations <= 60, "contrast %g: %d iterations", k,
                          r.axis[a].iterations);
        vly_transport_result_free(&r);
    }
    free(label);
}
END_TEST

START_TEST(many_floating_clusters_of_a_good_conductor_do_not_stall_it)
{
    /* each is known only up to a constant that the couplings to a medium of 1e-6 decide; on coarse levels they are stars */
    if (test_small()) return;
    const vly_extent e = {40, 40, 40};
    uint8_t *label = test_blobs(e, 1.2, 0.45, 0.4, 6);
    vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0, 1e-3, 1e6}});
    for (int a = 0; a < VLY_AXES; a++)
        ck_assert_msg(r.axis[a].converged && r.axis[a].iterations <= 25, "%d iterations", r.axis[a].iterations);
    vly_transport_result_free(&r);
    free(label);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    if (test_emulated()) return;
    const vly_extent e = {47, 45, 43};
    uint8_t *label = test_blobs(e, 0.8, 0.4, 0.3, 9);
    vly_transport_result first = {0};
    for (int32_t threads = 1; threads <= 3; threads++) {
        vly_transport_result r =
            test_solve(e, label, &(test_case_options){.coefficient = {1.0, 0.05}, .threads = threads});
        for (int a = 0; a < VLY_AXES && threads > 1; a++) {
            const vly_transport_direction *p = &first.axis[a], *q = &r.axis[a];
            ck_assert_int_eq(p->iterations, q->iterations);
            ck_assert(p->d_eff == q->d_eff && p->lower == q->lower && p->flux_in == q->flux_in);
            ck_assert_mem_eq(p->history, q->history, (size_t)(p->iterations + 1) * sizeof *p->history);
            ck_assert_mem_eq(p->potential, q->potential, (size_t)p->planes * sizeof *p->potential);
        }
        if (threads > 1)
            vly_transport_result_free(&r);
        else
            first = r;
    }
    vly_transport_result_free(&first);
    free(label);
}
END_TEST

START_TEST(islands_and_dead_ends_of_one_plane_change_nothing)
{
    /* a bent channel, and beside it an island and a blind hole at the inlet: not a bit may differ */
    const vly_extent e = {8, 8, 8};
    uint8_t label[512];
    memset(label, 1, sizeof label);
    for (int z = 0; z < 8; z++) label[(z * 8 + 2) * 8 + (z < 4 ? 1 : 2)] = 0;
    label[(4 * 8 + 2) * 8 + 1] = 0;
    vly_transport_result clean = test_solve(e, label, &(test_case_options){.coefficient = {1.0}});
    label[(3 * 8 + 6) * 8 + 6] = label[(4 * 8 + 6) * 8 + 6] = 0;
    label[5 * 8 + 5] = label[(1 * 8 + 5) * 8 + 5] = 0;
    vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0}});
    ck_assert(r.axis[VLY_Z].percolates && r.axis[VLY_Z].d_eff == clean.axis[VLY_Z].d_eff);
    ck_assert(r.axis[VLY_Z].percolating_fraction == 9.0 / 13.0 && clean.axis[VLY_Z].percolating_fraction == 1.0);
    vly_transport_result_free(&clean);
    vly_transport_result_free(&r);
}
END_TEST

START_TEST(turning_the_image_turns_the_result)
{
    const vly_extent e = test_small() ? (vly_extent){8, 9, 10} : (vly_extent){20, 24, 28};
    const vly_extent turned = {e.nz, e.nx, e.ny}; /* x -> y -> z -> x */
    uint8_t *label = test_blobs(e, 1.0, 0.4, 0.3, 4), *other = malloc((size_t)vly_extent_voxels(e));
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        int64_t x = i % e.nx, y = i / e.nx % e.ny, z = i / e.nx / e.ny;
        other[(y * turned.ny + x) * turned.nx + z] = label[i];
    }
    test_case_options o = {.coefficient = {1.0, 0.2}, .tolerance = 1e-11};
    vly_transport_result r = test_solve(e, label, &o), s = test_solve(turned, other, &o);
    for (int a = 0; a < VLY_AXES; a++) ck_assert(near(r.axis[a].d_eff, s.axis[(a + 1) % 3].d_eff, 1e-10));
    vly_transport_result_free(&r);
    vly_transport_result_free(&s);
    free(label);
    free(other);
}
END_TEST

START_TEST(coefficients_that_are_none_are_refused)
{
    const vly_extent e = {2, 2, 2};
    uint8_t label[8] = {0};
    float field[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    uint16_t grey[8] = {0};
    vly_device *device = test_device(1, 0);
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_transport_result r;
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, label, VLY_U8, e, NULL), VLY_OK);
    static const double bad[] = {-1.0, NAN, INFINITY};
    for (int k = 0; k < 3; k++) {
        options.coefficient[VLY_AM] = bad[k];
        test_fails(vly_transport(&r, device, source, &options), VLY_EUSAGE, "coefficient");
    }
    options = VLY_TRANSPORT_OPTIONS_INIT;
    options.coefficient[VLY_PORE] = 0.0;
    test_fails(vly_transport(&r, device, source, &options), VLY_EDATA, "no voxel conducts");
    options.tolerance = 0.0;
    test_fails(vly_transport(&r, device, source, &options), VLY_EUSAGE, "tolerance");
    vly_source_close(source);
    for (int k = 0; k < 3; k++) {
        options = VLY_TRANSPORT_OPTIONS_INIT;
        field[5] = (float)bad[k];
        ck_assert_int_eq(vly_source_memory(&source, field, VLY_F32, e, NULL), VLY_OK);
        test_fails(vly_transport(&r, device, source, &options), VLY_EDATA, "x=1 y=0 z=1");
        vly_source_close(source);
    }
    ck_assert_int_eq(vly_source_memory(&source, grey, VLY_U16, e, NULL), VLY_OK);
    test_fails(vly_transport(&r, device, source, &options), VLY_EDATA, "E_TYPE");
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

START_TEST(a_tolerance_below_round_off_ends_with_what_was_reached)
{
    const vly_extent e = {9, 10, 11};
    uint8_t *label = test_blobs(e, 1.0, 0.5, 0.3, 4);
    vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {1.0, 0.2}, .tolerance = 1e-17});
    vly_transport_result s = test_solve(e, label, &(test_case_options){.coefficient = {1.0, 0.2}, .tolerance = 1e-10});
    for (int a = 0; a < VLY_AXES; a++) {
        ck_assert(!r.axis[a].converged && r.axis[a].iterations < 100);
        ck_assert(r.axis[a].lower <= r.axis[a].d_eff && r.axis[a].d_eff <= r.axis[a].upper);
        ck_assert(near(r.axis[a].d_eff, s.axis[a].d_eff, 1e-10));
        ck_assert(r.axis[a].upper - r.axis[a].lower < 1e-12);
    }
    vly_transport_result_free(&r);
    vly_transport_result_free(&s);
    free(label);
}
END_TEST

START_TEST(the_profile_is_linear_where_the_medium_is_uniform)
{
    const vly_extent e = {6, 5, 8};
    uint8_t label[240] = {0};
    vly_transport_result r = test_solve(e, label, &(test_case_options){.coefficient = {2.5}});
    for (int a = 0; a < VLY_AXES; a++) {
        const vly_transport_direction *d = &r.axis[a];
        double worst = 0.0;
        for (int32_t k = 0; k < d->planes; k++)
            worst = fmax(worst, fabs(d->potential[k] - 1.0 + (k + 0.5) / d->planes) + fabs(d->fraction[k] - 1.0));
        ck_assert(worst < 1e-14 && near(d->d_eff, 2.5, 1e-14) && near(d->tau, 0.4, 1e-14));
    }
    vly_transport_result_free(&r);
}
END_TEST

START_TEST(memory_that_will_not_do_is_refused_before_the_solution)
{
    if (test_emulated()) return;
    const vly_extent e = {64, 64, 64};
    uint8_t *label = calloc((size_t)vly_extent_voxels(e), 1);
    vly_device_options wanted = VLY_DEVICE_OPTIONS_INIT;
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_device *device;
    vly_transport_result r;
    vly_source *source;
    wanted.memory_limit = 8 << 20; /* of the 17 MB that it takes */
    ck_assert_int_eq(vly_device_open(&device, "cpu", &wanted), VLY_OK);
    ck_assert_int_eq(vly_source_memory(&source, label, VLY_U8, e, NULL), VLY_OK);
    ck_assert_int_eq(vly_transport(&r, device, source, &options), VLY_EMEMORY);
    ck_assert_ptr_nonnull(strstr(vly_error_message(), "--memory-limit"));
    vly_source_close(source);
    vly_device_close(device);
    free(label);
}
END_TEST

START_TEST(a_conducting_voxel_takes_at_most_64_bytes)
{
    if (test_emulated()) return;
    const vly_extent e = {64, 64, 64};
    uint8_t *label = test_blobs(e, 0.6, 0.45, 0.35, 6);
    static const double cases[][3] = {{1, 0, 0}, {0, 1, 1e3}, {1, 1e-3, 10}};
    for (int n = 1; n < 6; n += 4) {
        test_case_options o = {.sides = n < 3 ? VLY_SIDES_NO_FLUX : VLY_SIDES_PERIODIC, .tolerance = 1e-3};
        memcpy(o.coefficient, cases[n % 3], sizeof cases[n % 3]);
        vly_transport_result r = test_solve(e, label, &o);
        for (int a = 0; a < VLY_AXES; a++) {
            /* beside the coarsest level's inverse, as large for any volume, and 20 bytes at a periodic border */
            double beside = 4.0 * 400 * 400 / (r.axis[a].percolating_fraction * (double)r.conducting) +
                            (n < 3 ? 0.0 : 20.0 * 4.0 / 64.0);
            ck_assert_msg(r.axis[a].bytes <= 64.0 + beside, "%d: %g bytes", n, r.axis[a].bytes);
        }
        vly_transport_result_free(&r);
    }
    free(label);
}
END_TEST

START_TEST(a_real_cathode_gives_the_reference_of_another_solver)
{
    const char *path = test_data("NREL_MATBOX_Microstructure_analysis_toolbox/nmc-1-cal_generatedCBD_bridge.tif");
    if (!path || test_emulated()) return;
    vly_device *device = test_device(0, 0);
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_transport_result r;
    vly_source *source;
    options.coefficient[VLY_CBD] = 0.12;
    options.directions[VLY_X] = options.directions[VLY_Y] = false;
    ck_assert_int_eq(vly_source_open(&source, path, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_labels(&source, source, NULL), VLY_OK);
    ck_assert_int_eq(vly_source_window(&source, source, (vly_box){80, 208, 80, 208, 60, 188}), VLY_OK);
    ck_assert_int_eq(vly_transport(&r, device, source, &options), VLY_OK);
    /* the reference's residual of 1e-9 leaves it 1e-7 */
    ck_assert(near(r.axis[VLY_Z].d_eff, 0.15439005815, 1e-6));
    expect_sound(&r.axis[VLY_Z], 0.154390062935, 1e-6, "cathode");
    vly_transport_result_free(&r);
    vly_source_close(source);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transport");
    TEST_CASE(suite, an_open_box_has_tortuosity_one);
    TEST_CASE(suite, laminates_give_the_harmonic_and_the_arithmetic_mean);
    TEST_CASE(suite, random_layers_of_any_thickness_give_the_means_too);
    TEST_CASE(suite, straight_channels_have_tortuosity_one);
    TEST_CASE(suite, a_checkerboard_conducts_nothing_unless_both_colours_do);
    TEST_CASE(suite, elimination_of_the_same_equations_agrees);
    TEST_CASE(suite, sphere_arrays_give_the_golden_digits);
    TEST_CASE(suite, random_media_keep_between_wiener_and_hashin_shtrikman);
    TEST_CASE(suite, bounds_contain_the_converged_value_at_any_tolerance);
    TEST_CASE(suite, every_contrast_converges_within_sixty_iterations);
    TEST_CASE(suite, many_floating_clusters_of_a_good_conductor_do_not_stall_it);
    TEST_CASE(suite, any_number_of_threads_gives_the_same_bits);
    TEST_CASE(suite, islands_and_dead_ends_of_one_plane_change_nothing);
    TEST_CASE(suite, turning_the_image_turns_the_result);
    TEST_CASE(suite, coefficients_that_are_none_are_refused);
    TEST_CASE(suite, a_tolerance_below_round_off_ends_with_what_was_reached);
    TEST_CASE(suite, the_profile_is_linear_where_the_medium_is_uniform);
    TEST_CASE(suite, memory_that_will_not_do_is_refused_before_the_solution);
    TEST_CASE(suite, a_conducting_voxel_takes_at_most_64_bytes);
    TEST_CASE(suite, a_real_cathode_gives_the_reference_of_another_solver);
    return test_run(suite);
}
