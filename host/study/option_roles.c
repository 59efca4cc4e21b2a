/* What an option is about: how the work is done, a file whose contents count, or some ways to trinarise and no others. */
#include "study/study_impl.h"

#include <string.h>

bool vly_listed(const char *words, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = words; (at = strstr(at, key)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) return true;
    return false;
}

bool vly_option_is_machine(const char *key)
{
    return vly_listed(
        "device threads memory-limit device-memory-limit scratch progress events json quiet dry-run resume "
        "output overwrite from only gpu-bandwidth",
        key);
}

bool vly_option_is_input(const char *key)
{
    return vly_listed("mask model fib transform edx am-labels parameters experiment grey composition", key);
}

/* Options that some methods read; every other option is every method's. The closing computes a k-means, or is given one. */
static const struct {
    const char *keys;
    uint32_t methods;
} owned[] = {
    {"thresholds", 1u << VLY_METHOD_THRESHOLD},
    {"ties", 1u << VLY_METHOD_THRESHOLD | 1u << VLY_METHOD_EDX_CLOSING},
    {"subsample params evaluations ridge robust-start exact", 1u << VLY_METHOD_KMEANS | 1u << VLY_METHOD_EDX_CLOSING},
    {"edx edx-separator edx-rows edx-background edx-background-rows edx-bins edx-weights edx-layer-ratio "
     "edx-interface-um edx-draws am-labels collector fill-enclosed",
     1u << VLY_METHOD_EDX_CLOSING},
    {"model nn-scale nn-calibration precision nn-fractions nn-entropy nn-spread",
     ~0u << VLY_METHOD_NN & ~(~0u << VLY_METHODS)},
};

bool vly_option_concerns(const char *key, uint32_t methods)
{
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        if (vly_listed(owned[i].keys, key)) return (owned[i].methods & methods) != 0;
    return true;
}
