/* All host memory of ours comes from here: sizes are checked, bytes are counted, faults can be planned.
 * What is marked VLY_API the device plugins call. */
#ifndef VLY_MEMORY_H
#define VLY_MEMORY_H

#include "voxelyte/base.h"

/* count * size bytes, cleared, aligned to 64. *out is NULL on failure. VLY_EMEMORY names `what`. */
VLY_API vly_status vly_alloc(void **out, int64_t count, int64_t size, const char *what);

/* The same, uncleared: for the voxels that are about to be read. */
vly_status vly_alloc_raw(void **out, int64_t count, int64_t size, const char *what);

/* Typed shorthand: VLY_TRY(VLY_NEW(&pages, count, "pages")). */
#define VLY_NEW(out, count, what) vly_alloc((void **)(out), (count), (int64_t)sizeof **(out), (what))

vly_status vly_strdup(char **out, const char *text);

/* printf into fresh memory. */
vly_status vly_format(char **out, const char *format, ...) VLY_PRINTF(2, 3);

VLY_API void vly_free(void *memory);

/* Bytes held now and at most since the start. */
int64_t vly_memory_held(void);
int64_t vly_memory_peak(void);

#endif
