/* Expressions of a law: what BPX takes from Python (x, numbers, + - * / **, exp, tanh, cosh) and log, sqrt, sinh and T beside
 * it, as postfix code. `**` binds tighter than a sign before it and groups from the right: -x**2 is -(x**2), 2**-x is a number.
 * Constants are folded while the code is made, so a term of the temperature alone costs nothing later. */
#include "cell/law.h"

#include "core/memory.h"
#include "core/number.h"

#include <assert.h>
#include <string.h>

enum { NESTED_MOST = 100 };

typedef struct parser {
    const char *text, *at;
    const vly_law_frame *frame;
    vly_law_step *step; /* (capacity) */
    int32_t steps, capacity;
    int nested;
} parser;

static const struct {
    const char *name;
    vly_law_code code;
} functions[] = {{"exp", VLY_LAW_EXP},   {"log", VLY_LAW_LOG},   {"sqrt", VLY_LAW_SQRT},
                 {"sinh", VLY_LAW_SINH}, {"cosh", VLY_LAW_COSH}, {"tanh", VLY_LAW_TANH}};

static vly_status refuse(const parser *p, const char *expected)
{
    int shown = (int)strcspn(p->at, "\r\n");
    return vly_fail(VLY_EDATA, "%s: \"%.*s\" at character %d of the expression, %s expected", p->frame->what,
                    shown > 30 ? 30 : shown, p->at, (int)(p->at - p->text) + 1, expected);
}

static char next(parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
    return *p->at;
}

static void push(parser *p, vly_law_code code, double number)
{
    assert(p->steps < p->capacity);
    p->step[p->steps++] = (vly_law_step){.number = number, .code = code};
}

/* a factor of x and a number: still a factor of x */
static bool fold_factor(vly_law_step *a, const vly_law_step *b, vly_law_code code)
{
    if (code != VLY_LAW_MULTIPLY && (code != VLY_LAW_DIVIDE || b->code == VLY_LAW_ARGUMENT)) return false;
    a->code = VLY_LAW_ARGUMENT;
    a->number = code == VLY_LAW_MULTIPLY ? a->number * b->number : a->number / b->number;
    return true;
}

static void push_pair(parser *p, vly_law_code code)
{
    vly_law_step *b = p->step + p->steps - 1, *a = b - 1;
    if (p->steps >= 2 && a->code <= VLY_LAW_ARGUMENT && b->code <= VLY_LAW_ARGUMENT) {
        vly_dual u = {a->number, 0.0}, v = {b->number, 0.0};
        int arguments = (a->code == VLY_LAW_ARGUMENT) + (b->code == VLY_LAW_ARGUMENT);
        if (arguments == 0) a->number = vly_dual_pair(code, u, v).value;
        if (arguments == 0 || (arguments == 1 && fold_factor(a, b, code))) {
            p->steps--;
            return;
        }
    }
    if (code == VLY_LAW_POWER && b->code == VLY_LAW_NUMBER && b->number == 0.5)
        *b = (vly_law_step){.code = VLY_LAW_SQRT};
    else
        push(p, code, 0.0);
}

static void push_function(parser *p, vly_law_code code)
{
    vly_law_step *a = p->step + p->steps - 1;
    if (a->code == VLY_LAW_NUMBER)
        a->number = vly_dual_function(code, (vly_dual){a->number, 0.0}).value;
    else if (a->code == VLY_LAW_ARGUMENT && code == VLY_LAW_NEGATE)
        a->number = -a->number;
    else
        push(p, code, 0.0);
}

static vly_status read_sum(parser *p);

static vly_status read_brackets(parser *p)
{
    VLY_TRY(read_sum(p));
    if (next(p) != ')') return refuse(p, "an operator or )");
    p->at++;
    return VLY_OK;
}

static vly_status read_name(parser *p)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.";
    const char *name = p->at;
    size_t length = strspn(name, letters);
    if (length == 1 && (*name == 'x' || *name == 'T')) {
        p->at++;
        push(p, *name == 'x' ? VLY_LAW_ARGUMENT : VLY_LAW_NUMBER,
             *name == 'x' ? p->frame->unit : p->frame->temperature);
        return VLY_OK;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (length != strlen(functions[i].name) || memcmp(name, functions[i].name, length) != 0) continue;
        p->at += length;
        if (next(p) != '(') return refuse(p, "( behind a function");
        p->at++;
        VLY_TRY(read_brackets(p));
        push_function(p, functions[i].code);
        return VLY_OK;
    }
    return refuse(p, "a number, x, T, (, exp, log, sqrt, sinh, cosh or tanh");
}

static vly_status read_atom(parser *p)
{
    double number;
    char c = next(p);
    if (c == '(') {
        p->at++;
        return read_brackets(p);
    }
    if (c != '-' && c != '+' && vly_number_read(&p->at, &number)) {
        push(p, VLY_LAW_NUMBER, number);
        return VLY_OK;
    }
    return read_name(p);
}

/* signs, then a power of whose exponent the same can be said */
static vly_status read_factor(parser *p)
{
    char c = next(p);
    if (p->nested++ >= NESTED_MOST) return refuse(p, "fewer brackets and signs in each other");
    if (c == '-' || c == '+') {
        p->at++;
        VLY_TRY(read_factor(p));
        if (c == '-') push_function(p, VLY_LAW_NEGATE);
    } else {
        VLY_TRY(read_atom(p));
        if (next(p) == '*' && p->at[1] == '*') {
            p->at += 2;
            VLY_TRY(read_factor(p));
            push_pair(p, VLY_LAW_POWER);
        }
    }
    p->nested--;
    return VLY_OK;
}

static vly_status read_product(parser *p)
{
    VLY_TRY(read_factor(p));
    for (char c = next(p); c == '*' || c == '/'; c = next(p)) {
        p->at++;
        VLY_TRY(read_factor(p));
        push_pair(p, c == '*' ? VLY_LAW_MULTIPLY : VLY_LAW_DIVIDE);
    }
    return VLY_OK;
}

static vly_status read_sum(parser *p)
{
    VLY_TRY(read_product(p));
    for (char c = next(p); c == '+' || c == '-'; c = next(p)) {
        p->at++;
        VLY_TRY(read_product(p));
        push_pair(p, c == '+' ? VLY_LAW_ADD : VLY_LAW_SUBTRACT);
    }
    return VLY_OK;
}

/* Numbers that the code holds at once. */
static int depth_of(const vly_law_step *step, int32_t steps)
{
    int depth = 0, most = 0;
    for (int32_t k = 0; k < steps; k++) {
        if (step[k].code <= VLY_LAW_ARGUMENT) depth++;
        if (step[k].code > VLY_LAW_ARGUMENT && step[k].code <= VLY_LAW_POWER) depth--;
        if (depth > most) most = depth;
    }
    assert(depth == 1);
    return most;
}

vly_status vly_law_compile(vly_law *out, const char *expression, const vly_law_frame *frame)
{
    parser p = {.text = expression, .at = expression, .frame = frame};
    p.capacity = (int32_t)strlen(expression) + 2; /* every step has a character of its own, the factor two */
    VLY_TRY(VLY_NEW(&p.step, p.capacity, "an expression"));
    vly_status status = read_sum(&p);
    if (status == VLY_OK && next(&p) != 0) status = refuse(&p, "an operator");
    if (status == VLY_OK && frame->scale != 1.0) {
        push(&p, VLY_LAW_NUMBER, frame->scale);
        push_pair(&p, VLY_LAW_MULTIPLY);
    }
    if (status == VLY_OK && depth_of(p.step, p.steps) > VLY_LAW_DEPTH)
        status = vly_fail(VLY_EDATA, "%s: the expression holds more than %d numbers at once; rearrange it", frame->what,
                          VLY_LAW_DEPTH);
    out->kind = VLY_LAW_PROGRAM;
    out->program = p.step;
    out->steps = p.steps;
    return status;
}
