/* Captured streams: a list of work that can be queued again and again. */
#include "cuemu_impl.h"

#include <stdlib.h>

struct CUgraphExec_st {
    cudaGraph_t graph;
};

static void release(cudaGraph_t graph)
{
    if (--graph->users > 0) return;
    while (graph->first) {
        cuemu_op *op = graph->first;
        graph->first = op->next;
        cuemu_op_free(op);
    }
    free(graph);
}

void cuemu_graph_run(cudaGraphExec_t exec)
{
    for (const cuemu_op *op = exec->graph->first; op; op = op->next) cuemu_execute(op);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, enum cudaStreamCaptureMode mode)
{
    CUEMU_ENTER();
    (void)mode;
    cudaStream_t stream = handle ? cuemu_stream(handle) : NULL; /* the stream 0 cannot be captured */
    if (!stream || stream->capture) return cuemu_leave(cudaErrorStreamCaptureUnsupported);
    stream->capture = calloc(1, sizeof *stream->capture);
    if (!stream->capture) return cuemu_leave(cudaErrorMemoryAllocation);
    stream->capture->users = 1;
    return cuemu_leave(cudaSuccess);
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *graph)
{
    cudaError_t error = cuemu_enter(__func__);
    cudaStream_t stream = cuemu_stream(handle);
    *graph = stream ? stream->capture : NULL;
    if (!*graph) return cuemu_leave(cudaErrorStreamCaptureInvalidated);
    stream->capture = NULL;
    return cuemu_leave(error);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
    CUEMU_ENTER();
    (void)flags;
    if (!graph) return cuemu_leave(cudaErrorInvalidValue);
    *exec = malloc(sizeof **exec);
    if (!*exec) return cuemu_leave(cudaErrorMemoryAllocation);
    (*exec)->graph = graph;
    graph->users++;
    return cuemu_leave(cudaSuccess);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    CUEMU_ENTER();
    cuemu_op op = {.kind = OP_GRAPH, .graph = exec};
    cudaError_t error = exec ? cuemu_enqueue(stream, &op) : cudaErrorInvalidValue;
    cuemu_count.launches += error == cudaSuccess;
    return cuemu_leave(error);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    cudaError_t error = cuemu_enter(__func__);
    if (!graph) return cuemu_leave(cudaErrorInvalidValue);
    release(graph);
    return cuemu_leave(error);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    cudaError_t error = cuemu_enter(__func__);
    if (!exec) return cuemu_leave(cudaErrorInvalidValue);
    cudaError_t late = cuemu_finish_all(); /* it may still be queued */
    if (error == cudaSuccess) error = late;
    release(exec->graph);
    free(exec);
    return cuemu_leave(error);
}
