/* Included once per instruction set, which defines LANES, VECTORS and OUTS (accumulators: OUTS x VECTORS), the type F and
 * f_load, f_store, f_set, f_fma, and the name VLY_LANES_NAME. */

static inline __attribute__((always_inline)) void some_outs(const int outs, const vly_mlp_dense *d, int32_t first,
                                                            int32_t column)
{
    F sum[OUTS][VECTORS];
    const float *weight = d->weights + first, *in = d->in + column;
    for (int o = 0; o < outs; o++)
        for (int v = 0; v < VECTORS; v++) sum[o][v] = f_set(d->bias ? d->bias[first + o] : 0.0f);
    for (int32_t k = 0; k < d->sums; k++, weight += d->weights_row, in += d->in_row) {
        F x[VECTORS];
        for (int v = 0; v < VECTORS; v++) x[v] = f_load(in + v * LANES);
        for (int o = 0; o < outs; o++) {
            F w = f_set(weight[o]);
            for (int v = 0; v < VECTORS; v++) sum[o][v] = f_fma(w, x[v], sum[o][v]);
        }
    }
    for (int o = 0; o < outs; o++)
        for (int v = 0; v < VECTORS; v++) f_store(d->out + (first + o) * d->out_row + column + v * LANES, sum[o][v]);
}

void VLY_LANES_NAME(const vly_mlp_dense *d)
{
    for (int32_t column = 0; column < VLY_MLP_TILE; column += VECTORS * LANES) {
        int32_t o = 0;
        for (; o + OUTS <= d->outs; o += OUTS) some_outs(OUTS, d, o, column);
        for (; o + 3 <= d->outs; o += 3) some_outs(3, d, o, column);
        for (; o < d->outs; o++) some_outs(1, d, o, column);
    }
}
