/* Small pictures as PNG in memory (ISO/IEC 15948), compressed by zlib. */
#ifndef VLY_PNG_H
#define VLY_PNG_H

#include "voxelyte/base.h"

/* pixels: (height, width), one byte each. palette: (colours, 3) RGB for at most 4 colours, packed in two bits a pixel;
 * NULL: the bytes are grey. *out (*bytes) is yours to vly_free. */
vly_status vly_png_encode(unsigned char **out, int64_t *bytes, const unsigned char *pixels, int32_t width,
                          int32_t height, const unsigned char *palette, int32_t colours);

#endif
