/* What this machine has to offer. */
#ifndef VLY_MACHINE_H
#define VLY_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Processors this process may run on. */
int32_t vly_machine_processors(void);

/* Bytes a job may hold if nobody says otherwise: 80 % of what is available, or of what the control group leaves. */
int64_t vly_machine_memory(void);

/* The processor's name as the system gives it. */
void vly_machine_processor(char *out, size_t size);

#endif
