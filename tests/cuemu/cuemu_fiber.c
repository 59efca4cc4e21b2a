/* Switching stacks without the signal mask that swapcontext saves: that is a system call, and a barrier switches twice. */
#include "cuemu_fiber.h"

#include "cuemu_impl.h"

#include <string.h>
#include <sys/mman.h>

enum { STACK_BYTES = 256 << 10, GUARD_BYTES = 4096 };

#if CUEMU_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if CUEMU_TSAN
void *__tsan_create_fiber(unsigned flags);
void *__tsan_get_current_fiber(void);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_acquire(void *edge);
void __tsan_release(void *edge);
enum { TSAN_NO_ORDER = 1 }; /* only barriers order the threads of a block */
#endif

static cuemu_fiber *left; /* the fiber that ran before the running one */

/* On the new stack: the sanitizers learn about the old one. */
static void arrive(cuemu_fiber *fiber)
{
#if CUEMU_ASAN
    __sanitizer_finish_switch_fiber(fiber->fake, &left->bottom, &left->bytes);
#endif
    (void)fiber;
}

static cuemu_fiber *entering;

#if defined(__x86_64__) && !defined(CUEMU_UCONTEXT)

void cuemu_swap_stack(void **from, void *to);
__asm__(".text\n"
        ".local cuemu_swap_stack\n"
        ".type cuemu_swap_stack, @function\n"
        "cuemu_swap_stack:\n"
        "    pushq %rbp\n    pushq %rbx\n    pushq %r12\n    pushq %r13\n    pushq %r14\n    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n    popq %r14\n    popq %r13\n    popq %r12\n    popq %rbx\n    popq %rbp\n"
        "    ret\n"
        ".size cuemu_swap_stack, . - cuemu_swap_stack\n");

static void swap(cuemu_fiber *from, cuemu_fiber *to)
{
    cuemu_swap_stack(&from->context, to->context);
}

/* A stack as if cuemu_swap_stack had been called at the first line of `begin`. */
static void *first_context(char *top, void (*begin)(void))
{
    void **stack = (void **)(void *)top;
    *--stack = NULL; /* nobody to return to */
    memcpy(--stack, &begin, sizeof begin);
    return memset(stack - 6, 0, 6 * sizeof *stack);
}

#else
#include <stdlib.h>
#include <ucontext.h>

static void *new_context(void)
{
    void *context = calloc(1, sizeof(ucontext_t));
    if (!context) cuemu_die("no memory for a fiber");
    return context;
}

static void swap(cuemu_fiber *from, cuemu_fiber *to)
{
    if (!from->context) from->context = new_context();
    swapcontext(from->context, to->context);
}

static void *first_context(char *top, void (*begin)(void))
{
    ucontext_t *context = new_context();
    getcontext(context);
    context->uc_stack.ss_sp = top - STACK_BYTES;
    context->uc_stack.ss_size = STACK_BYTES;
    makecontext(context, begin, 0);
    return context;
}

#endif

static void (*first_function)(void);

static void begin_fiber(void)
{
    arrive(entering);
    first_function();
    cuemu_die("a fiber has come to its end");
}

void cuemu_fiber_make(cuemu_fiber *fiber, void (*begin)(void))
{
    char *memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE) != 0)
        cuemu_die("no memory for the stack of a thread");
    first_function = begin;
    *fiber = (cuemu_fiber){.bottom = memory + GUARD_BYTES, .bytes = STACK_BYTES};
    fiber->context = first_context(memory + GUARD_BYTES + STACK_BYTES, begin_fiber);
#if CUEMU_TSAN
    fiber->tsan = __tsan_create_fiber(0);
#endif
}

void cuemu_fiber_switch(cuemu_fiber *from, cuemu_fiber *to)
{
    left = from;
    entering = to;
#if CUEMU_ASAN
    __sanitizer_start_switch_fiber(&from->fake, to->bottom, to->bytes);
#endif
#if CUEMU_TSAN
    from->tsan = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to->tsan, TSAN_NO_ORDER);
#endif
    swap(from, to);
    arrive(from);
}

void cuemu_tsan_release(void *edge)
{
#if CUEMU_TSAN
    __tsan_release(edge);
#endif
    (void)edge;
}

void cuemu_tsan_acquire(void *edge)
{
#if CUEMU_TSAN
    __tsan_acquire(edge);
#endif
    (void)edge;
}
