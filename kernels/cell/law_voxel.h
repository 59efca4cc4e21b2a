/* A law: a material's property as a function of one variable, with its derivative, in plain data that a kernel can read.
 * Tables are piecewise cubic with coefficients made on the host; expressions are postfix code run on dual numbers, because
 * a difference quotient fails where the electrolyte depletes (spec 4.6). */
#ifndef VLY_LAW_VOXEL_H
#define VLY_LAW_VOXEL_H

#include "core/voxel.h"

#define VLY_FARADAY 96485.33212 /* C/mol */

enum {
    VLY_LAW_DEPTH = 12,    /* numbers that a program may hold at once */
    VLY_LAW_MULTIPLIED = 8 /* the highest power that is multiplied out */
};

typedef enum vly_law_kind {
    VLY_LAW_CONSTANT,
    VLY_LAW_CUBIC,  /* sum_n coefficient[n] (x - knot)^n on each piece */
    VLY_LAW_PROGRAM /* an expression */
} vly_law_kind;

typedef enum vly_law_code {
    VLY_LAW_NUMBER,   /* pushes `number` */
    VLY_LAW_ARGUMENT, /* pushes number * x */
    VLY_LAW_ADD,      /* these take two from the stack */
    VLY_LAW_SUBTRACT,
    VLY_LAW_MULTIPLY,
    VLY_LAW_DIVIDE,
    VLY_LAW_POWER,
    VLY_LAW_NEGATE, /* these work on the top */
    VLY_LAW_EXP,
    VLY_LAW_LOG,
    VLY_LAW_SQRT,
    VLY_LAW_SINH,
    VLY_LAW_COSH,
    VLY_LAW_TANH
} vly_law_code;

typedef struct vly_law_step {
    double number;
    vly_law_code code;
} vly_law_step;

/* Pointers lie in the memory of whoever evaluates it. */
typedef struct vly_law {
    vly_law_kind kind;
    bool exponential; /* the cubic is the natural logarithm of the property */
    int32_t pieces;
    int32_t steps;
    double low, high; /* the argument is clipped to this, with slope 0 outside */
    double constant;
    const double *knot;          /* (pieces + 1), ascending */
    const double *coefficient;   /* (pieces, 4) */
    const vly_law_step *program; /* (steps) */
} vly_law;

/* What the kernels of the half cell know of its materials. */
typedef struct vly_cell_laws {
    vly_law conductivity;       /* kappa, S/m, of c_e in mol/L like the next three */
    vly_law diffusivity;        /* D_e, m2/s */
    vly_law transference;       /* t+ */
    vly_law factor;             /* TDF = 1 + d ln f / d ln c */
    vly_law ocp;                /* U, V, of x = c_s / c_max like the next two */
    vly_law solid_diffusivity;  /* D_s, m2/s */
    vly_law solid_conductivity; /* sigma_AM, S/m */
    double thermal;             /* F/(R T), 1/V */
    double solid_most;          /* c_max, mol/m3 */
    double exchange;            /* i00, A m^2.5 mol^-1.5: i0 = i00 c_e^0.5 c_s^0.5 (c_max - c_s)^beta */
    double exchange_power;      /* beta: 0.5 or 0 */
    double lithium_exchange;    /* of the lithium at 1000 mol/m3, A/m2; grows with c_e^0.5 */
    double film;                /* ohm m2 in series with the reaction, 0: none */
    bool half;                  /* reaction with the concentration at the face, half a voxel away (spec 3.2) */
} vly_cell_laws;

/* A number with its derivative. */
typedef struct vly_dual {
    double value, slope;
} vly_dual;

/* a**b. The term with the logarithm only where the exponent varies, so that x**2 has a slope at x <= 0. */
VLY_INLINE vly_dual vly_dual_power(vly_dual a, vly_dual b)
{
    vly_dual r;
    if (b.slope == 0.0 && b.value >= 1.0 && b.value <= VLY_LAW_MULTIPLIED && b.value == floor(b.value)) {
        double less = 1.0;
        for (int n = 1; n < (int)b.value; n++) less *= a.value;
        r.value = less * a.value;
        r.slope = b.value * less * a.slope;
        return r;
    }
    r.value = pow(a.value, b.value);
    r.slope = 0.0;
    if (a.slope != 0.0 && b.value != 0.0)
        r.slope = a.slope * b.value * (a.value != 0.0 ? r.value / a.value : pow(a.value, b.value - 1.0));
    if (b.slope != 0.0) r.slope += b.slope * r.value * log(a.value);
    return r;
}

VLY_INLINE vly_dual vly_dual_pair(vly_law_code code, vly_dual a, vly_dual b)
{
    vly_dual r = a;
    switch (code) {
    case VLY_LAW_ADD:
        r.value = a.value + b.value;
        r.slope = a.slope + b.slope;
        break;
    case VLY_LAW_SUBTRACT:
        r.value = a.value - b.value;
        r.slope = a.slope - b.slope;
        break;
    case VLY_LAW_MULTIPLY:
        r.value = a.value * b.value;
        r.slope = a.slope * b.value + a.value * b.slope;
        break;
    case VLY_LAW_DIVIDE:
        r.value = a.value / b.value;
        r.slope = (a.slope - r.value * b.slope) / b.value;
        break;
    default:
        r = vly_dual_power(a, b);
        break;
    }
    return r;
}

/* f(a.value) and f'(a.value) a.slope. */
VLY_INLINE vly_dual vly_dual_function(vly_law_code code, vly_dual a)
{
    double x = a.value, f = 0.0, slope = 0.0;
    switch (code) {
    case VLY_LAW_NEGATE:
        f = -x, slope = -1.0;
        break;
    case VLY_LAW_EXP:
        f = exp(x), slope = f;
        break;
    case VLY_LAW_LOG:
        f = log(x), slope = 1.0 / x;
        break;
    case VLY_LAW_SQRT:
        f = sqrt(x), slope = 0.5 / f;
        break;
    case VLY_LAW_SINH:
        f = sinh(x), slope = cosh(x);
        break;
    case VLY_LAW_COSH:
        f = cosh(x), slope = sinh(x);
        break;
    default:
        f = tanh(x), slope = 1.0 - f * f;
        break;
    }
    vly_dual r;
    r.value = f;
    r.slope = a.slope == 0.0 ? 0.0 : slope * a.slope;
    return r;
}

/* The top of the stack is kept apart from what lies below it: it stays in registers. */
VLY_INLINE vly_dual vly_law_run(const vly_law *law, double x)
{
    vly_dual below[VLY_LAW_DEPTH] = {{0.0, 0.0}}, top = {0.0, 0.0};
    int depth = 0;
    for (int32_t k = 0; k < law->steps; k++) {
        const vly_law_step step = law->program[k];
        if (step.code <= VLY_LAW_ARGUMENT) {
            bool varies = step.code == VLY_LAW_ARGUMENT;
            below[depth++] = top; /* the first time: nothing */
            top.value = varies ? step.number * x : step.number;
            top.slope = varies ? step.number : 0.0;
        } else if (step.code <= VLY_LAW_POWER)
            top = vly_dual_pair(step.code, below[--depth], top);
        else
            top = vly_dual_function(step.code, top);
    }
    return top;
}

VLY_INLINE vly_dual vly_law_piece(const vly_law *law, double x)
{
    int32_t below = 0, above = law->pieces;
    while (above - below > 1) {
        int32_t middle = below + (above - below) / 2;
        if (x < law->knot[middle])
            above = middle;
        else
            below = middle;
    }
    const double *a = law->coefficient + 4 * (int64_t)below;
    double t = x - law->knot[below];
    vly_dual r;
    r.value = a[0] + t * (a[1] + t * (a[2] + t * a[3]));
    r.slope = a[1] + t * (2.0 * a[2] + t * 3.0 * a[3]);
    return r;
}

/* The property at x, and its derivative by x in *slope. */
VLY_INLINE double vly_law_value(const vly_law *law, double x, double *slope)
{
    *slope = 0.0;
    if (law->kind == VLY_LAW_CONSTANT) return law->constant;
    double inside = x < law->low ? law->low : x > law->high ? law->high : x;
    vly_dual r = law->kind == VLY_LAW_CUBIC ? vly_law_piece(law, inside) : vly_law_run(law, inside);
    if (law->exponential) {
        r.value = exp(r.value);
        r.slope *= r.value;
    }
    if (inside == x) *slope = r.slope;
    return r.value;
}

#endif
