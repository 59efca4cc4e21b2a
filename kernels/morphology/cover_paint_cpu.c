#include "morphology/cover_paint_cpu.h"

/* ---- discs ---- */

/* Rows of all discs, or as many as there is room for. Voxels longer than the unit have fewer. */
static int32_t mask_count(int32_t levels)
{
    int32_t masks = 0;
    for (int32_t rest = 0; rest < levels && masks < VLY_PAINT_MASKS; rest++) masks += 2 * vly_cover_half(rest, 1) + 1;
    return masks < VLY_PAINT_MASKS ? masks : VLY_PAINT_MASKS;
}

int64_t vly_paint_discs_bytes(int32_t levels)
{
    return mask_count(levels) * (int64_t)sizeof(uint64_t) + 3 * (int64_t)levels * (int64_t)sizeof(int32_t);
}

void vly_paint_discs_make(vly_paint_discs *discs, const vly_metric *m, int32_t levels, void *memory)
{
    uint64_t *mask = memory;
    uint32_t *first = (uint32_t *)(mask + mask_count(levels)), used = 0;
    int32_t *reach = (int32_t *)(first + levels), *half = reach + levels, count = 0;
    for (int32_t rest = 0; rest < levels; rest++) {
        reach[rest] = vly_cover_half(rest, m->y);
        half[rest] = vly_cover_half(rest, m->x);
    }
    for (; count < levels && half[count] <= VLY_PAINT_REACH; count++) {
        if (used + 2 * (uint32_t)reach[count] + 1 > VLY_PAINT_MASKS) break;
        first[count] = used;
        for (int32_t y = -reach[count]; y <= reach[count]; y++) {
            int32_t h = half[count - m->y * y * y];
            mask[used++] = UINT64_MAX >> (63 - 2 * h) << (VLY_PAINT_REACH - h);
        }
    }
    *discs = (vly_paint_discs){count, reach, half, first, mask};
}

/* ---- painting ---- */

/* Voxels `hit` of one word of a row: they get `value` and are no longer left. */
static void paint_word(uint64_t *left, int32_t *row, int64_t word, uint64_t hit, int32_t value)
{
    *left &= ~hit;
    for (int64_t first = word * 64 - VLY_PAINT_MARGIN; hit; hit &= hit - 1) row[first + __builtin_ctzll(hit)] = value;
}

/* Rows of a disc in one column of words; the disc's masks go up by `up` bits, or down. */
static bool hits_up(const uint64_t *left, const uint64_t *mask, int32_t rows, int32_t up)
{
    uint64_t any = 0;
    for (int32_t j = 0; j < rows; j++) any |= left[j] & mask[j] << up;
    return any != 0;
}

static bool hits_down(const uint64_t *left, const uint64_t *mask, int32_t rows, int32_t down)
{
    uint64_t any = 0;
    for (int32_t j = 0; j < rows; j++) any |= left[j] & mask[j] >> down;
    return any != 0;
}

/* A disc in page z; its rows are bits of one word, or of that and the next one. */
static void paint_disc(const vly_painter *p, int32_t x, int32_t y, int32_t z, int32_t rest, int32_t value)
{
    const vly_paint_discs *d = p->discs;
    int32_t reach = d->reach[rest], half = d->half[rest], ny = p->extent.ny;
    int32_t low = y > reach ? y - reach : 0, high = y + reach < ny ? y + reach : ny - 1, rows = high - low + 1;
    const uint64_t *mask = d->mask + d->first[rest] + (low - (y - reach));
    int32_t bit = x + VLY_PAINT_MARGIN - VLY_PAINT_REACH, word = bit / 64, up = bit % 64;
    uint64_t *left = p->left + ((int64_t)z * p->words + word) * ny + low;
    int32_t *row = p->out + vly_at(p->extent, 0, low, z);
    if (up + VLY_PAINT_REACH - half < 64 && hits_up(left, mask, rows, up))
        for (int32_t j = 0; j < rows; j++, row += p->extent.nx)
            paint_word(left + j, row, word, left[j] & mask[j] << up, value);
    row = p->out + vly_at(p->extent, 0, low, z);
    left += ny;
    if (up + VLY_PAINT_REACH + half >= 64 && hits_down(left, mask, rows, 64 - up))
        for (int32_t j = 0; j < rows; j++, row += p->extent.nx)
            paint_word(left + j, row, word + 1, left[j] & mask[j] >> (64 - up), value);
}

/* The same for a disc too wide for masks, row by row. */
static void paint_wide_disc(const vly_painter *p, int32_t x, int32_t y, int32_t z, int32_t rest, int32_t value)
{
    const vly_paint_discs *d = p->discs;
    int32_t reach = d->reach[rest], ny = p->extent.ny, nx = p->extent.nx;
    int32_t low = y > reach ? y - reach : 0, high = y + reach < ny ? y + reach : ny - 1;
    for (int32_t v = low; v <= high; v++) {
        int32_t half = d->half[rest - p->metric.y * (v - y) * (v - y)];
        int32_t a = (x > half ? x - half : 0) + VLY_PAINT_MARGIN;
        int32_t b = (x + half < nx ? x + half : nx - 1) + VLY_PAINT_MARGIN;
        for (int32_t word = a / 64; word <= b / 64; word++) {
            uint64_t *left = p->left + ((int64_t)z * p->words + word) * ny + v;
            uint64_t from = word == a / 64 ? UINT64_MAX << a % 64 : UINT64_MAX;
            uint64_t to = word == b / 64 ? UINT64_MAX >> (63 - b % 64) : UINT64_MAX;
            if (*left & from & to)
                paint_word(left, p->out + vly_at(p->extent, 0, v, z), word, *left & from & to, value);
        }
    }
}

void vly_paint_ball(const vly_painter *p, int32_t x, int32_t y, int32_t z, int32_t square, int32_t value)
{
    int32_t weight = p->metric.z, above = z < p->z0 ? p->z0 - z : 0, below = z >= p->z1 ? z - p->z1 + 1 : 0;
    int32_t step = above > below ? above : below; /* pages to the first one that may be painted */
    if ((int64_t)weight * step * step >= square) return;
    int32_t reach = p->metric.z == p->metric.y ? p->discs->reach[square - 1] : vly_cover_half(square - 1, weight);
    int32_t low = z - reach > p->z0 ? z - reach : p->z0, high = z + reach < p->z1 ? z + reach : p->z1 - 1;
    for (int32_t w = low; w <= high; w++) {
        int32_t rest = square - 1 - weight * (w - z) * (w - z);
        if (rest < p->discs->count)
            paint_disc(p, x, y, w, rest, value);
        else
            paint_wide_disc(p, x, y, w, rest, value);
    }
}
