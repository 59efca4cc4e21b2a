/* The network as a file that Python's safetensors reads: 8 bytes with the length of a JSON header, the header, the tensors. */
#include "segment/mlp_model.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/text.h"

#include <assert.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *const vly_mlp_activations[3] = {"relu", "tanh", "logistic"};
const char *const vly_mlp_splits[3] = {"group", "block", "paper"};
const char vly_mlp_shape[] = "125-75-75-75-75-75-3";

static_assert(offsetof(vly_mlp, sd) == offsetof(vly_mlp, mean) + sizeof(float), "norm is a tensor of two values");

/* W1, b1, ..., W6, b6 of a network; m1.W1 and so on of the first beside the best. */
static vly_mlp_tensor tensor_of(vly_mlp *m, int32_t member, int32_t t)
{
    int32_t l = t / 2, ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
    float *weights = member == 0 ? m->weights : m->others + (int64_t)(member - 1) * VLY_MLP_VALUES;
    vly_mlp_tensor out = {.side = {outs, t % 2 ? 0 : ins},
                          .values = t % 2 ? outs : (int64_t)outs * ins,
                          .data = weights + vly_mlp_first(l) + (t % 2 ? ins * outs : 0),
                          .turned = t % 2 == 0};
    char *name = out.name;
    if (member > 0) {
        *name++ = 'm';
        if (member >= 10) *name++ = (char)('0' + member / 10);
        *name++ = (char)('0' + member % 10);
        *name++ = '.';
    }
    *name++ = t % 2 ? 'b' : 'W';
    *name = (char)('1' + l);
    return out;
}

int32_t vly_mlp_tensors(vly_mlp_tensor out[VLY_MLP_TENSORS_MOST], vly_mlp *m)
{
    int32_t count = 0;
    for (int32_t member = 0; member <= m->other_count; member++)
        for (int32_t t = 0; t < 2 * VLY_MLP_LAYERS; t++) out[count++] = tensor_of(m, member, t);
    out[count++] = (vly_mlp_tensor){"norm", {2, 0}, 2, &m->mean, false};
    if (m->levels.known) {
        const int32_t n = VLY_MLP_RANKS;
        out[count++] = (vly_mlp_tensor){"levels", {2, 0}, 2, m->levels.level, false};
        out[count++] = (vly_mlp_tensor){"quantiles", {n, 0}, n, m->levels.quantile, false};
    }
    if (m->seen.known) {
        const int32_t n = VLY_MLP_ORBITS;
        out[count++] = (vly_mlp_tensor){"seen_mean", {n, 0}, n, m->seen.mean, false};
        out[count++] = (vly_mlp_tensor){"seen_whiten", {n, n}, n * n, m->seen.whiten[0], false};
        out[count++] = (vly_mlp_tensor){"seen_limit", {1, 0}, 1, &m->seen.limit, false};
    }
    return count;
}

int64_t vly_mlp_tensor_at(const vly_mlp_tensor *tensor, int64_t value)
{
    return tensor->turned ? value % tensor->side[1] * tensor->side[0] + value / tensor->side[1] : value;
}

/* ---- writing ---- */

static json_t *text_of(const char *format, double value)
{
    char text[64];
    snprintf(text, sizeof text, format, value);
    return json_string(text);
}

static json_t *metadata_of(const vly_mlp *m)
{
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)m->seed);
    return json_pack("{ss ss ss so ss ss ss so so so ss}", "format", "voxelyte mlp 1", "arch", vly_mlp_shape,
                     "activation", vly_mlp_activations[m->activation], "voxel_um",
                     text_of("%.12g", m->voxel_size * 1e6), "order", "am,cbd,pore", "split", vly_mlp_splits[m->split],
                     "seed", seed, "val_mse", text_of("%.9g", m->validation), "test_mse", text_of("%.9g", m->test),
                     "members", text_of("%g", m->other_count + 1), "calibration", m->levels.known ? "levels" : "none");
}

static json_t *header_of(const vly_mlp *m, const vly_mlp_tensor *tensors, int32_t count)
{
    json_t *root = json_pack("{so}", "__metadata__", metadata_of(m));
    int64_t at = 0;
    for (const vly_mlp_tensor *x = tensors; x < tensors + count; x++) {
        json_t *shape = x->side[1] ? json_pack("[ii]", x->side[0], x->side[1]) : json_pack("[i]", x->side[0]);
        json_t *entry = json_pack("{ss so s[II]}", "dtype", "F32", "shape", shape, "data_offsets", (json_int_t)at,
                                  (json_int_t)at + 4 * (json_int_t)x->values);
        if (json_object_set_new(root, x->name, entry) != 0) {
            json_decref(root);
            return NULL;
        }
        at += 4 * x->values;
    }
    return root;
}

static int add_text(const char *buffer, size_t size, void *text)
{
    vly_text_bytes(text, buffer, (int64_t)size);
    return ((vly_text *)text)->status == VLY_OK ? 0 : -1;
}

/* Header and tensors; the header is filled up with spaces so that the data begin at a multiple of 8. */
static vly_status encode(vly_text *out, const vly_mlp *mlp)
{
    vly_mlp_tensor tensors[VLY_MLP_TENSORS_MOST];
    int32_t count = vly_mlp_tensors(tensors, (vly_mlp *)mlp);
    uint8_t bytes[8] = {0};
    json_t *header = header_of(mlp, tensors, count);
    vly_text_bytes(out, (char *)bytes, 8);
    int failed = !header || json_dump_callback(header, add_text, out, JSON_COMPACT | JSON_PRESERVE_ORDER) != 0;
    json_decref(header);
    if (failed) return vly_fail(VLY_EMEMORY, "model: out of memory");
    while (out->length % 8 != 0 && out->status == VLY_OK) vly_text_bytes(out, " ", 1);
    const int64_t header_bytes = out->length - 8;
    for (const vly_mlp_tensor *x = tensors; x < tensors + count; x++)
        for (int64_t i = 0; i < x->values; i++) {
            uint32_t bits;
            memcpy(&bits, x->data + vly_mlp_tensor_at(x, i), 4);
            for (int b = 0; b < 4; b++) bytes[b] = (uint8_t)(bits >> (8 * b));
            vly_text_bytes(out, (char *)bytes, 4);
        }
    VLY_TRY(out->status);
    for (int b = 0; b < 8; b++) out->text[b] = (char)(header_bytes >> (8 * b));
    return VLY_OK;
}

vly_status vly_mlp_write(const vly_mlp *mlp, const char *path, bool overwrite)
{
    vly_text text = {.text = NULL};
    vly_draft draft;
    vly_status status = encode(&text, mlp);
    if (status == VLY_OK) {
        status = vly_draft_open(&draft, path, overwrite);
        if (status == VLY_OK) {
            status = vly_file_write(&draft.file, text.text, text.length, 0);
            if (status == VLY_OK) status = vly_draft_publish(&draft);
            vly_draft_close(&draft);
        }
    }
    vly_text_free(&text);
    return status;
}

void vly_mlp_free(vly_mlp *mlp)
{
    if (!mlp) return;
    vly_free(mlp->others);
    vly_free(mlp);
}

double vly_mlp_voxel_size(const vly_mlp *mlp)
{
    return mlp->voxel_size;
}

int32_t vly_mlp_members(const vly_mlp *mlp)
{
    return mlp->other_count + 1;
}
