/* What a study says of its electrodes' making: the suspensions, and which of them a sample was coated from. The report shows
 * it; nothing is computed from it, so no piece's key knows of it. */
#ifndef VLY_SUSPENSIONS_H
#define VLY_SUSPENSIONS_H

#include "core/text.h"
#include "study/yaml.h"

#include <jansson.h>

enum { VLY_SUSPENSIONS_MAX = 8, VLY_SOLIDS = 4 };

/* Keys of a recipe, in the order of a suspension's shares: active_material, carbon_black, graphite, binder. */
extern const char *const vly_solid_names[VLY_SOLIDS];

typedef struct vly_suspension {
    char *name;                /* letters, digits, '_' and '-' */
    char *mixer;               /* in the user's words; NULL: not told */
    double shares[VLY_SOLIDS]; /* wt% of the solids, 100 in all */
} vly_suspension;

typedef struct vly_suspensions {
    vly_suspension at[VLY_SUSPENSIONS_MAX];
    int32_t count;
} vly_suspensions;

/* Of a sample. */
typedef struct vly_coating {
    const vly_suspension *layers[VLY_SUSPENSIONS_MAX]; /* (count) from the collector up; borrowed from the study */
    int32_t count;
    double density; /* g/cm3 of the dry electrode, pores and all; 0: not told */
} vly_coating;

/* The key `suspensions` of a study; VLY_EUSAGE where it makes no sense. What was read so far is there even then. */
vly_status vly_suspensions_read(vly_suspensions *out, const vly_yaml *entry);
void vly_suspensions_free(vly_suspensions *suspensions);

/* The keys of a sample, `suspensions` and `density`. */
vly_status vly_layers_read(vly_coating *coating, const vly_suspensions *suspensions, const vly_yaml *entry);
vly_status vly_density_read(vly_coating *coating, const vly_yaml *entry);

/* All of them as {name: {active_material, ..., mixer}}. */
json_t *vly_suspensions_json(const vly_suspensions *suspensions);

/* Names of the layers with commas between them. */
void vly_layers_text(vly_text *to, const vly_coating *coating);

#endif
