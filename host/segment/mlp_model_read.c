/* Reads a model's file. Nothing in it is believed before it has been checked. */
#include "segment/mlp_model.h"

#include "core/file.h"
#include "core/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *path;
    uint8_t *bytes;       /* of the file */
    int64_t length, data; /* of the file; where the tensors begin */
    json_t *header;
    vly_mlp *mlp;
} reader;

/* format: with one %s, for `what`. */
#define REFUSE(r, format, what) vly_fail(VLY_EDATA, "%s: " format " (E_FORMAT)", (r)->path, what)

static vly_status load_bytes(reader *r)
{
    vly_file file;
    const int64_t most =
        8 + VLY_MLP_HEADER_MOST + 4 * ((int64_t)VLY_MLP_VALUES * VLY_MLP_TRIES_MAX + VLY_MLP_SHARED_MOST);
    VLY_TRY(vly_file_open(&file, r->path));
    vly_status status = vly_file_size(&file, &r->length);
    if (status == VLY_OK && (r->length < 10 || r->length > most))
        status = vly_fail(VLY_EDATA, "%s: %lld bytes, no model of this network has that many (E_FORMAT)", r->path,
                          (long long)r->length);
    if (status == VLY_OK) status = vly_alloc((void **)&r->bytes, r->length, 1, "model");
    if (status == VLY_OK) status = vly_file_read(&file, r->bytes, r->length, 0);
    vly_file_close(&file);
    return status;
}

static vly_status parse_header(reader *r)
{
    uint64_t length = 0;
    json_error_t error;
    for (int b = 0; b < 8; b++) length |= (uint64_t)r->bytes[b] << (8 * b);
    if (length > VLY_MLP_HEADER_MOST || length > (uint64_t)r->length - 8)
        return vly_fail(VLY_EDATA,
                        "%s: its header claims %llu bytes, the file has %lld: no safetensors, or damaged "
                        "(E_FORMAT)",
                        r->path, (unsigned long long)length, (long long)r->length);
    r->data = 8 + (int64_t)length;
    r->header = json_loadb((const char *)r->bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!r->header) return REFUSE(r, "its header is no JSON: %s", error.text);
    if (!json_is_object(r->header)) return REFUSE(r, "its header is no %s", "JSON object");
    return VLY_OK;
}

/* Index of a word among `count`, or -1. */
static int word_of(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count && word; i++)
        if (strcmp(word, words[i]) == 0) return i;
    return -1;
}

static double number_of(const json_t *metadata, const char *key)
{
    const char *text = json_string_value(json_object_get(metadata, key));
    char *end = NULL;
    double value = text ? strtod(text, &end) : NAN;
    return text && *text && *end == 0 ? value : NAN;
}

static vly_status read_metadata(reader *r)
{
    const json_t *metadata = json_object_get(r->header, "__metadata__");
    const char *shape = json_string_value(json_object_get(metadata, "arch"));
    const char *seed = json_string_value(json_object_get(metadata, "seed"));
    int activation = word_of(json_string_value(json_object_get(metadata, "activation")), vly_mlp_activations, 3);
    int split = word_of(json_string_value(json_object_get(metadata, "split")), vly_mlp_splits, 3);
    double um = number_of(metadata, "voxel_um");
    double members = json_object_get(metadata, "members") ? number_of(metadata, "members") : 1.0;
    if (!shape || strcmp(shape, vly_mlp_shape) != 0)
        return REFUSE(r, "architecture \"%s\", 125-75-75-75-75-75-3 expected", shape ? shape : "");
    if (activation < 0) return REFUSE(r, "its %s is none of relu, tanh, logistic", "activation");
    if (!(um >= 1e-4 && um <= 1e3)) return REFUSE(r, "its %s is no size from 0.0001 to 1000", "voxel_um");
    if (!(members >= 1.0 && members <= VLY_MLP_TRIES_MAX && members == floor(members)))
        return REFUSE(r, "its number of %s is none from 1 to 64", "members");
    r->mlp->other_count = (int32_t)members - 1;
    r->mlp->levels.known = json_object_get(r->header, "levels") != NULL;
    r->mlp->seen.known = json_object_get(r->header, "seen_mean") != NULL;
    r->mlp->activation = (vly_mlp_activation)activation;
    r->mlp->split = split < 0 ? VLY_MLP_GROUP : (vly_mlp_split)split;
    r->mlp->voxel_size = um * 1e-6;
    r->mlp->seed = seed ? strtoull(seed, NULL, 10) : 0;
    r->mlp->validation = number_of(metadata, "val_mse");
    r->mlp->test = number_of(metadata, "test_mse");
    return VLY_OK;
}

static bool has_shape(const json_t *entry, const vly_mlp_tensor *x)
{
    const json_t *shape = json_object_get(entry, "shape");
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    size_t sides = x->side[1] ? 2 : 1;
    if (!type || strcmp(type, "F32") != 0 || json_array_size(shape) != sides) return false;
    for (size_t i = 0; i < sides; i++)
        if (!json_is_integer(json_array_get(shape, i)) || json_integer_value(json_array_get(shape, i)) != x->side[i])
            return false;
    return true;
}

static vly_status read_tensor(const reader *r, const vly_mlp_tensor *x, int64_t *begin)
{
    const json_t *entry = json_object_get(r->header, x->name), *offsets = json_object_get(entry, "data_offsets");
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    if (!entry) return REFUSE(r, "tensor %s is missing", x->name);
    if (!has_shape(entry, x)) return REFUSE(r, "tensor %s has another type or shape than F32 of this network", x->name);
    if (!json_is_integer(from) || !json_is_integer(to)) return REFUSE(r, "tensor %s has no offsets", x->name);
    *begin = json_integer_value(from);
    if (*begin < 0 || *begin > r->length - r->data - 4 * x->values || json_integer_value(to) - *begin != 4 * x->values)
        return REFUSE(r, "tensor %s does not lie inside the file, or its length is wrong", x->name);
    for (int64_t i = 0; i < x->values; i++) {
        const uint8_t *at = r->bytes + r->data + *begin + 4 * i;
        uint32_t bits = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        float value;
        memcpy(&value, &bits, 4);
        if (!isfinite(value)) return REFUSE(r, "tensor %s holds values that are not finite", x->name);
        x->data[vly_mlp_tensor_at(x, i)] = value;
    }
    return VLY_OK;
}

/* Metadata has said how many networks there are. */
static vly_status read_tensors(const reader *r)
{
    vly_mlp_tensor tensors[VLY_MLP_TENSORS_MOST];
    int64_t begin[VLY_MLP_TENSORS_MOST];
    vly_mlp *m = r->mlp;
    if (m->other_count > 0) VLY_TRY(VLY_NEW(&m->others, (int64_t)m->other_count * VLY_MLP_VALUES, "model"));
    const int32_t count = vly_mlp_tensors(tensors, m);
    for (int32_t t = 0; t < count; t++) VLY_TRY(read_tensor(r, &tensors[t], &begin[t]));
    for (int32_t t = 0; t < count; t++)
        for (int32_t u = 0; u < t; u++)
            if (begin[u] < begin[t] + 4 * tensors[t].values && begin[t] < begin[u] + 4 * tensors[u].values)
                return REFUSE(r, "tensor %s overlaps another one", tensors[t].name);
    if (json_object_size(r->header) != (size_t)count + 1) return REFUSE(r, "it holds %s of another network", "tensors");
    if (!(m->sd > 0.0f)) return REFUSE(r, "its %s is not above zero", "standard deviation");
    if (m->levels.known && !(m->levels.level[0] < m->levels.level[1]))
        return REFUSE(r, "its %s are not pore below active material", "grey levels");
    for (int i = 1; i < VLY_MLP_RANKS && m->levels.known; i++)
        if (!(m->levels.quantile[i - 1] <= m->levels.quantile[i])) return REFUSE(r, "its %s descend", "quantiles");
    return VLY_OK;
}

vly_status vly_mlp_read(vly_mlp **out, const char *path)
{
    reader r = {.path = path};
    *out = NULL;
    vly_status status = load_bytes(&r);
    if (status == VLY_OK) status = parse_header(&r);
    if (status == VLY_OK) status = VLY_NEW(&r.mlp, 1, "model");
    if (status == VLY_OK) status = read_metadata(&r);
    if (status == VLY_OK) status = read_tensors(&r);
    json_decref(r.header);
    vly_free(r.bytes);
    if (status == VLY_OK)
        *out = r.mlp;
    else
        vly_mlp_free(r.mlp);
    return status;
}
