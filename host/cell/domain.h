/* From labels to the half cell's geometry: a crop of the electrode with the collector at k = 0, the separator's layers on top
 * of it, and lithium above those; which unknowns live in which voxel, and the network of all faces that carry something
 * (spec/electrochemistry 1.1, 1.3, 2.1). What is not connected is left out here, so that no matrix is ever singular. */
#ifndef VLY_DOMAIN_H
#define VLY_DOMAIN_H

#include "cell/network.h"
#include "core/device_impl.h"
#include "voxelyte/cell.h"

enum {
    VLY_SEPARATOR = 3, /* beside VLY_PORE, VLY_AM, VLY_CBD */
    VLY_VOXEL_LABEL = 3,
    VLY_VOXEL_ELECTRONS = 4, /* phi_s lives there, and in active material c_s */
    VLY_VOXEL_IONS = 8       /* c_e and phi_e */
};

typedef struct vly_domain_options {
    vly_box window;      /* of the volume; all zero: all of it */
    vly_through through; /* axis of the thickness, and the separator's end of it */
    bool trim;           /* drop layers at the collector until more than half of the first is solid */
    vly_floating floating;
    vly_area area;
    double area_scale;                       /* with VLY_AREA_SCALE: the true area of a face over that of its square */
    int32_t separator_layers;                /* 1 up */
    const double *separator_layer;           /* (separator_layers) m, from the electrode on; NULL: graded */
    double separator_thickness;              /* m, where they are graded */
    double separator_share, separator_gamma; /* electrolyte in a voxel; transport factor */
    double binder_share, binder_gamma;       /* the same of carbon-binder voxels */
    double binder_sigma;                     /* S/m, effective */
    bool bare;                               /* no separator: lithium right on the electrode's electrolyte */
    bool equipotential;                      /* every solid has electrons, whether it touches the collector or not */
} vly_domain_options;

typedef struct vly_domain {
    vly_extent extent; /* nz: layers of the electrode, then of the separator */
    int32_t electrode; /* layers of it */
    double voxel;      /* m, side of the electrode's voxels and lateral side of all */
    double *layer;     /* (nz) m, thickness of each layer */
    uint8_t *kind;     /* (nz, ny, nx) label, and bits of the unknowns that live there */
    vly_cell_geometry found;
} vly_domain;

/* labels: phases (vly_source_labels); only the window is held. VLY_EDATA with what is wrong: no active material, an unknown
 * voxel size or voxels that are no cubes, no way for electrons or ions, solid at the lithium plane. */
vly_status vly_domain_create(vly_domain *out, vly_device *device, vly_source *labels,
                             const vly_domain_options *options);
void vly_domain_free(vly_domain *domain);

/* Thickness of `layers` layers that grow from `voxel` at both ends to the middle by one ratio and sum to `thickness`; equal
 * ones where that many do not fit. *layers may come back smaller. ratio may be NULL. */
vly_status vly_separator_grade(double **layer, int32_t *layers, double *ratio, double thickness, double voxel);

/* How much of a face's square the reaction sees. */
typedef struct vly_face_area {
    vly_extent extent; /* of the electrode and two layers more, so that the faces at its top have neighbours */
    float *smooth;     /* the smoothed indicator of active material; NULL: no normals are used */
    double scale;      /* then */
} vly_face_area;

vly_status vly_face_area_create(vly_face_area *out, vly_device *device, const vly_domain *domain, vly_area area,
                                double scale);

/* Of the face between voxel (x, y, z) and the next one along `axis`: 0 to 1, or the scale. */
double vly_face_area_of(const vly_face_area *area, int axis, int32_t x, int32_t y, int32_t z);
void vly_face_area_free(vly_face_area *area);

/* Sets the bits of the unknowns and the counts of what is left out. */
vly_status vly_domain_percolate(vly_domain *domain, const vly_domain_options *options);

vly_status vly_domain_network(vly_cell_network *out, vly_device *device, vly_domain *domain,
                              const vly_domain_options *options);

#endif
