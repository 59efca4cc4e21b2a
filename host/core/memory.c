#include "core/memory.h"

#include "core/fault.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 1 << 21 };

/* Sits in front of every block and keeps its alignment. */
typedef union header {
    int64_t bytes;
    char room[ALIGNMENT];
} header;

static _Atomic int64_t held, peak;

static void account(int64_t bytes)
{
    int64_t now = atomic_fetch_add(&held, bytes) + bytes, before = atomic_load(&peak);
    while (now > before && !atomic_compare_exchange_weak(&peak, &before, now)) {
    }
}

/* Volumes are touched from end to end: fewer, larger pages save most of the page faults. A refusal does no harm. */
static void prefer_huge_pages(char *block, int64_t bytes)
{
    char *first = block + (HUGE_PAGE - (uintptr_t)block % HUGE_PAGE) % HUGE_PAGE, *last = block + bytes;
    if (last - first >= 2 * HUGE_PAGE) (void)madvise(first, (size_t)(last - first), MADV_HUGEPAGE);
}

vly_status vly_alloc_raw(void **out, int64_t count, int64_t size, const char *what)
{
    int64_t bytes, rounded;
    *out = NULL;
    header *block = NULL;
    if (count < 0 || __builtin_mul_overflow(count, size, &bytes) ||
        __builtin_add_overflow(bytes, (int64_t)(sizeof(header) + ALIGNMENT), &rounded))
        return vly_fail(VLY_EMEMORY, "%s: %lld items of %lld bytes are more than memory can be", what, (long long)count,
                        (long long)size);
    rounded -= rounded % ALIGNMENT;
    if (!vly_fault("alloc")) block = aligned_alloc(ALIGNMENT, (size_t)rounded);
    if (!block) return vly_fail(VLY_EMEMORY, "out of memory: %s needs %lld bytes", what, (long long)bytes);
    prefer_huge_pages((char *)block, rounded);
    block->bytes = bytes;
    account(bytes);
    *out = block + 1;
    return VLY_OK;
}

vly_status vly_alloc(void **out, int64_t count, int64_t size, const char *what)
{
    VLY_TRY(vly_alloc_raw(out, count, size, what));
    memset(*out, 0, (size_t)(count * size));
    return VLY_OK;
}

vly_status vly_strdup(char **out, const char *text)
{
    size_t length = strlen(text) + 1;
    VLY_TRY(vly_alloc_raw((void **)out, (int64_t)length, 1, "text"));
    memcpy(*out, text, length);
    return VLY_OK;
}

vly_status vly_format(char **out, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    vly_status status = vly_alloc_raw((void **)out, (int64_t)length + 1, 1, "text");
    if (status == VLY_OK) vsnprintf(*out, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return status;
}

void vly_free(void *memory)
{
    if (!memory) return;
    header *block = (header *)memory - 1;
    account(-block->bytes);
    free(block);
}

int64_t vly_memory_held(void)
{
    return atomic_load(&held);
}

int64_t vly_memory_peak(void)
{
    return atomic_load(&peak);
}
