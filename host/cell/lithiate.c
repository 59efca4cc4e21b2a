/* One constant current from rest to the cut-off: steps a march, keeps a point of each step and the fields that were asked
 * for, and leaves a checkpoint where it is stopped. */
#include "cell/cell_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const double CHECKPOINT_SECONDS = 60.0;
static const double BEYOND_THEORY = 1.2; /* spec 4.7: no march goes on behind that */

typedef struct running {
    vly_cell *cell;
    const vly_lithiate_options *options;
    vly_lithiate_result *out;
    vly_march *march;
    int64_t capacity;    /* points that there is room for */
    double *unknowns;    /* (rows) */
    double theory;       /* A s/m2 */
    double begun, saved; /* s: this call, its last checkpoint */
    double before;       /* s that earlier calls spent */
    char key[VLY_LITHIATE_KEY];
} running;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

const char *vly_lithiate_stop_name(vly_lithiate_stop stop)
{
    return stop == VLY_STOP_CUTOFF ? "cut-off" : stop == VLY_STOP_CHARGE ? "charge" : "stuck";
}

/* ---- options ---- */

static vly_status check_options(const vly_lithiate_options *o)
{
    if (o->current == 0.0 || !isfinite(o->current))
        return vly_fail(VLY_EUSAGE, "lithiate: a current of %g mA/cm2, another one expected", 0.1 * o->current);
    if (!(o->tolerance > 0.0)) return vly_fail(VLY_EUSAGE, "lithiate: tolerance %g, above 0 expected", o->tolerance);
    for (int32_t i = 0; i < o->field_count; i++)
        if (!(o->fields[i] >= 0.0) || (i > 0 && !(o->fields[i] > o->fields[i - 1])))
            return vly_fail(VLY_EUSAGE, "lithiate: fields at %g mAh/cm2, ascending numbers from 0 expected",
                            o->fields[i] / 36e3);
    return VLY_OK;
}

vly_status vly_lithiate_key(char key[VLY_LITHIATE_KEY], const vly_cell *cell, const vly_lithiate_options *o)
{
    vly_text text = {0};
    vly_text_add(&text, "%s %a %a %a %a", cell->key, o->current, o->most, o->tolerance, o->fixed);
    for (int32_t i = 0; i < o->field_count; i++) vly_text_add(&text, " %a", o->fields[i]);
    if (text.status == VLY_OK) vly_digest_text(key, text.text);
    vly_text_free(&text);
    return text.status;
}

/* What the salt cannot carry for long is possible for a while: Sand's time says for how long. */
static void warn_of_limits(const running *r)
{
    vly_cell_outlook look;
    vly_cell_look(&look, r->cell);
    if (fabs(r->options->current) <= look.limiting) return;
    vly_device_warn(r->cell->device,
                    "lithiate: %g mA/cm2 is above the limiting current, about %.3g mA/cm2 with the salt at rest: the "
                    "separator will run out of salt",
                    0.1 * r->options->current, 0.1 * look.limiting);
}

static vly_march_options march_options(const running *r)
{
    const vly_lithiate_options *o = r->options;
    vly_march_options m = VLY_MARCH_OPTIONS_INIT;
    const double charge = o->most > 0.0 ? o->most : BEYOND_THEORY * r->theory;
    m.value = o->current * r->cell->network.cross_section;
    m.cutoff = r->cell->cutoff;
    m.end = charge / fabs(o->current);
    m.tolerance = o->tolerance;
    m.fixed = o->fixed;
    m.order = o->fixed > 0.0 ? 1 : 2;
    return m;
}

/* ---- what is kept ---- */

static vly_status grow(running *r)
{
    vly_lithiate_point *larger;
    if (r->out->count < r->capacity) return VLY_OK;
    const int64_t capacity = r->capacity > 0 ? 2 * r->capacity : 256;
    VLY_TRY(vly_alloc_raw((void **)&larger, capacity, sizeof *larger, "points"));
    if (r->out->count > 0) memcpy(larger, r->out->points, (size_t)r->out->count * sizeof *larger);
    vly_free(r->out->points);
    r->out->points = larger;
    r->capacity = capacity;
    return VLY_OK;
}

static vly_lithiate_point point_of(const running *r, const vly_march_record *m)
{
    const double area = r->cell->network.cross_section;
    return (vly_lithiate_point){.time = m->time,
                                .charge = m->charge / area,
                                .voltage = m->voltage,
                                .current = m->current / area,
                                .stoichiometry = m->stoichiometry,
                                .stoichiometry_least = m->stoichiometry_least,
                                .stoichiometry_most = m->stoichiometry_most,
                                .salt = m->salt,
                                .salt_least = m->salt_least,
                                .salt_most = m->salt_most,
                                .lithium_balance = m->step > 0 ? m->solid_drift : 0.0,
                                .salt_balance = m->salt_drift,
                                .charge_balance = m->lithium_current / m->current - 1.0,
                                .newton = m->newton,
                                .krylov = m->krylov,
                                .rejected = m->rejected};
}

static vly_status keep_fields(running *r)
{
    vly_lithiate_result *out = r->out;
    char *path = NULL;
    const int64_t step = out->count - 1;
    if (!r->unknowns) VLY_TRY(VLY_NEW(&r->unknowns, vly_march_rows(r->march), "fields"));
    VLY_TRY(vly_march_unknowns(r->march, r->unknowns));
    VLY_TRY(vly_cell_fields_take(&out->fields[out->field_count], r->cell, r->unknowns, step, &out->points[step]));
    out->field_count++;
    if (!r->options->field_path) return VLY_OK;
    VLY_TRY(vly_format(&path, "%s_%d.vti", r->options->field_path, out->field_count));
    vly_status status = vly_cell_fields_write(r->cell, r->unknowns, path);
    vly_free(path);
    return status;
}

static vly_status keep(running *r)
{
    const vly_lithiate_options *o = r->options;
    vly_lithiate_result *out = r->out;
    VLY_TRY(grow(r));
    vly_lithiate_point *point = &out->points[out->count++];
    *point = point_of(r, vly_march_record_now(r->march));
    while (out->field_count < o->field_count && fabs(point->charge) >= o->fields[out->field_count])
        VLY_TRY(keep_fields(r));
    return o->watch.point ? o->watch.point(o->watch.self, point) : VLY_OK;
}

static void tell(const running *r)
{
    const vly_lithiate_point *point = &r->out->points[r->out->count - 1];
    char unit[64];
    snprintf(unit, sizeof unit, "uAh/cm2, %.3f V", point->voltage);
    vly_device_update(r->cell->device, "lithiate", (int64_t)(fabs(point->charge) / 36.0), (int64_t)(r->theory / 36.0),
                      unit);
}

/* ---- checkpoints ---- */

static vly_status leave(running *r)
{
    vly_lithiate_result *out = r->out;
    const void *state;
    int64_t step;
    vly_checkpoint c = {.points = out->points, .fields = out->fields, .seconds = r->before + now() - r->begun};
    if (!r->options->checkpoint) return VLY_OK;
    VLY_TRY(vly_march_save(r->march, &state, &c.state_bytes, &step));
    c.state = (void *)state; /* it is only read */
    c.count = step + 1;
    while (c.field_count < out->field_count && out->fields[c.field_count].step <= step) c.field_count++;
    r->saved = now();
    return vly_checkpoint_write(&c, r->options->checkpoint, r->key);
}

static vly_status take_up(running *r)
{
    vly_lithiate_result *out = r->out;
    vly_checkpoint c;
    bool found;
    vly_status status = vly_checkpoint_read(&c, &found, r->options->checkpoint, r->key);
    if (status == VLY_EOUTPUT && r->options->overwrite) return vly_file_remove(r->options->checkpoint);
    if (status != VLY_OK || !found) return status;
    if (c.field_count > r->options->field_count)
        status = vly_fail(VLY_EDATA, "%s: damaged checkpoint", r->options->checkpoint);
    if (status == VLY_OK) status = vly_march_load(r->march, c.state, c.state_bytes);
    if (status == VLY_OK) {
        out->points = c.points;
        out->count = r->capacity = c.count;
        for (int32_t i = 0; i < c.field_count; i++) out->fields[i] = c.fields[i];
        out->field_count = c.field_count;
        out->resumed = c.count - 1;
        r->before = c.seconds;
        c.points = NULL;
        c.field_count = 0;
    }
    vly_checkpoint_free(&c);
    return status;
}

/* ---- the march ---- */

static vly_status stopped(running *r, vly_status why)
{
    vly_status left = leave(r);
    if (left != VLY_OK) return left;
    return vly_fail(why, "interrupted at %.4f mAh/cm2%s", fabs(r->out->points[r->out->count - 1].charge) / 36e3,
                    r->options->checkpoint ? "; run the same command again to go on" : "");
}

static vly_status march_on(running *r)
{
    while (vly_march_record_now(r->march)->end == VLY_MARCH_GOES_ON) {
        vly_status why = vly_device_stop(r->cell->device);
        if (why == VLY_OK) why = vly_march_step(r->march);
        if (why == VLY_EAGAIN || why == VLY_ECANCELLED) return stopped(r, why);
        if (why == VLY_OK) why = keep(r);
        if (why != VLY_OK) return why;
        tell(r);
        if (now() - r->saved > CHECKPOINT_SECONDS) VLY_TRY(leave(r));
    }
    return VLY_OK;
}

static double larger(double a, double b)
{
    return fabs(b) > a ? fabs(b) : a;
}

static void conclude(running *r)
{
    vly_lithiate_result *out = r->out;
    const vly_march_end end = vly_march_record_now(r->march)->end;
    out->stop = end == VLY_MARCH_CUTOFF ? VLY_STOP_CUTOFF : end == VLY_MARCH_TIME ? VLY_STOP_CHARGE : VLY_STOP_STUCK;
    out->cutoff = r->cell->cutoff;
    out->charge = fabs(out->points[out->count - 1].charge);
    for (int64_t i = 0; i < out->count; i++) {
        const vly_lithiate_point *p = &out->points[i];
        out->newton += p->newton;
        out->krylov += p->krylov;
        out->rejected += p->rejected;
        out->lithium_balance = larger(out->lithium_balance, p->lithium_balance);
        out->salt_balance = larger(out->salt_balance, p->salt_balance);
        out->charge_balance = larger(out->charge_balance, p->charge_balance);
    }
    out->seconds = r->before + now() - r->begun;
}

static vly_status run(running *r)
{
    const vly_march_options options = march_options(r);
    VLY_TRY(vly_lithiate_key(r->key, r->cell, r->options));
    VLY_TRY(VLY_NEW(&r->out->fields, (int64_t)r->options->field_count + 1, "fields"));
    VLY_TRY(vly_march_create(&r->march, r->cell->device, &r->cell->network, &r->cell->laws, &r->cell->start, &options));
    if (r->options->checkpoint) VLY_TRY(take_up(r));
    if (r->out->count == 0) VLY_TRY(keep(r));
    VLY_TRY(march_on(r));
    VLY_TRY(keep_fields(r));
    conclude(r);
    return VLY_OK;
}

vly_status vly_lithiate(vly_lithiate_result *out, vly_cell *cell, const vly_lithiate_options *options)
{
    vly_cell_outlook look;
    running r = {.cell = cell, .options = options, .out = out, .begun = now()};
    *out = (vly_lithiate_result){.resumed = -1};
    VLY_TRY(check_options(options));
    vly_cell_look(&look, cell);
    r.theory = options->current > 0.0 ? look.theory : look.full - look.theory;
    r.saved = r.begun;
    warn_of_limits(&r);
    vly_status status = run(&r);
    vly_march_free(r.march);
    vly_free(r.unknowns);
    if (status != VLY_OK) vly_lithiate_result_free(out);
    return status;
}

void vly_lithiate_result_free(vly_lithiate_result *result)
{
    for (int32_t i = 0; result->fields && i < result->field_count; i++) vly_cell_fields_free(&result->fields[i]);
    vly_free(result->fields);
    vly_free(result->points);
    *result = (vly_lithiate_result){.resumed = -1};
}
