/* What work takes, told before it is done. Of a study's piece, and of a command's --dry-run. */
#ifndef VLY_PIECE_COST_H
#define VLY_PIECE_COST_H

#include "voxelyte/settings.h"

/* 0: unknown, or not worth telling. */
typedef struct vly_piece_cost {
    double seconds; /* of the threads there are */
    double bytes;   /* of memory, held at the same time */
    double moved;   /* bytes that its arrays take through memory, each use counted once: whatever computes, it takes at
                       least so much over its bandwidth */
} vly_piece_cost;

/* Solutions that the settings ask for, each a direction's. */
double vly_transport_solutions(const vly_settings *settings);

/* voxels: of the window; conducting: those that conduct. */
void vly_transport_cost(vly_piece_cost *out, double solutions, double voxels, double conducting, double threads);

/* A curve of so many unknowns. */
void vly_lithiate_cost(vly_piece_cost *out, const vly_device *device, double unknowns);

/* s to read and decode a file. */
double vly_job_reading_seconds(const vly_volume_info *info, double threads);

#endif
