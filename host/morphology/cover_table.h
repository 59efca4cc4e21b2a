/* Which ball lies inside a neighbour's, looked up instead of tried (Remy and Thiel; segmentation spec 9.4). */
#ifndef VLY_COVER_TABLE_H
#define VLY_COVER_TABLE_H

#include "kernels.h"

/* table (VLY_COVER_CLASSES, levels), yours to free: for class g and squared radius s the least squared radius of a ball
 * round x + g that holds the open ball of squared radius s round x, as far as both lie in a window of that extent. */
vly_status vly_cover_table(int32_t **table, const vly_metric *metric, vly_extent extent, int32_t levels);

#endif
