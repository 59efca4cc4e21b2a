/* run_study.h for whole jobs on the processor alone: other subjects emulate their kernels. */
#ifndef VLY_RUN_STUDY_CPU_H
#define VLY_RUN_STUDY_CPU_H

#include "support.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

static inline vly_device *on_cpu(int32_t threads, int64_t limit)
{
    (void)limit;
    return test_cpu(threads);
}

/* Every file is synced to the disk, thousands of them here: where there is room, in memory. Before anything else. */
static inline void work_in_memory(void)
{
    struct statvfs about;
    if (statvfs("/dev/shm", &about) == 0 && access("/dev/shm", W_OK) == 0 &&
        (double)about.f_bavail * (double)about.f_frsize > 2e8)
        setenv("TMPDIR", "/dev/shm", 1);
}

#define test_device on_cpu
#include "run_study.h"

#endif
