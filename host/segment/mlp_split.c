/* Who trains, who stops the training, who judges it; and the 48 ways in which a patch can be turned and mirrored. */
#include "segment/mlp_impl.h"

#include "core/memory.h"

#include <string.h>

enum { GUARD = VLY_MLP_SIDE - 1 }; /* layers between blocks: patches closer than that share grey values */

void vly_mlp_symmetries(uint8_t from[VLY_MLP_SYMMETRIES][VLY_MLP_INPUTS])
{
    static const int axes[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int s = 0; s < VLY_MLP_SYMMETRIES; s++)
        for (int k = 0; k < VLY_MLP_INPUTS; k++) {
            int at[3] = {k % VLY_MLP_SIDE, k / VLY_MLP_SIDE % VLY_MLP_SIDE, k / VLY_MLP_SIDE / VLY_MLP_SIDE}, to[3];
            for (int a = 0; a < 3; a++) {
                int side = at[axes[s / 8][a]];
                to[a] = s >> a & 1 ? VLY_MLP_SIDE - 1 - side : side;
            }
            from[s][k] = (uint8_t)((to[2] * VLY_MLP_SIDE + to[1]) * VLY_MLP_SIDE + to[0]);
        }
}

/* Fisher and Yates with hashed draws. */
void vly_mlp_shuffle(int32_t *items, int32_t count, uint64_t seed)
{
    for (int32_t i = count - 1; i > 0; i--) {
        int32_t j = (int32_t)((unsigned __int128)vly_hash((uint64_t)i, seed) * (uint64_t)(i + 1) >> 64);
        int32_t item = items[i];
        items[i] = items[j];
        items[j] = item;
    }
}

/* Where a cut of 60 and of 80 % lies. */
static void cuts_of(int32_t cut[2], int32_t count)
{
    cut[0] = (int32_t)(3 * (int64_t)count / 5);
    cut[1] = (int32_t)(4 * (int64_t)count / 5);
}

static void add_voxel(vly_mlp_parts *parts, int part, int32_t voxel)
{
    for (int32_t s = 0; s < VLY_MLP_SYMMETRIES; s++)
        parts->sample[part][parts->count[part]++] = VLY_MLP_SYMMETRIES * voxel + s;
}

/* ---- the three splits; sample[0] has room for all samples ---- */

static void split_paper(vly_mlp_parts *parts, int32_t samples, uint64_t seed)
{
    int32_t cut[2];
    for (int32_t i = 0; i < samples; i++) parts->sample[0][i] = i;
    vly_mlp_shuffle(parts->sample[0], samples, seed);
    cuts_of(cut, samples);
    for (int p = 0; p < 3; p++) {
        int32_t from = p == 0 ? 0 : cut[p - 1], to = p == 2 ? samples : cut[p];
        parts->sample[p] = parts->sample[0] + from;
        parts->count[p] = to - from;
    }
}

static vly_status split_group(vly_mlp_parts *parts, int32_t voxels, uint64_t seed)
{
    int32_t *order, cut[2];
    VLY_TRY(VLY_NEW(&order, voxels, "split"));
    for (int32_t i = 0; i < voxels; i++) order[i] = i;
    vly_mlp_shuffle(order, voxels, seed);
    cuts_of(cut, voxels);
    parts->sample[1] = parts->sample[0] + (int64_t)VLY_MLP_SYMMETRIES * cut[0];
    parts->sample[2] = parts->sample[0] + (int64_t)VLY_MLP_SYMMETRIES * cut[1];
    for (int32_t i = 0; i < voxels; i++) add_voxel(parts, i < cut[0] ? 0 : i < cut[1] ? 1 : 2, order[i]);
    vly_free(order);
    return VLY_OK;
}

/* The part that layer `at` of `usable` belongs to, the guards not being counted as usable; -1: a guard. */
static int part_of(int32_t at, const int32_t cut[2])
{
    if (at < cut[0]) return 0;
    if (at < cut[0] + GUARD) return -1;
    if (at < cut[1] + GUARD) return 1;
    return at < cut[1] + 2 * GUARD ? -1 : 2;
}

static void split_block(vly_mlp_parts *parts, const vly_mlp_table *table)
{
    int32_t low[3], high[3], cut[2], voxels = (int32_t)table->info.voxels;
    memcpy(low, table->place[0], sizeof low);
    memcpy(high, table->place[0], sizeof high);
    for (int32_t i = 0; i < voxels; i++)
        for (int a = 0; a < 3; a++) {
            if (table->place[i][a] < low[a]) low[a] = table->place[i][a];
            if (table->place[i][a] > high[a]) high[a] = table->place[i][a];
        }
    int axis = 0;
    for (int a = 1; a < 3; a++)
        if (high[a] - low[a] >= high[axis] - low[axis]) axis = a;
    int32_t usable = high[axis] - low[axis] + 1 - 2 * GUARD, used = 0;
    cuts_of(cut, usable > 0 ? usable : 0);
    for (int p = 0; p < 3; p++) {
        parts->sample[p] = parts->sample[0] + (int64_t)VLY_MLP_SYMMETRIES * used;
        for (int32_t i = 0; i < voxels; i++)
            if (usable > 0 && part_of(table->place[i][axis] - low[axis], cut) == p) {
                add_voxel(parts, p, i);
                used++;
            }
    }
}

vly_status vly_mlp_parts_make(vly_mlp_parts *out, const vly_mlp_table *table, vly_mlp_split split, uint64_t seed)
{
    static const char *const names[] = {"training", "validation", "test"};
    const int64_t voxels = table->info.voxels, samples = VLY_MLP_SYMMETRIES * voxels;
    vly_status status = VLY_OK;
    *out = (vly_mlp_parts){{NULL}, {0}};
    if (samples > INT32_MAX)
        return vly_fail(VLY_EDATA, "train: %lld voxels, at most %d expected", (long long)voxels,
                        INT32_MAX / VLY_MLP_SYMMETRIES);
    VLY_TRY(VLY_NEW(&out->sample[0], samples, "split"));
    if (split == VLY_MLP_PAPER)
        split_paper(out, (int32_t)samples, seed);
    else if (split == VLY_MLP_BLOCK)
        split_block(out, table);
    else
        status = split_group(out, (int32_t)voxels, seed);
    for (int p = 0; p < 3 && status == VLY_OK; p++)
        if (out->count[p] == 0)
            status = vly_fail(VLY_EDATA, "train: no voxel is left for %s: too few layers for the split", names[p]);
    if (status != VLY_OK) vly_mlp_parts_free(out);
    return status;
}

void vly_mlp_parts_free(vly_mlp_parts *parts)
{
    vly_free(parts->sample[0]);
    *parts = (vly_mlp_parts){{NULL}, {0}};
}
