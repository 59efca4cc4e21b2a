/* PNG: what was encoded comes back, decoded by the letter of the standard. */
#include "support.h"

#include "report/png.h"

#include "png_read.h"

static void round_trip(int32_t width, int32_t height, bool coloured)
{
    static const unsigned char palette[12] = {1, 2, 3, 40, 50, 60, 70, 80, 90, 255, 254, 253};
    static unsigned char pixels[400 * 256], back[400 * 256];
    uint64_t state = (uint64_t)width * 1000 + (uint64_t)height;
    unsigned char *png;
    int64_t bytes;
    int32_t columns, rows;
    for (int32_t i = 0; i < width * height; i++)
        pixels[i] = (unsigned char)(test_random(&state) & (coloured ? 3 : 255));
    ck_assert_int_eq(vly_png_encode(&png, &bytes, pixels, width, height, coloured ? palette : NULL, 4), VLY_OK);
    png_read(back, &columns, &rows, png, bytes, coloured ? palette : NULL, sizeof back);
    ck_assert(columns == width && rows == height);
    ck_assert_mem_eq(back, pixels, (size_t)width * (size_t)height);
    vly_free(png);
}

START_TEST(pixels_come_back)
{
    static const int32_t sides[][2] = {{1, 1}, {1, 7}, {5, 1}, {4, 4}, {7, 5}, {400, 256}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        round_trip(sides[i][0], sides[i][1], false);
        round_trip(sides[i][0], sides[i][1], true);
    }
}
END_TEST

START_TEST(smooth_grey_becomes_smaller_than_its_pixels)
{
    static unsigned char pixels[128 * 128];
    unsigned char *png;
    int64_t bytes;
    for (int i = 0; i < 128 * 128; i++) pixels[i] = (unsigned char)(i / 128 + i % 128 / 2);
    ck_assert_int_eq(vly_png_encode(&png, &bytes, pixels, 128, 128, NULL, 0), VLY_OK);
    ck_assert_int_lt(bytes, 128 * 128 / 20);
    vly_free(png);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("png");
    TEST_CASE(suite, pixels_come_back);
    TEST_CASE(suite, smooth_grey_becomes_smaller_than_its_pixels);
    return test_run(suite);
}
