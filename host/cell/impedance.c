/* The whole: from labels and materials to a spectrum, its ends, and what they say about the electrode. */
#include "cell/impedance_impl.h"

#include "core/memory.h"

#include <math.h>
#include <time.h>

enum { LINE_POINTS = 41, PER_DECADE_MOST = 1000 };

static const double shorted = 1e8;    /* s at which double layers are shorts: against a voxel of electrolyte */
static const double line_span = 10.0; /* the line is fitted from f0 over this to f0 times it */

typedef struct measuring {
    const vly_impedance_options *options;
    vly_impedance_result *out;
    vly_impedance_matter matter;
    vly_impedance_network network;
    vly_impedance_solver solver;
    vly_impedance_model model;
} measuring;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what goes in ---- */

static vly_status check_options(const vly_impedance_options *o)
{
    if (!(o->lowest > 0.0) || !(o->highest >= o->lowest) || !isfinite(o->highest))
        return vly_fail(VLY_EUSAGE, "impedance: frequencies from %g to %g Hz, above 0 and falling expected", o->highest,
                        o->lowest);
    if (o->per_decade < 1 || o->per_decade > PER_DECADE_MOST)
        return vly_fail(VLY_EUSAGE, "impedance: %d frequencies per decade, 1 to %d expected", o->per_decade,
                        PER_DECADE_MOST);
    if (o->method == VLY_IMPEDANCE_STEP && (o->steps_per_decade < 1 || o->steps_per_decade > PER_DECADE_MOST))
        return vly_fail(VLY_EUSAGE, "impedance: %d steps per decade, 1 to %d expected", o->steps_per_decade,
                        PER_DECADE_MOST);
    if (!(o->tolerance > 0.0) || o->tolerance >= 1.0)
        return vly_fail(VLY_EUSAGE, "impedance: a tolerance of %g, between 0 and 1 expected", o->tolerance);
    if (!o->bare && (o->cell.separator_layers < 1))
        return vly_fail(VLY_EUSAGE, "separator: %d layers, 1 or more expected", o->cell.separator_layers);
    return VLY_OK;
}

static vly_status take_matter(vly_impedance_matter *out, const vly_impedance_options *o, const vly_materials *m)
{
    const vly_cell_options *c = &o->cell;
    double x;
    vly_domain_options *d = &out->domain;
    *out = (vly_impedance_matter){.binder_internal = o->binder_internal};
    *d = (vly_domain_options){.window = c->window,
                              .through = c->through,
                              .trim = c->trim,
                              .area = c->area,
                              .area_scale = c->area_scale,
                              .separator_layers =
                                  c->separator_layer ? c->separator_layers : (c->separator_layers + 1) / 2,
                              .separator_layer = c->separator_layer,
                              .bare = o->bare,
                              .equipotential = o->equipotential};
    const struct {
        const char *name;
        double *to;
    } numbers[] = {{"separator_thickness", &d->separator_thickness},
                   {"separator_porosity", &d->separator_share},
                   {"separator_gamma", &d->separator_gamma},
                   {"cbd_porosity", &d->binder_share},
                   {"cbd_gamma", &d->binder_gamma},
                   {"cbd_conductivity", &d->binder_sigma},
                   {"am_capacitance", &out->active},
                   {"cbd_capacitance", &out->binder},
                   {"cbd_surface", &out->binder_surface},
                   {"collector_capacitance", &out->collector},
                   {"blocking_conductivity", &out->conductivity},
                   {"initial_stoichiometry", &x}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        VLY_TRY(vly_materials_number(numbers[i].to, m, numbers[i].name));
    d->separator_thickness *= 0.5;
    VLY_TRY(vly_materials_evaluate(&out->solid_conductivity, NULL, m, "solid_conductivity", &x, 1));
    if (!(out->solid_conductivity > 0.0) || !isfinite(out->solid_conductivity))
        return vly_fail(VLY_EDATA, "solid_conductivity: %g S/m at x = %g, above 0 expected", out->solid_conductivity,
                        x);
    return VLY_OK;
}

static vly_status take_materials(measuring *m)
{
    const vly_materials *given = m->options->cell.materials;
    vly_materials *standard = NULL;
    vly_status status = given ? VLY_OK : vly_materials_create_default(&standard);
    if (status == VLY_OK) status = take_matter(&m->matter, m->options, given ? given : standard);
    vly_materials_free(standard);
    return status;
}

/* ---- units ---- */

/* w of a frequency in the unit of s; resistance per area of an admittance of 1. */
static double speed(const measuring *m, double frequency)
{
    return 2.0 * M_PI * frequency * m->network.capacitance / m->network.conductance;
}

static double resistance(const measuring *m)
{
    return m->network.geometry.cross_section / m->network.conductance;
}

/* ---- what is read off the model ---- */

/* Z of the whole cell from Y of half of it. */
static vly_impedance_point point_of(const measuring *m, double frequency, double re, double im)
{
    const double scale = 2.0 * resistance(m) / (re * re + im * im);
    return (vly_impedance_point){frequency, re * scale, -im * scale};
}

static void read_ends(measuring *m)
{
    vly_impedance_result *out = m->out;
    const double high = resistance(m) / vly_model_real(&m->model, shorted),
                 low = resistance(m) * vly_model_low(&m->model);
    out->r_hf = 2.0 * high;
    out->r_lf = 2.0 * low;
    out->limit.r_ion = 3.0 * (low - high);
    out->f0 = 1.0 / (2.0 * M_PI * out->limit.r_ion * out->total_capacitance);
}

static void read_branches(measuring *m)
{
    vly_impedance_result *out = m->out;
    const vly_impedance_network *n = &m->network;
    for (int32_t k = 0; k < m->model.modes; k++) {
        const double push = m->model.push[k], time = m->model.time[k];
        const double c = push * push / time * n->capacitance / n->geometry.cross_section;
        if (!(c > 1e-15 * out->total_capacitance)) continue;
        out->branches[out->branch_count++] = (vly_impedance_branch){time * n->capacitance / n->conductance / c, c};
    }
}

static void read_gamma(measuring *m, vly_impedance_ionic *ionic)
{
    const vly_impedance_result *out = m->out;
    ionic->gamma = out->thickness / (ionic->r_ion * out->conductivity);
    ionic->tau = out->electrolyte_fraction / ionic->gamma;
}

static void fit_line(measuring *m)
{
    vly_impedance_result *out = m->out;
    double w[LINE_POINTS], re[LINE_POINTS], im[LINE_POINTS];
    for (int32_t k = 0; k < LINE_POINTS; k++) {
        const double f = out->f0 * pow(line_span, 2.0 * k / (LINE_POINTS - 1) - 1.0);
        double y[2];
        vly_model_admittance(&m->model, speed(m, f), &y[0], &y[1]);
        const vly_impedance_point p = point_of(m, f, y[0], y[1]);
        w[k] = 2.0 * M_PI * f;
        re[k] = 0.5 * p.re;
        im[k] = 0.5 * p.im;
    }
    vly_line line = {.r_hf = 0.5 * out->r_hf, .r_ion = out->limit.r_ion, .capacitance = out->total_capacitance};
    vly_line_fit(&line, w, re, im, LINE_POINTS);
    out->line.r_ion = line.r_ion;
    out->line_misfit = line.misfit;
}

/* ---- the spectrum ---- */

static vly_status list_frequencies(measuring *m)
{
    const vly_impedance_options *o = m->options;
    vly_impedance_result *out = m->out;
    const double decades = log10(o->highest / o->lowest);
    if (decades * o->per_decade > 1e6)
        return vly_fail(VLY_EUSAGE, "impedance: %g frequencies, 1e6 at most expected", decades * o->per_decade);
    out->count = (int32_t)floor(decades * o->per_decade + 1e-9) + 1;
    VLY_TRY(VLY_NEW(&out->points, out->count, "spectrum"));
    for (int32_t k = 0; k < out->count; k++)
        out->points[k].frequency = o->highest / pow(10.0, (double)k / o->per_decade);
    return VLY_OK;
}

static vly_status take_spectrum(measuring *m)
{
    const vly_impedance_options *o = m->options;
    vly_impedance_result *out = m->out;
    double *w;
    VLY_TRY(VLY_NEW(&w, 3 * (int64_t)out->count, "spectrum"));
    double *re = w + out->count, *im = re + out->count;
    vly_status status = VLY_OK;
    for (int32_t k = 0; k < out->count; k++) {
        w[k] = speed(m, out->points[k].frequency);
        vly_model_admittance(&m->model, w[k], &re[k], &im[k]);
    }
    if (o->method == VLY_IMPEDANCE_STEP)
        status = vly_impedance_step(&m->solver, &m->model, shorted, o->steps_per_decade, w, out->count, re, im);
    for (int32_t k = 0; k < out->count; k++) out->points[k] = point_of(m, out->points[k].frequency, re[k], im[k]);
    vly_free(w);
    return status;
}

/* ---- the whole ---- */

static void describe(measuring *m)
{
    vly_impedance_result *out = m->out;
    const vly_impedance_network *n = &m->network;
    const double section = n->geometry.cross_section;
    out->geometry = n->geometry;
    out->conductivity = m->matter.conductivity;
    out->thickness = n->geometry.extent.nz * n->geometry.voxel;
    out->electrolyte_fraction = n->electrolyte / (section * out->thickness);
    for (int c = 0; c < VLY_CONTACTS; c++) out->capacitance[c] = n->contact[c] / section;
    out->internal_capacitance = n->internal / section;
    out->total_capacitance = n->total * n->capacitance / section;
    out->unknowns = n->pencil.rows;
}

static int64_t bytes_of(const measuring *m)
{
    const vly_impedance_network *n = &m->network;
    const vly_impedance_solver *s = &m->solver;
    const vly_matrix_twin *graph = &n->graph;
    int64_t bytes = graph->first.device.bytes + graph->column.device.bytes + graph->weight.device.bytes +
                    graph->ground.device.bytes + n->base.bytes + n->hold.device.bytes + n->charge.device.bytes +
                    (n->place ? n->pencil.rows * (int64_t)sizeof *n->place : 0) + vly_multigrid_bytes(&s->mg);
    const vly_buffer *buffers[] = {&s->direction, &s->right, &s->x, &s->y, &s->parts};
    for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++) bytes += buffers[k]->bytes;
    for (int32_t k = 0; k < s->count; k++) bytes += s->basis[k].bytes;
    return bytes;
}

static vly_status measure(measuring *m)
{
    const vly_impedance_options *o = m->options;
    vly_impedance_result *out = m->out;
    vly_impedance_range range = {.tolerance = o->tolerance, .shorted = shorted};
    describe(m);
    VLY_TRY(VLY_NEW(&out->branches, VLY_MODEL_MOST, "branches"));
    VLY_TRY(list_frequencies(m));
    VLY_TRY(vly_impedance_solver_create(&m->solver, &m->network));
    VLY_TRY(vly_impedance_begin(&m->model, &m->solver, &range));
    read_ends(m);
    range.low = speed(m, fmin(o->lowest, out->f0 / line_span));
    range.high = speed(m, fmax(o->highest, out->f0 * line_span));
    VLY_TRY(vly_impedance_reduce(&m->model, &m->solver, &range));
    read_ends(m);
    read_branches(m);
    fit_line(m);
    read_gamma(m, &out->limit);
    read_gamma(m, &out->line);
    out->converged = range.converged;
    out->error = range.error;
    out->bytes = (double)bytes_of(m) / (double)out->unknowns;
    VLY_TRY(take_spectrum(m));
    out->solves = m->solver.solves;
    out->iterations = m->solver.iterations;
    return VLY_OK;
}

vly_status vly_impedance(vly_impedance_result *out, vly_device *device, vly_source *labels,
                         const vly_impedance_options *options)
{
    measuring m = {.options = options, .out = out};
    const double begin = now();
    *out = (vly_impedance_result){.count = 0};
    VLY_TRY(check_options(options));
    VLY_TRY(take_materials(&m));
    vly_status status = vly_impedance_network_create(&m.network, device, labels, &m.matter);
    const double made = now();
    if (status == VLY_OK) status = measure(&m);
    out->seconds[0] = made - begin + m.solver.setup;
    out->seconds[1] = now() - made - m.solver.setup;
    vly_impedance_solver_free(&m.solver);
    vly_impedance_network_free(&m.network);
    if (status != VLY_OK) vly_impedance_result_free(out);
    return status;
}

void vly_impedance_result_free(vly_impedance_result *result)
{
    vly_free(result->points);
    vly_free(result->branches);
    *result = (vly_impedance_result){.count = 0};
}

const char *vly_impedance_method_name(vly_impedance_method method)
{
    return method == VLY_IMPEDANCE_STEP ? "step" : "harmonic";
}
