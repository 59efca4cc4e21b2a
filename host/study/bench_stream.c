/* Streaming: thresholding a file four times larger than the memory limit, against the same file resident. The contract is a
 * factor of 1.3 over the resident run plus the decoding of every pass beyond its first. */
#include "study/bench_impl.h"

#include "core/memory.h"
#include "voxelyte/threshold.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PASSES = 3 }; /* histogram, ties, labels */

typedef struct streaming {
    vly_benching *bench;
    char path[512];
    int64_t limit;  /* bytes for the run at hand */
    uint8_t *pages; /* decoding alone: one group of pages a thread */
    vly_source *source;
    int64_t decode_bytes; /* scratch of one decoding thread */
} streaming;

static vly_status write_file(const streaming *s)
{
    vly_sink *sink;
    vly_sink_options options = {.extent = s->bench->region.data, .type = VLY_U16, .overwrite = true};
    VLY_TRY(vly_sink_open(&sink, s->path, s->bench->device, &options));
    vly_status status = vly_sink_write(sink, options.extent.nz, s->bench->host_grey);
    if (status == VLY_OK) status = vly_sink_finish(sink);
    vly_sink_close(sink);
    return status;
}

static vly_status threshold(void *self)
{
    streaming *s = self;
    vly_threshold_result result;
    vly_threshold_options options = VLY_THRESHOLD_OPTIONS_INIT;
    vly_source *grey;
    vly_sink *labels;
    int64_t before = s->bench->device->memory_limit;
    VLY_TRY(vly_source_open(&grey, s->path, NULL));
    VLY_TRY(vly_source_grey(&grey, grey, s->bench->device, 0, 0));
    vly_status status = vly_sink_memory(&labels, s->bench->host_label, VLY_U8, s->bench->region.data);
    if (status == VLY_OK) {
        s->bench->device->memory_limit = s->limit;
        status = vly_threshold(&result, s->bench->device, grey, labels, &options);
        s->bench->device->memory_limit = before;
        vly_sink_close(labels);
    }
    if (status == VLY_OK) vly_threshold_result_free(&result);
    vly_source_close(grey);
    return status;
}

static vly_status decode_page(void *self, int64_t z, int32_t worker)
{
    streaming *s = self;
    int64_t page = s->bench->grey.bytes / s->bench->region.data.nz;
    return vly_source_read(s->source, (int32_t)z, 1, s->pages + worker * page);
}

static vly_status decode(void *self)
{
    streaming *s = self;
    VLY_TRY(vly_source_open(&s->source, s->path, NULL));
    s->decode_bytes = vly_source_info(s->source)->decode_bytes;
    vly_status status = vly_pool_run(s->bench->device->pool, s->bench->region.data.nz, decode_page, s);
    vly_source_close(s->source);
    return status;
}

static vly_status measure(streaming *s)
{
    vly_benching *b = s->bench;
    vly_bench_row *decoding, *resident, *streamed;
    int64_t page = b->grey.bytes / b->region.data.nz, held = vly_memory_held();
    VLY_TRY(vly_alloc_raw((void **)&s->pages, page, b->device->pool->threads, "pages"));
    VLY_TRY(vly_bench_time(b, &decoding, "stream", decode, s));
    vly_bench_rate(b, decoding, (double)b->grey.bytes / b->ceilings.copy, "decode the TIFF file once",
                   "2 bytes a voxel at copy speed");
    s->limit = INT64_MAX;
    VLY_TRY(vly_bench_time(b, &resident, "stream", threshold, s));
    vly_bench_rate(b, resident, 0, "threshold a file, resident", "");
    /* what the bench holds, the decoders' scratch and what thresholding reserves come on top of the quarter */
    s->limit = held + b->device->pool->threads * (page + s->decode_bytes) + (INT64_C(17) << 20) + b->grey.bytes / 4;
    VLY_TRY(vly_bench_time(b, &streamed, "stream", threshold, s));
    double allowed = 1.3 * resident->seconds + (PASSES - 1) * decoding->seconds;
    vly_bench_rate(b, streamed, allowed, "threshold it within a quarter of its size",
                   "1.3 times resident, and two more decodings");
    resident->bound = 0.0;
    return VLY_OK;
}

vly_status vly_bench_stream(vly_benching *bench)
{
    streaming s = {.bench = bench};
    const char *folder = bench->options->scratch ? bench->options->scratch : getenv("TMPDIR");
    snprintf(s.path, sizeof s.path, "%s/.voxelyte-bench-%ld.tif", folder && *folder ? folder : "/tmp", (long)getpid());
    vly_status status = write_file(&s);
    if (status == VLY_OK) status = measure(&s);
    vly_free(s.pages);
    unlink(s.path);
    return status;
}
