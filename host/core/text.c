#include "core/text.h"

#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for `more` characters and a closing 0. */
static bool grow(vly_text *to, int64_t more)
{
    int64_t capacity = to->capacity ? to->capacity : 1024;
    char *larger;
    if (to->status != VLY_OK) return false;
    if (to->length + more < to->capacity) return true;
    while (capacity <= to->length + more) capacity *= 2;
    to->status = vly_alloc_raw((void **)&larger, capacity, 1, "text");
    if (to->status != VLY_OK) return false;
    if (to->text) memcpy(larger, to->text, (size_t)to->length + 1);
    vly_free(to->text);
    to->text = larger;
    to->capacity = capacity;
    return true;
}

void vly_text_bytes(vly_text *to, const char *from, int64_t count)
{
    if (!grow(to, count)) return;
    memcpy(to->text + to->length, from, (size_t)count);
    to->length += count;
    to->text[to->length] = 0;
}

void vly_text_add(vly_text *to, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0 && grow(to, length)) {
        vsnprintf(to->text + to->length, (size_t)length + 1, format, again);
        to->length += length;
    }
    va_end(again);
    va_end(arguments);
}

void vly_text_free(vly_text *text)
{
    vly_free(text->text);
    *text = (vly_text){0};
}
