/* A curve from labels to the cut-off: the golden run through the public functions, what is seen on the way, and going on
 * after a stop to the same bits. */
#include "cell_geometry.h"
#include "cell_start.h"

#include "cell/cell_impl.h"
#include "core/fault.h"
#include "core/file.h"

#include <stdio.h>
#include <unistd.h>

/* Asks to stop once so many points were told; 0: never. */
typedef struct stopping {
    int64_t points, at;
} stopping;

static vly_status asked(void *self)
{
    const stopping *s = self;
    return s->at > 0 && s->points >= s->at ? VLY_EAGAIN : VLY_OK;
}

static vly_status told(void *self, const vly_lithiate_point *point)
{
    stopping *s = self;
    s->points++;
    return point->voltage > 0.0 ? VLY_OK : VLY_EINTERNAL;
}

/* The golden geometry as a cell; the collector is at the low end of the labels. */
static vly_cell *sc10_cell(vly_device *device, const vly_materials *materials, bool half)
{
    static uint8_t labels[SC10_VOXELS];
    double layer[SC10_LAYERS];
    vly_cell_options options = VLY_CELL_OPTIONS_INIT;
    vly_cell *cell;
    test_sc10(labels);
    test_sc10_separator(layer);
    options.materials = materials;
    options.through = (vly_through){2, true};
    options.area = VLY_AREA_RAW;
    options.separator_layers = SC10_LAYERS;
    options.separator_layer = layer;
    options.half = half;
    vly_source *source = test_labels(labels, (vly_extent){5, 5, 30}, SC10_VOXEL);
    vly_status status = vly_cell_create(&cell, device, source, &options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
    return cell;
}

/* The golden geometry on one thread, and a run over it. */
typedef struct trial {
    vly_device *device;
    vly_materials *materials;
    vly_cell *cell;
    vly_lithiate_options options;
    vly_lithiate_result r;
} trial;

static void begin(trial *t, const char *const (*changes)[2], int count, bool half)
{
    *t = (trial){.device = test_cpu(1), .options = VLY_LITHIATE_OPTIONS_INIT};
    t->materials = test_materials_with(changes, count);
    t->cell = sc10_cell(t->device, t->materials, half);
}

static void run(trial *t)
{
    vly_lithiate_result_free(&t->r);
    ck_assert_msg(vly_lithiate(&t->r, t->cell, &t->options) == VLY_OK, "%s", vly_error_message());
}

static void finish(trial *t)
{
    vly_lithiate_result_free(&t->r);
    vly_cell_free(t->cell);
    vly_materials_free(t->materials);
    vly_device_close(t->device);
}

/* Spec 7.11, G2: the default half cell with a constant diffusivity in the solid. 20 A/m2, steps of 10 s. */
START_TEST(labels_and_default_materials_give_the_golden_voltages)
{
    static const char *const changes[][2] = {{"solid_diffusivity", "1e-14"}};
    static const int at[] = {0, 1, 10};
    static const double expected[2][3] = {{4.19313058, 4.16834722, 4.07878280},
                                          {4.19313058, 4.14599742, 4.05713423}}; /* 0+ is without half */
    for (int half = 0; half < 2; half++) {
        trial t;
        begin(&t, changes, 1, half);
        t.options.current = 20.0;
        t.options.most = 20.0 * 100.0;
        t.options.fixed = 10.0;
        run(&t);
        ck_assert_int_eq(t.r.count, 11);
        ck_assert_int_eq(t.r.stop, VLY_STOP_CHARGE);
        for (int k = 0; k < 3; k++)
            ck_assert_msg(fabs(t.r.points[at[k]].voltage - expected[half][k]) < 5e-7, "step %d: %.9f V", at[k],
                          t.r.points[at[k]].voltage);
        ck_assert(fabs(t.r.charge - 2000.0) < 1e-6);
        finish(&t);
    }
}
END_TEST

static void same_points(const vly_lithiate_result *a, const vly_lithiate_result *b)
{
    ck_assert_int_eq(a->count, b->count);
    int64_t same = 0; /* to the last member: behind it is padding */
    while (same < a->count &&
           memcmp(&a->points[same], &b->points[same], offsetof(vly_lithiate_point, rejected) + sizeof(int32_t)) == 0)
        same++;
    ck_assert_msg(same == a->count, "point %lld differs", (long long)same);
    ck_assert_int_eq(a->field_count, b->field_count);
    for (int32_t i = 0; i < a->field_count; i++) {
        const vly_cell_fields *f = &a->fields[i], *g = &b->fields[i];
        ck_assert(f->step == g->step && f->voltage == g->voltage && f->layers == g->layers);
        ck_assert_int_eq(memcmp(f->salt, g->salt, (size_t)f->layers * sizeof *f->salt), 0);
        const size_t pixels = (size_t)f->section.nx * (size_t)f->section.nz;
        ck_assert_int_eq(memcmp(f->section_salt, g->section_salt, pixels * sizeof *f->section_salt), 0);
    }
}

static const double MARKS[] = {500.0, 1500.0};

static vly_lithiate_options resumable(const char *checkpoint, stopping *stop)
{
    vly_lithiate_options options = VLY_LITHIATE_OPTIONS_INIT;
    options.current = 60.0;
    options.most = 60.0 * 100.0;
    options.tolerance = 2e-4; /* more steps than lie between two points of renewal */
    options.fields = MARKS;
    options.field_count = 2;
    options.checkpoint = checkpoint;
    options.watch.point = stop ? told : NULL;
    options.watch.self = stop;
    return options;
}

START_TEST(stopped_anywhere_it_goes_on_to_the_same_bits)
{
    static const int64_t stops[] = {1, 12, 28}; /* before and behind the point of renewal, 25 */
    const char *path = test_path("checkpoint");
    stopping stop = {0, 0};
    trial t;
    begin(&t, NULL, 0, true);
    t.device->progress = (vly_progress){.stop = asked, .self = &stop};
    t.options = resumable(NULL, NULL);
    run(&t);
    vly_lithiate_result whole = t.r;
    t.r = (vly_lithiate_result){.resumed = -1};
    ck_assert_int_eq(whole.resumed, -1);
    ck_assert_int_gt(whole.count, 29);
    t.options = resumable(path, &stop);
    for (size_t k = 0; k < sizeof stops / sizeof *stops; k++) {
        stop = (stopping){0, stops[k]};
        test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EAGAIN, "run the same command again");
        ck_assert_int_eq(access(path, F_OK), 0);
        stop.at = 0;
        run(&t);
        ck_assert_int_eq(t.r.resumed, stops[k] > 25 ? 25 : 0);
        same_points(&whole, &t.r);
        vly_lithiate_result_free(&t.r);
        ck_assert_int_eq(remove(path), 0);
    }
    vly_lithiate_result_free(&whole);
    finish(&t);
}
END_TEST

START_TEST(a_checkpoint_of_another_run_or_a_damaged_one_is_refused)
{
    const char *path = test_path("foreign");
    stopping now = {0, 2};
    trial t;
    begin(&t, NULL, 0, true);
    t.device->progress = (vly_progress){.stop = asked, .self = &now};
    t.options = resumable(path, &now);
    vly_cell *other = sc10_cell(t.device, NULL, false);
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EAGAIN, "interrupted");
    now.at = 0;
    test_fails(vly_lithiate(&t.r, other, &t.options), VLY_EOUTPUT, "another run");
    t.options.current = 61.0;
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EOUTPUT, "another run");
    t.options.current = 60.0;
    ck_assert_int_eq(now.points, 2); /* none of them took a step */
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    fseek(file, -9, SEEK_END);
    fputc('x', file);
    fclose(file);
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EDATA, "damaged");
    ck_assert_int_eq(truncate(path, 60), 0);
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EDATA, "damaged");
    vly_cell_free(other);
    finish(&t);
}
END_TEST

START_TEST(overwriting_begins_anew_only_where_the_checkpoint_is_foreign)
{
    const char *path = test_path("overwrite");
    stopping now = {0, 27};
    trial t;
    begin(&t, NULL, 0, true);
    t.device->progress = (vly_progress){.stop = asked, .self = &now};
    t.options = resumable(path, &now);
    t.options.overwrite = true;
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EAGAIN, "interrupted");
    now.at = 0;
    run(&t);
    ck_assert_int_eq(t.r.resumed, 25); /* the last point of renewal */
    t.options.most *= 0.1;
    run(&t);
    ck_assert_int_eq(t.r.resumed, -1);
    finish(&t);
}
END_TEST

static const float *vti_array(const char *file, const char *name)
{
    char wanted[100];
    snprintf(wanted, sizeof wanted, "Name=\"%s\" format=\"appended\" offset=\"", name);
    const char *at = strstr(file, wanted), *raw = strstr(file, "<AppendedData encoding=\"raw\">");
    ck_assert(at && raw);
    return (const float *)(const void *)(strchr(raw, '_') + 9 + strtoll(at + strlen(wanted), NULL, 10));
}

/* Layer means of the last state sum to the mean of its point; the same numbers stand in the image data. */
START_TEST(fields_agree_with_the_points_and_with_what_is_written)
{
    trial t;
    begin(&t, NULL, 0, true);
    t.options = resumable(NULL, NULL);
    t.options.field_path = test_path("state");
    run(&t);
    ck_assert_int_eq(t.r.field_count, 3);
    for (int i = 0; i < 2; i++) {
        const vly_cell_fields *f = &t.r.fields[i];
        ck_assert(f->charge >= MARKS[i] && t.r.points[f->step - 1].charge < MARKS[i]);
        ck_assert(f->voltage == t.r.points[f->step].voltage);
    }
    const vly_cell_fields *last = &t.r.fields[2];
    ck_assert_int_eq(last->step, t.r.count - 1);
    double x = 0.0;
    int64_t solids = 0;
    for (int32_t k = 0; k < 30; k++) {
        int64_t in_layer = 0;
        for (int i = 0; i < 25; i++) in_layer += (t.cell->domain.kind[25 * k + i] & VLY_VOXEL_LABEL) == VLY_AM;
        if (in_layer > 0) x += (double)in_layer * last->stoichiometry[k];
        ck_assert_int_eq(isnan(last->stoichiometry[k]), in_layer == 0);
        solids += in_layer;
    }
    const double mean = t.r.points[t.r.count - 1].stoichiometry;
    ck_assert(fabs(x / (double)solids - mean) < 1e-12 * mean);
    ck_assert(fabs(last->depth[29] - 0.5 * SC10_VOXEL) < 1e-18 && last->depth[30] < 0.0);
    char path[512], *file = calloc(1, 1 << 20);
    snprintf(path, sizeof path, "%s_3.vti", t.options.field_path);
    FILE *from = fopen(path, "rb");
    ck_assert_ptr_nonnull(from);
    ck_assert_int_gt((int)fread(file, 1, (1 << 20) - 1, from), 750 * 17);
    fclose(from);
    float section, written;
    memcpy(&section, &last->section_salt[2], sizeof section); /* x = 2 at the separator, y in the middle */
    memcpy(&written, vti_array(file, "salt_mol_m3") + 2 * 5 + 2, sizeof written);
    ck_assert((isnan(section) && isnan(written)) || section == written);
    free(file);
    finish(&t);
}
END_TEST

START_TEST(what_can_be_said_beforehand_is_what_the_formulas_say)
{
    static const char *const changes[][2] = {{"electrolyte", "const"}};
    uint8_t labels[4 * 4 * 20];
    vly_device *device = test_cpu(1);
    vly_materials *m = test_materials_with(changes, 1);
    vly_cell_options options = VLY_CELL_OPTIONS_INIT;
    vly_cell_outlook look;
    vly_cell *cell;
    memset(labels, VLY_AM, sizeof labels);
    options.materials = m;
    vly_source *source = test_labels(labels, (vly_extent){4, 4, 20}, 1e-6);
    ck_assert_int_eq(vly_cell_create(&cell, device, source, &options), VLY_OK);
    vly_cell_look(&look, cell);
    ck_assert(fabs(look.limiting - 238.6) < 0.05); /* spec 7.8: 23.86 mA/cm2 */
    ck_assert(fabs(look.full - 96485.33212 * 50224.0 * 20e-6) < 1e-6 * look.full);
    ck_assert(fabs(look.theory - (1.0 - 0.258) * look.full) < 1e-9 * look.full);
    ck_assert_int_eq(vly_cell_found(cell)->unknowns, 2 * 320 + 2 * 32 * 16 + 1);
    /* the separator alone: salt is gone at the electrode at the limiting current */
    ck_assert(fabs(look.depleting - look.limiting) < 0.01 * look.limiting);
    vly_cell_free(cell);
    vly_source_close(source);
    vly_materials_free(m);
    vly_device_close(device);
}
END_TEST

/* V(0+) is above it, what the correction of half a voxel makes of the same moment is not (spec 3.2). */
START_TEST(a_cutoff_just_below_the_start_ends_at_once)
{
    static const char *const changes[][2] = {{"solid_diffusivity", "1e-14"}, {"cutoff", "4.18"}};
    trial t;
    begin(&t, changes, 2, true);
    t.options.current = 20.0;
    run(&t);
    ck_assert_int_eq(t.r.stop, VLY_STOP_CUTOFF);
    ck_assert(t.r.points[0].voltage > 4.18 && t.r.points[t.r.count - 1].time >= 0.0 &&
              t.r.points[t.r.count - 1].time < 1.0);
    finish(&t);
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
    const double wrong[] = {5.0, 2.0};
    trial t;
    begin(&t, NULL, 0, true);
    t.options = resumable(NULL, NULL);
    t.options.current = 0.0;
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EUSAGE, "current of 0");
    t.options.current = 60.0;
    t.options.fields = wrong;
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EUSAGE, "ascending");
    t.options.field_count = 0;
    t.options.tolerance = 0.0;
    test_fails(vly_lithiate(&t.r, t.cell, &t.options), VLY_EUSAGE, "tolerance");
    finish(&t);
}
END_TEST

typedef struct warned {
    int count;
    char text[300];
} warned;

static void take_warning(void *self, const char *message)
{
    warned *w = self;
    w->count++;
    snprintf(w->text, sizeof w->text, "%s", message);
}

START_TEST(a_current_above_the_limiting_one_is_told_with_the_estimate)
{
    warned w = {0};
    trial t;
    begin(&t, NULL, 0, true);
    t.options = resumable(NULL, NULL);
    vly_cell_outlook look;
    vly_cell_look(&look, t.cell);
    t.device->progress = (vly_progress){.warn = take_warning, .self = &w};
    t.options.current = 1.01 * look.limiting;
    t.options.most = 1e-3 * t.options.current;
    run(&t);
    ck_assert(w.count == 1 && strstr(w.text, "limiting current") != NULL);
    t.options.current = 0.99 * look.limiting;
    run(&t);
    ck_assert_int_eq(w.count, 1);
    finish(&t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lithiate");
    TEST_CASE(suite, labels_and_default_materials_give_the_golden_voltages);
    TEST_CASE(suite, stopped_anywhere_it_goes_on_to_the_same_bits);
    TEST_CASE(suite, a_checkpoint_of_another_run_or_a_damaged_one_is_refused);
    TEST_CASE(suite, overwriting_begins_anew_only_where_the_checkpoint_is_foreign);
    TEST_CASE(suite, fields_agree_with_the_points_and_with_what_is_written);
    TEST_CASE(suite, what_can_be_said_beforehand_is_what_the_formulas_say);
    TEST_CASE(suite, a_cutoff_just_below_the_start_ends_at_once);
    TEST_CASE(suite, options_that_make_no_sense_are_refused);
    TEST_CASE(suite, a_current_above_the_limiting_one_is_told_with_the_estimate);
    return test_run(suite);
}
