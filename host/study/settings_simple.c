/* Options of one value: text, switches, choices, numbers, sizes. */
#include "study/settings_impl.h"

#include "core/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

vly_status vly_read_text(const vly_option_row *row, void *field, const char *text)
{
    if (strlen(text) >= row->size)
        return vly_fail(VLY_EUSAGE, "%zu characters, at most %zu expected", strlen(text), row->size - 1);
    strcpy(field, text);
    return VLY_OK;
}

void vly_write_text(const vly_option_row *row, const void *field, char *text)
{
    (void)row;
    strcpy(text, field);
}

vly_status vly_read_switch(const vly_option_row *row, void *field, const char *text)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    (void)row;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) {
            *(bool *)field = i % 2;
            return VLY_OK;
        }
    return vly_fail(VLY_EUSAGE, "yes or no expected");
}

void vly_write_switch(const vly_option_row *row, const void *field, char *text)
{
    (void)row;
    strcpy(text, *(const bool *)field ? "yes" : "no");
}

vly_status vly_read_choice(const vly_option_row *row, void *field, const char *text)
{
    const char *word = row->option.value;
    size_t length = strlen(text);
    for (int32_t i = 0;; i++, word++) {
        size_t span = strcspn(word, "|");
        if (span == length && strncmp(word, text, span) == 0) {
            *(int32_t *)field = i;
            return VLY_OK;
        }
        word += span;
        if (!*word) break;
    }
    char hint[96];
    return vly_fail(VLY_EUSAGE, "%s expected%s", row->option.value, vly_word_hint(hint, text, row->option.value));
}

void vly_write_choice(const vly_option_row *row, const void *field, char *text)
{
    const char *word = row->option.value;
    for (int32_t i = *(const int32_t *)field; i > 0; i--) word += strcspn(word, "|") + 1;
    snprintf(text, VLY_PATH_BYTES, "%.*s", (int)strcspn(word, "|"), word);
}

/* The words before "all" are bits in their order; "all" and "none" stand at the end. */
vly_status vly_read_set(const vly_option_row *row, void *field, const char *text)
{
    uint32_t set = 0;
    do {
        uint32_t before = 0, bit = 1;
        size_t length = strcspn(text, ",");
        const char *word = row->option.value;
        for (size_t span; *word; word += span + (word[span] != 0), before |= bit, bit <<= 1) {
            span = strcspn(word, "|");
            if (span != length || strncmp(word, text, span) != 0) continue;
            if (strncmp(word, "none", span) == 0) break;
            set |= strncmp(word, "all", span) == 0 ? before : bit;
            break;
        }
        if (!*word) {
            char hint[96];
            return vly_fail(VLY_EUSAGE, "%s expected%s", row->option.value,
                            vly_word_hint(hint, text, row->option.value));
        }
        text += length;
    } while (vly_skip(&text, ','));
    *(uint32_t *)field = set;
    return VLY_OK;
}

void vly_write_set(const vly_option_row *row, const void *field, char *text)
{
    const uint32_t set = *(const uint32_t *)field;
    const char *comma = "";
    char *at = text;
    uint32_t bit = 1;
    strcpy(text, "none");
    for (const char *word = row->option.value; strncmp(word, "all|", 4) != 0; bit <<= 1) {
        int span = (int)strcspn(word, "|");
        if (set & bit) {
            at += sprintf(at, "%s%.*s", comma, span, word);
            comma = ",";
        }
        word += span + 1;
    }
    if (set == bit - 1) strcpy(text, "all");
}

vly_status vly_option_in_range(const vly_option_row *row, double value)
{
    char low[32], high[32];
    vly_number_write(low, row->low);
    vly_number_write(high, row->high);
    if (value < row->low || value > row->high) return vly_fail(VLY_EUSAGE, "from %s to %s expected", low, high);
    return VLY_OK;
}

vly_status vly_read_integer64(const vly_option_row *row, void *field, const char *text)
{
    int64_t value;
    if (!vly_whole_read(&text, &value) || *text) return vly_fail(VLY_EUSAGE, "a whole number expected");
    VLY_TRY(vly_option_in_range(row, (double)value));
    memcpy(field, &value, sizeof value);
    return VLY_OK;
}

void vly_write_integer64(const vly_option_row *row, const void *field, char *text)
{
    (void)row;
    snprintf(text, VLY_PATH_BYTES, "%lld", (long long)*(const int64_t *)field);
}

vly_status vly_read_integer(const vly_option_row *row, void *field, const char *text)
{
    int64_t value = 0;
    VLY_TRY(vly_read_integer64(row, &value, text));
    *(int32_t *)field = (int32_t)value;
    return VLY_OK;
}

void vly_write_integer(const vly_option_row *row, const void *field, char *text)
{
    (void)row;
    snprintf(text, VLY_PATH_BYTES, "%d", *(const int32_t *)field);
}

vly_status vly_read_seed(const vly_option_row *row, void *field, const char *text)
{
    char *end;
    (void)row;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno != 0)
        return vly_fail(VLY_EUSAGE, "a whole number from 0 to 2^64 - 1 expected");
    *(uint64_t *)field = value;
    return VLY_OK;
}

void vly_write_seed(const vly_option_row *row, const void *field, char *text)
{
    (void)row;
    snprintf(text, VLY_PATH_BYTES, "%llu", (unsigned long long)*(const uint64_t *)field);
}

vly_status vly_read_real(const vly_option_row *row, void *field, const char *text)
{
    double value;
    if (!vly_number_read(&text, &value) || *text) return vly_fail(VLY_EUSAGE, "a number expected");
    VLY_TRY(vly_option_in_range(row, value));
    *(double *)field = value;
    return VLY_OK;
}

void vly_write_real(const vly_option_row *row, const void *field, char *text)
{
    (void)row;
    vly_number_write(text, *(const double *)field);
}

/* 8G, 8GB and 8GiB are the same 2^33: memory is counted in powers of two. */
vly_status vly_read_bytes(const vly_option_row *row, void *field, const char *text)
{
    static const char letters[] = "KMGT";
    double value;
    if (!vly_number_read(&text, &value)) return vly_fail(VLY_EUSAGE, "a size such as 8G or 512MiB expected");
    const char *letter = *text ? strchr(letters, *text) : NULL;
    if (!letter && *text == 'k') letter = letters;
    if (letter) {
        value = ldexp(value, 10 * (int)(letter - letters + 1));
        text++;
        if (strncmp(text, "iB", 2) == 0) text++;
    }
    if (*text == 'B') text++;
    if (*text) return vly_fail(VLY_EUSAGE, "a size such as 8G or 512MiB expected");
    VLY_TRY(vly_option_in_range(row, value));
    *(int64_t *)field = (int64_t)value;
    return VLY_OK;
}
