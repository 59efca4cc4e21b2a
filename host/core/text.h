/* Text that grows in memory. */
#ifndef VLY_TEXT_H
#define VLY_TEXT_H

#include "voxelyte/base.h"

typedef struct vly_text {
    char *text; /* (length) and a closing 0; NULL while empty */
    int64_t length, capacity;
    vly_status status; /* the first failure; from then on nothing is added, so callers look once, at the end */
} vly_text;

void vly_text_bytes(vly_text *to, const char *from, int64_t count);
void vly_text_add(vly_text *to, const char *format, ...) VLY_PRINTF(2, 3);
void vly_text_free(vly_text *text);

#endif
