/* The exact choice of CBD voxels page by page: against sorting all open voxels by (rho^2, D^2, hash). */
#include "closing_rank.h"
#include "support.h"

#include "segment/closing_impl.h"

#include <stdlib.h>
#include <string.h>

typedef struct scene {
    vly_device *device;
    int64_t page;
    int32_t count;
    int64_t first;
    uint64_t seed;
    int32_t *rho2, *d2; /* (count, page) */
    uint8_t *label, *expected;
    vly_edx_page *pages;
    vly_closing_choice *choices, *wanted;
} scene;

/* rho^2 and D^2 below `values`; labels of all kinds; targets from none to all. */
static scene make_scene(vly_device *device, int64_t page, int32_t count, int32_t values, uint64_t seed)
{
    int64_t n = page * count;
    scene s = {.device = device, .page = page, .count = count, .first = 1000003, .seed = seed};
    s.rho2 = malloc((size_t)n * 4);
    s.d2 = malloc((size_t)n * 4);
    s.label = malloc((size_t)n);
    s.expected = malloc((size_t)n);
    s.pages = calloc((size_t)count, sizeof *s.pages);
    s.choices = calloc((size_t)count, sizeof *s.choices);
    s.wanted = calloc((size_t)count, sizeof *s.wanted);
    for (int64_t i = 0; i < n; i++) {
        static const uint8_t labels[] = {VLY_PORE, VLY_AM, VLY_CLOSING_KEPT, VLY_OUTSIDE, VLY_PORE};
        s.rho2[i] = 1 + (int32_t)(test_random(&seed) % (uint64_t)values);
        s.d2[i] = 1 + (int32_t)(test_random(&seed) % (uint64_t)s.rho2[i]);
        s.label[i] = labels[test_random(&seed) % 5];
        s.pages[i / page].open += s.label[i] == VLY_PORE;
    }
    for (int32_t z = 0; z < count; z++) {
        int64_t open = s.pages[z].open;
        s.pages[z].target = z == 0 ? 0 : z == 1 ? open : (int64_t)(test_uniform(&seed) * (double)(open + 1));
    }
    return s;
}

static void free_scene(scene *s)
{
    void *all[] = {s->rho2, s->d2, s->label, s->expected, s->pages, s->choices, s->wanted};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void label_by_sorting(scene *s)
{
    ranked *all = malloc((size_t)s->page * sizeof *all);
    for (int32_t z = 0; z < s->count; z++) {
        int64_t open = 0, target = s->pages[z].target;
        for (int64_t i = z * s->page; i < (z + 1) * s->page; i++) {
            s->expected[i] = s->label[i] == VLY_CLOSING_KEPT ? VLY_PORE : s->label[i];
            if (s->label[i] != VLY_PORE) continue;
            all[open++] = (ranked){s->rho2[i], s->d2[i], vly_hash((uint64_t)(s->first + i), s->seed), i};
        }
        qsort(all, (size_t)open, sizeof *all, by_rank);
        for (int64_t r = 0; r < open; r++) s->expected[all[r].index] = r < target ? VLY_CBD : VLY_PORE;
        if (target == 0) continue;
        s->wanted[z].rho2 = all[target - 1].rho2;
        for (int64_t r = 0; r < open; r++) s->wanted[z].tied += all[r].rho2 == all[target - 1].rho2;
    }
    free(all);
}

static void *upload(vly_buffer *to, vly_device *device, const void *from, int64_t bytes)
{
    ck_assert_int_eq(vly_buffer_create(to, device, bytes, "test"), VLY_OK);
    ck_assert_int_eq(vly_buffer_upload(to, from, bytes), VLY_OK);
    return to->data;
}

static void check_scene(scene *s, int32_t bits)
{
    int64_t n = s->page * s->count;
    vly_buffer rho2, d2, label;
    uint64_t *counts = calloc((size_t)s->count, sizeof *counts);
    bool good = true;
    label_by_sorting(s);
    vly_closing_slab slab = {.pages = {.page = s->page, .count = s->count, .first = s->first, .seed = s->seed},
                             .bits = bits};
    slab.pages.rho2 = upload(&rho2, s->device, s->rho2, n * 4);
    slab.pages.d2 = upload(&d2, s->device, s->d2, n * 4);
    slab.label = upload(&label, s->device, s->label, n);
    ck_assert_int_eq(vly_closing_select(s->choices, s->device, &slab, s->pages), VLY_OK);
    ck_assert_int_eq(vly_closing_apply(counts, s->device, &slab, s->choices), VLY_OK);
    uint8_t *got = test_fetch(s->device, slab.label, n);
    test_equal_u8(got, s->expected, n, "labels");
    for (int32_t z = 0; z < s->count; z++) {
        good &= (int64_t)counts[z] == s->pages[z].target;
        good &= s->choices[z].rho2 == s->wanted[z].rho2 && s->choices[z].tied == s->wanted[z].tied;
    }
    ck_assert_msg(good, "counts, boundary rho^2 or ties of a page are off");
    free(got);
    free(counts);
    vly_buffer_free(&rho2);
    vly_buffer_free(&d2);
    vly_buffer_free(&label);
}

START_TEST(the_first_voxels_of_every_page_become_cbd)
{
    vly_device *device = test_device(0, 0);
    const struct {
        int64_t page;
        int32_t count;
        int32_t values;
        int32_t bits;
    } cases[] = {{1, 1, 1, 1},       {1, 7, 3, 2},       {1001, 5, 1, 1},      {777, 6, 35, 6},
                 {900, 3, 2047, 11}, {900, 4, 2048, 12}, {900, 4, 100000, 17}, {640, 3, INT32_MAX, 31}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene s = make_scene(device, cases[i].page, cases[i].count, cases[i].values, i + 1);
        check_scene(&s, cases[i].bits);
        free_scene(&s);
    }
    vly_device_close(device);
}
END_TEST

START_TEST(ties_down_to_the_last_voxel_are_split_by_the_hash)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, 2500, 4, 1, 77);
    s.pages[0].target = 1;
    s.pages[1].target = s.pages[1].open - 1;
    check_scene(&s, 1);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

START_TEST(a_page_that_is_asked_for_too_much_is_our_mistake)
{
    vly_device *device = test_device(0, 0);
    scene s = make_scene(device, 64, 2, 5, 3);
    vly_buffer rho2, d2, label;
    vly_closing_slab slab = {.pages = {.page = 64, .count = 2}, .bits = 3};
    slab.pages.rho2 = upload(&rho2, device, s.rho2, 128 * 4);
    slab.pages.d2 = upload(&d2, device, s.d2, 128 * 4);
    slab.label = upload(&label, device, s.label, 128);
    s.pages[1].target = s.pages[1].open + 1;
    test_fails(vly_closing_select(s.choices, device, &slab, s.pages), VLY_EINTERNAL, "page 1");
    vly_buffer_free(&rho2);
    vly_buffer_free(&d2);
    vly_buffer_free(&label);
    free_scene(&s);
    vly_device_close(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("closing_select");
    TEST_CASE(suite, the_first_voxels_of_every_page_become_cbd);
    TEST_CASE(suite, ties_down_to_the_last_voxel_are_split_by_the_hash);
    TEST_CASE(suite, a_page_that_is_asked_for_too_much_is_our_mistake);
    return test_run(suite);
}
