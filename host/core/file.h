/* All file I/O of ours comes from here: every call is checked, retried after EINTR and short transfers, and can be made to
 * fail. Files are published by rename: a reader sees the old file or the new one, never half of it. */
#ifndef VLY_FILE_H
#define VLY_FILE_H

#include "voxelyte/base.h"

#include <sys/types.h>

typedef struct vly_file {
    int descriptor;   /* -1: closed */
    const char *path; /* for messages; borrowed from whoever opened it */
} vly_file;

/* VLY_ENOINPUT if it is missing or not readable, VLY_EDATA if it is not a regular file. */
vly_status vly_file_open(vly_file *out, const char *path);

/* Bytes in the file. */
vly_status vly_file_size(const vly_file *file, int64_t *bytes);

/* Exactly `bytes` from `offset`; a shorter file is VLY_EDATA. */
vly_status vly_file_read(const vly_file *file, void *to, int64_t bytes, int64_t offset);

/* At most `bytes`; *got says how many there were. */
vly_status vly_file_read_some(const vly_file *file, void *to, int64_t bytes, int64_t offset, int64_t *got);
vly_status vly_file_write(const vly_file *file, const void *from, int64_t bytes, int64_t offset);
void vly_file_close(vly_file *file);

/* The whole of a small file as text with a closing 0; VLY_EDATA above `limit` bytes. */
vly_status vly_file_text(char **out, const char *path, int64_t limit);

/* A file that appears under `path` only when it is complete. Without publish it disappears again. */
typedef struct vly_draft {
    vly_file file;
    char *path, *temporary;
    bool overwrite;
} vly_draft;

/* VLY_EOUTPUT if `path` exists (and not `overwrite`) or its folder cannot be written. */
vly_status vly_draft_open(vly_draft *out, const char *path, bool overwrite);

/* fsync, rename, fsync of the folder. */
vly_status vly_draft_publish(vly_draft *draft);
void vly_draft_close(vly_draft *draft);

/* A draft of `text`, published. */
vly_status vly_file_publish_text(const char *path, const char *text, bool overwrite);

/* `text` behind what is in the file, which is made if it is not there. Lines of several processes do not mix. */
vly_status vly_file_append_text(const char *path, const char *text);

/* For reading and writing in place, made if it is not there. */
vly_status vly_file_update(vly_file *out, const char *path);

/* Removes a file; one that is not there is no failure. */
vly_status vly_file_remove(const char *path);

/* Where temporary files go: `folder` unless it is NULL or "", else TMPDIR or /tmp. Borrowed. */
const char *vly_scratch_folder(const char *folder);

/* An unlinked file in that folder that goes when it is closed. */
vly_status vly_file_scratch(vly_file *out, const char *folder);

/* Bytes that may still be written in the folder. VLY_ENOINPUT if it is not there. */
vly_status vly_folder_space(int64_t *bytes, const char *path);

/* Makes the folder if it is not there; its parent must be. */
vly_status vly_folder_make(const char *path);

/* Calls `entry` with every name in the folder except . and .., in no order, until one fails. VLY_ENOINPUT if there is no
 * such folder. */
vly_status vly_folder_each(const char *path, vly_status (*entry)(void *self, const char *name), void *self);

/* Removes a folder that is empty; one that is not stays. */
void vly_folder_drop(const char *path);

/* Without links, dots and the working folder. VLY_ENOINPUT if nothing is there. */
vly_status vly_path_real(char **out, const char *path);

bool vly_path_exists(const char *path);
bool vly_path_is_folder(const char *path);

#endif
