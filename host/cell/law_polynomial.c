/* Programs that are cubics in disguise: run on polynomials instead of numbers. The electrolyte's cubics are evaluated at every
 * face of every Newton step, and as Horner's rule they cost a tenth. */
#include "cell/law.h"

#include "core/memory.h"

#include <string.h>

enum { TERMS = 4 };

typedef struct polynomial {
    double a[TERMS]; /* sum a_n x^n */
} polynomial;

static int degree(const polynomial *p)
{
    int n = TERMS - 1;
    while (n > 0 && p->a[n] == 0.0) n--;
    return n;
}

static bool multiply(polynomial *p, const polynomial *q)
{
    polynomial product = {{0}};
    if (degree(p) + degree(q) >= TERMS) return false;
    for (int i = 0; i <= degree(p); i++)
        for (int k = 0; k <= degree(q); k++) product.a[i + k] += p->a[i] * q->a[k];
    *p = product;
    return true;
}

static bool raise(polynomial *p, double exponent)
{
    polynomial power = {{1.0}};
    if (!(exponent >= 1.0 && exponent < TERMS && exponent == floor(exponent))) return false;
    for (int n = 0; n < (int)exponent; n++)
        if (!multiply(&power, p)) return false;
    *p = power;
    return true;
}

/* p becomes p op q; false if that is no cubic. */
static bool combine(polynomial *p, const polynomial *q, vly_law_code code)
{
    double sign = code == VLY_LAW_SUBTRACT ? -1.0 : 1.0;
    switch (code) {
    case VLY_LAW_ADD:
    case VLY_LAW_SUBTRACT:
        for (int n = 0; n < TERMS; n++) p->a[n] += sign * q->a[n];
        return true;
    case VLY_LAW_MULTIPLY:
        return multiply(p, q);
    case VLY_LAW_DIVIDE:
        for (int n = 0; n < TERMS; n++) p->a[n] /= q->a[0];
        return degree(q) == 0;
    default:
        return degree(q) == 0 && raise(p, q->a[0]);
    }
}

static bool expand(polynomial *out, const vly_law_step *step, int32_t steps)
{
    polynomial stack[VLY_LAW_DEPTH + 1] = {{{0}}}; /* the first is not used */
    int top = 0;
    for (int32_t k = 0; k < steps; k++) {
        vly_law_code code = step[k].code;
        if (code <= VLY_LAW_ARGUMENT) {
            stack[++top] = (polynomial){{0}};
            stack[top].a[code == VLY_LAW_ARGUMENT] = step[k].number;
        } else if (code <= VLY_LAW_POWER) {
            top--;
            if (!combine(&stack[top], &stack[top + 1], code)) return false;
        } else if (code == VLY_LAW_NEGATE)
            for (int n = 0; n < TERMS; n++) stack[top].a[n] = -stack[top].a[n];
        else
            return false;
    }
    *out = stack[top];
    return true;
}

vly_status vly_law_simplify(vly_law *law)
{
    polynomial p;
    double *knot, *coefficient;
    if (!expand(&p, law->program, law->steps)) return VLY_OK;
    VLY_TRY(VLY_NEW(&knot, 2, "a law"));
    law->knot = knot;
    VLY_TRY(VLY_NEW(&coefficient, TERMS, "a law"));
    law->coefficient = coefficient;
    memcpy(coefficient, p.a, sizeof p.a);
    knot[1] = 1.0; /* of one piece only the first knot counts */
    vly_free((void *)law->program);
    law->program = NULL;
    law->steps = 0;
    law->pieces = 1;
    law->kind = VLY_LAW_CUBIC;
    return VLY_OK;
}
