/* The hot loop of the distance transform on a CPU: one body (distance_lanes_body.h), built for three instruction sets. */
#ifndef VLY_DISTANCE_LANES_H
#define VLY_DISTANCE_LANES_H

#include "core/queue_cpu.h"

enum {
    VLY_DISTANCE_TILE = 128,  /* columns handled together */
    VLY_DISTANCE_REACH = 257, /* steps after which every square has left 16 bits */
    VLY_DISTANCE_FAR = 65535  /* this far or farther */
};

typedef struct vly_distance_window {
    const uint16_t *tile;                /* (n, VLY_DISTANCE_TILE) */
    uint16_t square[VLY_DISTANCE_REACH]; /* squared cost of j steps, VLY_DISTANCE_FAR where that does not fit */
    int32_t n;
    bool wall_low, wall_high; /* background lies beyond the end */
} vly_distance_window;

/* row[x] = min over q of tile[q][x] + square[|p - q|], saturating, walls included. */
typedef void (*vly_distance_lanes)(const vly_distance_window *window, int32_t p, uint16_t row[VLY_DISTANCE_TILE]);

void vly_distance_lanes_plain(const vly_distance_window *window, int32_t p, uint16_t row[VLY_DISTANCE_TILE]);
void vly_distance_lanes_avx2(const vly_distance_window *window, int32_t p, uint16_t row[VLY_DISTANCE_TILE]);
void vly_distance_lanes_avx512(const vly_distance_window *window, int32_t p, uint16_t row[VLY_DISTANCE_TILE]);

#endif
