/* The order in which voxels become CBD: the definition that choices are checked against. */
#ifndef VLY_CLOSING_RANK_H
#define VLY_CLOSING_RANK_H

#include <stdint.h>

typedef struct ranked {
    int32_t rho2, d2;
    uint64_t hash;
    int64_t index;
} ranked;

static inline int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->rho2 != y->rho2) return x->rho2 < y->rho2 ? -1 : 1;
    if (x->d2 != y->d2) return x->d2 < y->d2 ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

#endif
