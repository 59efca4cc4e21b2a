/* Runs of equal labels are the nodes: one bit a voxel says where runs begin, and a run's entry in the union-find is the id of
 * its first voxel. Two rows are joined once per stretch of equal labels, found 64 voxels at a time, and only where that is
 * not implied by joins around it. Blocks of rows are labelled on their own, then joined with atomics; the root of a component
 * is its smallest index whatever the order, so the result does not depend on it.
 *
 * Implied: with rows b behind a across z, m beside a across y, c beside b, all equal at x, the joins a-m, m-c and c-b make
 * a-b superfluous. For 26 neighbours any of m's three neighbours in b will do: a = m alone implies what a has in b and c, and
 * a = b what it has in the rows beside b. Joins across y are always made, so the argument ends. */
#include "core/kernels_cpu.h"
#include "morphology/bits_cpu.h"

#include <assert.h>

enum { BLOCK_VOXELS = 1 << 19, CACHED = 64, WORDS = 16 };

typedef struct job {
    const uint8_t *phase;
    const vly_region *region;
    vly_extent e;
    int32_t words; /* of bits a row */
    int64_t rows, rows_per_block, blocks;
    bool corners; /* 26 neighbours, else 6 */
    uint32_t *id, *size;
    uint8_t *faces;
    uint64_t *starts, *roots; /* (rows, words): where runs begin, where components do */
    uint64_t *count;
} job;

static int32_t words_of(int32_t nx)
{
    return (nx + 63) / 64;
}

int64_t vly_components_scratch_bytes_cpu(vly_extent data)
{
    return 2 * (int64_t)data.ny * data.nz * words_of(data.nx) * (int64_t)sizeof(uint64_t);
}

/* ---- union-find; parents are smaller than their children ---- */

static uint32_t load(const uint32_t *id)
{
    return __atomic_load_n(id, __ATOMIC_RELAXED);
}

static uint32_t find(uint32_t *id, uint32_t at)
{
    uint32_t parent = load(&id[at]);
    while (parent != at) {
        uint32_t above = load(&id[parent]);
        if (above != parent) __atomic_store_n(&id[at], above, __ATOMIC_RELAXED);
        at = parent;
        parent = above;
    }
    return at;
}

/* The same where nothing may be written any more. */
static uint32_t look_up(const uint32_t *id, uint32_t at)
{
    for (uint32_t parent = load(&id[at]); parent != at; parent = load(&id[at])) at = parent;
    return at;
}

/* Within a block nobody else is about. */
static void join_alone(uint32_t *id, uint32_t a, uint32_t b)
{
    a = find(id, a);
    b = find(id, b);
    if (a < b)
        id[b] = a;
    else
        id[a] = b;
}

static void join_among_others(uint32_t *id, uint32_t a, uint32_t b)
{
    for (;;) {
        a = find(id, a);
        b = find(id, b);
        if (a == b) return;
        uint32_t low = a < b ? a : b, high = a < b ? b : a;
        if (__atomic_compare_exchange_n(&id[high], &high, low, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return;
        a = low;
        b = high; /* what it is now */
    }
}

/* ---- rows ---- */

/* Bit i is set where a[x + i] == b[x + i + shift], both in the row; shift is -1, 0 or 1. */
static inline uint64_t equal_at(const job *j, const uint8_t *a, const uint8_t *b, int32_t x, int32_t shift)
{
    int32_t count = j->e.nx - x;
    if (shift >= 0) return vly_equal_bits(a + x, b + x + shift, count - shift, x);
    if (x > 0) return vly_equal_bits(a + x, b + x - 1, count, x - 1);
    return vly_equal_bits(a + 1, b, count - 1, 0) << 1;
}

static uint64_t *starts_of(const job *j, int64_t row)
{
    return j->starts + row * j->words;
}

/* Index of the first voxel of the run that voxel x of a row belongs to. */
static uint32_t run_at(const job *j, int64_t row, int32_t x)
{
    const uint64_t *starts = starts_of(j, row);
    int32_t w = x / 64;
    uint64_t bits = starts[w] & (UINT64_MAX >> (63 - x % 64));
    while (bits == 0) bits = starts[--w];
    return (uint32_t)(row * j->e.nx + 64 * w + 63 - __builtin_clzll(bits));
}

static void begin_row(const job *j, int64_t row)
{
    const uint8_t *a = j->phase + row * j->e.nx;
    uint64_t *starts = starts_of(j, row);
    for (int32_t w = 0; w < j->words; w++) {
        int32_t left = j->e.nx - 64 * w;
        assert(left > 0);
        starts[w] = ~equal_at(j, a, a, 64 * w, -1) & (left < 64 ? (UINT64_C(1) << left) - 1 : UINT64_MAX);
        for (uint64_t bits = starts[w]; bits; bits &= bits - 1) {
            int64_t at = row * j->e.nx + 64 * w + __builtin_ctzll(bits);
            j->id[at] = (uint32_t)at;
        }
    }
}

static void join_bits(const job *j, int64_t row, int64_t other, int32_t x, int32_t shift, uint64_t bits, bool alone)
{
    for (; bits; bits &= bits - 1) {
        int32_t at = x + __builtin_ctzll(bits);
        uint32_t a = run_at(j, row, at), b = run_at(j, other, at + shift);
        if (alone)
            join_alone(j->id, a, b);
        else
            join_among_others(j->id, a, b);
    }
}

/* A row that comes before row a = (y, z) and touches it. */
typedef struct neighbour {
    const uint8_t *label; /* NULL where there is none */
    int64_t row;
    bool now;        /* it is to be joined with, not only looked at */
    uint64_t before; /* equality with a at the last x of the word before */
} neighbour;

/* Word w of row `row` with that of a neighbour: `equal` says where they are, `known` where joins are implied. */
static inline void join_word(const job *j, int64_t row, int32_t w, neighbour *n, uint64_t equal, uint64_t known,
                             bool alone)
{
    const uint8_t *a = j->phase + row * j->e.nx;
    uint64_t shifted = equal << 1 | n->before, continued = equal & shifted & ~starts_of(j, row)[w];
    n->before = equal >> 63;
    join_bits(j, row, n->row, 64 * w, 0, equal & ~continued & ~vly_flood_down(equal & known, continued), alone);
    if (!j->corners) return;
    uint64_t up = equal_at(j, a, n->label, 64 * w, 1) & ~equal & ~(equal >> 1) & ~known;
    uint64_t down = equal_at(j, a, n->label, 64 * w, -1) & ~equal & ~shifted & ~known;
    if (up) join_bits(j, row, n->row, 64 * w, 1, up, alone);
    if (down) join_bits(j, row, n->row, 64 * w, -1, down, alone);
}

/* A row beside b: most of what it has in common with a is known. */
static inline void join_beside(const job *j, int64_t row, int32_t w, neighbour *n, uint64_t known, bool alone)
{
    if (!n->now) return;
    if (~known == 0)
        n->before = 0;
    else
        join_word(j, row, w, n, equal_at(j, j->phase + row * j->e.nx, n->label, 64 * w, 0), known, alone);
}

/* Row `row` with those before it: alone, with those from `first` on; else, with those before `first`. */
static void join_row(const job *j, int64_t row, int64_t first, bool alone)
{
    int64_t ny = j->e.ny, y = row % ny, z = row / ny, step[4] = {1, ny, ny + 1, ny - 1};
    const uint8_t *a = j->phase + row * j->e.nx;
    const bool there[4] = {y > 0, z > 0, z > 0 && y > 0, z > 0 && y < ny - 1};
    neighbour n[4]; /* m, b, c and d beside b */
    for (int i = 0; i < 4; i++) {
        bool now = (i < 2 || j->corners) && there[i] && (row - step[i] >= first) == alone;
        n[i] = (neighbour){there[i] ? a - step[i] * j->e.nx : NULL, row - step[i], now, 0};
    }
    if (!n[0].now && !n[1].now && !n[2].now && !n[3].now) return;
    for (int32_t w = 0; w < j->words; w++) {
        uint64_t as_m = n[0].label ? equal_at(j, a, n[0].label, 64 * w, 0) : 0;
        uint64_t as_b = n[1].label ? equal_at(j, a, n[1].label, 64 * w, 0) : 0;
        uint64_t known = j->corners || !n[2].label ? as_m : as_m & equal_at(j, n[1].label, n[2].label, 64 * w, 0);
        if (n[0].now) join_word(j, row, w, &n[0], as_m, 0, alone);
        if (n[1].now) join_word(j, row, w, &n[1], as_b, known, alone);
        join_beside(j, row, w, &n[2], as_m | as_b, alone);
        join_beside(j, row, w, &n[3], as_b, alone);
    }
}

/* ---- passes ---- */

static int64_t last_row(const job *j, int64_t item)
{
    int64_t end = (item + 1) * j->rows_per_block;
    return end < j->rows ? end : j->rows;
}

static vly_status label_block(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int64_t first = item * j->rows_per_block, end = last_row(j, item);
    (void)worker;
    for (int64_t row = first; row < end; row++) {
        begin_row(j, row);
        join_row(j, row, first, true);
    }
    return VLY_OK;
}

static vly_status join_block(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int64_t first = item * j->rows_per_block, end = last_row(j, item);
    (void)worker;
    for (int64_t row = first; row < end && row <= first + j->e.ny; row++) join_row(j, row, first, false);
    return VLY_OK;
}

/* Points the first voxels of runs at their roots; notes the roots, counts them and clears what is to be added up there. */
static vly_status resolve_block(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    int64_t begun = 0, inner = (int64_t)j->region->inner.z1 * j->e.ny;
    (void)worker;
    for (int64_t row = item * j->rows_per_block; row < last_row(j, item); row++)
        for (int32_t w = 0; w < j->words; w++) {
            uint64_t roots = 0;
            for (uint64_t bits = starts_of(j, row)[w]; bits; bits &= bits - 1) {
                uint32_t at = (uint32_t)(row * j->e.nx + 64 * w + __builtin_ctzll(bits));
                uint32_t root = j->phase[at] == VLY_OUTSIDE ? VLY_NO_COMPONENT : look_up(j->id, at);
                if (root == at) {
                    roots |= bits & -bits;
                    j->size[at] = 0;
                    j->faces[at] = 0;
                } else
                    __atomic_store_n(&j->id[at], root, __ATOMIC_RELAXED);
            }
            j->roots[row * j->words + w] = roots;
            if (row < inner) begun += __builtin_popcountll(roots);
        }
    __atomic_fetch_add(j->count, (uint64_t)begun, __ATOMIC_RELAXED);
    return VLY_OK;
}

/* Few components have most of the runs: what they add up to is kept aside and shared now and then. */
typedef struct tally {
    uint32_t root[CACHED], size[CACHED];
    uint8_t faces[CACHED];
} tally;

static void flush(const job *j, tally *t, uint32_t slot)
{
    if (t->size[slot] == 0) return;
    __atomic_fetch_add(&j->size[t->root[slot]], t->size[slot], __ATOMIC_RELAXED);
    __atomic_fetch_or(&j->faces[t->root[slot]], t->faces[slot], __ATOMIC_RELAXED);
    t->size[slot] = 0;
    t->faces[slot] = 0;
}

static void add_run(const job *j, tally *t, uint32_t root, int32_t size, uint8_t faces)
{
    uint32_t slot = root * 2654435769u >> 26;
    if (t->root[slot] != root) flush(j, t, slot);
    t->root[slot] = root;
    t->size[slot] += (uint32_t)size;
    t->faces[slot] |= faces;
}

/* A stretch of a row: its ids, and what it adds to its component, unless t is NULL. Ids are written eight at a time as far
 * as `most` allows: what is too much is put right by the stretches that follow. */
static inline void settle_stretch(const job *j, tally *t, uint32_t *id, int32_t from, int32_t end, int32_t most,
                                  uint32_t root, uint8_t faces)
{
    int32_t x = from;
    for (; x < end && x + 8 <= most; x += 8)
        for (int32_t i = 0; i < 8; i++) id[x + i] = root;
    for (; x < end; x++) id[x] = root;
    if (t && root != VLY_NO_COMPONENT)
        add_run(j, t, root, end - from, (uint8_t)(faces | (from == 0) | (end == j->e.nx) << 1));
}

/* Words [w, last) of a row. The roots of all their runs are read before anything is written over them. */
static uint32_t settle_words(const job *j, tally *t, int64_t row, int32_t w, int32_t last, uint32_t root, uint8_t faces)
{
    uint32_t *id = j->id + row * j->e.nx, roots[64 * WORDS];
    const uint64_t *starts = starts_of(j, row);
    int32_t at[64 * WORDS], from = 64 * w, end = 64 * last < j->e.nx ? 64 * last : j->e.nx, runs = 0;
    for (int32_t v = w; v < last; v++)
        for (uint64_t bits = starts[v]; bits; bits &= bits - 1, runs++) {
            at[runs] = 64 * v + __builtin_ctzll(bits);
            roots[runs] = id[at[runs]];
        }
    for (int32_t run = 0; run < runs; run++) {
        if (at[run] > from) settle_stretch(j, t, id, from, at[run], end, root, faces);
        root = roots[run];
        from = at[run];
    }
    settle_stretch(j, t, id, from, end, end, root, faces);
    return root;
}

static vly_status settle_block(void *self, int64_t item, int32_t worker)
{
    const job *j = self;
    tally t = {{0}, {0}, {0}};
    int64_t inner = (int64_t)j->region->inner.z1 * j->e.ny;
    (void)worker;
    for (int64_t row = item * j->rows_per_block; row < last_row(j, item); row++) {
        uint8_t faces = vly_row_faces(j->region, (int32_t)(row % j->e.ny), (int32_t)(row / j->e.ny));
        uint32_t root = VLY_NO_COMPONENT;
        for (int32_t w = 0; w < j->words; w += WORDS)
            root = settle_words(j, row < inner ? &t : NULL, row, w, w + WORDS < j->words ? w + WORDS : j->words, root,
                                faces);
    }
    for (uint32_t slot = 0; slot < CACHED; slot++) flush(j, &t, slot);
    return VLY_OK;
}

vly_status vly_components_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, int32_t neighbours,
                              uint32_t *id, uint32_t *size, uint8_t *faces, uint64_t *count, void *scratch)
{
    vly_extent e = region->data;
    job j = {.phase = phase,
             .region = region,
             .e = e,
             .words = words_of(e.nx),
             .rows = (int64_t)e.ny * e.nz,
             .rows_per_block = BLOCK_VOXELS / e.nx < 1 ? 1 : BLOCK_VOXELS / e.nx,
             .corners = neighbours == 26,
             .id = id,
             .size = size,
             .faces = faces,
             .starts = scratch,
             .count = count};
    j.roots = j.starts + j.rows * j.words;
    j.blocks = (j.rows + j.rows_per_block - 1) / j.rows_per_block;
    VLY_TRY(vly_pool_run(queue->pool, j.blocks, label_block, &j));
    VLY_TRY(vly_pool_run(queue->pool, j.blocks, join_block, &j));
    VLY_TRY(vly_pool_run(queue->pool, j.blocks, resolve_block, &j));
    return vly_pool_run(queue->pool, j.blocks, settle_block, &j);
}

/* ---- the list ---- */

typedef struct listing {
    const uint8_t *phase;
    const vly_region *region;
    const uint32_t *size;
    const uint8_t *faces;
    const uint64_t *roots;
    vly_component_part *list;
    int64_t capacity;
    uint64_t *listed;
} listing;

static vly_status list_page(void *self, int64_t page, int32_t worker)
{
    const listing *l = self;
    vly_extent e = l->region->data;
    int32_t words = words_of(e.nx);
    (void)worker;
    for (int64_t row = page * e.ny; row < (page + 1) * e.ny; row++)
        for (int32_t w = 0; w < words; w++)
            for (uint64_t bits = l->roots[row * words + w]; bits; bits &= bits - 1) {
                int64_t i = row * e.nx + 64 * w + __builtin_ctzll(bits);
                int64_t at = (int64_t)__atomic_fetch_add(l->listed, 1, __ATOMIC_RELAXED);
                if (at < l->capacity)
                    l->list[at] = (vly_component_part){(uint32_t)i, l->size[i], l->phase[i], l->faces[i]};
            }
    return VLY_OK;
}

vly_status vly_component_list_cpu(vly_queue *queue, const uint8_t *phase, const vly_region *region, const uint32_t *id,
                                  const uint32_t *size, const uint8_t *faces, const void *scratch,
                                  vly_component_part *list, int64_t capacity, uint64_t *listed)
{
    vly_extent e = region->data;
    const uint64_t *roots = (const uint64_t *)scratch + (int64_t)e.ny * e.nz * words_of(e.nx);
    listing l = {phase, region, size, faces, roots, list, capacity, listed};
    (void)id;
    return vly_pool_run(queue->pool, region->inner.z1, list_page, &l);
}
