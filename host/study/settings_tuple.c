/* Options of several numbers: ranges, lengths, boxes. */
#include "study/settings_impl.h"

#include "core/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

vly_status vly_read_pair(const vly_option_row *row, void *field, const char *text)
{
    double *pair = field, first, second;
    if (!vly_number_read(&text, &first) || !vly_skip(&text, ',') || !vly_number_read(&text, &second) || *text)
        return vly_fail(VLY_EUSAGE, "two numbers %s expected", row->option.value);
    if (!(first < second)) return vly_fail(VLY_EUSAGE, "the first below the second expected");
    pair[0] = first, pair[1] = second;
    return VLY_OK;
}

void vly_write_pair(const vly_option_row *row, const void *field, char *text)
{
    const double *pair = field;
    (void)row;
    int length = vly_number_write(text, pair[0]);
    text[length] = ',';
    vly_number_write(text + length + 1, pair[1]);
}

/* The unit a length ends in, as the power of ten that makes metres of it; 1 if there is none. */
static int unit_of(const char *text, size_t *length)
{
    static const struct {
        const char *name;
        int power;
    } units[] = {{"nm", -9}, {"um", -6}, {"\u00b5m", -6}, {"\u03bcm", -6}, {"mm", -3}, {"m", 0}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strncmp(text, units[i].name, strlen(units[i].name)) == 0) {
            *length = strlen(units[i].name);
            return units[i].power;
        }
    return 1;
}

/* A decimal times a power of ten, rounded once: 0.642 um is the double nearest to 6.42e-7. */
static bool read_decimal(const char **at, size_t span, int power, double *out)
{
    char copy[64];
    int length = snprintf(copy, sizeof copy, "%.*s", (int)span, *at);
    char *exponent = strpbrk(copy, "eE");
    if (span >= sizeof copy - 8) return false;
    if (exponent) power += atoi(exponent + 1);
    snprintf(exponent ? exponent : copy + length, 8, "e%d", power);
    const char *start = copy;
    *at += span;
    return vly_number_read(&start, out) && *start == 0;
}

/* "0.642um", "0.642 um", "0.642,0.642,1um": a value without a unit takes the one of the next that has it. */
vly_status vly_read_lengths(const vly_option_row *row, void *field, const char *text)
{
    vly_voxel_size *size = field;
    const char *at[3];
    size_t span[3], length;
    int power[3], count = 0;
    double metres[3], ignored;
    (void)row;
    do {
        const char *start = at[count] = text;
        if (!vly_number_read(&text, &ignored)) break;
        span[count] = (size_t)(text - start);
        while (*text == ' ') text++;
        power[count] = unit_of(text, &length);
        if (power[count] != 1) text += length;
        count++;
    } while (count < 3 && vly_skip(&text, ','));
    if (*text || (count != 1 && count != 3))
        return vly_fail(VLY_EUSAGE, "a length such as 0.642um, or three for x,y,z, expected");
    for (int i = count - 1; i >= 0; i--) {
        if (power[i] == 1 && i + 1 < count) power[i] = power[i + 1];
        if (power[i] == 1) return vly_fail(VLY_EUSAGE, "a unit is missing: nm, um, mm or m expected");
        if (!read_decimal(&at[i], span[i], power[i], &metres[i]) || !(metres[i] >= 1e-12 && metres[i] <= 1.0))
            return vly_fail(VLY_EUSAGE, "from 1e-12 m to 1 m expected");
    }
    *size = (vly_voxel_size){metres[0], metres[count == 3], metres[count == 3 ? 2 : 0], VLY_SIZE_GIVEN, "--voxel-size"};
    return VLY_OK;
}

void vly_write_lengths(const vly_option_row *row, const void *field, char *text)
{
    const vly_voxel_size *size = field;
    (void)row;
    text += vly_number_write(text, size->x);
    *text++ = ',';
    text += vly_number_write(text, size->y);
    *text++ = ',';
    strcpy(text + vly_number_write(text, size->z), "m");
}

vly_status vly_read_box(const vly_option_row *row, void *field, const char *text)
{
    int64_t edge[6];
    for (int i = 0; i < 6; i++) {
        if ((i > 0 && !vly_skip(&text, i % 2 ? ':' : ',')) || !vly_whole_read(&text, &edge[i]))
            return vly_fail(VLY_EUSAGE, "%s expected", row->option.value);
        if (edge[i] < 0 || edge[i] > INT32_MAX || (i % 2 && edge[i] <= edge[i - 1]))
            return vly_fail(VLY_EUSAGE, "ranges of voxels from 0, the first below the second, expected");
    }
    if (*text) return vly_fail(VLY_EUSAGE, "%s expected", row->option.value);
    *(vly_box *)field = (vly_box){(int32_t)edge[0], (int32_t)edge[1], (int32_t)edge[2],
                                  (int32_t)edge[3], (int32_t)edge[4], (int32_t)edge[5]};
    return VLY_OK;
}

void vly_write_box(const vly_option_row *row, const void *field, char *text)
{
    const vly_box *b = field;
    (void)row;
    snprintf(text, VLY_PATH_BYTES, "%d:%d,%d:%d,%d:%d", b->x0, b->x1, b->y0, b->y1, b->z0, b->z1);
}

vly_status vly_read_size(const vly_option_row *row, void *field, const char *text)
{
    int64_t side[3];
    for (int i = 0; i < 3; i++)
        if ((i > 0 && !vly_skip(&text, ',')) || !vly_whole_read(&text, &side[i]))
            return vly_fail(VLY_EUSAGE, "%s expected", row->option.value);
    if (*text) return vly_fail(VLY_EUSAGE, "%s expected", row->option.value);
    if (vly_extent_check(side[0], side[1], side[2], "size") != VLY_OK) return VLY_EUSAGE;
    *(vly_extent *)field = (vly_extent){(int32_t)side[0], (int32_t)side[1], (int32_t)side[2]};
    return VLY_OK;
}

void vly_write_size(const vly_option_row *row, const void *field, char *text)
{
    const vly_extent *e = field;
    (void)row;
    snprintf(text, VLY_PATH_BYTES, "%d,%d,%d", e->nx, e->ny, e->nz);
}

vly_status vly_read_numbers(const vly_option_row *row, void *field, const char *text)
{
    vly_list *numbers = field;
    do {
        double value;
        if (numbers->count == VLY_LIST_MOST) return vly_fail(VLY_EUSAGE, "at most %d numbers expected", VLY_LIST_MOST);
        if (!vly_number_read(&text, &value)) return vly_fail(VLY_EUSAGE, "numbers %s expected", row->option.value);
        VLY_TRY(vly_option_in_range(row, value));
        for (int32_t i = 0; i < numbers->count; i++)
            if (numbers->at[i] == value) return vly_fail(VLY_EUSAGE, "each number once expected");
        numbers->at[numbers->count++] = value;
    } while (vly_skip(&text, ','));
    return *text ? vly_fail(VLY_EUSAGE, "numbers %s expected", row->option.value) : VLY_OK;
}

void vly_write_numbers(const vly_option_row *row, const void *field, char *text)
{
    const vly_list *numbers = field;
    (void)row;
    for (int32_t i = 0; i < numbers->count; i++) {
        if (i > 0) *text++ = ',';
        text += vly_number_write(text, numbers->at[i]);
    }
}
