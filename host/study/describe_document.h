/* A description as the keys of its result document, and the curves in it as CSV. */
#ifndef VLY_DESCRIBE_DOCUMENT_H
#define VLY_DESCRIBE_DOCUMENT_H

#include "study/document_impl.h"
#include "voxelyte/describe.h"

/* phases, interfaces, electrode, two_point, cutouts: numbers (mean, spread over cut-outs, flags, reasons) and curves (mean
 * over cut-outs). */
vly_status vly_describe_document(vly_document *document, const vly_description *description);

/* The curves there are, and the order of vly_curve_name. */
typedef enum vly_curve {
    VLY_CURVE_CPSD,
    VLY_CURVE_INTRUSION,
    VLY_CURVE_TORTUOSITY,
    VLY_CURVE_TWO_POINT,
    VLY_CURVE_PROFILE,
    VLY_CURVES
} vly_curve;

/* "cpsd", "intrusion", "tortuosity", "two-point", "profile": of the file. */
const char *vly_curve_name(vly_curve curve);

/* The rows of one curve, each behind `lead` ("" or columns with their comma), from a description's document;
 * and the line of columns above them. */
void vly_curve_rows(vly_text *to, vly_curve curve, const json_t *document, const char *lead);
void vly_curve_header(vly_text *to, vly_curve curve, const char *lead);

#endif
