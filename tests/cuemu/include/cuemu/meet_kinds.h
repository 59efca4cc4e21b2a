/* Kinds of meetings, and the two functions that all of them end in. */
#ifndef CUEMU_MEET_KINDS_H
#define CUEMU_MEET_KINDS_H

#include <stdint.h>

enum cuemu_barrier_kind { CUEMU_PLAIN, CUEMU_COUNT, CUEMU_BOTH, CUEMU_EITHER };
enum cuemu_warp_kind {
    CUEMU_SYNC,
    CUEMU_SHUFFLE,
    CUEMU_BALLOT,
    CUEMU_MATCH_ANY,
    CUEMU_MATCH_ALL,
    CUEMU_ADD,
    CUEMU_MIN,
    CUEMU_MAX,
    CUEMU_AND,
    CUEMU_OR,
    CUEMU_XOR
};

#ifdef __cplusplus
extern "C" {
#endif
int cuemu_barrier(int kind, int predicate, const char *file, int line);
/* All lanes of the mask bring the same kind. from: the lane whose value a shuffle gets. */
uint64_t cuemu_warp(int kind, unsigned mask, uint64_t value, int from, const char *file, int line);
int cuemu_lane(void);
void *cuemu_dynamic_shared(void);
#ifdef __cplusplus
}
#endif

#endif
