/* A view of a window of labels with a layer of VLY_OUTSIDE all around, so that cells which straddle the window's faces are
 * cells like any other. It borrows `labels`, a source of u8. */
#ifndef VLY_PADDED_VIEW_H
#define VLY_PADDED_VIEW_H

#include "voxelyte/volume.h"

/* VLY_EDATA if the source yields no labels, or the window is empty or not inside. window all zero: the whole volume. */
vly_status vly_padded_view(vly_source **out, vly_source *labels, vly_box window);

/* The window itself: all zero becomes the whole volume, and the same failures. */
vly_status vly_label_window(vly_box *window, vly_source *labels);

#endif
