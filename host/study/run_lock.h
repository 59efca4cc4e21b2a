/* Locks that processes take on parts of a folder. flock does the work: it goes with its process, however that ends. Some
 * cluster file systems know no flock between nodes, so the file also says who holds it, and a holder on another machine
 * counts even where flock does not see him. */
#ifndef VLY_RUN_LOCK_H
#define VLY_RUN_LOCK_H

#include "core/file.h"

typedef struct vly_lock {
    vly_file file; /* descriptor -1: not held */
    char *path;
    bool shared;
} vly_lock;

#define VLY_LOCK_NONE ((vly_lock){.file = {-1, NULL}})

/* shared: with others that share it too. *got is false, and `holder` says who, if somebody else has it. */
vly_status vly_lock_take(vly_lock *out, const char *path, bool shared, bool *got, char holder[160]);

/* Waits until it is there. */
vly_status vly_lock_wait(vly_lock *out, const char *path);
void vly_lock_release(vly_lock *lock);

#endif
