/* chi2 of a simulated curve against a measured one (spec 8): the charge at the end, and the voltages on the way, up to a
 * constant whose best value is known in closed form. */
#include "cell/fit_impl.h"

#include <math.h>

static const double FROM = 0.02, TO = 0.98; /* of the charge that both curves have */

double vly_fit_curve_voltage(const vly_fit_curve *curve, double charge, int64_t *from)
{
    int64_t k = *from;
    while (k + 2 < curve->count && charge > curve->charge[k + 1]) k++;
    *from = k;
    const double h = curve->charge[k + 1] - curve->charge[k];
    return curve->voltage[k] + (charge - curve->charge[k]) / h * (curve->voltage[k + 1] - curve->voltage[k]);
}

double vly_fit_sampled(const double voltage[VLY_FIT_SAMPLES], double end, double charge)
{
    const double at = fmin(charge / end, 1.0) * (VLY_FIT_SAMPLES - 1);
    const int k = (int)fmin(at, VLY_FIT_SAMPLES - 2);
    return voltage[k] + (at - k) * (voltage[k + 1] - voltage[k]);
}

bool vly_fit_overlap(double range[2], double end, const vly_fit_curve *measured)
{
    const double both = fmin(end, measured->charge[measured->count - 1]);
    range[0] = fmax(FROM * both, measured->charge[0]);
    range[1] = TO * both;
    return range[1] > range[0];
}

/* With r = V_sim - V_exp: (mean (r - d)^2) / s^2 + (d / p)^2 is least for d = mean r p^2 / (p^2 + s^2). */
static void score_voltages(vly_fit_score *out, const double voltage[VLY_FIT_SAMPLES], const double range[2],
                           const vly_fit_curve *measured, const vly_fit_options *o)
{
    const double error = o->voltage_error * o->voltage_error, prior = o->offset_error * o->offset_error;
    double apart[VLY_FIT_POINTS], mean = 0.0, squares = 0.0;
    int64_t from = 0;
    for (int k = 0; k < VLY_FIT_POINTS; k++) {
        const double charge = range[0] + (range[1] - range[0]) * k / (VLY_FIT_POINTS - 1);
        apart[k] = vly_fit_sampled(voltage, out->charge, charge) - vly_fit_curve_voltage(measured, charge, &from);
        mean += apart[k] / VLY_FIT_POINTS;
    }
    out->offset = mean * prior / (prior + error);
    for (int k = 0; k < VLY_FIT_POINTS; k++)
        squares += (apart[k] - out->offset) * (apart[k] - out->offset) / VLY_FIT_POINTS;
    out->rms = sqrt(squares);
    out->voltage_part = squares / error;
    out->offset_part = prior > 0.0 ? out->offset * out->offset / prior : 0.0;
}

void vly_fit_score_samples(vly_fit_score *out, const double voltage[VLY_FIT_SAMPLES], double charge,
                           const vly_fit_curve *measured, const vly_fit_options *options)
{
    double range[2];
    *out = (vly_fit_score){.charge = charge};
    out->charge_error = charge / measured->charge[measured->count - 1] - 1.0;
    out->charge_part = pow(out->charge_error / options->charge_error, 2.0);
    if (vly_fit_overlap(range, charge, measured)) score_voltages(out, voltage, range, measured, options);
    out->chi2 = out->charge_part + out->voltage_part + out->offset_part;
}

vly_status vly_fit_compare(vly_fit_score *out, const vly_fit_curve *simulated, const vly_fit_curve *measured,
                           const vly_fit_options *options)
{
    double voltage[VLY_FIT_SAMPLES], level, charge;
    vly_fit_curve copy;
    bool usable;
    VLY_TRY(vly_fit_curve_cut(&copy, &level, measured, options->cutoff));
    const double reach = 0.5 * options->charge_error * copy.charge[copy.count - 1];
    vly_status status = vly_fit_sample(voltage, &charge, &usable, simulated, level, reach);
    if (status == VLY_OK && !usable)
        status = vly_fail(VLY_EDATA, "a simulated curve stops at %g mAh/cm2, the voltage's way down to %g V expected",
                          charge / 36e3, level);
    if (status == VLY_OK) vly_fit_score_samples(out, voltage, charge, &copy, options);
    vly_fit_curve_free(&copy);
    return status;
}
