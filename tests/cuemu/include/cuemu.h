/* What tests may ask the emulator, besides what the environment tells it:
 *
 *   VLY_CUEMU_ORDER    forward, reverse or shuffled: in which order threads, blocks and streams take their turns
 *   VLY_CUEMU_MEMORY   bytes of memory of each device (1 GiB)
 *   VLY_CUEMU_DEVICES  number of devices (1)
 *   VLY_CUEMU_REPORT=1 prints the counters at the end
 *   VLY_FAULT          cuda[.CALL]:N[+][=CODE] makes the N-th call of the runtime fail, CALL alone if named, "+" all later
 *                      ones too; the call `kernel` is a kernel that has been launched well and fails when it runs. Only
 *                      with VLY_TEST=1. After 700 and its like nothing works any more. */
#ifndef CUEMU_H
#define CUEMU_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cuemu_counters {
    int64_t calls, launches, blocks, threads, barriers, warp_meetings; /* the last two per thread */
    int64_t bytes_up, bytes_down, bytes_within, bytes_filled;
    int64_t allocations, bytes_held, bytes_peak; /* of device memory */
    int64_t faults;                              /* planned ones that have happened */
} cuemu_counters;

__attribute__((visibility("default"))) cuemu_counters cuemu_counters_now(void);

#ifdef __cplusplus
}
#endif
#endif
