/* What a command found, as a tree of named values that becomes JSON: the same bytes wherever it is written. */
#ifndef VOXELYTE_DOCUMENT_H
#define VOXELYTE_DOCUMENT_H

#include "voxelyte/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vly_document vly_document;

/* JSON in UTF-8: keys in the order in which they were set, numbers in the shortest form that reads back to the same bits, what
 * is not finite as null. Borrowed from the document. */
VLY_API vly_status vly_document_text(vly_document *document, const char **text);

/* That text as a file, which appears when it is complete. */
VLY_API vly_status vly_document_write(vly_document *document, const char *path, bool overwrite);

/* VLY_EDATA with the line if the file holds no JSON object. */
VLY_API vly_status vly_document_read(vly_document **out, const char *path);
VLY_API void vly_document_free(vly_document *document);

/* Values by path: "achieved.am", "inputs.0.path". */
VLY_API double vly_document_number(const vly_document *document, const char *path);      /* NaN if there is none */
VLY_API const char *vly_document_string(const vly_document *document, const char *path); /* NULL if there is none */
VLY_API int32_t vly_document_length(const vly_document *document, const char *path);     /* of an array; -1 */

#ifdef __cplusplus
}
#endif
#endif
