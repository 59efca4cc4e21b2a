/* Voxel sizes and label maps as people and writers spell them. */
#include "io/io.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Units per metre: exact, unlike metres per unit. */
static const struct {
    const char *name;
    double per_metre;
} units[] = {{"nm", 1e9},         {"nanometer", 1e9},   {"nanometre", 1e9},   {"um", 1e6},      {"\xC2\xB5m", 1e6},
             {"\xCE\xBCm", 1e6},  {"\xB5m", 1e6},       {"\\u00B5m", 1e6},    {"&#181;m", 1e6}, {"&#xB5;m", 1e6},
             {"&#956;m", 1e6},    {"&#x3BC;m", 1e6},    {"micron", 1e6},      {"microns", 1e6}, {"micrometer", 1e6},
             {"micrometre", 1e6}, {"micrometers", 1e6}, {"micrometres", 1e6}, {"mm", 1e3},      {"millimeter", 1e3},
             {"millimetre", 1e3}, {"cm", 1e2},          {"centimeter", 1e2},  {"m", 1.0},       {"meter", 1.0},
             {"metre", 1.0},      {"\xC3\x85", 1e10},   {"angstrom", 1e10}};

double vly_units_per_metre(const char *unit, int length)
{
    while (length > 0 && isspace((unsigned char)unit[length - 1])) length--;
    while (length > 0 && isspace((unsigned char)*unit)) unit++, length--;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if ((int)strlen(units[i].name) == length && strncasecmp(unit, units[i].name, (size_t)length) == 0)
            return units[i].per_metre;
    return 0.0;
}

void vly_voxel_size_judge(vly_voxel_size *size)
{
    const double smallest = 1e-10, largest = 1e-3; /* m */
    bool fine = size->x >= smallest && size->x <= largest && size->y >= smallest && size->y <= largest &&
                size->z >= smallest && size->z <= largest;
    size->verdict = fine ? VLY_SIZE_FROM_FILE : VLY_SIZE_IMPLAUSIBLE;
}

vly_status vly_voxel_size_parse(vly_voxel_size *out, const char *text)
{
    double sides[3];
    int count = 0;
    const char *at = text;
    *out = (vly_voxel_size){.verdict = VLY_SIZE_MISSING};
    for (;;) {
        char *end;
        double side = strtod(at, &end);
        if (end == at || !isfinite(side) || side <= 0.0 || count == 3) break;
        sides[count++] = side;
        at = end;
        while (*at == ' ') at++;
        if (*at != ',') break;
        at++;
    }
    double per_metre = vly_units_per_metre(at, (int)strlen(at));
    if ((count != 1 && count != 3) || per_metre == 0.0)
        return vly_fail(VLY_EUSAGE,
                        "voxel size \"%s\": one length or three with a unit expected, as 0.642um or "
                        "0.642,0.642,1.0um (nm, um, mm, m)",
                        text);
    out->x = sides[0] / per_metre;
    out->y = sides[count == 3 ? 1 : 0] / per_metre;
    out->z = sides[count == 3 ? 2 : 0] / per_metre;
    out->verdict = VLY_SIZE_GIVEN;
    snprintf(out->origin, sizeof out->origin, "given as %.80s", text);
    return VLY_OK;
}

vly_status vly_voxel_size_require(const vly_volume_info *info)
{
    const vly_voxel_size *size = &info->voxel_size;
    switch (size->verdict) {
    case VLY_SIZE_FROM_FILE:
    case VLY_SIZE_GIVEN:
        return VLY_OK;
    case VLY_SIZE_MISSING:
        return vly_fail(VLY_EDATA, "%s: no tag states the voxel size, give --voxel-size 0.642um", info->path);
    case VLY_SIZE_CONFLICT:
        return vly_fail(VLY_EDATA, "%s: two voxel sizes, %s, give --voxel-size 0.642um", info->path, size->origin);
    default:
        return vly_fail(VLY_EDATA, "%s: implausible voxel size, %s, give --voxel-size 0.642um", info->path,
                        size->origin);
    }
}

/* ---- label maps ---- */

/* The phase that a name of `length` characters stands for; -1 if none. */
static int phase_named(const char *name, int length)
{
    static const struct {
        const char *name;
        int phase;
    } names[] = {{"pore", VLY_PORE}, {"p", VLY_PORE},  {"am", VLY_AM},
                 {"nmc", VLY_AM},    {"cbd", VLY_CBD}, {"outside", VLY_OUTSIDE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((int)strlen(names[i].name) == length && strncasecmp(name, names[i].name, (size_t)length) == 0)
            return names[i].phase;
    return -1;
}

vly_status vly_label_map_parse(vly_label_map *out, const char *text)
{
    memset(out, 0, sizeof *out);
    for (const char *at = text;;) {
        int length = (int)strcspn(at, "=,"), phase = phase_named(at, length);
        char *end = NULL;
        long value = at[length] == '=' ? strtol(at + length + 1, &end, 10) : -1;
        if (phase < 0 || end == at + length + 1 || value < 0 || value > 255 || (*end && *end != ','))
            return vly_fail(VLY_EUSAGE,
                            "labels \"%s\": PHASE=VALUE,... expected with pore, am, cbd or outside and "
                            "values from 0 to 255, as pore=0,am=85,cbd=170",
                            text);
        if (out->listed[value] && out->phase[value] != phase)
            return vly_fail(VLY_EUSAGE, "labels \"%s\": value %ld stands for two phases", text, value);
        out->phase[value] = (uint8_t)phase;
        out->listed[value] = true;
        if (!*end) return VLY_OK;
        at = end + 1;
    }
}

void vly_label_map_default(vly_label_map *out)
{
    memset(out, 0, sizeof *out);
    for (int phase = 0; phase < VLY_PHASES; phase++) out->phase[phase] = (uint8_t)phase, out->listed[phase] = true;
    out->phase[VLY_OUTSIDE] = VLY_OUTSIDE;
    out->listed[VLY_OUTSIDE] = true;
}

bool vly_label_map_described(vly_label_map *out, const char *description)
{
    const char *at = strstr(description, "labels=");
    memset(out, 0, sizeof *out);
    if (!at || (at != description && at[-1] != '\n')) return false;
    for (at += strlen("labels=");;) {
        char *end;
        long value = strtol(at, &end, 10);
        if (end == at || *end != ':' || value < 0 || value > 255) return false;
        int length = (int)strcspn(end + 1, ",\r\n"), phase = phase_named(end + 1, length);
        if (phase < 0) return false;
        out->phase[value] = (uint8_t)phase;
        out->listed[value] = true;
        at = end + 1 + length;
        if (*at != ',') return true;
        at++;
    }
}
