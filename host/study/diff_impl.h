/* Findings of a comparison, gathered as words. */
#ifndef VLY_DIFF_IMPL_H
#define VLY_DIFF_IMPL_H

#include "study/document_impl.h"
#include "voxelyte/study.h"
#include "voxelyte/volume.h"

typedef struct vly_diff_work {
    vly_device *device;
    vly_text words;
    int64_t differences;
    const char *folders[2]; /* of two studies, as their documents name them; NULL */
} vly_diff_work;

/* One line of words, and one difference more. */
#define VLY_FINDING(work, ...)                     \
    do {                                           \
        (work)->differences++;                     \
        vly_text_add(&(work)->words, __VA_ARGS__); \
        vly_text_add(&(work)->words, "\n");        \
    } while (0)

/* `name` opens the lines. Failures are those of reading; what differs is a finding. */
vly_status vly_diff_volumes(vly_diff_work *work, const char *name, const char *a, const char *b);
vly_status vly_diff_rows(vly_diff_work *work, const char *name, const char *a, const char *b);

/* Result documents, but for times, paths, and who made them. */
vly_status vly_diff_documents(vly_diff_work *work, const char *name, const char *a, const char *b);

#endif
