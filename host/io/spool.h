/* Labels that one job writes and the next reads: pages in memory, or in a scratch file where memory is short. */
#ifndef VLY_SPOOL_H
#define VLY_SPOOL_H

#include "core/file.h"
#include "core/source_impl.h"

typedef struct vly_spool {
    vly_extent extent;
    uint8_t *pages; /* extent; NULL: in the file */
    vly_file file;
} vly_spool;

/* In memory if that takes no more than `bytes`. scratch: folder of the file, NULL: TMPDIR or /tmp. */
vly_status vly_spool_open(vly_spool *out, vly_extent extent, int64_t bytes, const char *scratch);
void vly_spool_close(vly_spool *spool);

/* Both borrow the spool, which must outlive them. The source is read when the sink is finished. */
vly_status vly_spool_sink(vly_sink **out, vly_spool *spool);
vly_status vly_spool_source(vly_source **out, vly_spool *spool);

#endif
