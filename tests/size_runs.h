/* Measuring the sizes of a volume in memory, with what is asked for by default. */
#ifndef VLY_SIZE_RUNS_H
#define VLY_SIZE_RUNS_H

#include "size_maps.h"

#include <math.h>

static inline vly_granulometry_options options_of(uint32_t phases)
{
    vly_granulometry_options options = VLY_GRANULOMETRY_OPTIONS_INIT;
    options.phases = phases;
    return options;
}

static inline vly_granulometry measure(vly_device *device, const uint8_t *label, vly_extent e,
                                       const vly_granulometry_options *options)
{
    vly_granulometry g;
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, label, VLY_U8, e, NULL), VLY_OK);
    ck_assert_msg(vly_granulometry_measure(&g, device, source, options) == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
    return g;
}

typedef struct maps {
    int32_t *d2, *thick;
} maps;

static inline maps map(vly_device *device, const uint8_t *label, vly_extent e, const vly_granulometry_options *options)
{
    maps m = {malloc((size_t)vly_extent_voxels(e) * 4), malloc((size_t)vly_extent_voxels(e) * 4)};
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, label, VLY_U8, e, NULL), VLY_OK);
    ck_assert_msg(vly_granulometry_maps(m.d2, m.thick, device, source, options) == VLY_OK, "%s", vly_error_message());
    vly_source_close(source);
    return m;
}

static inline void drop(maps *m)
{
    free(m->d2);
    free(m->thick);
}

#endif
