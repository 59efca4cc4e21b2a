#include "core/machine.h"

#include "core/file.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int32_t vly_machine_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* The beginning of a file that the kernel makes up, as text; "" if it is not there. */
static const char *read_beginning(char *out, size_t size, const char *path)
{
    vly_file file;
    int64_t got = 0;
    if (vly_file_open(&file, path) == VLY_OK) {
        (void)vly_file_read_some(&file, out, (int64_t)size - 1, 0, &got);
        vly_file_close(&file);
    }
    out[got] = 0;
    return out;
}

/* Bytes that /proc/meminfo says are available; 0 if it does not. */
static int64_t available(void)
{
    static const char key[] = "MemAvailable:";
    char text[4096];
    const char *at = strstr(read_beginning(text, sizeof text, "/proc/meminfo"), key);
    return at ? strtoll(at + sizeof key - 1, NULL, 10) * 1024 : 0;
}

/* What the control group leaves us; INT64_MAX without one, or if it says "max". */
static int64_t group_limit(void)
{
    char text[64];
    int64_t bytes = strtoll(read_beginning(text, sizeof text, "/sys/fs/cgroup/memory.max"), NULL, 10);
    return bytes > 0 ? bytes : INT64_MAX;
}

int64_t vly_machine_memory(void)
{
    int64_t bytes = available(), group = group_limit();
    if (bytes <= 0) bytes = INT64_C(2) << 30;
    return (bytes < group ? bytes : group) / 10 * 8;
}

void vly_machine_processor(char *out, size_t size)
{
    char text[4096];
    const char *at = strstr(read_beginning(text, sizeof text, "/proc/cpuinfo"), "model name");
    if (at) at = strchr(at, ':');
    if (at)
        snprintf(out, size, "%.*s", (int)strcspn(at + 2, "\n"), at + 2);
    else
        snprintf(out, size, "processor");
}
