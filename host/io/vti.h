/* Image data for ParaView: a short XML head, then the voxels as they are (VTK file formats, ImageData, appended raw).
 * A voxel is a cell of the image; lengths are micrometres. */
#ifndef VLY_VTI_H
#define VLY_VTI_H

#include "io/io.h"

enum { VLY_VTI_ARRAYS = 8 };

typedef struct vly_vti_array {
    const char *name; /* with its unit: "c_e_mol_m3" */
    vly_type type;    /* u8, u16, f32 */
} vly_vti_array;

typedef struct vly_vti {
    vly_draft draft;
    int64_t end;                   /* bytes written */
    int64_t bytes[VLY_VTI_ARRAYS]; /* of each array */
    int32_t count, at;             /* arrays; the one to be written */
    int64_t left;                  /* bytes of it to come */
} vly_vti;

/* spacing: m along x, y, z; NULL: 1 um, as nothing is known. */
vly_status vly_vti_open(vly_vti *out, const char *path, vly_extent extent, const double spacing[3],
                        const vly_vti_array *arrays, int32_t count, bool overwrite);

/* The next bytes, array after array; a run of them ends with an array or before. */
vly_status vly_vti_append(vly_vti *vti, const void *from, int64_t bytes);

/* Publishes the file. */
vly_status vly_vti_finish(vly_vti *vti);
void vly_vti_close(vly_vti *vti);

#endif
