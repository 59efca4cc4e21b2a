/* Markup on growing text. The formats look like printf's, so the compiler checks them, but strings are escaped and numbers
 * know no locale: nothing a file name holds can become a tag, and the same numbers give the same bytes. */
#ifndef VLY_HTML_H
#define VLY_HTML_H

#include "core/text.h"

/* %s escaped text (NULL: nothing), %d int, %lld int64_t with narrow spaces between thousands, %.Nf and %.*f
 * decimals, %.Ng significant digits, %%. */
void vly_html_add(vly_text *to, const char *format, ...) VLY_PRINTF(2, 3);

/* bytes in base64. */
void vly_html_base64(vly_text *to, const unsigned char *bytes, int64_t count);

/* A relative path as the value of href: percent-encoded, so that no scheme and no quote survives. */
void vly_html_href(vly_text *to, const char *path);

#endif
