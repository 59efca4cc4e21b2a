/* Steps, their errors and their events (electrochemistry spec 4.2, 4.4, 4.7). Four vectors of unknowns go round: the one that
 * is tried, and three of the past. */
#include "cell/march_impl.h"

#include "core/memory.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double at_once = 1e-9;       /* s: the potentials follow, the concentrations stay */
static const double step_least = 1e-7;    /* s */
static const double cutoff_window = 1e-4; /* V */
enum { CURVED = 12, AT_ONCE = 60, SEARCH = 40 };

/* ---- one try ---- */

/* What the last states foretell for `length` from now on: a parabola, or a line, or no change. */
static vly_cell_past foretell(const vly_march *m, double length, double *collector)
{
    vly_cell_past past = {{m->state[0], NULL, NULL}, {1.0, 0.0, 0.0}};
    double t1 = m->length[0], t2 = t1 + m->length[1];
    if (m->known >= 3 && m->options.order == 2) {
        past.weight[0] = (length + t1) * (length + t2) / (t1 * t2);
        past.weight[1] = -length * (length + t2) / (t1 * (t2 - t1));
        past.weight[2] = length * (length + t1) / (t2 * (t2 - t1));
    } else if (m->known >= 2) {
        past.weight[0] = 1.0 + length / t1;
        past.weight[1] = -length / t1;
    }
    *collector = 0.0;
    for (int k = 0; k < 3; k++) {
        if (past.weight[k] != 0.0) past.state[k] = m->state[k];
        *collector += past.weight[k] * m->collector[k];
    }
    return past;
}

static vly_cell_moment moment_of(const vly_march *m, double length)
{
    vly_cell_moment s = {.now = m->state[3], .before = m->state[0], .earlier = m->state[0], .a = 1.0 / length};
    s.reference = m->start.transference;
    if (m->known >= 2 && m->options.order == 2) {
        double w = length / m->length[0];
        s.earlier = m->state[1];
        s.a = (1.0 + 2.0 * w) / ((1.0 + w) * length);
        s.back = w * w / ((1.0 + w) * length);
    }
    return s;
}

static vly_status attempt_from(vly_march *m, double length, bool foretold, bool *converged)
{
    const vly_kernels *kernels = m->device->kernels;
    vly_cell_past past = {{m->state[0], NULL, NULL}, {1.0, 0.0, 0.0}};
    bool prescribed = m->drive == VLY_DRIVE_VOLTAGE;
    double collector = m->collector[0];
    if (foretold) past = foretell(m, length, &collector);
    VLY_TRY(kernels->cell_foretell(m->device->queue, &m->newton.assembly.layout, &past, m->state[3]));
    vly_newton_problem p = {.laws = &m->laws,
                            .unknowns = m->state[3],
                            .moment = moment_of(m, length),
                            .prescribed = prescribed,
                            .current = m->value,
                            .most = CURVED};
    p.salt = m->salt[0] + p.moment.back / p.moment.a * (m->salt[0] - m->salt[1]);
    p.moment.collector = prescribed ? m->value : collector;
    VLY_TRY(vly_assembly_remember(&m->newton.assembly, &p.moment));
    VLY_TRY(vly_newton_solve(&m->newton, &p));
    m->tried.newton += p.newton;
    m->tried.krylov += p.krylov;
    m->collector[3] = p.moment.collector;
    m->moment = p.moment;
    *converged = p.converged;
    return VLY_OK;
}

/* State 3 = the solution at `length` from now on. What does not converge is tried once more from where things stand. */
static vly_status attempt(vly_march *m, double length, bool *converged)
{
    VLY_TRY(vly_device_stop(m->device));
    VLY_TRY(attempt_from(m, length, true, converged));
    return *converged ? VLY_OK : attempt_from(m, length, false, converged);
}

/* ---- errors ---- */

/* Of state 3, over the tolerance: differential unknowns in the mean and in the worst place, and the voltage. */
static vly_status judge(vly_march *m, double length, double *ratio)
{
    vly_assembly *a = &m->newton.assembly;
    double sums[4], collector;
    *ratio = 0.0;
    if (m->options.fixed > 0.0 || m->known < 2) return VLY_OK;
    vly_cell_past past = foretell(m, length, &collector);
    VLY_TRY(m->device->kernels->cell_differ(m->device->queue, &a->layout, &past, a->graph.electrolyte_volume,
                                            a->graph.solid_volume, m->state[3], a->sums, a->parts));
    VLY_TRY(vly_assembly_sums(a, sums));
    double mean = sqrt(fmax(sums[0] / m->electrolyte_volume, sums[1] / m->solid_volume)), worst = sums[2] / 20.0;
    *ratio = 0.2 * fmax(fmax(mean, worst), fabs(m->collector[3] - collector)) / m->options.tolerance;
    return VLY_OK;
}

static double next_length(double length, double ratio)
{
    double factor = ratio > 0.0 ? 0.9 / cbrt(ratio) : 2.0;
    return length * fmin(2.0, fmax(0.4, factor));
}

/* ---- accepting ---- */

vly_status vly_march_amounts(vly_march *m, double salt[4], double solid[4])
{
    vly_assembly *a = &m->newton.assembly;
    const vly_cell_layout *l = &a->layout;
    const vly_kernels *kernels = m->device->kernels;
    const double *c = m->state[0] + l->potentials;
    VLY_TRY(kernels->cell_amount(m->device->queue, l->electrolytes, c, a->graph.electrolyte_volume, a->sums, a->parts));
    VLY_TRY(vly_assembly_sums(a, salt));
    VLY_TRY(kernels->cell_amount(m->device->queue, l->solids, c + l->electrolytes, a->graph.solid_volume, a->sums,
                                 a->parts));
    return vly_assembly_sums(a, solid);
}

static vly_status record_state(vly_march *m, double ratio)
{
    vly_march_record *r = &m->record;
    double salt[4], solid[4], most = m->newton.assembly.layout.solid_most, expected = m->charge[0] / VLY_FARADAY;
    VLY_TRY(vly_march_amounts(m, salt, solid));
    m->salt[0] = salt[0];
    r->time = m->time;
    r->charge = m->charge[0];
    r->voltage = m->collector[0];
    r->current = m->current;
    r->stoichiometry = solid[0] / solid[1] / most;
    r->stoichiometry_most = solid[2] / most;
    r->stoichiometry_least = -solid[3] / most;
    r->salt = salt[0] / salt[1];
    r->salt_most = salt[2];
    r->salt_least = -salt[3];
    r->lithium_current = m->newton.assembly.lithium;
    r->solid_drift = (solid[0] - m->solid_begin - expected) / fmax(fabs(expected), 1e-4 * solid[1] * most);
    r->salt_drift = salt[0] / m->salt_begin - 1.0;
    r->error = ratio;
    r->newton = m->tried.newton;
    r->krylov = m->tried.krylov;
    r->rejected = m->tried.rejected;
    m->tried = (vly_march_tried){.newton = 0};
    return VLY_OK;
}

/* State 3 becomes the present. Charge follows the same formula as the amounts of lithium do. */
static void rotate(vly_march *m, double length)
{
    double *trial = m->state[3], voltage = m->collector[3];
    const vly_cell_moment *s = &m->moment;
    m->current = m->drive == VLY_DRIVE_CURRENT ? m->value : -m->newton.assembly.entering;
    double charge = m->charge[0] + (m->current + s->back * (m->charge[0] - m->charge[1])) / s->a;
    for (int k = 3; k > 0; k--) {
        m->state[k] = m->state[k - 1];
        m->collector[k] = m->collector[k - 1];
    }
    m->state[0] = trial;
    m->collector[0] = voltage;
    m->charge[1] = m->charge[0];
    m->charge[0] = charge;
    m->salt[1] = m->salt[0];
    m->length[1] = m->length[0];
    m->length[0] = length;
    m->known = m->known < 3 ? m->known + 1 : 3;
    m->time += length;
}

static vly_status accept(vly_march *m, double length, double ratio)
{
    rotate(m, length);
    m->record.step++;
    m->record.length = length;
    VLY_TRY(record_state(m, ratio));
    return m->options.renew > 0 && m->record.step % m->options.renew == 0 ? vly_march_keep(m) : VLY_OK;
}

/* ---- the cut-off ---- */

/* Above 0 while the march goes on. */
static double margin(const vly_march *m, double voltage)
{
    if (m->drive != VLY_DRIVE_CURRENT || m->value == 0.0 || !isfinite(m->options.cutoff)) return INFINITY;
    return m->value > 0.0 ? voltage - m->options.cutoff : m->options.cutoff - voltage;
}

/* The step that ends at the cut-off, between 0 and *length where it is passed: false position, with halves where one end
 * does not move (the Illinois rule). State 3 is then that step's. */
static vly_status find_cutoff(vly_march *m, double *length)
{
    /* the state at 0+ may be below already where the solid's correction is on; its record, made without, is not (3.2) */
    double low = 0.0, above = margin(m, m->record.voltage), high = *length, below = margin(m, m->collector[3]);
    int side = 0;
    for (int k = 0; k < SEARCH && high > step_least && fabs(margin(m, m->collector[3])) > cutoff_window; k++) {
        bool converged;
        double middle = low + (high - low) * above / (above - below);
        VLY_TRY(attempt(m, middle, &converged));
        if (!converged)
            return vly_fail(VLY_ENUMERIC, "at %g s: the step to the cut-off does not converge", m->time + middle);
        double here = margin(m, m->collector[3]);
        *length = middle;
        if (here > 0.0) {
            low = middle, above = here;
            below = side > 0 ? 0.5 * below : below;
            side = 1;
        } else {
            high = middle, below = here;
            above = side < 0 ? 0.5 * above : above;
            side = -1;
        }
    }
    return VLY_OK;
}

/* ---- stepping ---- */

static double length_wanted(const vly_march *m)
{
    double left = m->options.end - m->time;
    double length = m->options.fixed > 0.0 ? m->options.fixed : fmin(m->next, m->most);
    return length > 0.999999 * left ? left : length;
}

vly_status vly_march_step(vly_march *m)
{
    double length = length_wanted(m), ratio = 0.0;
    bool converged = false;
    if (m->record.end != VLY_MARCH_GOES_ON) return VLY_OK;
    for (;;) {
        VLY_TRY(attempt(m, length, &converged));
        if (converged) VLY_TRY(judge(m, length, &ratio));
        if (converged && ratio <= 2.0) break;
        m->tried.rejected++;
        length *= 0.4;
        if (m->options.fixed > 0.0 || length < step_least) {
            m->record.end = VLY_MARCH_STUCK;
            return VLY_OK;
        }
    }
    m->next = next_length(length, ratio);
    vly_march_end end = m->time + length >= m->options.end * (1.0 - 1e-12) ? VLY_MARCH_TIME : VLY_MARCH_GOES_ON;
    if (margin(m, m->collector[3]) <= cutoff_window) {
        VLY_TRY(find_cutoff(m, &length));
        end = VLY_MARCH_CUTOFF;
    }
    m->record.end = end;
    return accept(m, length, ratio);
}

/* The potentials that belong to the present concentrations under the present drive. */
static vly_status jump(vly_march *m, bool half)
{
    const vly_cell_layout *l = &m->newton.assembly.layout;
    int64_t rows = vly_cell_layout_rows(l), held = (rows - l->potentials) * (int64_t)sizeof(double);
    bool prescribed = m->drive == VLY_DRIVE_VOLTAGE;
    vly_cell_laws laws = m->laws;
    laws.half = half;
    VLY_TRY(vly_device_wait(m->device));
    VLY_TRY(vly_device_copy(m->device, m->state[3], m->state[0], rows * (int64_t)sizeof(double)));
    vly_newton_problem p = {.laws = &laws,
                            .unknowns = m->state[3],
                            .moment = moment_of(m, at_once),
                            .prescribed = prescribed,
                            .current = m->value,
                            .salt = m->salt[0],
                            .most = AT_ONCE};
    p.moment.collector = prescribed ? m->value : m->collector[0];
    VLY_TRY(vly_newton_solve(&m->newton, &p));
    m->tried.newton += p.newton;
    m->tried.krylov += p.krylov;
    if (!p.converged)
        return vly_fail(VLY_ENUMERIC, "at %g s: no potentials fit a %s of %g %s", m->time,
                        prescribed ? "voltage" : "current", m->value, prescribed ? "V" : "A");
    VLY_TRY(vly_device_wait(m->device));
    VLY_TRY(vly_device_copy(m->device, m->state[3] + l->potentials, m->state[0] + l->potentials, held));
    double *before = m->state[0];
    m->state[0] = m->state[3];
    m->state[3] = before;
    m->collector[0] = p.moment.collector;
    m->current = prescribed ? -m->newton.assembly.entering : m->value;
    return VLY_OK;
}

static double longest(const vly_march *m)
{
    double density = fabs(m->value) / m->network->cross_section;
    if (m->options.most > 0.0) return m->options.most;
    return m->drive == VLY_DRIVE_CURRENT && density > 0.0 ? 60.0 * 60.0 / density : 60.0;
}

/* Recorded is the voltage at once, before the concentration at faces differs from that inside; steps begin behind that. */
vly_status vly_march_drive(vly_march *m, vly_drive drive, double value)
{
    m->drive = drive;
    m->value = value;
    m->known = 1;
    m->charge[1] = m->charge[0];
    m->salt[1] = m->salt[0];
    m->most = longest(m);
    m->next = m->options.first;
    VLY_TRY(jump(m, m->laws.half && m->options.half_at_start));
    m->record.end = VLY_MARCH_GOES_ON;
    m->record.length = 0.0;
    VLY_TRY(record_state(m, 0.0));
    if (margin(m, m->collector[0]) <= 0.0)
        return vly_fail(VLY_EDATA, "the voltage is %.4f V from the start, the cut-off %.4f V", m->collector[0],
                        m->options.cutoff);
    if (m->laws.half && !m->options.half_at_start) VLY_TRY(jump(m, true));
    return m->options.renew > 0 ? vly_march_keep(m) : VLY_OK;
}

const vly_march_record *vly_march_record_now(const vly_march *m)
{
    return &m->record;
}

int32_t vly_march_rows(const vly_march *m)
{
    return m->newton.assembly.system.rows;
}

vly_status vly_march_unknowns(const vly_march *m, double *unknowns)
{
    VLY_TRY(vly_device_wait(m->device));
    return vly_device_download(m->device, unknowns, m->state[0], vly_march_rows(m) * (int64_t)sizeof(double));
}
