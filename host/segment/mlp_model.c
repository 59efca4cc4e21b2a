/* The network as a file that Python's safetensors reads: 8 bytes with the length of a JSON header, the header, the tensors.
 * Nothing in a file is believed before it has been checked. */
#include "segment/mlp_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/text.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MOST = 1 << 20, TENSORS = 2 * VLY_MLP_LAYERS + 1, VALUES = VLY_MLP_VALUES + 2 };

static const char *const activations[] = {"relu", "tanh", "logistic"};
static const char *const splits[] = {"group", "block", "paper"};
static const char arch[] = "125-75-75-75-75-75-3";

/* The tensor-th: W1, b1, ..., W6, b6, norm. */
typedef struct tensor {
    char name[16];
    int32_t side[2]; /* side[1] 0: one dimension */
    int64_t values;
} tensor;

static tensor tensor_at(int t)
{
    tensor out = {.name = "norm", .side = {2, 0}, .values = 2};
    if (t == TENSORS - 1) return out;
    int32_t l = t / 2, ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
    snprintf(out.name, sizeof out.name, "%c%d", t % 2 ? 'b' : 'W', l + 1);
    out.side[0] = outs;
    out.side[1] = t % 2 ? 0 : ins;
    out.values = t % 2 ? outs : (int64_t)outs * ins;
    return out;
}

/* Where value i of a tensor stands in the model. */
static float *value_of(vly_mlp *mlp, int t, int64_t i)
{
    if (t == TENSORS - 1) return i == 0 ? &mlp->mean : &mlp->sd;
    int32_t l = t / 2, ins = vly_mlp_ins(l), outs = vly_mlp_outs(l);
    int64_t at = t % 2 ? (int64_t)ins * outs + i : i % ins * outs + i / ins;
    return &mlp->weights[vly_mlp_first(l) + at];
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
    return json_pack("{ss ss ss so ss ss ss so so}", "format", "voxelyte mlp 1", "arch", arch, "activation",
                     activations[m->activation], "voxel_um", text_of("%.12g", m->voxel_size * 1e6), "order",
                     "am,cbd,pore", "split", splits[m->split], "seed", seed, "val_mse", text_of("%.9g", m->validation),
                     "test_mse", text_of("%.9g", m->test));
}

static json_t *header_of(const vly_mlp *m)
{
    json_t *root = json_pack("{so}", "__metadata__", metadata_of(m));
    int64_t at = 0;
    for (int t = 0; t < TENSORS; t++) {
        tensor x = tensor_at(t);
        json_t *shape = x.side[1] ? json_pack("[ii]", x.side[0], x.side[1]) : json_pack("[i]", x.side[0]);
        json_t *entry = json_pack("{ss so s[II]}", "dtype", "F32", "shape", shape, "data_offsets", (json_int_t)at,
                                  (json_int_t)at + 4 * (json_int_t)x.values);
        if (json_object_set_new(root, x.name, entry) != 0) {
            json_decref(root);
            return NULL;
        }
        at += 4 * x.values;
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
    uint8_t bytes[8] = {0};
    json_t *header = header_of(mlp);
    vly_text_bytes(out, (char *)bytes, 8);
    int failed = !header || json_dump_callback(header, add_text, out, JSON_COMPACT | JSON_PRESERVE_ORDER) != 0;
    json_decref(header);
    if (failed) return vly_fail(VLY_EMEMORY, "model: out of memory");
    while (out->length % 8 != 0 && out->status == VLY_OK) vly_text_bytes(out, " ", 1);
    for (int t = 0; t < TENSORS; t++)
        for (int64_t i = 0; i < tensor_at(t).values; i++) {
            uint32_t bits;
            memcpy(&bits, value_of((vly_mlp *)mlp, t, i), 4);
            for (int b = 0; b < 4; b++) bytes[b] = (uint8_t)(bits >> (8 * b));
            vly_text_bytes(out, (char *)bytes, 4);
        }
    VLY_TRY(out->status);
    uint64_t length = (uint64_t)(out->length - 8 - 4 * VALUES);
    for (int b = 0; b < 8; b++) out->text[b] = (char)(length >> (8 * b));
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

/* ---- reading ---- */

typedef struct reader {
    const char *path;
    uint8_t *bytes;       /* of the file */
    int64_t length, data; /* of the file; where the tensors begin */
    json_t *header;
    vly_mlp *mlp;
} reader;

static vly_status refuse(const reader *r, const char *format, const char *what)
{
    char text[200];
    snprintf(text, sizeof text, format, what);
    return vly_fail(VLY_EDATA, "%s: %s (E_FORMAT)", r->path, text);
}

static vly_status load_bytes(reader *r)
{
    vly_file file;
    const int64_t most = 8 + HEADER_MOST + 4 * VALUES;
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
    if (length > HEADER_MOST || length > (uint64_t)r->length - 8)
        return vly_fail(VLY_EDATA,
                        "%s: its header claims %llu bytes, the file has %lld: no safetensors, or damaged "
                        "(E_FORMAT)",
                        r->path, (unsigned long long)length, (long long)r->length);
    r->data = 8 + (int64_t)length;
    r->header = json_loadb((const char *)r->bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!r->header) return refuse(r, "its header is no JSON: %s", error.text);
    if (!json_is_object(r->header)) return refuse(r, "its header is no %s", "JSON object");
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
    int activation = word_of(json_string_value(json_object_get(metadata, "activation")), activations, 3);
    int split = word_of(json_string_value(json_object_get(metadata, "split")), splits, 3);
    double um = number_of(metadata, "voxel_um");
    if (!shape || strcmp(shape, arch) != 0)
        return refuse(r, "architecture \"%s\", 125-75-75-75-75-75-3 expected", shape ? shape : "");
    if (activation < 0) return refuse(r, "its %s is none of relu, tanh, logistic", "activation");
    if (!(um >= 1e-4 && um <= 1e3)) return refuse(r, "its %s is no size from 0.0001 to 1000", "voxel_um");
    r->mlp->activation = (vly_mlp_activation)activation;
    r->mlp->split = split < 0 ? VLY_MLP_GROUP : (vly_mlp_split)split;
    r->mlp->voxel_size = um * 1e-6;
    r->mlp->seed = seed ? strtoull(seed, NULL, 10) : 0;
    r->mlp->validation = number_of(metadata, "val_mse");
    r->mlp->test = number_of(metadata, "test_mse");
    return VLY_OK;
}

static bool has_shape(const json_t *entry, const tensor *x)
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

static vly_status read_tensor(reader *r, int t, int64_t *begin)
{
    const tensor x = tensor_at(t);
    const json_t *entry = json_object_get(r->header, x.name), *offsets = json_object_get(entry, "data_offsets");
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    if (!entry) return refuse(r, "tensor %s is missing", x.name);
    if (!has_shape(entry, &x)) return refuse(r, "tensor %s has another type or shape than F32 of this network", x.name);
    if (!json_is_integer(from) || !json_is_integer(to)) return refuse(r, "tensor %s has no offsets", x.name);
    *begin = json_integer_value(from);
    if (*begin < 0 || *begin > r->length - r->data - 4 * x.values || json_integer_value(to) - *begin != 4 * x.values)
        return refuse(r, "tensor %s does not lie inside the file, or its length is wrong", x.name);
    for (int64_t i = 0; i < x.values; i++) {
        const uint8_t *at = r->bytes + r->data + *begin + 4 * i;
        uint32_t bits = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        float value;
        memcpy(&value, &bits, 4);
        if (!isfinite(value)) return refuse(r, "tensor %s holds values that are not finite", x.name);
        *value_of(r->mlp, t, i) = value;
    }
    return VLY_OK;
}

static vly_status read_tensors(reader *r)
{
    int64_t begin[TENSORS];
    for (int t = 0; t < TENSORS; t++) VLY_TRY(read_tensor(r, t, &begin[t]));
    for (int t = 0; t < TENSORS; t++)
        for (int u = 0; u < t; u++)
            if (begin[u] < begin[t] + 4 * tensor_at(t).values && begin[t] < begin[u] + 4 * tensor_at(u).values)
                return refuse(r, "tensor %s overlaps another one", tensor_at(t).name);
    if (json_object_size(r->header) != TENSORS + 1) return refuse(r, "it holds %s of another network", "tensors");
    if (!(r->mlp->sd > 0.0f)) return refuse(r, "its %s is not above zero", "standard deviation");
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

void vly_mlp_free(vly_mlp *mlp)
{
    vly_free(mlp);
}

double vly_mlp_voxel_size(const vly_mlp *mlp)
{
    return mlp->voxel_size;
}
