/* Building documents. Values are set without looking: a value that could not be made marks the document, and finishing it
 * says so once. */
#ifndef VLY_DOCUMENT_IMPL_H
#define VLY_DOCUMENT_IMPL_H

#include "voxelyte/document.h"

#include "core/text.h"

#include <jansson.h>

struct vly_document {
    json_t *root; /* object */
    vly_text text;
    bool broken; /* memory was short somewhere */
};

/* With `voxelyte`, `commit` and `command` in it. */
vly_status vly_document_create(vly_document **out, const char *command);

/* Takes the value, NULL included. */
void vly_document_set(vly_document *document, const char *key, json_t *value);

/* VLY_EMEMORY if a value got lost. */
vly_status vly_document_check(const vly_document *document);

/* null if it is not finite. */
json_t *vly_json_real(double value);

/* A string of ours or a file name: bytes that are no UTF-8 become U+FFFD. */
json_t *vly_json_string(const char *text);
json_t *vly_json_reals(const double *values, int32_t count);

/* Of a picture: four digits will do. */
json_t *vly_json_pixels(const float *values, int64_t count);

#endif
