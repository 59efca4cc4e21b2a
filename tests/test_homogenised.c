/* A half cell resolved voxel by voxel against the porous-electrode model of the same electrode, whose transport and surface are
 * those that the voxels have (electrochemistry spec 7.13). */
#include "cell_geometry.h"
#include "half_cell.h"
#include "porous_electrode.h"

#include "cell/cell_impl.h"
#include "voxelyte/transport.h"

enum { LAYERS = 60 };
static const double THICKNESS = 164.5e-6; /* m */

typedef struct electrode {
    vly_extent e;
    double voxel; /* m */
    uint8_t *label;
    vly_materials *materials;
} electrode;

static double voltage_at(const porous_curve *c, double q)
{
    int32_t k = 1;
    while (k < c->count - 1 && c->q[k] < q) k++;
    return c->v[k - 1] + (c->v[k] - c->v[k - 1]) * (q - c->q[k - 1]) / (c->q[k] - c->q[k - 1]);
}

/* Each voxel by itself: active material in 45 %, binder in 25 %, pore in the rest. */
static void make(electrode *s, vly_extent e, double voxel, uint64_t seed)
{
    const char *const changes[][2] = {
        {"solid_diffusivity", "1e-14"}, {"solid_conductivity", "1"}, {"cbd_gamma", "0.5"}};
    *s = (electrode){.e = e, .voxel = voxel, .label = malloc((size_t)vly_extent_voxels(e))};
    for (int64_t i = 0; i < vly_extent_voxels(e); i++) {
        const double u = test_uniform(&seed);
        s->label[i] = u < 0.45 ? VLY_AM : u < 0.7 ? VLY_CBD : VLY_PORE;
    }
    ck_assert_int_eq(vly_materials_create_default(&s->materials), VLY_OK);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(vly_materials_set(s->materials, changes[i][0], changes[i][1]), VLY_OK);
}

static void resolve(porous_curve *out, vly_cell *cell, double current)
{
    vly_lithiate_options options = VLY_LITHIATE_OPTIONS_INIT;
    vly_lithiate_result r;
    options.current = 10.0 * current;
    ck_assert_msg(vly_lithiate(&r, cell, &options) == VLY_OK, "%s", vly_error_message());
    ck_assert_int_eq(r.stop, VLY_STOP_CUTOFF);
    ck_assert_double_le(r.lithium_balance, 1e-9); /* spec 2.3 */
    ck_assert_double_le(r.salt_balance, 1e-11);
    out->count = (int32_t)r.count;
    for (int64_t k = 0; k < r.count; k++) out->q[k] = r.points[k].charge / 36e3, out->v[k] = r.points[k].voltage;
    vly_lithiate_result_free(&r);
}

/* Transport through the voxels along z, relative to that in what fills them. */
static double transport_of(vly_device *device, const electrode *s, double pore, double am, double cbd)
{
    vly_transport_options options = VLY_TRANSPORT_OPTIONS_INIT;
    vly_transport_result r;
    options.coefficient[VLY_PORE] = pore;
    options.coefficient[VLY_AM] = am;
    options.coefficient[VLY_CBD] = cbd;
    options.directions[VLY_X] = options.directions[VLY_Y] = false;
    vly_source *labels = test_labels(s->label, s->e, s->voxel);
    ck_assert_msg(vly_transport(&r, device, labels, &options) == VLY_OK, "%s", vly_error_message());
    double d = r.axis[VLY_Z].d_eff;
    vly_transport_result_free(&r);
    vly_source_close(labels);
    return d;
}

static vly_dfn homogenise(vly_device *device, const electrode *s, const vly_cell_geometry *found)
{
    const double all = (double)vly_extent_voxels(s->e), length = s->e.nz * s->voxel;
    const double share[VLY_CONTACTS] = {1.0, 0.5, 0.9};
    double area = 0.0;
    for (int k = 0; k < VLY_CONTACTS; k++) area += share[k] * found->area[k];
    vly_dfn d = {.thickness = length,
                 .separator = 260e-6,
                 .separator_porosity = 0.9,
                 .separator_gamma = 0.75,
                 .cells = 60,
                 .separator_cells = 40,
                 .shells = 25};
    d.active = (double)(found->voxels[VLY_AM] - found->inert) / all;
    d.porosity = ((double)(found->voxels[VLY_PORE] - found->sealed[VLY_PORE]) +
                  0.5 * (double)(found->voxels[VLY_CBD] - found->sealed[VLY_CBD])) /
                 all;
    d.radius = 3.0 * d.active * length * found->cross_section / area;
    d.gamma = transport_of(device, s, 1.0, 0.0, 0.5);
    d.sigma = transport_of(device, s, 0.0, 1.0, 10.0);
    return d;
}

static void average(porous_curve *out, vly_device *device, const electrode *s, const vly_dfn *dfn, double current)
{
    vly_cell_laws laws;
    vly_buffer memory;
    const vly_cell_start start = start_of(&laws, &memory, device, s->materials);
    vly_march_options options = VLY_MARCH_OPTIONS_INIT;
    options.value = 10.0 * current;
    options.solving = &direct_solving;
    discharge(out, device, dfn, &laws, &start, &options);
    vly_buffer_free(&memory);
}

/* Both, of an electrode so many voxels wide; *worst: of the voltage up to nine tenths of the shorter one. */
static void compare(int32_t side, double current, double *worst, double end[2])
{
    static porous_curve voxels, model;
    vly_device *device = test_cpu(0);
    electrode s;
    vly_cell *cell;
    vly_cell_options options = VLY_CELL_OPTIONS_INIT;
    make(&s, (vly_extent){side, side, LAYERS}, THICKNESS / LAYERS, 7);
    options.area = VLY_AREA_RAW;
    options.trim = false;
    options.materials = s.materials;
    options.separator_layers = 16;
    options.through = (vly_through){2, true};
    vly_source *labels = test_labels(s.label, s.e, s.voxel);
    ck_assert_msg(vly_cell_create(&cell, device, labels, &options) == VLY_OK, "%s", vly_error_message());
    const vly_dfn dfn = homogenise(device, &s, vly_cell_found(cell));
    resolve(&voxels, cell, current);
    average(&model, device, &s, &dfn, current);
    *worst = 0.0;
    end[0] = voxels.q[voxels.count - 1];
    end[1] = model.q[model.count - 1];
    for (double q = 0.0; q < 0.9 * fmin(end[0], end[1]); q += 0.05)
        *worst = fmax(*worst, fabs(voltage_at(&voxels, q) - voltage_at(&model, q)));
    vly_cell_free(cell);
    vly_source_close(labels);
    vly_materials_free(s.materials);
    free(s.label);
    vly_device_close(device);
}

/* 15 mV, as the spec expects; found: 10 mV, and 3 mV at 1 mA/cm2. */
START_TEST(voltages_agree_where_the_electrode_works_evenly)
{
    double worst, end[2];
    if (test_small()) return;
    compare(6, 3.0, &worst, end);
    ck_assert_double_le(worst, 15e-3);
    ck_assert_double_eq_tol(end[0], end[1], 0.02 * end[1]);
}
END_TEST

/* 5 %, as the spec expects, with the collector's side empty; found: 2.7 %. Six voxels would not be wide enough to stand for
 * the average: 12 %. */
START_TEST(capacities_agree_through_depletion)
{
    double worst, end[2];
    if (test_small()) return;
    compare(8, 6.0, &worst, end);
    ck_assert_double_eq_tol(end[0], end[1], 0.05 * end[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("homogenised");
    TEST_CASE(suite, voltages_agree_where_the_electrode_works_evenly);
    TEST_CASE(suite, capacities_agree_through_depletion);
    return test_run(suite);
}
