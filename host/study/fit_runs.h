/* The simulations of a fit on voxels. Each is kept in a folder under the key of everything it depends on, with a checkpoint
 * while it runs, so that a fit that was stopped repeats none. */
#ifndef VLY_FIT_RUNS_H
#define VLY_FIT_RUNS_H

#include "cell/fit_surrogate.h"
#include "study/job_impl.h"

/* A cut-out of a label volume. */
typedef struct vly_fit_window {
    const char *path;   /* of the labels, borrowed */
    vly_source *labels; /* borrowed */
    int32_t number;     /* in its volume, from 1 */
    vly_box window;
} vly_fit_window;

typedef struct vly_fit_runs {
    vly_device *device;
    const vly_settings *settings;
    vly_materials *materials; /* borrowed; their gamma is changed */
    const vly_fit_window *windows;
    const char *folder; /* NULL: none are kept */
    vly_cell *cell;     /* of one cut-out, for what does not depend on gamma; NULL: none yet */
    int32_t cell_of;
    int32_t computed, reused, resumed; /* simulations */
} vly_fit_runs;

/* Borrowed until a simulation or the cell of another cut-out. */
vly_status vly_fit_runs_cell(vly_cell **out, vly_fit_runs *runs, int32_t cutout);

/* As vly_fit_simulator has them; self: vly_fit_runs. */
vly_status vly_fit_runs_simulate(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma);
vly_status vly_fit_runs_rough(void *self, vly_fit_curve *out, int32_t cutout, double current, double gamma);

/* Frees what it holds itself. */
void vly_fit_runs_free(vly_fit_runs *runs);

#endif
