/* Included once per instruction set, behind raise_run(to, count, value): to[i] = max(to[i], value). */

static inline int32_t cover_low(int32_t centre, int32_t reach, int32_t first)
{
    return centre - reach > first ? centre - reach : first;
}

static inline int32_t cover_high(int32_t centre, int32_t reach, int32_t end)
{
    return centre + reach < end - 1 ? centre + reach : end - 1;
}

void VLY_COVER_LANES(const vly_cover_slab *s, int32_t x, int32_t y, int32_t z, int32_t square, int32_t value)
{
    vly_extent e = s->extent;
    vly_metric m = s->metric;
    int32_t reach_z = m.z == m.x ? s->half[square - 1] : vly_cover_half(square - 1, m.z);
    for (int32_t v = cover_low(z, reach_z, s->z0); v <= cover_high(z, reach_z, s->z1); v++) {
        int32_t rest_z = square - 1 - m.z * (v - z) * (v - z);
        int32_t reach_y = m.y == m.x ? s->half[rest_z] : vly_cover_half(rest_z, m.y);
        for (int32_t u = cover_low(y, reach_y, 0); u <= cover_high(y, reach_y, e.ny); u++) {
            int32_t reach_x = s->half[rest_z - m.y * (u - y) * (u - y)];
            int32_t a = cover_low(x, reach_x, 0), b = cover_high(x, reach_x, e.nx);
            raise_run(s->out + vly_at(e, a, u, v), b - a + 1, value);
        }
    }
}
