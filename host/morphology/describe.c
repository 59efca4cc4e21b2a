/* One descriptor after the other, cut-out by cut-out. What a descriptor cannot do with this volume is known before it is
 * called, so a failure of one is a failure of all. */
#include "voxelyte/describe.h"

#include "core/memory.h"
#include "io/io.h"
#include "morphology/describe_impl.h"
#include "morphology/padded_view.h"

#include <math.h>

const char *vly_quantity_name(vly_quantity quantity)
{
    static const char *const names[VLY_QUANTITIES] = {"surface",    "sizes",     "intrusion",
                                                      "tortuosity", "two-point", "connectivity"};
    return names[quantity];
}

static bool asked(uint32_t quantities, vly_quantity q)
{
    return quantities >> q & 1;
}

static uint32_t completed(uint32_t quantities)
{
    return asked(quantities, VLY_QUANTITY_INTRUSION) ? quantities | 1u << VLY_QUANTITY_SIZES : quantities;
}

/* ---- what cannot be measured here ---- */

static bool cubes(const vly_voxel_size *s)
{
    return fmax(s->x, fmax(s->y, s->z)) <= 1.001 * fmin(s->x, fmin(s->y, s->z));
}

/* By the shape alone. */
static void excuse_shape(const char *reason[VLY_QUANTITIES], vly_extent e, const vly_voxel_size *size)
{
    if (e.nx < 2 || e.ny < 2 || e.nz < 2)
        reason[VLY_QUANTITY_SURFACE] = "one voxel thin: no cell of 2 x 2 x 2 voxels fits";
    if (!cubes(size))
        reason[VLY_QUANTITY_TORTUOSITY] = reason[VLY_QUANTITY_TWO_POINT] = "defined for cubes; these voxels are none";
}

static void excuse_outside(vly_cutout *c)
{
    if (c->profile.voxels == vly_extent_voxels(vly_box_extent(c->window))) return;
    c->reason[VLY_QUANTITY_SIZES] = c->reason[VLY_QUANTITY_INTRUSION] = c->reason[VLY_QUANTITY_TORTUOSITY] =
        "a part lies outside the region of interest: a window without it is needed";
}

/* ---- the parts ---- */

static vly_granulometry_options sizes_of(const vly_describe_options *o, const vly_voxel_size *size, int phase)
{
    vly_granulometry_options options = VLY_GRANULOMETRY_OPTIONS_INIT;
    options.phases = VLY_PHASE_BIT(phase);
    if (!asked(o->quantities, VLY_QUANTITY_INTRUSION)) options.inlets = 0;
    options.through = o->through.axis;
    options.separator_high = o->through.separator_high;
    options.voxel = *size;
    return options;
}

static vly_geodesic_options paths_of(const vly_describe_options *o, int phase)
{
    return (vly_geodesic_options){VLY_PHASE_BIT(phase), o->through.axis, o->through.separator_high};
}

static vly_status measure_phases(vly_cutout *c, vly_device *device, vly_source *part, const vly_describe_options *o,
                                 bool sizes, bool paths)
{
    for (int p = 0; p < VLY_PHASES; p++) {
        const vly_granulometry_options of_sizes = sizes_of(o, &vly_source_info(part)->voxel_size, p);
        const vly_geodesic_options of_paths = paths_of(o, p);
        if (sizes) VLY_TRY(vly_granulometry_measure(&c->sizes[p], device, part, &of_sizes));
        if (paths) VLY_TRY(vly_geodesic(&c->geodesic[p], device, part, &of_paths));
    }
    return VLY_OK;
}

static vly_status connect(vly_connected out[VLY_PHASES], vly_device *device, vly_source *part,
                          const vly_describe_options *o, int32_t neighbours)
{
    vly_connectivity_result result;
    const vly_connectivity_options options = {.through = o->through, .neighbours = neighbours};
    vly_status status = vly_connectivity(&result, device, part, &options);
    for (int p = 0; p < VLY_PHASES && status == VLY_OK; p++) out[p] = result.phases[p];
    vly_connectivity_result_free(&result);
    return status;
}

static vly_status measure(vly_cutout *c, vly_device *device, vly_source *part, const vly_describe_options *o)
{
    const vly_volume_info *info = vly_source_info(part);
    vly_profile_options profile = VLY_PROFILE_OPTIONS_INIT;
    vly_surface_options surface = VLY_SURFACE_OPTIONS_INIT;
    vly_two_point_options two_point = VLY_TWO_POINT_OPTIONS_INIT;
    bool wanted[VLY_QUANTITIES];
    profile.through = o->through;
    profile.nu = surface.nu = o->nu;
    VLY_TRY(vly_profile(&c->profile, device, part, &profile));
    excuse_shape(c->reason, info->extent, &info->voxel_size);
    excuse_outside(c);
    for (int q = 0; q < VLY_QUANTITIES; q++) {
        wanted[q] = asked(o->quantities, (vly_quantity)q) && !c->reason[q];
        if (!asked(o->quantities, (vly_quantity)q)) c->reason[q] = NULL;
    }
    if (wanted[VLY_QUANTITY_SURFACE]) VLY_TRY(vly_surface(&c->surface, device, part, &surface));
    VLY_TRY(measure_phases(c, device, part, o, wanted[VLY_QUANTITY_SIZES], wanted[VLY_QUANTITY_TORTUOSITY]));
    if (wanted[VLY_QUANTITY_TWO_POINT]) VLY_TRY(vly_two_point(&c->two_point, device, part, &two_point));
    if (wanted[VLY_QUANTITY_CONNECTIVITY]) {
        VLY_TRY(connect(c->connected_26, device, part, o, 26));
        VLY_TRY(connect(c->connected_6, device, part, o, 6));
    }
    return VLY_OK;
}

/* ---- memory ---- */

static vly_status need_sizes(vly_describe_need *need, vly_device *device, vly_source *part)
{
    const vly_volume_info *info = vly_source_info(part);
    vly_size_unit unit;
    VLY_TRY(vly_size_unit_of(&unit, &info->voxel_size, info->extent));
    int64_t bytes = vly_granulometry_bytes(device, info->extent);
    int64_t limit = device->unified ? device->memory_limit : device->device_memory_limit;
    if (bytes > limit)
        return vly_fail(VLY_EMEMORY,
                        "%s: sizes: a %smemory limit of %lld MiB is too small, at least %lld MiB expected, a smaller "
                        "window, or to do without them",
                        info->path, device->unified ? "" : "device ", (long long)(limit >> 20),
                        (long long)((bytes >> 20) + 1));
    *need = (vly_describe_need){device->unified ? bytes : 0, device->unified ? 0 : bytes, false};
    return VLY_OK;
}

static vly_status need_all(vly_describe_need needs[VLY_QUANTITIES], vly_device *device, vly_source *part,
                           const vly_describe_options *o)
{
    const vly_volume_info *info = vly_source_info(part);
    const vly_two_point_options pairs = VLY_TWO_POINT_OPTIONS_INIT;
    const vly_geodesic_options paths = paths_of(o, VLY_PORE);
    const vly_surface_options surface = VLY_SURFACE_OPTIONS_INIT;
    const vly_connectivity_options components = {.through = o->through, .neighbours = 26};
    const char *reason[VLY_QUANTITIES] = {NULL};
    excuse_shape(reason, info->extent, &info->voxel_size);
    for (int q = 0; q < VLY_QUANTITIES; q++) {
        vly_describe_need *need = &needs[q];
        *need = (vly_describe_need){
            0, 0, q != VLY_QUANTITY_SIZES && q != VLY_QUANTITY_INTRUSION && q != VLY_QUANTITY_TORTUOSITY};
        if (!asked(o->quantities, (vly_quantity)q) || reason[q]) continue;
        if (q == VLY_QUANTITY_SURFACE)
            VLY_TRY(vly_surface_measure(&need->host_bytes, &need->device_bytes, device, part, &surface));
        if (q == VLY_QUANTITY_CONNECTIVITY)
            VLY_TRY(vly_connectivity_measure(&need->host_bytes, &need->device_bytes, device, part, &components));
        if (q == VLY_QUANTITY_SIZES || q == VLY_QUANTITY_INTRUSION) VLY_TRY(need_sizes(need, device, part));
        if (q == VLY_QUANTITY_TORTUOSITY)
            VLY_TRY(vly_geodesic_measure(&need->host_bytes, &need->device_bytes, device, part, &paths));
        if (q == VLY_QUANTITY_TWO_POINT)
            VLY_TRY(vly_two_point_measure(&need->host_bytes, &need->device_bytes, device, part, &pairs));
    }
    return VLY_OK;
}

vly_status vly_describe_plan(vly_describe_need needs[VLY_QUANTITIES], vly_box *windows, vly_device *device,
                             vly_source *labels, const vly_describe_options *options)
{
    const vly_volume_info *info = vly_source_info(labels);
    vly_describe_options complete = *options;
    vly_box whole = options->window;
    vly_source *part;
    complete.quantities = completed(options->quantities);
    if (options->cutouts < 1)
        return vly_fail(VLY_EUSAGE, "describe: %d cut-outs, one or more expected", options->cutouts);
    if (options->through.axis < 0 || options->through.axis > 2)
        return vly_fail(VLY_EUSAGE, "describe: axis %d, 0 to 2 expected", options->through.axis);
    VLY_TRY(vly_label_window(&whole, labels));
    VLY_TRY(vly_voxel_size_require(info));
    VLY_TRY(vly_describe_windows(windows, options->cutouts, whole, options->through.axis, info->path));
    VLY_TRY(vly_source_part(&part, labels, windows[0]));
    vly_status status = need_all(needs, device, part, &complete);
    vly_source_close(part);
    return status;
}

/* ---- the call ---- */

static vly_status describe_all(vly_description *out, vly_device *device, vly_source *labels,
                               const vly_describe_options *options)
{
    for (int32_t i = 0; i < out->count; i++) {
        vly_source *part;
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(vly_source_part(&part, labels, out->cutouts[i].window));
        vly_status status = measure(&out->cutouts[i], device, part, options);
        vly_source_close(part);
        VLY_TRY(status);
    }
    return VLY_OK;
}

vly_status vly_describe(vly_description *out, vly_device *device, vly_source *labels,
                        const vly_describe_options *options)
{
    vly_describe_options complete = *options;
    vly_describe_need needs[VLY_QUANTITIES];
    vly_box *windows;
    complete.quantities = completed(options->quantities);
    *out = (vly_description){complete.quantities, options->through, vly_source_info(labels)->voxel_size, NULL, 0};
    VLY_TRY(VLY_NEW(&windows, options->cutouts < 1 ? 1 : options->cutouts, "cut-outs"));
    vly_status status = vly_describe_plan(needs, windows, device, labels, options);
    if (status == VLY_OK) status = VLY_NEW(&out->cutouts, options->cutouts, "cut-outs");
    for (int32_t i = 0; i < options->cutouts && status == VLY_OK; i++, out->count++)
        out->cutouts[i].window = windows[i];
    vly_free(windows);
    return status == VLY_OK ? describe_all(out, device, labels, &complete) : status;
}

void vly_description_free(vly_description *description)
{
    for (int32_t i = 0; i < description->count; i++) {
        vly_cutout *c = &description->cutouts[i];
        vly_profile_result_free(&c->profile);
        for (int p = 0; p < VLY_PHASES; p++) {
            vly_granulometry_free(&c->sizes[p]);
            vly_geodesic_free(&c->geodesic[p]);
        }
        vly_two_point_free(&c->two_point);
    }
    vly_free(description->cutouts);
    *description = (vly_description){0};
}
