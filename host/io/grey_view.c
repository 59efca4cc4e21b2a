/* A view that turns any grey values into the engine's u16. Wide types are mapped linearly over a robust range, whose ends
 * are exact order statistics: a histogram of the upper half of sortable keys, then one of the lower half. */
#include "io/io.h"

#include <math.h>
#include <string.h>

enum { BINS = 65536, BLOCK = 4096 };

typedef struct grey_view {
    vly_source *inner;
    vly_grey_map map;
} grey_view;

/* ---- reading ---- */

/* `count` bytes that lie in the second half of `to`, widened in place: a block is copied out before it is overwritten. */
static void widen(uint16_t *to, int64_t count, uint8_t flip)
{
    uint8_t block[BLOCK];
    const uint8_t *from = (uint8_t *)to + count;
    for (int64_t done = 0; done < count; done += BLOCK) {
        int64_t now = count - done < BLOCK ? count - done : BLOCK;
        memcpy(block, from + done, (size_t)now);
        for (int64_t i = 0; i < now; i++) to[done + i] = (uint8_t)(block[i] ^ flip);
    }
}

static double value_at(const void *values, vly_type type, int64_t i)
{
    return type == VLY_F32   ? (double)((const float *)values)[i]
           : type == VLY_I32 ? (double)((const int32_t *)values)[i]
                             : (double)((const uint32_t *)values)[i];
}

static void map_linearly(uint16_t *to, const void *values, vly_type type, int64_t count, const vly_grey_map *map)
{
    for (int64_t i = 0; i < count; i++) {
        double level = rint((value_at(values, type, i) - map->offset) * map->scale);
        to[i] = (uint16_t)(level < 0.0 ? 0.0 : level > 65535.0 ? 65535.0 : level);
    }
}

/* Wide pages go through a scratch page. */
static vly_status read_wide(grey_view *self, int32_t z0, int32_t count, uint16_t *to)
{
    const vly_volume_info *info = &self->inner->info;
    int64_t page = (int64_t)info->extent.nx * info->extent.ny;
    void *values;
    VLY_TRY(vly_alloc_raw(&values, page, vly_type_bytes(info->type), "page of grey values"));
    vly_status status = VLY_OK;
    for (int32_t z = 0; z < count && status == VLY_OK; z++) {
        status = vly_source_read(self->inner, z0 + z, 1, values);
        if (status == VLY_OK) map_linearly(to + z * page, values, info->type, page, &self->map);
    }
    vly_free(values);
    return status;
}

static vly_status read_grey(vly_source *source, int32_t z0, int32_t count, void *pages)
{
    grey_view *self = source->self;
    vly_type type = self->inner->info.type;
    int64_t voxels = (int64_t)source->info.extent.nx * source->info.extent.ny * count;
    if (!self->map.exact) return read_wide(self, z0, count, pages);
    if (vly_type_bytes(type) == 1) {
        VLY_TRY(vly_source_read(self->inner, z0, count, (char *)pages + voxels));
        widen(pages, voxels, type == VLY_I8 ? 0x80 : 0);
        return VLY_OK;
    }
    VLY_TRY(vly_source_read(self->inner, z0, count, pages));
    uint16_t *v = pages;
    if (type == VLY_I16)
        for (int64_t i = 0; i < voxels; i++) v[i] ^= 0x8000;
    return VLY_OK;
}

static void close_grey(vly_source *source)
{
    grey_view *self = source->self;
    vly_source_close(self->inner);
}

/* ---- finding the range ---- */

/* Keys order like values: unsigned comparison of keys equals comparison of values, -0 just below +0. */
static uint32_t key_of(uint32_t bits, vly_type type)
{
    if (type == VLY_U32) return bits;
    if (type == VLY_I32) return bits ^ UINT32_C(0x80000000);
    return bits & UINT32_C(0x80000000) ? ~bits : bits | UINT32_C(0x80000000);
}

static double value_of(uint32_t key, vly_type type)
{
    uint32_t bits = key;
    if (type == VLY_I32) bits = key ^ UINT32_C(0x80000000);
    if (type == VLY_F32) bits = key & UINT32_C(0x80000000) ? key ^ UINT32_C(0x80000000) : ~key;
    return value_at(&bits, type, 0);
}

typedef struct tally {
    uint64_t bins[BINS]; /* of the upper halves of keys; in the second pass of the lower ones below `low_top` */
    uint64_t high[BINS]; /* second pass: of the lower halves below `high_top` */
    uint32_t least, most;
    int64_t outside, first_bad, bad; /* voxels beyond a given range; of NaN and infinity the first, and how many */
} tally;

typedef struct range_search {
    vly_source *inner;
    vly_type type;
    int64_t page, z0;
    tally *tallies; /* (threads) */
    void **values;  /* (threads) pages */
    int pass;
    uint32_t low_top, high_top;
    double low, high; /* a given range, if low < high */
} range_search;

static void tally_page(tally *t, const range_search *s, const uint32_t *values, int64_t first)
{
    for (int64_t i = 0; i < s->page; i++) {
        bool finite = s->type != VLY_F32 || (values[i] & UINT32_C(0x7F800000)) != UINT32_C(0x7F800000);
        if (!finite) {
            if (t->bad++ == 0 || first + i < t->first_bad) t->first_bad = first + i;
            continue;
        }
        uint32_t key = key_of(values[i], s->type), top = key >> 16;
        if (s->pass == 1) {
            t->bins[top]++;
            if (key < t->least) t->least = key;
            if (key > t->most) t->most = key;
            double value = value_at(values, s->type, i);
            t->outside += value < s->low || value > s->high;
        } else {
            if (top == s->low_top) t->bins[key & 0xFFFF]++;
            if (top == s->high_top) t->high[key & 0xFFFF]++;
        }
    }
}

static vly_status search_page(void *self, int64_t item, int32_t worker)
{
    range_search *s = self;
    int32_t z = (int32_t)(s->z0 + item);
    if (!s->values[worker]) VLY_TRY(vly_alloc_raw(&s->values[worker], s->page, 4, "page of grey values"));
    VLY_TRY(vly_source_read(s->inner, z, 1, s->values[worker]));
    tally_page(&s->tallies[worker], s, s->values[worker], z * s->page);
    return VLY_OK;
}

/* One reading pass; the tallies of all threads end up in the first. */
static vly_status search_pass(range_search *s, vly_device *device, int pass)
{
    int32_t threads = device->pool->threads, nz = s->inner->info.extent.nz;
    s->pass = pass;
    for (int32_t i = 0; i < threads; i++) {
        memset(&s->tallies[i], 0, sizeof(tally));
        s->tallies[i].least = UINT32_MAX;
    }
    int32_t step = 8 * threads;
    for (s->z0 = 0; s->z0 < nz; s->z0 += step) {
        vly_device_update(device, "grey range", (int64_t)(pass - 1) * nz + s->z0, INT64_C(2) * nz, "pages");
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(vly_pool_run(device->pool, nz - s->z0 < step ? nz - s->z0 : step, search_page, s));
    }
    tally *sum = &s->tallies[0];
    for (int32_t i = 1; i < threads; i++) {
        const tally *t = &s->tallies[i];
        for (int b = 0; b < BINS; b++) sum->bins[b] += t->bins[b], sum->high[b] += t->high[b];
        if (t->least < sum->least) sum->least = t->least;
        if (t->most > sum->most) sum->most = t->most;
        if (t->bad > 0 && (sum->bad == 0 || t->first_bad < sum->first_bad)) sum->first_bad = t->first_bad;
        sum->bad += t->bad;
        sum->outside += t->outside;
    }
    return VLY_OK;
}

/* The bin that holds the value of rank *rank (from 0); *rank becomes the rank within the bin. */
static uint32_t find_rank(const uint64_t *bins, int64_t *rank)
{
    uint32_t b = 0;
    while (*rank >= (int64_t)bins[b]) *rank -= (int64_t)bins[b++];
    return b;
}

static vly_status judge_values(const range_search *s)
{
    const tally *t = &s->tallies[0];
    const vly_volume_info *info = &s->inner->info;
    if (t->bad > 0) {
        int64_t in_page = t->first_bad % s->page;
        return vly_fail(VLY_EDATA, "%s: %lld voxels are NaN or infinite, the first at x=%lld y=%lld z=%lld", info->path,
                        (long long)t->bad, (long long)(in_page % info->extent.nx),
                        (long long)(in_page / info->extent.nx), (long long)(t->first_bad / s->page));
    }
    if (value_of(t->least, s->type) == value_of(t->most, s->type))
        return vly_fail(VLY_EDATA, "%s: all voxels are %g, a volume with contrast expected (E_FLAT)", info->path,
                        value_of(t->least, s->type));
    return VLY_OK;
}

/* The 0.001 and the 99.999 % value: ranks floor(1e-5 (n - 1)) from either end. */
static vly_status robust_range(vly_grey_map *map, range_search *s, vly_device *device)
{
    int64_t n = vly_extent_voxels(s->inner->info.extent), cut = (n - 1) / 100000;
    int64_t low_rank = cut, high_rank = n - 1 - cut;
    tally *t = &s->tallies[0];
    double least = value_of(t->least, s->type), most = value_of(t->most, s->type);
    s->low_top = find_rank(t->bins, &low_rank);
    s->high_top = find_rank(t->bins, &high_rank);
    VLY_TRY(search_pass(s, device, 2));
    int64_t low_left = low_rank, high_left = high_rank;
    uint32_t low = find_rank(t->bins, &low_left), high = find_rank(t->high, &high_left);
    map->low = value_of(s->low_top << 16 | low, s->type);
    map->high = value_of(s->high_top << 16 | high, s->type);
    map->clamped = cut - low_left + cut - ((int64_t)t->high[high] - 1 - high_left);
    if (map->low == map->high) { /* nearly all voxels are equal: keep the few that are not */
        map->low = least;
        map->high = most;
        map->clamped = 0;
    }
    return VLY_OK;
}

static vly_status find_range(grey_view *self, vly_device *device, double low, double high)
{
    const vly_volume_info *info = &self->inner->info;
    int32_t threads = device->pool->threads;
    bool given = low < high;
    range_search s = {.inner = self->inner, .type = info->type, .page = (int64_t)info->extent.nx * info->extent.ny};
    s.low = given ? low : -INFINITY;
    s.high = given ? high : INFINITY;
    vly_status status = VLY_NEW(&s.tallies, threads, "tallies of grey values");
    if (status == VLY_OK) status = VLY_NEW(&s.values, threads, "pages of grey values");
    if (status == VLY_OK) status = search_pass(&s, device, 1);
    if (status == VLY_OK) status = judge_values(&s);
    if (status == VLY_OK && given)
        self->map = (vly_grey_map){.low = low, .high = high, .clamped = s.tallies[0].outside};
    else if (status == VLY_OK)
        status = robust_range(&self->map, &s, device);
    self->map.offset = self->map.low;
    self->map.scale = 65535.0 / (self->map.high - self->map.low);
    for (int32_t i = 0; s.values && i < threads; i++) vly_free(s.values[i]);
    vly_free(s.values);
    vly_free(s.tallies);
    return status;
}

/* ---- opening ---- */

static bool exact_map(vly_grey_map *map, vly_type type)
{
    switch (type) {
    case VLY_U1:
        *map = (vly_grey_map){0.0, 1.0, 0.0, 1.0, 0, true};
        return true;
    case VLY_U8:
        *map = (vly_grey_map){0.0, 1.0, 0.0, 255.0, 0, true};
        return true;
    case VLY_I8:
        *map = (vly_grey_map){-128.0, 1.0, -128.0, 127.0, 0, true};
        return true;
    case VLY_U16:
        *map = (vly_grey_map){0.0, 1.0, 0.0, 65535.0, 0, true};
        return true;
    case VLY_I16:
        *map = (vly_grey_map){-32768.0, 1.0, -32768.0, 32767.0, 0, true};
        return true;
    default:
        return false;
    }
}

vly_status vly_source_grey(vly_source **out, vly_source *inner, vly_device *device, double low, double high)
{
    vly_source *view;
    *out = NULL;
    vly_status status = vly_source_create(&view, inner->info.path, sizeof(grey_view));
    if (status != VLY_OK) {
        vly_source_close(inner);
        return status;
    }
    grey_view *self = view->self;
    const char *path = view->info.path;
    self->inner = inner;
    view->info = inner->info;
    view->info.path = path;
    view->info.type = VLY_U16;
    view->read = read_grey;
    view->close = close_grey;
    if (!exact_map(&self->map, inner->info.type)) {
        view->info.decode_bytes += (int64_t)inner->info.extent.nx * inner->info.extent.ny * 4;
        status = find_range(self, device, low, high);
    }
    if (status == VLY_OK)
        *out = view;
    else
        vly_source_close(view);
    return status;
}

const vly_grey_map *vly_source_grey_map(const vly_source *grey)
{
    return &((const grey_view *)grey->self)->map;
}
