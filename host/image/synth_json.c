#include "image/synth_json.h"

#include "core/text.h"
#include "image/synth_structure.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

/* Values are made without looking: NULL travels outwards until the document is marked. */
typedef struct builder {
    json_t *root;
    bool broken;
} builder;

static void set(builder *b, const char *key, json_t *value)
{
    if (json_object_set_new(b->root, key, value) != 0) b->broken = true;
}

/* Takes both; NULL if either is. */
static json_t *with(json_t *array, json_t *value)
{
    if (array && json_array_append_new(array, value) == 0) return array;
    json_decref(array);
    return NULL;
}

static json_t *numbers(const double *values, int count, double unit)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++) array = with(array, json_real(values[i] * unit));
    return array;
}

static json_t *extent_of(vly_extent e)
{
    return json_pack("[iii]", e.nx, e.ny, e.nz);
}

static json_t *phases(const int64_t counts[VLY_PHASES])
{
    return json_pack("{sI sI sI}", "am", (json_int_t)counts[VLY_AM], "cbd", (json_int_t)counts[VLY_CBD], "pore",
                     (json_int_t)counts[VLY_PORE]);
}

static json_t *shares(const int64_t parts[VLY_PHASES], double whole)
{
    return json_pack("{sf sf sf}", "am", (double)parts[VLY_AM] / whole, "cbd", (double)parts[VLY_CBD] / whole, "pore",
                     (double)parts[VLY_PORE] / whole);
}

/* json_int_t has a sign; a seed has none. */
static json_t *seed_of(uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return seed <= INT64_MAX ? json_integer((json_int_t)seed) : json_string(text);
}

static json_t *optics_of(const vly_synth_optics *o)
{
    return json_pack("{ss sf sf sf sf sf so sf sf}", "model", vly_synth_grey_name(o->model), "noise", o->noise,
                     "noise_correlation_voxels", o->noise_correlation, "psf_voxels", o->psf, "fringe_voxels2",
                     o->fringe, "rings", o->rings, "ring_centre_voxels", numbers(o->ring_centre, 2, 1.0),
                     "grey_of_pore", 8192.0, "grey_of_am", 40960.0);
}

static json_t *layer_of(const vly_synth_layer *l)
{
    return json_pack("{sf sf so sI so so sf sf}", "from_um", l->from * 1e6, "to_um", l->to * 1e6, "target",
                     shares(l->fractions.parts, (double)VLY_FRACTIONS_ONE), "points", (json_int_t)l->samples,
                     "target_points", phases(l->targets), "counts_points", phases(l->counts), "am_level_um",
                     l->am_level * 1e6, "neck_level_um", l->neck_level * 1e6);
}

static json_t *fib_of(const vly_synth_result *r, const vly_synth_options *o)
{
    json_t *rotation = json_array();
    for (int a = 0; a < 3; a++) rotation = with(rotation, numbers(r->fib_rotation[a], 3, 1.0));
    return json_pack("{so sf si s[iii] sf so so}", "extent", extent_of(r->fib_extent), "voxel_size_um",
                     r->fib_voxel * 1e6, "ratio", o->fib_ratio, "coarse_extent", r->fib_coarse[0], r->fib_coarse[1],
                     r->fib_coarse[2], "coarse_voxel_size_um", r->fib_voxel * o->fib_ratio * 1e6, "rotation", rotation,
                     "shift_um", numbers(r->fib_shift, 3, 1e6));
}

static void add_structure(builder *b, const vly_synth_result *r, const vly_synth_options *o)
{
    json_t *layers = json_array();
    for (int32_t l = 0; l < r->layers; l++) layers = with(layers, layer_of(&r->layer[l]));
    set(b, "preset", json_string(vly_synth_preset_name(o->preset)));
    set(b, "literal", json_boolean(o->literal));
    set(b, "gradient", json_real(o->gradient));
    set(b, "islands", json_real(o->islands));
    set(b, "layers", layers);
    set(b, "packing",
        json_pack("{sI si sf}", "particles", (json_int_t)r->particles, "iterations", r->pack_iterations, "overlap",
                  r->pack_overlap));
    set(b, "edx",
        json_pack("{so sf ss}", "extent", extent_of(r->edx_extent), "pixel_um", r->edx_pixel * 1e6, "separator",
                  "first row"));
    if (r->fib_extent.nx > 0) set(b, "fib", fib_of(r, o));
}

static int add_text(const char *buffer, size_t size, void *text)
{
    vly_text_bytes(text, buffer, (int64_t)size);
    return ((vly_text *)text)->status == VLY_OK ? 0 : -1;
}

vly_status vly_synth_json(char **out, const vly_synth_result *result, const vly_synth_options *options,
                          vly_extent extent, double voxel_size, const char *labels)
{
    json_t *path = labels ? json_string(labels) : NULL; /* NULL also for a name that is no UTF-8 */
    builder b = {.root = json_pack("{ss ss}", "voxelyte", vly_version(), "command", "synth")};
    set(&b, "inputs", path ? json_pack("[{so}]", "path", path) : json_array());
    set(&b, "seed", seed_of(options->seed));
    set(&b, "extent", extent_of(extent));
    set(&b, "voxel_size_um", json_real(voxel_size * 1e6));
    set(&b, "supersample", json_integer(options->supersample));
    if (!labels) add_structure(&b, result, options);
    set(&b, "optics", optics_of(&options->optics));
    set(&b, "voxels", json_integer((json_int_t)result->voxels));
    set(&b, "counts", phases(result->counts));
    int64_t inside = result->counts[VLY_PORE] + result->counts[VLY_AM] + result->counts[VLY_CBD];
    set(&b, "fractions", shares(result->counts, inside > 0 ? (double)inside : 1.0));
    set(&b, "clamped_voxels", json_integer((json_int_t)result->clamped));
    vly_text text = {.text = NULL};
    const size_t flags = JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15);
    if (!b.broken && json_dump_callback(b.root, add_text, &text, flags) != 0) b.broken = true;
    vly_text_bytes(&text, "\n", 1);
    json_decref(b.root);
    *out = text.text;
    if (!b.broken && text.status == VLY_OK) return VLY_OK;
    *out = NULL;
    vly_text_free(&text);
    return vly_fail(VLY_EMEMORY, "synth.json: out of memory");
}
