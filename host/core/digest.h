/* XXH3-128 digests, written as 32 hexadecimal digits: what `xxh128` means in every document. */
#ifndef VLY_DIGEST_H
#define VLY_DIGEST_H

#include "voxelyte/base.h"

#include <stdatomic.h>

enum { VLY_DIGEST_BYTES = 33 }; /* digits and the closing 0 */

void vly_digest_text(char hex[VLY_DIGEST_BYTES], const char *text);
void vly_digest_bytes(char hex[VLY_DIGEST_BYTES], const void *from, int64_t bytes);

/* Of a file's bytes, as `xxh128sum` gives it. *bytes (may be NULL) is its size. */
vly_status vly_digest_file(char hex[VLY_DIGEST_BYTES], int64_t *bytes, const char *path);

/* Of anything a volume is read from: a file's bytes, or the names, sizes and bytes of the files that a folder or a glob
 * holds, sorted by name. */
vly_status vly_digest_input(char hex[VLY_DIGEST_BYTES], int64_t *bytes, const char *path);

/* The same from a thread of its own: VLY_ECANCELLED soon after *stop becomes true. */
vly_status vly_digest_input_unless(char hex[VLY_DIGEST_BYTES], int64_t *bytes, const char *path,
                                   const atomic_bool *stop);

#endif
