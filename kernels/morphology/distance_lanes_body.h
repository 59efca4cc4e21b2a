/* Included once per instruction set, behind LANES, V, v_load, v_store, v_set, v_min, v_add (saturating) and v_above. The
 * search around a voxel ends where the step alone costs more than the best that any lane has. */

void VLY_DISTANCE_LANES(const vly_distance_window *w, int32_t p, uint16_t row[VLY_DISTANCE_TILE])
{
    uint16_t wall = VLY_DISTANCE_FAR;
    int32_t low = p + 1, high = w->n - p; /* steps to what lies beyond the ends */
    if (w->wall_low && low < VLY_DISTANCE_REACH) wall = w->square[low];
    if (w->wall_high && high < VLY_DISTANCE_REACH && w->square[high] < wall) wall = w->square[high];
    int32_t both = low < high ? low : high, either = low < high ? high : low;
    int64_t far_side = low < high ? VLY_DISTANCE_TILE : -VLY_DISTANCE_TILE;
    for (int32_t x = 0; x < VLY_DISTANCE_TILE; x += LANES) {
        const uint16_t *at = w->tile + (int64_t)p * VLY_DISTANCE_TILE + x;
        V best = v_min(v_load(at), v_set(wall));
        int32_t j = 1;
        bool open = true;
        for (; j < both && (open = v_above(best, w->square[j])); j++) {
            V nearer = v_min(v_load(at - (int64_t)j * VLY_DISTANCE_TILE), v_load(at + (int64_t)j * VLY_DISTANCE_TILE));
            best = v_min(best, v_add(nearer, v_set(w->square[j])));
        }
        for (; open && j < either && v_above(best, w->square[j]); j++)
            best = v_min(best, v_add(v_load(at + j * far_side), v_set(w->square[j])));
        v_store(row + x, best);
    }
}
