/* How much CBD each page gets: in proportion to the line, but no page more than it has room for (spec 9.2). */
#include "segment/edx_impl.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

vly_status vly_edx_weigh(vly_edx_page *pages, int32_t nz, double intercept, double slope)
{
    double sum = 0.0;
    for (int32_t z = 0; z < nz; z++) {
        pages[z].weight = fmax(0.0, intercept + slope * ((z + 0.5) / nz));
        sum += pages[z].weight;
    }
    if (!(sum > 0.0) || !isfinite(sum))
        return vly_fail(VLY_EDATA, "EDX line %g + %g depth: is nowhere above 0 (E_FLAT)", intercept, slope);
    for (int32_t z = 0; z < nz; z++) pages[z].weight *= nz / sum;
    return VLY_OK;
}

double vly_edx_share_of(const vly_edx_page *page, double scale)
{
    return fmin(scale * page->weight * (double)page->inside, (double)page->open);
}

static double total_of(const vly_edx_page *pages, int32_t nz, double scale)
{
    double total = 0.0;
    for (int32_t z = 0; z < nz; z++) total += vly_edx_share_of(&pages[z], scale);
    return total;
}

static double bisect(const vly_edx_page *pages, int32_t nz, double cbd)
{
    double low = 0.0, high = 1.0;
    while (total_of(pages, nz, high) < cbd && high < 1e12) high *= 2.0;
    for (int i = 0; i < 200; i++) {
        double middle = 0.5 * (low + high);
        if (middle == low || middle == high) break;
        if (total_of(pages, nz, middle) < cbd)
            low = middle;
        else
            high = middle;
    }
    return high;
}

typedef struct remainder_of {
    double rest;
    int32_t page;
} remainder_of;

/* The largest first, of equal ones the page nearest to the separator. */
static int by_rest(const void *a, const void *b)
{
    const remainder_of *x = a, *y = b;
    if (x->rest != y->rest) return x->rest > y->rest ? -1 : 1;
    return (x->page > y->page) - (x->page < y->page);
}

/* `left` voxels more (or less), one a page and round, in the order of the remainders. */
static void hand_out(vly_edx_page *pages, const remainder_of *order, int32_t nz, int64_t left)
{
    while (left > 0)
        for (int32_t i = 0; i < nz && left > 0; i++) {
            vly_edx_page *page = &pages[order[i].page];
            if (page->weight > 0.0 && page->target < page->open) page->target++, left--;
        }
    while (left < 0) /* rounding alone can lead here, by a voxel or two */
        for (int32_t i = nz - 1; i >= 0 && left < 0; i--)
            if (pages[order[i].page].target > 0) pages[order[i].page].target--, left++;
}

vly_status vly_edx_share(vly_edx_page *pages, double *scale, int32_t nz, int64_t cbd)
{
    remainder_of *order;
    int64_t room = 0, left = cbd;
    for (int32_t z = 0; z < nz; z++)
        if (pages[z].weight > 0.0) room += pages[z].open;
    if (room < cbd)
        return vly_fail(
            VLY_ENUMERIC,
            "%lld voxels of CBD, at most %lld expected: there is no more room beside the active material where "
            "the EDX line is above 0 (E_INFEASIBLE)",
            (long long)cbd, (long long)room);
    VLY_TRY(VLY_NEW(&order, nz, "pages"));
    *scale = cbd > 0 ? bisect(pages, nz, (double)cbd) : 0.0;
    for (int32_t z = 0; z < nz; z++) {
        double share = vly_edx_share_of(&pages[z], *scale);
        pages[z].target = (int64_t)share;
        order[z] = (remainder_of){share - (double)pages[z].target, z};
        left -= pages[z].target;
    }
    qsort(order, (size_t)nz, sizeof *order, by_rest);
    hand_out(pages, order, nz, left);
    vly_free(order);
    return VLY_OK;
}
