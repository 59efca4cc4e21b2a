/* A description as a flat list of numbers, each with its key, its unit, and what to think of it: what the result document,
 * the summary and the report's table are made of. */
#ifndef VLY_DESCRIBE_NUMBERS_H
#define VLY_DESCRIBE_NUMBERS_H

#include "voxelyte/describe.h"

enum { VLY_NUMBERS_MAX = 128 };

typedef struct vly_number {
    const char *group;     /* "am", "cbd", "pore", "interfaces", "electrode" */
    const char *key;       /* in the group: "r_max_um", "geodesic_tortuosity.mean" */
    const char *unit;      /* "1", "um", "1/um" */
    double value;          /* NaN: none; over several cut-outs their mean */
    const char *flag;      /* what limits it: "under two voxels"; NULL: nothing */
    const char *reason;    /* why there is none; NULL: there is one */
    double low, high, std; /* over the cut-outs that have one; std NaN below two */
    int32_t cutouts;       /* that have one */
} vly_number;

typedef struct vly_numbers {
    vly_number list[VLY_NUMBERS_MAX];
    int32_t count;
} vly_numbers;

/* Of one cut-out. Each cut-out of a description has the same keys in the same order. */
void vly_numbers_of(vly_numbers *out, const vly_description *description, int32_t cutout);

/* Means and spread over all cut-outs. */
vly_status vly_numbers_mean(vly_numbers *out, const vly_description *description);

/* Unit that a key of the document ends in: "um" of "r_max_um"; "1" for what has none. */
const char *vly_unit_of_key(const char *key);

#endif
