/* The public calls: words, memory, files. */
#include "image/synth_render.h"

#include <string.h>

static vly_status parse_word(int *out, const char *name, const char *const *words, int count, const char *what)
{
    char list[160] = "";
    for (int i = 0; i < count; i++) {
        if (strcmp(name, words[i]) == 0) return *out = i, VLY_OK;
        strncat(list, i == 0 ? "" : i == count - 1 ? " or " : ", ", sizeof list - strlen(list) - 1);
        strncat(list, words[i], sizeof list - strlen(list) - 1);
    }
    return vly_fail(VLY_EUSAGE, "%s \"%s\": %s expected", what, name, list);
}

static const char *const presets[] = {"two-layer", "single-layer", "slabs", "spheres"};
static const char *const models[] = {"phase", "absorption", "mixed"};

vly_status vly_synth_preset_parse(vly_synth_preset *out, const char *name)
{
    int index = 0;
    VLY_TRY(parse_word(&index, name, presets, 4, "preset"));
    *out = (vly_synth_preset)index;
    return VLY_OK;
}

const char *vly_synth_preset_name(vly_synth_preset preset)
{
    return presets[preset];
}

vly_status vly_synth_grey_parse(vly_synth_grey *out, const char *name)
{
    int index = 0;
    VLY_TRY(parse_word(&index, name, models, 3, "grey model"));
    *out = (vly_synth_grey)index;
    return VLY_OK;
}

const char *vly_synth_grey_name(vly_synth_grey model)
{
    return models[model];
}

typedef struct memory_pages {
    uint16_t *grey;
    uint8_t *truth;
    int64_t page;
} memory_pages;

static vly_status keep_truth(void *self, int32_t z, const uint8_t *labels)
{
    const memory_pages *m = self;
    memcpy(m->truth + z * m->page, labels, (size_t)m->page);
    return VLY_OK;
}

static vly_status keep_grey(void *self, int32_t z, const uint16_t *grey)
{
    const memory_pages *m = self;
    memcpy(m->grey + z * m->page, grey, (size_t)m->page * sizeof *grey);
    return VLY_OK;
}

vly_status vly_synth_memory(vly_synth_result *out, vly_device *device, uint16_t *grey, uint8_t *truth,
                            const vly_synth_options *options)
{
    memory_pages pages = {grey, truth, (int64_t)options->extent.nx * options->extent.ny};
    const vly_synth_output output = {truth ? keep_truth : NULL, grey ? keep_grey : NULL, &pages};
    vly_synth_body body;
    memset(out, 0, sizeof *out);
    VLY_TRY(vly_synth_body_open(&body, device, options));
    vly_status status = vly_synth_render(out, &body, &output);
    vly_synth_body_close(&body);
    return status;
}
