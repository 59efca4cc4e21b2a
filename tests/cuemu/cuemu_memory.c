/* Device memory. An allocation ends (to 256 bytes, as CUDA aligns) at a page that nobody may touch, and begins with one; the
 * gaps that alignment leaves are filled and looked at after every kernel, and poisoned under ASan. Outside kernels and
 * copies all of it is out of reach: host code that follows a device pointer crashes. What is freed stays out of reach. */
#include "cuemu_impl.h"

#include "cuemu/launch_c.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if CUEMU_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#endif

enum { PAGE = 4096, ALIGNMENT = 256, FRESH_BYTE = 0xFE /* a huge number, no label */, GAP_BYTE = 0xA5 };

typedef struct piece {
    struct piece *next;
    char *pages, *data; /* page_bytes without the guard pages; data lies at their end */
    size_t page_bytes, bytes;
    int device;
    bool open, pinned, registered; /* pinned: host memory, which needs no guard */
} piece;

static piece *pieces;

/* ---- finding ---- */

static piece *find(const void *pointer)
{
    const char *p = pointer;
    piece *found = pieces;
    while (found && !(p >= found->data && p <= found->data + found->bytes)) found = found->next;
    return found;
}

static piece *find_start(const void *pointer, bool pinned, bool registered)
{
    piece *found = find(pointer);
    return found && found->data == pointer && found->pinned == pinned && found->registered == registered ? found : NULL;
}

cudaError_t cuemu_memory_find(const void *pointer, size_t bytes, enum cudaMemoryType *type, int *device)
{
    const piece *found = find(pointer);
    *type = !found ? cudaMemoryTypeUnregistered : found->pinned ? cudaMemoryTypeHost : cudaMemoryTypeDevice;
    *device = found ? found->device : -1;
    if (!found) return cudaSuccess;
    return bytes <= (size_t)(found->data + found->bytes - (const char *)pointer) ? cudaSuccess : cudaErrorInvalidValue;
}

void cuemu_check_pointer(const void *pointer, int argument)
{
    cuemu_lock();
    bool known = !pointer || find(pointer);
    cuemu_unlock();
    if (!known)
        cuemu_die("argument %d of a kernel points to host memory, or to device memory that has been freed",
                  argument + 1);
}

/* ---- reach ---- */

void cuemu_memory_open(int device)
{
    for (piece *p = pieces; p; p = p->next) {
        bool open = device == CUEMU_ALL_DEVICES || p->device == device;
        if (p->pinned || p->open == open) continue;
        if (mprotect(p->pages, p->page_bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0)
            cuemu_die("mprotect failed: too many allocations?");
        p->open = open;
    }
}

__attribute__((no_sanitize("address"))) static bool gap_is_whole(const char *from, const char *to)
{
    while (from < to && *from == (char)GAP_BYTE) from++;
    return from == to;
}

void cuemu_memory_check(const char *after)
{
    for (const piece *p = pieces; p; p = p->next) {
        if (p->pinned || !p->open) continue;
        bool before = gap_is_whole(p->pages, p->data);
        if (!before || !gap_is_whole(p->data + p->bytes, p->pages + p->page_bytes))
            cuemu_die("%s wrote %s a device array of %zu bytes", after, before ? "behind" : "before", p->bytes);
    }
}

static struct sigaction before;

/* Says what the address was and lets the crash happen. Signal-safe but for snprintf, which does here. */
static void explain_crash(int number, siginfo_t *info, void *context)
{
    const char *address = info->si_addr;
    char line[200];
    (void)context;
    for (const piece *p = pieces; p; p = p->next) {
        if (p->pinned || address < p->pages - PAGE || address >= p->pages + p->page_bytes + PAGE) continue;
        int length = snprintf(line, sizeof line, "cuemu: %s at byte %td of a device array of %zu bytes\n",
                              p->open ? "a kernel or copy went astray" : "host code touched device memory",
                              address - p->data, p->bytes);
        if (write(STDERR_FILENO, line, (size_t)length) < 0) break;
    }
    sigaction(number, &before, NULL);
}

static void watch_crashes(void)
{
    static bool watching;
    if (watching || CUEMU_ASAN || CUEMU_TSAN) return; /* these explain for themselves */
    struct sigaction action = {.sa_sigaction = explain_crash, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, &before);
    watching = true;
}

/* ---- allocating ---- */

static size_t memory_total(void)
{
    const char *text = getenv("VLY_CUEMU_MEMORY");
    return text && *text ? (size_t)strtoull(text, NULL, 10) : (size_t)1 << 30;
}

static size_t memory_held(int device)
{
    size_t held = 0;
    for (const piece *p = pieces; p; p = p->next)
        if (!p->pinned && p->device == device) held += p->bytes;
    return held;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total)
{
    CUEMU_ENTER();
    size_t held = memory_held(cuemu_device());
    *total = memory_total();
    *available = held < *total ? *total - held : 0;
    return cuemu_leave(cudaSuccess);
}

static piece *add(piece made)
{
    piece *p = malloc(sizeof *p);
    if (!p) return NULL;
    made.next = pieces;
    *p = made;
    return pieces = p;
}

static void forget(piece *gone)
{
    piece **at = &pieces;
    while (*at != gone) at = &(*at)->next;
    *at = gone->next;
    free(gone);
}

static cudaError_t map_piece(void **memory, size_t bytes)
{
    size_t data = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, pages = (data + PAGE - 1) / PAGE * PAGE;
    char *map = mmap(NULL, pages + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return cudaErrorMemoryAllocation;
    char *first = map + PAGE;
    if (mprotect(first, pages, PROT_READ | PROT_WRITE) != 0) return cudaErrorMemoryAllocation;
    piece made = {.pages = first, .data = first + pages - data, .page_bytes = pages, .bytes = bytes, .open = true};
    made.device = cuemu_device();
    memset(first, GAP_BYTE, pages);
    memset(made.data, FRESH_BYTE, bytes);
    ASAN_POISON_MEMORY_REGION(first, made.data - first);
    ASAN_POISON_MEMORY_REGION(made.data + bytes, data - bytes);
    if (!add(made)) return cudaErrorMemoryAllocation;
    *memory = made.data;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    CUEMU_ENTER();
    *memory = NULL;
    if (bytes == 0) return cuemu_leave(cudaSuccess);
    watch_crashes();
    size_t held = memory_held(cuemu_device()), total = memory_total();
    if (held > total || bytes > total - held) return cuemu_leave(cudaErrorMemoryAllocation);
    cudaError_t error = map_piece(memory, bytes);
    if (error == cudaSuccess) {
        cuemu_count.allocations++;
        cuemu_count.bytes_held += (int64_t)bytes;
        if (cuemu_count.bytes_held > cuemu_count.bytes_peak) cuemu_count.bytes_peak = cuemu_count.bytes_held;
    }
    return cuemu_leave(error);
}

cudaError_t cudaFree(void *memory)
{
    cudaError_t error = cuemu_enter(__func__);
    if (!memory) return cuemu_leave(error);
    piece *p = find_start(memory, false, false);
    if (!p) return cuemu_leave(cudaErrorInvalidValue);
    if (error == cudaSuccess) error = cuemu_finish_all();
    ASAN_UNPOISON_MEMORY_REGION(p->pages, p->page_bytes);
    if (mmap(p->pages, p->page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
        MAP_FAILED)
        cuemu_die("mmap failed: too many allocations?");
    cuemu_count.bytes_held -= (int64_t)p->bytes;
    forget(p);
    return cuemu_leave(error);
}

/* ---- pinned memory ---- */

static cudaError_t pin(void *memory, size_t bytes, bool registered)
{
    piece made = {.data = memory, .bytes = bytes, .pinned = true, .registered = registered, .device = cuemu_device()};
    return add(made) ? cudaSuccess : cudaErrorMemoryAllocation;
}

static cudaError_t unpin(void *memory, bool registered, cudaError_t unknown)
{
    piece *p = find_start(memory, true, registered);
    if (!p) return unknown;
    if (cuemu_copies_pending(p->data, p->bytes)) cuemu_die("pinned memory is given up while a copy still waits for it");
    forget(p);
    if (!registered) free(memory);
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    CUEMU_ENTER();
    (void)flags;
    *memory = NULL;
    if (bytes == 0) return cuemu_leave(cudaSuccess);
    size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *made = rounded >= bytes ? aligned_alloc(ALIGNMENT, rounded) : NULL;
    if (!made) return cuemu_leave(cudaErrorMemoryAllocation);
    memset(made, FRESH_BYTE, bytes);
    cudaError_t error = pin(made, bytes, false);
    if (error == cudaSuccess) *memory = made;
    return cuemu_leave(error);
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    return cudaHostAlloc(memory, bytes, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void *memory)
{
    cudaError_t error = cuemu_enter(__func__), unknown = cudaSuccess;
    if (memory) unknown = unpin(memory, false, cudaErrorInvalidValue);
    return cuemu_leave(error != cudaSuccess ? error : unknown);
}

cudaError_t cudaHostRegister(void *memory, size_t bytes, unsigned flags)
{
    CUEMU_ENTER();
    (void)flags;
    if (!memory || bytes == 0) return cuemu_leave(cudaErrorInvalidValue);
    return cuemu_leave(find(memory) ? cudaErrorHostMemoryAlreadyRegistered : pin(memory, bytes, true));
}

cudaError_t cudaHostUnregister(void *memory)
{
    cudaError_t error = cuemu_enter(__func__), unknown = unpin(memory, true, cudaErrorHostMemoryNotRegistered);
    return cuemu_leave(error != cudaSuccess ? error : unknown);
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *pointer)
{
    CUEMU_ENTER();
    *attributes = (struct cudaPointerAttributes){0};
    cuemu_memory_find(pointer, 0, &attributes->type, &attributes->device);
    if (attributes->type != cudaMemoryTypeUnregistered) attributes->devicePointer = (void *)(uintptr_t)pointer;
    if (attributes->type == cudaMemoryTypeHost) attributes->hostPointer = attributes->devicePointer;
    return cuemu_leave(cudaSuccess);
}
