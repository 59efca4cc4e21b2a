#include "study/run_lock.h"

#include "core/fault.h"
#include "core/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void host_name(char name[64])
{
    if (gethostname(name, 64) != 0) snprintf(name, 64, "unknown");
    name[63] = 0;
}

/* Whoever releases a lock removes its file, so the file that was opened may have lost its name meanwhile. */
static bool still_named(int descriptor, const char *path)
{
    struct stat held, named;
    return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
}

/* One try: the file is open, and *got says whether the lock came with it. */
static vly_status try_lock(vly_file *file, const char *path, int how, bool *got)
{
    for (;;) {
        VLY_TRY(vly_file_update(file, path));
        int refused;
        do refused = vly_fault("io.lock") ? -1 : flock(file->descriptor, how);
        while (refused != 0 && errno == EINTR);
        /* without flock on this file system, what the file says must do */
        *got = refused == 0 || errno == ENOSYS || errno == ENOTSUP;
        if (!*got && errno != EWOULDBLOCK) {
            vly_fail(VLY_EOUTPUT, "%s: cannot lock: %s", path, strerror(errno));
            vly_file_close(file);
            return VLY_EOUTPUT;
        }
        if (!*got || still_named(file->descriptor, path)) return VLY_OK;
        vly_file_close(file);
    }
}

/* Whether the file names a holder on another machine. */
static vly_status held_elsewhere(const vly_file *file, char holder[160], bool *elsewhere)
{
    char host[64], name[65] = "";
    int64_t got;
    VLY_TRY(vly_file_read_some(file, holder, 159, 0, &got));
    holder[got] = 0;
    holder[strcspn(holder, "\n")] = 0;
    host_name(host);
    sscanf(holder, "%64s", name);
    *elsewhere = *name && strcmp(name, host) != 0;
    return VLY_OK;
}

/* The lock is there: the file says whose it is. */
static vly_status sign(vly_lock *lock)
{
    char host[64], text[96];
    host_name(host);
    snprintf(text, sizeof text, "%s process %ld\n", host, (long)getpid());
    if (ftruncate(lock->file.descriptor, 0) != 0)
        return vly_fail(VLY_EIO, "%s: cannot write: %s", lock->path, strerror(errno));
    return vly_file_write(&lock->file, text, (int64_t)strlen(text), 0);
}

static vly_status take(vly_lock *out, const char *path, int how, bool *got, char holder[160])
{
    bool elsewhere = false;
    *out = VLY_LOCK_NONE;
    *got = false;
    VLY_TRY(vly_strdup(&out->path, path));
    vly_status status = try_lock(&out->file, out->path, how, got);
    if (status == VLY_OK) status = held_elsewhere(&out->file, holder, &elsewhere);
    if (elsewhere) *got = false;
    out->shared = (how & LOCK_SH) != 0;
    if (status == VLY_OK && *got && !out->shared) status = sign(out);
    if (status == VLY_OK && *got) return VLY_OK;
    /* nothing is cleared away: the file is somebody else's */
    vly_file_close(&out->file);
    vly_free(out->path);
    *out = VLY_LOCK_NONE;
    return status;
}

vly_status vly_lock_take(vly_lock *out, const char *path, bool shared, bool *got, char holder[160])
{
    return take(out, path, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB, got, holder);
}

vly_status vly_lock_wait(vly_lock *out, const char *path)
{
    bool got;
    char holder[160];
    VLY_TRY(take(out, path, LOCK_EX, &got, holder));
    if (!got) return vly_fail(VLY_EAGAIN, "%s: held by %s; remove the file if that process is gone", path, holder);
    return VLY_OK;
}

void vly_lock_release(vly_lock *lock)
{
    if (lock->file.descriptor < 0) return;
    /* the last of those who share it clears it away */
    if (!lock->shared || flock(lock->file.descriptor, LOCK_EX | LOCK_NB) == 0) unlink(lock->path);
    vly_file_close(&lock->file);
    vly_free(lock->path);
    *lock = VLY_LOCK_NONE;
}
