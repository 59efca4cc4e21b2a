/* Target volume fractions as exact decimals, and the voxels they mean. */
#include "voxelyte/threshold.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { DIGITS = 15 };

/* A decimal like 0.5954 in units of 1e-15. false if it is none, or has more digits than that. */
static bool parse_decimal(int64_t *out, const char **text)
{
    const char *at = *text;
    int64_t whole = 0, part = 0;
    int digits = 0, places = 0;
    for (; isdigit((unsigned char)*at) && whole < 10; at++, digits++) whole = 10 * whole + (*at - '0');
    if (*at == '.')
        for (at++; isdigit((unsigned char)*at) && places < DIGITS; at++, places++) part = 10 * part + (*at - '0');
    if (digits + places == 0 || isdigit((unsigned char)*at) || whole > 9) return false;
    for (int i = places; i < DIGITS; i++) part *= 10;
    *out = whole * VLY_FRACTIONS_ONE + part;
    *text = at;
    return true;
}

/* The phase a name stands for, or VLY_PHASES. */
static vly_phase phase_named(const char *name, size_t length)
{
    static const struct {
        const char *name;
        vly_phase phase;
    } names[] = {{"pore", VLY_PORE}, {"p", VLY_PORE}, {"am", VLY_AM}, {"nmc", VLY_AM}, {"cbd", VLY_CBD}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == length && strncasecmp(names[i].name, name, length) == 0) return names[i].phase;
    return VLY_PHASES;
}

static vly_status bad(const char *text)
{
    return vly_fail(VLY_EUSAGE, "fractions \"%s\": paper, paper-literal or am=0.5954,cbd=0.2308,pore=0.1738 expected",
                    text);
}

vly_status vly_fractions_parse(vly_fractions *out, const char *text)
{
    bool given[VLY_PHASES] = {false};
    vly_fractions f = {{0}};
    if (strcmp(text, "paper") == 0) return *out = VLY_FRACTIONS_PAPER, VLY_OK;
    if (strcmp(text, "paper-literal") == 0) return *out = VLY_FRACTIONS_PAPER_LITERAL, VLY_OK;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, "=");
        vly_phase phase = phase_named(at, length);
        if (at[length] != '=' || phase == VLY_PHASES || given[phase]) return bad(text);
        at += length + 1;
        if (*at == '-') return vly_fail(VLY_EUSAGE, "fractions \"%s\": a fraction cannot be negative", text);
        if (!parse_decimal(&f.parts[phase], &at)) return bad(text);
        given[phase] = true;
        if (*at == 0) break;
        if (*at != ',') return bad(text);
    }
    if (!given[VLY_PORE] || !given[VLY_AM] || !given[VLY_CBD]) return bad(text);
    int64_t off = f.parts[0] + f.parts[1] + f.parts[2] - VLY_FRACTIONS_ONE;
    if (off > VLY_FRACTIONS_ONE / 1000000000 || off < -VLY_FRACTIONS_ONE / 1000000000)
        return vly_fail(VLY_EUSAGE, "fractions \"%s\": they sum to %.9g, 1 within 1e-9 expected", text,
                        1.0 + (double)off / (double)VLY_FRACTIONS_ONE);
    vly_phase most = VLY_AM; /* what is missing to one goes where it matters least */
    for (int l = 0; l < VLY_PHASES; l++)
        if (f.parts[l] > f.parts[most]) most = (vly_phase)l;
    f.parts[most] -= off;
    *out = f;
    return VLY_OK;
}

void vly_fractions_targets(const vly_fractions *fractions, int64_t voxels, int64_t targets[VLY_PHASES])
{
    static const vly_phase order[VLY_PHASES] = {VLY_AM, VLY_CBD, VLY_PORE};
    int64_t rest[VLY_PHASES], left = voxels;
    for (int l = 0; l < VLY_PHASES; l++) {
        __int128 share = (__int128)fractions->parts[l] * voxels;
        targets[l] = (int64_t)(share / VLY_FRACTIONS_ONE);
        rest[l] = (int64_t)(share % VLY_FRACTIONS_ONE);
        left -= targets[l];
    }
    for (; left > 0; left--) { /* Hamilton: at most two voxels are left */
        vly_phase best = order[0];
        for (int i = 1; i < VLY_PHASES; i++)
            if (rest[order[i]] > rest[best]) best = order[i];
        targets[best]++;
        rest[best] = -1;
    }
}
