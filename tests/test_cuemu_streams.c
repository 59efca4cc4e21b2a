/* The runtime from C: streams that do nothing early, events, copies, graphs, limits, planned faults. */
#include "support.h"

#include "cuemu.h"

#include <cuda_runtime_api.h>

#include <stdlib.h>
#include <string.h>

enum { BYTES = 64 };
static const char *const orders[] = {"forward", "reverse", "shuffled"};

static void succeed(cudaError_t error)
{
    ck_assert_msg(error == cudaSuccess, "%s", cudaGetErrorString(error));
}

typedef struct two_streams {
    cudaStream_t a, b;
    cudaEvent_t event;
    uint8_t *device, *in, *out; /* in and out are pinned */
} two_streams;

static two_streams begin(const char *order)
{
    two_streams s;
    setenv("VLY_CUEMU_ORDER", order, 1);
    succeed(cudaStreamCreateWithFlags(&s.a, cudaStreamNonBlocking));
    succeed(cudaStreamCreateWithFlags(&s.b, cudaStreamNonBlocking));
    succeed(cudaEventCreateWithFlags(&s.event, cudaEventDisableTiming));
    succeed(cudaMalloc((void **)&s.device, BYTES));
    succeed(cudaMallocHost((void **)&s.in, BYTES));
    succeed(cudaMallocHost((void **)&s.out, BYTES));
    memset(s.in, 1, BYTES);
    memset(s.out, 0, BYTES);
    return s;
}

static void end(two_streams *s)
{
    succeed(cudaStreamDestroy(s->a));
    succeed(cudaStreamDestroy(s->b));
    succeed(cudaEventDestroy(s->event));
    succeed(cudaFree(s->device));
    succeed(cudaFreeHost(s->in));
    succeed(cudaFreeHost(s->out));
}

/* Up in one stream, down in another. */
static uint8_t up_and_down(const char *order, bool with_event)
{
    two_streams s = begin(order);
    succeed(cudaMemset(s.device, 0, BYTES));
    succeed(cudaDeviceSynchronize());
    succeed(cudaMemcpyAsync(s.device, s.in, BYTES, cudaMemcpyHostToDevice, s.a));
    if (with_event) {
        succeed(cudaEventRecord(s.event, s.a));
        succeed(cudaStreamWaitEvent(s.b, s.event, 0));
    }
    succeed(cudaMemcpyAsync(s.out, s.device, BYTES, cudaMemcpyDeviceToHost, s.b));
    succeed(cudaStreamSynchronize(s.b));
    uint8_t got = s.out[BYTES - 1];
    end(&s);
    return got;
}

/* Down in one stream, while the next upload, in another, may not come before. */
static uint8_t down_before_next(const char *order, bool with_event)
{
    two_streams s = begin(order);
    succeed(cudaMemset(s.device, 7, BYTES));
    succeed(cudaDeviceSynchronize());
    succeed(cudaMemcpyAsync(s.out, s.device, BYTES, cudaMemcpyDeviceToHost, s.b));
    if (with_event) {
        succeed(cudaEventRecord(s.event, s.b));
        succeed(cudaStreamWaitEvent(s.a, s.event, 0));
    }
    succeed(cudaMemcpyAsync(s.device, s.in, BYTES, cudaMemcpyHostToDevice, s.a));
    succeed(cudaStreamSynchronize(s.b));
    uint8_t got = s.out[0];
    succeed(cudaStreamSynchronize(s.a));
    end(&s);
    return got;
}

START_TEST(a_missing_event_gives_a_wrong_result)
{
    int wrong_up = 0, wrong_next = 0;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(up_and_down(orders[i], true), 1);
        ck_assert_int_eq(down_before_next(orders[i], true), 7);
        wrong_up += up_and_down(orders[i], false) != 1;
        wrong_next += down_before_next(orders[i], false) != 7;
    }
    ck_assert_int_ge(wrong_up, 1);
    ck_assert_int_ge(wrong_next, 1);
}
END_TEST

START_TEST(work_waits_until_somebody_waits_for_it)
{
    two_streams s = begin("forward");
    succeed(cudaMemcpyAsync(s.device, s.in, BYTES, cudaMemcpyHostToDevice, s.a));
    s.in[0] = 9; /* too early: the copy has not been made */
    succeed(cudaMemcpyAsync(s.out, s.device, BYTES, cudaMemcpyDeviceToHost, s.a));
    ck_assert_int_eq(s.out[0], 0);
    ck_assert_int_eq(cudaStreamQuery(s.a), cudaErrorNotReady);
    while (cudaStreamQuery(s.a) == cudaErrorNotReady) {
    } /* comes to an end */
    ck_assert_int_eq(s.out[0], 9);
    uint8_t pageable[BYTES];
    memset(pageable, 3, BYTES);
    succeed(cudaMemcpyAsync(s.device, pageable, BYTES, cudaMemcpyHostToDevice, s.a));
    pageable[0] = 4; /* pageable memory has been read by now */
    succeed(cudaMemcpyAsync(pageable, s.device, BYTES, cudaMemcpyDeviceToHost, s.a));
    ck_assert_int_eq(pageable[0], 3);
    end(&s);
}
END_TEST

START_TEST(stream_0_and_blocking_streams_wait_for_each_other)
{
    for (int i = 0; i < 3; i++) {
        two_streams s = begin(orders[i]);
        cudaStream_t blocking;
        succeed(cudaStreamCreate(&blocking));
        succeed(cudaMemcpyAsync(s.device, s.in, BYTES, cudaMemcpyHostToDevice, blocking));
        succeed(cudaMemcpy(s.out, s.device, BYTES, cudaMemcpyDeviceToHost));
        ck_assert_int_eq(s.out[5], 1);
        succeed(cudaMemsetAsync(s.device, 8, BYTES, 0));
        succeed(cudaMemcpyAsync(s.out, s.device, BYTES, cudaMemcpyDeviceToHost, blocking));
        succeed(cudaStreamSynchronize(blocking));
        ck_assert_int_eq(s.out[5], 8);
        succeed(cudaStreamDestroy(blocking));
        end(&s);
    }
}
END_TEST

static void count_up(void *self)
{
    ++*(int *)self;
}

START_TEST(a_captured_stream_can_be_launched_again)
{
    two_streams s = begin("forward");
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    int count = 0;
    succeed(cudaStreamBeginCapture(s.a, cudaStreamCaptureModeThreadLocal));
    succeed(cudaMemcpyAsync(s.device, s.in, BYTES, cudaMemcpyHostToDevice, s.a));
    succeed(cudaMemcpyAsync(s.out, s.device, BYTES, cudaMemcpyDeviceToHost, s.a));
    succeed(cudaLaunchHostFunc(s.a, count_up, &count));
    ck_assert_int_eq(cudaEventRecord(s.event, s.a), cudaErrorStreamCaptureUnsupported);
    ck_assert_int_eq(cudaStreamSynchronize(s.a), cudaErrorStreamCaptureUnsupported);
    succeed(cudaStreamEndCapture(s.a, &graph));
    succeed(cudaGraphInstantiate(&exec, graph, 0));
    succeed(cudaGraphDestroy(graph));
    for (uint8_t round = 1; round <= 3; round++) {
        s.in[0] = round;
        succeed(cudaGraphLaunch(exec, s.a));
        succeed(cudaStreamSynchronize(s.a));
        ck_assert_int_eq(s.out[0], round);
    }
    ck_assert_int_eq(count, 3);
    succeed(cudaGraphExecDestroy(exec));
    end(&s);
}
END_TEST

START_TEST(copies_the_wrong_way_round_are_refused)
{
    two_streams s = begin("forward");
    cudaError_t refused = cudaErrorInvalidValue;
    ck_assert_int_eq(cudaMemcpyAsync(s.in, s.device, BYTES, cudaMemcpyHostToDevice, s.a), refused);
    ck_assert_int_eq(cudaMemcpyAsync(s.device, s.in, BYTES, cudaMemcpyDeviceToHost, s.a), refused);
    ck_assert_int_eq(cudaMemcpyAsync(s.device, s.in, BYTES, cudaMemcpyDeviceToDevice, s.a), refused);
    ck_assert_int_eq(cudaMemcpyAsync(s.device, s.in, BYTES + 1, cudaMemcpyHostToDevice, s.a), refused);
    ck_assert_int_eq(cudaMemcpyAsync(s.device + 1, s.in, BYTES, cudaMemcpyHostToDevice, s.a), refused);
    ck_assert_int_eq(cudaMemsetAsync(s.in, 0, BYTES, s.a), refused);
    ck_assert_int_eq(cudaFree(s.device + 1), refused);
    ck_assert_int_eq(cudaFreeHost(s.device), refused);
    end(&s);
}
END_TEST

START_TEST(device_memory_ends_where_the_environment_says)
{
    size_t available, total;
    void *memory, *more;
    setenv("VLY_CUEMU_MEMORY", "100000", 1);
    succeed(cudaMalloc(&memory, 90000));
    succeed(cudaMemGetInfo(&available, &total));
    ck_assert_uint_eq(total, 100000);
    ck_assert_uint_eq(available, 10000);
    ck_assert_int_eq(cudaMalloc(&more, 10001), cudaErrorMemoryAllocation);
    ck_assert_ptr_null(more);
    ck_assert_int_eq(cuemu_counters_now().bytes_held, 90000);
    succeed(cudaFree(memory));
    succeed(cudaMalloc(&more, 100000));
    succeed(cudaFree(more));
}
END_TEST

static cudaError_t plan(const char *fault)
{
    setenv("VLY_TEST", "1", 1);
    return setenv("VLY_FAULT", fault, 1) == 0 ? cudaSuccess : cudaErrorUnknown;
}

START_TEST(planned_faults_come_at_their_call)
{
    void *memory;
    int device;
    plan("cuda:2=2");
    succeed(cudaGetDevice(&device));
    ck_assert_int_eq(cudaMalloc(&memory, 10), cudaErrorMemoryAllocation);
    succeed(cudaMalloc(&memory, 10));
    plan("cuda.cudaMemsetAsync:2=700");
    succeed(cudaMemsetAsync(memory, 0, 10, 0));
    ck_assert_int_eq(cudaGetDevice(&device), cudaSuccess);
    ck_assert_int_eq(cudaMemsetAsync(memory, 0, 10, 0), cudaErrorIllegalAddress);
    ck_assert_int_eq(cudaGetDevice(&device), cudaErrorIllegalAddress); /* for good */
    ck_assert_int_eq(cudaMalloc(&memory, 10), cudaErrorIllegalAddress);
    plan("cuda:1+=46");
    ck_assert_int_eq(cudaGetDevice(&device), cudaErrorDevicesUnavailable);
    ck_assert_int_eq(cudaGetDevice(&device), cudaErrorDevicesUnavailable);
    ck_assert_int_ge(cuemu_counters_now().faults, 4);
    plan("io.pwrite:1");
    succeed(cudaGetDevice(&device));
}
END_TEST

START_TEST(devices_are_as_many_as_the_environment_says)
{
    int count;
    setenv("VLY_CUEMU_DEVICES", "0", 1);
    ck_assert_int_eq(cudaGetDeviceCount(&count), cudaErrorNoDevice);
    setenv("VLY_CUEMU_DEVICES", "2", 1);
    succeed(cudaGetDeviceCount(&count));
    ck_assert_int_eq(count, 2);
    succeed(cudaSetDevice(1));
    ck_assert_int_eq(cudaSetDevice(2), cudaErrorInvalidDevice);
    struct cudaDeviceProp about;
    succeed(cudaGetDeviceProperties(&about, 1));
    ck_assert_int_ge(about.multiProcessorCount, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cuemu_streams");
    TEST_CASE(suite, a_missing_event_gives_a_wrong_result);
    TEST_CASE(suite, work_waits_until_somebody_waits_for_it);
    TEST_CASE(suite, stream_0_and_blocking_streams_wait_for_each_other);
    TEST_CASE(suite, a_captured_stream_can_be_launched_again);
    TEST_CASE(suite, copies_the_wrong_way_round_are_refused);
    TEST_CASE(suite, device_memory_ends_where_the_environment_says);
    TEST_CASE(suite, planned_faults_come_at_their_call);
    TEST_CASE(suite, devices_are_as_many_as_the_environment_says);
    return test_run(suite);
}
