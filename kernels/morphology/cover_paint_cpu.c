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

/* ---- what is left ---- */

static uint64_t blocks_between(const vly_painter *p, int32_t low, int32_t high)
{
    return UINT64_MAX << (low >> p->shift) & UINT64_MAX >> (63 - (high >> p->shift));
}

static uint64_t any_left(const vly_painter *p, const uint64_t *left, int32_t block)
{
    int32_t end = (block + 1) << p->shift < p->extent.ny ? (block + 1) << p->shift : p->extent.ny;
    uint64_t any = 0;
    for (int32_t y = block << p->shift; y < end; y++) any |= left[y];
    return any;
}

void vly_paint_page(const vly_painter *p, int32_t z)
{
    for (int64_t w = 0; w < p->words; w++) {
        const uint64_t *left = p->left + (z * p->words + w) * p->extent.ny;
        uint64_t blocks = 0;
        for (int32_t b = 0; b <= (p->extent.ny - 1) >> p->shift; b++)
            if (any_left(p, left, b)) {
                blocks |= UINT64_C(1) << b;
                p->pages[w * 64 + b]++;
            }
        p->page[z * p->words + w] = blocks;
        p->slab[w] |= blocks;
    }
}

/* Something was painted in rows low ... high of a word: blocks may be finished. */
static void settle(const vly_painter *p, int64_t place, int64_t word, int32_t low, int32_t high)
{
    uint64_t *page = &p->page[place];
    for (uint64_t left = *page & blocks_between(p, low, high); left; left &= left - 1) {
        int32_t block = __builtin_ctzll(left);
        if (any_left(p, p->left + place * p->extent.ny, block)) continue;
        *page &= ~(UINT64_C(1) << block);
        if (--p->pages[word * 64 + block] == 0) p->slab[word] &= ~(UINT64_C(1) << block);
    }
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
    const uint64_t *mask = d->mask + d->first[rest] + (low - (y - reach)), blocks = blocks_between(p, low, high);
    int32_t bit = x + VLY_PAINT_MARGIN - VLY_PAINT_REACH, word = bit / 64, up = bit % 64;
    int64_t place = z * p->words + word;
    uint64_t *left = p->left + place * ny + low;
    int32_t *row = p->out + vly_at(p->extent, 0, low, z);
    if (p->page[place] & blocks && up + VLY_PAINT_REACH - half < 64 && hits_up(left, mask, rows, up)) {
        for (int32_t j = 0; j < rows; j++)
            paint_word(left + j, row + (int64_t)j * p->extent.nx, word, left[j] & mask[j] << up, value);
        settle(p, place, word, low, high);
    }
    left += ny;
    if (up + VLY_PAINT_REACH + half < 64 || !(p->page[place + 1] & blocks)) return;
    if (hits_down(left, mask, rows, 64 - up)) {
        for (int32_t j = 0; j < rows; j++)
            paint_word(left + j, row + (int64_t)j * p->extent.nx, word + 1, left[j] & mask[j] >> (64 - up), value);
        settle(p, place + 1, word + 1, low, high);
    }
}

/* Rows low ... high, of one block, of a disc too wide for masks: what they have in one word. */
static bool paint_rows(const vly_painter *p, int32_t x, int32_t y, int32_t z, int32_t rest, int64_t word, int32_t low,
                       int32_t high, int32_t value)
{
    uint64_t *left = p->left + (z * p->words + word) * p->extent.ny;
    bool painted = false;
    for (int32_t v = low; v <= high; v++) {
        if (!left[v]) continue;
        int32_t half = p->discs->half[rest - p->metric.y * (v - y) * (v - y)];
        int64_t a = x - half + VLY_PAINT_MARGIN - word * 64, b = x + half + VLY_PAINT_MARGIN - word * 64;
        if (a > 63 || b < 0) continue;
        uint64_t hit = left[v] & UINT64_MAX << (a > 0 ? a : 0) & UINT64_MAX >> (b < 63 ? 63 - b : 0);
        if (!hit) continue;
        paint_word(&left[v], p->out + vly_at(p->extent, 0, v, z), word, hit, value);
        painted = true;
    }
    return painted;
}

/* Words that a disc or ball of that half reaches into. */
static int64_t first_word(int32_t x, int32_t half)
{
    return ((x > half ? x - half : 0) + VLY_PAINT_MARGIN) / 64;
}

static int64_t last_word(const vly_painter *p, int32_t x, int32_t half)
{
    return ((x + half < p->extent.nx ? x + half : p->extent.nx - 1) + VLY_PAINT_MARGIN) / 64;
}

static void paint_wide_disc(const vly_painter *p, int32_t x, int32_t y, int32_t z, int32_t rest, int32_t value)
{
    const vly_paint_discs *d = p->discs;
    int32_t reach = d->reach[rest], ny = p->extent.ny;
    int32_t low = y > reach ? y - reach : 0, high = y + reach < ny ? y + reach : ny - 1;
    int64_t end = last_word(p, x, d->half[rest]);
    for (int64_t word = first_word(x, d->half[rest]); word <= end; word++) {
        int64_t place = z * p->words + word;
        for (uint64_t left = p->page[place] & blocks_between(p, low, high); left; left &= left - 1) {
            int32_t block = __builtin_ctzll(left), from = block << p->shift, to = (block + 1) << p->shift;
            from = from > low ? from : low;
            to = to <= high ? to - 1 : high;
            if (paint_rows(p, x, y, z, rest, word, from, to, value)) settle(p, place, word, from, to);
        }
    }
}

/* Whether the slab has anything left in the box round the largest disc in it. */
static bool worth_it(const vly_painter *p, int32_t x, int32_t y, int32_t rest)
{
    int32_t reach = p->discs->reach[rest], half = p->discs->half[rest], ny = p->extent.ny;
    uint64_t blocks = blocks_between(p, y > reach ? y - reach : 0, y + reach < ny ? y + reach : ny - 1), any = 0;
    int64_t end = last_word(p, x, half);
    for (int64_t word = first_word(x, half); word <= end; word++) any |= p->slab[word];
    return (any & blocks) != 0;
}

void vly_paint_ball(const vly_painter *p, int32_t x, int32_t y, int32_t z, int32_t square, int32_t value)
{
    int32_t weight = p->metric.z, above = z < p->z0 ? p->z0 - z : 0, below = z >= p->z1 ? z - p->z1 + 1 : 0;
    int32_t step = above > below ? above : below; /* pages to the first one that may be painted */
    if ((int64_t)weight * step * step >= square || !worth_it(p, x, y, square - 1 - weight * step * step)) return;
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
