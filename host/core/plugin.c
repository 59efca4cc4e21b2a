/* The CUDA side lives in a library of its own, opened when it is asked for: the program starts on a machine without CUDA,
 * and a missing driver is a sentence instead of a loader's error. It is looked for beside this library only. */
#include "core/device_impl.h"
#include "core/file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define PLUGIN "libvoxelyte-cuda.so"

typedef vly_status opener(vly_device *device, int32_t index);

/* The folder this code was loaded from, with its slash; "" if that cannot be told. */
static void own_folder(char *out, size_t size)
{
    Dl_info about;
    out[0] = 0;
    if (!dladdr((void *)vly_plugin_open_cuda, &about) || !about.dli_fname) return;
    const char *slash = strrchr(about.dli_fname, '/');
    if (slash) snprintf(out, size, "%.*s", (int)(slash + 1 - about.dli_fname), about.dli_fname);
}

static void *open_plugin(void)
{
    static const char *const places[] = {"", "voxelyte/"};
    char folder[3072], path[4096];
    own_folder(folder, sizeof folder);
    for (size_t i = 0; i < sizeof places / sizeof *places && *folder; i++) {
        snprintf(path, sizeof path, "%s%s" PLUGIN, folder, places[i]);
        void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (plugin) return plugin;
        /* a plugin that is there and does not load has something to say; one that is not there has not */
        const char *reason = dlerror();
        if (vly_path_exists(path)) {
            vly_fail(VLY_EDEVICE, "cuda: %s", reason);
            return NULL;
        }
    }
    vly_fail(VLY_EDEVICE, "cuda: " PLUGIN " is not installed, this build has no CUDA device");
    return NULL;
}

vly_status vly_plugin_open_cuda(vly_device *device, int32_t index)
{
    void *plugin = open_plugin(); /* stays open: kernels may be registered with the driver until the end */
    if (!plugin) return VLY_EDEVICE;
    opener *door = (opener *)(intptr_t)dlsym(plugin, "vly_device_open_cuda");
    const char *const *version = (const char *const *)dlsym(plugin, "vly_plugin_version");
    if (door && version && strcmp(*version, vly_version()) == 0) {
        device->count = (void (*)(int64_t *))(intptr_t)dlsym(plugin, "vly_plugin_count"); /* the emulated one has it */
        return door(device, index);
    }
    return vly_fail(VLY_EDEVICE, "cuda: " PLUGIN " belongs to version %s, %s expected", version ? *version : "unknown",
                    vly_version());
}
