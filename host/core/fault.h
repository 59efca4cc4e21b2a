/* Planned faults: VLY_FAULT="alloc:137", "alloc:137+", "io.pwrite:12=ENOSPC", "device:9", "kill:io:41" makes the n-th
 * call of a seam fail ("+": from then on). Honoured only with VLY_TEST=1, so that no user meets it by accident. */
#ifndef VLY_FAULT_H
#define VLY_FAULT_H

#include <stdbool.h>

/* Counts one call of `seam` ("alloc", "io.pwrite", "device"); true if it is to fail, then errno holds the planned code. */
bool vly_fault(const char *seam);

/* Reads VLY_FAULT again and starts counting from zero. */
void vly_fault_reset(void);

/* Calls of the seam that was named in VLY_FAULT so far; with VLY_FAULT="alloc:0" nothing fails and sites can be counted. */
long vly_fault_count(void);

#endif
