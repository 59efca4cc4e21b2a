/* Where our parameters stand in a BPX file (Battery Parameter eXchange, https://github.com/FaradayInstitution/BPX): one table
 * for reading and writing. */
#ifndef VLY_BPX_H
#define VLY_BPX_H

#include "cell/materials_impl.h"

typedef enum vly_bpx_section {
    VLY_BPX_CELL,
    VLY_BPX_ELECTROLYTE,
    VLY_BPX_POSITIVE,
    VLY_BPX_SEPARATOR,
    VLY_BPX_USER,
    VLY_BPX_INITIAL,
    VLY_BPX_SECTIONS
} vly_bpx_section;

typedef struct vly_bpx_number {
    vly_bpx_section section;
    const char *key;
    vly_scalar_id scalar;
    bool needed; /* where its section is there */
    bool old;    /* stands there in v0 only: read, not written */
} vly_bpx_number;

typedef struct vly_bpx_law {
    vly_law_id law;
    vly_bpx_section section;
    const char *key;
    const char *activation; /* key of its activation energy, or NULL */
    bool needed;
} vly_bpx_law;

enum { VLY_BPX_NUMBERS = 29, VLY_BPX_LAWS = 9 };

/* Of two that name the same parameter the later one is taken where both are there. */
extern const vly_bpx_number vly_bpx_numbers[VLY_BPX_NUMBERS];
extern const vly_bpx_law vly_bpx_laws[VLY_BPX_LAWS];
extern const char *const vly_bpx_section_names[VLY_BPX_SECTIONS];

#define VLY_BPX_RATE "Reaction rate constant [mol.m-2.s-1]"
#define VLY_BPX_AREA "Surface area per unit volume [m-1]"
#define VLY_BPX_LEAST "Least x of " /* and the name of a law: a user-defined number, where its clipping begins */
#define VLY_BPX_MOST "Most x of "

#endif
