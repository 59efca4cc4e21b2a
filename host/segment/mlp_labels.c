/* From probabilities to labels: exactly so many voxels of the highest scores (spec 1.3, 8). Scores are logits, which do not
 * saturate; their bits in ascending order are counted 16 at a time, and voxels that tie are told apart by a hash of their
 * index, so that no slice is favoured. */
#include "core/memory.h"
#include "segment/mlp_field.h"
#include "segment/mlp_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 65536, PARTS = 16, LIST_MOST = 1 << 14, WRITTEN = 1 << 22 };

/* What a selection is about. */
typedef struct ranking {
    const vly_mlp_field *field;
    uint64_t seed;
    vly_mlp_order order;
    vly_phase third;
    const vly_mlp_cut *first; /* the voxels that it takes do not take part; NULL: this is the first selection */
} ranking;

static uint32_t key_of(float score)
{
    uint32_t bits;
    score += 0.0f; /* -0 ties with 0 */
    memcpy(&bits, &score, sizeof bits);
    return bits >> 31 ? bits : ~(bits | 0x80000000u); /* the largest score has the smallest key */
}

static float score_of(uint32_t key)
{
    uint32_t bits = key >> 31 ? key : ~key & 0x7FFFFFFFu;
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

static bool takes(const vly_mlp_cut *cut, uint32_t key, uint64_t index, uint64_t seed)
{
    if (cut->none || key > cut->key) return false;
    return key < cut->key || cut->whole || vly_hash(index, seed) < cut->hash;
}

/* Key of a voxel; false if it does not take part. */
static bool ranks(const ranking *r, const float logit[2], uint64_t index, uint32_t *key)
{
    if (isnan(logit[0])) return false;
    uint32_t first = key_of(vly_mlp_score(r->order.first, logit[0], logit[1]));
    *key = first;
    if (!r->first) return true;
    if (takes(r->first, first, index, r->seed)) return false;
    *key = key_of(r->order.conditional ? vly_mlp_odds(r->order.second, r->third, logit[0], logit[1])
                                       : vly_mlp_score(r->order.second, logit[0], logit[1]));
    return true;
}

/* ---- counting digits: two of the key, then four of the hash ---- */

typedef struct digit {
    const ranking *r;
    int at;                     /* 0, 1: of the key; 2 ... 5: of the hash; 6: hashes are listed instead */
    uint64_t above;             /* the digits found before, of the key or of the hash */
    uint32_t key;               /* of the ties, from digit 2 on */
    uint64_t (*counts)[DIGITS]; /* (PARTS) */
    uint64_t *list, listed;     /* digit 6 */
    float *room;                /* (threads, 2 VLY_MLP_PIECE) */
} digit;

static void count_voxel(digit *d, uint64_t *counts, uint32_t key, uint64_t index)
{
    if (d->at < 2) {
        int shift = 16 * (1 - d->at);
        if (d->at == 0 || key >> 16 == d->above) counts[key >> shift & 0xFFFF]++;
        return;
    }
    if (key != d->key) return;
    uint64_t hash = vly_hash(index, d->r->seed);
    if (d->at == 6) {
        d->list[__atomic_fetch_add(&d->listed, 1, __ATOMIC_RELAXED)] = hash;
        return;
    }
    int shift = 16 * (5 - d->at);
    if (d->at == 2 || hash >> shift >> 16 == d->above) counts[hash >> shift & 0xFFFF]++;
}

/* What is listed at last: voxels whose hashes that begin with the digits found. */
static bool still_ties(const digit *d, uint32_t key, uint64_t index, int found)
{
    return key == d->key && (found == 0 || vly_hash(index, d->r->seed) >> (64 - 16 * found) == d->above);
}

typedef struct walk {
    digit *d;
    int found; /* digits of the hash, when listing */
} walk;

static vly_status walk_part(void *self, int64_t part, int32_t worker)
{
    const walk *w = self;
    digit *d = w->d;
    const vly_mlp_field *f = d->r->field;
    int64_t voxels = vly_extent_voxels(f->extent), pieces = (voxels + VLY_MLP_PIECE - 1) / VLY_MLP_PIECE;
    uint64_t *counts = d->counts[part];
    memset(counts, 0, sizeof *d->counts);
    for (int64_t p = pieces * part / PARTS; p < pieces * (part + 1) / PARTS; p++) {
        const float *logit;
        int64_t first = p * VLY_MLP_PIECE, n = voxels - first < VLY_MLP_PIECE ? voxels - first : VLY_MLP_PIECE;
        VLY_TRY(vly_mlp_field_piece(&logit, f, first, n, d->room + (int64_t)worker * 2 * VLY_MLP_PIECE));
        for (int64_t i = 0; i < n; i++) {
            uint32_t key;
            uint64_t index = (uint64_t)(first + i);
            if (!ranks(d->r, logit + 2 * i, index, &key)) continue;
            if (d->at < 6 || still_ties(d, key, index, w->found)) count_voxel(d, counts, key, index);
        }
    }
    return VLY_OK;
}

/* Finds the digit that the voxel of rank *rank has, lowers the rank by what lies below, and adds the digit to d->above.
 * *same: voxels with all digits so far. */
static vly_status find_digit(digit *d, int64_t *rank, int64_t *same)
{
    const vly_device *device = d->r->field->device;
    walk w = {d, 0};
    VLY_TRY(vly_device_stop(device));
    VLY_TRY(vly_pool_run(device->pool, PARTS, walk_part, &w));
    for (uint64_t value = 0; value < DIGITS; value++) {
        int64_t count = 0;
        for (int part = 0; part < PARTS; part++) count += (int64_t)d->counts[part][value];
        if (*rank < count) {
            d->above = d->above << 16 | value;
            *same = count;
            d->at++;
            return VLY_OK;
        }
        *rank -= count;
    }
    return vly_fail(VLY_EINTERNAL, "labels: fewer voxels than targets");
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The hash of rank `rank` among the voxels that tie: digit by digit while they are many, then from a sorted list. */
static vly_status find_hash(digit *d, int64_t rank, int64_t tied, uint64_t *hash)
{
    walk w = {d, 0};
    d->above = 0;
    for (; tied > LIST_MOST && w.found < 3; w.found++) VLY_TRY(find_digit(d, &rank, &tied));
    VLY_TRY(VLY_NEW(&d->list, tied, "ties"));
    d->at = 6;
    d->listed = 0;
    vly_status status = vly_pool_run(d->r->field->device->pool, PARTS, walk_part, &w);
    if (status == VLY_OK) {
        qsort(d->list, (size_t)tied, sizeof *d->list, by_value);
        *hash = d->list[rank];
    }
    vly_free(d->list);
    return status;
}

/* The cut that takes the `count` voxels of the highest scores. */
static vly_status find_cut(vly_mlp_cut *cut, const ranking *r, int64_t count)
{
    digit d = {.r = r};
    int64_t rank = count - 1;
    *cut = (vly_mlp_cut){.none = count == 0};
    if (cut->none) return VLY_OK;
    vly_status status = VLY_NEW(&d.counts, PARTS, "counts");
    if (status == VLY_OK)
        status = vly_alloc_raw((void **)&d.room, r->field->device->pool->threads,
                               2 * VLY_MLP_PIECE * (int64_t)sizeof(float), "a piece");
    if (status == VLY_OK) status = find_digit(&d, &rank, &cut->tied);
    if (status == VLY_OK) status = find_digit(&d, &rank, &cut->tied);
    if (status == VLY_OK) {
        cut->key = d.key = (uint32_t)d.above;
        cut->whole = rank + 1 == cut->tied;
        if (!cut->whole) status = find_hash(&d, rank + 1, cut->tied, &cut->hash);
    }
    vly_free(d.counts);
    vly_free(d.room);
    return status;
}

/* ---- labels ---- */

typedef struct labelling {
    const ranking *r;
    vly_mlp_cut second;
    int64_t first, voxels;         /* of the pages at hand */
    uint8_t *label;                /* (voxels) */
    int64_t (*counts)[VLY_PHASES]; /* (pieces) */
    float *room;
} labelling;

static vly_status label_piece(void *self, int64_t item, int32_t worker)
{
    labelling *l = self;
    const ranking *r = l->r;
    const float *logit;
    int64_t begin = item * VLY_MLP_PIECE, n = l->voxels - begin < VLY_MLP_PIECE ? l->voxels - begin : VLY_MLP_PIECE;
    VLY_TRY(vly_mlp_field_piece(&logit, r->field, l->first + begin, n, l->room + (int64_t)worker * 2 * VLY_MLP_PIECE));
    memset(l->counts[item], 0, sizeof *l->counts);
    for (int64_t i = 0; i < n; i++) {
        uint64_t index = (uint64_t)(l->first + begin + i);
        uint32_t key;
        uint8_t *label = &l->label[begin + i];
        if (isnan(logit[2 * i])) {
            *label = VLY_OUTSIDE;
            continue;
        }
        *label = (uint8_t)r->order.first;
        if (ranks(r, logit + 2 * i, index, &key))
            *label = (uint8_t)(takes(&l->second, key, index, r->seed) ? r->order.second : r->third);
        l->counts[item][*label]++;
    }
    return VLY_OK;
}

static vly_status write_pages(labelling *l, vly_mlp_labels *out, vly_sink *labels)
{
    const vly_extent e = l->r->field->extent;
    vly_device *device = l->r->field->device;
    const int64_t page = (int64_t)e.nx * e.ny;
    int32_t step = WRITTEN / page < 1 ? 1 : (int32_t)(WRITTEN / page);
    int64_t pieces = (step * page + VLY_MLP_PIECE - 1) / VLY_MLP_PIECE;
    VLY_TRY(vly_alloc_raw((void **)&l->label, step, page, "labels"));
    VLY_TRY(VLY_NEW(&l->counts, pieces, "counts"));
    VLY_TRY(
        vly_alloc_raw((void **)&l->room, device->pool->threads, 2 * VLY_MLP_PIECE * (int64_t)sizeof(float), "a piece"));
    for (int32_t z = 0; z < e.nz; z += step) {
        int32_t now = e.nz - z < step ? e.nz - z : step;
        l->first = z * page;
        l->voxels = now * page;
        pieces = (l->voxels + VLY_MLP_PIECE - 1) / VLY_MLP_PIECE;
        VLY_TRY(vly_device_stop(device));
        VLY_TRY(vly_pool_run(device->pool, pieces, label_piece, l));
        for (int64_t i = 0; i < pieces; i++)
            for (int p = 0; p < VLY_PHASES; p++) out->counts[p] += l->counts[i][p];
        VLY_TRY(vly_sink_write(labels, now, l->label));
        vly_device_update(device, "labels", l->first + l->voxels, page * e.nz, "voxel");
    }
    return VLY_OK;
}

/* The first selection, kept for the next trinarisation that begins with the same phase. */
static vly_status first_cut(vly_mlp_cut *cut, vly_mlp_field *field, const ranking *r, const vly_fractions *fractions,
                            int64_t count)
{
    vly_mlp_known *k = &field->first[r->order.first];
    if (!k->known || k->seed != r->seed || memcmp(&k->fractions, fractions, sizeof *fractions) != 0) {
        k->known = false;
        VLY_TRY(find_cut(&k->cut, r, count));
        *k = (vly_mlp_known){true, *fractions, r->seed, k->cut};
    }
    *cut = k->cut;
    return VLY_OK;
}

vly_status vly_mlp_trinarise(vly_mlp_labels *out, vly_mlp_field *field, vly_sink *labels, vly_mlp_order order,
                             const vly_fractions *fractions, uint64_t seed)
{
    const vly_phase third = (vly_phase)(VLY_PORE + VLY_AM + VLY_CBD - order.first - order.second);
    ranking r = {.field = field, .seed = seed, .order = order, .third = third};
    labelling l = {.r = &r};
    vly_mlp_cut first;
    *out = (vly_mlp_labels){.scores = {NAN, NAN}};
    vly_fractions_targets(fractions, field->summary.voxels, out->targets);
    VLY_TRY(first_cut(&first, field, &r, fractions, out->targets[order.first]));
    r.first = &first;
    VLY_TRY(find_cut(&l.second, &r, out->targets[order.second]));
    vly_status status = write_pages(&l, out, labels);
    vly_free(l.label);
    vly_free(l.counts);
    vly_free(l.room);
    const vly_mlp_cut *cuts[2] = {&first, &l.second};
    for (int i = 0; i < 2; i++) {
        if (!cuts[i]->none) out->scores[i] = (double)score_of(cuts[i]->key);
        out->tied[i] = cuts[i]->tied;
    }
    for (int p = 0; p < VLY_PHASES && status == VLY_OK; p++)
        if (out->counts[p] != out->targets[p])
            status = vly_fail(VLY_EINTERNAL, "%s: %lld voxels were labelled, %lld expected",
                              vly_phase_name((vly_phase)p), (long long)out->counts[p], (long long)out->targets[p]);
    return status;
}

vly_mlp_order vly_mlp_order_at(int32_t index)
{
    static const vly_mlp_order orders[VLY_MLP_ORDERS] = {
        {VLY_AM, VLY_CBD, false},  {VLY_AM, VLY_PORE, false},  {VLY_AM, VLY_CBD, true},
        {VLY_CBD, VLY_AM, false},  {VLY_CBD, VLY_PORE, false}, {VLY_CBD, VLY_AM, true},
        {VLY_PORE, VLY_AM, false}, {VLY_PORE, VLY_CBD, false}, {VLY_PORE, VLY_AM, true}};
    return orders[index];
}
