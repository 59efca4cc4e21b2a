/* Stacks that can be switched between. */
#ifndef CUEMU_FIBER_H
#define CUEMU_FIBER_H

#include <stddef.h>

typedef struct cuemu_fiber {
    void *context;      /* where it goes on: a stack pointer, or a ucontext_t */
    const void *bottom; /* of its stack */
    size_t bytes;
    void *fake; /* ASan's stack beside the stack */
    void *tsan;
} cuemu_fiber;

/* With a stack of its own that ends in a page nobody may touch. Ends the process if there is no memory. */
void cuemu_fiber_make(cuemu_fiber *fiber, void (*begin)(void));

/* Goes on in `to`; returns when somebody switches back to `from`, which becomes what runs now. */
void cuemu_fiber_switch(cuemu_fiber *from, cuemu_fiber *to);

#endif
