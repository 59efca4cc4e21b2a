/* A solution as an image. */
#ifndef VLY_FIELDS_H
#define VLY_FIELDS_H

#include "transport/grid.h"

/* host: the matrix with its arrays on the host; potential: (rows) between planes, not in a loop. */
vly_status vly_fields_write(const char *path, bool overwrite, vly_device *device, const vly_grid *grid,
                            const vly_grid_runs *runs, const vly_matrix *host, const double *potential);

/* The picture of the flux; out->d_eff is known. */
vly_status vly_fields_section(vly_transport_direction *out, const vly_grid *grid, const vly_grid_runs *runs,
                              const vly_matrix *host, const double *potential);

#endif
