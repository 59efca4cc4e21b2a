/* The inside of vly_materials: numbers by name, laws in the words they were given in, and the pack that kernels get. */
#ifndef VLY_MATERIALS_IMPL_H
#define VLY_MATERIALS_IMPL_H

#include "cell/law.h"
#include "core/device_impl.h"
#include "voxelyte/materials.h"

typedef enum vly_scalar_id {
#define VLY_SCALAR(name, ...) VLY_SCALAR_##name,
#include "cell/materials.def"
#undef VLY_SCALAR
    VLY_SCALARS
} vly_scalar_id;

/* In the order of their names in vly_material_entry_at, behind the numbers. */
typedef enum vly_law_id {
    VLY_LAW_CONDUCTIVITY,
    VLY_LAW_DIFFUSIVITY,
    VLY_LAW_TRANSFERENCE,
    VLY_LAW_FACTOR,
    VLY_LAW_OCP,
    VLY_LAW_SOLID_DIFFUSIVITY,
    VLY_LAW_SOLID_CONDUCTIVITY,
    VLY_LAWS
} vly_law_id;

struct vly_materials {
    union {
        struct {
#define VLY_SCALAR(name, ...) double name;
#include "cell/materials.def"
#undef VLY_SCALAR
        };
        double scalar[VLY_SCALARS];
    };
    char *scalar_source[VLY_SCALARS]; /* NULL: the default's */
    vly_law_words law[VLY_LAWS];
    char *origin; /* opens messages: the file, or "materials" */
    bool linear;  /* tables that are read are linear */
};

/* The laws at the temperature of the materials, in host memory; for vly_cell_laws_free. VLY_EDATA as vly_materials_check. */
vly_status vly_cell_laws_create(vly_cell_laws *out, const vly_materials *materials);
void vly_cell_laws_free(vly_cell_laws *laws);

/* The same with everything they point to in *memory, on the device; that is all there is to free. */
vly_status vly_cell_laws_upload(vly_cell_laws *out, vly_buffer *memory, vly_device *device,
                                const vly_materials *materials);

/* Sets the four laws of an electrolyte by its name: "landesfeind", "nyman", "const". */
vly_status vly_materials_set_electrolyte(vly_materials *materials, const char *name);

/* The laws of the default half cell. */
vly_status vly_materials_default_laws(vly_materials *materials);

/* Takes what words holds, freed or not on failure as well. */
void vly_materials_take(vly_materials *materials, vly_law_id id, vly_law_words *words);

/* -1: no such name. */
int vly_law_find(const char *name);
int vly_scalar_find(const char *name);

/* VLY_EDATA or VLY_EUSAGE (`status`) if the value cannot be meant; `what` opens the message. */
vly_status vly_scalar_set(vly_materials *materials, vly_scalar_id id, double value, const char *source,
                          vly_status status);

/* A law at the temperature of the materials; unit as in vly_law_frame. */
vly_status vly_materials_build(vly_law *out, const vly_materials *materials, vly_law_id id, double unit);

/* A table of two columns, x and the value in SI units. */
vly_status vly_law_words_read(vly_law_words *out, const char *path);

/* By x, ascending. */
vly_status vly_law_words_sort(vly_law_words *table);

/* How a table of that law is interpolated: monotone for the open-circuit potential and diffusivity in the solid, in the logarithm for
 * what spans decades (diffusivity and conductivity of the solid), linear otherwise; or linear throughout. */
void vly_law_words_style(vly_law_words *table, vly_law_id id, bool linear);

#endif
