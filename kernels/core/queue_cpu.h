/* The CPU's queue of work: a pool of threads. Kernels return when they are done. */
#ifndef VLY_QUEUE_CPU_H
#define VLY_QUEUE_CPU_H

#include "core/pool.h"

/* Widest vectors that a kernel may use. The base is what the program was compiled for (x86-64-v3 by default); plain is
 * what runs where there are none of ours; VNNI is AVX-512 with dot products of whole numbers. */
typedef enum vly_isa { VLY_ISA_PLAIN, VLY_ISA_BASE, VLY_ISA_AVX512, VLY_ISA_VNNI } vly_isa;

struct vly_queue {
    vly_pool *pool;
    vly_isa isa;
};

/* What this processor and operating system can do. */
vly_isa vly_isa_detect(void);

#endif
