#include "core/file.h"

#include "core/fault.h"
#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static vly_status failed(vly_status status, const char *path, const char *doing)
{
    return vly_fail(status, "%s: cannot %s: %s", path, doing, strerror(errno));
}

/* ---- reading ---- */

vly_status vly_file_open(vly_file *out, const char *path)
{
    struct stat about;
    *out = (vly_file){-1, path};
    if (vly_fault("io.open") || (out->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        return failed(VLY_ENOINPUT, path, "open");
    if (fstat(out->descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
        vly_file_close(out);
        return vly_fail(VLY_EDATA, "%s: is not a regular file", path);
    }
    return VLY_OK;
}

vly_status vly_file_size(const vly_file *file, int64_t *bytes)
{
    struct stat about;
    if (vly_fault("io.stat") || fstat(file->descriptor, &about) != 0) return failed(VLY_EIO, file->path, "stat");
    *bytes = about.st_size;
    return VLY_OK;
}

vly_status vly_file_read_some(const vly_file *file, void *to, int64_t bytes, int64_t offset, int64_t *got)
{
    *got = 0;
    while (*got < bytes) {
        int64_t left = bytes - *got;
        size_t piece = left < (1 << 30) ? (size_t)left : 1 << 30;
        ssize_t now =
            vly_fault("io.pread") ? -1 : pread(file->descriptor, (char *)to + *got, piece, (off_t)(offset + *got));
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return failed(VLY_EIO, file->path, "read");
        if (now == 0) break;
        *got += now;
    }
    return VLY_OK;
}

vly_status vly_file_read(const vly_file *file, void *to, int64_t bytes, int64_t offset)
{
    int64_t got;
    VLY_TRY(vly_file_read_some(file, to, bytes, offset, &got));
    if (got < bytes)
        return vly_fail(VLY_EDATA, "%s: ends at byte %lld, %lld expected", file->path, (long long)(offset + got),
                        (long long)(offset + bytes));
    return VLY_OK;
}

vly_status vly_file_text(char **out, const char *path, int64_t limit)
{
    vly_file file;
    int64_t bytes = 0;
    char *text = NULL;
    *out = NULL;
    VLY_TRY(vly_file_open(&file, path));
    vly_status status = vly_file_size(&file, &bytes);
    if (status == VLY_OK && bytes > limit)
        status = vly_fail(VLY_EDATA, "%s: %lld bytes, at most %lld expected", path, (long long)bytes, (long long)limit);
    if (status == VLY_OK) status = vly_alloc((void **)&text, bytes + 1, 1, path);
    if (status == VLY_OK) status = vly_file_read(&file, text, bytes, 0);
    vly_file_close(&file);
    if (status != VLY_OK)
        vly_free(text);
    else
        *out = text;
    return status;
}

/* ---- writing ---- */

vly_status vly_file_write(const vly_file *file, const void *from, int64_t bytes, int64_t offset)
{
    int64_t done = 0;
    while (done < bytes) {
        int64_t left = bytes - done;
        size_t piece = left < (1 << 30) ? (size_t)left : 1 << 30;
        ssize_t now = vly_fault("io.pwrite")
                          ? -1
                          : pwrite(file->descriptor, (const char *)from + done, piece, (off_t)(offset + done));
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return failed(VLY_EIO, file->path, "write");
        done += now;
    }
    return VLY_OK;
}

void vly_file_close(vly_file *file)
{
    if (file->descriptor >= 0) close(file->descriptor);
    file->descriptor = -1;
}

const char *vly_scratch_folder(const char *folder)
{
    if (!folder || !*folder) folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

vly_status vly_file_scratch(vly_file *out, const char *folder)
{
    char *path;
    folder = vly_scratch_folder(folder);
    *out = (vly_file){-1, "scratch file"};
    VLY_TRY(vly_format(&path, "%s/.voxelyte-XXXXXX", folder));
    vly_status status = VLY_OK;
    if (vly_fault("io.open") || (out->descriptor = mkostemp(path, O_CLOEXEC)) < 0)
        status = failed(VLY_EOUTPUT, folder, "make a scratch file");
    else
        unlink(path);
    vly_free(path);
    return status;
}

vly_status vly_folder_space(int64_t *bytes, const char *path)
{
    struct statvfs about;
    *bytes = 0;
    if (vly_fault("io.open") || statvfs(path, &about) != 0) return failed(VLY_ENOINPUT, path, "ask for free space");
    *bytes = (int64_t)about.f_bavail * (int64_t)about.f_frsize;
    return VLY_OK;
}

/* ---- publishing ---- */

/* The folder part of `path`, "." if there is none. */
static vly_status folder_of(char **out, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return vly_strdup(out, ".");
    if (slash == path) return vly_strdup(out, "/");
    return vly_format(out, "%.*s", (int)(slash - path), path);
}

/* Creates the hidden file beside the target: a name of its own for every draft, whoever else writes to this target. */
static vly_status create_temporary(vly_draft *draft, const char *folder, const char *name)
{
    static atomic_int serial;
    do {
        vly_free(draft->temporary);
        draft->temporary = NULL;
        VLY_TRY(vly_format(&draft->temporary, "%s/.%s.part-%ld-%d", folder, name, (long)getpid(),
                           atomic_fetch_add(&serial, 1)));
        draft->file.descriptor =
            vly_fault("io.open") ? -1 : open(draft->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (draft->file.descriptor < 0 && errno == EEXIST);
    if (draft->file.descriptor >= 0) return VLY_OK;
    vly_status status = failed(VLY_EOUTPUT, draft->path, "create");
    vly_free(draft->temporary); /* not ours */
    draft->temporary = NULL;
    return status;
}

vly_status vly_draft_open(vly_draft *out, const char *path, bool overwrite)
{
    char *folder = NULL;
    *out = (vly_draft){.file = {-1, NULL}, .overwrite = overwrite};
    if (vly_path_is_folder(path)) return vly_fail(VLY_EOUTPUT, "%s: is a folder, a file name expected", path);
    if (!overwrite && vly_path_exists(path))
        return vly_fail(VLY_EOUTPUT, "%s: exists already, --overwrite replaces it", path);
    vly_status status = folder_of(&folder, path);
    const char *slash = strrchr(path, '/');
    if (status == VLY_OK) status = vly_strdup(&out->path, path);
    if (status == VLY_OK) status = create_temporary(out, folder, slash ? slash + 1 : path);
    out->file.path = out->path;
    vly_free(folder);
    if (status != VLY_OK) vly_draft_close(out);
    return status;
}

/* Makes the rename last through a power cut. Some file systems cannot sync a folder, which is no reason to fail. */
static void sync_folder(const char *path)
{
    char *folder;
    if (folder_of(&folder, path) != VLY_OK) return;
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        close(descriptor);
    }
    vly_free(folder);
}

vly_status vly_draft_publish(vly_draft *draft)
{
    if (vly_fault("io.fsync") || fsync(draft->file.descriptor) != 0) return failed(VLY_EIO, draft->path, "write");
    int refused;
    if (vly_fault("io.rename"))
        refused = -1;
    else if (draft->overwrite)
        refused = rename(draft->temporary, draft->path);
    else /* link, unlike rename, refuses an existing name on every file system */
        refused = link(draft->temporary, draft->path);
    if (refused != 0 && errno == EEXIST)
        return vly_fail(VLY_EOUTPUT, "%s: exists already, --overwrite replaces it", draft->path);
    if (refused != 0 && !draft->overwrite && (errno == EPERM || errno == ENOTSUP))
        refused = rename(draft->temporary, draft->path); /* no hard links here */
    if (refused != 0) return failed(VLY_EIO, draft->path, "publish");
    sync_folder(draft->path);
    return VLY_OK;
}

void vly_draft_close(vly_draft *draft)
{
    vly_file_close(&draft->file);
    if (draft->temporary) unlink(draft->temporary); /* gone already if it was renamed */
    vly_free(draft->temporary);
    vly_free(draft->path);
    *draft = (vly_draft){.file = {-1, NULL}};
}

vly_status vly_file_publish_text(const char *path, const char *text, bool overwrite)
{
    vly_draft draft;
    VLY_TRY(vly_draft_open(&draft, path, overwrite));
    vly_status status = vly_file_write(&draft.file, text, (int64_t)strlen(text), 0);
    if (status == VLY_OK) status = vly_draft_publish(&draft);
    vly_draft_close(&draft);
    return status;
}

vly_status vly_file_append_text(const char *path, const char *text)
{
    size_t bytes = strlen(text);
    int descriptor = vly_fault("io.open") ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor < 0) return failed(VLY_EOUTPUT, path, "open");
    ssize_t done; /* one call: that is what keeps a line together */
    do done = vly_fault("io.pwrite") ? -1 : write(descriptor, text, bytes);
    while (done < 0 && errno == EINTR);
    vly_status status = done == (ssize_t)bytes ? VLY_OK : failed(VLY_EIO, path, "write");
    close(descriptor);
    return status;
}

vly_status vly_file_update(vly_file *out, const char *path)
{
    *out = (vly_file){-1, path};
    if (vly_fault("io.open") || (out->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        return failed(VLY_EOUTPUT, path, "open");
    return VLY_OK;
}

vly_status vly_file_remove(const char *path)
{
    if (vly_fault("io.unlink") || (unlink(path) != 0 && errno != ENOENT)) return failed(VLY_EOUTPUT, path, "remove");
    return VLY_OK;
}

/* ---- folders ---- */

vly_status vly_folder_make(const char *path)
{
    if (vly_fault("io.mkdir") || (mkdir(path, 0777) != 0 && !(errno == EEXIST && vly_path_is_folder(path))))
        return failed(VLY_EOUTPUT, path, "make the folder");
    return VLY_OK;
}

void vly_folder_drop(const char *path)
{
    (void)rmdir(path); /* what is not empty was not ours alone */
}

vly_status vly_path_real(char **out, const char *path)
{
    char *real = realpath(path, NULL);
    *out = NULL;
    if (!real) return failed(VLY_ENOINPUT, path, "find");
    vly_status status = vly_strdup(out, real);
    free(real);
    return status;
}

vly_status vly_folder_each(const char *path, vly_status (*entry)(void *self, const char *name), void *self)
{
    DIR *folder = vly_fault("io.open") ? NULL : opendir(path);
    if (!folder) return failed(VLY_ENOINPUT, path, "open");
    vly_status status = VLY_OK;
    while (status == VLY_OK) {
        errno = 0; /* the end and a failure both come as NULL */
        const struct dirent *next = vly_fault("io.readdir") ? NULL : readdir(folder);
        if (!next) {
            if (errno != 0) status = failed(VLY_EIO, path, "read");
            break;
        }
        if (strcmp(next->d_name, ".") != 0 && strcmp(next->d_name, "..") != 0) status = entry(self, next->d_name);
    }
    closedir(folder);
    return status;
}

bool vly_path_exists(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}

bool vly_path_is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}
