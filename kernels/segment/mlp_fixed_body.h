/* Included once per instruction set, which defines LANES, VECTORS and OUTS (accumulators: OUTS x VECTORS), the types F (of
 * float) and I (of pairs of int16_t, or of int32_t), what works on them, and the name VLY_FIXED_NAME. */

enum { HALF = (VLY_MLP_INPUTS + 1) / 2 };

typedef struct halves {
    uint32_t pair[HALF][VLY_MLP_TILE]; /* inputs 2p and 2p + 1 */
    float unit[VLY_MLP_TILE];          /* what 1 means */
} halves;

/* Rounds `ins` inputs, each voxel in units of its own. The sum with VLY_MLP_ROUND leaves the whole number in the low bits. */
static inline __attribute__((always_inline)) void halve(halves *to, const float *in, int32_t ins)
{
    for (int32_t c = 0; c < VLY_MLP_TILE; c += LANES) {
        F most = f_set(VLY_MLP_LEAST);
        for (int32_t k = 0; k < ins; k++) most = f_max(most, f_abs(f_load(in + k * VLY_MLP_TILE + c)));
        F up = f_div(f_set(VLY_MLP_FIXED_MOST), most), round = f_set(VLY_MLP_ROUND);
        f_store(to->unit + c, f_mul(most, f_set(1.0f / VLY_MLP_FIXED_MOST)));
        for (int32_t k = 0; k < ins; k += 2) {
            const float *x = in + k * VLY_MLP_TILE + c;
            F even = f_add(f_mul(f_load(x), up), round), odd = round;
            if (k + 1 < ins) odd = f_add(f_mul(f_load(x + VLY_MLP_TILE), up), round);
            i_store(to->pair[k / 2] + c, i_pair(even, odd));
        }
    }
}

/* Units first ... first + outs - 1 of a layer that begins at `weight`, `step` and `bias`. */
static inline __attribute__((always_inline)) void some_units(const int outs, const halves *x, int32_t pairs,
                                                             const uint32_t *weight, int32_t row, const float *step,
                                                             const float *bias, int32_t column, bool relu, float *out)
{
    I sum[OUTS][VECTORS];
    for (int o = 0; o < outs; o++)
        for (int v = 0; v < VECTORS; v++) sum[o][v] = i_zero();
    for (int32_t p = 0; p < pairs; p++, weight += row) {
        I in[VECTORS];
        for (int v = 0; v < VECTORS; v++) in[v] = i_load(x->pair[p] + column + v * LANES);
        for (int o = 0; o < outs; o++) {
            I w = i_set(weight[o]);
            for (int v = 0; v < VECTORS; v++) sum[o][v] = i_dot(sum[o][v], w, in[v]);
        }
    }
    for (int o = 0; o < outs; o++)
        for (int v = 0; v < VECTORS; v++) {
            F y = f_fma(f_mul(f_of(sum[o][v]), f_set(step[o])), f_load(x->unit + column + v * LANES), f_set(bias[o]));
            if (relu) y = f_min(f_max(y, f_set(0.0f)), f_set(VLY_MLP_GREATEST));
            f_store(out + o * VLY_MLP_TILE + column + v * LANES, y);
        }
}

static void run_layer(float *out, const halves *x, const vly_mlp_fixed *fixed, int32_t layer, bool relu)
{
    int32_t pairs = (vly_mlp_ins(layer) + 1) / 2, outs = vly_mlp_outs(layer), o;
    const uint32_t *weight = fixed->weight + vly_mlp_fixed_first(layer);
    const float *step = fixed->step + layer * VLY_MLP_HIDDEN, *bias = fixed->bias + layer * VLY_MLP_HIDDEN;
    for (int32_t c = 0; c < VLY_MLP_TILE; c += VECTORS * LANES) {
        for (o = 0; o + OUTS <= outs; o += OUTS)
            some_units(OUTS, x, pairs, weight + o, outs, step + o, bias + o, c, relu, out + o * VLY_MLP_TILE);
        for (; o < outs; o += 3)
            some_units(3, x, pairs, weight + o, outs, step + o, bias + o, c, relu, out + o * VLY_MLP_TILE);
    }
}

void VLY_FIXED_NAME(const vly_mlp_net *net, const float *in, float *out)
{
    halves x;
    float hidden[VLY_MLP_HIDDEN * VLY_MLP_TILE];
    for (int32_t l = 0; l < VLY_MLP_LAYERS; l++) {
        bool last = l == VLY_MLP_LAYERS - 1, relu = net->activation == VLY_MLP_RELU;
        halve(&x, l == 0 ? in : hidden, vly_mlp_ins(l));
        run_layer(last ? out : hidden, &x, net->fixed, l, relu && !last);
        if (!relu && !last) vly_mlp_activate_all(net->activation, hidden, VLY_MLP_HIDDEN * VLY_MLP_TILE);
    }
}
