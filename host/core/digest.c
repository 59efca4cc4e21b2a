#include "core/digest.h"

#include "core/fault.h"
#include "core/file.h"
#include "core/memory.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { PIECE = 4 << 20 }; /* bytes read at a time */

typedef struct digest {
    XXH3_state_t *state;
    char *piece;
    int64_t bytes;           /* of all files so far */
    const atomic_bool *stop; /* may be NULL */
} digest;

static vly_status begin(digest *d, const atomic_bool *stop)
{
    *d = (digest){.stop = stop};
    if (vly_fault("alloc") || !(d->state = XXH3_createState())) return vly_fail(VLY_EMEMORY, "digest: out of memory");
    XXH3_128bits_reset(d->state);
    return vly_alloc_raw((void **)&d->piece, PIECE, 1, "digest");
}

static void end(digest *d)
{
    XXH3_freeState(d->state);
    vly_free(d->piece);
}

static void write_hex(char hex[VLY_DIGEST_BYTES], XXH128_hash_t hash)
{
    snprintf(hex, VLY_DIGEST_BYTES, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

static vly_status add_file(digest *d, const char *path, bool named)
{
    vly_file file;
    int64_t size = 0, got = PIECE;
    VLY_TRY(vly_file_open(&file, path));
    vly_status status = vly_file_size(&file, &size);
    if (status == VLY_OK && named) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        XXH3_128bits_update(d->state, name, strlen(name) + 1);
        XXH3_128bits_update(d->state, &size, sizeof size);
    }
    for (int64_t at = 0; status == VLY_OK && got == PIECE; at += got) {
        status = vly_file_read_some(&file, d->piece, PIECE, at, &got);
        if (status == VLY_OK) XXH3_128bits_update(d->state, d->piece, (size_t)got);
        if (status == VLY_OK && d->stop && atomic_load(d->stop)) status = vly_fail(VLY_ECANCELLED, "%s: digest", path);
        d->bytes += got;
    }
    vly_file_close(&file);
    return status;
}

void vly_digest_bytes(char hex[VLY_DIGEST_BYTES], const void *from, int64_t bytes)
{
    write_hex(hex, XXH3_128bits(from, (size_t)bytes));
}

void vly_digest_text(char hex[VLY_DIGEST_BYTES], const char *text)
{
    vly_digest_bytes(hex, text, (int64_t)strlen(text));
}

static vly_status digest_file(char hex[VLY_DIGEST_BYTES], int64_t *bytes, const char *path, const atomic_bool *stop)
{
    digest d;
    vly_status status = begin(&d, stop);
    if (status == VLY_OK) status = add_file(&d, path, false);
    if (status == VLY_OK) write_hex(hex, XXH3_128bits_digest(d.state));
    if (bytes) *bytes = d.bytes;
    end(&d);
    return status;
}

vly_status vly_digest_file(char hex[VLY_DIGEST_BYTES], int64_t *bytes, const char *path)
{
    return digest_file(hex, bytes, path, NULL);
}

/* Files that match, byte order; a folder's hidden files do not count. */
static vly_status add_matches(digest *d, const char *pattern)
{
    glob_t found = {0};
    vly_status status = VLY_OK;
    int result = glob(pattern, 0, NULL, &found); /* sorted, but by locale */
    if (result != 0) {
        globfree(&found);
        return vly_fail(result == GLOB_NOSPACE ? VLY_EMEMORY : VLY_ENOINPUT, "%s: no such file", pattern);
    }
    for (size_t i = 1; i < found.gl_pathc; i++) /* nearly sorted already: insertion */
        for (size_t k = i; k > 0 && strcmp(found.gl_pathv[k - 1], found.gl_pathv[k]) > 0; k--) {
            char *swap = found.gl_pathv[k];
            found.gl_pathv[k] = found.gl_pathv[k - 1];
            found.gl_pathv[k - 1] = swap;
        }
    for (size_t i = 0; i < found.gl_pathc && status == VLY_OK; i++)
        if (!vly_path_is_folder(found.gl_pathv[i])) status = add_file(d, found.gl_pathv[i], true);
    globfree(&found);
    return status;
}

/* The folder's name may itself hold what glob takes for a pattern. */
static vly_status folder_pattern(char **out, const char *path)
{
    size_t length = strlen(path), at = 0;
    VLY_TRY(vly_alloc((void **)out, 2 * (int64_t)length + 3, 1, path));
    for (size_t i = 0; i < length; i++) {
        if (strchr("*?[]\\", path[i])) (*out)[at++] = '\\';
        (*out)[at++] = path[i];
    }
    memcpy(*out + at, "/*", 3);
    return VLY_OK;
}

vly_status vly_digest_input(char hex[VLY_DIGEST_BYTES], int64_t *bytes, const char *path)
{
    return vly_digest_input_unless(hex, bytes, path, NULL);
}

vly_status vly_digest_input_unless(char hex[VLY_DIGEST_BYTES], int64_t *bytes, const char *path,
                                   const atomic_bool *stop)
{
    digest d;
    char *pattern = NULL;
    if (vly_path_exists(path) && !vly_path_is_folder(path)) return digest_file(hex, bytes, path, stop);
    vly_status status = begin(&d, stop);
    if (status == VLY_OK)
        status = vly_path_is_folder(path) ? folder_pattern(&pattern, path) : vly_strdup(&pattern, path);
    if (status == VLY_OK) status = add_matches(&d, pattern);
    if (status == VLY_OK) write_hex(hex, XXH3_128bits_digest(d.state));
    if (bytes) *bytes = d.bytes;
    vly_free(pattern);
    end(&d);
    return status;
}
