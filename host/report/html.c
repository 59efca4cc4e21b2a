/* Growing markup with its own small printf: see html.h. Control characters are dropped, they are no XML. */
#include "report/html.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 15 }; /* that a double holds */

static void raw(vly_text *to, const char *markup)
{
    vly_text_bytes(to, markup, (int64_t)strlen(markup));
}

static void escape(vly_text *to, const char *text)
{
    for (; text && *text; text++) {
        unsigned char c = (unsigned char)*text;
        switch (c) {
        case '&':
            raw(to, "&amp;");
            break;
        case '<':
            raw(to, "&lt;");
            break;
        case '>':
            raw(to, "&gt;");
            break;
        case '"':
            raw(to, "&quot;");
            break;
        case '\'':
            raw(to, "&#39;");
            break;
        default:
            if (c >= ' ' && c != 127) vly_text_bytes(to, text, 1);
        }
    }
}

static void integer(vly_text *to, int64_t value, bool grouped)
{
    char digits[24];
    int count = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do digits[count++] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0) raw(to, "\u2212");
    while (count-- > 0) {
        vly_text_bytes(to, digits + count, 1);
        if (grouped && count > 0 && count % 3 == 0) raw(to, "\u202f");
    }
}

/* Only attributes of figures and text go through here, so a plain hyphen is the minus sign that both understand. */
static void fixed(vly_text *to, double value, int decimals)
{
    char digits[24];
    double scaled = nearbyint(fabs(value) * pow(10, decimals));
    if (!isfinite(value) || scaled > 9e15) {
        raw(to, "\u2013");
        return;
    }
    int64_t rest = (int64_t)scaled;
    if (value < 0 && rest > 0) raw(to, "-");
    int count = 0;
    while (rest > 0 || count <= decimals) digits[count++] = (char)('0' + rest % 10), rest /= 10;
    while (count-- > 0) {
        vly_text_bytes(to, digits + count, 1);
        if (count > 0 && count == decimals) raw(to, ".");
    }
}

/* As %g does: no zeros at the end. */
static void trimmed(vly_text *to, double value, int decimals)
{
    while (decimals > 0 && fmod(nearbyint(fabs(value) * pow(10, decimals)), 10) == 0) decimals--;
    fixed(to, value, decimals);
}

static void significant(vly_text *to, double value, int digits)
{
    int exponent = value != 0 && isfinite(value) ? (int)floor(log10(fabs(value))) : 0;
    if (exponent >= -4 && exponent < 7) {
        trimmed(to, value, exponent < digits ? digits - 1 - exponent : 0);
        return;
    }
    if (nearbyint(fabs(value) / pow(10, exponent - digits + 1)) >= pow(10, digits)) exponent++; /* 9.6 is 1e1 */
    trimmed(to, value / pow(10, exponent), digits - 1);
    raw(to, "e");
    if (exponent < 0) raw(to, "-");
    integer(to, abs(exponent), false);
}

/* The number behind the point of "%.3f"; *format is moved behind it. */
static int precision(const char **format)
{
    char *end;
    if (**format != '.') return 6;
    long digits = strtol(*format + 1, &end, 10);
    *format = end;
    return digits < DIGITS ? (int)digits : DIGITS;
}

void vly_html_add(vly_text *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    while (*format && to->status == VLY_OK) {
        const char *next = strchrnul(format, '%');
        vly_text_bytes(to, format, next - format);
        if (!*next) break;
        format = next + 1;
        bool given = strncmp(format, ".*", 2) == 0;
        int digits = given ? va_arg(arguments, int) : precision(&format);
        if (given) format += 2;
        switch (*format) {
        case 's':
            escape(to, va_arg(arguments, const char *));
            break;
        case 'd':
            integer(to, va_arg(arguments, int), false);
            break;
        case 'f':
            fixed(to, va_arg(arguments, double), digits);
            break;
        case 'g':
            significant(to, va_arg(arguments, double), digits);
            break;
        case '%':
            raw(to, "%");
            break;
        default:
            assert(strncmp(format, "lld", 3) == 0);
            format += 2;
            integer(to, va_arg(arguments, long long), true);
        }
        format++;
    }
    va_end(arguments);
}

void vly_html_base64(vly_text *to, const unsigned char *bytes, int64_t count)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int64_t i = 0; i < count; i += 3) {
        int64_t left = count - i;
        unsigned group = (unsigned)bytes[i] << 16;
        if (left > 1) group |= (unsigned)bytes[i + 1] << 8;
        if (left > 2) group |= bytes[i + 2];
        char four[4] = {letters[group >> 18], letters[group >> 12 & 63], left > 1 ? letters[group >> 6 & 63] : '=',
                        left > 2 ? letters[group & 63] : '='};
        vly_text_bytes(to, four, 4);
    }
}

void vly_html_href(vly_text *to, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    raw(to, "./");
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c);
        char coded[3] = {'%', hex[c >> 4], hex[c & 15]};
        if (plain)
            vly_text_bytes(to, path, 1);
        else
            vly_text_bytes(to, coded, 3);
    }
}
