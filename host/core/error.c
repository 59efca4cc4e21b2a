#include "voxelyte/base.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_message[1024];

const char *vly_error_message(void)
{
    return last_message;
}

vly_status(vly_fail)(vly_status status, const char *format, ...)
{
    /* the old message may be an argument of the new one */
    char message[sizeof last_message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    for (char *c = message; *c; c++) /* a file name may hold anything; a message is one line */
        if ((unsigned char)*c < ' ' || *c == 127) *c = '?';
    snprintf(last_message, sizeof last_message, "%s", message);
    return status;
}

const char *vly_version(void)
{
    return VLY_VERSION;
}

const char *vly_commit(void)
{
    return VLY_COMMIT;
}

const char *vly_libraries(void)
{
    return VLY_LIBRARIES;
}

const char *vly_phase_name(vly_phase phase)
{
    static const char *const names[VLY_PHASES] = {"pore", "am", "cbd"};
    return phase < VLY_PHASES ? names[phase] : "outside";
}

vly_status vly_extent_check(int64_t nx, int64_t ny, int64_t nz, const char *what)
{
    const int64_t most = INT64_C(1) << 40;
    int64_t page, voxels;
    if (nx < 1 || ny < 1 || nz < 1 || nx > INT32_MAX || ny > INT32_MAX || nz > INT32_MAX)
        return vly_fail(VLY_EDATA, "%s: extent %lld x %lld x %lld, sides from 1 to 2^31 - 1 expected", what,
                        (long long)nx, (long long)ny, (long long)nz);
    if (__builtin_mul_overflow(nx, ny, &page) || __builtin_mul_overflow(page, nz, &voxels) || voxels > most)
        return vly_fail(VLY_EDATA, "%s: extent %lld x %lld x %lld, at most 2^40 voxels expected", what, (long long)nx,
                        (long long)ny, (long long)nz);
    return VLY_OK;
}
