/* What a field knows besides labels, as volumes: fractions, entropy, spread. */
#include "core/memory.h"
#include "segment/mlp_field.h"
#include "segment/mlp_impl.h"

#include <math.h>
#include <string.h>

typedef struct map {
    vly_mlp_field *field;
    int32_t channels;
    void (*tell)(float *to, const float logit[2], float spread); /* of a voxel inside; elsewhere all is 0 */
    float *page;                                                 /* (page, channels) */
    float *room;                                                 /* (3 VLY_MLP_PIECE) */
} map;

static void tell_fractions(float *to, const float logit[2], float spread)
{
    (void)spread;
    vly_mlp_softmax(to, logit[0], logit[1]);
}

static void tell_entropy(float *to, const float logit[2], float spread)
{
    (void)spread;
    *to = vly_mlp_entropy_of(logit);
}

static void tell_spread(float *to, const float logit[2], float spread)
{
    (void)logit;
    *to = spread;
}

static vly_status fill_page(const map *m, int32_t z)
{
    const int64_t page = (int64_t)m->field->extent.nx * m->field->extent.ny;
    memset(m->page, 0, (size_t)(page * m->channels) * sizeof *m->page);
    for (int64_t at = 0; at < page; at += VLY_MLP_PIECE) {
        const int64_t n = page - at < VLY_MLP_PIECE ? page - at : VLY_MLP_PIECE;
        const float *logit, *spread;
        VLY_TRY(vly_mlp_field_piece(&logit, m->field, z * page + at, n, m->room));
        VLY_TRY(vly_mlp_field_spread(&spread, m->field, z * page + at, n, m->room + 2 * VLY_MLP_PIECE));
        for (int64_t i = 0; i < n; i++)
            if (!isnan(logit[2 * i])) m->tell(m->page + (at + i) * m->channels, logit + 2 * i, spread[i]);
    }
    return VLY_OK;
}

static vly_status write_map(vly_mlp_field *field, vly_sink *sink, int32_t channels,
                            void (*tell)(float *, const float *, float))
{
    const vly_extent e = field->extent;
    map m = {.field = field, .channels = channels, .tell = tell};
    vly_status status = VLY_NEW(&m.page, (int64_t)e.nx * e.ny * channels, "a page");
    if (status == VLY_OK) status = VLY_NEW(&m.room, 3 * VLY_MLP_PIECE, "a piece");
    for (int32_t z = 0; z < e.nz && status == VLY_OK; z++) {
        status = fill_page(&m, z);
        if (status == VLY_OK) status = vly_device_stop(field->device);
        if (status == VLY_OK) status = vly_sink_write(sink, 1, m.page);
    }
    vly_free(m.page);
    vly_free(m.room);
    return status;
}

vly_status vly_mlp_fractions(vly_mlp_field *field, vly_sink *composition)
{
    return write_map(field, composition, VLY_PHASES, tell_fractions);
}

vly_status vly_mlp_entropy(vly_mlp_field *field, vly_sink *entropy)
{
    return write_map(field, entropy, 1, tell_entropy);
}

vly_status vly_mlp_spread(vly_mlp_field *field, vly_sink *spread)
{
    if (!field->spreads)
        return vly_fail(VLY_EUSAGE, "spread: one network alone has none, a model of train --ensemble expected");
    return write_map(field, spread, 1, tell_spread);
}
