/* Status, messages, extents and phases: what every other header, and every kernel, needs. */
#ifndef VOXELYTE_BASE_H
#define VOXELYTE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VLY_API __attribute__((visibility("default")))
#ifdef __CUDACC__
#define VLY_ANYWHERE __host__ __device__ /* callable in kernels too */
#else
#define VLY_ANYWHERE
#endif
#define VLY_PRINTF(at, first) __attribute__((format(printf, at, first)))

#ifdef __cplusplus
extern "C" {
#endif

/* What a call comes back with. The value is also the exit code of the program (sysexits where one fits). */
typedef enum vly_status {
    VLY_OK = 0,
    VLY_DIFFERENT = 1,   /* done, but different, or a quality gate failed */
    VLY_EUSAGE = 2,      /* options or configuration make no sense */
    VLY_EDATA = 65,      /* input is there but malformed or unsuitable */
    VLY_ENOINPUT = 66,   /* input is missing or unreadable */
    VLY_EINTERNAL = 70,  /* our mistake */
    VLY_EMEMORY = 71,    /* out of memory, or the memory limit is too small */
    VLY_EOUTPUT = 73,    /* output exists or cannot be made */
    VLY_EIO = 74,        /* reading or writing failed, disk full */
    VLY_EAGAIN = 75,     /* interrupted after a checkpoint, or held by others: run the same command again */
    VLY_ENUMERIC = 76,   /* did not converge, or a guard failed */
    VLY_EDEVICE = 77,    /* the device asked for is not usable */
    VLY_ECANCELLED = 130 /* Ctrl-C */
} vly_status;

/* Forwards a failure to the caller. Where something must be freed, use `goto out` instead. */
#define VLY_TRY(call)                                \
    do {                                             \
        vly_status try_status = (call);              \
        if (try_status != VLY_OK) return try_status; \
    } while (0)

/* One line about the last failure in this thread: `FILE: what was found, what was expected`. Borrowed; never NULL. */
VLY_API const char *vly_error_message(void);

/* Sets that line and returns `status`, so that a failure is one statement: `return vly_fail(VLY_EDATA, ...)`. */
VLY_API vly_status vly_fail(vly_status status, const char *format, ...) VLY_PRINTF(2, 3);
#ifdef __clang_analyzer__ /* what it returns, told to an analyser that sees one file at a time */
#define vly_fail(status, ...) (vly_fail(status, __VA_ARGS__), (status))
#endif

/* Version as "0.1.0" and commit as given by git when the library was configured ("unknown" outside a checkout). */
VLY_API const char *vly_version(void);
VLY_API const char *vly_commit(void);

/* "libtiff 4.5.0, NLopt 2.7.1, ...": what the library was built with. */
VLY_API const char *vly_libraries(void);

/* Voxels along x, y, z; x is fastest: i = (z*ny + y)*nx + x, in int64_t. */
typedef struct vly_extent {
    int32_t nx, ny, nz;
} vly_extent;

/* Half-open box of voxels: x0 <= x < x1 and so on. */
typedef struct vly_box {
    int32_t x0, x1, y0, y1, z0, z1;
} vly_box;

/* Phases of a label volume, and the order of every per-phase array: pore, active material, carbon-binder domain. */
typedef enum vly_phase {
    VLY_PORE = 0,
    VLY_AM = 1,
    VLY_CBD = 2,
    VLY_PHASES = 3,
    VLY_OUTSIDE = 255 /* outside the region of interest */
} vly_phase;

/* "pore", "am", "cbd". */
VLY_API const char *vly_phase_name(vly_phase phase);

/* Through-plane direction of an electrode: its axis (0 x, 1 y, 2 z), and the end of it where the separator lies. */
typedef struct vly_through {
    int32_t axis;
    bool separator_high; /* at the high end instead of the low one */
} vly_through;

#define VLY_THROUGH_Z ((vly_through){2, false})

/* Voxels of an extent that has passed vly_extent_check, and of a box. */
VLY_ANYWHERE static inline int64_t vly_extent_voxels(vly_extent e)
{
    return (int64_t)e.nx * e.ny * e.nz;
}

VLY_ANYWHERE static inline vly_extent vly_box_extent(vly_box b)
{
    return (vly_extent){b.x1 - b.x0, b.y1 - b.y0, b.z1 - b.z0};
}

VLY_ANYWHERE static inline vly_box vly_extent_box(vly_extent e)
{
    return (vly_box){0, e.nx, 0, e.ny, 0, e.nz};
}

/* VLY_EDATA (E_DIM) if a side is below 1 or the product exceeds 2^40 voxels; `what` opens the message. */
VLY_API vly_status vly_extent_check(int64_t nx, int64_t ny, int64_t nz, const char *what);

#ifdef __cplusplus
}
#endif
#endif
