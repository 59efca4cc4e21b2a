/* Selection by digits: a pass over the pages counts one digit of the order's keys, the highest first, among the voxels that
 * agree with the cut so far. As rho^2 takes few values and ties are few, four or five passes find the cuts of all pages. */
#include "segment/closing_impl.h"

#include "core/memory.h"

typedef struct search {
    vly_device *device;
    const vly_closing_slab *slab;
    vly_closing_choice *choices;
    vly_closing_cut *cuts; /* (count), host */
    uint64_t *bins;        /* (count, VLY_CLOSING_DIGITS), host */
    int64_t *left;         /* (count) voxels to be taken of those that agree with the cut so far */
    vly_buffer cuts_there, bins_there;
    int32_t unsettled;
} search;

static int32_t page_count(const search *s)
{
    return s->slab->pages.count;
}

static vly_status open_search(search *s, const vly_edx_page *pages)
{
    const int32_t count = page_count(s);
    VLY_TRY(VLY_NEW(&s->cuts, count, "cuts"));
    VLY_TRY(VLY_NEW(&s->left, count, "cuts"));
    VLY_TRY(VLY_NEW(&s->bins, (int64_t)count * VLY_CLOSING_DIGITS, "digits"));
    VLY_TRY(vly_buffer_create(&s->cuts_there, s->device, count * (int64_t)sizeof *s->cuts, "cuts"));
    VLY_TRY(vly_buffer_create(&s->bins_there, s->device, (int64_t)count * VLY_CLOSING_DIGITS * 8, "digits"));
    for (int32_t z = 0; z < count; z++) {
        s->choices[z] = (vly_closing_choice){.rho2 = 0};
        s->left[z] = pages[z].target;
        s->cuts[z].settled = pages[z].target == 0;
        s->unsettled += pages[z].target > 0;
    }
    return VLY_OK;
}

static void close_search(search *s)
{
    vly_buffer_free(&s->cuts_there);
    vly_buffer_free(&s->bins_there);
    vly_free(s->cuts);
    vly_free(s->left);
    vly_free(s->bins);
}

/* The cut right behind all that agree with it down to this level. */
static void settle(search *s, int32_t z, vly_closing_level level)
{
    vly_closing_cut *cut = &s->cuts[z];
    uint64_t *word = level.of_tie ? &cut->tie : &cut->near;
    *word += (uint64_t)1 << level.shift;
    if (level.of_tie && cut->tie == 0) cut->near++;
    cut->settled = 1;
    s->unsettled--;
}

/* Only when rho^2 is known is it known how large the closing is, so before that no cut is settled. */
static vly_status take_digit(search *s, int32_t z, vly_closing_level level)
{
    vly_closing_cut *cut = &s->cuts[z];
    const uint64_t *bins = s->bins + (int64_t)z * VLY_CLOSING_DIGITS;
    int32_t digit = 0;
    while (digit < 1 << level.width && s->left[z] > (int64_t)bins[digit]) s->left[z] -= (int64_t)bins[digit++];
    if (digit == 1 << level.width)
        return vly_fail(VLY_EINTERNAL, "closing: page %d has fewer voxels than it is to give", z);
    *(level.of_tie ? &cut->tie : &cut->near) |= (uint64_t)digit << level.shift;
    const bool known = level.of_tie || level.shift <= 32;
    if (!level.of_tie && level.shift == 32) {
        s->choices[z].rho2 = (int32_t)(cut->near >> 32);
        s->choices[z].tied = (int64_t)bins[digit];
    }
    if (known && s->left[z] == (int64_t)bins[digit]) settle(s, z, level);
    return VLY_OK;
}

static vly_status find_digit(search *s, vly_closing_level level)
{
    vly_device *device = s->device;
    VLY_TRY(vly_buffer_upload(&s->cuts_there, s->cuts, page_count(s) * (int64_t)sizeof *s->cuts));
    VLY_TRY(vly_buffer_clear(&s->bins_there));
    VLY_TRY(device->kernels->closing_count(device->queue, &s->slab->pages, s->slab->label, s->cuts_there.data, level,
                                           s->bins_there.data));
    VLY_TRY(vly_device_wait(device));
    VLY_TRY(vly_buffer_download(&s->bins_there, s->bins, s->bins_there.bytes));
    for (int32_t z = 0; z < page_count(s); z++)
        if (!s->cuts[z].settled) VLY_TRY(take_digit(s, z, level));
    return VLY_OK;
}

/* Bits [low, high) of one word, from the highest down. */
static vly_status find_bits(search *s, int32_t of_tie, int32_t low, int32_t high)
{
    while (high > low && s->unsettled > 0) {
        int32_t width = high - low < VLY_CLOSING_DIGIT_BITS ? high - low : VLY_CLOSING_DIGIT_BITS;
        VLY_TRY(find_digit(s, (vly_closing_level){of_tie, high - width, width}));
        high -= width;
    }
    return VLY_OK;
}

vly_status vly_closing_select(vly_closing_choice *choices, vly_device *device, const vly_closing_slab *slab,
                              const vly_edx_page *pages)
{
    search s = {.device = device, .slab = slab, .choices = choices};
    vly_status status = open_search(&s, pages);
    if (status == VLY_OK) status = find_bits(&s, 0, 32, 32 + slab->bits);
    if (status == VLY_OK) status = find_bits(&s, 0, 0, slab->bits);
    if (status == VLY_OK) status = find_bits(&s, 1, 0, 64);
    for (int32_t z = 0; z < page_count(&s) && status == VLY_OK; z++) choices[z].cut = s.cuts[z];
    close_search(&s);
    return status;
}

vly_status vly_closing_apply(uint64_t *counts, vly_device *device, const vly_closing_slab *slab,
                             const vly_closing_choice *choices)
{
    const int32_t count = slab->pages.count;
    vly_closing_cut *cuts;
    vly_buffer cuts_there = {0}, counts_there = {0};
    VLY_TRY(VLY_NEW(&cuts, count, "cuts"));
    for (int32_t z = 0; z < count; z++) cuts[z] = choices[z].cut;
    vly_status status = vly_buffer_create(&cuts_there, device, count * (int64_t)sizeof *cuts, "cuts");
    if (status == VLY_OK) status = vly_buffer_create(&counts_there, device, count * (int64_t)sizeof *counts, "counts");
    if (status == VLY_OK) status = vly_buffer_upload(&cuts_there, cuts, cuts_there.bytes);
    if (status == VLY_OK)
        status = device->kernels->closing_label(device->queue, &slab->pages, cuts_there.data, slab->label,
                                                counts_there.data);
    if (status == VLY_OK) status = vly_device_wait(device);
    if (status == VLY_OK) status = vly_buffer_download(&counts_there, counts, counts_there.bytes);
    vly_buffer_free(&cuts_there);
    vly_buffer_free(&counts_there);
    vly_free(cuts);
    return status;
}
