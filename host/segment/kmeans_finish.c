/* The exact finish (spec 4.5): with centroids fixed, cuts through ratios of distances that give every phase its target to
 * the voxel. A pass lists the voxels that a box of cuts leaves open, or a hashed part of them if they are too many; the
 * cuts found on that part, and their sampling error, make the next, smaller box. The last list is complete and proves
 * itself: the ranks of the cuts are counted, not estimated. Counts are exact for any weight of CBD in the AM ratio; the one
 * that makes labels the weighted argmin is found along the way. */
#include "core/memory.h"
#include "segment/kmeans_impl.h"

#include <math.h>
#include <string.h>

enum {
    LIST_MIN = 1 << 18, /* voxels */
    LIST_MAX = 1 << 23,
    LIST_SHARE = 32, /* of the voxels: two lists are enough up to LIST_MAX times this */
    DIGITS = 65536,
    PARTS = 16,     /* of the list, counted at the same time */
    STEPS = 200,    /* of the search for w; each halves the bracket of its logarithm */
    PASSES_MAX = 24 /* each box is far smaller than the one before */
};

typedef enum axis { AXIS_AM, AXIS_CBD } axis;

typedef struct finish {
    vly_kmeans_job *job;
    vly_kmeans_model model;
    vly_kmeans_box box;
    bool fixed;       /* w stays what the first list said */
    uint64_t last;    /* largest hash that is listed; UINT64_MAX: the list is complete */
    int64_t capacity; /* of the list */
    vly_buffer list, counters;
    vly_kmeans_pair *copy;       /* of the list, where the device has its own memory */
    const vly_kmeans_pair *pair; /* (here) */
    int64_t here, listed;        /* on this rank, on all */
    int64_t open;                /* voxels that the box leaves open */
    int64_t decided[VLY_PHASES];
    uint32_t (*parts)[DIGITS]; /* (PARTS) */
    uint64_t *digits;          /* (DIGITS) */
} finish;

static int64_t list_capacity(int64_t voxels)
{
    int64_t share = voxels / LIST_SHARE;
    int64_t wish = share < LIST_MIN ? LIST_MIN : share < LIST_MAX ? share : LIST_MAX;
    return wish < voxels ? wish : voxels;
}

int64_t vly_kmeans_finish_bytes(int64_t voxels)
{
    return list_capacity(voxels) * (int64_t)sizeof(vly_kmeans_pair) + PARTS * DIGITS * (int64_t)sizeof(uint32_t) +
           DIGITS * (int64_t)sizeof(uint64_t);
}

/* ---- order statistics of the list, 16 bits at a time: ratio first (floats >= 0 are ordered like their bits), key next ---- */

typedef struct selection {
    const finish *f;
    const vly_kmeans_cuts *cuts;
    axis axis;
    uint64_t ratio, key; /* digits found so far, the rest 0 */
    int digit;           /* to be counted next, of DIGITS_ALL */
} selection;

enum { DIGITS_RATIO = 2, DIGITS_ALL = 6 };

static uint32_t bits_of(float ratio)
{
    uint32_t bits;
    memcpy(&bits, &ratio, sizeof bits);
    return bits;
}

static float ratio_of(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float ratio;
    memcpy(&ratio, &low, sizeof ratio);
    return ratio;
}

/* The CBD axis orders only what is not AM. */
static bool takes_part(const selection *s, vly_kmeans_pair p, float *ratio)
{
    float am = vly_kmeans_am_ratio(p.am, p.cbd, s->cuts->w);
    *ratio = s->axis == AXIS_AM ? am : p.cbd;
    return s->axis == AXIS_AM || !vly_kmeans_below(s->cuts->am, am, p.key);
}

static vly_status count_part(void *self, int64_t part, int32_t worker)
{
    const selection *s = self;
    const finish *f = s->f;
    uint32_t *counts = f->parts[part];
    (void)worker;
    memset(counts, 0, DIGITS * sizeof *counts);
    for (int64_t i = f->here * part / PARTS; i < f->here * (part + 1) / PARTS; i++) {
        float ratio;
        if (!takes_part(s, f->pair[i], &ratio)) continue;
        uint64_t bits = bits_of(ratio), key = f->pair[i].key;
        if (s->digit < DIGITS_RATIO) {
            int shift = 16 * (DIGITS_RATIO - 1 - s->digit);
            if (bits >> shift >> 16 == s->ratio >> shift >> 16) counts[bits >> shift & 0xFFFF]++;
        } else if (bits == s->ratio) {
            int shift = 16 * (DIGITS_ALL - 1 - s->digit);
            if (s->digit == DIGITS_RATIO || key >> shift >> 16 == s->key >> shift >> 16)
                counts[key >> shift & 0xFFFF]++;
        }
    }
    return VLY_OK;
}

static vly_status count_digit(selection *s)
{
    const finish *f = s->f;
    VLY_TRY(vly_pool_run(f->job->device->pool, PARTS, count_part, s));
    memset(f->digits, 0, DIGITS * sizeof *f->digits);
    for (int part = 0; part < PARTS; part++)
        for (int d = 0; d < DIGITS; d++) f->digits[d] += f->parts[part][d];
    return vly_comm_sum(f->job->device->comm, f->digits, DIGITS);
}

/* The cut with `rank` listed voxels below it: the voxel of that rank itself; beyond the last voxel, just above it. Ranks
 * below 0 count as 0. Without any voxel the cut stays as it is. */
static vly_status cut_at(vly_kmeans_cut *cut, const finish *f, const vly_kmeans_cuts *cuts, axis which, int64_t rank)
{
    selection s = {.f = f, .cuts = cuts, .axis = which};
    bool beyond = false;
    if (rank < 0) rank = 0;
    for (; s.digit < DIGITS_ALL; s.digit++) {
        VLY_TRY(count_digit(&s));
        int64_t total = 0, below = 0;
        for (int d = 0; d < DIGITS; d++) total += (int64_t)f->digits[d];
        if (s.digit == 0 && total == 0) return VLY_OK;
        if (s.digit == 0 && rank >= total) beyond = true;
        if (beyond) rank = total - 1;
        uint64_t digit = 0;
        while (below + (int64_t)f->digits[digit] <= rank) below += (int64_t)f->digits[digit++];
        rank -= below;
        if (s.digit < DIGITS_RATIO)
            s.ratio |= digit << 16 * (DIGITS_RATIO - 1 - s.digit);
        else
            s.key |= digit << 16 * (DIGITS_ALL - 1 - s.digit);
        if (s.digit >= DIGITS_RATIO - 1 && (rank == 0 || beyond)) break; /* the lowest key of that ratio will do */
    }
    cut->ratio = ratio_of(s.ratio);
    cut->key = s.key;
    if (beyond) *cut = (vly_kmeans_cut){nextafterf(cut->ratio, INFINITY), 0};
    return VLY_OK;
}

/* ---- one list ---- */

static vly_status gather_slab(void *self, vly_device *device, const vly_slab *slab)
{
    const finish *f = self;
    uint64_t *counters = f->counters.data;
    return device->kernels->kmeans_gather(device->queue, slab->grey, &slab->region, slab->mask, &f->model, &f->box,
                                          f->job->options->seed, f->last, counters, f->list.data, f->capacity,
                                          counters + VLY_PHASES);
}

static vly_status gather(finish *f)
{
    uint64_t counters[VLY_PHASES + 1];
    const vly_stage stage = {"open voxels", gather_slab, f};
    VLY_TRY(vly_buffer_clear(&f->counters));
    VLY_TRY(vly_pipeline_pass(f->job->pipeline, "k-means exact", &stage, 1, NULL));
    VLY_TRY(vly_buffer_download(&f->counters, counters, sizeof counters));
    f->here = (int64_t)counters[VLY_PHASES];
    VLY_TRY(vly_comm_sum(f->job->device->comm, counters, VLY_PHASES + 1));
    f->listed = (int64_t)counters[VLY_PHASES];
    f->open = f->job->result->voxels;
    for (int l = 0; l < VLY_PHASES; l++) {
        f->decided[l] = (int64_t)counters[l];
        f->open -= f->decided[l];
    }
    if (f->here > f->capacity) return VLY_OK;
    if (f->copy) VLY_TRY(vly_buffer_download(&f->list, f->copy, f->here * (int64_t)sizeof *f->copy));
    f->pair = f->copy ? f->copy : f->list.data;
    return VLY_OK;
}

/* Voxels of the list that are to be of a phase. */
static int64_t wanted(const finish *f, vly_phase phase)
{
    int64_t open = f->job->result->targets[phase] - f->decided[phase];
    return f->listed == f->open ? open : (int64_t)((__int128)open * f->listed / f->open);
}

/* Whether the cuts can lie among the open voxels at all. */
static bool in_reach(const finish *f)
{
    int64_t am = wanted(f, VLY_AM), cbd = wanted(f, VLY_CBD);
    return am >= 0 && cbd >= 0 && am + cbd <= f->listed;
}

/* The weight of CBD at which both cuts agree. Given w, the AM cut follows, and the CBD cut among the rest, which asks for
 * g(w) = 1 / cut. A larger w makes AM take voxels nearer to CBD and leave others, so g falls, the solution lies between w
 * and g(w), and halving that bracket finds it. Counts are exact at every step. */
static vly_status balance(const finish *f, vly_kmeans_cuts *cuts)
{
    const double tolerance = f->last == UINT64_MAX ? 1e-6 : 1e-5; /* a part of the voxels is no surer than that */
    double low = (double)f->box.w_low, high = (double)f->box.w_high, w = (double)cuts->w;
    for (int step = 0; step < STEPS; step++) {
        VLY_TRY(vly_device_stop(f->job->device));
        cuts->w = (float)fmin(fmax(w, low), high);
        VLY_TRY(cut_at(&cuts->am, f, cuts, AXIS_AM, wanted(f, VLY_AM)));
        VLY_TRY(cut_at(&cuts->cbd, f, cuts, AXIS_CBD, wanted(f, VLY_CBD)));
        double here = (double)cuts->w, there = (double)vly_kmeans_ratio(1.0f, cuts->cbd.ratio);
        low = fmax(low, fmin(here, there));
        high = fmin(high, fmax(here, there));
        if (high - low <= tolerance * here) break;
        w = sqrt(low * high);
    }
    return VLY_OK;
}

/* ---- boxes ---- */

static vly_kmeans_box everything(void)
{
    const vly_kmeans_cut low = {-1.0f, 0}, high = {INFINITY, UINT64_MAX};
    return (vly_kmeans_box){0.0f, FLT_MAX, low, high, low, high};
}

static bool is_above(vly_kmeans_cut a, vly_kmeans_cut b)
{
    return vly_kmeans_below(a, b.ratio, b.key);
}

static bool holds(const vly_kmeans_box *box, const vly_kmeans_cuts *cuts)
{
    return box->w_low <= cuts->w && cuts->w <= box->w_high && !is_above(box->am_low, cuts->am) &&
           !is_above(cuts->am, box->am_high) && !is_above(box->cbd_low, cuts->cbd) &&
           !is_above(cuts->cbd, box->cbd_high);
}

/* Cuts at ranks rank - margin and rank + margin, kept inside [*low, *high]. */
static vly_status bounds_at(vly_kmeans_cut *low, vly_kmeans_cut *high, const finish *f, const vly_kmeans_cuts *for_low,
                            const vly_kmeans_cuts *for_high, axis which, int64_t rank, int64_t margin)
{
    vly_kmeans_cut from = *low, to = *high;
    if (rank > margin) VLY_TRY(cut_at(&from, f, for_low, which, rank - margin));
    if (rank + margin < f->listed) VLY_TRY(cut_at(&to, f, for_high, which, rank + margin));
    if (is_above(from, *low)) *low = from;
    if (is_above(*high, to)) *high = to;
    return VLY_OK;
}

/* Cuts found on `listed` random voxels are off by about sqrt(listed) ranks; an error of w moves them all. */
static vly_status shrink(finish *f, const vly_kmeans_cuts *cuts, double sigmas)
{
    int64_t margin = (int64_t)(sigmas * sqrt((double)f->listed)) + 16;
    vly_kmeans_box *box = &f->box;
    /* what AM takes too much or too little, the rest has to bear as well */
    VLY_TRY(bounds_at(&box->cbd_low, &box->cbd_high, f, cuts, cuts, AXIS_CBD, wanted(f, VLY_CBD), 2 * margin));
    vly_kmeans_cuts low = *cuts, high = *cuts;
    box->w_low = f->fixed ? cuts->w : 0.9999f * vly_kmeans_ratio(1.0f, box->cbd_high.ratio);
    box->w_high = f->fixed ? cuts->w : 1.0001f * vly_kmeans_ratio(1.0f, box->cbd_low.ratio);
    low.w = box->w_high; /* ratios fall as w rises */
    high.w = box->w_low;
    return bounds_at(&box->am_low, &box->am_high, f, &low, &high, AXIS_AM, wanted(f, VLY_AM), margin);
}

/* Voxels that the box will leave open, from the share of the list that it does. */
static vly_status expect_open(double *open, const finish *f)
{
    uint64_t inside = 0;
    for (int64_t i = 0; i < f->here; i++) inside += vly_kmeans_box_label(&f->box, f->pair[i]) == VLY_OUTSIDE;
    VLY_TRY(vly_comm_sum(f->job->device->comm, &inside, 1));
    *open = ((double)inside + 6.0 * sqrt((double)inside) + 16.0) * (double)f->open / (double)f->listed;
    return VLY_OK;
}

/* A part that fills nine tenths of the list, so that chance does not overflow it. */
static uint64_t share_of(const finish *f, double open)
{
    double share = 0.9 * (double)f->capacity / open;
    return open <= (double)f->capacity || share >= 1.0 ? UINT64_MAX : (uint64_t)(share * 0x1p64);
}

/* ---- all lists ---- */

static vly_status narrow(finish *f, vly_kmeans_cuts *out)
{
    double sigmas = 2.0, open = (double)f->job->result->voxels;
    const double *w = f->job->state.w;
    const vly_kmeans_cuts first = {.w = (float)(w[VLY_CBD] / w[VLY_PORE])};
    vly_kmeans_cuts cuts, start = first;
    f->box = everything();
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        f->last = share_of(f, open);
        VLY_TRY(gather(f));
        open = (double)f->open;
        if (f->listed > f->capacity) continue; /* more than expected: list a smaller part */
        bool found = in_reach(f);
        cuts = start;
        if (found) VLY_TRY(balance(f, &cuts));
        found = found && holds(&f->box, &cuts);
        if (found && f->last == UINT64_MAX) return *out = cuts, VLY_OK;
        if (found) {
            VLY_TRY(shrink(f, &cuts, sigmas));
            VLY_TRY(expect_open(&open, f));
            start.w = cuts.w;
            /* A cut in a gap between grey values leaves w undetermined, and its box as it was. Any w will do then. */
            f->fixed = f->fixed || open > 0.75 * (double)f->open;
        } else { /* the box was too small; where ties make the cuts jump, no box for w is large enough */
            f->fixed = true;
            sigmas *= 2.0;
            f->box = everything();
            start = first;
            open = (double)f->job->result->voxels;
        }
    }
    return vly_fail(VLY_ENUMERIC, "%s: the exact finish found no cuts within %d passes (E_NOTCONV)", f->job->path,
                    PASSES_MAX);
}

vly_status vly_kmeans_solve(vly_kmeans_cuts *out, vly_kmeans_job *job)
{
    finish f = {.job = job, .model = vly_kmeans_model_of(&job->state)};
    f.capacity = list_capacity(job->result->voxels);
    int64_t bytes = f.capacity * (int64_t)sizeof(vly_kmeans_pair);
    vly_status status = vly_buffer_create(&f.list, job->device, bytes, "open voxels");
    if (status == VLY_OK && !job->device->unified) status = vly_alloc_raw((void **)&f.copy, bytes, 1, "open voxels");
    if (status == VLY_OK)
        status = vly_buffer_create(&f.counters, job->device, (VLY_PHASES + 1) * sizeof(uint64_t), "counts");
    if (status == VLY_OK) status = VLY_NEW(&f.parts, PARTS, "digit counts");
    if (status == VLY_OK) status = VLY_NEW(&f.digits, DIGITS, "digit counts");
    if (status == VLY_OK) status = narrow(&f, out);
    vly_free(f.digits);
    vly_free(f.parts);
    vly_buffer_free(&f.counters);
    vly_free(f.copy);
    vly_buffer_free(&f.list);
    return status;
}
