/* What a half cell is made of: numbers, and laws of one variable (open-circuit potential, diffusivities, conductivities), each
 * with where it comes from. The default is an NMC622 electrode against lithium in a carbonate electrolyte. */
#ifndef VOXELYTE_MATERIALS_H
#define VOXELYTE_MATERIALS_H

#include "voxelyte/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vly_materials vly_materials;

/* A parameter as a table of them lists it. */
typedef struct vly_material_entry {
    const char *name;    /* "cbd_gamma" */
    const char *unit;    /* "mol/m3", "" */
    const char *meaning; /* a few words */
    bool law;            /* a function, of c_e in mol/m3 or of the stoichiometry x = c_s / c_max */
} vly_material_entry;

VLY_API vly_status vly_materials_create_default(vly_materials **out);

/* A BPX file (Battery Parameter eXchange, v1 or v0): Header.Model "DFN" or "Partial"; of the latter what is not there stays
 * default. linear: tables linear, as PyBaMM takes them, instead of monotone cubics. VLY_EDATA says what is missing or wrong. */
VLY_API vly_status vly_materials_read(vly_materials **out, const char *path, bool linear);

/* The same as BPX v1, "Partial". What does not depend on the temperature of now is lost. */
VLY_API vly_status vly_materials_write(const vly_materials *materials, const char *path, bool overwrite);
VLY_API void vly_materials_free(vly_materials *materials);

/* By name; text is a number or, for a law, also an expression in x or the path of a table, a .csv with two columns in SI units.
 * Name "electrolyte" sets four laws at once: landesfeind, nyman or const. VLY_EUSAGE for an unknown name, with those that
 * hold it or all, and for a value out of its range. */
VLY_API vly_status vly_materials_set(vly_materials *materials, const char *name, const char *text);
VLY_API vly_status vly_materials_set_number(vly_materials *materials, const char *name, double value);

/* VLY_EUSAGE if there is no such number. */
VLY_API vly_status vly_materials_number(double *out, const vly_materials *materials, const char *name);

/* A law and its derivative (may be NULL) at x[0 .. count). */
VLY_API vly_status vly_materials_evaluate(double *value, double *slope, const vly_materials *materials,
                                          const char *name, const double *x, int32_t count);

/* Where the value comes from; NULL for an unknown name. Borrowed until it is set anew. */
VLY_API const char *vly_materials_source(const vly_materials *materials, const char *name);

/* Whether all of it fits together: laws finite and positive where they must be, the start inside the table of the open-circuit
 * potential and above the cut-off. VLY_EDATA in one line. */
VLY_API vly_status vly_materials_check(const vly_materials *materials);

/* All parameters, one after the other; NULL behind the last. */
VLY_API const vly_material_entry *vly_material_entry_at(int32_t index);

#ifdef __cplusplus
}
#endif
#endif
