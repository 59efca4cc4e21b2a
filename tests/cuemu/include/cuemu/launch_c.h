/* What the templates of launch.h end in. */
#ifndef CUEMU_LAUNCH_C_H
#define CUEMU_LAUNCH_C_H

#include "cuemu/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes over `arguments` in any case. */
cudaError_t cuemu_launch(const cudaLaunchConfig_t *config, const void *kernel, void (*run)(void *arguments),
                         void (*release)(void *arguments), void *arguments);
/* A pointer that a kernel is given must be device memory, pinned memory or NULL. */
void cuemu_check_pointer(const void *pointer, int argument);
cudaError_t cuemu_set_shared_limit(const void *kernel, int bytes);
cudaError_t cuemu_occupancy(int *blocks, int threads, size_t dynamic_bytes);

#ifdef __cplusplus
}
#endif
#endif
