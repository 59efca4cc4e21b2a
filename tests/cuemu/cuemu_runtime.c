/* Devices, errors, planned faults, and the order in which things take their turns. */
#include "cuemu_impl.h"

#include "cuemu/launch_c.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local cudaError_t last_error;
static _Thread_local int device;
static cudaError_t broken; /* after a sticky error nothing works any more */
cuemu_counters cuemu_count;

void cuemu_lock(void)
{
    pthread_mutex_lock(&lock);
}

void cuemu_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void cuemu_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("cuemu: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

cuemu_order cuemu_order_now(void)
{
    const char *text = getenv("VLY_CUEMU_ORDER");
    if (!text || !*text || strcmp(text, "forward") == 0) return CUEMU_FORWARD;
    if (strcmp(text, "reverse") == 0) return CUEMU_REVERSE;
    if (strcmp(text, "shuffled") == 0) return CUEMU_SHUFFLED;
    cuemu_die("VLY_CUEMU_ORDER=%s: forward, reverse or shuffled expected", text);
}

/* xorshift64: the same numbers in every run. */
uint64_t cuemu_random(void)
{
    static uint64_t state = UINT64_C(88172645463325252);
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

void cuemu_shuffle(int *items, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(cuemu_random() % (uint64_t)(i + 1)), item = items[i];
        items[i] = items[j];
        items[j] = item;
    }
}

/* ---- errors ---- */

static const struct {
    const char *name, *sentence;
    cudaError_t code;
    bool sticky;
} errors[] = {
#define CUEMU_ERROR(name, code, sentence, sticky) {#name, sentence, name, sticky},
#include "cuemu/errors.def"
#undef CUEMU_ERROR
};
enum { ERRORS = sizeof errors / sizeof *errors };

static int error_index(cudaError_t error)
{
    int i = 0;
    while (i < ERRORS && errors[i].code != error) i++;
    return i;
}

const char *cudaGetErrorName(cudaError_t error)
{
    int i = error_index(error);
    return i < ERRORS ? errors[i].name : "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    int i = error_index(error);
    return i < ERRORS ? errors[i].sentence : "unrecognized error code";
}

void cuemu_break_device(cudaError_t error)
{
    int i = error_index(error);
    if (broken == cudaSuccess && i < ERRORS && errors[i].sticky) broken = error;
}

cudaError_t cuemu_broken(void)
{
    return broken;
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t error = last_error;
    last_error = broken;
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    return last_error;
}

/* ---- planned faults: cuda[.CALL]:N[+][=CODE] ---- */

static struct {
    char text[128], call[48];
    long site, calls;
    bool planned, onwards;
    cudaError_t code;
} plan;

static void read_plan(const char *text)
{
    memset(&plan, 0, sizeof plan);
    broken = cudaSuccess;
    snprintf(plan.text, sizeof plan.text, "%s", text);
    const char *colon = strchr(text, ':');
    if (!colon || strncmp(text, "cuda", 4) != 0 || (text[4] != ':' && text[4] != '.')) return;
    if (text[4] == '.') snprintf(plan.call, sizeof plan.call, "%.*s", (int)(colon - text - 5), text + 5);
    char *end;
    plan.site = strtol(colon + 1, &end, 10);
    plan.onwards = *end == '+';
    if (plan.onwards) end++;
    plan.code = *end == '=' ? (cudaError_t)strtol(end + 1, NULL, 10) : cudaErrorUnknown;
    plan.planned = true;
}

cudaError_t cuemu_planned(const char *call)
{
    const char *text = getenv("VLY_FAULT"), *test = getenv("VLY_TEST");
    if (!text || !test || strcmp(test, "1") != 0) text = "";
    if (strcmp(text, plan.text) != 0) read_plan(text);
    if (!plan.planned || (*plan.call ? strcmp(call, plan.call) != 0 : strcmp(call, "kernel") == 0)) return cudaSuccess;
    long site = ++plan.calls;
    if (plan.site == 0 || (plan.onwards ? site < plan.site : site != plan.site)) return cudaSuccess;
    cuemu_count.faults++;
    cuemu_break_device(plan.code);
    return plan.code;
}

/* ---- every call ---- */

static void report(void)
{
    const cuemu_counters *c = &cuemu_count;
    fprintf(stderr,
            "cuemu: %lld calls, %lld launches, %lld blocks, %lld threads, %lld barriers, %lld warp meetings, "
            "%lld bytes up, %lld down, %lld within, %lld filled, %lld held at most\n",
            (long long)c->calls, (long long)c->launches, (long long)c->blocks, (long long)c->threads,
            (long long)c->barriers, (long long)c->warp_meetings, (long long)c->bytes_up, (long long)c->bytes_down,
            (long long)c->bytes_within, (long long)c->bytes_filled, (long long)c->bytes_peak);
}

cudaError_t cuemu_enter(const char *call)
{
    static bool asked;
    cuemu_lock();
    cuemu_count.calls++;
    if (!asked) {
        const char *wish = getenv("VLY_CUEMU_REPORT");
        if (wish && strcmp(wish, "1") == 0) atexit(report);
        asked = true;
    }
    cudaError_t planned = cuemu_planned(call);
    return planned != cudaSuccess ? planned : broken;
}

cudaError_t cuemu_leave(cudaError_t error)
{
    cuemu_memory_open(CUEMU_NO_DEVICE);
    if (error != cudaSuccess && error != cudaErrorNotReady) last_error = error;
    cuemu_unlock();
    return error;
}

cuemu_counters cuemu_counters_now(void)
{
    cuemu_lock();
    cuemu_counters now = cuemu_count;
    cuemu_unlock();
    return now;
}

/* What the engine's bench prints (host/core/device_impl.h: VLY_LAUNCHES and so on). */
__attribute__((visibility("default"))) void vly_plugin_count(int64_t counts[4]);
void vly_plugin_count(int64_t counts[4])
{
    cuemu_counters now = cuemu_counters_now();
    counts[0] = now.launches;
    counts[1] = now.threads;
    counts[2] = now.barriers + now.warp_meetings;
    counts[3] = now.bytes_up + now.bytes_down + now.bytes_within;
}

/* ---- devices: small ones, so that small volumes make several rounds ---- */

enum { PROCESSORS = 3, THREADS_PER_PROCESSOR = 2048, SHARED_PER_PROCESSOR = 228 << 10 };

static int device_count(void)
{
    const char *text = getenv("VLY_CUEMU_DEVICES");
    return text && *text ? atoi(text) : 1;
}

int cuemu_device(void)
{
    return device;
}

static cudaError_t check_device(int d)
{
    return d >= 0 && d < device_count() ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    CUEMU_ENTER();
    *version = CUDART_VERSION;
    return cuemu_leave(cudaSuccess);
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    CUEMU_ENTER();
    *version = CUDART_VERSION;
    return cuemu_leave(cudaSuccess);
}

cudaError_t cudaGetDeviceCount(int *count)
{
    CUEMU_ENTER();
    *count = device_count();
    return cuemu_leave(*count > 0 ? cudaSuccess : cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int wanted)
{
    CUEMU_ENTER();
    cudaError_t error = check_device(wanted);
    if (error == cudaSuccess) device = wanted;
    return cuemu_leave(error);
}

cudaError_t cudaGetDevice(int *current)
{
    CUEMU_ENTER();
    *current = device;
    return cuemu_leave(cudaSuccess);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int d)
{
    size_t available, total;
    cudaError_t error = cudaMemGetInfo(&available, &total);
    if (error != cudaSuccess) return error;
    CUEMU_ENTER();
    *properties = (struct cudaDeviceProp){
        .name = "emulated CUDA device",
        .totalGlobalMem = total,
        .sharedMemPerBlock = CUEMU_SHARED_STATIC,
        .sharedMemPerBlockOptin = CUEMU_SHARED_MOST,
        .sharedMemPerMultiprocessor = SHARED_PER_PROCESSOR,
        .major = 9,
        .multiProcessorCount = PROCESSORS,
        .maxThreadsPerBlock = CUEMU_THREADS_MOST,
        .maxThreadsPerMultiProcessor = THREADS_PER_PROCESSOR,
        .warpSize = CUEMU_WARP,
        .asyncEngineCount = 2,
        .pciBusID = d + 1,
    };
    return cuemu_leave(check_device(d));
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int d)
{
    CUEMU_ENTER();
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
        *value = CUEMU_THREADS_MOST;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = CUEMU_SHARED_STATIC;
        break;
    case cudaDevAttrWarpSize:
        *value = CUEMU_WARP;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = PROCESSORS;
        break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = THREADS_PER_PROCESSOR;
        break;
    case cudaDevAttrAsyncEngineCount:
        *value = 2;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = 9;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = 0;
        break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = SHARED_PER_PROCESSOR;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = CUEMU_SHARED_MOST;
        break;
    default:
        return cuemu_leave(cudaErrorInvalidValue);
    }
    return cuemu_leave(check_device(d));
}

cudaError_t cudaDeviceGetPCIBusId(char *id, int length, int d)
{
    CUEMU_ENTER();
    snprintf(id, (size_t)length, "0000:%02x:00.0", d + 1);
    return cuemu_leave(check_device(d));
}

cudaError_t cuemu_occupancy(int *blocks, int threads, size_t dynamic_bytes)
{
    if (threads < 1 || threads > CUEMU_THREADS_MOST) return cudaErrorInvalidValue;
    size_t by_shared = SHARED_PER_PROCESSOR / (dynamic_bytes + 1024);
    *blocks = THREADS_PER_PROCESSOR / threads;
    if (by_shared < (size_t)*blocks) *blocks = (int)by_shared;
    return cudaSuccess;
}
