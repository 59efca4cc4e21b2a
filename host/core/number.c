#include "core/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t neutral;
static pthread_once_t neutral_once = PTHREAD_ONCE_INIT;

static void make_neutral(void)
{
    neutral = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool vly_number_read(const char **at, double *out)
{
    char *end;
    const char *first = *at + (**at == '-' || **at == '+');
    if (!((*first >= '0' && *first <= '9') || *first == '.') || first[strspn(first, "0")] == 'x' ||
        first[strspn(first, "0")] == 'X')
        return false;
    pthread_once(&neutral_once, make_neutral);
    *out = neutral ? strtod_l(*at, &end, neutral) : strtod(*at, &end);
    if (end == *at || !isfinite(*out)) return false;
    *at = end;
    return true;
}

int vly_number_write(char *text, double value)
{
    int length = 0;
    pthread_once(&neutral_once, make_neutral);
    locale_t before = neutral ? uselocale(neutral) : (locale_t)0;
    if (value == rint(value) && fabs(value) < 1e15)
        length = snprintf(text, VLY_NUMBER_BYTES, "%.0f", value);
    else
        for (int digits = 1; digits <= 17; digits++) {
            double again;
            const char *at = text;
            length = snprintf(text, VLY_NUMBER_BYTES, "%.*g", digits, value);
            if (vly_number_read(&at, &again) && again == value) break;
        }
    if (before) uselocale(before);
    return length;
}

bool vly_whole_read(const char **at, int64_t *out)
{
    char *end;
    if (**at != '-' && !(**at >= '0' && **at <= '9')) return false;
    errno = 0;
    *out = strtoll(*at, &end, 10);
    if (end == *at || errno != 0) return false;
    *at = end;
    return true;
}

bool vly_skip(const char **at, char what)
{
    if (**at != what) return false;
    (*at)++;
    return true;
}
